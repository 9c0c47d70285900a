/** A statistic in bins: line, band of the interval, and below it how many items each bin has. */
import { area, line } from 'd3-shape';
import type { CurveBin, CurvePlot } from '../../model/plots.ts';
import type { SafeHtml } from '../safeHtml.ts';
import { WIDE, axisTitle, drawAxes, drawLines, glyphs, legend, makeScale, px, svg } from './axes.ts';
import type { Scale } from './axes.ts';

const FRAME = { ...WIDE, top: 26 };
/** Height of the strip of counts. */
const STRIP = 34;

export function drawCurve(name: string, plot: CurvePlot): SafeHtml {
  const bins = plot.series.flatMap(s => s.bins).filter(b => b.n > 0);
  const bottom = FRAME.height - FRAME.bottom;
  const x = makeScale(plot.x, extent(bins.flatMap(b => [b.lo, b.hi])), [FRAME.left, FRAME.width - FRAME.right], 7);
  const y = makeScale(plot.y, yDomain(plot, bins), [bottom - STRIP, FRAME.top], 5);
  const centre = (b: CurveBin): number => (x(b.lo) + x(b.hi)) / 2;
  const body = [
    drawAxes({ ...FRAME }, x, y, { x: axisTitle(plot.x), y: axisTitle(plot.y) }),
    counts(plot, x, bottom),
    ...plot.series.map((s, i) => drawSeries(s.bins.filter(b => b.value !== null), i, centre, y)),
    drawLines({ ...FRAME, bottom: FRAME.bottom + STRIP }, x, y, plot.xLines ?? [], plot.yLines ?? []),
    plot.series.length > 1 ? legend(FRAME, plot.series.map(s => s.name)) : '',
  ].join('');
  return svg(FRAME, { name, title: plot.title, description: plot.description }, body);
}

function yDomain(plot: CurvePlot, bins: readonly CurveBin[]): [number, number] {
  if (plot.y.unit === '%') return [0, 100];
  const [lo, hi] = extent(bins.flatMap(b => [...b.interval ?? [], ...(b.value === null ? [] : [b.value])]));
  const pad = (hi - lo || 1) * 0.06;
  return [lo - pad, hi + pad];
}

function extent(values: readonly number[]): [number, number] {
  return values.length === 0 ? [0, 1] : [Math.min(...values), Math.max(...values)];
}

function drawSeries(bins: readonly CurveBin[], index: number, centre: (b: CurveBin) => number, y: Scale): string {
  const colour = `s${index % 6}`;
  const band = area<CurveBin>(centre, b => y((b.interval ?? [b.value!, b.value!])[0]), b => y((b.interval ?? [b.value!, b.value!])[1]))
    .defined(b => b.interval !== null).digits(1)(bins) ?? '';
  const bars = bins.filter(b => b.interval !== null)
    .map(b => `M${px(centre(b))} ${px(y(b.interval![0]))}V${px(y(b.interval![1]))}`).join('');
  const path = line<CurveBin>(centre, b => y(b.value!)).digits(1)(bins) ?? '';
  const dots = glyphs(bins.map(b => [centre(b), y(b.value!)] as const), index);
  return `<path class="band ${colour}" d="${band}"/><path class="error-bar ${colour}" d="${bars}"/><path class="line ${colour}" d="${path}"/><path class="dots ${colour}" d="${dots}"/>`;
}

/** Bars of the number of items, all series together, on their own scale. */
function counts(plot: CurvePlot, x: Scale, bottom: number): string {
  const totals = new Map<string, { lo: number; hi: number; n: number }>();
  for (const b of plot.series.flatMap(s => s.bins)) {
    const key = `${b.lo} ${b.hi}`;
    totals.set(key, { lo: b.lo, hi: b.hi, n: (totals.get(key)?.n ?? 0) + b.n });
  }
  const shown = [...totals.values()].filter(t => t.n > 0);
  const most = Math.max(1, ...shown.map(t => t.n));
  const bars = shown.map(({ lo, hi, n }) => {
    const height = (n / most) * (STRIP - 10);
    return `M${px(x(lo) + 0.5)} ${bottom}V${px(bottom - height)}H${px(x(hi) - 0.5)}V${bottom}Z`;
  }).join('');
  return `<path class="counts" d="${bars}"/><text class="guide-label" x="${FRAME.left - 7}" y="${bottom - 2}" text-anchor="end">n ≤ ${most}</text>`;
}
