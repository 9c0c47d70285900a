/**
 * Positions, fluxes and shapes of all detected sources. Neighbours are removed by subtracting the PSF of every other
 * source; sources with neighbours are measured again until the subtraction settles.
 */
import type { Footprint } from '../../model/footprint.ts';
import type { MaskedImage } from '../../model/image.ts';
import { MASK, maskOf } from '../../model/mask.ts';
import type { PsfModel } from '../../model/psf.ts';
import { pointsWithin, pointGrid } from '../../numeric/pointGrid.ts';
import { renderPsf } from '../psf/renderPsf.ts';
import type { PsfStamp } from '../psf/renderPsf.ts';
import { adaptiveMoments } from './adaptiveMoments.ts';
import { aperture } from './aperture.ts';
import { centroid } from './centroid.ts';
import { stampFlux } from './psfFlux.ts';
import { blurredPsf, spread } from './spread.ts';

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
  hasNeighbour: boolean;
}

export interface Measurements {
  readonly sources: MeasuredSource[];
  /** The image with the PSF of every source subtracted. */
  readonly residual: MaskedImage;
}

/** Measures one source for each peak, brightest first; sources without a finite flux are left out. `mi` is not modified. */
export function measureSources(mi: MaskedImage, psf: PsfModel, footprints: readonly Footprint[], options: MeasureOptions): Measurements {
  const { working, residual } = subtractAll(mi, psf, footprints, options.badBits, options.rounds);
  const crowd = pointGrid(working.map(s => s.x), working.map(s => s.y), 8 * psf.fwhm_px);
  const wide = blurredPsf(psf, 0.6 * (psf.fwhm_px / 2.3548));
  const sources = working.filter(s => s.fluxErr > 0).map(source => {
    addStamp(residual, source.stamp, source.flux);
    const result = finish(residual, psf, wide, source, options, pointsWithin(crowd, source.x, source.y, 3 * psf.fwhm_px).length > 1);
    addStamp(residual, source.stamp, -source.flux);
    return result;
  });
  return { sources, residual };
}

/** The image with the PSF of every peak subtracted, and where the PSFs were. `mi` is not modified. */
export function subtractSources(
  mi: MaskedImage, psf: PsfModel, footprints: readonly Footprint[], options: Pick<MeasureOptions, 'badBits' | 'rounds'>,
): { residual: MaskedImage; positions: { readonly x: number; readonly y: number; readonly flux: number }[] } {
  const { working, residual } = subtractAll(mi, psf, footprints, options.badBits, options.rounds);
  return { residual, positions: working.map(({ x, y, flux }) => ({ x, y, flux })) };
}

function subtractAll(
  mi: MaskedImage, psf: PsfModel, footprints: readonly Footprint[], badBits: number, rounds: number,
): { working: Working[]; residual: MaskedImage } {
  const residual: MaskedImage = { ...mi, image: mi.image.slice() };
  const working = footprints
    .flatMap(footprint => footprint.peaks.map(peak => startOf(psf, footprint, peak)))
    .sort((a, b) => b.significance - a.significance);
  markNeighbours(working, working[0] === undefined ? 1 : Math.max(3 * psf.fwhm_px, working[0].stamp.size >> 1));
  for (let round = 0; round < rounds; round++) {
    for (const source of working) {
      if (round > 0 && !source.hasNeighbour) continue;
      addStamp(residual, source.stamp, source.flux);
      fit(residual, psf, source, badBits);
      addStamp(residual, source.stamp, -source.flux);
    }
  }
  return { working, residual };
}

function startOf(psf: PsfModel, footprint: Footprint, peak: { x: number; y: number; value: number }): Working {
  return {
    peak, significance: peak.value, footprint, x: peak.x, y: peak.y, xErr: NaN, yErr: NaN, flux: 0, fluxErr: NaN, chi2: NaN,
    flagCentroid: false, stamp: renderPsf(psf, peak.x, peak.y), hasNeighbour: false,
  };
}

function markNeighbours(working: readonly Working[], radius_px: number): void {
  const grid = pointGrid(working.map(s => s.peak.x), working.map(s => s.peak.y), radius_px);
  for (const s of working) s.hasNeighbour = pointsWithin(grid, s.peak.x, s.peak.y, radius_px).length > 1;
}

function fit(mi: MaskedImage, psf: PsfModel, source: Working, badBits: number): void {
  const start = source.flux === 0 || source.flagCentroid ? source.peak : source;
  const position = centroid(mi, psf, start.x, start.y, badBits);
  const strayed = position.flag || Math.hypot(position.x - source.peak.x, position.y - source.peak.y) > Math.max(1.5, 0.7 * psf.fwhm_px);
  const { x, y } = strayed ? source.peak : position;
  const stamp = renderPsf(psf, x, y);
  const onGood = stampFlux(mi, stamp, badBits);
  // A core that is all saturated still needs a model, so that its neighbours are freed of its light.
  const { flux, fluxErr, chi2, nPixels } = onGood.fluxErr > 0 ? onGood : stampFlux(mi, stamp, MASK.NO_DATA);
  source.x = x;
  source.y = y;
  source.xErr = strayed ? NaN : position.xErr;
  source.yErr = strayed ? NaN : position.yErr;
  source.flagCentroid = strayed;
  source.stamp = stamp;
  source.flux = Number.isFinite(flux) ? flux : 0;
  source.fluxErr = fluxErr;
  source.chi2 = chi2 / Math.max(1, nPixels - 3);
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
  mi: MaskedImage, psf: PsfModel, wide: PsfModel, source: Working, options: MeasureOptions, flagBlended: boolean,
): MeasuredSource {
  const { x, y, stamp } = source;
  const shape = adaptiveMoments(mi, x, y, options.badBits, psf.fwhm_px / 2.3548);
  const circle = aperture(mi, x, y, options.aperture_px, MASK.NO_DATA);
  const width = spread(mi, stamp, renderPsf(wide, x, y), options.badBits);
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
