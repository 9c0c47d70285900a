import { defineMeasure, measured, missing } from '../../src/harness/measure.ts';
import { medianOf } from '../../src/harness/samples.ts';

export default defineMeasure({
  metric: 'ap_verify.TaskTime',
  requires: {},
  measure(_, { quanta }) {
    const tasks = [...new Set(quanta.map(q => q.task))];
    if (tasks.length === 0) return missing('the run had no quanta');
    return tasks.map(task => {
      const seconds = quanta.flatMap(q => (q.task === task && q.seconds !== null ? [q.seconds] : []));
      if (seconds.length === 0) return missing('no quantum of the task was timed', { task });
      return measured({ ...medianOf('TaskTime', seconds), keys: { task } });
    });
  },
});
