/** How the harness reads what a run has made, wherever it is kept. */
import { dataIdText } from '../model/dataset.ts';
import type { DataId, DatasetType } from '../model/dataset.ts';

export interface Item<T> {
  readonly dataId: DataId;
  readonly value: T;
}

/** Outputs of one run and the truth of its dataset. */
export interface ResultSource {
  /** Data IDs of the datasets of a type that exist, in any order; empty when the type is not known. */
  dataIds(type: DatasetType): Promise<readonly DataId[]>;
  /** Loads one dataset; rejects when it does not exist. */
  get<T>(type: DatasetType<T>, dataId: DataId): Promise<T>;
}

/** All datasets of a type, ordered by data ID. Meant for tables: images are read one at a time by digests. */
export async function allOf<T>(source: ResultSource, type: DatasetType<T>): Promise<readonly Item<T>[]> {
  const items: Item<T>[] = [];
  for (const dataId of sortedDataIds(await source.dataIds(type))) {
    items.push({ dataId, value: await source.get(type, dataId) });
  }
  return items;
}

/** One order for any number of workers: integers by size, words by code unit, dimensions in universe order. */
export function sortedDataIds(dataIds: readonly DataId[]): DataId[] {
  return dataIds
    .map(dataId => ({ dataId, key: dataIdText(dataId).replace(/\d+/g, digits => digits.padStart(20, '0')) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ dataId }) => dataId);
}
