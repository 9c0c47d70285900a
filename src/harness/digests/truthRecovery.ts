/** What became of every true change in the sky: the table behind completeness, purity and the residuals. */
import { psfFlux } from '../../astro/measurement/psfFlux.ts';
import { psfFwhm_px } from '../../astro/psf/psfShape.ts';
import * as types from '../../model/datasetTypes.ts';
import type { Exposure } from '../../model/image.ts';
import { maskOf } from '../../model/mask.ts';
import { column, numbers } from '../../model/table.ts';
import type { Table } from '../../model/table.ts';
import { pointGrid, pointsWithin } from '../../numeric/pointGrid.ts';
import { tangentOffset_arcsec } from '../../sky/sphere.ts';
import { skyToPixels } from '../../sky/wcs.ts';
import { defineDigest } from '../measure.ts';

/** One true object whose flux differs from the template's, on one image. */
export interface TrueChange {
  readonly id: string;
  readonly kind: string;
  /** True flux on the difference image, nJy; negative for one that has faded. */
  readonly deltaFlux: number;
  /** |deltaFlux| over the error of PSF photometry on the difference image. */
  readonly snr: number;
  /** False: outside the image or on pixels that are bad whatever is there. Left out of completeness. */
  readonly usable: boolean;
  /** A DIASource before the flag cuts lies on it. */
  readonly foundBeforeCuts: boolean;
  /** The DIASource that is assigned to it; null when it was missed. */
  readonly match: {
    readonly diaSourceId: string;
    /** Source minus truth on the sky, mas. */
    readonly east_mas: number;
    readonly north_mas: number;
    readonly flux: number;
    readonly fluxErr: number;
  } | null;
}

export interface TruthRecovery {
  readonly changes: readonly TrueChange[];
  /** DIASources after the flag cuts, and how many of them lie on a true change. */
  readonly nSources: number;
  readonly nTrueSources: number;
  /** S/N of each of these sources, and whether it lies on a true change. */
  readonly sourceSnr: readonly number[];
  readonly sourceIsTrue: readonly boolean[];
}

/** Places where nothing can be measured. Cosmic rays are not among them: a transient that is taken for one is missed. */
const UNUSABLE = maskOf('BAD', 'SAT', 'NO_DATA', 'EDGE', 'SAT_TEMPLATE');
const UNUSABLE_RADIUS_PX = 3;
/** True changes fainter than this explain no source: with many of them any source would lie on one. */
const MIN_SNR = 3;
const MIN_RADIUS_PX = 1;
const RADIUS_SIGMAS = 5;
const SIGMA_PER_FWHM = 1 / 2.3548200450309493;

/**
 * Sources and truth are paired one to one, closest first, within max(1 px, 5 sigma of the position at the
 * true S/N): sigma = FWHM / (2.355 S/N) per axis. Positions are compared on the sky, so a wrong WCS
 * costs completeness. Truth counts when it is marked visible, at least 3 px from BAD, SAT, NO_DATA, EDGE
 * and saturated template pixels, and inside the image: an injection list larger than the detector changes nothing.
 */
export const truthRecovery = defineDigest({
  digest: 'truthRecovery',
  inputs: {
    difference: types.differenceImage, truth: types.truth,
    unfiltered: types.diaSourceUnfiltered, filtered: types.diaSourceDetector,
  },
  compute({ difference, truth, unfiltered, filtered }, { detector }): TruthRecovery {
    const changes = changesOnImage(difference, truth, detector);
    const before = assign(changes, positions(difference, unfiltered, notSky(unfiltered)));
    const after = assign(changes, positions(difference, filtered, allRows(filtered)));
    const onTruth = new Set(after);
    return {
      changes: changes.map((change, i) => recovered(change, before[i]! >= 0, filtered, after[i]!)),
      nSources: filtered.nRows,
      nTrueSources: after.filter(row => row >= 0).length,
      sourceSnr: signalToNoise(filtered),
      sourceIsTrue: allRows(filtered).map(row => onTruth.has(row)),
    };
  },
});

function signalToNoise(sources: Table): number[] {
  const errors = numbers(sources, 'psfFluxErr');
  return Array.from(numbers(sources, 'psfFlux'), (flux, i) => Math.abs(flux) / errors[i]!);
}

interface Change {
  readonly id: string;
  readonly kind: string;
  readonly ra: number;
  readonly dec: number;
  readonly x: number;
  readonly y: number;
  readonly deltaFlux: number;
  readonly snr: number;
  readonly radius_px: number;
  readonly usable: boolean;
}

function changesOnImage(difference: Exposure, truth: Table, detector: number): Change[] {
  const { wcs, psf, width, height } = difference;
  if (wcs === null || psf === null) throw new TypeError('the difference image has no WCS or no PSF');
  const ids = column(truth, 'id', 'i64');
  const kinds = column(truth, 'kind', 'string');
  const [ra, dec, deltaFlux] = [numbers(truth, 'ra'), numbers(truth, 'dec'), numbers(truth, 'deltaFlux')];
  const visible = numbers(truth, 'visible');
  const onDetector = numbers(truth, 'detector');
  const trueSnr = truth.columns.snr === undefined ? null : numbers(truth, 'snr');
  const { x, y } = skyToPixels(wcs, ra, dec);
  const fwhm = psfFwhm_px(psf, width / 2, height / 2);
  return Array.from(ids.keys()).flatMap(i => {
    const inside = x[i]! > -0.5 && x[i]! < width - 0.5 && y[i]! > -0.5 && y[i]! < height - 0.5;
    if (!inside || onDetector[i] !== detector || !(Math.abs(deltaFlux[i]!) > 0)) return [];
    const snr = trueSnr?.[i] ?? Math.abs(deltaFlux[i]!) / psfFlux(difference, psf, x[i]!, y[i]!, 0).fluxErr;
    return [{
      id: String(ids[i]), kind: kinds[i]!, ra: ra[i]!, dec: dec[i]!, x: x[i]!, y: y[i]!, deltaFlux: deltaFlux[i]!, snr,
      radius_px: Math.max(MIN_RADIUS_PX, (RADIUS_SIGMAS * fwhm * SIGMA_PER_FWHM) / Math.max(snr, MIN_SNR)),
      usable: visible[i] !== 0 && Number.isFinite(snr) && isClean(difference, x[i]!, y[i]!),
    }];
  });
}

function isClean({ width, height, mask }: Exposure, x: number, y: number): boolean {
  const r = UNUSABLE_RADIUS_PX;
  for (let j = Math.ceil(y - r); j <= y + r; j++) {
    for (let i = Math.ceil(x - r); i <= x + r; i++) {
      if ((i - x) ** 2 + (j - y) ** 2 > r * r) continue;
      if (i < 0 || j < 0 || i >= width || j >= height || (mask[j * width + i]! & UNUSABLE) !== 0) return false;
    }
  }
  return true;
}

interface Positions {
  readonly rows: readonly number[];
  readonly x: Float64Array;
  readonly y: Float64Array;
}

function positions({ wcs }: Exposure, sources: Table, rows: readonly number[]): Positions {
  const [ra, dec] = [numbers(sources, 'ra'), numbers(sources, 'dec')];
  return { rows, ...skyToPixels(wcs!, Float64Array.from(rows, i => ra[i]!), Float64Array.from(rows, i => dec[i]!)) };
}

function notSky(sources: Table): number[] {
  const isSky = numbers(sources, 'isSky');
  return allRows(sources).filter(i => isSky[i] === 0);
}

function allRows({ nRows }: Table): number[] {
  return Array.from({ length: nRows }, (_, i) => i);
}

/** For each change the row of its source, or -1; one to one, smallest distance in units of the radius first. */
function assign(changes: readonly Change[], sources: Positions): Int32Array {
  const grid = pointGrid(sources.x, sources.y, 4);
  const pairs = changes.flatMap((c, i) => (c.snr < MIN_SNR ? [] : pointsWithin(grid, c.x, c.y, c.radius_px)
    .map(k => ({ i, k, distance: Math.hypot(sources.x[k]! - c.x, sources.y[k]! - c.y) / c.radius_px }))));
  pairs.sort((a, b) => a.distance - b.distance || a.i - b.i || a.k - b.k);
  const result = new Int32Array(changes.length).fill(-1);
  const taken = new Set<number>();
  for (const { i, k } of pairs) {
    if (result[i]! >= 0 || taken.has(k)) continue;
    taken.add(k);
    result[i] = sources.rows[k]!;
  }
  return result;
}

function recovered(
  { id, kind, deltaFlux, snr, usable, ...change }: Change, foundBeforeCuts: boolean, filtered: Table, row: number,
): TrueChange {
  const common = { id, kind, deltaFlux, snr, usable, foundBeforeCuts };
  if (row < 0) return { ...common, match: null };
  const [east, north] = tangentOffset_arcsec(numbers(filtered, 'ra')[row]!, numbers(filtered, 'dec')[row]!, change.ra, change.dec);
  return {
    ...common,
    match: {
      diaSourceId: String(column(filtered, 'diaSourceId', 'i64')[row]), east_mas: 1000 * east, north_mas: 1000 * north,
      flux: numbers(filtered, 'psfFlux')[row]!, fluxErr: numbers(filtered, 'psfFluxErr')[row]!,
    },
  };
}

