/** The trend of a metric: its values in time, steps, breaks of meaning, the best so far, and what changed between two runs. */
import type { Metric } from '../model/verification.ts';
import { changePoints } from '../numeric/changePoints.ts';
import { median } from '../numeric/statistics.ts';
import type { HistoryRun, HistoryValue } from './history.ts';
import { currentHash } from './references.ts';

export interface TrendStep {
  /** The first run at the new level, and the one at which the step was certain. */
  readonly run: HistoryRun;
  readonly certainAt: HistoryRun;
  readonly before: number;
  readonly after: number;
  /** Standard errors of the difference, and the chance that values of one level differ as much. */
  readonly significance: number;
  readonly pValue: number;
  readonly change: 'better' | 'worse' | 'changed';
  readonly whatChanged: readonly FactChange[];
}

export interface FactChange {
  readonly fact: string;
  readonly before: string | null;
  readonly after: string | null;
}

export interface Trend {
  readonly metric: string;
  /** Oldest first; without a value where there was none. */
  readonly points: readonly HistoryValue[];
  readonly steps: readonly TrendStep[];
  /** Runs from which on the metric means something else: the line is interrupted there. */
  readonly breaks: readonly HistoryRun[];
  readonly best: HistoryValue | null;
  /** How far the median of the last five lies on the worse side of the best five, in standard errors of both; null: not defined. */
  readonly creep: number | null;
}

/**
 * Values of one metric, scope and keys, in any order. Steps are looked for between the breaks. The scatter of a series that
 * repeats the same data is zero; `sigmaFloor` keeps changes below the error of the values quiet when given.
 */
export function trendOf(metric: Metric, values: readonly HistoryValue[], sigmaFloor = 0): Trend {
  const points = [...values].sort((a, b) => (a.run.started < b.run.started ? -1 : a.run.started > b.run.started ? 1 : a.run.id - b.run.id));
  const starts = points.flatMap((p, i) => (i === 0 || currentHash(p, metric) !== currentHash(points[i - 1]!, metric) ? [i] : []));
  const steps = starts.flatMap((from, k) => stepsOf(metric, points.slice(from, starts[k + 1] ?? points.length), sigmaFloor));
  const latest = points.slice(starts.at(-1) ?? 0).filter(p => p.value !== null);
  return { metric: metric.name, points, steps, breaks: starts.slice(1).map(i => points[i]!.run), ...bestOf(metric, latest) };
}

function stepsOf(metric: Metric, points: readonly HistoryValue[], sigmaFloor: number): TrendStep[] {
  const sign = metric.direction === 'lower' ? -1 : metric.direction === 'higher' ? 1 : 0;
  return changePoints(points.map(p => p.value ?? NaN), { sigmaFloor }).map(({ index, foundAt, before, after, significance, pValue }) => {
    const previous = points.slice(0, index).findLast(p => p.value !== null)!;
    const better = sign * (after - before);
    return {
      run: points[index]!.run, certainAt: points[foundAt]!.run, before, after, significance, pValue,
      change: better > 0 ? 'better' : better < 0 ? 'worse' : 'changed', whatChanged: whatChanged(previous.run, points[index]!.run),
    };
  });
}

const FEW = 5;

/** One lucky run is not what a trend is held against: the best five are. */
function bestOf(metric: Metric, points: readonly HistoryValue[]): Pick<Trend, 'best' | 'creep'> {
  const sign = metric.direction === 'lower' ? 1 : metric.direction === 'higher' ? -1 : 0;
  if (sign === 0 || points.length === 0) return { best: null, creep: null };
  const ordered = [...points].sort((a, b) => sign * (a.value! - b.value!));
  if (points.length < 2 * FEW) return { best: ordered[0]!, creep: null };
  const [best, last] = [ordered.slice(0, FEW), points.slice(-FEW)].map(some => median(some.map(p => p.value!))) as [number, number];
  const errors = points.slice(-FEW).flatMap(p => (p.interval === null ? [] : [(p.interval[1] - p.interval[0]) / 2]));
  const error = errors.length === 0 ? 0 : median(errors);
  return { best: ordered[0]!, creep: error > 0 ? (sign * (last - best)) / (Math.SQRT2 * error) : null };
}

/** Facts that differ between two runs: versions, revision, packages, machine. */
export function whatChanged(before: HistoryRun, after: HistoryRun): FactChange[] {
  const facts = (run: HistoryRun): Record<string, string | undefined> => ({
    'dataset version': run.datasetVersion, configuration: run.configHash.slice(0, 16), 'pipeline version': run.revision ?? undefined,
    fingerprint: run.fingerprint ?? undefined, ...run.provenance,
  });
  const [a, b] = [facts(before), facts(after)];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter(fact => a[fact] !== b[fact])
    .map(fact => ({ fact, before: a[fact] ?? null, after: b[fact] ?? null }));
}
