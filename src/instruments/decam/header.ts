/** Header of a raw DECam frame (primary cards and those of one CCD) in our words. */
import type { AmplifierFacts, HeaderMap, RawFacts } from '../../model/instrument.ts';
import { mjdTaiOfNs, taiNsOfUtcIso } from '../../sky/time.ts';
import { wcsFromHeader } from '../../sky/wcs.ts';
import { badCard, integerCard, numberCard, optionalTextCard, sectionCard, sexagesimalCard, textCard } from '../instrument.ts';
import { AMPLIFIERS, DETECTORS, HEIGHT, WIDTH } from './geometry.ts';

const TYPES: Readonly<Record<string, string>> = {
  object: 'science', standard: 'science', zero: 'bias', bias: 'bias', dark: 'dark', 'dome flat': 'flat', 'sky flat': 'flat', flat: 'flat',
};

/**
 * Facts of a raw header: exposure = visit = EXPNUM, detector = CCDNUM. The regions of the amplifiers, their gain,
 * read noise and saturation are the header's. CRPIX refers to raw pixels.
 */
export function translate(header: HeaderMap): RawFacts {
  const instrument = textCard(header, 'INSTRUME');
  if (instrument !== 'DECam') throw badCard('INSTRUME', instrument, "'DECam'");
  const exposure = integerCard(header, 'EXPNUM', 1, 99_999_999);
  const detector = integerCard(header, 'CCDNUM', 1, DETECTORS.length);
  const date = textCard(header, 'DATE-OBS');
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?$/.test(date)) throw badCard('DATE-OBS', date, 'YYYY-MM-DDThh:mm:ss.sss');
  const type = TYPES[optionalTextCard(header, 'OBSTYPE', 'object').toLowerCase()];
  if (type === undefined) throw badCard('OBSTYPE', header.OBSTYPE, Object.keys(TYPES).join(', '));
  const amplifiers = AMPLIFIERS.map(({ name }) => amplifier(header, name));
  return {
    visitInfo: visitInfo(header, date, exposure),
    exposure, detector,
    physicalFilter: textCard(header, 'FILTER'),
    observationType: type,
    dayObs: Number(date.slice(0, 10).replaceAll('-', '')),
    seqNum: exposure % 100_000,
    obsId: `ct4m${date.slice(0, 10).replaceAll('-', '')}t${date.slice(11, 19).replaceAll(':', '')}`,
    groupName: String(exposure),
    targetName: optionalTextCard(header, 'OBJECT', 'unknown'),
    wcs: wcsOf(header, amplifiers),
    amplifiers,
  };
}

function amplifier(header: HeaderMap, name: 'A' | 'B'): AmplifierFacts {
  const rawData = sectionCard(header, `DATASEC${name}`);
  if (rawData.width !== WIDTH / 2 || rawData.height !== HEIGHT) {
    throw badCard(`DATASEC${name}`, header[`DATASEC${name}`], `${WIDTH / 2} x ${HEIGHT} pixels`);
  }
  return {
    name, rawData,
    rawSerialOverscan: sectionCard(header, `BIASSEC${name}`),
    rawPrescan: header[`PRESEC${name}`] === undefined ? null : sectionCard(header, `PRESEC${name}`),
    rawParallelOverscan: header[`POSTSEC${name}`] === undefined ? null : sectionCard(header, `POSTSEC${name}`),
    gain_electronPerAdu: numberCard(header, `GAIN${name}`),
    readNoise_electron: numberCard(header, `RDNOISE${name}`),
    saturation_adu: numberCard(header, `SATURAT${name}`),
  };
}

function visitInfo(header: HeaderMap, date: string, visit: number): RawFacts['visitInfo'] {
  const exposureTime_s = numberCard(header, 'EXPTIME');
  const begin_taiNs = taiNsOfUtcIso(date);
  const end_taiNs = begin_taiNs + BigInt(Math.round(exposureTime_s * 1e9));
  return {
    instrument: 'decam', visit, begin_taiNs, end_taiNs, mid_mjdTai: mjdTaiOfNs((begin_taiNs + end_taiNs) / 2n),
    exposureTime_s,
    darkTime_s: header.DARKTIME === undefined ? exposureTime_s : numberCard(header, 'DARKTIME'),
    boresightRa_deg: 15 * sexagesimalCard(header, 'RA'),
    boresightDec_deg: sexagesimalCard(header, 'DEC'),
    rotation_deg: 90,
    airmass: header.AIRMASS === undefined ? 1 : numberCard(header, 'AIRMASS'),
  };
}

function wcsOf(header: HeaderMap, amplifiers: readonly AmplifierFacts[]): RawFacts['wcs'] {
  if (header.CTYPE1 === undefined) return null;
  const wcs = wcsFromHeader(header);
  const corners = amplifiers.map(amp => amp.rawData!);
  return { ...wcs, crpix: [wcs.crpix[0] - Math.min(...corners.map(c => c.x0)), wcs.crpix[1] - Math.min(...corners.map(c => c.y0))] };
}
