/** When each quantum ran: one row a worker, as far as the times tell them apart. */
import type { QuantumReport } from '../../model/verification.ts';
import { keysText } from '../format.ts';
import type { SafeHtml } from '../safeHtml.ts';
import { escapeText } from '../safeHtml.ts';
import { drawAxes, glyphs, makeScale, px, shortText, svg } from './axes.ts';

interface Span {
  readonly task: string;
  readonly dataId: string;
  readonly from: number;
  readonly to: number;
  readonly memory: number | null;
}

const ROW = 26;
const MEMORY = 110;

/** null when no quantum has a time. Rows hold spans that do not overlap, earliest first. */
export function drawTimeline(quanta: readonly QuantumReport[]): SafeHtml | null {
  const spans = spansOf(quanta);
  if (spans.length < 2) return null;
  const tasks = [...new Set(quanta.map(q => q.task))].filter(task => spans.some(s => s.task === task));
  const rows = packed(spans);
  const legendRows = Math.ceil(tasks.length / 4);
  const top = 10 + 20 * legendRows;
  const hasMemory = spans.some(s => s.memory !== null);
  const frame = { width: 1000, height: top + rows.length * ROW + 44 + (hasMemory ? MEMORY : 0), left: 66, top, right: 14, bottom: 44 };
  const end = Math.max(...spans.map(s => s.to));
  const x = makeScale({ label: '', unit: '' }, [0, end], [frame.left, frame.width - frame.right], 10);
  const bars = rows.flatMap((row, r) => row.map(s => {
    const at = tasks.indexOf(s.task);
    const width = px(Math.max(0.8, x(s.to) - x(s.from) - 0.6));
    return `<rect class="bars s${at % 6}${at >= 6 ? ' second' : ''}" x="${px(x(s.from))}" y="${top + r * ROW + 3}" width="${width}" height="${ROW - 6}">`
      + `<title>${escapeText(`${s.task}, ${s.dataId}: ${(s.to - s.from).toFixed(1)} s`)}</title></rect>`;
  })).join('');
  const names = rows.map((_, r) => `<text x="${frame.left - 7}" y="${top + r * ROW + 17}" text-anchor="end">lane ${r + 1}</text>`).join('');
  const legend = tasks.map((task, i) => {
    const [u, v] = [frame.left + (i % 4) * 230, 14 + 20 * Math.floor(i / 4)];
    return `<rect class="bars s${i % 6}${i >= 6 ? ' second' : ''}" x="${u}" y="${v - 10}" width="12" height="12"/><text class="legend" x="${u + 17}" y="${v}">${escapeText(shortText(task, 28))}</text>`;
  }).join('');
  const bottom = top + rows.length * ROW;
  const memory = hasMemory ? memoryOf(spans, x, { top: bottom + 14, bottom: bottom + MEMORY, left: frame.left, right: frame.width - frame.right }) : '';
  const none = Object.assign((v: number) => v, { ticks: [], format: String, domain: [0, 1] as const });
  return svg(frame, {
    name: 'timeline', title: 'Timeline of the tasks', description: `${spans.length} quanta in ${rows.length} lanes over ${end.toFixed(0)} seconds.`,
  }, `${drawAxes(frame, x, none, { x: 'seconds after the first quantum', y: '' })}${legend}${names}${bars}${memory}`);
}

function spansOf(quanta: readonly QuantumReport[]): Span[] {
  const timed = quanta.flatMap(q => {
    const began = Date.parse(q.began ?? '') / 1000;
    return q.status === 'reused' || q.seconds === null || !Number.isFinite(began) ? []
      : [{ task: q.task, dataId: keysText(q.dataId), began, seconds: q.seconds, memory: q.peakRss_MB }];
  });
  const first = Math.min(...timed.map(t => t.began));
  return timed.map(({ began, seconds, ...rest }) => ({ ...rest, from: began - first, to: began - first + seconds }))
    .sort((a, b) => a.from - b.from || a.to - b.to);
}

/** Each span in the first row that is free by then; a twentieth of a second of overlap is rounding. */
function packed(spans: readonly Span[]): Span[][] {
  const rows: Span[][] = [];
  for (const span of spans) {
    const row = rows.find(r => r.at(-1)!.to <= span.from + 0.05);
    if (row === undefined) rows.push([span]);
    else row.push(span);
  }
  return rows;
}

/** Peak memory of each quantum as a point at its end. */
function memoryOf(spans: readonly Span[], x: (v: number) => number, { top, bottom, left, right }: Record<'top' | 'bottom' | 'left' | 'right', number>): string {
  const known = spans.filter(s => s.memory !== null);
  const most = Math.max(...known.map(s => s.memory!), 1);
  const y = makeScale({ label: '', unit: '' }, [0, most * 1.1], [bottom, top], 3);
  const grid = y.ticks.map(t => `<path class="grid" d="M${left} ${px(y(t))}H${right}"/><text x="${left - 7}" y="${px(y(t) + 4)}" text-anchor="end">${t}</text>`).join('');
  return `${grid}<text class="axis-title" x="${left + 4}" y="${top + 2}">peak memory (MB)</text>`
    + `<path class="dots s0" d="${glyphs(known.map(s => [x(s.to), y(s.memory!)] as const), 0)}"/>`;
}
