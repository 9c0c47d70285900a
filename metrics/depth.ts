/** Depth of the difference images by band: the magnitude at which a share of the true changes is found. */
import { fitEfficiency } from '../src/astro/performance/detectionEfficiency.ts';
import { truthRecovery } from '../src/harness/digests/truthRecovery.ts';
import { defineMeasure, measured, missing } from '../src/harness/measure.ts';
import type { Measure } from '../src/harness/measure.ts';
import { usableChanges } from './truthSamples.ts';

/** The measure of `m50` or `m90` of the efficiency curve that fits found and missed changes best. */
export function depthMeasure(metric: string, depth: 'm50' | 'm90'): Measure {
  return defineMeasure({
    metric,
    requires: { recovery: truthRecovery },
    measure({ recovery }) {
      const changes = usableChanges(recovery).filter(c => Number.isFinite(c.mag));
      const bands = [...new Set(changes.map(c => c.band))].sort();
      if (bands.length === 0) return missing('there is no usable truth');
      return bands.map(band => {
        const own = changes.filter(c => c.band === band);
        const fit = fitEfficiency(own.map(c => c.mag), own.map(c => c.match !== null));
        if (fit === null) return missing('fewer than 5 found or 5 missed changes', { band });
        const value = fit[depth];
        if (value === null) return missing(`even bright changes are found in ${(100 * fit.plateau).toFixed(1)} % only`, { band });
        return measured({ ...value, n: fit.n, keys: { band } });
      });
    },
  });
}
