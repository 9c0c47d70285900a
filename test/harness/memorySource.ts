/** The products of a run in memory. */
import { dataIdText } from '../../src/model/dataset.ts';
import type { DataId, DatasetType } from '../../src/model/dataset.ts';
import type { Item, ResultSource } from '../../src/harness/resultSource.ts';

export interface MemorySource extends ResultSource {
  /** Names of the types of the datasets that were loaded, in order. */
  readonly loaded: string[];
  /** The same source with one more dataset. */
  put<T>(type: DatasetType<T>, dataId: DataId, value: T): MemorySource;
}

export function memorySource(): MemorySource {
  const datasets = new Map<string, Item<unknown>[]>();
  const loaded: string[] = [];
  const source: MemorySource = {
    loaded,
    put(type, dataId, value) {
      datasets.set(type.name, [...datasets.get(type.name) ?? [], { dataId, value }]);
      return source;
    },
    dataIds: type => Promise.resolve((datasets.get(type.name) ?? []).map(d => d.dataId)),
    get: <T>(type: DatasetType<T>, dataId: DataId) => {
      const found = datasets.get(type.name)?.find(d => dataIdText(d.dataId) === dataIdText(dataId));
      if (found === undefined) return Promise.reject(new Error(`no ${type.name} ${dataIdText(dataId)}`));
      loaded.push(type.name);
      return Promise.resolve(found.value as T);
    },
  };
  return source;
}
