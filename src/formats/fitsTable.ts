/** FITS tables, binary and ASCII, as columnar tables and back. */
import { ApError } from '../model/errors.ts';
import type { Column, Table } from '../model/table.ts';
import {
  asciiNulls, asciiNumbers, asciiStrings, asciiTable, binTable, card, columnNulls, columnNumbers, columnStrings, findHdu, hduText, readFits,
  writeFits, type BinColumn, type BinColumnInput, type BinTable, type Card, type FitsFile, type FitsHdu, type PixelArray,
} from './fits/index.ts';
import { columnOfCells, nullableColumns, tableOfNullable, type Cell, type NullableColumn } from './tableNulls.ts';

/** Vector cells longer than this stay out of the table. */
const MAX_ELEMENTS = 64;
/** Tables that describe other HDUs: those of FITS_LDAC and of afw archives. */
const NOT_DATA = new Set(['LDAC_IMHEAD', 'ARCHIVE_INDEX']);
const NULL_INT32 = -(2 ** 31);
const NULL_INT64 = -(2n ** 63n);
const INT64 = 2n ** 63n;

export interface FitsTable {
  readonly table: Table;
  readonly hdu: FitsHdu;
  /** One sentence for each column that a table cannot hold. */
  readonly warnings: readonly string[];
}

/**
 * The table of a FITS file: the HDU of the name, else the first table that is not only about other HDUs. Units are TUNIT, meanings
 * TDOC (afw) or TCOMM (TOPCAT). A vector column of n elements becomes n columns `name_0`, `name_1` ...; a bit column whose bits have
 * names (TFLAG, afw) one boolean column for each. TNULL becomes a null beside the column (tableNulls.ts), undefined logicals
 * too. Variable-length columns and vectors of more than 64 elements are left out with a warning.
 * @throws ApError BAD_FITS when there is no table; BAD_FORMAT for an unsigned number beyond int64.
 */
export function readFitsTable(bytes: Uint8Array, hduName?: string): FitsTable {
  const file = readFits(bytes);
  const hdu = hduName === undefined ? firstTable(file) : findHdu(file, hduName);
  if (hdu === undefined || (hdu.kind !== 'bintable' && hdu.kind !== 'asciiTable')) {
    throw new ApError('BAD_FITS', { found: file.hdus.map(hduText).join(', '), expected: hduName === undefined ? 'a table' : `a table ${hduName}` });
  }
  if (hdu.kind === 'asciiTable') return { hdu, ...tableOfAscii(hdu) };
  const table = binTable(hdu);
  const parts = table.columns.map((column, i) => columnsOf(table, column, i + 1));
  const warnings = parts.flatMap(part => ('warning' in part ? [part.warning] : []));
  const columns = parts.flatMap(part => ('columns' in part ? part.columns : []));
  return { table: tableOfNullable(columns, table.nRows), hdu, warnings };
}

function firstTable(file: FitsFile): FitsHdu | undefined {
  return file.hdus.find(({ kind, isCompressedImage, name, header }) => (kind === 'bintable' || kind === 'asciiTable') && !isCompressedImage
    && !NOT_DATA.has(name.toUpperCase()) && header.EXTTYPE !== 'ARCHIVE_INDEX');
}

function tableOfAscii(hdu: FitsHdu): { table: Table; warnings: string[] } {
  const ascii = asciiTable(hdu);
  const columns = ascii.columns.map((column, i): NullableColumn => {
    const notes = { name: column.name, unit: column.unit, doc: docOf(hdu, i + 1) };
    if (column.letter === 'A') return columnOfCells({ ...notes, type: 'string' }, asciiStrings(ascii, column.name));
    return numericColumn(notes, asciiNumbers(ascii, column.name), asciiNulls(ascii, column.name));
  });
  return { table: tableOfNullable(columns, ascii.nRows), warnings: [] };
}

function docOf(hdu: FitsHdu, i: number): string {
  const text = hdu.header[`TDOC${i}`] ?? hdu.header[`TCOMM${i}`] ?? '';
  return String(text).trim();
}

type Part = { readonly columns: readonly NullableColumn[] } | { readonly warning: string };

function columnsOf(table: BinTable, column: BinColumn, i: number): Part {
  const { name, unit, letter, repeat, descriptor } = column;
  const notes = { name, unit, doc: docOf(table.hdu, i) };
  const perRow = letter === 'C' || letter === 'M' ? 2 * repeat : repeat;
  if (descriptor !== null) return { warning: `${hduText(table.hdu)}: column ${name} of variable length is left out` };
  if (letter === 'A') return { columns: [columnOfCells({ ...notes, type: 'string' }, columnStrings(table, name))] };
  if (perRow === 0) return { warning: `${hduText(table.hdu)}: column ${name} has no elements` };
  if (perRow > MAX_ELEMENTS && letter !== 'X') {
    return { warning: `${hduText(table.hdu)}: column ${name} of ${perRow} elements a row is left out` };
  }
  const values = columnNumbers(table, name);
  const isNull = columnNulls(table, name);
  const names = namesOf(table.hdu, column, perRow);
  return {
    columns: names.map((own, k) => {
      const part = everyNth(values, perRow, k);
      const nulls = isNull === null ? null : everyNth(isNull, perRow, k);
      const ownNotes = { ...notes, name: own };
      return letter === 'L' || letter === 'X' ? logicalColumn(ownNotes, part as Uint8Array) : numericColumn(ownNotes, part, nulls);
    }),
  };
}

/** One name an element; bits are named by TFLAG, counted through all bit columns of afw's single one. */
function namesOf(hdu: FitsHdu, { name, letter }: BinColumn, perRow: number): string[] {
  if (letter === 'X') {
    const named = Array.from({ length: perRow }, (_, k) => hdu.header[`TFLAG${k + 1}`]);
    if (named.every(flag => typeof flag === 'string')) return named.map(flag => String(flag).trim());
  }
  if (letter === 'C' || letter === 'M') {
    const parts = perRow === 2 ? [''] : Array.from({ length: perRow / 2 }, (_, k) => `_${k}`);
    return parts.flatMap(part => [`${name}${part}_re`, `${name}${part}_im`]);
  }
  return perRow === 1 ? [name] : Array.from({ length: perRow }, (_, k) => `${name}_${k}`);
}

function everyNth<T extends PixelArray>(values: T, n: number, offset: number): T {
  if (n === 1) return values;
  const out = new (values.constructor as new (length: number) => T)(values.length / n);
  for (let row = 0; row < out.length; row++) out[row] = values[row * n + offset]!;
  return out;
}

interface Notes { readonly name: string; readonly unit: string; readonly doc: string }

function logicalColumn(notes: Notes, values: Uint8Array): NullableColumn {
  return columnOfCells({ ...notes, type: 'bool' }, Array.from(values, v => (v === 255 ? null : v !== 0)));
}

function numericColumn(notes: Notes, values: PixelArray, isNull: Uint8Array | null): NullableColumn {
  const { name, unit, doc } = notes;
  if (values instanceof Float64Array) return { name, column: { type: 'f64', unit, doc, values }, isNull: null };
  if (values instanceof Float32Array) return { name, column: { type: 'f32', unit, doc, values }, isNull: null };
  const isWide = values instanceof BigInt64Array || values instanceof BigUint64Array || values instanceof Uint32Array;
  if (values instanceof BigUint64Array) {
    const row = values.findIndex(v => v >= INT64);
    if (row >= 0) throw new ApError('BAD_FORMAT', { where: `FITS column ${name}, row ${row}`, found: values[row]!, expected: 'a number below 2^63' });
  }
  if (isNull !== null) {
    const cells = Array.from(values as ArrayLike<number | bigint>, (v, row): Cell => (isNull[row] ? null : v));
    return columnOfCells({ ...notes, type: isWide ? 'i64' : 'i32' }, cells);
  }
  if (values instanceof Int32Array) return { name, column: { type: 'i32', unit, doc, values }, isNull };
  if (values instanceof BigInt64Array) return { name, column: { type: 'i64', unit, doc, values }, isNull };
  if (!isWide) return { name, column: { type: 'i32', unit, doc, values: Int32Array.from(values) }, isNull };
  return { name, column: { type: 'i64', unit, doc, values: BigInt64Array.from(values as ArrayLike<number | bigint>, v => BigInt(v)) }, isNull };
}

/**
 * A file with the table as its first extension. Nulls of integers become TNULL (the smallest integer); those of other columns keep
 * their `_isNull` column. Meanings go into TCOMM cards.
 * @throws ApError BAD_FORMAT for text that is not ASCII, which FITS cannot hold.
 */
export function writeFitsTable(table: Table, name?: string): Uint8Array {
  const columns = nullableColumns(table).flatMap(c => {
    if (c.isNull === null || c.column.type === 'i32' || c.column.type === 'i64') return [c];
    const companion = `${c.name}_isNull`;
    return [{ ...c, isNull: null }, { name: companion, column: table.columns[companion]!, isNull: null }];
  });
  const cards: Card[] = columns.flatMap(({ column: { doc } }, i) => (doc === '' ? [] : [card(`TCOMM${i + 1}`, doc.replace(/[^\x20-\x7e]/g, '?'))]));
  return writeFits([{ kind: 'bintable', ...(name === undefined ? {} : { name }), cards, nRows: table.nRows, columns: columns.map(inputOf) }]);
}

function inputOf({ name, column, isNull }: NullableColumn): BinColumnInput {
  const common = { name: ascii(name, 'a column name'), unit: ascii(column.unit, `the unit of ${name}`) };
  switch (column.type) {
    case 'bool': return { ...common, type: 'logical', values: column.values };
    case 'string': {
      column.values.forEach((text, row) => ascii(text, `column ${name}, row ${row}`));
      return { ...common, type: 'strings', values: column.values };
    }
    case 'i32': case 'i64': return { ...common, type: 'numbers', ...integersWithNull(column, isNull) };
    default: return { ...common, type: 'numbers', values: column.values };
  }
}

function integersWithNull(column: Column & { readonly type: 'i32' | 'i64' }, isNull: Uint8Array | null): {
  values: Int32Array | BigInt64Array; nullValue?: number | bigint;
} {
  if (isNull === null) return { values: column.values };
  if (column.type === 'i32') return { values: column.values.map((v, row) => (isNull[row] ? NULL_INT32 : v)), nullValue: NULL_INT32 };
  return { values: column.values.map((v, row) => (isNull[row] ? NULL_INT64 : v)), nullValue: NULL_INT64 };
}

function ascii(text: string, where: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  throw new ApError('BAD_FORMAT', { where: `FITS table, ${where}`, found: JSON.stringify(text.slice(0, 40)), expected: 'printable ASCII' });
}
