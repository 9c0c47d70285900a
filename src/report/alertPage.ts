/** Alerts as one self-contained HTML page: no script, no network, light and dark. */
import Handlebars from 'handlebars';
import type { AlertStamp, AlertView, LightCurvePoint } from '../model/alertView.ts';
import { drawLightCurve } from './charts/lightCurve.ts';
import { numberText } from './format.ts';
import { readableText } from './readable.ts';
import { SafeHtml } from './safeHtml.ts';
import type { EncodePng } from './section.ts';
import { stretchCutout, type Stretched } from './stretch.ts';

/** The template below `reports/`. */
export const ALERT_TEMPLATE = 'alerts.hbs';

export interface AlertPageOptions {
  /** Texts of `ALERT_TEMPLATE` and `style.css` below `reports/`. */
  readonly template: string;
  readonly style: string;
  readonly encodePng: EncodePng;
  /** Alerts that there are; more than are given. */
  readonly total: number;
}

/** Side of a stamp on the page in screen pixels, about: every image pixel is a whole number of them. */
const STAMP_SIDE = 190;
/** Rows of a table of measurements. */
const MAX_ROWS = 200;

/** The page as text, the same for the same alerts. All texts are shortened to what a page can show, and escaped. */
export function renderAlertPage(title: string, alerts: readonly AlertView[], options: AlertPageOptions): string {
  const { template, style, encodePng, total } = options;
  const render = Handlebars.create().compile(template, { strict: true, assumeObjects: false, knownHelpersOnly: true, preventIndent: true });
  const nShown = alerts.length;
  return render({
    title: readableText(title), style: new SafeHtml(style), isLong: nShown > 1,
    sentence: `${total} ${total === 1 ? 'alert' : 'alerts'}${nShown < total ? `, the first ${nShown} shown` : ''}.`,
    alerts: alerts.map((alert, k) => alertModel(alert, `a${k}`, encodePng)),
  });
}

function alertModel(alert: AlertView, key: string, encodePng: EncodePng): object {
  const name = readableText(alert.id);
  return {
    key, name, heading: `Alert ${name}`, facts: facts(alert).map(([term, text]) => ({ term, text: readableText(text) })),
    stamps: stampModels(alert, encodePng), hasStamps: alert.stamps.length > 0,
    chart: alert.lightCurve.length === 0 ? '' : drawLightCurve(`${key}-curve`, alert.lightCurve), hasChart: alert.lightCurve.length > 0,
    rows: alert.lightCurve.slice(-MAX_ROWS).map(rowModel), rowsTitle: `Measurements (${alert.lightCurve.length})`,
    warnings: alert.warnings.map(readableText), hasWarnings: alert.warnings.length > 0,
  };
}

/** What stands beside the pictures, in the terminal too. */
export function facts(alert: AlertView): [term: string, text: string][] {
  const position = `${alert.ra_deg.toFixed(6)}, ${alert.dec_deg.toFixed(6)}`.replaceAll('-', '−');
  const all: [string, string][] = [
    ['Survey', alert.survey],
    [alert.isSolarSystem ? 'Solar-system object' : 'Object', alert.object ?? 'none'],
    ['Exposure', alert.exposure],
    ['Position (deg)', position],
    ['Time (MJD)', Number.isFinite(alert.time_mjd) ? alert.time_mjd.toFixed(5) : '–'],
    ['Band', alert.band || '–'],
    ['Flux (nJy)', `${numberText(alert.flux_nJy)} ± ${numberText(alert.fluxErr_nJy, 3)}`],
    ['S/N', numberText(alert.snr, 3)],
    ['Reliability', numberText(alert.reliability, 3)],
    ['History', `${alert.nEarlier} earlier detections, ${alert.nForced} forced measurements`],
    ['Flags set', alert.flags.join(', ')],
  ];
  return all.filter(([, text]) => text !== '');
}

const KINDS: Readonly<Record<LightCurvePoint['kind'], string>> = { this: 'this alert', detection: 'detection', forced: 'forced', limit: 'limit' };

function rowModel(point: LightCurvePoint): object {
  return {
    time: point.time_mjd.toFixed(5), band: readableText(point.band || '–'), kind: KINDS[point.kind],
    flux: numberText(point.flux_nJy, 5), error: numberText(point.fluxErr_nJy, 3),
  };
}

function stampModels(alert: AlertView, encodePng: EncodePng): object[] {
  return stretchStamps(alert.stamps).map(({ label, width, height, rgb }) => {
    const zoom = Math.max(1, Math.round(STAMP_SIDE / Math.max(width, height)));
    return {
      label, width: String(zoom * width), height: String(zoom * height), source: encodePng(width, height, rgb),
      alt: `${label} image around alert ${readableText(alert.id)}, ${width} by ${height} pixels`,
    };
  });
}

/** Science and template share a stretch when they share a unit of flux; images in data numbers have one each. */
export function stretchStamps(stamps: readonly AlertStamp[]): Stretched[] {
  const panel = ({ label, width, height, image }: AlertStamp): Parameters<typeof stretchCutout>[0]['panels'][number] =>
    ({ label, width, height, data: Array.from(image, v => (Number.isFinite(v) ? v : null)) });
  const cutout = (group: readonly AlertStamp[]): Stretched[] =>
    (group.length === 0 ? [] : stretchCutout({ kind: 'source', title: '', caption: '', panels: group.map(panel) }));
  return stamps.every(s => s.unit === 'nJy') ? cutout(stamps) : stamps.flatMap(s => cutout([s]));
}
