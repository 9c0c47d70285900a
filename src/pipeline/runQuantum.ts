/** One quantum: load the inputs, run the task, stage the outputs, and say how it went. Never throws. */
import { dataIdText } from '../model/dataset.ts';
import type { Apdb } from '../model/apdb.ts';
import { AlgorithmError, ApError, NoWorkFound } from '../model/errors.ts';
import type { OutcomeMetadata } from '../model/errors.ts';
import type { Instrument } from '../model/instrument.ts';
import type { FailureKind, LogRecord, QuantumOutcome, Resources, StagedOutput } from './outcome.ts';
import type { GraphDataset, Quantum } from './quantum.ts';
import type { Connection, InputItem, Logger, Task, TaskContext } from './task.ts';
import { CAVEAT, metadataBlock } from './taskMetadata.ts';
import type { TaskMetadata } from './taskMetadata.ts';

/** Time and memory of the process or thread, at this moment. */
export interface ResourceReading {
  /** ISO text with offset, `2026-01-01T00:00:05.123456+00:00`. */
  readonly utc: string;
  /** Monotonic. */
  readonly wall_s: number;
  readonly cpu_s: number;
  readonly maxRss_byte: number;
}

export interface RunQuantumOptions {
  readonly task: Task;
  readonly instrument: Instrument;
  /** The in-memory value of a dataset that exists. */
  readonly load: (dataset: GraphDataset) => unknown;
  /** Write a value where nobody sees it yet; the result goes back as `staged` and must be plain data. */
  readonly save: (dataset: GraphDataset, value: unknown) => unknown;
  /** Given only to tasks that declare `usesApdb`. */
  readonly apdb: Apdb | null;
  readonly clock: () => ResourceReading;
  /** Hears the log as it is written. */
  readonly onLog?: (quantum: Quantum, record: LogRecord) => void;
}

interface Running {
  readonly quantum: Quantum;
  readonly options: RunQuantumOptions;
  readonly log: LogRecord[];
  /** Keys that the task sets. */
  readonly taskMetadata: Record<string, number | string | boolean>;
  readonly readings: Record<string, ResourceReading>;
  readonly staged: StagedOutput[];
}

/** Inputs of the quantum that are absent must have been taken out by the executor. */
export async function runQuantum(quantum: Quantum, options: RunQuantumOptions): Promise<QuantumOutcome> {
  const running: Running = { quantum, options, log: [], taskMetadata: {}, readings: { prep: options.clock() }, staged: [] };
  try {
    const inputs = await loadInputs(running);
    running.readings.init = running.readings.start = options.clock();
    const context = contextOf(running);
    const values = await options.task.run(inputs, quantum.config, context);
    await stageOutputs(running, values);
    const missing = quantum.outputs.length - running.staged.length;
    return finished(running, { status: 'succeeded', outputs: running.staged }, missing > 0 ? CAVEAT.ANY_OUTPUTS_MISSING : 0);
  } catch (error) {
    return ended(running, error);
  }
}

/** A number for random generators: the same for the same task and data ID in every run (FNV-1a, 32 bits). */
export function quantumSeed(taskName: string, dataId: Quantum['dataId']): number {
  let hash = 0x811c9dc5;
  for (const char of `${taskName}@${dataIdText(dataId)}`) hash = Math.imul(hash ^ char.codePointAt(0)!, 0x01000193);
  return hash >>> 0;
}

async function loadInputs({ quantum, options }: Running): Promise<Record<string, unknown>> {
  const inputs: Record<string, unknown> = {};
  for (const [name, connection] of Object.entries<Connection>(options.task.inputs)) {
    const datasets = quantum.inputs.find(input => input.name === name)?.datasets ?? [];
    const items: InputItem<unknown>[] = [];
    for (const dataset of datasets) items.push({ dataId: dataset.dataId, value: await options.load(dataset) });
    inputs[name] = connection.multiple ? items : items[0]?.value ?? null;
  }
  return inputs;
}

function contextOf({ quantum, options, log, taskMetadata }: Running): TaskContext {
  if (options.task.usesApdb === true && options.apdb === null) {
    throw new ApError('APDB', { found: 'no database', where: quantum.id, expected: `an open APDB for ${options.task.name}` });
  }
  const write = (level: LogRecord['level'], message: string): void => {
    const record = { utc: options.clock().utc, level, message };
    log.push(record);
    options.onLog?.(quantum, record);
  };
  const logger: Logger = { info: message => { write('INFO', message); }, warn: message => { write('WARNING', message); } };
  return {
    dataId: quantum.expandedDataId,
    instrument: options.instrument,
    records: quantum.records,
    log: logger,
    seed: quantumSeed(quantum.taskName, quantum.dataId),
    apdb: options.task.usesApdb === true ? options.apdb : null,
    metadata: taskMetadata,
  };
}

/** All outputs are checked before the first is written. */
async function stageOutputs({ quantum, options, staged }: Running, values: Readonly<Record<string, unknown>>): Promise<void> {
  const undeclared = Object.keys(values).filter(name => !Object.hasOwn(options.task.outputs, name));
  if (undeclared.length > 0) throw new TypeError(`${options.task.name} returned ${undeclared.join(', ')}, which it does not declare`);
  const present = quantum.outputs.filter(({ name, required }) => {
    const there = values[name] !== null && values[name] !== undefined;
    if (!there && required) throw new TypeError(`${options.task.name} did not return its output '${name}'`);
    return there;
  });
  for (const { name, dataset } of present) {
    staged.push({ connection: name, dataset, staged: await options.save(dataset, values[name]) });
  }
}

function ended(running: Running, error: unknown): QuantumOutcome {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof NoWorkFound) {
    Object.assign(running.taskMetadata, error.metadata);
    const caveats = CAVEAT.NO_WORK | CAVEAT.ANY_OUTPUTS_MISSING | CAVEAT.ALL_OUTPUTS_MISSING;
    return finished(running, { status: 'noWork', message }, caveats);
  }
  const failure: FailureKind = error instanceof AlgorithmError ? 'algorithm' : error instanceof ApError ? 'operational' : 'bug';
  const trace = failure === 'bug' && error instanceof Error ? error.stack ?? message : message;
  running.log.push({ utc: running.options.clock().utc, level: 'ERROR', message: trace });
  return finished(running, { status: 'failed', message, failure, discarded: running.staged }, 0, {
    type: error instanceof Error ? error.name : typeof error, message,
    metadata: error instanceof AlgorithmError ? error.metadata : {},
  });
}

interface Failure {
  readonly type: string;
  readonly message: string;
  readonly metadata: OutcomeMetadata;
}

function finished(
  running: Running, part: Pick<QuantumOutcome, 'status'> & Partial<QuantumOutcome>, caveats: number, failure?: Failure,
): QuantumOutcome {
  const end = running.options.clock();
  running.readings.end = end;
  return {
    message: null, failure: null, outputs: [], discarded: [], log: running.log,
    resources: resourcesBetween(running.readings.prep!, end),
    metadata: metadataOf(running, caveats, failure),
    ...part,
  };
}

function resourcesBetween(prep: ResourceReading, end: ResourceReading): Resources {
  return { wall_s: end.wall_s - prep.wall_s, cpu_s: end.cpu_s - prep.cpu_s, peakRss_MB: end.maxRss_byte / 1e6 };
}

/** Blocks `<label>` (what the task wrote, and `failure`) and `quantum` (times and resources). */
function metadataOf({ quantum, taskMetadata, readings }: Running, caveats: number, failure?: Failure): TaskMetadata {
  const failed = failure === undefined ? {} : {
    failure: metadataBlock({ type: failure.type, message: failure.message }, {}, { metadata: metadataBlock(failure.metadata) }),
  };
  const arrays = Object.fromEntries(Object.entries(readings).flatMap(([phase, reading]) => [
    [`${phase}Utc`, [reading.utc]], [`${phase}CpuTime`, [reading.cpu_s]], [`${phase}MaxResidentSetSize`, [reading.maxRss_byte]],
  ]));
  return metadataBlock({}, {}, {
    [quantum.label]: metadataBlock({ ...taskMetadata }, {}, failed),
    quantum: metadataBlock({ __version__: 1, caveats }, arrays),
  });
}
