/** Header of an SDSS corrected frame (fpC) in our words. */
import type { HeaderMap, RawFacts } from '../../model/instrument.ts';
import { mjdTaiOfNs } from '../../sky/time.ts';
import { wcsFromHeader } from '../../sky/wcs.ts';
import { badCard, integerCard, numberCard, optionalTextCard, secantAirmass, textCard } from '../instrument.ts';
import { CAMERA_ROW, FILTERS, FRAME_HEIGHT } from './geometry.ts';

/** Rows are clocked at the rate of the sky; a frame is cut from the endless scan. */
const ROWS_PER_EXPOSURE = 2048;
/** Seconds from 1858-11-17 (MJD 0) to 1970-01-01. */
const MJD_EPOCH_S = 40587n * 86400n;

/**
 * The filters see a field one after the other: frame numbers count time, field numbers count sky, two
 * frames later for each further row of the camera.
 */
export function fieldOfFrame(frame: number, filter: string): number {
  return frame - 2 * (CAMERA_ROW[filter]! - 1);
}

/**
 * Facts of an fpC header. visit = exposure = run * 100000 + field * 10 + filter index (u g r i z).
 * TAI is the time when row 0 was read; the middle row of the frame is read later and was exposed for
 * EXPTIME before that, and its times are those of the visit.
 */
export function translate(header: HeaderMap): RawFacts {
  const filter = textCard(header, 'FILTER');
  const iFilter = FILTERS.findIndex(name => name === filter);
  if (iFilter < 0) throw badCard('FILTER', filter, FILTERS.join(', '));
  const run = integerCard(header, 'RUN', 1, 9999);
  const column = integerCard(header, 'CAMCOL', 1, 6);
  const frame = integerCard(header, 'FRAME', 1, 2000);
  const field = fieldOfFrame(frame, filter);
  if (field < 0 || field > 9999) throw badCard('FRAME', frame, 'a frame of a field from 0 to 9999');
  const exposure = run * 100000 + field * 10 + iFilter;
  const obsId = `${String(run).padStart(6, '0')}-${String(field).padStart(4, '0')}-${filter}`;
  return {
    visitInfo: visitInfo(header, exposure),
    exposure,
    detector: 6 * iFilter + column - 1,
    physicalFilter: filter,
    observationType: optionalTextCard(header, 'FLAVOR', 'science'),
    dayObs: dayOf(header),
    seqNum: field * 10 + iFilter,
    obsId,
    groupName: obsId,
    targetName: optionalTextCard(header, 'OBJECT', 'unknown'),
    wcs: wcsFromHeader(header),
  };
}

function visitInfo(header: HeaderMap, visit: number): RawFacts['visitInfo'] {
  const exposureTime_s = numberCard(header, 'EXPTIME');
  const readMiddle_ns = rowZero_ns(header) + nanoseconds((exposureTime_s * (FRAME_HEIGHT / 2)) / ROWS_PER_EXPOSURE);
  const begin_taiNs = readMiddle_ns - nanoseconds(exposureTime_s);
  return {
    instrument: 'sdss', visit, begin_taiNs, end_taiNs: readMiddle_ns,
    mid_mjdTai: mjdTaiOfNs((begin_taiNs + readMiddle_ns) / 2n),
    exposureTime_s,
    darkTime_s: exposureTime_s,
    boresightRa_deg: numberCard(header, 'RA'),
    boresightDec_deg: numberCard(header, 'DEC'),
    rotation_deg: numberCard(header, 'SPA'),
    airmass: secantAirmass(numberCard(header, 'ALT')),
  };
}

function rowZero_ns(header: HeaderMap): bigint {
  const tai_s = numberCard(header, 'TAI');
  const whole_s = Math.floor(tai_s);
  return (BigInt(whole_s) - MJD_EPOCH_S) * 1_000_000_000n + nanoseconds(tai_s - whole_s);
}

function nanoseconds(seconds: number): bigint {
  return BigInt(Math.round(seconds * 1e9));
}

function dayOf(header: HeaderMap): number {
  const date = textCard(header, 'DATE-OBS');
  const match = /^(\d{4})-(\d\d)-(\d\d)/.exec(date);
  if (match === null) throw badCard('DATE-OBS', date, 'YYYY-MM-DD');
  return Number(`${match[1]}${match[2]}${match[3]}`);
}
