/** Header of a raw frame of the simulated camera in our words. */
import type { HeaderMap, RawFacts } from '../../model/instrument.ts';
import { mjdTaiOfNs, taiNsOfUtcIso } from '../../sky/time.ts';
import { wcsFromHeader } from '../../sky/wcs.ts';
import { badCard, integerCard, numberCard, optionalTextCard, textCard } from '../instrument.ts';

/** Facts of a raw header; DATE-OBS is UTC at the opening of the shutter, the WCS cards refer to imaging pixels. */
export function translate(header: HeaderMap): RawFacts {
  const instrument = textCard(header, 'INSTRUME');
  if (instrument !== 'SIMCAM') throw badCard('INSTRUME', instrument, "'SIMCAM'");
  const exposure = integerCard(header, 'EXPID', 1, 99_999);
  const exposureTime_s = numberCard(header, 'EXPTIME');
  const begin_taiNs = beginOf(header);
  const end_taiNs = begin_taiNs + BigInt(Math.round(exposureTime_s * 1e9));
  return {
    visitInfo: {
      instrument: 'sim', visit: exposure, begin_taiNs, end_taiNs,
      mid_mjdTai: mjdTaiOfNs((begin_taiNs + end_taiNs) / 2n),
      exposureTime_s,
      darkTime_s: numberCard(header, 'DARKTIME'),
      boresightRa_deg: numberCard(header, 'RA'),
      boresightDec_deg: numberCard(header, 'DEC'),
      rotation_deg: numberCard(header, 'ROTPA'),
      airmass: numberCard(header, 'AIRMASS'),
    },
    exposure,
    detector: integerCard(header, 'DETNUM', 0, 1),
    physicalFilter: textCard(header, 'FILTER'),
    observationType: optionalTextCard(header, 'IMGTYPE', 'science'),
    dayObs: integerCard(header, 'DAYOBS', 19700101, 99991231),
    seqNum: integerCard(header, 'SEQNUM', 0, 99_999),
    obsId: textCard(header, 'OBSID'),
    groupName: optionalTextCard(header, 'GROUPID', textCard(header, 'OBSID')),
    targetName: optionalTextCard(header, 'OBJECT', 'unknown'),
    wcs: header.CTYPE1 === undefined ? null : wcsFromHeader(header),
  };
}

function beginOf(header: HeaderMap): bigint {
  const date = textCard(header, 'DATE-OBS');
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?$/.test(date)) throw badCard('DATE-OBS', date, 'YYYY-MM-DDThh:mm:ss.sss');
  return taiNsOfUtcIso(date);
}
