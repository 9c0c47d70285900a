/**
 * Positions, fluxes and shapes of all detected sources. Neighbours are removed by subtracting the PSF of every other
 * source; sources with neighbours are measured again until the subtraction settles.
 */
import type { Footprint, Peak } from '../../model/footprint.ts';
import { allocF32 } from '../../model/image.ts';
import type { MaskedImage } from '../../model/image.ts';
import { MASK, maskOf } from '../../model/mask.ts';
import type { PsfModel } from '../../model/psf.ts';
import { pointsWithin, pointGrid } from '../../numeric/pointGrid.ts';
import { median } from '../../numeric/statistics.ts';
import { prepareWindow, psfWindow, renderWindow } from '../psf/psfWindow.ts';
import type { PsfWindow } from '../psf/psfWindow.ts';
import type { PsfStamp } from '../psf/renderPsf.ts';
import { adaptiveMoments } from './adaptiveMoments.ts';
import { aperture } from './aperture.ts';
import { disturbanceOf, fitPoint, fluxOnly, pointFitter, pointStamp, reachOf } from './pointFit.ts';
import type { PointFitter } from './pointFit.ts';
import { blurredPsf, spread } from './spread.ts';
import type { SpreadMeasurement } from './spread.ts';

export interface MeasureOptions {
  /** Pixels that take no part in the fits. */
  readonly badBits: number;
  readonly aperture_px: number;
  /** Rounds for sources with neighbours; 1: no deblending beyond subtraction in order of brightness. */
  readonly rounds: number;
}

export interface MeasuredSource {
  readonly x: number;
  readonly y: number;
  readonly xErr: number;
  readonly yErr: number;
  readonly psfFlux: number;
  readonly psfFluxErr: number;
  /** Reduced chi-square of the PSF fit. */
  readonly chi2: number;
  readonly apFlux: number;
  readonly apFluxErr: number;
  readonly ixx: number;
  readonly iyy: number;
  readonly ixy: number;
  readonly spread: number;
  readonly spreadErr: number;
  readonly significance: number;
  readonly peakValue: number;
  readonly nPixels: number;
  readonly flagEdge: boolean;
  readonly flagSaturated: boolean;
  readonly flagInterpolated: boolean;
  readonly flagCentroid: boolean;
  readonly flagShape: boolean;
  readonly flagBlended: boolean;
  /** Bad pixels inside the aperture. */
  readonly nBadAperture: number;
}

/** A source under measurement; `stamp` times `flux` is what has been subtracted for it. */
interface Working {
  readonly peak: { readonly x: number; readonly y: number };
  readonly significance: number;
  readonly footprint: Footprint;
  x: number;
  y: number;
  xErr: number;
  yErr: number;
  flux: number;
  fluxErr: number;
  chi2: number;
  flagCentroid: boolean;
  stamp: PsfStamp;
  /** How far its light matters to others, pixels. */
  disturbance: number;
  /** Rounds of fits that are still to come. */
  roundsLeft: number;
}

/** An image without the sources that are known in it, and what was subtracted for them. */
export interface SubtractedField {
  /** The image with the PSF of every source subtracted. */
  readonly residual: MaskedImage;
  /** Brightest first. */
  readonly positions: readonly { readonly x: number; readonly y: number; readonly flux: number }[];
  readonly working: readonly Working[];
  readonly fitter: PointFitter;
  /** Median noise of a pixel. */
  readonly noise: number;
}

export interface Measurements {
  readonly sources: MeasuredSource[];
  /** The image with the PSF of every source subtracted. */
  readonly residual: MaskedImage;
}

/** Measures one source for each peak, brightest first; sources without a finite flux are left out. `mi` is not modified. */
export function measureSources(mi: MaskedImage, psf: PsfModel, footprints: readonly Footprint[], options: MeasureOptions): Measurements {
  return measureSubtracted(subtractSources(mi, psf, footprints, options), options);
}

/** Measures the sources of a field; its residual is modified on the way and restored. */
export function measureSubtracted({ working, residual, fitter }: SubtractedField, options: MeasureOptions): Measurements {
  const { psf } = fitter.window;
  const crowd = pointGrid(working.map(s => s.x), working.map(s => s.y), 3 * psf.fwhm_px);
  const wide = psfWindow(blurredPsf(psf, 0.6 * (psf.fwhm_px / 2.3548)));
  const measured = new Map<Working, MeasuredSource>();
  for (const source of byCell(working)) {
    if (!(source.fluxErr > 0)) continue;
    addStamp(residual, source.stamp, source.flux);
    const isBlended = pointsWithin(crowd, source.x, source.y, 3 * psf.fwhm_px).length > 1;
    measured.set(source, finish(residual, fitter, wide, source, options, isBlended));
    addStamp(residual, source.stamp, -source.flux);
  }
  return { sources: working.flatMap(source => measured.get(source) ?? []), residual };
}

/** The image with the PSF of every peak subtracted, brightest first and again for those with neighbours. `mi` is not modified. */
export function subtractSources(
  mi: MaskedImage, psf: PsfModel, footprints: readonly Footprint[], options: Pick<MeasureOptions, 'badBits' | 'rounds'>,
): SubtractedField {
  const image = allocF32(mi.image.length);
  image.set(mi.image);
  const empty = { residual: { ...mi, image }, positions: [], working: [], fitter: pointFitter(psf), noise: typicalNoise(mi) };
  return withSources(empty, footprints.flatMap(footprint => footprint.peaks.map(peak => ({ footprint, peak }))), options);
}

/** The field with further sources, which are fitted together with those whose light they may have changed. Modifies the residual. */
export function withSources(
  field: SubtractedField, added: readonly { readonly footprint: Footprint; readonly peak: Peak }[],
  { badBits, rounds }: Pick<MeasureOptions, 'badBits' | 'rounds'>,
): SubtractedField {
  const { residual, fitter, noise } = field;
  const fresh = added.map(({ footprint, peak }) => startOf(footprint, peak, rounds));
  const working = [...field.working, ...fresh].sort((a, b) => b.significance - a.significance);
  for (const s of fresh) refit(residual, fitter, s, badBits, noise);
  markDisturbed(working, fresh, fitter, rounds - 1);
  for (let round = 1; round < rounds; round++) {
    for (const s of working) if (s.roundsLeft > 0) refit(residual, fitter, s, badBits, noise);
  }
  return { ...field, working, positions: working.map(({ x, y, flux }) => ({ x, y, flux })) };
}

/** Median of the noise of single pixels, on a sample. */
function typicalNoise({ variance }: MaskedImage): number {
  const sample: number[] = [];
  const step = Math.max(1, Math.floor(variance.length / 10_000)) | 1;
  for (let i = 0; i < variance.length; i += step) if (variance[i]! > 0 && variance[i]! < Infinity) sample.push(variance[i]!);
  return sample.length > 0 ? Math.sqrt(median(sample)) : 0;
}

const EMPTY: PsfStamp = { size: 0, x0: 0, y0: 0, data: new Float64Array(0) };

function startOf(footprint: Footprint, peak: Peak, rounds: number): Working {
  return {
    peak, significance: peak.value, footprint, x: peak.x, y: peak.y, xErr: NaN, yErr: NaN, flux: 0, fluxErr: NaN, chi2: NaN,
    flagCentroid: false, stamp: EMPTY, disturbance: 0, roundsLeft: rounds,
  };
}

/**
 * Sources on whose core the light of another one falls are fitted again, when one of the two is new: once for the outskirts of a
 * star farther away, which hardly change any more, and in all rounds beside a near one.
 */
function markDisturbed(working: readonly Working[], fresh: readonly Working[], fitter: PointFitter, rounds: number): void {
  const { coreRadius_px, fluxHalf, fullHalf } = fitter;
  const roundsFor = (reach: number, distance: number): number =>
    (distance > coreRadius_px + reach ? 0 : distance > coreRadius_px + fluxHalf ? Math.min(1, rounds) : rounds);
  const grid = pointGrid(working.map(s => s.x), working.map(s => s.y), 2 * fluxHalf);
  for (const s of working) s.roundsLeft = 0;
  for (const s of fresh) {
    for (const k of pointsWithin(grid, s.x, s.y, 1.5 * (fullHalf + coreRadius_px))) {
      const other = working[k]!;
      if (other === s) continue;
      const distance = Math.max(Math.abs(other.x - s.x), Math.abs(other.y - s.y));
      other.roundsLeft = Math.max(other.roundsLeft, roundsFor(s.disturbance, distance));
      s.roundsLeft = Math.max(s.roundsLeft, roundsFor(other.disturbance, distance));
    }
  }
}

/** Fits a source on the image with its own light put back, and subtracts it again. */
function refit(residual: MaskedImage, fitter: PointFitter, source: Working, badBits: number, noise: number): void {
  addStamp(residual, source.stamp, source.flux);
  const start = source.flux === 0 || source.flagCentroid ? source.peak : source;
  const { psf } = fitter.window;
  let fit = fitPoint(residual, fitter, start.x, start.y, badBits);
  const strayed = fit.flag || Math.hypot(fit.x - source.peak.x, fit.y - source.peak.y) > Math.max(1.5, 0.7 * psf.fwhm_px);
  if (strayed && (fit.x !== source.peak.x || fit.y !== source.peak.y)) fit = fluxOnly(residual, fitter, source.peak, badBits);
  // A core that is all saturated still needs a model, so that its neighbours are freed of its light.
  if (!(fit.fluxErr > 0)) fit = { ...fluxOnly(residual, fitter, fit, MASK.NO_DATA), xErr: fit.xErr, yErr: fit.yErr };
  source.x = fit.x;
  source.y = fit.y;
  source.xErr = strayed ? NaN : fit.xErr;
  source.yErr = strayed ? NaN : fit.yErr;
  source.flagCentroid = strayed;
  source.flux = Number.isFinite(fit.flux) ? fit.flux : 0;
  source.fluxErr = fit.fluxErr;
  source.chi2 = fit.chi2 / Math.max(1, fit.nPixels - 3);
  source.stamp = pointStamp(fitter, fit.x, fit.y, reachOf(fitter, source.flux, noise));
  source.disturbance = disturbanceOf(fitter, source.flux, noise);
  source.roundsLeft--;
  addStamp(residual, source.stamp, -source.flux);
}

function addStamp(mi: MaskedImage, stamp: PsfStamp, flux: number): void {
  if (flux === 0) return;
  const { size, x0, y0, data } = stamp;
  const i0 = Math.max(0, -x0), i1 = Math.min(size, mi.width - x0);
  for (let j = Math.max(0, -y0); j < Math.min(size, mi.height - y0); j++) {
    const row = (y0 + j) * mi.width + x0;
    for (let i = i0; i < i1; i++) mi.image[row + i] = mi.image[row + i]! + flux * data[j * size + i]!;
  }
}

function finish(
  mi: MaskedImage, fitter: PointFitter, wide: PsfWindow, source: Working, options: MeasureOptions, flagBlended: boolean,
): MeasuredSource {
  const { x, y } = source;
  const { psf } = fitter.window;
  const shape = adaptiveMoments(mi, x, y, options.badBits, psf.fwhm_px / 2.3548);
  const circle = aperture(mi, x, y, options.aperture_px, MASK.NO_DATA);
  const width = windowSpread(mi, fitter, wide, source, options.badBits);
  const near = bitsNear(mi, x, y, 3);
  const peakAt = source.peak.y * mi.width + source.peak.x;
  return {
    x, y, xErr: source.xErr, yErr: source.yErr, psfFlux: source.flux, psfFluxErr: source.fluxErr, chi2: source.chi2,
    apFlux: circle.flux, apFluxErr: circle.fluxErr, ixx: shape.ixx, iyy: shape.iyy, ixy: shape.ixy, ...width,
    significance: source.significance, peakValue: mi.image[peakAt]!, nPixels: source.footprint.nPixels,
    flagEdge: touchesEdge(mi, x, y, 2 * psf.fwhm_px) || (near & maskOf('EDGE', 'NO_DATA')) !== 0,
    flagSaturated: (near & MASK.SAT) !== 0, flagInterpolated: (near & maskOf('INTRP', 'CR', 'BAD')) !== 0,
    flagCentroid: source.flagCentroid, flagShape: shape.flag, flagBlended, nBadAperture: circle.nBad,
  };
}

/** Side of the cells in which one PSF will do to tell stars from galaxies. */
const CELL_PX = 64;

/** Sources of one cell one after the other. */
function byCell(working: readonly Working[]): Working[] {
  const key = (s: Working): number => cellCentre(s.y) * 1e6 + cellCentre(s.x);
  return [...working].sort((a, b) => key(a) - key(b));
}

function cellCentre(t: number): number {
  return (Math.floor(t / CELL_PX) + 0.5) * CELL_PX;
}

/** `spread` on the window of the flux: the PSF of the cell against the same blurred. */
function windowSpread(mi: MaskedImage, fitter: PointFitter, wide: PsfWindow, { x, y }: Working, badBits: number): SpreadMeasurement {
  const half = fitter.fluxHalf;
  for (const window of [fitter.window, wide]) {
    prepareWindow(window, cellCentre(x), cellCentre(y), half);
    renderWindow(window, x, y, half, false);
  }
  const place = { size: 2 * half + 1, x0: Math.round(x) - half, y0: Math.round(y) - half };
  return spread(mi, { ...place, data: fitter.window.value }, { ...place, data: wide.value }, badBits);
}

function touchesEdge(mi: MaskedImage, x: number, y: number, margin_px: number): boolean {
  return x < margin_px || y < margin_px || x > mi.width - 1 - margin_px || y > mi.height - 1 - margin_px;
}

/** OR of the mask bits of all pixels within `radius_px` of a position. */
export function bitsNear(mi: MaskedImage, x: number, y: number, radius_px: number): number {
  let bits = 0;
  for (let v = Math.max(0, Math.ceil(y - radius_px)); v <= Math.min(mi.height - 1, Math.floor(y + radius_px)); v++) {
    for (let u = Math.max(0, Math.ceil(x - radius_px)); u <= Math.min(mi.width - 1, Math.floor(x + radius_px)); u++) {
      if ((u - x) ** 2 + (v - y) ** 2 <= radius_px * radius_px) bits |= mi.mask[v * mi.width + u]!;
    }
  }
  return bits;
}
