/** Detection of point-like sources on a background-subtracted image. */
import type { Footprint } from '../../model/footprint.ts';
import type { MaskedImage } from '../../model/image.ts';
import { detectFootprints } from './detectFootprints.ts';
import { matchedFilter } from './matchedFilter.ts';
import { separatePeaks } from './separatePeaks.ts';

export interface SourceDetectionOptions {
  /** Significance of the matched filter. */
  readonly threshold: number;
  /** Radius by which footprints grow, in units of the PSF sigma. */
  readonly growSigma: number;
  /** Pixels without data. */
  readonly badBits: number;
  /** Pixels that must not take part in the measurement of the noise (objects found before). */
  readonly skyBits: number;
}

export interface DetectedSources {
  readonly footprints: Footprint[];
  readonly significance: Float32Array;
  /** Measured noise over that of the variance plane, for the filtered image. */
  readonly noiseScale: number;
}

/** A peak is a source of its own when it stands this far above the saddle to its brighter neighbour. */
const MIN_PROMINENCE = 3;
const MIN_CONTRAST = 0.02;

/** Footprints above the threshold, grown, with the peaks that stand out from each other. Does not modify the image. */
export function detectSources(mi: MaskedImage, sigma_px: number, options: SourceDetectionOptions): DetectedSources {
  const { data, noiseScale } = matchedFilter(mi, sigma_px, options.badBits, options.badBits | options.skyBits);
  const found = detectFootprints(data, mi.width, mi.height, {
    threshold: options.threshold, growRadius_px: Math.round(options.growSigma * sigma_px), minPixels: 1,
  });
  const separation = { minProminence: MIN_PROMINENCE, minContrast: MIN_CONTRAST };
  return { footprints: found.map(f => separatePeaks(data, mi.width, f, separation)), significance: data, noiseScale };
}
