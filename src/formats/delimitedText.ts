/** Rows of delimited text as RFC 4180 has them: cells may be quoted, quotes inside are doubled, a quoted cell may hold line ends. */
import { ApError } from '../model/errors.ts';

export interface TextCell {
  readonly text: string;
  readonly isQuoted: boolean;
}

export interface TextRow {
  /** Line in the text, from 1. */
  readonly line: number;
  readonly cells: readonly TextCell[];
}

/**
 * Rows of a text. With a blank as delimiter, runs of blanks and tabs count as one and those at the ends are dropped; with
 * others, blanks round a cell belong to it. Empty lines are left out.
 * @throws ApError BAD_FORMAT for a quote that is never closed.
 */
export function delimitedRows(text: string, delimiter: string, firstLine = 1): TextRow[] {
  const rows: TextRow[] = [];
  const isBlank = delimiter === ' ';
  let [at, line] = [0, firstLine];
  while (at < text.length) {
    const start = line;
    const cells: TextCell[] = [];
    let isOpen = true;
    while (isOpen) {
      if (isBlank) while (text[at] === ' ' || text[at] === '\t') at++;
      if (isBlank && isLineEnd(text, at)) break;
      const { cell, next } = text[at] === '"' ? quotedCell(text, at, line) : plainCell(text, at, delimiter);
      for (let k = at; k < next; k++) if (text[k] === '\n') line++;
      at = next;
      cells.push(cell);
      isOpen = isBlank ? !isLineEnd(text, at) : text[at] === delimiter;
      if (isOpen && !isBlank) at++;
    }
    if (!isLineEnd(text, at)) {
      throw new ApError('BAD_FORMAT', { where: `line ${line}`, found: JSON.stringify(text.slice(at, at + 20)), expected: 'a delimiter behind the quote' });
    }
    at += text.startsWith('\r\n', at) ? 2 : 1;
    line++;
    const isEmpty = cells.length === 0 || (cells.length === 1 && cells[0]!.text.trim() === '' && !cells[0]!.isQuoted);
    if (!isEmpty) rows.push({ line: start, cells });
  }
  return rows;
}

function isLineEnd(text: string, at: number): boolean {
  return at >= text.length || text[at] === '\n' || (text[at] === '\r' && (text[at + 1] === '\n' || at + 1 === text.length));
}

function plainCell(text: string, start: number, delimiter: string): { cell: TextCell; next: number } {
  let next = start;
  while (!isLineEnd(text, next) && text[next] !== delimiter && !(delimiter === ' ' && text[next] === '\t')) next++;
  return { cell: { text: text.slice(start, next), isQuoted: false }, next };
}

function quotedCell(text: string, start: number, line: number): { cell: TextCell; next: number } {
  let next = start + 1;
  for (;;) {
    const quote = text.indexOf('"', next);
    if (quote < 0) throw new ApError('BAD_FORMAT', { where: `line ${line}`, found: 'a quote that is never closed', expected: 'a second quote' });
    if (text[quote + 1] !== '"') {
      return { cell: { text: text.slice(start + 1, quote).replaceAll('""', '"'), isQuoted: true }, next: quote + 1 };
    }
    next = quote + 2;
  }
}

/** A cell as it must stand in such text; `force` quotes it in any case. */
export function delimitedCell(text: string, delimiter: string, force = false): string {
  const needsQuotes = force || text === '' || text.includes('"') || text.includes(delimiter) || /[\n\r]|^\s|\s$|^#/.test(text)
    || (delimiter === ' ' && /\s/.test(text));
  return needsQuotes ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Text of UTF-8 bytes without a byte order mark. @throws ApError BAD_FORMAT for bytes that are no UTF-8. */
export function textOfUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ApError('BAD_FORMAT', { where: 'text table', found: 'bytes that are no UTF-8', expected: 'UTF-8 text' }, { cause });
  }
}

const INTEGER = /^[+-]?\d+$/;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eEdD][+-]?\d+)?$/;
const NOT_FINITE: Readonly<Record<string, number>> = {
  nan: NaN, '+nan': NaN, '-nan': NaN, inf: Infinity, '+inf': Infinity, '-inf': -Infinity,
  infinity: Infinity, '+infinity': Infinity, '-infinity': -Infinity,
};

/** The integer of a text (any length), or null when it is none. */
export function integerOfText(text: string): bigint | null {
  const trimmed = text.trim();
  return INTEGER.test(trimmed) ? BigInt(trimmed.replace(/^\+/, '')) : null;
}

/** The number of a text, nan and inf in any case and D exponents included, or null when it is none. */
export function numberOfText(text: string): number | null {
  const trimmed = text.trim();
  if (NUMBER.test(trimmed)) return Number(trimmed.replace(/[dD]/, 'e'));
  return NOT_FINITE[trimmed.toLowerCase()] ?? null;
}

/** Shortest text that reads back as the same number, as Python writes it; for float32 the shortest that does as float32. */
export function textOfNumber(value: number, isSingle = false): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
  if (Object.is(value, -0)) return '-0.0';
  const text = isSingle ? shortestSingle(value) : String(value);
  return Number.isInteger(value) && /^-?\d+$/.test(text) ? `${text}.0` : text;
}

function shortestSingle(value: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return String(Number(text));
  }
  return String(value);
}
