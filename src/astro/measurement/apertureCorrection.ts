/** Factor that brings PSF fluxes to the scale of aperture fluxes. */
import { madSigma, median } from '../../numeric/statistics.ts';

export interface FluxPair {
  readonly psfFlux: number;
  readonly psfFluxErr: number;
  readonly apFlux: number;
  readonly apFluxErr: number;
}

export interface ApertureCorrection {
  /** Multiply PSF fluxes by this. 1 when no star allows a measurement. */
  readonly factor: number;
  /** 1-sigma error of the factor; NaN without stars. */
  readonly error: number;
  readonly nStars: number;
}

/** Scatter of single stars that is allowed beyond their errors (PSF variation, faint neighbours). */
const INTRINSIC = 0.01;

/** Weighted mean of aperture over PSF flux of stars, clipped at 4 sigma about the median (at most 10 passes). */
export function apertureCorrection(stars: readonly FluxPair[]): ApertureCorrection {
  const usable = stars.filter(s => s.psfFlux > 0 && s.apFlux > 0 && s.psfFluxErr > 0 && s.apFluxErr > 0);
  const ratio = usable.map(s => s.apFlux / s.psfFlux);
  const error = usable.map((s, i) => ratio[i]! * Math.hypot(s.apFluxErr / s.apFlux, INTRINSIC));
  if (usable.length === 0) return { factor: 1, error: NaN, nStars: 0 };
  let centre = median(ratio);
  let extra = Math.max(0, madSigma(ratio, centre) - median(error));
  let kept = ratio.map((_, i) => i);
  for (let pass = 0; pass < 10; pass++) {
    const next = ratio.flatMap((r, i) => (Math.abs(r - centre) <= 4 * Math.hypot(error[i]!, extra) ? [i] : []));
    if (next.length === 0 || next.join() === kept.join()) break;
    kept = next;
    const weights = kept.map(i => 1 / (error[i]! ** 2 + extra ** 2));
    const total = weights.reduce((a, b) => a + b, 0);
    centre = kept.reduce((sum, i, k) => sum + weights[k]! * ratio[i]!, 0) / total;
    extra = Math.max(0, madSigma(kept.map(i => ratio[i]!), centre) - median(kept.map(i => error[i]!)));
  }
  const total = kept.reduce((sum, i) => sum + 1 / (error[i]! ** 2 + extra ** 2), 0);
  return { factor: centre, error: 1 / Math.sqrt(total), nStars: kept.length };
}
