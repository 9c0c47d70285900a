/** Tables to SQL rows and back. SQL knows NULL; our tables know NaN, and elsewhere a word for "none". */
import { ApError } from '../model/errors.ts';
import { tableFromRows } from '../model/table.ts';
import type { ColumnSpec, Table } from '../model/table.ts';
import type { ApdbColumn } from '../model/apdbColumns.ts';
import { htmIndex } from '../sky/htm.ts';
import { HTM_LEVEL } from './schema.ts';
import type { ApdbTable } from './schema.ts';

export type SqlValue = number | bigint | string | null;
export type SqlRow = Readonly<Record<string, SqlValue>>;

/** Columns of the schema that a table need not have though they may not be NULL: what the schema gives by default. */
const DEFAULTS: Readonly<Record<string, SqlValue>> = { trailNdata: 0n };

/**
 * One row as SQL values in the order of the schema, `pixelId` last. NaN, empty text and the identifier 0 of a column
 * that may be NULL become NULL, as does a column that the table does not have; columns beyond the schema are left out.
 * Throws ApError APDB for a value that the schema demands and the row does not have, and for text among numbers.
 */
export function sqlRow(schema: ApdbTable, table: Table, row: number): SqlValue[] {
  const values = schema.columns.map(c => {
    const value = sqlValue(c, table, row);
    if (value === null && !c.nullable) {
      throw new ApError('APDB', { where: `${schema.name}.${c.name}, row ${row}`, found: 'no value', expected: c.schemaType });
    }
    return value;
  });
  if (!schema.hasPixelId) return values;
  const [ra, dec] = ['ra', 'dec'].map(name => Number(sqlValueOf(schema, values, name)));
  return [...values, BigInt(htmIndex(HTM_LEVEL, ra!, dec!))];
}

function sqlValueOf(schema: ApdbTable, values: readonly SqlValue[], name: string): SqlValue {
  return values[schema.columns.findIndex(c => c.name === name)]!;
}

function sqlValue(schema: ApdbColumn, table: Table, row: number): SqlValue {
  const found = table.columns[schema.name];
  if (found === undefined) return DEFAULTS[schema.name] ?? null;
  const value = found.values[row]!;
  if ((schema.type === 'string') !== (typeof value === 'string')) {
    throw new ApError('APDB', { where: schema.name, found: `a column of type ${found.type}`, expected: schema.schemaType });
  }
  if (typeof value === 'string') return value === '' ? null : value;
  if (Number.isNaN(value)) return null;
  if (schema.type === 'f64' || schema.type === 'f32') return Number(value);
  if (schema.type === 'bool') return Number(value) === 0 ? 0n : 1n;
  const integer = BigInt(value);
  return schema.type === 'i64' && schema.nullable && integer === 0n ? null : integer;
}

/**
 * A table from SQL rows (integers as BigInt): the columns of the schema in its order, without `pixelId`. NULL becomes
 * NaN in float columns, and 0, false or empty text in the others; of these a column that is NULL in every row is left
 * out, so that a flag that nobody has set does not look like one that is false. Without rows all columns are there.
 */
export function tableOfSqlRows(schema: ApdbTable, rows: readonly SqlRow[]): Table {
  const specs: ColumnSpec[] = schema.columns
    .filter(c => rows.length === 0 || isFloat(c) || rows.some(row => row[c.name] !== null))
    .map(({ name, type, unit }) => ({ name, type, unit, doc: '' }));
  const absent = specs.filter(c => !isFloat(c)).map((c): [string, SqlValue] => [c.name, c.type === 'string' ? '' : 0n]);
  return tableFromRows(specs, rows.map(row => {
    const filled: Record<string, SqlValue> = { ...row };
    for (const [name, value] of absent) filled[name] ??= value;
    return filled;
  }));
}

function isFloat({ type }: Pick<ApdbColumn, 'type'>): boolean {
  return type === 'f64' || type === 'f32';
}
