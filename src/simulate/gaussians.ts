/** Sources as sums of elliptical Gaussians: point sources and galaxies convolve exactly and render fast. */

/** A Gaussian component: fraction of the flux and covariance matrix in pixels squared. */
export interface GaussianComponent {
  readonly weight: number;
  readonly ixx: number;
  readonly iyy: number;
  readonly ixy: number;
}

/** A float64 plane in which sources are added up, row-major. */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly data: Float64Array;
}

/** Half size of the box of a component in its standard deviations; beyond lies 3e-7 of its flux. */
const REACH = 5.5;

/** Adds flux times each component, sampled at pixel centres, around (x, y); parts outside the canvas are lost. */
export function addSource(canvas: Canvas, x: number, y: number, flux: number, components: readonly GaussianComponent[]): void {
  for (const component of components) addGaussian(canvas, x, y, flux, component);
}

/** Along a row the exponent is quadratic in x, so each pixel follows from the one before by two products. */
function addGaussian({ width, height, data }: Canvas, x: number, y: number, flux: number, c: GaussianComponent): void {
  const determinant = c.ixx * c.iyy - c.ixy * c.ixy;
  const a = c.iyy / determinant;
  const b = -c.ixy / determinant;
  const d = c.ixx / determinant;
  const amplitude = (flux * c.weight) / (2 * Math.PI * Math.sqrt(determinant));
  const reachX = REACH * Math.sqrt(c.ixx);
  const reachY = REACH * Math.sqrt(c.iyy);
  const xFrom = Math.max(0, Math.ceil(x - reachX));
  const xTo = Math.min(width - 1, Math.floor(x + reachX));
  const yTo = Math.min(height - 1, Math.floor(y + reachY));
  const bend = Math.exp(-a);
  for (let row = Math.max(0, Math.ceil(y - reachY)); row <= yTo; row++) {
    const dy = row - y;
    const dx = xFrom - x;
    let value = amplitude * Math.exp(-0.5 * (a * dx * dx + 2 * b * dx * dy + d * dy * dy));
    let ratio = Math.exp(-0.5 * a * (2 * dx + 1) - b * dy);
    for (let p = row * width + xFrom; p <= row * width + xTo; p++) {
      data[p]! += value;
      value *= ratio;
      ratio *= bend;
    }
  }
}

/** Every component of `a` convolved with every component of `b`. */
export function convolveComponents(a: readonly GaussianComponent[], b: readonly GaussianComponent[]): GaussianComponent[] {
  return a.flatMap(p => b.map(q => ({
    weight: p.weight * q.weight, ixx: p.ixx + q.ixx, iyy: p.iyy + q.iyy, ixy: p.ixy + q.ixy,
  })));
}
