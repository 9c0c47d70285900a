import { defineMeasure, measured, missing } from '../../src/harness/measure.ts';
import { bootstrapped, take, thinned } from '../../src/harness/samples.ts';
import { photometryMatch, starCatalog } from '../../src/model/datasetTypes.ts';
import type { ScatterPlot } from '../../src/model/plots.ts';
import { madSigma } from '../../src/numeric/statistics.ts';
import { bandOfRun } from '../bands.ts';
import { aboutGroupMedian, starMagnitudes } from '../starResiduals.ts';
import type { StarMagnitude } from '../starResiduals.ts';

export default defineMeasure({
  metric: 'pipe_tasks.PhotometricScatter',
  requires: { matches: photometryMatch, stars: starCatalog },
  measure({ matches, stars }, run) {
    const bright = starMagnitudes(matches, stars, bandOfRun(run), 50);
    if (bright.length === 0) return missing('no star with S/N > 50 was matched with a reference flux');
    const residuals = aboutGroupMedian(bright.map(s => 1000 * (s.mag - s.refMag)), bright.map(s => s.image));
    const scatter = bootstrapped('PhotometricScatter', bright.length, rows => madSigma(take(residuals, rows)));
    return measured({ ...scatter, blobs: { residuals: residualPlot(starMagnitudes(matches, stars, bandOfRun(run), 10)) } });
  },
});

function residualPlot(stars: readonly StarMagnitude[]): ScatterPlot {
  const bands = [...new Set(stars.map(s => s.band))].sort();
  return {
    kind: 'scatter', title: 'Magnitudes against the reference catalog',
    description: 'Calibrated minus reference magnitude, S/N > 10. A slope is a non-linearity or a wrong background; the bright end shows the floor.',
    x: { label: 'reference AB magnitude', unit: '' }, y: { label: 'measured - reference', unit: 'mmag' }, yLines: [{ value: 0, label: '' }],
    series: bands.map(band => ({
      name: band, ...thinned(stars.filter(s => s.band === band).map(s => [s.refMag, 1000 * (s.mag - s.refMag)])),
    })),
  };
}
