/** A matching kernel at work: its image at a position, and the convolution of a whole plane with it. */
import type { MatchingKernel } from '../../model/kernel.ts';
import { allocF32 } from '../../model/image.ts';
import { nPolynomialTerms } from '../../model/psf.ts';
import { convolveSeparableXY } from '../../numeric/convolve.ts';
import { polynomialTerms, polynomialValue } from '../../numeric/polynomial.ts';
import type { KernelBasis } from './kernelBasis.ts';

/** Image of the kernel at a position, size x size, row-major. The stored kernel correlates (it is not flipped). */
export function kernelAt(kernel: MatchingKernel, x: number, y: number): Float64Array {
  const terms = polynomialTerms((2 * x) / kernel.width - 1, (2 * y) / kernel.height - 1, kernel.spatialOrder,
    new Float64Array(nPolynomialTerms(kernel.spatialOrder)));
  const out = new Float64Array(kernel.size * kernel.size);
  kernel.basis.forEach((image, b) => {
    const a = kernel.coefficients[b]!.reduce((sum, c, k) => sum + c * terms[k]!, 0);
    for (let p = 0; p < out.length; p++) out[p] = out[p]! + a * image[p]!;
  });
  return out;
}

/** Differential background at a position. */
export function backgroundAt(kernel: MatchingKernel, x: number, y: number): number {
  return polynomialValue(kernel.background, (2 * x) / kernel.width - 1, (2 * y) / kernel.height - 1, kernel.backgroundOrder);
}

/**
 * The plane convolved with the spatially varying kernel, plus the differential background. NaN pixels count as 0. The
 * sum over the separable basis functions is exact: the kernel varies from pixel to pixel without seams.
 */
export function applyKernel(plane: Float32Array, kernel: MatchingKernel, basis: KernelBasis): Float32Array {
  const { width, height } = kernel;
  const source = plane.map(v => (Number.isFinite(v) ? v : 0));
  const out = allocF32(width * height);
  const convolved = new Float32Array(width * height);
  basis.functions.forEach((f, b) => {
    convolveSeparableXY(source, width, height, f.tapsX, f.tapsY, convolved);
    const coefficients = b === 0 ? firstCoefficients(kernel, basis) : kernel.coefficients[b]!;
    addScaledByPolynomial(out, convolved, coefficients, kernel.spatialOrder, width, height);
  });
  addScaledByPolynomial(out, null, kernel.background, kernel.backgroundOrder, width, height);
  return out;
}

/** Coefficients of the bare f_0: a_0 less the sums that the other functions were freed of. */
function firstCoefficients(kernel: MatchingKernel, basis: KernelBasis): Float64Array {
  return kernel.coefficients[0]!.map((a, t) =>
    kernel.coefficients.reduce((sum, c, b) => (b === 0 ? sum : sum - basis.functions[b]!.sum * c[t]!), a));
}

/** out += polynomial(x, y) * plane (or * 1). */
function addScaledByPolynomial(
  out: Float32Array, plane: Float32Array | null, coefficients: Float64Array, order: number, width: number, height: number,
): void {
  const row = new Float64Array(order + 1);
  const step = 2 / width;
  for (let y = 0; y < height; y++) {
    rowPolynomial(coefficients, (2 * y) / height - 1, order, row);
    const [c0, c1, c2] = [row[0]!, row[1] ?? 0, row[2] ?? 0];
    for (let x = 0, p = y * width; x < width; x++, p++) {
      const u = x * step - 1;
      let factor = c0 + u * (c1 + u * c2);
      for (let k = 3; k <= order; k++) factor += row[k]! * u ** k;
      out[p] = out[p]! + factor * (plane === null ? 1 : plane[p]!);
    }
  }
}

/** Coefficients of the powers of u in a row of constant v. */
function rowPolynomial(coefficients: Float64Array, v: number, order: number, out: Float64Array): void {
  out.fill(0);
  let k = 0;
  for (let degree = 0; degree <= order; degree++) {
    for (let j = 0; j <= degree; j++) out[degree - j] = out[degree - j]! + coefficients[k++]! * v ** j;
  }
}
