/** Header of a raw frame of `obs_test` (LSST image simulator) in our words. */
import type { HeaderMap, RawFacts } from '../../model/instrument.ts';
import { isoOfTaiNs, mjdTaiOfNs, nsOfMjdTai } from '../../sky/time.ts';
import { wcsFromHeader } from '../../sky/wcs.ts';
import { integerCard, numberCard, optionalTextCard, textCard } from '../instrument.ts';

/** Facts of a raw header: exposure = visit = OBSID; MJD-OBS is TAI at the opening of the shutter. */
export function translate(header: HeaderMap): RawFacts {
  const exposure = integerCard(header, 'OBSID', 1, 999_999_999);
  const exposureTime_s = numberCard(header, 'EXPTIME');
  const begin_taiNs = nsOfMjdTai(numberCard(header, 'MJD-OBS'));
  const end_taiNs = begin_taiNs + BigInt(Math.round(exposureTime_s * 1e9));
  return {
    visitInfo: {
      instrument: 'obs_test', visit: exposure, begin_taiNs, end_taiNs, mid_mjdTai: mjdTaiOfNs((begin_taiNs + end_taiNs) / 2n),
      exposureTime_s,
      darkTime_s: numberCard(header, 'DARKTIME'),
      boresightRa_deg: numberCard(header, 'RA_DEG'),
      boresightDec_deg: numberCard(header, 'DEC_DEG'),
      rotation_deg: numberCard(header, 'ROTANG') % 360,
      airmass: numberCard(header, 'AIRMASS'),
    },
    exposure,
    detector: 0,
    physicalFilter: textCard(header, 'FILTER'),
    observationType: optionalTextCard(header, 'OBSTYPE', 'science').toLowerCase(),
    dayObs: Number(isoOfTaiNs(begin_taiNs).slice(0, 10).replaceAll('-', '')),
    seqNum: exposure % 100_000,
    obsId: String(exposure),
    groupName: String(exposure),
    targetName: optionalTextCard(header, 'OBJECT', 'unknown'),
    wcs: header.CTYPE1 === undefined ? null : wcsFromHeader(header),
  };
}
