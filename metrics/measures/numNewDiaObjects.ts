import { defineMeasure, measured } from '../../src/harness/measure.ts';
import { diaSourceApdb } from '../../src/model/datasetTypes.ts';
import { column } from '../../src/model/table.ts';
import { poissonInterval } from '../../src/numeric/intervals.ts';

export default defineMeasure({
  metric: 'ap_association.numNewDiaObjects',
  requires: { sources: diaSourceApdb },
  measure({ sources }) {
    // An object has the id of the source that it began with.
    const count = sources.reduce((n, { value }) => {
      const objects = column(value, 'diaObjectId', 'i64');
      return n + column(value, 'diaSourceId', 'i64').filter((id, row) => id === objects[row]).length;
    }, 0);
    return measured({ value: count, n: count, interval: poissonInterval(count) });
  },
});
