/** Bias, dark and flat frames applied to an image in electrons. All frames have the shape of the detector. */
import type { Exposure, MaskedImage } from '../../model/image.ts';
import type { Detector } from '../../model/instrument.ts';
import { MASK, maskOf } from '../../model/mask.ts';
import { ApError } from '../../model/errors.ts';
import { mean, median } from '../../numeric/statistics.ts';

/** Throws BAD_FORMAT unless the calibration frame has the shape of the image. */
export function checkShape(calibration: Exposure, target: MaskedImage, datasetType: string): void {
  if (calibration.width === target.width && calibration.height === target.height) return;
  throw new ApError('BAD_FORMAT', {
    where: `${datasetType} of detector ${calibration.detector}`,
    found: `${calibration.width} x ${calibration.height} pixels`, expected: `${target.width} x ${target.height}`,
  });
}

/**
 * Factor that brings each amplifier of the frame to electrons: its gain when the unit is 'adu', 1 when it is 'electron'.
 * Throws BAD_FORMAT for any other unit.
 */
export function electronScales({ unit }: Exposure, detector: Detector): number[] {
  if (unit !== 'electron' && unit !== 'adu') {
    throw new ApError('BAD_FORMAT', { where: 'unit of a calibration frame', found: unit, expected: 'electron or adu' });
  }
  return detector.amplifiers.map(amp => (unit === 'adu' ? amp.gain_electronPerAdu : 1));
}

/**
 * target.image -= scale * frame, with a scale for each amplifier; the frame's mask is ORed in. The noise of the frame
 * comes with `addFrameVariance`.
 */
export function subtractFrame(target: MaskedImage, frame: MaskedImage, detector: Detector, scales: readonly number[]): void {
  const { width, image, mask } = target;
  detector.amplifiers.forEach(({ detectorBox: box }, i) => {
    const scale = scales[i]!;
    for (let y = box.y0; y < box.y0 + box.height; y++) {
      const end = y * width + box.x0 + box.width;
      for (let p = end - box.width; p < end; p++) {
        image[p]! -= scale * frame.image[p]!;
        mask[p]! |= frame.mask[p]!;
      }
    }
  });
}

/** target.variance += scale^2 * frame variance, with a scale for each amplifier. */
export function addFrameVariance(target: MaskedImage, frame: MaskedImage, detector: Detector, scales: readonly number[]): void {
  const { width, variance } = target;
  detector.amplifiers.forEach(({ detectorBox: box }, i) => {
    const square = scales[i]! ** 2;
    for (let y = box.y0; y < box.y0 + box.height; y++) {
      const end = y * width + box.x0 + box.width;
      for (let p = end - box.width; p < end; p++) variance[p]! += square * frame.variance[p]!;
    }
  });
}

/** Mean or median of the good pixels of a flat (finite, without BAD, SAT, NO_DATA), every 7th. */
export function flatScale({ image, mask }: MaskedImage, kind: 'MEAN' | 'MEDIAN'): number {
  const avoid = maskOf('BAD', 'SAT', 'NO_DATA');
  const sample: number[] = [];
  for (let p = 0; p < image.length; p += 7) if ((mask[p]! & avoid) === 0) sample.push(image[p]!);
  return kind === 'MEAN' ? mean(sample) : median(sample);
}

/**
 * Divides image and variance by flat / scale; its own variance is propagated:
 * var = var / flat^2 + image^2 * flatVar / flat^4. Pixels whose flat is not above zero become BAD and NaN.
 * Returns the number of such pixels.
 */
export function divideByFlat(target: MaskedImage, flat: MaskedImage, scale = 1): number {
  const factor = 1 / scale;
  let nBad = 0;
  for (let p = 0; p < target.image.length; p++) {
    const f = flat.image[p]! * factor;
    target.mask[p]! |= flat.mask[p]!;
    if (!(f > 0) || !Number.isFinite(f)) {
      target.image[p] = NaN;
      target.mask[p]! |= MASK.BAD;
      nBad++;
      continue;
    }
    const value = target.image[p]! / f;
    target.image[p] = value;
    target.variance[p] = (target.variance[p]! + value * value * flat.variance[p]! * factor * factor) / (f * f);
  }
  return nBad;
}
