/** HPX, the HEALPix projection (Calabretta & Roukema 2007), and XPH, its polar form (Calabretta & Lowe 2013). */
import { asind, nativeWithin, RADIAN, sind, undefinedPoint, type Point, type Projection, type ProjectionParameters } from './projection.ts';

/** Facets in longitude PV_1 = H (4) and in latitude PV_2 = K (3). undefined unless both are positive. */
export function hpx(pv: ProjectionParameters): Projection | undefined {
  const [h, k] = [pv[1] ?? 4, pv[2] ?? 3];
  if (!(h > 0 && k > 0)) return undefined;
  const facet = 180 / h;
  const kOdd = Math.floor(k + 0.5) % 2 === 1;
  const hOdd = Math.floor(h + 0.5) % 2;
  /** Offset of a longitude from the middle of its polar facet. */
  const fromMiddle = (longitude: number, north: boolean): number => {
    const middle = -180 + (2 * Math.floor((longitude + 180) / (2 * facet)) + 1) * facet;
    const offset = longitude - middle;
    if (kOdd || north) return offset;
    return (Math.floor(longitude / facet) + hOdd) % 2 === 0 ? offset + facet : offset - facet;
  };
  return {
    phi0_deg: 0, theta0_deg: 0,
    toPlane: (phi, theta) => {
      const s = sind(theta);
      if (Math.abs(s) <= (k - 1) / k) return [phi, 90 * k / h * s];
      const sigma = Math.sqrt(k * polarDrop(theta));
      const x = phi + fromMiddle(phi, theta > 0) * (sigma - 1);
      return [x > 180 ? 360 - x : x, Math.sign(theta) * facet * ((k + 1) / 2 - sigma)];
    },
    toNative: (x, y) => {
      if (Math.abs(y) <= 90 * (k - 1) / h) return nativeWithin(x, asind(y * h / (90 * k)));
      const sigma = (k + 1) / 2 - Math.abs(y) / facet;
      if (!(sigma >= 0 && sigma * sigma <= 2 * k)) return undefinedPoint();
      const offset = fromMiddle(x, y > 0);
      const stretched = sigma === 0 ? (offset === 0 ? 0 : Infinity) : offset / sigma;
      if (!(Math.abs(stretched) < facet + 1e-12)) return undefinedPoint();
      return nativeWithin(x + stretched - offset, Math.sign(y) * latitudeOf(sigma * sigma / k));
    },
  };
}

/** 1 - |sin(theta)| without cancellation at the poles. */
function polarDrop(theta: number): number {
  const s = Math.sin((90 - Math.abs(theta)) / 2 * RADIAN);
  return 2 * s * s;
}

/** Latitude (0 or above near the pole) whose sine is 1 - drop. */
function latitudeOf(drop: number): number {
  return 90 - 2 * Math.asin(Math.sqrt(drop / 2)) / RADIAN;
}

/** The butterfly: HPX with its northern facets folded about the north pole. */
export function xph(): Projection {
  return {
    phi0_deg: 0, theta0_deg: 90,
    toPlane: (phi, theta) => {
      const turned = ((phi + 180) % 360 + 360) % 360;
      const quadrant = Math.min(3, Math.floor(turned / 90));
      const within = turned - 90 * quadrant;
      const [xi, eta] = butterflyWing(within, theta);
      const [a, b] = [(xi - 45) * Math.SQRT1_2, (eta - 90) * Math.SQRT1_2];
      return ([[-a + b, -a - b], [a + b, -a + b], [a - b, a + b], [-a - b, a - b]] as const)[quadrant]!.slice() as Point;
    },
    toNative: (x, y) => {
      const [u, v] = [x * Math.SQRT1_2, y * Math.SQRT1_2];
      const quadrant = u <= 0 && v > 0 ? 0 : u < 0 && v <= 0 ? 1 : u >= 0 && v < 0 ? 2 : 3;
      const [a, b] = ([[-u - v, u - v], [u - v, u + v], [u + v, -u + v], [-u + v, -u - v]] as const)[quadrant]!;
      return butterflyInverse(a + 45, b + 90, -180 + 90 * quadrant);
    },
  };
}

/** HPX position (xi in 0..90, eta) of a longitude within its quadrant. */
function butterflyWing(within: number, theta: number): Point {
  const s = sind(theta);
  if (Math.abs(s) <= 2 / 3) return [within, 67.5 * s];
  const sigma = Math.sqrt(3 * polarDrop(theta));
  return [45 + (within - 45) * sigma, Math.sign(theta) * 45 * (2 - sigma)];
}

function butterflyInverse(xi: number, eta: number, phi: number): Point {
  const depth = Math.abs(eta);
  if (depth <= 45 + 1e-12) return xi >= -1e-11 && xi <= 90 + 1e-11 ? nativeWithin(phi + xi, asind(eta / 67.5)) : undefinedPoint();
  const sigma = (90 - depth) / 45;
  if (!(sigma >= -1e-12)) return undefinedPoint();
  const stretched = sigma <= 0 ? 0 : (xi - 45) / sigma;
  if (!(Math.abs(stretched) <= 45 + 1e-11)) return undefinedPoint();
  return nativeWithin(phi + 45 + stretched, Math.sign(eta) * latitudeOf(sigma * sigma / 3));
}
