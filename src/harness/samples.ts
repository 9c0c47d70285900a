/** Values with intervals from samples: what most measures are made of. */
import { bootstrapInterval, wilsonInterval } from '../numeric/intervals.ts';
import type { Interval } from '../numeric/intervals.ts';
import { random } from '../numeric/random.ts';
import { madSigma, median } from '../numeric/statistics.ts';
import type { CurveBin } from '../model/plots.ts';
import { measured, missing } from './measure.ts';
import type { Outcome } from './measure.ts';

/** k of n in percent with Wilson's interval; missing when n is 0, for 0 of 0 is not 0. */
export function percentage(k: number, n: number, nothing: string, blobs: Outcome['blobs'] = {}): Outcome {
  if (n === 0) return missing(nothing);
  return measured({ value: (100 * k) / n, n, interval: scaled(wilsonInterval(k, n), 100), blobs });
}

export function scaled(interval: Interval | null, factor: number): Interval | null {
  return interval === null ? null : [interval[0] * factor, interval[1] * factor];
}

interface Sample {
  readonly value: number;
  readonly n: number;
  readonly interval: Interval | null;
}

/** A statistic of n items with a bootstrap interval. The label (the metric) seeds it: same sample, same interval. */
export function bootstrapped(label: string, n: number, statistic: (indices: ArrayLike<number>) => number): Sample {
  const all = Int32Array.from({ length: n }, (_, i) => i);
  const value = statistic(all);
  return { value, n, interval: bootstrapInterval(n, statistic, { random: random(n, label), value }) };
}

/** The values at the indices. */
export function take(values: ArrayLike<number>, indices: ArrayLike<number>): Float64Array {
  const out = new Float64Array(indices.length);
  for (let k = 0; k < out.length; k++) out[k] = values[indices[k]!]!;
  return out;
}

/** Scatter per axis of two-dimensional residuals: root mean square of the two MAD sigmas. */
export function scatterPerAxis(east: ArrayLike<number>, north: ArrayLike<number>): number {
  return Math.sqrt((madSigma(east) ** 2 + madSigma(north) ** 2) / 2);
}

/** Median of the finite values, which alone count in `n`; NaN for none. */
export function medianOf(label: string, values: readonly number[]): Sample {
  const finite = values.filter(Number.isFinite);
  return bootstrapped(label, finite.length, indices => median(take(finite, indices)));
}

const MAX_POINTS = 1500;

/** At most 1500 points, evenly over the list, rounded to five digits; `total` is how many there were. */
export function thinned(points: readonly (readonly [number, number])[]): { points: [number, number][]; total: number } {
  const finite = points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y));
  const step = Math.max(1, finite.length / MAX_POINTS);
  const n = Math.min(finite.length, MAX_POINTS);
  const kept = Array.from({ length: n }, (_, k) => finite[Math.floor(k * step)]!);
  return { points: kept.map(([x, y]) => [digits(x), digits(y)]), total: finite.length };
}

function digits(value: number): number {
  return Number(value.toPrecision(5));
}

/** Share (percent) of the hits among the items in each bin of x; bins without items have no value. */
export function fractionCurve(items: readonly { readonly x: number; readonly hit: boolean }[], edges: readonly number[]): CurveBin[] {
  return edges.slice(0, -1).map((lo, b) => {
    const hi = edges[b + 1]!;
    const inside = items.filter(item => item.x >= lo && item.x < hi);
    const k = inside.filter(item => item.hit).length;
    const n = inside.length;
    return { lo, hi, n, value: n === 0 ? null : (100 * k) / n, interval: scaled(wilsonInterval(k, n), 100) };
  });
}
