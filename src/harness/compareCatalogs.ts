/** Two runs by what they found: DIASources of A only, of B only, and of both with their differences. */
import { column, numbers } from '../model/table.ts';
import type { Table } from '../model/table.ts';
import { madSigma, median } from '../numeric/statistics.ts';
import { tangentOffset_arcsec } from '../sky/sphere.ts';
import { nearestOnSky } from '../sky/skyMatch.ts';
import type { Item } from './resultSource.ts';

/** Radius of `nb_utils.compare_sources` of analysis_ap. */
export const MATCH_RADIUS_ARCSEC = 0.5;

export interface SourceRow {
  readonly visit: number;
  readonly detector: number;
  readonly diaSourceId: string;
  readonly ra: number;
  readonly dec: number;
  /** nJy; NaN when it was not measured. */
  readonly flux: number;
  readonly snr: number;
}

export interface MatchedSource {
  readonly a: SourceRow;
  readonly b: SourceRow;
  /** b minus a. */
  readonly east_mas: number;
  readonly north_mas: number;
  readonly fluxRatio: number;
}

export interface CatalogComparison {
  readonly onlyA: readonly SourceRow[];
  readonly onlyB: readonly SourceRow[];
  readonly matched: readonly MatchedSource[];
  readonly summary: {
    readonly nA: number; readonly nB: number; readonly nMatched: number;
    /** Medians over the matched sources; NaN for none. */
    readonly medianEast_mas: number; readonly medianNorth_mas: number; readonly scatter_mas: number;
    readonly medianFluxRatio: number; readonly fluxRatioScatter: number;
  };
}

/**
 * Mutual nearest neighbours within 0.5 arcsec of the same visit and detector. Tables need diaSourceId, ra and dec (degrees);
 * psfFlux and psfFluxErr (nJy) are used when they are there. Order: by visit, detector, id. Cost: linear.
 */
export function compareCatalogs(a: readonly Item<Table>[], b: readonly Item<Table>[]): CatalogComparison {
  const [imagesA, imagesB] = [byImage(a), byImage(b)];
  const result = { onlyA: [] as SourceRow[], onlyB: [] as SourceRow[], matched: [] as MatchedSource[] };
  for (const image of [...new Set([...imagesA.keys(), ...imagesB.keys()])]) {
    const [rowsA, rowsB] = [imagesA.get(image) ?? [], imagesB.get(image) ?? []];
    const [forth, back] = [nearest(rowsA, rowsB), nearest(rowsB, rowsA)];
    const isMutual = (i: number): boolean => forth[i]! >= 0 && back[forth[i]!] === i;
    rowsA.forEach((row, i) => { if (isMutual(i)) result.matched.push(pairOf(row, rowsB[forth[i]!]!)); else result.onlyA.push(row); });
    result.onlyB.push(...rowsB.filter((_, j) => !(back[j]! >= 0 && forth[back[j]!] === j)));
  }
  result.onlyA.sort(inOrder);
  result.onlyB.sort(inOrder);
  result.matched.sort((x, y) => inOrder(x.a, y.a));
  return { ...result, summary: summaryOf(result) };
}

function inOrder(x: SourceRow, y: SourceRow): number {
  return x.visit - y.visit || x.detector - y.detector || (BigInt(x.diaSourceId) < BigInt(y.diaSourceId) ? -1 : 1);
}

function byImage(items: readonly Item<Table>[]): Map<string, SourceRow[]> {
  const rows = items.flatMap(({ dataId, value }) => {
    const [ids, ra, dec] = [column(value, 'diaSourceId', 'i64'), numbers(value, 'ra'), numbers(value, 'dec')];
    const flux = value.columns.psfFlux === undefined ? null : numbers(value, 'psfFlux');
    const fluxErr = value.columns.psfFluxErr === undefined ? null : numbers(value, 'psfFluxErr');
    return Array.from(ids, (id, i): SourceRow => ({
      visit: Number(dataId.visit), detector: Number(dataId.detector), diaSourceId: String(id), ra: ra[i]!, dec: dec[i]!,
      flux: flux?.[i] ?? NaN, snr: Math.abs((flux?.[i] ?? NaN) / (fluxErr?.[i] ?? NaN)),
    }));
  });
  return Map.groupBy(rows, row => `${row.visit} ${row.detector}`);
}

function nearest(from: readonly SourceRow[], to: readonly SourceRow[]): Int32Array {
  const ra = (rows: readonly SourceRow[]): number[] => rows.map(r => r.ra);
  const dec = (rows: readonly SourceRow[]): number[] => rows.map(r => r.dec);
  return nearestOnSky(ra(from), dec(from), ra(to), dec(to), MATCH_RADIUS_ARCSEC).index;
}

function pairOf(a: SourceRow, b: SourceRow): MatchedSource {
  const [east, north] = tangentOffset_arcsec(b.ra, b.dec, a.ra, a.dec);
  return { a, b, east_mas: 1000 * east, north_mas: 1000 * north, fluxRatio: b.flux / a.flux };
}

function summaryOf({ onlyA, onlyB, matched }: Pick<CatalogComparison, 'onlyA' | 'onlyB' | 'matched'>): CatalogComparison['summary'] {
  const [east, north, ratio] = [matched.map(m => m.east_mas), matched.map(m => m.north_mas), matched.map(m => m.fluxRatio)];
  return {
    nA: onlyA.length + matched.length, nB: onlyB.length + matched.length, nMatched: matched.length,
    medianEast_mas: median(east), medianNorth_mas: median(north),
    scatter_mas: Math.sqrt((madSigma(east) ** 2 + madSigma(north) ** 2) / 2),
    medianFluxRatio: median(ratio), fluxRatioScatter: madSigma(ratio),
  };
}
