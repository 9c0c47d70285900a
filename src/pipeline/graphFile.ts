/**
 * A quantum graph as text: JSON lines, each an object with its `kind`.
 *
 *     header       format, and what the caller wants to keep (output run, inputs, data query ...)
 *     task         label, class, task, config: one line a label
 *     datasetType  name, dimensions, storage class, calibration flag: one line a type
 *     record       one dimension record with its index; quanta name records by index
 *     quantum      id, label, data IDs, inputs, outputs, predecessors; datasets as [type, data ID, ref or null, producer or null]
 *     pruned       what is not in the graph, and why
 *     end          number of quanta, so that a file that was cut off is noticed
 *
 * What JSON lacks is an object with one key that begins with `$`: `{"$bigint": "12"}`, `{"$bytes": "<base64>"}` and
 * `{"$number": "NaN"}`.
 */
import type { DataId, DatasetRef, DatasetType, DimensionRecord } from '../model/dataset.ts';
import { ApError } from '../model/errors.ts';
import type { GraphDataset, PrunedQuantum, Quantum, QuantumGraph } from './quantum.ts';

export const GRAPH_FORMAT = 'ap-verify-qgraph/1';

/** Keys of the caller; plain values. */
export type GraphHeader = Readonly<Record<string, unknown>>;

export interface GraphTask {
  readonly label: string;
  readonly className: string;
  /** Key of the task registry. */
  readonly taskName: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** The config as its dataset will hold it. */
  readonly configText: string;
}

/** Everything that a run needs beside the repository and the tasks. */
export interface SavedGraph {
  readonly header: GraphHeader;
  readonly tasks: readonly GraphTask[];
  readonly datasetTypes: readonly DatasetType[];
  readonly graph: QuantumGraph;
}

type PackedDataset = readonly [type: string, dataId: DataId, ref: DatasetRef | null, producer: string | null];
interface PackedQuantum extends Omit<Quantum, 'taskName' | 'config' | 'records' | 'inputs' | 'outputs' | 'metadata' | 'log'> {
  readonly records: Readonly<Record<string, number>>;
  readonly inputs: readonly { readonly name: string; readonly required: boolean; readonly datasets: readonly PackedDataset[] }[];
  readonly outputs: readonly { readonly name: string; readonly required: boolean; readonly dataset: PackedDataset }[];
  readonly metadata: PackedDataset;
  readonly log: PackedDataset;
}

/** The text of a graph; equal graphs with equal headers have equal texts. */
export function graphText({ header, tasks, datasetTypes, graph }: SavedGraph): string {
  const lines: string[] = [];
  const add = (kind: string, value: object): void => { lines.push(JSON.stringify({ kind, ...packed(value) as object })); };
  add('header', { format: GRAPH_FORMAT, ...header });
  for (const task of tasks) add('task', task);
  for (const type of datasetTypes) add('datasetType', type);
  const indices = new Map<DimensionRecord, number>();
  for (const { records } of graph.quanta) {
    for (const record of Object.values(records)) {
      if (indices.has(record)) continue;
      indices.set(record, indices.size);
      add('record', { index: indices.size - 1, record });
    }
  }
  for (const quantum of graph.quanta) add('quantum', packedQuantum(quantum, indices));
  for (const item of graph.pruned) add('pruned', item);
  add('end', { nQuanta: graph.quanta.length });
  return `${lines.join('\n')}\n`;
}

function packedQuantum(quantum: Quantum, indices: ReadonlyMap<DimensionRecord, number>): PackedQuantum {
  const { taskName: _, config: __, ...rest } = quantum;
  return {
    ...rest,
    records: Object.fromEntries(Object.entries(quantum.records).map(([name, record]) => [name, indices.get(record)!])),
    inputs: quantum.inputs.map(input => ({ ...input, datasets: input.datasets.map(packedDataset) })),
    outputs: quantum.outputs.map(output => ({ ...output, dataset: packedDataset(output.dataset) })),
    metadata: packedDataset(quantum.metadata),
    log: packedDataset(quantum.log),
  };
}

function packedDataset({ datasetType, dataId, ref, producer }: GraphDataset): PackedDataset {
  return [datasetType.name, dataId, ref, producer];
}

interface Reading {
  readonly where: string;
  header: GraphHeader | null;
  readonly tasks: Map<string, GraphTask>;
  readonly types: Map<string, DatasetType>;
  readonly records: Map<number, DimensionRecord>;
  readonly quanta: Quantum[];
  readonly pruned: PrunedQuantum[];
  nQuanta: number | null;
}

/** The reverse of `graphText`. Throws BAD_FORMAT with the line for anything else, and for a file that was cut off. */
export function parseGraph(text: string, where: string): SavedGraph {
  const reading: Reading = {
    where, header: null, tasks: new Map(), types: new Map(), records: new Map(), quanta: [], pruned: [], nQuanta: null,
  };
  for (const [i, line] of text.split('\n').entries()) if (line.trim() !== '') readLine(reading, line, `${where}:${i + 1}`);
  const { header, nQuanta, quanta } = reading;
  if (header === null) throw badGraph(where, 'an empty file', `a header of ${GRAPH_FORMAT}`);
  if (nQuanta !== quanta.length) {
    throw badGraph(where, `${quanta.length} quanta`, nQuanta === null ? 'an end line: the file was cut off' : `${nQuanta}`);
  }
  const graph = { quanta, pruned: reading.pruned };
  return { header, tasks: [...reading.tasks.values()], datasetTypes: [...reading.types.values()], graph };
}

function readLine(reading: Reading, line: string, where: string): void {
  let parsed: unknown;
  try {
    parsed = unpacked(JSON.parse(line));
  } catch (cause) {
    throw badGraph(where, (cause as Error).message, 'one JSON object', cause);
  }
  if (typeof parsed !== 'object' || parsed === null) throw badGraph(where, line.slice(0, 40), 'one JSON object');
  const { kind, ...value } = parsed as { readonly kind?: unknown };
  if (reading.header === null) {
    const { format, ...header } = value as { readonly format?: unknown };
    if (kind !== 'header' || format !== GRAPH_FORMAT) throw badGraph(where, String(format ?? kind), `a header of ${GRAPH_FORMAT}`);
    reading.header = header;
    return;
  }
  switch (kind) {
    case 'task': reading.tasks.set((value as GraphTask).label, value as GraphTask); break;
    case 'datasetType': reading.types.set((value as DatasetType).name, value as DatasetType); break;
    case 'record': {
      const { index, record } = value as { readonly index: number; readonly record: DimensionRecord };
      reading.records.set(index, record);
      break;
    }
    case 'quantum': reading.quanta.push(unpackedQuantum(value as PackedQuantum, reading, where)); break;
    case 'pruned': reading.pruned.push(value as PrunedQuantum); break;
    case 'end': reading.nQuanta = (value as { readonly nQuanta: number }).nQuanta; break;
    default: throw badGraph(where, `a line of kind '${String(kind)}'`, 'task, datasetType, record, quantum, pruned or end');
  }
}

function unpackedQuantum(value: PackedQuantum, { tasks, types, records }: Reading, where: string): Quantum {
  const known = <K, V>(map: ReadonlyMap<K, V>, key: K, what: string): V => {
    const found = map.get(key);
    if (found === undefined) throw badGraph(where, `${what} '${String(key)}'`, 'one that an earlier line defines');
    return found;
  };
  const dataset = ([type, dataId, ref, producer]: PackedDataset): GraphDataset =>
    ({ datasetType: known(types, type, 'dataset type'), dataId, ref, producer });
  const { taskName, config } = known(tasks, value.label, 'task');
  return {
    ...value, taskName, config,
    records: Object.fromEntries(Object.entries(value.records).map(([name, index]) => [name, known(records, index, 'record')])),
    inputs: value.inputs.map(input => ({ ...input, datasets: input.datasets.map(dataset) })),
    outputs: value.outputs.map(output => ({ ...output, dataset: dataset(output.dataset) })),
    metadata: dataset(value.metadata),
    log: dataset(value.log),
  };
}

function badGraph(where: string, found: string, expected: string, cause?: unknown): ApError {
  return new ApError('BAD_FORMAT', { where, found, expected, todo: 'make the graph again with pipetask qgraph' }, { cause });
}

function packed(value: unknown): unknown {
  if (typeof value === 'bigint') return { $bigint: value.toString() };
  if (typeof value === 'number' && !Number.isFinite(value)) return { $number: String(value) };
  if (value instanceof Uint8Array) return { $bytes: base64Of(value) };
  if (Array.isArray(value)) return value.map(packed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, packed(item)]));
}

function unpacked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unpacked);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const [key, item] = entries[0] ?? ['', null];
  if (entries.length === 1 && key === '$bigint') return BigInt(String(item));
  if (entries.length === 1 && key === '$number') return Number(item);
  if (entries.length === 1 && key === '$bytes') return bytesOf(String(item));
  return Object.fromEntries(entries.map(([name, inner]) => [name, unpacked(inner)]));
}

function base64Of(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), char => char.charCodeAt(0));
}
