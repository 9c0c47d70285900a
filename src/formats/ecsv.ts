/**
 * Tables as ECSV 1.0 (Enhanced Character Separated Values, astropy APE 6): a YAML header in comment lines with the name, unit,
 * type and description of every column, then the rows. Reads and writes what astropy does.
 */
import { parse } from 'yaml';
import { ApError } from '../model/errors.ts';
import type { ColumnType, Table } from '../model/table.ts';
import { delimitedCell, delimitedRows, integerOfText, numberOfText, textOfNumber, textOfUtf8, type TextCell, type TextRow } from './delimitedText.ts';
import { tableMetaYaml } from './tableMetaYaml.ts';
import { columnOfCells, nullableColumns, tableOfNullable, type Cell, type NullableColumn } from './tableNulls.ts';

const FIRST_LINE = /^#\s*%ECSV\s+\d+\.\d+/;
const TYPE_OF: Readonly<Record<string, ColumnType>> = {
  bool: 'bool', int8: 'i32', int16: 'i32', int32: 'i32', int64: 'i64', uint8: 'i32', uint16: 'i32', uint32: 'i64', uint64: 'i64',
  float16: 'f32', float32: 'f32', float64: 'f64', float128: 'f64', string: 'string',
};
const INT32 = 2n ** 31n;
const INT64 = 2n ** 63n;

/** True when bytes begin as an ECSV file does. */
export function isEcsv(bytes: Uint8Array): boolean {
  return FIRST_LINE.test(Buffer.from(bytes.subarray(0, 40)).toString('latin1').replace(/^\u00ef\u00bb\u00bf/, ''));
}

/**
 * The file of a table. Nulls are empty cells; in text columns astropy does not tell them from empty text, so that a text column with
 * both keeps its `_isNull` column.
 */
export function writeEcsv(table: Table, delimiter: ' ' | ',' = ' '): Uint8Array {
  const columns = foldedColumns(table);
  const plain: Table = { nRows: table.nRows, columns: Object.fromEntries(columns.map(({ name, column }) => [name, column])) };
  const header = ['%ECSV 1.0', '---', ...(delimiter === ' ' ? [] : ["delimiter: ','"]), ...tableMetaYaml(plain).split('\n'), 'schema: astropy-2.0'];
  const lines = header.map(line => `# ${line}`);
  lines.push(columns.map(({ name }) => delimitedCell(name, delimiter)).join(delimiter));
  for (let row = 0; row < table.nRows; row++) lines.push(columns.map(c => cellText(c, row, delimiter)).join(delimiter));
  return Buffer.from(`${lines.join('\n')}\n`);
}

function foldedColumns(table: Table): NullableColumn[] {
  return nullableColumns(table).flatMap(c => {
    const isAmbiguous = c.isNull !== null && c.column.type === 'string' && c.column.values.some((text, i) => text === '' && !c.isNull![i]);
    if (!isAmbiguous) return [c];
    return [{ ...c, isNull: null }, { name: `${c.name}_isNull`, column: table.columns[`${c.name}_isNull`]!, isNull: null }];
  });
}

function cellText({ column, isNull }: NullableColumn, row: number, delimiter: string): string {
  if (isNull?.[row]) return '""';
  switch (column.type) {
    case 'string': return delimitedCell(column.values[row]!, delimiter);
    case 'bool': return column.values[row] ? 'True' : 'False';
    case 'f64': return textOfNumber(column.values[row]!);
    case 'f32': return textOfNumber(column.values[row]!, true);
    default: return String(column.values[row]);
  }
}

interface Declaration { readonly name: string; readonly type: ColumnType; readonly unit: string; readonly doc: string }

/**
 * The table of such a file. An empty cell is a null, told by a column beside (tableNulls.ts), but in text columns it is empty text.
 * Columns of objects and arrays (`subtype`) come as their JSON text.
 * @throws ApError BAD_FORMAT naming the line or the column: no ECSV header, another number of cells, a cell that is not of its type.
 */
export function readEcsv(bytes: Uint8Array): Table {
  const lines = textOfUtf8(bytes).split('\n');
  if (!FIRST_LINE.test(lines[0] ?? '')) throw bad('line 1', (lines[0] ?? '').slice(0, 40), '# %ECSV 1.0');
  let nHeader = 0;
  while (nHeader < lines.length && /^#|^\s*$/.test(lines[nHeader]!)) nHeader++;
  const { declarations, delimiter } = headerOf(lines.slice(1, nHeader));
  const [names, ...rows] = delimitedRows(lines.slice(nHeader).join('\n'), delimiter, nHeader + 1);
  const found = names?.cells.map(cell => cell.text) ?? [];
  const expected = declarations.map(d => d.name);
  if (found.join('\n') !== expected.join('\n')) throw bad(`line ${nHeader + 1}`, found.join(', '), `the names of the header, ${expected.join(', ')}`);
  // Comments may stand between the rows.
  const data = rows.filter(({ cells }) => !cells[0]!.text.startsWith('#') || cells[0]!.isQuoted);
  const odd = data.find(({ cells }) => cells.length !== declarations.length);
  if (odd !== undefined) throw bad(`line ${odd.line}`, `${odd.cells.length} cells`, `${declarations.length} cells`);
  return tableOfNullable(declarations.map((d, k) => columnOfCells(d, data.map(row => cellOf(d, row, row.cells[k]!)))), data.length);
}

function headerOf(lines: readonly string[]): { declarations: Declaration[]; delimiter: string } {
  const text = lines.map(line => line.replace(/^# ?/, '').trimEnd()).filter(line => line !== '---').join('\n');
  let header: { datatype?: unknown; delimiter?: unknown };
  try {
    header = (parse(text, { logLevel: 'error' }) ?? {}) as typeof header;
  } catch (cause) {
    throw new ApError('BAD_FORMAT', { where: 'ECSV header', found: String((cause as Error).message).split('\n')[0]!, expected: 'YAML' }, { cause });
  }
  if (!Array.isArray(header.datatype)) throw bad('ECSV header', typeof header.datatype, 'a list `datatype`');
  const delimiter = header.delimiter ?? ' ';
  if (typeof delimiter !== 'string' || delimiter.length !== 1) throw bad('ECSV header, delimiter', JSON.stringify(delimiter), 'one character');
  return { declarations: header.datatype.map(declarationOf), delimiter };
}

function declarationOf(item: unknown): Declaration {
  const { name, datatype, unit, description, subtype } = item as Record<string, unknown>;
  // A name such as 1 or true is not text for YAML.
  if (!['string', 'number', 'boolean'].includes(typeof name)) throw bad('ECSV header', JSON.stringify(item), 'a column with a name');
  const type = subtype === undefined || subtype === null ? TYPE_OF[String(datatype)] : 'string';
  if (type === undefined) throw bad(`ECSV column ${String(name)}`, `datatype ${String(datatype)}`, Object.keys(TYPE_OF).join(', '));
  return { name: String(name), type, unit: typeof unit === 'string' ? unit : '', doc: typeof description === 'string' ? description : '' };
}

function cellOf({ name, type }: Declaration, { line }: TextRow, { text }: TextCell): Cell {
  if (type === 'string') return text;
  if (text === '') return null;
  const value = type === 'bool' ? { True: true, False: false, true: true, false: false, 1: true, 0: false }[text]
    : type === 'f64' || type === 'f32' ? numberOfText(text) : integerOfText(text);
  const limit = type === 'i32' ? INT32 : INT64;
  if (value === null || value === undefined || (typeof value === 'bigint' && (value < -limit || value >= limit))) {
    throw bad(`ECSV column ${name}, line ${line}`, text.slice(0, 40), `a value of type ${type}`);
  }
  return value;
}

function bad(where: string, found: string, expected: string): ApError {
  return new ApError('BAD_FORMAT', { where, found, expected });
}

