/** A verdict in one line for machines that show text. */
import type { Verdict } from '../../model/verification.ts';
import { boundText } from '../verdict.ts';

export function factsText({ specification: s, status, value, interval, n, margin, reason, origin }: Verdict): string {
  const number = (x: number): string => String(Number(x.toPrecision(6)));
  const keys = Object.entries(s.keys).map(([k, v]) => `${k} ${v}`).join(', ');
  return [
    `${s.metric}${keys === '' ? '' : ` (${keys})`}: ${status}`, `observed ${value === null ? 'nothing' : `${number(value)} ${s.unit}`.trim()}`,
    interval === null ? null : `interval ${number(interval[0])} .. ${number(interval[1])}`, n === null ? null : `n ${n}`,
    `bound ${boundText(s)}${origin === undefined ? '' : ` (${origin})`}`, margin === null ? null : `margin ${number(margin)}`, reason,
  ].filter(part => part !== null).join('; ');
}
