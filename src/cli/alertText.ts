/** Alerts in the terminal: a line, or facts, light curve and cutouts. Texts of packets are made harmless first. */
import type { AlertView } from '../model/alertView.ts';
import { facts, stretchStamps } from '../report/alertPage.ts';
import { numberText } from '../report/format.ts';
import { readableText } from '../report/readable.ts';
import type { Stretched } from '../report/stretch.ts';

/** Grey levels as letters, dark to bright. */
const RAMP = ' .:-=+*#%@';
/** Widest cutout in characters; larger ones are thinned. */
const MAX_COLUMNS = 34;
const MAX_POINTS = 20;

/** One line: ids, position, flux, S/N, length of the history. */
export function alertLine(alert: AlertView): string {
  const flux = (value: number): string => (Number.isFinite(value) ? String(Math.round(value) + 0) : '–');
  return readableText([
    `alert ${alert.id}`, alert.exposure.replaceAll(', ', ' | '), `band ${alert.band || '–'}`, `object ${alert.object ?? 'none'}`,
    `ra ${alert.ra_deg.toFixed(6)}`, `dec ${alert.dec_deg.toFixed(6)}`,
    `psfFlux ${flux(alert.flux_nJy)} ± ${flux(alert.fluxErr_nJy)} nJy`, `S/N ${Number.isFinite(alert.snr) ? alert.snr.toFixed(1) : '–'}`,
    `history ${alert.nEarlier}`,
  ].filter(part => part !== '').join(' | ')).replaceAll(' | ', '  ');
}

/** What `list --json` says of an alert: ids as text, absent numbers null. */
export function alertJson(alert: AlertView, file: string): object {
  const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
  return {
    file, survey: alert.survey, id: alert.id, object: alert.object, isSolarSystem: alert.isSolarSystem, exposure: alert.exposure,
    ra_deg: alert.ra_deg, dec_deg: alert.dec_deg, time_mjd: finite(alert.time_mjd), band: alert.band,
    flux_nJy: finite(alert.flux_nJy), fluxErr_nJy: finite(alert.fluxErr_nJy), snr: finite(alert.snr),
    reliability: finite(alert.reliability),
    nEarlier: alert.nEarlier, nForced: alert.nForced, flags: alert.flags,
    cutouts: Object.fromEntries(alert.stamps.map(s => [s.label, [s.width, s.height]])), warnings: alert.warnings,
  };
}

/** Several lines: the facts, the latest points of the light curve, the cutouts side by side. */
export function alertText(alert: AlertView, colours: boolean): string {
  const lines = [`alert ${readableText(alert.id)}`, ...facts(alert).map(([term, text]) => `  ${term.padEnd(20)} ${readableText(text)}`)];
  if (alert.lightCurve.length > 0) {
    lines.push('', '  time (MJD)    band  kind        flux (nJy)      error');
    for (const p of alert.lightCurve.slice(-MAX_POINTS)) {
      lines.push(`  ${p.time_mjd.toFixed(5).padEnd(13)} ${readableText(p.band || '–').slice(0, 5).padEnd(5)} ${p.kind.padEnd(11)}`
        + `${numberText(p.flux_nJy, 5).padStart(11)} ${numberText(p.fluxErr_nJy, 3).padStart(10)}`);
    }
    if (alert.lightCurve.length > MAX_POINTS) lines.push(`  (${alert.lightCurve.length - MAX_POINTS} earlier points)`);
  }
  if (alert.stamps.length > 0) lines.push('', ...sideBySide(stretchStamps(alert.stamps), colours));
  lines.push(...alert.warnings.map(warning => `  warning: ${readableText(warning)}`));
  return lines.join('\n');
}

function sideBySide(stamps: readonly Stretched[], colours: boolean): string[] {
  const blocks = stamps.map(stamp => ({ label: stamp.label, ...(colours ? halfBlocks(stamp) : letters(stamp)) }));
  const height = Math.max(...blocks.map(b => b.rows.length));
  return [
    `  ${blocks.map(b => b.label.padEnd(b.width)).join('  ')}`,
    ...Array.from({ length: height }, (_, y) => `  ${blocks.map(b => b.rows[y] ?? ' '.repeat(b.width)).join('  ')}`.trimEnd()),
  ];
}

interface Block { readonly width: number; readonly rows: readonly string[] }

/** A letter is as high as two pixels. */
function letters(stamp: Stretched): Block {
  const step = Math.ceil(stamp.width / MAX_COLUMNS);
  const width = Math.ceil(stamp.width / step);
  const rows = Array.from({ length: Math.ceil(stamp.height / (2 * step)) }, (_, row) => Array.from({ length: width }, (_, column) => {
    const grey = meanGrey(stamp, column * step, row * 2 * step, step, 2 * step);
    return grey === null ? '?' : RAMP[Math.min(RAMP.length - 1, Math.floor((grey / 256) * RAMP.length))]!;
  }).join(''));
  return { width, rows };
}

/** Two pixels a character: the upper half block in one grey on the other. */
function halfBlocks(stamp: Stretched): Block {
  const step = Math.ceil(stamp.width / MAX_COLUMNS);
  const width = Math.ceil(stamp.width / step);
  const colour = (grey: number | null): number => (grey === null ? 54 : 232 + Math.min(23, Math.floor((grey / 256) * 24)));
  const rows = Array.from({ length: Math.ceil(stamp.height / (2 * step)) }, (_, row) => Array.from({ length: width }, (_, column) => {
    const [upper, lower] = [0, 1].map(half => colour(meanGrey(stamp, column * step, (2 * row + half) * step, step, step)));
    return `\u001b[38;5;${upper!};48;5;${lower!}m▀`;
  }).join('') + '\u001b[0m');
  return { width, rows };
}

/** Mean level of a block of pixels; null without one that has data (those are not grey). */
function meanGrey({ width, height, rgb }: Stretched, x0: number, y0: number, nx: number, ny: number): number | null {
  let [sum, n] = [0, 0];
  for (let y = y0; y < Math.min(height, y0 + ny); y++) {
    for (let x = x0; x < Math.min(width, x0 + nx); x++) {
      const at = 3 * (y * width + x);
      if (rgb[at] !== rgb[at + 1]) continue;
      sum += rgb[at]!;
      n++;
    }
  }
  return n === 0 ? null : sum / n;
}
