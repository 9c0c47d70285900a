/**
 * Residuals that bright static sources leave on a difference image. A PSF match is good to some fraction of a star's
 * flux; what is left of a star of a million photons is a significant detection and no change in the sky. The fraction
 * is measured on the image's own stars at several distances, so that nothing more is excused than this image deserves.
 */
import type { MaskedImage } from '../../model/image.ts';
import { convolveSeparable } from '../../numeric/convolve.ts';
import { median, quantile } from '../../numeric/statistics.ts';

export interface StaticLight {
  /** Flux of a point source that would give the light at each pixel of the static image, row-major, image unit. */
  readonly flux: Float32Array;
  readonly width: number;
  readonly height: number;
  readonly fwhm_px: number;
}

/** Outer radii of the rings around a star in which residuals are judged, in FWHM: core, skirt, halo, spikes. */
const RINGS = [1, 2.5, 5, 10] as const;

/** Point-source flux at every pixel by a Gaussian matched filter of the given width; pixels without data count as dark. */
export function staticLight(mi: MaskedImage, sigma_px: number): StaticLight {
  const { width, height } = mi;
  const half = Math.max(2, Math.round(3 * sigma_px));
  const taps = Float32Array.from({ length: 2 * half + 1 }, (_, i) => Math.exp(-((i - half) ** 2) / (2 * sigma_px * sigma_px)));
  const sum = taps.reduce((a, b) => a + b, 0);
  const squares = taps.reduce((a, b) => a + b * b, 0);
  // With g = taps / sum in each direction, the flux is (g * image) / sum(g^2): taps * sum / squares in each.
  const scaled = taps.map(t => (t * sum) / squares);
  const image = mi.image.map(v => (Number.isFinite(v) ? v : 0));
  return { flux: convolveSeparable(image, width, height, scaled), width, height, fwhm_px: 2.3548 * sigma_px };
}

/** Largest static flux at a place itself (within 2 pixels). */
function fluxAt(light: StaticLight, x: number, y: number): number {
  return Math.max(0, largestInRing(light.flux, light, { x, y, inner: 0, outer: 2 }));
}

interface Ring {
  readonly x: number;
  readonly y: number;
  readonly inner: number;
  readonly outer: number;
}

/** Largest absolute value at inner <= distance < outer (pixels); NaN does not count; 0 when there is none. */
function largestInRing(plane: Float32Array, { width, height }: { width: number; height: number }, { x, y, inner, outer }: Ring): number {
  let found = 0;
  for (let v = Math.max(0, Math.ceil(y - outer)); v <= Math.min(height - 1, Math.floor(y + outer)); v++) {
    for (let u = Math.max(0, Math.ceil(x - outer)); u <= Math.min(width - 1, Math.floor(x + outer)); u++) {
      const square = (u - x) ** 2 + (v - y) ** 2;
      if (square >= inner * inner && square < outer * outer) {
        const value = Math.abs(plane[v * width + u]!);
        if (value > found) found = value;
      }
    }
  }
  return found;
}

function ringsAround(light: StaticLight, x: number, y: number): Ring[] {
  return RINGS.map((outer, k) => ({ x, y, inner: k === 0 ? 0 : RINGS[k - 1]! * light.fwhm_px, outer: outer * light.fwhm_px }));
}

export interface ResidualFloor {
  /** Residual of a star in each ring as a fraction of its flux, 1 sigma; NaN without enough stars. */
  readonly fractions: readonly number[];
  readonly nStars: number;
}

/** The brightest stars measure the match; fainter ones only show noise. */
const MAX_STARS = 15;
const MIN_STARS = 5;
/** Signal to noise of those stars. */
const MIN_SNR = 100;
/** Places of darkness that tell what noise alone does. */
const N_DARK = 60;

/**
 * For each ring the fraction f for which the median over the bright stars of (level of the residual in the ring) is what
 * noise and f times the flux of the star give. Stars that change are few and do not move a median.
 * @param significance - signed significance of the difference, row-major. @param fluxErr - error of a point source's flux at a place.
 */
export function residualFloor(
  significance: Float32Array, light: StaticLight, stars: readonly { readonly x: number; readonly y: number }[],
  fluxErr: (x: number, y: number) => number,
): ResidualFloor {
  const bright = stars.map(({ x, y }) => ({ x, y, flux: fluxAt(light, x, y) }))
    .sort((a, b) => b.flux - a.flux).slice(0, 3 * MAX_STARS)
    .map(star => ({ ...star, error: fluxErr(star.x, star.y) }))
    .filter(star => star.flux > MIN_SNR * star.error).slice(0, MAX_STARS);
  if (bright.length < MIN_STARS) return { fractions: RINGS.map(() => NaN), nStars: bright.length };
  const dark = levelsInDarkness(significance, light);
  const fractions = dark.map((level, k) => Math.max(0, median(bright.map(({ x, y, flux, error }) => {
    const z = levelInRing(significance, light, ringsAround(light, x, y)[k]!) / level;
    return (Math.sign(z - 1) * Math.sqrt(Math.abs(z * z - 1)) * error) / flux;
  }))));
  for (let k = 1; k < fractions.length; k++) fractions[k] = Math.min(fractions[k]!, MAX_SHARE * fractions[k - 1]!);
  return { fractions, nStars: bright.length };
}

/** A ring leaves at most this part of the fraction of the ring inside it. */
const MAX_SHARE = 0.5;
/** Part of the pixels of a ring that are below its level: real changes fill few pixels of a wide ring. */
const LEVEL = 0.9;

/** The level of |significance| that few pixels of a ring exceed; NaN does not count; 0 for an empty ring. */
function levelInRing(plane: Float32Array, { width, height }: { width: number; height: number }, { x, y, inner, outer }: Ring): number {
  const values: number[] = [];
  for (let v = Math.max(0, Math.ceil(y - outer)); v <= Math.min(height - 1, Math.floor(y + outer)); v++) {
    for (let u = Math.max(0, Math.ceil(x - outer)); u <= Math.min(width - 1, Math.floor(x + outer)); u++) {
      const square = (u - x) ** 2 + (v - y) ** 2;
      if (square >= inner * inner && square < outer * outer) values.push(Math.abs(plane[v * width + u]!));
    }
  }
  return values.length === 0 ? 0 : quantile(values, LEVEL);
}

/** Median over places on a regular grid of the level in each ring: what noise alone does, since most places are dark. */
function levelsInDarkness(significance: Float32Array, light: StaticLight): number[] {
  const nx = Math.ceil(Math.sqrt(N_DARK));
  const places = Array.from({ length: nx * nx }, (_, k) => ringsAround(
    light, (((k % nx) + 0.5) * light.width) / nx, ((Math.floor(k / nx) + 0.5) * light.height) / nx));
  return RINGS.map((_, k) => median(places.map(rings => levelInRing(significance, light, rings[k]!))));
}

/** Flux (1 sigma) of the residuals that the static light around a place may leave there: the largest of all rings. */
export function residualFlux(light: StaticLight, fractions: readonly number[], x: number, y: number): number {
  return Math.max(...ringsAround(light, x, y).map((ring, k) => fractions[k]! * largestInRing(light.flux, light, { ...ring, inner: 0 })));
}
