import { photometricRepeatability } from '../../src/astro/performance/repeatability.ts';
import { defineMeasure, measured, missing, notApplicable } from '../../src/harness/measure.ts';
import { bootstrapped } from '../../src/harness/samples.ts';
import { photometryMatch, starCatalog } from '../../src/model/datasetTypes.ts';
import { bandOfRun, hasRepeatVisits } from '../bands.ts';
import { magnitudesByStar } from '../repeatedStars.ts';
import { starMagnitudes } from '../starResiduals.ts';

/** LPM-17 for g, r and i. */
const OPTIONS = { pa2Bound: 15, pf1Percent: 10, minimumVisits: 2 } as const;

export default defineMeasure({
  metric: 'validate_drp.PA1',
  requires: { matches: photometryMatch, stars: starCatalog },
  measure({ matches, stars }, run) {
    if (!hasRepeatVisits(run, false)) return notApplicable('no band has two visits in the run');
    const all = magnitudesByStar(starMagnitudes(matches, stars, bandOfRun(run), 200)).filter(mags => mags.length >= OPTIONS.minimumVisits);
    if (all.length === 0) return missing('no star with S/N > 200 was matched in two visits of a band');
    return measured(bootstrapped('PA1', all.length, rows =>
      photometricRepeatability(Array.from(rows, i => all[i]!), OPTIONS)!.pa1));
  },
});
