import { truthRecovery } from '../../src/harness/digests/truthRecovery.ts';
import { defineMeasure, measured, missing } from '../../src/harness/measure.ts';
import { bootstrapped, scatterPerAxis, take } from '../../src/harness/samples.ts';
import { foundChanges } from '../truthSamples.ts';

export default defineMeasure({
  metric: 'ap_verify.TransientAstrometricScatter',
  requires: { recovery: truthRecovery },
  measure({ recovery }) {
    const found = foundChanges(recovery, 10);
    if (found.length === 0) return missing('no true change with S/N > 10 was found');
    const [east, north] = [found.map(c => c.match.east_mas), found.map(c => c.match.north_mas)];
    return measured(bootstrapped('TransientAstrometricScatter', found.length, rows => scatterPerAxis(take(east, rows), take(north, rows))));
  },
});
