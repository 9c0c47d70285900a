/** Alert records of Rubin (7.0 to 11.1), ZTF and surveys that write like ZTF, as `AlertView`. */
import type { AlertStamp, AlertView, LightCurvePoint } from '../model/alertView.ts';
import { ApError } from '../model/errors.ts';
import type { AlertPacketRecord } from './alertPackets.ts';
import { readStamp } from './alertStamp.ts';

type Fields = Readonly<Record<string, unknown>>;

/** AB magnitude of 1 nJy. */
const NJY_ZERO_POINT_MAG = 31.4;
const MAG_PER_E_FOLD = 2.5 / Math.LN10;
const JD_OF_MJD_0 = 2_400_000.5;
/** ZTF's word for "not measured". */
const ZTF_MISSING = -99_998;
const ZTF_BANDS: Readonly<Record<number, string>> = { 1: 'g', 2: 'r', 3: 'i' };

/**
 * What a reader wants to see of an alert. Values that are absent are NaN, '' or null, never 0. A cutout that cannot be
 * read becomes a warning.
 * @param survey what the packet is called when the record does not say: a schema version, a file name.
 * @throws ApError BAD_FORMAT for a record that is no alert: without a source or without a position.
 */
export function alertView(record: AlertPacketRecord, survey = ''): AlertView {
  const source = fieldsOf(record.diaSource);
  if (source !== null) return rubinView(record, source, survey);
  const candidate = fieldsOf(record.candidate);
  if (candidate !== null) return ztfView(record, candidate, survey);
  throw new ApError('BAD_FORMAT', {
    where: 'alert record', found: Object.keys(record).join(', ').slice(0, 120) || 'no fields', expected: 'a record diaSource (Rubin) or candidate (ZTF)',
  });
}

function rubinView(record: AlertPacketRecord, source: Fields, survey: string): AlertView {
  const point = (kind: LightCurvePoint['kind']) => (row: Fields): LightCurvePoint => ({
    time_mjd: number(row.midpointMjdTai), band: text(row.band), kind, flux_nJy: number(row.psfFlux), fluxErr_nJy: number(row.psfFluxErr),
  });
  const earlier = listOf(record.prvDiaSources);
  const forced = listOf(record.prvDiaForcedSources);
  const solarSystem = fieldsOf(record.ssSource) ?? fieldsOf(record.ssObject);
  const object = id(fieldsOf(record.diaObject)?.diaObjectId ?? source.diaObjectId);
  return {
    survey: survey.startsWith('Rubin') ? survey : 'Rubin', id: id(record.diaSourceId ?? record.alertId ?? source.diaSourceId) ?? '',
    object: object ?? (text(solarSystem?.designation) || text(fieldsOf(record.MPCORB)?.mpcDesignation) || id(source.ssObjectId)),
    isSolarSystem: object === null && (solarSystem !== null || id(source.ssObjectId) !== null),
    exposure: `visit ${String(source.visit ?? '?')}, detector ${String(source.detector ?? '?')}`,
    ...placed(source, number(source.midpointMjdTai)), band: text(source.band),
    flux_nJy: number(source.psfFlux), fluxErr_nJy: number(source.psfFluxErr), snr: number(source.snr),
    reliability: number(source.reliability),
    lightCurve: sorted([...earlier.map(point('detection')), ...forced.map(point('forced')), point('this')(source)]),
    flags: Object.keys(source).filter(name => source[name] === true && /flag|^is|glint/i.test(name)),
    nEarlier: earlier.length, nForced: forced.length, ...stampsOf(record),
  };
}

function ztfView(record: AlertPacketRecord, candidate: Fields, survey: string): AlertView {
  const time = timeOf(candidate);
  const publisher = text(record.publisher);
  const bandOf = (row: Fields): string => bandName(row, publisher.startsWith('ZTF'));
  const [detections, limits] = split(listOf(record.prv_candidates), row => Number.isFinite(number(row.magpsf)));
  const forced = listOf(record.fp_hists);
  const flux = ztfFlux(candidate);
  const limit = (row: Fields): LightCurvePoint =>
    ({ time_mjd: timeOf(row), band: bandOf(row), kind: 'limit', flux_nJy: fluxOf(number(row.diffmaglim)), fluxErr_nJy: NaN });
  const point = (kind: LightCurvePoint['kind'], fluxes: typeof ztfFlux) => (row: Fields): LightCurvePoint =>
    ({ time_mjd: timeOf(row), band: bandOf(row), kind, ...fluxes(row) });
  return {
    survey: publisher || survey, id: id(record.candid ?? candidate.candid ?? record.objectId) ?? '',
    object: text(record.objectId ?? record.objectid) || null, isSolarSystem: isNamed(candidate.ssnamenr),
    exposure: ['field', 'rcid', 'pid'].filter(name => candidate[name] !== undefined && candidate[name] !== null)
      .map(name => `${name} ${String(candidate[name])}`).join(', '),
    ...placed(candidate, time), band: bandOf(candidate), ...flux, snr: Math.abs(flux.flux_nJy) / flux.fluxErr_nJy,
    reliability: firstNumber(candidate.drb, candidate.rb, candidate.reliability),
    lightCurve: sorted([
      ...detections.map(point('detection', ztfFlux)), ...limits.map(limit), ...forced.map(point('forced', ztfForcedFlux)), point('this', ztfFlux)(candidate),
    ]),
    flags: [], nEarlier: detections.length, nForced: forced.length, ...stampsOf(record),
  };
}

/** From a magnitude and the sign of the difference; surveys that give nJy are taken at their word. */
function ztfFlux(row: Fields): { flux_nJy: number; fluxErr_nJy: number } {
  if (Number.isFinite(number(row.psfFlux))) return { flux_nJy: number(row.psfFlux), fluxErr_nJy: number(row.psfFluxErr) };
  const flux = fluxOf(number(row.magpsf));
  const isPositive = row.isdiffpos === 't' || row.isdiffpos === '1' || row.isdiffpos === true || row.isdiffpos === 1;
  return { flux_nJy: isPositive ? flux : -flux, fluxErr_nJy: (flux * number(row.sigmapsf)) / MAG_PER_E_FOLD };
}

/** Forced photometry of ZTF in data numbers, by its zero point (schema 4). */
function ztfForcedFlux(row: Fields): { flux_nJy: number; fluxErr_nJy: number } {
  if (Number.isFinite(number(row.psfFlux))) return { flux_nJy: number(row.psfFlux), fluxErr_nJy: number(row.psfFluxErr) };
  const unit = fluxOf(number(row.magzpsci));
  const [flux, error] = [number(row.forcediffimflux), number(row.forcediffimfluxunc)];
  return flux < ZTF_MISSING ? { flux_nJy: NaN, fluxErr_nJy: NaN } : { flux_nJy: flux * unit, fluxErr_nJy: error * unit };
}

function fluxOf(mag: number): number {
  return 10 ** (0.4 * (NJY_ZERO_POINT_MAG - mag));
}

function timeOf(row: Fields): number {
  const jd = number(row.jd);
  return Number.isFinite(jd) ? jd - JD_OF_MJD_0 : number(row.mjd);
}

/** The numbers of filters are each survey's own. */
function bandName(row: Fields, isZtf: boolean): string {
  const fid = number(row.fid);
  return text(row.band) || (isZtf ? ZTF_BANDS[fid] : undefined) || (Number.isFinite(fid) ? `filter ${fid}` : '');
}

function isNamed(name: unknown): boolean {
  return typeof name === 'string' && name !== '' && name !== 'null';
}

function placed(source: Fields, time_mjd: number): Pick<AlertView, 'ra_deg' | 'dec_deg' | 'time_mjd'> {
  const [ra_deg, dec_deg] = [number(source.ra), number(source.dec)];
  if (Number.isFinite(ra_deg) && Number.isFinite(dec_deg)) return { ra_deg, dec_deg, time_mjd };
  throw new ApError('BAD_FORMAT', { where: 'alert record', found: 'a source without ra and dec', expected: 'a position in degrees' });
}

const STAMPS = {
  science: ['cutoutScience', 'cutout_science'], template: ['cutoutTemplate', 'cutout_template'], difference: ['cutoutDifference', 'cutout_difference'],
} as const;

function stampsOf(record: AlertPacketRecord): { stamps: AlertStamp[]; warnings: string[] } {
  const stamps: AlertStamp[] = [];
  const warnings: string[] = [];
  for (const label of Object.keys(STAMPS) as AlertStamp['label'][]) {
    const bytes = stampBytes(record, label);
    if (bytes === null) continue;
    try {
      stamps.push(readStamp(label, bytes));
    } catch (error) {
      if (!(error instanceof ApError)) throw error;
      warnings.push(`cutout ${label}: ${error.message}`);
    }
  }
  return { stamps, warnings };
}

/** The bytes of a cutout as sent; null when there is none. */
export function stampBytes(record: AlertPacketRecord, label: AlertStamp['label']): Uint8Array | null {
  const values = STAMPS[label].map(name => record[name]).map(value => fieldsOf(value)?.stampData ?? value);
  return values.find(value => value instanceof Uint8Array) ?? null;
}

function sorted(points: readonly LightCurvePoint[]): LightCurvePoint[] {
  return points.filter(p => Number.isFinite(p.time_mjd) && Number.isFinite(p.flux_nJy)).sort((a, b) => a.time_mjd - b.time_mjd);
}

function split<T>(items: readonly T[], first: (item: T) => boolean): [T[], T[]] {
  return [items.filter(first), items.filter(item => !first(item))];
}

function fieldsOf(value: unknown): Fields | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array) ? value as Fields : null;
}

function listOf(value: unknown): Fields[] {
  return Array.isArray(value) ? value.map(fieldsOf).filter(row => row !== null) : [];
}

function number(value: unknown): number {
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : NaN;
}

function firstNumber(...values: readonly unknown[]): number {
  return values.map(number).find(Number.isFinite) ?? NaN;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** An identifier as text; 0 and null mean none. */
function id(value: unknown): string | null {
  if (typeof value === 'bigint' || typeof value === 'number') return Number(value) === 0 ? null : String(value);
  return typeof value === 'string' && value !== '' ? value : null;
}
