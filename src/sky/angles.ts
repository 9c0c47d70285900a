/** Right ascensions on the circle, in degrees. */

/** Right ascension folded into [0, 360). */
export function normalRa(ra: number): number {
  if (ra >= 0 && ra < 360) return ra;
  const folded = ra - 360 * Math.floor(ra / 360);
  return folded >= 360 ? 0 : folded;
}

/** Difference of two right ascensions folded into [-180, 180). */
export function raDifference(ra1: number, ra2: number): number {
  const d = ra1 - ra2;
  return d >= -180 && d < 180 ? d : d - 360 * Math.floor((d + 180) / 360);
}
