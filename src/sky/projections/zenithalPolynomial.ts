/** ZPN: the zenithal projection whose radius is a polynomial of the polar distance (Paper II, section 5.1.7). */
import { R0, RADIAN, type Projection, type ProjectionParameters } from './projection.ts';
import { radialProjection } from './zenithal.ts';

/**
 * R = R0 * sum PV_m (z in radians)^m for m from 0 to 30. Defined from the pole to the polar distance at which the radius
 * stops rising. undefined when there is no coefficient or the radius does not rise at the pole.
 */
export function zpn(pv: ProjectionParameters): Projection | undefined {
  const c: number[] = Array.from({ length: Math.max(1, pv.length) }, (_, m) => pv[m] ?? 0);
  while (c.length > 0 && c.at(-1) === 0) c.pop();
  if (c.length < 2) return undefined;
  const value = (z: number): number => polynomial(c, z);
  const slopes = c.slice(1).map((p, m) => p * (m + 1));
  const slope = (z: number): number => polynomial(slopes, z);
  const edge = risingUntil(slope);
  if (edge === undefined) return undefined;
  const [innermost, outermost] = [c[0]!, value(edge)];
  return radialProjection(
    theta => {
      const z = (90 - theta) * RADIAN;
      return z <= edge ? R0 * value(z) : NaN;
    },
    radius => {
      const r = radius / R0;
      if (!(r >= innermost - 1e-13 && r <= outermost + 1e-13)) return NaN;
      return 90 - inverse(value, slope, r, edge) / RADIAN;
    },
  );
}

function polynomial(c: readonly number[], z: number): number {
  let sum = 0;
  for (let m = c.length - 1; m >= 0; m--) sum = sum * z + c[m]!;
  return sum;
}

/** First polar distance (radians, at most pi) at which the slope falls to zero; undefined when it is not positive at 0. */
function risingUntil(slope: (z: number) => number): number | undefined {
  if (!(slope(0) > 0)) return undefined;
  const step = Math.PI / 180;
  for (let k = 1; k <= 180; k++) {
    if (slope(k * step) > 0) continue;
    let [low, high] = [(k - 1) * step, k * step];
    for (let pass = 0; pass < 60; pass++) {
      const middle = (low + high) / 2;
      if (slope(middle) > 0) low = middle;
      else high = middle;
    }
    return low;
  }
  return Math.PI;
}

/** Newton's method kept inside a shrinking bracket. */
function inverse(value: (z: number) => number, slope: (z: number) => number, r: number, edge: number): number {
  let [low, high] = [0, edge];
  let z = edge / 2;
  for (let pass = 0; pass < 100; pass++) {
    const excess = value(z) - r;
    if (excess > 0) high = z;
    else low = z;
    const next = z - excess / slope(z);
    const inside = next > low && next < high;
    const moved = inside ? next : (low + high) / 2;
    if (Math.abs(moved - z) <= 1e-16 * Math.max(1e-3, Math.abs(z))) return moved;
    z = moved;
  }
  return z;
}
