/** Rows of the dimension tables, with the sky-pixel overlap rows of those that have a region. */
import type { DimensionRecord, TimeSpan } from '../model/dataset.ts';
import { ApError } from '../model/errors.ts';
import { htmEnvelope, indicesOfRanges } from '../sky/htm.ts';
import { base64OfBytes, bytesOfBase64, decodeRegionText } from '../sky/regionEncoding.ts';
import { insertRow, integerOf } from './connection.ts';
import type { Connection, Row, SqlValue } from './connection.ts';
import { elementColumns } from './schema.ts';
import { boundsOf, timespanOf } from './timespans.ts';
import { GOVERNORS, SPATIAL_ELEMENTS, governorOf, hasTable, isElement, keyColumns } from './universe.ts';

/** What happens to a record whose key exists with other values. */
export type OnConflict = 'error' | 'keep' | 'replace';

/** The pixelization that every spatial join goes through (`common` of the universe). */
const COMMON_LEVEL = 7;

/**
 * Inserts records. Keys are the names of the element's columns, `timespan` (a TimeSpan) and `region` (sphgeom bytes); what is left out is NULL. Equal rows are left alone.
 * @throws ApError REPOSITORY for an unknown element or column, a missing key, or a row with other values.
 */
export function insertDimensionRecords(
  connection: Connection, element: string, records: readonly DimensionRecord[], onConflict: OnConflict = 'error',
): void {
  tableColumns(element);
  connection.transaction(() => {
    for (const record of records) insertRecord(connection, element, record, onConflict);
  });
}

function insertRecord(connection: Connection, element: string, record: DimensionRecord, onConflict: OnConflict): void {
  const row = rowOf(element, record);
  const keys = keyColumns(element).map(({ column }) => column);
  const where = keys.map(key => `"${key}" = ?`).join(' AND ');
  const keyValues = keys.map(key => row[key]!);
  const existing = connection.get(`SELECT * FROM "${element}" WHERE ${where}`, ...keyValues);
  if (existing === undefined) {
    insertRow(connection, element, row);
    if (GOVERNORS.includes(element)) insertOverlapSummaries(connection, element, row);
    insertOverlaps(connection, element, row);
    return;
  }
  const differing = Object.keys(row).filter(column => !isSame(existing[column]!, row[column]!));
  if (differing.length === 0 || onConflict === 'keep') return;
  if (onConflict === 'error') {
    const shown = (from: Row): string => differing.map(column => `${column} ${String(from[column])}`).join(', ').slice(0, 200);
    throw new ApError('REPOSITORY', {
      where: `${element} ${keys.map((key, k) => `${key}=${String(keyValues[k])}`).join(', ')}`,
      found: shown(row), expected: shown(existing),
    });
  }
  const assignments = differing.map(c => `"${c}" = ?`).join(', ');
  connection.run(`UPDATE "${element}" SET ${assignments} WHERE ${where}`, ...differing.map(c => row[c]!), ...keyValues);
  if (differing.includes('region')) insertOverlaps(connection, element, row);
}

/** Numbers may come as bigint or double; a double holds every integer that we write there. */
function isSame(a: SqlValue, b: SqlValue): boolean {
  if (a === null || b === null || typeof a === 'string' || typeof b === 'string') return a === b;
  return typeof a === 'bigint' && typeof b === 'bigint' ? a === b : Number(a) === Number(b);
}

function rowOf(element: string, record: DimensionRecord): Row {
  const columns = tableColumns(element);
  const known = new Set([...columns.map(c => c.name), 'timespan']);
  const unknown = Object.keys(record).filter(key => !known.has(key));
  if (unknown.length > 0) {
    throw new ApError('REPOSITORY', { where: element, found: `column ${unknown.join(', ')}`, expected: [...known].join(', ') });
  }
  const timespan = timespanCells(record.timespan);
  const row = Object.fromEntries(columns.map(({ name }) =>
    [name, name.startsWith('timespan_') ? timespan[name]! : cellOf(element, name, record[name] ?? null)]));
  const missing = keyColumns(element).filter(({ column }) => row[column] === null).map(({ column }) => column);
  if (missing.length > 0) {
    throw new ApError('REPOSITORY', {
      where: element, found: `no ${missing.join(', ')}`, expected: 'a value for every key',
    });
  }
  return row;
}

function tableColumns(element: string): readonly { readonly name: string; readonly type: string }[] {
  if (!isElement(element) || !hasTable(element)) {
    throw new ApError('REPOSITORY', { found: `element '${element}'`, expected: 'a dimension element with a table' });
  }
  let columns = columnCache.get(element);
  if (columns === undefined) {
    columns = elementColumns(element);
    columnCache.set(element, columns);
  }
  return columns;
}

/** Derived from the universe alone, so it never goes stale. */
const columnCache = new Map<string, ReturnType<typeof elementColumns>>();

function timespanCells(timespan: DimensionRecord[string] | undefined): Readonly<Record<string, SqlValue>> {
  if (timespan === undefined || timespan === null) return { timespan_begin: null, timespan_end: null };
  const { begin, end } = boundsOf(timespan as TimeSpan);
  return { timespan_begin: begin, timespan_end: end };
}

function cellOf(element: string, column: string, value: DimensionRecord[string]): SqlValue {
  if (value === null || typeof value === 'string' || typeof value === 'bigint') return value;
  if (typeof value === 'boolean') return value ? 1n : 0n;
  if (typeof value === 'number') return Number.isNaN(value) ? null : Number.isSafeInteger(value) ? BigInt(value) : value;
  if (value instanceof Uint8Array) return base64OfBytes(value);
  throw new ApError('REPOSITORY', { where: `${element}.${column}`, found: 'a timespan', expected: 'a number, text or bytes' });
}

/** Says that the overlaps of every spatial element of the governor are kept for the common pixelization. */
function insertOverlapSummaries(connection: Connection, governor: string, row: Row): void {
  for (const element of SPATIAL_ELEMENTS.filter(name => governorOf(name) === governor)) {
    insertRow(connection, `${element}_skypix_overlap_summary`, { skypix_system: 'htm', skypix_level: COMMON_LEVEL, [governor]: row.name! });
  }
}

/** One row a pixel of the envelope of the region; without them spatial joins silently find nothing. */
function insertOverlaps(connection: Connection, element: string, row: Row): void {
  if (row.region === undefined) return;
  const table = `${element}_skypix_overlap`;
  const key = Object.fromEntries(keyColumns(element).map(({ dimension, column }) => [dimension, row[column]!]));
  connection.run(`DELETE FROM "${table}" WHERE ${Object.keys(key).map(c => `"${c}" = ?`).join(' AND ')}`, ...Object.values(key));
  if (row.region === null) return;
  const region = decodeRegionText(String(row.region));
  for (const pixel of indicesOfRanges(htmEnvelope(COMMON_LEVEL, region))) {
    insertRow(connection, table, { skypix_system: 'htm', skypix_level: COMMON_LEVEL, ...key, skypix_index: pixel });
  }
}

/**
 * All records of an element, ordered by key. Timespans are TimeSpan values, regions and hashes bytes; integers are
 * numbers, or bigint beyond 2^53. `band` gives the bands of all physical filters.
 * @throws ApError REPOSITORY for an unknown element.
 */
export function readDimensionRecords(connection: Connection, element: string): DimensionRecord[] {
  if (element === 'band') {
    return connection.all('SELECT DISTINCT band AS name FROM physical_filter ORDER BY band').map(row => ({ name: row.name! }));
  }
  const columns = tableColumns(element);
  const order = keyColumns(element).map(({ column }) => `"${column}"`).join(', ');
  return connection.all(`SELECT * FROM "${element}" ORDER BY ${order}`).map(row => recordOf(columns, row));
}

/** One row of an element's table as a record. */
export function recordOfRow(element: string, row: Row): DimensionRecord {
  return recordOf(tableColumns(element), row);
}

function recordOf(columns: readonly { readonly name: string; readonly type: string }[], row: Row): DimensionRecord {
  const record: Record<string, DimensionRecord[string]> = {};
  for (const { name, type } of columns) {
    const cell = row[name]!;
    if (name === 'timespan_begin') {
      record.timespan = cell === null ? null : timespanOf(cell as bigint, row.timespan_end as bigint);
    } else if (name !== 'timespan_end') record[name] = valueOf(type, cell);
  }
  return record;
}

function valueOf(type: string, cell: SqlValue): DimensionRecord[string] {
  if (cell === null) return null;
  if (type === 'region' || type === 'hash') return bytesOfBase64(String(cell));
  if (type === 'bool') return Number(cell) !== 0;
  if (type === 'float') return Number(cell);
  return typeof cell === 'bigint' && Number.isSafeInteger(Number(cell)) ? Number(cell) : cell;
}

/** Columns of the required dimensions of a dataset row, as values of a data ID. */
export function dataIdOfRow(required: readonly string[], row: Row): Record<string, string | number> {
  return Object.fromEntries(required.map(d => [d, typeof row[d] === 'string' ? row[d] : integerOf(row[d])]));
}

/**
 * Values that a data ID implies (filter, band, day, group) and the names of its exposure and detector, for file names.
 * Records that do not exist are left out.
 */
export function impliedFields(connection: Connection, dataId: Readonly<Record<string, string | number>>): Record<string, string | number> {
  const fields: Record<string, string | number> = {};
  const note = (name: string, value: SqlValue | undefined): void => {
    if (value !== null && value !== undefined) fields[name] = typeof value === 'bigint' ? integerOf(value) : value;
  };
  const own = (table: string): Row | undefined => {
    const keys = keyColumns(table);
    if (keys.some(({ dimension }) => dataId[dimension] === undefined)) return undefined;
    const where = keys.map(({ column }) => `"${column}" = ?`).join(' AND ');
    return connection.get(`SELECT * FROM "${table}" WHERE ${where}`, ...keys.map(({ dimension }) => dataId[dimension]!));
  };
  note('detector.full_name', own('detector')?.full_name);
  const exposure = own('exposure');
  note('exposure.obs_id', exposure?.obs_id);
  for (const row of [own('visit'), exposure]) {
    for (const name of ['day_obs', 'physical_filter', 'group']) note(name, row?.[name]);
  }
  const filter = dataId.physical_filter ?? fields.physical_filter;
  if (filter !== undefined && dataId.instrument !== undefined) {
    note('band', connection.get('SELECT band FROM physical_filter WHERE instrument = ? AND name = ?', dataId.instrument, filter)?.band);
  }
  return fields;
}
