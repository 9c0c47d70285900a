/** Binary tables: column declarations and cell values (FITS standard 4.0 section 7.3). */
import { ApError } from '../../model/errors.ts';
import { badCard, cardInteger, cardNumber, hduText, requireWholeData, type FitsHdu } from './hdu.ts';
import { decodePixels, unsigned, type PixelArray } from './pixelBytes.ts';

/** Bytes of one element by TFORM letter; X counts bits, P and Q are descriptors. */
const LETTER_BYTES: Readonly<Record<string, number>> = {
  L: 1, X: 1, B: 1, I: 2, J: 4, K: 8, A: 1, E: 4, D: 8, C: 8, M: 16, P: 8, Q: 16,
};
const BITPIX_OF_LETTER: Readonly<Record<string, number>> = { B: 8, I: 16, J: 32, K: 64, E: -32, D: -64, C: -32, M: -64 };
const MAX_COLUMNS = 999;
/** Rows without bytes cost nothing in a file and may not cost much in memory. */
const MAX_EMPTY_ROWS = 1_000_000;
/** Cells may share bytes of the heap; all together may not grow beyond this many times the heap. */
const MAX_HEAP_REUSE = 4;
const MIN_HEAP_ALLOWED = 2 ** 20;

export interface BinColumn {
  readonly name: string;
  readonly unit: string;
  /** TFORM letter of the elements; for variable-length columns that of the heap elements. */
  readonly letter: string;
  /** Elements a row (bits for X, characters for A). */
  readonly repeat: number;
  /** 'P' or 'Q' when the elements lie in the heap. */
  readonly descriptor: 'P' | 'Q' | null;
  /** First byte inside the row, and bytes a row. */
  readonly offset: number;
  readonly bytes: number;
  readonly scale: number;
  /** TZERO; bigint for the offset of unsigned 64-bit. */
  readonly zero: number | bigint;
  readonly nullValue: number | bigint | null;
  /** Characters a string where a row holds several (`60A12`, or TDIM of an A column); null otherwise. */
  readonly wordWidth: number | null;
  /** TDIM, fastest axis first; null when not given. */
  readonly dim: readonly number[] | null;
}

export interface BinTable {
  readonly hdu: FitsHdu;
  readonly nRows: number;
  readonly rowBytes: number;
  readonly columns: readonly BinColumn[];
  readonly heap: Uint8Array;
}

/** Complex elements are interleaved (re, im). Logical: 1 true, 0 false, 255 undefined. Bits: one byte a bit. */
export type CellArray = PixelArray;

/**
 * Declarations of a binary table.
 * @throws ApError BAD_FITS for odd forms, or columns that do not fill the row width.
 */
export function binTable(hdu: FitsHdu): BinTable {
  if (hdu.kind !== 'bintable') {
    throw new ApError('BAD_FITS', { where: hduText(hdu), found: hdu.kind, expected: 'a binary table' });
  }
  const rowBytes = cardInteger(hdu, 'NAXIS1', { min: 0, max: 2 ** 40 });
  const nRows = cardInteger(hdu, 'NAXIS2', { min: 0, max: 2 ** 40 });
  requireWholeData(hdu);
  if (rowBytes * nRows > hdu.data.length || (rowBytes === 0 && nRows > MAX_EMPTY_ROWS)) {
    throw badCard(hdu, 'NAXIS2', nRows, `rows of ${rowBytes} bytes inside ${hdu.data.length} bytes of data`);
  }
  const nColumns = cardInteger(hdu, 'TFIELDS', { min: 0, max: MAX_COLUMNS });
  const columns: BinColumn[] = [];
  let offset = 0;
  for (let i = 1; i <= nColumns; i++) {
    const column = columnOf(hdu, i, offset);
    columns.push(column);
    offset += column.bytes;
  }
  if (offset > rowBytes) {
    throw new ApError('BAD_FITS', { where: `${hduText(hdu)}, NAXIS1`, found: rowBytes, expected: `${offset} bytes for the columns` });
  }
  const theap = cardInteger(hdu, 'THEAP', { min: 0, max: 2 ** 53, fallback: rowBytes * nRows });
  return { hdu, nRows, rowBytes, columns, heap: hdu.data.subarray(Math.min(theap, hdu.data.length)) };
}

function columnOf(hdu: FitsHdu, i: number, offset: number): BinColumn {
  const form = hdu.header[`TFORM${i}`];
  const match = /^\s*(\d*)([LXBIJKAEDCM]|([PQ])([LXBIJKAEDCM])(\(\d*\))?)(\d*)/.exec(String(form ?? ''));
  if (match === null) throw badCard(hdu, `TFORM${i}`, form, 'a form such as 1J, 20A or PE(100)');
  const count = match[1] === '' ? 1 : Number(match[1]);
  const descriptor = (match[3] as 'P' | 'Q' | undefined) ?? null;
  const letter = match[4] ?? match[2]!;
  const bytes = elementBytes(descriptor ?? letter, count);
  const dim = dimOf(hdu.header[`TDIM${i}`]);
  const nullValue = hdu.header[`TNULL${i}`];
  if (!Number.isSafeInteger(bytes)) throw badCard(hdu, `TFORM${i}`, form, 'a row below 2^53 bytes');
  return {
    name: String(hdu.header[`TTYPE${i}`] ?? `col${i}`).trim(), unit: String(hdu.header[`TUNIT${i}`] ?? '').trim(),
    letter, repeat: count, descriptor, offset, bytes,
    scale: cardNumber(hdu, `TSCAL${i}`, 1), zero: zeroOf(hdu, i),
    nullValue: typeof nullValue === 'number' || typeof nullValue === 'bigint' ? nullValue : null,
    wordWidth: letter === 'A' && descriptor === null ? wordWidth(count, dim, match[6]!) : null, dim,
  };
}

function wordWidth(repeat: number, dim: readonly number[] | null, substring: string): number | null {
  const width = dim !== null && dim.length > 1 ? dim[0]! : Number(substring);
  return width > 0 && width < repeat ? width : null;
}

function zeroOf(hdu: FitsHdu, i: number): number | bigint {
  const zero = hdu.header[`TZERO${i}`];
  return typeof zero === 'bigint' ? zero : cardNumber(hdu, `TZERO${i}`, 0);
}

function dimOf(text: unknown): number[] | null {
  const match = typeof text === 'string' ? /^\s*\(\s*(\d+(\s*,\s*\d+)*)\s*\)/.exec(text) : null;
  return match === null ? null : match[1]!.split(',').map(Number);
}

function elementBytes(letter: string, count: number): number {
  return letter === 'X' ? Math.ceil(count / 8) : LETTER_BYTES[letter]! * count;
}

/** The column with the name, compared without case. @throws ApError BAD_FITS listing the names. */
export function columnNamed(table: BinTable, name: string): BinColumn {
  const found = table.columns.find(c => c.name.toUpperCase() === name.toUpperCase());
  if (found === undefined) {
    throw new ApError('BAD_FITS', { where: hduText(table.hdu), expected: `a column ${name}`, found: table.columns.map(c => c.name).join(', ') });
  }
  return found;
}

/**
 * Numbers of a fixed-width column, `repeat` (complex: twice) elements a row, row after row. The type is that of the
 * stored form; unsigned integers by TZERO come back unsigned, any other TSCAL or TZERO as float64 (TNULL as NaN).
 */
export function columnNumbers(table: BinTable, name: string): CellArray {
  const column = columnNamed(table, name);
  if (column.descriptor !== null || column.letter === 'A') {
    throw new ApError('BAD_FITS', { where: `${hduText(table.hdu)}, column ${name}`, found: column.descriptor ?? 'A', expected: 'numbers of fixed width' });
  }
  return elements(gathered(table, column), column, table.nRows * column.repeat);
}

/** Strings of an A column, one a row, cut at a NUL, trailing blanks removed. */
export function columnStrings(table: BinTable, name: string): string[] {
  const column = stringColumn(table, name);
  return cutStrings(gathered(table, column), column.bytes, table.nRows);
}

/** As `columnStrings` where a row holds several strings (`60A12`, or TDIM): all of them, row after row. */
export function columnWords(table: BinTable, name: string): { perRow: number; words: string[] } {
  const column = stringColumn(table, name);
  const width = column.wordWidth ?? column.repeat;
  const perRow = width === 0 ? 1 : Math.floor(column.repeat / width);
  const bytes = gathered(table, column);
  const words: string[] = [];
  for (let row = 0; row < table.nRows; row++) words.push(...cutStrings(bytes.subarray(row * column.bytes), width, perRow));
  return { perRow, words };
}

function stringColumn(table: BinTable, name: string): BinColumn {
  const column = columnNamed(table, name);
  if (column.letter === 'A' && column.descriptor === null) return column;
  throw new ApError('BAD_FITS', { where: `${hduText(table.hdu)}, column ${name}`, found: column.letter, expected: 'strings (A)' });
}

function cutStrings(bytes: Uint8Array, width: number, n: number): string[] {
  return Array.from({ length: n }, (_, i) => textOf(bytes.subarray(i * width, (i + 1) * width)));
}

/**
 * Which elements of an integer column are undefined (equal to TNULL): 1 undefined, 0 defined, in the order of
 * `columnNumbers`; null when the column declares no TNULL.
 */
export function columnNulls(table: BinTable, name: string): Uint8Array | null {
  const column = columnNamed(table, name);
  if (column.nullValue === null || !'BIJK'.includes(column.letter) || column.descriptor !== null) return null;
  const stored = decodePixels(gathered(table, column), BITPIX_OF_LETTER[column.letter]!);
  const isNull = nullTest(stored, column.nullValue);
  return Uint8Array.from({ length: stored.length }, (_, i) => (isNull(stored[i]!) ? 1 : 0));
}

function nullTest(stored: PixelArray, nullValue: number | bigint | null): (v: number | bigint) => boolean {
  if (nullValue === null || stored instanceof Float32Array || stored instanceof Float64Array) return () => false;
  if (stored instanceof BigInt64Array) {
    const wanted = Number.isInteger(Number(nullValue)) ? BigInt(nullValue) : null;
    return v => v === wanted;
  }
  const wanted = Number(nullValue);
  return v => v === wanted;
}

/**
 * One cell of a variable-length column.
 * @throws ApError BAD_FITS when the descriptor points outside the heap.
 */
export function heapCell(table: BinTable, column: BinColumn, row: number): CellArray {
  const { bytes, count } = heapBytes(table, column, row);
  return elements(bytes, column, count);
}

/** Bytes of one variable-length cell as they lie in the heap. */
export function heapBytes(table: BinTable, column: BinColumn, row: number): { bytes: Uint8Array; count: number } {
  const { hdu, heap } = table;
  const view = new DataView(hdu.data.buffer, hdu.data.byteOffset, hdu.data.byteLength);
  const at = row * table.rowBytes + column.offset;
  const isWide = column.descriptor === 'Q';
  const count = isWide ? Number(view.getBigInt64(at)) : view.getInt32(at);
  const start = isWide ? Number(view.getBigInt64(at + 8)) : view.getInt32(at + 4);
  const length = elementBytes(column.letter, count);
  if (count < 0 || (count > 0 && (start < 0 || start + length > heap.length))) {
    throw new ApError('BAD_FITS', {
      where: `${hduText(hdu)}, column ${column.name}, row ${row}`, found: `${length} bytes at ${start} of the heap`, expected: `inside ${heap.length} bytes`,
    });
  }
  return { bytes: count === 0 ? new Uint8Array(0) : heap.subarray(start, start + length), count };
}

/**
 * All cells of a variable-length column.
 * @throws ApError BAD_FITS when a descriptor points outside the heap, or so many at the same bytes that the cells
 *   would need several times the memory of the heap.
 */
export function columnArrays(table: BinTable, name: string): CellArray[] {
  const column = columnNamed(table, name);
  if (column.descriptor === null) {
    throw new ApError('BAD_FITS', { where: `${hduText(table.hdu)}, column ${name}`, found: column.letter, expected: 'a variable-length column' });
  }
  const allowed = Math.max(MIN_HEAP_ALLOWED, MAX_HEAP_REUSE * table.heap.length);
  let total = 0;
  return Array.from({ length: table.nRows }, (_, row) => {
    const { bytes, count } = heapBytes(table, column, row);
    total += bytes.length;
    if (total > allowed) {
      throw new ApError('BAD_FITS', {
        where: `${hduText(table.hdu)}, column ${name}, row ${row}`, found: `descriptors of more than ${allowed} bytes`,
        expected: `cells that share the ${table.heap.length} bytes of the heap at most ${MAX_HEAP_REUSE} times`,
      });
    }
    return elements(bytes, column, count);
  });
}

/** The column's bytes of all rows, one behind the other. */
function gathered(table: BinTable, column: BinColumn): Uint8Array {
  const { hdu: { data }, nRows, rowBytes } = table;
  if (column.bytes === rowBytes) return data.subarray(0, nRows * rowBytes);
  if (column.bytes === 0) return new Uint8Array(0);
  const out = new Uint8Array(nRows * column.bytes);
  for (let row = 0; row < nRows; row++) {
    const start = row * rowBytes + column.offset;
    for (let k = 0, to = row * column.bytes; k < column.bytes; k++) out[to + k] = data[start + k]!;
  }
  return out;
}

function elements(bytes: Uint8Array, column: BinColumn, count: number): CellArray {
  switch (column.letter) {
    case 'X': return bitsOf(bytes, column.descriptor === null ? column.repeat : count);
    case 'L': return Uint8Array.from(bytes, code => (code === 0x54 ? 1 : code === 0x46 ? 0 : 255));
    case 'A': return Uint8Array.from(bytes);
    default: return scaled(decodePixels(bytes, BITPIX_OF_LETTER[column.letter]!), column);
  }
}

/** Bits of each row, most significant first; every row starts at a byte. */
function bitsOf(bytes: Uint8Array, nBits: number): Uint8Array {
  const rowBytes = Math.ceil(nBits / 8);
  const nRows = rowBytes === 0 ? 0 : bytes.length / rowBytes;
  const out = new Uint8Array(nRows * nBits);
  for (let row = 0; row < nRows; row++) {
    for (let k = 0; k < nBits; k++) out[row * nBits + k] = (bytes[row * rowBytes + (k >> 3)]! >> (7 - (k & 7))) & 1;
  }
  return out;
}

function scaled(values: PixelArray, column: BinColumn): PixelArray {
  const { scale, zero } = column;
  if (scale === 1) {
    if (zero === 0) return values;
    const shifted = unsigned(values, zero);
    if (shifted !== null) return shifted;
  }
  const offset = Number(zero);
  const isNull = nullTest(values, column.nullValue);
  return Float64Array.from(values as ArrayLike<number>, v => (isNull(v) ? NaN : Number(v) * scale + offset));
}

function textOf(bytes: Uint8Array): string {
  const nul = bytes.indexOf(0);
  return Buffer.from(nul < 0 ? bytes : bytes.subarray(0, nul)).toString('latin1').trimEnd();
}
