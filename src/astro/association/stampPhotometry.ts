/** PSF photometry on the cutouts of an alert, to hold against the fluxes in its records. */
import { allocMaskedImage } from '../../model/image.ts';
import type { AlertStamp } from '../../model/alertView.ts';
import { psfFlux, type PsfFluxMeasurement } from '../measurement/psfFlux.ts';

/**
 * Flux of a point source at the position of the alert, by the stamp's own PSF and variance (`psfFlux`); image units.
 * Pixels that are NaN, or have no positive variance, are left out.
 * @returns null for a stamp without a PSF that is square and of odd side, or without variance.
 */
export function stampPsfFlux({ width, height, image, variance, psf, x, y }: AlertStamp): PsfFluxMeasurement | null {
  if (psf === null || variance === null || psf.width !== psf.height || psf.width % 2 === 0) return null;
  const masked = allocMaskedImage(width, height);
  masked.image.set(image);
  masked.variance.set(variance);
  const model = {
    kind: 'polynomial', size: psf.width, order: 0, sampling_px: 1, x0: 0, y0: 0, width, height, basis: psf.data, fwhm_px: NaN, nStars: 0,
  } as const;
  return psfFlux(masked, model, x, y, 0);
}
