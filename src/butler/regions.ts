/** Regions of visits: the convex hull of what the detectors see. */
import type { SkyPolygon } from '../model/apdb.ts';
import { boundingCircle } from '../sky/sphere.ts';
import { planeToSky, skyToPlane } from '../sky/wcs.ts';

/**
 * The smallest convex polygon around all the polygons, counter-clockwise. They must lie within a hemisphere: great
 * circles are straight lines in the tangent plane, where the hull is found by Andrew's monotone chain (1979).
 */
export function hullOfPolygons(polygons: readonly SkyPolygon[]): SkyPolygon {
  const vertices_deg = polygons.flatMap(polygon => polygon.vertices_deg);
  const { ra, dec } = boundingCircle({ vertices_deg });
  const points = vertices_deg.map(([r, d]) => skyToPlane([ra, dec], r, d)).sort(([x1, y1], [x2, y2]) => x1 - x2 || y1 - y2);
  // Seen from outside the sphere, right ascension grows to the right: the plane is (east, north) and keeps the sense.
  const hull = [...chain(points), ...chain(points.toReversed())];
  return { vertices_deg: hull.map(([x, y]) => planeToSky([ra, dec], x, y)) };
}

type Point = readonly [number, number];

/** One half of the hull, without its last point. */
function chain(points: readonly Point[]): Point[] {
  const hull: Point[] = [];
  for (const p of points) {
    while (hull.length >= 2 && sineOfTurn(hull.at(-2)!, hull.at(-1)!, p) <= MIN_SINE) hull.pop();
    hull.push(p);
  }
  hull.pop();
  return hull;
}

/** Detectors in a row have corners on one line; rounding on the way to vectors and back must not make them a dent. */
const MIN_SINE = 1e-9;

/** Sine of the left turn at b. */
function sineOfTurn([ax, ay]: Point, [bx, by]: Point, [cx, cy]: Point): number {
  const [ux, uy, vx, vy] = [bx - ax, by - ay, cx - bx, cy - by];
  return (ux * vy - uy * vx) / (Math.hypot(ux, uy) * Math.hypot(vx, vy) || 1);
}
