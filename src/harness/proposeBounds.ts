/** Bounds from repeated runs of the unchanged pipeline. */
import { stringify } from 'yaml';
import type { KeyValues } from '../model/specification.ts';
import type { Measurement, Metric } from '../model/verification.ts';
import { studentQuantile } from '../numeric/intervals.ts';
import { median, standardDeviation } from '../numeric/statistics.ts';

/** What one series of runs has measured. */
export interface RepeatedValues {
  readonly metric: string;
  readonly keys: KeyValues;
  readonly values: readonly number[];
  readonly intervals: readonly Measurement['interval'][];
}

export interface ProposedBound {
  readonly metric: string;
  readonly keys: KeyValues;
  readonly n: number;
  readonly median: number;
  /** Standard deviation of one more run. */
  readonly sigma: number;
  readonly half: number;
  readonly lower: number | null;
  readonly upper: number | null;
}

/**
 * A bound that one more run of the same pipeline breaks with probability `falseAlarms`: the prediction limit
 * median +- t(n - 1) s sqrt(1 + 1/n), one-sided where one side is better (Hahn and Meeker 1991, 4.7). When all runs saw the
 * same pixels their scatter says nothing about other pixels: s is at least the median error of the values. null for fewer than 3 runs.
 */
export function proposeBound({ metric, keys, values, intervals }: RepeatedValues, direction: Metric['direction'], falseAlarms = 0.001): ProposedBound | null {
  const n = values.length;
  if (n < 3 || values.some(v => !Number.isFinite(v))) return null;
  const centre = median(values);
  const errors = intervals.flatMap(i => (i === null ? [] : [(i[1] - i[0]) / 2]));
  const sigma = Math.max(standardDeviation(values), errors.length > 0 ? median(errors) : 0);
  const isOneSided = direction === 'lower' || direction === 'higher';
  const half = studentQuantile(1 - (isOneSided ? falseAlarms : falseAlarms / 2), n - 1) * sigma * Math.sqrt(1 + 1 / n);
  return {
    metric, keys, n, median: centre, sigma, half,
    lower: direction === 'lower' ? null : centre - half, upper: direction === 'higher' ? null : centre + half,
  };
}

/** The proposals as a specification file. Numbers are rounded outward to three digits. */
export function boundsYaml(proposals: readonly ProposedBound[], metrics: readonly Metric[], falseAlarms: number): string {
  const documents = proposals.map(p => {
    const unit = metrics.find(m => m.name === p.metric)?.unit ?? '';
    const range = { lower: p.lower === null ? NaN : outward(p.lower, -1), upper: p.upper === null ? NaN : outward(p.upper, 1) };
    const name = ['usual', ...Object.values(p.keys).map(v => String(v).replace(/[^A-Za-z0-9_]+/g, '-'))].join('-');
    const bound = p.lower === null ? { threshold: { operator: '<=', value: range.upper, unit } }
      : p.upper === null ? { threshold: { operator: '>=', value: range.lower, unit } } : { range: { ...range, unit } };
    const text = stringify({ name, metric: p.metric, ...(Object.keys(p.keys).length > 0 && { keys: p.keys }), ...bound, severity: 'warn' });
    return `# ${p.n} runs: median ${short(p.median)}, sigma ${short(p.sigma)}\n${text}`;
  });
  return `# Proposed from repeated runs; one more run of the same pipeline breaks a bound with probability ${falseAlarms}.\n---\n${documents.join('---\n')}`;
}

function outward(value: number, sign: 1 | -1): number {
  if (value === 0) return 0;
  const step = 10 ** (Math.floor(Math.log10(Math.abs(value))) - 2);
  return Number(((sign > 0 ? Math.ceil(value / step) : Math.floor(value / step)) * step).toPrecision(3));
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}
