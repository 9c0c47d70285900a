/** From the raw read-out to the detector as the light saw it: trim, flip, gain, saturation. */
import type { Box, Image, MaskedImage } from '../../model/image.ts';
import type { Amplifier, Detector } from '../../model/instrument.ts';
import { MASK } from '../../model/mask.ts';

/** Where one row of an amplifier's imaging pixels lies in the raw frame and in the detector. */
interface RowPair {
  readonly from: number;
  readonly to: number;
  /** +1 or -1: direction in the detector. */
  readonly step: number;
}

function rowPair(amp: Amplifier, row: number, rawWidth: number, detectorWidth: number): RowPair {
  const { rawData, detectorBox } = amp;
  const y = detectorBox.y0 + (amp.flipY ? rawData.height - 1 - row : row);
  const x = detectorBox.x0 + (amp.flipX ? rawData.width - 1 : 0);
  return { from: (rawData.y0 + row) * rawWidth + rawData.x0, to: y * detectorWidth + x, step: amp.flipX ? -1 : 1 };
}

/** Zero level of an amplifier's imaging pixels, ADU: one a raw row, and one a raw column on top of it (null: none). */
export interface ZeroLevels {
  readonly rows_adu: Float64Array;
  readonly columns_adu: Float64Array | null;
}

/**
 * Copies the imaging pixels of every amplifier to `target.image` (detector frame, electrons):
 * (raw - level of the row - level of the column) * gain. The raw frame (ADU) is not modified.
 */
export function assembleDetector(
  raw: Image, detector: Detector, levels: readonly ZeroLevels[], target: MaskedImage,
): void {
  detector.amplifiers.forEach((amp, iAmp) => {
    const gain = amp.gain_electronPerAdu;
    const { rows_adu, columns_adu } = levels[iAmp]!;
    const { width, height } = amp.rawData;
    for (let row = 0; row < height; row++) {
      const { from, to, step } = rowPair(amp, row, raw.width, target.width);
      const level = rows_adu[row]!;
      if (columns_adu === null) {
        for (let i = 0; i < width; i++) target.image[to + step * i] = (raw.data[from + i]! - level) * gain;
      } else {
        for (let i = 0; i < width; i++) target.image[to + step * i] = (raw.data[from + i]! - level - columns_adu[i]!) * gain;
      }
    }
  });
}

/**
 * Sets `bit` in the detector mask where the raw pixel (ADU, zero level included) is at or above the limit of its amplifier.
 * Returns the count by amplifier.
 */
export function markAbove(raw: Image, detector: Detector, target: MaskedImage, limits_adu: readonly number[], bit: number): number[] {
  return detector.amplifiers.map((amp, iAmp) => {
    const limit = limits_adu[iAmp]!;
    let n = 0;
    for (let row = 0; row < amp.rawData.height; row++) {
      const { from, to, step } = rowPair(amp, row, raw.width, target.width);
      for (let i = 0; i < amp.rawData.width; i++) {
        if (!(raw.data[from + i]! >= limit)) continue;
        target.mask[to + step * i]! |= bit;
        n++;
      }
    }
    return n;
  });
}

/** A frame that was subtracted, with the scale of each amplifier. */
export interface AppliedFrame {
  readonly frame: MaskedImage;
  readonly scales: readonly number[];
}

/**
 * Variance of every pixel in electrons squared, from photon counting and read-out: signal + readNoise^2, where the image
 * (electrons, zero level and bias subtracted) still holds sky and dark current. Noise alone takes pixels below zero, where the
 * signal counts as 0; a pixel below -readNoise^2 - 5 readNoise cannot come from noise and gets BAD with `maskNegative`.
 * With `frame`, which was subtracted with the scales, its variance is added. Returns the number of negative pixels.
 */
export function setVariance(
  target: MaskedImage, detector: Detector, readNoise_electron: readonly number[], maskNegative = false, applied: AppliedFrame | null = null,
): number {
  const { width, image, variance, mask } = target;
  let nNegative = 0;
  detector.amplifiers.forEach(({ detectorBox: box }, iAmp) => {
    const floor = readNoise_electron[iAmp]! ** 2;
    const limit = -floor - 5 * readNoise_electron[iAmp]!;
    const square = applied === null ? 0 : applied.scales[iAmp]! ** 2;
    const extra = applied === null ? target.variance : applied.frame.variance;
    for (let y = box.y0; y < box.y0 + box.height; y++) {
      const end = y * width + box.x0 + box.width;
      for (let p = end - box.width; p < end; p++) {
        const value = image[p]!;
        const signal = value > 0 ? value : Number.isNaN(value) ? NaN : 0;
        variance[p] = signal + floor + (square === 0 ? 0 : square * extra[p]!);
        if (value < limit) {
          nNegative++;
          if (maskNegative) mask[p]! |= MASK.BAD;
        }
      }
    }
  });
  return nNegative;
}

/** Sets BAD on amplifiers of which every pixel carries one of `bits`; returns their names. */
export function markDeadAmplifiers(target: MaskedImage, detector: Detector, bits: number): string[] {
  return detector.amplifiers.filter(({ detectorBox: { x0, y0, width, height } }) => {
    for (let y = y0; y < y0 + height; y++) {
      for (let x = x0; x < x0 + width; x++) if ((target.mask[y * target.width + x]! & bits) === 0) return false;
    }
    for (let y = y0; y < y0 + height; y++) {
      for (let x = x0; x < x0 + width; x++) target.mask[y * target.width + x]! |= MASK.BAD;
    }
    return true;
  }).map(amp => amp.name);
}

/** Sets `bit` within `width_px` of the border of the detector, or of every amplifier. Returns the number of pixels. */
export function markEdges(target: MaskedImage, boxes: readonly Box[], width_px: number, bit: number): number {
  let n = 0;
  for (const { x0, y0, width, height } of boxes) {
    for (let y = 0; y < height; y++) {
      const isEdgeRow = y < width_px || y >= height - width_px;
      for (let x = 0; x < width; x++) {
        if (!isEdgeRow && x >= width_px && x < width - width_px) {
          x = width - width_px - 1;
          continue;
        }
        target.mask[(y0 + y) * target.width + x0 + x]! |= bit;
        n++;
      }
    }
  }
  return n;
}
