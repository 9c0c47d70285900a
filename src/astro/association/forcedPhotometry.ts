/** Fluxes at the positions of known objects. */
import type { Exposure } from '../../model/image.ts';
import { maskOf } from '../../model/mask.ts';
import { skyToPixel } from '../../sky/wcs.ts';
import { psfFlux } from '../measurement/psfFlux.ts';

const BAD = maskOf('BAD', 'SAT', 'NO_DATA', 'UNMASKEDNAN');

export interface ForcedFlux {
  /** Row of the position. */
  readonly row: number;
  /** On the difference and on the science image, in their unit; NaN without usable pixels. */
  readonly psfFlux: number;
  readonly psfFluxErr: number;
  readonly scienceFlux: number;
  readonly scienceFluxErr: number;
}

/** PSF fluxes on both images at sky positions (degrees); positions outside the difference image are left out. */
export function forcedPhotometry(
  difference: Exposure, science: Exposure, ra: ArrayLike<number>, dec: ArrayLike<number>,
): ForcedFlux[] {
  return Array.from({ length: ra.length }, (_, row) => row).flatMap(row => {
    const [x, y] = difference.wcs === null ? [NaN, NaN] : skyToPixel(difference.wcs, ra[row]!, dec[row]!);
    const inside = x >= -0.5 && x < difference.width - 0.5 && y >= -0.5 && y < difference.height - 0.5;
    if (!inside) return [];
    const onDifference = fluxAt(difference, ra[row]!, dec[row]!);
    const onScience = fluxAt(science, ra[row]!, dec[row]!);
    return [{
      row, psfFlux: onDifference.flux, psfFluxErr: onDifference.fluxErr,
      scienceFlux: onScience.flux, scienceFluxErr: onScience.fluxErr,
    }];
  });
}

function fluxAt(exposure: Exposure, ra: number, dec: number): { flux: number; fluxErr: number } {
  if (exposure.wcs === null || exposure.psf === null) return { flux: NaN, fluxErr: NaN };
  const [x, y] = skyToPixel(exposure.wcs, ra, dec);
  return psfFlux(exposure, exposure.psf, x, y, BAD);
}
