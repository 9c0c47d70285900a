/** ASCII tables: rows of characters, one field a column (FITS standard 4.0 section 7.2). */
import { ApError } from '../../model/errors.ts';
import { badCard, cardInteger, cardNumber, hduText, requireWholeData, type FitsHdu } from './hdu.ts';

const MAX_COLUMNS = 999;
/** Integers of so many characters fit int32. */
const INT32_CHARACTERS = 9;

export interface AsciiColumn {
  readonly name: string;
  readonly unit: string;
  readonly letter: 'A' | 'I' | 'F' | 'E' | 'D';
  /** First character inside the row (0 = first), and characters a field. */
  readonly offset: number;
  readonly width: number;
  /** Digits behind the decimal point where the field shows none. */
  readonly decimals: number;
  readonly scale: number;
  readonly zero: number;
  /** A field with this text is undefined; null when nothing is. */
  readonly nullText: string | null;
}

export interface AsciiTable {
  readonly hdu: FitsHdu;
  readonly nRows: number;
  readonly rowBytes: number;
  readonly columns: readonly AsciiColumn[];
}

/**
 * Declarations of an ASCII table.
 * @throws ApError BAD_FITS for odd forms, or fields outside the row.
 */
export function asciiTable(hdu: FitsHdu): AsciiTable {
  if (hdu.kind !== 'asciiTable') throw new ApError('BAD_FITS', { where: hduText(hdu), found: hdu.kind, expected: 'an ASCII table' });
  requireWholeData(hdu);
  const rowBytes = cardInteger(hdu, 'NAXIS1', { min: 0, max: 2 ** 40 });
  const nRows = cardInteger(hdu, 'NAXIS2', { min: 0, max: 2 ** 40 });
  if (rowBytes * nRows > hdu.data.length || (rowBytes === 0 && nRows > 0)) {
    throw badCard(hdu, 'NAXIS2', nRows, `rows of ${rowBytes} characters inside ${hdu.data.length} bytes of data`);
  }
  const nColumns = cardInteger(hdu, 'TFIELDS', { min: 0, max: MAX_COLUMNS });
  return { hdu, nRows, rowBytes, columns: Array.from({ length: nColumns }, (_, i) => columnOf(hdu, i + 1, rowBytes)) };
}

function columnOf(hdu: FitsHdu, i: number, rowBytes: number): AsciiColumn {
  const form = hdu.header[`TFORM${i}`];
  const match = /^\s*(?:(A)(\d*)|(I)(\d+)|([FED])(\d+)\.(\d+))/.exec(String(form ?? ''));
  if (match === null) throw badCard(hdu, `TFORM${i}`, form, 'a form such as A8, I6, F10.3, E15.7 or D25.17');
  const width = Number(match[2] ?? match[4] ?? match[6]) || 1;
  const offset = cardInteger(hdu, `TBCOL${i}`, { min: 1, max: Math.max(1, rowBytes) }) - 1;
  if (offset + width > rowBytes) throw badCard(hdu, `TBCOL${i}`, offset + 1, `a field of ${width} inside ${rowBytes} characters`);
  const nullText = hdu.header[`TNULL${i}`];
  return {
    name: String(hdu.header[`TTYPE${i}`] ?? `col${i}`).trim(), unit: String(hdu.header[`TUNIT${i}`] ?? '').trim(),
    letter: (match[1] ?? match[3] ?? match[5]) as AsciiColumn['letter'], offset, width, decimals: Number(match[7] ?? 0),
    scale: cardNumber(hdu, `TSCAL${i}`, 1), zero: cardNumber(hdu, `TZERO${i}`, 0),
    nullText: nullText === undefined || nullText === null ? null : String(nullText).trim(),
  };
}

/** The column with the name, compared without case. @throws ApError BAD_FITS listing the names. */
export function asciiColumn(table: AsciiTable, name: string): AsciiColumn {
  const found = table.columns.find(c => c.name.toUpperCase() === name.toUpperCase());
  if (found !== undefined) return found;
  throw new ApError('BAD_FITS', { where: hduText(table.hdu), expected: `a column ${name}`, found: table.columns.map(c => c.name).join(', ') });
}

/** The text of every field of the column, trailing blanks removed. */
export function asciiStrings(table: AsciiTable, name: string): string[] {
  return fields(table, asciiColumn(table, name));
}

/**
 * Numbers of a column: int32, or int64 for wide fields, when it has the form I and no scaling; float64 otherwise.
 * A blank field is 0; a field that equals TNULL is NaN, and 0 in an integer column (`asciiNulls` tells it apart).
 * @throws ApError BAD_FITS naming row and column of a field that is no number.
 */
export function asciiNumbers(table: AsciiTable, name: string): Int32Array | BigInt64Array | Float64Array {
  const column = asciiColumn(table, name);
  const { scale, zero, letter } = column;
  if (letter === 'A') {
    throw new ApError('BAD_FITS', { where: `${hduText(table.hdu)}, column ${name}`, found: 'A', expected: 'numbers' });
  }
  const texts = fields(table, column).map(text => text.trim());
  if (letter === 'I' && scale === 1 && zero === 0) {
    const digits = (text: string, row: number): string => integerText(table, column, text, row);
    return column.width <= INT32_CHARACTERS
      ? Int32Array.from(texts, (text, row) => Number(digits(text, row)))
      : BigInt64Array.from(texts, (text, row) => BigInt(digits(text, row)));
  }
  return Float64Array.from(texts, (text, row) => (text === column.nullText ? NaN : zero + scale * real(table, column, text, row)));
}

/** Which fields are undefined (equal to TNULL): 1 undefined, 0 defined; null when the column declares no TNULL. */
export function asciiNulls(table: AsciiTable, name: string): Uint8Array | null {
  const column = asciiColumn(table, name);
  if (column.nullText === null) return null;
  return Uint8Array.from(fields(table, column), text => (text.trim() === column.nullText ? 1 : 0));
}

function fields({ hdu: { data }, nRows, rowBytes }: AsciiTable, { offset, width }: AsciiColumn): string[] {
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return Array.from({ length: nRows }, (_, row) => text.toString('latin1', row * rowBytes + offset, row * rowBytes + offset + width).trimEnd());
}

function integerText(table: AsciiTable, column: AsciiColumn, text: string, row: number): string {
  if (text === '' || text === column.nullText) return '0';
  if (!/^[+-]?\d+$/.test(text)) throw badField(table, column, text, row);
  return text.replace('+', '');
}

function real(table: AsciiTable, column: AsciiColumn, text: string, row: number): number {
  if (text === '') return 0;
  const match = /^([+-]?(?:\d+(\.?)\d*|\.\d+))(?:[EDed]?([+-]?\d+))?$/.exec(text);
  if (match === null) throw badField(table, column, text, row);
  const hasPoint = match[1]!.includes('.');
  const exponent = Number(match[3] ?? 0) - (hasPoint || column.letter === 'I' ? 0 : column.decimals);
  return Number(`${match[1]!}e${exponent}`);
}

function badField(table: AsciiTable, column: AsciiColumn, text: string, row: number): ApError {
  return new ApError('BAD_FITS', {
    where: `${hduText(table.hdu)}, column ${column.name}, row ${row}`, found: JSON.stringify(text), expected: `a number (${column.letter}${column.width})`,
  });
}
