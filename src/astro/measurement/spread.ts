/** How much wider than the PSF a source is: the discriminant between stars and extended objects. */
import type { MaskedImage } from '../../model/image.ts';
import type { PsfModel } from '../../model/psf.ts';
import { convolveSeparable } from '../../numeric/convolve.ts';
import type { PsfStamp } from '../psf/renderPsf.ts';

export interface SpreadMeasurement {
  /** 0 for a point source, 1 for one that looks like the blurred PSF. */
  readonly spread: number;
  readonly spreadErr: number;
}

/** The PSF convolved with a circular Gaussian; same grid. */
export function blurredPsf(psf: PsfModel, sigma_px: number): PsfModel {
  const n = psf.size * psf.size;
  const sigma = sigma_px / psf.sampling_px;
  const half = Math.ceil(3.5 * sigma);
  const taps = Float32Array.from({ length: 2 * half + 1 }, (_, i) => Math.exp(-((i - half) ** 2) / (2 * sigma * sigma)));
  const basis = new Float64Array(psf.basis.length);
  for (let at = 0; at < basis.length; at += n) {
    basis.set(convolveSeparable(Float32Array.from(psf.basis.subarray(at, at + n)), psf.size, psf.size, taps), at);
  }
  return { ...psf, basis, fwhm_px: Math.hypot(psf.fwhm_px, 2.3548 * sigma_px) };
}

/**
 * Linear discriminant between the PSF p and a wider template g at the same place (as SPREAD_MODEL of Source
 * Extractor): (g - a p) . d / (p . d) with a = g . p / p . p, scaled so that d = g gives 1. NaN where it is not defined.
 */
export function spread(mi: MaskedImage, point: PsfStamp, wide: PsfStamp, badBits: number): SpreadMeasurement {
  let pp = 0, gp = 0, gg = 0, pd = 0, gd = 0, ppv = 0, gpv = 0, ggv = 0;
  const { size, x0, y0 } = point;
  for (let j = Math.max(0, -y0); j < Math.min(size, mi.height - y0); j++) {
    for (let i = Math.max(0, -x0); i < Math.min(size, mi.width - x0); i++) {
      const at = (y0 + j) * mi.width + x0 + i;
      const d = mi.image[at]!, v = mi.variance[at]!;
      if ((mi.mask[at]! & badBits) !== 0 || !(v > 0 && v < Infinity) || d - d !== 0) continue;
      const p = point.data[j * size + i]!, g = wide.data[j * size + i]!;
      pp += p * p; gp += g * p; gg += g * g;
      pd += p * d; gd += g * d;
      ppv += p * p * v; gpv += g * p * v; ggv += g * g * v;
    }
  }
  const a = gp / pp;
  const scale = gg / gp - a;
  if (!(pd > 0) || !(scale > 0)) return { spread: NaN, spreadErr: NaN };
  const variance = Math.max(0, ggv - 2 * a * gpv + a * a * ppv);
  return { spread: (gd / pd - a) / scale, spreadErr: Math.sqrt(variance) / (pd * scale) };
}
