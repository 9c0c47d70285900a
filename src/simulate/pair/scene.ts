/** What is on the sky of a simulated pair: stars, galaxies, and what changed between the two epochs. */
import { random } from '../../numeric/random.ts';

export interface SceneObject {
  readonly kind: 'star' | 'galaxy' | 'transient' | 'variable';
  /** Pixel of the science image. */
  readonly x: number;
  readonly y: number;
  readonly mag: number;
  /** Flux in the two images, in units of the flux of `mag`. */
  readonly inScience: number;
  readonly inTemplate: number;
  /** Light of a galaxy: offsets in pixels and shares of the flux; empty for point sources. */
  readonly cloud: readonly { readonly dx: number; readonly dy: number; readonly share: number }[];
}

export interface SceneOptions {
  readonly width: number;
  readonly height: number;
  /** Objects lie up to so many pixels outside the science image as well. */
  readonly border_px: number;
  readonly nStars: number;
  readonly nGalaxies: number;
  readonly nTransients: number;
  readonly nVariables: number;
  /** Magnitude of a point source of 5 sigma on empty sky of the science image. */
  readonly m5: number;
}

/** Slope of the star counts: number ~ 10^(slope mag). */
const STAR_SLOPE = 0.22;
const GALAXY_SLOPE = 0.35;
/** Points that make up a galaxy; clumps of real ones are as uneven. */
const CLOUD = 48;

/** The objects of a seed. Transients range evenly from m5 - 3.7 to m5 + 1.1; half of them lie in galaxies. */
export function makeScene(seed: number, options: SceneOptions): SceneObject[] {
  const { width, height, border_px, m5 } = options;
  const draw = random(seed, 'pair scene');
  const place = (): { x: number; y: number } => ({
    x: -border_px + draw.uniform() * (width + 2 * border_px), y: -border_px + draw.uniform() * (height + 2 * border_px),
  });
  const area = ((width + 2 * border_px) * (height + 2 * border_px)) / (width * height);
  const stars = Array.from({ length: Math.round(options.nStars * area) }, () => (
    constant('star', place(), magnitude(draw.uniform(), m5 - 9, m5 + 1, STAR_SLOPE))));
  const galaxies = Array.from({ length: Math.round(options.nGalaxies * area) }, () => {
    const mag = magnitude(draw.uniform(), m5 - 5, m5 + 1, GALAXY_SLOPE);
    return { ...constant('galaxy', place(), mag), cloud: cloudOf(draw, mag, m5) };
  });
  const inside = (o: { x: number; y: number }): boolean => o.x >= 0 && o.y >= 0 && o.x <= width - 1 && o.y <= height - 1;
  const hosts = galaxies.filter(inside);
  const transients = Array.from({ length: options.nTransients }, (_, k) => {
    const host = hosts[draw.integer(hosts.length)];
    const free = { x: draw.uniform() * (width - 1), y: draw.uniform() * (height - 1) };
    const point = host !== undefined && k % 2 === 0 ? { x: host.x + 3 * draw.normal(), y: host.y + 3 * draw.normal() } : free;
    return { ...constant('transient', inside(point) ? point : free, m5 - 3.7 + 4.8 * draw.uniform()), inTemplate: 0 };
  });
  const steady = stars.filter(s => inside(s) && s.mag > m5 - 6 && s.mag < m5 - 1);
  const changing = new Set(Array.from({ length: Math.min(options.nVariables, steady.length) }, () => steady[draw.integer(steady.length)]!));
  const variables = [...changing].map(star => ({ ...star, kind: 'variable' as const, inScience: 1 + (0.1 + 0.9 * draw.uniform()) * (draw.uniform() < 0.5 ? -0.9 : 1) }));
  return [...stars.filter(s => !changing.has(s)), ...galaxies, ...transients, ...variables];
}

function constant(kind: SceneObject['kind'], { x, y }: { x: number; y: number }, mag: number): SceneObject {
  return { kind, x, y, mag, inScience: 1, inTemplate: 1, cloud: [] };
}

function magnitude(p: number, bright: number, faint: number, slope: number): number {
  const [lo, hi] = [10 ** (slope * bright), 10 ** (slope * faint)];
  return Math.log10(lo + p * (hi - lo)) / slope;
}

/**
 * Points drawn from a Sersic profile of index 1 (disc) with, for every third galaxy, a bulge of index 4, inclined. Disc radii
 * follow R exp(-R / h); the bulge is drawn from its projected mass by the approximation of a Plummer law in log radius.
 */
function cloudOf(draw: ReturnType<typeof random>, mag: number, m5: number): SceneObject['cloud'] {
  const h = Math.min(6, 1.2 * 10 ** (0.12 * (m5 - mag))) * (0.6 + 0.8 * draw.uniform());
  const angle = Math.PI * draw.uniform();
  const flat = 0.3 + 0.7 * draw.uniform();
  const hasBulge = draw.uniform() < 0.33;
  return Array.from({ length: CLOUD }, () => {
    const isBulge = hasBulge && draw.uniform() < 0.4;
    const disc = -h * Math.log(Math.max(1e-9, draw.uniform() * draw.uniform()));
    const p = draw.uniform();
    const r = isBulge ? Math.min(10, 0.5 * h * Math.sqrt(p / Math.max(1e-3, 1 - p))) : disc;
    const t = 2 * Math.PI * draw.uniform();
    const [u, v] = [r * Math.cos(t), r * Math.sin(t) * (isBulge ? 0.8 : flat)];
    return { dx: u * Math.cos(angle) - v * Math.sin(angle), dy: u * Math.sin(angle) + v * Math.cos(angle), share: 1 / CLOUD };
  });
}
