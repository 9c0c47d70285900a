/** Completeness by signal to noise and by magnitude, as plots. */
import { fitCompleteness } from '../src/harness/completenessFit.ts';
import type { CompletenessFit } from '../src/harness/completenessFit.ts';
import { fractionCurve } from '../src/harness/samples.ts';
import type { CurvePlot } from '../src/model/plots.ts';
import type { BandChange } from './truthSamples.ts';

const SNR_EDGES = [3, 4, 5, 6, 7, 8, 10, 13, 17, 25, 40, 80, 200, 1000] as const;
const MAG_STEP = 0.5;
/** Changes below it are beyond any survey and would only stretch the axis. */
const MIN_SNR = 1;
const Y = { label: 'completeness', unit: '%' } as const;

/** Found: a DIASource after the flag cuts. */
export function completenessCurves(changes: readonly BandChange[]): { bySnr: CurvePlot; byMagnitude: CurvePlot } {
  const items = changes.map(c => ({ snr: c.snr, mag: c.mag, band: c.band, hit: c.match !== null }));
  const bands = [...new Set(items.map(c => c.band))].sort();
  const series = bands.map(band => ({ name: band, bins: magnitudeBins(items.filter(c => c.band === band && c.snr > MIN_SNR)) }));
  const fits = series.flatMap(({ name, bins }) => { const fit = fitCompleteness(bins); return fit === null ? [] : [{ name, ...fit }]; });
  return {
    bySnr: {
      kind: 'curve', title: 'Completeness by signal to noise',
      description: 'Share of true changes that were found, with 1-sigma Wilson bands. It should rise to 100 % just above the detection threshold and stay there.',
      x: { label: 'true S/N', unit: '', log: true }, y: Y, xLines: [{ value: 5, label: 'S/N 5' }, { value: 10, label: 'S/N 10' }],
      series: [{ name: 'all bands', bins: fractionCurve(items.map(c => ({ x: c.snr, hit: c.hit })), SNR_EDGES) }],
    },
    byMagnitude: {
      kind: 'curve', title: 'Completeness by magnitude',
      description: 'Share of true changes of S/N > 1 that were found, by the magnitude of the change, with 1-sigma Wilson bands.'
        + (fits.length === 0 ? '' : ` Dashed: fitted magnitudes of 50 %. ${fits.map(fitText).join('; ')}.`),
      x: { label: 'AB magnitude of the change', unit: '' }, y: Y, yLines: [{ value: 50, label: '50 %' }, { value: 90, label: '90 %' }],
      xLines: fits.map(fit => ({ value: fit.x50, label: fit.name })),
      series,
    },
  };
}

function fitText({ name, x50, x50Err, x90 }: CompletenessFit & { readonly name: string }): string {
  return `${name}: m50 = ${x50.toFixed(2)} ± ${x50Err.toFixed(2)}, m90 ${x90 === null ? 'not reached' : `= ${x90.toFixed(2)}`}`;
}

/** Bins that hold all items; empty ones at the ends are left out. */
function magnitudeBins(items: readonly { readonly mag: number; readonly hit: boolean }[]): ReturnType<typeof fractionCurve> {
  const mags = items.map(c => c.mag).filter(Number.isFinite);
  const lo = Math.floor(Math.min(...mags) / MAG_STEP);
  const hi = Math.floor(Math.max(...mags) / MAG_STEP) + 1;
  if (!(hi > lo)) return [];
  const edges = Array.from({ length: hi - lo + 1 }, (_, k) => (lo + k) * MAG_STEP);
  return fractionCurve(items.map(c => ({ x: c.mag, hit: c.hit })), edges);
}
