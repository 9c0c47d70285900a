/** Reading the values of WCS cards: by axis, alternate letter, older spellings, numbers in quotes, record-valued cards. */
import { ApError } from '../model/errors.ts';
import type { HeaderValue } from '../model/instrument.ts';

/** A card's keyword and value; undefined for commentary. */
export interface CardEntry {
  readonly key: string;
  readonly value: HeaderValue | undefined;
}

export interface WcsCards {
  /** Text of a card (alternate letter added to the keyword), trimmed; undefined when absent. */
  readonly text: (key: string) => string | undefined;
  /** Number of a card, numbers in quotes too; with `alternate` false the keyword is taken as it is. */
  readonly number: (key: string, alternate?: boolean) => number | undefined;
  /** Whether there is a PCi_j or CDi_j card at all. */
  readonly hasMatrix: (name: 'PC' | 'CD') => boolean;
  /** PVi_m of an axis by m. */
  readonly parameters: (axis: number) => readonly (number | undefined)[];
  /** The same with PROJPm when the axis has no PVi_m. */
  readonly projectionParameters: (axis: number) => readonly (number | undefined)[];
  /** Value of a field of a record-valued card such as DP1 = 'EXTVER: 1'. */
  readonly record: (key: string, field: string) => number | undefined;
  /** Strings of a numbered sequence (WAT1_001, WAT1_002, ...) joined. */
  readonly sequence: (prefix: string) => string;
}

/** A reader of the cards of one WCS ('' for the primary one). */
export function wcsCards(cards: readonly CardEntry[], alternate: string): WcsCards {
  const values = new Map<string, HeaderValue>();
  for (const { key, value } of cards) {
    if (value === undefined || value === null) continue;
    const modern = modernKey(key);
    // A keyword in its present form has precedence over an older spelling.
    if (modern === key || !values.has(modern)) values.set(modern, value);
  }
  const number = (key: string, withLetter = true): number | undefined => {
    const full = withLetter ? key + alternate : key;
    const value = values.get(full);
    return value === undefined ? undefined : asNumber(full, value);
  };
  const parameters = (axis: number): (number | undefined)[] => {
    const found: (number | undefined)[] = [];
    const pattern = new RegExp(`^PV${axis}_(\\d+)${alternate}$`);
    for (const [key, value] of values) {
      const match = pattern.exec(key);
      if (match !== null) found[Number(match[1])] = asNumber(key, value);
    }
    return Array.from(found);
  };
  return {
    text: key => {
      const value = values.get(key + alternate);
      return value === undefined ? undefined : String(value).trim();
    },
    number,
    hasMatrix: name => [...values.keys()].some(key => new RegExp(`^${name}\\d_\\d${alternate}$`).test(key)),
    parameters,
    projectionParameters: axis => {
      const pv = parameters(axis);
      return pv.length > 0 || alternate !== '' ? pv : Array.from({ length: 10 }, (_, m) => number(`PROJP${m}`));
    },
    record: (key, field) => recordValue(cards, key, field),
    sequence: prefix => joinedSequence(values, prefix),
  };
}

/** CD001002 and PC001002 (draft standard), PV01_02 and their like, in the present form. */
function modernKey(key: string): string {
  const draft = /^(CD|PC)00(\d)00(\d)$/.exec(key);
  if (draft !== null) return `${draft[1]}${draft[2]}_${draft[3]}`;
  const padded = /^(CD|PC|PV)0*(\d+)_0*(\d+)([A-Z]?)$/.exec(key);
  return padded === null ? key : `${padded[1]}${padded[2]}_${padded[3]}${padded[4]}`;
}

/** @throws ApError BAD_WCS for what is no number, quoted or not. */
function asNumber(key: string, value: HeaderValue): number {
  const number = typeof value === 'number' || typeof value === 'bigint' ? Number(value) : quotedNumber(value);
  if (!Number.isFinite(number)) throw new ApError('BAD_WCS', { where: key, found: String(value), expected: 'a number' });
  return number;
}

/** The number in a string card (some telescopes quote all of their cards); NaN for anything else. */
export function quotedNumber(value: HeaderValue): number {
  if (typeof value !== 'string' || value.trim() === '') return NaN;
  return Number(value.trim().replace(/[dD]/, 'E'));
}

function recordValue(cards: readonly CardEntry[], key: string, field: string): number | undefined {
  for (const card of cards) {
    if (card.key === `${key}.${field}`) return asNumber(card.key, card.value ?? null);
    if (card.key !== key || typeof card.value !== 'string') continue;
    const match = /^\s*([A-Za-z0-9_.]+)\s*:\s*(\S+)\s*$/.exec(card.value);
    if (match !== null && match[1] === field) return asNumber(`${key}.${field}`, match[2]!);
  }
  return undefined;
}

/** IRAF cuts its text into pieces of 68 characters wherever that falls; blanks at the end of a piece count. */
function joinedSequence(values: ReadonlyMap<string, HeaderValue>, prefix: string): string {
  let text = '';
  for (let n = 1; ; n++) {
    const piece = values.get(`${prefix}_${String(n).padStart(3, '0')}`);
    if (piece === undefined) return text;
    text = text.padEnd((n - 1) * 68) + String(piece);
  }
}

/** Names, projection and suffix of a longitude and latitude axis that belong together; undefined otherwise. */
export function isCelestial(
  lon: string, lat: string,
): { names: readonly [string, string]; code: string; suffix: string } | undefined {
  const [a, b] = [parts(lon), parts(lat)];
  if (a === undefined || b === undefined || a.code !== b.code) return undefined;
  const pair = a.name === 'RA' && b.name === 'DEC';
  const long = /^[A-Z]LON$/.test(a.name) && b.name === `${a.name[0]}LAT`;
  const short = /^[A-Z]{2}LN$/.test(a.name) && b.name === `${a.name.slice(0, 2)}LT`;
  return pair || long || short ? { names: [a.name, b.name], code: a.code, suffix: a.suffix } : undefined;
}

/** 4-3 form of CTYPE: name, hyphens, projection code, and a distortion suffix. A bare name has linear axes (code 'LIN'). */
function parts(type: string): { name: string; code: string; suffix: string } | undefined {
  if (/^(RA|DEC|[A-Z]L(ON|AT)|[A-Z]{2}L[NT])$/.test(type)) return { name: type, code: 'LIN', suffix: '' };
  const match = /^([A-Z]{2,4})-+([A-Z]{3})(?:-([A-Z]{3}))?$/.exec(type);
  return match === null ? undefined : { name: match[1]!, code: match[2]!, suffix: match[3] ?? '' };
}
