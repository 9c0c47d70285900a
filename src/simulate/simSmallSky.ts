/** The sky of the package `sim-small`. */
import { makeSky } from './sky.ts';
import type { SkySource } from './sky.ts';
import { FIELD_CENTRE_DEG, midTime_mjd, VISITS } from './survey.ts';

/** Field half sizes: both detectors, dithers, and stars beyond for the reference catalog. */
const HALF_SIZE_ARCSEC: readonly [number, number] = [300, 170];

/** All sources of the field; the same seed gives the same sky. */
export function simSmallSky(seed: number): SkySource[] {
  const nights = [...new Set(VISITS.map(v => v.begin.slice(0, 10)))].map(night => {
    const times = VISITS.filter(v => v.begin.startsWith(night)).map(v => midTime_mjd(v.begin));
    return (Math.min(...times) + Math.max(...times)) / 2;
  });
  return makeSky({
    centre_deg: FIELD_CENTRE_DEG, halfSize_arcsec: HALF_SIZE_ARCSEC, nights_mjd: nights,
    nStars: 2400, nGalaxies: 1600, nTransients: 320, nVariables: 75, nMovingPerNight: 32, noise_nJy: 200,
  }, seed);
}
