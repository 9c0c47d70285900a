/** Metric definitions and specifications: YAML text to checked words of the model. */
import { createHash } from 'node:crypto';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { ApError } from '../model/errors.ts';
import type { Metric, Specification } from '../model/verification.ts';
import metricsSchema from './schemas/metrics.schema.json' with { type: 'json' };
import specificationSchema from './schemas/specification.schema.json' with { type: 'json' };
import { readYaml } from './yamlFile.ts';
import type { TextFile, YamlDocument } from './yamlFile.ts';

const ajv = new Ajv2020({ allErrors: false, strict: true, strictRequired: false, allowUnionTypes: true });
const validateMetrics = ajv.compile(metricsSchema);
const validateSpecification = ajv.compile(specificationSchema);

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

interface MetricDefinition extends Omit<Metric, 'name' | 'reference' | 'definitionHash'> {
  readonly reference?: { readonly doc?: string; readonly page?: string | number; readonly url?: string };
}

function metricOf(name: string, definition: MetricDefinition): Metric {
  const { reference = {}, ...rest } = definition;
  const page = reference.page === undefined ? undefined : `p. ${reference.page}`;
  return {
    ...rest, name,
    description: oneLine(definition.description), formula: oneLine(definition.formula),
    reference: [reference.doc, page, reference.url].filter(part => part !== undefined).join(', '),
    definitionHash: definitionHash(name, definition),
  };
}

/** What decides the meaning of a value; title, description, tags and reference may change without a new trend line. */
function definitionHash(name: string, { unit, direction, formula, version, interval, minimumN }: MetricDefinition): string {
  const meaning = JSON.stringify([name, unit, direction, oneLine(formula), version, interval, minimumN]);
  return createHash('sha256').update(meaning).digest('hex');
}

function oneLine(text: string): string {
  return text.trim().replace(/\s+/g, ' ');
}

interface SpecificationDocument {
  readonly id?: string;
  readonly name?: string;
  readonly metric?: string;
  readonly base?: string | readonly string[];
  readonly type?: Specification['type'];
  readonly threshold?: { readonly operator: NonNullable<Specification['operator']>; readonly value: number; readonly unit: string };
  readonly range?: { readonly lower: number; readonly upper: number; readonly unit: string };
  readonly severity?: Specification['severity'];
  readonly decision?: Specification['decision'];
  readonly keys?: Specification['keys'];
  readonly tags?: readonly string[];
}

/**
 * Specifications of the files, in order. A later file may replace a specification of an earlier one by
 * using its full name (a dataset overrides the common ones); inside one file a name occurs once. `measured` names what
 * measures compute: a specification of such a metric is kept when the definition of the metric is gone.
 * Throws BAD_SPECIFICATION with file and line.
 */
export function loadSpecifications(
  files: readonly TextFile[], metrics: readonly Metric[], measured: readonly string[] = [],
): Specification[] {
  const specifications = new Map<string, Specification>();
  for (const file of files) {
    const partials = new Map<string, SpecificationDocument>();
    const inFile = new Map<string, string>();
    for (const document of readYaml(file, 'BAD_SPECIFICATION', validateSpecification)) {
      const raw = document.value as SpecificationDocument;
      const merged = withBases(raw, partials, document);
      if (raw.id !== undefined) {
        if (partials.has(raw.id)) throw bad(document, ['id'], `partial '${raw.id}' again`, 'one partial of that id in a file');
        partials.set(raw.id, merged);
        continue;
      }
      const specification = specificationOf(merged, document, { metrics, measured });
      const earlier = inFile.get(specification.name);
      if (earlier !== undefined) throw bad(document, ['name'], `${specification.name} again`, `one specification of that name, first at ${earlier}`);
      inFile.set(specification.name, specification.source);
      specifications.set(specification.name, specification);
    }
  }
  return [...specifications.values()];
}

function bad(document: YamlDocument, path: readonly string[], found: string, expected: string): ApError {
  return new ApError('BAD_SPECIFICATION', { found, expected, where: document.where(path) });
}

/** Bases are applied first to last: mappings merge, lists are appended, other values replace. */
function withBases(
  raw: SpecificationDocument, partials: ReadonlyMap<string, SpecificationDocument>, document: YamlDocument,
): SpecificationDocument {
  const bases = raw.base === undefined ? [] : [raw.base].flat();
  const parents = bases.map(base => {
    const partial = partials.get(base.slice(1));
    if (partial === undefined) throw bad(document, ['base'], `base '${base}'`, `a partial above it: ${[...partials.keys()].join(', ') || 'none'}`);
    return partial;
  });
  const { base: _base, ...own } = raw;
  return [...parents, own].reduce<SpecificationDocument>((a, { id: _id, ...b }) => ({
    ...a, ...b,
    ...(a.keys || b.keys ? { keys: { ...a.keys, ...b.keys } } : {}),
    ...(a.tags || b.tags ? { tags: [...new Set([...a.tags ?? [], ...b.tags ?? []])] } : {}),
    ...(a.threshold && b.threshold ? { threshold: { ...a.threshold, ...b.threshold } } : {}),
  }), {});
}

interface Known {
  readonly metrics: readonly Metric[];
  /** Names that a measure computes. */
  readonly measured: readonly string[];
}

function specificationOf(merged: SpecificationDocument, document: YamlDocument, { metrics, measured }: Known): Specification {
  const { metric: metricName, threshold, range } = merged;
  if (metricName === undefined) throw bad(document, ['name'], 'no metric', 'metric: package.name, here or in a base');
  const defined = metrics.find(m => m.name === metricName);
  if (defined === undefined && !measured.includes(metricName)) {
    throw bad(document, ['metric'], `metric '${metricName}'`, nearest(metricName, metrics.map(m => m.name)).join(', '));
  }
  // A metric that lost its definition keeps its gate: nothing measures it, so its verdict is incomplete.
  const metric = defined ?? { name: metricName, unit: (threshold ?? range)?.unit as Metric['unit'] ?? '' };
  const type = merged.type ?? (threshold ? 'threshold' : range ? 'range' : 'exists');
  const bound = type === 'threshold' ? threshold : type === 'range' ? range : undefined;
  const given = [threshold && 'threshold', range && 'range'].filter(word => word !== undefined);
  if (type !== 'exists' && bound === undefined) throw bad(document, ['type'], `type ${type} without ${type}`, `a key '${type}'`);
  if (given.length > (bound === undefined ? 0 : 1)) throw bad(document, ['name'], given.join(' and '), `only what type ${type} needs`);
  if (bound !== undefined && bound.unit !== metric.unit) {
    throw bad(document, [type, 'unit'], `unit '${bound.unit}'`, `'${metric.unit}', the unit of ${metric.name}`);
  }
  if (range !== undefined && !(range.lower < range.upper)) throw bad(document, ['range'], `${range.lower} .. ${range.upper}`, 'lower < upper');
  return {
    name: `${metric.name}.${merged.name!}`, metric: metric.name, type, unit: metric.unit,
    ...(type === 'threshold' && threshold ? { operator: threshold.operator, bound: threshold.value } : {}),
    ...(type === 'range' && range ? { range: [range.lower, range.upper] as const } : {}),
    severity: merged.severity ?? 'fail', decision: merged.decision ?? 'point', keys: merged.keys ?? {}, tags: merged.tags ?? [],
    source: document.where(['name']),
  };
}

/** The three names that differ least from the given one (edit distance), best first. */
function nearest(name: string, known: readonly string[]): string[] {
  return known.map(k => ({ k, d: editDistance(name.toLowerCase(), k.toLowerCase()) }))
    .sort((a, b) => a.d - b.d || (a.k < b.k ? -1 : 1)).slice(0, 3).map(({ k }) => k);
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
