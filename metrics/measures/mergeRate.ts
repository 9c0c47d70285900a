import { truthRecovery } from '../../src/harness/digests/truthRecovery.ts';
import { defineMeasure, notApplicable } from '../../src/harness/measure.ts';
import { percentage } from '../../src/harness/samples.ts';
import { diaSourceApdb } from '../../src/model/datasetTypes.ts';
import { associatedSources, partners } from '../associationCounts.ts';
import { hasRepeatVisits } from '../bands.ts';

export default defineMeasure({
  metric: 'ap_association.MergeRate',
  requires: { sources: diaSourceApdb, recovery: truthRecovery },
  measure({ sources, recovery }, run) {
    if (!hasRepeatVisits(run, true)) return notApplicable('the run has only one visit');
    const fixed = associatedSources(sources, recovery).filter(s => s.kind !== 'moving');
    const counts = partners(fixed.map(s => ({ group: s.diaObjectId, sub: s.truthId })));
    return percentage(counts.filter(({ nSubs }) => nSubs > 1).length, counts.length, 'no DIAObject lies on a true object');
  },
});
