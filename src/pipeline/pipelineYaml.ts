/** Pipeline definitions from YAML files and the command line: the entry of this room's language part. */
import { badPipeline, unknownName } from './badPipeline.ts';
import { parseConfigFile } from './configFile.ts';
import { looseLiteral } from './expression.ts';
import { splitPipelineUri } from './location.ts';
import type { Variables } from './location.ts';
import { expandLabels, keepTasks, mergedPipeline } from './mergePipeline.ts';
import type { ConfigItem, PipelineIr, ReadText } from './pipelineIr.ts';
import { shortName } from './taskAliases.ts';

export type { PipelineIr, ReadText } from './pipelineIr.ts';
export { parsePipelineFile } from './parsePipeline.ts';

export interface LoadOptions {
  readonly readText: ReadText;
  /** Values for `$NAME` in locations, e.g. AP_PIPE_DIR. */
  readonly variables?: Variables;
}

export interface LoadedPipeline {
  readonly ir: PipelineIr;
  /** Text after `#` in the location, for `resolvePipeline`. */
  readonly selection: string | null;
}

/** Read `file.yaml` or `file.yaml#labels` and everything it imports. */
export function loadPipeline(uri: string, { readText, variables = {} }: LoadOptions): LoadedPipeline {
  const { location, selection } = splitPipelineUri(uri);
  return { ir: mergedPipeline(location, { readText, variables }), selection };
}

/**
 * Overrides as on the command line, in order: `label:field=value` and `parameters:name=value`. A value
 * is a Python literal (True, 3, 'x', [1, 2]); anything else is taken as a string.
 */
export function applyOverrides(ir: PipelineIr, overrides: readonly string[]): PipelineIr {
  return overrides.reduce((current, text) => {
    const match = /^([^:=]+):([^=]+)=(.*)$/s.exec(text);
    const where = `-c ${text}`;
    if (match === null) throw badPipeline({ where, found: `'${text}'`, expected: 'label:field=value' });
    const [, label, field, written] = match.map(part => part.trim()) as [string, string, string, string];
    const value = looseLiteral(written);
    if (label !== 'parameters') return withItems(current, label, [{ field, value, where }], where);
    if (!current.parameters.has(field)) throw unknownName('parameter', field, current.parameters.keys(), where);
    return { ...current, parameters: new Map([...current.parameters, [field, value]]) };
  }, ir);
}

/** More tasks, `CLASS` or `CLASS:label` (the label is the class name without its module otherwise), in order. */
export function addTasks(ir: PipelineIr, added: readonly string[]): PipelineIr {
  return added.reduce((current, text) => {
    const [className = '', label = shortName(className), ...rest] = text.split(':');
    const where = `-t ${text}`;
    if (rest.length > 0 || className === '' || label === '') throw badPipeline({ where, found: `'${text}'`, expected: 'CLASS or CLASS:label' });
    if (current.tasks.has(label)) {
      throw badPipeline({ where, found: `the label '${label}', which the pipeline has`, expected: 'a new label', todo: '--delete it first, or give CLASS:label' });
    }
    return { ...current, tasks: new Map([...current.tasks, [label, { label, className, config: [], where }]]) };
  }, ir);
}

/** Without the named tasks and the members of the named subsets; subsets lose them, contracts that name them go. */
export function deleteTasks(ir: PipelineIr, deleted: readonly string[]): PipelineIr {
  if (deleted.length === 0) return ir;
  const out = expandLabels(ir, deleted, `--delete ${deleted.join(' ')}`);
  return keepTasks(ir, new Set([...ir.tasks.keys()].filter(label => !out.has(label))), 'EDIT');
}

/** Overrides from files, `label:file`, in order. */
export function applyConfigFiles(ir: PipelineIr, files: readonly string[], readText: ReadText): PipelineIr {
  return files.reduce((current, text) => {
    const match = /^([^:]+):(.+)$/.exec(text);
    const where = `-C ${text}`;
    if (match === null) throw badPipeline({ where, found: `'${text}'`, expected: 'label:file' });
    return withItems(current, match[1]!, parseConfigFile(readText(match[2]!), match[2]!), where);
  }, ir);
}

function withItems(ir: PipelineIr, label: string, items: readonly ConfigItem[], where: string): PipelineIr {
  const task = ir.tasks.get(label);
  if (task === undefined) throw unknownName('task label', label, [...ir.tasks.keys(), 'parameters'], where);
  return { ...ir, tasks: new Map([...ir.tasks, [label, { ...task, config: [...task.config, ...items] }]]) };
}
