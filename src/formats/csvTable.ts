/**
 * Tables as CSV. The first line names the columns, `name` or `name [unit]`. A column whose cells all read as integers is i64, as
 * numbers f64, as true or false bool, else text; quoted cells are text. Lines that begin with # before the header are comments.
 */
import { ApError } from '../model/errors.ts';
import type { Column, ColumnType, Table } from '../model/table.ts';
import { delimitedCell, delimitedRows, integerOfText, numberOfText, textOfNumber, textOfUtf8, type TextCell } from './delimitedText.ts';
import { columnOfCells, nullableColumns, tableOfNullable, type Cell, type NullableColumn } from './tableNulls.ts';

const DELIMITERS = [',', '\t', ';', '|'];
const HEADER = /^\s*(.*?)\s*\[([^[\]]*)\]\s*$/;
/** Unquoted words of archives for "no value". */
const NULL_WORDS = new Set(['', 'null', 'NULL', 'None', '--']);
const INT64 = 2n ** 63n;

/** The file of a table: nulls are empty cells, text that would read as something else is quoted. i32 and f32 read back as i64 and f64. */
export function writeCsv(table: Table, delimiter = ','): Uint8Array {
  const columns = nullableColumns(table);
  // A name that ends in brackets gets empty ones behind, for the last pair is the unit.
  const heading = (name: string, unit: string): string => (unit === '' && !HEADER.test(name) ? name : `${name} [${unit}]`);
  const lines = [columns.map(({ name, column }) => delimitedCell(heading(name, column.unit), delimiter)).join(delimiter)];
  // In a table of one column an empty cell would be an empty line, which readers skip.
  const noValue = columns.length === 1 ? 'null' : '';
  for (let row = 0; row < table.nRows; row++) {
    lines.push(columns.map(c => (c.isNull?.[row] ? noValue : cellText(c.column, row, delimiter))).join(delimiter));
  }
  return Buffer.from(`${lines.join('\n')}\n`);
}

function cellText(column: Column, row: number, delimiter: string): string {
  switch (column.type) {
    case 'string': {
      const text = column.values[row]!;
      return delimitedCell(text, delimiter, NULL_WORDS.has(text) || typeOfText(text) !== 'string');
    }
    case 'bool': return column.values[row] ? 'true' : 'false';
    case 'f64': return textOfNumber(column.values[row]!);
    case 'f32': return textOfNumber(column.values[row]!, true);
    default: return String(column.values[row]);
  }
}

/**
 * The table of such a file. The delimiter (comma, tab, semicolon, bar, or blanks) is the one that the header line has most of. An
 * unquoted empty cell, `null`, `None` or `--` is a null, told by a column beside (tableNulls.ts).
 * @throws ApError BAD_FORMAT naming the line: another number of cells than the header, no header, a name twice.
 */
export function readCsv(bytes: Uint8Array, delimiter?: string): Table {
  const lines = textOfUtf8(bytes).split('\n');
  const first = lines.findIndex(line => line.trim() !== '' && !line.startsWith('#'));
  if (first < 0) throw bad('text table', 'no line that is not a comment', 'a header line');
  const separator = delimiter ?? delimiterOf(lines[first]!);
  const [header, ...rows] = delimitedRows(lines.slice(first).join('\n'), separator, first + 1);
  const columns = header!.cells.map(nameAndUnit);
  const twice = columns.find(({ name }, k) => columns.findIndex(c => c.name === name) < k);
  if (twice !== undefined) throw bad(`line ${header!.line}`, `two columns ${twice.name}`, 'every name once');
  const odd = rows.find(({ cells }) => cells.length !== columns.length);
  if (odd !== undefined) throw bad(`line ${odd.line}`, `${odd.cells.length} cells`, `${columns.length} cells, as the header`);
  return tableOfNullable(columns.map(({ name, unit }, k) => columnOf(name, unit, rows.map(row => row.cells[k]!))), rows.length);
}

function delimiterOf(header: string): string {
  const outside = header.replace(/"[^"]*"/g, '').replace(/\[[^\]]*\]/g, '');
  const counts = DELIMITERS.map(d => outside.split(d).length - 1);
  const most = Math.max(...counts);
  if (most > 0) return DELIMITERS[counts.indexOf(most)]!;
  return /\S\s+\S/.test(outside.trim()) && !header.includes('[') ? ' ' : ',';
}

function nameAndUnit({ text }: TextCell): { name: string; unit: string } {
  const match = HEADER.exec(text);
  return match === null ? { name: text.trim(), unit: '' } : { name: match[1]!, unit: match[2]! };
}

function isNullCell({ text, isQuoted }: TextCell): boolean {
  return !isQuoted && NULL_WORDS.has(text.trim());
}

function columnOf(name: string, unit: string, cells: readonly TextCell[]): NullableColumn {
  const types = new Set(cells.filter(cell => !isNullCell(cell)).map(({ text, isQuoted }) => (isQuoted ? 'string' : typeOfText(text))));
  const isNumeric = types.size > 0 && [...types].every(t => t === 'i64' || t === 'f64');
  const type = types.size === 1 ? [...types][0]! : isNumeric || types.size === 0 ? 'f64' : 'string';
  return columnOfCells({ name, type, unit, doc: '' }, cells.map(cell => (isNullCell(cell) ? null : valueOf(cell.text, type))));
}

function typeOfText(text: string): ColumnType {
  const integer = integerOfText(text);
  // Zeros in front say that the digits are a name.
  if (integer !== null) return integer >= -INT64 && integer < INT64 && !/^[+-]?0\d/.test(text.trim()) ? 'i64' : 'string';
  if (numberOfText(text) !== null) return 'f64';
  return /^\s*(true|false)\s*$/i.test(text) ? 'bool' : 'string';
}

function valueOf(text: string, type: ColumnType): Cell {
  switch (type) {
    case 'i64': return integerOfText(text);
    case 'f64': return numberOfText(text);
    case 'bool': return /true/i.test(text);
    default: return text;
  }
}

function bad(where: string, found: string, expected: string): ApError {
  return new ApError('BAD_FORMAT', { where, found, expected });
}
