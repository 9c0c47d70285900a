import { truthRecovery } from '../../src/harness/digests/truthRecovery.ts';
import { defineMeasure, measured, missing } from '../../src/harness/measure.ts';
import { medianOf } from '../../src/harness/samples.ts';
import { foundChanges } from '../truthSamples.ts';

export default defineMeasure({
  metric: 'ap_verify.TransientFluxBias',
  requires: { recovery: truthRecovery },
  measure({ recovery }) {
    const found = foundChanges(recovery, 10);
    if (found.length === 0) return missing('no true change with S/N > 10 was found');
    return measured(medianOf('TransientFluxBias', found.map(c => 100 * (c.match.flux / c.deltaFlux - 1))));
  },
});
