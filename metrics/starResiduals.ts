/** Stars of the science images against the reference catalog and against themselves. */
import type { Item } from '../src/harness/resultSource.ts';
import { take } from '../src/harness/samples.ts';
import { column, numbers } from '../src/model/table.ts';
import type { Table } from '../src/model/table.ts';
import { median } from '../src/numeric/statistics.ts';
import { tangentOffset_arcsec } from '../src/sky/sphere.ts';

export interface StarOffset {
  /** Number of the image in data ID order. */
  readonly image: number;
  readonly visit: number;
  readonly band: string;
  /** The same text for the same reference star. */
  readonly star: string;
  /** Source minus reference, mas. */
  readonly east: number;
  readonly north: number;
}

/** Matches with finite positions and a signal to noise above the minimum, image by image. */
export function starOffsets(matches: readonly Item<Table>[], bandOf: (item: Item<Table>) => string, snrMin: number): StarOffset[] {
  return matches.flatMap((item, image) => {
    const { value: table, dataId } = item;
    const [ra, dec, refRa, refDec] = [numbers(table, 'ra'), numbers(table, 'dec'), numbers(table, 'refRa'), numbers(table, 'refDec')];
    const snr = numbers(table, 'snr');
    return Array.from(snr.keys()).filter(i => snr[i]! > snrMin).flatMap(i => {
      const [east, north] = tangentOffset_arcsec(ra[i]!, dec[i]!, refRa[i]!, refDec[i]!);
      if (!Number.isFinite(east + north)) return [];
      return [{
        image, visit: Number(dataId.visit), band: bandOf(item), star: `${refRa[i]!},${refDec[i]!}`, east: 1000 * east, north: 1000 * north,
      }];
    });
  });
}

export interface StarMagnitude {
  readonly image: number;
  readonly band: string;
  readonly star: string;
  /** Reference and calibrated AB magnitude. */
  readonly refMag: number;
  readonly mag: number;
}

/**
 * Matches with both fluxes positive and a signal to noise above the minimum. The calibrated flux is that of the
 * star catalog of the image, found by source id.
 */
export function starMagnitudes(
  matches: readonly Item<Table>[], stars: readonly Item<Table>[], bandOf: (item: Item<Table>) => string, snrMin: number,
): StarMagnitude[] {
  return matches.flatMap((item, image) => {
    const { value: table, dataId } = item;
    const catalog = stars.find(s => s.dataId.visit === dataId.visit && s.dataId.detector === dataId.detector);
    if (catalog === undefined) return [];
    const flux = numbers(catalog.value, 'psfFlux');
    const rowOf = new Map(Array.from(column(catalog.value, 'id', 'i64'), (id, row) => [id, row]));
    const sourceId = column(table, 'sourceId', 'i64');
    const [refRa, refDec, refFlux, snr] = ['refRa', 'refDec', 'refFlux', 'snr'].map(name => numbers(table, name)) as [
      Float64Array, Float64Array, Float64Array, Float64Array];
    return Array.from(snr.keys()).flatMap(i => {
      const row = rowOf.get(sourceId[i]!);
      if (row === undefined || !(snr[i]! > snrMin && flux[row]! > 0 && refFlux[i]! > 0)) return [];
      return [{ image, band: bandOf(item), star: `${refRa[i]!},${refDec[i]!}`, refMag: magOf(refFlux[i]!), mag: magOf(flux[row]!) }];
    });
  });
}

function magOf(flux_nJy: number): number {
  return 31.4 - 2.5 * Math.log10(flux_nJy);
}

/** Value minus the median of its group; groups by any key. */
export function aboutGroupMedian(values: readonly number[], groups: readonly (string | number)[]): Float64Array {
  const medians = new Map([...membersOf(groups)].map(([group, rows]) => [group, median(take(values, rows))]));
  return Float64Array.from(values, (v, i) => v - medians.get(groups[i]!)!);
}

/** Indices of each group, in order of first appearance. */
export function membersOf<K>(groups: readonly K[]): Map<K, number[]> {
  const members = new Map<K, number[]>();
  groups.forEach((group, i) => {
    const list = members.get(group);
    if (list === undefined) members.set(group, [i]);
    else list.push(i);
  });
  return members;
}

/**
 * Deviations of repeated values from the mean of their group, times sqrt(k / (k - 1)) for k values, so that their
 * variance is that of one value whatever k is. Groups of one are left out; one list a group.
 */
export function repeatDeviations(values: readonly number[], groups: readonly string[]): number[][] {
  return [...membersOf(groups).values()].filter(rows => rows.length > 1).map(rows => {
    const mean = rows.reduce((sum, i) => sum + values[i]!, 0) / rows.length;
    const scale = Math.sqrt(rows.length / (rows.length - 1));
    return rows.map(i => (values[i]! - mean) * scale);
  });
}
