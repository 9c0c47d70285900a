import { expect } from 'chai';
import { cholesky, choleskyInverse, choleskySolve, leastSquares, solveSymmetric, symmetricEigen } from '../../src/numeric/linearAlgebra.ts';
import { random } from '../../src/numeric/random.ts';

/** A seeded symmetric positive definite matrix B B^T + n I. */
function spd(n: number, seed: number): Float64Array {
  const rng = random(seed);
  const b = Float64Array.from({ length: n * n }, () => rng.normal());
  return Float64Array.from({ length: n * n }, (_, k) => {
    const i = Math.floor(k / n);
    const j = k % n;
    let sum = i === j ? n : 0;
    for (let l = 0; l < n; l++) sum += b[i * n + l] * b[j * n + l];
    return sum;
  });
}

const multiply = (a: Float64Array, x: Float64Array, n: number): number[] =>
  Array.from({ length: n }, (_, i) => x.reduce((s, v, j) => s + a[i * n + j] * v, 0));

describe('linear algebra', () => {
  for (const n of [1, 2, 7, 40]) {
    it(`Cholesky and eigenvalue solutions satisfy A x = b for n = ${n}`, () => {
      const a = spd(n, n);
      const b = Float64Array.from({ length: n }, (_, i) => Math.sin(i + 1));
      const l = cholesky(a, n)!;
      const x = choleskySolve(l, b, n);
      multiply(a, x, n).forEach((v, i) => expect(v).to.be.closeTo(b[i], 1e-11));
      const s = solveSymmetric(a, b, n);
      s.x.forEach((v, i) => expect(v).to.be.closeTo(x[i], 1e-11));
      const inverse = choleskyInverse(l, n);
      multiply(inverse, b, n).forEach((v, i) => expect(v).to.be.closeTo(x[i], 1e-11));
      const { values, vectors } = symmetricEigen(a, n);
      for (let k = 0; k < n; k++) {
        const v = Float64Array.from({ length: n }, (_, i) => vectors[i * n + k]);
        multiply(a, v, n).forEach((av, i) => expect(av).to.be.closeTo(values[k] * v[i], 1e-9));
      }
    });
  }

  it('an indefinite matrix has no Cholesky factor', () => expect(cholesky(Float64Array.of(1, 2, 2, 1), 2)).to.equal(null));

  it('a singular system gives the minimum-norm solution and says what was dropped', () => {
    const s = solveSymmetric(Float64Array.of(1, 1, 1, 1), [2, 2], 2);
    expect(s.nDropped).to.equal(1);
    s.x.forEach(v => expect(v).to.be.closeTo(1, 1e-12));
  });

  it('leastSquares fits a line with weights; the covariance is the inverse normal matrix', () => {
    const rows = new Float64Array([1, 0, 1, 1, 1, 2, 1, 3]);
    const fit = leastSquares(rows, [1, 3, 5, 100], [1, 1, 1, 0], 2);
    expect(fit.x[0]).to.be.closeTo(1, 1e-12);
    expect(fit.x[1]).to.be.closeTo(2, 1e-12);
    expect(fit.chi2).to.be.closeTo(0, 1e-20);
    expect(fit.covariance![3]).to.be.closeTo(0.5, 1e-12); // 1 / sum (x - mean)^2
  });
});
