/** Datasets out of a repository into a folder: files, and an `export.yaml` with everything that another repository must know. */
import { constants, copyFileSync, existsSync, linkSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { DatasetRef, DimensionRecord, TimeSpan } from '../model/dataset.ts';
import { ApError } from '../model/errors.ts';
import { flattened, listCollections, needCollection } from './collections.ts';
import type { Collection } from './collections.ts';
import type { Connection } from './connection.ts';
import { needFile } from './datasetQueries.ts';
import type { Store } from './datasetStore.ts';
import { needType } from './datasetTypes.ts';
import type { RegisteredType } from './datasetTypes.ts';
import { readDimensionRecords } from './dimensionRecords.ts';
import { exportText } from './exportYaml.ts';
import type { ExportBlock, ExportedDataset } from './exportYaml.ts';
import { absolutePath } from './staging.ts';
import { timespanOf } from './timespans.ts';
import { ELEMENT_ORDER, hasTable, impliedDimensions, keyColumns } from './universe.ts';
import { hexOfUuid, uuidOfHex } from './uuid.ts';

export const EXPORT_FILE = 'export.yaml';

/** `direct`: the files stay in the repository and are named by their absolute addresses; `none`: only the document is written. */
export type ExportMode = 'copy' | 'link' | 'direct' | 'none';

export interface ExportOptions {
  readonly directory: string;
  readonly mode: ExportMode;
  /** Name of the document in the folder. */
  readonly file?: string;
  /** Chains, tagged and calibration collections that go along, with their members. */
  readonly collections?: readonly string[];
  readonly onFile?: (nDone: number, nTotal: number) => void;
}

export interface ExportSummary {
  /** Path of the document. */
  readonly file: string;
  readonly nDatasets: number;
  readonly nRecords: number;
  readonly nCollections: number;
}

/**
 * Writes the datasets with the dimension records that they need, their runs and types, and the named collections. The
 * document comes last: a folder with it is complete.
 * @throws ApError REPOSITORY when there is such a document already, DATASET_NOT_FOUND, FILE_NOT_FOUND, COLLECTION.
 */
export function exportDatasets(store: Store, refs: readonly DatasetRef[], options: ExportOptions): ExportSummary {
  const file = path.join(options.directory, options.file ?? EXPORT_FILE);
  if (existsSync(file)) throw new ApError('REPOSITORY', { where: file, found: 'an export', expected: 'a folder without one' });
  const { connection } = store;
  const unique = [...new Map(refs.map(ref => [ref.id, ref])).values()];
  const types = new Map([...new Set(unique.map(ref => ref.datasetType))].map(name => [name, needType(connection, name)]));
  const dimensions = dimensionBlocks(connection, unique);
  const collections = collectionsOf(connection, unique, options.collections ?? []);
  mkdirSync(options.directory, { recursive: true });
  const datasets = datasetBlocks(store, unique, options);
  const typeBlocks = [...types.values()].map((type): ExportBlock => ({
    type: 'dataset_type', name: type.name, dimensions: type.required, storageClass: type.registryName, isCalibration: type.isCalibration,
  }));
  const associations = associationBlocks(connection, collections, types, new Set(unique.map(ref => hexOfUuid(ref.id))));
  const text = exportText([...dimensions, ...collections.map(collectionBlock), ...typeBlocks, ...datasets, ...associations]);
  writeFileSync(`${file}.tmp`, text, { flush: true });
  renameSync(`${file}.tmp`, file);
  const nRecords = dimensions.reduce((n, block) => n + (block.type === 'dimension' ? block.records.length : 0), 0);
  return { file, nDatasets: unique.length, nRecords, nCollections: collections.length };
}

/** Keys of records by element, each a text of the values of its required dimensions. */
type Wanted = Map<string, Set<string>>;

/**
 * Records of everything that the data IDs name, what visits are made of included. Elements are gone through backwards,
 * because the later ones imply the earlier ones.
 */
function dimensionBlocks(connection: Connection, refs: readonly DatasetRef[]): ExportBlock[] {
  const wanted: Wanted = new Map(ELEMENT_ORDER.map(element => [element, new Set()]));
  for (const { dataId } of refs) for (const element of ELEMENT_ORDER) want(wanted, element, dataId);
  const blocks = ELEMENT_ORDER.toReversed().filter(hasTable).flatMap((element): ExportBlock[] => {
    const records = readDimensionRecords(connection, element).filter(record => isWanted(wanted, element, record));
    for (const record of records) {
      const values = valuesOf(element, record);
      for (const name of [...Object.keys(values), ...impliedDimensions(element)]) want(wanted, name, { ...record, ...values });
    }
    return records.length === 0 ? [] : [{ type: 'dimension', element, records }];
  });
  return blocks.reverse();
}

function want(wanted: Wanted, element: string, values: Readonly<Record<string, unknown>>): void {
  const key = keyText(element, values);
  if (key !== null) wanted.get(element)?.add(key);
}

function keyText(element: string, values: Readonly<Record<string, unknown>>): string | null {
  const key = keyColumns(element).map(({ dimension }) => values[dimension]);
  return key.some(value => value === undefined || value === null) ? null : JSON.stringify(key.map(String));
}

/** Values of the required dimensions of a record. */
function valuesOf(element: string, record: DimensionRecord): Record<string, unknown> {
  return Object.fromEntries(keyColumns(element).map(({ dimension, column }) => [dimension, record[column]]));
}

/** Relations go along with their visit; a region also needs its detector. */
function isWanted(wanted: Wanted, element: string, record: DimensionRecord): boolean {
  const values = valuesOf(element, record);
  if (element === 'visit_definition' || element === 'visit_system_membership') return isNamed(wanted, 'visit', values);
  if (element === 'visit_detector_region') return isNamed(wanted, 'visit', values) && isNamed(wanted, 'detector', values);
  return isNamed(wanted, element, values);
}

function isNamed(wanted: Wanted, element: string, values: Readonly<Record<string, unknown>>): boolean {
  const key = keyText(element, values);
  return key !== null && wanted.get(element)!.has(key);
}

/** Runs first, then what holds their datasets, then chains after their members. */
function collectionsOf(connection: Connection, refs: readonly DatasetRef[], names: readonly string[]): Collection[] {
  const all = new Map(listCollections(connection).map(collection => [collection.name, collection]));
  const found = new Map<string, Collection>();
  const add = (name: string): void => {
    const collection = all.get(needCollection(connection, name).name)!;
    collection.children.forEach(add);
    found.set(name, collection);
  };
  new Set(refs.map(ref => ref.run)).forEach(add);
  flattened(connection, names).forEach(({ name }) => { add(name); });
  names.forEach(add);
  const rank = ({ type }: Collection): number => ['RUN', 'TAGGED', 'CALIBRATION', 'CHAINED'].indexOf(type);
  return [...found.values()].sort((a, b) => rank(a) - rank(b));
}

function collectionBlock({ name, type, children }: Collection): ExportBlock {
  return { type: 'collection', collectionType: type, name, children };
}

function datasetBlocks(store: Store, refs: readonly DatasetRef[], options: ExportOptions): ExportBlock[] {
  let nDone = 0;
  const groups = Map.groupBy(refs, ref => JSON.stringify([ref.datasetType, ref.run]));
  return [...groups.values()].map(members => {
    const records = members.map((ref): ExportedDataset => {
      const exported = exportedFile(store, ref, options);
      options.onFile?.(++nDone, refs.length);
      return { ids: [ref.id], dataIds: [ref.dataId], ...exported };
    });
    return { type: 'dataset', datasetType: members[0]!.datasetType, run: members[0]!.run, records };
  });
}

function exportedFile(
  { root, connection }: Store, ref: DatasetRef, { directory, mode }: ExportOptions,
): { readonly path: string; readonly formatter: string } {
  const stored = needFile(connection, ref).path;
  const source = absolutePath(root, stored);
  const { formatter } = connection.get('SELECT formatter FROM file_datastore_records WHERE dataset_id = ?', hexOfUuid(ref.id))!;
  if (!existsSync(source)) throw new ApError('FILE_NOT_FOUND', { where: source, expected: `the file of ${ref.datasetType} ${ref.id}` });
  const isOutside = stored.startsWith('file:') || path.isAbsolute(stored);
  if (mode === 'direct') return { path: pathToFileURL(source).href, formatter: String(formatter) };
  const relative = isOutside ? path.posix.join(ref.run, ref.datasetType, `${ref.id}-${path.basename(source)}`) : stored;
  if (mode !== 'none') bringOut(source, path.join(directory, relative), mode);
  return { path: mode === 'none' ? stored : relative, formatter: String(formatter) };
}

function bringOut(source: string, target: string, mode: 'copy' | 'link'): void {
  if (existsSync(target)) return; // Several datasets in one file.
  mkdirSync(path.dirname(target), { recursive: true });
  if (mode === 'link') {
    try {
      linkSync(source, target);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    }
  }
  copyFileSync(source, target, constants.COPYFILE_FICLONE);
}

/** Of the exported collections and datasets. */
function associationBlocks(
  connection: Connection, collections: readonly Collection[], types: ReadonlyMap<string, RegisteredType>, ids: ReadonlySet<string>,
): ExportBlock[] {
  return collections.filter(({ type }) => type === 'TAGGED' || type === 'CALIBRATION').flatMap(({ name, type }) => {
    const { id } = needCollection(connection, name);
    const isCalibration = type === 'CALIBRATION';
    const rows = [...types.values()].flatMap(t => {
      const table = isCalibration ? t.calibrationTable : t.tagTable;
      return table === null ? [] : connection.all(`SELECT * FROM "${table}" WHERE dataset_type_id = ? AND collection_id = ?`, t.id, id);
    }).filter(row => ids.has(String(row.dataset_id)));
    const groups = Map.groupBy(rows, row => (isCalibration ? `${String(row.timespan_begin)} ${String(row.timespan_end)}` : ''));
    return [...groups.values()].map((members): ExportBlock => {
      const [{ timespan_begin: begin, timespan_end: end }] = members as [(typeof members)[0]];
      const timespan: TimeSpan | null = isCalibration ? timespanOf(begin as bigint, end as bigint) : null;
      return { type: 'associations', collection: name, ids: members.map(row => uuidOfHex(String(row.dataset_id))), timespan };
    });
  });
}
