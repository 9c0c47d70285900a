/** Collections: runs, tagged sets, calibration sets and chains of them. */
import path from 'node:path';
import { ApError } from '../model/errors.ts';
import { insertRow, integerOf } from './connection.ts';
import type { Connection, SqlValue } from './connection.ts';

export type CollectionType = 'RUN' | 'TAGGED' | 'CALIBRATION' | 'CHAINED';

export interface Collection {
  readonly name: string;
  readonly type: CollectionType;
  readonly children: readonly string[];
}

export interface CollectionKey {
  readonly id: number;
  readonly name: string;
  readonly type: CollectionType;
}

const TYPE_NUMBERS: Readonly<Record<CollectionType, number>> = { RUN: 1, TAGGED: 2, CHAINED: 3, CALIBRATION: 4 };
const TYPE_NAMES = new Map(Object.entries(TYPE_NUMBERS).map(([name, number]) => [number, name as CollectionType]));

export function findCollection(connection: Connection, name: string): CollectionKey | null {
  const row = connection.get('SELECT collection_id, type FROM collection WHERE name = ?', name);
  return row === undefined ? null : { id: integerOf(row.collection_id), name, type: typeOf(row.type) };
}

function typeOf(number: SqlValue | undefined): CollectionType {
  return TYPE_NAMES.get(integerOf(number))!;
}

/** @throws ApError COLLECTION when there is none of that name, or it is of another type. */
export function needCollection(connection: Connection, name: string, type?: CollectionType): CollectionKey {
  const collection = findCollection(connection, name);
  if (collection === null) {
    throw new ApError('COLLECTION', {
      found: `no collection '${name}'`, expected: type ?? 'a registered collection', todo: 'register it first',
    });
  }
  if (type !== undefined && collection.type !== type) throw notOfType(collection, type);
  return collection;
}

function notOfType({ name, type }: CollectionKey, expected: CollectionType): ApError {
  return new ApError('COLLECTION', { where: name, found: `a ${type} collection`, expected: `a ${expected} collection` });
}

/** Makes the collection when there is none. @throws ApError COLLECTION for an odd name or another type. */
export function registerCollection(connection: Connection, name: string, type: CollectionType): CollectionKey {
  const existing = findCollection(connection, name);
  if (existing !== null) {
    if (existing.type !== type) throw notOfType(existing, type);
    return existing;
  }
  checkName(name);
  return connection.transaction(() => {
    const id = insertRow(connection, 'collection', { name, type: TYPE_NUMBERS[type] });
    if (type === 'RUN') insertRow(connection, 'run', { collection_id: id });
    return { id, name, type };
  });
}

/** Names become folders; a name must not lead out of the repository or into a hidden folder. */
function checkName(name: string): void {
  const isGood = name !== '' && name === path.posix.normalize(name) && !name.startsWith('/') && !name.endsWith('/')
    && !name.split('/').some(part => part.startsWith('.')) && !name.includes('*');
  if (!isGood) throw new ApError('COLLECTION', { found: `name '${name}'`, expected: "words joined by '/'" });
}

/** Makes the chain, or gives it other children. @throws ApError COLLECTION for unknown children and for a chain in itself. */
export function registerChainedCollection(connection: Connection, name: string, children: readonly string[]): void {
  connection.transaction(() => {
    const members = children.map(child => needCollection(connection, child));
    const chain = registerCollection(connection, name, 'CHAINED');
    const inside = children.flatMap(child => chainMembers(connection, child));
    if (inside.includes(name)) {
      throw new ApError('COLLECTION', {
        where: name, found: 'the chain itself among its members', expected: 'other collections',
      });
    }
    connection.run('DELETE FROM collection_chain WHERE parent = ?', chain.id);
    members.forEach(({ id }, position) => insertRow(connection, 'collection_chain', { parent: chain.id, position, child: id }));
  });
}

/** The name and everything below it, chains included. */
function chainMembers(connection: Connection, name: string): string[] {
  return [name, ...childrenOf(connection, needCollection(connection, name).id).flatMap(child => chainMembers(connection, child.name))];
}

function childrenOf(connection: Connection, id: number): CollectionKey[] {
  return connection
    .all('SELECT c.collection_id, c.name, c.type FROM collection_chain JOIN collection c ON c.collection_id = child'
      + ' WHERE parent = ? ORDER BY position', id)
    .map(row => ({ id: integerOf(row.collection_id), name: String(row.name), type: typeOf(row.type) }));
}

/**
 * The collections to search, in order: chains replaced in place by their members, depth first, later repetitions dropped.
 * @throws ApError COLLECTION for a name that is not registered.
 */
export function flattened(connection: Connection, names: readonly string[]): CollectionKey[] {
  const found = new Map<number, CollectionKey>();
  const add = (collection: CollectionKey): void => {
    if (found.has(collection.id)) return;
    if (collection.type === 'CHAINED') childrenOf(connection, collection.id).forEach(add);
    else found.set(collection.id, collection);
  };
  names.forEach(name => { add(needCollection(connection, name)); });
  return [...found.values()];
}

/**
 * Names for a search: a pattern with `*` (or `?`, when no collection has that very name) stands for the collections that
 * match, by name; what stands already is not repeated.
 */
export function expandedNames(connection: Connection, patterns: readonly string[]): string[] {
  const names = patterns.flatMap(pattern => (/[*?]/.test(pattern) && findCollection(connection, pattern) === null
    ? listCollections(connection, pattern).map(({ name }) => name) : [pattern]));
  return [...new Set(names)];
}

/** Collections whose name matches (`*` any text, `?` one character), ordered by name. */
export function listCollections(connection: Connection, glob = '*'): Collection[] {
  const isWanted = globMatcher(glob);
  return connection.all('SELECT collection_id, name, type FROM collection ORDER BY name')
    .filter(row => isWanted(String(row.name)))
    .map(row => ({
      name: String(row.name), type: typeOf(row.type),
      children: childrenOf(connection, integerOf(row.collection_id)).map(child => child.name),
    }));
}

/** Test of names against a pattern with `*` and `?`; everything else stands for itself. */
export function globMatcher(glob: string): (name: string) => boolean {
  const source = glob.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.');
  const pattern = new RegExp(`^${source}$`, 's');
  return name => pattern.test(name);
}
