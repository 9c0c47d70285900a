import { fitEfficiency } from '../../src/astro/performance/detectionEfficiency.ts';
import { truthRecovery } from '../../src/harness/digests/truthRecovery.ts';
import { defineMeasure, measured, missing } from '../../src/harness/measure.ts';
import { usableChanges } from '../truthSamples.ts';

export default defineMeasure({
  metric: 'ap_verify.Depth90',
  requires: { recovery: truthRecovery },
  measure({ recovery }) {
    const changes = usableChanges(recovery).filter(c => Number.isFinite(c.mag));
    const bands = [...new Set(changes.map(c => c.band))].sort();
    if (bands.length === 0) return missing('there is no usable truth');
    return bands.map(band => {
      const own = changes.filter(c => c.band === band);
      const fit = fitEfficiency(own.map(c => c.mag), own.map(c => c.match !== null));
      if (fit === null) return missing('fewer than 5 found or 5 missed changes', { band });
      if (fit.m90 === null) return missing(`even bright changes are found in ${(100 * fit.plateau).toFixed(1)} % only`, { band });
      return measured({ ...fit.m90, n: fit.n, keys: { band } });
    });
  },
});
