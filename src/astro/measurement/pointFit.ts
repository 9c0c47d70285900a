/** Position and flux of one point source by fits of the PSF on windows no larger than they must be. */
import type { MaskedImage } from '../../model/image.ts';
import type { PsfModel } from '../../model/psf.ts';
import { gridHalf_px } from '../psf/psfGrid.ts';
import { prepareWindow, psfEnvelope, psfWindow, renderWindow } from '../psf/psfWindow.ts';
import type { PsfWindow } from '../psf/psfWindow.ts';
import type { PsfStamp } from '../psf/renderPsf.ts';
import { invertSymmetric3 } from './centroid.ts';

/** What fits of one PSF share. */
export interface PointFitter {
  readonly window: PsfWindow;
  /** Position: pixels within this distance. */
  readonly coreRadius_px: number;
  /** Flux: half side of the window; beyond 2.2 FWHM the PSF adds less than 0.1 % of the weight. */
  readonly fluxHalf: number;
  readonly fullHalf: number;
  readonly maxMove_px: number;
  readonly envelope: Float64Array;
}

export interface PointFit {
  readonly x: number;
  readonly y: number;
  readonly xErr: number;
  readonly yErr: number;
  readonly flux: number;
  readonly fluxErr: number;
  /** Sum of (data - model)^2 / variance over the window of the flux, and its pixels. */
  readonly chi2: number;
  readonly nPixels: number;
  /** True: no position (x, y are the start); the flux is that of the start. */
  readonly flag: boolean;
}

const MAX_ITERATIONS = 14;
const SETTLE_AFTER = 6;
const TOLERANCE_PX = 1e-3;
const TOLERANCE_ERROR = 0.05;
/** Fraction of the PSF's squared norm that must lie on good pixels. */
const MIN_GOOD = 0.1;
/** Light below this share of the noise of a pixel is left where it is when a source is subtracted. */
const NEGLIGIBLE = 0.05;
/** The same for the question whether a neighbour must be fitted again. */
const DISTURBING = 0.15;

export function pointFitter(psf: PsfModel): PointFitter {
  const fullHalf = gridHalf_px(psf);
  return {
    window: psfWindow(psf), fullHalf, fluxHalf: Math.min(fullHalf, Math.ceil(2.2 * psf.fwhm_px)),
    coreRadius_px: Math.max(2, 1.2 * psf.fwhm_px), maxMove_px: Math.max(2, psf.fwhm_px), envelope: psfEnvelope(psf),
  };
}

/** Half side of the window outside of which the light of a source is negligible against noise of `sigma` a pixel. */
export function reachOf(fitter: PointFitter, flux: number, sigma: number): number {
  return Math.max(fitter.fluxHalf, fallsBelow(fitter, flux, NEGLIGIBLE * sigma));
}

/** Distance at which the light of a source changes no fit of another one noticeably. */
export function disturbanceOf(fitter: PointFitter, flux: number, sigma: number): number {
  return fallsBelow(fitter, flux, DISTURBING * sigma);
}

/** Whole pixels from the centre of a source beyond which no pixel of it is above a level; at most the half side of the PSF. */
function fallsBelow({ envelope, fullHalf }: PointFitter, flux: number, level: number): number {
  let r = 0;
  while (r < fullHalf && Math.abs(flux) * envelope[r]! > level) r++;
  return r;
}

/**
 * Least squares of flux and position over the core (equal weights; Gauss and Newton; either polarity), started at (x, y), then
 * the flux at that position: sum P d / sum P^2 over the window, so that a PSF that is slightly wrong gives the same relative
 * bias at all brightnesses. Errors from the variance plane. Masked and non-finite pixels are left out; flux is NaN when less
 * than a tenth of the PSF's squared norm is on good pixels. No local background.
 */
export function fitPoint(mi: MaskedImage, fitter: PointFitter, x: number, y: number, badBits: number): PointFit {
  prepareWindow(fitter.window, x, y, fitter.fluxHalf);
  const position = fitPosition(mi, fitter, x, y, badBits);
  const at = position ?? { x, y, xErr: NaN, yErr: NaN };
  return { ...at, ...fluxAt(mi, fitter, at.x, at.y, badBits), flag: position === null };
}

/** The flux at a fixed position; flagged, because the position is not fitted. */
export function fluxOnly(mi: MaskedImage, fitter: PointFitter, { x, y }: { x: number; y: number }, badBits: number): PointFit {
  prepareWindow(fitter.window, x, y, fitter.fluxHalf);
  return { x, y, xErr: NaN, yErr: NaN, ...fluxAt(mi, fitter, x, y, badBits), flag: true };
}

interface Position { readonly x: number; readonly y: number; readonly xErr: number; readonly yErr: number }

function fitPosition(mi: MaskedImage, fitter: PointFitter, x: number, y: number, badBits: number): Position | null {
  let cx = x, cy = y;
  for (let iteration = 0; iteration < MAX_ITERATIONS; iteration++) {
    const step = newtonStep(mi, fitter, cx, cy, badBits);
    if (step === null) return null;
    const length = Math.hypot(step.x, step.y);
    const damping = Math.min(1, 0.7 / length) * 0.5 ** Math.max(0, iteration - SETTLE_AFTER);
    cx += damping * step.x;
    cy += damping * step.y;
    if (!(Math.hypot(cx - x, cy - y) <= fitter.maxMove_px)) return null;
    if (damping * length < Math.max(TOLERANCE_PX, TOLERANCE_ERROR * step.xErr)) {
      return { x: cx, y: cy, xErr: step.xErr, yErr: step.yErr };
    }
  }
  return null;
}

/** One linear fit of flux P + flux dx P_x + flux dy P_y; x and y of the result are the step. */
function newtonStep(mi: MaskedImage, { window, coreRadius_px }: PointFitter, x: number, y: number, badBits: number): Position | null {
  const half = Math.ceil(coreRadius_px);
  const size = 2 * half + 1;
  const [x0, y0] = [Math.round(x) - half, Math.round(y) - half];
  renderWindow(window, x, y, half, true);
  const { value, dx, dy } = window;
  const { width, height, image, variance, mask } = mi;
  const limit = coreRadius_px * coreRadius_px;
  let pp = 0, px = 0, py = 0, xx = 0, xy = 0, yy = 0, bp = 0, bx = 0, by = 0, n = 0;
  let vpp = 0, vpx = 0, vpy = 0, vxx = 0, vxy = 0, vyy = 0;
  for (let j = Math.max(0, -y0); j < Math.min(size, height - y0); j++) {
    for (let i = Math.max(0, -x0); i < Math.min(size, width - x0); i++) {
      if ((x0 + i - x) * (x0 + i - x) + (y0 + j - y) * (y0 + j - y) > limit) continue;
      const at = (y0 + j) * width + x0 + i;
      const d = image[at]!, v = variance[at]!;
      if ((mask[at]! & badBits) !== 0 || !(v > 0 && v < Infinity) || d - d !== 0) continue;
      const k = j * size + i;
      const p = value[k]!, gx = dx[k]!, gy = dy[k]!;
      pp += p * p; px += p * gx; py += p * gy; xx += gx * gx; xy += gx * gy; yy += gy * gy;
      bp += p * d; bx += gx * d; by += gy * d;
      const vp = v * p, vx = v * gx;
      vpp += vp * p; vpx += vp * gx; vpy += vp * gy; vxx += vx * gx; vxy += vx * gy; vyy += v * gy * gy;
      n++;
    }
  }
  const inverse = n < 6 ? null : invertSymmetric3(pp, px, py, xx, xy, yy);
  if (inverse === null) return null;
  const [i00, i01, i02, i11, i12, i22] = inverse;
  const flux = i00 * bp + i01 * bx + i02 * by;
  if (flux === 0) return null;
  const error = (a: number, b: number, c: number): number =>
    Math.sqrt(a * a * vpp + b * b * vxx + c * c * vyy + 2 * (a * b * vpx + a * c * vpy + b * c * vxy)) / Math.abs(flux);
  return {
    x: (i01 * bp + i11 * bx + i12 * by) / flux, y: (i02 * bp + i12 * bx + i22 * by) / flux,
    xErr: error(i01, i11, i12), yErr: error(i02, i12, i22),
  };
}

/** Flux at a position near the prepared one. */
function fluxAt(
  mi: MaskedImage, { window, fluxHalf: half }: PointFitter, x: number, y: number, badBits: number,
): Pick<PointFit, 'flux' | 'fluxErr' | 'chi2' | 'nPixels'> {
  renderWindow(window, x, y, half, false);
  const size = 2 * half + 1;
  const [x0, y0] = [Math.round(x) - half, Math.round(y) - half];
  const { width, height, image, variance, mask } = mi;
  const { value } = window;
  let all = 0, pp = 0, pd = 0, ppv = 0, dd = 0, pdOverV = 0, ppOverV = 0, nPixels = 0;
  for (let k = 0; k < size * size; k++) all += value[k]! * value[k]!;
  for (let j = Math.max(0, -y0); j < Math.min(size, height - y0); j++) {
    for (let i = Math.max(0, -x0); i < Math.min(size, width - x0); i++) {
      const at = (y0 + j) * width + x0 + i;
      const d = image[at]!, v = variance[at]!;
      if ((mask[at]! & badBits) !== 0 || !(v > 0 && v < Infinity) || d - d !== 0) continue;
      const p = value[j * size + i]!;
      const w = 1 / v;
      nPixels++;
      pd += p * d; pp += p * p; ppv += p * p * v;
      dd += d * d * w; pdOverV += p * d * w; ppOverV += p * p * w;
    }
  }
  if (!(pp > MIN_GOOD * all)) return { flux: NaN, fluxErr: NaN, chi2: NaN, nPixels };
  const flux = pd / pp;
  return { flux, fluxErr: Math.sqrt(ppv) / pp, chi2: Math.max(0, dd - 2 * flux * pdOverV + flux * flux * ppOverV), nPixels };
}

/** The PSF at a position near the prepared one on a window of the given half side, as a stamp of its own. */
export function pointStamp({ window }: PointFitter, x: number, y: number, half: number): PsfStamp {
  prepareWindow(window, window.x, window.y, half);
  renderWindow(window, x, y, half, false);
  const size = 2 * half + 1;
  return { size, x0: Math.round(x) - half, y0: Math.round(y) - half, data: window.value.slice(0, size * size) };
}
