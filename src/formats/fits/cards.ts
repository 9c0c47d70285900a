/**
 * FITS header cards, text <-> values (FITS standard 4.0 section 4; CONTINUE and HIERARCH conventions).
 * A card that was read keeps its text, so that writing it again changes nothing.
 */
import { ApError } from '../../model/errors.ts';
import type { HeaderMap, HeaderValue } from '../../model/instrument.ts';

export const CARD_BYTES = 80;

/** One logical card (a CONTINUE sequence is one card). */
export interface Card {
  readonly key: string;
  /**
   * undefined: commentary (COMMENT, HISTORY, blank keyword), its text is `comment`. null: a keyword without a value.
   * Integers beyond 2^53 are bigint; complex numbers stay text.
   */
  readonly value: HeaderValue | undefined;
  readonly comment: string;
  /** The card as it stood in the file, a multiple of 80 characters; absent for a new card. */
  readonly text?: string;
}

const COMMENTARY = new Set(['COMMENT', 'HISTORY', '']);

/** A card from its parts. */
export function card(key: string, value: HeaderValue, comment = ''): Card {
  return { key, value, comment };
}

/** A COMMENT or HISTORY card. */
export function commentary(key: 'COMMENT' | 'HISTORY', text: string): Card {
  return { key, value: undefined, comment: text };
}

/**
 * Cards of a header.
 * @param text latin1 text of the header blocks up to (without) the END card, a multiple of 80 characters.
 */
export function parseCards(text: string): Card[] {
  const cards: Card[] = [];
  for (let at = 0; at < text.length; at += CARD_BYTES) {
    const first = parseCard(text.slice(at, at + CARD_BYTES));
    if (!continues(first.value)) {
      cards.push(first);
      continue;
    }
    const pieces = [first];
    while (continues(pieces.at(-1)!.value) && text.startsWith('CONTINUE', at + CARD_BYTES)) {
      at += CARD_BYTES;
      const line = text.slice(at, at + CARD_BYTES);
      pieces.push({ key: 'CONTINUE', ...parseValue(line.slice(8)), text: line });
    }
    cards.push(pieces.length === 1 ? first : joined(pieces));
  }
  return cards;
}

/** One 80-character card. */
export function parseCard(line: string): Card {
  const key = line.slice(0, 8).trimEnd();
  if (key === 'HIERARCH') {
    const equals = line.indexOf('=');
    if (equals > 0) return { key: line.slice(8, equals).trim(), ...parseValue(line.slice(equals + 1)), text: line };
  }
  if (COMMENTARY.has(key) || line[8] !== '=' || (line[9] !== ' ' && line[9] !== undefined && key === 'CONTINUE')) {
    return { key, value: undefined, comment: line.slice(8).trimEnd(), text: line };
  }
  return { key, ...parseValue(line.slice(9)), text: line };
}

function parseValue(field: string): Pick<Card, 'value' | 'comment'> {
  const start = field.search(/\S/);
  if (start < 0) return { value: null, comment: '' };
  if (field[start] === "'") return parseString(field, start);
  const slash = field.indexOf('/', start);
  const token = (slash < 0 ? field.slice(start) : field.slice(start, slash)).trim();
  return { value: parseToken(token), comment: slash < 0 ? '' : field.slice(slash + 1).trim() };
}

function parseString(field: string, start: number): Pick<Card, 'value' | 'comment'> {
  let end = start + 1;
  while (end < field.length && (field[end] !== "'" || field[end + 1] === "'")) end += field[end] === "'" ? 2 : 1;
  const value = field.slice(start + 1, end).replaceAll("''", "'").trimEnd();
  const slash = field.indexOf('/', end);
  return { value, comment: slash < 0 ? '' : field.slice(slash + 1).trim() };
}

function parseToken(token: string): HeaderValue {
  if (token === '') return null;
  if (token === 'T') return true;
  if (token === 'F') return false;
  if (/^[+-]?\d+$/.test(token)) {
    const number = Number(token);
    return Number.isSafeInteger(number) ? number : BigInt(token.replace(/^\+/, ''));
  }
  if (/^[+-]?(\d+\.?\d*|\.\d+)([EeDd][+-]?\d+)?$/.test(token)) return Number(token.replace(/[Dd]/, 'e'));
  return token;
}

function continues(value: Card['value']): value is string {
  return typeof value === 'string' && value.endsWith('&');
}

/** One card of a string and the CONTINUE cards behind it; an ampersand that nothing follows belongs to the string. */
function joined(pieces: readonly Card[]): Card {
  const texts = pieces.map(piece => (typeof piece.value === 'string' ? piece.value : ''));
  const value = texts.map((text, i) => (i < texts.length - 1 && text.endsWith('&') ? text.slice(0, -1) : text)).join('');
  const comment = pieces.map(piece => piece.comment).filter(part => part !== '').join(' ');
  return { key: pieces[0]!.key, value, comment, text: pieces.map(piece => piece.text).join('') };
}

/** Text of a card: 80 characters, or several cards for a long string or a long commentary. */
export function formatCard(card: Card): string {
  if (card.text !== undefined) return card.text;
  if (card.value === undefined) return formatCommentary(card.key, card.comment);
  const key = keyField(card.key);
  if (typeof card.value === 'string') return formatString(key, card.value, card.comment);
  const isFixed = key.length === 10;
  const value = isFixed ? valueText(card).padStart(20) : valueText(card);
  if (key.length + value.length > CARD_BYTES) {
    throw new ApError('BAD_FITS', { where: `card ${card.key}`, found: `${key.length + value.length} characters`, expected: 'at most 80' });
  }
  return withComment(key + value, card.comment);
}

function keyField(key: string): string {
  if (!/^[\x20-\x7e]*$/.test(key) || key.includes('=')) {
    throw new ApError('BAD_FITS', { where: 'header keyword', found: JSON.stringify(key), expected: 'printable ASCII without =' });
  }
  return /^[A-Z0-9_-]{1,8}$/.test(key) ? `${key.padEnd(8)}= ` : `HIERARCH ${key} = `;
}

function valueText(card: Card): string {
  const { value } = card;
  if (value === null || value === undefined) return '';
  if (typeof value === 'boolean') return value ? 'T' : 'F';
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return Object.is(value, -0) ? '-0.0' : String(value);
  if (!Number.isFinite(value)) return '';
  const text = String(value).toUpperCase().replace('E+', 'E');
  return text.includes('.') ? text : text.includes('E') ? text.replace('E', '.0E') : `${text}.0`;
}

function withComment(text: string, comment: string): string {
  const room = CARD_BYTES - text.length - 3;
  const tail = comment === '' || room < 1 ? '' : ` / ${ascii(comment).slice(0, room)}`;
  return (text + tail).padEnd(CARD_BYTES);
}

function formatString(key: string, value: string, comment: string): string {
  const quoted = ascii(value).replaceAll("'", "''");
  if (key.length + quoted.length + 2 <= CARD_BYTES) {
    const text = `'${quoted.padEnd(8)}'`;
    return withComment(key + (key.length === 10 ? text.padEnd(20) : text).slice(0, CARD_BYTES - key.length), comment);
  }
  let out = '';
  let prefix = key;
  let rest = quoted;
  while (rest !== '') {
    const room = CARD_BYTES - prefix.length - 3;
    let take = Math.min(room, rest.length);
    if (take < rest.length && oddQuotesAtEnd(rest.slice(0, take))) take--;
    const piece = rest.slice(0, take);
    rest = rest.slice(take);
    const line = `${prefix}'${piece}${rest === '' ? '' : '&'}'`;
    out += rest === '' ? withComment(line, comment) : line.padEnd(CARD_BYTES);
    prefix = 'CONTINUE  ';
  }
  return out;
}

/** True when a cut here would split an escaped quote. */
function oddQuotesAtEnd(text: string): boolean {
  return (/'*$/.exec(text)![0].length) % 2 === 1;
}

function formatCommentary(key: string, text: string): string {
  const clean = ascii(text);
  let out = '';
  for (let at = 0; at === 0 || at < clean.length; at += CARD_BYTES - 8) {
    out += key.padEnd(8) + clean.slice(at, at + CARD_BYTES - 8).padEnd(CARD_BYTES - 8);
  }
  return out;
}

/** FITS allows only printable ASCII; anything else becomes a question mark. */
function ascii(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}

/** Values by keyword: the last card wins, commentary is left out. */
export function headerMap(cards: readonly Card[]): HeaderMap {
  return Object.fromEntries(cards.filter(c => c.value !== undefined).map(c => [c.key, c.value as HeaderValue]));
}

/** Cards of a plain record, in its order. */
export function cardsOf(values: HeaderMap): Card[] {
  return Object.entries(values).map(([key, value]) => card(key, value));
}
