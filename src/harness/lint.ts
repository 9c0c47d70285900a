/** Faults in definitions that no run would tell: dead specifications, metrics that nobody computes, levels out of order. */
import type { Level, Specification, Waiver } from '../model/specification.ts';
import type { Metric } from '../model/verification.ts';
import { nearest } from './nearestNames.ts';

export type LintRule =
  | 'level-order' | 'profile-order' | 'dead-specification' | 'unmeasured-metric' | 'undefined-metric' | 'metric-without-specification'
  | 'loosened-bound' | 'removed-specification' | 'wrong-side' | 'expired-waiver' | 'unknown-waiver' | 'no-gate' | 'needs-interval' | 'sentinel';

export interface Finding {
  readonly rule: LintRule;
  readonly severity: 'error' | 'warning' | 'note';
  /** `file:line` where there is one. */
  readonly where: string;
  readonly message: string;
}

export interface LintInput {
  readonly metrics: readonly Metric[];
  readonly specifications: readonly Specification[];
  /** Names that measures compute. */
  readonly measured: readonly string[];
  /** Names that a pipeline or another tool says it computes. */
  readonly claimed?: readonly { readonly metric: string; readonly where: string }[];
  readonly waivers?: readonly Waiver[];
  /** The specifications of an earlier revision. */
  readonly earlier?: readonly Specification[];
  /** Facts that `when` may ask for. */
  readonly facts?: readonly string[];
  /** ISO date of today. */
  readonly date: string;
}

/** All findings, errors first. An empty set of definitions is a finding: a check that has seen nothing must not pass. */
export function lint(input: LintInput): Finding[] {
  const { metrics, specifications } = input;
  const byName = new Map(metrics.map(m => [m.name, m]));
  const findings = [
    ...levelOrder(specifications), ...specifications.flatMap(s => profileOrder(s)),
    ...specifications.flatMap(s => [...wrongSide(s, byName.get(s.metric)), ...needsInterval(s, byName.get(s.metric))]),
    ...coverage(input, byName), ...deadSpecifications(input), ...loosened(input), ...waiverFindings(input),
    ...(specifications.some(s => s.severity === 'fail' || s.severity === 'block') ? []
      : [{ rule: 'no-gate', severity: 'error', where: '', message: 'no specification gates: nothing would be verified' } as const]),
  ];
  const rank = { error: 0, warning: 1, note: 2 };
  return findings.sort((a, b) => rank[a.severity] - rank[b.severity]);
}

const LEVELS: readonly Level[] = ['minimum', 'design', 'stretch'];

/** minimum may not be tighter than design, nor design than stretch, for the same metric, keys and conditions. */
function levelOrder(specifications: readonly Specification[]): Finding[] {
  const levelled = specifications.flatMap(s => {
    const level = s.level ?? LEVELS.find(l => new RegExp(`(^|[._-])${l}([._-]|$)`).test(s.name.split('.').at(-1)!));
    return level === undefined || s.bound === undefined ? [] : [{ s, level, group: JSON.stringify([s.metric, s.keys, s.when ?? null, s.name.replace(level, '')]) }];
  });
  return [...Map.groupBy(levelled, ({ group }) => group).values()].flatMap(members => members.flatMap(({ s, level }) => {
    const next = members.find(other => LEVELS.indexOf(other.level) > LEVELS.indexOf(level));
    if (next === undefined || tightness(next.s) >= tightness(s)) return [];
    return [{
      rule: 'level-order', severity: 'error', where: s.source,
      message: `${s.metric}: ${level} (${s.operator} ${s.bound}) is tighter than ${next.level} (${next.s.operator} ${next.s.bound})`,
    } as const];
  }));
}

/** Larger is tighter; NaN when bounds of two specifications cannot be compared. */
function tightness({ operator, bound = NaN, range }: Specification): number {
  if (range !== undefined) return range[0] - range[1];
  if (operator === '<' || operator === '<=') return -bound;
  return operator === '>' || operator === '>=' ? bound : NaN;
}

function profileOrder(s: Specification): Finding[] {
  const steps = [s, ...(s.profiles ?? []).map(p => ({ ...s, bound: p.bound ?? s.bound, range: p.range ?? s.range }))];
  return steps.slice(1).flatMap((step, k) => (tightness(step) >= tightness(steps[k]!) ? [] : [{
    rule: 'profile-order', severity: 'error', where: s.source,
    message: `${s.name}: profile ${s.profiles![k]!.name} is looser than what holds before it`,
  } as const]));
}

function wrongSide(s: Specification, metric: Metric | undefined): Finding[] {
  const isUpper = s.operator === '<' || s.operator === '<=';
  const isLower = s.operator === '>' || s.operator === '>=';
  if ((metric?.direction === 'lower' && isLower) || (metric?.direction === 'higher' && isUpper)) {
    return [{ rule: 'wrong-side', severity: 'warning', where: s.source, message: `${s.name} bounds the better side: ${metric.direction} is better` }];
  }
  if (isUpper && metric?.direction === 'lower' && s.unit === 's' && s.bound! > 0 && metric.minimumN === 0) {
    return [{ rule: 'sentinel', severity: 'warning', where: s.source, message: `${s.name}: a sentinel below zero would pass; give the metric a minimum sample` }];
  }
  return [];
}

function needsInterval(s: Specification, metric: Metric | undefined): Finding[] {
  if (s.decision !== 'bound' || metric?.interval !== 'none') return [];
  return [{ rule: 'needs-interval', severity: 'error', where: s.source, message: `${s.name} decides by the interval, and ${s.metric} has none` }];
}

function coverage({ metrics, specifications, measured, claimed = [] }: LintInput, byName: ReadonlyMap<string, Metric>): Finding[] {
  const names = [...byName.keys()];
  const computed = new Set([...measured, ...claimed.map(c => c.metric)]);
  const demanded = new Set(specifications.map(s => s.metric));
  const unknown = [...measured.map(metric => ({ metric, where: 'metrics/measures' })), ...claimed].filter(({ metric }) => !byName.has(metric));
  return [
    ...unknown.map(({ metric, where }): Finding => ({
      rule: 'undefined-metric', severity: 'error', where,
      message: `${metric} is computed but not defined${names.length === 0 ? '' : `; the nearest names are ${nearest(metric, names).join(', ')}`}`,
    })),
    ...metrics.filter(m => !computed.has(m.name)).map((m): Finding => ({
      rule: 'unmeasured-metric', severity: 'error', where: '', message: `${m.name} is defined and nobody computes it`,
    })),
    ...metrics.filter(m => !demanded.has(m.name)).map((m): Finding => ({
      rule: 'metric-without-specification', severity: 'note', where: '', message: `${m.name} has no specification: whatever it is, nothing happens`,
    })),
  ];
}

/** A specification that can never be judged: its metric is computed by nobody, or a condition asks for a fact that nobody gives. */
function deadSpecifications({ metrics, specifications, measured, claimed = [], facts, date }: LintInput): Finding[] {
  const computed = new Set([...measured, ...claimed.map(c => c.metric)]);
  const known = new Set(metrics.map(m => m.name));
  return specifications.flatMap(s => {
    const strange = facts === undefined ? undefined : Object.keys(s.when ?? {}).find(name => !facts.includes(name));
    const why = !known.has(s.metric) ? 'its metric is not defined' : !computed.has(s.metric) ? 'nobody computes its metric'
      : strange !== undefined ? `nobody gives the fact '${strange}' of its conditions`
        : s.valid?.until !== undefined && s.valid.until < date ? `it held until ${s.valid.until}` : null;
    return why === null ? [] : [{ rule: 'dead-specification', severity: 'error', where: s.source, message: `${s.name} is dead: ${why}` } as const];
  });
}

function loosened({ specifications, earlier = [] }: LintInput): Finding[] {
  return earlier.flatMap((before): Finding[] => {
    const now = specifications.find(s => s.name === before.name);
    if (now === undefined) return [{ rule: 'removed-specification', severity: 'warning', where: before.source, message: `${before.name} is gone` }];
    const isLooser = tightness(now) < tightness(before)
      || (before.operator === now.operator && allowanceOf(now) > allowanceOf(before));
    const isSofter = SEVERITIES.indexOf(now.severity) < SEVERITIES.indexOf(before.severity)
      || (now.quarantine !== undefined && before.quarantine === undefined);
    if (!isLooser && !isSofter) return [];
    const change = isLooser ? `${demand(before)} became ${demand(now)}` : `${before.severity} became ${now.quarantine === undefined ? now.severity : 'quarantined'}`;
    return [{ rule: 'loosened-bound', severity: 'warning', where: now.source, message: `${now.name} is looser than before: ${change}` }];
  });
}

const SEVERITIES = ['note', 'warn', 'fail', 'block'] as const;

function allowanceOf({ rule }: Specification): number {
  return rule === undefined ? NaN : rule.percent + rule.absolute + rule.sigmas;
}

function demand({ operator, bound, range, rule }: Specification): string {
  if (range !== undefined) return `${range[0]} .. ${range[1]}`;
  return rule === undefined ? `${operator} ${bound}` : `${rule.percent} %, ${rule.absolute}, ${rule.sigmas} sigma`;
}

function waiverFindings({ waivers = [], specifications, date }: LintInput): Finding[] {
  const names = specifications.map(s => s.name);
  return waivers.flatMap((w): Finding[] => {
    if (!names.includes(w.spec)) {
      return [{ rule: 'unknown-waiver', severity: 'error', where: w.source, message: `a waiver of ${w.spec}, which does not exist; the nearest names are ${nearest(w.spec, names).join(', ')}` }];
    }
    return w.expires < date ? [{ rule: 'expired-waiver', severity: 'warning', where: w.source, message: `the waiver of ${w.spec} by ${w.owner} has expired on ${w.expires}` }] : [];
  });
}
