/**
 * Smoothing of HCOMPRESS coefficients before a level is undone (SMOOTH = 1): each difference is moved towards the
 * slope of the neighbouring sums, by at most half the quantization step and without making new extremes.
 */

/** @param a cells of 2 x 2 coefficients, `stride` a row, nx * ny of them in use. @param limit largest change, scale / 2. */
export function smoothCoefficients(a: Float64Array, stride: number, nx: number, ny: number, limit: number): void {
  for (let y = 2; y < ny - 2; y += 2) {
    for (let x = 0; x < nx; x += 2) smoothSlope(a, y * stride + x, 2 * stride, stride, limit);
  }
  for (let y = 0; y < ny; y += 2) {
    for (let x = 2; x < nx - 2; x += 2) smoothSlope(a, y * stride + x, 2, 1, limit);
  }
  for (let y = 2; y < ny - 2; y += 2) {
    for (let x = 2; x < nx - 2; x += 2) smoothCurvature(a, y * stride + x, stride, limit);
  }
}

/** @param step distance to the neighbouring sums; @param offset where the difference lies. */
function smoothSlope(a: Float64Array, at: number, step: number, offset: number, limit: number): void {
  const before = a[at - step]!;
  const here = a[at]!;
  const after = a[at + step]!;
  const most = 4 * Math.max(Math.min(after - here, here - before), 0);
  const least = 4 * Math.min(Math.max(after - here, here - before), 0);
  if (least < most) a[at + offset]! += changeTo(after - before, least, most, a[at + offset]!, 8, limit);
}

function smoothCurvature(a: Float64Array, at: number, stride: number, limit: number): void {
  const mm = a[at - 2 * stride - 2]!;
  const pm = a[at + 2 * stride - 2]!;
  const mp = a[at - 2 * stride + 2]!;
  const pp = a[at + 2 * stride + 2]!;
  const here = a[at]!;
  const dy = 2 * a[at + stride]!;
  const dx = 2 * a[at + 1]!;
  const most = 16 * Math.min(
    Math.max(pp - here, 0) - dy - dx, Math.max(here - pm, 0) + dy - dx,
    Math.max(here - mp, 0) - dy + dx, Math.max(mm - here, 0) + dy + dx,
  );
  const least = 16 * Math.max(
    Math.min(pp - here, 0) - dy - dx, Math.min(here - pm, 0) + dy - dx,
    Math.min(here - mp, 0) - dy + dx, Math.min(mm - here, 0) + dy + dx,
  );
  const corner = at + stride + 1;
  if (least < most) a[corner]! += changeTo(pp + mm - mp - pm, least, most, a[corner]!, 64, limit);
}

/** Step of a coefficient towards goal / unit, rounded towards zero and limited. */
function changeTo(goal: number, least: number, most: number, coefficient: number, unit: number, limit: number): number {
  const wanted = Math.max(Math.min(goal, most), least) - coefficient * unit;
  return Math.max(Math.min(Math.trunc(wanted / unit), limit), -limit);
}
