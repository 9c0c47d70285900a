/**
 * Data module: the 62 imaging CCDs of the Dark Energy Camera in the order of CCDNUM. Each has 2048 x 4096 pixels read through
 * two amplifiers, A on the right and B on the left half. A raw frame of 2160 x 4146 pixels holds, from the left, the
 * overscan of B (50 columns), its prescan (6), both halves, the prescan of A and its overscan; 50 rows of parallel overscan
 * lie below the imaging rows on one half of the focal plane and above on the other. Regions, gains, read noise and
 * saturation of a frame come from its header; the values here are typical.
 */
import type { Amplifier, DefectSet, Detector, ReadoutCorner } from '../../model/instrument.ts';

export const WIDTH = 2048;
export const HEIGHT = 4096;
export const RAW_WIDTH = 2160;
export const RAW_HEIGHT = 4146;
const HALF = WIDTH / 2;
const OVERSCAN = 50;
const PRESCAN = 6;
const GAIN_ELECTRON_PER_ADU = 4;
const READ_NOISE_ELECTRON = 6;
const SATURATION_ADU = 45_000;

/** Half of the amplifier in detector pixels and corner read first, by amplifier. */
export const AMPLIFIERS: readonly { readonly name: 'A' | 'B'; readonly x0: number; readonly corner: ReadoutCorner }[] = [
  { name: 'A', x0: HALF, corner: 'LR' }, { name: 'B', x0: 0, corner: 'LL' },
];

function amplifier(iAmp: number, isNorth: boolean): Amplifier {
  const { name, x0, corner } = AMPLIFIERS[iAmp]!;
  const isA = name === 'A';
  const y0 = isNorth ? RAW_HEIGHT - HEIGHT : 0;
  const left = OVERSCAN + PRESCAN + x0;
  const column = (at: number, width: number): Amplifier['rawData'] => ({ x0: at, y0, width, height: HEIGHT });
  return {
    name,
    rawData: column(left, HALF),
    rawPrescan: column(isA ? left + HALF : OVERSCAN, PRESCAN),
    rawSerialOverscan: column(isA ? left + HALF + PRESCAN : 0, OVERSCAN),
    rawParallelOverscan: { x0: left, y0: isNorth ? 0 : HEIGHT, width: HALF, height: RAW_HEIGHT - HEIGHT },
    detectorBox: { x0, y0: 0, width: HALF, height: HEIGHT },
    flipX: false, flipY: false, readoutCorner: corner,
    gain_electronPerAdu: GAIN_ELECTRON_PER_ADU, readNoise_electron: READ_NOISE_ELECTRON, saturation_adu: SATURATION_ADU,
  };
}

const range = (half: string, from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, k) => `${half}${from + k}`);

/** Names by CCDNUM - 1, as they stand on the focal plane. */
export const NAMES: readonly string[] = [
  ...range('S', 29, 31), ...range('S', 25, 28), ...range('S', 20, 24), ...range('S', 14, 19), ...range('S', 8, 13), ...range('S', 1, 7),
  ...range('N', 1, 7), ...range('N', 8, 13), ...range('N', 14, 19), ...range('N', 20, 24), ...range('N', 25, 28), ...range('N', 29, 31),
];

export const DETECTORS: readonly Detector[] = NAMES.map((name, k) => ({
  id: k + 1, name, width: WIDTH, height: HEIGHT, amplifiers: [0, 1].map(iAmp => amplifier(iAmp, name.startsWith('N'))),
}));

const ALL = { x0: 0, y0: 0, width: WIDTH, height: HEIGHT, plane: 'BAD' } as const;

/** Detectors that died: N30 (61) in November 2012; S30 (2) from November 2013 to the end of 2016. */
export const DEFECTS: readonly DefectSet[] = [
  { detector: 61, begin: '2012-11-08T00:00:00', defects: [ALL] },
  { detector: 2, begin: '2013-11-30T00:00:00', defects: [ALL] },
  { detector: 2, begin: '2016-12-29T00:00:00', defects: [] },
];
