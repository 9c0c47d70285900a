/** Positions of bodies on undisturbed orbits around the Sun. Good for weeks about the epoch of osculating elements. */
import type { Vector3 } from './sphere.ts';
import { directionOf } from './sphere.ts';

const RADIAN = Math.PI / 180;
/** Square of Gauss's constant: the gravity of the Sun in au^3 / d^2 (IAU 1976). */
const GM = 0.01720209895 ** 2;
const LIGHT_AU_PER_DAY = 173.144632674;
/** Of the ecliptic of J2000 to the equator of the ICRS. */
const OBLIQUITY = 84381.406 / 3600 * RADIAN;

/** Heliocentric elements on the ecliptic and equinox of J2000, as the Minor Planet Center gives them. */
export interface OrbitalElements {
  /** Perihelion distance, au; time of perihelion, MJD TDB. */
  readonly q_au: number;
  readonly e: number;
  readonly inclination_deg: number;
  readonly node_deg: number;
  readonly argPerihelion_deg: number;
  readonly perihelionTime_mjd: number;
}

/** Perihelion distance and time from the semimajor axis and the mean anomaly of an epoch (e < 1). */
export function perihelionOf(
  { a_au, e, meanAnomaly_deg, epoch_mjd }: Readonly<Record<'a_au' | 'e' | 'meanAnomaly_deg' | 'epoch_mjd', number>>,
): Pick<OrbitalElements, 'q_au' | 'perihelionTime_mjd'> {
  const motion_deg_d = Math.sqrt(GM / a_au ** 3) / RADIAN;
  const since = meanAnomaly_deg - 360 * Math.round(meanAnomaly_deg / 360);
  return { q_au: a_au * (1 - e), perihelionTime_mjd: epoch_mjd - since / motion_deg_d };
}

/**
 * Heliocentric position on the axes of the ICRS, au. Ellipses, parabolas and hyperbolas alike, by universal
 * variables (Danby 1988, chapter 6).
 * NaN for elements that are no numbers, q <= 0 or e < 0.
 */
export function twoBodyPosition(elements: OrbitalElements, mjd_tdb: number): Vector3 {
  const { q_au: q, e } = elements;
  const days = mjd_tdb - elements.perihelionTime_mjd;
  if (!(q > 0 && e >= 0 && Number.isFinite(days))) return [NaN, NaN, NaN];
  const [x, y] = inPlane(q, e, days);
  const [w, node, i] = [elements.argPerihelion_deg * RADIAN, elements.node_deg * RADIAN, elements.inclination_deg * RADIAN];
  const [along, across] = [x * Math.cos(w) - y * Math.sin(w), x * Math.sin(w) + y * Math.cos(w)];
  const ecliptic: Vector3 = [
    along * Math.cos(node) - across * Math.cos(i) * Math.sin(node), along * Math.sin(node) + across * Math.cos(i) * Math.cos(node),
    across * Math.sin(i),
  ];
  const [c, s] = [Math.cos(OBLIQUITY), Math.sin(OBLIQUITY)];
  return [ecliptic[0], c * ecliptic[1] - s * ecliptic[2], s * ecliptic[1] + c * ecliptic[2]];
}

/** Astrometric direction [ra, dec] in degrees from an observer (heliocentric, ICRS axes, au): with the light time, without aberration. */
export function apparentDirection(elements: OrbitalElements, observer_au: Vector3, mjd_tdb: number): [ra: number, dec: number] {
  let delay_d = 0;
  let line: Vector3 = [NaN, NaN, NaN];
  for (let pass = 0; pass < 4; pass++) {
    const body = twoBodyPosition(elements, mjd_tdb - delay_d);
    line = [body[0] - observer_au[0], body[1] - observer_au[1], body[2] - observer_au[2]];
    delay_d = Math.hypot(...line) / LIGHT_AU_PER_DAY;
  }
  return directionOf(line);
}

/**
 * In the plane of the orbit, x to the perihelion. Kepler's equation from the perihelion, sqrt(GM) t = q s + e s^3 c3(z) with
 * z = s^2 / a, has one root, and its slope is the distance from the Sun: at least q.
 */
function inPlane(q: number, e: number, days: number): [number, number] {
  const inverseA = (1 - e) / q;
  const period = e < 1 ? 2 * Math.PI / Math.sqrt(GM * inverseA ** 3) : Infinity;
  const since = e < 1 ? days - period * Math.round(days / period) : days;
  const time = Math.sqrt(GM) * since;
  const f = (s: number): number => q * s + e * s ** 3 * stumpff(inverseA * s * s)[1] - time;
  const slope = (s: number): number => q + e * s * s * stumpff(inverseA * s * s)[0];
  const s = root(f, slope, -Math.abs(time) / q, Math.abs(time) / q);
  const [c2, c3] = stumpff(inverseA * s * s);
  return [q - s * s * c2, (q * s + (e - 1) * s ** 3 * c3) * Math.sqrt((1 + e) / q)];
}

/** Stumpff's functions c2 = (1 - cos r) / z and c3 = (r - sin r) / r^3, r = sqrt z, for any sign of z. */
function stumpff(z: number): [c2: number, c3: number] {
  if (Math.abs(z) < 0.1) {
    let [term2, term3, c2, c3] = [1 / 2, 1 / 6, 0, 0];
    for (let k = 1; k < 12; k++) {
      [c2, c3] = [c2 + term2, c3 + term3];
      term2 *= -z / ((2 * k + 1) * (2 * k + 2));
      term3 *= -z / ((2 * k + 2) * (2 * k + 3));
    }
    return [c2, c3];
  }
  const r = Math.sqrt(Math.abs(z));
  return z > 0 ? [(1 - Math.cos(r)) / z, (r - Math.sin(r)) / (r * z)] : [(1 - Math.cosh(r)) / z, (r - Math.sinh(r)) / (r * z)];
}

/** Root of a rising function: Newton's steps, halving where one leaves the bracket. */
function root(f: (x: number) => number, slope: (x: number) => number, from: number, to: number): number {
  let [lo, hi, x] = [from, to, (from + to) / 2];
  for (let pass = 0; pass < 100; pass++) {
    const value = f(x);
    if (value > 0) hi = x;
    else lo = x;
    const step = x - value / slope(x);
    const next = step > lo && step < hi ? step : (lo + hi) / 2;
    if (Math.abs(next - x) <= 1e-15 * Math.max(1, Math.abs(x))) return next;
    x = next;
  }
  return x;
}
