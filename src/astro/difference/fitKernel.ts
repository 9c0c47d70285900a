/** Global least-squares fit of a spatially varying matching kernel and differential background. */
import { AlgorithmError } from '../../model/errors.ts';
import type { MatchingKernel } from '../../model/kernel.ts';
import { nPolynomialTerms } from '../../model/psf.ts';
import { solveSymmetric } from '../../numeric/linearAlgebra.ts';
import { polynomialTerms } from '../../numeric/polynomial.ts';
import { madSigma, median } from '../../numeric/statistics.ts';
import { basisImage, type KernelBasis } from './kernelBasis.ts';
import type { KernelStamp } from './kernelStamps.ts';

export interface FitKernelOptions {
  /** Polynomial order of the kernel's shape over the image; lowered when there are too few stamps. */
  readonly spatialOrder: number;
  readonly backgroundOrder: number;
  readonly minStamps: number;
  readonly clipSigma: number;
  readonly maxIterations: number;
  readonly maxCondition: number;
}

export interface KernelFit {
  readonly kernel: MatchingKernel;
  readonly basis: KernelBasis;
  /** For each stamp: reduced chi-square of the last fit and whether it was used. */
  readonly chi2: Float64Array;
  readonly used: readonly boolean[];
}

/** Layout of the unknowns: a_0, then for every other basis function its polynomial, then the background polynomial. */
interface Unknowns {
  readonly nBasis: number;
  readonly spatialOrder: number;
  readonly nSpatial: number;
  readonly backgroundOrder: number;
  readonly nBackground: number;
  readonly n: number;
}

/**
 * Kernel for images of width x height from the normal equations of the stamps. Stamps whose chi-square stands out
 * (variable stars, transients, cosmic rays) are dropped and the fit repeated until none stands out.
 * @throws AlgorithmError with fewer than `minStamps` stamps, or when the solution has no positive sum.
 */
export function fitKernel(
  stamps: readonly KernelStamp[], basis: KernelBasis, width: number, height: number,
  convolved: 'template' | 'science', options: FitKernelOptions,
): KernelFit {
  if (stamps.length < options.minStamps) throw tooFew(stamps.length, options.minStamps);
  let used = clipByScale(stamps, stamps.map(() => true), options);
  let solution = solve(stamps, used, basis, width, height, options);
  for (let pass = 0; pass < options.maxIterations; pass++) {
    const next = clipByChi2(solution.chi2, stamps, used, options.clipSigma);
    const same = next.every((v, k) => v === used[k]);
    if (same) break;
    if (count(next) < options.minStamps) throw tooFew(count(next), options.minStamps);
    used = next;
    solution = solve(stamps, used, basis, width, height, options);
  }
  const { unknowns, x, condition, chi2 } = solution;
  const kernel = kernelOf(unknowns, x, basis, width, height, convolved, condition, count(used), stamps.length - count(used));
  if (!(kernel.kernelSum > 0)) throw new AlgorithmError('the matching kernel has no positive sum', { kernelSum: kernel.kernelSum });
  return { kernel, basis, chi2, used };
}

function tooFew(found: number, expected: number): AlgorithmError {
  return new AlgorithmError(`${found} kernel sources, at least ${expected} are needed`, { nKernelSources: found, minKernelSources: expected });
}

function count(used: readonly boolean[]): number {
  return used.filter(Boolean).length;
}

/** A star that changed has another flux ratio than the rest: products with f_0 and the target give it at no cost. */
function clipByScale(stamps: readonly KernelStamp[], used: readonly boolean[], options: FitKernelOptions): boolean[] {
  const ratio = stamps.map(stamp => {
    const n = Math.round(Math.sqrt(stamp.products.length));
    const q = (i: number, j: number): number => stamp.products[i * n + j]!;
    const [f, c, t] = [0, n - 2, n - 1];
    const det = q(f, f) * q(c, c) - q(f, c) ** 2;
    return (q(f, t) * q(c, c) - q(f, c) * q(c, t)) / det;
  });
  const middle = median(ratio);
  const sigma = Math.max(madSigma(ratio, middle), 0.01 * Math.abs(middle));
  const next = used.map((v, k) => v && Math.abs(ratio[k]! - middle) <= 4 * sigma);
  return count(next) >= options.minStamps ? next : [...used];
}

/** Bright stamps show the limits of the model first, so the chi-square is judged against its trend with S/N. */
function clipByChi2(chi2: Float64Array, stamps: readonly KernelStamp[], used: readonly boolean[], clipSigma: number): boolean[] {
  const excess = stamps.map((s, k) => (Math.max(chi2[k]! - 1, 0)) / (s.snr * s.snr));
  const model = median(excess.filter((_, k) => used[k] && stamps[k]!.snr > 100));
  const level = Number.isFinite(model) ? model : 0;
  const ratio = stamps.map((s, k) => Math.log(Math.max(chi2[k]!, 1e-6) / (1 + level * s.snr * s.snr)));
  const inUse = ratio.filter((_, k) => used[k]);
  const middle = median(inUse);
  const sigma = Math.max(madSigma(inUse, middle), 0.03);
  return used.map((_, k) => ratio[k]! - middle <= clipSigma * sigma);
}

interface Solution {
  readonly unknowns: Unknowns;
  readonly x: Float64Array;
  readonly condition: number;
  readonly chi2: Float64Array;
}

function layout(nBasis: number, nStamps: number, options: FitKernelOptions): Unknowns {
  let { spatialOrder, backgroundOrder } = options;
  while (spatialOrder > 0 && nStamps < 3 * nPolynomialTerms(spatialOrder)) spatialOrder--;
  while (backgroundOrder > 0 && nStamps < 3 * nPolynomialTerms(backgroundOrder)) backgroundOrder--;
  const nSpatial = nPolynomialTerms(spatialOrder);
  const nBackground = nPolynomialTerms(backgroundOrder);
  return { nBasis, spatialOrder, nSpatial, backgroundOrder, nBackground, n: 1 + (nBasis - 1) * nSpatial + nBackground };
}

function solve(
  stamps: readonly KernelStamp[], used: readonly boolean[], basis: KernelBasis, width: number, height: number, options: FitKernelOptions,
): Solution {
  const unknowns = layout(basis.functions.length, count(used), options);
  const { n } = unknowns;
  const normal = new Float64Array(n * n);
  const rhs = new Float64Array(n);
  stamps.forEach((stamp, k) => { if (used[k]) addStamp(normal, rhs, stamp, unknowns, width, height); });
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) normal[i * n + j] = normal[j * n + i]!;
  const { x, condition } = solveSymmetric(normal, rhs, n, 1 / options.maxCondition);
  const chi2 = Float64Array.from(stamps, stamp => stampChi2(stamp, localCoefficients(x, unknowns, stamp.x, stamp.y, width, height)));
  return { unknowns, x, condition, chi2 };
}

/** Index in the stamp's products and factor of every unknown at the stamp's position. */
function localTerms(unknowns: Unknowns, x: number, y: number, width: number, height: number): { index: Int32Array; factor: Float64Array } {
  const u = (2 * x) / width - 1;
  const v = (2 * y) / height - 1;
  const spatial = polynomialTerms(u, v, unknowns.spatialOrder, new Float64Array(unknowns.nSpatial));
  const background = polynomialTerms(u, v, unknowns.backgroundOrder, new Float64Array(unknowns.nBackground));
  const index = new Int32Array(unknowns.n);
  const factor = new Float64Array(unknowns.n);
  factor[0] = 1;
  let k = 1;
  for (let b = 1; b < unknowns.nBasis; b++) {
    for (let s = 0; s < unknowns.nSpatial; s++, k++) { index[k] = b; factor[k] = spatial[s]!; }
  }
  for (let s = 0; s < unknowns.nBackground; s++, k++) { index[k] = unknowns.nBasis; factor[k] = background[s]!; }
  return { index, factor };
}

function addStamp(normal: Float64Array, rhs: Float64Array, stamp: KernelStamp, unknowns: Unknowns, width: number, height: number): void {
  const { n, nBasis } = unknowns;
  const m = nBasis + 2;
  const { index, factor } = localTerms(unknowns, stamp.x, stamp.y, width, height);
  const q = stamp.products;
  for (let i = 0; i < n; i++) {
    const row = index[i]! * m;
    const fi = factor[i]!;
    rhs[i] = rhs[i]! + fi * q[row + m - 1]!;
    for (let j = i; j < n; j++) normal[i * n + j] = normal[i * n + j]! + fi * factor[j]! * q[row + index[j]!]!;
  }
}

/** Coefficients of the basis functions, the constant, and -1 for the target, at a position. */
function localCoefficients(x: Float64Array, unknowns: Unknowns, px: number, py: number, width: number, height: number): Float64Array {
  const out = new Float64Array(unknowns.nBasis + 2);
  const { index, factor } = localTerms(unknowns, px, py, width, height);
  for (let k = 0; k < unknowns.n; k++) out[index[k]!] = out[index[k]!]! + factor[k]! * x[k]!;
  out[unknowns.nBasis + 1] = -1;
  return out;
}

/** Weighted sum of squared residuals of a stamp over its number of pixels. */
function stampChi2(stamp: KernelStamp, c: Float64Array): number {
  const m = c.length;
  let sum = 0;
  for (let i = 0; i < m; i++) for (let j = 0; j < m; j++) sum += c[i]! * c[j]! * stamp.products[i * m + j]!;
  return sum / stamp.nPixels;
}

function kernelOf(
  unknowns: Unknowns, x: Float64Array, basis: KernelBasis, width: number, height: number,
  convolved: 'template' | 'science', conditionNumber: number, nStampsUsed: number, nStampsRejected: number,
): MatchingKernel {
  const { nBasis, nSpatial, spatialOrder, backgroundOrder } = unknowns;
  const coefficients = Array.from({ length: nBasis }, (_, b) => {
    if (b > 0) return x.slice(1 + (b - 1) * nSpatial, 1 + b * nSpatial);
    const first = new Float64Array(nSpatial);
    first[0] = x[0]!;
    return first;
  });
  return {
    size: basis.size, basis: basis.functions.map((_, b) => basisImage(basis, b)), spatialOrder, width, height, coefficients,
    backgroundOrder, background: x.slice(1 + (nBasis - 1) * nSpatial), kernelSum: x[0]!, conditionNumber,
    nStampsUsed, nStampsRejected, convolved,
  };
}
