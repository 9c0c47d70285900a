/** The PSF of a warped exposure at a position of the target grid. */
import type { PsfModel } from '../../model/psf.ts';
import { gridPosition, lanczos, type WarpGrid } from '../../numeric/warp.ts';
import { renderPsf } from '../psf/renderPsf.ts';

/** Odd stamp size that holds the PSF after warping: the model's extent in target pixels. */
export function warpedPsfSize(psf: PsfModel, grid: WarpGrid): number {
  const dx = Math.hypot(grid.xs[1]! - grid.xs[0]!, grid.ys[1]! - grid.ys[0]!) / grid.step;
  return 2 * Math.ceil(((psf.size >> 1) * psf.sampling_px) / Math.max(dx, 1e-3)) + 1;
}

/**
 * Image of a star at the target pixel (x, y), integers: the source PSF rendered where it fell, interpolated at the
 * positions of the target pixels just as the exposure was. size x size, row-major, sum 1. Null when the position is
 * not in the source.
 */
export function warpedPsf(psf: PsfModel, grid: WarpGrid, x: number, y: number, size: number, order: number): Float64Array | null {
  const half = size >> 1;
  const [sx, sy] = gridPosition(grid, x, y);
  if (!Number.isFinite(sx) || !Number.isFinite(sy)) return null;
  const stamp = renderPsf(psf, sx, sy);
  const out = new Float64Array(size * size);
  let total = 0;
  for (let j = -half; j <= half; j++) {
    for (let i = -half; i <= half; i++) {
      const [px, py] = gridPosition(grid, x + i, y + j);
      const value = interpolate(stamp.data, stamp.size, px - stamp.x0, py - stamp.y0, order);
      out[(j + half) * size + i + half] = value;
      total += value;
    }
  }
  return out.map(v => v / total);
}

/** Lanczos interpolation in a stamp that is zero outside. */
function interpolate(data: Float64Array, size: number, x: number, y: number, order: number): number {
  const ix = Math.floor(x) - order + 1;
  const iy = Math.floor(y) - order + 1;
  const wx = Array.from({ length: 2 * order }, (_, i) => lanczos(x - ix - i, order));
  const norm = wx.reduce((a, b) => a + b, 0);
  let sum = 0;
  let normY = 0;
  for (let j = 0; j < 2 * order; j++) {
    const wy = lanczos(y - iy - j, order);
    normY += wy;
    if (iy + j < 0 || iy + j >= size) continue;
    let row = 0;
    for (let i = 0; i < 2 * order; i++) if (ix + i >= 0 && ix + i < size) row += wx[i]! * data[(iy + j) * size + ix + i]!;
    sum += wy * row;
  }
  return sum / (norm * normY);
}
