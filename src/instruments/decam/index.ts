/** Dark Energy Camera on the 4-m Blanco telescope. */
import { defineInstrument } from '../instrument.ts';
import { DEFECTS, DETECTORS } from './geometry.ts';
import { translate } from './header.ts';

const FILTERS: Readonly<Record<string, string>> = {
  'u DECam c0006 3500.0 1000.0': 'u',
  'g DECam SDSS c0001 4720.0 1520.0': 'g',
  'r DECam SDSS c0002 6415.0 1480.0': 'r',
  'i DECam SDSS c0003 7835.0 1470.0': 'i',
  'z DECam SDSS c0004 9260.0 1520.0': 'z',
  'Y DECam c0005 10095.0 1130.0': 'y',
  'VR DECam c0007 6300.0 2600.0': 'VR',
  'solid plate 0.0 0.0': 'solid',
};

export const decam = defineInstrument({
  name: 'decam',
  doc: 'Dark Energy Camera: 62 detectors of 2048 x 4096 pixels, two amplifiers each; one CCD a file or a file of extensions',
  className: 'lsst.obs.decam.DarkEnergyCamera',
  detectorMax: 64,
  visitMax: 100_000_000,
  exposureMax: 100_000_000,
  filters: Object.entries(FILTERS).map(([name, band]) => ({ name, band })),
  detectors: DETECTORS,
  translate,
  overrides: {
    // As obs_decam: the level of each row, suspect edges 35 pixels wide, no dark frame, read noise from the overscan.
    isr: {
      overscanFitType: 'MEDIAN_PER_ROW', overscanSkipLeading: 5, overscanSkipTrailing: 5,
      doDark: false, doSuspect: true, numEdgeSuspect_px: 35, doEmpiricalReadNoise: true,
    },
  },
  defects: DEFECTS,
});
