/** Parsed query expressions as SQL conditions. SQL's three values are those of the language: a comparison with NULL is unknown. */
import { htmEnvelope } from '../../sky/htm.ts';
import type { SkyRegion } from '../../sky/region.ts';
import { base64OfBytes, encodeRegion } from '../../sky/regionEncoding.ts';
import { REGIONS_OVERLAP } from '../connection.ts';
import type { SqlValue } from '../connection.ts';
import { keyColumns } from '../universe.ts';
import type { QueryColumn } from './columns.ts';
import type { Node } from './language.ts';

/** SQL with its parameters. */
export interface Fragment {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

/** SQL text of a column; the tables of the query decide. */
export type Scope = (column: QueryColumn) => string;

/** The pixelization whose overlaps the registry keeps. */
export const COMMON_LEVEL = 7;
/** Beyond this many ranges of pixels the filter before the exact test gets coarser. */
const MAX_RANGES = 64;

export function fragment(sql: string, ...values: readonly SqlValue[]): Fragment {
  return { sql, values };
}

/** Fragments with text between them. */
export function joined(parts: readonly Fragment[], separator: string): Fragment {
  return { sql: parts.map(part => part.sql).join(separator), values: parts.flatMap(part => part.values) };
}

function around(before: string, { sql, values }: Fragment, after: string): Fragment {
  return { sql: before + sql + after, values };
}

/**
 * The condition of a tree. `isPositive`: no `not` around it, so that false and unknown are the same, and a region may be
 * looked up by its sky pixels before the exact test.
 */
export function condition(node: Node, scope: Scope, isPositive = true): Fragment {
  const value = (inner: Node): Fragment => scalar(inner, scope);
  switch (node.kind) {
    case 'and': case 'or':
      return around('(', joined([condition(node.left, scope, isPositive), condition(node.right, scope, isPositive)], ` ${node.kind.toUpperCase()} `), ')');
    case 'not': return around('(NOT ', condition(node.inner, scope, false), ')');
    case 'compare': return around('(', joined([value(node.left), value(node.right)], ` ${node.sign} `), ')');
    case 'isNull': return around('(', value(node.value), ' IS NULL)');
    case 'glob': return around('(', joined([value(node.value), fragment('?', sqliteGlob(node.pattern))], ' GLOB '), ')');
    case 'in': return membership(node, scope);
    case 'overlaps': return node.left.type === 'region' ? regionOverlap(node.left, node.right, scope, isPositive) : timeOverlap(node.left, node.right, scope);
    default: return scalar(node, scope);
  }
}

function scalar(node: Node, scope: Scope): Fragment {
  switch (node.kind) {
    case 'column': return fragment(scope(node.column));
    case 'literal': return fragment('?', sqlValue(node.value));
    case 'arithmetic': return around('(', joined([scalar(node.left, scope), scalar(node.right, scope)], ` ${node.sign} `), ')');
    default: return condition(node, scope, false);
  }
}

function sqlValue(value: string | number | bigint | boolean): SqlValue {
  if (typeof value === 'boolean') return value ? 1n : 0n;
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value;
}

function membership(node: Extract<Node, { kind: 'in' }>, scope: Scope): Fragment {
  const value = scalar(node.value, scope);
  const ranges = node.ranges.map(({ first, last, stride }) => {
    const between = around('(', value, ' BETWEEN ? AND ?)');
    const limits = fragment(between.sql, ...between.values, BigInt(first), BigInt(last));
    if (stride === 1) return limits;
    const step = fragment(`(${value.sql} - ?) % ? = 0`, ...value.values, BigInt(first), BigInt(stride));
    return around('(', joined([limits, step], ' AND '), ')');
  });
  const members = joined(node.members.map(member => scalar(member, scope)), ', ');
  const list = node.members.length === 0 ? [] : [joined([value, around('(', members, ')')], ' IN ')];
  return list.length + ranges.length === 0 ? fragment('(FALSE)') : around('(', joined([...list, ...ranges], ' OR '), ')');
}

/** `*` and `?` are wild and a backslash takes that away; SQLite's brackets stand for themselves. */
function sqliteGlob(pattern: string): string {
  return pattern.replaceAll(/\\([\s\S])|\[/g, (whole, escaped: string | undefined) => {
    const character = escaped ?? whole;
    return '*?['.includes(character) ? `[${character}]` : character;
  });
}

interface Ends {
  readonly begin: Fragment;
  readonly end: Fragment;
}

/** Half-open intervals share an instant; an instant is in the interval that begins with it. */
function timeOverlap(left: Node, right: Node, scope: Scope): Fragment {
  const [a, b] = [endsOf(left, scope), endsOf(right, scope)];
  const before = (x: Ends, y: Ends, isInstant: boolean): Fragment => joined([x.begin, y.end], isInstant ? ' <= ' : ' < ');
  return around('(', joined([before(a, b, right.type === 'time'), before(b, a, left.type === 'time')], ' AND '), ')');
}

function endsOf(node: Node, scope: Scope): Ends {
  if (node.kind === 'timespan') return { begin: fragment('?', node.begin), end: fragment('?', node.end) };
  if (node.kind === 'column' && node.type === 'timespan' && 'element' in node.column) {
    const { element } = node.column;
    const end = (name: string): Fragment => fragment(scope({ element, field: `timespan_${name}`, type: 'time' }));
    return { begin: end('begin'), end: end('end') };
  }
  const instant = scalar(node, scope);
  return { begin: instant, end: instant };
}

/** An exact test of the regions; one column against one fixed region is looked up in the overlap table first. */
function regionOverlap(left: Node, right: Node, scope: Scope, isPositive: boolean): Fragment {
  const sides = [left, right].map(node => (node.kind === 'region' ? fragment('?', regionText(node.region)) : scalar(node, scope)));
  const exact = around(`${REGIONS_OVERLAP}(`, joined(sides, ', '), ')');
  const [column, fixed] = left.kind === 'region' ? [right, left] : [left, right];
  if (!isPositive || fixed.kind !== 'region' || column.kind !== 'column' || !('element' in column.column)) return exact;
  return around('(', joined([pixelFilter(column.column.element, fixed.region, scope), exact], ' AND '), ')');
}

function regionText(region: SkyRegion): string {
  return base64OfBytes(encodeRegion(region));
}

/** Records of a spatial element that share a pixel of the common pixelization with a region. */
function pixelFilter(element: string, region: SkyRegion, scope: Scope): Fragment {
  const keys = keyColumns(element).map(({ dimension }) => dimension);
  const own = keys.map(dimension => scope({ dimension, type: 'int' })).join(', ');
  const ranges = htmEnvelope(COMMON_LEVEL, region, MAX_RANGES);
  const among = joined(ranges.map(([begin, end]) => fragment('skypix_index BETWEEN ? AND ?', BigInt(begin!), BigInt(end! - 1))), ' OR ');
  const before = `(${own}) IN (SELECT ${keys.map(key => `"${key}"`).join(', ')} FROM "${element}_skypix_overlap"`
    + ` WHERE skypix_system = 'htm' AND skypix_level = ${COMMON_LEVEL} AND (`;
  return around(before, among, '))');
}
