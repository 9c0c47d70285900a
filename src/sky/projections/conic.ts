/** Conic projections COP, COE, COD, COO and the polyconic BON, PCO (Paper II, sections 5.4 and 5.5). */
import { sfl } from './cylindrical.ts';
import {
  asind, atan2d, atand, cosd, nativeWithin, R0, RADIAN, sind, tand, undefinedPoint,
  type Projection, type ProjectionParameters,
} from './projection.ts';

interface Cone {
  /** Constant of the cone and radius at the reference latitude (degrees). */
  readonly c: number;
  readonly y0: number;
  readonly radiusOf: (theta: number) => number;
  readonly thetaOf: (radius: number) => number;
}

/** PV_1 = theta_a (required), PV_2 = eta (0), degrees. undefined for parameters without a cone. */
function conic(pv: ProjectionParameters, coneOf: (thetaA: number, eta: number) => Cone): Projection | undefined {
  const [thetaA, eta] = [pv[1], pv[2] ?? 0];
  if (thetaA === undefined || thetaA === -eta || !(Math.abs(thetaA) <= 90)) return undefined;
  const { c, y0, radiusOf, thetaOf } = coneOf(thetaA, eta);
  if (c === 0 || !Number.isFinite(c) || !Number.isFinite(y0)) return undefined;
  return {
    phi0_deg: 0, theta0_deg: thetaA,
    toPlane: (phi, theta) => {
      const r = radiusOf(theta);
      return [r * sind(c * phi), y0 - r * cosd(c * phi)];
    },
    toNative: (x, y) => {
      const dy = y0 - y;
      const r = Math.sign(thetaA) * Math.hypot(x, dy);
      const angle = r === 0 ? 0 : atan2d(x / r, dy / r);
      return nativeWithin(angle / c, thetaOf(r), 1e-10);
    },
  };
}

/** Conic perspective. */
export function cop(pv: ProjectionParameters): Projection | undefined {
  return conic(pv, (thetaA, eta) => {
    const scale = R0 * cosd(eta);
    const cot = 1 / tand(thetaA);
    return {
      c: sind(thetaA), y0: scale * cot,
      radiusOf: theta => {
        const r = scale * (cot - tand(theta - thetaA));
        // At 90 degrees from theta_a the image is at infinity; a radius of the other sign is the other nappe of the cone.
        return cosd(theta - thetaA) > 0 && r * Math.sign(thetaA) >= 0 ? r : NaN;
      },
      thetaOf: r => thetaA + atand(cot - r / scale),
    };
  });
}

/** Conic equal-area. */
export function coe(pv: ProjectionParameters): Projection | undefined {
  return conic(pv, (thetaA, eta) => {
    const [s1, s2] = [sind(thetaA - eta), sind(thetaA + eta)];
    const gamma = s1 + s2;
    const radiusOf = (theta: number): number => {
      const square = 1 + s1 * s2 - gamma * sind(theta);
      return 2 * R0 / gamma * Math.sqrt(square < 0 && square > -1e-13 ? 0 : square);
    };
    return {
      c: gamma / 2, y0: radiusOf(thetaA), radiusOf,
      thetaOf: r => {
        const half = gamma * r / (2 * R0);
        return asind((1 + s1 * s2 - half * half) / gamma, 1e-12);
      },
    };
  });
}

/** Conic equidistant. */
export function cod(pv: ProjectionParameters): Projection | undefined {
  return conic(pv, (thetaA, eta) => {
    const ratio = eta === 0 ? 1 : sind(eta) / (eta * RADIAN);
    const y0 = (eta === 0 ? R0 : eta / tand(eta)) / tand(thetaA);
    return {
      c: sind(thetaA) * ratio, y0: eta === 0 ? R0 / tand(thetaA) : y0,
      radiusOf: theta => thetaA - theta + y0,
      thetaOf: r => thetaA + y0 - r,
    };
  });
}

/** Conic orthomorphic. */
export function coo(pv: ProjectionParameters): Projection | undefined {
  return conic(pv, (thetaA, eta) => {
    const [theta1, theta2] = [thetaA - eta, thetaA + eta];
    const half = (theta: number): number => tand((90 - theta) / 2);
    const c = eta === 0 ? sind(theta1) : Math.log(cosd(theta2) / cosd(theta1)) / Math.log(half(theta2) / half(theta1));
    const psi = R0 * cosd(theta1) / (c * half(theta1) ** c);
    const radiusOf = (theta: number): number => {
      // One of the poles is at infinity, the other at the apex.
      if (theta <= -90) return c < 0 ? 0 : NaN;
      return theta >= 90 ? (c > 0 ? 0 : NaN) : psi * half(theta) ** c;
    };
    return {
      c, y0: radiusOf(thetaA), radiusOf,
      thetaOf: r => (r === 0 ? 90 * Math.sign(c) : 90 - 2 * atand((r / psi) ** (1 / c))),
    };
  });
}

/** Bonne's equal-area projection: PV_1 = theta_1 (required); SFL for theta_1 = 0. */
export function bon(pv: ProjectionParameters): Projection | undefined {
  const theta1 = pv[1];
  if (theta1 === undefined) return undefined;
  if (theta1 === 0) return sfl();
  const y0 = R0 / tand(theta1) + theta1;
  return {
    phi0_deg: 0, theta0_deg: 0,
    toPlane: (phi, theta) => {
      const r = y0 - theta;
      const angle = r === 0 ? 0 : phi * cosd(theta) / r;
      return [r * Math.sin(angle), y0 - r * Math.cos(angle)];
    },
    toNative: (x, y) => {
      const dy = y0 - y;
      const r = Math.sign(theta1) * Math.hypot(x, dy);
      const theta = y0 - r;
      const angle = r === 0 ? 0 : Math.atan2(x / r, dy / r);
      const c = cosd(theta);
      if (Math.abs(Math.abs(theta) - 90) < 1e-10) return nativeWithin(0, theta, 1e-10);
      return nativeWithin(angle * r / c, theta, 1e-11);
    },
  };
}

/** Polyconic. */
export function pco(): Projection {
  return {
    phi0_deg: 0, theta0_deg: 0,
    toPlane: (phi, theta) => {
      if (theta === 0) return [phi, 0];
      const [angle, cot] = [phi * sind(theta), 1 / tand(theta)];
      const h = sind(angle / 2);
      return [R0 * cot * sind(angle), theta + 2 * R0 * cot * h * h];
    },
    toNative: (x, y) => {
      const theta = polyconicLatitude(x, y);
      if (Number.isNaN(theta)) return undefinedPoint();
      if (theta === 0) return nativeWithin(x, 0, 1e-11);
      if (Math.abs(theta) === 90) return [0, theta];
      const t = tand(theta);
      return nativeWithin(atan2d(x * t, R0 - (y - theta) * t) / sind(theta), theta, 1e-11);
    },
  };
}

/** Solution of x^2 + (y - theta)^2 = 2 R0 (y - theta) cot(theta) between 0 and y; NaN outside of the poles. */
function polyconicLatitude(x: number, y: number): number {
  const w = Math.abs(y);
  if (w === 0) return 0;
  if (Math.abs(w - 90) < 1e-12 && Math.abs(x) < 1e-12) return 90 * Math.sign(y);
  // Multiplied by tan(theta): rises from -2 R0 |y| ... at theta = 0 to a positive value at theta = min(|y|, 90).
  const excess = (theta: number): number => (x * x + (w - theta) ** 2) * tand(theta) - 2 * R0 * (w - theta);
  let [low, high] = [0, Math.min(w, 90)];
  if (w > 90 && !(x * x + (w - 90) ** 2 > 0)) return NaN;
  for (let pass = 0; pass < 200; pass++) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (excess(middle) < 0) low = middle;
    else high = middle;
  }
  return Math.sign(y) * (low + high) / 2;
}
