/** Single points: one path a series, outliers as triangles on the rim that point to where they are. */
import type { ScatterPlot } from '../../model/plots.ts';
import { quantile } from '../../numeric/statistics.ts';
import type { SafeHtml } from '../safeHtml.ts';
import { numberText } from '../format.ts';
import { SQUARE, WIDE, axisTitle, drawAxes, drawLines, glyphs, legend, makeScale, px, svg } from './axes.ts';
import type { Scale } from './axes.ts';

/** Half of the points outside this quantile on each side are drawn on the rim. */
const RIM = 0.01;

export function drawScatter(name: string, plot: ScatterPlot): SafeHtml {
  const base = plot.equalAxes ? SQUARE : WIDE;
  const frame = plot.series.length > 1 ? { ...base, top: 26 } : base;
  const points = plot.series.flatMap(s => s.points);
  const [dx, dy] = domainsOf(plot);
  const x = makeScale(plot.x, dx, [frame.left, frame.width - frame.right], 7);
  const y = makeScale(plot.y, dy, [frame.height - frame.bottom, frame.top], 6);
  const isInside = ([u, v]: readonly [number, number]): boolean => u >= dx[0] && u <= dx[1] && v >= dy[0] && v <= dy[1];
  const size = points.length > 400 ? ' small' : '';
  const body = [
    drawAxes(frame, x, y, { x: axisTitle(plot.x), y: axisTitle(plot.y) }),
    ...plot.series.map((s, i) => `<path class="points s${i % 6}${size}" d="${glyphs(s.points.filter(isInside).map(([u, v]) => [x(u), y(v)] as const), i)}"/>`),
    ...plot.series.map((s, i) => {
      const d = s.points.filter(p => !isInside(p)).map(([u, v]) => outlier(u, v, x, y)).join('');
      return d === '' ? '' : `<path class="outliers s${i % 6}" d="${d}"/>`;
    }),
    drawLines(frame, x, y, plot.xLines ?? [], plot.yLines ?? []),
    plot.series.length > 1 ? legend(frame, plot.series.map(s => `${s.name} (${s.total})`)) : '',
  ].join('');
  return svg(frame, { name, title: plot.title, description: plot.description }, body);
}

function domainsOf(plot: ScatterPlot): [[number, number], [number, number]] {
  const points = plot.series.flatMap(s => s.points);
  return plot.equalAxes ? square(points)
    : [domainOf(points.map(p => p[0]), plot.x.log === true), symmetricIfGuided(plot, points.map(p => p[1]))];
}

/** How many points lie beyond the frame, where they are drawn as arrows, and how far the furthest is; empty for none. */
export function beyondSentence(plot: ScatterPlot): string {
  const [[x0, x1], [y0, y1]] = domainsOf(plot);
  const points = plot.series.flatMap(s => s.points);
  const outside = points.filter(([u, v]) => u < x0 || u > x1 || v < y0 || v > y1);
  if (outside.length === 0) return '';
  const far = outside.reduce((a, b) => (Math.abs(b[1]) > Math.abs(a[1]) ? b : a));
  const unit = plot.y.unit === '' ? '' : ` ${plot.y.unit}`;
  return `${outside.length} of ${points.length} points lie beyond the frame and are drawn as triangles on it; the furthest is at ${plot.y.label} ${numberText(far[1], 3)}${unit}.`;
}

/** A triangle that points out of the frame. */
function outlier(u: number, v: number, x: Scale, y: Scale): string {
  const [du, dv] = [u < x.domain[0] ? -1 : u > x.domain[1] ? 1 : 0, v < y.domain[0] ? 1 : v > y.domain[1] ? -1 : 0];
  const [a, b] = [px(x(u)), px(y(v))];
  return dv !== 0 ? `M${a - 3.5} ${b - 5 * dv}l3.5 ${5 * dv}l3.5 ${-5 * dv}z` : `M${a - 5 * du} ${b - 3.5}l${5 * du} 3.5l${-5 * du} 3.5z`;
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
