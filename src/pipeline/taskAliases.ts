/**
 * Foreign task classes in terms of ours. A table of aliases says which of our tasks stands for a class of another
 * pipeline system, how its config fields and connections are named here, and which classes have no counterpart
 * because another task does their work. The pipeline language itself knows no foreign class.
 */
import { badPipeline } from './badPipeline.ts';
import { keepTasks } from './mergePipeline.ts';
import type { ConfigItem, PipelineIr, TaskIr } from './pipelineIr.ts';

/** What a foreign config field becomes. */
export type FieldAlias =
  | string // our field of the same meaning
  | { readonly only: readonly unknown[]; readonly reason: string } // accepted with these values, which are what we do anyway
  | { readonly ignored: string }; // accepted with any value and without effect; why

export interface TaskAlias {
  /** Our task class; null: there is none, and the task is left out. */
  readonly task: string | null;
  /** Why a task is left out. */
  readonly reason?: string;
  /** By the foreign name; a field or connection that is not listed is looked for under its own name. */
  readonly fields?: Readonly<Record<string, FieldAlias>>;
  readonly connections?: Readonly<Record<string, string>>;
  /** Parts of foreign dataset names with their defaults; they have no effect here and are known to contracts. */
  readonly templates?: Readonly<Record<string, string>>;
  /** Foreign connections without a counterpart: renaming them has no effect. */
  readonly ignoredConnections?: readonly string[];
}

/** By the last part of the class name. */
export type TaskAliases = Readonly<Record<string, TaskAlias>>;

export interface Translated {
  readonly ir: PipelineIr;
  readonly warnings: readonly string[];
  /** Values of accepted foreign fields by label, for contracts that speak of them. */
  readonly foreign: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Our connection by label and foreign connection. */
  readonly connections: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Last part of a class name, by which tasks are known. */
export function shortName(className: string): string {
  return className.slice(className.lastIndexOf('.') + 1);
}

/**
 * The definition with foreign classes replaced. Tasks without counterpart are left out like excluded ones: contracts
 * that name them go, subsets lose them; a warning says so. Throws BAD_PIPELINE for a value that we cannot honour.
 */
export function translateAliases(ir: PipelineIr, aliases: TaskAliases): Translated {
  const warnings: string[] = [];
  const aliasOf = (task: TaskIr): TaskAlias | undefined => {
    const name = shortName(task.className);
    return Object.hasOwn(aliases, name) ? aliases[name] : undefined;
  };
  const lost = [...ir.tasks.values()].filter(task => aliasOf(task)?.task === null);
  for (const task of lost) warnings.push(`${task.where}: '${task.label}' (${shortName(task.className)}) is left out: ${aliasOf(task)!.reason ?? 'no counterpart'}`);
  const lostLabels = new Set(lost.map(({ label }) => label));
  const kept = keepTasks(ir, new Set([...ir.tasks.keys()].filter(label => !lostLabels.has(label))), 'EDIT');
  const foreign: Record<string, Record<string, unknown>> = {};
  const connections: Record<string, Readonly<Record<string, string>>> = {};
  const tasks = [...kept.tasks.values()].map(task => {
    const alias = aliasOf(task);
    if (alias === undefined) return task;
    connections[task.label] = alias.connections ?? {};
    foreign[task.label] = defaultsOf(alias);
    const config = task.config.flatMap(item => translated(item, alias, { ir, values: foreign[task.label]!, warnings }));
    return { ...task, className: shortName(task.className) === alias.task ? task.className : alias.task!, config };
  });
  return { ir: { ...kept, tasks: new Map(tasks.map(task => [task.label, task])) }, warnings, foreign, connections };
}

/** A field that can have one value has it. */
function defaultsOf({ fields = {}, templates = {} }: TaskAlias): Record<string, unknown> {
  const fixed = Object.entries(fields).flatMap(([name, field]) => (typeof field === 'object' && 'only' in field ? [[name, field.only[0]] as const] : []));
  return Object.fromEntries([...fixed, ...Object.entries(templates).map(([name, value]) => [`connections.${name}`, value] as const)]);
}

interface Translating {
  readonly ir: PipelineIr;
  readonly values: Record<string, unknown>;
  readonly warnings: string[];
}

function translated(item: ConfigItem, alias: TaskAlias, context: Translating): readonly ConfigItem[] {
  const { field, where } = item;
  if (field.startsWith('connections.')) {
    const name = field.slice('connections.'.length);
    if (alias.ignoredConnections?.includes(name) === true) return [];
    if (Object.hasOwn(alias.templates ?? {}, name)) {
      context.values[field] = parameterValue(item.value, context.ir);
      return [];
    }
    const ours = alias.connections?.[name];
    return [ours === undefined ? item : { ...item, field: `connections.${ours}` }];
  }
  const target = Object.hasOwn(alias.fields ?? {}, field) ? alias.fields![field]! : undefined;
  if (target === undefined) return [item];
  if (typeof target === 'string') return [{ ...item, field: target }];
  const value = parameterValue(item.value, context.ir);
  context.values[field] = value;
  if ('ignored' in target) {
    context.warnings.push(`${where}: ${field} has no effect: ${target.ignored}`);
  } else if (!target.only.some(allowed => JSON.stringify(allowed) === JSON.stringify(value))) {
    throw badPipeline({ where, found: `${field} = ${JSON.stringify(value)}`, expected: target.only.map(v => JSON.stringify(v)).join(' or '), todo: target.reason });
  }
  return [];
}

function parameterValue(value: unknown, { parameters }: PipelineIr): unknown {
  const name = typeof value === 'string' ? /^parameters\.(\w+)$/.exec(value)?.[1] : undefined;
  return name !== undefined && parameters.has(name) ? parameters.get(name) : value;
}
