/** Single points: one path a series, outliers on the rim. */
import type { ScatterPlot } from '../../model/plots.ts';
import { quantile } from '../../numeric/statistics.ts';
import type { SafeHtml } from '../safeHtml.ts';
import { SQUARE, WIDE, axisTitle, drawAxes, drawLines, glyphs, legend, makeScale, svg } from './axes.ts';

/** Half of the points outside this quantile on each side are drawn on the rim. */
const RIM = 0.01;

export function drawScatter(name: string, plot: ScatterPlot): SafeHtml {
  const base = plot.equalAxes ? SQUARE : WIDE;
  const frame = plot.series.length > 1 ? { ...base, top: 26 } : base;
  const points = plot.series.flatMap(s => s.points);
  const [dx, dy] = plot.equalAxes ? square(points)
    : [domainOf(points.map(p => p[0]), plot.x.log === true), symmetricIfGuided(plot, points.map(p => p[1]))];
  const x = makeScale(plot.x, dx, [frame.left, frame.width - frame.right], 7);
  const y = makeScale(plot.y, dy, [frame.height - frame.bottom, frame.top], 6);
  const size = points.length > 400 ? ' small' : '';
  const body = [
    drawAxes(frame, x, y, { x: axisTitle(plot.x), y: axisTitle(plot.y) }),
    ...plot.series.map((s, i) => `<path class="points s${i % 6}${size}" d="${glyphs(s.points.map(([u, v]) => [x(u), y(v)] as const), i)}"/>`),
    drawLines(frame, x, y, plot.xLines ?? [], plot.yLines ?? []),
    plot.series.length > 1 ? legend(frame, plot.series.map(s => `${s.name} (${s.total})`)) : '',
  ].join('');
  return svg(frame, { name, title: plot.title, description: plot.description }, body);
}

/** One radius around zero that holds 98 % of both coordinates. */
function square(points: readonly (readonly [number, number])[]): [[number, number], [number, number]] {
  const radius = (quantile(points.map(([u, v]) => Math.max(Math.abs(u), Math.abs(v))), 1 - 2 * RIM) || 1) * 1.1;
  return [[-radius, radius], [-radius, radius]];
}

function domainOf(values: readonly number[], isLog: boolean): [number, number] {
  const [lo, hi] = [quantile(values, 0), quantile(values, 1)];
  if (!(hi > lo)) return [(lo || 0) - 1, (hi || 0) + 1];
  return isLog ? [lo / 1.1, hi * 1.1] : [lo - 0.03 * (hi - lo), hi + 0.03 * (hi - lo)];
}

/** Residuals (a guide line at zero) get a domain that is symmetric about it. */
function symmetricIfGuided(plot: ScatterPlot, values: readonly number[]): [number, number] {
  const [lo, hi] = [quantile(values, RIM), quantile(values, 1 - RIM)];
  if (plot.yLines?.some(l => l.value === 0)) {
    const radius = Math.max(Math.abs(lo), Math.abs(hi), ...plot.yLines.map(l => Math.abs(l.value))) * 1.1 || 1;
    return [-radius, radius];
  }
  return hi > lo ? [lo - 0.05 * (hi - lo), hi + 0.05 * (hi - lo)] : [(lo || 0) - 1, (hi || 0) + 1];
}
