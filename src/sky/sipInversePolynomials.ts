/** The polynomials AP and BP of the SIP convention, for programs that do not iterate. */
import type { SipDistortion, SkyWcs } from '../model/wcs.ts';
import { leastSquares } from '../numeric/linearAlgebra.ts';
import { distort } from './wcs.ts';

export interface InversePolynomials {
  readonly inverse: SipDistortion;
  /** Largest distance between a pixel and what comes back through both polynomials, over the grid of the fit. */
  readonly worst_px: number;
}

/**
 * Least-squares inverse of a SIP distortion over an image: u = f + AP(f, g), v = g + BP(f, g). Linear and constant terms
 * are included, as the convention allows. Cost: a grid of 33 x 33 points.
 * @param wcs - with SIP. @param width, height - of the image in pixels.
 * @param order - 2 to 9; one more than that of the distortion is usually enough for 0.01 pixel.
 */
export function sipInversePolynomials(
  wcs: SkyWcs & { readonly sip: SipDistortion }, { width, height }: { readonly width: number; readonly height: number }, order: number,
): InversePolynomials {
  const steps = 33;
  const at = (k: number, length: number): number => k * (length - 1) / (steps - 1);
  const pixels = Array.from({ length: steps * steps }, (_, k): [number, number] =>
    [at(k % steps, width) - wcs.crpix[0], at(Math.floor(k / steps), height) - wcs.crpix[1]]);
  const distorted = pixels.map(([u, v]) => distort(wcs.sip, u, v));
  const size = Math.max(1, ...distorted.flat().map(Math.abs));
  const powers: [number, number][] = [];
  for (let i = 0; i <= order; i++) for (let j = 0; i + j <= order; j++) powers.push([i, j]);
  const design = Float64Array.from(distorted.flatMap(([f, g]) => powers.map(([i, j]) => (f / size) ** i * (g / size) ** j)));
  const solve = (axis: 0 | 1): Float64Array => {
    const { x } = leastSquares(design, pixels.map((p, k) => p[axis] - distorted[k]![axis]), null, powers.length);
    const values = new Float64Array((order + 1) ** 2);
    powers.forEach(([i, j], k) => (values[i * (order + 1) + j] = x[k]! / size ** (i + j)));
    return values;
  };
  const inverse = { order, a: solve(0), b: solve(1) };
  const worst_px = Math.max(...pixels.map(([u, v], k) => {
    const [p, q] = distort(inverse, ...distorted[k]!);
    return Math.hypot(p - u, q - v);
  }));
  return { inverse, worst_px };
}
