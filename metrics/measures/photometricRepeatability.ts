import { defineMeasure, measured, missing, notApplicable } from '../../src/harness/measure.ts';
import { bootstrapped } from '../../src/harness/samples.ts';
import { photometryMatch, starCatalog } from '../../src/model/datasetTypes.ts';
import { madSigma } from '../../src/numeric/statistics.ts';
import { bandOfRun, hasRepeatVisits } from '../bands.ts';
import { repeatDeviations, starMagnitudes } from '../starResiduals.ts';

export default defineMeasure({
  metric: 'pipe_tasks.PhotometricRepeatability',
  requires: { matches: photometryMatch, stars: starCatalog },
  measure({ matches, stars }, run) {
    if (!hasRepeatVisits(run, false)) return notApplicable('no band has two visits in the run');
    const bright = starMagnitudes(matches, stars, bandOfRun(run), 50);
    const deviations = repeatDeviations(bright.map(s => 1000 * s.mag), bright.map(s => `${s.band} ${s.star}`));
    if (deviations.length === 0) return missing('no star with S/N > 50 was matched in two visits of a band');
    return measured(bootstrapped('PhotometricRepeatability', deviations.length, rows =>
      madSigma(Array.from(rows, i => deviations[i]!).flat(), 0)));
  },
});
