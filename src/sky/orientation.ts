/** On which side of a great circle a direction lies, decided without rounding. */
import { cross, dot } from './sphere.ts';
import type { Vector3 } from './sphere.ts';

/** Beyond this the sign of the rounded determinant of three unit vectors is certain (its error is below 1.2e-15). */
const CERTAIN = 2e-15;
/** Exponent of the last bit of the smallest number. */
const LOWEST_EXPONENT = -1074;

/**
 * A number with the sign of a . (b x c) for vectors of length 1 at most: positive when a lies left of the way from b to c, 0 exactly on
 * it. As `orientation` of sphgeom: rounding decides only where it cannot err, else whole numbers do.
 */
export function orientation(a: Vector3, b: Vector3, c: Vector3): number {
  const determinant = dot(a, cross(b, c));
  return Math.abs(determinant) > CERTAIN ? determinant : exactSign(a, b, c);
}

function exactSign(a: Vector3, b: Vector3, c: Vector3): number {
  const [ax, ay, az] = wholeNumbers(a);
  const [bx, by, bz] = wholeNumbers(b);
  const [cx, cy, cz] = wholeNumbers(c);
  const determinant = ax * (by * cz - bz * cy) + ay * (bz * cx - bx * cz) + az * (bx * cy - by * cx);
  return determinant > 0n ? 1 : determinant < 0n ? -1 : 0;
}

/** The components times one power of two that makes all of them whole; each vector may have its own. */
function wholeNumbers(v: Vector3): [bigint, bigint, bigint] {
  const parts = v.map(mantissaAndExponent);
  const least = Math.min(...parts.filter(p => p.mantissa !== 0n).map(p => p.exponent));
  const [x, y, z] = parts.map(({ mantissa, exponent }) => (mantissa === 0n ? 0n : mantissa << BigInt(exponent - least)));
  return [x!, y!, z!];
}

function mantissaAndExponent(value: number): { mantissa: bigint; exponent: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const biased = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const magnitude = biased === 0 ? fraction : fraction | 0x10000000000000n;
  return { mantissa: value < 0 ? -magnitude : magnitude, exponent: biased === 0 ? LOWEST_EXPONENT : biased - 1075 };
}
