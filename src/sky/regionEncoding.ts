/**
 * Regions as the bytes of sphgeom: a type byte, then little-endian doubles. Polygons hold unit vectors,
 * counter-clockwise as seen from outside; circles centre, squared chord length and opening angle; boxes two longitudes
 * and two latitudes in radians; ellipses a frame and their axes. Unions and intersections hold their operands, each
 * behind its length.
 */
import type { SkyPolygon } from '../model/apdb.ts';
import { ApError } from '../model/errors.ts';
import { normalRa } from './angles.ts';
import { angleBetween, ellipseFoci, isBox, isCircle, isEllipse, isPolygon } from './region.ts';
import type { SkyBox, SkyCircle, SkyEllipse, SkyRegion } from './region.ts';
import { cross, directionOf, dot, orientedPolygon, polygonVectors, unitVector } from './sphere.ts';
import type { Vector3 } from './sphere.ts';

const POLYGON = 0x70;
const CIRCLE = 0x63;
const BOX = 0x62;
const ELLIPSE = 0x65;
const UNION = 0x75;
const INTERSECTION = 0x69;
const RADIAN = Math.PI / 180;

export type { SkyCircle } from './region.ts';

/** Operands within operands: more than this is taken as damage. */
const DEEPEST = 16;

/** The bytes of any region. @throws RangeError for an ellipse whose semi-axes are not in (0, 90) degrees. */
export function encodeRegion(region: SkyRegion): Uint8Array {
  if (isPolygon(region)) return encodePolygon(region);
  if (isCircle(region)) return encodeCircle(region);
  if (isBox(region)) return encodeBox(region);
  if (isEllipse(region)) return encodeEllipse(region);
  const parts = region.operands.map(encodeRegion);
  const bytes = new Uint8Array(parts.reduce((n, part) => n + 8 + part.length, 1));
  const view = new DataView(bytes.buffer);
  bytes[0] = region.operator === 'union' ? UNION : INTERSECTION;
  let at = 1;
  for (const part of parts) {
    view.setBigUint64(at, BigInt(part.length), true);
    bytes.set(part, at + 8);
    at += 8 + part.length;
  }
  return bytes;
}

/**
 * The region of such bytes.
 * @throws ApError BAD_FORMAT when the type is unknown, the length or a value is wrong, or the region is empty.
 */
export function decodeRegion(bytes: Uint8Array): SkyRegion {
  return decodeAt(bytes, 0);
}

/**
 * The region of a database column: base64, several parts joined with a colon mean their union.
 * @throws ApError BAD_FORMAT
 */
export function decodeRegionText(text: string): SkyRegion {
  if (!/^[A-Za-z0-9+/=:]+$/.test(text)) throw badRegion(text.slice(0, 40), 'base64');
  const parts = text.split(':').map(part => decodeRegion(bytesOfBase64(part)));
  return parts.length === 1 ? parts[0]! : { operator: 'union', operands: parts };
}

function decodeAt(bytes: Uint8Array, depth: number): SkyRegion {
  switch (bytes[0]) {
    case POLYGON: return decodePolygon(bytes);
    case CIRCLE: return decodeCircle(bytes);
    case BOX: return decodeBox(bytes);
    case ELLIPSE: return decodeEllipse(bytes);
    case UNION: return { operator: 'union', operands: decodeOperands(bytes, depth) };
    case INTERSECTION: return { operator: 'intersection', operands: decodeOperands(bytes, depth) };
    default: throw badRegion(`type byte ${String(bytes[0])}, ${bytes.length} bytes`, 'one of the types p, c, b, e, u, i');
  }
}

function decodeOperands(bytes: Uint8Array, depth: number): SkyRegion[] {
  if (depth >= DEEPEST) throw badRegion(`operands in ${depth} others`, `at most ${DEEPEST} levels`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const operands: SkyRegion[] = [];
  let at = 1;
  while (at < bytes.length) {
    const rest = bytes.length - at - 8;
    const length = rest < 0 ? 0n : view.getBigUint64(at, true);
    if (rest < 0 || length > BigInt(rest)) throw badRegion(`${rest} bytes behind the length ${length}`, 'the bytes of an operand');
    operands.push(decodeAt(bytes.subarray(at + 8, at + 8 + Number(length)), depth + 1));
    at += 8 + Number(length);
  }
  return operands;
}

/** 33 bytes. */
export function encodeBox({ raMin, raMax, decMin, decMax }: SkyBox): Uint8Array {
  const isFull = raMax - raMin >= 360;
  const longitudes = isFull ? [0, 2 * Math.PI] : [normalRa(raMin) * RADIAN, normalRa(raMax) * RADIAN];
  return encode(BOX, [...longitudes, decMin * RADIAN, decMax * RADIAN]);
}

/** @throws ApError BAD_FORMAT; an empty box (a latitude interval that ends before it begins) is refused too. */
export function decodeBox(bytes: Uint8Array): SkyBox {
  const values = decode(bytes, BOX, 'box');
  if (values.length !== 4) throw badRegion(`${bytes.length} bytes`, '33 bytes');
  const [raMin, raMax, decMin, decMax] = values.map(value => value / RADIAN) as [number, number, number, number];
  if (!(decMin <= decMax && raMin >= 0 && raMax >= 0 && raMin <= 360 && raMax <= 360)) {
    throw badRegion(`${raMin} to ${raMax}, ${decMin} to ${decMax}`, 'a box that is not empty');
  }
  return { raMin, raMax, decMin, decMax };
}

/**
 * 113 bytes: the frame (long axis, short axis, centre), both semi-axes less 90 degrees, the distance of the foci from
 * the centre, and the tangents of the two angles.
 */
export function encodeEllipse(ellipse: SkyEllipse): Uint8Array {
  const { ra, dec, alpha_deg, beta_deg, angle_deg } = ellipse;
  const angle = (alpha_deg >= beta_deg ? angle_deg : angle_deg + 90) * RADIAN;
  const [long, short] = [Math.max(alpha_deg, beta_deg) * RADIAN, Math.min(alpha_deg, beta_deg) * RADIAN];
  const { center, east, north } = frameAt(ra, dec);
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const axis = (p: number, q: number): number[] => [0, 1, 2].map(k => p * north[k]! + q * east[k]!);
  const focus = angleBetween(center, ellipseFoci(ellipse)[0]);
  const [a, b] = [long - Math.PI / 2, short - Math.PI / 2];
  return encode(ELLIPSE, [...axis(c, s), ...axis(-s, c), ...center, a, b, focus, Math.abs(Math.tan(a)), Math.abs(Math.tan(b))]);
}

/** @throws ApError BAD_FORMAT; ellipses of 90 degrees and more are refused too. */
export function decodeEllipse(bytes: Uint8Array): SkyEllipse {
  const values = decode(bytes, ELLIPSE, 'ellipse');
  if (values.length !== 14) throw badRegion(`${bytes.length} bytes`, '113 bytes');
  const vectorAt = (k: number): Vector3 => [values[k]!, values[k + 1]!, values[k + 2]!];
  const [ra, dec] = directionOf(vectorAt(6));
  const { east, north } = frameAt(ra, dec);
  const long = vectorAt(0);
  const angle_deg = normalRa(Math.atan2(dot(long, east), dot(long, north)) / RADIAN);
  const [alpha_deg, beta_deg] = [90 + values[9]! / RADIAN, 90 + values[10]! / RADIAN];
  if (!(beta_deg > 0 && alpha_deg >= beta_deg && alpha_deg < 90) || Number.isNaN(ra + angle_deg)) {
    throw badRegion(`semi-axes ${alpha_deg} and ${beta_deg} deg at (${ra}, ${dec})`, 'semi-axes between 0 and 90 deg');
  }
  return { ra, dec, alpha_deg, beta_deg, angle_deg };
}

function frameAt(ra: number, dec: number): { center: Vector3; east: Vector3; north: Vector3 } {
  const [a, d] = [ra * RADIAN, dec * RADIAN];
  const east: Vector3 = [-Math.sin(a), Math.cos(a), 0];
  return { center: unitVector(ra, dec), east, north: [-Math.sin(d) * Math.cos(a), -Math.sin(d) * Math.sin(a), Math.cos(d)] };
}

/** 1 + 24 bytes a vertex. Vertices given clockwise are reversed: sphgeom would make nonsense of such a polygon. */
export function encodePolygon(polygon: SkyPolygon): Uint8Array {
  const vectors = polygonVectors(orientedPolygon(polygon.vertices_deg));
  return encode(POLYGON, vectors.flat());
}

/**
 * The polygon of such bytes.
 * @throws ApError BAD_FORMAT when the type, the length or the orientation is wrong.
 */
export function decodePolygon(bytes: Uint8Array): SkyPolygon {
  const values = decode(bytes, POLYGON, 'convex polygon');
  if (values.length < 9 || values.length % 3 !== 0) {
    throw badRegion(`${bytes.length} bytes`, '1 + 24 n, n >= 3');
  }
  const vectorAt = (k: number): Vector3 => [values[3 * k]!, values[3 * k + 1]!, values[3 * k + 2]!];
  const vectors = Array.from({ length: values.length / 3 }, (_, k) => vectorAt(k));
  if (!(dot(vectors[0]!, cross(vectors[1]!, vectors[2]!)) > 0)) {
    throw badRegion('clockwise vertices', 'counter-clockwise');
  }
  return { vertices_deg: vectors.map(directionOf) };
}

/** 41 bytes. */
export function encodeCircle({ ra, dec, radius_deg }: SkyCircle): Uint8Array {
  const angle = (radius_deg * Math.PI) / 180;
  const s = Math.sin(angle / 2);
  return encode(CIRCLE, [...unitVector(ra, dec), 4 * s * s, angle]);
}

export function decodeCircle(bytes: Uint8Array): SkyCircle {
  const values = decode(bytes, CIRCLE, 'circle');
  if (values.length !== 5) {
    throw badRegion(`${bytes.length} bytes`, '41 bytes');
  }
  const [ra, dec] = directionOf([values[0]!, values[1]!, values[2]!]);
  return { ra, dec, radius_deg: (values[4]! * 180) / Math.PI };
}

export function hexOfBytes(bytes: Uint8Array): string {
  return Array.from(bytes, b => b.toString(16).padStart(2, '0')).join('');
}

/** Bytes of hexadecimal text. @throws ApError BAD_FORMAT on odd length or other characters. */
export function bytesOfHex(text: string): Uint8Array {
  if (!/^([0-9a-f]{2})*$/i.test(text)) {
    throw badRegion(text.slice(0, 40), 'pairs of hex digits');
  }
  return Uint8Array.from({ length: text.length / 2 }, (_, k) => Number.parseInt(text.slice(2 * k, 2 * k + 2), 16));
}

export function base64OfBytes(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, b => String.fromCharCode(b)).join(''));
}

export function bytesOfBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), c => c.charCodeAt(0));
}

function encode(type: number, values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(1 + 8 * values.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = type;
  values.forEach((value, k) => view.setFloat64(1 + 8 * k, value, true));
  return bytes;
}

function decode(bytes: Uint8Array, type: number, what: string): number[] {
  if (bytes[0] !== type || (bytes.length - 1) % 8 !== 0) {
    const found = `type byte ${String(bytes[0])}, ${bytes.length} bytes`;
    throw badRegion(found, `a ${what} of type byte ${type}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: (bytes.length - 1) / 8 }, (_, k) => view.getFloat64(1 + 8 * k, true));
}

function badRegion(found: string, expected: string): ApError {
  return new ApError('BAD_FORMAT', { where: 'region', found, expected });
}
