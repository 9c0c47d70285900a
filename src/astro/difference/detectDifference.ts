/** Detection on a difference image: what became brighter and what became fainter. */
import type { Footprint, Peak } from '../../model/footprint.ts';
import type { MaskedImage } from '../../model/image.ts';
import { MASK, maskOf } from '../../model/mask.ts';
import type { PsfModel } from '../../model/psf.ts';
import { connectedComponents } from '../../numeric/connectedComponents.ts';
import { detectFootprints, makeFootprint, markFootprints } from '../detection/detectFootprints.ts';
import { matchedFilter } from '../detection/matchedFilter.ts';
import { separatePeaks } from '../detection/separatePeaks.ts';
import { scoreImage } from './scoreImage.ts';

export interface DifferenceDetectionOptions {
  /** Significance of the matched filter, in units of the noise that is measured on the difference. */
  readonly threshold: number;
  /** Radius by which footprints grow, in units of the PSF sigma. */
  readonly growSigma: number;
  readonly sigma_px: number;
  /** Filter with this PSF instead of a Gaussian of width `sigma_px`. */
  readonly psf?: PsfModel;
}

export interface DifferenceDetections {
  /** Regions of both polarities; those that touch after growing are one. Peaks by decreasing significance. */
  readonly footprints: Footprint[];
  /** Signed significance of a point source at every pixel. */
  readonly significance: Float32Array;
  /** Measured noise of the filtered image over that of the variance plane. */
  readonly noiseScale: number;
  readonly nPositive: number;
  readonly nNegative: number;
}

/** Pixels without a measurement. */
export const NO_PIXEL = MASK.NO_DATA;
/** Pixels that say nothing about the noise. */
const NOISE_BAD = maskOf('BAD', 'SAT', 'NO_DATA', 'EDGE', 'INTRP', 'CR', 'SAT_TEMPLATE');
/** A peak is a source of its own when it stands this far above the saddle to a higher one. */
const SEPARATION = { minProminence: 3, minContrast: 0.04 };

/**
 * Footprints of positive and negative detections with signed peak values. Sets DETECTED and DETECTED_NEGATIVE on their
 * pixels in the mask of `mi`; nothing else is modified. The noise comes from the image itself (see `matchedFilter`).
 */
export function detectDifference(mi: MaskedImage, options: DifferenceDetectionOptions): DifferenceDetections {
  const { width, height } = mi;
  const { data: significance, noiseScale } = options.psf === undefined
    ? matchedFilter(mi, options.sigma_px, NO_PIXEL, NOISE_BAD) : scoreImage(mi, options.psf, NO_PIXEL, NOISE_BAD);
  const negated = new Float32Array(significance.length);
  for (let p = 0; p < negated.length; p++) negated[p] = -significance[p]!;
  const detect = (data: Float32Array, bit: number): Footprint[] => {
    const found = detectFootprints(data, width, height, {
      threshold: options.threshold, growRadius_px: Math.round(options.growSigma * options.sigma_px), minPixels: 1,
    }).map(f => separatePeaks(data, width, f, SEPARATION));
    markFootprints(mi.mask, width, found, bit);
    return found;
  };
  const positive = detect(significance, MASK.DETECTED);
  const negative = detect(negated, MASK.DETECTED_NEGATIVE).map(withNegativePeaks);
  return {
    footprints: mergeFootprints([...positive, ...negative], width, height), significance, noiseScale,
    nPositive: positive.reduce((n, f) => n + f.peaks.length, 0), nNegative: negative.reduce((n, f) => n + f.peaks.length, 0),
  };
}

function withNegativePeaks(footprint: Footprint): Footprint {
  return { ...footprint, peaks: footprint.peaks.map(p => ({ ...p, value: -p.value })) };
}

/** Footprints that share or touch pixels become one, with the peaks of all. */
export function mergeFootprints(footprints: readonly Footprint[], width: number, height: number): Footprint[] {
  const on = new Uint8Array(width * height);
  for (const { spans } of footprints) {
    for (let s = 0; s < spans.length; s += 3) on.fill(1, spans[s]! * width + spans[s + 1]!, spans[s]! * width + spans[s + 2]! + 1);
  }
  const { runs, label, count } = connectedComponents(on, width, height);
  const component = new Int32Array(width * height).fill(-1);
  const spans: number[][] = Array.from({ length: count }, () => []);
  for (let r = 0; r < label.length; r++) {
    const [y, x0, x1] = [runs[3 * r]!, runs[3 * r + 1]!, runs[3 * r + 2]!];
    component.fill(label[r]!, y * width + x0, y * width + x1 + 1);
    spans[label[r]!]!.push(y, x0, x1);
  }
  const peaks: Peak[][] = Array.from({ length: count }, () => []);
  for (const footprint of footprints) for (const peak of footprint.peaks) peaks[component[peak.y * width + peak.x]!]!.push(peak);
  return spans.map((s, k) => makeFootprint(Int32Array.from(s), peaks[k]!.sort((a, b) => Math.abs(b.value) - Math.abs(a.value))));
}
