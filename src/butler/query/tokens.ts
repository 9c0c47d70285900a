/** Words and signs of query expressions, and a cursor over them that says where a mistake is. */
import { ApError } from '../../model/errors.ts';

export interface Token<Kind extends string = string> {
  readonly kind: Kind | 'end';
  readonly text: string;
  /** 1-based, of the first character. */
  readonly column: number;
}

/** Kinds of tokens with sticky patterns; the first that matches wins. Words and signs have the kinds `word` and `sign`. */
export type Lexicon<Kind extends string> = readonly (readonly [Kind, RegExp])[];

export interface Cursor<Kind extends string> {
  peek(): Token<Kind>;
  /** The token after the next one. */
  second(): Token<Kind>;
  next(): Token<Kind>;
  /** Takes the sign or word (in any case) when it comes next. */
  accept(...texts: readonly string[]): Token<Kind> | null;
  need(text: string): void;
  /** The error to throw at a token. */
  expected(what: string, found: Token<Kind>): ApError;
}

/** @throws ApError BAD_QUERY with the column of a character that begins no token. */
export function cursorOf<Kind extends string>(text: string, lexicon: Lexicon<Kind>): Cursor<Kind> {
  const tokens = tokensOf(text, lexicon);
  let at = 0;
  const isText = ({ kind, text: word }: Token<Kind>, texts: readonly string[]): boolean =>
    (kind === 'sign' || kind === 'word') && texts.includes(word.toLowerCase());
  const cursor: Cursor<Kind> = {
    peek: () => tokens[at]!,
    second: () => tokens[Math.min(at + 1, tokens.length - 1)]!,
    next: () => tokens[at === tokens.length - 1 ? at : at++]!,
    accept: (...texts) => (isText(tokens[at]!, texts) ? cursor.next() : null),
    need: sign => {
      if (cursor.accept(sign) === null) throw cursor.expected(`'${sign}'`, cursor.peek());
    },
    expected: (what, found) => mistake(text, found.column, found.kind === 'end' ? 'the end' : `'${found.text}'`, what),
  };
  return cursor;
}

function mistake(text: string, column: number, found: string, expected: string): ApError {
  return new ApError('BAD_QUERY', { where: `column ${column} of "${text}"`, found, expected });
}

function tokensOf<Kind extends string>(text: string, lexicon: Lexicon<Kind>): Token<Kind>[] {
  const tokens: Token<Kind>[] = [];
  let at = 0;
  const skip = (): void => {
    while (/\s/.test(text[at] ?? '')) at++;
  };
  for (skip(); at < text.length; skip()) {
    const token = tokenAt(text, at, lexicon);
    tokens.push(token);
    at += token.text.length;
  }
  return [...tokens, { kind: 'end', text: '', column: text.length + 1 }];
}

function tokenAt<Kind extends string>(text: string, at: number, lexicon: Lexicon<Kind>): Token<Kind> {
  for (const [kind, pattern] of lexicon) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match !== null) return { kind, text: match[0], column: at + 1 };
  }
  const isQuote = text[at] === "'" || text[at] === '"';
  if (isQuote) throw mistake(text, at + 1, 'a quote without its end', 'a closing quote');
  throw mistake(text, at + 1, `'${text[at]!}'`, 'a name, number, text or operator');
}

/** The text between quotes, doubled quotes made single. */
export function unquoted(text: string): string {
  const quote = text[0]!;
  return text.slice(1, -1).replaceAll(quote + quote, quote);
}
