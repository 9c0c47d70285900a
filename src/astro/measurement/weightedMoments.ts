/** Adaptive second moments (Bernstein & Jarvis 2002): moments under an elliptical Gaussian weight that matches the object. */

export interface Moments2 {
  /** Second moments of the matched Gaussian in pixel^2; NaN when flagged. */
  readonly ixx: number;
  readonly iyy: number;
  readonly ixy: number;
}

export interface AdaptiveResult extends Moments2 {
  /** Weighted centroid minus the given centre, pixels. */
  readonly dx: number;
  readonly dy: number;
  /** True: no convergence, too few pixels, or moments that are not those of an ellipse. */
  readonly flag: boolean;
}

const MAX_ITERATIONS = 60;
const TOLERANCE = 1e-4;
const failed: AdaptiveResult = { ixx: NaN, iyy: NaN, ixy: NaN, dx: NaN, dy: NaN, flag: true };

/** Pixels for the moments; values that are NaN are left out (their weight is replaced by nothing). */
export interface MomentPixels {
  readonly data: ArrayLike<number>;
  readonly width: number;
  readonly height: number;
}

/**
 * Iterates the weight until its moments are those of the object: observed^-1 - weight^-1 = new weight^-1.
 * @param x, y - fixed centre in the array's pixels. @param startSigma_px - first circular weight.
 * @param maxRadius_px - pixels beyond this distance are never used.
 */
export function matchedMoments(
  pixels: MomentPixels, x: number, y: number, startSigma_px: number, maxRadius_px: number,
): AdaptiveResult {
  let wxx = startSigma_px ** 2;
  let wyy = wxx;
  let wxy = 0;
  for (let iteration = 0; iteration < MAX_ITERATIONS; iteration++) {
    const observed = weightedMoments(pixels, x, y, wxx, wyy, wxy, maxRadius_px);
    if (observed === null) return failed;
    const { oxx, oyy, oxy, dx, dy } = observed;
    const det = oxx * oyy - oxy * oxy;
    const weightDet = wxx * wyy - wxy * wxy;
    const pxx = oyy / det - wyy / weightDet;
    const pyy = oxx / det - wxx / weightDet;
    const pxy = -oxy / det + wxy / weightDet;
    const precision = pxx * pyy - pxy * pxy;
    if (!(precision > 0 && pxx > 0 && det > 0)) return failed;
    const nxx = pyy / precision;
    const nyy = pxx / precision;
    const nxy = -pxy / precision;
    const change = Math.max(Math.abs(nxx - wxx), Math.abs(nyy - wyy), Math.abs(nxy - wxy)) / (nxx + nyy);
    const grow = (n: number, w: number): number => Math.min(n, 4 * w);
    wxx = grow(nxx, wxx);
    wyy = grow(nyy, wyy);
    wxy = nxy * Math.sqrt((wxx * wyy) / (nxx * nyy));
    if (!(wxx < maxRadius_px ** 2 && wyy < maxRadius_px ** 2)) return failed;
    if (change < TOLERANCE) return { ixx: wxx, iyy: wyy, ixy: wxy, dx: 2 * dx, dy: 2 * dy, flag: false };
  }
  return failed;
}

/** Beyond this squared distance in units of the weight nothing counts. */
const MAX_R2 = 16;

function weightedMoments(
  pixels: MomentPixels, x: number, y: number, wxx: number, wyy: number, wxy: number, maxRadius: number,
): { oxx: number; oyy: number; oxy: number; dx: number; dy: number } | null {
  const { data, width, height } = pixels;
  const det = wxx * wyy - wxy * wxy;
  if (!(det > 0)) return null;
  const axx = wyy / det, ayy = wxx / det, axy = -wxy / det;
  const radius = Math.min(maxRadius, 4 * Math.sqrt(Math.max(wxx, wyy)));
  const j0 = Math.max(0, Math.ceil(y - radius)), j1 = Math.min(height - 1, Math.floor(y + radius));
  const bend = Math.exp(-axx);
  let sum = 0, sx = 0, sy = 0, sxx = 0, syy = 0, sxy = 0;
  for (let j = j0; j <= j1; j++) {
    const v = j - y;
    // Columns where axx u^2 + 2 axy u v + ayy v^2 <= MAX_R2.
    const root = axy * axy * v * v - axx * (ayy * v * v - MAX_R2);
    if (!(root >= 0)) continue;
    const middle = -axy * v / axx, extent = Math.sqrt(root) / axx;
    const i0 = Math.max(0, Math.ceil(x + Math.max(-radius, middle - extent)));
    const i1 = Math.min(width - 1, Math.floor(x + Math.min(radius, middle + extent)));
    // Along a row the exponent is quadratic, so each weight follows from the one before by two products.
    const u0 = i0 - x;
    let weight = Math.exp(-0.5 * (axx * u0 * u0 + 2 * axy * u0 * v + ayy * v * v));
    let ratio = Math.exp(-0.5 * axx * (2 * u0 + 1) - axy * v);
    for (let i = i0; i <= i1; i++) {
      const value = data[j * width + i]!;
      const weighted = weight * value;
      weight *= ratio;
      ratio *= bend;
      if (weighted !== weighted) continue;
      const u = i - x;
      sum += weighted;
      sx += weighted * u;
      sy += weighted * v;
      sxx += weighted * u * u;
      syy += weighted * v * v;
      sxy += weighted * u * v;
    }
  }
  if (!(sum > 0)) return null;
  return { oxx: sxx / sum, oyy: syy / sum, oxy: sxy / sum, dx: sx / sum, dy: sy / sum };
}
