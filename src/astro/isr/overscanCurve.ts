/** Smooth curves through the levels of the overscan lines. */
import { leastSquares } from '../../numeric/linearAlgebra.ts';
import { piecewiseCubic } from '../../numeric/piecewiseCubic.ts';
import type { CubicKind } from '../../numeric/piecewiseCubic.ts';
import { mean, median, moments } from '../../numeric/statistics.ts';

/** Below this number of bins with data a spline is no better than one level. */
const MIN_SPLINE_BINS = 5;
const N_PASSES = 3;
/** Lines on each side whose median stands in for a line without data. */
const FILL_REACH = 5;

/**
 * Least squares of a polynomial of the given order over the finite values, clipped at nSigma three times and evaluated at
 * every line. Done in Legendre polynomials of 2 i / (n - 1) - 1; powers and Chebyshev polynomials span the same functions.
 */
export function fitPolynomial(values: Float64Array, order: number, nSigma: number): Float64Array {
  const n = values.length;
  const nTerms = order + 1;
  const terms = new Float64Array(n * nTerms);
  for (let i = 0; i < n; i++) legendreTerms(n > 1 ? (2 * i) / (n - 1) - 1 : 0, terms.subarray(i * nTerms, (i + 1) * nTerms));
  const used = values.map(v => (Number.isFinite(v) ? v : 0));
  let fit = new Float64Array(n).fill(median(values));
  let weights = values.map(v => (Number.isFinite(v) ? 1 : 0));
  for (let pass = 0; pass < N_PASSES; pass++) {
    if (weights.reduce((sum, w) => sum + w, 0) <= nTerms) break;
    const { x } = leastSquares(terms, used, weights, nTerms);
    fit = Float64Array.from(values, (_, i) => x.reduce((sum, c, k) => sum + c * terms[i * nTerms + k]!, 0));
    const residuals = values.map((v, i) => (weights[i]! > 0 ? v - fit[i]! : NaN));
    const limit = nSigma * Math.sqrt(moments(residuals).variance);
    if (!(limit > 0)) break;
    weights = values.map((v, i) => (Math.abs(v - fit[i]!) <= limit ? 1 : 0));
  }
  return fit;
}

function legendreTerms(x: number, out: Float64Array): void {
  out[0] = 1;
  if (out.length > 1) out[1] = x;
  for (let k = 2; k < out.length; k++) out[k] = ((2 * k - 1) * x * out[k - 1]! - (k - 1) * out[k - 2]!) / k;
}

/**
 * A natural or Akima spline through the means of nBins equal bins of lines; bins without a finite value are left out, and
 * with fewer than five bins the result is the median of all.
 */
export function fitSpline(values: Float64Array, nBins: number, kind: CubicKind): Float64Array {
  const n = values.length;
  const knots: [number, number][] = [];
  for (let bin = 0; bin < nBins; bin++) {
    const [from, to] = [Math.round((bin * n) / nBins), Math.round(((bin + 1) * n) / nBins)];
    const level = mean(values.subarray(from, to).filter(Number.isFinite));
    if (Number.isFinite(level)) knots.push([(from + to - 1) / 2, level]);
  }
  if (knots.length < MIN_SPLINE_BINS) return new Float64Array(n).fill(median(values));
  const curve = piecewiseCubic(knots.map(k => k[0]), knots.map(k => k[1]), kind);
  return Float64Array.from(values, (_, i) => curve(i));
}

/** Lines without a level get the median of five lines on each side, or of all. */
export function fillLevels(values: Float64Array): Float64Array {
  const all = median(values);
  return values.map((v, i) => {
    if (Number.isFinite(v)) return v;
    const near = median(values.subarray(Math.max(0, i - FILL_REACH), i + FILL_REACH + 1));
    return Number.isFinite(near) ? near : all;
  });
}
