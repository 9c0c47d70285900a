/** YAML with positions: a tree that knows the line and column of every key and value. */
import { LineCounter, isAlias, isMap, isScalar, isSeq, parseDocument } from 'yaml';
import type { Document, Node, YAMLMap } from 'yaml';
import { badPipeline } from './badPipeline.ts';

export type YamlScalar = string | number | boolean | null;

export interface SourceScalar {
  readonly kind: 'scalar';
  readonly where: string;
  readonly value: YamlScalar;
}
export interface SourceList {
  readonly kind: 'list';
  readonly where: string;
  readonly items: readonly Source[];
}
export interface SourceEntry {
  readonly key: string;
  readonly where: string;
  readonly value: Source;
}
export interface SourceMap {
  readonly kind: 'map';
  readonly where: string;
  readonly entries: readonly SourceEntry[];
}
export type Source = SourceScalar | SourceList | SourceMap;

interface Reading {
  readonly document: Document;
  readonly at: (offset: number | undefined) => string;
}

/**
 * Parse one YAML 1.1 document (the version that Python's loaders speak). Syntax errors and duplicate
 * keys, at any level, are BAD_PIPELINE with `location:line:column`.
 */
export function parseYamlSource(text: string, location: string): Source {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { version: '1.1', lineCounter, prettyErrors: false, uniqueKeys: true });
  const at = (offset: number | undefined): string => {
    const { line, col } = lineCounter.linePos(offset ?? 0);
    return `${location}:${line}:${col}`;
  };
  const error = document.errors[0];
  if (error !== undefined) {
    const where = at(error.pos[0]);
    if (error.code !== 'DUPLICATE_KEY') throw badPipeline({ where, found: error.message });
    const key = /^[^:\n]*/.exec(text.slice(error.pos[0]))?.[0].trim() ?? '';
    throw badPipeline({ where, found: `duplicate key '${key}'`, expected: 'every key once in its mapping' });
  }
  return sourceOf({ document, at }, document.contents);
}

/** Plain JavaScript value of a tree. */
export function plainValue(source: Source): unknown {
  switch (source.kind) {
    case 'scalar': return source.value;
    case 'list': return source.items.map(plainValue);
    case 'map': return Object.fromEntries(source.entries.map(entry => [entry.key, plainValue(entry.value)]));
  }
}

/** One word for messages: "a mapping", "a list", "the string 'x'". */
export function describeSource(source: Source): string {
  if (source.kind === 'map') return 'a mapping';
  if (source.kind === 'list') return 'a list';
  return source.value === null ? 'nothing' : `the ${typeof source.value} '${String(source.value)}'`;
}

function sourceOf(reading: Reading, node: Node | null): Source {
  if (isAlias(node)) {
    const target = node.resolve(reading.document);
    if (target === undefined) throw badPipeline({ where: reading.at(node.range?.[0]), found: 'an alias without anchor' });
    return sourceOf(reading, target);
  }
  const where = reading.at(node?.range?.[0]);
  if (isMap(node)) return { kind: 'map', where, entries: entriesOf(reading, node) };
  if (isSeq(node)) return { kind: 'list', where, items: node.items.map(item => sourceOf(reading, item as Node | null)) };
  if (isScalar(node)) return { kind: 'scalar', where, value: scalarOf(node.value) };
  return { kind: 'scalar', where, value: null };
}

function scalarOf(value: unknown): YamlScalar {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return value === null || value === undefined ? null : String(value);
}

function entriesOf(reading: Reading, map: YAMLMap): SourceEntry[] {
  const own: SourceEntry[] = [];
  const merged: SourceEntry[] = [];
  for (const pair of map.items) {
    const keyNode = pair.key as Node;
    if (!isScalar(keyNode)) throw badPipeline({ where: reading.at(keyNode.range?.[0]), found: 'a key that is not plain text' });
    const key = keyNode.source ?? String(keyNode.value);
    const value = sourceOf(reading, pair.value as Node | null);
    if (key === '<<') merged.push(...mergedEntries(value));
    else own.push({ key, where: reading.at(keyNode.range?.[0]), value });
  }
  const names = new Set(own.map(entry => entry.key));
  return [...merged.filter(entry => !names.has(entry.key)), ...own];
}

/** Entries of a `<<` key: of one mapping, or of several where the earlier win. */
function mergedEntries(value: Source): readonly SourceEntry[] {
  if (value.kind === 'map') return value.entries;
  if (value.kind === 'scalar') throw badPipeline({ where: value.where, found: describeSource(value), expected: 'a mapping to merge' });
  const byKey = new Map<string, SourceEntry>();
  for (const item of value.items) {
    for (const entry of mergedEntries(item)) if (!byKey.has(entry.key)) byKey.set(entry.key, entry);
  }
  return [...byKey.values()];
}
