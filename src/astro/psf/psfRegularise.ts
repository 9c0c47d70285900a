/** What is known of any PSF without data: it is centred, its far wings are round, and only its core varies over the image. */
import type { PsfModel } from '../../model/psf.ts';
import { matchedMoments } from '../measurement/weightedMoments.ts';
import { axisWeightsAt, interpolateGrid } from './psfGrid.ts';

/** Spatial terms fade out between 2 and 3.5 FWHM, where they would only fit noise. */
export function taperTerms(psf: PsfModel, fwhm_px: number): PsfModel {
  if (psf.order === 0) return psf;
  const n = psf.size * psf.size;
  const basis = Float64Array.from(psf.basis);
  for (let i = 0; i < n; i++) {
    const keep = fade(radius_px(psf, i) / fwhm_px, 2, 3.5);
    for (let at = n + i; at < basis.length; at += n) basis[at] = basis[at]! * keep;
  }
  return { ...psf, basis };
}

/** The constant term turns into its mean over circles between 2.2 and 3.2 FWHM. */
export function smoothWings(psf: PsfModel, fwhm_px: number): PsfModel {
  const n = psf.size * psf.size;
  const nBins = psf.size;
  const sum = new Float64Array(nBins + 1);
  const weight = new Float64Array(nBins + 1);
  const bin = (i: number): number => radius_px(psf, i) / psf.sampling_px;
  for (let i = 0; i < n; i++) {
    const t = bin(i);
    const k = Math.floor(t);
    if (k >= nBins) continue;
    sum[k] = sum[k]! + (k + 1 - t) * psf.basis[i]!;
    weight[k] = weight[k]! + (k + 1 - t);
    sum[k + 1] = sum[k + 1]! + (t - k) * psf.basis[i]!;
    weight[k + 1] = weight[k + 1]! + (t - k);
  }
  const profile = sum.map((s, k) => (weight[k]! > 0 ? s / weight[k]! : 0));
  const basis = Float64Array.from(psf.basis);
  for (let i = 0; i < n; i++) {
    const keep = fade(radius_px(psf, i) / fwhm_px, 2.2, 3.2);
    if (keep === 1) continue;
    const t = Math.min(bin(i), nBins - 1);
    const k = Math.floor(t);
    const round = (k + 1 - t) * profile[k]! + (t - k) * profile[k + 1]!;
    basis[i] = keep * basis[i]! + (1 - keep) * round;
  }
  return { ...psf, basis };
}

/** Shifts all terms so that the weighted centroid of the constant term is the middle element. */
export function recentre(psf: PsfModel): PsfModel {
  const n = psf.size * psf.size;
  const half = psf.size >> 1;
  const start = psf.fwhm_px / 2.3548 / psf.sampling_px;
  const pixels = { data: psf.basis.subarray(0, n), width: psf.size, height: psf.size };
  const { dx, dy, flag } = matchedMoments(pixels, half, half, start, half);
  if (flag || Math.hypot(dx, dy) < 0.002) return psf;
  const limit = (d: number): number => Math.min(Math.max(d, -1), 1);
  const wx = axisWeightsAt(limit(dx), 1, psf.size);
  const wy = axisWeightsAt(limit(dy), 1, psf.size);
  const basis = new Float64Array(psf.basis.length);
  for (let at = 0; at < basis.length; at += n) {
    const grid = { size: psf.size, sampling_px: psf.sampling_px, data: psf.basis.subarray(at, at + n) };
    basis.set(interpolateGrid(grid, wx.first, wx.value, wy.first, wy.value), at);
  }
  return { ...psf, basis };
}

function radius_px({ size, sampling_px }: PsfModel, i: number): number {
  const half = size >> 1;
  return Math.hypot((i % size) - half, Math.floor(i / size) - half) * sampling_px;
}

/** 1 below `from`, 0 above `to`, a half cosine between. */
function fade(t: number, from: number, to: number): number {
  if (t <= from) return 1;
  if (t >= to) return 0;
  return 0.5 * (1 + Math.cos((Math.PI * (t - from)) / (to - from)));
}
