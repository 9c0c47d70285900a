/** The simulated sky: stars, galaxies, transients, variables and moving objects with ICRS positions and fluxes in nJy. */
import { nJyOfAbMag } from '../model/photoCalib.ts';
import { random } from '../numeric/random.ts';
import type { Random } from '../numeric/random.ts';
import { offsetBy, separation_arcsec } from '../sky/sphere.ts';
import { planeToSky } from '../sky/wcs.ts';
import type { GalaxyShape } from './galaxyProfiles.ts';

export const BANDS = ['g', 'r'] as const;
export type SimBand = (typeof BANDS)[number];
export type SourceKind = 'star' | 'galaxy' | 'transient' | 'variable' | 'moving';

/** How the flux changes; `scale` below is a factor of the source's flux. Times are TAI MJD. */
export type LightCurve =
  | { readonly kind: 'constant' }
  /** scale = 1 + amplitude * sin(2 pi ((t - epoch) / period + phase)) */
  | { readonly kind: 'periodic'; readonly period_d: number; readonly phase: number; readonly amplitude: number }
  /** scale rises as 1 - exp(-((t - start) / rise)^2), falls as exp(-(t - start) / fall), 0 before the start; peak about 1. */
  | { readonly kind: 'outburst'; readonly start_mjd: number; readonly rise_d: number; readonly fall_d: number };

export interface Motion {
  readonly epoch_mjd: number;
  readonly angle_deg: number;
  readonly rate_arcsecPerDay: number;
  /** Present only within this many days of the epoch (it has left the field otherwise). */
  readonly window_d: number;
}

export interface SkySource {
  readonly id: number;
  readonly kind: SourceKind;
  readonly ra: number;
  readonly dec: number;
  /** Mean flux (peak flux of a transient). */
  readonly flux_nJy: Readonly<Record<SimBand, number>>;
  readonly shape: GalaxyShape | null;
  readonly light: LightCurve;
  readonly motion: Motion | null;
}

export interface SkyOptions {
  readonly centre_deg: readonly [number, number];
  /** Half sizes of the field, east-west and north-south. */
  readonly halfSize_arcsec: readonly [number, number];
  /** Mid times of the nights with observations. */
  readonly nights_mjd: readonly number[];
  readonly nStars: number;
  readonly nGalaxies: number;
  readonly nTransients: number;
  readonly nVariables: number;
  readonly nMovingPerNight: number;
  /** Typical 1-sigma noise of a point-source flux in a single exposure, to spread the signal-to-noise ratios. */
  readonly noise_nJy: number;
}

/** First ids of each kind. */
const FIRST_ID: Readonly<Record<SourceKind, number>> = {
  star: 1, galaxy: 100_001, transient: 200_001, variable: 300_001, moving: 400_001,
};
/** Transients and variables are at least this far from each other, so that a detection has one truth. */
const MIN_SEPARATION_ARCSEC = 4;

/** All sources of the field, by kind; the same seed gives the same sky. */
export function makeSky(options: SkyOptions, seed: number): SkySource[] {
  const stars = makeStars(options, random(seed, 'stars'));
  const galaxies = makeGalaxies(options, random(seed, 'galaxies'));
  const variables = makeVariables(stars, options, random(seed, 'variables'));
  const transients = makeTransients(galaxies, variables, options, random(seed, 'transients'));
  const chosen = new Set(variables.map(v => `${v.ra},${v.dec}`));
  return [
    ...stars.filter(star => !chosen.has(`${star.ra},${star.dec}`)),
    ...galaxies, ...transients, ...variables,
    ...makeMoving(options, random(seed, 'moving')),
  ];
}

/** Flux of the source at a time, nJy. */
export function fluxAt(source: SkySource, band: SimBand, time_mjd: number): number {
  if (source.motion !== null && Math.abs(time_mjd - source.motion.epoch_mjd) > source.motion.window_d) return 0;
  return source.flux_nJy[band] * lightScale(source.light, time_mjd);
}

/** Flux in the template: the mean of a variable, nothing of what is there for a while only. */
export function templateFlux(source: SkySource, band: SimBand): number {
  return source.kind === 'transient' || source.kind === 'moving' ? 0 : source.flux_nJy[band];
}

/** ICRS position at a time, degrees. */
export function positionAt(source: SkySource, time_mjd: number): [number, number] {
  if (source.motion === null) return [source.ra, source.dec];
  const { angle_deg, rate_arcsecPerDay, epoch_mjd } = source.motion;
  return offsetBy(source.ra, source.dec, angle_deg, rate_arcsecPerDay * (time_mjd - epoch_mjd));
}

function lightScale(light: LightCurve, time_mjd: number): number {
  switch (light.kind) {
    case 'constant': return 1;
    case 'periodic': return 1 + light.amplitude * Math.sin(2 * Math.PI * (time_mjd / light.period_d + light.phase));
    case 'outburst': {
      const age = time_mjd - light.start_mjd;
      return age <= 0 ? 0 : -Math.expm1(-((age / light.rise_d) ** 2)) * Math.exp(-age / light.fall_d);
    }
  }
}

const CONSTANT: LightCurve = { kind: 'constant' };

function place(options: SkyOptions, draw: Random): [number, number] {
  const [halfX, halfY] = options.halfSize_arcsec;
  return planeToSky(options.centre_deg, ((2 * draw.uniform() - 1) * halfX) / 3600, ((2 * draw.uniform() - 1) * halfY) / 3600);
}

/** Magnitude from counts that rise as 10^(slope m) between two limits. */
function drawMag(draw: Random, slope: number, from: number, to: number): number {
  const low = 10 ** (slope * from);
  return Math.log10(low + draw.uniform() * (10 ** (slope * to) - low)) / slope;
}

function fluxes(r_mag: number, colour_gr: number): Record<SimBand, number> {
  return { g: nJyOfAbMag(r_mag + colour_gr), r: nJyOfAbMag(r_mag) };
}

function makeStars(options: SkyOptions, draw: Random): SkySource[] {
  return Array.from({ length: options.nStars }, (_, i) => {
    const [ra, dec] = place(options, draw);
    const mag = drawMag(draw, 0.17, 14.4, 24.8);
    const colour = draw.uniform() < 0.45 ? 0.45 + 0.15 * draw.normal() : 1.25 + 0.2 * draw.normal();
    return { id: FIRST_ID.star + i, kind: 'star', ra, dec, flux_nJy: fluxes(mag, colour), shape: null, light: CONSTANT, motion: null };
  });
}

function makeGalaxies(options: SkyOptions, draw: Random): SkySource[] {
  return Array.from({ length: options.nGalaxies }, (_, i) => {
    const [ra, dec] = place(options, draw);
    const mag = drawMag(draw, 0.32, 18, 24.8);
    const isEarly = draw.uniform() < 0.3;
    const size = 0.55 * 10 ** (-0.1 * (mag - 21)) * 10 ** (0.15 * draw.normal());
    const shape: GalaxyShape = {
      profile: isEarly ? 'deVaucouleurs' : 'exponential',
      halfLightRadius_arcsec: Math.min(2.2, Math.max(0.15, size)),
      axisRatio: isEarly ? 0.5 + 0.5 * draw.uniform() : 0.2 + 0.8 * draw.uniform(),
      positionAngle_deg: 180 * draw.uniform(),
    };
    const colour = (isEarly ? 1.1 : 0.5) + 0.2 * draw.normal();
    return { id: FIRST_ID.galaxy + i, kind: 'galaxy', ra, dec, flux_nJy: fluxes(mag, colour), shape, light: CONSTANT, motion: null };
  });
}

/** Stars that vary, with amplitudes that give changes of 6 to 80 times the noise. */
function makeVariables(stars: readonly SkySource[], options: SkyOptions, draw: Random): SkySource[] {
  const candidates = stars.filter(s => s.flux_nJy.r < nJyOfAbMag(17) && s.flux_nJy.g > nJyOfAbMag(22.3));
  const chosen: SkySource[] = [];
  while (chosen.length < Math.min(options.nVariables, candidates.length)) {
    const star = candidates[draw.integer(candidates.length)]!;
    if (isCrowded(star.ra, star.dec, chosen)) continue;
    const mean = Math.min(star.flux_nJy.g, star.flux_nJy.r);
    const change = options.noise_nJy * 6 * (80 / 6) ** draw.uniform();
    chosen.push({
      ...star, id: FIRST_ID.variable + chosen.length, kind: 'variable',
      light: {
        kind: 'periodic', period_d: 0.25 * 40 ** draw.uniform(), phase: draw.uniform(),
        amplitude: Math.min(0.7, change / mean),
      },
    });
  }
  return chosen;
}

/** Supernova-like and fast transients, six in ten on galaxies; peak fluxes of 4 to 200 times the noise. */
function makeTransients(
  galaxies: readonly SkySource[], variables: readonly SkySource[], options: SkyOptions, draw: Random,
): SkySource[] {
  const hosts = galaxies.filter(g => g.flux_nJy.r > nJyOfAbMag(23.5));
  const made: SkySource[] = [];
  while (made.length < options.nTransients) {
    const host = draw.uniform() < 0.6 ? hosts[draw.integer(hosts.length)]! : null;
    const [ra, dec] = host === null ? place(options, draw) : besideGalaxy(host, draw);
    if (isCrowded(ra, dec, [...made, ...variables])) continue;
    const peak = options.noise_nJy * 4 * (200 / 4) ** draw.uniform();
    const colour = 10 ** (-0.4 * 0.3 * draw.normal());
    made.push({
      id: FIRST_ID.transient + made.length, kind: 'transient', ra, dec,
      flux_nJy: { g: peak * colour, r: peak }, shape: null, light: drawOutburst(options, draw), motion: null,
    });
  }
  return made;
}

function drawOutburst({ nights_mjd }: SkyOptions, draw: Random): LightCurve {
  const first = nights_mjd[0]!;
  const last = nights_mjd.at(-1)!;
  const kind = draw.uniform();
  if (kind < 0.15) return { kind: 'outburst', start_mjd: first + 0.2 + (last - first - 0.5) * draw.uniform(), rise_d: 0.2, fall_d: 20 };
  if (kind < 0.3) return { kind: 'outburst', start_mjd: first - 0.15 - 0.2 * draw.uniform(), rise_d: 0.08, fall_d: 0.5 };
  return { kind: 'outburst', start_mjd: first - 5 - 15 * draw.uniform(), rise_d: 3 + 2 * draw.uniform(), fall_d: 40 + 40 * draw.uniform() };
}

function besideGalaxy(host: SkySource, draw: Random): [number, number] {
  const distance = host.shape!.halfLightRadius_arcsec * Math.sqrt(-Math.log(1 - draw.uniform()));
  return offsetBy(host.ra, host.dec, 360 * draw.uniform(), Math.min(distance, 4));
}

function isCrowded(ra: number, dec: number, others: readonly SkySource[]): boolean {
  return others.some(o => separation_arcsec(ra, dec, o.ra, o.dec) < MIN_SEPARATION_ARCSEC);
}

/** Main-belt asteroids: 20 to 45 arcsec an hour along the ecliptic direction of the field, each on one night. */
function makeMoving(options: SkyOptions, draw: Random): SkySource[] {
  return options.nights_mjd.flatMap((night, iNight) => Array.from({ length: options.nMovingPerNight }, (_, i) => {
    const [ra, dec] = place(options, draw);
    const flux = options.noise_nJy * 8 * (80 / 8) ** draw.uniform();
    return {
      id: FIRST_ID.moving + iNight * options.nMovingPerNight + i, kind: 'moving' as const, ra, dec,
      flux_nJy: { g: flux * 10 ** (-0.4 * 0.55), r: flux }, shape: null, light: CONSTANT,
      motion: {
        epoch_mjd: night, angle_deg: 285 + 12 * draw.normal(), rate_arcsecPerDay: 24 * (20 + 25 * draw.uniform()), window_d: 0.25,
      },
    };
  }));
}
