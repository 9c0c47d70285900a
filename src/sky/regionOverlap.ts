/** Do two regions share a point? And the convex hull of positions. */
import type { SkyPolygon } from '../model/apdb.ts';
import { HTM_ROOTS, trixelChildren } from './htm.ts';
import type { Trixel } from './htm.ts';
import { angleBetween, boxWidth_deg, eastOf, isBox, isCircle, isPolygon, normalized, regionBoundingCircle } from './region.ts';
import type { SkyBox, SkyRegion, SkyShape } from './region.ts';
import { boxDistance, polygonRelation } from './regionRelation.ts';
import { cross, directionOf, dot, polygonVectors, unitVector } from './sphere.ts';
import type { Vector3 } from './sphere.ts';

const RADIAN = Math.PI / 180;
/** Trixels are halved until they are this many times smaller than the smaller region (as a power of two). */
const HALVINGS = 6;
const DEEPEST_LEVEL = 24;

/**
 * True when the regions share a point, borders included. Exact between polygons, circles and boxes and between a
 * polygon and an ellipse. Other pairs are compared trixel by trixel: regions that come nearer than about 1/60 of
 * the smaller one's size count as overlapping, regions that overlap always do.
 */
export function regionsOverlap(a: SkyRegion, b: SkyRegion): boolean {
  if (isPolygon(a)) return polygonRelation(b)(polygonVectors(a)) !== 'outside';
  if (isPolygon(b)) return regionsOverlap(b, a);
  if (isUnion(a)) return a.operands.some(region => regionsOverlap(region, b));
  if (isUnion(b)) return regionsOverlap(b, a);
  if (isBox(a) && isBox(b)) return boxesOverlap(a, b);
  if (isCircle(a) && isCircle(b)) {
    return angleBetween(unitVector(a.ra, a.dec), unitVector(b.ra, b.dec)) <= (a.radius_deg + b.radius_deg) * RADIAN;
  }
  if (isCircle(a) && isBox(b)) return boxDistance(b, a.ra, a.dec) <= a.radius_deg * RADIAN;
  if (isBox(a) && isCircle(b)) return regionsOverlap(b, a);
  return overlapByTrixels(a, b);
}

/** True when the region holds the whole convex polygon; a union only when one of its operands does. */
export function regionHolds(region: SkyRegion, polygon: SkyPolygon): boolean {
  return polygonRelation(region)(polygonVectors(polygon)) === 'inside';
}

const isUnion = (region: SkyRegion): region is { operator: 'union'; operands: readonly SkyShape[] } =>
  'operator' in region && region.operator === 'union';

function boxesOverlap(a: SkyBox, b: SkyBox): boolean {
  if (a.decMin > b.decMax || b.decMin > a.decMax) return false;
  // All right ascensions meet in a pole.
  if ([90, -90].some(pole => [a, b].every(box => box.decMin <= pole && box.decMax >= pole))) return true;
  return eastOf(a, b.raMin) <= boxWidth_deg(a) || eastOf(b, a.raMin) <= boxWidth_deg(b);
}

function overlapByTrixels(a: SkyRegion, b: SkyRegion): boolean {
  const [ofA, ofB] = [polygonRelation(a), polygonRelation(b)];
  const size_deg = Math.min(regionBoundingCircle(a).radius_deg, regionBoundingCircle(b).radius_deg);
  const deepest = Math.min(DEEPEST_LEVEL, Math.max(0, Math.ceil(Math.log2(90 / size_deg))) + HALVINGS);
  const shares = (trixel: Trixel, level: number): boolean => {
    const [inA, inB] = [ofA(trixel), ofB(trixel)];
    if (inA === 'outside' || inB === 'outside') return false;
    if (level === deepest || (inA === 'inside' && inB === 'inside')) return true;
    return trixelChildren(trixel).some(child => shares(child, level + 1));
  };
  return HTM_ROOTS.some(root => shares(root, 0));
}

/**
 * The smallest convex polygon around positions (degrees), counter-clockwise, without vertices on straight edges. Great
 * circles are straight lines in a tangent plane, where Andrew's monotone chain (1979) finds it.
 * @throws RangeError for fewer than three positions, and when they do not fit into an open hemisphere or lie on one great circle.
 */
export function convexHull(positions: readonly (readonly [number, number])[]): SkyPolygon {
  if (positions.length < 3) throw new RangeError(`${positions.length} positions have no convex hull`);
  const vectors = positions.map(([ra, dec]) => unitVector(ra, dec));
  const pole = poleOfHemisphere(vectors);
  const east = normalized(Math.abs(pole[2]) < 0.9 ? cross([0, 0, 1], pole) : cross([1, 0, 0], pole));
  const north = cross(pole, east);
  const points = vectors.map((v, k) => ({ k, x: dot(v, east) / dot(v, pole), y: dot(v, north) / dot(v, pole) }))
    .sort((a, b) => a.x - b.x || a.y - b.y);
  const hull = [...halfHull(points), ...halfHull(points.toReversed())];
  if (hull.length < 3) throw new RangeError(`${positions.length} positions on one great circle have no convex hull`);
  return { vertices_deg: hull.map(({ k }) => directionOf(vectors[k]!)) };
}

interface PlanePoint { readonly k: number; readonly x: number; readonly y: number }

/** One half of the hull, without its last point. */
function halfHull(points: readonly PlanePoint[]): PlanePoint[] {
  const hull: PlanePoint[] = [];
  for (const p of points) {
    while (hull.length >= 2 && turn(hull.at(-2)!, hull.at(-1)!, p) <= 0) hull.pop();
    hull.push(p);
  }
  hull.pop();
  return hull;
}

function turn(a: PlanePoint, b: PlanePoint, c: PlanePoint): number {
  return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
}

/** A direction less than 90 degrees from all vectors: their mean, mended by the perceptron rule where that fails. */
function poleOfHemisphere(vectors: readonly Vector3[]): Vector3 {
  const add = (a: Vector3, b: Vector3): Vector3 => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
  let sum = vectors.reduce(add, [0, 0, 0]);
  for (let step = 0; step < 10_000; step++) {
    const lowest = vectors.reduce((low, v) => (dot(v, sum) < dot(low, sum) ? v : low), vectors[0]!);
    if (dot(lowest, sum) > 1e-6 * Math.hypot(...sum)) return normalized(sum);
    sum = add(sum, lowest);
  }
  throw new RangeError(`${vectors.length} positions do not fit into a hemisphere`);
}
