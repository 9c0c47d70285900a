import { expect } from 'chai';
import fc from 'fast-check';
import { argsort, iqrSigma, madSigma, median, moments, quantile, sigmaClip } from '../../src/numeric/statistics.ts';
import { random } from '../../src/numeric/random.ts';

describe('statistics', () => {
  const medians: readonly [string, number[], number][] = [
    ['odd count', [3, 1, 2], 2],
    ['even count: mean of the middle two', [4, 1, 3, 2], 2.5],
    ['NaN and infinities are skipped', [1, NaN, 3, Infinity], 2],
    ['one value', [7], 7],
    ['nothing finite is NaN', [NaN], NaN],
    ['empty is NaN', [], NaN],
  ];
  for (const [name, values, expected] of medians) it(`median: ${name}`, () => expect(median(values)).to.deep.equal(expected));

  // numpy 2.4.6: np.quantile([1, 2, 4, 8, 16], p)
  for (const [p, expected] of [[0, 1], [0.1, 1.4], [0.25, 2], [0.6, 5.6], [0.9, 12.8], [1, 16]] as const) {
    it(`quantile ${p} as numpy`, () => expect(quantile([16, 8, 4, 2, 1], p)).to.be.closeTo(expected, 1e-14));
  }

  it('variance is unbiased and does not cancel', () => {
    const { mean, variance, n } = moments([1e9 + 1, 1e9 + 2, 1e9 + 3, 1e9 + 4]);
    expect([n, mean, variance]).to.deep.equal([4, 1e9 + 2.5, 5 / 3]);
  });

  it('robust widths estimate sigma of a normal sample', () => {
    const rng = random(5);
    const sample = Float64Array.from({ length: 40000 }, () => 3 + 2 * rng.normal());
    expect(madSigma(sample)).to.be.closeTo(2, 0.04);
    expect(iqrSigma(sample)).to.be.closeTo(2, 0.04);
  });

  it('sigmaClip recovers the core of a contaminated sample', () => {
    const rng = random(6);
    const sample = Float64Array.from({ length: 20000 }, (_, i) => (i % 20 === 0 ? 500 : 10 + rng.normal()));
    const clipped = sigmaClip(sample);
    expect(clipped.mean).to.be.closeTo(10, 0.03);
    expect(clipped.sigma).to.be.closeTo(1, 0.03);
  });

  it('argsort sorts, NaN last, and is a permutation', () => {
    fc.assert(fc.property(fc.array(fc.oneof(fc.double({ noNaN: true }), fc.constant(NaN))), values => {
      const order = argsort(values);
      expect([...order].sort((a, b) => a - b)).to.deep.equal(values.map((_, i) => i));
      for (let k = 1; k < order.length; k++) {
        const [a, b] = [values[order[k - 1]], values[order[k]]];
        expect(Number.isNaN(b) || a <= b).to.equal(true);
      }
    }), { seed: 1, numRuns: 200 });
  });
});
