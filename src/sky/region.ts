/**
 * Regions of the sky: convex polygons, circles, boxes, ellipses, and unions and intersections of them. Angles in
 * degrees. Borders belong to the region.
 */
import type { SkyPolygon } from '../model/apdb.ts';
import { normalRa, raDifference } from './angles.ts';
import {
  boundingCircle, cross, directionOf, dot, edgeNormals, offsetBy, polygonArea_deg2, polygonContains, polygonVectors, unitVector,
} from './sphere.ts';
import type { Vector3 } from './sphere.ts';

export interface SkyCircle {
  readonly ra: number;
  readonly dec: number;
  /** Opening angle, 0 to 180. */
  readonly radius_deg: number;
}

/** From raMin eastwards to raMax (raMin > raMax passes through 0; 0 to 360 is the whole circle), decMin to decMax. */
export interface SkyBox {
  readonly raMin: number;
  readonly raMax: number;
  readonly decMin: number;
  readonly decMax: number;
}

/** Points whose distances to two foci sum up to at most the long axis. Both semi-axes are in (0, 90). */
export interface SkyEllipse {
  readonly ra: number;
  readonly dec: number;
  /** Semi-axis along the position angle, and across it; either may be the longer one. */
  readonly alpha_deg: number;
  readonly beta_deg: number;
  /** East of north. */
  readonly angle_deg: number;
}

export interface SkyCompound {
  readonly operator: 'union' | 'intersection';
  readonly operands: readonly SkyRegion[];
}

export type SkyShape = SkyPolygon | SkyCircle | SkyBox | SkyEllipse;
export type SkyRegion = SkyShape | SkyCompound;

const RADIAN = Math.PI / 180;
/** Bounding boxes are grown by this much, so that rounding never leaves the border outside. */
const BOX_PAD_deg = 1e-10;

export const isPolygon = (region: SkyRegion): region is SkyPolygon => 'vertices_deg' in region;
export const isCircle = (region: SkyRegion): region is SkyCircle => 'radius_deg' in region;
export const isBox = (region: SkyRegion): region is SkyBox => 'raMin' in region;
export const isEllipse = (region: SkyRegion): region is SkyEllipse => 'alpha_deg' in region;

/** True when the position is in the region or on its border. */
export function regionContains(region: SkyRegion, ra: number, dec: number): boolean {
  if (isPolygon(region)) return polygonContains(region, ra, dec);
  if (isCircle(region)) return circleContains(region, unitVector(ra, dec));
  if (isBox(region)) return boxContains(region, ra, dec);
  if (isEllipse(region)) return focalSum(region, unitVector(ra, dec)) <= 2 * longSemiAxis(region);
  const { operator, operands } = region;
  return operator === 'union' ? operands.some(r => regionContains(r, ra, dec)) : operands.every(r => regionContains(r, ra, dec));
}

export function circleContains({ ra, dec, radius_deg }: SkyCircle, v: Vector3): boolean {
  return angleBetween(unitVector(ra, dec), v) <= radius_deg * RADIAN;
}

export function boxContains(box: SkyBox, ra: number, dec: number): boolean {
  return dec >= box.decMin && dec <= box.decMax && (Math.abs(dec) === 90 || eastOf(box, ra) <= boxWidth_deg(box));
}

/** Extent in right ascension, 0 to 360. */
export function boxWidth_deg({ raMin, raMax }: SkyBox): number {
  return raMax - raMin >= 360 ? 360 : normalRa(raMax - raMin);
}

/** Degrees eastwards from the western side of a box, in [0, 360). */
export function eastOf({ raMin }: SkyBox, ra: number): number {
  return normalRa(ra - raMin);
}

/** Angle between two unit vectors, radians; accurate at every distance. */
export function angleBetween(a: Vector3, b: Vector3): number {
  return Math.atan2(Math.hypot(...cross(a, b)), dot(a, b));
}

export function longSemiAxis({ alpha_deg, beta_deg }: SkyEllipse): number {
  return Math.max(alpha_deg, beta_deg) * RADIAN;
}

/** The two foci: on the long axis, at the distance c with cos a = cos b cos c. */
export function ellipseFoci(ellipse: SkyEllipse): [Vector3, Vector3] {
  const { ra, dec, alpha_deg, beta_deg, angle_deg } = ellipse;
  const [long, short] = [Math.max(alpha_deg, beta_deg), Math.min(alpha_deg, beta_deg)];
  if (!(short > 0 && long < 90)) throw new RangeError(`semi-axes ${alpha_deg} and ${beta_deg} deg are not in (0, 90)`);
  const direction = alpha_deg >= beta_deg ? angle_deg : angle_deg + 90;
  // tan(c/2)^2 of the right triangle, which loses no digits for small or nearly round ellipses.
  const [sum, difference] = [(long + short) / 2 * RADIAN, (long - short) / 2 * RADIAN];
  const distance_arcsec = 2 * Math.atan(Math.sqrt(Math.tan(sum) * Math.tan(difference))) * (3600 / RADIAN);
  const focus = (angle: number): Vector3 => unitVector(...offsetBy(ra, dec, angle, distance_arcsec));
  return [focus(direction), focus(direction + 180)];
}

function focalSum(ellipse: SkyEllipse, v: Vector3): number {
  const [f1, f2] = ellipseFoci(ellipse);
  return angleBetween(f1, v) + angleBetween(f2, v);
}

/** How a small circle lies to a region; `border` when that could not be decided cheaply. */
export type CapRelation = 'inside' | 'outside' | 'border';

/**
 * Compares every point within `radius` (radians) of unit vectors with a region. `inside` and `outside` are certain.
 * Build it once for a region and ask it often.
 */
export function capRelation(region: SkyRegion): (center: Vector3, radius: number) => CapRelation {
  if (isPolygon(region)) {
    const distance = polygonDistance(polygonVectors(region));
    return (center, radius) => byMargin(-distance(center), radius);
  }
  if (isCircle(region)) {
    const c = unitVector(region.ra, region.dec);
    return (center, radius) => byMargin(region.radius_deg * RADIAN - angleBetween(c, center), radius);
  }
  if (isBox(region)) return (center, radius) => capAndBox(region, center, radius);
  if (isEllipse(region)) {
    const [f1, f2] = ellipseFoci(region);
    const axis = longSemiAxis(region);
    return (center, radius) => byMargin(axis - (angleBetween(f1, center) + angleBetween(f2, center)) / 2, radius);
  }
  const operands = region.operands.map(capRelation);
  const [decisive, other] = region.operator === 'union' ? ['inside', 'outside'] as const : ['outside', 'inside'] as const;
  return (center, radius) => {
    const relations = operands.map(relation => relation(center, radius));
    if (relations.includes(decisive)) return decisive;
    return relations.every(r => r === other) ? other : 'border';
  };
}

/**
 * Angular distance of a unit vector from a convex polygon (counter-clockwise unit vectors), radians; negative inside,
 * where it is the distance from the great circle of the nearest edge.
 */
export function polygonDistance(vertices: readonly Vector3[]): (p: Vector3) => number {
  const normals = edgeNormals(vertices).map(normalized);
  return p => {
    const heights = normals.map(n => asin(dot(n, p)));
    const lowest = Math.min(...heights);
    if (lowest >= 0) return -lowest;
    return Math.min(...heights.map((height, k) =>
      arcDistance(vertices[k]!, vertices[(k + 1) % vertices.length]!, normals[k]!, height, p)));
  };
}

/** Distance from the arc a b whose unit normal is n; `height` is the angle of p above the plane of the arc. */
export function arcDistance(a: Vector3, b: Vector3, n: Vector3, height: number, p: Vector3): number {
  if (dot(cross(n, a), p) >= 0 && dot(cross(b, n), p) >= 0) return Math.abs(height);
  return Math.min(angleBetween(a, p), angleBetween(b, p));
}

/** `margin`: at least so far inside (positive) or outside (negative). */
function byMargin(margin: number, radius: number): CapRelation {
  return margin >= radius ? 'inside' : margin < -radius ? 'outside' : 'border';
}

function capAndBox(box: SkyBox, center: Vector3, radius: number): CapRelation {
  const [ra, dec] = directionOf(center);
  const r = radius / RADIAN;
  if (dec + r < box.decMin || dec - r > box.decMax) return 'outside';
  const width = boxWidth_deg(box);
  const isTall = dec - r >= box.decMin && dec + r <= box.decMax;
  if (width === 360) return isTall ? 'inside' : 'border';
  if (Math.abs(dec) + r >= 90) return 'border';
  const half = asin(Math.sin(radius) / Math.cos(dec * RADIAN)) / RADIAN;
  const fromMiddle = Math.abs(raDifference(ra, box.raMin + width / 2));
  if (fromMiddle > width / 2 + half) return 'outside';
  return isTall && fromMiddle + half <= width / 2 ? 'inside' : 'border';
}

/** Area in square degrees. Ellipses by the trapezoidal rule round the centre, which converges exponentially. */
export function regionArea_deg2(region: SkyShape): number {
  const deg2 = 1 / (RADIAN * RADIAN);
  if (isPolygon(region)) return polygonArea_deg2(region);
  if (isCircle(region)) return capArea(region.radius_deg * RADIAN) * deg2;
  if (isBox(region)) {
    const { decMin, decMax } = region;
    const height = 2 * Math.cos(((decMin + decMax) / 2) * RADIAN) * Math.sin(((decMax - decMin) / 2) * RADIAN);
    return (boxWidth_deg(region) * Math.max(0, height)) / RADIAN;
  }
  const [a, b] = [Math.tan(region.alpha_deg * RADIAN), Math.tan(region.beta_deg * RADIAN)];
  const n = 64 * Math.ceil(Math.max(a / b, b / a));
  let sum = 0;
  for (let k = 0; k < n; k++) {
    const phi = (2 * Math.PI * k) / n;
    sum += capArea(Math.atan(1 / Math.hypot(Math.cos(phi) / a, Math.sin(phi) / b)));
  }
  return (sum / n) * deg2;
}

function capArea(radius: number): number {
  return 4 * Math.PI * Math.sin(radius / 2) ** 2;
}

/** A circle around the region; the smallest one for circles and ellipses, a good one for others. */
export function regionBoundingCircle(region: SkyRegion): SkyCircle {
  if (isPolygon(region)) {
    const { ra, dec, radius_arcsec } = boundingCircle(region);
    return { ra, dec, radius_deg: radius_arcsec / 3600 };
  }
  if (isCircle(region)) return region;
  if (isBox(region)) return circleOfBox(region);
  if (isEllipse(region)) return { ra: region.ra, dec: region.dec, radius_deg: Math.max(region.alpha_deg, region.beta_deg) };
  const circles = region.operands.map(regionBoundingCircle);
  if (region.operator === 'intersection') return circles.reduce((best, c) => (c.radius_deg < best.radius_deg ? c : best));
  return circles.reduce(circleAround);
}

function circleOfBox(box: SkyBox): SkyCircle {
  const half = boxWidth_deg(box) / 2;
  const [ra, dec] = [normalRa(box.raMin + half), (box.decMin + box.decMax) / 2];
  // On a parallel the distance grows with the difference of right ascension; along a side the farthest point is an
  // end, or the place where the great circle of the side is farthest from the centre.
  const [s, c] = [Math.sin(dec * RADIAN), Math.cos(dec * RADIAN) * Math.cos(half * RADIAN)];
  const farthest = Math.atan2(-s, -c) / RADIAN;
  const decs = [box.decMin, box.decMax, ...(farthest > box.decMin && farthest < box.decMax ? [farthest] : [])];
  const center = unitVector(ra, dec);
  const radius_deg = Math.max(...decs.map(d => angleBetween(center, unitVector(ra + half, d)))) / RADIAN;
  const candidates = [
    { ra, dec, radius_deg }, { ra: 0, dec: 90, radius_deg: 90 - box.decMin }, { ra: 0, dec: -90, radius_deg: 90 + box.decMax },
  ];
  return candidates.reduce((best, circle) => (circle.radius_deg < best.radius_deg ? circle : best));
}

/** The smallest circle around two circles. */
function circleAround(a: SkyCircle, b: SkyCircle): SkyCircle {
  const [u, v] = [unitVector(a.ra, a.dec), unitVector(b.ra, b.dec)];
  const distance = angleBetween(u, v) / RADIAN;
  if (distance + b.radius_deg <= a.radius_deg) return a;
  if (distance + a.radius_deg <= b.radius_deg) return b;
  const radius_deg = (distance + a.radius_deg + b.radius_deg) / 2;
  if (radius_deg >= 180) return { ra: a.ra, dec: a.dec, radius_deg: 180 };
  const t = (radius_deg - a.radius_deg) * RADIAN;
  const side = normalized(cross(cross(u, v), u));
  const at = (k: 0 | 1 | 2): number => Math.cos(t) * u[k] + Math.sin(t) * side[k];
  const [ra, dec] = directionOf([at(0), at(1), at(2)]);
  return { ra, dec, radius_deg: Math.min(180, radius_deg + BOX_PAD_deg) };
}

/** A box around the region, grown by 1e-10 deg; the whole circle in right ascension where the region reaches a pole. */
export function regionBoundingBox(region: SkyShape): SkyBox {
  if (isBox(region)) return region;
  if (isPolygon(region)) return boxOfPolygon(region);
  if (isCircle(region)) return boxOfCircle(region);
  return boxOfCircle(regionBoundingCircle(region));
}

function boxOfCircle({ ra, dec, radius_deg }: SkyCircle): SkyBox {
  const half = Math.abs(dec) + radius_deg >= 90 ? 180 : asin(Math.sin(radius_deg * RADIAN) / Math.cos(dec * RADIAN)) / RADIAN;
  return paddedBox(ra - half, ra + half, dec - radius_deg, dec + radius_deg);
}

function boxOfPolygon(polygon: SkyPolygon): SkyBox {
  const { raStart, west, east, decMin, decMax, hasPole } = polygonExtent(polygonVectors(polygon));
  return hasPole ? paddedBox(0, 360, decMin, decMax) : paddedBox(raStart + west, raStart + east, decMin, decMax);
}

/**
 * What a convex polygon (counter-clockwise unit vectors) spans: declinations, bulges of the edges included, and degrees
 * west and east (at most 0, at least 0) of the right ascension of its first vertex. With a pole inside or on the border
 * the right ascensions mean nothing.
 */
export function polygonExtent(vectors: readonly Vector3[]): {
  raStart: number; west: number; east: number; decMin: number; decMax: number; hasPole: boolean;
} {
  const vertices = vectors.map(directionOf);
  const decs = vertices.map(([, dec]) => dec);
  const normals = edgeNormals(vectors).map(normalized);
  normals.forEach((n, k) => {
    // An edge along the equator has no northernmost point.
    if (n[0] === 0 && n[1] === 0) return;
    // The northernmost point of the great circle, and the southernmost opposite to it.
    const top: Vector3 = [-n[0] * n[2], -n[1] * n[2], n[0] * n[0] + n[1] * n[1]];
    for (const point of [top, opposite(top)]) if (isAlong(vectors, k, n, point)) decs.push(directionOf(point)[1]);
  });
  const [north, south] = [1, -1].map(z => normals.every(n => z * n[2] >= -1e-15));
  let [ra, east, west] = [0, 0, 0];
  for (let k = 1; k < vertices.length; k++) {
    ra += raDifference(vertices[k]![0], vertices[k - 1]![0]);
    [east, west] = [Math.max(east, ra), Math.min(west, ra)];
  }
  return {
    raStart: vertices[0]![0], west, east, hasPole: north! || south!,
    decMin: south ? -90 : Math.min(...decs), decMax: north ? 90 : Math.max(...decs),
  };
}

/** True when a point of the great circle of edge k (unit normal n) lies on the edge. */
export function isAlong(vertices: readonly Vector3[], k: number, n: Vector3, point: Vector3): boolean {
  return dot(cross(n, vertices[k]!), point) >= 0 && dot(cross(vertices[(k + 1) % vertices.length]!, n), point) >= 0;
}

export function opposite(v: Vector3): Vector3 {
  return [-v[0], -v[1], -v[2]];
}

function paddedBox(raMin: number, raMax: number, decMin: number, decMax: number): SkyBox {
  const isFull = raMax - raMin + 2 * BOX_PAD_deg >= 360;
  return {
    raMin: isFull ? 0 : normalRa(raMin - BOX_PAD_deg), raMax: isFull ? 360 : normalRa(raMax + BOX_PAD_deg),
    decMin: Math.max(-90, decMin - BOX_PAD_deg), decMax: Math.min(90, decMax + BOX_PAD_deg),
  };
}

export function normalized(v: Vector3): Vector3 {
  const length = Math.hypot(...v);
  return [v[0] / length, v[1] / length, v[2] / length];
}

function asin(x: number): number {
  return Math.asin(Math.max(-1, Math.min(1, x)));
}
