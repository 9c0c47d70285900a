/** Specifications against measurements. Absence is never a pass. */
import type { KeyValues, Severity, Specification, Waiver } from '../model/specification.ts';
import type { Measurement, Metric, Verdict } from '../model/verification.ts';
import { whyNotApplicable } from './applicability.ts';
import { resolveBound } from './bounds.ts';
import type { BoundContext } from './bounds.ts';
import { waive } from './waivers.ts';

export function isGating(severity: Severity): boolean {
  return severity === 'fail' || severity === 'block';
}

/** What a judgement may know besides the measurements. */
export interface JudgeContext extends BoundContext {
  /** Facts of the run that `when` may ask for: dataset, instrument, pipeline, workers ... */
  readonly facts: KeyValues;
  readonly waivers: readonly Waiver[];
}

/** No baseline, no history, no date: only constant bounds can be judged. */
export const NO_CONTEXT: JudgeContext = {
  date: null, profile: null, fingerprint: null, facts: {}, waivers: [],
  references: { baseline: () => null, history: () => [] },
};

/**
 * One verdict for each specification and measurement that it holds for, at least one for each
 * specification. A specification without keys holds for the measurement without keys, or, when there is
 * none, for every measurement of its metric; one that is a function of a key holds for all that have the key. Gates
 * that close come first, the gravest and the farthest outside (in standard errors) before the others; the rest keeps its order.
 */
export function judge(
  specifications: readonly Specification[], measurements: readonly Measurement[], metrics: readonly Metric[],
  context: JudgeContext = NO_CONTEXT,
): Verdict[] {
  const metricOf = new Map(metrics.map(m => [m.name, m]));
  const measured = Map.groupBy(measurements, m => m.metric);
  const verdicts = specifications.flatMap(specification => {
    const metric = metricOf.get(specification.metric);
    if (metric === undefined) return [verdictOf(specification, 'incomplete', null, NO_DEFINITION)];
    const chosen = measurementsFor(specification, measured.get(specification.metric) ?? []);
    if (chosen.length === 0) return [verdictOfNone(specification, context)];
    return chosen.map(m => judgeOne({ ...specification, keys: m.keys }, m, metric, context));
  });
  return worstFirst(verdicts.map(v => waive(quarantined(v), metricOf.get(v.specification.metric), context)));
}

/** A stored result may hold values of a metric whose definition is gone since; nobody can say what they mean. */
const NO_DEFINITION = 'the metric is not defined in metrics/*.yaml (any more)';

function measurementsFor({ keys, function: by }: Specification, measurements: readonly Measurement[]): readonly Measurement[] {
  const candidates = measurements.filter(m => Object.entries(keys).every(([key, value]) => m.keys[key] === value));
  if (by !== undefined) return candidates.filter(m => m.keys[by.of] !== undefined);
  const exact = candidates.filter(m => Object.keys(m.keys).length === Object.keys(keys).length);
  return exact.length > 0 ? exact : candidates;
}

function verdictOfNone(specification: Specification, { facts, date }: JudgeContext): Verdict {
  const why = whyNotApplicable(specification, specification.keys, facts, date);
  if (why !== null) return verdictOf(specification, 'note', null, `not applicable: ${why}`);
  return verdictOf(specification, 'incomplete', null, 'the metric was not measured');
}

function judgeOne(specification: Specification, m: Measurement, metric: Metric, context: JudgeContext): Verdict {
  const why = whyNotApplicable(specification, m.keys, context.facts, context.date);
  if (why !== null) return verdictOf(specification, 'note', m, `not applicable: ${why}`);
  if (m.status === 'not-applicable') return verdictOf(specification, 'note', m, `not applicable: ${m.reason ?? 'no reason given'}`);
  if (m.status !== 'ok') return verdictOf(specification, 'incomplete', m, `${m.status}: ${m.reason ?? 'no reason given'}`);
  if (m.value === null || !Number.isFinite(m.value)) return verdictOf(specification, 'incomplete', m, 'invalid: there is no finite value');
  if (m.unit !== specification.unit) return verdictOf(specification, 'incomplete', m, `invalid: unit '${m.unit}', expected '${specification.unit}'`);
  if ((m.n ?? 0) < metric.minimumN) {
    return verdictOf(specification, 'incomplete', m, `the sample is too small: n = ${m.n ?? 0}, at least ${metric.minimumN} needed`);
  }
  const isNote = specification.severity === 'note';
  if (specification.type === 'exists') return verdictOf(specification, isNote ? 'note' : 'pass', m, 'measured');
  const resolved = resolveBound(specification, m, metric, context);
  if ('unresolved' in resolved) return verdictOf(specification, resolved.isSoft ? 'note' : 'incomplete', m, resolved.unresolved);
  const { status, margin, reason } = compared(resolved.specification, m);
  const verdict = { ...verdictOf(resolved.specification, isNote ? 'note' : status, m, reason), margin };
  return resolved.origin === null ? verdict : { ...verdict, origin: resolved.origin };
}

function compared(specification: Specification, { value, interval }: Measurement): Pick<Verdict, 'status' | 'margin' | 'reason'> {
  const holds = (x: number): boolean => (isStrict(specification) ? marginOf(specification, x) > 0 : marginOf(specification, x) >= 0);
  const isInside = holds(value!);
  if (specification.decision === 'point') {
    return { status: isInside ? 'pass' : 'fail', margin: marginOf(specification, value!), reason: `the value is ${isInside ? 'inside' : 'outside'} the bound` };
  }
  if (interval === null) return { status: 'incomplete', margin: null, reason: 'the decision needs an interval and there is none' };
  const ends = widened(value!, interval, specification.sigmas ?? 1);
  const margin = pessimisticMargin(specification, ends);
  if (isStrict(specification) ? margin > 0 : margin >= 0) return { status: 'pass', margin, reason: 'the whole interval is inside the bound' };
  if (!isInside && !mayHold(specification, ends)) return { status: 'fail', margin, reason: 'the whole interval is outside the bound' };
  return {
    status: 'incomplete', margin,
    reason: `too close to call: the bound lies within the interval, the value is ${isInside ? 'inside' : 'outside'}; a larger sample would tell`,
  };
}

function widened(value: number, [lo, hi]: readonly [number, number], sigmas: number): readonly [number, number] {
  return [value - sigmas * (value - lo), value + sigmas * (hi - value)];
}

/** The margin at the worse end of the interval; a value that must not be hit is hit by an interval around it. */
function pessimisticMargin(specification: Specification, interval: readonly [number, number]): number {
  const { type, operator, bound = NaN } = specification;
  if (type === 'threshold' && operator === '!=' && interval[0] <= bound && bound <= interval[1]) return 0;
  return Math.min(...interval.map(x => marginOf(specification, x)));
}

/** True when some value of the interval is allowed. */
function mayHold(specification: Specification, [lo, hi]: readonly [number, number]): boolean {
  const { type, operator, bound = NaN, range = [NaN, NaN] } = specification;
  if (type === 'range') return lo <= range[1] && hi >= range[0];
  if (operator === '==') return lo <= bound && bound <= hi;
  if (operator === '!=') return lo !== bound || hi !== bound;
  return [lo, hi].some(x => (isStrict(specification) ? marginOf(specification, x) > 0 : marginOf(specification, x) >= 0));
}

function isStrict({ type, operator }: Specification): boolean {
  return type === 'threshold' && (operator === '<' || operator === '>' || operator === '!=');
}

/** Distance from the value to the bound, positive on the good side. */
export function marginOf({ type, operator, bound = NaN, range = [NaN, NaN] }: Specification, x: number): number {
  if (type === 'range') return Math.min(x - range[0], range[1] - x);
  switch (operator) {
    case '<': case '<=': return bound - x;
    case '>': case '>=': return x - bound;
    case '!=': return Math.abs(x - bound);
    default: return 0 - Math.abs(x - bound);
  }
}

/** A quarantined specification is judged as ever, but what it says is a note. */
function quarantined(verdict: Verdict): Verdict {
  const { quarantine } = verdict.specification;
  if (quarantine === undefined) return verdict;
  const word = verdict.status === 'note' ? '' : `; without the quarantine: ${verdict.status}`;
  return { ...verdict, status: 'note', reason: `quarantined (${quarantine}): ${verdict.reason}${word}` };
}

const GRAVEST_FIRST: readonly Severity[] = ['block', 'fail'];

function worstFirst(verdicts: readonly Verdict[]): Verdict[] {
  const rank = ({ status, specification: { severity } }: Verdict): number =>
    (status === 'fail' && isGating(severity) ? GRAVEST_FIRST.indexOf(severity) : GRAVEST_FIRST.length);
  return [...verdicts].sort((a, b) => rank(a) - rank(b) || (rank(a) < GRAVEST_FIRST.length ? excessOf(b) - excessOf(a) : 0));
}

/** How far outside the bound, in standard errors; without an error in units of the bound, which may be compared less. */
function excessOf({ margin, interval, specification: { bound, range } }: Verdict): number {
  const scale = interval !== null && interval[1] > interval[0] ? (interval[1] - interval[0]) / 2
    : Math.max(Math.abs(bound ?? 0), ...(range ?? [0]).map(Math.abs));
  return scale > 0 ? Math.abs(margin ?? 0) / scale : 0;
}

function verdictOf(specification: Specification, status: Verdict['status'], m: Measurement | null, reason: string): Verdict {
  return { specification, status, value: m?.value ?? null, interval: m?.interval ?? null, n: m?.n ?? null, margin: null, reason };
}
