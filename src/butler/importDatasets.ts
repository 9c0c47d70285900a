/** What another repository exported, into this one: all or nothing, and done twice it changes nothing. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DataId, DatasetRef, DatasetType, Dimension } from '../model/dataset.ts';
import { ApError } from '../model/errors.ts';
import { associateDatasets, certifyDatasets } from './calibrations.ts';
import { findCollection, registerChainedCollection, registerCollection } from './collections.ts';
import type { Connection } from './connection.ts';
import { findFile } from './datasetQueries.ts';
import { ingestFiles } from './datasetStore.ts';
import type { IngestItem, Store, TransferMode } from './datasetStore.ts';
import { findType, registerType } from './datasetTypes.ts';
import { insertDimensionRecords } from './dimensionRecords.ts';
import { EXPORT_FILE } from './exportDatasets.ts';
import { parseExport } from './exportYaml.ts';
import type { ExportBlock } from './exportYaml.ts';
import { absolutePath } from './staging.ts';
import { storageClassOf } from './storageClasses.ts';
import { ELEMENT_ORDER, hasTable, isElement } from './universe.ts';
import { hexOfUuid, uuidOfHex } from './uuid.ts';

export interface ImportOptions {
  /** Folder that relative paths of the document begin at. */
  readonly directory: string;
  /** The document; default `export.yaml` in the folder. */
  readonly file?: string;
  /** `direct` and `inPlace` leave the files; addresses with `file:` stay as they are under `direct`. */
  readonly mode: TransferMode;
  /** Elements whose records are left out, because the repository has its own. */
  readonly skipDimensions?: readonly string[];
}

export interface ImportSummary {
  readonly nRecords: number;
  readonly nCollections: number;
  readonly nTypes: number;
  readonly ingested: readonly DatasetRef[];
  /** What was there already, or left out, in words. */
  readonly skipped: readonly { readonly what: string; readonly reason: string }[];
}

/**
 * Imports a document of version 1.0: records that exist are kept, collections and types that exist must be the same,
 * datasets keep their identities.
 * @throws ApError FILE_NOT_FOUND, BAD_FORMAT, DATASET_CONFLICT, CALIBRATION_OVERLAP, COLLECTION, REPOSITORY.
 */
export function importDatasets(store: Store, options: ImportOptions): ImportSummary {
  const { connection } = store;
  const file = options.file ?? path.join(options.directory, EXPORT_FILE);
  const blocks = parseExport(textOf(file), file);
  const skipped: { what: string; reason: string }[] = [];
  return connection.transaction(() => {
    const nRecords = importRecords(connection, blocks, options.skipDimensions ?? [], skipped);
    const nCollections = importCollections(connection, blocks);
    const nTypes = importTypes(connection, blocks);
    const items = blocks.flatMap(block => (block.type === 'dataset' ? itemsOf(connection, block, options) : []));
    const before = new Set(items.filter(({ id }) => isStored(store, id!)).map(({ id }) => id!));
    for (const item of items) {
      if (before.has(item.id!)) skipped.push({ what: `${item.type.name} ${item.id!}`, reason: `it is in ${item.run} already` });
    }
    const wanted = items.filter(item => !before.has(item.id!));
    for (const item of items) if (before.has(item.id!)) checkSame(connection, item);
    const ingested = ingestFiles(store, wanted);
    importAssociations(connection, blocks);
    return { nRecords, nCollections, nTypes, ingested, skipped };
  });
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ApError('FILE_NOT_FOUND', { where: file, found: (cause as Error).message, expected: 'an export of a repository' }, { cause });
  }
}

type Skipped = { what: string; reason: string }[];

/** In the order of the universe, whatever the order of the blocks. Returns how many rows the document has. */
function importRecords(connection: Connection, blocks: readonly ExportBlock[], left: readonly string[], skipped: Skipped): number {
  const dimensions = blocks.filter(block => block.type === 'dimension');
  for (const { element } of dimensions) {
    if (!isElement(element) || !hasTable(element)) {
      throw new ApError('BAD_FORMAT', { found: `element '${element}'`, expected: ELEMENT_ORDER.join(', ') });
    }
  }
  let nRecords = 0;
  for (const { element, records } of dimensions.toSorted((a, b) => ELEMENT_ORDER.indexOf(a.element) - ELEMENT_ORDER.indexOf(b.element))) {
    if (left.includes(element)) skipped.push({ what: `${records.length} records of ${element}`, reason: 'left out as asked' });
    else {
      insertDimensionRecords(connection, element, records, 'keep');
      nRecords += records.length;
    }
  }
  return nRecords;
}

/** Chains last, in the order of the document; one that exists gets its members from the document. */
function importCollections(connection: Connection, blocks: readonly ExportBlock[]): number {
  const collections = blocks.filter(block => block.type === 'collection');
  const nBefore = collections.filter(({ name }) => findCollection(connection, name) !== null).length;
  for (const { name, collectionType } of collections) registerCollection(connection, name, collectionType);
  for (const { name, collectionType, children } of collections) {
    if (collectionType === 'CHAINED') registerChainedCollection(connection, name, children);
  }
  return collections.length - nBefore;
}

function importTypes(connection: Connection, blocks: readonly ExportBlock[]): number {
  const unknown = blocks.filter(block => block.type === 'dataset_type').filter(({ name }) => findType(connection, name) === null);
  for (const block of blocks) {
    if (block.type !== 'dataset_type') continue;
    const { name, dimensions, storageClass, isCalibration } = block;
    const type: DatasetType = { name, dimensions: dimensions as Dimension[], storageClass: storageClassOf(storageClass), isCalibration };
    registerType(connection, type, storageClass);
  }
  return new Set(unknown.map(({ name }) => name)).size;
}

type DatasetBlock = Extract<ExportBlock, { type: 'dataset' }>;

function itemsOf(connection: Connection, { datasetType, run, records }: DatasetBlock, { directory, mode }: ImportOptions): IngestItem[] {
  const type = findType(connection, datasetType);
  if (type === null) throw new ApError('BAD_FORMAT', { found: `datasets of ${datasetType} without their type`, expected: 'a block dataset_type' });
  return records.flatMap(({ ids, dataIds, path: file, formatter }) => {
    const source = file.startsWith('file:') ? fileURLToPath(file) : path.resolve(directory, file);
    return ids.map((id, k): IngestItem =>
      ({ type, dataId: dataIds[k]!, run, path: source, mode, id, ...(formatter === null ? {} : { formatter }) }));
  });
}

/** A dataset whose file was lost is imported anew. */
function isStored({ root, connection }: Store, id: string): boolean {
  const file = findFile(connection, id);
  return file !== null && existsSync(absolutePath(root, file.path));
}

/** A dataset that is there with the same identity must be of the same type and run. */
function checkSame(connection: Connection, { id, type, run }: IngestItem): void {
  const row = connection.get('SELECT t.name AS type_name, c.name AS run_name FROM dataset d JOIN dataset_type t ON t.id = d.dataset_type_id'
    + ' JOIN collection c ON c.collection_id = d.run_id WHERE d.id = ?', hexOfUuid(id!))!;
  if (row.type_name === type.name && row.run_name === run) return;
  throw new ApError('DATASET_CONFLICT', {
    where: `dataset ${id!}`, found: `${type.name} in ${run}`, expected: `${String(row.type_name)} in ${String(row.run_name)}, as stored`,
  });
}

function importAssociations(connection: Connection, blocks: readonly ExportBlock[]): void {
  for (const block of blocks) {
    if (block.type !== 'associations') continue;
    const refs = block.ids.map(id => refOf(connection, id));
    if (block.timespan === null) associateDatasets(connection, block.collection, refs);
    else certifyDatasets(connection, block.collection, refs, block.timespan);
  }
}

function refOf(connection: Connection, id: string): DatasetRef {
  const hex = hexOfUuid(id);
  const row = connection.get('SELECT t.name AS type_name, c.name AS run_name, d.run_id FROM dataset d JOIN dataset_type t'
    + ' ON t.id = d.dataset_type_id JOIN collection c ON c.collection_id = d.run_id WHERE d.id = ?', hex);
  if (row === undefined) throw new ApError('BAD_FORMAT', { found: `an association of dataset ${id}`, expected: 'datasets of the document' });
  const type = findType(connection, String(row.type_name))!;
  const tags = connection.get(`SELECT * FROM "${type.tagTable}" WHERE dataset_id = ? AND collection_id = ?`, hex, row.run_id!)!;
  const dataId = Object.fromEntries(type.required.map(d => [d, typeof tags[d] === 'string' ? tags[d] : Number(tags[d])])) as DataId;
  return { id: uuidOfHex(hex), datasetType: type.name, dataId, run: String(row.run_name) };
}
