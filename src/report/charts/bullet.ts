/** A value with its interval against its bound, in one line of a table. */
import { scaleLinear } from 'd3-scale';
import type { Specification, Verdict } from '../../model/verification.ts';
import { SafeHtml } from '../safeHtml.ts';
import { px } from './axes.ts';

const WIDTH = 132;
const HEIGHT = 22;

/**
 * The allowed side is shaded, the bound is a tick (thin when it only warns, dashed for another specification of the same
 * value), the value a dot with a whisker. It repeats the numbers of
 * its row, so it is hidden from screen readers. null when there is nothing to draw.
 */
export function drawBullet({ specification: s, value, interval, status }: Verdict, others: readonly Specification[] = []): SafeHtml | null {
  const bounds = boundsOf(s);
  if (value === null || bounds.length === 0) return null;
  const further = others.flatMap(boundsOf).filter(v => !bounds.includes(v));
  const shown = [value, ...bounds, ...further, ...(interval ?? [])];
  const [lo, hi] = [Math.min(...shown), Math.max(...shown)];
  const pad = (hi - lo || Math.abs(hi) || 1) * 0.25;
  const ceiling = s.unit === 'percent' && hi <= 100 ? 100 : Infinity;
  const floor = s.unit !== 'mag' && lo >= 0 ? 0 : -Infinity;
  const x = scaleLinear([Math.max(lo - pad, floor), Math.min(hi + pad, ceiling)], [5, WIDTH - 5]).clamp(true);
  const [a, b] = allowed(s);
  const good = [Number.isFinite(a) ? x(a) : 0, Number.isFinite(b) ? x(b) : WIDTH] as const;
  const state = status === 'waived' || status === 'fail' && (s.severity === 'warn' || s.severity === 'note') ? 'warn' : status;
  const isGating = s.severity === 'fail' || s.severity === 'block';
  const whisker = interval === null ? '' : `<path class="whisker" d="M${px(x(interval[0]))} 11H${px(x(interval[1]))}"/>`;
  return new SafeHtml(
    `<svg class="bullet ${state}" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" aria-hidden="true" focusable="false">`
    + `<rect class="track" x="0" y="7" width="${WIDTH}" height="8" rx="4"/>`
    + `<rect class="good" x="${px(good[0])}" y="7" width="${px(Math.max(0, good[1] - good[0]))}" height="8" rx="1"/>`
    + `${further.map(v => `<path class="bound other" d="M${px(x(v))} 4V18"/>`).join('')}`
    + `${bounds.map(v => `<path class="bound${isGating ? '' : ' soft'}" d="M${px(x(v))} 2V20"/>`).join('')}${whisker}`
    + `<circle class="dot" cx="${px(x(value))}" cy="11" r="4"/></svg>`,
  );
}

function boundsOf({ type, range, bound }: Specification): readonly number[] {
  if (type === 'range') return range ?? [];
  return type === 'threshold' && bound !== undefined ? [bound] : [];
}

/** The interval of allowed values. */
function allowed({ type, operator, bound = NaN, range = [NaN, NaN] }: Verdict['specification']): readonly [number, number] {
  if (type === 'range') return range;
  if (operator === '<' || operator === '<=') return [-Infinity, bound];
  if (operator === '>' || operator === '>=') return [bound, Infinity];
  return operator === '==' ? [bound, bound] : [-Infinity, Infinity];
}
