import { truthRecovery } from '../../src/harness/digests/truthRecovery.ts';
import { defineMeasure, measured, missing } from '../../src/harness/measure.ts';
import { bootstrapped, take, thinned } from '../../src/harness/samples.ts';
import type { HistogramPlot, ScatterPlot } from '../../src/model/plots.ts';
import { madSigma } from '../../src/numeric/statistics.ts';
import { foundChanges } from '../truthSamples.ts';

/** Half a sigma a bin, out to five. */
const EDGES = Array.from({ length: 21 }, (_, k) => (k - 10) / 2);

export default defineMeasure({
  metric: 'ap_verify.TransientFluxPull',
  requires: { recovery: truthRecovery },
  measure({ recovery }) {
    const found = foundChanges(recovery, 5).filter(({ match }) => Number.isFinite(match.flux) && match.fluxErr > 0);
    if (found.length === 0) return missing('no true change with S/N > 5 was found and has a flux');
    const pulls = found.map(c => (c.match.flux - c.deltaFlux) / c.match.fluxErr);
    const width = bootstrapped('TransientFluxPull', found.length, rows => madSigma(take(pulls, rows), 0));
    return measured({ ...width, blobs: { histogram: histogram(pulls), bySnr: bySnr(found.map(c => c.snr), pulls) } });
  },
});

function histogram(pulls: readonly number[]): HistogramPlot {
  const counts = EDGES.slice(0, -1).map((lo, b) => pulls.filter(p => p >= lo && p < EDGES[b + 1]!).length);
  return {
    kind: 'histogram', title: 'Flux pull of transients', unitNormal: true,
    description: 'Measured minus true flux in units of its error. The line is what correct errors give; pulls beyond 5 are not drawn.',
    x: { label: '(measured - true) / error', unit: '' }, y: { label: 'DIASources', unit: '' }, series: [{ name: 'pulls', edges: EDGES, counts }],
  };
}

function bySnr(snr: readonly number[], pulls: readonly number[]): ScatterPlot {
  return {
    kind: 'scatter', title: 'Flux pull by signal to noise',
    description: 'Outliers at high S/N are errors of scale (zero point, PSF, kernel sum); at low S/N they are noise.',
    x: { label: 'true S/N', unit: '', log: true }, y: { label: '(measured - true) / error', unit: '' },
    yLines: [{ value: 0, label: '' }, { value: 3, label: '+3' }, { value: -3, label: '-3' }],
    series: [{ name: 'pulls', ...thinned(snr.map((s, i) => [s, pulls[i]!] as const)) }],
  };
}
