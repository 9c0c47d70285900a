/** From a definition to something that can run: classes found, config typed, datasets wired, order known. */
import assert from 'node:assert/strict';
import * as modelDatasetTypes from '../model/datasetTypes.ts';
import type { DatasetType } from '../model/dataset.ts';
import { badPipeline, unknownName } from './badPipeline.ts';
import { canonicalJson } from './canonicalJson.ts';
import { checkContracts } from './contracts.ts';
import { expandLabels, keepTasks } from './mergePipeline.ts';
import type { PipelineIr, SubsetIr, TaskIr } from './pipelineIr.ts';
import { resolveConfig } from './resolveConfig.ts';
import type { ResolvedConfig } from './resolveConfig.ts';
import type { Connection, Connections, Task } from './task.ts';
import { shortName, translateAliases } from './taskAliases.ts';
import type { TaskAliases } from './taskAliases.ts';

export interface ResolvedConnection {
  readonly name: string;
  readonly connection: Connection;
  /** With the name that the config gives it. */
  readonly datasetType: DatasetType;
  /** The quantum cannot run without it. */
  readonly required: boolean;
  /** Label of the task of this pipeline that makes it; null: it comes from the repository. */
  readonly producer: string | null;
}

export interface ResolvedTask {
  readonly label: string;
  /** Class name as in the pipeline file. */
  readonly className: string;
  readonly task: Task;
  readonly config: Readonly<Record<string, unknown>>;
  readonly inputs: readonly ResolvedConnection[];
  readonly outputs: readonly ResolvedConnection[];
  /** `<label>_metadata`: written for every quantum that is done. */
  readonly metadataType: DatasetType;
  /** `<label>_log`: what the quantum said, also when it failed. */
  readonly logType: DatasetType;
  /** `<label>_config`: the config used, once for a run. */
  readonly configType: DatasetType;
}

export interface ResolvedPipeline {
  readonly location: string;
  readonly description: string;
  readonly instrument: string | null;
  /** In an order in which every dataset is made before it is used; ties by label. */
  readonly tasks: readonly ResolvedTask[];
  readonly subsets: ReadonlyMap<string, SubsetIr>;
  /** Every dataset type that the tasks read or write, metadata, logs and configs included, by name. */
  readonly datasetTypes: ReadonlyMap<string, DatasetType>;
  readonly warnings: readonly string[];
  /** Canonical JSON of labels, classes, configs and dataset names: equal text, equal pipeline. Hash it for `configHash`. */
  readonly configText: string;
}

export type TaskRegistry = Readonly<Record<string, Task>>;
/** Config by task label, then field. */
export type InstrumentOverrides = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export interface ResolveOptions {
  /** Applied after the class defaults and before the pipeline's config; labels that the pipeline lacks are skipped. */
  readonly overrides?: InstrumentOverrides;
  /** `a,b` labels and subsets, or a range `a..b` in running order; null: all. */
  readonly selection?: string | null;
  /** Dataset types that inputs may name beside those of the model (registered in the repository). */
  readonly datasetTypes?: readonly DatasetType[];
  /** Classes of other pipeline systems in terms of the registry's. */
  readonly aliases?: TaskAliases;
}

/** Throws BAD_PIPELINE (where, what is known, did you mean) for anything that cannot run. */
export function resolvePipeline(ir: PipelineIr, registry: TaskRegistry, options: ResolveOptions = {}): ResolvedPipeline {
  const { ir: ours, warnings: aliasWarnings, foreign, connections } = translateAliases(ir, options.aliases ?? {});
  const selected = selectTasks(ours, registry, options);
  if (selected.tasks.size === 0) throw badPipeline({ where: ir.location, found: 'no tasks' });
  const { tasks, warnings: taskWarnings } = resolveTasks(selected, registry, options);
  checkContracts(selected.contracts, tasks, { fields: foreign, connections });
  const warnings = [...aliasWarnings, ...taskWarnings];
  return {
    location: ir.location,
    description: ir.description,
    instrument: ir.instrument,
    tasks,
    subsets: selected.subsets,
    datasetTypes: new Map(tasks.flatMap(task => [
      ...[...task.inputs, ...task.outputs].map(({ datasetType }) => [datasetType.name, datasetType] as const),
      ...[task.metadataType, task.logType, task.configType].map(type => [type.name, type] as const),
    ])),
    warnings,
    configText: canonicalJson(Object.fromEntries(tasks.map(task => [task.label, {
      class: task.task.name, config: task.config, connections: connectionNames(task),
    }]))),
  };
}

/** Dataset type name of each connection of the task. */
export function connectionNames(task: ResolvedTask): Readonly<Record<string, string>> {
  return Object.fromEntries([...task.inputs, ...task.outputs].map(({ name, datasetType }) => [name, datasetType.name]));
}

function selectTasks(ir: PipelineIr, registry: TaskRegistry, options: ResolveOptions): PipelineIr {
  const { selection = null } = options;
  if (selection === null) return ir;
  const where = `${ir.location}#${selection}`;
  const range = /^(.*?)\.\.(.*)$/.exec(selection);
  if (range === null) return keepTasks(ir, expandLabels(ir, selection.split(',').map(name => name.trim()), where), 'EDIT');
  const labels = resolveTasks(ir, registry, options).tasks.map(task => task.label);
  const position = (name: string, otherwise: number): number => {
    if (name === '') return otherwise;
    if (!labels.includes(name)) throw unknownName('task label', name, labels, where);
    return labels.indexOf(name);
  };
  const [first, last] = [position(range[1]!.trim(), 0), position(range[2]!.trim(), labels.length - 1)];
  if (first > last) throw badPipeline({ where, found: `an empty range: the order is ${labels.join(', ')}` });
  return keepTasks(ir, new Set(labels.slice(first, last + 1)), 'EDIT');
}

interface Draft {
  readonly ir: TaskIr;
  readonly task: Task;
  readonly resolved: ResolvedConfig;
}

function resolveTasks(
  ir: PipelineIr, registry: TaskRegistry, options: ResolveOptions,
): { readonly tasks: readonly ResolvedTask[]; readonly warnings: readonly string[] } {
  const drafts = [...ir.tasks.values()].map(task => draft(task, ir, registry, options));
  const producers = producersOf(drafts);
  const known = new Map([...Object.values(modelDatasetTypes), ...(options.datasetTypes ?? [])].map(type => [type.name, type]));
  const tasks = drafts.map(item => wired(item, producers, known));
  return { tasks: inOrder(tasks, ir.location), warnings: drafts.flatMap(item => item.resolved.warnings) };
}

function draft(ir: TaskIr, pipeline: PipelineIr, registry: TaskRegistry, options: ResolveOptions): Draft {
  const name = shortName(ir.className);
  const task = Object.hasOwn(registry, name) ? registry[name] : undefined;
  if (task === undefined) throw unknownName('task class', name, Object.keys(registry), ir.where);
  const overrides = Object.entries(options.overrides?.[ir.label] ?? {})
    .map(([field, value]) => ({ field, value, where: `instrument overrides of '${ir.label}'` }));
  return { ir, task, resolved: resolveConfig(task, [...overrides, ...ir.config], pipeline.parameters) };
}

interface Producer {
  readonly label: string;
  readonly datasetType: DatasetType;
}

function producersOf(drafts: readonly Draft[]): ReadonlyMap<string, Producer> {
  const producers = new Map<string, Producer>();
  for (const { ir, task, resolved } of drafts) {
    for (const [name, connection] of activeConnections(task.outputs, resolved.config)) {
      const datasetType = { ...connection.datasetType, name: resolved.connections[name]! };
      const other = producers.get(datasetType.name);
      if (other !== undefined) {
        throw badPipeline({
          where: resolved.renamedAt[name] ?? ir.where,
          found: `dataset type '${datasetType.name}' made by '${other.label}' and by '${ir.label}'`,
          expected: 'one producer', todo: `set connections.${name} of one of them`,
        });
      }
      producers.set(datasetType.name, { label: ir.label, datasetType });
    }
  }
  return producers;
}

/** Connections that exist with this config. */
function activeConnections(connections: Connections, config: Readonly<Record<string, unknown>>): [string, Connection][] {
  return Object.entries(connections).filter(([name, { requiredWhen }]) => {
    if (requiredWhen === undefined) return true;
    assert.equal(typeof config[requiredWhen], 'boolean', `connection ${name} needs the boolean config field ${requiredWhen}`);
    return config[requiredWhen] === true;
  });
}

function wired(item: Draft, producers: ReadonlyMap<string, Producer>, known: ReadonlyMap<string, DatasetType>): ResolvedTask {
  const { ir, task, resolved } = item;
  const required = ({ optional, requiredWhen }: Connection): boolean => requiredWhen !== undefined || !optional;
  const inputs = activeConnections(task.inputs, resolved.config).map(([name, connection]) => {
    const producer = producers.get(resolved.connections[name]!);
    const made = [...producers.values()].map(p => p.datasetType);
    const datasetType = producer?.datasetType ?? repositoryType(item, name, connection, [...known.values(), ...made]);
    checkFit(item, name, connection, datasetType);
    return { name, connection, datasetType, required: required(connection), producer: producer?.label ?? null };
  });
  const outputs = activeConnections(task.outputs, resolved.config).map(([name, connection]) => ({
    name, connection, required: required(connection), producer: ir.label,
    datasetType: producers.get(resolved.connections[name]!)!.datasetType,
  }));
  const common = { dimensions: task.dimensions, isCalibration: false };
  return {
    label: ir.label, className: ir.className, task, config: resolved.config, inputs, outputs,
    metadataType: { ...common, name: `${ir.label}_metadata`, storageClass: 'TaskMetadata' },
    logType: { ...common, name: `${ir.label}_log`, storageClass: 'LogRecords' },
    configType: { ...common, name: `${ir.label}_config`, storageClass: 'ConfigText', dimensions: [] },
  };
}

/** The dataset type of an input that no task of the pipeline makes. */
function repositoryType(item: Draft, name: string, connection: Connection, known: readonly DatasetType[]): DatasetType {
  const wanted = item.resolved.connections[name]!;
  if (wanted === connection.datasetType.name) return connection.datasetType;
  const found = known.find(type => type.name === wanted);
  if (found !== undefined) return found;
  throw unknownName(`dataset type for ${item.ir.label}.connections.${name}`, wanted, known.map(type => type.name), whereOf(item, name));
}

function checkFit(item: Draft, name: string, connection: Connection, actual: DatasetType): void {
  const declared = connection.datasetType;
  const complain = (found: string, expected: string): Error =>
    badPipeline({ where: whereOf(item, name), found: `'${actual.name}' for ${item.ir.label}.connections.${name}: ${found}`, expected });
  if (actual.storageClass !== declared.storageClass) throw complain(actual.storageClass, declared.storageClass);
  const texts = [actual, declared].map(type => [...type.dimensions].sort().join(', '));
  if (connection.lookup === 'dataId' && texts[0] !== texts[1]) throw complain(`dimensions ${texts[0]!}`, `dimensions ${texts[1]!}`);
  if (connection.lookup === 'calibration' && !actual.isCalibration) throw complain('not a calibration', 'a calibration');
}

function whereOf({ ir, resolved }: Draft, name: string): string {
  return resolved.renamedAt[name] ?? ir.where;
}

/** Topological order by datasets, ties by label. A circle is BAD_PIPELINE naming its tasks. */
function inOrder(tasks: readonly ResolvedTask[], location: string): readonly ResolvedTask[] {
  const waiting = new Map([...tasks].sort((a, b) => (a.label < b.label ? -1 : 1)).map(task => [task.label, task]));
  const ordered: ResolvedTask[] = [];
  while (waiting.size > 0) {
    const ready = [...waiting.values()].find(task => task.inputs.every(({ producer }) => producer === null || !waiting.has(producer)));
    if (ready === undefined) {
      throw badPipeline({ where: location, found: `a circle: ${circle(waiting)}`, expected: 'datasets that can be made one after the other' });
    }
    waiting.delete(ready.label);
    ordered.push(ready);
  }
  return ordered;
}

/** `a -> b -> a`, each needing what the next one makes. */
function circle(waiting: ReadonlyMap<string, ResolvedTask>): string {
  const path: string[] = [];
  let label = [...waiting.keys()][0]!;
  while (!path.includes(label)) {
    path.push(label);
    label = waiting.get(label)!.inputs.map(({ producer }) => producer).find(producer => producer !== null && waiting.has(producer))!;
  }
  return [...path.slice(path.indexOf(label)), label].join(' -> ');
}
