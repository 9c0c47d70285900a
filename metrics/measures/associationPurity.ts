import { truthRecovery } from '../../src/harness/digests/truthRecovery.ts';
import { defineMeasure } from '../../src/harness/measure.ts';
import { percentage } from '../../src/harness/samples.ts';
import { diaSourceApdb } from '../../src/model/datasetTypes.ts';
import { associatedSources, majorityCount } from '../associationCounts.ts';

export default defineMeasure({
  metric: 'ap_association.AssociationPurity',
  requires: { sources: diaSourceApdb, recovery: truthRecovery },
  measure({ sources, recovery }) {
    const associated = associatedSources(sources, recovery);
    const pure = majorityCount(associated.map(s => ({ group: s.diaObjectId, sub: s.truthId })));
    return percentage(pure, associated.length, 'no stored DIASource lies on a true object');
  },
});
