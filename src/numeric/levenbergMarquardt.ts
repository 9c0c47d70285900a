/** Nonlinear least squares by Levenberg and Marquardt's method, with bounds by clamping. */
import { cholesky, choleskyInverse, choleskySolve } from './linearAlgebra.ts';

export interface FitResult {
  readonly parameters: Float64Array;
  /** Inverse of the normal matrix at the solution (row-major); null when it is singular. */
  readonly covariance: Float64Array | null;
  readonly chi2: number;
  readonly iterations: number;
  readonly converged: boolean;
}

export interface FitOptions {
  readonly maxIterations?: number;
  /** Relative decrease of chi-square that ends the fit. */
  readonly tolerance?: number;
  readonly lower?: ArrayLike<number>;
  readonly upper?: ArrayLike<number>;
}

/**
 * Minimises the sum of squared residuals.
 * @param evaluate - writes `residuals` (already divided by sigma) and `jacobian` (d residual / d parameter,
 *   row-major nResiduals x nParameters) for the given parameters.
 */
export function levenbergMarquardt(
  evaluate: (parameters: Float64Array, residuals: Float64Array, jacobian: Float64Array) => void,
  start: ArrayLike<number>, nResiduals: number, options: FitOptions = {},
): FitResult {
  const { maxIterations = 50, tolerance = 1e-8, lower, upper } = options;
  const n = start.length;
  let p = Float64Array.from(start);
  let residuals = new Float64Array(nResiduals);
  let jacobian = new Float64Array(nResiduals * n);
  evaluate(p, residuals, jacobian);
  let chi2 = sumOfSquares(residuals);
  let lambda = 1e-3;
  let converged = false;
  let iterations = 0;
  let trialResiduals = new Float64Array(nResiduals);
  let trialJacobian = new Float64Array(nResiduals * n);
  for (; iterations < maxIterations && !converged && Number.isFinite(chi2); iterations++) {
    const { normal, gradient } = normalEquations(residuals, jacobian, n);
    let accepted = false;
    for (let attempt = 0; attempt < 12 && !accepted; attempt++) {
      const damped = Float64Array.from(normal);
      for (let i = 0; i < n; i++) damped[i * n + i] = damped[i * n + i]! * (1 + lambda) + 1e-300;
      const l = cholesky(damped, n);
      if (l === null) { lambda *= 10; continue; }
      const step = choleskySolve(l, gradient, n);
      const trial = p.map((v, i) => Math.min(Math.max(v - step[i]!, lower?.[i] ?? -Infinity), upper?.[i] ?? Infinity));
      evaluate(trial, trialResiduals, trialJacobian);
      const trialChi2 = sumOfSquares(trialResiduals);
      if (trialChi2 <= chi2) {
        converged = chi2 - trialChi2 <= tolerance * chi2;
        p = trial;
        [residuals, trialResiduals] = [trialResiduals, residuals];
        [jacobian, trialJacobian] = [trialJacobian, jacobian];
        chi2 = trialChi2;
        lambda = Math.max(lambda / 10, 1e-12);
        accepted = true;
      } else lambda *= 10;
    }
    if (!accepted) { converged = lambda > 1e6; break; }
  }
  const l = cholesky(normalEquations(residuals, jacobian, n).normal, n);
  return { parameters: p, covariance: l === null ? null : choleskyInverse(l, n), chi2, iterations, converged };
}

function sumOfSquares(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! ** 2;
  return sum;
}

function normalEquations(residuals: Float64Array, jacobian: Float64Array, n: number): { normal: Float64Array; gradient: Float64Array } {
  const normal = new Float64Array(n * n);
  const gradient = new Float64Array(n);
  for (let r = 0; r < residuals.length; r++) {
    for (let i = 0; i < n; i++) {
      const ji = jacobian[r * n + i]!;
      gradient[i] = gradient[i]! + ji * residuals[r]!;
      for (let j = 0; j <= i; j++) normal[i * n + j] = normal[i * n + j]! + ji * jacobian[r * n + j]!;
    }
  }
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) normal[j * n + i] = normal[i * n + j]!;
  return { normal, gradient };
}
