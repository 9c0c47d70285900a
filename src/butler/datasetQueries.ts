/** Which datasets exist: look-up of one data ID, and everything of a type, in an ordered list of collections. */
import { dataIdText } from '../model/dataset.ts';
import type { DataId, DatasetRef, DatasetType, TimeSpan } from '../model/dataset.ts';
import { ApError } from '../model/errors.ts';
import { expandedNames, flattened } from './collections.ts';
import type { CollectionKey } from './collections.ts';
import { integerOf } from './connection.ts';
import type { Connection, Row } from './connection.ts';
import { findType } from './datasetTypes.ts';
import type { RegisteredType } from './datasetTypes.ts';
import { dataIdOfRow } from './dimensionRecords.ts';
import { FIRST_DATASET, planQuery } from './query/dataIdQuery.ts';
import { parseQuery } from './query/language.ts';
import type { Node } from './query/language.ts';
import type { Binds } from './query/literals.ts';
import { requiredDataId } from './staging.ts';
import { UNBOUNDED, boundsOf, timespanText } from './timespans.ts';
import { hexOfUuid, uuidOfHex } from './uuid.ts';

/** Columns of an association row with the run of the dataset, which the reference names. */
const SELECT = 'SELECT a.*, r.name AS run_name FROM';
const JOIN = 'a JOIN dataset d ON d.id = a.dataset_id JOIN collection r ON r.collection_id = d.run_id'
  + ' WHERE a.dataset_type_id = ? AND a.collection_id = ?';

/**
 * The dataset of the first collection that has one; null when none has, or the type is not registered.
 * In a calibration collection those count whose validity overlaps the timespan (default: any time).
 * @throws ApError BAD_QUERY for an incomplete data ID, COLLECTION for an unknown name, CALIBRATION_OVERLAP when
 * several calibrations are valid in the timespan.
 */
export function findDataset(
  connection: Connection, datasetType: DatasetType, dataId: DataId, collections: readonly string[], timespan: TimeSpan = UNBOUNDED,
): DatasetRef | null {
  const wanted = requiredDataId(datasetType, dataId);
  const searched = flattened(connection, collections);
  const type = findType(connection, datasetType.name);
  if (type === null) return null;
  for (const collection of searched) {
    const ref = collection.type === 'CALIBRATION'
      ? findCalibration(connection, type, wanted, collection, timespan)
      : findInTags(connection, type, wanted, collection.id);
    if (ref !== null) return ref;
  }
  return null;
}

function findInTags(connection: Connection, type: RegisteredType, dataId: DataId, collectionId: number): DatasetRef | null {
  const sql = `${SELECT} "${type.tagTable}" ${JOIN}${dimensionsEqual(type)}`;
  const row = connection.get(sql, type.id, collectionId, ...Object.values(dataId));
  return row === undefined ? null : refOfRow(type, row);
}

function findCalibration(
  connection: Connection, type: RegisteredType, dataId: DataId, collection: CollectionKey, timespan: TimeSpan,
): DatasetRef | null {
  if (type.calibrationTable === null) return null;
  const { begin, end } = boundsOf(timespan);
  const sql = `${SELECT} "${type.calibrationTable}" ${JOIN}${dimensionsEqual(type)} AND a.timespan_begin < ? AND a.timespan_end > ?`;
  const rows = connection.all(sql, type.id, collection.id, ...Object.values(dataId), end, begin);
  if (new Set(rows.map(row => row.dataset_id)).size > 1) {
    throw new ApError('CALIBRATION_OVERLAP', {
      where: `${collection.name}, ${type.name} ${dataIdText(dataId)}`,
      found: `${rows.length} calibrations valid in ${timespanText(timespan)}`,
      expected: 'exactly one', todo: 'ask for a shorter time, or certify calibrations that do not change within an exposure',
    });
  }
  return rows.length === 0 ? null : refOfRow(type, rows[0]!);
}

function dimensionsEqual(type: RegisteredType): string {
  return type.required.map(d => ` AND a."${d}" = ?`).join('');
}

export interface DatasetQueryOptions {
  /** Expression about the data ID and what it is related to; see `query/language.ts`. */
  readonly where?: string;
  readonly binds?: Binds;
  /** false: every dataset of every collection, in the order of the collections. Default true. */
  readonly isFindFirst?: boolean;
}

/**
 * Every dataset of a type in the collections (`*` and `?` as in file names): of each data ID the one of the first
 * collection that has it (of a calibration collection all that are certified for it), ordered by data ID.
 * @throws ApError COLLECTION for an unknown name, BAD_QUERY for a mistake in the expression.
 */
export function queryDatasets(
  connection: Connection, datasetType: DatasetType, collections: readonly string[], options: DatasetQueryOptions = {},
): DatasetRef[] {
  const searched = flattened(connection, expandedNames(connection, collections));
  const tree = parseQuery(options.where ?? '', options.binds);
  const type = findType(connection, datasetType.name);
  if (type === null) return [];
  const found = new Map<string, DatasetRef[]>();
  for (const collection of searched) {
    const refs = tree === null ? refsIn(connection, type, collection) : refsWhere(connection, type, collection, tree);
    if (options.isFindFirst === false) {
      found.set(collection.name, refs);
      continue;
    }
    const here = Map.groupBy(refs, ref => dataIdText(ref.dataId) + unlistedText(type, ref.dataId));
    for (const [key, members] of here) if (!found.has(key)) found.set(key, members);
  }
  const refs = [...found.values()].flat();
  return options.isFindFirst === false ? refs : refs.sort((a, b) => compareDataIds(type.required, a.dataId, b.dataId));
}

/** `dataIdText` prints the dimensions that the model lists; a foreign repository may use others. */
function unlistedText(type: RegisteredType, dataId: DataId): string {
  return type.required.map(d => String(dataId[d as keyof DataId])).join('|');
}

function refsIn(connection: Connection, type: RegisteredType, collection: CollectionKey): DatasetRef[] {
  if (collection.type !== 'CALIBRATION') {
    return connection.all(`${SELECT} "${type.tagTable}" ${JOIN}`, type.id, collection.id).map(row => refOfRow(type, row));
  }
  if (type.calibrationTable === null) return [];
  const rows = connection.all(`${SELECT} "${type.calibrationTable}" ${JOIN} ORDER BY a.timespan_begin`, type.id, collection.id);
  return [...new Map(rows.map(row => [row.dataset_id, refOfRow(type, row)])).values()];
}

/** The same for an expression: the associations joined with the records that it names. */
function refsWhere(connection: Connection, type: RegisteredType, collection: CollectionKey, tree: Node): DatasetRef[] {
  const table = collection.type === 'CALIBRATION' ? type.calibrationTable : type.tagTable;
  if (table === null) return [];
  const plan = planQuery({ group: [], elements: [], tree, datasets: [{ type, table: `"${table}"`, collections: [collection] }] });
  const columns = ['dataset_id', ...type.required].map(column => `${FIRST_DATASET}."${column}"`).join(', ');
  const rows = connection.all(`SELECT DISTINCT ${columns}, r.name AS run_name FROM ${plan.from}, dataset d, collection r`
    + ` WHERE ${plan.where.sql} AND d.id = ${FIRST_DATASET}.dataset_id AND r.collection_id = d.run_id`, ...plan.where.values);
  return rows.map(row => refOfRow(type, row));
}

function refOfRow(type: RegisteredType, row: Row): DatasetRef {
  const dataId = dataIdOfRow(type.required, row);
  return { id: uuidOfHex(String(row.dataset_id)), datasetType: type.name, dataId, run: String(row.run_name) };
}

function compareDataIds(dimensions: readonly string[], a: DataId, b: DataId): number {
  for (const dimension of dimensions as readonly (keyof DataId)[]) {
    const [x, y] = [a[dimension]!, b[dimension]!];
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}

/** Where the file of a dataset is, and how large; null when the datastore has none. */
export interface FileRecord {
  /** Relative to the root, or a `file:` address. */
  readonly path: string;
  /** Negative: not known. */
  readonly size_byte: number;
}

export function findFile(connection: Connection, id: string): FileRecord | null {
  const row = connection.get(
    'SELECT f.path, f.file_size FROM file_datastore_records f JOIN dataset_location l ON l.dataset_id = f.dataset_id'
    + ' WHERE f.dataset_id = ?', hexOfUuid(id));
  return row === undefined ? null : { path: String(row.path), size_byte: row.file_size === null ? -1 : integerOf(row.file_size) };
}

/** The file of a dataset. @throws ApError DATASET_NOT_FOUND when the reference names nothing that is stored. */
export function needFile(connection: Connection, ref: DatasetRef): FileRecord {
  const file = findFile(connection, ref.id);
  if (file === null) {
    throw new ApError('DATASET_NOT_FOUND', {
      found: `no file of ${ref.datasetType} ${dataIdText(ref.dataId)} (${ref.id})`, where: ref.run,
    });
  }
  return file;
}
