/** A template on the grid of a science image from one or several calibrated exposures. */
import { AlgorithmError, NoWorkFound } from '../../model/errors.ts';
import { MASK, maskOf } from '../../model/mask.ts';
import { allocMaskedImage, type Exposure, type MaskedImage } from '../../model/image.ts';
import type { PsfModel } from '../../model/psf.ts';
import { median } from '../../numeric/statistics.ts';
import { psfFromStamps, type PsfSample } from './psfFromStamps.ts';
import { warpExposure, WHITE_NOISE, type Geometry, type NoiseCorrelation, type Warped, type WarpOptions } from './warpExposure.ts';
import { warpedPsf, warpedPsfSize } from './warpPsf.ts';

export interface TemplateOptions extends WarpOptions {
  /** Less than this fraction of the target covered: nothing to do. */
  readonly requiredFraction: number;
  /** PSF positions along each axis, and polynomial order of the PSF of the template. */
  readonly psfGrid: number;
  readonly psfOrder: number;
}

export interface Template {
  readonly image: MaskedImage;
  readonly psf: PsfModel;
  readonly noise: NoiseCorrelation;
  /** Fraction of pixels with data. */
  readonly coverage: number;
  readonly nExposures: number;
}

/** A pixel with one of these does not enter the combination when another exposure has a good one. */
const BAD = maskOf('BAD', 'SAT', 'CR', 'NO_DATA', 'EDGE', 'INTRP');

interface Part {
  readonly warped: Warped;
  readonly psf: PsfModel;
  /** Inverse of the median variance. */
  readonly weight: number;
  readonly order: number;
}

/**
 * Warps the exposures (all in nJy, each with WCS and PSF) to the target and combines them: the mean weighted by
 * inverse median variance, so that the effective PSF does not depend on the brightness of a pixel; variances add with
 * the squares of the weights. Mask bits are those of the exposures used in a pixel.
 * @throws NoWorkFound when no exposure is usable or the target is covered too little; AlgorithmError when the PSF of the
 *   template is not defined anywhere.
 */
export function buildTemplate(exposures: readonly Exposure[], target: Geometry, options: TemplateOptions): Template {
  const parts = exposures.flatMap(exposure => partOf(exposure, target, options));
  if (parts.length === 0) throw new NoWorkFound('no exposure overlaps the science image', { nTemplateInputs: exposures.length });
  const image = parts.length === 1 ? parts[0]!.warped.image : combine(parts, target.width, target.height);
  const coverage = coveredFraction(image);
  if (!(coverage >= options.requiredFraction)) {
    throw new NoWorkFound(`the template covers ${(100 * coverage).toFixed(1)} % of the science image`, {
      templateCoverage: coverage, requiredTemplateFraction: options.requiredFraction,
    });
  }
  return { image, psf: templatePsf(parts, image, options), noise: meanNoise(parts), coverage, nExposures: parts.length };
}

function partOf(exposure: Exposure, target: Geometry, options: TemplateOptions): Part[] {
  if (exposure.wcs === null || exposure.psf === null) return [];
  const warped = warpExposure(exposure, target, options);
  const variances = warped.image.variance.filter((v, p) => p % 17 === 0 && Number.isFinite(v));
  if (variances.length === 0) return [];
  return [{ warped, psf: exposure.psf, weight: 1 / median(variances), order: options.order }];
}

/** Fraction of the pixels that have data. */
export function coveredFraction(image: MaskedImage): number {
  let n = 0;
  for (let p = 0; p < image.mask.length; p++) if ((image.mask[p]! & MASK.NO_DATA) === 0) n++;
  return n / image.mask.length;
}

function combine(parts: readonly Part[], width: number, height: number): MaskedImage {
  const out = allocMaskedImage(width, height);
  for (let p = 0; p < width * height; p++) {
    let anyGood = false;
    for (const part of parts) if ((part.warped.image.mask[p]! & BAD) === 0) { anyGood = true; break; }
    let sum = 0, sumWeights = 0, sumVariance = 0, bits = 0;
    for (const { warped: { image }, weight } of parts) {
      const m = image.mask[p]!;
      if ((m & MASK.NO_DATA) !== 0 || (anyGood && (m & BAD) !== 0)) continue;
      sum += weight * image.image[p]!;
      sumVariance += weight * weight * image.variance[p]!;
      sumWeights += weight;
      bits |= m;
    }
    out.image[p] = sumWeights > 0 ? sum / sumWeights : NaN;
    out.variance[p] = sumWeights > 0 ? sumVariance / (sumWeights * sumWeights) : Infinity;
    out.mask[p] = sumWeights > 0 ? bits : MASK.NO_DATA;
  }
  return out;
}

/** Weighted mean of the warped PSFs at a grid of positions, as a polynomial model. */
function templatePsf(parts: readonly Part[], image: MaskedImage, options: TemplateOptions): PsfModel {
  const { width, height } = image;
  const size = Math.max(...parts.map(part => warpedPsfSize(part.psf, part.warped.grid)));
  const samples: PsfSample[] = [];
  for (let j = 0; j < options.psfGrid; j++) {
    for (let i = 0; i < options.psfGrid; i++) {
      const x = Math.round(((i + 0.5) * width) / options.psfGrid - 0.5);
      const y = Math.round(((j + 0.5) * height) / options.psfGrid - 0.5);
      const sample = samplePsf(parts, x, y, size);
      if (sample !== null) samples.push(sample);
    }
  }
  if (samples.length === 0) throw new AlgorithmError('the PSF of the template is not defined inside the science image');
  const nStars = Math.min(...parts.map(part => part.psf.nStars));
  return psfFromStamps(samples, size, { x0: 0, y0: 0, width, height }, options.psfOrder, nStars);
}

function samplePsf(parts: readonly Part[], x: number, y: number, size: number): PsfSample | null {
  const data = new Float64Array(size * size);
  let sumWeights = 0;
  for (const { warped, psf, weight, order } of parts) {
    if ((warped.image.mask[y * warped.image.width + x]! & MASK.NO_DATA) !== 0) continue;
    const stamp = warpedPsf(psf, warped.grid, x, y, size, order);
    if (stamp === null) continue;
    for (let p = 0; p < data.length; p++) data[p]! += weight * stamp[p]!;
    sumWeights += weight;
  }
  return sumWeights > 0 ? { x, y, weight: 1, data } : null;
}

/** Correlation of the combined noise: each exposure counts with weight^2 times its variance, that is with its weight. */
function meanNoise(parts: readonly Part[]): NoiseCorrelation {
  const total = parts.reduce((sum, part) => sum + part.weight, 0);
  const axis = (key: 'x' | 'y'): number[] => {
    const n = Math.max(...parts.map(part => part.warped.noise[key].length));
    return Array.from({ length: n }, (_, lag) =>
      parts.reduce((sum, part) => sum + (part.weight / total) * (part.warped.noise[key][lag] ?? 0), 0));
  };
  return parts.length === 0 ? WHITE_NOISE : { x: axis('x'), y: axis('y') };
}

/** Noise correlation as numbers for an exposure's metadata (keys NOISE_X0, NOISE_X1, ..., NOISE_Y0, ...). */
export function noiseMetadata(noise: NoiseCorrelation): Record<string, number> {
  return Object.fromEntries((['x', 'y'] as const).flatMap(key =>
    noise[key].map((v, lag) => [`NOISE_${key.toUpperCase()}${lag}`, v] as const)));
}

/** Noise correlation from an exposure's metadata; white noise when there is none. */
export function noiseFromMetadata(metadata: Exposure['metadata']): NoiseCorrelation {
  const axis = (key: string): number[] => {
    const values: number[] = [];
    for (let v = metadata[`NOISE_${key}0`]; typeof v === 'number'; v = metadata[`NOISE_${key}${values.length}`]) values.push(v);
    return values.length === 0 ? [1] : values;
  };
  return { x: axis('X'), y: axis('Y') };
}
