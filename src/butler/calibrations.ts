/** Which collections hold a dataset besides its run: tagged sets, and calibrations with their validity. */
import { dataIdText } from '../model/dataset.ts';
import type { DatasetRef, TimeSpan } from '../model/dataset.ts';
import { ApError } from '../model/errors.ts';
import { needCollection } from './collections.ts';
import { insertRow } from './connection.ts';
import type { Connection } from './connection.ts';
import { summarize } from './datasetStore.ts';
import { needType } from './datasetTypes.ts';
import type { RegisteredType } from './datasetTypes.ts';
import { boundsOf, timespanOf, timespanText } from './timespans.ts';
import { hexOfUuid } from './uuid.ts';

/**
 * Says for which time calibrations are to be used. The same certification again changes nothing.
 * @throws ApError CALIBRATION_OVERLAP when another range of the same type and data ID overlaps, COLLECTION when the
 * collection or the dataset type is not for calibrations, DATASET_NOT_FOUND for a dataset that is not there.
 */
export function certifyDatasets(connection: Connection, name: string, refs: readonly DatasetRef[], timespan: TimeSpan): void {
  const bounds = boundsOf(timespan);
  connection.transaction(() => {
    const collection = needCollection(connection, name, 'CALIBRATION');
    for (const ref of refs) {
      const type = needType(connection, ref.datasetType);
      const table = type.calibrationTable;
      if (table === null) {
        throw new ApError('COLLECTION', { where: name, found: `dataset type ${type.name}`, expected: 'a calibration dataset type' });
      }
      needDataset(connection, ref);
      const values = type.required.map(d => ref.dataId[d as keyof typeof ref.dataId]!);
      const overlapping = connection.all(
        `SELECT dataset_id, timespan_begin, timespan_end FROM "${table}" WHERE dataset_type_id = ? AND collection_id = ?`
        + `${type.required.map(d => ` AND "${d}" = ?`).join('')} AND timespan_begin < ? AND timespan_end > ?`,
        type.id, collection.id, ...values, bounds.end, bounds.begin);
      const isDone = overlapping.length === 1 && overlapping[0]!.dataset_id === hexOfUuid(ref.id)
        && overlapping[0]!.timespan_begin === bounds.begin && overlapping[0]!.timespan_end === bounds.end;
      if (isDone) continue;
      const other = overlapping[0];
      if (other !== undefined) {
        throw new ApError('CALIBRATION_OVERLAP', {
          where: `${name}, ${type.name} ${dataIdText(ref.dataId)}`, found: timespanText(timespan),
          expected: `no overlap with ${timespanText(timespanOf(other.timespan_begin as bigint, other.timespan_end as bigint))}`,
        });
      }
      summarize(connection, collection.id, type, ref.dataId);
      insertRow(connection, table, {
        dataset_type_id: type.id, dataset_id: hexOfUuid(ref.id), collection_id: collection.id, ...rowOf(type, ref),
        timespan_begin: bounds.begin, timespan_end: bounds.end,
      });
    }
  });
}

/**
 * Puts datasets into a TAGGED collection, where each data ID occurs once.
 * @throws ApError DATASET_CONFLICT when another dataset of the type and data ID is there, COLLECTION, DATASET_NOT_FOUND.
 */
export function associateDatasets(connection: Connection, name: string, refs: readonly DatasetRef[]): void {
  connection.transaction(() => {
    const collection = needCollection(connection, name, 'TAGGED');
    for (const ref of refs) {
      const type = needType(connection, ref.datasetType);
      needDataset(connection, ref);
      const row = rowOf(type, ref);
      const there = connection.get(
        `SELECT dataset_id FROM "${type.tagTable}" WHERE dataset_type_id = ? AND collection_id = ?`
        + type.required.map(d => ` AND "${d}" = ?`).join(''),
        type.id, collection.id, ...Object.values(row));
      if (there?.dataset_id === hexOfUuid(ref.id)) continue;
      if (there !== undefined) {
        throw new ApError('DATASET_CONFLICT', {
          where: `${name}, ${type.name} ${dataIdText(ref.dataId)}`, found: ref.id, expected: String(there.dataset_id),
        });
      }
      summarize(connection, collection.id, type, ref.dataId);
      insertRow(connection, type.tagTable, {
        dataset_type_id: type.id, dataset_id: hexOfUuid(ref.id), collection_id: collection.id, ...row,
      });
    }
  });
}

function rowOf(type: RegisteredType, ref: DatasetRef): Record<string, string | number> {
  return Object.fromEntries(type.required.map(d => [d, ref.dataId[d as keyof typeof ref.dataId]!]));
}

function needDataset(connection: Connection, ref: DatasetRef): void {
  if (connection.get('SELECT 1 FROM dataset WHERE id = ?', hexOfUuid(ref.id)) === undefined) {
    throw new ApError('DATASET_NOT_FOUND', {
      found: `${ref.datasetType} ${dataIdText(ref.dataId)} (${ref.id})`, where: ref.run, expected: 'a stored dataset',
    });
  }
}
