import { defineMeasure, measured, missing, notApplicable } from '../../src/harness/measure.ts';
import { bootstrapped } from '../../src/harness/samples.ts';
import { astrometryMatch } from '../../src/model/datasetTypes.ts';
import { madSigma } from '../../src/numeric/statistics.ts';
import { bandOfRun, hasRepeatVisits } from '../bands.ts';
import { repeatDeviations, starOffsets } from '../starResiduals.ts';

export default defineMeasure({
  metric: 'meas_astrom.AstrometricRepeatability',
  requires: { matches: astrometryMatch },
  measure({ matches }, run) {
    if (!hasRepeatVisits(run, true)) return notApplicable('the run has only one visit');
    const offsets = starOffsets(matches, bandOfRun(run), 50);
    const stars = offsets.map(o => o.star);
    const east = repeatDeviations(offsets.map(o => o.east), stars);
    const north = repeatDeviations(offsets.map(o => o.north), stars);
    if (east.length === 0) return missing('no star with S/N > 50 was matched in two visits');
    return measured(bootstrapped('AstrometricRepeatability', east.length, rows => {
      const pooled = (lists: number[][]): number => madSigma(Array.from(rows, i => lists[i]!).flat(), 0);
      return Math.sqrt((pooled(east) ** 2 + pooled(north) ** 2) / 2);
    }));
  },
});
