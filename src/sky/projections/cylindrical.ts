/** Cylindrical and pseudo-cylindrical projections CYP, CEA, CAR, MER, SFL, PAR, MOL, AIT (Paper II, sections 5.2 and 5.3). */
import {
  asind, atan2d, atand, cosd, nativeWithin, R0, RADIAN, sind, tand, undefinedPoint,
  type Point, type Projection, type ProjectionParameters,
} from './projection.ts';

const about = (toPlane: Projection['toPlane'], toNative: Projection['toNative']): Projection =>
  ({ phi0_deg: 0, theta0_deg: 0, toPlane, toNative });

/** Cylindrical perspective: PV_1 = mu (1), PV_2 = lambda (1). */
export function cyp(pv: ProjectionParameters): Projection | undefined {
  const [mu, lambda] = [pv[1] ?? 1, pv[2] ?? 1];
  if (lambda === 0 || mu + lambda === 0) return undefined;
  return about(
    (phi, theta) => {
      const depth = mu + cosd(theta);
      if (depth === 0) return undefinedPoint();
      return [lambda * phi, R0 * (mu + lambda) * sind(theta) / depth];
    },
    (x, y) => {
      const eta = y / (R0 * (mu + lambda));
      return nativeWithin(x / lambda, atan2d(eta, 1) + asind(eta * mu / Math.sqrt(eta * eta + 1), 1e-13));
    },
  );
}

/** Cylindrical equal-area: PV_1 = lambda (1), in (0, 1]. */
export function cea(pv: ProjectionParameters): Projection | undefined {
  const lambda = pv[1] ?? 1;
  if (!(lambda > 0 && lambda <= 1)) return undefined;
  return about(
    (phi, theta) => [phi, R0 * sind(theta) / lambda],
    (x, y) => nativeWithin(x, asind(y * lambda / R0, 1e-13)),
  );
}

/** Plate carree. */
export function car(): Projection {
  return about((phi, theta) => [phi, theta], (x, y) => nativeWithin(x, y));
}

/** Mercator; everything but the poles. */
export function mer(): Projection {
  return about(
    (phi, theta) => (Math.abs(theta) < 90 ? [phi, R0 * Math.log(tand((90 + theta) / 2))] : undefinedPoint()),
    (x, y) => nativeWithin(x, 2 * atand(Math.exp(y / R0)) - 90),
  );
}

/** Sanson-Flamsteed. */
export function sfl(): Projection {
  return about(
    (phi, theta) => [phi * cosd(theta), theta],
    (x, y) => {
      const c = Math.cos(y * RADIAN);
      if (Math.abs(y) >= 90 - 1e-12) return poleOf(x, y, 90);
      return nativeWithin(x / c, y);
    },
  );
}

/** The native pole when (x, y) is its image within rounding. */
function poleOf(x: number, y: number, pole_y: number): Point {
  return Math.abs(x) < 1e-12 && Math.abs(y) <= pole_y + 1e-10 ? [0, 90 * Math.sign(y)] : undefinedPoint();
}

/** Parabolic. */
export function par(): Projection {
  return about(
    (phi, theta) => {
      const s = sind(theta / 3);
      return [phi * (1 - 4 * s * s), 180 * s];
    },
    (x, y) => {
      const s = y / 180;
      const t = 1 - 4 * s * s;
      if (!(Math.abs(s) <= 1)) return undefinedPoint();
      if (t === 0) return Math.abs(x) < 1e-12 ? [0, 90 * Math.sign(y)] : undefinedPoint();
      return nativeWithin(x / t, 3 * asind(s));
    },
  );
}

/** Mollweide. */
export function mol(): Projection {
  const height = Math.SQRT2 * R0;
  return about(
    (phi, theta) => {
      const gamma = mollweideAngle(theta);
      return [2 * Math.SQRT2 / Math.PI * phi * Math.cos(gamma), height * Math.sin(gamma)];
    },
    (x, y) => {
      const s = y / height;
      if (!(Math.abs(s) <= 1 + 1e-12)) return undefinedPoint();
      const c = Math.sqrt(Math.max(0, 1 - s * s));
      const theta = asind((Math.asin(Math.min(1, Math.max(-1, s))) + s * c) * 2 / Math.PI);
      if (c < 1e-12) return poleOf(x, theta, 90);
      return nativeWithin(x * Math.PI / (2 * Math.SQRT2 * c), theta);
    },
  );
}

/** Solution gamma (radians) of 2 gamma + sin(2 gamma) = pi sin(theta); bisection, then Newton where the slope allows it. */
function mollweideAngle(theta: number): number {
  if (Math.abs(theta) >= 90) return Math.PI / 2 * Math.sign(theta);
  const target = Math.PI * sind(theta);
  let [low, high] = [-Math.PI / 2, Math.PI / 2];
  let gamma = theta * RADIAN;
  for (let pass = 0; pass < 100; pass++) {
    const excess = 2 * gamma + Math.sin(2 * gamma) - target;
    if (excess > 0) high = gamma;
    else low = gamma;
    const next = gamma - excess / (4 * Math.cos(gamma) ** 2);
    const moved = next > low && next < high ? next : (low + high) / 2;
    if (Math.abs(moved - gamma) < 1e-16) return moved;
    gamma = moved;
  }
  return gamma;
}

/** Hammer-Aitoff. */
export function ait(): Projection {
  return about(
    (phi, theta) => {
      const gamma = R0 * Math.sqrt(2 / (1 + cosd(theta) * cosd(phi / 2)));
      return [2 * gamma * cosd(theta) * sind(phi / 2), gamma * sind(theta)];
    },
    (x, y) => {
      const z2 = 1 - (x / (4 * R0)) ** 2 - (y / (2 * R0)) ** 2;
      if (!(z2 >= 0.5 - 1e-13)) return undefinedPoint();
      const z = Math.sqrt(z2);
      const [east, depth] = [z * x / (2 * R0), 2 * z2 - 1];
      const sine = y * z / R0;
      if (!(Math.abs(sine) <= 1 + 1e-13)) return undefinedPoint();
      return nativeWithin(east === 0 && depth === 0 ? 0 : 2 * atan2d(east, depth), asind(sine));
    },
  );
}
