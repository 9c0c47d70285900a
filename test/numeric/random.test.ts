import { expect } from 'chai';
import { logGamma, random } from '../../src/numeric/random.ts';
import { moments } from '../../src/numeric/statistics.ts';

describe('random', () => {
  it('same seed and label, same numbers; another label, another stream', () => {
    const draw = (seed: number, label: string): number[] => {
      const r = random(seed, label);
      return Array.from({ length: 5 }, () => r.uniform());
    };
    expect(draw(1, 'a')).to.deep.equal(draw(1, 'a'));
    expect(draw(1, 'a')).to.not.deep.equal(draw(1, 'b'));
    expect(draw(1, 'a')).to.not.deep.equal(draw(2, 'a'));
  });

  it('normal has mean 0, variance 1 and a normal fourth moment', () => {
    const r = random(3);
    const x = Float64Array.from({ length: 200000 }, () => r.normal());
    const { mean, variance } = moments(x);
    expect(mean).to.be.closeTo(0, 0.01);
    expect(variance).to.be.closeTo(1, 0.015);
    expect(x.reduce((s, v) => s + v ** 4, 0) / x.length).to.be.closeTo(3, 0.1);
  });

  for (const lambda of [0.3, 5, 11.9, 12.1, 80, 3000, 2e5]) {
    it(`poisson(${lambda}) has equal mean and variance`, () => {
      const r = random(4, `p${lambda}`);
      const n = 60000;
      const { mean, variance } = moments(Float64Array.from({ length: n }, () => r.poisson(lambda)));
      expect(Math.abs(mean - lambda)).to.be.lessThan(5 * Math.sqrt(lambda / n));
      expect(variance / lambda).to.be.closeTo(1, 0.04);
    });
  }

  it('poisson of zero or less is zero', () => expect([random(1).poisson(0), random(1).poisson(-3)]).to.deep.equal([0, 0]));

  // scipy 1.17.1: scipy.special.gammaln
  for (const [x, expected] of [[0.1, 2.252712651734206], [1, 0], [5.5, 3.9578139676187165], [100, 359.1342053695754]] as const) {
    it(`logGamma(${x})`, () => expect(logGamma(x)).to.be.closeTo(expected, 1e-12 * Math.max(1, expected)));
  }
});
