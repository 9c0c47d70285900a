/** Small tables of objects, sources and forced sources as a visit would store them. */
import { DIA_FORCED_SOURCE_COLUMNS, DIA_OBJECT_COLUMNS, DIA_SOURCE_COLUMNS } from '../../src/model/apdbColumns.ts';
import type { ApdbColumn } from '../../src/model/apdbColumns.ts';
import type { ApdbVisit, SkyPolygon } from '../../src/model/apdb.ts';
import { tableFromRows } from '../../src/model/table.ts';
import type { Table } from '../../src/model/table.ts';

export type Row = Readonly<Record<string, number | bigint | string | boolean>>;

/** Ids beyond 2^53, so that a detour through a double would show. */
export const BIG = 173_409_123_456_789_012n;

export function visitOf(visit: number, detector = 1, time_mjdTai = 60_000 + visit): ApdbVisit {
  return { visit, detector, time_mjdTai };
}

function tableOf(columns: readonly ApdbColumn[], rows: readonly Row[]): Table {
  const given = new Set(rows.flatMap(row => Object.keys(row)));
  const filled = rows.map(row => Object.fromEntries(columns.map(c =>
    [c.name, row[c.name] ?? (c.type === 'string' ? 'g' : c.type === 'i64' ? 0n : c.type === 'f64' || c.type === 'f32' ? NaN : 0)])));
  const specs = columns.filter(c => !c.nullable || given.has(c.name)).map(({ name, type }) => ({ name, type, unit: '', doc: '' }));
  return tableFromRows(specs, filled);
}

/** Objects with an id and a position; `n` sources. */
export function objectsOf(rows: readonly Row[]): Table {
  return tableOf(DIA_OBJECT_COLUMNS, rows.map(row =>
    ({ validityStartMjdTai: 0, ra: 150, dec: 2, nDiaSources: 1, g_psfFluxMean: 100, ...row })));
}

export function sourcesOf({ visit, detector, time_mjdTai }: ApdbVisit, rows: readonly Row[]): Table {
  return tableOf(DIA_SOURCE_COLUMNS, rows.map(row => ({
    visit, detector, midpointMjdTai: time_mjdTai, timeProcessedMjdTai: time_mjdTai, ra: 150, dec: 2, x: 5, y: 6,
    band: 'g', bboxSize: 30, diaObjectId: 0n, psfFlux: 100, isNegative: false, ...row,
  })));
}

export function forcedOf({ visit, detector, time_mjdTai }: ApdbVisit, rows: readonly Row[]): Table {
  return tableOf(DIA_FORCED_SOURCE_COLUMNS, rows.map(row => ({
    visit, detector, midpointMjdTai: time_mjdTai, timeProcessedMjdTai: time_mjdTai, ra: 150, dec: 2, band: 'g', psfFlux: 90, ...row,
  })));
}

export const NONE: Table = { nRows: 0, columns: {} };

/** A square around (150, 2) with the given half side in degrees. */
export function squareAround(ra: number, dec: number, half_deg: number): SkyPolygon {
  const d = half_deg / Math.cos(dec * Math.PI / 180);
  return { vertices_deg: [[ra - d, dec - half_deg], [ra + d, dec - half_deg], [ra + d, dec + half_deg], [ra - d, dec + half_deg]] };
}
