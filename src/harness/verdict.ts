/** The verdict on a run: an exit code and one sentence that says which and why. */
import type { Metric, QuantumReport, Verdict, VerificationResult } from '../model/verification.ts';
import { isGating } from './judge.ts';

export interface VerdictInput {
  readonly verdicts: readonly Verdict[];
  readonly metrics: readonly Metric[];
  readonly quanta: readonly QuantumReport[];
}

/**
 * 3 when the pipeline failed (its numbers cannot be trusted), else 1 when a gating specification
 * fails, else 2 when one is incomplete or there is none at all, else 0.
 */
export function overallVerdict({ verdicts, metrics, quanta }: VerdictInput): VerificationResult['verdict'] {
  const gating = verdicts.filter(v => isGating(v.specification.severity) && v.status !== 'note' && v.status !== 'waived');
  const absent = verdicts.filter(v => isGating(v.specification.severity) && v.status === 'note');
  const failing = gating.filter(v => v.status === 'fail');
  const incomplete = gating.filter(v => v.status === 'incomplete');
  const failed = quanta.filter(q => q.status === 'failed');
  const titled = (v: Verdict): string => describe(v, metrics);
  if (failed.length > 0) return { exitCode: 3, status: 'pipeline-failed', sentence: pipelineSentence(failed, quanta) };
  if (failing.length > 0) {
    const rest = incomplete.length > 0 ? ` ${count(incomplete.length, 'more is', 'more are')} incomplete.` : '';
    return { exitCode: 1, status: 'fail', sentence: `${of(failing.length, gating.length)} ${failing.length === 1 ? 'fails' : 'fail'}: ${listed(failing.map(titled))}.${rest}` };
  }
  if (incomplete.length > 0) {
    return { exitCode: 2, status: 'incomplete', sentence: `${of(incomplete.length, gating.length)} ${incomplete.length === 1 ? 'is' : 'are'} incomplete: ${listed(incomplete.map(titled))}.` };
  }
  if (gating.length === 0) return { exitCode: 2, status: 'incomplete', sentence: 'No gating specification applies, so nothing was verified.' };
  return { exitCode: 0, status: 'pass', sentence: `${gating.length === 1 ? 'The one gating specification passes' : `All ${gating.length} gating specifications pass`}${warnings(verdicts)}.${waivedSentence(verdicts, metrics)}${notApplicable(absent, metrics)}` };
}

/** Gates that did not close because there is nothing to judge must be seen, or a smaller data query would pass unnoticed. */
function notApplicable(absent: readonly Verdict[], metrics: readonly Metric[]): string {
  if (absent.length === 0) return '';
  const names = [...new Set(absent.map(v => metrics.find(m => m.name === v.specification.metric)?.title ?? v.specification.metric))];
  return ` ${count(absent.length, 'does', 'do')} not apply to this run: ${names.slice(0, 5).join(', ')}${names.length > 5 ? ' ...' : ''}.`;
}

function waivedSentence(verdicts: readonly Verdict[], metrics: readonly Metric[]): string {
  const waived = verdicts.filter(v => v.status === 'waived');
  if (waived.length === 0) return '';
  const parts = waived.map(({ specification: s, waiver }) => `${metrics.find(m => m.name === s.metric)?.title ?? s.metric} by ${waiver!.owner} until ${waiver!.expires}`);
  return ` ${count(waived.length, 'is', 'are')} waived: ${listed(parts)}.`;
}

function warnings(verdicts: readonly Verdict[]): string {
  const n = verdicts.filter(v => v.specification.severity === 'warn' && (v.status === 'fail' || v.status === 'incomplete')).length;
  return n === 0 ? '' : `; ${count(n, 'warning', 'warnings')}`;
}

function of(n: number, total: number): string {
  return `${n} of ${count(total, 'gating specification', 'gating specifications')}`;
}

function count(n: number, one: string, many: string): string {
  return `${n} ${n === 1 ? one : many}`;
}

/** The first three, and how many more. */
function listed(parts: readonly string[]): string {
  const shown = parts.slice(0, 3).join('; ');
  return parts.length > 3 ? `${shown}; and ${parts.length - 3} more` : shown;
}

function describe({ specification: s, status, value, reason, origin }: Verdict, metrics: readonly Metric[]): string {
  const title = metrics.find(m => m.name === s.metric)?.title ?? s.metric;
  const keys = Object.entries(s.keys).map(([k, v]) => `${k} ${v}`).join(', ');
  const what = keys === '' ? title : `${title} (${keys})`;
  if (status === 'incomplete' || value === null) return `${what}: ${reason}`;
  const of = origin === undefined ? '' : ` (${origin})`;
  return `${what} is ${withUnit(value, s.unit)}, must be ${boundText(s)}${s.decision === 'bound' ? ' at the end of its interval' : ''}${of}`;
}

/** The bound in words: `>= 95 %`, `between 0.9 and 1.1`; the rule where no bound was found. */
export function boundText({ type, operator, bound, range, unit, rule, function: by }: Verdict['specification']): string {
  if (type === 'threshold' && bound !== undefined) return `${operator} ${withUnit(bound, unit)}`;
  if (type === 'range' && range !== undefined) return `between ${Number(range[0].toPrecision(4))} and ${withUnit(range[1], unit)}`;
  if (by !== undefined) return `${by.operator} a function of ${by.of}`;
  if (rule !== undefined) return { relative: 'no worse than the baseline', window: `like the last ${rule.runs} runs`, best: `near the best of ${rule.runs} runs` }[type as 'best'];
  return 'measured';
}

function withUnit(value: number, unit: string): string {
  const number = String(Number(value.toPrecision(4)));
  return unit === '' ? number : `${number} ${unit === 'percent' ? '%' : unit === 'deg-2' ? 'per deg²' : unit}`;
}

function pipelineSentence(failed: readonly QuantumReport[], quanta: readonly QuantumReport[]): string {
  const first = failed[0]!;
  const where = Object.entries(first.dataId).map(([k, v]) => `${k} ${v}`).join(', ');
  const blocked = quanta.filter(q => q.status === 'blocked').length;
  const after = blocked > 0 ? `, ${blocked} after ${failed.length === 1 ? 'it' : 'them'} could not run` : '';
  return `The pipeline failed in ${failed.length} of ${quanta.length} quanta${after}; the first is ${first.task} of ${where}: ${first.message ?? 'no message'}.`;
}
