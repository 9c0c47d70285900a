/** The baseline: accepted values of a dataset, with who accepted them, when and why. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { ApError } from '../model/errors.ts';
import type { Measurement, VerificationResult } from '../model/verification.ts';
import { keysJson } from './history.ts';
import { readResult } from './resultDocument.ts';
import schema from './schemas/baseline.schema.json' with { type: 'json' };

const validate = new Ajv2020({ allErrors: false, strict: true, strictRequired: false, allowUnionTypes: true }).compile(schema);

export type BaselineValue = Pick<Measurement, 'metric' | 'keys' | 'value' | 'unit' | 'n' | 'interval' | 'definitionHash'>;

/** One acceptance: what it changed. */
export interface Acceptance {
  readonly owner: string;
  readonly reason: string;
  /** UTC, ISO 8601. */
  readonly at: string;
  readonly changes: readonly { readonly metric: string; readonly keys: Measurement['keys']; readonly before: number | null; readonly after: number | null }[];
}

export interface Baseline {
  readonly format: 'ap-verify-baseline/1';
  readonly dataset: { readonly name: string; readonly version: string };
  readonly pipeline: { readonly name: string; readonly version: string };
  readonly started: string;
  readonly fingerprint: string | null;
  readonly measurements: readonly BaselineValue[];
  /** Newest first. */
  readonly accepted: readonly Acceptance[];
}

/** A baseline, or the result of a run, which may serve as one. Throws BAD_FORMAT. */
export function readBaseline(text: string, where: string): Baseline {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ApError('BAD_FORMAT', { where, found: (cause as Error).message, expected: 'baseline.json or result.json' }, { cause });
  }
  if ((value as { format?: unknown } | null)?.format !== 'ap-verify-baseline/1') return baselineOf(readResult(text, where));
  if (!validate(value)) {
    const error = validate.errors?.[0];
    throw new ApError('BAD_FORMAT', { where: `${where}${error?.instancePath ?? ''}`, found: error?.message, expected: 'ap-verify-baseline/1' });
  }
  return value as unknown as Baseline;
}

export function baselineOf({ dataset, pipeline, run, measurements }: VerificationResult): Baseline {
  return {
    format: 'ap-verify-baseline/1', dataset: { name: dataset.name, version: dataset.version },
    pipeline: { name: pipeline.name, version: pipeline.version }, started: run.started, fingerprint: run.fingerprint ?? null,
    measurements: measurements.filter(m => m.status === 'ok')
      .map(({ metric, keys, value, unit, n, interval, definitionHash }) => ({ metric, keys, value, unit, n, interval, definitionHash })),
    accepted: [],
  };
}

/**
 * The result as the new baseline, with what changed and why on record. `metrics` limits it to some metrics: the others
 * keep their old values.
 */
export function acceptResult(
  before: Baseline | null, result: VerificationResult, { owner, reason, at, metrics }: Pick<Acceptance, 'owner' | 'reason' | 'at'> & { readonly metrics: readonly string[] },
): Baseline {
  const isAccepted = ({ metric }: { metric: string }): boolean => metrics.length === 0 || metrics.includes(metric);
  const unknown = metrics.find(name => !result.measurements.some(m => m.metric === name));
  if (unknown !== undefined) throw new ApError('BAD_METRIC', { found: unknown, expected: 'a metric of the result' });
  const now = baselineOf(result);
  const kept = (before?.measurements ?? []).filter(m => !isAccepted(m));
  const fresh = now.measurements.filter(isAccepted);
  const old = new Map((before?.measurements ?? []).filter(isAccepted).map(m => [identity(m), m]));
  const renewed = new Map(fresh.map(m => [identity(m), m]));
  const changes = [...new Set([...old.keys(), ...renewed.keys()])]
    .filter(key => old.get(key)?.value !== renewed.get(key)?.value || old.get(key)?.definitionHash !== renewed.get(key)?.definitionHash)
    .map(key => {
      const { metric, keys } = (renewed.get(key) ?? old.get(key))!;
      return { metric, keys, before: old.get(key)?.value ?? null, after: renewed.get(key)?.value ?? null };
    });
  return { ...now, measurements: [...kept, ...fresh], accepted: [{ owner, reason, at, changes }, ...(before?.accepted ?? [])] };
}

function identity({ metric, keys }: BaselineValue): string {
  return `${metric} ${keysJson(keys)}`;
}
