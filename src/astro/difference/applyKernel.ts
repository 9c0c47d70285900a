/** A matching kernel at work: its image at a position, and the convolution of a whole plane with it. */
import type { MatchingKernel } from '../../model/kernel.ts';
import { allocF32, type MaskedImage } from '../../model/image.ts';
import { nPolynomialTerms } from '../../model/psf.ts';
import { convolveSeparableXY } from '../../numeric/convolve.ts';
import { convolveCells } from '../../numeric/convolveCells.ts';
import { polynomialTerms, polynomialValue } from '../../numeric/polynomial.ts';
import type { KernelBasis } from './kernelBasis.ts';

/** Image of the kernel at a position, size x size, row-major. The stored kernel correlates (it is not flipped). */
export function kernelAt(kernel: MatchingKernel, x: number, y: number): Float64Array {
  const terms = polynomialTerms((2 * x) / kernel.width - 1, (2 * y) / kernel.height - 1, kernel.spatialOrder,
    new Float64Array(nPolynomialTerms(kernel.spatialOrder)));
  const out = new Float64Array(kernel.size * kernel.size);
  for (let b = 0; b < kernel.basis.length; b++) {
    const image = kernel.basis[b]!;
    const coefficients = kernel.coefficients[b]!;
    let a = 0;
    for (let k = 0; k < terms.length; k++) a += coefficients[k]! * terms[k]!;
    for (let p = 0; p < out.length; p++) out[p] = out[p]! + a * image[p]!;
  }
  return out;
}

/** Differential background at a position. */
export function backgroundAt(kernel: MatchingKernel, x: number, y: number): number {
  return polynomialValue(kernel.background, (2 * x) / kernel.width - 1, (2 * y) / kernel.height - 1, kernel.backgroundOrder);
}

/** Side of the squares with one kernel. */
const CELL_PX = 16;
/** Change of the kernel from the middle of a square to its corner, relative to its peak, that no star shows. */
const MAX_STEP = 3e-3;

/**
 * The image convolved with the spatially varying kernel, plus the differential background, on the pixels of the kernel. The
 * image may reach beyond them by the same number of pixels on all sides; what it does not have is its nearest pixel. Pixels
 * that are not finite count as 0. The kernel is that of the middle of squares of 16 x 16 pixels, or, when it varies too much
 * for that, exact at every pixel (about three times slower).
 */
export function applyKernel(
  full: Pick<MaskedImage, 'width' | 'height' | 'image'>, kernel: MatchingKernel, basis: KernelBasis,
): Float32Array {
  const { width, height, size } = kernel;
  const [x0, y0] = [(full.width - width) / 2, (full.height - height) / 2];
  const out = largestStep(kernel) > MAX_STEP ? applyExactly(full, kernel, basis) : convolveCells(full.image, full.width, full.height, {
    x0, y0, width, height, cell_px: CELL_PX, size, kernelAt: kernelsByRow(kernel),
  });
  addScaledByPolynomial(out, null, kernel.background, kernel.backgroundOrder, width, height);
  return out;
}

/** Largest change of a kernel pixel over half a cell in both directions, relative to the peak, on a grid of places. */
function largestStep(kernel: MatchingKernel): number {
  let largest = 0;
  for (const v of [0.05, 0.35, 0.65, 0.95]) {
    for (const u of [0.05, 0.35, 0.65, 0.95]) {
      const [x, y] = [u * kernel.width, v * kernel.height];
      const here = kernelAt(kernel, x, y);
      const peak = here.reduce((m, value) => Math.max(m, Math.abs(value)), 0);
      for (const [dx, dy] of [[CELL_PX / 2, 0], [0, CELL_PX / 2]] as const) {
        kernelAt(kernel, x + dx, y + dy).forEach((value, p) => { largest = Math.max(largest, Math.abs(value - here[p]!) / peak); });
      }
    }
  }
  return largest;
}

/** The sum over the separable basis functions, each with its polynomial. */
function applyExactly(full: Pick<MaskedImage, 'width' | 'height' | 'image'>, kernel: MatchingKernel, basis: KernelBasis): Float32Array {
  const { width, height } = kernel;
  const window = { stride: full.width, first: ((full.width - width) / 2) * (full.width + 1) };
  const source = finitePlane(full.image);
  const out = allocF32(width * height);
  const convolved = new Float32Array(source.length);
  basis.functions.forEach((f, b) => {
    convolveSeparableXY(source, full.width, full.height, f.tapsX, f.tapsY, convolved);
    const coefficients = b === 0 ? firstCoefficients(kernel, basis) : kernel.coefficients[b]!;
    addScaledByPolynomial(out, { ...window, plane: convolved }, coefficients, kernel.spatialOrder, width, height);
  });
  return out;
}

/** A copy with 0 in place of NaN and infinities. */
function finitePlane(plane: Float32Array): Float32Array {
  const out = new Float32Array(plane);
  for (let p = 0; p < out.length; p++) if (out[p]! - out[p]! !== 0) out[p] = 0;
  return out;
}

/** Coefficients of the bare f_0: a_0 less the sums that the other functions were freed of. */
function firstCoefficients(kernel: MatchingKernel, basis: KernelBasis): Float64Array {
  return kernel.coefficients[0]!.map((a, t) =>
    kernel.coefficients.reduce((sum, c, b) => (b === 0 ? sum : sum - basis.functions[b]!.sum * c[t]!), a));
}

/** Part of a larger plane: its first pixel and the distance of its rows. */
interface Window { readonly plane: Float32Array; readonly stride: number; readonly first: number }

/** out += polynomial(x, y) * plane (or * 1). */
function addScaledByPolynomial(
  out: Float32Array, from: Window | null, coefficients: Float64Array, order: number, width: number, height: number,
): void {
  const row = new Float64Array(order + 1);
  const step = 2 / width;
  for (let y = 0; y < height; y++) {
    rowPolynomial(coefficients, (2 * y) / height - 1, order, row);
    const at = from === null ? 0 : from.first + y * from.stride;
    for (let x = 0, p = y * width; x < width; x++, p++) {
      const u = x * step - 1;
      let factor = row[order]!;
      for (let k = order - 1; k >= 0; k--) factor = factor * u + row[k]!;
      out[p] = out[p]! + (from === null ? factor : factor * from.plane[at + x]!);
    }
  }
}

/** The kernel at the middle of cells that come row by row: along a row of cells it is a polynomial in x alone. */
function kernelsByRow(kernel: MatchingKernel): (x: number, y: number) => Float32Array {
  const { width, height, spatialOrder, size } = kernel;
  const powers = Array.from({ length: spatialOrder + 1 }, () => new Float64Array(size * size));
  const row = new Float64Array(spatialOrder + 1);
  const out = new Float32Array(size * size);
  let rowY = NaN;
  return (x, y) => {
    if (y !== rowY) {
      rowY = y;
      for (const power of powers) power.fill(0);
      kernel.basis.forEach((image, b) => {
        rowPolynomial(kernel.coefficients[b]!, (2 * (y - 0.5)) / height - 1, spatialOrder, row);
        powers.forEach((power, k) => { for (let p = 0; p < image.length; p++) power[p] = power[p]! + row[k]! * image[p]!; });
      });
    }
    const u = (2 * (x - 0.5)) / width - 1;
    for (let p = 0; p < out.length; p++) {
      let value = powers[spatialOrder]![p]!;
      for (let k = spatialOrder - 1; k >= 0; k--) value = value * u + powers[k]![p]!;
      out[p] = value;
    }
    return out;
  };
}

/** Coefficients of the powers of u in a row of constant v. */
function rowPolynomial(coefficients: Float64Array, v: number, order: number, out: Float64Array): void {
  out.fill(0);
  let k = 0;
  for (let degree = 0; degree <= order; degree++) {
    for (let j = 0; j <= degree; j++) out[degree - j] = out[degree - j]! + coefficients[k++]! * v ** j;
  }
}
