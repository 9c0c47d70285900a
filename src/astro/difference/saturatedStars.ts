/**
 * Halos and spikes of saturated stars. No kernel is fitted to them and the spikes turn with the telescope, so that
 * what is left of them on a difference may be as bright as they are.
 */
import { connectedComponents } from '../../numeric/connectedComponents.ts';
import { quantile } from '../../numeric/statistics.ts';
import type { StaticLight } from './staticLight.ts';

export interface SaturatedStar {
  /** Middle of the saturated pixels. */
  readonly x: number;
  readonly y: number;
  /** Their number. */
  readonly nPixels: number;
}

/** Fewer saturated pixels are the tip of a star whose wings the kernel matches. */
const MIN_PIXELS = 5;

/** Groups of touching pixels with any of the bits, of at least 5 pixels. */
export function saturatedStars(mask: Int32Array, width: number, height: number, bits: number): SaturatedStar[] {
  const on = new Uint8Array(mask.length);
  for (let p = 0; p < on.length; p++) if ((mask[p]! & bits) !== 0) on[p] = 1;
  const { runs, label, count } = connectedComponents(on, width, height);
  const sums = Array.from({ length: count }, () => ({ x: 0, y: 0, n: 0 }));
  for (let r = 0; r < label.length; r++) {
    const [y, x0, x1] = [runs[3 * r]!, runs[3 * r + 1]!, runs[3 * r + 2]!];
    const n = x1 - x0 + 1;
    const sum = sums[label[r]!]!;
    sum.x += (n * (x0 + x1)) / 2;
    sum.y += n * y;
    sum.n += n;
  }
  return sums.filter(s => s.n >= MIN_PIXELS).map(s => ({ x: s.x / s.n, y: s.y / s.n, nPixels: s.n }));
}

/** Halos are followed out to this distance, in FWHM. */
const REACH_FWHM = 15;
/** Part of a circle around the star that is fainter than its level: the spikes are brighter. */
const LEVEL = 0.95;
/** Circles are sampled at points this far apart, pixels. */
const STEP_PX = 1;

/**
 * Point-source flux of the brightest halo or spike at the distance of (x, y) from any saturated star within 15 FWHM: the level
 * that 95 % of the static light on the circle through (x, y) stays below; 0 far from all of them.
 */
export function haloFlux(light: StaticLight, stars: readonly SaturatedStar[], x: number, y: number): number {
  let brightest = 0;
  for (const star of stars) {
    const distance = Math.hypot(x - star.x, y - star.y);
    if (distance <= REACH_FWHM * light.fwhm_px) brightest = Math.max(brightest, levelOnCircle(light, star, distance));
  }
  return brightest;
}

/** Halos and spikes have a mirror image across the star, unrelated stars have none: the fainter of opposite points counts. */
function levelOnCircle({ flux, width, height }: StaticLight, star: SaturatedStar, radius: number): number {
  const n = Math.max(16, Math.round((Math.PI * radius) / STEP_PX));
  const at = (dx: number, dy: number): number => {
    const [u, v] = [Math.round(star.x + dx), Math.round(star.y + dy)];
    return u >= 0 && v >= 0 && u < width && v < height ? flux[v * width + u]! : Infinity;
  };
  const values: number[] = [];
  for (let k = 0; k < n; k++) {
    const [dx, dy] = [radius * Math.cos((Math.PI * k) / n), radius * Math.sin((Math.PI * k) / n)];
    const fainter = Math.min(at(dx, dy), at(-dx, -dy));
    if (Number.isFinite(fainter)) values.push(fainter);
  }
  return values.length === 0 ? 0 : Math.max(0, quantile(values, LEVEL));
}
