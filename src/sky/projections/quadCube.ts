/** Projections onto the six faces of a cube: TSC, CSC and QSC (Paper II, section 5.6). */
import { asind, atan2d, cosd, RADIAN, sind, undefinedPoint, type Point, type Projection } from './projection.ts';

/** Position on a face in +-1 of a direction given by the face's own axes (zeta outward), and its inverse. */
interface FaceMap {
  readonly onFace: (xi: number, eta: number, zeta: number) => Point;
  /** xi and eta of a point on the face, with zeta, a vector of any length; NaN when there is none. */
  readonly offFace: (x: number, y: number) => [number, number, number];
}

/** Centre of each face in the plane, in units of 45 degrees; face 0 is north, 5 south. */
const CENTRES: readonly Readonly<Point>[] = [[0, 2], [0, 0], [2, 0], [4, 0], [6, 0], [0, -2]];

/** xi, eta, zeta of a direction (l, m, n) on a face, and back (Paper II, table 12). */
const FACE_AXES: readonly ((l: number, m: number, n: number) => [number, number, number])[] = [
  (l, m, n) => [m, -l, n], (l, m, n) => [m, n, l], (l, m, n) => [-l, n, m],
  (l, m, n) => [-m, n, -l], (l, m, n) => [l, n, -m], (l, m, n) => [m, l, -n],
];
const FACE_DIRECTIONS: readonly ((xi: number, eta: number, zeta: number) => [number, number, number])[] = [
  (xi, eta, zeta) => [-eta, xi, zeta], (xi, eta, zeta) => [zeta, xi, eta], (xi, eta, zeta) => [-xi, zeta, eta],
  (xi, eta, zeta) => [-zeta, -xi, eta], (xi, eta, zeta) => [xi, -zeta, eta], (xi, eta, zeta) => [eta, xi, -zeta],
];

function cube({ onFace, offFace }: FaceMap, precision: 'double' | 'single' = 'double'): Projection {
  const rounded = precision === 'single' ? Math.fround : (x: number): number => x;
  return {
    phi0_deg: 0, theta0_deg: 0,
    toPlane: (phi, theta) => {
      const [l, m, n] = [cosd(theta) * cosd(phi), cosd(theta) * sind(phi), sind(theta)];
      const depths = [n, l, m, -l, -m, -n];
      let face = 0;
      for (let k = 1; k < 6; k++) if (depths[k]! > depths[face]!) face = k;
      if (!Number.isFinite(l + m + n)) return undefinedPoint();
      const [x, y] = onFace(...FACE_AXES[face]!(l, m, n));
      const [x0, y0] = CENTRES[face]!;
      return [45 * rounded(x0 + clipped(x)), 45 * rounded(y0 + clipped(y))];
    },
    toNative: (x, y) => {
      const place = faceAt(rounded(x / 45), rounded(y / 45), rounded);
      if (place === undefined) return undefinedPoint();
      const [l, m, n] = FACE_DIRECTIONS[place.face]!(...offFace(place.x, place.y));
      const longitude = l === 0 && m === 0 ? 0 : atan2d(m, l);
      // A vector normalised in single precision has no better latitude than its third component.
      return [longitude, precision === 'single' ? asind(n, 1e-6) : atan2d(n, Math.hypot(l, m))];
    },
  };
}

/** Rounding may carry an edge beyond the face. */
function clipped(value: number): number {
  return Math.abs(value) > 1 && Math.abs(value) < 1 + 1e-7 ? Math.sign(value) : value;
}

/** Face under a plane position in units of 45 degrees; undefined beside the unfolded cube. */
function faceAt(x: number, y: number, rounded: (x: number) => number): { face: number; x: number; y: number } | undefined {
  const edge = 1e-11;
  if (!(Math.abs(x) <= 1 + edge ? Math.abs(y) <= 3 + edge : Math.abs(x) <= 7 + edge && Math.abs(y) <= 1 + edge)) return undefined;
  const u = x < -1 ? rounded(x + 8) : x;
  if (u > 5) return { face: 4, x: u - 6, y };
  if (u > 3) return { face: 3, x: u - 4, y };
  if (u > 1) return { face: 2, x: u - 2, y };
  if (y > 1) return { face: 0, x: u, y: y - 2 };
  return y < -1 ? { face: 5, x: u, y: y + 2 } : { face: 1, x: u, y };
}

/** Tangential spherical cube. */
export function tsc(): Projection {
  return cube({ onFace: (xi, eta, zeta) => [xi / zeta, eta / zeta], offFace: (x, y) => [x, y, 1] });
}

const f32 = Math.fround;

/**
 * COBE quadrilateralized spherical cube. Its formulas are fits that hold to some 24 arcseconds, and every widely used
 * program evaluates them in single precision; the same is done here, operation by operation, so that positions agree.
 */
export function csc(): Projection {
  return cube({
    onFace: (xi, eta, zeta) => {
      const [a, b] = [f32(xi / zeta), f32(eta / zeta)];
      return [cobeForward(a, b), cobeForward(b, a)];
    },
    offFace: (x, y) => {
      const [a, b] = [cobeInverse(x, y), cobeInverse(y, x)];
      const depth = 1 / Math.sqrt(f32(f32(a * a) + f32(b * b)) + 1);
      return [a * depth, b * depth, depth];
    },
  }, 'single');
}

/** Coefficients of Paper II, eq. (161). */
const [GAMMA_STAR, M, GAMMA, OMEGA1, D0, D1] = [
  1.37484847732, 0.004869491981, -0.13161671474, -0.159596235474, 0.0759196200467, -0.0217762490699,
].map(f32) as [number, number, number, number, number, number];
const [C00, C10, C01, C11, C20, C02] = [
  0.141189631152, 0.0809701286525, -0.281528535557, 0.15384112876, -0.178251207466, 0.106959469314,
].map(f32) as [number, number, number, number, number, number];

/** Equal-area position of tangential face coordinates (Paper II, eq. 161). */
function cobeForward(a: number, b: number): number {
  const [a2, b2] = [f32(a * a), f32(b * b)];
  const [ca2, cb2] = [f32(1 - a2), f32(1 - b2)];
  const tiny = f32(1e-16);
  const a4 = a2 > tiny ? f32(a2 * a2) : 0;
  const b4 = b2 > tiny ? f32(b2 * b2) : 0;
  const a2b2 = Math.abs(f32(a * b)) > tiny ? f32(a2 * b2) : 0;
  let cross = f32(C00 + f32(C10 * a2));
  for (const [c, power] of [[C01, b2], [C11, a2b2], [C20, a4], [C02, b4]] as const) cross = f32(cross + f32(c * power));
  const inner = f32(f32(f32(GAMMA * ca2) + f32(M * a2)) + f32(cb2 * cross));
  const outer = f32(a2 * f32(OMEGA1 - f32(ca2 * f32(D0 + f32(D1 * a2)))));
  return f32(a * f32(a2 + f32(ca2 * f32(f32(GAMMA_STAR + f32(b2 * inner)) + outer))));
}

/** P_ij of x^(2i) y^(2j), Paper II, table 14; row j holds i = 0, 1, ... */
const COBE_INVERSE: readonly (readonly number[])[] = [
  [-0.27292696, -0.07629969, -0.22797056, 0.54852384, -0.62930065, 0.25795794, 0.02584375],
  [-0.02819452, -0.01471565, 0.48051509, -1.74114454, 1.71547508, -0.53022337],
  [0.2705816, -0.56800938, 0.30803317, 0.98938102, -0.83180469],
  [-0.6044156, 1.50880086, -0.93678576, 0.08693841],
  [0.93412077, -1.4160192, 0.33887446],
  [-0.63915306, 0.52032238],
  [0.14381585],
].map(row => row.map(f32));

/** Tangential face coordinate of an equal-area position (Paper II, eq. 163). */
function cobeInverse(x: number, y: number): number {
  const [x2, y2] = [f32(x * x), f32(y * y)];
  let sum = 0;
  for (let j = 6; j >= 0; j--) {
    const row = COBE_INVERSE[j]!;
    let inner = 0;
    for (let i = row.length - 1; i >= 0; i--) inner = f32(f32(inner * x2) + row[i]!);
    sum = f32(f32(sum * y2) + inner);
  }
  return f32(x + f32(f32(x * f32(1 - x2)) * sum));
}

/** Quadrilateralized spherical cube. */
export function qsc(): Projection {
  return cube({
    onFace: (xi, eta, zeta) => {
      if (xi === 0 && eta === 0) return [0, 0];
      const wide = Math.abs(xi) > Math.abs(eta);
      const [u, v] = wide ? quarterForward(xi, eta, zeta) : quarterForward(eta, xi, zeta);
      return wide ? [u, v] : [v, u];
    },
    offFace: (x, y) => {
      if (x === 0 && y === 0) return [0, 0, 1];
      const wide = Math.abs(x) > Math.abs(y);
      const [xi, eta, zeta] = wide ? quarterInverse(x, y) : quarterInverse(y, x);
      return wide ? [xi, eta, zeta] : [eta, xi, zeta];
    },
  });
}

/** A quarter of a face: `p` is the larger of the two coordinates (Paper II, eqs. 169 to 173). */
function quarterForward(p: number, q: number, zeta: number): Point {
  const omega = q / p;
  const tau = 1 + omega * omega;
  // 1 - zeta without cancellation for a unit vector.
  const drop = (p * p + q * q) / (1 + zeta);
  const u = Math.sign(p) * Math.sqrt(drop / (1 - 1 / Math.sqrt(1 + tau)));
  return [u, (u / 15) * (Math.atan(omega) - Math.asin(omega / Math.sqrt(2 * tau))) / RADIAN];
}

function quarterInverse(u: number, v: number): [number, number, number] {
  const angle = 15 * (v / u);
  const omega = sind(angle) / (cosd(angle) - Math.SQRT1_2);
  const tau = 1 + omega * omega;
  const drop = u * u * (1 - 1 / Math.sqrt(1 + tau));
  const zeta = 1 - drop;
  if (!(zeta >= -1 - 1e-12)) return [NaN, NaN, NaN];
  const p = Math.sign(u) * Math.sqrt(Math.max(0, drop * (2 - drop)) / tau);
  return [p, omega * p, zeta];
}
