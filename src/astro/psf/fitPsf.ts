/**
 * PSF model from the pixels of stars: a grid of free pixels, finer than the detector's where the PSF is sharp,
 * each a polynomial over the image. As in PSFEx (Bertin 2011) and the effective PSF of Anderson & King (2000),
 * the model is improved by the residuals of all stars against it, so that interpolation acts on small
 * differences only and the rendered model reproduces the pixels.
 */
import { AlgorithmError } from '../../model/errors.ts';
import type { MaskedImage } from '../../model/image.ts';
import type { PsfModel } from '../../model/psf.ts';
import { nPolynomialTerms } from '../../model/psf.ts';
import { cholesky, choleskySolve } from '../../numeric/linearAlgebra.ts';
import { polynomialTerms } from '../../numeric/polynomial.ts';
import { madSigma, median } from '../../numeric/statistics.ts';
import { gaussianPsf } from './gaussianPsf.ts';
import { pointGrid, pointsWithin } from '../../numeric/pointGrid.ts';
import { fitStar } from './psfStarStamps.ts';
import type { Neighbour, StarFit } from './psfStarStamps.ts';
import { gridHalf_px } from './psfGrid.ts';
import { psfFwhm_px } from './psfShape.ts';
import { recentre, smoothWings, taperTerms } from './psfRegularise.ts';

export interface PsfFitOptions {
  /** First guess of the PSF's Gaussian sigma. */
  readonly sigma_px: number;
  readonly badBits: number;
  /** Highest polynomial order; the number of stars may allow less. */
  readonly maxOrder: number;
  readonly minStars: number;
  /** Half side of the stamps in detector pixels; default 4.5 FWHM, 8 to 25. */
  readonly half_px?: number;
  /** Other sources of the image (the stars may be among them): subtracted before a star is looked at. */
  readonly sources?: readonly Neighbour[];
}

export interface PsfFit {
  readonly psf: PsfModel;
  /** For each given star: used in the final model. */
  readonly used: boolean[];
  /** Rms residual in the core of the brightest quarter of the stars over that of the PSF, noise subtracted: 0.01 is 1 %. */
  readonly residual: number;
  readonly nStars: number;
}

/** Stars needed for each polynomial order. */
const STARS_FOR_ORDER = [0, 10, 40, 250];
const CONSTANT_PASSES = 4;
const PASSES = 9;
/** Below this FWHM the model is sampled at half pixels. */
const OVERSAMPLE_BELOW_PX = 4;

/**
 * Fits the model to stars at the given positions.
 * @throws AlgorithmError with the numbers when fewer than `minStars` remain.
 */
export function fitPsf(mi: MaskedImage, stars: readonly { x: number; y: number }[], options: PsfFitOptions): PsfFit {
  requireStars(stars.length, stars.length, options.minStars);
  let psf = startModel(mi, options);
  const neighbours = neighboursOf(stars, options.sources ?? [], 2 * gridHalf_px(psf));
  let alive = stars.map(() => true);
  let fits: (StarFit | null)[] = [];
  for (let pass = 0; pass < PASSES; pass++) {
    const tolerance = pass < 2 ? { model: 1, nSigma: 6 } : { model: pass < 5 ? 0.3 : 0.15, nSigma: 5 };
    fits = stars.map((s, i) => (alive[i]! ? fitStar(mi, psf, s.x, s.y, neighbours[i]!, options.badBits, tolerance) : null));
    alive = acceptable(fits, pass >= 2);
    const kept = fits.filter((f, i): f is StarFit => alive[i]! && f !== null);
    requireStars(stars.length, kept.length, options.minStars);
    const order = pass < CONSTANT_PASSES ? 0 : orderFor(kept.length, options.maxOrder);
    psf = improve(psf, kept, order);
  }
  const kept = fits.filter((f, i): f is StarFit => alive[i]! && f !== null);
  const brightest = kept.sort((a, b) => b.snr - a.snr).slice(0, Math.ceil(kept.length / 4));
  const residual = Math.sqrt(Math.max(0, median(brightest.map(f => f.misfit))));
  return { psf: { ...psf, nStars: kept.length }, used: alive, residual, nStars: kept.length };
}

/** Sources within reach of each star; the nearest one within 2 pixels is the star itself. */
function neighboursOf(stars: readonly { x: number; y: number }[], sources: readonly Neighbour[], reach_px: number): Neighbour[][] {
  const bright = sources.filter(s => s.flux > 0);
  const grid = pointGrid(bright.map(s => s.x), bright.map(s => s.y), reach_px);
  return stars.map(star => pointsWithin(grid, star.x, star.y, reach_px)
    .map(i => bright[i]!).filter(s => Math.hypot(s.x - star.x, s.y - star.y) > 2));
}

function requireStars(nGiven: number, nLeft: number, minStars: number): void {
  if (nLeft >= minStars) return;
  throw new AlgorithmError(`${nLeft} usable stars of ${nGiven} for a PSF model, at least ${minStars} are needed`, { nCandidates: nGiven, nUsable: nLeft, needed: minStars });
}

function startModel(mi: MaskedImage, { sigma_px, half_px }: PsfFitOptions): PsfModel {
  const fwhm = 2.3548 * sigma_px;
  const half = half_px ?? Math.round(Math.min(Math.max(4.5 * fwhm, 8), 25));
  const psf = gaussianPsf(sigma_px, 2 * half + 1, mi.width, mi.height);
  const wanted = fwhm < OVERSAMPLE_BELOW_PX ? 0.5 : 1;
  if (psf.sampling_px === wanted) return psf;
  return { ...gaussianPsf(sigma_px / wanted, 2 * Math.round(half / wanted) + 1, mi.width, mi.height), sampling_px: wanted, fwhm_px: fwhm };
}

function orderFor(nStars: number, maxOrder: number): number {
  let order = 0;
  while (order < maxOrder && order + 1 < STARS_FOR_ORDER.length && nStars >= STARS_FOR_ORDER[order + 1]!) order++;
  return order;
}

/** Stars whose fit worked, whose core is clean, and (when asked) whose misfit is like that of the others. */
function acceptable(fits: readonly (StarFit | null)[], clip: boolean): boolean[] {
  const clean = fits.map(f => f !== null && f.badCore < 0.1);
  if (!clip) return clean;
  const quality = fits.map((f, i) => (clean[i]! ? Math.sqrt(Math.max(0, f!.misfit)) : NaN));
  const centre = median(quality);
  const limit = Math.max(centre + 4 * madSigma(quality, centre), 0.03);
  return quality.map(q => q <= limit);
}

/** Misfit that no model removes: caps the weight of very bright stars, in the core and in the wings. */
const CORE_FLOOR = 0.01;
const WING_FLOOR = 0.001;

/** Adds the polynomial regression of the residuals to the model. */
function improve(psf: PsfModel, stars: readonly StarFit[], order: number): PsfModel {
  const n = psf.size * psf.size;
  const nTerms = nPolynomialTerms(order);
  const basis = new Float64Array(nTerms * n);
  basis.set(unitSum(psf).subarray(0, Math.min(psf.basis.length, basis.length)));
  const core = regress(psf, stars, order, CORE_FLOOR);
  const wings = regress(psf, stars, order, WING_FLOOR);
  const share = coreShare(psf);
  for (let k = 0; k < nTerms; k++) {
    for (let i = 0; i < n; i++) {
      const at = k * n + i;
      basis[at] = basis[at]! + share[i]! * core[at]! + (1 - share[i]!) * wings[at]!;
    }
  }
  const raw = { ...psf, order, basis };
  const regular = recentre(smoothWings(taperTerms(raw, psf.fwhm_px), psf.fwhm_px));
  const centre = { x: psf.x0 + psf.width / 2, y: psf.y0 + psf.height / 2 };
  return { ...regular, fwhm_px: psfFwhm_px(regular, centre.x, centre.y) };
}

/** The basis scaled so that the constant term sums to one detector pixel's worth. */
function unitSum(psf: PsfModel): Float64Array {
  const n = psf.size * psf.size;
  let sum = 0;
  for (let i = 0; i < n; i++) sum += psf.basis[i]!;
  const scale = 1 / (sum * psf.sampling_px ** 2);
  return psf.basis.map(v => v * scale);
}

/** 1 inside 1 FWHM, 0 outside 2 FWHM, smooth between. */
function coreShare({ size, sampling_px, fwhm_px }: PsfModel): Float64Array {
  const half = size >> 1;
  return Float64Array.from({ length: size * size }, (_, i) => {
    const r = Math.hypot((i % size) - half, Math.floor(i / size) - half) * sampling_px;
    return Math.min(Math.max(2 - r / fwhm_px, 0), 1);
  });
}

/** Weighted least squares of the residual stamps on the polynomial terms: nTerms maps. */
function regress(psf: PsfModel, stars: readonly StarFit[], order: number, floor: number): Float64Array {
  const nTerms = nPolynomialTerms(order);
  const n = psf.size * psf.size;
  const terms = stars.map(s => polynomialTerms(
    (2 * (s.x - psf.x0)) / psf.width - 1, (2 * (s.y - psf.y0)) / psf.height - 1, order, new Float64Array(nTerms)));
  const weights = stars.map(s => 1 / (s.snr ** -2 + floor ** 2));
  const normal = new Float64Array(nTerms * nTerms);
  const total = weights.reduce((a, b) => a + b, 0);
  stars.forEach((_, s) => {
    const t = terms[s]!;
    for (let a = 0; a < nTerms; a++) for (let b = 0; b < nTerms; b++) normal[a * nTerms + b]! += weights[s]! * t[a]! * t[b]!;
  });
  for (let a = 1; a < nTerms; a++) normal[a * nTerms + a]! += 1e-3 * total;
  const factor = cholesky(normal, nTerms);
  const out = new Float64Array(nTerms * n);
  if (factor === null) return out;
  stars.forEach((star, s) => {
    const coefficients = choleskySolve(factor, terms[s]!.map(t => t * weights[s]!), nTerms);
    for (let k = 0; k < nTerms; k++) {
      const c = coefficients[k]!;
      for (let i = 0, at = k * n; i < n; i++, at++) out[at] = out[at]! + c * star.residual[i]!;
    }
  });
  return out;
}
