/**
 * Data module: the camera of Rubin's `obs_test`, a corner of an LSST sensor cut to 1018 x 2000 pixels, with four amplifiers
 * of 509 x 1000 pixels that are read from their lower left corner. Each row begins with four columns that saw no light
 * (called BIASSEC); there is nothing after the row. Gain and read noise are those that obs_test lists (noise in ADU). The
 * bias columns of its frames scatter by 6.4 to 6.7 ADU, more than listed, so the measured noise is used (override).
 */
import type { Amplifier, Detector } from '../../model/instrument.ts';

export const AMPLIFIER_WIDTH = 509;
export const AMPLIFIER_HEIGHT = 1000;
const BIAS_WIDTH = 4;
const SATURATION_ADU = 65535;

/** [column][row]: electrons per ADU, and read noise in ADU. */
const GAIN: readonly (readonly number[])[] = [[1.7741, 1.65881], [1.74151, 1.67073]];
const READ_NOISE_ADU: readonly (readonly number[])[] = [
  [3.97531706217237, 4.08263755342685], [4.02753931932633, 4.1890610691135],
];

function amplifier(column: number, row: number): Amplifier {
  const x0 = column * (BIAS_WIDTH + AMPLIFIER_WIDTH);
  const y0 = row * AMPLIFIER_HEIGHT;
  return {
    name: `${column}${row}`,
    rawPrescan: null,
    rawSerialOverscan: { x0, y0, width: BIAS_WIDTH, height: AMPLIFIER_HEIGHT },
    rawData: { x0: x0 + BIAS_WIDTH, y0, width: AMPLIFIER_WIDTH, height: AMPLIFIER_HEIGHT },
    detectorBox: { x0: column * AMPLIFIER_WIDTH, y0, width: AMPLIFIER_WIDTH, height: AMPLIFIER_HEIGHT },
    flipX: false, flipY: false,
    gain_electronPerAdu: GAIN[column]![row]!,
    readNoise_electron: GAIN[column]![row]! * READ_NOISE_ADU[column]![row]!,
    saturation_adu: SATURATION_ADU,
  };
}

export const DETECTORS: readonly Detector[] = [{
  id: 0, name: '0', width: 2 * AMPLIFIER_WIDTH, height: 2 * AMPLIFIER_HEIGHT,
  amplifiers: [0, 1].flatMap(column => [0, 1].map(row => amplifier(column, row))),
}];
