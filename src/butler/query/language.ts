/**
 * Query expressions of the real client, parsed and checked for types. The grammar, loosest first: `or`; `and`; `not`;
 * comparisons, `in`, `overlaps`, `is null`; `+ -`; `* / %`; signs; literals, names, `:binds`, functions, parentheses.
 *
 *     visit in (1..9:2, 20) and detector = 0 and not band = 'g'
 *     exposure.observation_type = 'science' and visit.exposure_time > 20
 *     visit.timespan overlaps (T'2026-01-12T03:00:00', T'2026-01-12T04:00:00')
 *     visit_detector_region.region overlaps POINT(53.1, -28.0)
 *     glob(exposure.obs_id, 'obs-1*') and visit in (:visits)
 */
import type { TimeSpan } from '../../model/dataset.ts';
import { ApError } from '../../model/errors.ts';
import type { SkyRegion } from '../../sky/region.ts';
import { boundsOf } from '../timespans.ts';
import { isElement } from '../universe.ts';
import { columnNamed, fieldNames } from './columns.ts';
import type { ColumnType, QueryColumn } from './columns.ts';
import { SHAPES, TIME_FORMS, areOnSky, regionOfIvoa, timeOfLiteral } from './literals.ts';
import type { BindScalar, Binds } from './literals.ts';
import { cursorOf, unquoted } from './tokens.ts';
import type { Cursor, Lexicon, Token } from './tokens.ts';

type Kind = 'word' | 'time' | 'number' | 'text' | 'bind' | 'sign';
type At = Token<Kind>;
type Value = string | number | bigint | boolean;

/** `truth`: true, false or unknown. `null`: the word, which goes only with comparisons and timespans. */
export type NodeType = ColumnType | 'truth' | 'null';

/** A parsed expression. Types agree where they must; a node of type `truth` is a test. */
export type Node = { readonly at: At } & (
  | { readonly kind: 'column'; readonly type: ColumnType; readonly column: QueryColumn }
  | { readonly kind: 'literal'; readonly type: 'int' | 'float' | 'text' | 'bool' | 'time'; readonly value: Value }
  | { readonly kind: 'null'; readonly type: 'null' }
  | { readonly kind: 'timespan'; readonly type: 'timespan'; readonly begin: bigint; readonly end: bigint }
  | { readonly kind: 'region'; readonly type: 'region'; readonly region: SkyRegion }
  | { readonly kind: 'arithmetic'; readonly type: 'int' | 'float'; readonly sign: string; readonly left: Node; readonly right: Node }
  | { readonly kind: 'and' | 'or'; readonly type: 'truth'; readonly left: Node; readonly right: Node }
  | { readonly kind: 'not'; readonly type: 'truth'; readonly inner: Node }
  | { readonly kind: 'compare'; readonly type: 'truth'; readonly sign: string; readonly left: Node; readonly right: Node }
  | { readonly kind: 'in'; readonly type: 'truth'; readonly value: Node; readonly members: readonly Node[]; readonly ranges: readonly Range[] }
  | { readonly kind: 'isNull'; readonly type: 'truth'; readonly value: Node }
  | { readonly kind: 'glob'; readonly type: 'truth'; readonly value: Node; readonly pattern: string }
  | { readonly kind: 'overlaps'; readonly type: 'truth'; readonly left: Node; readonly right: Node }
);

/** Both ends belong to it. */
export interface Range {
  readonly first: number;
  readonly last: number;
  readonly stride: number;
}

const LEXICON: Lexicon<Kind> = [
  ['time', /[Tt](?:'[^']*'|"[^"]*")/y], ['word', /[A-Za-z_]\w*(?:\.\w+)*/y],
  // The dots of a range are not a decimal point.
  ['number', /(?:\d+(?:\.(?!\.)\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y],
  ['text', /'(?:[^']|'')*'|"(?:[^"]|"")*"/y], ['bind', /:[A-Za-z_]\w*/y], ['sign', /\.\.|==|!=|<>|<=|>=|[=<>(),:+*/%-]/y],
];
const COMPARISONS = ['=', '==', '!=', '<>', '<', '<=', '>', '>='];
const WORDS = new Set(['and', 'or', 'not', 'in', 'overlaps', 'is']);

interface Parser extends Cursor<Kind> {
  readonly binds: Binds;
}

/**
 * The tree of an expression; null for empty text, which selects everything.
 * @throws ApError BAD_QUERY with the column of the mistake, what was found and what was expected there.
 */
export function parseQuery(text: string, binds: Binds = {}): Node | null {
  if (text.trim() === '') return null;
  const parser: Parser = { ...cursorOf(text, LEXICON), binds };
  const node = disjunction(parser);
  if (parser.peek().kind !== 'end') throw parser.expected('and, or, or the end', parser.peek());
  return truth(parser, node);
}

/** A boolean column is a test by itself. */
function truth(parser: Parser, node: Node): Node {
  if (node.type === 'truth' || node.type === 'bool') return node;
  const next = parser.peek();
  const isOperand = node.at === next || next.kind === 'end' || next.kind === 'sign';
  throw parser.expected(isOperand ? 'a comparison, in, overlaps or is null' : 'a test, like visit = 1', isOperand ? next : node.at);
}

function disjunction(parser: Parser): Node {
  let node = conjunction(parser);
  for (let at = parser.accept('or'); at !== null; at = parser.accept('or')) {
    node = { kind: 'or', type: 'truth', at, left: truth(parser, node), right: truth(parser, conjunction(parser)) };
  }
  return node;
}

function conjunction(parser: Parser): Node {
  let node = negation(parser);
  for (let at = parser.accept('and'); at !== null; at = parser.accept('and')) {
    node = { kind: 'and', type: 'truth', at, left: truth(parser, node), right: truth(parser, negation(parser)) };
  }
  return node;
}

function negation(parser: Parser): Node {
  const at = parser.accept('not');
  return at === null ? comparison(parser) : not(at, truth(parser, negation(parser)));
}

function not(at: At, inner: Node): Node {
  return { kind: 'not', type: 'truth', at, inner };
}

function comparison(parser: Parser): Node {
  const left = sum(parser);
  const at = parser.peek();
  if (parser.accept('not') !== null) {
    parser.need('in');
    return not(at, membership(parser, left));
  }
  if (parser.accept('in') !== null) return membership(parser, left);
  if (parser.accept('is') !== null) {
    const isNot = parser.accept('not') !== null;
    parser.need('null');
    return nullTest(parser, at, left, isNot);
  }
  if (parser.accept('overlaps') !== null) return overlap(parser, at, left, sum(parser));
  if (parser.accept(...COMPARISONS) === null) return left;
  return compared(parser, at, left, sum(parser));
}

function nullTest(parser: Parser, at: At, value: Node, isNot: boolean): Node {
  if (value.kind !== 'column') throw parser.expected('a dimension or a column', value.at);
  const test: Node = { kind: 'isNull', type: 'truth', at, value };
  return isNot ? not(at, test) : test;
}

function compared(parser: Parser, at: At, left: Node, right: Node): Node {
  const sign = at.text === '==' ? '=' : at.text === '<>' ? '!=' : at.text;
  if (left.type === 'null' || right.type === 'null') {
    if (sign !== '=' && sign !== '!=') throw parser.expected('= or !=', at);
    return nullTest(parser, at, left.type === 'null' ? right : left, sign === '!=');
  }
  for (const node of [left, right]) if (node.type === 'truth') throw parser.expected('a value', node.at);
  if (left.type === 'region' || left.type === 'timespan') throw parser.expected('overlaps', at);
  if (kindOf(left.type) !== kindOf(right.type)) throw parser.expected(kindText(left.type), right.at);
  return { kind: 'compare', type: 'truth', at, sign, left, right };
}

/** Integers and floating-point numbers may be compared. */
function kindOf(type: NodeType): string {
  return type === 'int' || type === 'float' ? 'number' : type;
}

function kindText(type: NodeType): string {
  const texts: Partial<Record<NodeType, string>> = {
    int: 'a number', float: 'a number', text: "text in quotes, like 'g'", bool: 'true or false', time: "a time, like T'2026-01-12T03:00:00'",
    timespan: "a timespan or time, like (T'2026-01-12', T'2026-01-13')", region: 'a region, like POINT(53.1, -28)',
  };
  return texts[type] ?? 'a value';
}

/** Of timespans, of a timespan and a time, of regions. */
function overlap(parser: Parser, at: At, left: Node, right: Node): Node {
  const isTemporal = left.type === 'timespan' || left.type === 'time';
  if (!isTemporal && left.type !== 'region') throw parser.expected('a region, timespan or time', left.at);
  const fits = isTemporal ? right.type === 'timespan' || (right.type === 'time' && left.type === 'timespan') : right.type === 'region';
  if (!fits) throw parser.expected(kindText(isTemporal ? 'timespan' : 'region'), right.at);
  return { kind: 'overlaps', type: 'truth', at, left, right };
}

/** `(1, 3..9:2, :more)` or `('g', 'r')`. */
function membership(parser: Parser, value: Node): Node {
  if (['truth', 'null', 'timespan', 'region'].includes(value.type)) throw parser.expected('a number, text or time', value.at);
  const at = parser.peek();
  const members: Node[] = [];
  const ranges: Range[] = [];
  parser.need('(');
  do {
    const range = rangeOf(parser, value);
    if (range !== null) ranges.push(range);
    else members.push(...memberNodes(parser, value));
  } while (parser.accept(',') !== null);
  parser.need(')');
  return { kind: 'in', type: 'truth', at, value, members, ranges };
}

function memberNodes(parser: Parser, value: Node): Node[] {
  const at = parser.peek();
  const nodes = at.kind === 'bind' ? boundNodes(parser, parser.next()) : [sum(parser)];
  for (const node of nodes) if (kindOf(node.type) !== kindOf(value.type)) throw parser.expected(kindText(value.type), node.at);
  return nodes;
}

function rangeOf(parser: Parser, value: Node): Range | null {
  const isRange = parser.peek().kind === 'number' && parser.second().text === '..';
  if (!isRange) return null;
  if (value.type !== 'int') throw parser.expected(kindText(value.type), parser.peek());
  const first = integer(parser);
  parser.need('..');
  const lastAt = parser.peek();
  const last = integer(parser);
  if (last < first) throw parser.expected(`a number that is not below ${first}`, lastAt);
  // `1..9:2` reads as a bind nowhere, because names do not begin with a digit.
  if (parser.accept(':') === null) return { first, last, stride: 1 };
  const strideAt = parser.peek();
  const stride = integer(parser);
  if (stride < 1) throw parser.expected('a stride of 1 or more', strideAt);
  return { first, last, stride };
}

function integer(parser: Parser): number {
  const token = parser.next();
  const value = Number(token.text);
  if (token.kind !== 'number' || !/^\d+$/.test(token.text)) throw parser.expected('an integer', token);
  if (!Number.isSafeInteger(value)) throw parser.expected('an integer below 2^53', token);
  return value;
}

function sum(parser: Parser): Node {
  let node = product(parser);
  for (let at = parser.accept('+', '-'); at !== null; at = parser.accept('+', '-')) node = arithmetic(parser, at, node, product(parser));
  return node;
}

function product(parser: Parser): Node {
  let node = signed(parser);
  for (let at = parser.accept('*', '/', '%'); at !== null; at = parser.accept('*', '/', '%')) {
    node = arithmetic(parser, at, node, signed(parser));
  }
  return node;
}

function arithmetic(parser: Parser, at: At, left: Node, right: Node): Node {
  for (const node of [left, right]) if (kindOf(node.type) !== 'number') throw parser.expected('a number', node.at);
  const type = left.type === 'int' && right.type === 'int' ? 'int' : 'float';
  return { kind: 'arithmetic', type, at, sign: at.text, left, right };
}

function signed(parser: Parser): Node {
  const at = parser.accept('-', '+');
  if (at === null) return primary(parser);
  const node = signed(parser);
  if (at.text === '+' && kindOf(node.type) === 'number') return node;
  if (node.kind === 'literal' && typeof node.value === 'number') return { ...node, at, value: -node.value };
  return arithmetic(parser, at, { kind: 'literal', type: 'int', at, value: 0 }, node);
}

function primary(parser: Parser): Node {
  const at = parser.next();
  switch (at.kind) {
    case 'number': return numberLiteral(parser, at);
    case 'text': return { kind: 'literal', type: 'text', at, value: unquoted(at.text) };
    case 'time': return { kind: 'literal', type: 'time', at, value: timeOf(parser, at) };
    case 'bind': return singleBound(parser, at);
    case 'word': return named(parser, at);
    default:
      if (at.text === '(') return parenthesis(parser, at);
      throw parser.expected('a dimension, column, number or text in quotes', at);
  }
}

function numberLiteral(parser: Parser, at: At): Node {
  const value = Number(at.text);
  const isInteger = /^\d+$/.test(at.text);
  if (isInteger && !Number.isSafeInteger(value)) throw parser.expected('an integer below 2^53', at);
  return { kind: 'literal', type: isInteger ? 'int' : 'float', at, value };
}

function timeOf(parser: Parser, at: At): bigint {
  try {
    return timeOfLiteral(at.text.slice(2, -1));
  } catch (error) {
    if (!(error instanceof ApError)) throw error;
    throw parser.expected(TIME_FORMS, at);
  }
}

/** A test, a value, or two times that make a timespan. */
function parenthesis(parser: Parser, at: At): Node {
  const first = disjunction(parser);
  if (parser.accept(',') === null) {
    parser.need(')');
    return first;
  }
  const second = disjunction(parser);
  parser.need(')');
  const [begin_ns, end_ns] = [first, second].map(node => {
    if (node.type === 'null') return null;
    if (node.kind === 'literal' && node.type === 'time') return node.value as bigint;
    throw parser.expected("a time, like T'2026-01-12T03:00:00', or null", node.at);
  }) as [bigint | null, bigint | null];
  if (begin_ns !== null && end_ns !== null && end_ns < begin_ns) throw parser.expected('an end that is not before the begin', second.at);
  return { kind: 'timespan', type: 'timespan', at, ...boundsOf({ begin_ns, end_ns }) };
}

function named(parser: Parser, at: At): Node {
  const word = at.text.toLowerCase();
  if (parser.peek().text === '(' && !WORDS.has(word)) return functionCall(parser, at, word);
  if (word === 'null') return { kind: 'null', type: 'null', at };
  if (word === 'true' || word === 'false') return { kind: 'literal', type: 'bool', at, value: word === 'true' };
  const column = columnNamed(at.text);
  if (column !== null) return { kind: 'column', type: column.type, at, column };
  const [element = '', field] = at.text.split('.');
  const fields = fieldNames(element);
  const isField = isElement(element) && field !== undefined && fields.length > 0;
  throw parser.expected(isField ? `${element}. with ${fields.join(', ')}` : 'a dimension, column, number or text in quotes', at);
}

function functionCall(parser: Parser, at: At, name: string): Node {
  const shape = SHAPES[name];
  if (shape === undefined && name !== 'glob' && name !== 'region') {
    throw parser.expected('a column, or one of point, circle, box, polygon, region, glob', at);
  }
  parser.need('(');
  const args: Node[] = [];
  do args.push(sum(parser));
  while (parser.accept(',') !== null);
  parser.need(')');
  if (name === 'glob') return globTest(parser, at, args);
  const region = shape === undefined ? ivoaRegion(args) : shapeRegion(name, args);
  if (region === null) throw parser.expected(shape?.signature ?? "REGION('CIRCLE ra dec radius'), degrees", at);
  return { kind: 'region', type: 'region', at, region };
}

function globTest(parser: Parser, at: At, [value, pattern]: readonly Node[]): Node {
  if (value?.type !== 'text' || pattern?.kind !== 'literal' || typeof pattern.value !== 'string') {
    throw parser.expected("GLOB(column, 'pattern')", at);
  }
  return { kind: 'glob', type: 'truth', at, value, pattern: pattern.value };
}

function ivoaRegion([text]: readonly Node[]): SkyRegion | null {
  return text?.kind === 'literal' && typeof text.value === 'string' ? orNull(() => regionOfIvoa(text.value as string)) : null;
}

function shapeRegion(name: string, args: readonly Node[]): SkyRegion | null {
  const values = args.map(node => (node.kind === 'literal' && typeof node.value === 'number' ? node.value : NaN));
  const shape = SHAPES[name]!;
  const isGood = shape.isCount(values.length) && values.every(Number.isFinite) && areOnSky(name, values);
  return isGood ? orNull(() => shape.make(values)) : null;
}

/** A polygon that is none (points on one great circle) is a mistake of the query. */
function orNull(make: () => SkyRegion | null): SkyRegion | null {
  try {
    return make();
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function singleBound(parser: Parser, at: At): Node {
  const nodes = boundNodes(parser, at);
  if (nodes.length !== 1) throw parser.expected(`one value for ${at.text}, not ${nodes.length}`, at);
  return nodes[0]!;
}

function boundNodes(parser: Parser, at: At): Node[] {
  const name = at.text.slice(1);
  if (!Object.hasOwn(parser.binds, name)) {
    throw parser.expected(`a value for ${at.text}; bound are ${Object.keys(parser.binds).join(', ') || 'none'}`, at);
  }
  const bound = parser.binds[name]!;
  return (Array.isArray(bound) ? bound as readonly BindScalar[] : [bound as BindScalar]).map(value => boundNode(at, value));
}

function boundNode(at: At, value: BindScalar): Node {
  if (typeof value === 'string') return { kind: 'literal', type: 'text', at, value };
  if (typeof value === 'boolean') return { kind: 'literal', type: 'bool', at, value };
  if (typeof value === 'bigint') return { kind: 'literal', type: 'int', at, value };
  if (typeof value === 'number') return { kind: 'literal', type: Number.isSafeInteger(value) ? 'int' : 'float', at, value };
  if ('tai_ns' in value) return { kind: 'literal', type: 'time', at, value: value.tai_ns };
  if ('begin_ns' in value) return { kind: 'timespan', type: 'timespan', at, ...boundsOf(value as TimeSpan) };
  return { kind: 'region', type: 'region', at, region: value as SkyRegion };
}
