/**
 * Cells without a value. An integer, boolean or text column has no value that means "absent", and NaN in a float column
 * is a value of its own; so a boolean column beside it, `<name>_isNull`, says where there is none. Such a pair survives
 * selection and concatenation of rows as any other columns do; the formats fold it into their own nulls and back. Under
 * a null stands the smallest integer, NaN, false or the empty text.
 */
import type { Column, ColumnSpec, ColumnType, ColumnValues, Table } from '../model/table.ts';

const SUFFIX = '_isNull';

export function isNullName(name: string): string {
  return `${name}${SUFFIX}`;
}

export interface NullableColumn {
  readonly name: string;
  readonly column: Column;
  /** 1 where there is no value; null when every row has one. */
  readonly isNull: Uint8Array | null;
}

/** The columns of a table, each with its nulls; the columns that only tell the nulls of others are left out. */
export function nullableColumns(table: Table): NullableColumn[] {
  const { columns } = table;
  const isCompanion = (name: string): boolean =>
    name.endsWith(SUFFIX) && columns[name]!.type === 'bool' && columns[name.slice(0, -SUFFIX.length)] !== undefined;
  return Object.entries(columns).filter(([name]) => !isCompanion(name)).map(([name, column]) => {
    const companion = columns[isNullName(name)];
    return { name, column, isNull: companion?.type === 'bool' ? companion.values : null };
  });
}

/** The reverse: a table in which every column that has a null is followed by its `_isNull` column. */
export function tableOfNullable(list: readonly NullableColumn[], nRows: number): Table {
  const columns = list.flatMap(({ name, column, isNull }): [string, Column][] => {
    if (isNull === null || !isNull.includes(1)) return [[name, column]];
    const doc = `true where ${name} has no value`;
    return [[name, column], [isNullName(name), { type: 'bool', unit: '', doc, values: isNull }]];
  });
  return { nRows, columns: Object.fromEntries(columns) };
}

export type Cell = number | bigint | boolean | string | null | undefined;

/** What stands in the place of a null of each type. */
const PLACEHOLDER = { f64: NaN, f32: NaN, i32: -(2 ** 31), i64: -(2n ** 63n), bool: 0, string: '' } as const;

/** A column from cells, null and undefined being nulls. Integers must fit the type: the caller has checked. */
export function columnOfCells({ name, type, unit, doc }: ColumnSpec, cells: readonly Cell[]): NullableColumn {
  const isNull = Uint8Array.from(cells, cell => (cell === null || cell === undefined ? 1 : 0));
  const filled = cells.map(cell => cell ?? PLACEHOLDER[type]);
  return { name, column: { type, unit, doc, values: valuesOf(type, filled) } as Column, isNull: isNull.includes(1) ? isNull : null };
}

function valuesOf(type: ColumnType, cells: readonly NonNullable<Cell>[]): ColumnValues[ColumnType] {
  switch (type) {
    case 'f64': return Float64Array.from(cells, Number);
    case 'f32': return Float32Array.from(cells, Number);
    case 'i32': return Int32Array.from(cells, Number);
    case 'i64': return BigInt64Array.from(cells, cell => BigInt(cell));
    case 'bool': return Uint8Array.from(cells, cell => (cell ? 1 : 0));
    case 'string': return cells.map(String);
  }
}
