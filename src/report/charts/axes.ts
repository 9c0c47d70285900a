/** Scales, axes and the frame of a chart. Colours come from CSS classes, so that a chart follows light and dark. */
import { scaleLinear, scaleLog } from 'd3-scale';
import type { PlotAxis, PlotLine } from '../../model/plots.ts';
import { SafeHtml, escapeText } from '../safeHtml.ts';

export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface Scale {
  (value: number): number;
  readonly ticks: readonly number[];
  readonly format: (value: number) => string;
  readonly domain: readonly [number, number];
}

export const WIDE: Frame = { width: 480, height: 300, left: 62, top: 14, right: 20, bottom: 44 };
export const SQUARE: Frame = { width: 480, height: 460, left: 62, top: 14, right: 20, bottom: 44 };

/** A linear or logarithmic scale from the domain to pixels. A log domain is cut to positive values. */
export function makeScale(axis: PlotAxis, domain: readonly [number, number], range: readonly [number, number], nTicks: number): Scale {
  const isLog = axis.log === true && domain[1] > 0;
  const used: readonly [number, number] = isLog ? [Math.max(domain[0], domain[1] / 1e6), domain[1]] : domain;
  const scale = isLog ? scaleLog(used, range) : scaleLinear(used, range);
  const linear = scaleLinear(used, range);
  const ticksOfLog = isLog ? logTicks(used) : [];
  const ticks = ticksOfLog.length > 1 ? ticksOfLog : linear.ticks(nTicks);
  const format = isLog ? (v: number): string => String(Number(v.toPrecision(3))) : linear.tickFormat(nTicks, Math.max(...used.map(Math.abs)) >= 1e5 ? 's' : undefined);
  const clipped = (v: number): number => scale(Math.min(Math.max(v, used[0]), used[1]));
  return Object.assign(clipped, { ticks: axis.whole === true ? ticks.filter(Number.isInteger) : ticks, format: (v: number) => format(v).replace('-', '−').replaceAll(',', '\u2009'), domain: used });
}

/** 1, 2 and 5 of every decade, only powers of ten over more than three decades; perhaps none in a narrow domain. */
function logTicks([lo, hi]: readonly [number, number]): number[] {
  const decades = Math.log10(hi / lo);
  const steps = decades > 3 ? [1] : decades > 1.8 ? [1, 3] : [1, 2, 5];
  const from = Math.floor(Math.log10(lo));
  const to = Math.ceil(Math.log10(hi));
  return Array.from({ length: to - from + 1 }, (_, k) => from + k).flatMap(e => steps.map(s => s * 10 ** e))
    .filter(v => v >= lo && v <= hi);
}

/**
 * Shapes of the series, so that colour is not the only sign: circle, square, triangle, cross, diamond, plus. The
 * first two are the caps of lines without length, which the style sheet makes round and square: large samples stay small.
 */
const GLYPHS = ['h0', 'h0', 'm0-2.6l2.5 4.4h-5z', 'm-2-2l4 4m0-4l-4 4', 'm0-2.8l2.8 2.8l-2.8 2.8l-2.8-2.8z', 'm-2.6 0h5.2m-2.6-2.6v5.2'] as const;

/** One path for all points of a series. */
export function glyphs(points: readonly (readonly [number, number])[], series: number): string {
  const glyph = GLYPHS[series % GLYPHS.length]!;
  return points.map(([u, v]) => `M${px(u)} ${px(v)}${glyph}`).join('');
}

/** Names of the series beside their shapes, along the top; names that are long or do not fit are cut. */
export function legend(frame: Frame, names: readonly string[]): string {
  const room = (frame.width - frame.left - frame.right) / names.length;
  const most = Math.max(3, Math.floor((room - 26) / 6.6));
  let x = frame.left;
  return names.map((name, i) => {
    const text = shortText(name, most);
    const item = `<path class="dots s${i % 6}" d="${glyphs([[x + 4, 12]], i)}"/><text class="legend" x="${px(x + 12)}" y="16">${escapeText(text)}</text>`;
    x += 26 + text.length * 6.6;
    return item;
  }).join('');
}

/** Axis labels and the like: a long one is cut. */
export function shortText(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1).toWellFormed()}…`;
}

export function axisTitle({ label, unit }: PlotAxis): string {
  return unit === '' ? label : `${label} (${unit})`;
}

/** Grid, ticks, labels and guide lines. */
export function drawAxes(frame: Frame, x: Scale, y: Scale, titles: { readonly x: string; readonly y: string }): string {
  const { width, height, left, top, right, bottom } = frame;
  const [x1, y1] = [width - right, height - bottom];
  const grid = [
    ...y.ticks.map(t => `M${left} ${px(y(t))}H${x1}`),
    ...x.ticks.map(t => `M${px(x(t))} ${top}V${y1}`),
  ].join('');
  const labels = [
    ...y.ticks.map(t => `<text class="tick" x="${left - 7}" y="${px(y(t) + 3.8)}" text-anchor="end">${escapeText(y.format(t))}</text>`),
    ...x.ticks.map(t => `<text class="tick" x="${px(x(t))}" y="${y1 + 16}" text-anchor="middle">${escapeText(x.format(t))}</text>`),
  ];
  const middle = (top + y1) / 2;
  return [
    `<path class="grid" d="${grid}"/>`, `<path class="axis" d="M${left} ${y1}H${x1}"/>`, ...labels,
    `<text class="axis-title" x="${(left + x1) / 2}" y="${height - 6}" text-anchor="middle">${escapeText(shortText(titles.x, 60))}</text>`,
    `<text class="axis-title" transform="translate(13 ${middle}) rotate(-90)" text-anchor="middle">${escapeText(shortText(titles.y, 36))}</text>`,
  ].join('');
}

/** Guide lines inside the domain, with their labels. */
export function drawLines(frame: Frame, x: Scale, y: Scale, xLines: readonly PlotLine[], yLines: readonly PlotLine[]): string {
  const inside = (v: number, [lo, hi]: readonly [number, number]): boolean => v >= lo && v <= hi;
  const { width, height, left, top, right, bottom } = frame;
  return [
    ...xLines.filter(l => inside(l.value, x.domain)).map(l =>
      `<path class="guide" d="M${px(x(l.value))} ${top}V${height - bottom}"/>${label(l, px(x(l.value)) + 4, height - bottom - 6, 'start')}`),
    ...yLines.filter(l => inside(l.value, y.domain)).map(l =>
      `<path class="guide" d="M${left} ${px(y(l.value))}H${width - right}"/>${label(l, width - right - 3, px(y(l.value)) - 4, 'end')}`),
  ].join('');
}

function label({ label: text }: PlotLine, x: number, y: number, anchor: string): string {
  return text === '' ? '' : `<text class="guide-label" x="${x}" y="${y}" text-anchor="${anchor}">${escapeText(shortText(text, 24).replace(/^-/, '−'))}</text>`;
}

/** A tenth of a pixel is enough and halves the page. */
export function px(value: number): number {
  return Math.round(value * 10) / 10;
}

/** The whole image with its name and description for screen readers. */
export function svg(
  frame: Frame, texts: { readonly name: string; readonly title: string; readonly description: string }, body: string,
): SafeHtml {
  const { name, title, description } = texts;
  const key = name.replace(/[^A-Za-z0-9]+/g, '-');
  return new SafeHtml(
    `<svg class="chart" viewBox="0 0 ${frame.width} ${frame.height}" role="img" aria-labelledby="${key}-t ${key}-d">`
    + `<title id="${key}-t">${escapeText(title)}</title><desc id="${key}-d">${escapeText(description)}</desc>${body}</svg>`,
  );
}
