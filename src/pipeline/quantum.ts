/** The nouns of a quantum graph: plain data, so that a quantum can be sent to a worker as it is. */
import type { DataId, DatasetRef, DatasetType, Dimension, DimensionRecord } from '../model/dataset.ts';
import { dataIdText } from '../model/dataset.ts';

/** A dataset that exists already, or that a quantum of the graph will make. */
export interface GraphDataset {
  readonly datasetType: DatasetType;
  /** Exactly the dimensions of the dataset type. */
  readonly dataId: DataId;
  /** null: not made yet. */
  readonly ref: DatasetRef | null;
  /** Id of the quantum that makes it; null: it was there before. */
  readonly producer: string | null;
}

export interface QuantumInput {
  /** Connection name. */
  readonly name: string;
  readonly required: boolean;
  /** Ordered by data ID. */
  readonly datasets: readonly GraphDataset[];
}

export interface QuantumOutput {
  readonly name: string;
  readonly required: boolean;
  readonly dataset: GraphDataset;
}

/** One task on one data ID. */
export interface Quantum {
  /** `label@{instrument: .., visit: .., detector: ..}`, unique in the graph and the same in every run. */
  readonly id: string;
  readonly label: string;
  /** Key of the task registry. */
  readonly taskName: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** The dimensions of the task. */
  readonly dataId: DataId;
  /** With implied dimensions: band, physical_filter, day_obs, exposure. */
  readonly expandedDataId: DataId;
  readonly records: Readonly<Record<string, DimensionRecord>>;
  readonly inputs: readonly QuantumInput[];
  readonly outputs: readonly QuantumOutput[];
  /** `<label>_metadata` of this data ID; its existence means that the quantum is done. */
  readonly metadata: GraphDataset;
  /** `<label>_log` of this data ID. */
  readonly log: GraphDataset;
  /** Quanta whose outputs this one reads. */
  readonly dataPredecessors: readonly string[];
  /** Quanta that must only have ended before (sequential tasks). */
  readonly orderPredecessors: readonly string[];
}

/** Why a quantum of the data query is not in the graph. */
export interface PrunedQuantum {
  readonly label: string;
  readonly dataId: DataId;
  readonly reason: string;
}

export interface QuantumGraph {
  /** In running order of one worker: topological, earlier visits first. */
  readonly quanta: readonly Quantum[];
  readonly pruned: readonly PrunedQuantum[];
}

/** The part of a data ID that has the given dimensions. */
export function reduceDataId(dataId: DataId, dimensions: readonly Dimension[]): DataId {
  return Object.fromEntries(dimensions.filter(d => dataId[d] !== undefined).map(d => [d, dataId[d]]));
}

/** Identity of a dataset: its type and data ID. */
export function datasetKey(datasetType: string, dataId: DataId): string {
  return `${datasetType}@${dataIdText(dataId)}`;
}

/** Order by the given dimensions, numbers as numbers; absent values last. */
export function compareDataIds(a: DataId, b: DataId, dimensions: readonly Dimension[]): number {
  for (const dimension of dimensions) {
    const [x, y] = [a[dimension], b[dimension]];
    if (x === y) continue;
    if (x === undefined) return 1;
    if (y === undefined) return -1;
    return x < y ? -1 : 1;
  }
  return 0;
}
