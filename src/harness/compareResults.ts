/** Two results side by side: what got better, what got worse, what is gone. */
import type { Measurement, Metric } from '../model/verification.ts';

/** What a comparison reads of a result or of a baseline, which has no metrics. */
export interface Compared {
  readonly metrics?: readonly Metric[];
  readonly measurements: readonly ComparedValue[];
}
type ComparedValue = Pick<Measurement, 'metric' | 'keys' | 'unit' | 'value' | 'interval' | 'definitionHash'>;

export type Change = 'better' | 'worse' | 'changed' | 'same' | 'gone' | 'new' | 'redefined';

export interface MetricChange {
  readonly metric: string;
  readonly title: string;
  readonly keys: Measurement['keys'];
  readonly unit: Measurement['unit'];
  readonly before: number | null;
  readonly after: number | null;
  readonly difference: number | null;
  /** True when the two intervals do not overlap; null when one has none. */
  readonly isSignificant: boolean | null;
  readonly change: Change;
}

/**
 * One row for each measurement of either result, resources left out. `redefined`: the definition hash differs,
 * the values must not be compared. A value on one side only is `gone` or `new`, never a difference.
 */
export function compareResults(before: Compared, after: Compared): MetricChange[] {
  const metrics = new Map([...before.metrics ?? [], ...after.metrics ?? []].map(m => [m.name, m]));
  const isResource = (m: ComparedValue): boolean => metrics.get(m.metric)?.tags.includes('resource') ?? false;
  const old = new Map(before.measurements.filter(m => !isResource(m)).map(m => [identity(m), m]));
  const now = new Map(after.measurements.filter(m => !isResource(m)).map(m => [identity(m), m]));
  return [...new Set([...old.keys(), ...now.keys()])].map(key => {
    const [a, b] = [old.get(key), now.get(key)];
    return changeOf(metrics.get((b ?? a)!.metric), a, b);
  });
}

/** Values without an interval that agree to this relative difference are the same. */
const ROUNDING = 1e-6;

function identity({ metric, keys }: ComparedValue): string {
  return `${metric} ${Object.keys(keys).sort().map(k => `${k}=${keys[k]}`).join(' ')}`;
}

function changeOf(metric: Metric | undefined, a: ComparedValue | undefined, b: ComparedValue | undefined): MetricChange {
  const known = (b ?? a)!;
  const [before, after] = [a?.value ?? null, b?.value ?? null];
  const difference = before === null || after === null ? null : after - before;
  return {
    metric: known.metric, title: metric?.title ?? known.metric, keys: known.keys, unit: known.unit, before, after,
    ...judged(metric, a, b, difference),
  };
}

function judged(metric: Metric | undefined, a: ComparedValue | undefined, b: ComparedValue | undefined, difference: number | null):
Pick<MetricChange, 'difference' | 'isSignificant' | 'change'> {
  const none = { difference: null, isSignificant: null };
  if (difference === null) {
    const change = (a?.value ?? null) !== null ? 'gone' : (b?.value ?? null) !== null ? 'new' : 'same';
    return { ...none, change };
  }
  if (a!.definitionHash !== b!.definitionHash) return { ...none, change: 'redefined' };
  const isSignificant = a!.interval === null || b!.interval === null
    ? null : a!.interval[1] < b!.interval[0] || b!.interval[1] < a!.interval[0];
  const isRounding = isSignificant === null && Math.abs(difference) <= ROUNDING * Math.abs(a!.value!);
  if (difference === 0 || isSignificant === false || isRounding) return { difference, isSignificant, change: 'same' };
  if (metric?.direction === 'lower') return { difference, isSignificant, change: difference < 0 ? 'better' : 'worse' };
  if (metric?.direction === 'higher') return { difference, isSignificant, change: difference > 0 ? 'better' : 'worse' };
  return { difference, isSignificant, change: 'changed' };
}
