/** Piecewise cubic curves through knots of any spacing. */

export type CubicKind = 'natural' | 'akima';

/**
 * A curve through the knots (x rising strictly, y finite): natural cubic spline (second derivative 0 at the ends) or Akima's
 * curve (J. ACM 17, 589, 1970; the one of GSL, which follows outliers less). Beyond the ends it continues as the straight
 * line of the end slope. One knot is a constant, two are a line. Cost: linear in the knots, logarithmic a value.
 */
export function piecewiseCubic(x: ArrayLike<number>, y: ArrayLike<number>, kind: CubicKind): (t: number) => number {
  const n = x.length;
  if (n === 1) return () => y[0]!;
  const slopes = n === 2 ? new Float64Array(2).fill((y[1]! - y[0]!) / (x[1]! - x[0]!))
    : kind === 'akima' ? akimaSlopes(x, y) : naturalSlopes(x, y);
  return t => {
    if (t <= x[0]!) return y[0]! + slopes[0]! * (t - x[0]!);
    if (t >= x[n - 1]!) return y[n - 1]! + slopes[n - 1]! * (t - x[n - 1]!);
    let lo = 0;
    let hi = n - 1;
    while (hi - lo > 1) {
      const mid = (lo + hi) >> 1;
      if (x[mid]! <= t) lo = mid;
      else hi = mid;
    }
    const h = x[hi]! - x[lo]!;
    const u = (t - x[lo]!) / h;
    const rise = y[hi]! - y[lo]!;
    const [a, b] = [slopes[lo]! * h - rise, rise - slopes[hi]! * h];
    return y[lo]! + u * rise + u * (1 - u) * (a * (1 - u) + b * u);
  };
}

/** Slopes at the knots of the natural cubic spline (tridiagonal system, Thomas algorithm). */
function naturalSlopes(x: ArrayLike<number>, y: ArrayLike<number>): Float64Array {
  const n = x.length;
  const upper = new Float64Array(n);
  const slopes = new Float64Array(n);
  const secant = (i: number): number => (y[i + 1]! - y[i]!) / (x[i + 1]! - x[i]!);
  upper[0] = 0.5;
  slopes[0] = 1.5 * secant(0);
  for (let i = 1; i < n; i++) {
    const isEnd = i === n - 1;
    const a = 1 / (x[i]! - x[i - 1]!);
    const c = isEnd ? 0 : 1 / (x[i + 1]! - x[i]!);
    const right = 3 * (a * secant(i - 1) + (isEnd ? 0 : c * secant(i)));
    const pivot = 2 * (a + c) - a * upper[i - 1]!;
    upper[i] = c / pivot;
    slopes[i] = (right - a * slopes[i - 1]!) / pivot;
  }
  for (let i = n - 2; i >= 0; i--) slopes[i]! -= upper[i]! * slopes[i + 1]!;
  return slopes;
}

function akimaSlopes(x: ArrayLike<number>, y: ArrayLike<number>): Float64Array {
  const n = x.length;
  // Secants with two made up on each side, on the parabola through the end.
  const m = new Float64Array(n + 3);
  for (let i = 0; i < n - 1; i++) m[i + 2] = (y[i + 1]! - y[i]!) / (x[i + 1]! - x[i]!);
  m[1] = 2 * m[2]! - m[3]!;
  m[0] = 2 * m[1]! - m[2]!;
  m[n + 1] = 2 * m[n]! - m[n - 1]!;
  m[n + 2] = 2 * m[n + 1]! - m[n]!;
  return Float64Array.from({ length: n }, (_, i) => {
    const left = Math.abs(m[i + 3]! - m[i + 2]!);
    const right = Math.abs(m[i + 1]! - m[i]!);
    return left + right === 0 ? (m[i + 1]! + m[i + 2]!) / 2 : (left * m[i + 1]! + right * m[i + 2]!) / (left + right);
  });
}
