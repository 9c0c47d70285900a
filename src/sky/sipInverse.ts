/**
 * The inverse of a SIP distortion for many positions. The arithmetic of each pass is that of `undistort` in wcs.ts, in the
 * same order, so that one position and many give the same bits; what is saved is everything around it.
 */
import type { SipDistortion } from '../model/wcs.ts';

/** Coefficients in the order in which Horner's scheme takes them: i and j falling. */
function hornerOrder(values: Float64Array, order: number): Float64Array {
  const out: number[] = [];
  for (let i = order; i >= 0; i--) for (let j = order - i; j >= 0; j--) out.push(values[i * (order + 1) + j]!);
  return Float64Array.from(out);
}

/** For each term i + j <= order, i and j rising: a i, a j, b i, b j, the factors of its derivatives. */
function slopeFactors({ order, a, b }: SipDistortion): Float64Array {
  const out: number[] = [];
  for (let i = 0; i <= order; i++) {
    for (let j = 0; i + j <= order; j++) {
      const [ca, cb] = [a[i * (order + 1) + j]!, b[i * (order + 1) + j]!];
      out.push(ca * i, ca * j, cb * i, cb * j);
    }
  }
  return Float64Array.from(out);
}

/**
 * Compiles a distortion into a function that solves (u + A(u, v), v + B(u, v)) = (f[k], g[k]) by Newton's method and writes
 * u and v over f[k] and g[k]; NaN where it does not converge.
 */
export function sipInverse(sip: SipDistortion): (fs: Float64Array, gs: Float64Array, k: number) => void {
  const { order } = sip;
  const [ha, hb, slopes] = [hornerOrder(sip.a, order), hornerOrder(sip.b, order), slopeFactors(sip)];
  /** v^(j-1) at j: nothing, 1, v, v^2, ... */
  const powers = new Float64Array(order + 2);
  powers[1] = 1;
  return (fs, gs, index) => {
    const f = fs[index]!;
    const g = gs[index]!;
    let u = f;
    let v = g;
    const tolerance = 1e-12 * (1 + Math.abs(f) + Math.abs(g));
    for (let pass = 0; pass < 30; pass++) {
      let sumA = 0;
      let sumB = 0;
      for (let i = order, k = 0; i >= 0; i--) {
        let innerA = 0;
        let innerB = 0;
        for (let j = order - i; j >= 0; j--, k++) {
          innerA = innerA * v + ha[k]!;
          innerB = innerB * v + hb[k]!;
        }
        sumA = sumA * u + innerA;
        sumB = sumB * u + innerB;
      }
      for (let j = 2; j <= order + 1; j++) powers[j] = powers[j - 1]! * v;
      let au = 0;
      let av = 0;
      let bu = 0;
      let bv = 0;
      for (let i = 0, k = 0, pu = 1, puLower = 0; i <= order; i++) {
        for (let j = 0; i + j <= order; j++, k += 4) {
          const pvLower = powers[j]!;
          const pv = powers[j + 1]!;
          au += slopes[k]! * puLower * pv;
          av += slopes[k + 1]! * pu * pvLower;
          bu += slopes[k + 2]! * puLower * pv;
          bv += slopes[k + 3]! * pu * pvLower;
        }
        puLower = pu;
        pu *= u;
      }
      const ru = f - u - sumA;
      const rv = g - v - sumB;
      const det = (1 + au) * (1 + bv) - av * bu;
      const du = ((1 + bv) * ru - av * rv) / det;
      const dv = ((1 + au) * rv - bu * ru) / det;
      u += du;
      v += dv;
      if (Math.abs(du) + Math.abs(dv) <= tolerance) {
        fs[index] = u;
        gs[index] = v;
        return;
      }
    }
    fs[index] = NaN;
    gs[index] = NaN;
  };
}
