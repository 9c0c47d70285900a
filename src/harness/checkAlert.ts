/** What is wrong with an alert beyond its encoding: ids, histories, cutouts, fluxes. */
import { stampPsfFlux } from '../astro/association/stampPhotometry.ts';
import { stampBytes, alertView } from '../formats/alertView.ts';
import type { AlertPacketRecord } from '../formats/alertPackets.ts';
import type { AlertStamp, AlertView } from '../model/alertView.ts';
import { ApError } from '../model/errors.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Sides of Rubin's cutouts. */
const [MIN_SIDE_PX, MAX_SIDE_PX] = [30, 102];
/** |flux on the cutout - flux of the record| that is no reason to worry: part of the flux, and part of its error. */
const FLUX_TOLERANCE = { relative: 0.1, sigmas: 1 };

/**
 * Faults of one record, one sentence each; none for a good one. Rubin's records are checked for ids that agree, histories
 * that are earlier and belong to the object, cutouts of 30 to 102 pixels around the source with variance and PSF, and
 * PSF flux on the difference cutout against psfFlux (flagged fluxes aside); other surveys for what can be read.
 */
export function checkAlert(record: AlertPacketRecord): string[] {
  let view: AlertView;
  try {
    view = alertView(record);
  } catch (error) {
    if (error instanceof ApError) return [error.message];
    throw error;
  }
  const faults = [...view.warnings];
  const isOnSky = view.ra_deg >= 0 && view.ra_deg < 360 && Math.abs(view.dec_deg) <= 90;
  if (!isOnSky) faults.push(`position ${view.ra_deg}, ${view.dec_deg} is not on the sky`);
  const source = record.diaSource as Fields | undefined;
  if (source === undefined) return faults;
  return [
    ...faults, ...nanFaults(record), ...idFaults(record, source), ...historyFaults(record, source), ...stampFaults(record, view, source),
  ];
}

/** NaN says "not measured" where null must. */
function nanFaults(record: AlertPacketRecord): string[] {
  return ['diaSource', 'diaObject', 'ssSource'].flatMap(name => {
    const fields = Object.entries((record[name] ?? {}) as Fields).filter(([, value]) => typeof value === 'number' && !Number.isFinite(value));
    const some = fields.slice(0, 3).map(([field]) => field).join(', ');
    return fields.length === 0 ? [] : [`${fields.length} fields of ${name} are NaN or infinite, not null (${some}${fields.length > 3 ? ' ...' : ''})`];
  });
}

function idFaults(record: AlertPacketRecord, source: Fields): string[] {
  const id = record.diaSourceId ?? record.alertId;
  const faults: string[] = [];
  if (record.diaSourceId !== undefined && id !== source.diaSourceId) faults.push(`diaSourceId ${String(id)} of a source ${String(source.diaSourceId)}`);
  const object = record.diaObject as Fields | null | undefined;
  if (object !== null && object !== undefined && source.diaObjectId !== object.diaObjectId) {
    faults.push(`source of DIAObject ${String(source.diaObjectId)} with DIAObject ${String(object.diaObjectId)}`);
  }
  const isMoving = (record.ssSource ?? record.ssObject ?? null) !== null || Number(source.ssObjectId ?? 0) !== 0;
  if ((object ?? null) === null && !isMoving) faults.push('neither a DIAObject nor a solar-system object');
  return faults;
}

function historyFaults(record: AlertPacketRecord, source: Fields): string[] {
  const list = (name: string): Fields[] => (Array.isArray(record[name]) ? record[name] as Fields[] : []);
  const [earlier, forced] = [list('prvDiaSources'), list('prvDiaForcedSources')];
  const time = Number(source.midpointMjdTai);
  const faults: string[] = [];
  const strangers = [...earlier, ...forced].filter(row => row.diaObjectId !== source.diaObjectId).length;
  if (strangers > 0) faults.push(`${strangers} rows of the history belong to another DIAObject`);
  const late = earlier.filter(row => !(Number(row.midpointMjdTai) <= time)).length;
  if (late > 0) faults.push(`${late} earlier sources are later than the source`);
  if (earlier.some(row => row.diaSourceId === source.diaSourceId)) faults.push('the source is in its own history');
  const ids = earlier.map(row => row.diaSourceId);
  if (new Set(ids).size !== ids.length) faults.push('a source is in the history twice');
  return faults;
}

function stampFaults(record: AlertPacketRecord, view: AlertView, source: Fields): string[] {
  const shapes = view.stamps.flatMap(stamp => shapeFaults(stamp).map(text => `cutout ${stamp.label}: ${text}`));
  const sent = (['science', 'template', 'difference'] as const).filter(label => stampBytes(record, label) !== null);
  const sizes = new Set(view.stamps.map(s => s.width));
  const uneven = sent.length === view.stamps.length && sizes.size > 1 ? [`cutouts of ${[...sizes].join(' and ')} pixels`] : [];
  return [...shapes, ...uneven, ...fluxFaults(view, source)];
}

function shapeFaults({ width, height, variance, psf, x, y, unit }: AlertStamp): string[] {
  const faults: string[] = [];
  if (width !== height) faults.push(`${width} x ${height} pixels, not square`);
  if (width < MIN_SIDE_PX || width > MAX_SIDE_PX) faults.push(`side of ${width} pixels, not ${MIN_SIDE_PX} to ${MAX_SIDE_PX}`);
  if (unit !== 'nJy') faults.push(`unit ${JSON.stringify(unit)}, not nJy`);
  if (variance === null) faults.push('no variance of its shape (HDU UNCERT)');
  if (psf === null) faults.push('no PSF (HDU PSFIMAGE)');
  if (Math.abs(x - (width - 1) / 2) > 1.5 || Math.abs(y - (height - 1) / 2) > 1.5) faults.push(`the source stands at (${x}, ${y}), not in the middle`);
  return faults;
}

function fluxFaults({ stamps, flux_nJy, fluxErr_nJy, flags }: AlertView, source: Fields): string[] {
  const stamp = stamps.find(s => s.label === 'difference');
  if (stamp === undefined || !Number.isFinite(flux_nJy) || source.psfFlux_flag === true || flags.includes('centroid_flag')) return [];
  const measured = stampPsfFlux(stamp);
  if (measured === null || !Number.isFinite(measured.flux)) return [];
  const off = Math.abs(measured.flux - flux_nJy);
  if (off <= FLUX_TOLERANCE.relative * Math.abs(flux_nJy) + FLUX_TOLERANCE.sigmas * fluxErr_nJy) return [];
  return [`PSF flux on the difference cutout ${measured.flux.toFixed(1)} nJy, psfFlux ${flux_nJy.toFixed(1)} ± ${fluxErr_nJy.toFixed(1)} nJy`];
}
