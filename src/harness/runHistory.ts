/** Earlier runs of the same thing for the sparklines of the report. */
import type { EarlierRun, EarlierValues, RunHistory } from '../model/reportData.ts';
import type { Measurement, VerificationResult } from '../model/verification.ts';
import type { History, HistoryRun, HistoryValue } from './history.ts';

const MAX_RUNS = 24;

/**
 * The latest earlier runs of the same dataset and pipeline, and their values of every metric of the result. A value of
 * another definition is left out: it must not be compared. Cost: one query a metric.
 */
export function runHistory(history: Pick<History, 'runs' | 'values'>, result: Pick<VerificationResult, 'dataset' | 'pipeline' | 'run' | 'measurements'>): RunHistory {
  const isEarlier = (run: HistoryRun): boolean => run.dataset === result.dataset.name && run.pipeline === result.pipeline.name
    && run.started < result.run.started;
  const runs = history.runs(4 * MAX_RUNS).filter(isEarlier).slice(0, MAX_RUNS).reverse();
  if (runs.length === 0) return { runs: [], series: [] };
  const positions = new Map(runs.map(({ id }, i) => [id, i]));
  const metrics = [...new Set(result.measurements.map(m => m.metric))];
  const byMetric = new Map(metrics.map(metric => [metric, history.values(metric, 4 * MAX_RUNS)]));
  return {
    runs: runs.map(({ started, revision, exitCode }): EarlierRun => ({ started, revision, exitCode })),
    series: result.measurements.flatMap(m => seriesOf(m, byMetric.get(m.metric)!, positions)),
  };
}

function seriesOf(m: Measurement, found: readonly HistoryValue[], positions: ReadonlyMap<number, number>): EarlierValues[] {
  const values = new Array<number | null>(positions.size).fill(null);
  for (const { run, keys, definitionHash, value, status } of found) {
    const at = positions.get(run.id);
    if (at !== undefined && status === 'ok' && definitionHash === m.definitionHash && isSame(keys, m.keys)) values[at] = value;
  }
  return values.every(v => v === null) ? [] : [{ metric: m.metric, keys: m.keys, values }];
}

function isSame(a: Measurement['keys'], b: Measurement['keys']): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every(name => a[name] === b[name]);
}
