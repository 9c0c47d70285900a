/** Interval of a quantile without resampling. */
import { ONE_SIGMA, normalQuantile } from './intervals.ts';
import type { Interval } from './intervals.ts';
import { quantileSorted, sortedFinite } from './statistics.ts';

/**
 * Interval of a quantile from the ranks between which it lies: np -+ z sqrt(np(1 - p)) (binomial, normal approximation), of the finite
 * values. null where a rank falls outside the sample.
 */
export function quantileInterval(values: ArrayLike<number>, p: number, coverage = ONE_SIGMA): Interval | null {
  const sorted = sortedFinite(values);
  const n = sorted.length;
  const half = normalQuantile((1 + coverage) / 2) * Math.sqrt(n * p * (1 - p));
  const [lo, hi] = [(n * p - half) / n, (n * p + half) / n];
  return n < 3 || lo < 0 || hi > 1 ? null : [quantileSorted(sorted, lo), quantileSorted(sorted, hi)];
}
