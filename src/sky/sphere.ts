/** Geometry on the unit sphere. Angles in degrees unless the name says otherwise; position angles run east of north. */
import type { SkyPolygon } from '../model/apdb.ts';
import type { SkyWcs } from '../model/wcs.ts';
import { normalRa, raDifference } from './angles.ts';
import { pixelToSky } from './wcs.ts';

export type Vector3 = readonly [number, number, number];

const RADIAN = Math.PI / 180;
const ARCSEC_PER_RADIAN = 3600 / RADIAN;

/** Cartesian unit vector of a direction: x to (0, 0), y to (90, 0), z to the north pole. */
export function unitVector(ra: number, dec: number): Vector3 {
  const a = ra * RADIAN;
  const d = dec * RADIAN;
  return [Math.cos(a) * Math.cos(d), Math.sin(a) * Math.cos(d), Math.sin(d)];
}

/** Direction [ra in 0..360, dec] of a vector of any length; NaN for the null vector. */
export function directionOf(v: Vector3): [number, number] {
  const rho = Math.hypot(v[0], v[1]);
  if (rho === 0 && v[2] === 0) return [NaN, NaN];
  return [normalRa(Math.atan2(v[1], v[0]) / RADIAN), Math.atan2(v[2], rho) / RADIAN];
}

/** Angular distance in arcseconds (haversine up to 90 degrees, its complement above: accurate at every distance). */
export function separation_arcsec(ra1: number, dec1: number, ra2: number, dec2: number): number {
  const sinDec = Math.sin(((dec2 - dec1) / 2) * RADIAN);
  const sinRa = Math.sin((raDifference(ra2, ra1) / 2) * RADIAN);
  const h = sinDec * sinDec + Math.cos(dec1 * RADIAN) * Math.cos(dec2 * RADIAN) * sinRa * sinRa;
  if (h <= 0.5) return 2 * Math.asin(Math.sqrt(h)) * ARCSEC_PER_RADIAN;
  const cosSum = Math.sin(((dec2 + dec1) / 2) * RADIAN);
  const cosRa = Math.cos((raDifference(ra2, ra1) / 2) * RADIAN);
  const rest = cosSum * cosSum + Math.cos(dec1 * RADIAN) * Math.cos(dec2 * RADIAN) * cosRa * cosRa;
  return (Math.PI - 2 * Math.asin(Math.sqrt(Math.min(1, rest)))) * ARCSEC_PER_RADIAN;
}

/** Position angle of the second position as seen from the first, degrees east of north, in [0, 360). */
export function positionAngle_deg(ra1: number, dec1: number, ra2: number, dec2: number): number {
  const da = raDifference(ra2, ra1) * RADIAN;
  const [d1, d2] = [dec1 * RADIAN, dec2 * RADIAN];
  const half = Math.sin(da / 2);
  const north = Math.sin(d2 - d1) + 2 * Math.cos(d2) * Math.sin(d1) * half * half;
  return normalRa(Math.atan2(Math.sin(da) * Math.cos(d2), north) / RADIAN);
}

/** Position at the given distance and position angle from a start, as [ra, dec]. */
export function offsetBy(ra: number, dec: number, angle_deg: number, distance_arcsec: number): [number, number] {
  const [c, p, s] = [unitVector(ra, dec), angle_deg * RADIAN, distance_arcsec / ARCSEC_PER_RADIAN];
  const a = ra * RADIAN;
  const east: Vector3 = [-Math.sin(a), Math.cos(a), 0];
  const north = cross(c, east);
  const at = (k: 0 | 1 | 2): number =>
    Math.cos(s) * c[k] + Math.sin(s) * (Math.sin(p) * east[k] + Math.cos(p) * north[k]);
  return directionOf([at(0), at(1), at(2)]);
}

/** Offset of a position in the tangent plane of a reference, arcsec east and north; NaN at 90 degrees and beyond. */
export function tangentOffset_arcsec(ra: number, dec: number, refRa: number, refDec: number): [number, number] {
  const da = raDifference(ra, refRa) * RADIAN;
  const [d, d0] = [dec * RADIAN, refDec * RADIAN];
  const half = Math.sin(da / 2);
  const depth = Math.cos(d - d0) - 2 * Math.cos(d) * Math.cos(d0) * half * half;
  if (!(depth > 0)) return [NaN, NaN];
  const east = Math.cos(d) * Math.sin(da);
  const north = Math.sin(d - d0) + 2 * Math.cos(d) * Math.sin(d0) * half * half;
  return [(east / depth) * ARCSEC_PER_RADIAN, (north / depth) * ARCSEC_PER_RADIAN];
}

/**
 * The region of an image: corners of the pixel area, grown by `pad_px` on every side, counter-clockwise as
 * seen from outside the sphere whatever the parity of the WCS.
 */
export function polygonOfBox(wcs: SkyWcs, width: number, height: number, pad_px = 0): SkyPolygon {
  const [x0, y0, x1, y1] = [-0.5 - pad_px, -0.5 - pad_px, width - 0.5 + pad_px, height - 0.5 + pad_px];
  const corners = [pixelToSky(wcs, x0, y0), pixelToSky(wcs, x1, y0), pixelToSky(wcs, x1, y1), pixelToSky(wcs, x0, y1)];
  return orientedPolygon(corners);
}

/** The convex polygon with its vertices counter-clockwise as seen from outside; the given order is kept or reversed. */
export function orientedPolygon(vertices_deg: readonly (readonly [number, number])[]): SkyPolygon {
  const v = vertices_deg.map(([ra, dec]) => unitVector(ra, dec));
  const turn = dot(v[0]!, cross(v[1]!, v[2]!));
  return { vertices_deg: turn >= 0 ? vertices_deg : [...vertices_deg].reverse() };
}

/** True when the position is inside the convex polygon or on its border. */
export function polygonContains(polygon: SkyPolygon, ra: number, dec: number): boolean {
  const p = unitVector(ra, dec);
  return edgeNormals(polygonVectors(polygon)).every(normal => dot(normal, p) >= -1e-15);
}

/** True when two convex polygons, each smaller than a hemisphere, share a point (no edge of either separates them). */
export function polygonsOverlap(a: SkyPolygon, b: SkyPolygon): boolean {
  return convexOverlap(polygonVectors(a), polygonVectors(b));
}

export function polygonVectors(polygon: SkyPolygon): Vector3[] {
  return polygon.vertices_deg.map(([ra, dec]) => unitVector(ra, dec));
}

/** `polygonsOverlap` on unit vectors. */
export function convexOverlap(a: readonly Vector3[], b: readonly Vector3[]): boolean {
  return !isSeparatedByEdge(a, b) && !isSeparatedByEdge(b, a);
}

function isSeparatedByEdge(a: readonly Vector3[], b: readonly Vector3[]): boolean {
  return edgeNormals(a).some(normal => b.every(p => dot(normal, p) < 0));
}

/** Normals of the edges of a counter-clockwise polygon; they point inside. */
export function edgeNormals(vertices: readonly Vector3[]): Vector3[] {
  return vertices.map((v, k) => cross(v, vertices[(k + 1) % vertices.length]!));
}

/** Mean direction of the vertices and the largest distance of a vertex from it: a circle around the polygon. */
export function boundingCircle(polygon: SkyPolygon): { ra: number; dec: number; radius_arcsec: number } {
  const sum = polygonVectors(polygon).reduce<Vector3>((s, v) => [s[0] + v[0], s[1] + v[1], s[2] + v[2]], [0, 0, 0]);
  const [ra, dec] = directionOf(sum);
  const radii = polygon.vertices_deg.map(([r, d]) => separation_arcsec(ra, dec, r, d));
  return { ra, dec, radius_arcsec: Math.max(...radii) };
}

/** Area of a convex polygon in square degrees (angle excess of its triangle fan, by Van Oosterom and Strackee 1983). */
export function polygonArea_deg2(polygon: SkyPolygon): number {
  const v = polygonVectors(polygon);
  let steradian = 0;
  for (let k = 1; k + 1 < v.length; k++) {
    const [a, b, c] = [v[0]!, v[k]!, v[k + 1]!];
    steradian += 2 * Math.atan2(dot(a, cross(b, c)), 1 + dot(a, b) + dot(b, c) + dot(c, a));
  }
  return Math.abs(steradian) / (RADIAN * RADIAN);
}

export function cross(a: Vector3, b: Vector3): Vector3 {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

export function dot(a: Vector3, b: Vector3): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}
