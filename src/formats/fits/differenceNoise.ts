/**
 * Noise of an image from differences of neighbouring pixels, as CFITSIO estimates it before it quantizes floats:
 * medians of the absolute 2nd, 3rd and 5th order differences of every row, and the median of the rows (Stoehr et al.,
 * ST-ECF Newsletter 42). The arithmetic has the precision of the pixels, so the step that follows is CFITSIO's own.
 */

export interface DifferenceNoise {
  /** Pixels that are not NaN, and their range; min > max when there are none. */
  readonly nGood: number;
  readonly min: number;
  readonly max: number;
  /** Estimates of the standard deviation; 0 where there is none. */
  readonly noise2: number;
  readonly noise3: number;
  readonly noise5: number;
}

type Floats = Float32Array | Float64Array;

/** Rows with fewer pixels give no differences. */
const MIN_ROW = 9;

/**
 * @param values row-major, nx * ny of them; NaN is left out, infinities spoil the estimates.
 * @returns the three estimates; a row counts with the pixels that it has, runs of equal pixels do not count.
 */
export function differenceNoise(values: Floats, nx: number, ny: number): DifferenceNoise {
  // Narrow tiles are taken as one row.
  const [width, height] = nx < MIN_ROW ? [nx * ny, 1] : [nx, ny];
  const work = differences(values, Math.max(width, MIN_ROW));
  const medians: [number[], number[], number[]] = [[], [], []];
  let [min, max, nGood] = [Infinity, -Infinity, 0];
  for (let y = 0; y < height; y++) {
    const row = goodPixels(values.subarray(y * width, (y + 1) * width), work.row);
    nGood += row.n;
    if (row.min < min) min = row.min;
    if (row.max > max) max = row.max;
    if (row.n >= MIN_ROW && width >= MIN_ROW) addMedians(work, row.n, medians);
  }
  const [noise2, noise3, noise5] = medians.map(middle) as [number, number, number];
  return { nGood, min, max, noise2: 1.0483579 * noise2, noise3: 0.6052697 * noise3, noise5: 0.1772048 * noise5 };
}

interface Work { readonly row: Floats; readonly d2: Floats; readonly d3: Floats; readonly d5: Floats }

function differences(values: Floats, n: number): Work {
  const array = (): Floats => (values instanceof Float32Array ? new Float32Array(n) : new Float64Array(n));
  return { row: array(), d2: array(), d3: array(), d5: array() };
}

/** Copies the pixels that are not NaN to the front of `row`. */
function goodPixels(values: Floats, row: Floats): { n: number; min: number; max: number } {
  let [n, min, max] = [0, Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    const v = values[i]!;
    if (v !== v) continue;
    row[n++] = v;
    if (v < min) min = v;
    if (v > max) max = v;
  }
  return { n, min, max };
}

function addMedians(work: Work, n: number, [medians2, medians3, medians5]: readonly [number[], number[], number[]]): void {
  const { n2, n3 } = work.row instanceof Float32Array
    ? singleDifferences(work as Work & Record<keyof Work, Float32Array>, n)
    : doubleDifferences(work as Work & Record<keyof Work, Float64Array>, n);
  if (n3 === 0) return;
  // As in CFITSIO the 2nd order median is taken over as many places as the others; those that are not filled hold 0.
  work.d2.fill(0, n2, n3);
  if (n3 === 1 ? n2 === 1 : n2 > 1) medians2.push(lowerMedian(work.d2, n3));
  medians3.push(lowerMedian(work.d3, n3));
  medians5.push(lowerMedian(work.d5, n3));
}

function singleDifferences({ row, d2, d3, d5 }: Record<keyof Work, Float32Array>, n: number): { n2: number; n3: number } {
  const f = Math.fround;
  let [n2, n3] = [0, 0];
  for (let i = 4; i < n - 4; i++) {
    const a = row[i - 2]!;
    const v = row[i]!;
    const b = row[i + 2]!;
    const isFlat = v === row[i + 1] && v === b;
    if (!isFlat) d2[n2++] = Math.abs(f(v - b));
    if (isFlat && a === v && row[i - 1] === v) continue;
    d3[n3] = Math.abs(f(f(2 * v - a) - b));
    d5[n3++] = Math.abs(f(f(f(f(f(6 * v) - 4 * a) - 4 * b) + row[i - 4]!) + row[i + 4]!));
  }
  return { n2, n3 };
}

function doubleDifferences({ row, d2, d3, d5 }: Record<keyof Work, Float64Array>, n: number): { n2: number; n3: number } {
  let [n2, n3] = [0, 0];
  for (let i = 4; i < n - 4; i++) {
    const a = row[i - 2]!;
    const v = row[i]!;
    const b = row[i + 2]!;
    const isFlat = v === row[i + 1] && v === b;
    if (!isFlat) d2[n2++] = Math.abs(v - b);
    if (isFlat && a === v && row[i - 1] === v) continue;
    d3[n3] = Math.abs(2 * v - a - b);
    d5[n3++] = Math.abs(6 * v - 4 * a - 4 * b + row[i - 4]! + row[i + 4]!);
  }
  return { n2, n3 };
}

const BUCKETS = new Uint32Array(2048);
const BUCKET_BITS = 20;

/**
 * Element (n - 1) >> 1 of the n first values in sorted order; none may be negative or NaN. Positive floats sort as
 * their bits do: the upper ones find the bucket of the median, and only that is sorted.
 */
function lowerMedian(values: Floats, n: number): number {
  const keys = new Uint32Array(values instanceof Float32Array ? values.buffer : Float32Array.from(values.subarray(0, n)).buffer, 0, n);
  BUCKETS.fill(0);
  for (let i = 0; i < n; i++) BUCKETS[(keys[i]! >>> BUCKET_BITS) & 2047]!++;
  let bucket = 0;
  let rank = (n - 1) >> 1;
  while (rank >= BUCKETS[bucket]!) rank -= BUCKETS[bucket++]!;
  const inBucket = values instanceof Float32Array ? new Float32Array(BUCKETS[bucket]!) : new Float64Array(BUCKETS[bucket]!);
  for (let i = 0, k = 0; i < n; i++) if (((keys[i]! >>> BUCKET_BITS) & 2047) === bucket) inBucket[k++] = values[i]!;
  return inBucket.sort()[rank]!;
}

/** Median of the rows, the mean of two middle ones; 0 for none. */
function middle(medians: readonly number[]): number {
  const sorted = Float64Array.from(medians).sort();
  const n = sorted.length;
  return n === 0 ? 0 : (sorted[(n - 1) >> 1]! + sorted[n >> 1]!) / 2;
}
