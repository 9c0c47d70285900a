/** The quantum graph: which task runs on which data ID, and what must come before what. */
import { DIMENSIONS, dataIdText } from '../model/dataset.ts';
import type { DataId, DatasetType } from '../model/dataset.ts';
import { ApError } from '../model/errors.ts';
import { badPipeline } from './badPipeline.ts';
import type { GraphCatalog, GraphRow } from './graphCatalog.ts';
import { quantumInputs } from './quantumInputs.ts';
import type { InputSearch } from './quantumInputs.ts';
import { compareDataIds, datasetKey, reduceDataId } from './quantum.ts';
import type { GraphDataset, PrunedQuantum, Quantum, QuantumGraph } from './quantum.ts';
import { rankQueue } from './rankQueue.ts';
import type { ResolvedPipeline, ResolvedTask } from './resolvePipeline.ts';

export type { GraphCatalog, GraphRow } from './graphCatalog.ts';
export type { GraphDataset, PrunedQuantum, Quantum, QuantumGraph } from './quantum.ts';

/** The user's data query: true for the expanded data IDs to process. */
export type Where = (dataId: DataId) => boolean;

/**
 * All quanta that the data query and the existing datasets allow. A quantum without a required input is
 * left out and recorded under `pruned`, and so is what depends on it. Throws CALIBRATION_NOT_FOUND
 * when a required calibration is missing, EMPTY_GRAPH (naming the missing inputs) when nothing is left.
 */
export function buildQuantumGraph(pipeline: ResolvedPipeline, catalog: GraphCatalog, where: Where = () => true): QuantumGraph {
  const queried = catalog.rows().filter(row => where(row.dataId)).sort(byVisit);
  const search: InputSearch = {
    catalog, rows: rowsWithData(pipeline, catalog, queried), planned: new Map(), existing: existingDatasets(pipeline, catalog),
  };
  const quanta: Quantum[] = [];
  const pruned: PrunedQuantum[] = [];
  for (const task of pipeline.tasks) {
    for (const rows of groupRows(task, search.rows)) {
      const made = quantumOf(task, rows, search);
      if ('reason' in made) {
        pruned.push(made);
      } else {
        quanta.push(made);
        for (const { dataset } of made.outputs) search.planned.set(datasetKey(dataset.datasetType.name, dataset.dataId), made.id);
      }
    }
  }
  if (quanta.length === 0) throw emptyGraph(pipeline, catalog, queried, pruned);
  return { quanta: inRunningOrder(withSequence(quanta, pipeline), pipeline), pruned };
}

/** Number of quanta of each label, labels in running order. */
export function countByLabel(graph: QuantumGraph): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { label } of graph.quanta) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}

function byVisit(a: GraphRow, b: GraphRow): number {
  return compareDataIds(a.dataId, b.dataId, ['visit', 'exposure', 'detector']);
}

/** Types that the pipeline starts from: required, of the same data ID, made by nobody here. */
function startingTypes(pipeline: ResolvedPipeline): readonly DatasetType[] {
  const inputs = pipeline.tasks.flatMap(task => task.inputs).filter(({ producer, required, connection }) =>
    producer === null && required && connection.lookup === 'dataId' && !connection.prerequisite);
  return [...new Map(inputs.map(({ datasetType }) => [datasetType.name, datasetType])).values()];
}

function rowsWithData(pipeline: ResolvedPipeline, catalog: GraphCatalog, rows: readonly GraphRow[]): readonly GraphRow[] {
  const types = startingTypes(pipeline);
  if (types.length === 0) return rows;
  const keyOf = (type: DatasetType, dataId: DataId): string => datasetKey(type.name, reduceDataId(dataId, type.dimensions));
  const keys = new Set(types.flatMap(type => catalog.datasets(type).map(ref => keyOf(type, ref.dataId))));
  return rows.filter(row => types.some(type => keys.has(keyOf(type, row.dataId))));
}

function existingDatasets(pipeline: ResolvedPipeline, catalog: GraphCatalog): InputSearch['existing'] {
  const inputs = pipeline.tasks.flatMap(task => task.inputs).filter(({ connection }) => connection.lookup === 'dataId');
  const existing = new Map<string, GraphDataset>();
  for (const { datasetType } of inputs) {
    for (const ref of catalog.datasets(datasetType)) {
      const dataId = reduceDataId(ref.dataId, datasetType.dimensions);
      existing.set(datasetKey(datasetType.name, dataId), { datasetType, dataId, ref, producer: null });
    }
  }
  return existing;
}

/** Rows that share one quantum, in row order. */
function groupRows(task: ResolvedTask, rows: readonly GraphRow[]): readonly (readonly GraphRow[])[] {
  const groups = new Map<string, GraphRow[]>();
  for (const row of rows) {
    const key = dataIdText(reduceDataId(row.dataId, task.task.dimensions));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return [...groups.values()];
}

function quantumOf(task: ResolvedTask, rows: readonly GraphRow[], search: InputSearch): Quantum | PrunedQuantum {
  const dataId = reduceDataId(rows[0]!.dataId, task.task.dimensions);
  const id = `${task.label}@${dataIdText(dataId)}`;
  const inputs = quantumInputs(task, rows, search);
  if (typeof inputs === 'string') return { label: task.label, dataId, reason: inputs };
  const made = (datasetType: DatasetType): GraphDataset =>
    ({ datasetType, dataId: reduceDataId(rows[0]!.dataId, datasetType.dimensions), ref: null, producer: id });
  const producers = inputs.flatMap(input => input.datasets.map(dataset => dataset.producer)).filter(producer => producer !== null);
  return {
    id, dataId, inputs,
    label: task.label,
    taskName: task.task.name,
    config: task.config,
    expandedDataId: common(rows.map(row => row.dataId)),
    records: rows.length === 1 ? rows[0]!.records : commonRecords(rows),
    outputs: task.outputs.map(({ name, required, datasetType }) => ({ name, required, dataset: made(datasetType) })),
    metadata: made(task.metadataType),
    log: made(task.logType),
    dataPredecessors: [...new Set(producers)],
    orderPredecessors: [],
  };
}

/** The values on which all data IDs agree. */
function common(dataIds: readonly DataId[]): DataId {
  const first = dataIds[0]!;
  const same = DIMENSIONS.filter(d => first[d] !== undefined && dataIds.every(other => other[d] === first[d]));
  return reduceDataId(first, same);
}

function commonRecords(rows: readonly GraphRow[]): GraphRow['records'] {
  const first = rows[0]!.records;
  return Object.fromEntries(Object.entries(first).filter(([name, record]) => rows.every(row => row.records[name] === record)));
}

/** Quanta of a sequential task form one chain, in (visit, detector) order. */
function withSequence(quanta: readonly Quantum[], pipeline: ResolvedPipeline): readonly Quantum[] {
  const sequential = new Set(pipeline.tasks.filter(({ task }) => task.sequential === true).map(({ label }) => label));
  const previous = new Map<string, string>();
  return quanta.map(quantum => {
    if (!sequential.has(quantum.label)) return quantum;
    const before = previous.get(quantum.label);
    previous.set(quantum.label, quantum.id);
    return before === undefined ? quantum : { ...quantum, orderPredecessors: [before] };
  });
}

/** Topological; among the ready ones the earliest visit, then detector, then task comes first. */
function inRunningOrder(quanta: readonly Quantum[], pipeline: ResolvedPipeline): readonly Quantum[] {
  const position = new Map(pipeline.tasks.map(({ label }, i) => [label, i]));
  const wish = [...quanta].sort((a, b) =>
    compareDataIds(a.expandedDataId, b.expandedDataId, ['visit', 'exposure', 'detector'])
    || position.get(a.label)! - position.get(b.label)!);
  const rank = new Map(wish.map(({ id }, i) => [id, i]));
  const waitsFor = wish.map(({ dataPredecessors, orderPredecessors }) => new Set([...dataPredecessors, ...orderPredecessors]).size);
  const successors: number[][] = wish.map(() => []);
  const ready = rankQueue();
  for (const [i, { dataPredecessors, orderPredecessors }] of wish.entries()) {
    for (const before of new Set([...dataPredecessors, ...orderPredecessors])) successors[rank.get(before)!]!.push(i);
    if (waitsFor[i] === 0) ready.push(i);
  }
  const ordered: Quantum[] = [];
  while (ready.size > 0) {
    const i = ready.pop();
    ordered.push(wish[i]!);
    for (const next of successors[i]!) if (--waitsFor[next]! === 0) ready.push(next);
  }
  if (ordered.length < wish.length) {
    const stuck = wish.filter((_, i) => waitsFor[i]! > 0).map(({ id }) => id);
    throw badPipeline({ where: pipeline.location, found: `quanta that wait for each other: ${stuck.slice(0, 6).join(', ')}` });
  }
  return ordered;
}

function emptyGraph(
  pipeline: ResolvedPipeline, catalog: GraphCatalog, queried: readonly GraphRow[], pruned: readonly PrunedQuantum[],
): ApError {
  if (pruned.length > 0) {
    const reasons = [...new Set(pruned.map(({ label, dataId, reason }) => `${label} ${dataIdText(dataId)}: ${reason}`))];
    const more = reasons.length > 5 ? `; and ${reasons.length - 5} more` : '';
    return new ApError('EMPTY_GRAPH', { found: `no quantum has all its inputs: ${reasons.slice(0, 5).join('; ')}${more}` });
  }
  const nRows = catalog.rows().length;
  if (nRows === 0) return new ApError('EMPTY_GRAPH', { found: 'no exposures in the repository', todo: 'ingest raw frames and define visits' });
  if (queried.length === 0) {
    return new ApError('EMPTY_GRAPH', { found: `the data query selects none of the ${nRows} exposure and detector pairs` });
  }
  const types = startingTypes(pipeline).map(type => `'${type.name}' (${catalog.datasets(type).length} exist)`);
  return new ApError('EMPTY_GRAPH', {
    found: `no input datasets for the ${queried.length} exposure and detector pairs of the data query`,
    expected: `datasets of ${types.join(', ')}`, searched: catalog.collections?.join(', '),
  });
}
