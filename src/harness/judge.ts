/** Specifications against measurements. Absence is never a pass. */
import type { Measurement, Metric, Severity, Specification, Verdict } from '../model/verification.ts';

export function isGating(severity: Severity): boolean {
  return severity === 'fail' || severity === 'block';
}

/**
 * One verdict for each specification and measurement that it holds for, at least one for each
 * specification. A specification without keys holds for the measurement without keys, or, when there is
 * none, for every measurement of its metric.
 */
export function judge(
  specifications: readonly Specification[], measurements: readonly Measurement[], metrics: readonly Metric[],
): Verdict[] {
  return specifications.flatMap(specification => {
    const metric = metrics.find(m => m.name === specification.metric);
    if (metric === undefined) return [verdictOf(specification, 'incomplete', null, null, NO_DEFINITION)];
    const candidates = measurements.filter(m => m.metric === specification.metric && contains(m.keys, specification.keys));
    const exact = candidates.filter(m => Object.keys(m.keys).length === Object.keys(specification.keys).length);
    const chosen = exact.length > 0 ? exact : candidates;
    if (chosen.length === 0) return [verdictOf(specification, 'incomplete', null, null, 'the metric was not measured')];
    return chosen.map(m => judgeOne({ ...specification, keys: m.keys }, m, metric.minimumN));
  });
}

/** A stored result may hold values of a metric whose definition is gone since; nobody can say what they mean. */
const NO_DEFINITION = 'the metric is not defined in metrics/*.yaml (any more)';

function contains(keys: Measurement['keys'], wanted: Measurement['keys']): boolean {
  return Object.entries(wanted).every(([key, value]) => keys[key] === value);
}

function judgeOne(specification: Specification, m: Measurement, minimumN: number): Verdict {
  const { type, severity, decision } = specification;
  if (m.status === 'not-applicable') return verdictOf(specification, 'note', m, null, `not applicable: ${m.reason ?? 'no reason given'}`);
  if (m.status !== 'ok') return verdictOf(specification, 'incomplete', m, null, `${m.status}: ${m.reason ?? 'no reason given'}`);
  if (m.value === null || !Number.isFinite(m.value)) return verdictOf(specification, 'incomplete', m, null, 'invalid: there is no finite value');
  if (m.unit !== specification.unit) return verdictOf(specification, 'incomplete', m, null, `invalid: unit '${m.unit}', expected '${specification.unit}'`);
  if ((m.n ?? 0) < minimumN) {
    return verdictOf(specification, 'incomplete', m, null, `the sample is too small: n = ${m.n ?? 0}, at least ${minimumN} needed`);
  }
  if (type === 'exists') return verdictOf(specification, severity === 'note' ? 'note' : 'pass', m, null, 'measured');
  if (decision === 'bound' && m.interval === null) return verdictOf(specification, 'incomplete', m, null, 'the decision needs an interval and there is none');
  const margin = decision === 'bound' ? pessimisticMargin(specification, m.interval!) : marginOf(specification, m.value);
  const holds = isStrict(specification) ? margin > 0 : margin >= 0;
  const what = `${decision === 'bound' ? 'the end of the interval' : 'the value'} is ${holds ? 'inside' : 'outside'} the bound`;
  if (severity === 'note') return verdictOf(specification, 'note', m, margin, what);
  return verdictOf(specification, holds ? 'pass' : 'fail', m, margin, what);
}

/** The margin at the worse end of the interval; a value that must not be hit is hit by an interval around it. */
function pessimisticMargin(specification: Specification, interval: readonly [number, number]): number {
  const { type, operator, bound = NaN } = specification;
  if (type === 'threshold' && operator === '!=' && interval[0] <= bound && bound <= interval[1]) return 0;
  return Math.min(...interval.map(x => marginOf(specification, x)));
}

function isStrict({ type, operator }: Specification): boolean {
  return type === 'threshold' && (operator === '<' || operator === '>' || operator === '!=');
}

/** Distance from the value to the bound, positive on the good side. */
function marginOf({ type, operator, bound = NaN, range = [NaN, NaN] }: Specification, x: number): number {
  if (type === 'range') return Math.min(x - range[0], range[1] - x);
  switch (operator) {
    case '<': case '<=': return bound - x;
    case '>': case '>=': return x - bound;
    case '!=': return Math.abs(x - bound);
    default: return 0 - Math.abs(x - bound);
  }
}

function verdictOf(specification: Specification, status: Verdict['status'], m: Measurement | null, margin: number | null, reason: string): Verdict {
  return { specification, status, value: m?.value ?? null, interval: m?.interval ?? null, n: m?.n ?? null, margin, reason };
}
