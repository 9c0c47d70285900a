/** Config of one task: defaults, then overrides in order, each checked against the declared field. */
import { badPipeline, unknownName } from './badPipeline.ts';
import type { ConfigItem } from './pipelineIr.ts';
import type { ConfigField, Task } from './task.ts';

export interface ResolvedConfig {
  readonly config: Readonly<Record<string, unknown>>;
  /** Dataset type name of each connection. */
  readonly connections: Readonly<Record<string, string>>;
  /** Where a connection was renamed, for later complaints. */
  readonly renamedAt: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
}

interface Building {
  readonly task: Task;
  readonly config: Record<string, unknown>;
  readonly connections: Record<string, string>;
  readonly renamedAt: Record<string, string>;
  readonly warnings: string[];
}

/**
 * Apply items to the task's defaults. A string `parameters.<name>` is replaced by the parameter; when
 * there is none of that name it stays as it is and a warning says so. Throws BAD_PIPELINE for unknown
 * fields and for values of a wrong type, outside the bounds or outside the choices.
 */
export function resolveConfig(
  task: Task, items: readonly ConfigItem[], parameters: ReadonlyMap<string, unknown>,
): ResolvedConfig {
  const building: Building = {
    task,
    config: Object.fromEntries(Object.entries(task.config).map(([name, field]) => [name, structuredClone(field.default)])),
    connections: Object.fromEntries(
      [...Object.entries(task.inputs), ...Object.entries(task.outputs)].map(([name, c]) => [name, c.datasetType.name]),
    ),
    renamedAt: {},
    warnings: [],
  };
  for (const item of items) apply(building, { ...item, value: substituted(item, parameters, building.warnings) });
  return building;
}

function substituted({ value, where }: ConfigItem, parameters: ReadonlyMap<string, unknown>, warnings: string[]): unknown {
  const name = typeof value === 'string' ? /^parameters\.(\w+)$/.exec(value)?.[1] : undefined;
  if (name === undefined) return value;
  if (parameters.has(name)) return parameters.get(name);
  const known = [...parameters.keys()].sort().join(', ') || 'none';
  warnings.push(`${where}: no parameter '${name}' (there are: ${known}); the value stays 'parameters.${name}'`);
  return value;
}

function apply(building: Building, item: ConfigItem): void {
  const { task, config } = building;
  const { field, value, where } = item;
  if (Object.hasOwn(task.config, field)) {
    config[field] = checked(field, value, task.config[field]!, where);
  } else if (field === 'connections' || field.startsWith('connections.')) {
    rename(building, item);
  } else if (isMapping(value) && Object.keys(task.config).some(name => name.startsWith(`${field}.`))) {
    for (const [key, inner] of Object.entries(value)) apply(building, { field: `${field}.${key}`, value: inner, where });
  } else {
    applyInside(building, item);
  }
}

/** `field.key: value` for a field whose value is a mapping. */
function applyInside({ task, config }: Building, { field, value, where }: ConfigItem): void {
  const [outer, ...keys] = field.split('.');
  const holder = config[outer!];
  const key = keys.join('.');
  if (key === '' || !isMapping(holder)) {
    throw unknownName(`config field of ${task.name}`, field, [...Object.keys(task.config), 'connections.<name>'], where);
  }
  const declared = task.config[outer!]!.default as Record<string, unknown>;
  const known = Object.keys(declared);
  if (known.length > 0 && !known.includes(key)) {
    throw unknownName(`config field of ${task.name}`, field, known.map(name => `${outer!}.${name}`), where);
  }
  const inner = known.length > 0 ? checked(field, value, { default: declared[key], doc: '' }, where) : value;
  config[outer!] = { ...holder, [key]: inner };
}

function rename(building: Building, { field, value, where }: ConfigItem): void {
  const name = field.slice('connections.'.length);
  if (name === '') {
    if (!isMapping(value)) throw wrongValue('connections', value, 'a mapping of connection to dataset type', where);
    for (const [key, inner] of Object.entries(value)) rename(building, { field: `connections.${key}`, value: inner, where });
    return;
  }
  if (!Object.hasOwn(building.connections, name)) {
    throw unknownName(`connection of ${building.task.name}`, name, Object.keys(building.connections), where);
  }
  if (typeof value !== 'string' || !/^[A-Za-z_]\w*$/.test(value)) throw wrongValue(field, value, 'the name of a dataset type', where);
  building.connections[name] = value;
  building.renamedAt[name] = where;
}

function checked(field: string, value: unknown, declared: ConfigField, where: string): unknown {
  const { choices, min, max } = declared;
  if (choices !== undefined) {
    if (choices.includes(value as string | number | null)) return value;
    throw wrongValue(field, value, `one of ${choices.map(String).join(', ')}`, where);
  }
  const expected = typeMismatch(value, declared.default);
  if (expected !== null) throw wrongValue(field, value, expected, where);
  if (typeof value === 'number') {
    if (min !== undefined && !(value >= min)) throw wrongValue(field, value, `at least ${min}`, where);
    if (max !== undefined && !(value <= max)) throw wrongValue(field, value, `at most ${max}`, where);
  }
  return value;
}

/** What the value should have been, by the default's type; null when it fits. */
function typeMismatch(value: unknown, model: unknown): string | null {
  if (model === null) return value === null || typeof value !== 'object' ? null : 'a string, number, boolean or null';
  if (Array.isArray(model)) {
    if (!Array.isArray(value)) return 'a list';
    if (model.length === 0) return null;
    const bad = value.map(item => typeMismatch(item, model[0])).find(problem => problem !== null);
    return bad === undefined ? null : `a list, each item ${bad}`;
  }
  if (typeof model === 'object') return isMapping(value) ? null : 'a mapping';
  if (typeof value === typeof model) return null;
  return typeof model === 'boolean' ? 'true or false' : `a ${typeof model}`;
}

function wrongValue(field: string, value: unknown, expected: string, where: string): Error {
  return badPipeline({ where, found: `${field} = ${JSON.stringify(value) ?? String(value)}`, expected });
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
