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
 */
export function interpolateOver(target: MaskedImage, bits: number, sigma_px: number): number {
  const { width, height, image, variance, mask } = target;
  const bad = Uint8Array.from(mask, m => ((m & bits) !== 0 ? 1 : 0));
  const weightsOf = weightTable(sigma_px);
  let fallback: readonly [number, number] | null = null;
  let n = 0;
  for (let p = 0; p < bad.length; p++) {
    if (bad[p] === 0) continue;
    n++;
    const x = p % width;
    const y = (p - x) / width;
    const alongRow = neighbours(bad, p, 1, x, width - 1 - x);
    const alongColumn = alongRow.run === 1 ? alongRow : neighbours(bad, p, width, y, height - 1 - y);
    const { offsets, step } = alongColumn.run < alongRow.run ? alongColumn : alongRow;
    if (offsets.length === 0) {
      fallback ??= medianOfGood(target, bad);
      [image[p], variance[p]] = fallback;
    } else {
      const weights = weightsOf(offsets);
      let value = 0;
      let noise = 0;
      for (let k = 0; k < offsets.length; k++) {
        value += weights[k]! * image[p + step * offsets[k]!]!;
        noise += variance[p + step * offsets[k]!]! / offsets.length;
      }
      image[p] = value;
      variance[p] = noise;
    }
    mask[p]! |= MASK.INTRP;
  }
  return n;
}

interface Neighbours {
  readonly offsets: readonly number[];
  readonly step: number;
  /** Length of the run of bad pixels; one that touches the edge counts double, one without a good end is endless. */
  readonly run: number;
}

/** Good pixels next to the run through p: up to two on each side, the nearest of each side first reached. */
function neighbours(bad: Uint8Array, p: number, step: number, before: number, after: number): Neighbours {
  let left = 1;
  while (left <= before && bad[p - step * left] === 1) left++;
  let right = 1;
  while (right <= after && bad[p + step * right] === 1) right++;
  const offsets: number[] = [];
  if (left + 1 <= before && left <= before && bad[p - step * (left + 1)] === 0) offsets.push(-left - 1);
  if (left <= before) offsets.push(-left);
  if (right <= after) offsets.push(right);
  if (right + 1 <= after && bad[p + step * (right + 1)] === 0) offsets.push(right + 1);
  const length = left + right - 1;
  const ends = Number(left <= before) + Number(right <= after);
  return { offsets, step, run: ends === 2 ? length : ends === 1 ? 2 * length : Infinity };
}

/** Prediction weights by pattern of neighbours, computed once each; far neighbours are moved to FAR. */
function weightTable(sigma_px: number): (offsets: readonly number[]) => Float64Array {
  const known = new Map<string, Float64Array>();
  const far = Math.ceil(FAR * sigma_px);
  return offsets => {
    const near = offsets.map((d, k) => {
      const outer = k === 0 && offsets.length > 1 && offsets[1]! < 0 || k === offsets.length - 1 && k > 0 && offsets[k - 1]! > 0;
      const limit = outer ? far + 1 : far;
      return Math.sign(d) * Math.min(Math.abs(d), limit);
    });
    const key = near.join();
    let weights = known.get(key);
    if (weights === undefined) {
      weights = predictionWeights(near, sigma_px);
      known.set(key, weights);
    }
    return weights;
  };
}

function medianOfGood({ image, variance }: MaskedImage, bad: Uint8Array): readonly [number, number] {
  const good = (plane: Float32Array): Float32Array => plane.filter((_, p) => bad[p] === 0);
  return [median(good(image)), median(good(variance))];
}
