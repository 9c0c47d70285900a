/** Measurement of the detections on a difference image: which are sources, dipoles, residuals; and what they are like. */
import type { Footprint, Peak } from '../../model/footprint.ts';
import { MASK, maskOf } from '../../model/mask.ts';
import { aperture } from '../measurement/aperture.ts';
import { bitsNear, measureSources } from '../measurement/measureSources.ts';
import type { MeasuredSource } from '../measurement/measureSources.ts';
import { psfFlux } from '../measurement/psfFlux.ts';
import type { PsfFluxMeasurement } from '../measurement/psfFlux.ts';
import { psfMoments } from '../psf/renderPsf.ts';
import { fitDipole } from './fitDipole.ts';
import type { DifferenceTriple, DipoleFit, DipoleOptions } from './fitDipole.ts';

export interface MeasureDiaOptions {
  readonly aperture_px: number;
  /** Radius inside which mask bits flag a source. */
  readonly flagRadius_px: number;
  readonly doDipoleFitting: boolean;
  readonly dipole: DipoleOptions;
}

/** One DIASource in pixels; positions and fluxes as in the difference image. */
export interface DiaMeasurement {
  readonly x: number;
  readonly y: number;
  readonly xErr: number;
  readonly yErr: number;
  /** Signed significance of the peak. */
  readonly significance: number;
  readonly psf: PsfFluxMeasurement;
  readonly apFlux: number;
  readonly apFluxErr: number;
  readonly science: PsfFluxMeasurement;
  readonly template: PsfFluxMeasurement;
  readonly ixx: number;
  readonly iyy: number;
  readonly ixy: number;
  readonly dipole: DipoleFit | null;
  readonly isSky: boolean;
  readonly flagEdge: boolean;
  readonly flagSaturated: boolean;
  readonly flagInterpolated: boolean;
  readonly flagBad: boolean;
  readonly flagCentroid: boolean;
  readonly flagShape: boolean;
}

/** Pixels that take no part in fits. */
const FIT_BAD = maskOf('NO_DATA', 'BAD', 'SAT', 'SAT_TEMPLATE', 'CR', 'UNMASKEDNAN');
/** Rounds of subtraction of neighbours. */
const ROUNDS = 3;

/**
 * One measurement for each peak, or one for both lobes of a dipole, by decreasing significance of the peaks. Sources
 * without a flux (all pixels bad) are left out. The images are not modified.
 */
export function measureDiaSources(
  images: DifferenceTriple, footprints: readonly Footprint[], options: MeasureDiaOptions,
): DiaMeasurement[] {
  const { difference } = images;
  const psf = difference.psf!;
  const { dipoles, rest } = options.doDipoleFitting ? findDipoles(images, footprints, options) : { dipoles: [], rest: footprints };
  const measured = measureSources(difference, psf, rest, { badBits: FIT_BAD, aperture_px: options.aperture_px, rounds: ROUNDS });
  const sources = measured.sources.map(source => fromSource(images, source, options));
  return [...sources, ...dipoles.map(found => fromDipole(images, found, options))]
    .filter(s => s.psf.fluxErr > 0)
    .sort((a, b) => Math.abs(b.significance) - Math.abs(a.significance) || a.y - b.y || a.x - b.x);
}

interface FoundDipole {
  readonly fit: DipoleFit;
  readonly peak: Peak;
}

/** Footprints whose highest peak has a near one of the other sign are fitted; the two peaks of a dipole are taken out. */
function findDipoles(
  images: DifferenceTriple, footprints: readonly Footprint[], options: MeasureDiaOptions,
): { dipoles: FoundDipole[]; rest: Footprint[] } {
  const maxSeparation_px = (options.dipole.maxSeparation_sigma * images.difference.psf!.fwhm_px) / 2.3548;
  const dipoles: FoundDipole[] = [];
  const rest = footprints.flatMap(footprint => {
    const [first] = footprint.peaks;
    const second = footprint.peaks.find(p => Math.sign(p.value) !== Math.sign(first!.value)
      && Math.hypot(p.x - first!.x, p.y - first!.y) <= maxSeparation_px);
    if (second === undefined) return [footprint];
    const [positive, negative] = first!.value > 0 ? [first!, second] : [second, first!];
    const fit = fitDipole(images, positive, negative, options.dipole);
    if (fit === null || !fit.isDipole) return [footprint];
    dipoles.push({ fit, peak: first! });
    const others = footprint.peaks.filter(p => p !== first && p !== second);
    return others.length === 0 ? [] : [{ ...footprint, peaks: others }];
  });
  return { dipoles, rest };
}

type Bits = Pick<DiaMeasurement, 'flagEdge' | 'flagSaturated' | 'flagInterpolated' | 'flagBad'>;

function flagsAt(images: DifferenceTriple, x: number, y: number, radius_px: number): Bits {
  const { difference } = images;
  const bits = bitsNear(difference, x, y, radius_px);
  const inside = x >= radius_px && y >= radius_px && x <= difference.width - 1 - radius_px && y <= difference.height - 1 - radius_px;
  return {
    flagEdge: !inside || (bits & maskOf('EDGE', 'NO_DATA')) !== 0,
    flagSaturated: (bits & maskOf('SAT', 'SAT_TEMPLATE')) !== 0,
    flagInterpolated: (bits & maskOf('INTRP', 'CR')) !== 0,
    flagBad: (bits & MASK.BAD) !== 0,
  };
}

/** Forced PSF photometry on the two images that were subtracted. */
function forced({ science, template }: DifferenceTriple, x: number, y: number): Pick<DiaMeasurement, 'science' | 'template'> {
  return { science: psfFlux(science, science.psf!, x, y, FIT_BAD), template: psfFlux(template, template.psf!, x, y, FIT_BAD) };
}

function fromSource(images: DifferenceTriple, source: MeasuredSource, options: MeasureDiaOptions): DiaMeasurement {
  const { x, y, xErr, yErr, apFlux, apFluxErr, ixx, iyy, ixy, flagCentroid, significance } = source;
  const { difference } = images;
  const own = psfFlux(difference, difference.psf!, x, y, FIT_BAD);
  return {
    x, y, xErr, yErr, significance, apFlux, apFluxErr, ixx, iyy, ixy, flagCentroid, isSky: false, dipole: null,
    psf: { ...own, flux: source.psfFlux, fluxErr: source.psfFluxErr },
    ...forced(images, x, y), ...flagsAt(images, x, y, options.flagRadius_px),
    flagShape: source.flagShape || !isPsfLike(images, source),
  };
}

/** A shape is unlike the PSF when its area is less than a half or more than three times that of the PSF. */
function isPsfLike({ difference }: DifferenceTriple, { x, y, ixx, iyy, ixy }: MeasuredSource): boolean {
  const psf = psfMoments(difference.psf!, x, y);
  const ratio = Math.sqrt((ixx * iyy - ixy * ixy) / (psf.ixx * psf.iyy - psf.ixy * psf.ixy));
  return ratio > 0.5 && ratio < 3;
}

/** A dipole: the centroid is the middle of the lobes, the PSF flux what one PSF there would be. */
function fromDipole(images: DifferenceTriple, { fit, peak }: FoundDipole, options: MeasureDiaOptions): DiaMeasurement {
  const { x, y, xErr, yErr } = fit;
  return { ...atPlace(images, x, y, options), xErr, yErr, significance: peak.value, dipole: fit, isSky: false, flagCentroid: false };
}

/** The same measurements at a place where nothing was detected; no centroid is fitted. */
export function measureSkySource(images: DifferenceTriple, x: number, y: number, options: MeasureDiaOptions): DiaMeasurement {
  const place = atPlace(images, x, y, options);
  return {
    ...place, xErr: NaN, yErr: NaN, significance: place.psf.flux / place.psf.fluxErr, dipole: null, isSky: true, flagCentroid: true,
  };
}

type Placed = Omit<DiaMeasurement, 'xErr' | 'yErr' | 'significance' | 'dipole' | 'isSky' | 'flagCentroid'>;

/** Everything that needs no centroid: fluxes and flags at a given place; shapes are NaN and flagged. */
function atPlace(images: DifferenceTriple, x: number, y: number, options: MeasureDiaOptions): Placed {
  const { difference } = images;
  const circle = aperture(difference, x, y, options.aperture_px, MASK.NO_DATA);
  return {
    x, y, psf: psfFlux(difference, difference.psf!, x, y, FIT_BAD), apFlux: circle.flux, apFluxErr: circle.fluxErr,
    ixx: NaN, iyy: NaN, ixy: NaN, ...forced(images, x, y), ...flagsAt(images, x, y, options.flagRadius_px), flagShape: true,
  };
}
