/**
 * The basis of a matching kernel: Gaussians times Hermite polynomials (Alard & Lupton 1998, ApJ 503, 325, with
 * Hermite polynomials in place of monomials for a better conditioned solution). Every function is separable.
 */

/** One separable function: value at (i, j) is tapsX[i] * tapsY[j]. */
export interface BasisFunction {
  readonly tapsX: Float32Array;
  readonly tapsY: Float32Array;
  /** Sum over the stamp. */
  readonly sum: number;
}

/**
 * `functions[0]` has sum 1 and carries the flux scale. The kernel is a_0 f_0 + sum over k >= 1 of a_k (f_k - s_k f_0)
 * with s_k the sum of f_k, so that a_0 alone is the kernel sum wherever it is evaluated.
 */
export interface KernelBasis {
  readonly size: number;
  readonly functions: readonly BasisFunction[];
  readonly sigmas_px: readonly number[];
}

export interface BasisOptions {
  /** Highest polynomial degree of each Gaussian. */
  readonly degrees: readonly number[];
  /** Ratio of successive Gaussian widths. */
  readonly beta: number;
  /** Smallest width, pixels. */
  readonly minSigma_px: number;
  readonly minSize: number;
  readonly maxSize: number;
}

export const DEFAULT_BASIS: BasisOptions = { degrees: [4, 2, 2], beta: 2, minSigma_px: 0.7, minSize: 15, maxSize: 33 };

const FWHM_PER_SIGMA = 2.3548200450309493;

/**
 * The basis that takes a PSF of width `fromFwhm_px` to one of width `toFwhm_px`: the middle Gaussian has the width of the
 * ideal Gaussian kernel between the two (at least `minSigma_px`), the kernel extends to about 3 sigma of the widest.
 */
export function kernelBasis(fromFwhm_px: number, toFwhm_px: number, options: BasisOptions = DEFAULT_BASIS): KernelBasis {
  const difference = (toFwhm_px ** 2 - fromFwhm_px ** 2) / FWHM_PER_SIGMA ** 2;
  const ideal = Math.sqrt(Math.max(difference, options.minSigma_px ** 2));
  const first = Math.max(options.minSigma_px, options.degrees.length === 1 ? ideal : ideal / options.beta);
  const sigmas_px = options.degrees.map((_, k) => first * options.beta ** k);
  const wanted = Math.ceil(6 * sigmas_px.at(-1)!) | 1;
  const size = Math.min(Math.max(wanted, options.minSize | 1), options.maxSize | 1);
  const functions: BasisFunction[] = [];
  sigmas_px.forEach((sigma, k) => {
    const degree = options.degrees[k]!;
    for (let total = 0; total <= degree; total++) {
      for (let j = 0; j <= total; j++) functions.push(basisFunction(size, sigma, total - j, j));
    }
  });
  functions[0] = unitSum(functions[0]!);
  return { size, functions, sigmas_px };
}

/** Product of Gaussian-Hermite functions with unit sum of squares. */
function basisFunction(size: number, sigma: number, i: number, j: number): BasisFunction {
  const tapsX = hermiteTaps(size, sigma, i);
  const tapsY = hermiteTaps(size, sigma, j);
  return { tapsX, tapsY, sum: sumOf(tapsX) * sumOf(tapsY) };
}

function unitSum(f: BasisFunction): BasisFunction {
  const [sx, sy] = [sumOf(f.tapsX), sumOf(f.tapsY)];
  const [tapsX, tapsY] = [f.tapsX.map(v => v / sx), f.tapsY.map(v => v / sy)];
  return { tapsX, tapsY, sum: sumOf(tapsX) * sumOf(tapsY) };
}

function hermiteTaps(size: number, sigma: number, degree: number): Float32Array {
  const half = size >> 1;
  const taps = Float64Array.from({ length: size }, (_, k) => {
    const u = (k - half) / sigma;
    return hermite(degree, u) * Math.exp(-0.5 * u * u);
  });
  const norm = Math.sqrt(taps.reduce((sum, v) => sum + v * v, 0));
  return Float32Array.from(taps, v => v / norm);
}

/** Probabilists' Hermite polynomial He_n(u). */
function hermite(n: number, u: number): number {
  let [previous, value] = [0, 1];
  for (let k = 0; k < n; k++) [previous, value] = [value, u * value - k * previous];
  return value;
}

function sumOf(values: Float32Array): number {
  return values.reduce((a, b) => a + b, 0);
}

/** Image of a basis function with the flux removed (k >= 1) or of unit sum (k = 0): what `MatchingKernel.basis` stores. */
export function basisImage(basis: KernelBasis, k: number): Float64Array {
  const { size } = basis;
  const f = basis.functions[k]!;
  const f0 = basis.functions[0]!;
  const out = new Float64Array(size * size);
  for (let j = 0; j < size; j++) {
    for (let i = 0; i < size; i++) {
      const value = f.tapsX[i]! * f.tapsY[j]!;
      out[j * size + i] = k === 0 ? value : value - f.sum * f0.tapsX[i]! * f0.tapsY[j]!;
    }
  }
  return out;
}
