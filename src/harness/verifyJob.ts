/** The Job document of lsst.verify, both ways: the one stable public contract of Rubin's metrics. */
import { createHash } from 'node:crypto';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parsePythonJson, pythonJsonText } from '../formats/pythonJson.ts';
import { ApError } from '../model/errors.ts';
import type { BoundOperator, KeyValues, Specification } from '../model/specification.ts';
import { astropyUnit, unitNamed } from '../model/units.ts';
import type { Measurement, Metric, Unit, VerificationResult } from '../model/verification.ts';
import { judge, NO_CONTEXT } from './judge.ts';
import schema from './schemas/verifyJob.schema.json' with { type: 'json' };
import { overallVerdict } from './verdict.ts';

const validate = new Ajv2020({
  allErrors: false, strict: true, strictRequired: false, strictTypes: false, allowUnionTypes: true,
}).compile(schema);

interface Job {
  readonly measurements: readonly { readonly metric: string; readonly value: number | null; readonly unit: string | null }[];
  readonly metrics: readonly VerifyMetric[];
  readonly specs: readonly {
    readonly name: string;
    readonly type: string;
    readonly threshold?: { readonly operator: BoundOperator; readonly unit: string; readonly value: number };
    readonly tags?: readonly string[];
    readonly metadata_query?: KeyValues;
  }[];
  readonly meta: Readonly<Record<string, unknown>>;
}

export interface VerifyMetric {
  readonly name: string;
  readonly description: string | null;
  readonly unit: string | null;
  readonly tags?: readonly string[];
  readonly reference?: { readonly doc?: string | null; readonly page?: string | number | null; readonly url?: string | null };
}

/** A metric as lsst.verify defines it: no direction, no formula, no sample size. Throws BAD_METRIC for a unit that is not known. */
export function metricOfVerify({ name, description, unit, tags = [], reference = {} }: VerifyMetric, where: string): Metric {
  const known = unitNamed(unit ?? '');
  if (known === null) throw new ApError('BAD_METRIC', { where, found: `unit '${unit}' of ${name}`, expected: 'a unit of this program' });
  const text = (description ?? '').trim().replace(/\s+/g, ' ') || 'No description.';
  return {
    name, title: name.split('.').at(-1)!, unit: known, description: text,
    reference: [reference.doc, reference.page, reference.url].filter(part => part !== undefined && part !== null).join(', '),
    tags: tags.length > 0 ? tags : ['imported'], direction: 'neither', formula: 'that of lsst.verify', version: 1, interval: 'none', minimumN: 0,
    definitionHash: createHash('sha256').update(JSON.stringify(['lsst.verify', name, known])).digest('hex'),
  };
}

export interface JobFacts {
  /** UTC, ISO 8601: a Job does not say when it ran. */
  readonly started: string;
  readonly where: string;
}

/**
 * A Job as a result, judged by its own specifications. NaN and null become `invalid`, never 0. A specification applies when its
 * `metadata_query` equals the metadata of the job. Throws BAD_FORMAT with the place in the document.
 */
export function readVerifyJob(text: string, { started, where }: JobFacts): VerificationResult {
  const job = parsed(text, where);
  const metrics = job.metrics.map(m => metricOfVerify(m, where));
  const known = new Set(metrics.map(m => m.name));
  for (const m of job.measurements) {
    if (known.has(m.metric)) continue;
    metrics.push(metricOfVerify({ name: m.metric, description: null, unit: m.unit }, where));
    known.add(m.metric);
  }
  const measurements = job.measurements.map(m => measurementOf(m, metrics.find(({ name }) => name === m.metric)!, where));
  const specifications = job.specs.flatMap(s => specificationOf(s, where)).filter(s => known.has(s.metric));
  const facts = Object.fromEntries(Object.entries(job.meta)
    .filter((entry): entry is [string, string | number] => typeof entry[1] === 'string' || typeof entry[1] === 'number'));
  const verdicts = judge(specifications, measurements, metrics, { ...NO_CONTEXT, facts });
  const { dataset, pipeline, host, provenance } = factsOf(job.meta);
  const hash = createHash('sha256').update(text).digest('hex');
  return {
    format: 'ap-verify-result/1', dataset: { name: dataset, version: 'unknown', title: dataset },
    pipeline: { name: pipeline, version: 'unknown', configHash: hash, query: null, overrides: [] },
    verdict: overallVerdict({ verdicts, metrics, quanta: [] }),
    run: { started, seconds: 0, workers: 1, host, node: '', collection: hash.slice(0, 16), quanta: [], provenance },
    metrics, measurements, verdicts, images: [], cutouts: [],
  };
}

function parsed(text: string, where: string): Job {
  let value: unknown;
  try {
    value = parsePythonJson(text);
  } catch (cause) {
    throw new ApError('BAD_FORMAT', { where, found: (cause as Error).message, expected: 'a Job of lsst.verify' }, { cause });
  }
  if (!validate(value)) {
    const error = validate.errors?.[0];
    throw new ApError('BAD_FORMAT', { where: `${where}${error?.instancePath ?? ''}`, found: error?.message, expected: 'a Job of lsst.verify' });
  }
  const job = value as unknown as Job;
  // A JSON Schema knows no NaN.
  const strange = job.measurements.findIndex(m => typeof m.value !== 'number' && m.value !== null);
  if (strange >= 0) {
    const found = `a value that is ${typeof job.measurements[strange]!.value}`;
    throw new ApError('BAD_FORMAT', { where: `${where}/measurements/${strange}/value`, found, expected: 'a number, null or NaN' });
  }
  return job;
}

function measurementOf({ value, unit }: Job['measurements'][number], metric: Metric, where: string): Measurement {
  const own = unitNamed(unit ?? '');
  if (own !== metric.unit) throw new ApError('BAD_FORMAT', { where, found: `unit '${unit}' of ${metric.name}`, expected: metric.unit });
  const common = { metric: metric.name, unit: metric.unit, interval: null, definitionHash: metric.definitionHash, keys: {}, blobs: {} };
  if (value === null || !Number.isFinite(value)) {
    return { ...common, status: 'invalid', value: null, n: null, reason: `the job says ${value === null ? 'null' : value}` };
  }
  return { ...common, status: 'ok', value, n: 1, reason: null };
}

function specificationOf({ name, type, threshold, tags = [], metadata_query: when = {} }: Job['specs'][number], where: string): Specification[] {
  const unit = threshold === undefined ? null : unitNamed(threshold.unit);
  if (type !== 'threshold' || threshold === undefined || unit === null) return [];
  return [{
    name, metric: name.split('.').slice(0, 2).join('.'), type: 'threshold', operator: threshold.operator, bound: threshold.value, unit, severity: 'fail',
    decision: 'point', keys: {}, tags, source: `${where}:1`, ...(Object.keys(when).length > 0 && { when }),
  }];
}

interface JobMeta {
  readonly dataset: string;
  readonly pipeline: string;
  readonly host: string;
  readonly provenance: Record<string, string>;
}

function factsOf(meta: Readonly<Record<string, unknown>>): JobMeta {
  const env = (meta.env ?? {}) as Record<string, unknown>;
  const word = (...values: unknown[]): string => String(values.find(v => typeof v === 'string' && v !== '') ?? 'unknown');
  const packages = Object.entries((meta.packages ?? {}) as Record<string, { git_sha?: unknown; eups_version?: unknown }>)
    .map(([name, p]) => [`package ${name}`, word(p.git_sha, p.eups_version)] as const);
  return {
    dataset: word(env.ci_dataset, env.dataset, meta.dataset, meta.instrument), pipeline: 'lsst.verify',
    host: word(env.ci_label, env.env_name), provenance: Object.fromEntries(packages),
  };
}

/** The result as a Job. What a value is of (band, task) and its interval stand in a blob beside it; a value that is none is NaN. */
export function writeVerifyJob({ dataset, pipeline, run, metrics, measurements, verdicts }: VerificationResult): string {
  const whole = measurements.filter(m => m.status !== 'not-applicable');
  const blobOf = (m: Measurement): unknown => ({
    identifier: identifier(`blob ${m.metric} ${JSON.stringify(m.keys)} ${run.collection} ${run.started}`), name: `${m.metric} facts`,
    data: {
      ...(m.n !== null && { n: datum(m.n, '', 'sample size') }),
      ...(m.interval && {
        lower: datum(m.interval[0], astropyUnit(m.unit), 'lower end'), upper: datum(m.interval[1], astropyUnit(m.unit), 'upper end'),
      }),
      ...Object.fromEntries(Object.entries(m.keys)
        .map(([key, value]) => [key, { value, unit: typeof value === 'number' ? '' : null, label: key, description: 'data ID' }])),
      status: { value: m.status, unit: null, label: 'status', description: m.reason ?? '' },
    },
  });
  const specifications = new Map(verdicts.map(v => [v.specification.name, v.specification]));
  return `${pythonJsonText({
    measurements: whole.map(m => ({
      metric: m.metric, identifier: identifier(`${m.metric} ${JSON.stringify(m.keys)} ${run.collection} ${run.started}`), value: m.value ?? NaN,
      unit: astropyUnit(m.unit), blob_refs: [(blobOf(m) as { identifier: string }).identifier],
    })),
    blobs: whole.map(blobOf),
    metrics: metrics.map(m => ({
      name: m.name, description: m.description, unit: astropyUnit(m.unit), tags: m.tags,
      reference: { doc: m.reference || null, page: null, url: null },
    })),
    specs: [...specifications.values()].filter(s => s.type === 'threshold').map(s => ({
      name: s.name, type: 'threshold', tags: s.tags, metadata_query: {},
      threshold: { operator: s.operator, value: s.bound, unit: astropyUnit(s.unit) },
    })),
    meta: {
      packages: Object.fromEntries(Object.entries(run.provenance ?? {}).filter(([k]) => k.startsWith('package ')).map(([k, version]) => {
        const name = k.slice(8);
        return [name, { name, git_branch: null, git_url: null, git_sha: null, eups_version: version }];
      })),
      instrument: null, dataset: dataset.name, dataset_version: dataset.version, pipeline: pipeline.name,
      pipeline_version: pipeline.version, run: run.collection,
      env: { env_name: 'ap-verify', dataset: dataset.name, run_id: run.collection, version_tag: pipeline.version },
    },
  })}\n`;
}

function datum(value: number, unit: Unit | string, label: string): unknown {
  return { value, unit, label, description: null };
}

/** 32 hexadecimal digits, always the same for the same text: two exports of a result are equal. */
function identifier(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
