/**
 * HEALPix: equal-area pixels of the sphere (Gorski et al. 2005, ApJ 622, 759), orders 0 to 29, nside = 2^order, in the
 * nested and the ring numbering. Indices are BigInt, for those of order 25 and above exceed 2^53; `Number(index)` is
 * exact below. Agrees with healpy. Positions are in degrees.
 */
import { healpixRingPlace, ringIndexOf, type HealpixCell, FACE_PHI, FACE_RING } from './healpixRing.ts';
import { angleBetween, capRelation, regionContains, type SkyRegion } from './region.ts';
import { directionOf, unitVector, type Vector3 } from './sphere.ts';

export type HealpixScheme = 'nest' | 'ring';
export const HEALPIX_MAX_ORDER = 29;

const QUARTER = Math.PI / 2;
const RADIAN = Math.PI / 180;

/** Number of pixels of an order. */
export function healpixCount(order: number): bigint {
  checkOrder(order);
  return 12n << BigInt(2 * order);
}

/** Index of the pixel that contains a position. @throws RangeError for an order outside 0..29 or a position that is none. */
export function healpixIndex(order: number, ra: number, dec: number, scheme: HealpixScheme = 'nest'): bigint {
  checkOrder(order);
  if (!Number.isFinite(ra) || !(Math.abs(dec) <= 90)) throw new RangeError(`(${ra}, ${dec}) is not a position`);
  return indexOf(order, cellAt(order, ra, dec), scheme);
}

/** Centre of a pixel as [ra, dec]. @throws RangeError for an index that the order does not have. */
export function healpixCenter(order: number, index: bigint | number, scheme: HealpixScheme = 'nest'): [number, number] {
  const { face, x, y } = cellOf(order, index, scheme);
  const nside = 2 ** order;
  return placeInFace(face, (x + 0.5) / nside, (y + 0.5) / nside);
}

/**
 * Points on the border of a pixel, `step` a side, counter-clockwise from the northern corner over the western one.
 * The sides are no great circles: more steps follow them better.
 */
export function healpixBoundary(
  order: number, index: bigint | number, { scheme = 'nest', step = 1 }: { scheme?: HealpixScheme; step?: number } = {},
): [number, number][] {
  const cell = cellOf(order, index, scheme);
  const sides: ((t: number) => [number, number])[] = [t => [1 - t, 1], t => [0, 1 - t], t => [t, 0], t => [1, t]];
  return sides.flatMap(side => Array.from({ length: step }, (_, i) => placeInCell(order, cell, side(i / step))));
}

/** The same pixel in the other numbering. */
export function healpixNestOfRing(order: number, index: bigint | number): bigint {
  return indexOf(order, cellOf(order, index, 'ring'), 'nest');
}

export function healpixRingOfNest(order: number, index: bigint | number): bigint {
  return indexOf(order, cellOf(order, index, 'nest'), 'ring');
}

/**
 * Pixels of a region, as sorted and merged ranges [begin, end) of the nested numbering.
 * @param mode `centers`: the pixels whose centre is in the region, as healpy without `inclusive`. `overlapping`: all that
 * share a point with it; pixels that come as near as an eighth of their size may be among them (healpy `inclusive`
 * with `fact` 4 gives the same or more).
 */
export function healpixRanges(order: number, region: SkyRegion, mode: 'centers' | 'overlapping'): [bigint, bigint][] {
  checkOrder(order);
  const relation = capRelation(region);
  const ranges: [bigint, bigint][] = [];
  const add = (cell: HealpixCell, atOrder: number): void => {
    const width = BigInt(2 * (order - atOrder));
    const first = indexOf(atOrder, cell, 'nest');
    const [begin, end] = [first << width, (first + 1n) << width];
    const last = ranges.at(-1);
    if (last?.[1] === begin) last[1] = end;
    else ranges.push([begin, end]);
  };
  const visit = (cell: HealpixCell, atOrder: number): void => {
    const { center, radius } = capOf(atOrder, cell);
    const found = relation(center, radius);
    if (found === 'outside') return;
    if (found === 'inside') return add(cell, atOrder);
    if (atOrder < order) return childrenOf(cell).forEach(child => visit(child, atOrder + 1));
    const isIn = mode === 'centers'
      ? regionContains(region, ...directionOf(center))
      : touches(relation, cell, order, order + 2);
    if (isIn) add(cell, order);
  };
  for (let face = 0; face < 12; face++) visit({ face, x: 0, y: 0 }, 0);
  return ranges;
}

/** All pixels of a region by rising index; see `healpixRanges`. The list is as long as the number of pixels. */
export function healpixPixels(
  order: number, region: SkyRegion, mode: 'centers' | 'overlapping', scheme: HealpixScheme = 'nest',
): bigint[] {
  const nested = healpixRanges(order, region, mode)
    .flatMap(([begin, end]) => Array.from({ length: Number(end - begin) }, (_, k) => begin + BigInt(k)));
  if (scheme === 'nest') return nested;
  return nested.map(index => healpixRingOfNest(order, index)).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

/** True unless every part of the cell, down to the given order, is certainly outside. */
function touches(relation: ReturnType<typeof capRelation>, cell: HealpixCell, order: number, deepest: number): boolean {
  const { center, radius } = capOf(order, cell);
  const found = relation(center, radius);
  if (found !== 'border' || order === deepest) return found !== 'outside';
  return childrenOf(cell).some(child => touches(relation, child, order + 1, deepest));
}

function childrenOf({ face, x, y }: HealpixCell): HealpixCell[] {
  return [[0, 0], [1, 0], [0, 1], [1, 1]].map(([dx, dy]) => ({ face, x: 2 * x + dx!, y: 2 * y + dy! }));
}

/** A circle around a cell: to its farthest corner and 2 % more, for sides that bulge. */
function capOf(order: number, cell: HealpixCell): { center: Vector3; radius: number } {
  const at = (x: number, y: number): Vector3 => unitVector(...placeInCell(order, cell, [x, y]));
  const center = at(0.5, 0.5);
  const corners = [at(0, 0), at(0, 1), at(1, 0), at(1, 1)];
  return { center, radius: 1.02 * Math.max(...corners.map(corner => angleBetween(center, corner))) };
}

function placeInCell(order: number, { face, x, y }: HealpixCell, [dx, dy]: readonly [number, number]): [number, number] {
  const nside = 2 ** order;
  return placeInFace(face, (x + dx) / nside, (y + dy) / nside);
}

/** Position of a point of a face; x runs to the north-east, y to the north-west, both 0 to 1. */
function placeInFace(face: number, x: number, y: number): [number, number] {
  const jr = FACE_RING[face]! - x - y;
  // Distance from the nearer pole in rings, 1 in the equatorial belt.
  const nr = Math.min(1, jr, 4 - jr);
  let [z, sinTheta] = [((2 - jr) * 2) / 3, 0];
  if (nr < 1) {
    const depth = (nr * nr) / 3;
    z = jr < 1 ? 1 - depth : depth - 1;
    sinTheta = Math.sqrt(depth * (2 - depth));
  } else {
    sinTheta = Math.sqrt((1 - z) * (1 + z));
  }
  const turn = FACE_PHI[face]! * nr + x - y;
  const ra = nr < 1e-15 ? 0 : (45 * (turn < 0 ? turn + 8 * nr : turn)) / nr;
  return [ra >= 360 ? ra - 360 : ra, Math.atan2(z, sinTheta) / RADIAN];
}

function cellAt(order: number, ra: number, dec: number): HealpixCell {
  const nside = 2 ** order;
  // The cosine of the polar angle, not the sine of dec: on the border of two pixels rounding then falls as in healpy.
  const z = Math.cos(QUARTER - dec * RADIAN);
  const tt = turnsOf(ra * RADIAN);
  if (Math.abs(z) <= 2 / 3) {
    const jp = Math.floor(nside * (0.5 + tt) - nside * z * 0.75);
    const jm = Math.floor(nside * (0.5 + tt) + nside * z * 0.75);
    const [ifp, ifm] = [Math.floor(jp / nside), Math.floor(jm / nside)];
    const face = ifp === ifm ? (ifp % 4) + 4 : ifp < ifm ? ifp : ifm + 8;
    return { face, x: modulo(jm, nside), y: nside - 1 - modulo(jp, nside) };
  }
  const quarter = Math.min(3, Math.floor(tt));
  const tp = tt - quarter;
  // Near the poles 1 - |z| has lost its digits, but cos(dec) has not.
  const za = Math.abs(z);
  const rings = za < 0.99 ? nside * Math.sqrt(3 * (1 - za)) : (nside * Math.cos(dec * RADIAN)) / Math.sqrt((1 + za) / 3);
  const jp = Math.min(nside - 1, Math.floor(tp * rings));
  const jm = Math.min(nside - 1, Math.floor((1 - tp) * rings));
  return z >= 0 ? { face: quarter, x: nside - 1 - jm, y: nside - 1 - jp } : { face: quarter + 8, x: jp, y: jm };
}

/** Longitude in quarter turns, in [0, 4). */
function turnsOf(phi: number): number {
  const turns = modulo(phi / QUARTER, 4);
  return turns >= 4 ? 0 : turns;
}

function modulo(a: number, n: number): number {
  return a - n * Math.floor(a / n);
}

function indexOf(order: number, cell: HealpixCell, scheme: HealpixScheme): bigint {
  if (scheme === 'ring') return ringIndexOf(order, cell);
  return (BigInt(cell.face) << BigInt(2 * order)) | interleaved(cell.x) | (interleaved(cell.y) << 1n);
}

function cellOf(order: number, index: bigint | number, scheme: HealpixScheme): HealpixCell {
  const pixel = BigInt(index);
  if (pixel < 0n || pixel >= healpixCount(order)) throw new RangeError(`pixel ${pixel} is not in order ${order}`);
  if (scheme === 'ring') return healpixRingPlace(order, pixel);
  const shift = BigInt(2 * order);
  const inFace = pixel & ((1n << shift) - 1n);
  return { face: Number(pixel >> shift), x: evenBits(inFace), y: evenBits(inFace >> 1n) };
}

/** Bits of a number below 2^30 moved to the even places. */
function interleaved(x: number): bigint {
  return BigInt(spread(x & 0x7fff)) | (BigInt(spread(x >>> 15)) << 30n);
}

function spread(x: number): number {
  let v = x;
  v = (v | (v << 8)) & 0x00ff00ff;
  v = (v | (v << 4)) & 0x0f0f0f0f;
  v = (v | (v << 2)) & 0x33333333;
  return (v | (v << 1)) & 0x55555555;
}

function evenBits(v: bigint): number {
  return compress(Number(v & 0x3fffffffn)) | (compress(Number((v >> 30n) & 0x3fffffffn)) << 15);
}

function compress(x: number): number {
  let v = x & 0x55555555;
  v = (v | (v >>> 1)) & 0x33333333;
  v = (v | (v >>> 2)) & 0x0f0f0f0f;
  v = (v | (v >>> 4)) & 0x00ff00ff;
  return (v | (v >>> 8)) & 0x0000ffff;
}

function checkOrder(order: number): void {
  if (!Number.isInteger(order) || order < 0 || order > HEALPIX_MAX_ORDER) {
    throw new RangeError(`HEALPix order ${order} is not in 0..${HEALPIX_MAX_ORDER}`);
  }
}
