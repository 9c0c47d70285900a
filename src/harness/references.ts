/** Earlier values that bounds refer to: the baseline and the history. */
import type { Measurement, Metric, VerificationResult } from '../model/verification.ts';
import type { Baseline } from './baseline.ts';
import type { References, ReferenceValue } from './bounds.ts';
import { keysJson, scopeOf } from './history.ts';
import type { History, HistoryValue } from './history.ts';

/** Runs of the history that a rule may look back on. */
const MAX_RUNS = 1000;

export interface ReferenceSources {
  readonly baseline: Baseline | null;
  readonly history: History | null;
  /** The run that is judged: it is no reference for itself, and later ones are none either. */
  readonly run: Pick<VerificationResult, 'dataset' | 'pipeline' | 'run'>;
  readonly metrics: readonly Metric[];
}

/** A metric that was renamed keeps its past: values under its aliases count when their definition was the same. */
export function referencesOf({ baseline, history, run, metrics }: ReferenceSources): References {
  const byName = new Map(metrics.map(m => [m.name, m]));
  const scope = scopeOf(run);
  return {
    baseline: (name, keys) => {
      const metric = byName.get(name);
      const found = baseline?.measurements.find(m => namesOf(name, metric).includes(m.metric) && keysJson(m.keys) === keysJson(keys));
      if (found === undefined || found.value === null) return null;
      return {
        value: found.value, interval: found.interval, definitionHash: currentHash(found, metric),
        fingerprint: baseline!.fingerprint, run: `baseline of ${baseline!.started}`,
      };
    },
    history: (name, keys) => {
      if (history === null) return [];
      const metric = byName.get(name);
      return history.series({ metrics: namesOf(name, metric), scope, keys, limit: MAX_RUNS })
        .filter(v => v.run.started < run.run.started).flatMap(v => referenceOf(v, metric));
    },
  };
}

export function namesOf(name: string, metric: Metric | undefined): string[] {
  return [name, ...(metric?.aliases ?? []).map(alias => alias.name)];
}

/** The hash that the value would have under the name of today; its own when the meaning was another. */
export function currentHash({ definitionHash }: Pick<Measurement, 'definitionHash'>, metric: Metric | undefined): string {
  return metric?.aliases?.some(alias => alias.definitionHash === definitionHash) === true ? metric.definitionHash : definitionHash;
}

function referenceOf(v: HistoryValue, metric: Metric | undefined): ReferenceValue[] {
  if (v.status !== 'ok' || v.value === null) return [];
  return [{
    value: v.value, interval: v.interval, definitionHash: currentHash(v, metric), fingerprint: v.run.fingerprint,
    run: `run ${v.run.id} of ${v.run.started.slice(0, 10)}`,
  }];
}
