/**
 * The score image: signal to noise of a point source at every pixel with the PSF of the difference itself, which varies over the
 * image. On white noise it is the optimal statistic (Zackay, Ofek & Gal-Yam 2016, ApJ 830, 27, equation 17), and the same as
 * the decorrelated pre-convolution image of Rubin's ip_diffim up to a factor.
 */
import type { MaskedImage } from '../../model/image.ts';
import { allocF32 } from '../../model/image.ts';
import type { PsfModel } from '../../model/psf.ts';
import { convolveCells } from '../../numeric/convolveCells.ts';
import { iqrSigma, median } from '../../numeric/statistics.ts';
import { renderPsf } from '../psf/renderPsf.ts';

export interface ScoreImage {
  /** Unit normal on empty sky, row-major; NaN where no good pixel is near. */
  readonly data: Float32Array;
  /** Measured noise over that of the variance plane. */
  readonly noiseScale: number;
}

/** Side of the squares with one PSF. */
const CELL_PX = 256;
/** The filter reaches this far, in FWHM: beyond lies less than a thousandth of the signal. */
const REACH_FWHM = 2.2;
const SAMPLE_STEP = 53;

/**
 * sum(P d / v) / sqrt(sum(P^2 / v)) over good pixels, divided by its own robust width. Pixels with `badBits`, NaN or without
 * variance have no weight; pixels with `skyBits` do not take part in the measurement of the width. O(pixels FWHM^2).
 */
export function scoreImage(mi: MaskedImage, psf: PsfModel, badBits: number, skyBits: number): ScoreImage {
  const { width, height } = mi;
  const weight = new Float32Array(width * height);
  const signal = new Float32Array(width * height);
  for (let p = 0; p < weight.length; p++) {
    const v = mi.variance[p]!;
    const d = mi.image[p]!;
    if ((mi.mask[p]! & badBits) !== 0 || !(v > 0 && v < Infinity) || d - d !== 0) continue;
    weight[p] = 1 / v;
    signal[p] = d / v;
  }
  const half = Math.ceil(REACH_FWHM * psf.fwhm_px);
  const size = 2 * half + 1;
  const job = { x0: 0, y0: 0, width, height, cell_px: CELL_PX, size };
  const stamp = (x: number, y: number): Float32Array => psfCore(psf, Math.round(x - 0.5), Math.round(y - 0.5), half);
  const data = convolveCells(signal, width, height, { ...job, kernelAt: stamp });
  const power = convolveCells(weight, width, height, { ...job, kernelAt: (x, y) => stamp(x, y).map(v => v * v) });
  for (let p = 0; p < data.length; p++) data[p] = power[p]! > 0 ? data[p]! / Math.sqrt(power[p]!) : NaN;
  return normalised(data, mi.mask, skyBits);
}

function psfCore(psf: PsfModel, x: number, y: number, half: number): Float32Array {
  const { data, size } = renderPsf(psf, x, y);
  const side = 2 * half + 1;
  const offset = (size >> 1) - half;
  return Float32Array.from({ length: side * side }, (_, k) => {
    const [i, j] = [(k % side) + offset, Math.floor(k / side) + offset];
    return i >= 0 && j >= 0 && i < size && j < size ? data[j * size + i]! : 0;
  });
}

function normalised(data: Float32Array, mask: Int32Array, skyBits: number): ScoreImage {
  const sample: number[] = [];
  for (let p = 0; p < data.length; p += SAMPLE_STEP) {
    const v = data[p]!;
    if ((mask[p]! & skyBits) === 0 && v - v === 0) sample.push(v);
  }
  const sigma = iqrSigma(sample);
  const centre = median(sample);
  if (!(sigma > 0)) return { data: allocF32(data.length).fill(NaN), noiseScale: NaN };
  for (let p = 0; p < data.length; p++) data[p] = (data[p]! - centre) / sigma;
  return { data, noiseScale: sigma };
}
