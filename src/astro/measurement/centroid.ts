/** Sub-pixel position of a source by fitting the PSF. */
import type { MaskedImage } from '../../model/image.ts';
import type { PsfModel } from '../../model/psf.ts';
import { psfGridAt } from '../psf/psfGrid.ts';
import type { PsfGrid } from '../psf/psfGrid.ts';
import { renderGridWithSlopes } from '../psf/renderPsf.ts';

export interface CentroidMeasurement {
  readonly x: number;
  readonly y: number;
  /** 1-sigma errors from the variance plane; NaN when flagged. */
  readonly xErr: number;
  readonly yErr: number;
  /** True: no convergence, moved too far, or too few pixels; x, y are then the start values. */
  readonly flag: boolean;
}

const MAX_ITERATIONS = 14;
const TOLERANCE_PX = 1e-3;
/** From here on the steps are halved: at the border of two sets of pixels the full steps go to and fro for ever. */
const SETTLE_AFTER = 6;
/** Steps below this fraction of the position error end the iteration too. */
const TOLERANCE_ERROR = 0.02;

/**
 * Least-squares fit of flux and position of the PSF to the core of a source (pixels within about 1.2 FWHM, equal
 * weights), by Gauss and Newton from (x, y). Either polarity. Masked and non-finite pixels are left out.
 * Flagged when it moves more than max(2 px, 1 FWHM) from the start.
 */
export function centroid(mi: MaskedImage, psf: PsfModel, x: number, y: number, badBits: number): CentroidMeasurement {
  const flagged = { x, y, xErr: NaN, yErr: NaN, flag: true };
  if (!Number.isFinite(x) || !Number.isFinite(y)) return flagged;
  const grid = psfGridAt(psf, x, y);
  const radius = Math.max(2, 1.2 * psf.fwhm_px);
  const maxMove = Math.max(2, psf.fwhm_px);
  let cx = x, cy = y;
  for (let iteration = 0; iteration < MAX_ITERATIONS; iteration++) {
    const step = newtonStep(mi, grid, cx, cy, radius, badBits);
    if (step === null) return flagged;
    const length = Math.hypot(step.dx, step.dy);
    const damping = Math.min(1, 0.7 / length) * 0.5 ** Math.max(0, iteration - SETTLE_AFTER);
    cx += damping * step.dx;
    cy += damping * step.dy;
    if (!(Math.hypot(cx - x, cy - y) <= maxMove)) return flagged;
    if (damping * length < Math.max(TOLERANCE_PX, TOLERANCE_ERROR * step.xErr)) {
      return { x: cx, y: cy, xErr: step.xErr, yErr: step.yErr, flag: false };
    }
  }
  return flagged;
}

interface Step {
  readonly dx: number;
  readonly dy: number;
  readonly xErr: number;
  readonly yErr: number;
}

/** One linear fit of flux P + flux dx P_x + flux dy P_y; errors with the variances of the pixels (sandwich). */
function newtonStep(mi: MaskedImage, grid: PsfGrid, x: number, y: number, radius: number, badBits: number): Step | null {
  const { data, dx, dy, size, x0, y0 } = renderGridWithSlopes(grid, x, y, Math.ceil(radius));
  const a = new Float64Array(6); // normal matrix: pp, px, py, xx, xy, yy
  const v = new Float64Array(6); // the same weighted with the variances
  let bp = 0, bx = 0, by = 0, nPixels = 0;
  for (let j = 0; j < size; j++) {
    for (let i = 0; i < size; i++) {
      const px = x0 + i, py = y0 + j;
      if (px < 0 || py < 0 || px >= mi.width || py >= mi.height || (px - x) ** 2 + (py - y) ** 2 > radius * radius) continue;
      const at = py * mi.width + px;
      const d = mi.image[at]!, variance = mi.variance[at]!;
      if ((mi.mask[at]! & badBits) !== 0 || !(variance > 0 && variance < Infinity) || d - d !== 0) continue;
      const k = j * size + i;
      const p = data[k]!, gx = dx[k]!, gy = dy[k]!;
      accumulate(a, p, gx, gy, 1);
      accumulate(v, p, gx, gy, variance);
      bp += p * d; bx += gx * d; by += gy * d;
      nPixels++;
    }
  }
  if (nPixels < 6) return null;
  return solveStep(a, v, bp, bx, by);
}

function accumulate(m: Float64Array, p: number, gx: number, gy: number, w: number): void {
  m[0] = m[0]! + w * p * p; m[1] = m[1]! + w * p * gx; m[2] = m[2]! + w * p * gy;
  m[3] = m[3]! + w * gx * gx; m[4] = m[4]! + w * gx * gy; m[5] = m[5]! + w * gy * gy;
}

function solveStep(a: Float64Array, v: Float64Array, bp: number, bx: number, by: number): Step | null {
  const inverse = invertSymmetric3(a[0]!, a[1]!, a[2]!, a[3]!, a[4]!, a[5]!);
  if (inverse === null) return null;
  const [i00, i01, i02, i11, i12, i22] = inverse;
  const flux = i00 * bp + i01 * bx + i02 * by;
  if (flux === 0) return null;
  return {
    dx: (i01 * bp + i11 * bx + i12 * by) / flux, dy: (i02 * bp + i12 * bx + i22 * by) / flux,
    xErr: Math.sqrt(sandwich(i01, i11, i12, v)) / Math.abs(flux), yErr: Math.sqrt(sandwich(i02, i12, i22, v)) / Math.abs(flux),
  };
}

/** r v r for one row r of the inverse, v packed as pp, px, py, xx, xy, yy. */
function sandwich(i0: number, i1: number, i2: number, v: Float64Array): number {
  return i0 * i0 * v[0]! + i1 * i1 * v[3]! + i2 * i2 * v[5]! + 2 * (i0 * i1 * v[1]! + i0 * i2 * v[2]! + i1 * i2 * v[4]!);
}

type Symmetric3 = readonly [number, number, number, number, number, number];

/** Inverse of a symmetric 3 x 3 matrix, both packed as 00, 01, 02, 11, 12, 22; null when singular. */
export function invertSymmetric3(a: number, b: number, c: number, d: number, e: number, f: number): Symmetric3 | null {
  const c0 = d * f - e * e, c1 = c * e - b * f, c2 = b * e - c * d;
  const det = a * c0 + b * c1 + c * c2;
  if (!(det > 1e-12 * a * d * f)) return null;
  return [c0 / det, c1 / det, c2 / det, (a * f - c * c) / det, (b * c - a * e) / det, (a * d - b * b) / det];
}
