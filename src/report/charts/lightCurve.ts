/** Difference flux against time: one colour and shape a band, 1-sigma bars, hollow forced points, arrows for limits. */
import type { LightCurvePoint } from '../../model/alertView.ts';
import type { SafeHtml } from '../safeHtml.ts';
import { drawAxes, drawLines, glyphs, legend, makeScale, px, svg, WIDE, type Scale } from './axes.ts';

const FRAME = { ...WIDE, top: 26 };
/** More bands than there are shapes and colours share the last ones. */
const ORDER = ['u', 'g', 'r', 'i', 'z', 'y'];

/** Points without a finite time or flux must not be among them; an error that is NaN has no bar. */
export function drawLightCurve(name: string, all: readonly LightCurvePoint[]): SafeHtml {
  const { unit, factor } = fluxUnit(all);
  const points = all.map(p => ({ ...p, flux_nJy: p.flux_nJy / factor, fluxErr_nJy: p.fluxErr_nJy / factor }));
  const bands = [...new Set(points.map(p => p.band))].sort((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b) || (a < b ? -1 : 1));
  const start = Math.floor(Math.min(...points.map(p => p.time_mjd)));
  const bottom = FRAME.height - FRAME.bottom;
  const x = makeScale({ label: '', unit: '' }, padded(points.map(p => p.time_mjd - start), 0.5), [FRAME.left, FRAME.width - FRAME.right], 6);
  const y = makeScale({ label: '', unit: '' }, padded([0, ...points.flatMap(ends)], 1), [bottom, FRAME.top], 6);
  const at = (p: LightCurvePoint): [number, number] => [x(p.time_mjd - start), y(p.flux_nJy)];
  const body = [
    drawAxes(FRAME, x, y, { x: `days since MJD ${start}`, y: `difference flux (${unit})` }),
    drawLines(FRAME, x, y, [], [{ value: 0, label: '' }]),
    ...bands.map((band, k) => drawBand(points.filter(p => p.band === band), k, at, y)),
    ...points.filter(p => p.kind === 'this').map(p => `<circle class="this-alert" cx="${px(at(p)[0])}" cy="${px(at(p)[1])}" r="8"/>`),
    legend(FRAME, bands.map(band => band || 'band unknown')),
  ].join('');
  return svg(FRAME, { name, title: 'Light curve', description: describe(points) }, body);
}

/** Ticks of at most five digits; the points are in this unit from here on. */
function fluxUnit(points: readonly LightCurvePoint[]): { unit: string; factor: number } {
  const most = points.reduce((m, p) => Math.max(m, Math.abs(p.flux_nJy)), 0);
  return most >= 2e7 ? { unit: 'mJy', factor: 1e6 } : most >= 2e4 ? { unit: 'µJy', factor: 1e3 } : { unit: 'nJy', factor: 1 };
}

function drawBand(points: readonly LightCurvePoint[], k: number, at: (p: LightCurvePoint) => [number, number], y: Scale): string {
  const colour = `s${Math.min(k, 5)}`;
  const bars = points.filter(p => p.kind !== 'limit' && Number.isFinite(p.fluxErr_nJy))
    .map(p => `M${px(at(p)[0])} ${px(y(p.flux_nJy - p.fluxErr_nJy))}V${px(y(p.flux_nJy + p.fluxErr_nJy))}`).join('');
  const limits = points.filter(p => p.kind === 'limit').map(p => `M${px(at(p)[0] - 4)} ${px(at(p)[1])}h8m-4 0v7m-2.5-3l2.5 3l2.5-3`).join('');
  const rings = points.filter(p => p.kind === 'forced').map(p => `<circle class="ring-point ${colour}" cx="${px(at(p)[0])}" cy="${px(at(p)[1])}" r="3"/>`);
  const solid = points.filter(p => p.kind === 'this' || p.kind === 'detection').map(at);
  return `<path class="error-bars ${colour}" d="${bars}${limits}"/>${rings.join('')}<path class="dots ${colour}" d="${glyphs(solid, Math.min(k, 5))}"/>`;
}

function ends({ flux_nJy: flux, fluxErr_nJy: error }: LightCurvePoint): number[] {
  return Number.isFinite(error) ? [flux - error, flux + error] : [flux];
}

/** The range of the values with a margin; a single value stands in the middle of `least`. */
function padded(values: readonly number[], least: number): [number, number] {
  let [lo, hi] = [Infinity, -Infinity];
  for (const v of values) [lo, hi] = [Math.min(lo, v), Math.max(hi, v)];
  const pad = Math.max(0.06 * (hi - lo), hi > lo ? 0 : least);
  return [lo - pad, hi + pad];
}

function describe(points: readonly LightCurvePoint[]): string {
  const count = (kind: LightCurvePoint['kind']): number => points.filter(p => p.kind === kind).length;
  return `${count('detection') + count('this')} detections (this one is ringed), ${count('forced')} forced measurements (hollow), ${count('limit')} limits (arrows).`;
}
