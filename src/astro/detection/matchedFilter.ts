/** Significance of a point source at every pixel. */
import type { MaskedImage } from '../../model/image.ts';
import { allocF32 } from '../../model/image.ts';
import { convolveSeparableXY } from '../../numeric/convolve.ts';
import { sortFloat32, sortScratch } from '../../numeric/radixSort.ts';
import { quantileSorted } from '../../numeric/statistics.ts';

export interface SignificanceImage {
  /** Matched-filter signal over its noise, row-major; unit normal on empty sky. NaN where no good pixel is near. */
  readonly data: Float32Array;
  /** Measured noise over the noise that the variance plane predicts (before `data` was divided by it). */
  readonly noiseScale: number;
  /** Median over the sky before it was subtracted, in units of the noise. */
  readonly skyOffset: number;
}

/**
 * Signal to noise of a circular Gaussian source at every pixel, with inverse-variance weights:
 * sum(g d / v) / sqrt(sum(g^2 / v)) over good pixels, g the Gaussian. The result is centred and scaled so that the
 * lower half of the sky distribution is unit normal: the noise is the true one, correlated or not, whatever
 * the variance plane says.
 * @param sigma_px - of the PSF. @param badBits - pixels with these bits have no weight.
 * @param skyBits - pixels that are not used to measure the noise (e.g. those of objects found before).
 */
export function matchedFilter(mi: MaskedImage, sigma_px: number, badBits: number, skyBits = badBits): SignificanceImage {
  const { width, height } = mi;
  const half = Math.max(2, Math.round(3.5 * sigma_px));
  const taps = gaussianTaps(sigma_px, half);
  const squares = taps.map(t => t * t);
  const paddedWidth = width + 2 * half;
  const signal = new Float32Array(paddedWidth * (height + 2 * half));
  const weight = new Float32Array(signal.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0, at = y * width, to = (y + half) * paddedWidth + half; x < width; x++, at++, to++) {
      const v = mi.variance[at]!;
      const d = mi.image[at]!;
      if ((mi.mask[at]! & badBits) !== 0 || !(v > 0 && v < Infinity) || d - d !== 0) continue;
      weight[to] = 1 / v;
      signal[to] = d / v;
    }
  }
  const s = convolveSeparableXY(signal, paddedWidth, height + 2 * half, taps, taps, new Float32Array(signal.length));
  const w = convolveSeparableXY(weight, paddedWidth, height + 2 * half, squares, squares, new Float32Array(signal.length));
  const data = allocF32(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0, at = y * width, from = (y + half) * paddedWidth + half; x < width; x++, at++, from++) {
      data[at] = w[from]! > 0 ? s[from]! / Math.sqrt(w[from]!) : NaN;
    }
  }
  return normalise(data, mi.mask, skyBits);
}

function gaussianTaps(sigma: number, half: number): Float32Array {
  const taps = Float32Array.from({ length: 2 * half + 1 }, (_, i) => Math.exp(-((i - half) ** 2) / (2 * sigma * sigma)));
  const sum = taps.reduce((a, b) => a + b, 0);
  return taps.map(t => t / sum);
}

/** Centre and noise from the distribution below its mode (objects are all above it), on a sample of the sky. */
function normalise(data: Float32Array, mask: Int32Array, skyBits: number): SignificanceImage {
  const { centre, sigma } = lowerHalf(data, mask, skyBits);
  if (!(sigma > 0)) return { data, noiseScale: NaN, skyOffset: NaN };
  const scale = 1 / sigma;
  for (let i = 0; i < data.length; i++) data[i] = (data[i]! - centre) * scale;
  return { data, noiseScale: sigma, skyOffset: centre * scale };
}

/** Half width of the central 68.27 % of a normal sample clipped at 3 sigma, in sigma. */
const CLIPPED = 0.996;

/** Sample size for the noise: its relative error is about 1 / sqrt(2 n / correlation area), well below 1 %. */
const SAMPLE = 120_000;

function lowerHalf(data: Float32Array, mask: Int32Array, skyBits: number): { centre: number; sigma: number } {
  const step = Math.max(1, Math.floor(data.length / SAMPLE)) | 1;
  const sample = new Float32Array(Math.ceil(data.length / step));
  let n = 0;
  for (let i = 0; i < data.length; i += step) {
    const v = data[i]!;
    if ((mask[i]! & skyBits) === 0 && v - v === 0) sample[n++] = v;
  }
  sortFloat32(sample, n, sortScratch(n));
  let values = sample.subarray(0, n);
  let centre = NaN;
  let sigma = NaN;
  for (let pass = 0; pass < 3 && values.length > 0; pass++) {
    centre = quantileSorted(values, 0.5);
    sigma = centre - quantileSorted(values, 0.1587);
    const [lo, hi] = [centre - 3 * sigma, centre + 3 * sigma];
    values = values.filter(v => v > lo && v < hi);
  }
  return { centre, sigma: sigma / CLIPPED };
}
