/** Order statistics and clipped moments. NaN and infinities are skipped everywhere; empty input gives NaN. */

/** A sorted copy of the finite values. */
export function sortedFinite(values: ArrayLike<number>): Float64Array {
  const out = new Float64Array(values.length);
  let n = 0;
  for (let i = 0; i < values.length; i++) {
    const v = values[i]!;
    if (Number.isFinite(v)) out[n++] = v;
  }
  return out.subarray(0, n).sort();
}

/** Quantile of sorted values by linear interpolation between ranks (method R-7, numpy's default). */
export function quantileSorted(sorted: ArrayLike<number>, p: number): number {
  const n = sorted.length;
  if (n === 0) return NaN;
  const h = (n - 1) * Math.min(Math.max(p, 0), 1);
  const lo = Math.floor(h);
  const hi = Math.min(lo + 1, n - 1);
  return sorted[lo]! + (h - lo) * (sorted[hi]! - sorted[lo]!);
}

/** Quantile of the finite values; O(n log n). */
export function quantile(values: ArrayLike<number>, p: number): number {
  return quantileSorted(sortedFinite(values), p);
}

/** Median of the finite values; O(n log n). Even counts give the mean of the middle two. */
export function median(values: ArrayLike<number>): number {
  return quantileSorted(sortedFinite(values), 0.5);
}

/** Median absolute deviation times 1.4826: the standard deviation of a normal sample. */
export function madSigma(values: ArrayLike<number>, centre: number = median(values)): number {
  const deviations = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) deviations[i] = Math.abs(values[i]! - centre);
  return 1.482602218505602 * median(deviations);
}

/** 0.741301 times the interquartile range: the standard deviation of a normal sample. */
export function iqrSigma(values: ArrayLike<number>): number {
  const sorted = sortedFinite(values);
  return 0.7413011092528009 * (quantileSorted(sorted, 0.75) - quantileSorted(sorted, 0.25));
}

export interface Moments {
  readonly n: number;
  readonly mean: number;
  /** Unbiased (n - 1); NaN for n < 2. */
  readonly variance: number;
}

/** Mean and unbiased variance of the finite values inside [lo, hi] (two passes, no cancellation). */
export function moments(values: ArrayLike<number>, lo = -Infinity, hi = Infinity): Moments {
  let n = 0;
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    const v = values[i]!;
    if (v >= lo && v <= hi && Number.isFinite(v)) { n++; sum += v; }
  }
  const mean = sum / n;
  let squares = 0;
  for (let i = 0; i < values.length; i++) {
    const v = values[i]!;
    if (v >= lo && v <= hi && Number.isFinite(v)) squares += (v - mean) ** 2;
  }
  return { n, mean: n > 0 ? mean : NaN, variance: n > 1 ? squares / (n - 1) : NaN };
}

/** Mean of the finite values. */
export function mean(values: ArrayLike<number>): number {
  return moments(values).mean;
}

/** Standard deviation (n - 1) of the finite values. */
export function standardDeviation(values: ArrayLike<number>): number {
  return Math.sqrt(moments(values).variance);
}

export interface ClippedMoments extends Moments {
  readonly sigma: number;
  readonly median: number;
}

/**
 * Clipped mean and standard deviation as afw's MEANCLIP and STDEVCLIP: the first pass clips about the
 * median with nSigma * 0.7413 * IQR, later passes about the clipped mean with nSigma * clipped sigma;
 * exactly nIter passes, always on the full sample. `median` is that of the unclipped sample.
 */
export function sigmaClip(values: ArrayLike<number>, nSigma = 3, nIter = 3): ClippedMoments {
  const sorted = sortedFinite(values);
  const middle = quantileSorted(sorted, 0.5);
  let centre = middle;
  let sigma = 0.7413011092528009 * (quantileSorted(sorted, 0.75) - quantileSorted(sorted, 0.25));
  let result = moments(sorted);
  for (let pass = 0; pass < nIter && sorted.length > 1; pass++) {
    result = moments(sorted, centre - nSigma * sigma, centre + nSigma * sigma);
    centre = result.mean;
    sigma = Math.sqrt(result.variance);
    if (!(sigma > 0)) break;
  }
  return { ...result, sigma: Math.sqrt(result.variance), median: middle };
}

/** Indices that sort the values in rising order, NaN last; stable. */
export function argsort(values: ArrayLike<number>): Uint32Array {
  const order = Uint32Array.from({ length: values.length }, (_, i) => i);
  const key = (i: number): number => (Number.isNaN(values[i]!) ? Infinity : values[i]!);
  return order.sort((a, b) => {
    const d = key(a) - key(b);
    return d < 0 ? -1 : d > 0 ? 1 : a - b;
  });
}
