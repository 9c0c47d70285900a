/**
 * Data module: the thirty imaging CCDs of the SDSS camera.
 *
 * Gain (electrons per DN) and dark variance (read noise and dark current, DN^2) by camera column and
 * filter are those of the calibration files: column 4 from `tsField-004192-4-40-0300` and
 * `tsField-006377-4-40-0399` (equal in both runs), the other columns from the table in the SDSS data
 * model of the `frame` files for runs above 1500. Saturation (DN) is known here for column 4 only;
 * elsewhere it is the limit of the 16-bit numbers, and the fpM mask tells which pixels saturated
 * (photo has interpolated them, so their values cannot tell).
 */
import type { Amplifier, Detector } from '../../model/instrument.ts';

/** Filters in the order of the detector ids (and of all SDSS five-vectors). */
export const FILTERS = ['u', 'g', 'r', 'i', 'z'] as const;
/** Row of the camera of each filter, from the leading edge of the scan: r i u z g. */
export const CAMERA_ROW: Readonly<Record<string, number>> = { r: 1, i: 2, u: 3, z: 4, g: 5 };

export const FRAME_WIDTH = 2048;
export const FRAME_HEIGHT = 1489;
/** Constant that photo adds to every pixel so that noise stays positive. */
export const SOFT_BIAS_ADU = 1000;

/** [camera column - 1][filter], electrons per DN. */
const GAIN: readonly (readonly number[])[] = [
  [1.62, 3.32, 4.71, 5.165, 4.745],
  [1.825, 3.855, 4.6, 6.565, 5.155],
  [1.59, 3.845, 4.72, 4.86, 4.885],
  [1.6, 3.995, 4.76, 4.885, 4.775],
  [1.47, 4.05, 4.725, 4.64, 3.48],
  [2.17, 4.035, 4.895, 4.76, 4.69],
];

/** [camera column - 1][filter], DN^2. */
const DARK_VARIANCE: readonly (readonly number[])[] = [
  [9.61, 15.6025, 1.8225, 7.84, 0.81],
  [12.6025, 1.44, 1.0, 6.25, 1.0],
  [8.7025, 1.3225, 1.3225, 4.6225, 1.0],
  [12.6025, 1.96, 1.3225, 6.25, 9.61],
  [9.3025, 1.1025, 0.81, 7.84, 2.1025],
  [7.0225, 1.8225, 0.9025, 5.0625, 1.21],
];

const SATURATION_COLUMN_4: readonly number[] = [60349, 50065, 43653, 23653, 62946];
const LARGEST_NUMBER = 65535;

function amplifier(column: number, iFilter: number): Amplifier {
  const whole = { x0: 0, y0: 0, width: FRAME_WIDTH, height: FRAME_HEIGHT };
  const gain = GAIN[column - 1]![iFilter]!;
  return {
    name: 'A', rawData: whole, rawSerialOverscan: null, rawPrescan: null, detectorBox: whole,
    flipX: false, flipY: false,
    gain_electronPerAdu: gain,
    readNoise_electron: gain * Math.sqrt(DARK_VARIANCE[column - 1]![iFilter]!),
    saturation_adu: column === 4 ? SATURATION_COLUMN_4[iFilter]! : LARGEST_NUMBER,
  };
}

/** Detector id = 6 * filter index (u g r i z) + camera column - 1; named as SDSS does: `g4`. */
export const DETECTORS: readonly Detector[] = FILTERS.flatMap((filter, iFilter) =>
  GAIN.map((_, column) => ({
    id: 6 * iFilter + column,
    name: `${filter}${column + 1}`,
    width: FRAME_WIDTH,
    height: FRAME_HEIGHT,
    amplifiers: [amplifier(column + 1, iFilter)],
  })));
