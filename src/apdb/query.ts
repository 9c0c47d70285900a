/** Rows by position, object, visit and time, and whole tables in parts. */
import type { Table } from '../model/table.ts';
import { htmEnvelope } from '../sky/htm.ts';
import { offsetBy, separation_arcsec } from '../sky/sphere.ts';
import { idList, listedIds, quoted } from './connection.ts';
import type { SqlConnection, SqlValue } from './connection.ts';
import { select, tableOf } from './reader.ts';
import { tableOfSqlRows } from './rows.ts';
import { DIA_FORCED_SOURCE, DIA_OBJECT, DIA_SOURCE, HTM_LEVEL, inMode } from './schema.ts';
import type { ApdbForm, ApdbTable } from './schema.ts';

export const QUERY_TABLES = { objects: DIA_OBJECT, sources: DIA_SOURCE, forced: DIA_FORCED_SOURCE } as const;
export type QueryTable = keyof typeof QUERY_TABLES;

export interface Cone {
  readonly ra_deg: number;
  readonly dec_deg: number;
  /** At most 10 degrees. */
  readonly radius_arcsec: number;
}

/** Every condition must hold; an absent one always does. */
export interface ApdbQuery {
  readonly table: QueryTable;
  readonly cone?: Cone;
  readonly diaObjectIds?: readonly bigint[];
  readonly visit?: number;
  readonly detector?: number;
  /** Begin of validity of objects, time of sources: from, and before. */
  readonly since_mjdTai?: number;
  readonly until_mjdTai?: number;
  /** Closed versions of objects, too. */
  readonly hasAllVersions?: boolean;
}

const CORNERS = 8;
const MAX_RANGES = 64;

/** The rows that fit, ordered by time and identifier. Positions are found by their index but for forced sources, which have none. */
export function queryRows(db: SqlConnection, query: ApdbQuery): Table {
  const schema = QUERY_TABLES[query.table];
  const isObject = query.table === 'objects';
  const time = isObject ? 'validityStartMjdTai' : 'midpointMjdTai';
  const conditions: [sql: string, parameters: SqlValue[]][] = [];
  const add = (sql: string, ...parameters: SqlValue[]): void => { conditions.push([sql, parameters]); };
  if (isObject && query.hasAllVersions !== true) add('o."validityEndMjdTai" IS NULL');
  if (query.diaObjectIds !== undefined) add(`o."diaObjectId" IN (SELECT id FROM ${listedIds(db)} AS listed)`, idList(db, query.diaObjectIds));
  if (query.visit !== undefined) add('o.visit = ?', BigInt(query.visit));
  if (query.detector !== undefined) add('o.detector = ?', BigInt(query.detector));
  if (query.since_mjdTai !== undefined) add(`o.${quoted(time)} >= ?`, query.since_mjdTai);
  if (query.until_mjdTai !== undefined) add(`o.${quoted(time)} < ?`, query.until_mjdTai);
  const rows = query.cone === undefined ? selected(db, schema, conditions)
    : inCone(schema, coneConditions(schema, query.cone).flatMap(condition => selected(db, schema, [...conditions, condition])), query.cone);
  return tableOf(schema, rows, ...(isObject ? ['diaObjectId', time] : [time, schema.columns[0]!.name]));
}

function selected(db: SqlConnection, schema: ApdbTable, conditions: readonly (readonly [string, SqlValue[]])[]): SqlValue[][] {
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.map(([sql]) => sql).join(' AND ')}`;
  return db.all(`${select(schema)}${where}`, conditions.flatMap(([, parameters]) => parameters));
}

/** Index ranges of a polygon around the circle, or a range of declinations. */
function coneConditions({ hasPixelId }: ApdbTable, { ra_deg, dec_deg, radius_arcsec }: Cone): [string, SqlValue[]][] {
  const reach_arcsec = radius_arcsec / Math.cos(Math.PI / CORNERS) * 1.001 + 0.001;
  if (!hasPixelId) return [['o.dec BETWEEN ? AND ?', [dec_deg - reach_arcsec / 3600, dec_deg + reach_arcsec / 3600]]];
  // Counter-clockwise as seen from outside: from north by west.
  const vertices_deg = Array.from({ length: CORNERS }, (_, k) => offsetBy(ra_deg, dec_deg, -k * 360 / CORNERS, reach_arcsec));
  return htmEnvelope(HTM_LEVEL, { vertices_deg }, MAX_RANGES)
    .map(([begin, end]) => ['o."pixelId" >= ? AND o."pixelId" < ?', [BigInt(begin!), BigInt(end!)]]);
}

function inCone({ columns }: ApdbTable, rows: readonly SqlValue[][], { ra_deg, dec_deg, radius_arcsec }: Cone): SqlValue[][] {
  const [ra, dec] = ['ra', 'dec'].map(name => columns.findIndex(c => c.name === name)) as [number, number];
  return rows.filter(row => separation_arcsec(ra_deg, dec_deg, Number(row[ra]), Number(row[dec])) <= radius_arcsec);
}

/** A table in the order of its primary key, in parts of at most so many rows: a database of any size fits into memory. */
export function* tableParts(db: SqlConnection, form: ApdbForm, table: QueryTable, nRowsMax: number): Generator<Table> {
  const schema = inMode(QUERY_TABLES[table], form);
  const key = schema.primaryKey.map(name => `o.${quoted(name)}`).join(', ');
  const places = schema.primaryKey.map((_, k) => schema.columns.length + k);
  const sql = select(schema).replace(' FROM ', `, ${key} FROM `);
  let last: SqlValue[] | null = null;
  for (;;) {
    const after: string = last === null ? '' : ` WHERE (${key}) > (${last.map(() => '?').join(', ')})`;
    const rows: SqlValue[][] = db.all(`${sql}${after} ORDER BY ${key} LIMIT ${nRowsMax}`, last ?? []);
    if (rows.length > 0 || last === null) yield tableOfSqlRows(schema, rows);
    if (rows.length < nRowsMax) return;
    last = places.map(place => rows.at(-1)![place]!);
  }
}

/** Numbers of rows by table, and of objects that are open and of those with one source. */
export function countRows(db: SqlConnection): Readonly<Record<string, number>> {
  const count = (sql: string): number => Number(db.all(`SELECT count(*) FROM ${sql}`)[0]![0]);
  return {
    DiaObject: count('"DiaObject"'), DiaSource: count('"DiaSource"'), DiaForcedSource: count('"DiaForcedSource"'),
    'open DiaObjects': count('"DiaObject" WHERE "validityEndMjdTai" IS NULL'),
    'open DiaObjects with one source': count('"DiaObject" WHERE "validityEndMjdTai" IS NULL AND "nDiaSources" = 1'),
    'visits and detectors': count('(SELECT DISTINCT visit, detector FROM "DiaSource") AS d'),
  };
}
