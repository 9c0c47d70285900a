/** The PSF of a model at a sub-pixel position, as detector pixels. */
import type { PsfModel } from '../../model/psf.ts';
import { axisWeights, gridHalf_px, interpolateColumns, interpolateGrid, interpolateRows, psfGridAt } from './psfGrid.ts';
import type { PsfGrid } from './psfGrid.ts';

/** A square piece of the detector: data[j * size + i] belongs to pixel (x0 + i, y0 + j). */
export interface PsfStamp {
  /** Odd. */
  readonly size: number;
  readonly x0: number;
  readonly y0: number;
  readonly data: Float64Array;
}

/** The PSF centred at detector position (x, y), sum 1. The stamp is as large as the model and is not cut at image edges. */
export function renderPsf(psf: PsfModel, x: number, y: number): PsfStamp {
  const grid = psfGridAt(psf, x, y);
  const stamp = renderGrid(grid, x, y, gridHalf_px(grid));
  let sum = 0;
  for (let i = 0; i < stamp.data.length; i++) sum += stamp.data[i]!;
  for (let i = 0; i < stamp.data.length; i++) stamp.data[i] = stamp.data[i]! / sum;
  return stamp;
}

/** A PSF grid on detector pixels within `half` pixels of round(x), round(y); normalised as the grid (sum about 1). */
export function renderGrid(grid: PsfGrid, x: number, y: number, half: number): PsfStamp {
  const x0 = Math.round(x) - half;
  const y0 = Math.round(y) - half;
  const size = 2 * half + 1;
  const wx = axisWeights(grid, x0 - x, size);
  const wy = axisWeights(grid, y0 - y, size);
  return { size, x0, y0, data: interpolateGrid(grid, wx.first, wx.value, wy.first, wy.value) };
}

export interface PsfStampWithSlopes extends PsfStamp {
  /** Derivatives of the pixel values by the position of the PSF: d data / d x and d data / d y, per pixel. */
  readonly dx: Float64Array;
  readonly dy: Float64Array;
}

/** `renderGrid` together with its derivatives by the position. */
export function renderGridWithSlopes(grid: PsfGrid, x: number, y: number, half: number): PsfStampWithSlopes {
  const x0 = Math.round(x) - half;
  const y0 = Math.round(y) - half;
  const size = 2 * half + 1;
  const wx = axisWeights(grid, x0 - x, size);
  const wy = axisWeights(grid, y0 - y, size);
  const from = Math.max(0, wy.first[0]!);
  const to = Math.min(grid.size, wy.first[size - 1]! + 8);
  const rows = interpolateRows(grid, wx.first, wx.value, from, to);
  const slopes = interpolateRows(grid, wx.first, wx.slope, from, to);
  const data = interpolateColumns(rows, size, from, to, wy.first, wy.value);
  const dx = interpolateColumns(slopes, size, from, to, wy.first, wy.value);
  const dy = interpolateColumns(rows, size, from, to, wy.first, wy.slope);
  for (let i = 0; i < dx.length; i++) { dx[i] = -dx[i]!; dy[i] = -dy[i]!; }
  return { size, x0, y0, data, dx, dy };
}

export { psfFwhm_px, psfMoments, psfSigma_px } from './psfShape.ts';
