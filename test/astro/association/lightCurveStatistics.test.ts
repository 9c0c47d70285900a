import { expect } from 'chai';
import * as statistics from '../../../src/astro/association/lightCurveStatistics.ts';
import golden from '../../golden/association/lightCurves.json' with { type: 'json' };

const floats = (values: readonly (number | null)[]): Float64Array => Float64Array.from(values, v => v ?? NaN);
const curveOf = (time: readonly number[], flux: readonly (number | null)[], fluxErr: readonly (number | null)[]): statistics.LightCurve =>
  ({ time: floats(time), flux: floats(flux), fluxErr: floats(fluxErr) });

function near(value: number, expected: number | null, what: string): void {
  if (expected === null) expect(value, what).to.be.NaN;
  else expect(value, what).to.be.closeTo(expected, 1e-9 * Math.max(1e-3, Math.abs(expected)));
}

describe('astro/association/lightCurveStatistics', () => {
  golden.cases.forEach(({ time, flux, fluxErr, expected }, k) => {
    it(`agrees with numpy, pandas and scipy: case ${k}, ${time.length} points`, () => {
      const curve = curveOf(time, flux, fluxErr);
      const { mean, meanErr, n } = statistics.weightedMean(curve);
      near(mean, expected.mean, 'mean');
      near(meanErr, expected.meanErr, 'meanErr');
      expect(n).to.equal(expected.n);
      near(statistics.chi2(curve, mean), expected.chi2, 'chi2');
      near(statistics.medianAbsoluteDeviation(curve.flux), expected.mad, 'mad');
      near(statistics.skewness(curve.flux), expected.skew, 'skew');
      statistics.percentiles(curve.flux, [5, 25, 50, 75, 95]).forEach((p, i) => near(p, expected.percentiles[i]!, 'percentile'));
      near(statistics.maxSlope(curve), expected.maxSlope, 'maxSlope');
      const [slope, intercept] = statistics.linearFit(curve);
      near(slope, expected.slope, 'slope');
      const used = time.filter((_, i) => flux[i] !== null && fluxErr[i] !== null);
      const atMean = intercept + slope * (used.reduce((a, b) => a + b, 0) / used.length);
      if (expected.atMean === null) expect(intercept).to.be.NaN;
      else expect(atMean).to.be.closeTo(expected.atMean, 1e-5);
      const j = statistics.stetsonJ(curve);
      // The robust mean is iterated to 1e-6.
      if (expected.stetsonJ === null) expect(j).to.be.NaN;
      else expect(j).to.be.closeTo(expected.stetsonJ, 1e-6);
    });
  });
  it('nothing to measure is NaN, and 0 of them', () => {
    const empty = curveOf([], [], []);
    expect(statistics.weightedMean(empty)).to.deep.equal({ mean: NaN, meanErr: NaN, n: 0 });
    for (const value of [
      statistics.chi2(empty, 0), statistics.medianAbsoluteDeviation(empty.flux), statistics.skewness(empty.flux),
      statistics.maxSlope(empty),
      ...statistics.linearFit(empty), statistics.stetsonJ(empty), ...statistics.percentiles(empty.flux, [50]),
    ]) expect(value).to.be.NaN;
  });
  it('errors of zero have no weight, equal fluxes no skewness, points at one time the line of least length', () => {
    expect(statistics.weightedMean(curveOf([1, 2], [5, 7], [0, 1]))).to.deep.equal({ mean: 7, meanErr: 1, n: 1 });
    expect(statistics.skewness(Float64Array.of(0.1, 0.1, 0.1, 0.1))).to.equal(0);
    const [slope, intercept] = statistics.linearFit(curveOf([3, 3], [10, 10], [1, 1]));
    expect(slope * 3 + intercept).to.be.closeTo(10, 1e-12);
    expect(slope / intercept).to.be.closeTo(3, 1e-12);
    expect(statistics.maxSlope(curveOf([3, 3], [1, 10], [1, 1]))).to.be.NaN;
  });
});
