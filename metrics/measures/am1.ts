import { astrometricRepeatability } from '../../src/astro/performance/repeatability.ts';
import { defineMeasure, measured, missing, notApplicable } from '../../src/harness/measure.ts';
import { astrometryMatch } from '../../src/model/datasetTypes.ts';
import { positionsByStar } from '../repeatedStars.ts';

/** LPM-17; pairs share stars, so that their number says little about the error and no interval is given. */
const OPTIONS = { distance_arcmin: 5, adBound_mas: 20, compat: 'srd', maxPairs: 100_000 } as const;
const MINIMUM_VISITS = 2;

export default defineMeasure({
  metric: 'validate_drp.AM1',
  requires: { matches: astrometryMatch },
  measure({ matches }, { images }) {
    if (new Set(images.map(i => i.visit)).size < MINIMUM_VISITS) return notApplicable(`the run has fewer than ${MINIMUM_VISITS} visits`);
    const result = astrometricRepeatability(positionsByStar(matches, 50), OPTIONS);
    if (result === null || result.nPairs === 0) return missing('no pair of stars 4 to 6 arcmin apart was seen in 2 visits');
    return measured({ value: result.am, n: result.nPairs, interval: null });
  },
});
