/** A quantum graph at work on a repository: what is done is reused, what is made is registered at once. */
import type { Repository } from '../butler/repository.ts';
import { discardStaged, stageDataset } from '../butler/staging.ts';
import type { StagedDataset } from '../butler/staging.ts';
import { dataIdText } from '../model/dataset.ts';
import type { DatasetRef, DatasetType } from '../model/dataset.ts';
import { packages } from '../model/datasetTypes.ts';
import { ApError } from '../model/errors.ts';
import type { QuantumReport } from '../model/verification.ts';
import { execute, quantumReports } from '../pipeline/executor.ts';
import type { ExecutionEvent, QuantumResult } from '../pipeline/executor.ts';
import { butlerLogRecords } from '../pipeline/logRecords.ts';
import type { QuantumOutcome } from '../pipeline/outcome.ts';
import { datasetKey, reduceDataId } from '../pipeline/quantum.ts';
import type { GraphDataset, Quantum, QuantumGraph } from '../pipeline/quantum.ts';
import type { TaskMetadata } from '../pipeline/taskMetadata.ts';

export interface RunGraphOptions {
  readonly repository: Repository;
  readonly graph: QuantumGraph;
  /** Every dataset type that the quanta read and write, logs and configs included. */
  readonly datasetTypes: Iterable<DatasetType>;
  /** Text of `<label>_config` by label, of the tasks that run. */
  readonly configs: Readonly<Record<string, string>>;
  /** Versions of the software by name, kept as the dataset `packages` of the run; left out: not kept and not compared. */
  readonly packages?: Readonly<Record<string, string>>;
  /** RUN collection that takes the outputs. */
  readonly run: string;
  readonly workers: number;
  readonly runQuantum: (quantum: Quantum) => Promise<QuantumOutcome>;
  readonly onEvent?: (event: ExecutionEvent) => void;
  readonly failFast?: boolean;
  readonly signal?: AbortSignal;
  /** Whether a type that the repository lacks may be registered (default true); else it is DATASET_NOT_FOUND. */
  readonly mayRegister?: boolean;
  /** A quantum counts as done when its metadata is in one of these collections; empty: none does (default: the run). */
  readonly skipExistingIn?: readonly string[];
  /** Which quanta may count as done (default all). */
  readonly mayReuse?: (quantum: Quantum) => boolean;
  /** Remove what quanta that are to run have left in the run; otherwise it is DATASET_CONFLICT (logs are always replaced). */
  readonly isClobbering?: boolean;
}

/**
 * Runs what is not done yet. A quantum is done when its metadata dataset exists; its outputs, its log and its
 * metadata become visible in one transaction; a quantum that fails leaves its log. Time and memory of reused quanta
 * are those of the run that made them. Throws DATASET_NOT_FOUND and DATASET_CONFLICT before anything runs.
 */
export async function runGraph(options: RunGraphOptions): Promise<readonly QuantumReport[]> {
  const { repository, graph, run } = options;
  registerTypes(options);
  repository.registerRun(run);
  await writeConfigs(options);
  await writePackages(options);
  const search = options.skipExistingIn ?? [run];
  const completed = completedQuanta(options, search);
  clearLeftovers(options, completed);
  const results = await execute(graph, {
    workers: options.workers,
    runQuantum: options.runQuantum,
    completed,
    commit: (quantum, outcome) => { commit(options, quantum, outcome); },
    ...(options.onEvent === undefined ? {} : { onEvent: options.onEvent }),
    ...(options.failFast === undefined ? {} : { failFast: options.failFast }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  return withStoredResources(results, repository, search);
}

function registerTypes(options: RunGraphOptions): void {
  const { repository, datasetTypes, mayRegister } = options;
  const types = [...datasetTypes, ...(options.packages === undefined ? [] : [packages])];
  const unknown = types.filter(type => repository.datasetType(type.name) === null);
  if (mayRegister === false && unknown.length > 0) {
    throw new ApError('DATASET_NOT_FOUND', {
      found: `dataset types that are not registered: ${unknown.map(({ name }) => name).join(', ')}`, where: repository.root,
      todo: 'give --register-dataset-types',
    });
  }
  for (const type of types) repository.registerDatasetType(type);
}

/** `<label>_config` once for a run; a run whose tasks were configured otherwise is refused. */
async function writeConfigs({ repository, configs, datasetTypes, run }: RunGraphOptions): Promise<void> {
  const byName = new Map([...datasetTypes].map(type => [type.name, type]));
  const staged: StagedDataset[] = [];
  for (const [label, text] of Object.entries(configs)) {
    const type = byName.get(`${label}_config`)!;
    const there = repository.find(type, {}, [run]);
    if (there === null) staged.push(stageDataset(repository.root, { type, dataId: {}, run }, text));
    else if (await repository.get(type, there) !== text) {
      discardStaged(repository.root, staged);
      throw new ApError('DATASET_CONFLICT', {
        where: `${type.name} in ${run}`, found: `another configuration of '${label}'`, expected: 'that with which the run was begun',
        todo: 'give another output run',
      });
    }
  }
  repository.commit(staged);
}

/** `packages` once for a run; other versions of what made the run's first outputs are refused. */
async function writePackages({ repository, packages: versions, run }: RunGraphOptions): Promise<void> {
  if (versions === undefined) return;
  const there = repository.find(packages, {}, [run]);
  if (there === null) {
    repository.commit([stageDataset(repository.root, { type: packages, dataId: {}, run }, versions)]);
    return;
  }
  const stored = await repository.get(packages, there);
  const others = Object.keys(versions).filter(name => stored[name] !== undefined && stored[name] !== versions[name]);
  if (others.length > 0) {
    throw new ApError('DATASET_CONFLICT', {
      where: `packages of ${run}`, found: others.map(name => `${name} ${versions[name]!}`).join(', '),
      expected: `${others.map(name => `${name} ${stored[name]!}`).join(', ')}, with which the run was begun`,
      todo: 'give another output run, or --no-versions',
    });
  }
}

/** Datasets of the collections by key, one query for each type. */
function existingDatasets({ repository, datasetTypes }: RunGraphOptions, search: readonly string[]): ReadonlyMap<string, DatasetRef> {
  if (search.length === 0) return new Map();
  return new Map([...datasetTypes].flatMap(type => repository.query(type, search)
    .map(ref => [datasetKey(type.name, reduceDataId(ref.dataId, type.dimensions)), ref] as const)));
}

const keyOf = ({ datasetType, dataId }: GraphDataset): string => datasetKey(datasetType.name, dataId);

/** Ids of the quanta whose metadata exists, each with the output connections that exist. */
function completedQuanta(options: RunGraphOptions, search: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const { graph, mayReuse = () => true } = options;
  const existing = existingDatasets(options, search);
  return new Map(graph.quanta
    .filter(quantum => existing.has(keyOf(quantum.metadata)) && mayReuse(quantum))
    .map(quantum => [quantum.id, quantum.outputs.filter(({ dataset }) => existing.has(keyOf(dataset))).map(({ name }) => name)]));
}

/** What quanta that are to run have in the run already: removed, or refused. The log of a failed attempt is no output. */
function clearLeftovers(options: RunGraphOptions, completed: ReadonlyMap<string, readonly string[]>): void {
  const { repository, graph, run, isClobbering } = options;
  const existing = existingDatasets(options, [run]);
  const find = (datasets: readonly GraphDataset[]): DatasetRef[] => datasets.flatMap(dataset => existing.get(keyOf(dataset)) ?? []);
  const todo = graph.quanta.filter(({ id }) => !completed.has(id));
  const outputs = todo.flatMap(({ outputs: made, metadata }) => find([...made.map(({ dataset }) => dataset), metadata]));
  if (outputs.length > 0 && isClobbering !== true) {
    const { datasetType, dataId } = outputs[0]!;
    throw new ApError('DATASET_CONFLICT', {
      where: run, found: `${outputs.length} outputs of quanta that are to run, the first ${datasetType} ${dataIdText(dataId)}`,
      expected: 'a run without them', todo: 'give --skip-existing, --clobber-outputs or another output run',
    });
  }
  const stale = [...outputs, ...todo.flatMap(({ log }) => find([log]))];
  if (stale.length > 0) repository.prune(stale);
}

function commit({ repository, run }: RunGraphOptions, quantum: Quantum, outcome: QuantumOutcome): void {
  const staged = [...outcome.outputs, ...outcome.discarded].map(output => output.staged as StagedDataset);
  const stage = ({ datasetType, dataId }: GraphDataset, value: unknown): StagedDataset =>
    stageDataset(repository.root, { type: datasetType, dataId: { ...quantum.expandedDataId, ...dataId }, run }, value);
  const kept = [stage(quantum.log, butlerLogRecords(quantum, outcome.log, run))];
  if (outcome.status !== 'failed') kept.push(...staged, stage(quantum.metadata, outcome.metadata));
  else discardStaged(repository.root, staged);
  try {
    repository.commit(kept);
  } catch (error) {
    discardStaged(repository.root, kept);
    throw error;
  }
}

async function withStoredResources(
  results: readonly QuantumResult[], repository: Repository, search: readonly string[],
): Promise<readonly QuantumReport[]> {
  const reports = quantumReports(results);
  return Promise.all(reports.map(async (report, i) => {
    const { datasetType, dataId } = results[i]!.quantum.metadata;
    const ref = report.status === 'reused' ? repository.find(datasetType, dataId, search) : null;
    return ref === null ? report : { ...report, ...resourcesOf(await repository.get(datasetType, ref) as TaskMetadata) };
  }));
}

/** Wall time, CPU time and peak memory as the quantum's metadata has them; null where it does not say. */
export function resourcesOf(metadata: TaskMetadata): Pick<QuantumReport, 'seconds' | 'cpu_s' | 'peakRss_MB'> {
  const arrays = metadata.metadata.quantum?.arrays ?? {};
  const number = (key: string): number => Number(arrays[key]?.[0] ?? NaN);
  const time_s = (key: string): number => Date.parse(String(arrays[key]?.[0] ?? '')) / 1000;
  const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
  return {
    seconds: finite(time_s('endUtc') - time_s('prepUtc')),
    cpu_s: finite(number('endCpuTime') - number('prepCpuTime')),
    peakRss_MB: finite(number('endMaxResidentSetSize') / 1e6),
  };
}
