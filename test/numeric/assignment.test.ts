import { expect } from 'chai';
import { minimumCostAssignment } from '../../src/numeric/assignment.ts';
import type { AssignmentGraph } from '../../src/numeric/assignment.ts';
import { intrinsicScatter } from '../../src/numeric/intrinsicScatter.ts';
import { mutualNearest, nearestPoint, pointGrid, pointsWithin } from '../../src/numeric/pointGrid.ts';
import { random } from '../../src/numeric/random.ts';
import { standardDeviation } from '../../src/numeric/statistics.ts';

type Edge = readonly [row: number, col: number, cost: number];

function graphOf(nRows: number, nCols: number, edges: readonly Edge[], alone: readonly number[]): AssignmentGraph {
  const start = Int32Array.from({ length: nRows + 1 }, (_, r) => edges.filter(([row]) => row < r).length);
  const sorted = edges.toSorted((a, b) => a[0] - b[0]);
  return {
    nCols, start, col: Int32Array.from(sorted, e => e[1]), cost: Float64Array.from(sorted, e => e[2]), alone: Float64Array.from(alone),
  };
}

/** Least cost over all choices of every row. */
function bruteForce({ start, col, cost, alone }: AssignmentGraph, row = 0, used = 0): number {
  if (row === alone.length) return 0;
  let best = alone[row]! + bruteForce({ start, col, cost, alone, nCols: 0 }, row + 1, used);
  for (let edge = start[row]!; edge < start[row + 1]!; edge++) {
    const bit = 1 << col[edge]!;
    if ((used & bit) === 0) best = Math.min(best, cost[edge]! + bruteForce({ start, col, cost, alone, nCols: 0 }, row + 1, used | bit));
  }
  return best;
}

describe('numeric/assignment', () => {
  it('has the least cost of all choices (slow oracle), also with negative costs and rows without an edge', () => {
    const r = random(11);
    let [nAlone, nEdges] = [0, 0];
    for (let trial = 0; trial < 400; trial++) {
      const [nRows, nCols] = [1 + Math.floor(6 * r.uniform()), 1 + Math.floor(6 * r.uniform())];
      const edges = Array.from({ length: nRows * nCols }, (_, k): Edge => [Math.floor(k / nCols), k % nCols, 10 * r.uniform() - 5])
        .filter(() => r.uniform() < 0.6);
      const graph = graphOf(nRows, nCols, edges, Array.from({ length: nRows }, () => 12 * r.uniform() - 4));
      const chosen = minimumCostAssignment(graph);
      const cols = Array.from(chosen).filter(edge => edge >= 0).map(edge => graph.col[edge]!);
      expect(new Set(cols).size).to.equal(cols.length);
      chosen.forEach((edge, row) => {
        if (edge >= 0) expect(edge >= graph.start[row]! && edge < graph.start[row + 1]!).to.equal(true);
        if (edge >= 0) nEdges++;
        else nAlone++;
      });
      const total = chosen.reduce((sum, edge, row) => sum + (edge >= 0 ? graph.cost[edge]! : graph.alone[row]!), 0);
      expect(total).to.be.closeTo(bruteForce(graph), 1e-9);
    }
    expect(Math.min(nAlone, nEdges)).to.be.above(300);
  });
  it('refuses costs that are no numbers', () => {
    expect(() => minimumCostAssignment(graphOf(1, 1, [[0, 0, NaN]], [1]))).to.throw(RangeError, 'not finite');
    expect(() => minimumCostAssignment(graphOf(1, 1, [[0, 0, 1]], [Infinity]))).to.throw(RangeError, 'not finite');
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
