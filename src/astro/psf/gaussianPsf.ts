/** A circular Gaussian as a PSF model: the first guess before stars are known, and a simple truth for tests. */
import type { PsfModel } from '../../model/psf.ts';

/**
 * Spatially constant Gaussian sampled at pixel centres.
 * @param size - side of the stamp in detector pixels, odd. @param width, height - domain (the image).
 */
export function gaussianPsf(sigma_px: number, size: number, width: number, height: number): PsfModel {
  const sampling_px = sigma_px < 1.5 ? 0.5 : 1;
  const half = Math.round((size >> 1) / sampling_px);
  const side = 2 * half + 1;
  const basis = new Float64Array(side * side);
  let sum = 0;
  for (let j = 0; j < side; j++) {
    for (let i = 0; i < side; i++) {
      const r2 = ((i - half) ** 2 + (j - half) ** 2) * sampling_px ** 2;
      basis[j * side + i] = Math.exp(-r2 / (2 * sigma_px ** 2));
      sum += basis[j * side + i]!;
    }
  }
  for (let i = 0; i < basis.length; i++) basis[i] = basis[i]! / sum;
  const fwhm_px = 2 * Math.sqrt(2 * Math.LN2) * sigma_px;
  return { kind: 'polynomial', size: side, order: 0, sampling_px, x0: 0, y0: 0, width, height, basis, fwhm_px, nStars: 0 };
}
