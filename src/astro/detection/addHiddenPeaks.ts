/** Sources that the light of a brighter neighbour hides: they appear when all known sources are subtracted. */
import type { Footprint, Peak } from '../../model/footprint.ts';
import type { MaskedImage } from '../../model/image.ts';
import { MASK } from '../../model/mask.ts';
import type { PsfModel } from '../../model/psf.ts';
import { pointGrid, pointsWithin } from '../../numeric/pointGrid.ts';
import type { PointGrid } from '../../numeric/pointGrid.ts';
import { median } from '../../numeric/statistics.ts';
import { bitsNear, withSources } from '../measurement/measureSources.ts';
import type { SubtractedField } from '../measurement/measureSources.ts';
import { detectFootprints } from './detectFootprints.ts';
import type { DetectedSources, SourceDetectionOptions } from './detectSources.ts';
import { matchedFilter } from './matchedFilter.ts';
import { separatePeaks } from './separatePeaks.ts';

export interface HiddenPeakOptions extends SourceDetectionOptions {
  /** Pixels that take no part in the fits of the known sources. */
  readonly fitBadBits: number;
  readonly rounds: number;
}

/** How far a peak must rise above its saddle to another on the residual. */
const PROMINENCE = 4;
/** Share of the significance at a place that must be left: an imperfect PSF leaves less of a star. */
const MIN_SHARE = 0.25;
/** Opposite of the neighbour less than this share of the peak may be left: galaxies leave rings or two lobes. */
const MAX_MIRROR = 0.4;

/**
 * The field with sources added for the peaks that are significant on the residual, at least 0.8 FWHM from every known source and
 * without a counterpart on the other side of the bright neighbour. The level of the residual around is taken off, so that
 * noise on the halo of a very bright star does not count. Peaks outside all footprints are dropped. Modifies the residual of the field.
 * @param field - the detected sources, subtracted.
 */
export function addHiddenPeaks(
  mi: MaskedImage, psf: PsfModel, { footprints, significance }: DetectedSources, field: SubtractedField, options: HiddenPeakOptions,
): SubtractedField {
  const { residual, positions } = field;
  const left = matchedFilter(residual, psf.fwhm_px / 2.3548, options.badBits, options.badBits | options.skyBits).data;
  const known = { positions, grid: pointGrid(positions.map(p => p.x), positions.map(p => p.y), 4 * psf.fwhm_px) };
  const hidden = detectFootprints(left, mi.width, mi.height, { threshold: options.threshold, growRadius_px: 0, minPixels: 1 })
    .flatMap(f => separatePeaks(left, mi.width, f, { minProminence: PROMINENCE, minContrast: 0.1 }).peaks)
    .filter(peak => left[peak.y * mi.width + peak.x]! > MIN_SHARE * significance[peak.y * mi.width + peak.x]!)
    .filter(peak => (bitsNear(mi, peak.x, peak.y, psf.fwhm_px) & (MASK.SAT | options.fitBadBits)) === 0)
    .filter(peak => isOneSided(peak, left, mi, known, psf.fwhm_px))
    .filter(peak => peak.value - ringLevel(left, mi, peak, 2 * psf.fwhm_px) > options.threshold);
  const added = hidden.flatMap(peak => {
    const footprint = footprints.find(f => contains(f, peak.x, peak.y));
    return footprint === undefined ? [] : [{ footprint, peak }];
  });
  return added.length === 0 ? field : withSources(field, added, { badBits: options.fitBadBits, rounds: options.rounds });
}

interface Known {
  readonly positions: readonly { readonly x: number; readonly y: number; readonly flux: number }[];
  readonly grid: PointGrid;
}

/** Whether a peak is apart from all known sources and has no mirror image about those within 3.5 FWHM. */
function isOneSided(peak: Peak, left: Float32Array, mi: MaskedImage, { positions, grid }: Known, fwhm: number): boolean {
  for (const k of pointsWithin(grid, peak.x, peak.y, 3.5 * fwhm)) {
    const s = positions[k]!;
    if (Math.hypot(s.x - peak.x, s.y - peak.y) < 0.8 * fwhm) return false;
    if (largestNear(left, mi, 2 * s.x - peak.x, 2 * s.y - peak.y, 0.4 * fwhm) > MAX_MIRROR * peak.value) return false;
  }
  return true;
}

/** Median of the residual on a circle around a peak, not below 0. */
function ringLevel(left: Float32Array, { width, height }: MaskedImage, peak: Peak, radius: number): number {
  const values: number[] = [];
  const n = Math.max(16, Math.round(2 * Math.PI * radius));
  for (let k = 0; k < n; k++) {
    const x = Math.round(peak.x + radius * Math.cos((2 * Math.PI * k) / n));
    const y = Math.round(peak.y + radius * Math.sin((2 * Math.PI * k) / n));
    if (x >= 0 && y >= 0 && x < width && y < height) values.push(left[y * width + x]!);
  }
  return Math.max(0, median(values));
}

function largestNear(image: Float32Array, { width, height }: MaskedImage, x: number, y: number, radius: number): number {
  let largest = -Infinity;
  for (let v = Math.max(0, Math.round(y - radius)); v <= Math.min(height - 1, Math.round(y + radius)); v++) {
    for (let u = Math.max(0, Math.round(x - radius)); u <= Math.min(width - 1, Math.round(x + radius)); u++) {
      largest = Math.max(largest, image[v * width + u]!);
    }
  }
  return largest;
}

function contains({ box, spans }: Footprint, x: number, y: number): boolean {
  if (x < box.x0 || y < box.y0 || x >= box.x0 + box.width || y >= box.y0 + box.height) return false;
  for (let s = 0; s < spans.length; s += 3) if (spans[s] === y && x >= spans[s + 1]! && x <= spans[s + 2]!) return true;
  return false;
}
