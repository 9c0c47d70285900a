/**
 * Data queries of the command line, in the language of the real client as far as it speaks of dimension values:
 * `visit in (1..9:2, 20) and not detector = 0 and band = 'g'`. Words are read in any case. A comparison with a
 * dimension that a data ID does not have is neither true nor false, as NULL in SQL, and such a data ID is not selected.
 */
import type { DataId } from '../model/dataset.ts';
import { cursorOf, unquoted } from './query/tokens.ts';
import type { Cursor, Lexicon, Token } from './query/tokens.ts';
import { UNIVERSE, isSkyPixel, primaryKey } from './universe.ts';

type Value = string | number;
/** null: unknown. */
type Test = (dataId: DataId) => boolean | null;

type Kind = 'word' | 'integer' | 'text' | 'sign';
type Parser = Cursor<Kind>;

interface Operand {
  readonly type: 'integer' | 'text';
  readonly at: Token<Kind>;
  readonly value: (dataId: DataId) => Value | undefined;
}

const LEXICON: Lexicon<Kind> = [
  ['word', /[A-Za-z_]\w*(?:\.\w+)*/y], ['integer', /\d+/y], ['text', /'(?:[^']|'')*'|"(?:[^"]|"")*"/y],
  ['sign', /\.\.|==|!=|<>|<=|>=|[=<>(),:-]/y],
];
const COMPARISONS: Readonly<Record<string, (order: number) => boolean>> = {
  '=': order => order === 0, '==': order => order === 0, '!=': order => order !== 0, '<>': order => order !== 0,
  '<': order => order < 0, '<=': order => order <= 0, '>': order => order > 0, '>=': order => order >= 0,
};

/**
 * The test that an expression stands for; empty text selects everything.
 * @throws ApError BAD_QUERY with the column of the mistake and what was expected there.
 */
export function parseWhere(text: string): (dataId: DataId) => boolean {
  if (text.trim() === '') return () => true;
  const parser = cursorOf(text, LEXICON);
  const test = disjunction(parser);
  if (parser.peek().kind !== 'end') throw parser.expected('and, or, or the end', parser.peek());
  return dataId => test(dataId) === true;
}

function disjunction(parser: Parser): Test {
  let test = conjunction(parser);
  while (parser.accept('or') !== null) test = either(test, conjunction(parser));
  return test;
}

function conjunction(parser: Parser): Test {
  let test = negation(parser);
  while (parser.accept('and') !== null) test = both(test, negation(parser));
  return test;
}

function either(a: Test, b: Test): Test {
  return dataId => {
    const [x, y] = [a(dataId), b(dataId)];
    return x === true || y === true ? true : x === null || y === null ? null : false;
  };
}

function both(a: Test, b: Test): Test {
  return dataId => {
    const [x, y] = [a(dataId), b(dataId)];
    return x === false || y === false ? false : x === null || y === null ? null : true;
  };
}

function not(test: Test): Test {
  return dataId => {
    const x = test(dataId);
    return x === null ? null : !x;
  };
}

function negation(parser: Parser): Test {
  if (parser.accept('not') !== null) return not(negation(parser));
  if (parser.accept('(') !== null) {
    const test = disjunction(parser);
    parser.need(')');
    return test;
  }
  return comparison(parser);
}

function comparison(parser: Parser): Test {
  const left = operand(parser);
  if (parser.accept('not') !== null) {
    parser.need('in');
    return not(membership(parser, left));
  }
  if (parser.accept('in') !== null) return membership(parser, left);
  const sign = parser.accept(...Object.keys(COMPARISONS));
  if (sign === null) throw parser.expected('a comparison, in or not in', parser.peek());
  const isTrue = COMPARISONS[sign.text]!;
  const right = operand(parser);
  if (right.type !== left.type) throw parser.expected(kindText(left.type), right.at);
  return dataId => {
    const [a, b] = [left.value(dataId), right.value(dataId)];
    return a === undefined || b === undefined ? null : isTrue(a < b ? -1 : a > b ? 1 : 0);
  };
}

function kindText(type: Operand['type']): string {
  return type === 'integer' ? 'an integer' : "text in quotes, like 'g'";
}

/** A dimension or a literal. */
function operand(parser: Parser): Operand {
  if (parser.peek().kind !== 'word') return literal(parser);
  const at = parser.next();
  const name = at.text;
  const isDimension = isSkyPixel(name) || UNIVERSE.elements[name]?.keys !== undefined;
  if (!isDimension) throw parser.expected('a dimension (visit, detector, band, physical_filter, exposure ...)', at);
  return { type: primaryKey(name).type === 'int' ? 'integer' : 'text', at, value: dataId => dataId[name as keyof DataId] };
}

function literal(parser: Parser): Operand {
  const at = parser.peek();
  if (at.kind === 'text') {
    parser.next();
    const value = unquoted(at.text);
    return { type: 'text', at, value: () => value };
  }
  const value = integer(parser, 'a dimension, number or text in quotes');
  return { type: 'integer', at, value: () => value };
}

function integer(parser: Parser, what = 'an integer'): number {
  const sign = parser.accept('-') === null ? 1 : -1;
  const token = parser.next();
  if (token.kind !== 'integer') throw parser.expected(what, token);
  const value = sign * Number(token.text);
  if (!Number.isSafeInteger(value)) throw parser.expected('an integer below 2^53', token);
  return value;
}

/** `(1, 3..9:2)` or `('g', 'r')`. */
function membership(parser: Parser, left: Operand): Test {
  parser.need('(');
  const members: ((value: Value) => boolean)[] = [];
  do members.push(left.type === 'integer' ? rangeMember(parser) : textMember(parser));
  while (parser.accept(',') !== null);
  parser.need(')');
  return dataId => {
    const value = left.value(dataId);
    return value === undefined ? null : members.some(holds => holds(value));
  };
}

function textMember(parser: Parser): (value: Value) => boolean {
  const token = parser.peek();
  if (token.kind !== 'text') throw parser.expected(kindText('text'), token);
  const wanted = literal(parser).value({});
  return value => value === wanted;
}

/** Both ends of a range belong to it. */
function rangeMember(parser: Parser): (value: Value) => boolean {
  const first = integer(parser);
  if (parser.accept('..') === null) return value => value === first;
  const at = parser.peek();
  const last = integer(parser);
  if (last < first) throw parser.expected(`a number that is not below ${first}`, at);
  let stride = 1;
  if (parser.accept(':') !== null) {
    const strideAt = parser.peek();
    stride = integer(parser);
    if (stride < 1) throw parser.expected('a stride of 1 or more', strideAt);
  }
  return value => typeof value === 'number' && value >= first && value <= last && (value - first) % stride === 0;
}
