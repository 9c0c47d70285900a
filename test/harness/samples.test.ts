import { expect } from 'chai';
import fc from 'fast-check';
import { bootstrapped, fractionCurve, medianOf, percentage, scaled, scatterPerAxis, take, thinned } from '../../src/harness/samples.ts';
import { wilsonInterval } from '../../src/numeric/intervals.ts';
import { random } from '../../src/numeric/random.ts';

describe('harness/samples', () => {
  it('percentage: value, sample and an interval that is never of zero width; 0 of 0 is missing', () => {
    for (const [k, n] of [[0, 7], [3, 7], [7, 7]] as const) {
      const outcome = percentage(k, n, 'none');
      expect(outcome).to.include({ status: 'ok', value: (100 * k) / n, n });
      expect(outcome.interval).to.deep.equal(wilsonInterval(k, n)!.map(x => 100 * x));
      expect(outcome.interval![1]).to.be.greaterThan(outcome.interval![0]);
    }
    expect(percentage(0, 0, 'no source')).to.include({ status: 'missing', value: null, n: 0, reason: 'no source' });
  });

  it('scaled: no interval stays none', () => {
    expect(scaled(null, 100)).to.equal(null);
    expect(scaled([0.1, 0.2], 10)).to.deep.equal([1, 2]);
  });

  it('the median of the finite values; n counts them', () => {
    expect(medianOf('m', [3, NaN, 1, Infinity, 2])).to.include({ value: 2, n: 3 });
    expect(medianOf('m', [5])).to.deep.equal({ value: 5, n: 1, interval: null });
    expect(medianOf('m', [NaN]).n).to.equal(0);
    expect(medianOf('m', []).value).to.satisfy(Number.isNaN);
  });

  it('the bootstrap is the same for the same sample, and covers the error of the mean of a normal sample', () => {
    const r = random(1, 'normal');
    const values = Array.from({ length: 400 }, () => r.normal());
    const mean = (rows: ArrayLike<number>): number => take(values, rows).reduce((a, b) => a + b, 0) / rows.length;
    const sample = bootstrapped('a', values.length, mean);
    expect(bootstrapped('a', values.length, mean)).to.deep.equal(sample);
    expect(bootstrapped('b', values.length, mean).interval).not.to.deep.equal(sample.interval);
    expect((sample.interval![1] - sample.interval![0]) / 2).to.be.closeTo(0.05, 0.007);
    expect(sample.value).to.be.within(sample.interval![0], sample.interval![1]);
  });

  it('scatter per axis: the root mean square of the two', () => {
    const spread = [-3, -2, -1, 0, 1, 2, 3];
    const sigma = 1.482602218505602 * 2;
    expect(scatterPerAxis(spread, spread)).to.be.closeTo(sigma, 1e-12);
    expect(scatterPerAxis(spread, spread.map(() => 4))).to.be.closeTo(sigma / Math.SQRT2, 1e-12);
    expect(scatterPerAxis(spread.map(v => v + 10), spread)).to.be.closeTo(sigma, 1e-12);
  });

  it('thinned: at most 1500 points, all of a small sample, finite ones only, five digits', () => {
    expect(thinned([[1.2345678, -1e-9], [NaN, 1], [1, Infinity]])).to.deep.equal({ points: [[1.2346, -1e-9]], total: 1 });
    const many = Array.from({ length: 4000 }, (_, i): [number, number] => [i, i]);
    const { points, total } = thinned(many);
    expect([points.length, total, points[0]]).to.deep.equal([1500, 4000, [0, 0]]);
    expect(points.at(-1)![0]).to.be.greaterThan(3990);
    expect(new Set(points.map(p => p[0])).size).to.equal(1500);
    expect(thinned([])).to.deep.equal({ points: [], total: 0 });
  });

  it('fraction curve: bins are half-open, empty ones have no value', () => {
    const items = [{ x: 1, hit: true }, { x: 1.9, hit: false }, { x: 2, hit: true }, { x: 4, hit: true }, { x: NaN, hit: true }];
    expect(fractionCurve(items, [1, 2, 3, 4]).map(b => [b.lo, b.hi, b.n, b.value]))
      .to.deep.equal([[1, 2, 2, 50], [2, 3, 1, 100], [3, 4, 0, null]]);
    expect(fractionCurve(items, [3, 4])[0]!.interval).to.equal(null);
  });

  it('property: the bins together hold every item inside the edges once', () => {
    const item = fc.record({ x: fc.double({ min: 0, max: 9, noNaN: true }), hit: fc.boolean() });
    fc.assert(fc.property(fc.array(item), items => {
      const bins = fractionCurve(items, [0, 1, 3, 10]);
      expect(bins.reduce((n, b) => n + b.n, 0)).to.equal(items.length);
      expect(Math.round(bins.reduce((k, b) => k + ((b.value ?? 0) * b.n) / 100, 0))).to.equal(items.filter(i => i.hit).length);
    }), { seed: 3, numRuns: 50 });
  });
});
