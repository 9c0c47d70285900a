import { truthRecovery } from '../../src/harness/digests/truthRecovery.ts';
import { defineMeasure, measured, missing } from '../../src/harness/measure.ts';
import { bootstrapped, take, thinned } from '../../src/harness/samples.ts';
import type { ScatterPlot } from '../../src/model/plots.ts';
import { sigmaClip } from '../../src/numeric/statistics.ts';
import { foundChanges } from '../truthSamples.ts';
import type { FoundChange } from '../truthSamples.ts';

export default defineMeasure({
  metric: 'ap_verify.TransientAstrometricOffset',
  requires: { recovery: truthRecovery },
  measure({ recovery }) {
    const found = foundChanges(recovery, 10);
    if (found.length === 0) return missing('no true change with S/N > 10 was found');
    const [east, north] = [found.map(c => c.match.east_mas), found.map(c => c.match.north_mas)];
    const offset = bootstrapped('TransientAstrometricOffset', found.length, rows =>
      Math.hypot(sigmaClip(take(east, rows)).mean, sigmaClip(take(north, rows)).mean));
    return measured({ ...offset, blobs: { residuals: residualPlot(found) } });
  },
});

function residualPlot(found: readonly FoundChange[]): ScatterPlot {
  const kinds = [...new Set(found.map(c => c.kind))].sort();
  return {
    kind: 'scatter', title: 'Positions of transients against truth', equalAxes: true,
    description: 'DIASource minus true position, S/N > 10. A cloud off the centre is a WCS or centroid bias.',
    x: { label: 'east', unit: 'mas' }, y: { label: 'north', unit: 'mas' },
    xLines: [{ value: 0, label: '' }], yLines: [{ value: 0, label: '' }],
    series: kinds.map(kind => ({
      name: kind, ...thinned(found.filter(c => c.kind === kind).map(({ match }) => [match.east_mas, match.north_mas])),
    })),
  };
}
