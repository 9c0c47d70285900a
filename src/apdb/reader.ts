/** Reading by region, object and time. Positions are found through `pixelId`; the cut by the region itself is exact. */
import type { SkyPolygon } from '../model/apdb.ts';
import type { Table } from '../model/table.ts';
import { htmEnvelope } from '../sky/htm.ts';
import { boundingCircle, polygonContains } from '../sky/sphere.ts';
import { idList, listedIds, quoted } from './connection.ts';
import type { SqlConnection, SqlValue } from './connection.ts';
import { tableOfSqlRows } from './rows.ts';
import { DIA_FORCED_SOURCE, DIA_OBJECT, DIA_SOURCE, HTM_LEVEL } from './schema.ts';
import type { ApdbForm, ApdbTable } from './schema.ts';

/** Days of history that are read back: 12 months of 30 days, the default of `dax_apdb`. */
export const READ_BACK_DAYS = 360;
/** At most so many index ranges for a region. */
const MAX_RANGES = 64;

export interface HistoryDays {
  readonly sources: number;
  readonly forcedSources: number;
}

export interface Reader {
  latestObjects(region: SkyPolygon): Table;
  sources(region: SkyPolygon, ids: readonly bigint[] | null, time_mjdTai: number): Table;
  forcedSources(region: SkyPolygon, ids: readonly bigint[] | null, time_mjdTai: number): Table;
  /** Latest versions of the given objects. */
  objectsById(ids: readonly bigint[]): Table;
  /** Latest versions that began at or after the given time. */
  objectsSince(start_mjdTai: number): Table;
}

/** Rows come in the order of their time and identifier, with all columns of the schema (see `tableOfSqlRows` for NULL). */
export function reader(db: SqlConnection, form: ApdbForm, days: HistoryDays): Reader {
  const open = 'o."validityEndMjdTai" IS NULL';
  const recent = '"midpointMjdTai" > ?';
  const isListed = `o."diaObjectId" IN (SELECT id FROM ${listedIds(db)} AS listed)`;
  const objects = select(DIA_OBJECT);
  const latest = form.indexMode === 'last_object_table' ? `${objects} JOIN "DiaObjectLast" l
    ON l."diaObjectId" = o."diaObjectId" AND l."validityStartMjdTai" = o."validityStartMjdTai"` : objects;
  const pixel = form.indexMode === 'last_object_table' ? 'l."pixelId"' : 'o."pixelId"';
  const inRegion = (sql: string, region: SkyPolygon, column: string, more: readonly SqlValue[] = []): SqlValue[][] =>
    pixelRanges(region).flatMap(([begin, end]) => db.all(`${sql} AND ${column} >= ? AND ${column} < ?`, [...more, begin, end]));
  const objectTable = (rows: SqlValue[][]): Table => tableOf(DIA_OBJECT, rows, 'diaObjectId');
  return {
    latestObjects: region => objectTable(inside(DIA_OBJECT, inRegion(`${latest} WHERE ${open}`, region, pixel), region)),
    objectsById: ids => objectTable(db.all(`${objects} WHERE ${open} AND ${isListed}`, [idList(db, ids)])),
    objectsSince: start => objectTable(db.all(`${objects} WHERE ${open} AND o."validityStartMjdTai" >= ?`, [start])),
    sources(region, ids, time) {
      const since = time - days.sources;
      const rows = ids !== null ? db.all(`${select(DIA_SOURCE)} WHERE ${isListed} AND ${recent}`, [idList(db, ids), since])
        : inside(DIA_SOURCE, inRegion(`${select(DIA_SOURCE)} WHERE ${recent}`, region, 'o."pixelId"', [since]), region);
      return tableOf(DIA_SOURCE, rows, 'midpointMjdTai', 'diaSourceId');
    },
    forcedSources(region, ids, time) {
      const since = time - days.forcedSources;
      // Forced sources have no pixelId: without identifiers they are searched by declination.
      const rows = ids !== null ? db.all(`${select(DIA_FORCED_SOURCE)} WHERE ${isListed} AND ${recent}`, [idList(db, ids), since])
        : inside(DIA_FORCED_SOURCE, db.all(`${select(DIA_FORCED_SOURCE)} WHERE dec BETWEEN ? AND ? AND ${recent}`,
          [...declinationRange(region), since]), region);
      return tableOf(DIA_FORCED_SOURCE, rows, 'midpointMjdTai', 'diaForcedSourceId');
    },
  };
}

/** Columns of the schema in its order, from the table as `o`. */
export function select({ name, columns }: ApdbTable): string {
  return `SELECT ${columns.map(c => `o.${quoted(c.name)}`).join(', ')} FROM ${quoted(name)} o`;
}

/** The rows as a table, sorted by the given columns. */
export function tableOf(schema: ApdbTable, rows: SqlValue[][], ...keys: readonly string[]): Table {
  const places = keys.map(key => schema.columns.findIndex(c => c.name === key));
  rows.sort((a, b) => {
    const k = places.find(place => a[place] !== b[place]);
    return k === undefined ? 0 : a[k]! < b[k]! ? -1 : 1;
  });
  return tableOfSqlRows(schema, rows);
}

function pixelRanges(region: SkyPolygon): [bigint, bigint][] {
  return htmEnvelope(HTM_LEVEL, region, MAX_RANGES).map(([begin, end]) => [BigInt(begin!), BigInt(end!)]);
}

/** Declinations of a circle around the polygon. */
function declinationRange(region: SkyPolygon): [number, number] {
  const { dec, radius_arcsec } = boundingCircle(region);
  const radius_deg = (radius_arcsec / 3600) * (1 + 1e-9);
  return [dec - radius_deg, dec + radius_deg];
}

function inside({ columns }: ApdbTable, rows: readonly SqlValue[][], region: SkyPolygon): SqlValue[][] {
  const [ra, dec] = ['ra', 'dec'].map(name => columns.findIndex(c => c.name === name)) as [number, number];
  return rows.filter(row => polygonContains(region, Number(row[ra]), Number(row[dec])));
}
