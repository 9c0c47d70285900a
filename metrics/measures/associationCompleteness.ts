import { truthRecovery } from '../../src/harness/digests/truthRecovery.ts';
import { defineMeasure, notApplicable } from '../../src/harness/measure.ts';
import { percentage } from '../../src/harness/samples.ts';
import { diaSourceApdb } from '../../src/model/datasetTypes.ts';
import { associatedSources, majorityCount } from '../associationCounts.ts';
import { hasRepeatVisits } from '../bands.ts';
import { membersOf } from '../starResiduals.ts';

export default defineMeasure({
  metric: 'ap_association.AssociationCompleteness',
  requires: { sources: diaSourceApdb, recovery: truthRecovery },
  measure({ sources, recovery }, run) {
    if (!hasRepeatVisits(run, true)) return notApplicable('the run has only one visit');
    const fixed = associatedSources(sources, recovery).filter(s => s.kind !== 'moving');
    const repeated = [...membersOf(fixed.map(s => s.truthId)).values()].filter(rows => rows.length > 1).flat().map(i => fixed[i]!);
    const together = majorityCount(repeated.map(s => ({ group: s.truthId, sub: s.diaObjectId })));
    return percentage(together, repeated.length, 'no true object was detected twice');
  },
});
