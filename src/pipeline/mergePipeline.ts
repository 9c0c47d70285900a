/** Imports followed and merged into one definition. Rules: ap-pipeline 3.2. */
import { badPipeline, unknownName } from './badPipeline.ts';
import { parsePipelineFile } from './parsePipeline.ts';
import type { ParseContext } from './parsePipeline.ts';
import { mentionsLabel, replaceLabel } from './pipelineIr.ts';
import type { ImportIr, PipelineFile, PipelineIr, SubsetIr, TaskIr } from './pipelineIr.ts';

/** The definition at `location` with all its imports. `importedBy`: chain of files, to refuse circles. */
export function mergedPipeline(location: string, context: ParseContext, importedBy: readonly string[] = []): PipelineIr {
  if (importedBy.includes(location)) {
    throw badPipeline({ where: importedBy.at(-1)!, found: `a circle of imports: ${[...importedBy, location].join(' -> ')}` });
  }
  const file = parsePipelineFile(context.readText(location), location, context);
  const chain = [...importedBy, location];
  const imported = file.imports.map(item => importedPart(item, mergedPipeline(item.location, context, chain)));
  const merged = mergeOwn(file, mergeSiblings(file, imported));
  verify(merged);
  return merged;
}

/** Keep only the wanted task labels: contracts that name a lost task go, subsets as `mode` says. */
export function keepTasks(ir: PipelineIr, keep: ReadonlySet<string>, mode: 'DROP' | 'EDIT'): PipelineIr {
  const lost = [...ir.tasks.keys()].filter(label => !keep.has(label));
  if (lost.length === 0) return ir;
  const subsets = new Map<string, SubsetIr>();
  for (const [label, subset] of ir.subsets) {
    const members = subset.members.filter(member => keep.has(member));
    const whole = members.length === subset.members.length;
    if (members.length > 0 && (whole || mode === 'EDIT')) subsets.set(label, { ...subset, members });
  }
  return {
    ...ir,
    subsets,
    tasks: new Map([...ir.tasks].filter(([label]) => keep.has(label))),
    contracts: ir.contracts.filter(({ expression }) => !lost.some(label => mentionsLabel(expression, label))),
    steps: ir.steps.filter(step => subsets.has(step.label)),
  };
}

/** Task labels behind names of tasks or subsets. */
export function expandLabels(ir: PipelineIr, names: readonly string[], where: string): ReadonlySet<string> {
  return new Set(names.flatMap(name => {
    if (ir.tasks.has(name)) return [name];
    const subset = ir.subsets.get(name);
    if (subset === undefined) throw unknownName('task or subset', name, [...ir.tasks.keys(), ...ir.subsets.keys()], where);
    return subset.members;
  }));
}

function importedPart(item: ImportIr, ir: PipelineIr): PipelineIr {
  let part = ir;
  if (item.include !== null) part = keepTasks(part, expandLabels(part, item.include, item.where), item.subsetMode);
  if (item.exclude !== null) {
    const out = expandLabels(part, item.exclude, item.where);
    part = keepTasks(part, new Set([...part.tasks.keys()].filter(label => !out.has(label))), item.subsetMode);
  }
  for (const [old, renamed] of item.rename) part = renameLabel(part, old, renamed, item.where);
  return {
    ...part,
    contracts: item.importContracts ? part.contracts : [],
    steps: item.importSteps ? part.steps : [],
    instrument: item.instrument === undefined ? part.instrument : item.instrument,
  };
}

function renameLabel(ir: PipelineIr, old: string, renamed: string, where: string): PipelineIr {
  if (!ir.tasks.has(old) && !ir.subsets.has(old)) {
    throw unknownName('task or subset', old, [...ir.tasks.keys(), ...ir.subsets.keys()], where);
  }
  if (ir.tasks.has(renamed) || ir.subsets.has(renamed) || renamed === 'parameters') {
    throw badPipeline({ where, found: `'${old}' renamed to '${renamed}'`, expected: 'a label that is not in use' });
  }
  const name = (label: string): string => (label === old ? renamed : label);
  return {
    ...ir,
    tasks: new Map([...ir.tasks.values()].map(task => [name(task.label), { ...task, label: name(task.label) }])),
    subsets: new Map([...ir.subsets.values()].map(subset => [
      name(subset.label), { ...subset, label: name(subset.label), members: subset.members.map(name) },
    ])),
    contracts: ir.contracts.map(contract => ({ ...contract, expression: replaceLabel(contract.expression, old, renamed) })),
    steps: ir.steps.map(step => ({ ...step, label: name(step.label) })),
  };
}

/** Imports side by side: nothing may be defined twice. */
function mergeSiblings(file: PipelineFile, parts: readonly PipelineIr[]): PipelineIr {
  const tasks = new Map<string, TaskIr>();
  const subsets = new Map<string, SubsetIr>();
  let instrument: string | null = null;
  for (const [i, part] of parts.entries()) {
    const where = file.imports[i]!.where;
    const twice = (kind: string, label: string): Error =>
      badPipeline({ where, found: `${kind} '${label}' is in two imports`, todo: "use 'exclude' or 'rename' on one of them" });
    for (const [label, task] of part.tasks) {
      if (tasks.has(label)) throw twice('task', label);
      tasks.set(label, task);
    }
    for (const [label, subset] of part.subsets) {
      if (subsets.has(label)) throw twice('subset', label);
      subsets.set(label, subset);
    }
    instrument = oneInstrument(instrument, part.instrument, where);
  }
  return {
    ...file.ir, tasks, subsets, instrument,
    parameters: new Map(parts.flatMap(part => [...part.parameters])),
    contracts: parts.flatMap(part => part.contracts),
    steps: parts.flatMap(part => part.steps),
  };
}

/** The importing file comes last and wins. */
function mergeOwn({ ir }: PipelineFile, imported: PipelineIr): PipelineIr {
  const tasks = new Map(imported.tasks);
  for (const task of ir.tasks.values()) {
    const before = tasks.get(task.label);
    const extended = before !== undefined && before.className === task.className;
    tasks.set(task.label, extended ? { ...task, config: [...before.config, ...task.config] } : task);
  }
  return {
    ...ir, tasks,
    instrument: oneInstrument(imported.instrument, ir.instrument, ir.location),
    parameters: new Map([...imported.parameters, ...ir.parameters]),
    subsets: new Map([...imported.subsets, ...ir.subsets]),
    contracts: [...imported.contracts, ...ir.contracts],
    steps: [...imported.steps, ...ir.steps],
  };
}

function oneInstrument(a: string | null, b: string | null, where: string): string | null {
  if (a !== null && b !== null && a !== b) {
    throw badPipeline({ where, found: `instruments '${a}' and '${b}'`, expected: 'one', todo: "import with 'instrument: None'" });
  }
  return b ?? a;
}

function verify(ir: PipelineIr): void {
  for (const { label, members, where } of ir.subsets.values()) {
    if (ir.tasks.has(label)) throw badPipeline({ where, found: `subset '${label}'`, expected: 'a name that is no task label' });
    for (const member of members) {
      if (!ir.tasks.has(member)) throw unknownName(`task in subset '${label}'`, member, ir.tasks.keys(), where);
    }
  }
  const steps = new Map<string, string>();
  for (const { label, dimensions, where } of ir.steps) {
    if (!ir.subsets.has(label)) throw unknownName('subset in a step', label, ir.subsets.keys(), where);
    const text = dimensions.join(', ');
    const before = steps.get(label);
    if (before !== undefined && before !== text) {
      throw badPipeline({ where, found: `step '${label}' with dimensions ${text} and ${before}`, expected: 'one declaration' });
    }
    steps.set(label, text);
  }
}
