import { truthRecovery } from '../../src/harness/digests/truthRecovery.ts';
import { defineMeasure } from '../../src/harness/measure.ts';
import { percentage } from '../../src/harness/samples.ts';

export default defineMeasure({
  metric: 'ap_verify.Purity',
  requires: { recovery: truthRecovery },
  measure({ recovery }) {
    const total = (key: 'nSources' | 'nTrueSources'): number => recovery.reduce((n, { value }) => n + value[key], 0);
    return percentage(total('nTrueSources'), total('nSources'), 'there is no DIASource after the flag cuts');
  },
});
