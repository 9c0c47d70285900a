import { defineMeasure, measured, missing } from '../../src/harness/measure.ts';
import { bootstrapped, take } from '../../src/harness/samples.ts';
import { astrometryMatch } from '../../src/model/datasetTypes.ts';
import { median } from '../../src/numeric/statistics.ts';
import { membersOf, starOffsets } from '../starResiduals.ts';
import type { StarOffset } from '../starResiduals.ts';

export default defineMeasure({
  metric: 'meas_astrom.AstrometricOffset',
  requires: { matches: astrometryMatch },
  measure({ matches }) {
    const offsets = starOffsets(matches, () => '', 20);
    if (offsets.length === 0) return missing('no source with S/N > 20 was matched with the reference catalog');
    return measured(bootstrapped('AstrometricOffset', offsets.length, rows => rmsOffset(Array.from(rows, i => offsets[i]!))));
  },
});

/** Root mean square over images of the length of the median offset, mas. */
function rmsOffset(offsets: readonly StarOffset[]): number {
  const squares = [...membersOf(offsets.map(o => o.image)).values()].map(rows =>
    median(take(offsets.map(o => o.east), rows)) ** 2 + median(take(offsets.map(o => o.north), rows)) ** 2);
  return Math.sqrt(squares.reduce((a, b) => a + b, 0) / squares.length);
}
