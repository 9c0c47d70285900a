/** The last runs of a metric in one cell: values from left to right, the run itself last. */
import type { Specification } from '../../model/verification.ts';
import { SafeHtml, escapeText } from '../safeHtml.ts';
import { px } from './axes.ts';

const WIDTH = 92;
const HEIGHT = 24;

export interface Trend {
  readonly spark: SafeHtml;
  /** Times that neighbouring values lie on different sides of the bound. */
  readonly nFlips: number;
  readonly nRuns: number;
}

/**
 * A line through the values that exist; runs that break the bound of today are crosses, the others dots, the last is large.
 * null with fewer than two values.
 */
export function drawTrend(values: readonly (number | null)[], specification: Specification | null): Trend | null {
  const known = values.flatMap((value, i) => (value === null ? [] : [{ value, i }]));
  if (known.length < 2) return null;
  const [lo, hi] = [Math.min(...known.map(k => k.value)), Math.max(...known.map(k => k.value))];
  const x = (i: number): number => px(4 + (i * (WIDTH - 8)) / Math.max(1, values.length - 1));
  const y = (v: number): number => px(hi > lo ? 4 + ((hi - v) * (HEIGHT - 8)) / (hi - lo) : HEIGHT / 2);
  const points = known.map(({ value, i }) => ({ u: x(i), v: y(value), isBad: specification !== null && breaks(specification, value) }));
  const bad = points.filter(p => p.isBad).map(p => `M${p.u - 2.2} ${p.v - 2.2}l4.4 4.4m0-4.4l-4.4 4.4`).join('');
  const good = points.slice(0, -1).filter(p => !p.isBad).map(p => `M${p.u} ${p.v}h0`).join('');
  const last = points.at(-1)!;
  const nFlips = points.slice(1).filter((p, k) => p.isBad !== points[k]!.isBad).length;
  const label = `${known.length} runs, ${nFlips} ${nFlips === 1 ? 'flip' : 'flips'}`;
  return {
    nFlips, nRuns: known.length, spark: new SafeHtml(
      `<svg class="spark" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="${escapeText(label)}">`
      + `<path class="spark-line" d="M${points.map(p => `${p.u} ${p.v}`).join('L')}"/><path class="spark-good" d="${good}"/><path class="spark-bad" d="${bad}"/>`
      + `${last.isBad ? '' : `<circle class="spark-last" cx="${last.u}" cy="${last.v}" r="3"/>`}</svg>`),
  };
}

/** Whether a value would break the bound that is in force today. */
export function breaks({ type, operator, bound, range }: Specification, value: number): boolean {
  if (range !== undefined && type === 'range') return value < range[0] || value > range[1];
  if (bound === undefined) return false;
  switch (operator) {
    case '<': return !(value < bound);
    case '<=': return !(value <= bound);
    case '>': return !(value > bound);
    case '>=': return !(value >= bound);
    case '==': return value !== bound;
    case '!=': return value === bound;
    default: return false;
  }
}
