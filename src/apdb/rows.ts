/** Tables to SQL columns and rows back. SQL knows NULL; our tables know NaN, and elsewhere a word for "none". */
import { ApError } from '../model/errors.ts';
import type { Column, ColumnType, Table } from '../model/table.ts';
import type { ApdbColumn } from '../model/apdbColumns.ts';
import { htmIndex } from '../sky/htm.ts';
import type { InsertColumn, SqlValue } from './connection.ts';
import { HTM_LEVEL } from './schema.ts';
import type { ApdbTable } from './schema.ts';

/** Columns of the schema that a table need not have though they may not be NULL: what the schema gives by default. */
const DEFAULTS: Readonly<Record<string, SqlValue>> = { trailNdata: 0n };

/**
 * A table as SQL values, one list a column of the schema, `pixelId` last. NaN, empty text and the identifier 0 of a column
 * that may be NULL become NULL; a column that may be NULL and that the table does not have, and columns beyond the schema, are
 * left out.
 * Throws ApError APDB for a value that the schema demands and a row does not have, and for text among numbers.
 */
export function sqlColumns(schema: ApdbTable, table: Table): InsertColumn[] {
  const columns = schema.columns.flatMap((column): InsertColumn[] => {
    if (column.nullable && table.columns[column.name] === undefined) return [];
    const values = sqlValues(column, table);
    const row = column.nullable ? -1 : values.indexOf(null);
    if (row >= 0) throw new ApError('APDB', { where: `${schema.name}.${column.name}, row ${row}`, found: 'no value', expected: column.schemaType });
    return [{ name: column.name, schemaType: column.schemaType, values }];
  });
  if (!schema.hasPixelId) return columns;
  const [ra, dec] = ['ra', 'dec'].map(name => columns.find(c => c.name === name)!.values as readonly number[]);
  return [...columns, { name: 'pixelId', schemaType: 'i64', values: Array.from({ length: table.nRows }, (_, i) => BigInt(htmIndex(HTM_LEVEL, ra![i]!, dec![i]!))) }];
}

function sqlValues(schema: ApdbColumn, table: Table): SqlValue[] {
  const found = table.columns[schema.name];
  if (found === undefined) return Array<SqlValue>(table.nRows).fill(DEFAULTS[schema.name] ?? null);
  if ((schema.type === 'string') !== (found.type === 'string')) {
    throw new ApError('APDB', { where: schema.name, found: `a column of type ${found.type}`, expected: schema.schemaType });
  }
  const toSql = found.type === 'string' ? (value: string): SqlValue => (value === '' ? null : value) : numberToSql(schema);
  return Array.from({ length: table.nRows }, (_, i) => toSql(found.values[i] as never));
}

function numberToSql({ type, nullable }: ApdbColumn): (value: number | bigint) => SqlValue {
  const integer = (value: number | bigint): bigint | null => (Number.isNaN(value) ? null : BigInt(value));
  if (isFloat(type)) return value => (Number.isNaN(value) ? null : Number(value));
  if (type === 'bool') return value => (Number.isNaN(value) ? null : Number(value) === 0 ? 0n : 1n);
  if (type !== 'i64' || !nullable) return integer;
  return value => (Number(value) === 0 ? null : integer(value));
}

/**
 * A table from SQL rows that hold the columns of the schema in its order. NULL becomes NaN in float columns, and 0, false
 * or empty text in the others; of these a column that is NULL in every row is left out, so that a flag that nobody has set
 * does not look like one that is false. Without rows all columns are there.
 */
export function tableOfSqlRows({ columns }: ApdbTable, rows: readonly (readonly SqlValue[])[]): Table {
  return {
    nRows: rows.length,
    columns: Object.fromEntries(columns.flatMap((column, k) => {
      if (rows.length > 0 && !isFloat(column.type) && rows.every(row => row[k] === null)) return [];
      return [[column.name, columnOfSql(column, rows, k)]];
    })),
  };
}

function columnOfSql({ type, unit }: ApdbColumn, rows: readonly (readonly SqlValue[])[], k: number): Column {
  const n = rows.length;
  const column = <T extends ColumnType>(values: unknown): Column => ({ type: type as T, unit, doc: '', values }) as Column;
  if (type === 'string') return column(rows.map(row => row[k] ?? ''));
  if (type === 'i64') {
    const values = new BigInt64Array(n);
    for (let i = 0; i < n; i++) values[i] = (rows[i]![k] ?? 0n) as bigint;
    return column(values);
  }
  const values = new { f64: Float64Array, f32: Float32Array, i32: Int32Array, bool: Uint8Array }[type](n);
  const absent = isFloat(type) ? NaN : 0;
  for (let i = 0; i < n; i++) values[i] = Number(rows[i]![k] ?? absent);
  return column(values);
}

function isFloat(type: ColumnType): boolean {
  return type === 'f64' || type === 'f32';
}
