/**
 * Cosmic rays by their sharp edges (van Dokkum 2001, L.A.Cosmic). The condition that spares stars is
 * calibrated with the PSF of the image: no star is as sharp as the PSF at its sharpest sub-pixel position.
 */
import type { MaskedImage } from '../../model/image.ts';
import { MASK, maskOf } from '../../model/mask.ts';
import type { PsfModel } from '../../model/psf.ts';
import { renderPsf } from '../psf/renderPsf.ts';

export interface CosmicRayOptions {
  /** Signal to noise of the Laplacian that starts a cosmic ray. */
  readonly nSigma: number;
  /** The same for pixels beside it, as a fraction. */
  readonly neighbourFraction: number;
  /** Sharpness above which a pixel is no star, in units of the sharpest PSF. */
  readonly sharpnessFactor: number;
  readonly maxIterations: number;
  /** More pixels than this are not believed. */
  readonly maxPixels: number;
}

export const COSMIC_RAY_DEFAULTS: CosmicRayOptions = {
  nSigma: 5, neighbourFraction: 0.4, sharpnessFactor: 1.6, maxIterations: 4, maxPixels: 1_000_000,
};

export interface CosmicRayResult {
  readonly nPixels: number;
  /** Connected groups of the pixels that were found; rays marked before the call do not count. */
  readonly nRays: number;
  /** True: more than maxPixels were found and nothing was marked. */
  readonly tooMany: boolean;
}

/** Pixels that are known to be no sky: never marked, and not trusted as neighbours. */
const UNUSABLE = maskOf('BAD', 'SAT', 'INTRP', 'NO_DATA', 'SUSPECT');

/**
 * Finds cosmic rays, sets CR and INTRP on their pixels and replaces image and variance there by interpolation.
 * Modifies `mi`, which must be background-subtracted. Pixels at the image edge and those carrying BAD, SAT, SUSPECT,
 * INTRP or NO_DATA are never marked.
 */
export function findCosmicRays(mi: MaskedImage, psf: PsfModel, options: Partial<CosmicRayOptions> = {}): CosmicRayResult {
  const o = { ...COSMIC_RAY_DEFAULTS, ...options };
  const limit = o.sharpnessFactor * psfSharpness(psf);
  const sigma = psf.fwhm_px / 2.3548;
  const before = { image: mi.image.slice(), variance: mi.variance.slice(), mask: mi.mask.slice() };
  const rays: number[] = [];
  let candidates = significantPixels(mi, o.nSigma);
  for (let iteration = 0; iteration < o.maxIterations; iteration++) {
    const found = onePass(mi, limit, o, candidates, rays);
    if (found.length === 0) break;
    for (const at of found) rays.push(at);
    if (rays.length > o.maxPixels) {
      mi.image.set(before.image);
      mi.variance.set(before.variance);
      mi.mask.set(before.mask);
      return { nPixels: rays.length, nRays: 0, tooMany: true };
    }
    for (const at of found) mi.mask[at] = mi.mask[at]! | MASK.CR | MASK.INTRP;
    for (const at of found) fillFromAround(mi, at, sigma);
    candidates = around(mi, found);
  }
  return { nPixels: rays.length, nRays: countGroups(rays, mi.width), tooMany: false };
}

/** Pixels to mark: sharp and significant ones among the candidates, and then significant neighbours of all rays. */
function onePass(mi: MaskedImage, limit: number, o: CosmicRayOptions, candidates: readonly number[], rays: readonly number[]): number[] {
  const { width, height } = mi;
  const marked = new Set<number>();
  const seen = new Set<number>();
  for (const at of candidates) if (isRay(mi, at, o.nSigma, limit)) marked.add(at);
  for (const at of [...marked, ...rays]) {
    for (const step of [-width - 1, -width, -width + 1, -1, 1, width - 1, width, width + 1]) {
      const k = at + step;
      if (seen.has(k) || marked.has(k)) continue;
      seen.add(k);
      const x = k % width;
      const y = (k - x) / width;
      const inside = x >= BORDER && y >= BORDER && x < width - BORDER && y < height - BORDER;
      if (inside && isRay(mi, k, o.neighbourFraction * o.nSigma, limit)) marked.add(k);
    }
  }
  return [...marked];
}

/** Pixels whose judgement the change of others may turn: those within the filters' reach. */
function around(mi: MaskedImage, changed: readonly number[]): number[] {
  const { width, height } = mi;
  const near = new Set<number>();
  for (const at of changed) {
    const x = at % width;
    const y = (at - x) / width;
    for (let v = Math.max(BORDER, y - BORDER); v <= Math.min(height - 1 - BORDER, y + BORDER); v++) {
      for (let u = Math.max(BORDER, x - BORDER); u <= Math.min(width - 1 - BORDER, x + BORDER); u++) near.add(v * width + u);
    }
  }
  return [...near].sort((a, b) => a - b);
}

/** Groups of pixels that touch (8 neighbours). */
function countGroups(pixels: readonly number[], width: number): number {
  const left = new Set(pixels);
  let n = 0;
  for (const first of pixels) {
    if (!left.delete(first)) continue;
    n++;
    const stack = [first];
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      for (const step of [-width - 1, -width, -width + 1, -1, 1, width - 1, width, width + 1]) {
        if (left.delete(at + step)) stack.push(at + step);
      }
    }
  }
  return n;
}

/** Pixels at the image edge that the filters cannot judge. */
const BORDER = 4;

/** Pixels whose Laplacian is above the threshold: the fast part that looks at the whole image. */
function significantPixels(mi: MaskedImage, threshold: number): number[] {
  const { width, height, image, variance } = mi;
  const found: number[] = [];
  const square = threshold * threshold;
  let least = Infinity;
  for (let i = 0; i < variance.length; i++) if (variance[i]! < least && variance[i]! > 0) least = variance[i]!;
  const floor = threshold * Math.sqrt(least);
  for (let y = BORDER; y < height - BORDER; y++) {
    for (let at = y * width + BORDER; at < (y + 1) * width - BORDER; at++) {
      const a = image[at - 1]!, b = image[at + 1]!, c = image[at - width]!, d = image[at + width]!;
      const h = a < b ? a : b, v = c < d ? c : d;
      const below = image[at]! - (h < v ? h : v);
      // Twice this is more than the Laplacian can be; the least variance decides most pixels without a look at theirs.
      if (below <= floor || !(below * below > square * Math.min(variance[at]!, variance[at - 1]!, variance[at + 1]!))) continue;
      if (laplacianSignificance(mi, at) > threshold) found.push(at);
    }
  }
  return found;
}

function isRay(mi: MaskedImage, at: number, threshold: number, limit: number): boolean {
  const { mask, width } = mi;
  if ((mask[at]! & (UNUSABLE | MASK.CR)) !== 0 || touchesUnusable(mask, width, at) || isNearSaturation(mask, width, at)) return false;
  const s = laplacianSignificance(mi, at);
  if (!(s > threshold) || !(excessOver(mi, at, s) > threshold)) return false;
  const noise = LAPLACIAN_NOISE * Math.sqrt(noiseVariance(mi, at));
  return laplacian(mi.image, width, at) - NOISE_MARGIN * noise > limit * fineStructure(mi, at);
}

/** Standard deviation of the Laplacian of white noise of sigma 1 at a pixel above its neighbours: sqrt(2^2 + 4 / 4). */
const LAPLACIAN_NOISE = 2.2;
/** By so many of these the Laplacian of a star may be off before it counts as sharp. */
const NOISE_MARGIN = 2.5;

/** Whether a neighbour's value is not a measurement (cosmic rays found before do not count). */
function touchesUnusable(mask: Int32Array, width: number, at: number): boolean {
  for (const step of [-width - 1, -width, -width + 1, -1, 1, width - 1, width, width + 1]) {
    const bits = mask[at + step]!;
    if ((bits & UNUSABLE) !== 0 && (bits & MASK.CR) === 0) return true;
  }
  return false;
}

/** Whether a pixel within 3 is saturated: the flat top of a star has edges that no PSF has. */
function isNearSaturation(mask: Int32Array, width: number, at: number): boolean {
  for (let j = -3; j <= 3; j++) {
    for (let k = at + j * width - 3; k <= at + j * width + 3; k++) if ((mask[k]! & MASK.SAT) !== 0) return true;
  }
  return false;
}

/** Image and variance become the mean of the good pixels within 3 pixels, weighted as the PSF correlates them. */
function fillFromAround(mi: MaskedImage, at: number, sigma: number): void {
  const y0 = Math.floor(at / mi.width);
  const x0 = at - y0 * mi.width;
  let weight = 0, value = 0, noise = 0;
  for (let y = Math.max(0, y0 - 3); y <= Math.min(mi.height - 1, y0 + 3); y++) {
    for (let x = Math.max(0, x0 - 3); x <= Math.min(mi.width - 1, x0 + 3); x++) {
      const k = y * mi.width + x;
      const d = mi.image[k]!;
      if ((mi.mask[k]! & (UNUSABLE | MASK.CR)) !== 0 || d - d !== 0) continue;
      const w = Math.exp(-((x - x0) ** 2 + (y - y0) ** 2) / (sigma * sigma));
      weight += w;
      value += w * d;
      noise += w * mi.variance[k]!;
    }
  }
  if (!(weight > 0)) return;
  mi.image[at] = value / weight;
  mi.variance[at] = noise / weight;
}

/** Laplacian of the twice subsampled image, negative values cut, averaged back to the pixel: a lone pixel gives twice its value. */
function laplacian(image: ArrayLike<number>, width: number, at: number): number {
  const p2 = 2 * image[at]!;
  const left = p2 - image[at - 1]!, right = p2 - image[at + 1]!;
  const up = image[at - width]!, down = image[at + width]!;
  return 0.25 * (Math.max(0, left - up) + Math.max(0, left - down) + Math.max(0, right - up) + Math.max(0, right - down));
}

function laplacianSignificance(mi: MaskedImage, at: number): number {
  return laplacian(mi.image, mi.width, at) / (2 * Math.sqrt(noiseVariance(mi, at)));
}

/** Variance of the sky and of the light of the neighbours: a cosmic ray's own photons do not count. */
function noiseVariance({ variance, width }: MaskedImage, at: number): number {
  const v = Math.min(Math.max(variance[at - 1]!, variance[at + 1]!), Math.max(variance[at - width]!, variance[at + width]!));
  return Math.min(v, variance[at]!);
}

/** Significance minus its median over 5 x 5: what is left is sharper than the slopes around. */
function excessOver(mi: MaskedImage, at: number, own: number): number {
  const values = new Float64Array(25);
  for (let j = -2, n = 0; j <= 2; j++) {
    for (let i = -2; i <= 2; i++, n++) values[n] = laplacianSignificance(mi, at + j * mi.width + i);
  }
  return own - values.sort()[12]!;
}

/** Median over 3 x 3 minus the median of such medians over 7 x 7, at least a tenth of the noise: what a star leaves. */
function fineStructure(mi: MaskedImage, at: number): number {
  const floor = 0.1 * Math.sqrt(noiseVariance(mi, at));
  return Math.max(floor, structure(mi.image, mi.width, mi.height, at));
}

function structure(image: ArrayLike<number>, width: number, height: number, at: number): number {
  const y = Math.floor(at / width);
  const x = at - y * width;
  const medians = new Float64Array(49);
  const nine = new Float64Array(9);
  for (let j = -3, n = 0; j <= 3; j++) {
    for (let i = -3; i <= 3; i++, n++) {
      const cx = Math.min(Math.max(x + i, 1), width - 2);
      const cy = Math.min(Math.max(y + j, 1), height - 2);
      medians[n] = medianOfNine(image, width, cy * width + cx, nine);
    }
  }
  const centre = medians[24]!;
  return centre - medians.sort()[24]!;
}

function medianOfNine(image: ArrayLike<number>, width: number, at: number, nine: Float64Array): number {
  for (let j = -1, n = 0; j <= 1; j++) for (let i = -1; i <= 1; i++, n++) nine[n] = image[at + j * width + i]!;
  return nine.sort()[4]!;
}

/** Largest ratio of Laplacian to fine structure that a star reaches at any pixel of its core and any sub-pixel position. */
function psfSharpness(psf: PsfModel): number {
  const cx = psf.x0 + psf.width / 2;
  const cy = psf.y0 + psf.height / 2;
  let worst = 0;
  for (const dx of [0, 0.25, 0.5]) {
    for (const dy of [0, 0.25, 0.5]) {
      const { data, size } = renderPsf(psf, Math.round(cx) + dx, Math.round(cy) + dy);
      const peak = Math.max(...data);
      const middle = size >> 1;
      for (let j = -1; j <= 1; j++) {
        for (let i = -1; i <= 1; i++) {
          const at = (middle + j) * size + middle + i;
          if (data[at]! < 0.3 * peak) continue;
          const fine = Math.max(structure(data, size, size, at), 1e-3 * peak);
          worst = Math.max(worst, laplacian(data, size, at) / fine);
        }
      }
    }
  }
  return worst;
}
