/**
 * The proper difference image of Zackay, Ofek & Gal-Yam 2016 (ApJ 830, 27), equation 13, with PSFs and noise that vary over the
 * image: its two filters are evaluated in cells and applied in image space, so that a bad pixel stays where it is.
 *
 *   D = (F_r P_r N - F_n P_n R) / sqrt(s_n^2 F_r^2 |P_r|^2 + s_r^2 F_n^2 |P_n|^2)
 *
 * with N the science image, R the template, F the flux scales, P the PSFs and s^2 the variances; s_r^2 is multiplied by the power
 * spectrum of the noise that resampling left. Here F_r = 1 and F_n = `fluxScale`, and D is divided by F_D of equation 15.
 */
import { allocF32, type Exposure, type MaskedImage } from '../../model/image.ts';
import { MASK } from '../../model/mask.ts';
import type { PsfModel } from '../../model/psf.ts';
import { convolveCells } from '../../numeric/convolveCells.ts';
import { fft2, fftOfStamp, powerOfTwo, stampOfField } from '../../numeric/fft.ts';
import { renderPsf } from '../psf/renderPsf.ts';
import { noiseFromMetadata } from '../template/buildTemplate.ts';
import { psfFromStamps, type PsfSample } from '../template/psfFromStamps.ts';
import type { NoiseCorrelation } from '../template/warpExposure.ts';
import { cellMedian, cellsOf, finiteVariance, noisePower } from './decorrelate.ts';

export interface ZogyOptions {
  readonly cell_px: number;
  /** Flux of a star on the science image over that on the template (the sum of a matching kernel knows it best). */
  readonly fluxScale: number;
}

export interface ProperDifference {
  readonly image: MaskedImage;
  readonly psf: PsfModel;
}

interface Filters { readonly science: Float32Array; readonly template: Float32Array; readonly psf: Float64Array }

/**
 * The difference in the flux scale of the science image; its variance plane is that of white noise in each cell. The images have
 * one shape and PSFs (TypeError otherwise), and the background of both is subtracted. NO_DATA where either has no data.
 * O(pixels PSF size^2).
 */
export function properDifference(science: Exposure, template: Exposure, options: ZogyOptions): ProperDifference {
  const { width, height } = science;
  if (template.width !== width || template.height !== height) throw new TypeError('properDifference: the images differ in shape');
  if (science.psf === null || template.psf === null) throw new TypeError('properDifference: an image has no PSF');
  const scale = options.fluxScale;
  const noise = noiseFromMetadata(template.metadata);
  const [vn, vr] = [finiteVariance(science.variance), finiteVariance(template.variance)];
  const size = Math.max(renderPsf(science.psf, 0, 0).size, renderPsf(template.psf, 0, 0).size);
  const cell_px = Math.max(16, Math.round(options.cell_px / 16) * 16);
  const filters = new Map<string, Filters>();
  const samples: PsfSample[] = [];
  for (const cell of cellsOf(width, height, cell_px)) {
    const [cx, cy] = [cell.x0 + cell.width / 2, cell.y0 + cell.height / 2];
    const [x, y] = [Math.round(cx), Math.round(cy)];
    const made = filtersOf(renderPsf(science.psf, x, y).data, renderPsf(template.psf, x, y).data, size, {
      fluxScale: scale, sn2: cellMedian(vn, width, cell), sr2: cellMedian(vr, width, cell), noise,
    });
    filters.set(`${cx},${cy}`, made);
    samples.push({ x, y, weight: 1, data: made.psf });
  }
  const convolved = (plane: Float32Array, which: 'science' | 'template'): Float32Array => convolveCells(plane, width, height, {
    x0: 0, y0: 0, width, height, cell_px, size, kernelAt: (x, y) => filters.get(`${x},${y}`)![which],
  });
  const image = convolved(science.image, 'science');
  const subtracted = convolved(template.image, 'template');
  const variance = allocF32(image.length);
  const mask = science.mask.slice();
  for (let p = 0; p < image.length; p++) {
    image[p] = image[p]! - subtracted[p]!;
    variance[p] = vn[p]! + scale * scale * vr[p]!;
    if (Number.isFinite(science.image[p]! + template.image[p]!)) continue;
    image[p] = NaN;
    variance[p] = Infinity;
    mask[p] = mask[p]! | MASK.NO_DATA;
  }
  const domain = { x0: 0, y0: 0, width, height };
  const psf = psfFromStamps(samples, size, domain, Math.max(science.psf.order, template.psf.order), science.psf.nStars);
  return { image: { width, height, image, variance, mask }, psf };
}

interface CellNoise { readonly fluxScale: number; readonly sn2: number; readonly sr2: number; readonly noise: NoiseCorrelation }

/** Keeps the filters finite where both PSFs vanish; elsewhere numerator and denominator do so together. */
const FLOOR = 1e-12;

/** Filters of one cell, odd size x size, as correlation kernels, for a variance of s_n^2 + F_n^2 s_r^2. */
function filtersOf(pn: Float64Array, pr: Float64Array, size: number, cell: CellNoise): Filters {
  const { fluxScale: fn, sn2, sr2, noise } = cell;
  const n = powerOfTwo(2 * size);
  const [a, b] = [fftOfStamp(pn, Math.sqrt(pn.length), n), fftOfStamp(pr, Math.sqrt(pr.length), n)];
  const [lx, ly] = [noisePower(noise.x, n), noisePower(noise.y, n)];
  const total = Math.sqrt(sn2 + fn * fn * sr2);
  const field = (): { width: number; height: number; re: Float64Array; im: Float64Array } => (
    { width: n, height: n, re: new Float64Array(n * n), im: new Float64Array(n * n) });
  const [kn, kr, pd] = [field(), field(), field()];
  for (let j = 0, p = 0; j < n; j++) {
    for (let i = 0; i < n; i++, p++) {
      const power = sn2 * (b.re[p]! ** 2 + b.im[p]! ** 2) + sr2 * lx[i]! * ly[j]! * fn * fn * (a.re[p]! ** 2 + a.im[p]! ** 2);
      const gain = total / Math.sqrt(Math.max(power, FLOOR * total * total));
      kn.re[p] = gain * b.re[p]!;
      kn.im[p] = gain * b.im[p]!;
      kr.re[p] = gain * fn * a.re[p]!;
      kr.im[p] = gain * fn * a.im[p]!;
      pd.re[p] = gain * (a.re[p]! * b.re[p]! - a.im[p]! * b.im[p]!);
      pd.im[p] = gain * (a.re[p]! * b.im[p]! + a.im[p]! * b.re[p]!);
    }
  }
  const stamp = (f: ReturnType<typeof field>): Float64Array => { fft2(f, true); return stampOfField(f.re, n, size); };
  const flipped = (s: Float64Array): Float32Array => Float32Array.from(s).reverse();
  return { science: flipped(stamp(kn)), template: flipped(stamp(kr)), psf: stamp(pd) };
}
