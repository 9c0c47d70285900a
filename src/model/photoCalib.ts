/** Photometric calibration: flux_nJy = instFlux * calibration_nJy (spatially constant). */
export interface PhotoCalib {
  readonly calibration_nJy: number;
  readonly calibrationErr_nJy: number;
}

/** AB magnitude of a flux in nJy; NaN for flux <= 0. */
export function abMag(flux_nJy: number): number {
  return flux_nJy > 0 ? 31.4 - 2.5 * Math.log10(flux_nJy) : NaN;
}

/** Flux in nJy of an AB magnitude. */
export function nJyOfAbMag(mag: number): number {
  return 10 ** ((31.4 - mag) / 2.5);
}
