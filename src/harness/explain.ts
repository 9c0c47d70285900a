/** A metric in words: what it is, where its values come from, what is demanded of it, what it was. */
import { ApError } from '../model/errors.ts';
import type { Metric, Specification, VerificationResult } from '../model/verification.ts';
import type { HistoryValue } from './history.ts';
import { nearest } from './nearestNames.ts';
import { boundText } from './verdict.ts';

export interface ExplainInput {
  readonly metrics: readonly Metric[];
  readonly specifications: readonly Specification[];
  /** Dataset types and digests that the measure reads; null when nobody measures it. */
  readonly requires: readonly string[] | null;
  readonly result: VerificationResult | null;
  /** Newest first. */
  readonly history: readonly HistoryValue[];
}

/** Throws BAD_METRIC with the nearest names. */
export function explain(name: string, { metrics, specifications, requires, result, history }: ExplainInput): string {
  const metric = metrics.find(m => m.name === name);
  if (metric === undefined) throw new ApError('BAD_METRIC', { found: name, expected: nearest(name, metrics.map(m => m.name)).join(', ') });
  const better = { lower: 'lower is better', higher: 'higher is better', target: 'near its target is better', neither: 'neither side is better' }[metric.direction];
  const lines = [
    `${metric.name}: ${metric.title}`, metric.description, '',
    `formula     ${metric.formula}`, `unit        ${metric.unit === '' ? 'none' : metric.unit}, ${better}`,
    `interval    ${metric.interval}, minimum sample ${metric.minimumN}`, `version     ${metric.version}, definition ${metric.definitionHash.slice(0, 12)}`,
    ...(metric.reference === '' ? [] : [`source      ${metric.reference}`]),
    ...(metric.requirements === undefined ? [] : [`requirement ${metric.requirements.join(', ')}`]),
    ...(metric.aliases === undefined ? [] : [`was called  ${metric.aliases.map(a => a.name).join(', ')}`]),
    `reads       ${requires === null ? 'nobody measures it' : requires.join(', ') || 'facts of the run'}`,
    ...demandLines(specifications.filter(s => s.metric === name), result), ...valueLines(name, result), ...historyLines(history),
  ];
  return `${lines.join('\n')}\n`;
}

function demandLines(specifications: readonly Specification[], result: VerificationResult | null): string[] {
  if (specifications.length === 0) return ['bounds      none: whatever it is, nothing happens'];
  return specifications.flatMap((s, k) => {
    const verdicts = result?.verdicts.filter(v => v.specification.name === s.name) ?? [];
    const head = `${k === 0 ? 'bounds' : ''}`.padEnd(12);
    return [`${head}${s.name.split('.').at(-1)}: ${boundText(s)}, severity ${s.severity}, decided by ${s.decision} (${s.source})`,
      ...verdicts.map(v => `            ${keysText(v.specification.keys)}${v.status}, bound ${boundText(v.specification)}${v.origin === undefined ? '' : ` (${v.origin})`}: ${v.reason}`)];
  });
}

function valueLines(name: string, result: VerificationResult | null): string[] {
  return (result?.measurements ?? []).filter(m => m.metric === name).map((m, k) => {
    const value = m.value === null ? `${m.status}: ${m.reason}` : `${short(m.value)} ${m.unit}`.trim();
    const interval = m.interval === null ? '' : ` (${short(m.interval[0])} .. ${short(m.interval[1])})`;
    return `${(k === 0 ? 'value' : '').padEnd(12)}${keysText(m.keys)}${value}${interval}${m.n === null ? '' : `, n = ${m.n}`}`;
  });
}

function historyLines(history: readonly HistoryValue[]): string[] {
  return history.slice(0, 10).map((v, k) =>
    `${(k === 0 ? 'history' : '').padEnd(12)}${v.run.started.slice(0, 16)} ${keysText(v.keys)}${v.value === null ? v.status : short(v.value)} ${v.run.revision ?? ''}`);
}

function keysText(keys: Readonly<Record<string, string | number>>): string {
  const text = Object.entries(keys).map(([k, v]) => `${k} ${v}`).join(', ');
  return text === '' ? '' : `${text}: `;
}

function short(value: number): string {
  return String(Number(value.toPrecision(5)));
}
