/** Rows of the metric table: a verdict, or a measurement that no specification asks for. */
import type { Measurement, Metric, Severity, Specification, Verdict, VerificationResult } from '../model/verification.ts';
import type { ComparedMetric } from '../model/reportData.ts';
import { drawBullet } from './charts/bullet.ts';
import { drawTrend } from './charts/sparkline.ts';
import { boundText, decimalsOf, fixedText, keysText, marginText, numberText, unitText, valueText } from './format.ts';
import type { SafeHtml } from './safeHtml.ts';

/** What a reader sees first: the worse, the earlier. */
export type RowState = 'fail' | 'incomplete' | 'warn' | 'pass' | 'measured' | 'absent' | 'na';
const STATE_WORDS: Readonly<Record<RowState, string>> = {
  fail: 'Fail', incomplete: 'Incomplete', warn: 'Warning', pass: 'Pass', measured: 'Measured', absent: 'No value', na: 'Not applicable',
};
const SEVERITY_WORDS: Readonly<Record<Severity, string>> = { block: 'gate', fail: 'gate', warn: 'warning', note: 'note' };
const ORDER = Object.keys(STATE_WORDS) as RowState[];

export interface MetricRow {
  readonly anchor: string;
  /** Fragment of the row itself. */
  readonly id: string;
  readonly title: string;
  readonly keys: string;
  /** `gate`: closes the gate; `warning`, `note`; empty when nothing is asked of the metric. */
  readonly severity: string;
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
  /** The last runs, `5 runs, 1 flip`, or null. */
  readonly trend: { readonly spark: SafeHtml; readonly text: string } | null;
  /** Against the baseline: a sign and a word, and the difference; null without a baseline. */
  readonly change: { readonly kind: ComparedMetric['change']; readonly word: string; readonly difference: string } | null;
  /** What the columns are sorted by; empty when there is no number. */
  readonly sort: { readonly value: string; readonly n: string; readonly margin: string; readonly change: string };
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
  const context = contextOf(result);
  const rows = metrics.flatMap(metric => {
    const own = verdicts.filter(v => v.specification.metric === metric.name);
    const judged = new Set(own.map(v => keysText(v.specification.keys)));
    const rest = metric.tags.includes('resource') ? [] : measurements.filter(m => m.metric === metric.name && !judged.has(keysText(m.keys)));
    return [
      ...own.map(v => ({ at: verdicts.indexOf(v), row: verdictRow(metric, v, measurementOf(v, measurements), context) })),
      ...rest.map(m => ({ at: 0, row: measurementRow(metric, m, context) })),
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

/** Earlier values, changes and other verdicts by metric and keys. */
interface RowContext {
  readonly history: ReadonlyMap<string, readonly (number | null)[]>;
  readonly changes: ReadonlyMap<string, ComparedMetric>;
  readonly verdicts: readonly Verdict[];
}

const identity = (metric: string, keys: Measurement['keys']): string => `${metric} ${keysText(keys)}`;

export function contextOf({ run: { history, comparison }, verdicts }: Pick<VerificationResult, 'run' | 'verdicts'>): RowContext {
  return {
    history: new Map((history?.series ?? []).map(s => [identity(s.metric, s.keys), s.values])),
    changes: new Map((comparison?.changes ?? []).map(c => [identity(c.metric, c.keys), c])), verdicts,
  };
}

const CHANGE_WORDS: Readonly<Record<ComparedMetric['change'], string>> = {
  better: 'better', worse: 'worse', changed: 'changed', same: 'same', gone: 'gone', new: 'new', redefined: 'redefined',
};

type Measured = Pick<Measurement, 'value' | 'interval' | 'n'>;
type CommonCells = Pick<MetricRow, 'anchor' | 'title' | 'keys' | 'name' | 'value' | 'error' | 'unit' | 'n' | 'group' | 'trend' | 'change' | 'sort'>;

function common(metric: Metric, keys: Measurement['keys'], measured: Measured, specification: Specification | null, context: RowContext): CommonCells {
  const { value, interval, n } = measured;
  const texts = valueText(value, interval, metric.unit);
  const key = identity(metric.name, keys);
  const change = context.changes.get(key);
  const earlier = context.history.get(key);
  const trend = earlier === undefined ? null : drawTrend([...earlier, value], specification);
  return {
    anchor: anchorOf(metric.name), title: metric.title, keys: keysText(keys), name: metric.name, ...texts,
    n: n === null ? '–' : numberText(n, 12), group: metric.tags[0] ?? 'other',
    trend: trend === null ? null : { spark: trend.spark, text: `${trend.nRuns} runs${trend.nFlips === 0 ? '' : `, ${trend.nFlips} ${trend.nFlips === 1 ? 'flip' : 'flips'}`}` },
    change: change === undefined ? null
      : { kind: change.change, word: CHANGE_WORDS[change.change], difference: differenceText(change, metric, texts.value) },
    sort: { value: String(value ?? ''), n: String(n ?? ''), margin: '', change: String(change?.difference ?? '') },
  };
}

/** Difference with the digits of the value; empty when there is none or it is zero. */
function differenceText({ difference }: ComparedMetric, { unit }: Metric, value: string): string {
  if (difference === null || difference === 0) return '';
  const decimals = decimalsOf(value);
  const isTiny = Math.abs(difference) < 0.5 * 10 ** -decimals;
  const text = isTiny ? numberText(difference, 2) : fixedText(difference, decimals);
  return `${difference > 0 ? '+' : ''}${text}${unitText(unit) === '' ? '' : ` ${unitText(unit)}`}`;
}

/** A fragment for a row; the specification tells rows of one metric apart. */
export function rowIdOf(name: string, keys: Measurement['keys'], specification: string): string {
  const whole = `${name} ${keysText(keys)} ${specification}`;
  return `row-${name.replace(/[^A-Za-z0-9]+/g, '-').slice(0, 60)}-${checksum(whole)}`;
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

export function verdictRow(metric: Metric, verdict: Verdict, measurement: Measurement | undefined, context: RowContext): MetricRow {
  const { specification, value, margin } = verdict;
  const state = stateOf(verdict);
  const note = value === null || state === 'incomplete' ? verdict.reason : measurement?.reason ?? '';
  const cells = common(metric, specification.keys, verdict, specification, context);
  const others = context.verdicts.filter(v => v !== verdict && v.specification.metric === metric.name
    && keysText(v.specification.keys) === keysText(specification.keys)).map(v => v.specification);
  return {
    ...cells, state, stateWord: STATE_WORDS[state], id: rowIdOf(metric.name, specification.keys, specification.name),
    severity: SEVERITY_WORDS[specification.severity], bound: boundText(specification),
    margin: marginText(margin, metric.unit, decimalsOf(cells.value)),
    times: margin === null ? '' : timesError(verdict), bullet: drawBullet(verdict, others), reason: note,
    sort: { ...cells.sort, margin: String(margin ?? '') },
  };
}

function measurementRow(metric: Metric, m: Measurement, context: RowContext): MetricRow {
  const state: RowState = m.status === 'ok' ? 'measured' : m.status === 'not-applicable' ? 'na' : 'absent';
  return {
    ...common(metric, m.keys, m, null, context), state, stateWord: STATE_WORDS[state], id: rowIdOf(metric.name, m.keys, ''), severity: '',
    bound: '–', margin: '–', times: '', bullet: null,
    reason: m.status === 'ok' || m.status === 'not-applicable' ? m.reason ?? '' : `${m.status}: ${m.reason ?? ''}`,
  };
}
