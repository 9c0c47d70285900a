/** Level and noise of the sky in one cell of pixels that may hold objects. */

export interface CellStatistics {
  /** Estimate of the sky; NaN when no pixel is given. */
  readonly level: number;
  /** Standard deviation of the pixels that the clipping left. */
  readonly rms: number;
  /** Pixels that the clipping left. */
  readonly n: number;
}

const MAX_PASSES = 100;
const CONVERGED = 1e-4;

/**
 * 'adaptive': the clipped mean when clipping changed sigma by less than 20 % (no crowding), else the mode, with
 * medians that see through quantised pixels. 'mode': always the mode with the plain median, as Source Extractor.
 */
export type SkyEstimator = 'adaptive' | 'mode';

/**
 * Sky by clipping at 3 sigma about the median until sigma settles (Bertin & Arnouts 1996). The mode is
 * 2.5 median - 1.5 mean, or the median where the distribution is too skew for that (mean and median differ by more
 * than 0.3 sigma).
 * @param sorted - finite values in rising order.
 */
export function cellStatistics(sorted: Float32Array, estimator: SkyEstimator = 'adaptive'): CellStatistics {
  const total = sorted.length;
  if (total === 0) return { level: NaN, rms: NaN, n: 0 };
  const sums = prefixSums(sorted);
  const first = rangeMoments(sums, 0, total);
  let [lo, hi] = clipRange(sorted, first.mean + sums.offset, 2 * first.sigma);
  let current = rangeMoments(sums, lo, hi);
  const start = current.sigma;
  const medianOf = estimator === 'mode' ? plainMedian : groupedMedian;
  let middle = medianOf(sorted, lo, hi);
  for (let pass = 0; pass < MAX_PASSES && current.sigma > 0; pass++) {
    [lo, hi] = clipRange(sorted, middle, 3 * current.sigma);
    const next = rangeMoments(sums, lo, hi);
    middle = medianOf(sorted, lo, hi);
    const settled = Math.abs(next.sigma / current.sigma - 1) < CONVERGED;
    current = next;
    if (settled) break;
  }
  const mean = current.mean + sums.offset;
  const uncrowded = estimator === 'adaptive' && start < 1.2 * current.sigma;
  return { level: uncrowded ? mean : mode(mean, middle, current.sigma), rms: current.sigma, n: hi - lo };
}

function mode(mean: number, middle: number, sigma: number): number {
  if (!(sigma > 0)) return mean;
  return Math.abs(mean - middle) < 0.3 * sigma ? 2.5 * middle - 1.5 * mean : middle;
}

interface PrefixSums {
  /** Subtracted from all values, so that squares do not cancel. */
  readonly offset: number;
  readonly sum: Float64Array;
  readonly squares: Float64Array;
}

function prefixSums(sorted: Float32Array): PrefixSums {
  const n = sorted.length;
  const offset = sorted[n >> 1]!;
  const sum = new Float64Array(n + 1);
  const squares = new Float64Array(n + 1);
  for (let i = 0; i < n; i++) {
    const d = sorted[i]! - offset;
    sum[i + 1] = sum[i]! + d;
    squares[i + 1] = squares[i]! + d * d;
  }
  return { offset, sum, squares };
}

/** Mean (relative to the offset) and standard deviation of the sorted values lo ... hi - 1. */
function rangeMoments({ sum, squares }: PrefixSums, lo: number, hi: number): { mean: number; sigma: number } {
  const n = hi - lo;
  const mean = (sum[hi]! - sum[lo]!) / n;
  return { mean, sigma: Math.sqrt(Math.max(0, (squares[hi]! - squares[lo]!) / n - mean * mean)) };
}

/** Index range of the values within `half` of `centre`; at least the value nearest to it. */
function clipRange(sorted: Float32Array, centre: number, half: number): [number, number] {
  const lo = lowerBound(sorted, centre - half);
  const hi = lowerBound(sorted, centre + half + 1e-7 * Math.abs(centre + half));
  return hi > lo ? [lo, hi] : [Math.min(lo, sorted.length - 1), Math.min(lo, sorted.length - 1) + 1];
}

function lowerBound(sorted: Float32Array, value: number): number {
  let lo = 0;
  let hi = sorted.length;
  while (lo < hi) {
    const middle = (lo + hi) >> 1;
    if (sorted[middle]! < value) lo = middle + 1;
    else hi = middle;
  }
  return lo;
}

function plainMedian(sorted: Float32Array, lo: number, hi: number): number {
  return 0.5 * (sorted[(lo + hi - 1) >> 1]! + sorted[(lo + hi) >> 1]!);
}

/**
 * Median of sorted values lo ... hi - 1 when equal values stand for an interval around them (half way to the next
 * different value on both sides): the median of the distribution behind quantised pixels.
 */
function groupedMedian(sorted: Float32Array, lo: number, hi: number): number {
  const value = sorted[(lo + hi - 1) >> 1]!;
  const first = Math.max(lo, lowerBound(sorted, value));
  let last = (lo + hi - 1) >> 1;
  while (last + 1 < hi && sorted[last + 1] === value) last++;
  const lower = first > lo ? 0.5 * (value + sorted[first - 1]!) : value;
  const upper = last + 1 < hi ? 0.5 * (value + sorted[last + 1]!) : value;
  return lower + ((0.5 * (lo + hi) - first) / (last + 1 - first)) * (upper - lower);
}
