/** Point-spread function of a simulated exposure: a Moffat-like profile whose width and ellipticity vary over the focal plane. */
import type { PsfModel } from '../model/psf.ts';
import { nPolynomialTerms } from '../model/psf.ts';
import { psfFwhm_px } from '../astro/psf/renderPsf.ts';
import { leastSquares } from '../numeric/linearAlgebra.ts';
import { polynomialTerms } from '../numeric/polynomial.ts';
import type { Random } from '../numeric/random.ts';
import { addSource } from './gaussians.ts';
import type { GaussianComponent } from './gaussians.ts';

/** Moffat profile of beta 3.5 as three Gaussians: [fraction of the flux, sigma in units of the FWHM]. */
const PROFILE: readonly (readonly [number, number])[] = [[0.2207, 0.3318], [0.5741, 0.5177], [0.2052, 0.915]];
/** Variance that the width of a pixel adds. */
const PIXEL_VARIANCE = 1 / 12;

/** Coefficients over the focal plane; X, Y in units of 1000 pixels from the optical axis. */
export interface SimPsf {
  /** Of the atmosphere and optics at the axis, without the pixel. */
  readonly fwhm_px: number;
  /** Relative change of the FWHM: X, Y, X^2 + Y^2. */
  readonly widthTerms: readonly [number, number, number];
  /** (a - b) / (a + b) along x and along the diagonal, each: constant, X, Y. */
  readonly e1: readonly [number, number, number];
  readonly e2: readonly [number, number, number];
}

/** A seeing of the given FWHM at the optical axis with random guiding and optics. */
export function makePsf(fwhm_px: number, random: Random): SimPsf {
  const draw = (scale: number): number => scale * random.normal();
  return {
    fwhm_px,
    widthTerms: [draw(0.02), draw(0.02), 0.03 + draw(0.01)],
    e1: [draw(0.02), draw(0.015), draw(0.015)],
    e2: [draw(0.02), draw(0.015), draw(0.015)],
  };
}

/** The PSF at a place of the focal plane as Gaussians of total weight 1. */
export function psfComponents(psf: SimPsf, focalX: number, focalY: number): GaussianComponent[] {
  const fwhm = psf.fwhm_px * (1 + psf.widthTerms[0] * focalX + psf.widthTerms[1] * focalY
    + psf.widthTerms[2] * (focalX * focalX + focalY * focalY));
  const e1 = psf.e1[0] + psf.e1[1] * focalX + psf.e1[2] * focalY;
  const e2 = psf.e2[0] + psf.e2[1] * focalX + psf.e2[2] * focalY;
  return PROFILE.map(([weight, size]) => {
    const variance = (size * fwhm) ** 2;
    return {
      weight,
      ixx: variance * (1 + 2 * e1) + PIXEL_VARIANCE,
      iyy: variance * (1 - 2 * e1) + PIXEL_VARIANCE,
      ixy: variance * 2 * e2,
    };
  });
}

/** PSF centred on the middle pixel of a square stamp (odd size), sum 1. */
export function psfStamp(components: readonly GaussianComponent[], size: number): Float64Array {
  const data = new Float64Array(size * size);
  const middle = (size - 1) / 2;
  addSource({ width: size, height: size, data }, middle, middle, 1, components);
  const sum = data.reduce((total, v) => total + v, 0);
  return data.map(v => v / sum);
}

export interface PsfModelOptions {
  readonly width: number;
  readonly height: number;
  /** Pixel of the image on the optical axis. */
  readonly axisPixel: readonly [number, number];
}

const MODEL_SIZE = 27;
const MODEL_ORDER = 2;
const SAMPLES_PER_AXIS = 6;

/** The PSF of a detector as the pipeline's model: images at 6 x 6 places, fitted pixel by pixel with polynomials of order 2. */
export function psfModelOf(psf: SimPsf, { width, height, axisPixel }: PsfModelOptions): PsfModel {
  const nTerms = nPolynomialTerms(MODEL_ORDER);
  const nSamples = SAMPLES_PER_AXIS ** 2;
  const terms = new Float64Array(nSamples * nTerms);
  const stamps: Float64Array[] = [];
  for (let k = 0; k < nSamples; k++) {
    const u = (2 * ((k % SAMPLES_PER_AXIS) + 0.5)) / SAMPLES_PER_AXIS - 1;
    const v = (2 * (Math.floor(k / SAMPLES_PER_AXIS) + 0.5)) / SAMPLES_PER_AXIS - 1;
    polynomialTerms(u, v, MODEL_ORDER, terms.subarray(k * nTerms, (k + 1) * nTerms));
    const x = ((u + 1) * width) / 2;
    const y = ((v + 1) * height) / 2;
    stamps.push(psfStamp(psfComponents(psf, (x - axisPixel[0]) / 1000, (y - axisPixel[1]) / 1000), MODEL_SIZE));
  }
  const nPixels = MODEL_SIZE * MODEL_SIZE;
  const basis = new Float64Array(nTerms * nPixels);
  for (let p = 0; p < nPixels; p++) {
    const { x } = leastSquares(terms, stamps.map(stamp => stamp[p]!), null, nTerms);
    for (let t = 0; t < nTerms; t++) basis[t * nPixels + p] = x[t]!;
  }
  const model: PsfModel = {
    kind: 'polynomial', size: MODEL_SIZE, order: MODEL_ORDER, sampling_px: 1, x0: 0, y0: 0, width, height, basis,
    fwhm_px: psf.fwhm_px, nStars: nSamples,
  };
  return { ...model, fwhm_px: psfFwhm_px(model, width / 2, height / 2) };
}
