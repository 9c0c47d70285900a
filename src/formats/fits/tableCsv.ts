/** FITS tables as comma-separated text. */
import { ApError } from '../../model/errors.ts';
import { asciiNulls, asciiNumbers, asciiStrings, asciiTable, type AsciiTable } from './asciiTable.ts';
import { binTable, columnArrays, columnNulls, columnNumbers, columnWords, type BinColumn, type BinTable } from './binTable.ts';
import { hduText, type FitsHdu } from './hdu.ts';
import type { PixelArray } from './pixelBytes.ts';

interface CsvColumn { readonly names: readonly string[]; readonly cells: (row: number) => readonly string[] }

/**
 * A table as text: one header line of column names, one line a row, fields quoted where they must be.
 * A column with several elements a row becomes `name_1`, `name_2` ...; a variable-length cell is its elements with blanks
 * between them. NaN, undefined integers (TNULL) and undefined logicals are empty. Numbers have all their digits.
 * @throws ApError BAD_FITS when the HDU holds no table, or cannot be decoded.
 */
export function tableCsv(hdu: FitsHdu): string {
  const { nRows, columns } = csvColumns(hdu);
  const lines = [columns.flatMap(c => c.names).map(quoted).join(',')];
  for (let row = 0; row < nRows; row++) lines.push(columns.flatMap(c => c.cells(row)).map(quoted).join(','));
  return lines.map(line => `${line}\n`).join('');
}

function csvColumns(hdu: FitsHdu): { nRows: number; columns: CsvColumn[] } {
  // Columns are taken by position, since their names need not be unique.
  if (hdu.kind === 'bintable' && !hdu.isCompressedImage) {
    const table = binTable(hdu);
    return { nRows: table.nRows, columns: table.columns.map(column => binaryColumn({ ...table, columns: [column] }, column)) };
  }
  if (hdu.kind === 'asciiTable') {
    const table = asciiTable(hdu);
    return { nRows: table.nRows, columns: table.columns.map(column => asciiCsvColumn({ ...table, columns: [column] })) };
  }
  throw new ApError('BAD_FITS', { where: hduText(hdu), found: hdu.isCompressedImage ? 'a compressed image' : hdu.kind, expected: 'a table' });
}

function asciiCsvColumn(table: AsciiTable): CsvColumn {
  const [column] = table.columns;
  const { name, letter } = column!;
  if (letter === 'A') {
    const words = asciiStrings(table, name);
    return { names: [name], cells: row => [words[row]!] };
  }
  const values = asciiNumbers(table, name);
  const nulls = asciiNulls(table, name);
  return { names: [name], cells: row => [nulls?.[row] === 1 ? '' : numberText(values[row]!)] };
}

function binaryColumn(table: BinTable, column: BinColumn): CsvColumn {
  const { name, letter, repeat, descriptor } = column;
  if (descriptor !== null) {
    const arrays = columnArrays(table, name);
    return { names: [name], cells: row => [letter === 'A' ? String.fromCharCode(...arrays[row] as Uint8Array).trimEnd() : listText(arrays[row]!)] };
  }
  if (letter === 'A') {
    const { perRow, words } = columnWords(table, name);
    return { names: numbered(name, perRow), cells: row => words.slice(row * perRow, (row + 1) * perRow) };
  }
  const values = columnNumbers(table, name);
  const nulls = columnNulls(table, name);
  const width = letter === 'C' || letter === 'M' ? 2 * repeat : repeat;
  const text = (i: number): string => {
    if (letter === 'L') return values[i] === 1 ? 'true' : values[i] === 0 ? 'false' : '';
    return nulls?.[i] === 1 ? '' : numberText(values[i]!);
  };
  return { names: numbered(name, width), cells: row => Array.from({ length: width }, (_, k) => text(row * width + k)) };
}

function numbered(name: string, n: number): string[] {
  return n === 1 ? [name] : Array.from({ length: n }, (_, i) => `${name}_${i + 1}`);
}

function numberText(value: number | bigint): string {
  return typeof value === 'number' && Number.isNaN(value) ? '' : String(value);
}

function listText(values: PixelArray): string {
  return Array.from(values as ArrayLike<number | bigint>, numberText).join(' ');
}

function quoted(field: string): string {
  return /[",\n\r]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}
