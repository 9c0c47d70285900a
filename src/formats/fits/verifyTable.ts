/** Rules for tables: column keywords, and the bytes of the cells (those of fitsverify 4.20). */
import { asciiTable, type AsciiColumn } from './asciiTable.ts';
import { binTable, type BinColumn, type BinTable } from './binTable.ts';
import type { FitsHdu } from './hdu.ts';
import { isOfKind, requireFixed, type Keyword, type Report } from './verifyCards.ts';
import { exact, indexed, type HeaderFacts } from './verifyHeader.ts';

const MAX_COLUMNS = 999;

type ColumnKeyword = Keyword & { readonly i: number };
const named = ({ number, key }: Keyword): string => `Keyword #${number}, ${key}`;

/** Column keywords of a table, and its data. */
export function verifyTable(hdu: FitsHdu, keywords: readonly Keyword[], facts: HeaderFacts, report: Report): void {
  const nColumns = Number(hdu.header.TFIELDS ?? NaN);
  if (!(Number.isInteger(nColumns) && nColumns >= 0 && nColumns <= MAX_COLUMNS)) {
    report('error', `TFIELDS = ${String(hdu.header.TFIELDS)} is no number of columns from 0 to ${MAX_COLUMNS}.`);
    return;
  }
  for (const fields of exact(keywords, 'TFIELDS')) requireFixed(fields, report);
  const inside = (prefix: string): ColumnKeyword[] => indexed(keywords, prefix).filter(k => {
    if (k.i >= 1 && k.i <= nColumns) return true;
    report('error', `${named(k)}: invalid index ${k.i} (> TFIELDS = ${nColumns}).`);
    return false;
  });
  const forms = inside('TFORM');
  const formOf = (k: ColumnKeyword): string => forms.find(form => form.i === k.i)?.value ?? '';
  for (const prefix of ['TTYPE', 'TUNIT']) for (const k of inside(prefix)) isOfKind(k, 'string', report);
  for (const form of forms) formRules(form, report);
  for (const display of inside('TDISP')) if (display.value !== '') displayRules(display, formOf(display), report);
  if (!facts.isCompressedImage) {
    for (const k of ['BSCALE', 'BZERO', 'BUNIT', 'BLANK', 'DATAMAX', 'DATAMIN'].flatMap(key => exact(keywords, key).slice(0, 1))) {
      report('error', `${named(k)} is not allowed in a table.`);
    }
  }
  for (const prefix of ['TCRVL', 'TCDLT', 'TCRPX', 'TCROT']) for (const k of inside(prefix)) isOfKind(k, 'float', report);
  for (const prefix of ['TCTYP', 'TCUNI']) for (const k of inside(prefix)) isOfKind(k, 'string', report);
  const scalings = { scales: inside('TSCAL'), zeros: inside('TZERO'), nulls: inside('TNULL') };
  if (hdu.kind === 'asciiTable') asciiRules(keywords, { ...scalings, columns: inside('TBCOL') }, formOf, report);
  else binaryRules(hdu, keywords, { ...scalings, dims: inside('TDIM') }, formOf, report);
  columnNames(hdu, nColumns, report);
  if (hdu.kind === 'asciiTable') asciiCells(hdu, report);
  else binaryCells(hdu, report);
}

function formRules(form: Keyword, report: Report): void {
  if (!isOfKind(form, 'string', report)) return;
  if (form.value.startsWith(' ')) report('error', `${named(form)}: ${JSON.stringify(form.value)} has a leading space.`);
  for (const character of form.value.trimStart().split(' ')[0]!) {
    if (!/[0-9A-Z.()]/.test(character)) report('error', `${named(form)}: ${form.value} has the character ${character}, no uppercase letter.`);
  }
}

const DISPLAYED_BY: Readonly<Record<string, string>> = {
  A: 'A', L: 'L', I: 'IJKBX', B: 'IJKBX', O: 'IJKBX', Z: 'IJKBX', F: 'EFCDMIJKBX', E: 'EFCDMIJKBX', D: 'EFCDMIJKBX',
};

function displayRules(display: Keyword, form: string, report: Report): void {
  if (!isOfKind(display, 'string', report)) return;
  const { value } = display;
  if (value.startsWith(' ')) report('error', `${named(display)}: ${JSON.stringify(value)} has a leading space.`);
  const match = /^([ALIBOZFEDG])([NS]?)(\d+)(?:\.(\d+))?(?:E(\d+))?/.exec(value);
  const letter = match?.[1] ?? '';
  const [width, digits] = [Number(match?.[3] ?? 0), match?.[4] === undefined ? -1 : Number(match[4])];
  const exponent = Number(match?.[5] ?? 2);
  const isValid = match !== null && width > 0 && ('AL'.includes(letter)
    || ('IBOZ'.includes(letter) && width >= digits)
    || (letter === 'F' && digits >= 0 && width >= digits + 1)
    || ('ED'.includes(letter) && digits > 0 && exponent > 0 && width >= digits + exponent + 3)
    || (letter === 'G' && digits > 0 && exponent > 0));
  if (!isValid) report('error', `${named(display)}: invalid format ${JSON.stringify(value)}.`);
  const allowed = DISPLAYED_BY[letter];
  if (allowed !== undefined && ![...allowed].some(c => form.includes(c))) {
    report('error', `${named(display)}: format ${JSON.stringify(value)} cannot be used for TFORM ${JSON.stringify(form)}.`);
  }
}

interface Scalings {
  readonly scales: readonly ColumnKeyword[];
  readonly zeros: readonly ColumnKeyword[];
  readonly nulls: readonly ColumnKeyword[];
}

function scaleRules({ scales, zeros }: Scalings, isForbidden: (k: ColumnKeyword) => boolean, report: Report): void {
  for (const scale of scales) {
    if (isOfKind(scale, 'float', report) && Number(scale.value.replace('D', 'E')) === 0) report('warning', `${named(scale)}: the scaling factor is zero.`);
  }
  for (const zero of zeros) isOfKind(zero, 'float', report);
  for (const k of [...scales, ...zeros]) if (isForbidden(k)) report('error', `${named(k)} may not be used for this kind of column.`);
}

function asciiRules(
  keywords: readonly Keyword[], parts: Scalings & { readonly columns: readonly ColumnKeyword[] },
  formOf: (k: ColumnKeyword) => string, report: Report,
): void {
  for (const column of parts.columns) if (isOfKind(column, 'integer', report)) requireFixed(column, report);
  for (const k of parts.nulls) isOfKind(k, 'string', report);
  scaleRules(parts, k => formOf(k).includes('A'), report);
  for (const k of [...indexed(keywords, 'TDIM'), ...exact(keywords, 'THEAP')]) report('error', `${named(k)} is not allowed in an ASCII table.`);
}

function binaryRules(
  hdu: FitsHdu, keywords: readonly Keyword[], parts: Scalings & { readonly dims: readonly ColumnKeyword[] },
  formOf: (k: ColumnKeyword) => string, report: Report,
): void {
  for (const k of parts.nulls) {
    const form = formOf(k);
    const limits = form.includes('B') ? [0, 255] : form.includes('I') ? [-32768, 32767] : [-Infinity, Infinity];
    if (isOfKind(k, 'integer', report) && (Number(k.value) < limits[0]! || Number(k.value) > limits[1]!)) {
      report('warning', `${named(k)}: ${k.value} is not in the range of the column.`);
    }
    if (!/[BIJK]/.test(form)) report('error', `${named(k)} is used for a column of format ${form}.`);
  }
  scaleRules({ ...parts, zeros: [] }, k => /[ALX]/.test(formOf(k)), report);
  for (const zero of parts.zeros) isOfKind(zero, 'float', report);
  const pcount = Number(hdu.header.PCOUNT ?? 0);
  for (const heap of exact(keywords, 'THEAP')) {
    if (isOfKind(heap, 'integer', report) && pcount === 0) report('error', `PCOUNT is zero, but there is THEAP (#${heap.number}).`);
  }
  for (const dim of parts.dims) {
    if (!isOfKind(dim, 'string', report)) continue;
    if (dim.value.startsWith(' ')) report('error', `${named(dim)}: ${JSON.stringify(dim.value)} has a leading space.`);
    else dimRules(dim, formOf(dim), report);
  }
  for (const k of indexed(keywords, 'TBCOL')) report('error', `${named(k)} is not allowed in a binary table.`);
}

function dimRules(dim: Keyword, form: string, report: Report): void {
  const match = /^\((\d+(?:,\s*\d+)*)\)/.exec(dim.value);
  const size = match === null ? NaN : match[1]!.split(',').reduce((product, n) => product * Number(n), 1);
  const repeat = Number(/^\d+/.exec(form)?.[0] ?? 1);
  if (match === null || (!/[PQ]/.test(form) && size !== repeat)) {
    report('error', `${named(dim)}: ${dim.value} does not describe the ${form} of the column.`);
  }
}

function columnNames(hdu: FitsHdu, nColumns: number, report: Report): void {
  const seen = new Map<string, number>();
  for (let i = 1; i <= nColumns; i++) {
    const name = typeof hdu.header[`TTYPE${i}`] === 'string' ? String(hdu.header[`TTYPE${i}`]) : '';
    if (name === '') report('warning', `Column #${i} has no name (no TTYPE${i} keyword).`);
    for (const character of name.replace(/[A-Za-z0-9_]/g, '')) {
      report('warning', `Column #${i}: name ${JSON.stringify(name)} has the character '${character}' other than letters, digits and _.`);
    }
    const before = seen.get(name.toUpperCase());
    if (name !== '' && before !== undefined) report('warning', `Columns #${before} and #${i} have the same name ${name}.`);
    seen.set(name.toUpperCase(), i);
  }
}

function binaryCells(hdu: FitsHdu, report: Report): void {
  const table = binTable(hdu);
  const width = table.columns.reduce((sum, c) => sum + c.bytes, 0);
  if (width !== table.rowBytes) report('error', `NAXIS1 = ${table.rowBytes}, but the columns are ${width} bytes wide.`);
  const pcount = Number(hdu.header.PCOUNT ?? 0);
  if (pcount > 0 && table.columns.every(c => c.descriptor === null)) report('warning', `PCOUNT = ${pcount}, but there are no variable-length columns.`);
  table.columns.forEach((column, i) => {
    if (column.letter === 'A' && column.wordWidth !== null && column.dim === null && column.repeat % column.wordWidth !== 0) {
      report('warning', `TFORM${i + 1}: ${column.repeat} is not a multiple of ${column.wordWidth}.`);
    }
    if (column.descriptor !== null) heapRules(table, column, i + 1, pcount, report);
    else fixedCells(table, column, i + 1, report);
  });
}

function fixedCells({ hdu: { data }, nRows, rowBytes }: BinTable, column: BinColumn, number: number, report: Report): void {
  const { letter, repeat, bytes, offset } = column;
  const spare = letter === 'X' && repeat % 8 !== 0 ? 0xff >> (repeat % 8) : 0;
  if (letter !== 'L' && letter !== 'A' && spare === 0) return;
  for (let row = 0; row < nRows; row++) {
    const cell = data.subarray(row * rowBytes + offset, row * rowBytes + offset + bytes);
    const fault = letter === 'X' ? ((cell[bytes - 1]! & spare) === 0 ? null : 'the bits are not left-justified')
      : letter === 'L' ? logicalFault(cell) : textFault(cell);
    if (fault === null) continue;
    report('error', `Row #${row + 1}, column #${number}: ${fault} (other rows may have this error, too).`);
    return;
  }
}

function logicalFault(cell: Uint8Array): string | null {
  return cell.every(code => code === 0x54 || code === 0x46 || code === 0) ? null : "a logical value is not 'T', 'F' or 0";
}

function textFault(cell: Uint8Array): string | null {
  const end = cell.indexOf(0);
  return (end < 0 ? cell : cell.subarray(0, end)).every(code => code >= 0x20 && code <= 0x7e) ? null : 'the string has non-ASCII text';
}

const HEAP_BYTES: Readonly<Record<string, number>> = { L: 1, X: 1 / 8, B: 1, I: 2, J: 4, K: 8, A: 1, E: 4, D: 8, C: 8, M: 16 };

function heapRules({ hdu, nRows, rowBytes, heap }: BinTable, column: BinColumn, number: number, pcount: number, report: Report): void {
  const form = String(hdu.header[`TFORM${number}`] ?? '');
  if (column.repeat > 1) report('error', `TFORM${number}: illegal repeat in ${form}.`);
  const longest = /\((\d+)\)/.exec(form);
  const view = new DataView(hdu.data.buffer, hdu.data.byteOffset, hdu.data.byteLength);
  for (let row = 0; row < (column.repeat === 0 ? 0 : nRows); row++) {
    const at = row * rowBytes + column.offset;
    const isWide = column.descriptor === 'Q';
    const count = isWide ? Number(view.getBigInt64(at)) : view.getInt32(at);
    const start = isWide ? Number(view.getBigInt64(at + 8)) : view.getInt32(at + 4);
    if (longest !== null && count > Number(longest[1])) {
      report('error', `Column #${number}, row ${row + 1}: ${count} elements, more than the ${longest[1]} of TFORM${number}.`);
    }
    const bytes = Math.floor(count * HEAP_BYTES[column.letter]!);
    if (start + bytes > pcount || count < 0 || start < 0) {
      report('error', `Column #${number}, row ${row + 1}: ${bytes} bytes at ${start} are outside the heap of ${pcount} bytes.`);
      continue;
    }
    const cell = heap.subarray(start, start + bytes);
    const fault = count === 0 ? null : column.letter === 'L' ? logicalFault(cell) : column.letter === 'A' ? textFault(cell) : null;
    if (fault !== null) report('error', `Row #${row + 1}, column #${number}: ${fault}.`);
  }
}

function asciiCells(hdu: FitsHdu, report: Report): void {
  const table = asciiTable(hdu);
  const text = Buffer.from(hdu.data.buffer, hdu.data.byteOffset, hdu.data.byteLength).toString('latin1');
  if (/[^\x00-\x7f]/.test(text)) report('error', 'The table has characters beyond ASCII.');
  table.columns.forEach((column, i) => {
    for (let row = 0; row < table.nRows; row++) {
      const from = row * table.rowBytes + column.offset;
      const fault = fieldFault(text.slice(from, from + column.width), column);
      if (fault === null) continue;
      report('error', `Row #${row + 1}, column #${i + 1}: ${fault} (other rows may have this error, too).`);
      return;
    }
  });
}

function fieldFault(field: string, { letter, nullText }: AsciiColumn): string | null {
  const word = field.trim();
  if (letter === 'A') return /[^\x20-\x7e]/.test(field.split('\0')[0]!) ? 'the string has non-ASCII text' : null;
  if (word === '' || word === nullText) return null;
  if (/\s/.test(word)) return `the number ${JSON.stringify(word)} has an embedded space`;
  if (letter === 'I') return /^[+-]?\d+$/.test(word) ? null : `${JSON.stringify(word)} is no integer`;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([EDed]?[+-]?\d+)?$/.test(word)) return `${JSON.stringify(word)} is no number`;
  return word.includes('.') ? null : `the number ${word} has no decimal point`;
}
