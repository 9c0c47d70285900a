/** What the graph builder asks, answered from a data repository. */
import type { Repository } from '../butler/repository.ts';
import { dataIdText } from '../model/dataset.ts';
import type { DataId, DatasetRef, DatasetType, DimensionRecord, TimeSpan } from '../model/dataset.ts';
import { raw } from '../model/datasetTypes.ts';
import type { GraphCatalog, GraphRow } from '../pipeline/graphCatalog.ts';
import { htmEnvelope } from '../sky/htm.ts';
import type { SkyRegion } from '../sky/region.ts';
import { regionsOverlap as overlap } from '../sky/regionOverlap.ts';
import { utcIsoOfTaiNs } from '../sky/time.ts';
import { dimensionIndex } from './dimensionIndex.ts';
import type { DimensionIndex } from './dimensionIndex.ts';

/** Level of the shards of a reference catalog. */
const SHARD_LEVEL = 7;

/**
 * The catalog over the given collections, searched in order. Everything is read once, so the answers do
 * not change when the run begins to write.
 */
export function repositoryCatalog(repository: Repository, collections: readonly string[]): GraphCatalog {
  const index = dimensionIndex(repository);
  const found = new Map<string, readonly DatasetRef[]>();
  const datasets = (type: DatasetType): readonly DatasetRef[] => {
    if (!found.has(type.name)) {
      found.set(type.name, repository.datasetType(type.name) === null ? [] : repository.query(type, collections));
    }
    return found.get(type.name)!;
  };
  const rows = datasets(raw).map(ref => rowOf(ref.dataId, index));
  return {
    collections: flattened(repository, collections),
    rows: () => rows,
    datasets,
    calibration: (type, row) =>
      (repository.datasetType(type.name) === null ? null : repository.find(type, row.dataId, collections, row.timespan)),
    overlapping: (type, row) => datasets(type).filter(({ dataId }) =>
      index.expand(dataId).band === row.dataId.band && regionsOverlap(index, dataId, row.dataId)),
    overlaps: (a, b) => regionsOverlap(index, a.dataId, b.dataId),
    refcats: (type, row) => shards(datasets(type), index.region(row.dataId)),
  };
}

/** Chains by their members, in search order, each once. */
export function flattened(repository: Repository, collections: readonly string[]): readonly string[] {
  const chains = new Map(repository.collections().map(({ name, children }) => [name, children]));
  const open = (name: string): readonly string[] => {
    const children = chains.get(name) ?? [];
    return children.length === 0 ? [name] : children.flatMap(open);
  };
  return [...new Set(collections.flatMap(open))];
}

function rowOf(dataId: DataId, index: DimensionIndex): GraphRow {
  const expanded = index.expand(dataId);
  const timespan = index.record('exposure', dataId)!.timespan as TimeSpan;
  const records = Object.fromEntries((['exposure', 'visit', 'detector', 'physical_filter'] as const)
    .map(element => [element, index.record(element, expanded)] as const)
    .filter((entry): entry is [typeof entry[0], DimensionRecord] => entry[1] !== undefined));
  const date = timespan.begin_ns === null ? dataIdText(dataId) : utcIsoOfTaiNs(timespan.begin_ns);
  return { dataId: expanded, timespan, date, records };
}

function regionsOverlap(index: DimensionIndex, a: DataId, b: DataId): boolean {
  const [first, second] = [index.region(a), index.region(b)];
  return first !== null && second !== null && overlap(first, second);
}

function shards(refs: readonly DatasetRef[], region: SkyRegion | null): readonly DatasetRef[] {
  if (region === null) return [];
  const ranges = htmEnvelope(SHARD_LEVEL, region);
  return refs.filter(({ dataId }) => ranges.some(([begin, end]) => Number(dataId.htm7) >= begin! && Number(dataId.htm7) < end!));
}

