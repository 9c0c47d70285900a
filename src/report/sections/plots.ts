import { plotsOf } from '../../model/plots.ts';
import type { Plot } from '../../model/plots.ts';
import type { PlotTopic } from '../../model/reportData.ts';
import { madSigma, median, quantile } from '../../numeric/statistics.ts';
import { drawCurve } from '../charts/curve.ts';
import { drawHistogram } from '../charts/histogram.ts';
import { beyondSentence, drawScatter } from '../charts/scatter.ts';
import { axisTitle } from '../charts/axes.ts';
import { fixedText, keysText, numberText } from '../format.ts';
import { anchorOf } from '../rows.ts';
import type { SafeHtml } from '../safeHtml.ts';
import { defineSection } from '../section.ts';

export const plots = defineSection({
  name: 'plots', title: 'Plots',
  view({ measurements, metrics, science }) {
    const measured = measurements.flatMap(m => plotsOf(m.blobs).map(([, plot]): Drawn => {
      const metric = metrics.find(x => x.name === m.metric);
      const keys = keysText(m.keys);
      const anchor = metric === undefined ? null : anchorOf(m.metric);
      return { plot, keys, from: metric?.title ?? m.metric, anchor, topic: topicOf(metric?.tags[0]) };
    }));
    const seen = (science?.plots ?? []).map(({ topic, plot }): Drawn => ({ plot, keys: '', from: 'the products of the run', anchor: null, topic }));
    const drawn = [...measured, ...seen].filter(d => hasData(d.plot));
    const groups = TOPICS.map(([topic, title]) => ({ title, figures: drawn.flatMap((d, i) => (d.topic === topic ? [figure(d, i)] : [])) }));
    return drawn.length === 0 ? null : { groups: groups.filter(g => g.figures.length > 0) };
  },
});

interface Drawn {
  readonly plot: Plot;
  readonly keys: string;
  readonly from: string;
  readonly anchor: string | null;
  readonly topic: PlotTopic | 'other';
}

const TOPICS: readonly (readonly [PlotTopic | 'other', string])[] = [
  ['recovery', 'Completeness and purity'], ['astrometry', 'Astrometry'], ['photometry', 'Photometry'], ['difference', 'Noise of the difference images'],
  ['association', 'Association'], ['other', 'Further plots'],
];

/** The topic of the plots of a metric, by its first tag. */
function topicOf(tag: string | undefined): Drawn['topic'] {
  if (tag === 'completeness') return 'recovery';
  return tag === 'astrometry' || tag === 'photometry' || tag === 'association' ? tag : 'other';
}

function figure({ plot, keys, from, anchor }: Drawn, i: number): object {
  return {
    title: keys === '' ? plot.title : `${plot.title} (${keys})`, description: plot.description, from, anchor,
    chart: draw(`plot-${i}`, plot), table: tableOf(plot), isSquare: plot.kind === 'scatter' && plot.equalAxes === true,
    beyond: plot.kind === 'scatter' ? beyondSentence(plot) : '',
  };
}

function hasData(plot: Plot): boolean {
  if (plot.kind === 'curve') return plot.series.some(s => s.bins.some(b => b.n > 0));
  if (plot.kind === 'scatter') return plot.series.some(s => s.points.length > 0);
  return plot.series.some(s => s.counts.some(n => n > 0));
}

function draw(name: string, plot: Plot): SafeHtml {
  switch (plot.kind) {
    case 'curve': return drawCurve(name, plot);
    case 'scatter': return drawScatter(name, plot);
    case 'histogram': return drawHistogram(name, plot);
  }
}

interface DataTable {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

function tableOf(plot: Plot): DataTable {
  switch (plot.kind) {
    case 'curve': return {
      head: ['series', axisTitle(plot.x), axisTitle(plot.y), 'interval', 'n'],
      rows: plot.series.flatMap(s => s.bins.filter(b => b.n > 0).map(b => [
        s.name, `${numberText(b.lo)} to ${numberText(b.hi)}`, b.value === null ? '–' : fixedText(b.value, 1),
        b.interval === null ? '–' : `${fixedText(b.interval[0], 1)} to ${fixedText(b.interval[1], 1)}`, String(b.n)])),
    };
    case 'histogram': return {
      head: ['series', axisTitle(plot.x), axisTitle(plot.y)],
      rows: plot.series.flatMap(s => s.counts.map((n, b) => [
        s.name, `${numberText(s.edges[b]!)} to ${numberText(s.edges[b + 1]!)}`, String(n)])),
    };
    case 'scatter': return {
      head: ['series', `${plot.x.label} (quarter of the points)`, `median ${axisTitle(plot.y)}`, `scatter ${axisTitle(plot.y)}`, 'points drawn'],
      rows: plot.series.flatMap(s => quarters(s.points).map(q => [
        s.name, `${numberText(q.lo, 3)} to ${numberText(q.hi, 3)}`, numberText(q.median, 3), numberText(q.scatter, 3), String(q.n)])),
    };
  }
}

interface Quarter {
  readonly lo: number;
  readonly hi: number;
  readonly median: number;
  readonly scatter: number;
  readonly n: number;
}

/** Median and MAD sigma of y in quarters of the points by x. */
function quarters(points: readonly (readonly [number, number])[]): Quarter[] {
  const xs = points.map(p => p[0]);
  return [0, 0.25, 0.5, 0.75].map(p => {
    const [lo, hi] = [quantile(xs, p), quantile(xs, p + 0.25)];
    const ys = points.filter(([x]) => x >= lo && (p === 0.75 ? x <= hi : x < hi)).map(q => q[1]);
    return { lo, hi, median: median(ys), scatter: madSigma(ys), n: ys.length };
  }).filter(q => q.n > 0);
}
