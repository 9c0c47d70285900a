/** Catalogs, PSF models and positions against the truth of a simulated frame. */
import type { PsfModel } from '../../../src/model/psf.ts';
import { mutualNearest, pointGrid, pointsWithin } from '../../../src/numeric/pointGrid.ts';
import { madSigma, median } from '../../../src/numeric/statistics.ts';
import { renderPsf } from '../../../src/astro/psf/renderPsf.ts';
import { READ_NOISE, truePsf } from './simulateFrame.ts';
import type { FrameObject, FrameOptions, SimulatedFrame } from './simulateFrame.ts';

export interface Found { readonly x: number; readonly y: number }

const MATCH_PX = 2;

/** Flux error of an ideal PSF fit on empty sky at a place: sigma = sqrt(var / sum P^2), P the true PSF. */
export function idealError({ options }: SimulatedFrame, x: number, y: number): number {
  const { fwhm_px } = truePsf(options, x, y);
  // Sum of squares of a Moffat of beta 3: 4 (1 - 2^(-1/..)) -> 4 / (5 pi alpha^2), plus the pixel.
  const alpha2 = (fwhm_px / 2) ** 2 / (2 ** (1 / 3) - 1) + 1 / 12 * 2;
  return Math.sqrt((options.sky_electron + READ_NOISE ** 2) * (5 * Math.PI * alpha2) / 4);
}

export interface Detections {
  readonly completeness: number;
  readonly nFalse: number;
  readonly n: number;
}

/**
 * Share of the stars of 4.5 to 5.5 sigma without a brighter neighbour within 12 pixels that have a detection, and detections
 * without any object of the truth.
 */
export function judgeDetections(frame: SimulatedFrame, found: readonly Found[]): Detections {
  const { objects } = frame;
  const all = pointGrid(objects.map(o => o.x), objects.map(o => o.y), 12);
  const grid = pointGrid(found.map(f => f.x), found.map(f => f.y), MATCH_PX);
  let n = 0, hits = 0;
  for (const o of objects) {
    const snr = o.flux / idealError(frame, o.x, o.y);
    if (o.kind !== 'star' || snr < 4.5 || snr > 5.5) continue;
    if (pointsWithin(all, o.x, o.y, 12).some(k => objects[k]! !== o && objects[k]!.flux > 0.5 * o.flux)) continue;
    n++;
    if (pointsWithin(grid, o.x, o.y, MATCH_PX).length > 0) hits++;
  }
  // An object of more than half a sigma explains a detection; galaxies explain what lies on them.
  const nFalse = found.filter(f => !pointsWithin(all, f.x, f.y, 6).some(k => {
    const o = objects[k]!;
    const reach = o.kind === 'galaxy' ? 4 : MATCH_PX + (o.flux > 1e5 ? 2 : 0);
    return o.flux > 0.5 * idealError(frame, o.x, o.y) && Math.hypot(o.x - f.x, o.y - f.y) < reach;
  })).length;
  return { completeness: hits / n, nFalse, n };
}

/** Pairs [object, found] of unsaturated stars without a neighbour of 2 % of their flux within `isolation_px`. */
export function isolatedPairs(frame: SimulatedFrame, found: readonly Found[], isolation_px: number): [FrameObject, number][] {
  const { objects } = frame;
  const all = pointGrid(objects.map(o => o.x), objects.map(o => o.y), 20);
  const grid = pointGrid(found.map(f => f.x), found.map(f => f.y), MATCH_PX);
  const pairs = mutualNearest(objects.map(o => o.x), objects.map(o => o.y), grid, MATCH_PX);
  const kept: [FrameObject, number][] = [];
  pairs.first.forEach((i, k) => {
    const o = objects[i]!;
    const isInside = Math.min(o.x, o.y, frame.mi.width - o.x, frame.mi.height - o.y) > 25;
    if (o.kind !== 'star' || o.flux > 8e5 || !isInside) return;
    if (pointsWithin(all, o.x, o.y, isolation_px).some(j => j !== i && objects[j]!.flux > 0.02 * o.flux)) return;
    kept.push([o, pairs.second[k]!]);
  });
  return kept;
}

export interface Pull { readonly median: number; readonly width: number; readonly n: number }

export function pullOf(values: readonly number[]): Pull {
  const good = values.filter(Number.isFinite);
  return { median: median(good), width: madSigma(good), n: good.length };
}

/** Pixel-integrated true PSF on a grid of `step` detector pixels, normalised to sum 1 over an infinite plane. */
export function trueStamp(options: FrameOptions, x: number, y: number, size: number, dx = 0, dy = 0): Float64Array {
  const { fwhm_px, e1, e2 } = truePsf(options, x, y);
  const alpha2 = (fwhm_px / 2) ** 2 / (2 ** (1 / 3) - 1);
  const scale = 1 / (alpha2 * Math.sqrt(1 - e1 * e1 - e2 * e2));
  const [axx, ayy, axy] = [scale * (1 - e1), scale * (1 + e1), -scale * e2];
  const peak = (2 / Math.PI) * Math.sqrt(axx * ayy - axy * axy);
  const half = size >> 1;
  return Float64Array.from({ length: size * size }, (_, k) => {
    const [i, j] = [(k % size) - half - dx, Math.floor(k / size) - half - dy];
    let sum = 0;
    for (let b = 0; b < 9; b++) {
      for (let a = 0; a < 9; a++) {
        const [u, v] = [i + (a + 0.5) / 9 - 0.5, j + (b + 0.5) / 9 - 0.5];
        sum += (1 + axx * u * u + 2 * axy * u * v + ayy * v * v) ** -3;
      }
    }
    return (peak * sum) / 81;
  });
}

export interface PsfJudgement {
  /** Largest over a 5 x 9 mesh of the field. */
  readonly fwhmError: number;
  readonly ellipticityError: number;
  /** Sum of |model - truth| over the sum of the truth within 2 FWHM: median and largest over the mesh. */
  readonly residual: number;
  readonly worstResidual: number;
}

/** Moments under a fixed round Gaussian weight of the true size: the same for model and truth. */
function shapeOf(data: Float64Array, size: number, sigma: number): { e1: number; e2: number; t: number } {
  const half = size >> 1;
  let s = 0, xx = 0, yy = 0, xy = 0;
  for (let k = 0; k < data.length; k++) {
    const [i, j] = [(k % size) - half, Math.floor(k / size) - half];
    const w = Math.exp(-(i * i + j * j) / (2 * sigma * sigma)) * data[k]!;
    s += w; xx += w * i * i; yy += w * j * j; xy += w * i * j;
  }
  return { e1: (xx - yy) / (xx + yy), e2: (2 * xy) / (xx + yy), t: (xx + yy) / s };
}

/** Compares a model with the truth at whole pixels; size by the weighted moments, turned into a relative error of the FWHM. */
export function judgePsf(frame: SimulatedFrame, psf: PsfModel): PsfJudgement {
  const { options } = frame;
  let fwhmError = 0, ellipticityError = 0;
  const residuals: number[] = [];
  for (let b = 0; b < 9; b++) {
    for (let a = 0; a < 5; a++) {
      const x = Math.round(30 + (a * (options.width - 61)) / 4), y = Math.round(30 + (b * (options.height - 61)) / 8);
      const stamp = renderPsf(psf, x, y);
      const truth = trueStamp(options, x, y, stamp.size);
      const sigma = truePsf(options, x, y).fwhm_px / 2.3548;
      const [m, t] = [shapeOf(stamp.data, stamp.size, sigma * 1.5), shapeOf(truth, stamp.size, sigma * 1.5)];
      // How much the moment answers to the FWHM: the truth one per cent wider.
      const wider = shapeOf(trueStamp({ ...options, fwhm_px: 1.01 * options.fwhm_px }, x, y, stamp.size), stamp.size, sigma * 1.5);
      fwhmError = Math.max(fwhmError, Math.abs((0.01 * (m.t - t.t)) / (wider.t - t.t)));
      ellipticityError = Math.max(ellipticityError, Math.abs(m.e1 - t.e1), Math.abs(m.e2 - t.e2));
      residuals.push(coreResidual(stamp.data, truth, stamp.size, 2 * 2.3548 * sigma));
    }
  }
  return { fwhmError, ellipticityError, residual: median(residuals), worstResidual: Math.max(...residuals) };
}

function coreResidual(model: Float64Array, truth: Float64Array, size: number, radius: number): number {
  const half = size >> 1;
  let difference = 0, sum = 0, scaleM = 0, scaleT = 0;
  const inside = (k: number): boolean => Math.hypot((k % size) - half, Math.floor(k / size) - half) <= radius;
  for (let k = 0; k < truth.length; k++) if (inside(k)) { scaleM += model[k]! * truth[k]!; scaleT += model[k]! ** 2; }
  const f = scaleM / scaleT;
  for (let k = 0; k < truth.length; k++) {
    if (!inside(k)) continue;
    difference += Math.abs(f * model[k]! - truth[k]!);
    sum += truth[k]!;
  }
  return difference / sum;
}
