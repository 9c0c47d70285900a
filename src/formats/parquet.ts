/**
 * Tables as Parquet. Units and meanings of the columns travel in the key `table_meta_yaml` of the file metadata, where
 * astropy and the Rubin butler look for them, and in the Arrow schema. Beside it stands what else they want to find: the
 * number of rows, and for text columns the length of the longest string; and a checksum of the file (parquetChecksum.ts). Columns are Snappy-compressed and REQUIRED, but
 * those with a column of nulls beside them (tableNulls.ts) are OPTIONAL and hold the nulls themselves.
 */
import { parquetMetadata, parquetRead, type DecodedArray, type FileMetaData, type SchemaElement } from 'hyparquet';
import { parquetWriteBuffer, type BasicType, type ColumnSource } from 'hyparquet-writer';
import { ApError } from '../model/errors.ts';
import type { Column, ColumnType, Table } from '../model/table.ts';
import { CHECKSUM_PAIR, checkParquet, sealParquet } from './parquetChecksum.ts';
import { ARROW_SCHEMA_KEY, arrowSchemaText, type ArrowField } from './arrowSchema.ts';
import { columnNotes, tableMetaYaml } from './tableMetaYaml.ts';
import { columnOfCells, nullableColumns, tableOfNullable, type Cell, type NullableColumn } from './tableNulls.ts';

const PARQUET_TYPE: Readonly<Record<ColumnType, BasicType>> = {
  f64: 'DOUBLE', f32: 'FLOAT', i32: 'INT32', i64: 'INT64', bool: 'BOOLEAN', string: 'STRING',
};
const META_KEY = 'table_meta_yaml';
const ROWS_KEY = 'lsst::arrow::rowcount';
/** Of the butler and of astropy. */
const LENGTH_KEYS = ['lsst::arrow::len', 'table::len'];
const ROW_GROUP_ROWS = 100_000;
/** Times as integers: a Date would lose what is finer than a millisecond. */
const TIME_PARSERS = {
  timestampFromMilliseconds: (t: bigint) => t * 1_000_000n,
  timestampFromMicroseconds: (t: bigint) => t * 1000n,
  timestampFromNanoseconds: (t: bigint) => t,
};
/** Rows beyond this are taken as damage. */
const MAX_ROWS = 2 ** 31;

/**
 * The table as a Parquet file. The same table gives the same bytes. Numbers are exact, including NaN, infinities,
 * -0 and 64-bit integers; in strings a lone surrogate becomes U+FFFD.
 */
export function writeTable(table: Table): Uint8Array {
  const columns = nullableColumns(table);
  const lengths = columns.flatMap(({ name, column: c }) =>
    c.type === 'string' ? LENGTH_KEYS.map(key => ({ key: `${key}::${name}`, value: String(longest(c.values)) })) : []);
  const plain: Table = { nRows: table.nRows, columns: Object.fromEntries(columns.map(({ name, column }) => [name, column])) };
  const metadata = [{ key: ROWS_KEY, value: String(table.nRows) }, ...lengths, { key: META_KEY, value: tableMetaYaml(plain) }];
  const buffer = parquetWriteBuffer({
    columnData: columns.map(source),
    kvMetadata: [...metadata, { key: ARROW_SCHEMA_KEY, value: arrowSchemaText(columns.map(arrowField), metadata) }, CHECKSUM_PAIR],
    rowGroupSize: ROW_GROUP_ROWS,
    createdBy: 'ap-verify',
  });
  return sealParquet(new Uint8Array(buffer));
}

function arrowField({ name, column: { type, unit, doc }, isNull }: NullableColumn): ArrowField {
  const metadata = { ...(unit === '' ? {} : { unit }), ...(doc === '' ? {} : { description: doc }) };
  return { name, type, isNullable: isNull !== null, metadata };
}

function source({ name, column: c, isNull }: NullableColumn): ColumnSource {
  const common = { name, type: PARQUET_TYPE[c.type], nullable: isNull !== null };
  // A dictionary would not tell -0 from 0.
  const encoding = c.type === 'f64' || c.type === 'f32' ? { encoding: 'PLAIN' as const } : {};
  if (isNull !== null) {
    const cells = Array.from<unknown, unknown>(c.values as ArrayLike<unknown>, (v, i) => (isNull[i] ? null : c.type === 'bool' ? v !== 0 : v));
    return { ...common, ...encoding, data: cells };
  }
  if (c.type === 'bool') return { ...common, data: Array.from(c.values, v => v !== 0) };
  if (c.type === 'string') return { ...common, data: c.values as string[] };
  return { ...common, ...encoding, data: c.values };
}

/** Characters of the longest string, at least 1 as numpy has it. */
function longest(strings: readonly string[]): number {
  return strings.reduce((most, text) => Math.max(most, [...text].length), 1);
}

/**
 * The table in a Parquet file, ours or foreign; columns in the file's order. DOUBLE, FLOAT and integers up to 64 bits,
 * BOOLEAN and text are understood (UINT_32 becomes i64).
 * @param options.nulls `refuse`: a null becomes NaN in float columns and is an error in others. `columns`: a null in any
 * column is told by a column beside it (tableNulls.ts), apart from NaN; times are taken too, as nanoseconds since 1970, and
 * columns of Arrow's type null, as text.
 * @throws ApError BAD_FORMAT: damaged or no Parquet; a column (named) that is nested, of another type, or null in a row
 * of a type that has no null; an unsigned 64-bit number beyond int64.
 */
export async function readTable(bytes: Uint8Array, options: { readonly nulls: 'refuse' | 'columns' } = { nulls: 'refuse' }): Promise<Table> {
  try {
    checkParquet(bytes);
    const file = fileOf(bytes);
    const metadata = parquetMetadata(file.whole);
    const elements = columnElements(metadata);
    const nRows = rowCount(metadata, elements.length);
    const chunks = new Map<string, Chunk[]>(elements.map(e => [e.name, []]));
    // Errors thrown in onChunk would be lost, so that it only collects.
    await parquetRead({ file, metadata, parsers: TIME_PARSERS, onChunk: chunk => chunks.get(chunk.columnName)?.push(chunk) });
    const notes = columnNotes(metadata.key_value_metadata?.find(pair => pair.key === META_KEY)?.value);
    const columns = elements.map(element => {
      const { unit = isTime(element) ? 'ns' : '', doc = isTime(element) ? 'since 1970' : '' } = notes.get(element.name) ?? {};
      return columnOf(element, { nRows, unit, doc, nulls: options.nulls }, chunks.get(element.name)!);
    });
    return tableOfNullable(columns, nRows);
  } catch (cause) {
    if (cause instanceof ApError) throw cause;
    const found = `${bytes.length} bytes: ${String((cause as Error).message)}`;
    throw new ApError('BAD_FORMAT', { where: 'Parquet file', found, expected: 'a whole Parquet file' }, { cause });
  }
}

interface Chunk { readonly columnData: DecodedArray; readonly rowStart: number; readonly rowEnd: number }

function fileOf(bytes: Uint8Array): { whole: ArrayBuffer; byteLength: number; slice: (start: number, end?: number) => ArrayBuffer } {
  const isWhole = bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength;
  const whole = isWhole ? (bytes.buffer as ArrayBuffer) : Uint8Array.from(bytes).buffer;
  return { whole, byteLength: whole.byteLength, slice: (start, end) => whole.slice(start, end) };
}

/** Schema elements of the columns; all must be flat. */
function columnElements(metadata: FileMetaData): SchemaElement[] {
  const [root, ...elements] = metadata.schema;
  const nested = elements.find(e => e.num_children !== undefined || e.repetition_type === 'REPEATED');
  if (nested !== undefined) throw badColumn(nested.name, 'a nested column', 'a flat column');
  if (elements.length !== (root?.num_children ?? 0)) throw new TypeError('the schema is not complete');
  return elements;
}

function rowCount(metadata: FileMetaData, nColumns: number): number {
  const noted = metadata.key_value_metadata?.find(pair => pair.key === ROWS_KEY)?.value;
  // Parquet has no rows without columns; our tables may.
  const nRows = Number(nColumns === 0 && noted !== undefined ? noted : metadata.num_rows);
  if (Number.isInteger(nRows) && nRows >= 0 && nRows < MAX_ROWS) return nRows;
  throw new ApError('BAD_FORMAT', { where: 'Parquet file, num_rows', found: nRows, expected: `a number below ${MAX_ROWS}` });
}

function typeOf({ name, type, converted_type, logical_type }: SchemaElement): ColumnType {
  const kind = converted_type ?? logical_type?.type ?? '';
  if (type === 'DOUBLE' && kind === '') return 'f64';
  if (type === 'FLOAT' && kind === '') return 'f32';
  if (type === 'BOOLEAN' && kind === '') return 'bool';
  if (type === 'BYTE_ARRAY' && /^(UTF8|STRING|ENUM)$/.test(kind)) return 'string';
  if (kind === 'UINT_32' || (type === 'INT64' && /^(|U?INT_64|INTEGER)$/.test(kind))) return 'i64';
  if (type === 'INT32' && /^(|U?INT_(8|16)|INT_32|INTEGER)$/.test(kind)) return 'i32';
  throw badColumn(name, `type ${type ?? ''} ${kind}`.trim(), 'a number, a boolean or text');
}

function isTime({ converted_type, logical_type }: SchemaElement): boolean {
  return (converted_type?.startsWith('TIMESTAMP') ?? false) || logical_type?.type === 'TIMESTAMP';
}

function isAllNull({ logical_type, repetition_type }: SchemaElement): boolean {
  return logical_type?.type === 'NULL' && repetition_type === 'OPTIONAL';
}

interface Wanted { readonly nRows: number; readonly unit: string; readonly doc: string; readonly nulls: 'refuse' | 'columns' }

function columnOf(element: SchemaElement, { nRows, unit, doc, nulls }: Wanted, chunks: readonly Chunk[]): NullableColumn {
  const { name } = element;
  const type = nulls === 'columns' && isTime(element) ? 'i64' : nulls === 'columns' && isAllNull(element) ? 'string' : typeOf(element);
  const nFound = chunks.reduce((n, chunk) => n + chunk.rowEnd - chunk.rowStart, 0);
  if (nFound !== nRows) throw badColumn(name, `${nFound} values`, `${nRows} values`);
  const isOptional = element.repetition_type === 'OPTIONAL' && nulls === 'columns';
  if ((type === 'f64' || type === 'f32') && !isOptional) {
    const values = type === 'f64' ? new Float64Array(nRows) : new Float32Array(nRows);
    for (const { columnData, rowStart } of chunks) fillFloats(values.subarray(rowStart), columnData);
    return { name, column: { type, unit, doc, values } as Column, isNull: null };
  }
  const cells = chunks.flatMap(chunk => Array.from(chunk.columnData as ArrayLike<Cell>));
  const empty = cells.findIndex(cell => cell === null || cell === undefined);
  if (empty >= 0 && !isOptional) throw badColumn(name, `no value in row ${empty}`, `a value in every row of a ${type} column`);
  const safe = type === 'i64' ? cells.map(cell => (cell === null || cell === undefined ? null : int64(name, cell as number | bigint))) : cells;
  return columnOfCells({ name, type, unit, doc }, safe);
}

function fillFloats(values: Float64Array | Float32Array, cells: DecodedArray): void {
  for (let i = 0; i < cells.length; i++) {
    const cell = cells[i] as number | null | undefined;
    values[i] = cell ?? NaN;
  }
}

function int64(name: string, cell: number | bigint): bigint {
  const value = BigInt(cell);
  if (BigInt.asIntN(64, value) !== value) throw badColumn(name, String(value), 'a number within int64');
  return value;
}

function badColumn(name: string, found: string, expected: string): ApError {
  return new ApError('BAD_FORMAT', { where: `Parquet column ${name}`, found, expected });
}
