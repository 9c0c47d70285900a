/** From an image in instrumental units to one without sky and cosmic rays, with a PSF and an object mask. */
import { estimateBackground } from '../background/estimateBackground.ts';
import { markFaintGlow } from '../background/markFaintGlow.ts';
import type { Background } from '../background/estimateBackground.ts';
import { detectFootprints, markFootprints } from '../detection/detectFootprints.ts';
import { detectSources } from '../detection/detectSources.ts';
import { findCosmicRays } from '../detection/findCosmicRays.ts';
import { measureSources } from '../measurement/measureSources.ts';
import type { MeasuredSource } from '../measurement/measureSources.ts';
import { AlgorithmError } from '../../model/errors.ts';
import type { Footprint } from '../../model/footprint.ts';
import type { MaskedImage } from '../../model/image.ts';
import { MASK, maskOf } from '../../model/mask.ts';
import type { PsfModel } from '../../model/psf.ts';
import { fitPsf } from './fitPsf.ts';
import { gaussianPsf } from './gaussianPsf.ts';
import { selectPsfStars } from './selectPsfStars.ts';

export interface CharacterizeOptions {
  readonly cellSize_px: number;
  readonly initialFwhm_px: number;
  /** Significance of the sources among which stars are looked for. */
  readonly threshold: number;
  readonly minSnr: number;
  readonly minStars: number;
  readonly maxStars: number;
  readonly maxOrder: number;
  readonly doCosmicRays: boolean;
}

export interface Characterization {
  readonly psf: PsfModel;
  /** Sky that was subtracted, at every pixel. */
  readonly background: Float32Array;
  readonly skyLevel: number;
  readonly skyRms: number;
  /** Positions of the stars that made the PSF. */
  readonly psfStars: readonly { readonly x: number; readonly y: number }[];
  readonly nCandidates: number;
  /** Rms residual of the subtracted stars in the core, relative to the PSF. */
  readonly psfResidual: number;
  readonly nCosmicRays: number;
  readonly nCosmicRayPixels: number;
}

/** Pixels without a measurement, for fits of the PSF. */
export const FIT_BAD = maskOf('BAD', 'SAT', 'INTRP', 'CR', 'NO_DATA', 'UNMASKEDNAN');
/** Pixels that say nothing about the sky. */
const SKY_BAD = maskOf('BAD', 'SAT', 'INTRP', 'CR', 'NO_DATA', 'UNMASKEDNAN', 'VIGNETTED');
const NO_PIXEL = maskOf('NO_DATA');
/** Brightest detections among which stars are looked for; more would only cost time. */
const MAX_PEAKS = 1500;
/** FWHM below which no star is expected: what is sharper is a cosmic ray even before the PSF is known. */
const SHARPEST_STAR_PX = 2;

/**
 * Subtracts the background (twice: before and after objects are masked), finds cosmic rays and fits the PSF.
 * Modifies image, variance (interpolated pixels only) and mask of `mi`; DETECTED is left as the object mask.
 * @throws AlgorithmError when there is no sky or there are too few stars.
 */
export function characterizeImage(mi: MaskedImage, options: CharacterizeOptions): Characterization {
  const first = subtractBackground(mi, 2 * options.cellSize_px, SKY_BAD, 2);
  if (!Number.isFinite(first.level)) {
    throw new AlgorithmError('no sky pixels for a background', { nPixels: mi.width * mi.height });
  }
  const rays = { nRays: 0, nPixels: 0 };
  const clean = (psf: PsfModel): void => {
    if (!options.doCosmicRays) return;
    const found = findCosmicRays(mi, psf);
    if (found.tooMany) throw new AlgorithmError('too many cosmic rays', { nPixels: found.nPixels });
    rays.nRays += found.nRays;
    rays.nPixels += found.nPixels;
  };
  clean(gaussianPsf(SHARPEST_STAR_PX / 2.3548, 21, mi.width, mi.height));
  let sigma = options.initialFwhm_px / 2.3548;
  let found = brightSources(mi, sigma, options);
  markFaintGlow(mi, first.rms, SKY_BAD, MASK.DETECTED);
  const second = subtractBackground(mi, options.cellSize_px, SKY_BAD | MASK.DETECTED, 1);
  let selection = selectStars(found, sigma, options);
  if (Math.abs(Math.log(selection.sigma_px / sigma)) > 0.25) {
    sigma = selection.sigma_px;
    found = brightSources(mi, sigma, options);
    selection = selectStars(found, sigma, options);
  }
  clean(gaussianPsf(selection.sigma_px, 21, mi.width, mi.height));
  const stars = selection.stars.map(i => found[i]!);
  const fit = fitPsf(mi, stars, {
    sigma_px: selection.sigma_px, badBits: FIT_BAD, maxOrder: options.maxOrder, minStars: options.minStars,
    sources: found.map(s => ({ x: s.x, y: s.y, flux: s.psfFlux })),
  });
  for (let i = 0; i < first.image.length; i++) first.image[i] = first.image[i]! + second.image[i]!;
  return {
    psf: fit.psf, background: first.image, skyLevel: first.level + second.level, skyRms: second.rms,
    psfStars: stars.filter((_, i) => fit.used[i]!), nCandidates: selection.stars.length, psfResidual: fit.residual,
    nCosmicRays: rays.nRays, nCosmicRayPixels: rays.nPixels,
  };
}

function subtractBackground(mi: MaskedImage, cellSize_px: number, ignoreBits: number, stride: number): Background {
  const background = estimateBackground(mi, { cellSize_px, ignoreBits, stride });
  for (let i = 0; i < mi.image.length; i++) mi.image[i] = mi.image[i]! - background.image[i]!;
  return background;
}

/** Significance at which pixels count as parts of objects when the sky is measured. */
const OBJECT_THRESHOLD = 3.5;

/** Measures the brightest detections with a Gaussian PSF and sets DETECTED on everything that is not sky. */
function brightSources(mi: MaskedImage, sigma: number, options: CharacterizeOptions): MeasuredSource[] {
  const { footprints, significance } = detectSources(mi, sigma, {
    threshold: options.threshold, growSigma: 2.4, badBits: NO_PIXEL, skyBits: 0,
  });
  const objects = detectFootprints(significance, mi.width, mi.height, {
    threshold: OBJECT_THRESHOLD, growRadius_px: Math.round(4 * sigma), minPixels: 2,
  });
  markFootprints(mi.mask, mi.width, objects, MASK.DETECTED);
  const psf = gaussianPsf(sigma, 2 * Math.ceil(4 * sigma) + 1, mi.width, mi.height);
  return measureSources(mi, psf, brightest(footprints), { badBits: FIT_BAD, aperture_px: 3 * sigma, rounds: 1 }).sources;
}

function brightest(footprints: readonly Footprint[]): Footprint[] {
  const values = footprints.flatMap(f => f.peaks.map(p => p.value)).sort((a, b) => b - a);
  const limit = values[Math.min(MAX_PEAKS, values.length) - 1] ?? 0;
  return footprints.map(f => ({ ...f, peaks: f.peaks.filter(p => p.value >= limit) })).filter(f => f.peaks.length > 0);
}

function selectStars(found: readonly MeasuredSource[], sigma: number, options: CharacterizeOptions): ReturnType<typeof selectPsfStars> {
  const candidates = found.map(s => ({
    x: s.x, y: s.y, flux: s.psfFlux, snr: s.psfFlux / s.psfFluxErr, ixx: s.ixx, iyy: s.iyy, ixy: s.ixy,
    usable: !(s.flagEdge || s.flagSaturated || s.flagInterpolated || s.flagCentroid || s.flagShape),
  }));
  const selection = selectPsfStars(candidates, {
    minSnr: options.minSnr, isolation_px: 9 * sigma, maxNeighbourFlux: 0.1, maxStars: options.maxStars,
  });
  if (selection.stars.length < options.minStars) {
    const { length } = selection.stars;
    throw new AlgorithmError(`${length} stars for a PSF model among ${found.length} detections, at least ${options.minStars} are needed`, {
      nDetected: found.length, nCandidates: selection.nCandidates, nStars: length, needed: options.minStars,
    });
  }
  return selection;
}

/** Measured noise over that of the variance plane, pixel by pixel, on the sky below its median (sources are above it). */
export function noiseOverVariance(mi: MaskedImage): number {
  const sample: number[] = [];
  const step = Math.max(1, Math.floor(mi.image.length / 300_000)) | 1;
  for (let i = 0; i < mi.image.length; i += step) {
    const v = mi.variance[i]!;
    if ((mi.mask[i]! & (SKY_BAD | MASK.DETECTED)) === 0 && v > 0 && v < Infinity) sample.push(mi.image[i]! / Math.sqrt(v));
  }
  const sorted = Float64Array.from(sample).sort();
  const at = (p: number): number => sorted[Math.floor(p * (sorted.length - 1))]!;
  return sorted.length < 100 ? NaN : (at(0.5) - at(0.1587)) / 0.9998;
}

