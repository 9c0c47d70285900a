import { expect } from 'chai';
import { minimumCostAssignment } from '../../src/numeric/assignment.ts';
import { intrinsicScatter } from '../../src/numeric/intrinsicScatter.ts';
import { mutualNearest, nearestPoint, pointGrid, pointsWithin } from '../../src/numeric/pointGrid.ts';
import { random } from '../../src/numeric/random.ts';
import { standardDeviation } from '../../src/numeric/statistics.ts';

/** Least cost over all permutations. */
function bruteForce(cost: Float64Array, nRows: number, nCols: number, row = 0, used = 0): number {
  if (row === nRows) return 0;
  let best = Infinity;
  for (let col = 0; col < nCols; col++) {
    if ((used & (1 << col)) !== 0) continue;
    best = Math.min(best, cost[row * nCols + col]! + bruteForce(cost, nRows, nCols, row + 1, used | (1 << col)));
  }
  return best;
}

describe('numeric/assignment', () => {
  it('has the least cost of all permutations (slow oracle), also with negative and forbidden entries', () => {
    const r = random(11);
    for (let trial = 0; trial < 200; trial++) {
      const nRows = 1 + Math.floor(5 * r.uniform());
      const nCols = nRows + Math.floor(3 * r.uniform());
      const cost = Float64Array.from({ length: nRows * nCols }, () => (r.uniform() < 0.2 ? Infinity : 10 * r.uniform() - 5));
      const best = bruteForce(cost, nRows, nCols);
      if (best === Infinity) {
        expect(() => minimumCostAssignment(cost, nRows, nCols)).to.throw(RangeError, 'no complete');
        continue;
      }
      const chosen = minimumCostAssignment(cost, nRows, nCols);
      expect(new Set(chosen).size).to.equal(nRows);
      expect(chosen.reduce((sum, col, row) => sum + cost[row * nCols + col]!, 0)).to.be.closeTo(best, 1e-9);
    }
  });
  it('refuses more rows than columns', () => {
    expect(() => minimumCostAssignment(new Float64Array(2), 2, 1)).to.throw(RangeError, '2 rows');
  });
});

describe('numeric/pointGrid', () => {
  const r = random(12);
  const xs = Array.from({ length: 300 }, (_, i) => (i === 7 ? NaN : 100 * r.uniform()));
  const ys = Array.from({ length: 300 }, () => 100 * r.uniform());
  const grid = pointGrid(xs, ys, 4);
  it('nearest and all within a radius agree with the slow loop', () => {
    for (let k = 0; k < 100; k++) {
      const [px, py, radius] = [110 * r.uniform() - 5, 110 * r.uniform() - 5, 1 + 9 * r.uniform()];
      const inside = xs.map((x, i) => [Math.hypot(x - px, ys[i]! - py), i] as const).filter(([d]) => d <= radius);
      expect(pointsWithin(grid, px, py, radius).sort((a, b) => a - b)).to.deep.equal(inside.map(([, i]) => i));
      expect(nearestPoint(grid, px, py, radius)).to.equal(inside.sort((a, b) => a[0] - b[0])[0]?.[1] ?? -1);
    }
  });
  it('mutual nearest pairs', () => {
    const pairs = mutualNearest([0, 0.4, 50], [0, 0, 50], pointGrid([0.1, 90], [0, 90], 1), 1);
    expect([...pairs.first]).to.deep.equal([0]);
    expect([...pairs.second]).to.deep.equal([0]);
    expect(mutualNearest([], [], pointGrid([], [], 1), 1).first.length).to.equal(0);
  });
});

describe('numeric/intrinsicScatter', () => {
  it('recovers the scatter beyond the errors, and 0 when there is none', () => {
    const r = random(13);
    const errors = Array.from({ length: 4000 }, () => 0.5 + r.uniform());
    const residuals = errors.map(e => e * r.normal() + 2 * r.normal());
    expect(intrinsicScatter(residuals, errors)).to.be.closeTo(2, 0.08);
    expect(intrinsicScatter(errors.map(e => 0.9 * e * r.normal()), errors)).to.equal(0);
  });
  it('without errors it is the root mean square; of nothing it is 0', () => {
    const values = [1, -1, 2, -2, 0];
    expect(intrinsicScatter(values, values.map(() => 0), 1)).to.be.closeTo(standardDeviation(values), 1e-9);
    expect(intrinsicScatter([], [])).to.equal(0);
    expect(intrinsicScatter([3], [1], 1)).to.equal(0);
  });
});
