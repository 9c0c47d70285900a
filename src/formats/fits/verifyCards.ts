/** Header cards as the standard wants them: names, values, fixed format (FITS standard 4.0 sections 4.1 and 4.2). */
import { CARD_BYTES } from './cards.ts';

export type Severity = 'error' | 'warning';
/** Takes one finding. */
export type Report = (severity: Severity, text: string) => void;

export type ValueKind = 'string' | 'integer' | 'float' | 'logical' | 'complex' | 'null' | 'unknown';

/** One keyword with a value. */
export interface Keyword {
  /** Position of its card in the header, 1 = first. */
  readonly number: number;
  readonly key: string;
  readonly kind: ValueKind;
  /** Text of the value, quotes removed, trailing blanks removed. */
  readonly value: string;
  readonly line: string;
}

const COMMENTARY = new Set(['COMMENT', 'HISTORY', 'CONTINUE', '']);
const INTEGER = /^[+-]?\d+$/;
const FLOAT = /^[+-]?(\d+\.?\d*|\.\d+)([ED][+-]?\d+)?$/;
const COMPLEX = /^\(\s*[+-]?[\d.]+([ED][+-]?\d+)?\s*,\s*[+-]?[\d.]+([ED][+-]?\d+)?\s*\)$/;

/**
 * Keywords with values, in their order; cards that are malformed are reported on the way.
 * @param text cards of a header, a multiple of 80 characters, without END.
 */
export function keywordsOf(text: string, report: Report): { keywords: Keyword[]; hasContinue: boolean } {
  const keywords: Keyword[] = [];
  let hasContinue = false;
  for (let at = 0, number = 1; at < text.length; at += CARD_BYTES, number++) {
    const line = text.slice(at, at + CARD_BYTES);
    const key = line.slice(0, 8).trimEnd();
    if (!/^[A-Z0-9_-]*$/.test(key)) report('error', `Keyword #${number}, ${key}: the name has other characters than A-Z, 0-9, - and _`);
    if (key === 'CONTINUE' && keywords.at(-1)?.value.endsWith('&') === true) hasContinue = true;
    if (COMMENTARY.has(key)) continue;
    if (line.slice(8, 10) !== '= ') {
      if (key === 'HIERARCH') keywords.push({ number, key, kind: 'unknown', value: '', line });
      continue;
    }
    keywords.push(parsed(number, key, line, report));
  }
  return { keywords, hasContinue };
}

function parsed(number: number, key: string, line: string, report: Report): Keyword {
  const field = line.slice(10);
  const named = `Keyword #${number}, ${key}`;
  if (field.trimStart().startsWith("'")) return { number, key, line, ...parsedString(field, named, report) };
  const slash = field.indexOf('/');
  const value = (slash < 0 ? field : field.slice(0, slash)).trim();
  const kind = kindOf(value);
  if (kind === 'null') report('warning', `${named} has a null value.`);
  else if (kind === 'unknown') report('error', `${named}: ${JSON.stringify(value)} is no value (a comment needs a slash before it)`);
  return { number, key, kind, value, line };
}

function kindOf(value: string): ValueKind {
  if (value === '') return 'null';
  if (value === 'T' || value === 'F') return 'logical';
  if (INTEGER.test(value)) return 'integer';
  return FLOAT.test(value) ? 'float' : COMPLEX.test(value) ? 'complex' : 'unknown';
}

function parsedString(field: string, named: string, report: Report): Pick<Keyword, 'kind' | 'value'> {
  const match = /^\s*'((?:[^']|'')*)'(.*)$/.exec(field);
  if (match === null) {
    report('error', `${named}: the string has no closing quote`);
    return { kind: 'string', value: field.trim().slice(1).trimEnd() };
  }
  if (!/^\s*(\/|$)/.test(match[2]!)) report('error', `${named}: value and comment are not separated by a slash`);
  return { kind: 'string', value: match[1]!.replaceAll("''", "'").trimEnd() };
}

const KIND_TEXT = { string: 'a string', integer: 'an integer', float: 'a float', logical: 'a logical' } as const;

/** True when the keyword has a value of the kind (a float may be written as an integer); reports an error otherwise. */
export function isOfKind({ number, key, kind, value }: Keyword, wanted: keyof typeof KIND_TEXT, report: Report): boolean {
  if (kind === wanted || (wanted === 'float' && kind === 'integer')) return true;
  const found = kind === 'null' ? 'a null value' : `the value ${value}`;
  report('error', `Keyword #${number}, ${key} has ${found}; expected ${KIND_TEXT[wanted]}.`);
  return false;
}

/** Mandatory keywords stand in fixed format: numbers and logicals end in column 30, strings begin in column 11. */
export function requireFixed({ number, key, kind, line }: Keyword, report: Report): void {
  const isFixed = kind === 'string' ? line[10] === "'" && line.indexOf("'", 11) >= 19
    : kind === 'logical' ? /^ {19}[TF]/.test(line.slice(10)) : /^ *[+-]?\d+$/.test(line.slice(10, 30)) && /^[ /]?$/.test(line.slice(30, 31));
  if (!isFixed) report('error', `Keyword #${number}, ${key}: a mandatory keyword is not in fixed format`);
}
