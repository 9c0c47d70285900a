/**
 * What a spherical projection is, and the small pieces that the projections share (Calabretta & Greisen 2002,
 * A&A 395, 1077, here "Paper II"). Native longitude phi, native latitude theta and plane coordinates x, y are all in
 * degrees, so that a degree in the plane is a degree on the sky at the reference point.
 */

export const RADIAN = Math.PI / 180;
/** Radius of the generating sphere: one radian in degrees. */
export const R0 = 180 / Math.PI;

export type Point = [number, number];

/** A point that has no image, or a position that is the image of no point. */
export const UNDEFINED_POINT: Readonly<Point> = [NaN, NaN];

export interface Projection {
  /** Native position of the reference point (Paper II, table 13), degrees. */
  readonly phi0_deg: number;
  readonly theta0_deg: number;
  /** Plane position of a native direction; [NaN, NaN] where the projection is not defined. */
  readonly toPlane: (phi: number, theta: number) => Point;
  /** Native direction of a plane position; [NaN, NaN] outside of the image of the sphere. */
  readonly toNative: (x: number, y: number) => Point;
}

/** The numbers PVi_m of the latitude axis, by m; absent ones have the projection's default. */
export type ProjectionParameters = readonly (number | undefined)[];

export const undefinedPoint = (): Point => [NaN, NaN];

/** Sine of an angle in degrees, exact at multiples of 90 so that poles and meridians are hit exactly. */
export function sind(angle: number): number {
  if (angle % 90 === 0) return [0, 1, 0, -1][((angle / 90) % 4 + 4) % 4]!;
  return Math.sin(angle * RADIAN);
}

/** Cosine of an angle in degrees, exact at multiples of 90. */
export function cosd(angle: number): number {
  if (angle % 90 === 0) return [1, 0, -1, 0][((angle / 90) % 4 + 4) % 4]!;
  return Math.cos(angle * RADIAN);
}

export const tand = (angle: number): number => Math.tan(angle * RADIAN);
export const atand = (value: number): number => Math.atan(value) / RADIAN;
export const atan2d = (y: number, x: number): number => Math.atan2(y, x) / RADIAN;

/** Arc sine in degrees that forgives rounding beyond +-1; NaN further out. */
export function asind(value: number, tolerance = 1e-10): number {
  return Math.abs(value) > 1 && Math.abs(value) <= 1 + tolerance ? 90 * Math.sign(value) : Math.asin(value) / RADIAN;
}

/** A native direction with longitude in +-180 and latitude in +-90 (rounding forgiven), or nothing. */
export function nativeWithin(phi: number, theta: number, tolerance = 1e-12): Point {
  if (!(Math.abs(phi) <= 180 + tolerance && Math.abs(theta) <= 90 + tolerance)) return undefinedPoint();
  return [Math.min(180, Math.max(-180, phi)), Math.min(90, Math.max(-90, theta))];
}

/** Both solutions of sin(angle - psi) = sin(omega) folded into latitudes; the northern one is wanted. */
export function northernSolution(psi: number, omega: number): number {
  const a = psi - omega;
  const b = psi + omega + 180;
  return Math.max(a > 90 ? a - 360 : a, b > 90 ? b - 360 : b);
}
