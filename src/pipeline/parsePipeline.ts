/** One pipeline file: text to its own definitions and its imports. Language: ap-pipeline 3.2, interop 2.1. */
import { badPipeline, unknownName } from './badPipeline.ts';
import { parseConfigFile } from './configFile.ts';
import { resolveLocation } from './location.ts';
import type { Variables } from './location.ts';
import { parseImports } from './parseImports.ts';
import type { ConfigItem, ContractIr, PipelineFile, ReadText, StepIr, SubsetIr, TaskIr } from './pipelineIr.ts';
import { asList, asMap, asText, asTexts } from './sourceShape.ts';
import { describeSource, parseYamlSource, plainValue } from './yamlSource.ts';
import type { Source, SourceEntry, SourceMap } from './yamlSource.ts';

export interface ParseContext {
  readonly readText: ReadText;
  readonly variables: Variables;
}

const REJECTED: Readonly<Record<string, string>> = {
  subset: "write 'subsets' (with an s)",
  inherits: "write 'imports'",
};

/** Parse one file. Throws BAD_PIPELINE with line and column; does not follow imports. */
export function parsePipelineFile(text: string, location: string, context: ParseContext): PipelineFile {
  const root = asMap(parseYamlSource(text, location), 'a pipeline');
  const keys = new Map(root.entries.map(entry => [entry.key, entry]));
  for (const entry of root.entries) {
    const todo = REJECTED[entry.key];
    if (todo !== undefined) throw badPipeline({ where: entry.where, found: `the key '${entry.key}'`, todo });
  }
  const description = keys.get('description');
  if (description === undefined) throw badPipeline({ where: root.where, found: "no 'description'", todo: 'add one sentence' });
  if (!keys.has('tasks') && !keys.has('imports')) {
    throw badPipeline({ where: root.where, found: "neither 'tasks' nor 'imports'", expected: 'at least one of them' });
  }
  const instrument = keys.get('instrument');
  const imports = keys.get('imports');
  return {
    ir: {
      location,
      description: asText(description.value, 'description').trim(),
      instrument: instrument === undefined ? null : asText(instrument.value, 'instrument'),
      parameters: parameters(keys.get('parameters')),
      tasks: byLabel(entriesOf(keys.get('tasks'), 'tasks').map(entry => task(entry, context))),
      subsets: byLabel(entriesOf(keys.get('subsets'), 'subsets').map(subset)),
      contracts: itemsOf(keys.get('contracts'), 'contracts').map(contract),
      steps: itemsOf(keys.get('steps'), 'steps').map(step),
    },
    imports: imports === undefined ? [] : parseImports(imports.value, location, context.variables),
  };
}

function byLabel<T extends { readonly label: string }>(parts: readonly T[]): ReadonlyMap<string, T> {
  return new Map(parts.map(part => [part.label, part]));
}

function entriesOf(entry: SourceEntry | undefined, what: string): readonly SourceEntry[] {
  return entry === undefined || isNothing(entry.value) ? [] : asMap(entry.value, what).entries;
}

function itemsOf(entry: SourceEntry | undefined, what: string): readonly Source[] {
  return entry === undefined || isNothing(entry.value) ? [] : asList(entry.value, what);
}

function isNothing(source: Source): boolean {
  return source.kind === 'scalar' && source.value === null;
}

function parameters(entry: SourceEntry | undefined): ReadonlyMap<string, unknown> {
  return new Map(entriesOf(entry, 'parameters').map(({ key, value }) => [key, plainValue(value)]));
}

function task(entry: SourceEntry, context: ParseContext): TaskIr {
  const { key: label, where, value } = entry;
  if (label === 'parameters') {
    throw badPipeline({ where, found: "the label 'parameters'", expected: 'another label: this one names the parameters' });
  }
  if (value.kind !== 'map') return { label, className: asText(value, `the class of task '${label}'`), config: [], where };
  const parts = new Map(value.entries.map(part => [part.key, part]));
  for (const part of value.entries) {
    if (part.key !== 'class' && part.key !== 'config') throw unknownName('task key', part.key, ['class', 'config'], part.where);
  }
  const className = parts.get('class');
  if (className === undefined) throw badPipeline({ where: value.where, found: `task '${label}' without 'class'` });
  const config = parts.get('config');
  return {
    label, where,
    className: asText(className.value, `the class of task '${label}'`),
    config: config === undefined ? [] : configItems(config.value, context),
  };
}

function configItems(source: Source, context: ParseContext): readonly ConfigItem[] {
  if (isNothing(source)) return [];
  const blocks = source.kind === 'list' ? source.items.map(item => asMap(item, 'a config block')) : [asMap(source, 'config')];
  return blocks.flatMap(block => blockItems(block, context));
}

/** Order of application inside a block: file, then python, then fields as written. */
function blockItems(block: SourceMap, context: ParseContext): ConfigItem[] {
  const fromFiles: ConfigItem[] = [];
  const fields: ConfigItem[] = [];
  for (const { key, where, value } of block.entries) {
    if (key === 'python') {
      throw badPipeline({ where, found: "a 'python' config block", expected: 'fields', todo: "write each assignment as 'field: value'" });
    }
    if (key === 'dataId') {
      throw badPipeline({ where, found: "a config block for one 'dataId'", expected: 'config that holds for every data ID' });
    }
    if (key === 'file') {
      for (const written of value.kind === 'list' ? asTexts(value, 'file') : [asText(value, 'file')]) {
        const base = where.replace(/:\d+:\d+$/, '');
        const location = resolveLocation(base, written, context.variables, where);
        fromFiles.push(...parseConfigFile(context.readText(location), location));
      }
    } else {
      fields.push({ field: key, value: plainValue(value), where });
    }
  }
  return [...fromFiles, ...fields];
}

function subset(entry: SourceEntry): SubsetIr {
  const { key: label, where, value } = entry;
  if (value.kind === 'list') return { label, where, members: asTexts(value, `subset '${label}'`), description: null };
  const parts = new Map(asMap(value, `subset '${label}'`).entries.map(part => [part.key, part.value]));
  const members = parts.get('subset');
  if (members === undefined) throw badPipeline({ where: value.where, found: `subset '${label}' without its list 'subset'` });
  const description = parts.get('description');
  return {
    label, where,
    members: asTexts(members, `subset '${label}'`),
    description: description === undefined ? null : asText(description, 'description').trim(),
  };
}

function contract(source: Source): ContractIr {
  if (source.kind !== 'map') return { expression: asText(source, 'a contract'), message: null, where: source.where };
  const parts = new Map(source.entries.map(part => [part.key, part.value]));
  const expression = parts.get('contract');
  if (expression === undefined) throw badPipeline({ where: source.where, found: "a contract without 'contract'" });
  const message = parts.get('msg');
  return {
    expression: asText(expression, 'a contract'),
    message: message === undefined ? null : asText(message, 'msg').trim(),
    where: expression.where,
  };
}

function step(source: Source): StepIr {
  const parts = new Map(asMap(source, 'a step').entries.map(part => [part.key, part.value]));
  const label = parts.get('label');
  const dimensions = parts.get('dimensions');
  if (label === undefined || dimensions === undefined) {
    throw badPipeline({ where: source.where, found: describeSource(source), expected: "a step with 'label' and 'dimensions'" });
  }
  const names = dimensions.kind === 'list' ? asTexts(dimensions, 'dimensions') : asText(dimensions, 'dimensions').split(/\s*,\s*/);
  return { label: asText(label, 'a step label'), dimensions: names, where: source.where };
}
