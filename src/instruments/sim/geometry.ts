/**
 * Data module: geometry of the simulated camera. Two detectors side by side, each 1000 x 1000 imaging
 * pixels read out through two amplifiers, the left one from the left edge, the right one from the right
 * edge. The raw frame holds the two halves next to each other in the order in which they were read:
 * prescan, imaging, overscan.
 */
import type { Amplifier, Detector } from '../../model/instrument.ts';

export const DETECTOR_SIZE = 1000;
export const PRESCAN = 8;
export const OVERSCAN = 32;
export const PIXEL_SCALE_ARCSEC = 0.25;
/** Pixel of each detector (0-based) that falls on the optical axis; the detectors are 40 pixels apart. */
export const AXIS_PIXEL: readonly (readonly [number, number])[] = [[1019.5, 499.5], [-20.5, 499.5]];
export const SATURATION_ADU = 60000;
export const READ_NOISE_ELECTRON = 5;

const AMPLIFIER_WIDTH = DETECTOR_SIZE / 2;
const READOUT_WIDTH = PRESCAN + AMPLIFIER_WIDTH + OVERSCAN;
export const RAW_WIDTH = 2 * READOUT_WIDTH;
export const RAW_HEIGHT = DETECTOR_SIZE;
const GAIN: readonly (readonly number[])[] = [[1.62, 1.74], [1.88, 1.55]];

function amplifier(iDetector: number, iAmp: number): Amplifier {
  const x0 = iAmp * READOUT_WIDTH;
  const box = (left: number, width: number): Amplifier['rawData'] => ({ x0: x0 + left, y0: 0, width, height: RAW_HEIGHT });
  return {
    name: `C0${iAmp}`,
    rawPrescan: box(0, PRESCAN),
    rawData: box(PRESCAN, AMPLIFIER_WIDTH),
    rawSerialOverscan: box(PRESCAN + AMPLIFIER_WIDTH, OVERSCAN),
    detectorBox: { x0: iAmp * AMPLIFIER_WIDTH, y0: 0, width: AMPLIFIER_WIDTH, height: DETECTOR_SIZE },
    flipX: iAmp === 1,
    flipY: false,
    gain_electronPerAdu: GAIN[iDetector]![iAmp]!,
    readNoise_electron: READ_NOISE_ELECTRON,
    saturation_adu: SATURATION_ADU,
  };
}

export const DETECTORS: readonly Detector[] = [0, 1].map(id => ({
  id, name: `D${id}`, width: DETECTOR_SIZE, height: DETECTOR_SIZE,
  amplifiers: [amplifier(id, 0), amplifier(id, 1)],
}));
