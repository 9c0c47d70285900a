/** The bound that is in force: constants, profiles by date, functions of the data ID, references to other runs. */
import type { Allowance, FunctionRule, KeyValues, ReferenceRule, Specification } from '../model/specification.ts';
import type { Direction, Measurement, Metric } from '../model/verification.ts';
import { madSigma, median } from '../numeric/statistics.ts';

/** What an earlier run measured. */
export interface ReferenceValue {
  readonly value: number;
  readonly interval: readonly [number, number] | null;
  readonly definitionHash: string;
  /** null: of another tool, or not known. */
  readonly fingerprint: string | null;
  /** How a reader finds the run. */
  readonly run: string;
}

/** Earlier values of a metric at given keys. */
export interface References {
  readonly baseline: (metric: string, keys: KeyValues) => ReferenceValue | null;
  /** Newest first, without the run that is judged. */
  readonly history: (metric: string, keys: KeyValues) => readonly ReferenceValue[];
}

export interface BoundContext {
  /** ISO date that profiles are chosen by; null: the loosest. */
  readonly date: string | null;
  /** Name of a profile that is to be used whatever the date. */
  readonly profile: string | null;
  readonly fingerprint: string | null;
  readonly references: References;
}

export type ResolvedBound =
  | { readonly specification: Specification; readonly origin: string | null }
  /** `isSoft`: the rule says that nothing to compare with is a note. */
  | { readonly unresolved: string; readonly isSoft: boolean };

/** A threshold or range that can be compared with the measurement, and how it was found. */
export function resolveBound(specification: Specification, m: Measurement, metric: Metric, context: BoundContext): ResolvedBound {
  const { type, rule, function: by } = specification;
  if (by !== undefined) return functionBound(specification, by, m.keys);
  if (rule === undefined) return profiled(specification, context);
  const reference = referenceOf(type, rule, m, metric, context);
  if ('unresolved' in reference) return { ...reference, isSoft: rule.missing === 'note' };
  const half = reference.allowance;
  const origin = `${reference.text}, allowed ${short(half)} ${half === 0 ? '' : `(${allowanceText(rule)})`}`.trim();
  return { specification: bounded(specification, reference.value, half, metric.direction, rule.side), origin };
}

function profiled(specification: Specification, { date, profile }: BoundContext): ResolvedBound {
  const { profiles } = specification;
  if (profiles === undefined) return { specification, origin: null };
  const named = profile === null ? undefined : profiles.find(p => p.name === profile);
  const chosen = named ?? (profile !== null || date === null ? undefined : profiles.filter(p => p.from <= date).at(-1));
  if (chosen === undefined) return { specification, origin: null };
  const { bound, range, name, from } = chosen;
  return { specification: { ...specification, ...(bound !== undefined && { bound }), ...(range && { range }) }, origin: `profile ${name}, from ${from}` };
}

function functionBound(specification: Specification, { of, operator, values, points }: FunctionRule, keys: KeyValues): ResolvedBound {
  const key = keys[of];
  const bound = key === undefined ? undefined : points === undefined ? values![String(key)] : interpolated(points, middleOf(key));
  if (bound === undefined) return { unresolved: `there is no bound for ${of} ${key ?? '(none)'}`, isSoft: false };
  return { specification: { ...specification, type: 'threshold', operator, bound }, origin: `function of ${of}, ${key}` };
}

/** `20.0..20.5` stands for its middle. */
function middleOf(key: string | number): number {
  if (typeof key === 'number') return key;
  const ends = key.split('..').map(Number);
  return ends.reduce((sum, x) => sum + x, 0) / ends.length;
}

function interpolated(points: readonly (readonly [number, number])[], x: number): number | undefined {
  const after = points.findIndex(([px]) => px >= x);
  if (after < 0 || !Number.isFinite(x)) return undefined;
  const [x1, y1] = points[after]!;
  if (x1 === x) return y1;
  if (after === 0) return undefined;
  const [x0, y0] = points[after - 1]!;
  return y0 + ((y1 - y0) * (x - x0)) / (x1 - x0);
}

type Reference = { readonly value: number; readonly allowance: number; readonly text: string } | { readonly unresolved: string };

function referenceOf(type: Specification['type'], rule: ReferenceRule, m: Measurement, metric: Metric, context: BoundContext): Reference {
  if (type === 'relative') return againstBaseline(rule, m, metric, context);
  const { usable, ignored } = comparable(context.references.history(m.metric, m.keys), m, metric, context);
  const recent = usable.slice(0, rule.runs);
  if (recent.length < rule.minimumRuns) {
    return { unresolved: `nothing to compare with: ${count(recent.length)} in the history, at least ${rule.minimumRuns} needed${ignored}` };
  }
  const values = recent.map(r => r.value);
  return type === 'best' ? againstBest(rule, recent, m, metric) : againstWindow(rule, values);
}

function againstBaseline(rule: ReferenceRule, m: Measurement, metric: Metric, context: BoundContext): Reference {
  const baseline = context.references.baseline(m.metric, m.keys);
  if (baseline === null) return { unresolved: 'nothing to compare with: the baseline has no value of this metric' };
  const { usable, ignored } = comparable([baseline], m, metric, context);
  if (usable.length === 0) return { unresolved: `the baseline is not comparable${ignored}` };
  return {
    value: baseline.value, text: `baseline ${short(baseline.value)}`,
    allowance: allowanceOf(rule, baseline.value, Math.hypot(sigmaOf(baseline.interval), sigmaOf(m.interval))),
  };
}

/** The median of the runs; their scatter from the MAD, widened for the error of the median itself. */
function againstWindow(rule: ReferenceRule, values: readonly number[]): Reference {
  const centre = median(values);
  const scatter = madSigma(values, centre) * Math.sqrt(1 + Math.PI / (2 * values.length));
  return { value: centre, text: `median ${short(centre)} of the last ${count(values.length)}`, allowance: allowanceOf(rule, centre, scatter) };
}

/** The best of many noisy values is better than the truth: `sigmas` has to allow for that. */
function againstBest(rule: ReferenceRule, runs: readonly ReferenceValue[], m: Measurement, metric: Metric): Reference {
  if (metric.direction !== 'lower' && metric.direction !== 'higher') return { unresolved: 'the metric has no better side, so no run is the best' };
  const sign = metric.direction === 'lower' ? 1 : -1;
  const best = runs.reduce((a, b) => (sign * b.value < sign * a.value ? b : a));
  return {
    value: best.value, text: `best ${short(best.value)} of the last ${count(runs.length)} (${best.run})`,
    allowance: allowanceOf(rule, best.value, Math.hypot(sigmaOf(best.interval), sigmaOf(m.interval))),
  };
}

/** Values of the same definition and, for times and memory, of the same kind of machine. */
function comparable(
  references: readonly ReferenceValue[], m: Measurement, metric: Metric, { fingerprint }: BoundContext,
): { usable: ReferenceValue[]; ignored: string } {
  const sameMeaning = references.filter(r => r.definitionHash === m.definitionHash);
  const usable = metric.tags.includes('resource') ? sameMeaning.filter(r => r.fingerprint !== null && r.fingerprint === fingerprint) : sameMeaning;
  const reasons = [
    references.length > sameMeaning.length ? `${references.length - sameMeaning.length} of another definition` : '',
    sameMeaning.length > usable.length ? `${sameMeaning.length - usable.length} of another machine` : '',
  ].filter(reason => reason !== '');
  return { usable, ignored: reasons.length === 0 ? '' : ` (${reasons.join(', ')})` };
}

function allowanceOf({ percent, absolute, sigmas }: Allowance, reference: number, sigma: number): number {
  return Math.max((Math.abs(reference) * percent) / 100, absolute, sigmas * sigma);
}

function sigmaOf(interval: readonly [number, number] | null): number {
  return interval === null ? 0 : (interval[1] - interval[0]) / 2;
}

function bounded(specification: Specification, reference: number, half: number, direction: Direction, side: 'worse' | 'both'): Specification {
  if (side === 'worse' && direction === 'lower') return { ...specification, type: 'threshold', operator: '<=', bound: reference + half };
  if (side === 'worse' && direction === 'higher') return { ...specification, type: 'threshold', operator: '>=', bound: reference - half };
  return { ...specification, type: 'range', range: [reference - half, reference + half] };
}

function allowanceText({ percent, absolute, sigmas }: Allowance): string {
  return `the largest of ${[percent > 0 ? `${percent} %` : '', absolute > 0 ? short(absolute) : '', sigmas > 0 ? `${sigmas} sigma` : '']
    .filter(part => part !== '').join(', ')}`.replace(/^the largest of ([^,]*)$/, '$1');
}

function count(n: number): string {
  return `${n} ${n === 1 ? 'run' : 'runs'}`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(5)));
}
