import { defineMeasure, measured } from '../../src/harness/measure.ts';
import { diaSourceApdb } from '../../src/model/datasetTypes.ts';
import { column } from '../../src/model/table.ts';
import { poissonInterval } from '../../src/numeric/intervals.ts';

export default defineMeasure({
  metric: 'ap_association.totalUnassociatedDiaObjects',
  requires: { sources: diaSourceApdb },
  measure({ sources }) {
    // Counted from the sources: the nDiaSources of an object leaves out those before the read-back window of the database.
    const nSources = new Map<bigint, number>();
    for (const { value } of sources) for (const id of column(value, 'diaObjectId', 'i64')) nSources.set(id, (nSources.get(id) ?? 0) + 1);
    const count = [...nSources.values()].filter(n => n === 1).length;
    return measured({ value: count, n: nSources.size, interval: poissonInterval(count) });
  },
});
