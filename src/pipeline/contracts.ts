/** Contracts of a pipeline: expressions over the final configs of its tasks. */
import { ApError } from '../model/errors.ts';
import { evaluateExpression, isTrue } from './expression.ts';
import type { Scope } from './expression.ts';
import type { ContractIr } from './pipelineIr.ts';
import type { ResolvedTask } from './resolvePipeline.ts';

/** What contracts may say beside the names of our own tasks, by task label. */
export interface ForeignNames {
  /** Values of fields that only a class of another system has. */
  readonly fields: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Our connection by foreign connection. */
  readonly connections: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const NONE: ForeignNames = { fields: {}, connections: {} };

/** Throws BAD_PIPELINE for the contracts that do not hold, all of them in one message. */
export function checkContracts(contracts: readonly ContractIr[], tasks: readonly ResolvedTask[], foreign: ForeignNames = NONE): void {
  const scope = Object.fromEntries(tasks.map(task => [task.label, configScope(task, foreign)]));
  const broken = contracts.filter(({ expression, where }) => !isTrue(evaluateExpression(expression, scope, where)));
  if (broken.length === 0) return;
  const found = broken.map(({ expression, message }) =>
    `Contract(s) '${expression}' were not satisfied${message === null ? '' : `: ${message}`}`);
  throw new ApError('BAD_PIPELINE', { where: broken.map(({ where }) => where).join(', '), found: found.join('; ') });
}

/** Config as nested objects (`a.b` is `b` of `a`), with `connections` beside the fields. */
function configScope(task: ResolvedTask, foreign: ForeignNames): Scope {
  const scope: Record<string, unknown> = {};
  for (const [field, value] of Object.entries({ ...foreign.fields[task.label], ...task.config })) {
    const keys = field.split('.');
    let holder = scope;
    for (const key of keys.slice(0, -1)) holder = (holder[key] ??= {}) as Record<string, unknown>;
    holder[keys.at(-1)!] = value;
  }
  const own = Object.fromEntries([...task.inputs, ...task.outputs].map(({ name, datasetType }) => [name, datasetType.name]));
  const renamed = Object.entries(foreign.connections[task.label] ?? {})
    .flatMap(([name, ours]) => (ours in own ? [[name, own[ours]!] as const] : []));
  const names = [...renamed, ...Object.entries(own)];
  const templated = Object.fromEntries(names.map(([name, datasetType]) => [name, { name: datasetType }]));
  const templates = scope.connections as Record<string, unknown> | undefined;
  return { ...scope, connections: { ...templates, ...Object.fromEntries(names), ConnectionsClass: () => templated } };
}
