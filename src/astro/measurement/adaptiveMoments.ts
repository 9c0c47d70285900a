/** Adaptive second moments of an object in an image. */
import type { MaskedImage } from '../../model/image.ts';
import { matchedMoments } from './weightedMoments.ts';
import type { Moments2 } from './weightedMoments.ts';

export interface ShapeMeasurement extends Moments2 {
  readonly flag: boolean;
}

/**
 * Second moments of the matched elliptical Gaussian at a fixed centre, pixel^2; they include the PSF and the
 * pixel. Works on either polarity. Masked and NaN pixels are left out. Flagged (moments NaN) when the iteration
 * fails: too faint, at the edge, blended.
 * @param badBits - pixels with any of these mask bits are left out. @param startSigma_px - e.g. that of the PSF.
 */
export function adaptiveMoments(mi: MaskedImage, x: number, y: number, badBits: number, startSigma_px: number): ShapeMeasurement {
  if (!(x > -0.5 && y > -0.5 && x < mi.width - 0.5 && y < mi.height - 0.5)) return { ixx: NaN, iyy: NaN, ixy: NaN, flag: true };
  const largest = Math.ceil(Math.min(Math.max(10 * startSigma_px, 8), 50));
  const small = Math.ceil(6 * startSigma_px);
  // Most objects are little wider than the first weight: a small window will do for them.
  const found = momentsInside(mi, x, y, badBits, startSigma_px, Math.min(small, largest));
  const isInside = !found.flag && 4 * Math.sqrt(Math.max(found.ixx, found.iyy)) <= small;
  return isInside || small >= largest ? found : momentsInside(mi, x, y, badBits, startSigma_px, largest);
}

function momentsInside(mi: MaskedImage, x: number, y: number, badBits: number, startSigma_px: number, radius: number): ShapeMeasurement {
  const x0 = Math.max(0, Math.round(x) - radius);
  const y0 = Math.max(0, Math.round(y) - radius);
  const width = Math.min(mi.width, Math.round(x) + radius + 1) - x0;
  const height = Math.min(mi.height, Math.round(y) + radius + 1) - y0;
  const data = new Float64Array(width * height);
  let core = 0;
  for (let j = 0; j < height; j++) {
    for (let i = 0, at = (y0 + j) * mi.width + x0; i < width; i++, at++) {
      const value = (mi.mask[at]! & badBits) === 0 ? mi.image[at]! : NaN;
      data[j * width + i] = value;
      const near = Math.abs(x0 + i - x) <= 1.5 && Math.abs(y0 + j - y) <= 1.5;
      if (near && value === value) core += value;
    }
  }
  if (core < 0) for (let k = 0; k < data.length; k++) data[k] = -data[k]!;
  const { ixx, iyy, ixy, flag } = matchedMoments({ data, width, height }, x - x0, y - y0, startSigma_px, radius);
  return { ixx, iyy, ixy, flag };
}
