/** Inputs of one quantum: found among the outputs of other quanta and the datasets that exist. */
import { dataIdText } from '../model/dataset.ts';
import type { DatasetRef, DatasetType, Dimension } from '../model/dataset.ts';
import { ApError } from '../model/errors.ts';
import { badPipeline } from './badPipeline.ts';
import type { GraphCatalog, GraphRow } from './graphCatalog.ts';
import { compareDataIds, datasetKey, reduceDataId } from './quantum.ts';
import type { GraphDataset, QuantumInput } from './quantum.ts';
import type { ResolvedConnection, ResolvedTask } from './resolvePipeline.ts';

export interface InputSearch {
  readonly catalog: GraphCatalog;
  /** Rows of the data query that have data. */
  readonly rows: readonly GraphRow[];
  /** Id of the quantum that makes a dataset, by dataset key. */
  readonly planned: Map<string, string>;
  /** Datasets that exist, by dataset key. */
  readonly existing: ReadonlyMap<string, GraphDataset>;
}

const ORDER: readonly Dimension[] = ['instrument', 'tract', 'patch', 'visit', 'exposure', 'detector', 'htm7'];

/**
 * The inputs in declared order, or the reason why the quantum cannot run. Calibrations are looked up
 * last, so that a missing one is an error only where the other inputs are there.
 */
export function quantumInputs(task: ResolvedTask, rows: readonly GraphRow[], search: InputSearch): readonly QuantumInput[] | string {
  const found = new Map<string, QuantumInput>();
  const late = (input: ResolvedConnection): number => (input.connection.lookup === 'calibration' ? 1 : 0);
  for (const input of [...task.inputs].sort((a, b) => late(a) - late(b))) {
    const datasets = unique(rows.flatMap(row => datasetsOf(input, row, search)));
    if (datasets.length === 0 && input.required) {
      if (input.connection.lookup === 'calibration') throw missingCalibration(task, input, rows[0]!, search.catalog);
      return missing(input, rows[0]!, search.catalog);
    }
    if (datasets.length > 1 && !input.connection.multiple) {
      const ids = datasets.slice(0, 3).map(({ dataId }) => dataIdText(dataId)).join(', ');
      throw badPipeline({
        where: `${task.label}.connections.${input.name}`,
        found: `${datasets.length} datasets of '${input.datasetType.name}' (${ids} ...)`, expected: 'one',
      });
    }
    found.set(input.name, { name: input.name, required: input.required, datasets });
  }
  return task.inputs.map(input => found.get(input.name)!);
}

function datasetsOf({ connection, datasetType }: ResolvedConnection, row: GraphRow, search: InputSearch): readonly GraphDataset[] {
  switch (connection.lookup) {
    case 'dataId': return sameDataId(datasetType, row, search);
    case 'siblings': return siblings(datasetType, row, search);
    case 'overlapping': return overlapping(datasetType, row, search);
    case 'refcat': return search.catalog.refcats(datasetType, row).map(ref => existing(datasetType, ref));
    case 'calibration': {
      const ref = search.catalog.calibration(datasetType, row);
      return ref === null ? [] : [existing(datasetType, ref)];
    }
  }
}

function sameDataId(datasetType: DatasetType, row: GraphRow, { planned, existing }: InputSearch): readonly GraphDataset[] {
  const made = plannedDataset(datasetType, row, planned);
  if (made !== null) return [made];
  const found = existing.get(datasetKey(datasetType.name, reduceDataId(row.dataId, datasetType.dimensions)));
  return found === undefined ? [] : [found];
}

/** The other detectors of the exposure that are in the data query. */
function siblings(datasetType: DatasetType, row: GraphRow, search: InputSearch): readonly GraphDataset[] {
  return search.rows
    .filter(({ dataId }) => dataId.exposure === row.dataId.exposure && dataId.detector !== row.dataId.detector)
    .flatMap(other => sameDataId(datasetType, other, search));
}

/** Same band, another visit, regions that overlap: what this run will make first, then what exists. */
function overlapping(datasetType: DatasetType, row: GraphRow, { catalog, rows, planned }: InputSearch): readonly GraphDataset[] {
  const { visit, band } = row.dataId;
  const made = rows
    .filter(other => other.dataId.visit !== visit && other.dataId.band === band && catalog.overlaps(row, other))
    .map(other => plannedDataset(datasetType, other, planned))
    .filter(dataset => dataset !== null);
  const there = catalog.overlapping(datasetType, row)
    .filter(ref => ref.dataId.visit === undefined || ref.dataId.visit !== visit)
    .map(ref => existing(datasetType, ref));
  return [...made, ...there];
}

function plannedDataset(datasetType: DatasetType, row: GraphRow, planned: ReadonlyMap<string, string>): GraphDataset | null {
  const dataId = reduceDataId(row.dataId, datasetType.dimensions);
  const producer = planned.get(datasetKey(datasetType.name, dataId));
  return producer === undefined ? null : { datasetType, dataId, ref: null, producer };
}

function existing(datasetType: DatasetType, ref: DatasetRef): GraphDataset {
  return { datasetType, dataId: reduceDataId(ref.dataId, datasetType.dimensions), ref, producer: null };
}

/** Each dataset once (the first wins: planned before existing), in data ID order. */
function unique(datasets: readonly GraphDataset[]): readonly GraphDataset[] {
  const byKey = new Map<string, GraphDataset>();
  for (const dataset of datasets) {
    const key = datasetKey(dataset.datasetType.name, dataset.dataId);
    if (!byKey.has(key)) byKey.set(key, dataset);
  }
  return [...byKey.values()].sort((a, b) => compareDataIds(a.dataId, b.dataId, ORDER));
}

/** Dataset type, data ID and the collections searched, in one line. */
function missing({ name, datasetType, connection, producer }: ResolvedConnection, row: GraphRow, catalog: GraphCatalog): string {
  const wanted = dataIdText(reduceDataId(row.dataId, datasetType.dimensions));
  const around = dataIdText(reduceDataId(row.dataId, ['instrument', 'visit', 'detector']));
  const searched = searchedText(catalog);
  switch (connection.lookup) {
    case 'overlapping':
      return `${name}: no '${datasetType.name}' of another visit in band ${String(row.dataId.band)} overlaps ${around}${searched}`;
    case 'refcat':
      return `${name}: no '${datasetType.name}' shard overlaps the region of ${around}${searched}`;
    default:
      return producer === null ? `${name}: '${datasetType.name}' ${wanted} does not exist${searched}`
        : `${name}: '${datasetType.name}' ${wanted} is not made by '${producer}' and does not exist${searched}`;
  }
}

function searchedText({ collections }: GraphCatalog): string {
  return collections === undefined ? '' : `; searched: ${collections.join(', ')}`;
}

function missingCalibration(task: ResolvedTask, { name, datasetType }: ResolvedConnection, row: GraphRow, catalog: GraphCatalog): ApError {
  const dataId = reduceDataId(row.dataId, [...new Set([...datasetType.dimensions, 'exposure'] as const)]);
  return new ApError('CALIBRATION_NOT_FOUND', {
    found: `no '${datasetType.name}' for ${dataIdText(dataId)} at ${row.date}`,
    where: `${task.label}.connections.${name}`,
    datasetType: datasetType.name, dataId: dataIdText(dataId), date: row.date, searched: catalog.collections?.join(', '),
    todo: 'certify a calibration whose validity covers the date, or switch the correction off in the config',
  });
}
