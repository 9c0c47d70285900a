/** The simulated camera of the generated dataset packages. */
import { defineInstrument } from '../instrument.ts';
import { DETECTORS } from './geometry.ts';
import { translate } from './header.ts';

export const sim = defineInstrument({
  name: 'sim',
  doc: 'Simulated camera: 2 detectors of 1000 x 1000 pixels, two amplifiers each with prescan and overscan, filters g and r',
  className: 'apverify.instruments.Sim',
  detectorMax: 2,
  visitMax: 100_000,
  exposureMax: 100_000,
  filters: [{ name: 'sim-g', band: 'g' }, { name: 'sim-r', band: 'r' }],
  detectors: DETECTORS,
  translate,
  overrides: {},
});
