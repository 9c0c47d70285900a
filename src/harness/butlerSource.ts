/** The products of a run in a data repository, as the measures read them. */
import type { Repository } from '../butler/repository.ts';
import { dataIdText } from '../model/dataset.ts';
import type { DataId, DatasetType } from '../model/dataset.ts';
import { ApError } from '../model/errors.ts';
import type { ResultSource } from './resultSource.ts';

/**
 * Datasets of the collections, found first. `wanted` limits them to the data IDs that the run was asked
 * for: what an earlier, wider query left in the same collections is not measured.
 */
export function butlerSource(
  repository: Repository, collections: readonly string[], wanted: (dataId: DataId) => boolean = () => true,
): ResultSource {
  return {
    dataIds: type => Promise.resolve(repository.datasetType(type.name) === null ? []
      : repository.query(type, collections).map(ref => ref.dataId).filter(wanted)),
    get: <T>(type: DatasetType<T>, dataId: DataId): Promise<T> => {
      const ref = repository.find(type, dataId, collections);
      if (ref === null) {
        throw new ApError('DATASET_NOT_FOUND', { found: `${type.name} ${dataIdText(dataId)}`, where: collections.join(', ') });
      }
      return repository.get(type, ref);
    },
  };
}
