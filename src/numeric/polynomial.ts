/** Two-dimensional polynomials of limited total degree. */

/**
 * Terms u^i v^j with i + j <= order, by total degree and then rising j: 1, u, v, u^2, uv, v^2, ...
 * Written into `out` (length (order + 1)(order + 2) / 2) and returned.
 */
export function polynomialTerms(u: number, v: number, order: number, out: Float64Array): Float64Array {
  let k = 0;
  for (let degree = 0; degree <= order; degree++) {
    for (let j = 0; j <= degree; j++) out[k++] = u ** (degree - j) * v ** j;
  }
  return out;
}

/** Value of the polynomial with the given coefficients at (u, v). */
export function polynomialValue(coefficients: ArrayLike<number>, u: number, v: number, order: number): number {
  let sum = 0;
  let k = 0;
  for (let degree = 0; degree <= order; degree++) {
    for (let j = 0; j <= degree; j++) sum += coefficients[k++]! * u ** (degree - j) * v ** j;
  }
  return sum;
}
