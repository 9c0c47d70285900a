/** Flux of a point source at a known position by a least-squares fit of the PSF. */
import type { MaskedImage } from '../../model/image.ts';
import type { PsfModel } from '../../model/psf.ts';
import { renderPsf } from '../psf/renderPsf.ts';
import type { PsfStamp } from '../psf/renderPsf.ts';

export interface PsfFluxMeasurement {
  /** Total flux of the fitted PSF in image units; NaN when no pixel is usable. */
  readonly flux: number;
  /** 1-sigma error propagated from the variance plane. */
  readonly fluxErr: number;
  /** Sum over the fitted pixels of (data - flux PSF)^2 / variance. */
  readonly chi2: number;
  readonly nPixels: number;
}

/** Fraction of the PSF's squared norm that must lie on good pixels. */
const MIN_GOOD = 0.1;

/**
 * PSF flux with all pixels of equal weight, so that a PSF that is slightly wrong gives the same relative bias at
 * all brightnesses: flux = sum P d / sum P^2 over good pixels; error from the variance plane. No local background.
 * Pixels that are masked, not finite, or outside the image are left out.
 */
export function psfFlux(mi: MaskedImage, psf: PsfModel, x: number, y: number, badBits: number): PsfFluxMeasurement {
  if (!Number.isFinite(x) || !Number.isFinite(y)) return { flux: NaN, fluxErr: NaN, chi2: NaN, nPixels: 0 };
  return stampFlux(mi, renderPsf(psf, x, y), badBits);
}

/** `psfFlux` for a PSF that has been rendered already. */
export function stampFlux(mi: MaskedImage, stamp: PsfStamp, badBits: number): PsfFluxMeasurement {
  let pd = 0, pp = 0, ppv = 0, ddOverV = 0, pdOverV = 0, ppOverV = 0, all = 0, nPixels = 0;
  for (let j = 0; j < stamp.size; j++) {
    const y = stamp.y0 + j;
    const inside = y >= 0 && y < mi.height;
    for (let i = 0; i < stamp.size; i++) {
      const p = stamp.data[j * stamp.size + i]!;
      all += p * p;
      const x = stamp.x0 + i;
      if (!inside || x < 0 || x >= mi.width) continue;
      const at = y * mi.width + x;
      const d = mi.image[at]!;
      const v = mi.variance[at]!;
      if ((mi.mask[at]! & badBits) !== 0 || !(v > 0 && v < Infinity) || d - d !== 0) continue;
      nPixels++;
      pd += p * d;
      pp += p * p;
      ppv += p * p * v;
      ddOverV += (d * d) / v;
      pdOverV += (p * d) / v;
      ppOverV += (p * p) / v;
    }
  }
  if (!(pp > MIN_GOOD * all)) return { flux: NaN, fluxErr: NaN, chi2: NaN, nPixels };
  const flux = pd / pp;
  const chi2 = Math.max(0, ddOverV - 2 * flux * pdOverV + flux * flux * ppOverV);
  return { flux, fluxErr: Math.sqrt(ppv) / pp, chi2, nPixels };
}
