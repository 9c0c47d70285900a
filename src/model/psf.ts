/**
 * A point-spread function as a sum of images with polynomial coefficients over the detector:
 * PSF(x, y) = sum over k of u^i v^j basis_k, with u = 2 (x - x0) / width - 1 and v likewise for y,
 * terms ordered (i + j <= order) by total degree, then rising j: 1, u, v, u^2, uv, v^2, ...
 * `order` 0 is a constant PSF. Each basis image is size x size (odd), row-major, centred on its
 * middle pixel; `sampling_px` is the pixel step of the basis images in detector pixels.
 * Rendering normalises the sum to 1.
 */
export interface PsfModel {
  readonly kind: 'polynomial';
  readonly size: number;
  readonly order: number;
  readonly sampling_px: number;
  readonly x0: number;
  readonly y0: number;
  readonly width: number;
  readonly height: number;
  /** nTerms * size * size values. */
  readonly basis: Float64Array;
  /** Full width at half maximum at the centre of the domain, in pixels, as measured from the model. */
  readonly fwhm_px: number;
  readonly nStars: number;
}

/** Number of polynomial terms of total degree <= order. */
export function nPolynomialTerms(order: number): number {
  return ((order + 1) * (order + 2)) / 2;
}
