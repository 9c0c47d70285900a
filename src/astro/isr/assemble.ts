/** From the raw read-out to the detector as the light saw it: trim, flip, gain, saturation. */
import type { Image, MaskedImage } from '../../model/image.ts';
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

/**
 * Copies the imaging pixels of every amplifier to `target.image` (detector frame, electrons):
 * (raw - level) * gain. `levels_adu[iAmp][row]` is the zero level of each raw row of the amplifier's
 * imaging region; the raw frame (ADU) is not modified.
 */
export function assembleDetector(
  raw: Image, detector: Detector, levels_adu: readonly Float64Array[], target: MaskedImage,
): void {
  detector.amplifiers.forEach((amp, iAmp) => {
    const gain = amp.gain_electronPerAdu;
    for (let row = 0; row < amp.rawData.height; row++) {
      const { from, to, step } = rowPair(amp, row, raw.width, target.width);
      const level = levels_adu[iAmp]![row]!;
      for (let i = 0; i < amp.rawData.width; i++) target.image[to + step * i] = (raw.data[from + i]! - level) * gain;
    }
  });
}

/** Sets SAT in the detector mask where the raw pixel (ADU, zero level included) is at or above the amplifier's limit. Returns the count by amplifier. */
export function markSaturated(raw: Image, detector: Detector, target: MaskedImage): number[] {
  return detector.amplifiers.map(amp => {
    let n = 0;
    for (let row = 0; row < amp.rawData.height; row++) {
      const { from, to, step } = rowPair(amp, row, raw.width, target.width);
      for (let i = 0; i < amp.rawData.width; i++) {
        if (raw.data[from + i]! < amp.saturation_adu) continue;
        target.mask[to + step * i]! |= MASK.SAT;
        n++;
      }
    }
    return n;
  });
}

/**
 * Variance of every pixel in electrons squared, from photon counting and read-out: max(signal, 0) + readNoise^2,
 * where the image (electrons, zero level and bias subtracted) still holds sky and dark current.
 */
export function setVariance(target: MaskedImage, detector: Detector, readNoise_electron: readonly number[]): void {
  detector.amplifiers.forEach((amp, iAmp) => {
    const floor = readNoise_electron[iAmp]! ** 2;
    const { x0, y0, width, height } = amp.detectorBox;
    for (let y = y0; y < y0 + height; y++) {
      const start = y * target.width + x0;
      for (let p = start; p < start + width; p++) target.variance[p] = Math.max(target.image[p]!, 0) + floor;
    }
  });
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
