/** SDSS imaging camera: corrected frames (fpC) of the drift-scan survey, with fpM masks. */
import { defineInstrument } from '../instrument.ts';
import { DETECTORS, FILTERS, SOFT_BIAS_ADU } from './geometry.ts';
import { translate } from './header.ts';

export const sdss = defineInstrument({
  name: 'sdss',
  doc: 'SDSS 2.5 m imaging camera, 6 columns of 5 filters; corrected frames (fpC) as published in Data Release 7',
  className: 'lsst.obs.sdss.Sdss',
  detectorMax: 30,
  visitMax: 1_000_000_000,
  exposureMax: 1_000_000_000,
  filters: FILTERS.map(name => ({ name, band: name })),
  detectors: DETECTORS,
  translate,
  overrides: {
    // The frames are bias-subtracted, flat-fielded and interpolated already; what is left is the soft bias.
    isr: {
      doOverscan: false, doBias: false, doDark: false, doFlat: false, doDefect: false,
      softBias_adu: SOFT_BIAS_ADU,
    },
  },
});
