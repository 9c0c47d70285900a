/** Normal matrix of many planes of samples. */
import { kernelsInUse, scratch } from './kernels/engine.ts';

/**
 * out[i * m + j] = sum over k of planes[i * n + k] * planes[j * n + k] in float64, for m planes of n samples.
 * n must be a multiple of 4 (fill up with zeros). O(n m^2 / 2); SIMD and plain path give the same bits.
 */
export function normalMatrix(planes: Float32Array, n: number, m: number): Float64Array {
  if (n % 4 !== 0) throw new RangeError(`normalMatrix: ${n} samples are not a multiple of 4`);
  return kernelsInUse() === 'simd' ? simdNormal(planes, n, m) : plainNormal(planes, n, m);
}

function simdNormal(planes: Float32Array, n: number, m: number): Float64Array {
  const { kernels, at, f32, f64 } = scratch(n * m * 4, m * m * 8);
  const [pp, po] = at as [number, number];
  f32.set(planes.subarray(0, n * m), pp / 4);
  kernels.normalMatrix(pp, n, m, po);
  return f64.slice(po / 8, po / 8 + m * m);
}

function plainNormal(planes: Float32Array, n: number, m: number): Float64Array {
  const out = new Float64Array(m * m);
  for (let i = 0; i < m; i++) {
    for (let j = i; j < m; j++) {
      let s0 = 0, s1 = 0, s2 = 0, s3 = 0;
      for (let p = i * n, q = j * n; p < (i + 1) * n; p += 4, q += 4) {
        s0 += planes[p]! * planes[q]!;
        s1 += planes[p + 1]! * planes[q + 1]!;
        s2 += planes[p + 2]! * planes[q + 2]!;
        s3 += planes[p + 3]! * planes[q + 3]!;
      }
      out[i * m + j] = out[j * m + i] = (s0 + s2) + (s1 + s3);
    }
  }
  return out;
}
