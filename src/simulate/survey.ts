/** Data module: what the simulated survey of the package `sim-small` observes. */
import { taiNsOfUtcIso, mjdTaiOfNs } from '../sky/time.ts';
import type { SimBand } from './sky.ts';

/** Electrons per nJy of a source above the atmosphere in one exposure, without clouds and with a flat of 1. */
export const ELECTRONS_PER_NJY = 0.8;
export const EXPOSURE_TIME_S = 30;
/** Shutter and read-out: dark current collects this much longer. */
export const EXTRA_DARK_TIME_S = 2.5;
export const FIELD_CENTRE_DEG: readonly [number, number] = [52.5, -27.45];

export interface SimVisit {
  readonly visit: number;
  readonly band: SimBand;
  /** Opening of the shutter, UTC. */
  readonly begin: string;
  readonly fwhm_px: number;
  readonly sky_electron: number;
  /** Fraction of the light that clouds let through. */
  readonly transparency: number;
  /** Boresight minus field centre, east and north. */
  readonly dither_arcsec: readonly [number, number];
  readonly rotation_deg: number;
  readonly airmass: number;
}

/** Two nights, both bands each night half an hour apart, in seeing better and worse than the templates'. */
export const VISITS: readonly SimVisit[] = [
  { visit: 1, band: 'r', begin: '2026-01-12T03:10:00.000', fwhm_px: 3.1, sky_electron: 900, transparency: 1.0,
    dither_arcsec: [0.6, -0.4], rotation_deg: 0.0, airmass: 1.08 },
  { visit: 2, band: 'g', begin: '2026-01-12T03:38:00.000', fwhm_px: 2.7, sky_electron: 520, transparency: 0.97,
    dither_arcsec: [-2.9, 1.8], rotation_deg: 0.03, airmass: 1.11 },
  { visit: 3, band: 'r', begin: '2026-01-15T02:55:00.000', fwhm_px: 3.6, sky_electron: 1150, transparency: 0.9,
    dither_arcsec: [2.2, 3.1], rotation_deg: -0.04, airmass: 1.05 },
  { visit: 4, band: 'g', begin: '2026-01-15T03:24:00.000', fwhm_px: 3.3, sky_electron: 610, transparency: 0.94,
    dither_arcsec: [-1.4, -3.6], rotation_deg: 0.02, airmass: 1.07 },
];

export interface SimTemplate {
  readonly visit: number;
  readonly band: SimBand;
  readonly begin: string;
  readonly fwhm_px: number;
  readonly sky_electron: number;
  /** Exposures of EXPOSURE_TIME_S that were averaged. */
  readonly nCombined: number;
  readonly rotation_deg: number;
  /** Shift of its pixel grid against the detector's. */
  readonly offset_px: readonly [number, number];
}

/** Averages of earlier exposures on a grid of their own; the g template is blurrier than visit 2. */
export const TEMPLATES: readonly SimTemplate[] = [
  { visit: 90001, band: 'g', begin: '2025-11-20T04:00:00.000', fwhm_px: 2.9, sky_electron: 540, nCombined: 12,
    rotation_deg: 0.22, offset_px: [0.37, -0.41] },
  { visit: 90002, band: 'r', begin: '2025-11-21T04:00:00.000', fwhm_px: 2.8, sky_electron: 930, nCombined: 12,
    rotation_deg: -0.18, offset_px: [-0.29, 0.33] },
];
/** Border of a template around its detector, so that dithers and rotations stay inside. */
export const TEMPLATE_BORDER_PX = 56;

/** Mid-exposure, TAI MJD. */
export function midTime_mjd(begin: string, exposureTime_s = EXPOSURE_TIME_S): number {
  return mjdTaiOfNs(taiNsOfUtcIso(begin) + BigInt(exposureTime_s * 500_000_000));
}
