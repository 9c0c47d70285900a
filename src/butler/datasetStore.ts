/**
 * Datasets come and go: rows and files as one. A file is moved into place while the transaction that names it is open,
 * so a process that dies leaves either nothing, or a file that no row names, and never a row without a file.
 */
import assert from 'node:assert/strict';
import {
  closeSync, constants, copyFileSync, existsSync, fsyncSync, linkSync, mkdirSync, openSync, renameSync, rmSync, rmdirSync,
} from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { dataIdText } from '../model/dataset.ts';
import type { DataId, DatasetRef, DatasetType, StorageClass } from '../model/dataset.ts';
import { ApError } from '../model/errors.ts';
import { taiMinusUtc_s } from '../sky/time.ts';
import { needCollection } from './collections.ts';
import { insertRow } from './connection.ts';
import type { Connection, SqlValue } from './connection.ts';
import { findDataset, findFile } from './datasetQueries.ts';
import { needType } from './datasetTypes.ts';
import type { RegisteredType } from './datasetTypes.ts';
import { impliedFields } from './dimensionRecords.ts';
import { fieldsOf, templatePath } from './fileTemplate.ts';
import { absolutePath, fileFacts, requiredDataId, temporaryPath } from './staging.ts';
import type { StagedDataset } from './staging.ts';
import { STORAGE } from './storageClasses.ts';
import { GOVERNORS } from './universe.ts';
import { datasetUuid, hexOfUuid } from './uuid.ts';
import type { IdMode } from './uuid.ts';

/** The token is kept as it is: the repository may move. */
const DATASTORE = 'FileDatastore@<butlerRoot>';

/**
 * How a file comes in: copied; hard-linked (copied where the file system cannot); moved (gone from its old place once the
 * repository has it); left where it is and named by its absolute address; left where it is, below the root.
 */
export type TransferMode = 'copy' | 'link' | 'move' | 'direct' | 'inPlace';

export interface IngestItem {
  readonly type: DatasetType;
  readonly dataId: DataId;
  readonly run: string;
  readonly path: string;
  readonly mode: TransferMode;
  readonly idMode?: IdMode;
  /** Identity that the dataset has elsewhere already. */
  readonly id?: string;
  /** Python class that reads the file, when another program wrote it. */
  readonly formatter?: string;
}

/** A file that is about to become a dataset. */
interface Arrival {
  readonly type: RegisteredType;
  readonly storageClass: StorageClass;
  readonly dataId: DataId;
  readonly run: string;
  readonly id: string;
  /** Where the file waits, relative to the root; null: it stays where it is. */
  readonly temporary: string | null;
  readonly path: string;
  readonly size_byte: number;
  readonly formatter?: string | undefined;
}

/** Everything that a session of store operations shares. */
export interface Store {
  readonly root: string;
  readonly connection: Connection;
}

/**
 * Moves staged files into place and registers them, all or nothing. What is registered already with the same size stays.
 * @throws ApError DATASET_CONFLICT, COLLECTION, FILE_NOT_FOUND, DATASET_NOT_FOUND (type not registered).
 */
export function commitStaged(store: Store, staged: readonly StagedDataset[]): DatasetRef[] {
  const types = typeFinder(store.connection);
  return receive(store, staged.map(s => ({ ...s, type: types(s.datasetType) })));
}

/**
 * Brings existing files in (see `TransferMode`). The file keeps its extension. What is there already (same type, data ID,
 * run and size) is left alone. A moved file leaves its old place when everything is committed.
 * @throws ApError FILE_NOT_FOUND, DATASET_CONFLICT, COLLECTION, DATASET_NOT_FOUND (type not registered), REPOSITORY for
 * `inPlace` and a file that is not below the root.
 */
export function ingestFiles(store: Store, items: readonly IngestItem[]): DatasetRef[] {
  const types = typeFinder(store.connection);
  const arrivals: Arrival[] = [];
  try {
    for (const item of items) arrivals.push(arrivalOf(store, types(item.type.name), item));
    const refs = receive(store, arrivals);
    const moved = items.filter(({ mode }) => mode === 'move').map(item => path.resolve(item.path));
    if (moved.length > 0) store.connection.afterCommit(() => { removeSources(store, moved, refs); });
    return refs;
  } catch (error) {
    for (const { temporary } of arrivals) if (temporary !== null) rmSync(path.join(store.root, temporary), { force: true });
    throw error;
  }
}

/** Not a source that is the stored file itself. */
function removeSources({ root, connection }: Store, sources: readonly string[], refs: readonly DatasetRef[]): void {
  const stored = new Set(refs.map(ref => absolutePath(root, findFile(connection, ref.id)!.path)));
  for (const source of sources) if (!stored.has(source)) rmSync(source, { force: true });
}

function typeFinder(connection: Connection): (name: string) => RegisteredType {
  const found = new Map<string, RegisteredType>();
  return name => {
    if (!found.has(name)) found.set(name, needType(connection, name));
    return found.get(name)!;
  };
}

function arrivalOf({ root, connection }: Store, type: RegisteredType, item: IngestItem): Arrival {
  const source = path.resolve(item.path);
  const { size_byte } = fileFacts(source);
  const dataId = requiredDataId(type, item.dataId);
  const id = item.id ?? datasetUuid(type.name, dataId, item.run, item.idMode);
  const common = { type, storageClass: type.storageClass, dataId, run: item.run, id, size_byte, formatter: item.formatter };
  const existing = registered(connection, common);
  if (existing !== null && item.id !== undefined && existing.id !== item.id) {
    const where = `${type.name} ${dataIdText(dataId)} in ${item.run}`;
    throw new ApError('DATASET_CONFLICT', { where, found: `dataset ${item.id}`, expected: `dataset ${existing.id}, which is stored` });
  }
  if (item.mode === 'inPlace') return { ...common, temporary: null, path: pathBelow(root, source) };
  if (item.mode === 'direct') return { ...common, temporary: null, path: pathToFileURL(source).href };
  const fields = { ...fieldsOf(item.dataId), ...impliedFields(connection, fieldsOf(dataId)) };
  const target = templatePath(type, fields, item.run) + extensionOf(source, type.storageClass);
  const isStored = existing !== null && existsSync(absolutePath(root, findFile(connection, existing.id)!.path));
  if (isStored) return { ...common, temporary: null, path: target };
  const temporary = temporaryPath(id);
  bring(source, path.join(root, temporary), item.mode);
  return { ...common, temporary, path: target };
}

function pathBelow(root: string, source: string): string {
  const relative = path.relative(root, source).split(path.sep).join('/');
  if (relative === '' || relative.startsWith('../') || path.isAbsolute(relative)) {
    throw new ApError('REPOSITORY', { where: source, found: 'a file elsewhere', expected: `a file below ${root}` });
  }
  return relative;
}

/** `.fits.gz` stays `.fits.gz`; a file without extension gets the usual one. */
function extensionOf(file: string, storageClass: StorageClass): string {
  return /\.[A-Za-z0-9]+(\.(gz|fz|bz2|zst))?$/.exec(path.basename(file))?.[0] ?? STORAGE[storageClass].extension;
}

function bring(source: string, target: string, mode: TransferMode): void {
  mkdirSync(path.dirname(target), { recursive: true });
  // A move is a link until the commit, so that a failure leaves the source where it was.
  if (mode === 'link' || mode === 'move') {
    try {
      linkSync(source, target);
      return;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? '';
      if (!['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EACCES'].includes(code)) throw error;
    }
  }
  copyFileSync(source, target, constants.COPYFILE_FICLONE);
  flush(target);
}

function flush(file: string): void {
  const handle = openSync(file, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** On any failure, that of the COMMIT included, the files are back where they were. */
function receive(store: Store, arrivals: readonly Arrival[]): DatasetRef[] {
  const moved: Move[] = [];
  let refs: DatasetRef[];
  try {
    refs = store.connection.transaction(() => {
      emptyTrash(store);
      const moves: Move[] = [];
      const received = arrivals.map(arrival => receiveOne(store, arrival, moves));
      moveIntoPlace(store.root, moves, moved);
      return received;
    });
  } catch (error) {
    for (const { from, to } of moved) if (!existsSync(from)) renameSync(to, from);
    throw error;
  }
  // What was there already is not needed twice.
  const gone = new Set(moved.map(({ from }) => from));
  for (const { temporary } of arrivals) {
    const file = temporary === null ? null : path.join(store.root, temporary);
    if (file !== null && !gone.has(file)) rmSync(file, { force: true });
  }
  return refs;
}

interface Move {
  readonly from: string;
  readonly to: string;
}

function receiveOne(store: Store, arrival: Arrival, moves: Move[]): DatasetRef {
  const { root, connection } = store;
  const { id, type, dataId, run, temporary } = arrival;
  const existing = registered(connection, arrival);
  const target = path.join(root, arrival.path);
  if (existing !== null) {
    // A dataset whose file was lost gets it back.
    const stored = absolutePath(root, findFile(connection, existing.id)!.path);
    if (temporary !== null && !existsSync(stored)) moves.push({ from: path.join(root, temporary), to: stored });
    return existing;
  }
  register(store, arrival);
  if (temporary !== null) moves.push({ from: path.join(root, temporary), to: target });
  return { id, datasetType: type.name, dataId, run };
}

/** The same dataset, when it is registered. @throws ApError DATASET_CONFLICT when another one is. */
function registered(connection: Connection, { type, dataId, run, id, size_byte }: Omit<Arrival, 'temporary' | 'path'>): DatasetRef | null {
  const existing = findDataset(connection, type, dataId, [needCollection(connection, run, 'RUN').name]);
  const what = `${type.name} ${dataIdText(dataId)}`;
  if (existing !== null) {
    const file = findFile(connection, existing.id);
    if (file?.size_byte === size_byte) return existing;
    throw new ApError('DATASET_CONFLICT', {
      where: `${what} in ${run}`, found: `${size_byte} bytes`, expected: `${file?.size_byte ?? 0} bytes as stored`,
      todo: 'use another run, or remove the stored dataset first',
    });
  }
  const elsewhere = connection.get(
    'SELECT c.name FROM dataset d JOIN collection c ON c.collection_id = d.run_id WHERE d.id = ?', hexOfUuid(id));
  if (elsewhere !== undefined) {
    throw new ApError('DATASET_CONFLICT', {
      where: what, found: `run ${run}`, expected: `run ${String(elsewhere.name)}, where it is already`,
    });
  }
  return null;
}

/** The rows of one dataset; summaries first, because the foreign keys of the tag row want them. */
function register(store: Store, { type, dataId, run, id, path: file, temporary, size_byte, storageClass, formatter }: Arrival): void {
  const { connection, root } = store;
  const owner = connection.get('SELECT dataset_id FROM file_datastore_records WHERE path = ?', file);
  // Files that stay where they are may hold several datasets.
  if (owner !== undefined && temporary !== null) {
    throw new ApError('DATASET_CONFLICT', {
      where: file, found: `${type.name} ${dataIdText(dataId)}`,
      expected: `dataset ${String(owner.dataset_id)}, which has this file`,
    });
  }
  const source = temporary === null ? absolutePath(root, file) : path.join(root, temporary);
  const facts = fileFacts(source);
  if (facts.size_byte !== size_byte) {
    throw new ApError('FILE_TRUNCATED', {
      where: source, found: `${facts.size_byte} bytes`, expected: `${size_byte} bytes`,
    });
  }
  const hex = hexOfUuid(id);
  const runId = needCollection(connection, run, 'RUN').id;
  insertRow(connection, 'dataset', { id: hex, dataset_type_id: type.id, ingest_date: taiOfUnix_ns(facts.modified_ns), run_id: runId });
  summarize(connection, runId, type, dataId);
  insertRow(connection, type.tagTable, { dataset_type_id: type.id, dataset_id: hex, collection_id: runId, ...dataId });
  insertRow(connection, 'dataset_location', { datastore_name: DATASTORE, dataset_id: hex });
  const usual = STORAGE[storageClass];
  const written = formatter === undefined ? { formatter: usual.formatter, storage_class: usual.registryName }
    : { formatter, storage_class: type.registryName };
  insertRow(connection, 'file_datastore_records', {
    dataset_id: hex, path: file, ...written, component: '__NULL_STRING__', checksum: null, file_size: size_byte,
  });
}

/** The ingest date of a dataset is the time when its file was written: the repository has no clock of its own. */
function taiOfUnix_ns(ns: bigint): bigint {
  return ns + BigInt(taiMinusUtc_s(Number(ns / 86_400_000_000_000n))) * 1_000_000_000n;
}

/** Notes that a collection holds datasets of a type and of an instrument or skymap; searches rely on it. */
export function summarize(connection: Connection, collectionId: number, type: RegisteredType, dataId: DataId): void {
  insertRow(connection, 'collection_summary_dataset_type', { collection_id: collectionId, dataset_type_id: type.id }, 'INSERT OR IGNORE');
  for (const governor of GOVERNORS) {
    const value = dataId[governor as keyof DataId];
    const row = { collection_id: collectionId, [governor]: value ?? null };
    if (value !== undefined) insertRow(connection, `collection_summary_${governor}`, row, 'INSERT OR IGNORE');
  }
}

/** Renames and flushes the folders; `moved` tells what was done when an error comes. */
function moveIntoPlace(root: string, moves: readonly Move[], moved: Move[]): void {
  const folders = new Set<string>();
  try {
    for (const move of moves) {
      const folder = path.dirname(move.to);
      if (!folders.has(folder)) mkdirSync(folder, { recursive: true });
      folders.add(folder);
      // What an earlier, killed commit left there may be a hard link to the same file, which rename() would keep.
      if (existsSync(move.to)) rmSync(move.to, { force: true });
      renameSync(move.from, move.to);
      moved.push(move);
    }
    folders.forEach(flush);
  } catch (cause) {
    throw new ApError('REPOSITORY', {
      where: root, found: (cause as Error).message, expected: 'a folder that files can be moved to' }, { cause,
    });
  }
}

/**
 * Removes datasets from everywhere, then their files (not those that were left in place outside). Killed half-way, the
 * files are finished off by the next removal.
 */
export function removeDatasets(store: Store, ids: () => readonly string[], alsoInTransaction: () => void = () => {}): void {
  const { connection } = store;
  assert(!connection.isInTransaction(), 'files cannot be brought back: a removal is a transaction of its own');
  connection.transaction(() => {
    for (const id of ids().map(hexOfUuid)) {
      connection.run('INSERT OR IGNORE INTO dataset_location_trash (dataset_id, datastore_name)'
        + ' SELECT dataset_id, datastore_name FROM dataset_location WHERE dataset_id = ?', id);
      connection.run('DELETE FROM dataset_location WHERE dataset_id = ?', id);
      connection.run('DELETE FROM dataset WHERE id = ?', id);
    }
    alsoInTransaction();
  });
  emptyTrash(store);
}

/**
 * Deletes the files of removed datasets, and then the rows that name them. The write lock is held all the while, so
 * that nobody stores anew what is being deleted.
 */
export function emptyTrash({ root, connection }: Store): void {
  const folders = new Set<string>();
  connection.transaction(() => {
    const trash = connection.all(
      'SELECT t.dataset_id, f.path FROM dataset_location_trash t LEFT JOIN file_datastore_records f ON f.dataset_id = t.dataset_id');
    for (const { dataset_id: id, path: file } of trash) {
      const isOwn = typeof file === 'string' && !file.startsWith('file:') && !path.isAbsolute(file);
      if (isOwn && !isShared(connection, file, id!)) {
        rmSync(path.join(root, file), { force: true });
        folders.add(path.posix.dirname(file));
      }
      connection.run('DELETE FROM file_datastore_records WHERE dataset_id = ?', id!);
      connection.run('DELETE FROM dataset_location_trash WHERE dataset_id = ?', id!);
    }
  });
  for (const folder of folders) removeEmptyFolders(root, folder);
}

/** True when the file holds a dataset that stays. */
function isShared(connection: Connection, file: string, id: SqlValue): boolean {
  return connection.get('SELECT 1 FROM file_datastore_records f WHERE f.path = ? AND f.dataset_id != ?'
    + ' AND f.dataset_id NOT IN (SELECT dataset_id FROM dataset_location_trash)', file, id) !== undefined;
}

function removeEmptyFolders(root: string, folder: string): void {
  for (let at = folder; at !== '.' && at !== ''; at = path.posix.dirname(at)) {
    try {
      rmdirSync(path.join(root, at));
    } catch {
      return; // Not empty, or gone already.
    }
  }
}
