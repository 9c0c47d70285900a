/**
 * Confidence intervals, two-sided and central. Coverage is that of one standard deviation unless the
 * caller says otherwise. An interval that the sample cannot give is null, never of zero width.
 */
import { logGamma } from './random.ts';
import type { Random } from './random.ts';
import { moments, quantileSorted, sortedFinite } from './statistics.ts';

export type Interval = readonly [number, number];

/** Probability within one standard deviation of a normal distribution. */
export const ONE_SIGMA = 0.6826894921370859;

/**
 * Wilson's score interval of a binomial fraction, k of n (Wilson 1927). Never of zero width, also for
 * k = 0 and k = n. null for n = 0.
 */
export function wilsonInterval(k: number, n: number, coverage = ONE_SIGMA): Interval | null {
  if (!(n > 0) || k < 0 || k > n) return null;
  const z = normalQuantile((1 + coverage) / 2);
  const p = k / n;
  const scale = 1 / (1 + (z * z) / n);
  const centre = (p + (z * z) / (2 * n)) * scale;
  const half = z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n)) * scale;
  return [k === 0 ? 0 : Math.max(0, centre - half), k === n ? 1 : Math.min(1, centre + half)];
}

/** Student's interval of the mean of the finite values; null for fewer than two. */
export function studentInterval(values: ArrayLike<number>, coverage = ONE_SIGMA): Interval | null {
  const { n, mean, variance } = moments(values);
  if (n < 2) return null;
  const half = studentQuantile((1 + coverage) / 2, n - 1) * Math.sqrt(variance / n);
  return [mean - half, mean + half];
}

/** Exact interval of a Poisson mean from one count (Garwood 1936; the limits of Gehrels 1986). */
export function poissonInterval(count: number, coverage = ONE_SIGMA): Interval | null {
  if (!(count >= 0) || !Number.isFinite(count)) return null;
  const tail = (1 - coverage) / 2;
  // P(a, x) rises with x: the mean at which `count` or more has probability `tail`, and `count` or fewer.
  const lower = count === 0 ? 0 : invert(x => gammaP(count, x), tail, count);
  const upper = invert(x => gammaP(count + 1, x), 1 - tail, count + 1);
  return [lower, upper];
}

/**
 * Interval of the median of the finite values from order statistics; exact for any continuous
 * distribution, conservative by at most one rank. null when the sample is too small for the coverage.
 */
export function medianInterval(values: ArrayLike<number>, coverage = ONE_SIGMA): Interval | null {
  const sorted = sortedFinite(values);
  const n = sorted.length;
  const tail = (1 - coverage) / 2;
  // Largest rank r with P(Binomial(n, 1/2) < r) <= tail.
  let below = Math.exp(-n * Math.LN2);
  if (n < 2 || below > tail) return null;
  let r = 1;
  for (;;) {
    const next = below + Math.exp(logGamma(n + 1) - logGamma(r + 1) - logGamma(n - r + 1) - n * Math.LN2);
    if (next > tail) break;
    below = next;
    r++;
  }
  return [sorted[r - 1]!, sorted[n - r]!];
}

export interface BootstrapOptions {
  readonly random: Random;
  readonly nReplicates?: number;
  readonly coverage?: number;
  /** The statistic of the sample itself; see `bootstrapInterval`. */
  readonly value?: number;
}

/**
 * Percentile bootstrap of any statistic of n items: `statistic` gets indices drawn with replacement and
 * may return NaN for a replicate that has no value. null for n < 3 or when half of the replicates have none.
 * With `value` the replicates are shifted until their median is the value: noise makes a length longer and a
 * scatter smaller in every replicate, and the interval must not leave the value out. A statistic that is
 * never negative keeps a lower end of at least 0.
 */
export function bootstrapInterval(n: number, statistic: (indices: Int32Array) => number, options: BootstrapOptions): Interval | null {
  if (n < 3) return null;
  const { random, nReplicates = 400, coverage = ONE_SIGMA, value } = options;
  const indices = new Int32Array(n);
  const replicates = new Float64Array(nReplicates);
  for (let b = 0; b < nReplicates; b++) {
    for (let i = 0; i < n; i++) indices[i] = random.integer(n);
    replicates[b] = statistic(indices);
  }
  const sorted = sortedFinite(replicates);
  if (sorted.length < nReplicates / 2) return null;
  const shift = value === undefined || !Number.isFinite(value) ? 0 : value - quantileSorted(sorted, 0.5);
  const [low, high] = [(1 - coverage) / 2, (1 + coverage) / 2].map(p => quantileSorted(sorted, p) + shift) as [number, number];
  return [sorted[0]! >= 0 ? Math.max(0, low) : low, high];
}

/** Quantile of the standard normal distribution (bisection on the distribution function). */
export function normalQuantile(p: number): number {
  if (!(p > 0 && p < 1)) return p === 0 ? -Infinity : p === 1 ? Infinity : NaN;
  if (p < 0.5) return -normalQuantile(1 - p);
  // P(|Z| < z) = P(1/2, z^2 / 2).
  return Math.sqrt(2 * invert(x => gammaP(0.5, x), 2 * p - 1, 1));
}

/** Quantile of Student's distribution with `nu` degrees of freedom. */
export function studentQuantile(p: number, nu: number): number {
  if (p < 0.5) return -studentQuantile(1 - p, nu);
  return invert(t => 1 - 0.5 * betaI(nu / 2, 0.5, nu / (nu + t * t)), p, 1);
}

/** Smallest x >= 0 with rising f(x) = target, to double precision; `scale` is a first guess. */
function invert(f: (x: number) => number, target: number, scale: number): number {
  let hi = Math.max(scale, 1e-6);
  while (f(hi) < target && hi < 1e300) hi *= 2;
  let lo = 0;
  for (let pass = 0; pass < 200; pass++) {
    const middle = (lo + hi) / 2;
    if (middle === lo || middle === hi) break;
    if (f(middle) < target) lo = middle;
    else hi = middle;
  }
  return (lo + hi) / 2;
}

/** Regularised lower incomplete gamma function P(a, x): series below a + 1, continued fraction above. */
export function gammaP(a: number, x: number): number {
  if (!(x > 0)) return 0;
  const front = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let k = 1; k < 10000 && term > sum * 1e-17; k++) {
      term *= x / (a + k);
      sum += term;
    }
    return Math.min(1, sum * front);
  }
  const fraction = continuedFraction(k => (k === 0 ? 1 : -k * (k - a)), k => x + 2 * k + 1 - a);
  return 1 - front * fraction;
}

/** Regularised incomplete beta function I_x(a, b). */
export function betaI(a: number, b: number, x: number): number {
  if (!(x > 0)) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - betaI(b, a, 1 - x);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a;
  const numerator = (k: number): number => {
    if (k === 0) return 1;
    const m = Math.floor(k / 2);
    return k % 2 === 0
      ? (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
      : -((a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
  };
  return front * continuedFraction(numerator, () => 1);
}

/** num(0) / (den(0) + num(1) / (den(1) + ...)) by Lentz's method. */
function continuedFraction(num: (k: number) => number, den: (k: number) => number): number {
  const tiny = 1e-300;
  let f = tiny;
  let c = f;
  let d = 0;
  for (let k = 0; k < 10000; k++) {
    d = den(k) + num(k) * d;
    c = den(k) + num(k) / c;
    if (d === 0) d = tiny;
    if (c === 0) c = tiny;
    d = 1 / d;
    f *= c * d;
    if (k > 0 && Math.abs(c * d - 1) < 1e-15) break;
  }
  return f;
}
