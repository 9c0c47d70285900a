/** Shape of a PSF model at a position. */
import type { PsfModel } from '../../model/psf.ts';
import { matchedMoments } from '../measurement/weightedMoments.ts';
import type { Moments2 } from '../measurement/weightedMoments.ts';
import { axisWeights, interpolateGrid, psfGridAt } from './psfGrid.ts';
import { renderPsf } from './renderPsf.ts';

/** Adaptive second moments of the PSF in detector pixels squared, at detector position (x, y). */
export function psfMoments(psf: PsfModel, x: number, y: number): Moments2 {
  const stamp = renderPsf(psf, Math.round(x), Math.round(y));
  const half = stamp.size >> 1;
  const sigma = psf.fwhm_px > 0 ? psf.fwhm_px / 2.3548 : half / 6;
  const { ixx, iyy, ixy } = matchedMoments({ data: stamp.data, width: stamp.size, height: stamp.size }, half, half, sigma, half);
  return { ixx, iyy, ixy };
}

/** Radius of the circle with the same determinant of the second moments, pixels: (ixx iyy - ixy^2)^(1/4). */
export function psfSigma_px(psf: PsfModel, x: number, y: number): number {
  const { ixx, iyy, ixy } = psfMoments(psf, x, y);
  return (ixx * iyy - ixy * ixy) ** 0.25;
}

const N_DIRECTIONS = 32;

/**
 * Full width at half maximum of the PSF at detector position (x, y): twice the mean, over directions, of the
 * radius where the interpolated model falls to half of its value at the centre.
 */
export function psfFwhm_px(psf: PsfModel, x: number, y: number): number {
  const grid = psfGridAt(psf, x, y);
  const at = (dx: number, dy: number): number => {
    const wx = axisWeights(grid, dx, 1);
    const wy = axisWeights(grid, dy, 1);
    return interpolateGrid(grid, wx.first, wx.value, wy.first, wy.value)[0]!;
  };
  const halfMaximum = 0.5 * at(0, 0);
  const limit = (grid.size >> 1) * grid.sampling_px;
  let sum = 0;
  for (let k = 0; k < N_DIRECTIONS; k++) {
    const c = Math.cos((2 * Math.PI * k) / N_DIRECTIONS);
    const s = Math.sin((2 * Math.PI * k) / N_DIRECTIONS);
    let inner = 0;
    let outer = 0.25;
    while (outer < limit && at(outer * c, outer * s) > halfMaximum) { inner = outer; outer += 0.25; }
    for (let step = 0; step < 20; step++) {
      const middle = 0.5 * (inner + outer);
      if (at(middle * c, middle * s) > halfMaximum) inner = middle;
      else outer = middle;
    }
    sum += 0.5 * (inner + outer);
  }
  return (2 * sum) / N_DIRECTIONS;
}
