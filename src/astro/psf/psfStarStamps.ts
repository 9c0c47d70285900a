/** One star seen by the PSF fit: its position, flux and normalised residual against the current model. */
import type { MaskedImage } from '../../model/image.ts';
import type { PsfModel } from '../../model/psf.ts';
import { centroid } from '../measurement/centroid.ts';
import { stampFlux } from '../measurement/psfFlux.ts';
import { axisWeightsAt, gridHalf_px, interpolateGrid } from './psfGrid.ts';
import { renderPsf } from './renderPsf.ts';
import type { PsfStamp } from './renderPsf.ts';

export interface StarFit {
  readonly x: number;
  readonly y: number;
  readonly flux: number;
  readonly snr: number;
  /** (image / flux - PSF) interpolated to the grid of the model; 0 where the image is bad or a neighbour shines. */
  readonly residual: Float64Array;
  /** Sum of squared residuals (noise subtracted) over that of the PSF, in the core: 0 for a perfect model. */
  readonly misfit: number;
  /** Fraction of core pixels that were left out. */
  readonly badCore: number;
}

/** Relative error of the model that a residual may have before it counts as a neighbour or defect. */
export interface Tolerance {
  readonly model: number;
  readonly nSigma: number;
}

/**
 * Fits position and flux of a star and takes its residual; null when the fit fails. The PSF of the neighbours is
 * subtracted before. Does not modify the image. The PSF is that at the star, also inside the cut-out.
 */
export function fitStar(
  whole: MaskedImage, model: PsfModel, x: number, y: number, neighbours: readonly Neighbour[], badBits: number, tolerance: Tolerance,
): StarFit | null {
  const { mi, x0, y0 } = cutoutWithout(whole, model, x, y, neighbours);
  const psf = { ...model, x0: model.x0 - x0, y0: model.y0 - y0 };
  const fitted = fitInside(mi, psf, x - x0, y - y0, badBits, tolerance);
  return fitted === null ? null : { ...fitted, x: fitted.x + x0, y: fitted.y + y0 };
}

function fitInside(mi: MaskedImage, psf: PsfModel, x: number, y: number, badBits: number, tolerance: Tolerance): StarFit | null {
  const position = centroid(mi, psf, x, y, badBits);
  if (position.flag) return null;
  const stamp = renderPsf(psf, position.x, position.y);
  const { flux, fluxErr } = stampFlux(mi, stamp, badBits);
  if (!(flux > 0)) return null;
  const { data, misfit, badCore } = residualStamp(mi, stamp, flux, psf.fwhm_px, position, badBits, tolerance);
  const grid = { size: stamp.size, sampling_px: 1, data };
  const half = psf.size >> 1;
  const wx = axisWeightsAt(position.x - stamp.x0 - half * psf.sampling_px, psf.sampling_px, psf.size);
  const wy = axisWeightsAt(position.y - stamp.y0 - half * psf.sampling_px, psf.sampling_px, psf.size);
  const residual = interpolateGrid(grid, wx.first, wx.value, wy.first, wy.value);
  return { x: position.x, y: position.y, flux, snr: flux / fluxErr, residual, misfit, badCore };
}

function residualStamp(
  mi: MaskedImage, stamp: PsfStamp, flux: number, fwhm: number, at: { x: number; y: number }, badBits: number, { model, nSigma }: Tolerance,
): { data: Float64Array; misfit: number; badCore: number } {
  const { size, x0, y0 } = stamp;
  const data = new Float64Array(size * size);
  let core = 0, bad = 0, squares = 0, norm = 0;
  for (let j = 0; j < size; j++) {
    for (let i = 0; i < size; i++) {
      const k = j * size + i;
      const px = x0 + i, py = y0 + j;
      const p = stamp.data[k]!;
      const inCore = Math.hypot(px - at.x, py - at.y) < fwhm;
      if (inCore) core++;
      const q = py * mi.width + px;
      const inside = px >= 0 && py >= 0 && px < mi.width && py < mi.height;
      const d = inside && (mi.mask[q]! & badBits) === 0 ? mi.image[q]! / flux - p : NaN;
      const v = inside ? mi.variance[q]! / (flux * flux) : NaN;
      const limit = nSigma * Math.sqrt(v) + model * Math.abs(p) + 0.02 * model * stampPeak(stamp);
      if (!(Math.abs(d) <= limit)) { if (inCore) bad++; continue; }
      data[k] = d;
      if (inCore) { squares += d * d - v; norm += p * p; }
    }
  }
  return { data, misfit: squares / norm, badCore: bad / Math.max(core, 1) };
}

function stampPeak({ data, size }: PsfStamp): number {
  return data[(size >> 1) * size + (size >> 1)]!;
}

export interface Neighbour {
  readonly x: number;
  readonly y: number;
  readonly flux: number;
}

/** A piece of the image around a star with its neighbours subtracted, and the pixel of the image at its corner. */
export interface StarCutout {
  readonly mi: MaskedImage;
  readonly x0: number;
  readonly y0: number;
}

/** Copies the surroundings of a star (PSF stamp and a margin for the fit) and subtracts the PSF of its neighbours. */
export function cutoutWithout(mi: MaskedImage, psf: PsfModel, x: number, y: number, neighbours: readonly Neighbour[]): StarCutout {
  const reach = gridHalf_px(psf) + 4;
  const x0 = Math.max(0, Math.round(x) - reach), y0 = Math.max(0, Math.round(y) - reach);
  const width = Math.min(mi.width, Math.round(x) + reach + 1) - x0;
  const height = Math.min(mi.height, Math.round(y) + reach + 1) - y0;
  const image = new Float32Array(width * height), variance = new Float32Array(width * height);
  const mask = new Int32Array(width * height);
  for (let j = 0; j < height; j++) {
    const from = (y0 + j) * mi.width + x0;
    image.set(mi.image.subarray(from, from + width), j * width);
    variance.set(mi.variance.subarray(from, from + width), j * width);
    mask.set(mi.mask.subarray(from, from + width), j * width);
  }
  for (const other of neighbours) subtract(image, width, height, renderPsf(psf, other.x, other.y), x0, y0, other.flux);
  return { mi: { width, height, image, variance, mask }, x0, y0 };
}

function subtract(image: Float32Array, width: number, height: number, stamp: PsfStamp, x0: number, y0: number, flux: number): void {
  for (let j = 0; j < stamp.size; j++) {
    const y = stamp.y0 + j - y0;
    if (y < 0 || y >= height) continue;
    for (let i = 0; i < stamp.size; i++) {
      const x = stamp.x0 + i - x0;
      if (x >= 0 && x < width) image[y * width + x] = image[y * width + x]! - flux * stamp.data[j * stamp.size + i]!;
    }
  }
}
