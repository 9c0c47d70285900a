/** Zenithal projections AZP, SZP, TAN, STG, SIN, ARC, ZEA and AIR (Paper II, section 5.1); ZPN has its own file. */
import {
  asind, atan2d, atand, cosd, nativeWithin, northernSolution, R0, sind, tand, undefinedPoint,
  type Point, type Projection, type ProjectionParameters,
} from './projection.ts';

/** A projection whose radius depends on theta alone. NaN from either function means undefined. */
export function radialProjection(radiusOf: (theta: number) => number, thetaOf: (radius: number) => number): Projection {
  return {
    phi0_deg: 0, theta0_deg: 90,
    toPlane: (phi, theta) => {
      const r = radiusOf(theta);
      return [r * sind(phi), -r * cosd(phi)];
    },
    toNative: (x, y) => {
      const r = Math.hypot(x, y);
      const theta = thetaOf(r);
      if (Number.isNaN(theta)) return undefinedPoint();
      return [r === 0 ? 0 : atan2d(x, -y), theta];
    },
  };
}

/** Gnomonic; the hemisphere theta > 0. */
export function tan(): Projection {
  return radialProjection(
    theta => (sind(theta) > 0 ? R0 * cosd(theta) / sind(theta) : NaN),
    r => atan2d(R0, r),
  );
}

/** Stereographic; everything but theta = -90. */
export function stg(): Projection {
  return radialProjection(
    theta => (theta > -90 ? 2 * R0 * tand((90 - theta) / 2) : NaN),
    r => 90 - 2 * atand(r / (2 * R0)),
  );
}

/** Zenithal equidistant. */
export function arc(): Projection {
  return radialProjection(theta => 90 - theta, r => nativeWithin(0, 90 - r, 1e-10)[1]);
}

/** Zenithal equal-area. */
export function zea(): Projection {
  return radialProjection(
    theta => 2 * R0 * sind((90 - theta) / 2),
    r => 90 - 2 * asind(r / (2 * R0), 1e-12),
  );
}

/** Airy's projection with its latitude of least error PV_1 (90). */
export function air(pv: ProjectionParameters): Projection {
  const edge = (90 - (pv[1] ?? 90)) / 2;
  // ln(cos z)/tan(z)^2 tends to -1/2 at the pole.
  const weight = edge === 0 ? -0.5 : Math.log(cosd(edge)) / tand(edge) ** 2;
  const radius = (halfDistance: number): number => {
    if (halfDistance === 0) return 0;
    const t = tand(halfDistance);
    const inner = Math.abs(t) < 1e-4 ? -t / 2 : Math.log(cosd(halfDistance)) / t;
    return -2 * R0 * (inner + weight * t);
  };
  return radialProjection(
    theta => (theta > -90 ? radius((90 - theta) / 2) : NaN),
    r => 90 - 2 * airHalfDistance(radius, r),
  );
}

/** Inverse of Airy's radius by bisection that ends at neighbouring numbers; the radius rises from 0 to 90 degrees. */
function airHalfDistance(radius: (halfDistance: number) => number, r: number): number {
  let [low, high] = [0, 90];
  if (!(r >= 0)) return NaN;
  if (r === 0) return 0;
  for (let pass = 0; pass < 200; pass++) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (radius(middle) < r) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Slant orthographic with PV_1 and PV_2 (xi, eta of Paper II, eq. 42). */
export function sin(pv: ProjectionParameters): Projection {
  const [xi, eta] = [pv[1] ?? 0, pv[2] ?? 0];
  const slant = xi !== 0 || eta !== 0;
  return {
    phi0_deg: 0, theta0_deg: 90,
    toPlane: (phi, theta) => {
      // The far side of the sphere, seen along the slanted direction, has the same image as the near side.
      const limit = slant ? -atand(xi * sind(phi) - eta * cosd(phi)) : 0;
      if (!(theta >= limit)) return undefinedPoint();
      const z = slant ? oneMinusSine(theta) : 0;
      return [R0 * (cosd(theta) * sind(phi) + xi * z), -R0 * (cosd(theta) * cosd(phi) - eta * z)];
    },
    toNative: (x, y) => {
      const [u, v] = [x / R0, y / R0];
      if (!slant) return orthographicInverse(u, v);
      return tiltedInverse(u, v, xi, eta);
    },
  };
}

function orthographicInverse(u: number, v: number): Point {
  const square = u * u + v * v;
  if (!(square <= 1 + 1e-12)) return undefinedPoint();
  return [square === 0 ? 0 : atan2d(u, -v), atan2d(Math.sqrt(Math.max(0, 1 - square)), Math.sqrt(square))];
}

/** 1 - sin(theta) without cancellation near the pole. */
export function oneMinusSine(theta: number): number {
  const s = sind((90 - theta) / 2);
  return 2 * s * s;
}

/**
 * Direction with cos(theta) sin(phi) = u - a z, cos(theta) cos(phi) = -(v - b z), z = 1 - sin(theta): the smaller
 * root z of the quadratic, which is the northern point (Paper II, eqs. 33 and 43).
 */
function tiltedInverse(u: number, v: number, a: number, b: number): Point {
  const qa = a * a + b * b + 1;
  const qb = 1 + a * u + b * v;
  const qc = u * u + v * v;
  let root = qb * qb - qa * qc;
  if (root < 0 && root > -1e-12) root = 0;
  if (!(root >= 0)) return undefinedPoint();
  const s = Math.sqrt(root);
  // Roots (qb -+ s) / qa; the small one is written without cancellation.
  const small = qb > 0 ? qc / (qb + s) : (qb - s) / qa;
  const large = (qb + s) / qa;
  const z = small >= -1e-12 ? Math.max(0, small) : large;
  if (!(z >= -1e-12 && z <= 2 + 1e-12)) return undefinedPoint();
  const theta = 90 - 2 * asind(Math.sqrt(Math.max(0, z) / 2));
  const [east, south] = [u - a * z, -(v - b * z)];
  return [east === 0 && south === 0 ? 0 : atan2d(east, south), theta];
}

/** Zenithal perspective, tilted by gamma: PV_1 = mu, PV_2 = gamma in degrees (Paper II, eqs. 20 to 29). */
export function azp(pv: ProjectionParameters): Projection | undefined {
  const [mu, gamma] = [pv[1] ?? 0, pv[2] ?? 0];
  if (mu === -1 || cosd(gamma) === 0) return undefined;
  const [sg, cg, tg] = [sind(gamma), cosd(gamma), sind(gamma) / cosd(gamma)];
  return {
    phi0_deg: 0, theta0_deg: 90,
    toPlane: (phi, theta) => {
      const depth = mu + sind(theta) + cosd(theta) * cosd(phi) * tg;
      const behind = !(depth * (mu + 1) > 0);
      const overlaps = Math.abs(mu) > 1 && theta < asind(-1 / mu);
      if (behind || overlaps) return undefinedPoint();
      const r = R0 * (mu + 1) * cosd(theta) / depth;
      return [r * sind(phi), -r * cosd(phi) / cg];
    },
    toNative: (x, y) => {
      const tilted = y * cg;
      const r = Math.hypot(x, tilted);
      if (r === 0) return [0, 90];
      const s = r / (R0 * (mu + 1) + y * sg);
      const t = s * mu / Math.sqrt(s * s + 1);
      if (!(Math.abs(t) <= 1 + 1e-10)) return undefinedPoint();
      return [atan2d(x, -tilted), northernSolution(atan2d(1, s), asind(t))];
    },
  };
}

/** Slant zenithal perspective: PV_1 = mu, PV_2 = phi_c, PV_3 = theta_c in degrees (Paper II, eqs. 30 to 36). */
export function szp(pv: ProjectionParameters): Projection | undefined {
  const [mu, phiC, thetaC] = [pv[1] ?? 0, pv[2] ?? 0, pv[3] ?? 90];
  const xp = -mu * cosd(thetaC) * sind(phiC);
  const yp = mu * cosd(thetaC) * cosd(phiC);
  const zp = mu * sind(thetaC) + 1;
  if (zp === 0) return undefined;
  return {
    phi0_deg: 0, theta0_deg: 90,
    toPlane: (phi, theta) => {
      const z = oneMinusSine(theta);
      const [east, north] = [cosd(theta) * sind(phi), -cosd(theta) * cosd(phi)];
      const depth = zp - z;
      // Defined on the side of the pole: of the plane through the point of projection, and of its horizon.
      const horizon = xp * east + yp * north + (1 - zp) * (1 - z) - 1;
      if (!(depth * zp > 0) || (Math.abs(mu) > 1 && horizon * zp > 0)) return undefinedPoint();
      return [R0 * (zp * east - xp * z) / depth, R0 * (zp * north - yp * z) / depth];
    },
    toNative: (x, y) => {
      const [u, v] = [x / R0, y / R0];
      // zp east = u (zp - z) + xp z, that is east = u - z (u - xp) / zp.
      return tiltedInverse(u, v, (u - xp) / zp, (v - yp) / zp);
    },
  };
}

