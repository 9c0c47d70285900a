/** Columnar tables: what catalogs are in memory. */
export interface ColumnValues {
  f64: Float64Array;
  f32: Float32Array;
  i32: Int32Array;
  i64: BigInt64Array;
  bool: Uint8Array;
  string: readonly string[];
}
export type ColumnType = keyof ColumnValues;

export type Column = {
  [T in ColumnType]: { readonly type: T; readonly unit: string; readonly doc: string; readonly values: ColumnValues[T] };
}[ColumnType];

export interface Table {
  readonly nRows: number;
  readonly columns: Readonly<Record<string, Column>>;
}

/** Name, type, unit and meaning of one column. */
export interface ColumnSpec {
  readonly name: string;
  readonly type: ColumnType;
  readonly unit: string;
  readonly doc: string;
}

type Cell = number | bigint | boolean | string | null | undefined;

/**
 * A table from rows. Missing cells become NaN in float columns; in others they are an error,
 * because an integer has no value that means "absent".
 */
export function tableFromRows(specs: readonly ColumnSpec[], rows: readonly Readonly<Record<string, Cell>>[]): Table {
  const columns = Object.fromEntries(specs.map(spec => [spec.name, columnFromRows(spec, rows)]));
  return { nRows: rows.length, columns };
}

function columnFromRows(spec: ColumnSpec, rows: readonly Readonly<Record<string, Cell>>[]): Column {
  const { name, type, unit, doc } = spec;
  const need = (row: Readonly<Record<string, Cell>>, i: number): Cell => {
    const cell = row[name];
    if (cell === null || cell === undefined) throw new TypeError(`column ${name}: row ${i} has no value`);
    return cell;
  };
  const n = rows.length;
  switch (type) {
    case 'f64': return { type, unit, doc, values: Float64Array.from(rows, r => Number(r[name] ?? NaN)) };
    case 'f32': return { type, unit, doc, values: Float32Array.from(rows, r => Number(r[name] ?? NaN)) };
    case 'i32': return { type, unit, doc, values: Int32Array.from(rows, (r, i) => Number(need(r, i))) };
    case 'bool': return { type, unit, doc, values: Uint8Array.from(rows, (r, i) => (need(r, i) ? 1 : 0)) };
    case 'string': return { type, unit, doc, values: rows.map((r, i) => String(need(r, i))) };
    case 'i64': {
      const values = new BigInt64Array(n);
      rows.forEach((r, i) => { values[i] = BigInt(need(r, i) as bigint | number); });
      return { type, unit, doc, values };
    }
  }
}

/** Values of a column of the given type; throws when it is absent or of another type. */
export function column<T extends ColumnType>(table: Table, name: string, type: T): ColumnValues[T] {
  const found = table.columns[name];
  if (found === undefined) {
    throw new TypeError(`no column '${name}'; there are: ${Object.keys(table.columns).join(', ')}`);
  }
  if (found.type !== type) throw new TypeError(`column '${name}' is ${found.type}, expected ${type}`);
  return found.values as ColumnValues[T];
}

/** Numbers of a numeric or boolean column as float64 (a copy unless it is float64 already). */
export function numbers(table: Table, name: string): Float64Array {
  const found = table.columns[name];
  if (found === undefined || found.type === 'string') {
    throw new TypeError(`no numeric column '${name}'; there are: ${Object.keys(table.columns).join(', ')}`);
  }
  if (found.type === 'f64') return found.values;
  if (found.type === 'i64') return Float64Array.from(found.values, Number);
  return Float64Array.from(found.values);
}

/** The rows with the given indices, in that order. */
export function selectRows(table: Table, rows: ArrayLike<number>): Table {
  const columns = Object.fromEntries(
    Object.entries(table.columns).map(([name, c]) => [name, { ...c, values: pick(c, rows) } as Column]),
  );
  return { nRows: rows.length, columns };
}

function pick(c: Column, rows: ArrayLike<number>): Column['values'] {
  if (c.type === 'string') return Array.from(rows, i => c.values[i]!);
  if (c.type === 'i64') {
    const out = new BigInt64Array(rows.length);
    for (let k = 0; k < rows.length; k++) out[k] = c.values[rows[k]!]!;
    return out;
  }
  const out = new (c.values.constructor as Float64ArrayConstructor)(rows.length);
  for (let k = 0; k < rows.length; k++) out[k] = c.values[rows[k]!]!;
  return out as unknown as Column['values'];
}

/** The table with columns added or replaced. */
export function withColumns(table: Table, columns: Readonly<Record<string, Column>>): Table {
  return { nRows: table.nRows, columns: { ...table.columns, ...columns } };
}

/** Rows as plain objects; for small tables, tests and JSON. */
export function rowsOf(table: Table): Record<string, number | bigint | string>[] {
  const entries = Object.entries(table.columns);
  return Array.from({ length: table.nRows }, (_, i) =>
    Object.fromEntries(entries.map(([name, c]) => [name, c.values[i]!])));
}

/** Several tables with the same columns, one below the other. */
export function concatTables(tables: readonly Table[]): Table {
  const first = tables[0];
  if (first === undefined) throw new TypeError('concatTables needs at least one table');
  const nRows = tables.reduce((n, t) => n + t.nRows, 0);
  const columns = Object.fromEntries(Object.entries(first.columns).map(([name, c]) => {
    const parts = tables.map(t => column(t, name, c.type));
    return [name, { ...c, values: concatValues(c.type, parts, nRows) } as Column];
  }));
  return { nRows, columns };
}

function concatValues(type: ColumnType, parts: readonly ColumnValues[ColumnType][], nRows: number): Column['values'] {
  if (type === 'string') return (parts as readonly (readonly string[])[]).flat();
  const make = { f64: Float64Array, f32: Float32Array, i32: Int32Array, i64: BigInt64Array, bool: Uint8Array }[type];
  const out = new make(nRows) as Float64Array;
  let at = 0;
  for (const part of parts as readonly Float64Array[]) {
    out.set(part, at);
    at += part.length;
  }
  return out as unknown as Column['values'];
}
