/**
 * Galaxy profiles as sums of Gaussians. The tables are non-negative least-squares fits (weight r) to
 * exp(-1.678 r) and exp(-7.669 r^(1/4)) for r in units of the half-light radius, out to 6 and 8 half-light
 * radii; the fitted profiles hold 0.501 and 0.526 of their flux inside r = 1.
 */
import type { GaussianComponent } from './gaussians.ts';

export type GalaxyProfile = 'exponential' | 'deVaucouleurs';

/** [fraction of the flux, sigma in half-light radii] */
const TABLES: Readonly<Record<GalaxyProfile, readonly (readonly [number, number])[]>> = {
  exponential: [
    [0.00068, 0.05307], [0.00837, 0.14073], [0.05482, 0.29182], [0.22059, 0.53661], [0.45404, 0.91698], [0.2615, 1.50612],
  ],
  deVaucouleurs: [
    [0.00494, 0.01504], [0.01403, 0.03207], [0.03464, 0.06601], [0.07422, 0.13368],
    [0.13728, 0.27077], [0.21451, 0.55954], [0.2703, 1.22021], [0.25005, 3.10118],
  ],
};

export interface GalaxyShape {
  readonly profile: GalaxyProfile;
  readonly halfLightRadius_arcsec: number;
  /** Minor over major axis. */
  readonly axisRatio: number;
  /** Of the major axis, east of north. */
  readonly positionAngle_deg: number;
}

/** Covariances on the sky are turned into pixels by `toPixels`, the inverse CD matrix in pixels per arcsec [x/east, x/north, y/east, y/north]. */
export function galaxyComponents(shape: GalaxyShape, toPixels: readonly [number, number, number, number]): GaussianComponent[] {
  const angle = (shape.positionAngle_deg * Math.PI) / 180;
  const major = [Math.sin(angle), Math.cos(angle)] as const;
  const minor = [Math.cos(angle), -Math.sin(angle)] as const;
  const pixel = ([east, north]: readonly [number, number]): [number, number] =>
    [toPixels[0] * east + toPixels[1] * north, toPixels[2] * east + toPixels[3] * north];
  const [ax, ay] = pixel(major);
  const [bx, by] = pixel(minor);
  return TABLES[shape.profile].map(([weight, size]) => {
    const long = (size * shape.halfLightRadius_arcsec) ** 2;
    const short = long * shape.axisRatio ** 2;
    return {
      weight,
      ixx: long * ax * ax + short * bx * bx,
      iyy: long * ay * ay + short * by * by,
      ixy: long * ax * ay + short * bx * by,
    };
  });
}
