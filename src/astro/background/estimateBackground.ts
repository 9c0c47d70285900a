/** Smooth background of an image from a mesh of cells. */
import type { MaskedImage } from '../../model/image.ts';
import { allocF32 } from '../../model/image.ts';
import { expandCells } from '../../numeric/cubicSpline.ts';
import { sortFloat32, sortScratch } from '../../numeric/radixSort.ts';
import { median } from '../../numeric/statistics.ts';
import { cellStatistics } from './cellStatistics.ts';
import type { SkyEstimator } from './cellStatistics.ts';

export interface BackgroundOptions {
  /** Side of a cell in pixels; cells are made equal, so the true side differs a little. */
  readonly cellSize_px: number;
  /** Pixels with any of these mask bits are left out (objects, defects, no data). */
  readonly ignoreBits: number;
  /** Side of the median filter over cells, odd; 1 switches it off. Default 3. */
  readonly filterSize?: number;
  /** Cells with a smaller fraction of good pixels take their value from the neighbours. Default 0.1. */
  readonly minGoodFraction?: number;
  /** Use only every n-th pixel along x and y (a faster first guess). Default 1. */
  readonly stride?: number;
  /** Default 'adaptive'. */
  readonly estimator?: SkyEstimator;
}

export interface Background {
  readonly width: number;
  readonly height: number;
  /** Level at every pixel, image units. */
  readonly image: Float32Array;
  readonly nx: number;
  readonly ny: number;
  /** Filtered level and noise of the cells, row-major nx * ny. */
  readonly cells: Float64Array;
  readonly cellRms: Float64Array;
  /** Medians over the cells. */
  readonly level: number;
  readonly rms: number;
  /** Cells without enough good pixels. */
  readonly nFilled: number;
}

/**
 * Sky level by cell (see `cellStatistics`), gaps filled from the nearest cells, median filter, and a bicubic
 * spline through the cell centres. NaN and masked pixels are left out. Level and rms are NaN everywhere when
 * no cell has enough good pixels.
 */
export function estimateBackground(mi: MaskedImage, options: BackgroundOptions): Background {
  const { width, height } = mi;
  const nx = Math.max(1, Math.round(width / options.cellSize_px));
  const ny = Math.max(1, Math.round(height / options.cellSize_px));
  const { level, rms, nFilled } = measureCells(mi, nx, ny, options);
  const filterSize = options.filterSize ?? 3;
  const cells = medianFilter(fillGaps(level, nx, ny), nx, ny, filterSize);
  const cellRms = medianFilter(fillGaps(rms, nx, ny), nx, ny, filterSize);
  const image = allocF32(width * height);
  expandCells(cells, nx, ny, width, height, image);
  return { width, height, image, nx, ny, cells, cellRms, level: median(cells), rms: median(cellRms), nFilled };
}

/** Noise at every pixel, from the cells of a background. */
export function backgroundRms({ width, height, nx, ny, cellRms }: Background): Float32Array {
  const image = allocF32(width * height);
  expandCells(cellRms, nx, ny, width, height, image);
  return image;
}

function measureCells(
  mi: MaskedImage, nx: number, ny: number, options: BackgroundOptions,
): { level: Float64Array; rms: Float64Array; nFilled: number } {
  const level = new Float64Array(nx * ny);
  const rms = new Float64Array(nx * ny);
  const stride = options.stride ?? 1;
  const values = new Float32Array(Math.ceil(mi.width / nx + 1) * Math.ceil(mi.height / ny + 1));
  const scratch = sortScratch(values.length);
  let nFilled = 0;
  for (let j = 0; j < ny; j++) {
    for (let i = 0; i < nx; i++) {
      const x0 = Math.round((i * mi.width) / nx), x1 = Math.round(((i + 1) * mi.width) / nx);
      const y0 = Math.round((j * mi.height) / ny), y1 = Math.round(((j + 1) * mi.height) / ny);
      const n = goodPixels(mi, x0, x1, y0, y1, stride, options.ignoreBits, values);
      const enough = n * stride * stride >= (options.minGoodFraction ?? 0.1) * (x1 - x0) * (y1 - y0) && n > 0;
      if (enough) sortFloat32(values, n, scratch);
      const found = enough ? cellStatistics(values.subarray(0, n), options.estimator) : { level: NaN, rms: NaN };
      level[j * nx + i] = found.level;
      rms[j * nx + i] = found.rms;
      if (!enough) nFilled++;
    }
  }
  return { level, rms, nFilled };
}

function goodPixels(
  mi: MaskedImage, x0: number, x1: number, y0: number, y1: number, stride: number, ignoreBits: number, out: Float32Array,
): number {
  let n = 0;
  for (let y = y0; y < y1; y += stride) {
    for (let at = y * mi.width + x0; at < y * mi.width + x1; at += stride) {
      const v = mi.image[at]!;
      if ((mi.mask[at]! & ignoreBits) === 0 && v - v === 0) out[n++] = v;
    }
  }
  return n;
}

/** NaN cells replaced by the mean of the nearest finite cells (weights 1 / distance^2 over the ring where they appear, and the next). */
function fillGaps(cells: Float64Array, nx: number, ny: number): Float64Array {
  const out = Float64Array.from(cells);
  for (let j = 0; j < ny; j++) {
    for (let i = 0; i < nx; i++) if (Number.isNaN(cells[j * nx + i]!)) out[j * nx + i] = fromNeighbours(cells, nx, ny, i, j);
  }
  return out;
}

function fromNeighbours(cells: Float64Array, nx: number, ny: number, i: number, j: number): number {
  let nearest = Infinity;
  for (let k = 0; k < cells.length; k++) {
    if (!Number.isNaN(cells[k]!)) nearest = Math.min(nearest, Math.hypot((k % nx) - i, Math.floor(k / nx) - j));
  }
  let sum = 0;
  let weight = 0;
  for (let b = 0; b < ny; b++) {
    for (let a = 0; a < nx; a++) {
      const v = cells[b * nx + a]!;
      const distance = Math.hypot(a - i, b - j);
      if (Number.isNaN(v) || distance > nearest + 1) continue;
      sum += v / distance ** 2;
      weight += 1 / distance ** 2;
    }
  }
  return weight > 0 ? sum / weight : NaN;
}

/** Median over size x size cells; near the border the window shrinks but stays centred, so that gradients are kept. */
function medianFilter(cells: Float64Array, nx: number, ny: number, size: number): Float64Array {
  const half = size >> 1;
  if (half === 0) return cells;
  const window: number[] = [];
  return cells.map((_, k) => {
    const i = k % nx;
    const j = Math.floor(k / nx);
    const hx = Math.min(half, i, nx - 1 - i);
    const hy = Math.min(half, j, ny - 1 - j);
    window.length = 0;
    for (let b = j - hy; b <= j + hy; b++) for (let a = i - hx; a <= i + hx; a++) window.push(cells[b * nx + a]!);
    return median(window);
  });
}
