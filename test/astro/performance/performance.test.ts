import { expect } from 'chai';
import { efficiencyAt, fitEfficiency } from '../../../src/astro/performance/detectionEfficiency.ts';
import { astrometricRepeatability, photometricRepeatability } from '../../../src/astro/performance/repeatability.ts';
import { latencyShare, sampleNeeded, upperLimit } from '../../../src/astro/performance/verifiability.ts';
import { median } from '../../../src/numeric/statistics.ts';
import { random } from '../../../src/numeric/random.ts';

describe('astro/performance: depth', () => {
  const truth = { m50: 23.4, alpha: 2.5, plateau: 0.98 };

  it('m50 and m90 of simulated searches are unbiased, and their intervals cover the truth as often as they say', function () {
    this.timeout(20_000);
    const rng = random(3, 'depth');
    const [trials, n] = [60, 500];
    const true90 = 23.4 + (1 - 1.8 / 0.98) / (2.5 * Math.sqrt(1 - (1 - 1.8 / 0.98) ** 2));
    let [covered50, covered90, both] = [0, 0, 0];
    const [found50, found90]: [number[], number[]] = [[], []];
    for (let t = 0; t < trials; t++) {
      const mags = Float64Array.from({ length: n }, () => 20 + 6 * rng.uniform());
      const fit = fitEfficiency(mags, Array.from(mags, m => rng.uniform() < efficiencyAt(m, truth)))!;
      found50.push(fit.m50.value);
      if (fit.m50.interval![0] <= 23.4 && fit.m50.interval![1] >= 23.4) covered50++;
      if (fit.m90 === null || fit.m90.interval === null) continue;
      both++;
      found90.push(fit.m90.value);
      if (fit.m90.interval[0] <= true90 && fit.m90.interval[1] >= true90) covered90++;
    }
    expect(median(found50)).to.be.closeTo(23.4, 0.03);
    expect(median(found90)).to.be.closeTo(true90, 0.08);
    expect(covered50 / trials).to.be.within(0.5, 0.85);
    expect(covered90 / both).to.be.within(0.5, 0.85);
    expect(both).to.be.greaterThan(40);
  });

  it('too few of either kind give no depth, and a low plateau no m90', () => {
    expect(fitEfficiency([20, 21, 22, 23, 24, 25], [1, 1, 1, 1, 1, 1])).to.equal(null);
    expect(fitEfficiency([], [])).to.equal(null);
    const rng = random(4, 'plateau');
    const mags = Float64Array.from({ length: 800 }, () => 19 + 6 * rng.uniform());
    const fit = fitEfficiency(mags, Array.from(mags, m => rng.uniform() < efficiencyAt(m, { ...truth, plateau: 0.7 })))!;
    expect(fit.m90).to.equal(null);
    expect(fit.plateau).to.be.closeTo(0.7, 0.07);
  });
});

describe('astro/performance: repeatability', () => {
  it('PA1, PF1 and PA2 of normal noise are those of theory', () => {
    const rng = random(5, 'pa1');
    const stars = Array.from({ length: 4000 }, () => Array.from({ length: 20 }, () => 10 * rng.normal()));
    const result = photometricRepeatability(stars, { pa2Bound: 15, pf1Percent: 10, minimumVisits: 3 })!;
    // The median of s for 19 degrees of freedom is 0.9867 sigma; a deviation from the mean of 20 has 0.9747 sigma.
    expect(result.pa1).to.be.closeTo(9.82, 0.1);
    expect(result.pf1).to.be.closeTo(100 * 0.1238, 0.4);
    expect(result.pa2).to.be.closeTo(1.6449 * 9.747, 0.15);
  });

  it('AM1 and AD1 of normal noise of one axis are those of theory; AF1 counts what lies beyond', () => {
    const rng = random(6, 'am1');
    const mas = 1 / 3.6e6;
    const star = (ra: number, dec: number): { ra_deg: number[]; dec_deg: number[] } =>
      ({ ra_deg: Array.from({ length: 30 }, () => ra + 10 * mas * rng.normal()), dec_deg: Array.from({ length: 30 }, () => dec) });
    const stars = Array.from({ length: 40 }, (_, k) => star(10 + (k % 2) * 5 / 60, 0.0005 * (k >> 1)));
    const result = astrometricRepeatability(stars, { distance_arcmin: 5, adBound_mas: 20, compat: 'srd', maxPairs: 1e5 })!;
    expect(result.am).to.be.closeTo(14.14, 0.4);
    expect(result.ad).to.be.closeTo(1.6449 * 14.14, 1);
    expect(result.af).to.be.closeTo(100 * 0.157, 2);
  });
});

describe('astro/performance: verifiability', () => {
  it('exact limits: the numbers of the requirement study', () => {
    expect(sampleNeeded(0.01)).to.equal(299);
    expect(sampleNeeded(0.001)).to.equal(2995);
    expect(upperLimit(0, 299)).to.be.closeTo(0.00997, 1e-5);
    expect(upperLimit(0, 0)).to.equal(1);
    expect(upperLimit(3, 3)).to.equal(1);
  });

  it('nested share: late visits, and visits without alerts', () => {
    const good = Array.from({ length: 100 }, () => 30);
    const late = [...good.slice(3), 61, 61, 61];
    expect(latencyShare([good, late, [], [-1]])).to.include({ nLate: 3, n: 4, verdict: 'excluded' });
    expect(latencyShare(Array.from({ length: 299 }, () => good))).to.include({ nLate: 0, verdict: 'proved' });
    expect(latencyShare(Array.from({ length: 299 }, (_, k) => (k === 0 ? late : good)))).to.include({ verdict: 'not verifiable at this n', needed: 473 });
  });
});
