/** Steps in a series of noisy values, found as the values arrive. */
import { betaI, studentQuantile } from './intervals.ts';
import { madSigma, mean, median } from './statistics.ts';

export interface ChangePoint {
  /** Index of the first value at the new level. */
  readonly index: number;
  /** Index of the value at which the step was first certain. */
  readonly foundAt: number;
  /** Means before and after, up to the neighbouring steps. */
  readonly before: number;
  readonly after: number;
  /** Scatter of single values about the level before. */
  readonly sigma: number;
  /** (after - before) over its standard error. */
  readonly significance: number;
  /** Probability that values of one level differ as much. */
  readonly pValue: number;
}

export interface ChangePointOptions {
  /** Chance that one more value of the same level starts an alarm, for each window. */
  readonly alpha?: number;
  /** Values that a level needs before steps from it are looked for. */
  readonly minimumBefore?: number;
  /** Smallest scatter of single values: their measurement error, where the series repeats the same data. */
  readonly sigmaFloor?: number;
}

/** Newest values that are compared with the level before them. One value alone is a spike, not a step. */
const WINDOWS = [2, 3, 4, 6] as const;
/** Every value of a window has at least this share of the shift: a single wild value cannot carry a window. */
const carriedShare = (m: number): number => (m === 2 ? 0.4 : 0.25);
const MINIMUM_SHIFT_SIGMAS = 0.5;
const CLIP_SIGMAS = 4;
/** A level is described by its latest values: a slow drift before them does not count. */
const LONGEST_LEVEL = 200;

/**
 * Steps of a series in order of time. Each new value is judged with those before it only: the means of the last 2, 3, 4 and
 * 6 values are compared with the level since the last step (two-sample Student test with the scatter of that level, wild values
 * clipped at 4 sigma). The place of a step is then refined with all values between its neighbours (largest
 * two-sample statistic, Hawkins 1977). Not finite values are left out. Cost: linear in the length times the longest level (200).
 */
export function changePoints(values: ArrayLike<number>, options: ChangePointOptions = {}): ChangePoint[] {
  const { alpha = 3.5e-4, minimumBefore = 5, sigmaFloor = 0 } = options;
  const kept = Array.from({ length: values.length }, (_, i) => i).filter(i => Number.isFinite(values[i]));
  const x = Float64Array.from(kept, i => values[i]!);
  const found: { start: number; at: number }[] = [];
  let start = 0;
  // A window of m at t has the same level before it as one of m + 1 a value later.
  let levels = new Map<number, LevelOfValues>();
  let clip: Clip | null = null;
  for (let t = minimumBefore + 1; t < x.length; t++) {
    const level = (from: number, first: number): LevelOfValues => {
      // The limits of wild values move slowly: they are found anew after an eighth of the level.
      if (clip === null || first > clip.until) clip = clipOf(x.subarray(from, first), first);
      const made = levels.get(first) ?? levelOf(x.subarray(from, first), sigmaFloor, clip);
      levels.set(first, made);
      return made;
    };
    levels.delete(t - WINDOWS.at(-1)!);
    const step = stepAt(x, start, t, { alpha, minimumBefore, level });
    if (step === null) continue;
    found.push({ start: step, at: t });
    start = step;
    levels = new Map();
    clip = null;
  }
  return described(x, found, sigmaFloor).map(c => ({ ...c, index: kept[c.index]!, foundAt: kept[c.foundAt]! }));
}

interface StepOptions {
  readonly alpha: number;
  readonly minimumBefore: number;
  readonly level: (from: number, first: number) => LevelOfValues;
}

/** First index of the new level that ends at t, or null. */
function stepAt(x: Float64Array, start: number, t: number, { alpha, minimumBefore, level: levelBefore }: StepOptions): number | null {
  let best: { at: number; excess: number } | null = null;
  for (const m of WINDOWS) {
    const first = t - m + 1;
    const from = Math.max(start, first - LONGEST_LEVEL);
    if (first - from < minimumBefore) continue;
    const level = levelBefore(from, first);
    const shift = mean(x.subarray(first, t + 1)) - level.mean;
    const z = Math.abs(shift) / (level.sigma * Math.sqrt(1 / m + 1 / level.n));
    const limit = limitFor(alpha, level.n - 1);
    const least = Math.max(MINIMUM_SHIFT_SIGMAS * level.sigma, carriedShare(m) * Math.abs(shift));
    const isCarried = x.subarray(first, t + 1).every(v => Math.sign(shift) * (v - level.mean) >= least);
    if (z > limit && isCarried && z / limit > (best?.excess ?? 1)) best = { at: first, excess: z / limit };
  }
  return best?.at ?? null;
}

interface LevelOfValues {
  readonly mean: number;
  readonly sigma: number;
  readonly n: number;
}

/** Values outside are wild and no part of a level. */
interface Clip {
  readonly lo: number;
  readonly hi: number;
  /** Last end of a level that these limits serve. */
  readonly until: number;
}

function clipOf(x: Float64Array, end: number): Clip {
  const centre = median(x);
  const half = CLIP_SIGMAS * madSigma(x, centre);
  const isDefined = half > 0 && x.length >= 8;
  return { lo: isDefined ? centre - half : -Infinity, hi: isDefined ? centre + half : Infinity, until: end + (x.length >> 3) };
}

function levelOf(x: Float64Array, sigmaFloor: number, { lo, hi } = clipOf(x, 0)): LevelOfValues {
  let [n, sum] = [0, 0];
  for (let i = 0; i < x.length; i++) {
    if (!(x[i]! >= lo && x[i]! <= hi)) continue;
    n++;
    sum += x[i]!;
  }
  const average = sum / n;
  let squares = 0;
  for (let i = 0; i < x.length; i++) if (x[i]! >= lo && x[i]! <= hi) squares += (x[i]! - average) ** 2;
  const smallest = Math.max(sigmaFloor, 1e-12 * Math.abs(average), Number.MIN_VALUE);
  return { mean: average, sigma: Math.max(Math.sqrt(squares / Math.max(1, n - 1)), smallest), n };
}

const limits = new Map<string, number>();

/** Two-sided limit of Student's t; looked up, for it is asked for at every value. */
function limitFor(alpha: number, nu: number): number {
  const key = `${alpha} ${nu}`;
  const known = limits.get(key);
  if (known !== undefined) return known;
  const limit = studentQuantile(1 - alpha / 2, Math.max(1, nu));
  limits.set(key, limit);
  return limit;
}

function described(x: Float64Array, found: readonly { start: number; at: number }[], sigmaFloor: number): ChangePoint[] {
  const places = found.map(({ start }) => start);
  for (let k = 0; k < places.length; k++) {
    places[k] = bestSplit(x, k === 0 ? 0 : places[k - 1]!, places[k]!, places[k + 1] ?? x.length);
  }
  return found.map(({ at }, k) => {
    const index = places[k]!;
    const before = levelOf(x.subarray(Math.max(k === 0 ? 0 : places[k - 1]!, index - LONGEST_LEVEL), index), sigmaFloor);
    const after = levelOf(x.subarray(index, places[k + 1] ?? x.length), sigmaFloor);
    const significance = (after.mean - before.mean) / (before.sigma * Math.sqrt(1 / after.n + 1 / before.n));
    const nu = Math.max(1, before.n - 1);
    return {
      index, foundAt: at, before: before.mean, after: after.mean, sigma: before.sigma, significance,
      pValue: betaI(nu / 2, 0.5, nu / (nu + significance ** 2)),
    };
  });
}

/** The split of [from, to) with the largest between-group sum of squares, near the given place. */
function bestSplit(x: Float64Array, from: number, near: number, to: number): number {
  const lo = Math.max(from + 2, near - 6);
  const hi = Math.min(to - 1, near + 6);
  let total = 0;
  for (let i = from; i < to; i++) total += x[i]!;
  let left = 0;
  for (let i = from; i < lo; i++) left += x[i]!;
  let [best, bestGain] = [near, -Infinity];
  for (let split = lo; split <= hi; split++) {
    const [nLeft, nRight] = [split - from, to - split];
    const gain = nLeft * nRight * (left / nLeft - (total - left) / nRight) ** 2;
    if (gain > bestGain) [best, bestGain] = [split, gain];
    left += x[split]!;
  }
  return best;
}
