/** A pipeline as one YAML text without imports: what `loadPipeline` reads back as the same pipeline. */
import { stringify } from 'yaml';
import type { ConfigItem, ContractIr, PipelineIr } from './pipelineIr.ts';

/** Tasks, configs in the order of application, parameters, contracts, subsets and steps; comments and places are lost. */
export function pipelineYaml(ir: PipelineIr): string {
  const tasks = Object.fromEntries([...ir.tasks.values()].map(({ label, className, config }) => [
    label, { class: className, ...(config.length > 0 ? { config: lastOf(config) } : {}) },
  ]));
  return stringify({
    description: ir.description,
    ...(ir.instrument === null ? {} : { instrument: ir.instrument }),
    ...(ir.parameters.size > 0 ? { parameters: Object.fromEntries(ir.parameters) } : {}),
    tasks,
    ...(ir.contracts.length > 0 ? { contracts: ir.contracts.map(contract) } : {}),
    ...(ir.subsets.size > 0 ? { subsets: Object.fromEntries([...ir.subsets.values()].map(({ label, members, description }) => [
      label, { subset: [...members], ...(description === null ? {} : { description }) },
    ])) } : {}),
    ...(ir.steps.length > 0 ? { steps: ir.steps.map(({ label, dimensions }) => ({ label, dimensions: [...dimensions] })) } : {}),
  }, { lineWidth: 120 });
}

function contract({ expression, message }: ContractIr): object {
  return { contract: expression, ...(message === null ? {} : { msg: message }) };
}

/** The values that hold, each at the place of its last assignment. */
function lastOf(config: readonly ConfigItem[]): Record<string, unknown> {
  const values = new Map<string, unknown>();
  for (const { field, value } of config) {
    values.delete(field);
    values.set(field, value);
  }
  return Object.fromEntries(values);
}
