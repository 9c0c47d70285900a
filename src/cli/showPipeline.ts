/** What `--show` prints of a pipeline and its quantum graph: texts only. */
import { globMatcher } from '../butler/collections.ts';
import { ApError } from '../model/errors.ts';
import { nearestName } from '../pipeline/badPipeline.ts';
import { configText } from '../pipeline/logRecords.ts';
import type { QuantumGraph } from '../pipeline/quantum.ts';
import { countByLabel } from '../pipeline/quantumGraph.ts';
import type { ResolvedPipeline, ResolvedTask } from '../pipeline/resolvePipeline.ts';
import { dataIdText } from '../model/dataset.ts';

/** Things that need the pipeline only, and what each prints. */
const ITEMS: Readonly<Record<string, (pipeline: ResolvedPipeline, argument: string | null) => string>> = {
  config: configOf,
  tasks: pipeline => pipeline.tasks.map(({ label, className, task }) => `${label}: ${className} (${task.name}): ${task.doc}`).join('\n'),
  subsets: subsetsOf,
  'pipeline-graph': pipeline => pipeline.tasks.map(taskNode).join('\n'),
};

export const SHOW_ITEMS: readonly string[] = [...Object.keys(ITEMS), 'graph'];

/** True when the item can only be shown of a quantum graph. @throws ApError USAGE for an unknown item. */
export function needsGraph(item: string): boolean {
  const name = item.split('=')[0]!;
  if (!SHOW_ITEMS.includes(name)) {
    const near = nearestName(name, SHOW_ITEMS);
    throw new ApError('USAGE', {
      where: '--show', found: item, expected: SHOW_ITEMS.join(', '), todo: near === null ? undefined : `did you mean '${near}'?`,
    });
  }
  return name === 'graph';
}

/** `config`, `config=label`, `config=label::field*`, `tasks`, `subsets`, `pipeline-graph`. */
export function pipelineText(item: string, pipeline: ResolvedPipeline): string {
  const [name, ...rest] = item.split('=');
  return ITEMS[name!]!(pipeline, rest.length === 0 ? null : rest.join('='));
}

/** Quanta by label in running order, and what was left out and why. */
export function graphSummary(graph: QuantumGraph): string {
  const counts = Object.entries(countByLabel(graph));
  const width = Math.max(...counts.map(([label]) => label.length), 0);
  const pruned = graph.pruned.map(({ label, dataId, reason }) => `not in the graph: ${label} ${dataIdText(dataId)}: ${reason}`);
  return [
    `${graph.quanta.length} quanta of ${counts.length} tasks`,
    ...counts.map(([label, n]) => `${label.padEnd(width)} ${String(n).padStart(7)}`), ...pruned,
  ].join('\n');
}

function configOf({ tasks }: ResolvedPipeline, argument: string | null): string {
  const [label, pattern] = (argument ?? '').split('::') as [string, string?];
  const chosen = tasks.filter(task => label === '' || task.label === label);
  if (chosen.length === 0) throw new ApError('USAGE', { where: '--show config', found: label, expected: tasks.map(task => task.label).join(', ') });
  const isWanted = globMatcher(pattern ?? '*');
  return chosen.map(task => {
    const paragraphs = configText(task).split('\n\n');
    return [`# ${task.label}`, ...paragraphs.slice(1).filter(text => isWanted(/^config\.([\w.]+)=/m.exec(text)?.[1] ?? ''))].join('\n');
  }).join('\n\n');
}

function subsetsOf({ subsets }: ResolvedPipeline): string {
  return [...subsets.values()].map(({ label, members, description }) =>
    `${label}: ${members.join(', ')}${description === null ? '' : `\n  ${description}`}`).join('\n');
}

function taskNode({ label, task, inputs, outputs }: ResolvedTask): string {
  const read = inputs.map(({ datasetType, producer, required, connection }) => {
    const source = producer === null ? connection.prerequisite ? 'prerequisite' : 'from the repository' : `from ${producer}`;
    return `  <- ${datasetType.name}: ${source}${required ? '' : ', optional'}`;
  });
  const made = outputs.map(({ datasetType }) => `  -> ${datasetType.name} {${datasetType.dimensions.join(', ')}}`);
  return [`${label} (${task.name}) {${task.dimensions.join(', ')}}`, ...read, ...made].join('\n');
}
