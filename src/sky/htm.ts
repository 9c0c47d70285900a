/**
 * Hierarchical triangular mesh with the numbering of sphgeom: roots 8..15, two bits a level. Indices of level 24
 * and below are exact in a JavaScript number.
 */
import type { SkyPolygon } from '../model/apdb.ts';
import { orientation } from './orientation.ts';
import type { SkyRegion } from './region.ts';
import { polygonRelation } from './regionRelation.ts';
import { unitVector } from './sphere.ts';
import type { Vector3 } from './sphere.ts';

export type Trixel = readonly [Vector3, Vector3, Vector3];

const [X, Y, Z]: Vector3[] = [[1, 0, 0], [0, 1, 0], [0, 0, 1]] as [Vector3, Vector3, Vector3];
const [negX, negY, negZ]: Vector3[] = [[-1, 0, 0], [0, -1, 0], [0, 0, -1]] as [Vector3, Vector3, Vector3];
/** S0..S3, N0..N3. */
export const HTM_ROOTS: readonly Trixel[] = [
  [X!, negZ!, Y!], [Y!, negZ!, negX!], [negX!, negZ!, negY!], [negY!, negZ!, X!],
  [X!, Z!, negY!], [negY!, Z!, negX!], [negX!, Z!, Y!], [Y!, Z!, X!],
];

/** Index of the trixel of a level (0..24) that contains a direction (degrees). */
export function htmIndex(level: number, ra: number, dec: number): number {
  checkLevel(level);
  const v = unitVector(ra, dec);
  const root = rootOf(v);
  let [a, b, c] = HTM_ROOTS[root]!;
  let index = root + 8;
  for (let l = 0; l < level; l++) {
    const [m01, m12, m20] = [middle(a, b), middle(b, c), middle(c, a)];
    index *= 4;
    if (orientation(v, m01, m20) >= 0) [b, c] = [m01, m20];
    else if (orientation(v, m12, m01) >= 0) { [a, b, c] = [b, m12, m01]; index += 1; }
    else if (orientation(v, m20, m12) >= 0) { [a, b, c] = [c, m20, m12]; index += 2; }
    else { [a, b, c] = [m12, m20, m01]; index += 3; }
  }
  return index;
}

/**
 * Trixels of a level that are not disjoint from a region, as sorted, merged ranges [begin, end); exact for convex
 * polygons, circles, boxes and ellipses. A union or intersection may bring a few that only come near. With
 * `maxRanges` the subdivision stops at the level before the list would grow beyond it: the ranges still cover
 * the region, with a wider margin.
 */
export function htmEnvelope(level: number, region: SkyRegion, maxRanges = Infinity): number[][] {
  return trixelRanges(level, region, maxRanges).envelope;
}

/** Trixels of a level that lie within a region, as sorted, merged ranges [begin, end). */
export function htmInterior(level: number, region: SkyRegion): number[][] {
  return trixelRanges(level, region, Infinity).interior;
}

function trixelRanges(level: number, region: SkyRegion, maxRanges: number): { envelope: number[][]; interior: number[][] } {
  checkLevel(level);
  const relation = polygonRelation(region);
  const inside: number[][] = [];
  let border: { index: number; trixel: Trixel }[] = [];
  const sort = (index: number, trixel: Trixel, atLevel: number, into: typeof border): void => {
    const found = relation(trixel);
    if (found === 'inside') inside.push(rangeOf(index, level - atLevel));
    else if (found === 'border') into.push({ index, trixel });
  };
  HTM_ROOTS.forEach((trixel, r) => sort(r + 8, trixel, 0, border));
  let ranges = mergeRanges([...inside, ...border.map(t => rangeOf(t.index, level))]);
  for (let l = 1; l <= level && border.length > 0; l++) {
    const finer: typeof border = [];
    for (const { index, trixel } of border) trixelChildren(trixel).forEach((t, k) => sort(4 * index + k, t, l, finer));
    border = finer;
    const next = mergeRanges([...inside, ...border.map(t => rangeOf(t.index, level - l))]);
    if (next.length > maxRanges) break;
    ranges = next;
  }
  return { envelope: ranges, interior: mergeRanges(inside) };
}

/** All indices in ranges [begin, end). */
export function indicesOfRanges(ranges: readonly (readonly number[])[]): number[] {
  return ranges.flatMap(([begin, end]) => Array.from({ length: end! - begin! }, (_, k) => begin! + k));
}

/** Corners of a trixel as a polygon, counter-clockwise. */
export function htmTrixel(index: number): SkyPolygon {
  const level = (Math.floor(Math.log2(index)) - 3) / 2;
  if (!Number.isInteger(level) || level < 0 || level > 24) throw new RangeError(`${index} is not a trixel index`);
  let trixel = HTM_ROOTS[Math.floor(index / 4 ** level) - 8]!;
  for (let l = level - 1; l >= 0; l--) trixel = trixelChildren(trixel)[Math.floor(index / 4 ** l) % 4]!;
  const vertices = trixel.map(([x, y, z]): [number, number] => {
    const ra = (Math.atan2(y, x) * 180) / Math.PI;
    return [ra < 0 ? ra + 360 : ra, (Math.atan2(z, Math.hypot(x, y)) * 180) / Math.PI];
  });
  return { vertices_deg: vertices };
}

/** The four trixels of the next level. */
export function trixelChildren([a, b, c]: Trixel): Trixel[] {
  const [m01, m12, m20] = [middle(a, b), middle(b, c), middle(c, a)];
  return [[a, m01, m20], [b, m12, m01], [c, m20, m12], [m12, m20, m01]];
}

function rootOf([x, y, z]: Vector3): number {
  if (z < 0) {
    if (y > 0) return x > 0 ? 0 : 1;
    if (y === 0) return x >= 0 ? 0 : 2;
    return x < 0 ? 2 : 3;
  }
  if (y > 0) return x > 0 ? 7 : 6;
  if (y === 0) return x >= 0 ? 7 : 5;
  return x < 0 ? 5 : 4;
}

function middle(a: Vector3, b: Vector3): Vector3 {
  const v: Vector3 = [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
  const length = Math.hypot(...v);
  return [v[0] / length, v[1] / length, v[2] / length];
}

function rangeOf(index: number, levelsBelow: number): number[] {
  const n = 4 ** levelsBelow;
  return [index * n, (index + 1) * n];
}

function mergeRanges(ranges: number[][]): number[][] {
  const sorted = ranges.toSorted((a, b) => a[0]! - b[0]!);
  const merged: number[][] = [];
  for (const [begin, end] of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && begin! <= last[1]!) last[1] = Math.max(last[1]!, end!);
    else merged.push([begin!, end!]);
  }
  return merged;
}

function checkLevel(level: number): void {
  if (!Number.isInteger(level) || level < 0 || level > 24) throw new RangeError(`HTM level ${level} is not in 0..24`);
}
