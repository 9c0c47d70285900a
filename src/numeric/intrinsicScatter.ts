/** Scatter beyond the stated errors. */

/**
 * The standard deviation s that must be added in quadrature to the errors so that the sum of
 * r^2 / (err^2 + s^2) equals the degrees of freedom; 0 when the errors explain the residuals already.
 * @param residuals - values about their model. @param errors - 1-sigma errors, same unit; NaN counts as 0.
 */
export function intrinsicScatter(residuals: ArrayLike<number>, errors: ArrayLike<number>, nParameters = 0): number {
  const dof = residuals.length - nParameters;
  if (dof <= 0) return 0;
  const chi2 = (s: number): number => {
    let sum = 0;
    for (let i = 0; i < residuals.length; i++) {
      const error = errors[i]! > 0 ? errors[i]! : 0;
      const variance = error * error + s * s;
      if (residuals[i] !== 0) sum += (residuals[i]! * residuals[i]!) / variance;
    }
    return sum;
  };
  if (chi2(0) <= dof) return 0;
  let hi = 0;
  for (let i = 0; i < residuals.length; i++) hi = Math.max(hi, Math.abs(residuals[i]!));
  hi *= Math.sqrt(residuals.length / dof);
  let lo = 0;
  for (let pass = 0; pass < 60; pass++) {
    const middle = (lo + hi) / 2;
    if (chi2(middle) > dof) lo = middle;
    else hi = middle;
  }
  return (lo + hi) / 2;
}
