/**
 * Decorrelation of a difference image (Reiss & Lupton, DMTN-021): the matching kernel makes the noise of one image
 * correlated; a second convolution makes the noise of the difference white again without loss of signal.
 *
 * With white variances V_u (image that was not convolved) and V_c (the other), kernel K of sum k and |L|^2 the power
 * spectrum of the resampling of the template, the filter is
 *   D = sqrt((V_u + k^2 V_c) / (V_u |L_u|^2 + V_c |L_c|^2 |K|^2)),
 * evaluated in square cells, since the kernel and the variances vary over the image.
 */
import { MASK } from '../../model/mask.ts';
import type { MaskedImage } from '../../model/image.ts';
import type { MatchingKernel } from '../../model/kernel.ts';
import type { PsfModel } from '../../model/psf.ts';
import { convolveCells } from '../../numeric/convolveCells.ts';
import { fft2, fftOfStamp, powerOfTwo, stampOfField } from '../../numeric/fft.ts';
import { median } from '../../numeric/statistics.ts';
import { renderPsf } from '../psf/renderPsf.ts';
import { psfFromStamps, type PsfSample } from '../template/psfFromStamps.ts';
import type { NoiseCorrelation } from '../template/warpExposure.ts';
import { kernelAt } from './applyKernel.ts';

export interface DecorrelateInput {
  /** Plane to be filtered (the raw difference); NaN allowed. */
  readonly difference: Float32Array;
  /** Mask of the difference; NO_DATA pixels stay NaN. */
  readonly mask: Int32Array;
  readonly width: number;
  readonly height: number;
  /** Variances of the two images before any convolution, white-equivalent. */
  readonly unconvolved: Float32Array;
  readonly convolved: Float32Array;
  readonly noiseOfUnconvolved: NoiseCorrelation;
  readonly noiseOfConvolved: NoiseCorrelation;
  readonly kernel: MatchingKernel;
  /** PSF of the difference before the filter: that of the image that was not convolved. */
  readonly psf: PsfModel;
  readonly cell_px: number;
  /** false: no filter (identity), the variances and the PSF are still computed. */
  readonly whiten: boolean;
}

export interface Decorrelated {
  readonly image: MaskedImage;
  readonly psf: PsfModel;
  /** Mean over cells of the largest amplification of the filter. */
  readonly gain: number;
}

/** Frequencies where both images have less power than this fraction of that at zero are not amplified further. */
const POWER_FLOOR = 0.03;

/** The filtered difference with its variance plane (that of white noise) and PSF. Border pixels see the clamped edge. */
export function decorrelate(input: DecorrelateInput): Decorrelated {
  const { width, height, kernel, mask } = input;
  const samples: PsfSample[] = [];
  const [first, second] = [finiteVariance(input.unconvolved), finiteVariance(input.convolved)];
  const psfSize = renderPsf(input.psf, width / 2, height / 2).size;
  const cell_px = Math.max(16, Math.round(input.cell_px / 16) * 16);
  let gain = 0;
  const cells = cellsOf(width, height, cell_px);
  const stamps = new Map<string, CellStamps>();
  for (const cell of cells) {
    const [cx, cy] = [cell.x0 + cell.width / 2, cell.y0 + cell.height / 2];
    const levels = [cellMedian(first, width, cell), cellMedian(second, width, cell)] as const;
    const k = kernelAt(kernel, cx, cy);
    const filter = whiteningFilter(input, k, levels);
    gain += filter.gain / cells.length;
    stamps.set(`${cx},${cy}`, cellStamps(filter, k, kernel, levels));
    const psf = renderPsf(input.psf, Math.round(cx), Math.round(cy));
    samples.push({ x: Math.round(cx), y: Math.round(cy), weight: 1, data: convolveStamp(psf.data, psfSize, filter.stamp, kernel.size) });
  }
  const convolved = (plane: Float32Array, size: number, stamp: (at: CellStamps) => Float32Array): Float32Array => convolveCells(
    plane, width, height, { x0: 0, y0: 0, width, height, cell_px, size, kernelAt: (x, y) => stamp(stamps.get(`${x},${y}`)!) });
  const image = convolved(input.difference, kernel.size, at => at.filter);
  const variance = convolved(first, CORE, at => at.squares[0]);
  const ofSecond = convolved(second, CORE, at => at.squares[1]);
  for (let p = 0; p < variance.length; p++) variance[p] = variance[p]! + ofSecond[p]!;
  for (let p = 0; p < image.length; p++) {
    if ((mask[p]! & MASK.NO_DATA) !== 0) { image[p] = NaN; variance[p] = Infinity; }
  }
  const order = Math.max(input.psf.order, kernel.spatialOrder);
  const domain = { x0: 0, y0: 0, width, height };
  const psf = psfFromStamps(withCorners(samples, input, cells), psfSize, domain, order, input.psf.nStars);
  return { image: { width, height, image, variance, mask }, psf, gain };
}

export interface Cell { readonly x0: number; readonly y0: number; readonly width: number; readonly height: number }

/** The squares of `convolveCells`. */
export function cellsOf(width: number, height: number, cell_px: number): Cell[] {
  const cells: Cell[] = [];
  for (let y0 = 0; y0 < height; y0 += cell_px) {
    for (let x0 = 0; x0 < width; x0 += cell_px) {
      cells.push({ x0, y0, width: Math.min(cell_px, width - x0), height: Math.min(cell_px, height - y0) });
    }
  }
  return cells;
}

/** Few cells leave the polynomial free at the edges: the unfiltered grid positions are enough when there are many. */
function withCorners(samples: PsfSample[], input: DecorrelateInput, cells: readonly Cell[]): PsfSample[] {
  if (cells.length >= 16) return samples;
  const { width, height, kernel } = input;
  const size = Math.sqrt(samples[0]!.data.length);
  for (const [x, y] of [[0, 0], [width - 1, 0], [0, height - 1], [width - 1, height - 1]] as const) {
    const near = cells.reduce((a, b) => (distance2(a, x, y) <= distance2(b, x, y) ? a : b));
    const levels = [input.unconvolved, input.convolved].map(plane => cellMedian(plane, width, near)) as [number, number];
    const filter = whiteningFilter(input, kernelAt(kernel, x, y), levels);
    samples.push({ x, y, weight: 1, data: convolveStamp(renderPsf(input.psf, x, y).data, size, filter.stamp, kernel.size) });
  }
  return samples;
}

function distance2(cell: Cell, x: number, y: number): number {
  return (cell.x0 + cell.width / 2 - x) ** 2 + (cell.y0 + cell.height / 2 - y) ** 2;
}

/** A copy with a typical value where there is no variance. */
export function finiteVariance(plane: Float32Array): Float32Array {
  const sample: number[] = [];
  for (let p = 0; p < plane.length; p += 101) if (plane[p]! > 0 && plane[p]! < Infinity) sample.push(plane[p]!);
  const level = median(sample);
  const out = new Float32Array(plane);
  for (let p = 0; p < out.length; p++) if (!(out[p]! > 0 && out[p]! < Infinity)) out[p] = level;
  return out;
}

export function cellMedian(plane: Float32Array, width: number, cell: Cell): number {
  const values: number[] = [];
  for (let y = cell.y0 + 2; y < cell.y0 + cell.height; y += 5) {
    for (let x = cell.x0 + 2; x < cell.x0 + cell.width; x += 5) {
      const v = plane[y * width + x]!;
      if (v > 0 && Number.isFinite(v)) values.push(v);
    }
  }
  return values.length === 0 ? 1 : median(values);
}

interface Filter {
  readonly stamp: Float64Array;
  readonly gain: number;
  /** Mean over frequencies of |D|^2 |L_u|^2 and of |D|^2 |L_c|^2 |K|^2: what the filter makes of the two variances. */
  readonly power: readonly [number, number];
}

function whiteningFilter(input: DecorrelateInput, k: Float64Array, [vu, vc]: readonly [number, number]): Filter {
  const { kernel: { size, kernelSum }, noiseOfUnconvolved, noiseOfConvolved } = input;
  const n = powerOfTwo(3 * size);
  const field = fftOfStamp(k, size, n);
  const [ux, uy] = [noisePower(noiseOfUnconvolved.x, n), noisePower(noiseOfUnconvolved.y, n)];
  const [cx, cy] = [noisePower(noiseOfConvolved.x, n), noisePower(noiseOfConvolved.y, n)];
  const total = vu + kernelSum ** 2 * vc;
  const d = { width: n, height: n, re: new Float64Array(n * n), im: new Float64Array(n * n) };
  let gain = 1;
  const power: [number, number] = [0, 0];
  for (let j = 0, p = 0; j < n; j++) {
    for (let i = 0; i < n; i++, p++) {
      const k2 = field.re[p]! ** 2 + field.im[p]! ** 2;
      const pu = ux[i]! * uy[j]!;
      const pc = cx[i]! * cy[j]! * k2;
      const value = input.whiten ? Math.sqrt(total / Math.max(vu * pu + vc * pc, POWER_FLOOR * total)) : 1;
      d.re[p] = value;
      gain = Math.max(gain, value);
      power[0] += (value * value * pu) / (n * n);
      power[1] += (value * value * pc) / (n * n);
    }
  }
  fft2(d, true);
  const stamp = stampOfField(d.re, n, size);
  const sum = stamp.reduce((a, b) => a + b, 0);
  return { stamp: stamp.map(v => v / sum), gain, power };
}

/** Power spectrum of a symmetric autocorrelation at n frequencies. */
export function noisePower(correlation: readonly number[], n: number): Float64Array {
  return Float64Array.from({ length: n }, (_, f) =>
    Math.max(0, correlation.reduce((sum, c, lag) => sum + (lag === 0 ? c : 2 * c * Math.cos((2 * Math.PI * f * lag) / n)), 0)));
}

/** Kernels of one cell: the filter for the image, and those for the two variance planes. */
interface CellStamps {
  readonly filter: Float32Array;
  readonly squares: readonly [Float32Array, Float32Array];
}

/**
 * Variance of the filtered difference. Over smooth sky it is V_u + k^2 V_c, at whatever frequencies; near stars the two
 * planes are smoothed with the squared kernels. The squares are cut to their core and scaled to the exact sums.
 */
function cellStamps(filter: Filter, k: Float64Array, { size, kernelSum }: MatchingKernel, levels: readonly [number, number]): CellStamps {
  const scale = (levels[0] + kernelSum ** 2 * levels[1]) / (levels[0] * filter.power[0] + levels[1] * filter.power[1]);
  const square = (stamp: ArrayLike<number>, which: 0 | 1): Float32Array =>
    Float32Array.from(squaredCore(stamp, size, scale * filter.power[which]));
  return {
    filter: Float32Array.from(filter.stamp),
    squares: [square(filter.stamp, 0), square(convolveStamp(k, size, filter.stamp, size), 1)],
  };
}

/** Side of the squared kernels, pixels. */
const CORE = 9;

/** Squares of the central pixels, scaled to the given sum. */
function squaredCore(stamp: ArrayLike<number>, size: number, sum: number): Float64Array {
  const core = new Float64Array(CORE * CORE);
  const offset = (size >> 1) - (CORE >> 1);
  let total = 0;
  for (let j = 0; j < CORE; j++) {
    for (let i = 0; i < CORE; i++) {
      const v = stamp[(j + offset) * size + i + offset]! ** 2;
      core[j * CORE + i] = v;
      total += v;
    }
  }
  return core.map(v => (v * sum) / total);
}

/** Correlation of a stamp (size x size) with a kernel (kernelSize x kernelSize), zero outside; the size of the stamp. */
export function convolveStamp(stamp: ArrayLike<number>, size: number, kernel: ArrayLike<number>, kernelSize: number): Float64Array {
  const half = kernelSize >> 1;
  const out = new Float64Array(size * size);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      let sum = 0;
      for (let j = Math.max(-half, -y); j <= Math.min(half, size - 1 - y); j++) {
        for (let i = Math.max(-half, -x); i <= Math.min(half, size - 1 - x); i++) {
          sum += kernel[(j + half) * kernelSize + i + half]! * stamp[(y + j) * size + x + i]!;
        }
      }
      out[y * size + x] = sum;
    }
  }
  return out;
}
