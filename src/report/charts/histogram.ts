/** Counts in bins, with the normal distribution that correct errors would give. */
import { line } from 'd3-shape';
import type { HistogramPlot } from '../../model/plots.ts';
import type { SafeHtml } from '../safeHtml.ts';
import { WIDE, axisTitle, drawAxes, drawLines, makeScale, px, svg } from './axes.ts';

export function drawHistogram(name: string, plot: HistogramPlot): SafeHtml {
  const frame = WIDE;
  const edges = plot.series.flatMap(s => s.edges);
  const normal = plot.unitNormal ? expectedNormal(plot) : [];
  const most = Math.max(1, ...plot.series.flatMap(s => s.counts), ...normal.map(p => p[1]));
  const bottom = frame.height - frame.bottom;
  const x = makeScale(plot.x, [Math.min(...edges), Math.max(...edges)], [frame.left, frame.width - frame.right], 9);
  const y = makeScale(plot.y, [0, most * 1.06], [bottom, frame.top], 5);
  const bars = plot.series.map((s, i) => {
    const d = s.counts.map((n, b) => (n === 0 ? '' : `M${px(x(s.edges[b]!) + 0.6)} ${bottom}V${px(y(n))}H${px(x(s.edges[b + 1]!) - 0.6)}V${bottom}Z`)).join('');
    return `<path class="bars s${i % 6}" d="${d}"/>`;
  });
  const curve = normal.length > 0 ? `<path class="expected" d="${line().x(p => x(p[0])).y(p => y(p[1])).digits(1)(normal) ?? ''}"/>` : '';
  const body = [
    drawAxes(frame, x, y, { x: axisTitle(plot.x), y: axisTitle(plot.y) }), ...bars, curve,
    drawLines(frame, x, y, plot.xLines ?? [], plot.yLines ?? []),
  ].join('');
  return svg(frame, { name, title: plot.title, description: plot.description }, body);
}

/** Counts that a unit normal sample of the same size would have, as a smooth line (bins of equal width). */
function expectedNormal({ series }: HistogramPlot): [number, number][] {
  const first = series[0];
  if (first === undefined || first.edges.length < 2) return [];
  const [lo, hi] = [first.edges[0]!, first.edges.at(-1)!];
  const width = (hi - lo) / (first.edges.length - 1);
  const total = series.reduce((n, s) => n + s.counts.reduce((a, b) => a + b, 0), 0);
  return Array.from({ length: 121 }, (_, k) => lo + ((hi - lo) * k) / 120)
    .map(v => [v, (total * width * Math.exp(-0.5 * v * v)) / Math.sqrt(2 * Math.PI)]);
}
