/** Numbers as people read them: as many digits as the error deserves, units in signs. */
import type { Measurement, Specification, Unit } from '../model/verification.ts';

const UNIT_SIGNS: Readonly<Partial<Record<Unit, string>>> = { percent: '%', 'deg-2': 'deg⁻²', sigma: 'σ', ct: '' };
const MINUS = '−';
/** Larger numbers are written with a power of ten. */
const FIXED_BELOW = 1e9;

export function unitText(unit: Unit): string {
  return UNIT_SIGNS[unit] ?? unit;
}

/** Significant digits, thousands in thin groups, a real minus sign, `3 × 10⁸` for the very large and small; `–` for NaN. */
export function numberText(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? '–' : value > 0 ? '∞' : `${MINUS}∞`;
  if (value === 0) return '0';
  const exponent = Math.floor(Math.log10(Math.abs(value)));
  if (exponent >= 7 || exponent < -5) {
    const [mantissa, power] = value.toExponential(digits - 1).split('e');
    return `${numberText(Number(mantissa), digits)} × 10${superscript(Number(power))}`;
  }
  return fixedText(value, Math.max(0, digits - 1 - exponent)).replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '');
}

function superscript(power: number): string {
  return [...String(power)].map(c => (c === '-' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(c)])).join('');
}

/** A fixed number of decimals. */
export function fixedText(value: number, decimals: number): string {
  const [whole = '', fraction] = Math.abs(value).toFixed(Math.min(decimals, 12)).split('.');
  const grouped = whole.length > 4 ? whole.replace(/\B(?=(\d{3})+$)/g, '\u2009') : whole;
  const isZero = Number(`${whole}.${fraction ?? 0}`) === 0;
  return `${value < 0 && !isZero ? MINUS : ''}${grouped}${fraction === undefined ? '' : `.${fraction}`}`;
}

export interface ValueText {
  readonly value: string;
  /** `± 0.4`, or `+0.6 −0.8`; empty when there is no interval. */
  readonly error: string;
  readonly unit: string;
}

/** Value and interval with two significant digits of the smaller error (of the larger when the smaller is tiny beside it); counts without decimals. */
export function valueText(value: number | null, interval: Measurement['interval'], unit: Unit): ValueText {
  if (value === null) return { value: '–', error: '', unit: '' };
  const sign = unitText(unit);
  if (interval === null) return { value: numberText(value), error: '', unit: sign };
  const [down, up] = [value - interval[0], interval[1] - value];
  const errors = [down, up].filter(e => e > 0);
  if (errors.length === 0) return { value: numberText(value), error: '± 0', unit: sign };
  const [least, most] = [Math.min(...errors), Math.max(...errors)];
  const deserved = 1 - Math.floor(Math.log10(least >= most / 20 ? least : most));
  if (Math.abs(value) >= FIXED_BELOW || most >= FIXED_BELOW || most < 1e-6) {
    return { value: numberText(value), error: errorText(numberText(down, 2), numberText(up, 2)), unit: sign };
  }
  const shown = unit === 'ct' && Number.isInteger(value) ? 0 : Math.min(Math.max(0, deserved), 6);
  return { value: fixedText(value, shown), error: errorText(fixedText(down, shown), fixedText(up, shown)), unit: sign };
}

function errorText(lower: string, upper: string): string {
  return lower === upper ? `± ${upper}` : `+${upper} ${MINUS}${lower}`;
}

/** The bound of a specification: `≥ 95 %`, `0.85 … 1.15`, `measured`. */
export function boundText({ type, operator, bound, range, unit, rule }: Specification): string {
  const sign = unitText(unit) === '' ? '' : ` ${unitText(unit)}`;
  const signs: Record<string, string> = { '<=': '≤', '>=': '≥', '==': '=', '!=': '≠' };
  if (type === 'threshold' && bound !== undefined) return `${signs[operator ?? ''] ?? operator ?? ''} ${numberText(bound)}${sign}`;
  if (type === 'range' && range !== undefined) return `${numberText(range[0])} … ${numberText(range[1])}${sign}`;
  if (rule !== undefined) return `${type === 'relative' ? 'baseline' : type === 'best' ? 'best run' : `last ${rule.runs} runs`} (none)`;
  return 'measured';
}

/** Decimals of a number as it is written. */
export function decimalsOf(text: string): number {
  return /^[−\d\u2009]*\.(\d+)$/.exec(text)?.[1]?.length ?? 0;
}

/** With as many decimals as the value beside it, or three digits when that would hide the margin. */
export function marginText(margin: number | null, unit: Unit, decimals: number | null = null): string {
  if (margin === null) return '–';
  const sign = unitText(unit) === '' ? '' : ` ${unitText(unit)}`;
  const isHidden = decimals === null || Math.abs(margin) >= FIXED_BELOW || (margin !== 0 && Math.abs(margin) < 0.5 * 10 ** -decimals);
  return `${margin > 0 ? '+' : ''}${isHidden ? numberText(margin, 3) : fixedText(margin, decimals)}${sign}`;
}

/** `48 s`, `3 min 12 s`, `2 h 05 min`. */
export function durationText(seconds: number): string {
  if (seconds < 100) return `${numberText(seconds, 3)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(Math.floor(seconds % 60)).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

export function keysText(keys: Readonly<Record<string, string | number>>): string {
  return Object.entries(keys).map(([key, value]) => `${key} ${value}`).join(', ');
}
