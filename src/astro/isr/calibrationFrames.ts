/** Bias, dark and flat frames applied to an image in electrons. All frames have the shape of the detector. */
import type { Exposure, MaskedImage } from '../../model/image.ts';
import type { Detector } from '../../model/instrument.ts';
import { MASK } from '../../model/mask.ts';
import { ApError } from '../../model/errors.ts';

/** Throws BAD_FORMAT unless the calibration frame has the shape of the image. */
export function checkShape(calibration: Exposure, target: MaskedImage, datasetType: string): void {
  if (calibration.width === target.width && calibration.height === target.height) return;
  throw new ApError('BAD_FORMAT', {
    where: `${datasetType} of detector ${calibration.detector}`,
    found: `${calibration.width} x ${calibration.height} pixels`, expected: `${target.width} x ${target.height}`,
  });
}

/**
 * The frame in electrons: a copy scaled by each amplifier's gain when its unit is 'adu', itself when it
 * is in electrons. Throws BAD_FORMAT for any other unit.
 */
export function inElectrons(calibration: Exposure, detector: Detector): MaskedImage {
  if (calibration.unit === 'electron') return calibration;
  if (calibration.unit !== 'adu') {
    throw new ApError('BAD_FORMAT', { where: 'unit of a calibration frame', found: calibration.unit, expected: 'electron or adu' });
  }
  const { width, height, mask } = calibration;
  const image = calibration.image.slice();
  const variance = calibration.variance.slice();
  for (const { detectorBox: box, gain_electronPerAdu: gain } of detector.amplifiers) {
    for (let y = box.y0; y < box.y0 + box.height; y++) {
      for (let p = y * width + box.x0; p < y * width + box.x0 + box.width; p++) {
        image[p]! *= gain;
        variance[p]! *= gain * gain;
      }
    }
  }
  return { width, height, image, variance, mask };
}

/** target.image -= frame. The noise of the frame is not in the pixel variance yet: see `addFrameVariance`. */
export function subtractFrame(target: MaskedImage, frame: MaskedImage, scale = 1): void {
  for (let p = 0; p < target.image.length; p++) {
    target.image[p]! -= scale * frame.image[p]!;
    target.mask[p]! |= frame.mask[p]!;
  }
}

/** target.variance += scale^2 * frame variance. */
export function addFrameVariance(target: MaskedImage, frame: MaskedImage, scale = 1): void {
  const square = scale * scale;
  for (let p = 0; p < target.variance.length; p++) target.variance[p]! += square * frame.variance[p]!;
}

/**
 * Divides image and variance by a flat of mean 1; its own variance is propagated:
 * var = var / flat^2 + image^2 * flatVar / flat^4. Pixels whose flat is not above zero become BAD and NaN.
 * Returns the number of such pixels.
 */
export function divideByFlat(target: MaskedImage, flat: MaskedImage): number {
  let nBad = 0;
  for (let p = 0; p < target.image.length; p++) {
    const f = flat.image[p]!;
    target.mask[p]! |= flat.mask[p]!;
    if (!(f > 0) || !Number.isFinite(f)) {
      target.image[p] = NaN;
      target.mask[p]! |= MASK.BAD;
      nBad++;
      continue;
    }
    const value = target.image[p]! / f;
    target.image[p] = value;
    target.variance[p] = (target.variance[p]! + value * value * flat.variance[p]!) / (f * f);
  }
  return nBad;
}
