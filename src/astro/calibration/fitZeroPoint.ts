/** Photometric zero point from matches with a reference catalog. */
import { AlgorithmError } from '../../model/errors.ts';
import { intrinsicScatter } from '../../numeric/intrinsicScatter.ts';
import { median, madSigma } from '../../numeric/statistics.ts';

const MAG_PER_E = 2.5 / Math.LN10;

export interface PhotometryMatches {
  /** Flux in the unit of the exposure (electron) and its error. */
  readonly instFlux: ArrayLike<number>;
  readonly instFluxErr: ArrayLike<number>;
  /** Reference flux in the band, nJy; error NaN when unknown. */
  readonly refFlux: ArrayLike<number>;
  readonly refFluxErr: ArrayLike<number>;
}

export interface ZeroPointOptions {
  /** Matches farther than this many sigma (errors and intrinsic scatter together) are clipped. */
  readonly nSigma: number;
  /** Smallest error of one match, mag. */
  readonly errorFloor_mag: number;
  readonly minMatches: number;
}

export const ZERO_POINT_DEFAULTS: ZeroPointOptions = { nSigma: 3, errorFloor_mag: 0.003, minMatches: 3 };

export interface ZeroPoint {
  /** nJy of one unit of instFlux. */
  readonly calibration_nJy: number;
  readonly calibrationErr_nJy: number;
  /** AB magnitude of instFlux = 1, and its error. */
  readonly zeroPoint_mag: number;
  readonly zeroPointErr_mag: number;
  /** Standard deviation of the used matches about the zero point, mag; MAD of all matches for comparison. */
  readonly scatter_mag: number;
  readonly robustScatter_mag: number;
  /** Part of the scatter that the stated errors do not explain, mag. */
  readonly intrinsicScatter_mag: number;
  readonly nUsed: number;
  /** 1 for matches kept by the final clipping. */
  readonly used: Uint8Array;
}

/**
 * Weighted mean of reference minus instrumental magnitude. Weights come from both errors, a floor and the
 * intrinsic scatter, which is solved for together with the clipping; the start is the median, so that up to
 * half of the matches may be wrong. Matches without positive fluxes and a positive error are left out.
 * @throws AlgorithmError when fewer than `minMatches` are usable or survive.
 */
export function fitZeroPoint(matches: PhotometryMatches, options: Partial<ZeroPointOptions> = {}): ZeroPoint {
  const { nSigma, errorFloor_mag, minMatches } = { ...ZERO_POINT_DEFAULTS, ...options };
  const { index, offset, error } = offsets(matches, errorFloor_mag);
  const n = matches.instFlux.length;
  if (index.length < minMatches) {
    throw new AlgorithmError('too few matches with valid fluxes for a zero point',
      { nMatches: n, nValid: index.length, needed: minMatches });
  }
  let centre = median(offset);
  let scatter = Math.max(madSigma(offset), errorFloor_mag);
  let extra = 0;
  let kept: number[] = [];
  for (let pass = 0; pass < 20; pass++) {
    const sigma = (k: number): number => (pass === 0 ? Math.max(scatter, error[k]!) : Math.hypot(error[k]!, extra));
    const next = Array.from(offset.keys()).filter(k => Math.abs(offset[k]! - centre) <= nSigma * sigma(k));
    if (next.length < minMatches) {
      throw new AlgorithmError('the matches do not agree on a zero point',
        { nMatches: n, nValid: index.length, nKept: next.length, needed: minMatches, scatter_mag: scatter });
    }
    const unchanged = next.length === kept.length && next.every((k, i) => k === kept[i]);
    kept = next;
    extra = intrinsicScatter(kept.map(k => offset[k]! - centre), kept.map(k => error[k]!), 1);
    centre = weightedMean(kept, offset, error, extra);
    if (unchanged) break;
  }
  scatter = Math.sqrt(kept.reduce((sum, k) => sum + (offset[k]! - centre) ** 2, 0) / (kept.length - 1));
  const weight = kept.reduce((sum, k) => sum + 1 / (error[k]! ** 2 + extra * extra), 0);
  const used = new Uint8Array(n);
  for (const k of kept) used[index[k]!] = 1;
  const calibration = 10 ** ((31.4 - centre) / 2.5);
  return {
    calibration_nJy: calibration, calibrationErr_nJy: calibration / Math.sqrt(weight) / MAG_PER_E,
    zeroPoint_mag: centre, zeroPointErr_mag: 1 / Math.sqrt(weight),
    scatter_mag: scatter, robustScatter_mag: madSigma(offset), intrinsicScatter_mag: extra,
    nUsed: kept.length, used,
  };
}

/** AB magnitude of instFlux 1 that each usable match asks for, with its error. */
function offsets(
  m: PhotometryMatches, floor_mag: number,
): { index: number[]; offset: Float64Array; error: Float64Array } {
  const isUsable = (i: number): boolean => m.instFlux[i]! > 0 && m.instFluxErr[i]! > 0 && m.refFlux[i]! > 0
    && Number.isFinite(m.instFlux[i]! + m.refFlux[i]!);
  const index = Array.from({ length: m.instFlux.length }, (_, i) => i).filter(isUsable);
  const offset = Float64Array.from(index, i => 31.4 - 2.5 * Math.log10(m.refFlux[i]! / m.instFlux[i]!));
  const error = Float64Array.from(index, i => {
    const reference = m.refFluxErr[i]! > 0 ? m.refFluxErr[i]! / m.refFlux[i]! : 0;
    return Math.hypot(MAG_PER_E * (m.instFluxErr[i]! / m.instFlux[i]!), MAG_PER_E * reference, floor_mag);
  });
  return { index, offset, error };
}

function weightedMean(rows: readonly number[], values: Float64Array, errors: Float64Array, extra: number): number {
  let sum = 0;
  let weights = 0;
  for (const k of rows) {
    const weight = 1 / (errors[k]! ** 2 + extra * extra);
    sum += weight * values[k]!;
    weights += weight;
  }
  return sum / weights;
}
