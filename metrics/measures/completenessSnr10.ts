import { truthRecovery } from '../../src/harness/digests/truthRecovery.ts';
import { defineMeasure } from '../../src/harness/measure.ts';
import { percentage } from '../../src/harness/samples.ts';
import { completenessCurves } from '../completenessCurves.ts';
import { usableChanges } from '../truthSamples.ts';

export default defineMeasure({
  metric: 'ap_verify.CompletenessSnr10',
  requires: { recovery: truthRecovery },
  measure({ recovery }) {
    const changes = usableChanges(recovery);
    const bright = changes.filter(c => c.snr > 10);
    const found = bright.filter(c => c.match !== null).length;
    return percentage(found, bright.length, 'no usable truth with S/N > 10', { ...completenessCurves(changes) });
  },
});
