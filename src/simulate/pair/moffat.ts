/** Stars with Moffat profiles whose width, shape and wings vary over the field. */

/** A point-spread function over a field; positions are normalised to -1 ... 1 on both axes. */
export interface MoffatField {
  readonly fwhm_px: number;
  /** Relative change of the width: terms u, v, u^2 + v^2. */
  readonly width: readonly [number, number, number];
  /** Exponent beta at the centre and its change along u. Smaller: more light in the wings. */
  readonly beta: readonly [number, number];
  /** Ellipticity components (constant, u, v): (a - b) / (a + b) times cos and sin of twice the position angle. */
  readonly e1: readonly [number, number, number];
  readonly e2: readonly [number, number, number];
}

/** A Moffat profile: amplitude (1 + q)^-beta with q = a dx^2 + 2 b dx dy + c dy^2, flux 1. */
export interface Moffat {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly beta: number;
  readonly amplitude: number;
}

/** The profile at a normalised position (Moffat 1969; the pixel is part of the profile). */
export function moffatAt(field: MoffatField, u: number, v: number): Moffat {
  const beta = field.beta[0] + field.beta[1] * u;
  const fwhm = field.fwhm_px * (1 + field.width[0] * u + field.width[1] * v + field.width[2] * (u * u + v * v));
  const e1 = field.e1[0] + field.e1[1] * u + field.e1[2] * v;
  const e2 = field.e2[0] + field.e2[1] * u + field.e2[2] * v;
  const alpha = fwhm / (2 * Math.sqrt(2 ** (1 / beta) - 1));
  // A shear of unit determinant keeps the area of the profile.
  const norm = 1 / (alpha * alpha * Math.sqrt(1 - 4 * (e1 * e1 + e2 * e2)));
  const [a, b, c] = [norm * (1 - 2 * e1), norm * -2 * e2, norm * (1 + 2 * e1)];
  return { a, b, c, beta, amplitude: ((beta - 1) / Math.PI) * Math.sqrt(a * c - b * b) };
}

/** A float32 plane in which light is added up, row-major. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** Adds a star of the given flux; the profile is followed until a pixel gets less than `faintest`. */
export function addStar(plane: Plane, x: number, y: number, flux: number, psf: Moffat, faintest: number): void {
  const peak = flux * psf.amplitude;
  const q = (Math.abs(peak) / faintest) ** (1 / psf.beta) - 1;
  if (!(q > 0)) return;
  const smallest = (psf.a + psf.c) / 2 - Math.hypot((psf.a - psf.c) / 2, psf.b);
  const radius = Math.min(Math.sqrt(q / smallest), 400);
  const [x0, x1] = [Math.max(0, Math.ceil(x - radius)), Math.min(plane.width - 1, Math.floor(x + radius))];
  for (let row = Math.max(0, Math.ceil(y - radius)); row <= Math.min(plane.height - 1, Math.floor(y + radius)); row++) {
    const dy = row - y;
    const at = row * plane.width;
    for (let col = x0; col <= x1; col++) {
      const dx = col - x;
      const value = peak * (1 + psf.a * dx * dx + 2 * psf.b * dx * dy + psf.c * dy * dy) ** -psf.beta;
      plane.data[at + col]! += value;
    }
  }
}
