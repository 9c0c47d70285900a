import { defineMeasure, measured, missing } from '../../src/harness/measure.ts';

export default defineMeasure({
  metric: 'ap_verify.TaskMemory',
  requires: {},
  measure(_, { quanta }) {
    const tasks = [...new Set(quanta.map(q => q.task))];
    if (tasks.length === 0) return missing('the run had no quanta');
    return tasks.map(task => {
      const peaks = quanta.flatMap(q => (q.task === task && q.peakRss_MB !== null ? [q.peakRss_MB] : []));
      if (peaks.length === 0) return missing('no quantum of the task reported its memory', { task });
      return measured({ value: Math.max(...peaks), n: peaks.length, interval: null, keys: { task } });
    });
  },
});
