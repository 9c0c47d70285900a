/** How convex polygons lie to regions: the question that trixels and images ask. */
import {
  angleBetween, arcDistance, boxContains, boxWidth_deg, capRelation, eastOf, ellipseFoci, isAlong, isBox, isCircle, isEllipse, isPolygon,
  longSemiAxis, normalized, opposite, polygonDistance, polygonExtent,
} from './region.ts';
import type { CapRelation, SkyBox, SkyCircle, SkyEllipse, SkyRegion } from './region.ts';
import { convexOverlap, cross, directionOf, dot, edgeNormals, polygonVectors, unitVector } from './sphere.ts';
import type { Vector3 } from './sphere.ts';

type PolygonRelation = (vertices: readonly Vector3[]) => CapRelation;

const RADIAN = Math.PI / 180;
/** Edges are searched for their nearest point in pieces of this length. */
const PIECE = 10 * RADIAN;

/**
 * Compares convex polygons (counter-clockwise unit vectors, smaller than a hemisphere) with a region: `inside` when the
 * region holds the polygon, `outside` when they share no point, else `border`. Exact, but unions and intersections may
 * answer `border` where more thought would decide. Build it once for a region and ask it often.
 */
export function polygonRelation(region: SkyRegion): PolygonRelation {
  if (isPolygon(region)) {
    const own = polygonVectors(region);
    const normals = edgeNormals(own);
    return vertices => {
      if (!convexOverlap(vertices, own)) return 'outside';
      return vertices.every(p => normals.every(n => dot(n, p) >= 0)) ? 'inside' : 'border';
    };
  }
  if (isCircle(region)) return relationToCircle(region);
  if (isBox(region)) return relationToBox(region);
  if (isEllipse(region)) return relationToEllipse(region);
  const operands = region.operands.map(polygonRelation);
  const [decisive, other] = region.operator === 'union' ? ['inside', 'outside'] as const : ['outside', 'inside'] as const;
  return vertices => {
    const relations = operands.map(relation => relation(vertices));
    if (relations.includes(decisive)) return decisive;
    return relations.every(r => r === other) ? other : 'border';
  };
}

function relationToCircle({ ra, dec, radius_deg }: SkyCircle): PolygonRelation {
  const center = unitVector(ra, dec);
  const radius = radius_deg * RADIAN;
  return vertices => {
    const distance = polygonDistance(vertices);
    if (distance(center) > radius) return 'outside';
    // A circle beyond a hemisphere is not convex; what it leaves out is.
    const isWithin = radius < Math.PI / 2
      ? vertices.every(p => angleBetween(center, p) <= radius)
      : distance(opposite(center)) >= Math.PI - radius;
    return isWithin ? 'inside' : 'border';
  };
}

function relationToBox(box: SkyBox): PolygonRelation {
  return vertices => {
    if (isWithinBox(vertices, box)) return 'inside';
    return meetsBox(vertices, box) ? 'border' : 'outside';
  };
}

function isWithinBox(vertices: readonly Vector3[], box: SkyBox): boolean {
  const { raStart, west, east, decMin, decMax, hasPole } = polygonExtent(vertices);
  if (decMin < box.decMin || decMax > box.decMax) return false;
  const width = boxWidth_deg(box);
  if (width === 360) return true;
  const start = eastOf(box, raStart);
  return !hasPole && start + west >= 0 && start + east <= width;
}

function meetsBox(vertices: readonly Vector3[], box: SkyBox): boolean {
  if (vertices.some(v => boxContains(box, ...directionOf(v)))) return true;
  const normals = edgeNormals(vertices).map(normalized);
  const { raMin, raMax, decMin, decMax } = box;
  const corners = [[raMin, decMin], [raMax, decMin], [raMax, decMax], [raMin, decMax]].map(([ra, dec]) => unitVector(ra!, dec!));
  if (corners.some(c => normals.every(n => dot(n, c) >= 0))) return true;
  const crossings = (n: Vector3): Crossing[] => [
    ...parallelPoints(n, decMin), ...parallelPoints(n, decMax), ...meridianPoints(n, raMin), ...meridianPoints(n, raMax),
  ];
  return normals.some((n, k) => crossings(n).some(({ point, isOnSide }) => isAlong(vertices, k, n, point) && isOnSide(box)));
}

interface Crossing { readonly point: Vector3; readonly isOnSide: (box: SkyBox) => boolean }

/** Where a great circle meets a parallel. */
function parallelPoints(n: Vector3, dec: number): Crossing[] {
  const tilt = Math.hypot(n[0], n[1]);
  if (tilt === 0) return [];
  const node: Vector3 = [n[1] / tilt, -n[0] / tilt, 0];
  const top = cross(n, node);
  const sine = Math.sin(dec * RADIAN) / top[2];
  if (!(Math.abs(sine) <= 1)) return [];
  const cosine = Math.sqrt(1 - sine * sine);
  return [cosine, -cosine].map(c => {
    const point: Vector3 = [c * node[0] + sine * top[0], c * node[1] + sine * top[1], sine * top[2]];
    return { point, isOnSide: box => eastOf(box, directionOf(point)[0]) <= boxWidth_deg(box) };
  });
}

/** Where a great circle meets a meridian, from pole to pole. */
function meridianPoints(n: Vector3, ra: number): Crossing[] {
  const [x, y] = unitVector(ra, 0);
  const both = cross(n, [-y, x, 0]);
  if (Math.hypot(...both) < 1e-15) return [];
  const point = both[0] * x + both[1] * y >= 0 ? both : opposite(both);
  const dec = directionOf(point)[1];
  return [{ point, isOnSide: box => boxWidth_deg(box) < 360 && dec >= box.decMin && dec <= box.decMax }];
}

/** Exact: the sum of the distances to the foci is convex near the ellipse, so that its vertices and edges decide. */
function relationToEllipse(ellipse: SkyEllipse): PolygonRelation {
  const [f1, f2] = ellipseFoci(ellipse);
  const axis = 2 * longSemiAxis(ellipse);
  const center = unitVector(ellipse.ra, ellipse.dec);
  const near = capRelation({ ra: ellipse.ra, dec: ellipse.dec, radius_deg: Math.max(ellipse.alpha_deg, ellipse.beta_deg) });
  const sum = (p: Vector3): number => angleBetween(f1, p) + angleBetween(f2, p);
  return vertices => {
    const middle = normalized(vertices.reduce<Vector3>((s, v) => [s[0] + v[0], s[1] + v[1], s[2] + v[2]], [0, 0, 0]));
    if (near(middle, Math.max(...vertices.map(v => angleBetween(middle, v)))) === 'outside') return 'outside';
    const inside = vertices.filter(v => sum(v) <= axis).length;
    if (inside === vertices.length) return 'inside';
    if (inside > 0 || polygonDistance(vertices)(center) <= 0) return 'border';
    const touches = vertices.some((v, k) => smallestOnArc(v, vertices[(k + 1) % vertices.length]!, sum, axis) <= axis);
    return touches ? 'border' : 'outside';
  };
}

/** Smallest value of a function on an arc, by golden sections of its pieces; ends early below `enough`. */
function smallestOnArc(a: Vector3, b: Vector3, f: (p: Vector3) => number, enough: number): number {
  const n = Math.ceil(angleBetween(a, b) / PIECE);
  const at = (t: number): Vector3 => normalized([0, 1, 2].map(k => a[k]! * (1 - t) + b[k]! * t) as unknown as Vector3);
  const ratio = (Math.sqrt(5) - 1) / 2;
  let smallest = Infinity;
  for (let piece = 0; piece < n && smallest > enough; piece++) {
    let [low, high] = [piece / n, (piece + 1) / n];
    for (let step = 0; step < 40 && smallest > enough; step++) {
      const [p, q] = [high - ratio * (high - low), low + ratio * (high - low)];
      const [fp, fq] = [f(at(p)), f(at(q))];
      smallest = Math.min(smallest, fp, fq);
      if (fp < fq) high = q;
      else low = p;
    }
  }
  return smallest;
}

/** Distance of a position from a box, radians; 0 inside. */
export function boxDistance(box: SkyBox, ra: number, dec: number): number {
  if (boxContains(box, ra, dec)) return 0;
  const p = unitVector(ra, dec);
  const width = boxWidth_deg(box);
  const toParallel = width === 360 || eastOf(box, ra) <= width
    ? Math.min(Math.abs(dec - box.decMin), Math.abs(dec - box.decMax)) * RADIAN : Infinity;
  const toSides = [box.raMin, box.raMax].map(side => {
    const [x, y] = unitVector(side, 0);
    const n: Vector3 = [y, -x, 0];
    return arcDistance(unitVector(side, box.decMin), unitVector(side, box.decMax), n, Math.asin(dot(n, p)), p);
  });
  return Math.min(toParallel, ...toSides);
}
