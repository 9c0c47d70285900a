/** Exposures of any writer that we know: this program, and Rubin's stack. */
import { afwExposureOf, isAfwExposure } from '../formats/afwExposure.ts';
import type { SkyReaders } from '../formats/afwExposure.ts';
import { readExposure } from '../formats/exposureFits.ts';
import { readFits } from '../formats/fits/index.ts';
import { ApError } from '../model/errors.ts';
import type { Exposure } from '../model/image.ts';
import type { HeaderMap } from '../model/instrument.ts';
import type { SkyWcs } from '../model/wcs.ts';
import { mjdTaiOfNs, taiNsOfTaiIso, taiNsOfUtcIso } from '../sky/time.ts';
import { wcsFromHeader } from '../sky/wcsHeader.ts';

const SKY: SkyReaders = {
  wcs: usableWcs,
  taiNs: (text, system) => (system.toUpperCase() === 'TAI' ? taiNsOfTaiIso(text) : taiNsOfUtcIso(text)),
  mjdTai: mjdTaiOfNs,
};

/** TAN with or without SIP; a header without a sky, or with one of another projection, gives none. */
function usableWcs(header: HeaderMap): SkyWcs | null {
  try {
    return wcsFromHeader(header);
  } catch (error) {
    if (error instanceof ApError) return null;
    throw error;
  }
}

/**
 * The exposure in a file of `writeExposure` or of `lsst.afw`; see there what each holds.
 * @throws ApError BAD_FORMAT for a file of another kind, BAD_FITS, FILE_TRUNCATED.
 */
export function readAnyExposure(bytes: Uint8Array): Exposure {
  const file = readFits(bytes);
  return isAfwExposure(file) ? afwExposureOf(file, SKY) : readExposure(bytes);
}
