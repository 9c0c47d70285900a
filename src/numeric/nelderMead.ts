/** Minimum of a function without derivatives. */

export interface SimplexResult {
  readonly x: Float64Array;
  readonly value: number;
  readonly nEvaluations: number;
}

/**
 * Nelder and Mead (1965) with the standard coefficients. `steps` spans the first simplex. Stops when the values of the simplex differ
 * by less than the tolerance; NaN counts as infinitely bad. For a handful of parameters.
 */
export function nelderMead(
  f: (x: Float64Array) => number, start: ArrayLike<number>, steps: ArrayLike<number>, { tolerance = 1e-9, maxEvaluations = 2000 } = {},
): SimplexResult {
  const n = start.length;
  let nEvaluations = 0;
  const at = (x: Float64Array): { x: Float64Array; value: number } => {
    nEvaluations++;
    const value = f(x);
    return { x, value: Number.isNaN(value) ? Infinity : value };
  };
  const corner = (k: number): Float64Array => Float64Array.from({ length: n }, (_, i) => start[i]! + (i === k - 1 ? steps[i]! : 0));
  const simplex = Array.from({ length: n + 1 }, (_, k) => at(corner(k)));
  while (nEvaluations < maxEvaluations) {
    simplex.sort((a, b) => a.value - b.value);
    const [best, second, worst] = [simplex[0]!, simplex[n - 1]!, simplex[n]!];
    if (worst.value - best.value < tolerance) break;
    const centre = Float64Array.from({ length: n }, (_, i) => simplex.slice(0, n).reduce((sum, p) => sum + p.x[i]!, 0) / n);
    const along = (t: number): { x: Float64Array; value: number } => at(centre.map((c, i) => c + t * (worst.x[i]! - c)));
    const reflected = along(-1);
    if (reflected.value < best.value) {
      const expanded = along(-2);
      simplex[n] = expanded.value < reflected.value ? expanded : reflected;
    } else if (reflected.value < second.value) {
      simplex[n] = reflected;
    } else {
      const contracted = along(reflected.value < worst.value ? -0.5 : 0.5);
      if (contracted.value < Math.min(worst.value, reflected.value)) simplex[n] = contracted;
      else for (let k = 1; k <= n; k++) simplex[k] = at(simplex[k]!.x.map((v, i) => best.x[i]! + 0.5 * (v - best.x[i]!)));
    }
  }
  simplex.sort((a, b) => a.value - b.value);
  return { ...simplex[0]!, nEvaluations };
}
