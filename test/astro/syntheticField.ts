/** Star fields with known truth for the tests of the single-frame algorithms. */
import { allocMaskedImage } from '../../src/model/image.ts';
import type { MaskedImage } from '../../src/model/image.ts';
import { random } from '../../src/numeric/random.ts';
import { quantile } from '../../src/numeric/statistics.ts';

export interface TrueSource {
  readonly x: number;
  readonly y: number;
  readonly flux: number;
}

export interface FieldOptions {
  readonly width: number;
  readonly height: number;
  readonly sky: number;
  readonly readNoise: number;
  readonly fwhm: (x: number, y: number) => number;
  readonly sources: readonly TrueSource[];
  readonly seed: number;
}

const BETA = 3.5;
const OVERSAMPLING = 5;

/** Moffat profile (beta 3.5) integrated over pixels by 5 x 5 points, normalised on a stamp of 8 FWHM. */
export function addMoffat(image: Float64Array, width: number, height: number, { x, y, flux }: TrueSource, fwhm: number): void {
  const alpha = fwhm / 2 / Math.sqrt(2 ** (1 / BETA) - 1);
  const radius = Math.ceil(8 * fwhm);
  const values: { at: number; value: number }[] = [];
  let sum = 0;
  for (let j = Math.round(y) - radius; j <= Math.round(y) + radius; j++) {
    for (let i = Math.round(x) - radius; i <= Math.round(x) + radius; i++) {
      const n = Math.hypot(i - x, j - y) < 3 * fwhm ? OVERSAMPLING : 1;
      let value = 0;
      for (let b = 0; b < n; b++) {
        for (let a = 0; a < n; a++) {
          const r2 = (i + (a + 0.5) / n - 0.5 - x) ** 2 + (j + (b + 0.5) / n - 0.5 - y) ** 2;
          value += (1 + r2 / alpha ** 2) ** -BETA / (n * n);
        }
      }
      sum += value;
      if (i >= 0 && j >= 0 && i < width && j < height) values.push({ at: j * width + i, value });
    }
  }
  for (const { at, value } of values) image[at]! += (flux * value) / sum;
}

/** Poisson noise of sky and sources, Gaussian read noise, variance of the expectation. Sky is not subtracted. */
export function makeField({ width, height, sky, readNoise, fwhm, sources, seed }: FieldOptions): MaskedImage {
  const rng = random(seed, 'field noise');
  const expected = new Float64Array(width * height);
  for (const source of sources) addMoffat(expected, width, height, source, fwhm(source.x, source.y));
  const mi = allocMaskedImage(width, height);
  for (let i = 0; i < expected.length; i++) {
    mi.image[i] = rng.poisson(expected[i]! + sky) + readNoise * rng.normal();
    mi.variance[i] = expected[i]! + sky + readNoise ** 2;
  }
  return mi;
}

/** Sources scattered over the image with a power law of fluxes between the limits. */
export function scatter(seed: number, n: number, width: number, height: number, fluxMin: number, fluxMax: number): TrueSource[] {
  const rng = random(seed, 'scatter');
  const slope = 0.6;
  return Array.from({ length: n }, () => ({
    x: rng.uniform() * width, y: rng.uniform() * height,
    flux: (fluxMin ** -slope + rng.uniform() * (fluxMax ** -slope - fluxMin ** -slope)) ** (-1 / slope),
  }));
}

/** Sources on a jittered grid: none is near another. */
export function spaced(seed: number, nx: number, ny: number, spacing: number, flux: (k: number) => number): TrueSource[] {
  const rng = random(seed, 'spaced');
  return Array.from({ length: nx * ny }, (_, k) => ({
    x: ((k % nx) + 0.5) * spacing + rng.uniform() - 0.5, y: (Math.floor(k / nx) + 0.5) * spacing + rng.uniform() - 0.5, flux: flux(k),
  }));
}

/** Subtracts a constant from the image plane. */
export function subtractSky(mi: MaskedImage, sky: number): void {
  for (let i = 0; i < mi.image.length; i++) mi.image[i]! -= sky;
}

/** Median and half the central 68 % of a sample. */
export function spreadOf(values: readonly number[]): { median: number; width: number } {
  return { median: quantile(values, 0.5), width: (quantile(values, 0.8413) - quantile(values, 0.1587)) / 2 };
}
