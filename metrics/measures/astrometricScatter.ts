import { defineMeasure, measured, missing } from '../../src/harness/measure.ts';
import { bootstrapped, scatterPerAxis, take, thinned } from '../../src/harness/samples.ts';
import { astrometryMatch } from '../../src/model/datasetTypes.ts';
import type { ScatterPlot } from '../../src/model/plots.ts';
import { bandOfRun } from '../bands.ts';
import { aboutGroupMedian, starOffsets } from '../starResiduals.ts';
import type { StarOffset } from '../starResiduals.ts';

export default defineMeasure({
  metric: 'meas_astrom.AstrometricScatter',
  requires: { matches: astrometryMatch },
  measure({ matches }, run) {
    const offsets = starOffsets(matches, bandOfRun(run), 50);
    if (offsets.length === 0) return missing('no source with S/N > 50 was matched with the reference catalog');
    const images = offsets.map(o => o.image);
    const east = aboutGroupMedian(offsets.map(o => o.east), images);
    const north = aboutGroupMedian(offsets.map(o => o.north), images);
    const scatter = bootstrapped('AstrometricScatter', offsets.length, rows => scatterPerAxis(take(east, rows), take(north, rows)));
    return measured({ ...scatter, blobs: { residuals: residualPlot(offsets) } });
  },
});

function residualPlot(offsets: readonly StarOffset[]): ScatterPlot {
  const bands = [...new Set(offsets.map(o => o.band))].sort();
  return {
    kind: 'scatter', title: 'Positions against the reference catalog', equalAxes: true,
    description: 'Source minus reference, S/N > 50. Round and centred is good; an arm or a second cloud is an image with a bad WCS.',
    x: { label: 'east', unit: 'mas' }, y: { label: 'north', unit: 'mas' },
    xLines: [{ value: 0, label: '' }], yLines: [{ value: 0, label: '' }],
    series: bands.map(band => ({ name: band, ...thinned(offsets.filter(o => o.band === band).map(o => [o.east, o.north])) })),
  };
}
