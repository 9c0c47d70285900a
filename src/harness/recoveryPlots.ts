/** Purity of the DIASources, and completeness against purity, by signal to noise. */
import type { CurvePlot, Plot } from '../model/plots.ts';
import type { TruthRecovery } from './digests/truthRecovery.ts';
import type { Item } from './resultSource.ts';
import { fractionCurve } from './samples.ts';

const EDGES = [3, 4, 5, 5.5, 6, 7, 8, 10, 13, 17, 25, 40, 80, 200, 1000] as const;
const PERCENT = { label: 'share', unit: '%' } as const;

/** Empty without truth. */
export function recoveryPlots(recovery: readonly Item<TruthRecovery>[]): Plot[] {
  const sources = recovery.flatMap(({ value }) => value.sourceSnr.map((snr, i) => ({ x: snr, hit: value.sourceIsTrue[i]! })));
  if (sources.length === 0) return [];
  const changes = recovery.flatMap(({ value }) => value.changes.filter(c => c.usable));
  const above = (cut: number): { purity: { k: number; n: number }; completeness: { k: number; n: number } } => {
    const kept = sources.filter(s => s.x >= cut);
    const wanted = changes.filter(c => c.snr > 5);
    return {
      purity: { k: kept.filter(s => s.hit).length, n: kept.length },
      completeness: { k: wanted.filter(c => c.match !== null && Math.abs(c.match.flux) >= cut * c.match.fluxErr).length, n: wanted.length },
    };
  };
  const cuts = [5, 5.5, 6, 7, 8, 10, 13, 17, 25, 40] as const;
  const purity: CurvePlot = {
    kind: 'curve', title: 'Purity by signal to noise', description: 'Share of DIASources after the flag cuts that lie on a true change, with 1-sigma Wilson intervals. False detections gather at the threshold.',
    x: { label: 'S/N of the DIASource', unit: '', log: true }, y: { label: 'purity', unit: '%' }, series: [{ name: 'all bands', bins: fractionCurve(sources, EDGES) }],
  };
  const tradeOff: CurvePlot = {
    kind: 'curve', title: 'Purity and completeness above a cut',
    description: 'What a higher threshold would buy: purity of the sources above the cut, and how many of the true changes of S/N > 5 they still hold.',
    x: { label: 'cut in S/N', unit: '', log: true }, y: PERCENT,
    series: (['purity', 'completeness'] as const).map(name => ({
      name, bins: cuts.slice(0, -1).map((lo, i) => ({ ...binOf(above(lo)[name]), lo, hi: cuts[i + 1]! })),
    })),
  };
  return [purity, tradeOff];
}

function binOf({ k, n }: { readonly k: number; readonly n: number }): CurvePlot['series'][number]['bins'][number] {
  const items = Array.from({ length: n }, (_, i) => ({ x: 0.5, hit: i < k }));
  return fractionCurve(items, [0, 1])[0]!;
}
