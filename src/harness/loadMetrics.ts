/** Metric definitions: YAML text to checked words of the model. */
import { createHash } from 'node:crypto';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { ApError } from '../model/errors.ts';
import type { Metric } from '../model/verification.ts';
import metricsSchema from './schemas/metrics.schema.json' with { type: 'json' };
import { readYaml } from './yamlFile.ts';
import type { TextFile } from './yamlFile.ts';

const ajv = new Ajv2020({ allErrors: false, strict: true, strictRequired: false, allowUnionTypes: true });
const validateMetrics = ajv.compile(metricsSchema);

/** Metrics are named `package.name`; the package is the name of the file without `.yaml`. */
export function loadMetrics(files: readonly TextFile[]): Metric[] {
  const metrics = new Map<string, { metric: Metric; where: string }>();
  for (const file of files) {
    const packageName = file.path.replace(/^.*\//, '').replace(/\.ya?ml$/, '');
    for (const document of readYaml(file, 'BAD_METRIC', validateMetrics)) {
      for (const [key, definition] of Object.entries(document.value as Record<string, MetricDefinition>)) {
        const metric = metricOf(`${packageName}.${key}`, definition);
        const where = document.where([key]);
        const earlier = metrics.get(metric.name);
        if (earlier !== undefined) throw new ApError('BAD_METRIC', { found: `${metric.name} again`, expected: `one definition, first at ${earlier.where}`, where });
        metrics.set(metric.name, { metric, where });
      }
    }
  }
  return [...metrics.values()].map(m => m.metric);
}

interface MetricDefinition extends Omit<Metric, 'name' | 'reference' | 'definitionHash' | 'aliases'> {
  readonly aliases?: readonly string[];
  readonly reference?: { readonly doc?: string; readonly page?: string | number; readonly url?: string };
}

function metricOf(name: string, definition: MetricDefinition): Metric {
  const { reference = {}, aliases, ...rest } = definition;
  const page = reference.page === undefined ? undefined : `p. ${reference.page}`;
  return {
    ...rest, name,
    description: oneLine(definition.description), formula: oneLine(definition.formula),
    reference: [reference.doc, page, reference.url].filter(part => part !== undefined).join(', '),
    definitionHash: definitionHash(name, definition),
    ...(aliases && { aliases: aliases.map(alias => ({ name: alias, definitionHash: definitionHash(alias, definition) })) }),
  };
}

/** What decides the meaning of a value; title, description, tags and reference may change without a new trend line. */
function definitionHash(name: string, definition: MetricDefinition): string {
  const { unit, direction, formula, version, interval, minimumN, declaration } = definition;
  const own = declaration === undefined ? [] : [declaration];
  const meaning = JSON.stringify([name, unit, direction, oneLine(formula), version, interval, minimumN, ...own]);
  return createHash('sha256').update(meaning).digest('hex');
}

function oneLine(text: string): string {
  return text.trim().replace(/\s+/g, ' ');
}
