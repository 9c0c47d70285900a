import { expect } from 'chai';
import {
  bootstrapInterval, medianInterval, normalQuantile, poissonInterval, studentInterval, studentQuantile, wilsonInterval,
} from '../../src/numeric/intervals.ts';
import type { Interval } from '../../src/numeric/intervals.ts';
import { random } from '../../src/numeric/random.ts';
import { median } from '../../src/numeric/statistics.ts';

function close(found: Interval | null, expected: Interval, tolerance = 1e-6): void {
  expect(found).to.not.equal(null);
  expect(found![0]).to.be.closeTo(expected[0], tolerance);
  expect(found![1]).to.be.closeTo(expected[1], tolerance);
}

describe('intervals', () => {
  // Wilson (1927) by its closed form with z = 1.9599640 (coverage 0.95): centre and half width worked out by hand for 8 of 10.
  it('Wilson agrees with the closed form', () => close(wilsonInterval(8, 10, 0.95), [0.490162, 0.943318], 1e-5));
  it('Wilson is never of zero width', () => {
    for (const n of [1, 5, 1000]) {
      expect(wilsonInterval(0, n)![1]).to.be.greaterThan(0);
      expect(wilsonInterval(n, n)![0]).to.be.lessThan(1);
    }
  });
  it('Wilson of nothing is null', () => {
    for (const [k, n] of [[0, 0], [-1, 5], [6, 5]] as const) expect(wilsonInterval(k, n)).to.equal(null);
  });

  // Gehrels 1986 (ApJ 303, 336), tables 1 and 2, S = 1 (84.13 %).
  const gehrels: readonly (readonly [number, number, number])[] = [
    [0, 0, 1.841], [1, 0.173, 3.3], [5, 2.84, 8.382], [10, 6.891, 14.267], [100, 90.02, 111.03],
  ];
  for (const [count, low, high] of gehrels) it(`Poisson mean of ${count} as Gehrels`, () => close(poissonInterval(count), [low, high], 0.01));

  it('quantiles of the normal and of Student', () => {
    expect(normalQuantile(0.975)).to.be.closeTo(1.959963985, 1e-8);
    expect(normalQuantile(0.025)).to.be.closeTo(-1.959963985, 1e-8);
    // Any table of Student's distribution: 0.975 with 10 and with 1 degree of freedom.
    expect(studentQuantile(0.975, 10)).to.be.closeTo(2.228138852, 1e-7);
    expect(studentQuantile(0.975, 1)).to.be.closeTo(12.7062047, 1e-5);
  });
  it('Student of one value is null, of two symmetric about the mean', () => {
    expect(studentInterval([3])).to.equal(null);
    const [low, high] = studentInterval([1, 3])!;
    expect((low + high) / 2).to.be.closeTo(2, 1e-12);
  });

  it('the median interval covers the median at least as often as it says, by at most one rank more', () => {
    const rng = random(7, 'median coverage');
    let covered = 0;
    for (let trial = 0; trial < 2000; trial++) {
      const [low, high] = medianInterval(Float64Array.from({ length: 41 }, () => rng.normal()))!;
      if (low <= 0 && high >= 0) covered++;
    }
    expect(covered / 2000).to.be.within(0.66, 0.84);
  });
  it('the median interval of two values is null', () => expect(medianInterval([1, 2])).to.equal(null));

  it('the bootstrap of a mean has the width of its error', () => {
    const rng = random(3, 'bootstrap');
    const values = Float64Array.from({ length: 400 }, () => rng.normal());
    const mean = (rows: ArrayLike<number>): number => Array.from(rows).reduce((sum, i) => sum + values[i]!, 0) / rows.length;
    const [low, high] = bootstrapInterval(400, mean, { random: random(4) })!;
    expect((high - low) / 2).to.be.closeTo(1 / 20, 0.01);
  });

  it('the interval of a length holds the length, although noise makes every replicate longer', () => {
    const rng = random(5, 'length');
    const [east, north] = [0, 1].map(() => Float64Array.from({ length: 100 }, () => 10 * rng.normal())) as [Float64Array, Float64Array];
    const length = (rows: ArrayLike<number>): number =>
      Math.hypot(median(Array.from(rows, i => east[i]!)), median(Array.from(rows, i => north[i]!)));
    const value = length(east.keys().toArray());
    const [low, high] = bootstrapInterval(100, length, { random: random(6), value })!;
    expect(low).to.be.at.least(0).and.at.most(value);
    expect(high).to.be.greaterThan(value);
  });

  it('the bootstrap gives null for fewer than three items and for a statistic without values', () => {
    expect(bootstrapInterval(2, () => 1, { random: random(1) })).to.equal(null);
    expect(bootstrapInterval(10, () => NaN, { random: random(1) })).to.equal(null);
  });
});
