/**
 * Data module: the NASA42 camera of the Lowell Observatory 42-inch (Hall) telescope, an e2v CCD231-84 read through one
 * amplifier and binned 3 x 3. Regions, gain and read noise are those of the headers (TRIMSEC, BIASSEC, AGAIN_01, ARDNS_01).
 * The last column of the overscan is far below its level and has to be skipped.
 */
import type { DefectSet, Detector } from '../../model/instrument.ts';

export const RAW_WIDTH = 1432;
export const RAW_HEIGHT = 1370;
export const PRESCAN = 17;
export const WIDTH = 1365;
const OVERSCAN_X0 = 1387;
const OVERSCAN_WIDTH = 45;
const LARGEST_NUMBER = 65535;

export const DETECTORS: readonly Detector[] = [{
  id: 0, name: 'NASA42', width: WIDTH, height: RAW_HEIGHT,
  amplifiers: [{
    name: '01',
    rawPrescan: { x0: 0, y0: 0, width: PRESCAN, height: RAW_HEIGHT },
    rawData: { x0: PRESCAN, y0: 0, width: WIDTH, height: RAW_HEIGHT },
    rawSerialOverscan: { x0: OVERSCAN_X0, y0: 0, width: OVERSCAN_WIDTH, height: RAW_HEIGHT },
    detectorBox: { x0: 0, y0: 0, width: WIDTH, height: RAW_HEIGHT },
    flipX: false, flipY: false,
    gain_electronPerAdu: 4.95,
    readNoise_electron: 9.3,
    saturation_adu: LARGEST_NUMBER,
  }],
}];

/** Pixels of less than 80 % response in the twilight flats of March 2019 (`calib build defects`). */
export const DEFECTS: readonly DefectSet[] = [{
  detector: 0, begin: '1970-01-01T00:00:00', defects: [
    { x0: 278, y0: 64, width: 1, height: 1, plane: 'BAD' }, { x0: 212, y0: 566, width: 1, height: 1, plane: 'BAD' },
  ],
}];
