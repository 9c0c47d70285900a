/** Header of a raw frame of the NASA42 camera (LOIS software) in our words. */
import type { HeaderMap, RawFacts } from '../../model/instrument.ts';
import type { SkyWcs } from '../../model/wcs.ts';
import { mjdTaiOfNs, taiNsOfUtcIso } from '../../sky/time.ts';
import { wcsFromHeader } from '../../sky/wcs.ts';
import { badCard, integerCard, numberCard, optionalTextCard, sectionCard, sexagesimalCard, textCard } from '../instrument.ts';
import { PRESCAN, WIDTH } from './geometry.ts';

/** OBSTYPE of the camera -> observation type of ours. */
const TYPES: Readonly<Record<string, string>> = {
  OBJECT: 'science', BIAS: 'bias', DARK: 'dark', SKYFLAT: 'flat', DOMEFLAT: 'flat', FLAT: 'flat', 'SKY FLAT': 'flat', 'DOME FLAT': 'flat',
};

/**
 * Facts of a raw header. exposure = visit = yymmdd * 10000 + OBSERNO. UTCSTART is the opening of the shutter. A WCS, where the
 * frame has one, refers to raw pixels, prescan included; its PV terms are left out of the first guess.
 */
export function translate(header: HeaderMap): RawFacts {
  const camera = textCard(header, 'LCAMMOD');
  if (camera.toLowerCase() !== 'nasa42') throw badCard('LCAMMOD', camera, "'nasa42'");
  const trim = sectionCard(header, 'TRIMSEC');
  if (trim.x0 !== PRESCAN || trim.width !== WIDTH) throw badCard('TRIMSEC', header.TRIMSEC, '[18:1382,1:1370] (binning 3 x 3)');
  const date = textCard(header, 'DATE-OBS');
  if (!/^\d{4}-\d\d-\d\d$/.test(date)) throw badCard('DATE-OBS', date, 'YYYY-MM-DD');
  const dayObs = Number(date.replaceAll('-', ''));
  const seqNum = integerCard(header, 'OBSERNO', 1, 9999);
  const exposure = (dayObs % 1_000_000) * 10_000 + seqNum;
  const type = TYPES[textCard(header, 'OBSTYPE').toUpperCase()];
  if (type === undefined) throw badCard('OBSTYPE', header.OBSTYPE, Object.keys(TYPES).join(', '));
  const obsId = `${dayObs}.${String(seqNum).padStart(4, '0')}`;
  return {
    visitInfo: visitInfo(header, date, exposure),
    exposure, detector: 0, dayObs, seqNum, obsId, groupName: obsId,
    physicalFilter: header.FILTER === undefined ? textCard(header, 'FILTNAME') : textCard(header, 'FILTER'),
    observationType: type,
    targetName: optionalTextCard(header, 'OBJECT', 'unknown'),
    wcs: wcsOf(header),
    amplifiers: [{
      name: '01', gain_electronPerAdu: numberCard(header, 'AGAIN_01'), readNoise_electron: numberCard(header, 'ARDNS_01'),
    }],
  };
}

function visitInfo(header: HeaderMap, date: string, visit: number): RawFacts['visitInfo'] {
  const exposureTime_s = numberCard(header, 'EXPTIME');
  const begin_taiNs = taiNsOfUtcIso(`${date}T${clock(header, 'UTCSTART')}`);
  const end_taiNs = begin_taiNs + BigInt(Math.round(exposureTime_s * 1e9));
  return {
    instrument: 'lowell42', visit, begin_taiNs, end_taiNs, mid_mjdTai: mjdTaiOfNs((begin_taiNs + end_taiNs) / 2n),
    exposureTime_s, darkTime_s: exposureTime_s,
    boresightRa_deg: 15 * sexagesimalCard(header, 'RA'),
    boresightDec_deg: sexagesimalCard(header, 'DEC'),
    rotation_deg: 0,
    airmass: numberCard(header, 'AIRMASS'),
  };
}

/** `hh:mm:ss.ss`; LOIS writes seconds below ten with one digit. */
function clock(header: HeaderMap, key: string): string {
  const text = textCard(header, key);
  const match = /^(\d\d?):(\d\d?):(\d\d?)(\.\d+)?$/.exec(text);
  if (match === null) throw badCard(key, text, 'hh:mm:ss.ss');
  return match.slice(1, 4).map(part => part.padStart(2, '0')).join(':') + (match[4] ?? '');
}

/** The WCS of imaging pixels; null without celestial axes (biases and flats have 'Linear' ones). */
function wcsOf(header: HeaderMap): SkyWcs | null {
  if (typeof header.CTYPE1 !== 'string' || !/^(RA|DEC)-/.test(header.CTYPE1)) return null;
  const wcs = wcsFromHeader(header);
  return { ...wcs, crpix: [wcs.crpix[0] - PRESCAN, wcs.crpix[1]] };
}
