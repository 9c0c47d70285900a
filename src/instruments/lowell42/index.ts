/** Lowell Observatory 42-inch (Hall) telescope with the NASA42 camera. */
import { defineInstrument } from '../instrument.ts';
import { DEFECTS, DETECTORS } from './geometry.ts';
import { translate } from './header.ts';

export const lowell42 = defineInstrument({
  name: 'lowell42',
  doc: 'Lowell Observatory 42-inch telescope, NASA42 camera binned 3 x 3: one detector of 1365 x 1370 pixels, one amplifier',
  className: 'apverify.instruments.Lowell42',
  detectorMax: 1,
  visitMax: 10_000_000_000,
  exposureMax: 10_000_000_000,
  filters: [
    { name: 'VR', band: 'r' }, { name: 'B', band: 'B' }, { name: 'V', band: 'V' }, { name: 'R', band: 'R' }, { name: 'I', band: 'I' },
  ],
  detectors: DETECTORS,
  translate,
  defects: DEFECTS,
  overrides: {
    // The level falls by up to 900 ADU in the first rows and recovers over about fifty: only a level a row follows it, and
    // medians of whole numbers would round it. The dark current of the cold sensor is far below the sky.
    isr: {
      doDark: false, overscanFitType: 'MEAN_PER_ROW', overscanMaxDeviation_adu: 2000, overscanSkipLeading: 0, overscanSkipTrailing: 1,
    },
  },
});
