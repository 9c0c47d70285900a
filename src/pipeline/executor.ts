/**
 * Runs a quantum graph: several quanta at a time, each as soon as its inputs are there. Which thread or
 * process runs a quantum is the business of `runQuantum`; results do not depend on the number of workers.
 */
import type { QuantumReport } from '../model/verification.ts';
import { lostOutcome } from './outcome.ts';
import type { QuantumOutcome } from './outcome.ts';
import { datasetKey } from './quantum.ts';
import type { Quantum, QuantumGraph, QuantumInput } from './quantum.ts';
import { rankQueue } from './rankQueue.ts';
import type { RankQueue } from './rankQueue.ts';

export type QuantumStatus = QuantumReport['status'];

export interface QuantumResult {
  readonly quantum: Quantum;
  readonly status: QuantumStatus;
  readonly message: string | null;
  /** null when it was not run: reused, blocked, or without work because of its inputs. */
  readonly outcome: QuantumOutcome | null;
}

export type ExecutionEvent =
  /** First of all, with the quanta that are to run: those that are not reused. */
  | { readonly type: 'begun'; readonly quanta: readonly Quantum[]; readonly nTotal: number }
  | { readonly type: 'started'; readonly quantum: Quantum; readonly nDone: number; readonly nTotal: number }
  | { readonly type: 'finished'; readonly result: QuantumResult; readonly nDone: number; readonly nTotal: number };

export interface ExecuteOptions {
  /** Quanta that may run at one time, at least 1. */
  readonly workers: number;
  /** Gets the quantum with only those inputs that exist. Must not reject for what goes wrong inside a quantum. */
  readonly runQuantum: (quantum: Quantum) => Promise<QuantumOutcome>;
  /** Make staged outputs and metadata visible; awaited before dependents start. A rejection fails the quantum. */
  readonly commit?: (quantum: Quantum, outcome: QuantumOutcome) => void | Promise<void>;
  readonly onEvent?: (event: ExecutionEvent) => void;
  /** Quanta done in an earlier run, by id, with the names of the output connections that exist. */
  readonly completed?: ReadonlyMap<string, readonly string[]>;
  /** Start nothing more after the first failure. */
  readonly failFast?: boolean;
  /** Start nothing more once it is aborted. */
  readonly signal?: AbortSignal;
}

interface Execution {
  readonly graph: QuantumGraph;
  readonly options: ExecuteOptions;
  readonly index: ReadonlyMap<string, number>;
  readonly successors: readonly (readonly number[])[];
  readonly waitsFor: number[];
  readonly ready: RankQueue;
  readonly results: (QuantumResult | undefined)[];
  /** Keys of datasets that quanta of this graph have made. */
  readonly made: Set<string>;
  nDone: number;
  stopped: string | null;
}

/** Results in graph order. Rejects only when the machinery itself breaks. */
export async function execute(graph: QuantumGraph, options: ExecuteOptions): Promise<readonly QuantumResult[]> {
  const execution = begin(graph, options);
  const quanta = graph.quanta.filter(({ id }) => options.completed?.has(id) !== true);
  options.onEvent?.({ type: 'begun', quanta, nTotal: graph.quanta.length });
  const active = new Set<Promise<void>>();
  try {
    while (execution.ready.size > 0 || active.size > 0) {
      if (execution.ready.size > 0 && active.size < Math.max(1, options.workers)) {
        const i = execution.ready.pop();
        const without = withoutRunning(execution, i);
        if (without !== null) {
          settle(execution, i, without);
        } else {
          const done: Promise<void> = run(execution, i).finally(() => active.delete(done));
          active.add(done);
        }
      } else {
        await Promise.race(active);
      }
    }
  } finally {
    await Promise.allSettled(active);
  }
  return execution.results as QuantumResult[];
}

/** The results in the words of the verification document. */
export function quantumReports(results: readonly QuantumResult[]): readonly QuantumReport[] {
  return results.map(({ quantum, status, message, outcome }) => ({
    task: quantum.label,
    dataId: Object.fromEntries(Object.entries(quantum.dataId)),
    status, message,
    seconds: outcome?.resources?.wall_s ?? null,
    cpu_s: outcome?.resources?.cpu_s ?? null,
    peakRss_MB: outcome?.resources?.peakRss_MB ?? null,
    began: beginOf(outcome),
  }));
}

function beginOf(outcome: QuantumResult['outcome']): string | null {
  const begin = outcome?.metadata.metadata.quantum?.arrays.prepUtc?.[0];
  return typeof begin === 'string' ? begin : null;
}

function begin(graph: QuantumGraph, options: ExecuteOptions): Execution {
  const index = new Map(graph.quanta.map(({ id }, i) => [id, i]));
  const successors: number[][] = graph.quanta.map(() => []);
  const ready = rankQueue();
  const waitsFor = graph.quanta.map(({ dataPredecessors, orderPredecessors }, i) => {
    const before = new Set([...dataPredecessors, ...orderPredecessors]);
    for (const id of before) successors[index.get(id)!]!.push(i);
    if (before.size === 0) ready.push(i);
    return before.size;
  });
  return { graph, options, index, successors, waitsFor, ready, results: [], made: new Set(), nDone: 0, stopped: null };
}

/** The result of a quantum that need not or cannot run; null: it must run. */
function withoutRunning(execution: Execution, i: number): QuantumResult | null {
  const { graph, options, index, results, made } = execution;
  const quantum = graph.quanta[i]!;
  const result = (status: QuantumStatus, message: string | null): QuantumResult => ({ quantum, status, message, outcome: null });
  const connections = options.completed?.get(quantum.id);
  if (connections !== undefined) {
    for (const { name, dataset } of quantum.outputs) {
      if (connections.includes(name)) made.add(datasetKey(dataset.datasetType.name, dataset.dataId));
    }
    return result('reused', null);
  }
  const culprit = quantum.dataPredecessors.find(id => ['failed', 'blocked'].includes(results[index.get(id)!]!.status));
  // The first failure of the chain is what a reader wants to know, not the neighbour that it blocked.
  const before = culprit === undefined ? undefined : results[index.get(culprit)!]!;
  if (before !== undefined) return result('blocked', before.status === 'blocked' ? before.message : `needs what ${before.quantum.id} did not make`);
  const starved = availableInputs(execution, quantum).find(({ required, datasets }) => required && datasets.length === 0);
  if (starved !== undefined) return result('noWork', `no input '${starved.name}': its producers found no work`);
  if (options.signal?.aborted === true) execution.stopped ??= 'interrupted';
  return execution.stopped === null ? null : result('blocked', `not started: ${execution.stopped}`);
}

function availableInputs({ made }: Execution, quantum: Quantum): readonly QuantumInput[] {
  return quantum.inputs.map(input => ({
    ...input,
    datasets: input.datasets.filter(({ producer, datasetType, dataId }) =>
      producer === null || made.has(datasetKey(datasetType.name, dataId))),
  }));
}

async function run(execution: Execution, i: number): Promise<void> {
  const { options, graph, nDone } = execution;
  const quantum = graph.quanta[i]!;
  options.onEvent?.({ type: 'started', quantum, nDone, nTotal: graph.quanta.length });
  let outcome = await options.runQuantum({ ...quantum, inputs: availableInputs(execution, quantum) });
  try {
    await options.commit?.(quantum, outcome);
  } catch (error) {
    const message = `outputs could not be stored: ${error instanceof Error ? error.message : String(error)}`;
    outcome = { ...lostOutcome('operational', message), log: outcome.log, resources: outcome.resources };
  }
  for (const { dataset } of outcome.outputs) execution.made.add(datasetKey(dataset.datasetType.name, dataset.dataId));
  settle(execution, i, { quantum, status: outcome.status, message: outcome.message, outcome });
}

function settle(execution: Execution, i: number, result: QuantumResult): void {
  const { results, successors, waitsFor, ready, options, graph } = execution;
  results[i] = result;
  execution.nDone++;
  if (result.status === 'failed' && options.failFast === true) execution.stopped ??= `stopped after the failure of ${result.quantum.id}`;
  for (const next of successors[i]!) if (--waitsFor[next]! === 0) ready.push(next);
  options.onEvent?.({ type: 'finished', result, nDone: execution.nDone, nTotal: graph.quanta.length });
}
