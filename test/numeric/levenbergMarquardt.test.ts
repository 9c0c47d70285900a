import { expect } from 'chai';
import { levenbergMarquardt } from '../../src/numeric/levenbergMarquardt.ts';
import { random } from '../../src/numeric/random.ts';

const xs = Float64Array.from({ length: 60 }, (_, i) => i / 4 - 7);

/** A Gaussian A exp(-(x - m)^2 / 2 s^2) with noise sigma. */
function gaussian(data: Float64Array, sigma: number) {
  return (p: Float64Array, residuals: Float64Array, jacobian: Float64Array): void => {
    xs.forEach((x, i) => {
      const t = (x - p[1]) / p[2];
      const e = Math.exp(-0.5 * t * t);
      residuals[i] = (p[0] * e - data[i]) / sigma;
      jacobian.set([e / sigma, (p[0] * e * t) / p[2] / sigma, (p[0] * e * t * t) / p[2] / sigma], i * 3);
    });
  };
}

describe('Levenberg-Marquardt', () => {
  it('recovers a noisy Gaussian with honest errors', () => {
    const rng = random(8);
    const truth = [10, 0.7, 1.6];
    const pulls: number[] = [];
    for (let trial = 0; trial < 60; trial++) {
      const data = xs.map(x => truth[0] * Math.exp(-0.5 * ((x - truth[1]) / truth[2]) ** 2) + 0.3 * rng.normal());
      const fit = levenbergMarquardt(gaussian(data, 0.3), [5, 0, 1], xs.length);
      expect(fit.converged).to.equal(true);
      truth.forEach((t, k) => pulls.push((fit.parameters[k] - t) / Math.sqrt(fit.covariance![k * 3 + k])));
    }
    const width = Math.sqrt(pulls.reduce((s, v) => s + v * v, 0) / pulls.length);
    expect(width).to.be.within(0.85, 1.15);
  });

  it('keeps to its bounds', () => {
    const data = xs.map(x => 10 * Math.exp(-0.5 * (x / 2) ** 2));
    const fit = levenbergMarquardt(gaussian(data, 1), [5, 0, 1], xs.length, { lower: [0, -1, 0.1], upper: [8, 1, 5] });
    expect(fit.parameters[0]).to.be.at.most(8);
  });

  it('a residual that is not finite ends the fit without convergence', () => {
    const fit = levenbergMarquardt((_p, r) => r.fill(NaN), [1], 3);
    expect(fit.converged).to.equal(false);
  });
});
