/**
 * The data repository: a Gen3 registry in SQLite and a folder of files, as the real client lays them out. Everything
 * that changes is one transaction; several processes may read while one writes.
 */
import { readdirSync, existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { DataId, DatasetRef, DatasetType, DimensionRecord, TimeSpan } from '../model/dataset.ts';
import { ApError } from '../model/errors.ts';
import type { Instrument } from '../model/instrument.ts';
import { associateDatasets, certifyDatasets } from './calibrations.ts';
import { listCollections, needCollection, registerChainedCollection, registerCollection } from './collections.ts';
import type { Collection } from './collections.ts';
import { findDataset, findFile, needFile, queryDatasets } from './datasetQueries.ts';
import type { DatasetQueryOptions } from './datasetQueries.ts';
import { commitStaged, emptyTrash, ingestFiles, removeDatasets } from './datasetStore.ts';
import type { IngestItem, Store } from './datasetStore.ts';
import { findType, listTypes, registerType } from './datasetTypes.ts';
import type { RegisteredType } from './datasetTypes.ts';
import { exportDatasets } from './exportDatasets.ts';
import type { ExportOptions, ExportSummary } from './exportDatasets.ts';
import { importDatasets } from './importDatasets.ts';
import type { ImportOptions, ImportSummary } from './importDatasets.ts';
import { insertDimensionRecords, readDimensionRecords } from './dimensionRecords.ts';
import type { OnConflict } from './dimensionRecords.ts';
import { instrumentRecords } from './instrumentRecords.ts';
import { queryDataIds, queryDimensionRecords } from './query/dataIdQuery.ts';
import type { QueryOptions } from './query/dataIdQuery.ts';
import { OWN_FILES, createRepositoryFiles, isRepository, openRegistry } from './repositoryFiles.ts';
import { STAGING_FOLDER, absolutePath, fileFacts, readDataset } from './staging.ts';
import type { StagedDataset } from './staging.ts';
import { uuidOfHex } from './uuid.ts';

export type { Collection, CollectionType } from './collections.ts';
export type { IngestItem, TransferMode } from './datasetStore.ts';
export type { OnConflict } from './dimensionRecords.ts';

export interface Repository {
  readonly root: string;
  close(): void;

  /** Records of the instrument, its filters, detectors and the one-to-one visit system; idempotent. */
  registerInstrument(instrument: Instrument): void;
  registerRun(name: string): void;
  registerTagged(name: string): void;
  registerCalibrationCollection(name: string): void;
  /** Makes a chain or replaces its members. */
  registerChain(name: string, children: readonly string[]): void;
  /** Collections whose name matches, `*` and `?` as in file names; ordered by name. */
  collections(glob?: string): readonly Collection[];

  /** Idempotent. @throws ApError DATASET_CONFLICT when the name has another definition. */
  registerDatasetType(type: DatasetType): void;
  /** The type with its required dimensions in universe order; null: not registered. */
  datasetType(name: string): DatasetType | null;
  datasetTypes(glob?: string): readonly DatasetType[];

  /** Dimension records; equal rows are left alone. See `insertDimensionRecords`. */
  insertRecords(element: string, records: readonly DimensionRecord[], onConflict?: OnConflict): void;
  /** Records ordered by key; timespans as TimeSpan, regions as bytes. */
  records(element: string): readonly DimensionRecord[];

  /** The dataset of the first collection that has one. See `findDataset`. */
  find(type: DatasetType, dataId: DataId, collections: readonly string[], timespan?: TimeSpan): DatasetRef | null;
  /** All datasets of a type, found first, ordered by data ID. See `queryDatasets`. */
  query(type: DatasetType, collections: readonly string[], options?: DatasetQueryOptions): readonly DatasetRef[];
  /** Data IDs that exist, with implied values. See `queryDataIds`. */
  queryDataIds(dimensions: readonly string[], options?: QueryOptions): readonly DataId[];
  /** Records that an expression selects, ordered by key. See `queryDimensionRecords`. */
  queryDimensionRecords(element: string, options?: QueryOptions): readonly DimensionRecord[];
  /** True when the dataset is registered and its file is there. */
  has(ref: DatasetRef): boolean;
  /** Absolute path of the file. @throws ApError DATASET_NOT_FOUND. */
  pathOf(ref: DatasetRef): string;
  /** The value. @throws ApError DATASET_NOT_FOUND, FILE_NOT_FOUND, FILE_TRUNCATED (another size than recorded), errors of the format. */
  get<T>(type: DatasetType<T>, ref: DatasetRef): Promise<T>;

  /** Existing files become datasets. See `ingestFiles`. */
  ingest(items: readonly IngestItem[]): readonly DatasetRef[];
  /** Staged files become datasets, all or none. See `commitStaged`. */
  commit(staged: readonly StagedDataset[]): readonly DatasetRef[];
  /** Validity of calibrations. See `certifyDatasets`. */
  certify(collection: string, refs: readonly DatasetRef[], timespan: TimeSpan): void;
  /** Into a TAGGED collection. See `associateDatasets`. */
  associate(collection: string, refs: readonly DatasetRef[]): void;

  /** Files and an `export.yaml` for another repository. See `exportDatasets`. */
  exportTo(refs: readonly DatasetRef[], options: ExportOptions): ExportSummary;
  /** What another repository exported. See `importDatasets`. */
  importFrom(options: ImportOptions): ImportSummary;

  /** The run, its datasets and their files; chains lose the run. @throws ApError COLLECTION. */
  removeRun(run: string): void;
  /** These datasets and their files; those that are not there are ignored. */
  prune(refs: readonly DatasetRef[]): void;
  /** Files below the root that no row names (left-over temporary files too, not those of living processes), relative, sorted. */
  orphans(): readonly string[];
  /** Deletes the orphans. Returns how many there were. */
  removeOrphans(): number;

  /** Several changes as one transaction; removals cannot be part of it. */
  transaction<T>(work: () => T): T;
}

export interface OpenOptions {
  readonly readonly?: boolean;
  /** How long a writer waits for another one before REPOSITORY_BUSY (default 60000). */
  readonly busyTimeout_ms?: number;
}

/** Makes an empty repository and opens it. @throws ApError REPOSITORY when the folder is not empty. */
export function createRepository(root: string, options: Omit<OpenOptions, 'readonly'> = {}): Repository {
  createRepositoryFiles(path.resolve(root));
  return openRepository(root, options);
}

export function repositoryExists(root: string): boolean {
  return isRepository(root);
}

/** @throws ApError REPOSITORY when the folder is none, or of a version that we do not know. */
export function openRepository(root: string, options: OpenOptions = {}): Repository {
  const folder = path.resolve(root);
  const connection = openRegistry(folder, options.readonly === true, options.busyTimeout_ms ?? 60_000);
  return repositoryOf({ root: folder, connection });
}

function repositoryOf(store: Store): Repository {
  const { root, connection } = store;
  const repository: Repository = {
    root,
    close: () => { connection.close(); },

    registerInstrument: instrument => connection.transaction(() => {
      for (const [element, records] of instrumentRecords(instrument)) insertDimensionRecords(connection, element, records);
    }),
    registerRun: name => void registerCollection(connection, name, 'RUN'),
    registerTagged: name => void registerCollection(connection, name, 'TAGGED'),
    registerCalibrationCollection: name => void registerCollection(connection, name, 'CALIBRATION'),
    registerChain: (name, children) => { registerChainedCollection(connection, name, children); },
    collections: glob => listCollections(connection, glob),

    registerDatasetType: type => void registerType(connection, type),
    datasetType: name => plainType(findType(connection, name)),
    datasetTypes: glob => listTypes(connection, glob).map(type => plainType(type)!),

    insertRecords: (element, records, onConflict) => { insertDimensionRecords(connection, element, records, onConflict); },
    records: element => readDimensionRecords(connection, element),

    find: (type, dataId, collections, timespan) => findDataset(connection, type, dataId, collections, timespan),
    query: (type, collections, options) => queryDatasets(connection, type, collections, options),
    queryDataIds: (dimensions, options) => queryDataIds(connection, dimensions, options),
    queryDimensionRecords: (element, options) => queryDimensionRecords(connection, element, options),
    has: ref => {
      const file = findFile(connection, ref.id);
      return file !== null && existsSync(absolutePath(root, file.path));
    },
    pathOf: ref => absolutePath(root, needFile(connection, ref).path),
    get: async <T>(type: DatasetType<T>, ref: DatasetRef) => {
      const file = needFile(connection, ref);
      checkSize(absolutePath(root, file.path), file.size_byte);
      return await readDataset(root, type, file.path) as T;
    },

    ingest: items => ingestFiles(store, items),
    commit: staged => commitStaged(store, staged),
    certify: (collection, refs, timespan) => { certifyDatasets(connection, collection, refs, timespan); },
    associate: (collection, refs) => { associateDatasets(connection, collection, refs); },

    exportTo: (refs, options) => exportDatasets(store, refs, options),
    importFrom: options => importDatasets(store, options),

    removeRun: run => { removeRun(store, run); },
    prune: refs => { removeDatasets(store, () => refs.map(ref => ref.id)); },
    orphans: () => orphans(store),
    removeOrphans: () => {
      emptyTrash(store);
      const found = orphans(store);
      for (const file of found) rmSync(path.join(root, file), { force: true });
      return found.length;
    },
    transaction: work => connection.transaction(work),
  };
  return repository;
}

function plainType(type: RegisteredType | null): DatasetType | null {
  if (type === null) return null;
  const { name, dimensions, storageClass, isCalibration } = type;
  return { name, dimensions, storageClass, isCalibration };
}

/** A file of another size than the recorded one was damaged after it was stored. */
function checkSize(file: string, expected_byte: number): void {
  const { size_byte } = fileFacts(file);
  if (expected_byte >= 0 && size_byte !== expected_byte) {
    throw new ApError('FILE_TRUNCATED', { where: file, found: `${size_byte} bytes`, expected: `${expected_byte} bytes` });
  }
}

function removeRun(store: Store, name: string): void {
  const { connection } = store;
  const run = needCollection(connection, name, 'RUN');
  const members = (): string[] => connection.all('SELECT id FROM dataset WHERE run_id = ?', run.id).map(row => uuidOfHex(String(row.id)));
  removeDatasets(store, members, () => {
    connection.run('DELETE FROM collection_chain WHERE child = ?', run.id);
    connection.run('DELETE FROM collection WHERE collection_id = ?', run.id);
  });
}

/** Locks, and what another living process stages. */
function isInUse(file: string): boolean {
  if (file.startsWith(`${STAGING_FOLDER}/locks/`)) return true;
  const owner = Number(/-(\d+)-\d+\.tmp$/.exec(file)?.[1] ?? NaN);
  return file.startsWith(`${STAGING_FOLDER}/`) && owner > 0 && owner !== process.pid && isAlive(owner);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function orphans({ root, connection }: Store): string[] {
  const named = new Set(connection.all('SELECT path FROM file_datastore_records').map(row => String(row.path)));
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter(entry => !entry.isDirectory())
    .map(entry => path.relative(root, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .filter(file => !named.has(file) && !OWN_FILES.has(file) && !isInUse(file))
    .sort();
}
