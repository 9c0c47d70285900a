import { truthRecovery } from '../../src/harness/digests/truthRecovery.ts';
import { defineMeasure } from '../../src/harness/measure.ts';
import { percentage } from '../../src/harness/samples.ts';
import { usableChanges } from '../truthSamples.ts';

export default defineMeasure({
  metric: 'ap_verify.CompletenessSnr5',
  requires: { recovery: truthRecovery },
  measure({ recovery }) {
    const bright = usableChanges(recovery).filter(c => c.snr > 5);
    return percentage(bright.filter(c => c.match !== null).length, bright.length, 'no usable truth with S/N > 5');
  },
});
