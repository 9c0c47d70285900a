/** What a sample can prove about a rare event. */
import { betaI } from '../../numeric/intervals.ts';

/**
 * Upper limit of a binomial fraction (Clopper and Pearson 1934), one-sided: with k of n seen, larger fractions are excluded at the
 * confidence. 1 for n = 0.
 */
export function upperLimit(k: number, n: number, confidence = 0.95): number {
  if (n === 0 || k >= n) return 1;
  // P(X <= k | p) = 1 - I_p(k + 1, n - k) falls with p.
  let [lo, hi] = [k / n, 1];
  for (let i = 0; i < 60; i++) {
    const p = (lo + hi) / 2;
    if (1 - betaI(k + 1, n - k, p) > 1 - confidence) lo = p;
    else hi = p;
  }
  return (lo + hi) / 2;
}

/** Smallest sample in which k events still prove that the fraction is at most `fraction`. */
export function sampleNeeded(fraction: number, k = 0, confidence = 0.95): number {
  let [lo, hi] = [k, k + 1];
  while (upperLimit(k, hi, confidence) > fraction) [lo, hi] = [hi, 2 * hi];
  while (hi - lo > 1) {
    const n = (lo + hi) >> 1;
    if (upperLimit(k, n, confidence) > fraction) lo = n;
    else hi = n;
  }
  return hi;
}

export interface LatencyShare {
  /** Visits in which fewer than the share of alerts were in time. */
  readonly nLate: number;
  readonly n: number;
  /** Upper limit of the share of late visits, percent. */
  readonly upper_percent: number;
  /** Visits that are needed to prove the requirement with so many late ones. */
  readonly needed: number;
  readonly verdict: 'proved' | 'excluded' | 'not verifiable at this n';
}

/**
 * DMS-REQ-0392: in at most `allowed_percent` of the visits may fewer than `share` of the alerts be distributed within the limit. Latencies in
 * seconds after the end of read-out, one list a visit; a visit without alerts, or with a latency below zero or none, is late: a sentinel
 * is not a fast alert.
 */
export function latencyShare(
  visits: readonly (readonly number[])[], { limit_s = 60, share = 0.98, allowed_percent = 1, confidence = 0.95 } = {},
): LatencyShare {
  const isInTime = (latencies: readonly number[]): boolean =>
    latencies.length > 0 && latencies.filter(t => t >= 0 && t <= limit_s).length >= share * latencies.length;
  const nLate = visits.filter(v => !isInTime(v)).length;
  const n = visits.length;
  const upper = upperLimit(nLate, n, confidence);
  const lower = nLate === 0 ? 0 : 1 - upperLimit(n - nLate, n, confidence);
  return {
    nLate, n, upper_percent: 100 * upper, needed: sampleNeeded(allowed_percent / 100, nLate, confidence),
    verdict: 100 * upper <= allowed_percent ? 'proved' : 100 * lower > allowed_percent ? 'excluded' : 'not verifiable at this n',
  };
}
