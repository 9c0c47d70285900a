/** The test camera of the Rubin stack (`obs_test`): small raw frames of a simulated LSST sensor. */
import { defineInstrument } from '../instrument.ts';
import { DETECTORS } from './geometry.ts';
import { translate } from './header.ts';

export const obsTest = defineInstrument({
  name: 'obs_test',
  doc: "Camera of Rubin's obs_test: one detector of 1018 x 2000 pixels, four amplifiers with four bias columns each, filters u to y",
  className: 'lsst.obs.test.TestCamera',
  detectorMax: 1,
  visitMax: 1_000_000_000,
  exposureMax: 1_000_000_000,
  filters: ['u', 'g', 'r', 'i', 'z', 'y'].map(name => ({ name, band: name })),
  detectors: DETECTORS,
  translate,
  overrides: {
    // Four bias columns a row are too few for a level a row, and the simulation has none that moves.
    isr: { overscanFitType: 'MEAN', overscanSkipLeading: 0, doEmpiricalReadNoise: true },
  },
});
