/**
 * A dipole: one object at two places, seen as a positive and a negative lobe on the difference. Fitted jointly to
 * the difference and to the two images that were subtracted, because on the difference alone a small
 * separation and a large flux look the same (as DipoleFitTask of Rubin's ip_diffim).
 */
import type { Exposure } from '../../model/image.ts';
import { maskOf } from '../../model/mask.ts';
import type { PsfModel } from '../../model/psf.ts';
import { levenbergMarquardt } from '../../numeric/levenbergMarquardt.ts';
import { psfGridAt } from '../psf/psfGrid.ts';
import { renderGridWithSlopes } from '../psf/renderPsf.ts';

/** The difference and what was subtracted, on one pixel grid, each with its PSF. */
export interface DifferenceTriple {
  readonly difference: Exposure;
  readonly science: Exposure;
  readonly template: Exposure;
}

export interface DipoleOptions {
  /** Largest distance of the lobes, in units of the PSF sigma. */
  readonly maxSeparation_sigma: number;
  /** Weight of the two direct images relative to the difference. */
  readonly directWeight: number;
  /** Signal to noise of both lobes together for a classification as dipole. */
  readonly minSnr: number;
  /** Largest share of one lobe in the sum of both. */
  readonly maxFluxRatio: number;
}

export interface DipoleFit {
  readonly positive: { readonly x: number; readonly y: number; readonly flux: number; readonly fluxErr: number };
  readonly negative: { readonly x: number; readonly y: number; readonly flux: number; readonly fluxErr: number };
  /** Middle of the lobes and its errors. */
  readonly x: number;
  readonly y: number;
  readonly xErr: number;
  readonly yErr: number;
  readonly separation_px: number;
  readonly snr: number;
  /** Sum of the weighted squared residuals on the difference. */
  readonly chi2: number;
  readonly nPixels: number;
  readonly isDipole: boolean;
}

interface Start { readonly x: number; readonly y: number }

const BAD = maskOf('NO_DATA', 'SAT', 'BAD', 'SAT_TEMPLATE');
/** Fewest pixels for six parameters. */
const MIN_PIXELS = 20;

/**
 * Fits difference = f1 P(r1) - f2 P(r2), science = f1 P(r1) + a constant, template = f2 P(r2) + a constant, each divided
 * by its noise; fluxes are kept positive. On top of static light (a galaxy) the direct images cannot be fitted like this:
 * when the difference alone is fitted much better without them, that fit counts. Null when there are too few pixels or
 * no convergence.
 */
export function fitDipole(images: DifferenceTriple, positive: Start, negative: Start, options: DipoleOptions): DipoleFit | null {
  const joint = fitWithWeight(images, positive, negative, options);
  const alone = fitWithWeight(images, positive, negative, { ...options, directWeight: NO_WEIGHT });
  if (joint === null || alone === null) return joint ?? alone;
  return joint.chi2 - alone.chi2 > MUCH_BETTER ? alone : joint;
}

/** Small enough for the direct images not to count, and enough to fix their constants. */
const NO_WEIGHT = 1e-6;
/** Improvement of chi-square that noise does not give to a handful of parameters. */
const MUCH_BETTER = 30;

function fitWithWeight(images: DifferenceTriple, positive: Start, negative: Start, options: DipoleOptions): DipoleFit | null {
  const { difference, science, template } = images;
  const sigma = difference.psf!.fwhm_px / 2.3548;
  const reach = Math.ceil(options.maxSeparation_sigma * sigma);
  const middle = { x: (positive.x + negative.x) / 2, y: (positive.y + negative.y) / 2 };
  const radius = Math.hypot(positive.x - negative.x, positive.y - negative.y) / 2 + 2.5 * sigma;
  const planes = [planeOf(difference, middle, radius, 1), planeOf(science, middle, radius, options.directWeight),
    planeOf(template, middle, radius, options.directWeight)] as const;
  if (planes[0].at.length < MIN_PIXELS) return null;
  const flux0 = startFlux(planes[0], difference.psf!, positive, negative);
  const start = [positive.x, positive.y, flux0, negative.x, negative.y, flux0, 0, 0];
  const n = planes[0].at.length + planes[1].at.length + planes[2].at.length;
  const evaluate = (p: Float64Array, residuals: Float64Array, jacobian: Float64Array): void => {
    let row = addLobes(planes[0], [lobe(difference.psf!, p, 0, 1), lobe(difference.psf!, p, 3, -1)], -1, p, residuals, jacobian, 0);
    row = addLobes(planes[1], [lobe(science.psf!, p, 0, 1)], 6, p, residuals, jacobian, row);
    addLobes(planes[2], [lobe(template.psf!, p, 3, 1)], 7, p, residuals, jacobian, row);
  };
  const bound = (s: Start, sign: number): number[] => [s.x + sign * reach, s.y + sign * reach, sign > 0 ? Infinity : 0];
  const fit = levenbergMarquardt(evaluate, start, n, {
    maxIterations: 60, tolerance: 1e-7,
    lower: [...bound(positive, -1), ...bound(negative, -1), -Infinity, -Infinity],
    upper: [...bound(positive, 1), ...bound(negative, 1), Infinity, Infinity],
  });
  if (!fit.converged || fit.covariance === null) return null;
  const residuals = new Float64Array(n);
  evaluate(fit.parameters, residuals, new Float64Array(n * N));
  const nPixels = planes[0].at.length;
  const chi2 = residuals.subarray(0, nPixels).reduce((sum, r) => sum + r * r, 0);
  return summary(fit.parameters, fit.covariance, chi2, nPixels, options, sigma);
}

/** Parameters: x, y, flux of the positive lobe, the same of the negative one, background of science and template. */
const N = 8;

interface Plane {
  readonly at: readonly { readonly x: number; readonly y: number; readonly value: number; readonly weight: number }[];
}

function planeOf({ width, height, image, variance, mask }: Exposure, middle: Start, radius: number, weight: number): Plane {
  const at: { x: number; y: number; value: number; weight: number }[] = [];
  for (let y = Math.max(0, Math.ceil(middle.y - radius)); y <= Math.min(height - 1, middle.y + radius); y++) {
    for (let x = Math.max(0, Math.ceil(middle.x - radius)); x <= Math.min(width - 1, middle.x + radius); x++) {
      const p = y * width + x;
      const usable = (x - middle.x) ** 2 + (y - middle.y) ** 2 <= radius * radius && (mask[p]! & BAD) === 0;
      if (usable && Number.isFinite(image[p]!) && variance[p]! > 0 && variance[p]! < Infinity) {
        at.push({ x, y, value: image[p]!, weight: weight / Math.sqrt(variance[p]!) });
      }
    }
  }
  return { at };
}

interface Lobe {
  readonly first: number;
  readonly sign: number;
  readonly x0: number;
  readonly y0: number;
  readonly size: number;
  readonly data: Float64Array;
  readonly dx: Float64Array;
  readonly dy: Float64Array;
}

function lobe(psf: PsfModel, p: Float64Array, first: number, sign: number): Lobe {
  const [x, y] = [p[first]!, p[first + 1]!];
  return { first, sign, ...renderGridWithSlopes(psfGridAt(psf, x, y), x, y, Math.ceil(2.5 * psf.fwhm_px)) };
}

/** Residuals and derivatives of one plane; returns the row after the last. */
function addLobes(
  plane: Plane, lobes: readonly Lobe[], background: number, p: Float64Array, residuals: Float64Array, jacobian: Float64Array, start: number,
): number {
  let row = start;
  for (const { x, y, value, weight } of plane.at) {
    let model = background < 0 ? 0 : p[background]!;
    const j = jacobian.subarray(row * N, (row + 1) * N).fill(0);
    if (background >= 0) j[background] = weight;
    for (const { first, sign, x0, y0, size, data, dx, dy } of lobes) {
      const [u, v] = [x - x0, y - y0];
      if (u < 0 || v < 0 || u >= size || v >= size) continue;
      const k = v * size + u;
      const flux = p[first + 2]!;
      model += sign * flux * data[k]!;
      j[first] = sign * flux * dx[k]! * weight;
      j[first + 1] = sign * flux * dy[k]! * weight;
      j[first + 2] = sign * data[k]! * weight;
    }
    residuals[row++] = (model - value) * weight;
  }
  return row;
}

/** Flux of equal lobes at the starting places that fits the difference best; at least a hundredth of the largest pixel. */
function startFlux(plane: Plane, psf: PsfModel, positive: Start, negative: Start): number {
  const p = Float64Array.of(positive.x, positive.y, 1, negative.x, negative.y, 1, 0, 0);
  const residuals = new Float64Array(plane.at.length);
  addLobes(plane, [lobe(psf, p, 0, 1), lobe(psf, p, 3, -1)], -1, p, residuals, new Float64Array(plane.at.length * N), 0);
  let [md, mm, largest] = [0, 0, 0];
  plane.at.forEach(({ value, weight }, k) => {
    const model = residuals[k]! + value * weight;
    md += model * value * weight;
    mm += model * model;
    largest = Math.max(largest, Math.abs(value));
  });
  return Math.max(md / mm, 0.01 * largest);
}

function summary(
  p: Float64Array, covariance: Float64Array, chi2: number, nPixels: number, options: DipoleOptions, sigma: number,
): DipoleFit {
  const error = (k: number): number => Math.sqrt(covariance[k * N + k]!);
  const half = (a: number, b: number): number =>
    0.5 * Math.sqrt(Math.max(0, covariance[a * N + a]! + covariance[b * N + b]! + 2 * covariance[a * N + b]!));
  const positive = { x: p[0]!, y: p[1]!, flux: p[2]!, fluxErr: error(2) };
  const negative = { x: p[3]!, y: p[4]!, flux: p[5]!, fluxErr: error(5) };
  const separation_px = Math.hypot(positive.x - negative.x, positive.y - negative.y);
  const snr = Math.hypot(positive.flux / positive.fluxErr, negative.flux / negative.fluxErr);
  const share = Math.max(positive.flux, negative.flux) / (positive.flux + negative.flux);
  return {
    positive, negative, x: (p[0]! + p[3]!) / 2, y: (p[1]! + p[4]!) / 2, xErr: half(0, 3), yErr: half(1, 4),
    separation_px, snr, chi2, nPixels,
    isDipole: snr > options.minSnr && share < options.maxFluxRatio && separation_px <= options.maxSeparation_sigma * sigma,
  };
}
