/** Charge that pushes later charge away: bright stars grow wider. Coulton et al. 2018 (AJ 155, 258), eq. 20. */
import { ApError } from '../../model/errors.ts';
import type { MaskedImage } from '../../model/image.ts';
import { MASK } from '../../model/mask.ts';
import { numbers } from '../../model/table.ts';
import type { ColumnSpec, Table } from '../../model/table.ts';
import { convolveDirect } from '../../numeric/convolve.ts';
import { interpolateOver } from './interpolate.ts';

/** Columns of a brighter-fatter kernel: one row a pixel of the square, per electron. */
export const BF_KERNEL_COLUMNS: readonly ColumnSpec[] = [
  { name: 'dx', type: 'i32', unit: 'pixel', doc: 'offset along columns' },
  { name: 'dy', type: 'i32', unit: 'pixel', doc: 'offset along rows' },
  { name: 'value', type: 'f64', unit: 'electron-1', doc: 'kernel' },
];

export interface SquareKernel {
  readonly size: number;
  /** Row-major, per electron. */
  readonly data: Float32Array;
}

/** The square of a table. @throws ApError BAD_FORMAT when it is not a whole square about (0, 0). */
export function kernelOfTable(table: Table): SquareKernel {
  const [dx, dy, value] = ['dx', 'dy', 'value'].map(name => numbers(table, name)) as [Float64Array, Float64Array, Float64Array];
  const half = dx.reduce((most, d) => Math.max(most, Math.abs(d)), 0);
  const size = 2 * half + 1;
  const data = new Float32Array(size * size).fill(NaN);
  for (let i = 0; i < table.nRows; i++) data[(dy[i]! + half) * size + dx[i]! + half] = value[i]!;
  if (table.nRows !== size * size || data.some(Number.isNaN)) {
    throw new ApError('BAD_FORMAT', { where: 'brighter-fatter kernel', found: `${table.nRows} rows`, expected: `the ${size} x ${size} pixels of a square about (0, 0)` });
  }
  return { size, data };
}

export interface BrighterFatterOptions {
  readonly maxIter: number;
  /** Sum of the absolute change (electrons) at which the iteration ends. */
  readonly threshold_electron: number;
  /** Planes that are interpolated in the copy on which the correction is computed. */
  readonly interpolateBits: number;
  readonly interpolationSigma_px: number;
}

export interface BrighterFatterResult {
  readonly nIter: number;
  readonly change_electron: number;
  readonly isConverged: boolean;
}

/**
 * F_{n+1} = F_0 + [grad F_n . grad(K * F_n) + F_n lap(K * F_n)] / 2, from a copy in which masked pixels are interpolated; the
 * difference F_n - F_0 is added to the image (electrons; changed). Pixels that are not finite count as 0 and stay. EDGE is set
 * within half a kernel of the border, where nothing is corrected. Cost: pixels times kernel area times iterations.
 */
export function correctBrighterFatter(target: MaskedImage, kernel: SquareKernel, options: BrighterFatterOptions): BrighterFatterResult {
  const { width, height } = target;
  const clean = { width, height, image: target.image.slice(), variance: target.variance.slice(), mask: target.mask.slice() };
  interpolateOver(clean, options.interpolateBits, options.interpolationSigma_px);
  const start = clean.image.map(v => (Number.isFinite(v) ? v : 0));
  const margin = Math.max(1, kernel.size >> 1);
  let current = start;
  let result: BrighterFatterResult = { nIter: 0, change_electron: NaN, isConverged: false };
  while (!result.isConverged && result.nIter < options.maxIter) {
    const next = start.slice();
    const moved = convolveDirect(current, width, height, kernel.data, kernel.size);
    addDivergence(next, current, moved, { width, height, margin });
    let change = 0;
    for (let p = 0; p < next.length; p++) change += Math.abs(next[p]! - current[p]!);
    current = next;
    result = { nIter: result.nIter + 1, change_electron: change, isConverged: change < options.threshold_electron };
  }
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const p = y * width + x;
      target.image[p]! += current[p]! - start[p]!;
      if (x < margin || y < margin || x >= width - margin || y >= height - margin) target.mask[p]! |= MASK.EDGE;
    }
  }
  return result;
}

function addDivergence(
  next: Float32Array, f: Float32Array, k: Float32Array, { width, height, margin }: { width: number; height: number; margin: number },
): void {
  for (let y = margin; y < height - margin; y++) {
    for (let p = y * width + margin; p < (y + 1) * width - margin; p++) {
      const along = (f[p + 1]! - f[p - 1]!) * (k[p + 1]! - k[p - 1]!);
      const across = (f[p + width]! - f[p - width]!) * (k[p + width]! - k[p - width]!);
      const curvature = k[p + 1]! + k[p - 1]! + k[p + width]! + k[p - width]! - 4 * k[p]!;
      next[p]! += 0.5 * ((along + across) / 4 + f[p]! * curvature);
    }
  }
}
