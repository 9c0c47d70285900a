/** Level and noise of the amplifiers of a finished image, and counts of mask planes. */
import type { MaskedImage } from '../../model/image.ts';
import type { Detector } from '../../model/instrument.ts';
import { MASK_BITS, maskOf } from '../../model/mask.ts';
import type { MaskPlane } from '../../model/mask.ts';
import { sigmaClip } from '../../numeric/statistics.ts';

const MIN_STEP = 7;
const MAX_SAMPLE = 50_000;
const AVOID = maskOf('BAD', 'SAT', 'INTRP', 'NO_DATA', 'UNMASKEDNAN');

export interface AmplifierLevel {
  readonly name: string;
  /** Clipped mean, median of the good pixels and clipped standard deviation; NaN for an amplifier without a good pixel. */
  readonly mean: number;
  readonly median: number;
  readonly sigma: number;
}

/** Statistics of each amplifier from good pixels, every 7th or fewer (at most 50,000 an amplifier). */
export function amplifierLevels({ width, image, mask }: MaskedImage, detector: Detector): AmplifierLevel[] {
  return detector.amplifiers.map(({ name, detectorBox: box }) => {
    const nPixels = box.width * box.height;
    const step = Math.max(MIN_STEP, Math.ceil(nPixels / MAX_SAMPLE));
    const sample = new Float32Array(Math.ceil(nPixels / step));
    let n = 0;
    for (let k = 0; k < nPixels; k += step) {
      const x = k % box.width;
      const p = (box.y0 + (k - x) / box.width) * width + box.x0 + x;
      if ((mask[p]! & AVOID) === 0) sample[n++] = image[p]!;
    }
    const { mean, median, sigma } = sigmaClip(sample.subarray(0, n));
    return { name, mean, median, sigma };
  });
}

/** Number of pixels that carry each plane, by plane name. One pass. */
export function planeCounts(mask: Int32Array): Readonly<Record<MaskPlane, number>> {
  const counts = new Float64Array(32);
  for (let p = 0; p < mask.length; p++) {
    let bits = mask[p]!;
    while (bits !== 0) {
      counts[31 - Math.clz32(bits & -bits)]!++;
      bits &= bits - 1;
    }
  }
  return Object.fromEntries(Object.entries(MASK_BITS).map(([name, bit]) => [name, counts[bit]!])) as Record<MaskPlane, number>;
}
