/**
 * Interpolation over masked pixels from the good pixels along a row or a column.
 *
 * The value is the best linear unbiased prediction from up to two good pixels on each side, for a field
 * whose correlation is that of a Gaussian PSF, exp(-d^2 / (4 sigma^2)), without noise, with the weights
 * summing to 1. With sigma = 1 px these weights are those of the Rubin stack (meas_algorithms Interp)
 * to its four printed digits, for every pattern of good neighbours.
 */
import type { MaskedImage } from '../../model/image.ts';
import { MASK } from '../../model/mask.ts';
import { median } from '../../numeric/statistics.ts';
import { leastSquares } from '../../numeric/linearAlgebra.ts';

/** Beyond this distance (in sigma) a neighbour tells only the mean. */
const FAR = 8;

/** Weights of the neighbours at the given distances (pixels, signed, distinct) for a prediction at 0; they sum to 1. */
export function predictionWeights(offsets: readonly number[], sigma_px: number): Float64Array {
  const n = offsets.length;
  const correlation = (d: number): number => Math.exp(-(d * d) / (4 * sigma_px * sigma_px));
  const size = n + 1;
  const matrix = new Float64Array(size * size);
  const right = new Float64Array(size);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) matrix[i * size + j] = correlation(offsets[i]! - offsets[j]!);
    matrix[i * size + n] = 1;
    matrix[n * size + i] = 1;
    right[i] = correlation(offsets[i]!);
  }
  right[n] = 1;
  return leastSquares(matrix, right, null, size).x.slice(0, n);
}

/**
 * Replaces image and variance of every pixel with any of `bits` and sets INTRP there. Each pixel is
 * predicted along the axis on which its run of bad pixels is shorter (rows on a tie); the variance
 * becomes the mean of the neighbours used. Pixels without a good neighbour on either axis get the
 * median of the good pixels. Good pixels are not changed. Returns the number of interpolated pixels.
 * Cost: linear in the pixels, however long the runs are.
 */
export function interpolateOver(target: MaskedImage, bits: number, sigma_px: number): number {
  const { width, height, image, variance, mask } = target;
  const list = pixelsWith(mask, bits);
  const runs = runsThrough(list, width, height);
  const weightsOf = weightTable(sigma_px);
  const isGood = (p: number): boolean => (mask[p]! & bits) === 0;
  let fallback: readonly [number, number] | null = null;
  const found: Neighbours = { offsets: new Int32Array(4), n: 0 };
  for (let k = 0; k < list.length; k++) {
    const p = list[k]!;
    const [left, right, down, up] = [runs.left[k]!, runs.right[k]!, runs.down[k]!, runs.up[k]!];
    const x = p % width;
    const y = (p - x) / width;
    const isColumn = runLength(down, up, y, height) < runLength(left, right, x, width);
    const step = isColumn ? width : 1;
    if (isColumn) neighbours(found, down, up, y, height, d => isGood(p + d * width));
    else neighbours(found, left, right, x, width, d => isGood(p + d));
    if (found.n === 0) {
      fallback ??= medianOfGood(target, bits);
      [image[p], variance[p]] = fallback;
      continue;
    }
    const weights = weightsOf(found);
    let value = 0;
    let noise = 0;
    for (let j = 0; j < found.n; j++) {
      const at = p + step * found.offsets[j]!;
      value += weights[j]! * image[at]!;
      noise += variance[at]! / found.n;
    }
    image[p] = value;
    variance[p] = noise;
  }
  for (const p of list) mask[p]! |= MASK.INTRP;
  return list.length;
}

function pixelsWith(mask: Int32Array, bits: number): Uint32Array {
  let n = 0;
  for (let p = 0; p < mask.length; p++) if ((mask[p]! & bits) !== 0) n++;
  const list = new Uint32Array(n);
  let k = 0;
  for (let p = 0; k < n; p++) if ((mask[p]! & bits) !== 0) list[k++] = p;
  return list;
}

/** Distance from each listed pixel to the nearest good one in the four directions; 0: none before the edge. */
interface Runs {
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly down: Int32Array;
  readonly up: Int32Array;
}

function runsThrough(list: Uint32Array, width: number, height: number): Runs {
  const n = list.length;
  const [left, right, down, up] = [new Int32Array(n), new Int32Array(n), new Int32Array(n), new Int32Array(n)];
  /** Last listed pixel of each column, as row + 1 (0: none), and its distance. */
  const lastRow = new Int32Array(width);
  const lastDistance = new Int32Array(width);
  const further = (distance: number): number => (distance === 0 ? 0 : distance + 1);
  for (let k = 0; k < n; k++) {
    const p = list[k]!;
    const x = p % width;
    const y = (p - x) / width;
    left[k] = x === 0 ? 0 : k > 0 && list[k - 1] === p - 1 ? further(left[k - 1]!) : 1;
    down[k] = y === 0 ? 0 : lastRow[x] === y ? further(lastDistance[x]!) : 1;
    lastRow[x] = y + 1;
    lastDistance[x] = down[k]!;
  }
  lastRow.fill(-1);
  for (let k = n - 1; k >= 0; k--) {
    const p = list[k]!;
    const x = p % width;
    const y = (p - x) / width;
    right[k] = x === width - 1 ? 0 : k < n - 1 && list[k + 1] === p + 1 ? further(right[k + 1]!) : 1;
    up[k] = y === height - 1 ? 0 : lastRow[x] === y + 1 ? further(lastDistance[x]!) : 1;
    lastRow[x] = y;
    lastDistance[x] = up[k]!;
  }
  return { left, right, down, up };
}

/** Length of the run of bad pixels; one that touches the edge counts double, one without a good end is endless. */
function runLength(before: number, after: number, at: number, size: number): number {
  if (before > 0 && after > 0) return before + after - 1;
  if (before + after === 0) return Infinity;
  return 2 * (before > 0 ? before + size - 1 - at : after + at);
}

/** Offsets of the good pixels that predict, rising; the first n count. */
interface Neighbours {
  readonly offsets: Int32Array;
  n: number;
}

/** Up to two good pixels on each side of a run, the nearest of each side first reached. */
function neighbours(
  found: Neighbours, before: number, after: number, at: number, size: number, isGood: (offset: number) => boolean,
): void {
  let n = 0;
  if (before > 0) {
    if (at - before - 1 >= 0 && isGood(-before - 1)) found.offsets[n++] = -before - 1;
    found.offsets[n++] = -before;
  }
  if (after > 0) {
    found.offsets[n++] = after;
    if (at + after + 1 < size && isGood(after + 1)) found.offsets[n++] = after + 1;
  }
  found.n = n;
}

/** Prediction weights by pattern of neighbours, computed once each; far neighbours are moved to FAR. */
function weightTable(sigma_px: number): (found: Neighbours) => Float64Array {
  const known = new Map<number, Float64Array>();
  const far = Math.ceil(FAR * sigma_px);
  const base = 2 * far + 4;
  const near = new Int32Array(4);
  return ({ offsets, n }) => {
    let key = n;
    for (let k = 0; k < n; k++) {
      const d = offsets[k]!;
      const isOuter = (k === 0 && n > 1 && offsets[1]! < 0) || (k === n - 1 && k > 0 && offsets[k - 1]! > 0);
      near[k] = Math.sign(d) * Math.min(Math.abs(d), isOuter ? far + 1 : far);
      key = key * base + near[k]! + far + 2;
    }
    let weights = known.get(key);
    if (weights === undefined) {
      weights = predictionWeights([...near.subarray(0, n)], sigma_px);
      known.set(key, weights);
    }
    return weights;
  };
}

function medianOfGood({ image, variance, mask }: MaskedImage, bits: number): readonly [number, number] {
  const good = (plane: Float32Array): Float32Array => plane.filter((_, p) => (mask[p]! & bits) === 0);
  return [median(good(image)), median(good(variance))];
}
