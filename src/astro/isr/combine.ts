/** Several frames of one kind into one: the calibration frames of a camera. */
import { allocMaskedImage } from '../../model/image.ts';
import type { MaskedImage } from '../../model/image.ts';
import { MASK } from '../../model/mask.ts';
import { median } from '../../numeric/statistics.ts';

export interface CombineOptions {
  /** A value farther than this from the median of its pixel, in its expected or the measured scatter (the larger), is left out. */
  readonly nSigma: number;
  /** Planes whose pixels do not enter. */
  readonly avoidBits: number;
}

export interface Combined {
  readonly frame: MaskedImage;
  /** Values left out by clipping, and pixels without any value. */
  readonly nClipped: number;
  readonly nEmpty: number;
}

/**
 * Clipped mean of the frames times their scales, pixel by pixel. Values that are masked with `avoidBits` or not finite are
 * left out. The scatter of a pixel is 0.7413 IQR of its values from five values on; below that the variance of the frames
 * decides alone. The variance of the result is that of the mean (frames independent); a pixel without any value becomes
 * NaN, +Infinity and BAD. Mask planes are not carried over. Cost: pixels times frames, twice.
 */
export function combineFrames(frames: readonly MaskedImage[], scales: readonly number[], options: CombineOptions): Combined {
  const { width, height } = frames[0]!;
  const out = allocMaskedImage(width, height);
  const n = frames.length;
  const values = new Float64Array(n);
  const variances = new Float64Array(n);
  let nClipped = 0;
  let nEmpty = 0;
  for (let p = 0; p < width * height; p++) {
    let m = 0;
    for (let k = 0; k < n; k++) {
      const frame = frames[k]!;
      const value = frame.image[p]! * scales[k]!;
      if ((frame.mask[p]! & options.avoidBits) !== 0 || !Number.isFinite(value)) continue;
      const variance = frame.variance[p]! * scales[k]! * scales[k]!;
      // Sorted insertion: the lists are short.
      let at = m++;
      for (; at > 0 && values[at - 1]! > value; at--) {
        values[at] = values[at - 1]!;
        variances[at] = variances[at - 1]!;
      }
      values[at] = value;
      variances[at] = variance;
    }
    if (m === 0) {
      nEmpty++;
      out.image[p] = NaN;
      out.variance[p] = Infinity;
      out.mask[p] = MASK.BAD;
      continue;
    }
    nClipped += writeMean(out, p, values, variances, m, options.nSigma);
  }
  return { frame: out, nClipped, nEmpty };
}

/** Writes the clipped mean of m sorted values; returns how many were clipped. */
function writeMean(
  out: MaskedImage, p: number, values: Float64Array, variances: Float64Array, m: number, nSigma: number,
): number {
  const middle = (values[(m - 1) >> 1]! + values[m >> 1]!) / 2;
  const scatter = m < 5 ? 0 : 0.7413 * (values[Math.round(0.75 * (m - 1))]! - values[Math.round(0.25 * (m - 1))]!);
  let sum = 0;
  let noise = 0;
  let used = 0;
  for (let k = 0; k < m; k++) {
    const sigma = Math.max(scatter, Math.sqrt(variances[k]!));
    if (Math.abs(values[k]! - middle) > nSigma * sigma) continue;
    sum += values[k]!;
    noise += variances[k]!;
    used++;
  }
  if (used === 0) {
    // Two values far apart: neither can be told to be wrong.
    out.image[p] = middle;
    out.variance[p] = (values[m - 1]! - values[0]!) ** 2 / 4;
    return m;
  }
  out.image[p] = sum / used;
  out.variance[p] = noise / (used * used);
  return m - used;
}

/** Median of the good pixels (finite, without `avoidBits`), every 11th. */
export function frameLevel({ image, mask }: MaskedImage, avoidBits: number): number {
  const sample: number[] = [];
  for (let p = 0; p < image.length; p += 11) if ((mask[p]! & avoidBits) === 0) sample.push(image[p]!);
  return median(sample);
}
