import { defineMeasure, measured, missing } from '../../src/harness/measure.ts';

export default defineMeasure({
  metric: 'ap_verify.numFailedQuanta',
  requires: {},
  measure(_, { quanta }) {
    if (quanta.length === 0) return missing('the run had no quanta');
    const lost = quanta.filter(q => q.status === 'failed' || q.status === 'blocked');
    return measured({ value: lost.length, n: quanta.length, interval: null });
  },
});
