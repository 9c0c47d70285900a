/** Rows of the metric table: a verdict, or a measurement that no specification asks for. */
import type { Measurement, Metric, Verdict, VerificationResult } from '../model/verification.ts';
import { drawBullet } from './charts/bullet.ts';
import { boundText, fixedText, keysText, marginText, numberText, valueText } from './format.ts';
import type { SafeHtml } from './safeHtml.ts';

/** What a reader sees first: the worse, the earlier. */
export type RowState = 'fail' | 'incomplete' | 'warn' | 'pass' | 'measured' | 'absent' | 'na';
const STATE_WORDS: Readonly<Record<RowState, string>> = {
  fail: 'Fail', incomplete: 'Incomplete', warn: 'Warning', pass: 'Pass', measured: 'Measured', absent: 'No value', na: 'Not applicable',
};
const ORDER = Object.keys(STATE_WORDS) as RowState[];

export interface MetricRow {
  readonly anchor: string;
  readonly title: string;
  readonly keys: string;
  readonly name: string;
  readonly state: RowState;
  readonly stateWord: string;
  readonly value: string;
  readonly error: string;
  readonly unit: string;
  readonly n: string;
  readonly bound: string;
  readonly margin: string;
  /** The margin in units of the error, `2.3 × error`; empty when there is no interval. */
  readonly times: string;
  readonly bullet: SafeHtml | null;
  /** Why there is no value, or what limits it; empty when there is nothing to say. */
  readonly reason: string;
  readonly group: string;
}

export function stateOf({ status, specification, reason }: Verdict): RowState {
  if (status === 'pass') return 'pass';
  if (status === 'note') return reason.startsWith('not applicable') ? 'na' : 'measured';
  if (status === 'waived') return 'warn';
  const isGating = specification.severity === 'fail' || specification.severity === 'block';
  return isGating ? status : 'warn';
}

export function stateWord(state: RowState): string {
  return STATE_WORDS[state];
}

/**
 * All rows but those of resources without a specification, the worst first; those that need attention in the order of
 * the verdicts, which is that of the sentence of the verdict, the others in the order of the metrics.
 */
export function metricRows(result: VerificationResult): MetricRow[] {
  const { metrics, measurements, verdicts } = result;
  const rows = metrics.flatMap(metric => {
    const own = verdicts.filter(v => v.specification.metric === metric.name);
    const judged = new Set(own.map(v => keysText(v.specification.keys)));
    const rest = metric.tags.includes('resource') ? [] : measurements.filter(m => m.metric === metric.name && !judged.has(keysText(m.keys)));
    return [
      ...own.map(v => ({ at: verdicts.indexOf(v), row: verdictRow(metric, v, measurementOf(v, measurements)) })),
      ...rest.map(m => ({ at: 0, row: measurementRow(metric, m) })),
    ];
  });
  const isUrgent = ({ row }: { row: MetricRow }): boolean => ORDER.indexOf(row.state) <= ORDER.indexOf('warn');
  rows.sort((a, b) => ORDER.indexOf(a.row.state) - ORDER.indexOf(b.row.state) || (isUrgent(a) ? a.at - b.at : 0));
  return rows.map(({ row }) => row);
}

/** The measurement that was judged. */
export function measurementOf({ specification: { metric, keys } }: Verdict, measurements: readonly Measurement[]): Measurement | undefined {
  return measurements.find(m => m.metric === metric && keysText(m.keys) === keysText(keys));
}

type CommonCells = Pick<MetricRow, 'anchor' | 'title' | 'keys' | 'name' | 'value' | 'error' | 'unit' | 'n' | 'group'>;

function common(metric: Metric, keys: Measurement['keys'], { value, interval, n }: Pick<Measurement, 'value' | 'interval' | 'n'>): CommonCells {
  return {
    anchor: anchorOf(metric.name), title: metric.title, keys: keysText(keys), name: metric.name, ...valueText(value, interval, metric.unit),
    n: n === null ? '–' : numberText(n, 12), group: metric.tags[0] ?? 'other',
  };
}

/** A fragment for the definition of a metric. A name with unusual characters gets its checksum, to stay apart from others. */
export function anchorOf(metricName: string): string {
  const plain = metricName.replace(/[^A-Za-z0-9_-]+/g, '-').slice(0, 80);
  return /^[A-Za-z0-9_.]{1,80}$/.test(metricName) ? `metric-${plain}` : `metric-${plain}-${checksum(metricName)}`;
}

/** FNV-1a over UTF-16 units. */
function checksum(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(36);
}

/**
 * Distance from the value to the nearest bound in units of the error on that side: below one it is too close to
 * call. Empty without an interval.
 */
export function timesError(verdict: Verdict): string {
  const times = errorsToBound(verdict);
  if (times === null) return '';
  return `${times < 10 ? fixedText(times, 1) : numberText(times, 2)} × error${times < 1 ? ': too close to call' : ''}`;
}

/** The same as a number; null without an interval or a bound. */
export function errorsToBound({ specification: { type, operator, bound, range }, value, interval }: Verdict): number | null {
  const bounds = type === 'range' ? range ?? [] : bound === undefined || operator === '!=' ? [] : [bound];
  if (value === null || interval === null || bounds.length === 0) return null;
  const nearest = bounds.reduce((a, b) => (Math.abs(b - value) < Math.abs(a - value) ? b : a));
  const error = nearest > value ? interval[1] - value : value - interval[0];
  return error > 0 ? Math.abs(nearest - value) / error : null;
}

export function verdictRow(metric: Metric, verdict: Verdict, measurement: Measurement | undefined): MetricRow {
  const { specification, value, margin } = verdict;
  const state = stateOf(verdict);
  const note = value === null || state === 'incomplete' ? verdict.reason : measurement?.reason ?? '';
  return {
    ...common(metric, specification.keys, verdict), state, stateWord: STATE_WORDS[state],
    bound: boundText(specification), margin: marginText(margin, metric.unit),
    times: margin === null ? '' : timesError(verdict), bullet: drawBullet(verdict), reason: note,
  };
}

function measurementRow(metric: Metric, m: Measurement): MetricRow {
  const state: RowState = m.status === 'ok' ? 'measured' : m.status === 'not-applicable' ? 'na' : 'absent';
  return {
    ...common(metric, m.keys, m), state, stateWord: STATE_WORDS[state],
    bound: '–', margin: '–', times: '', bullet: null,
    reason: m.status === 'ok' || m.status === 'not-applicable' ? m.reason ?? '' : `${m.status}: ${m.reason ?? ''}`,
  };
}
