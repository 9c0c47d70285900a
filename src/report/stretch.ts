/** Pixel values to grey levels that show the sky noise and the stars at once. */
import type { Cutout, CutoutPanel } from '../model/verification.ts';
import { madSigma, median, quantile } from '../numeric/statistics.ts';

/** Colour of pixels without data: clearly not a grey level. */
const NO_DATA_RGB = [74, 52, 96] as const;
/** Levels of noise below and above which everything is black and (on the difference) white. */
const DARK_SIGMAS = 2.5;

export interface Stretched {
  readonly label: string;
  readonly width: number;
  readonly height: number;
  /** Three bytes a pixel, top row first. */
  readonly rgb: Uint8Array;
}

/**
 * One asinh stretch for the panels of a cutout, in units of the noise of the difference (the last panel).
 * Science and template run from 2.5 sigma below their common sky to their highest pixel; the difference is
 * drawn about zero, mid-grey, with the same slope on both sides. Rows are turned so that y points up.
 */
export function stretchCutout({ panels }: Cutout): Stretched[] {
  const difference = panels.find(p => p.label === 'difference');
  const images = panels.filter(p => p !== difference);
  const sigma = noiseOf((difference ?? panels[0])?.data ?? []);
  const sky = median(images.flatMap(p => finite(p.data)));
  const top = Math.max(quantile(images.flatMap(p => finite(p.data)), 0.9985) - sky, 10 * sigma);
  const peak = Math.max(quantile(finite(difference?.data ?? []).map(Math.abs), 0.9985), 8 * sigma);
  const soften = (v: number): number => Math.asinh(v / (2 * sigma));
  const [low, high] = [soften(-DARK_SIGMAS * sigma), soften(top)];
  return panels.map(panel => stretchPanel(panel, panel === difference
    ? v => 0.5 + (0.5 * soften(v)) / soften(peak)
    : v => (soften(v - sky) - low) / (high - low)));
}

function noiseOf(data: CutoutPanel['data']): number {
  const sigma = madSigma(finite(data));
  return sigma > 0 ? sigma : 1;
}

function finite(data: CutoutPanel['data']): number[] {
  return data.filter((v): v is number => v !== null && Number.isFinite(v));
}

function stretchPanel({ label, width, height, data }: CutoutPanel, level: (value: number) => number): Stretched {
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const value = data[(height - 1 - y) * width + x] ?? null;
      const grey = value === null ? null : Math.round(255 * Math.min(Math.max(level(value), 0), 1));
      rgb.set(grey === null ? NO_DATA_RGB : [grey, grey, grey], (y * width + x) * 3);
    }
  }
  return { label, width, height, rgb };
}

/**
 * A whole image as grey levels, binned by means to at most `size_px` a side: asinh from 2.5 sigma below the median to the
 * 99.85 % quantile. NaN is the colour of no data. Rows are turned so that y points up.
 */
export function overviewRgb(
  { width, height, image }: { readonly width: number; readonly height: number; readonly image: Float32Array }, size_px: number,
): Omit<Stretched, 'label'> {
  const bin = Math.max(1, Math.ceil(Math.max(width, height) / size_px));
  const [w, h] = [Math.floor(width / bin), Math.floor(height / bin)];
  const sums = new Float64Array(w * h);
  for (let y = 0; y < h * bin; y++) {
    const row = Math.floor(y / bin) * w;
    for (let x = 0; x < w * bin; x++) sums[row + Math.floor(x / bin)]! += image[y * width + x]! / (bin * bin);
  }
  const sky = median(sums);
  const sigma = madSigma(sums, sky) || 1;
  const soften = (v: number): number => Math.asinh(v / (2 * sigma));
  const [low, high] = [soften(-DARK_SIGMAS * sigma), soften(Math.max(quantile(sums, 0.9985) - sky, 10 * sigma))];
  const data = Array.from(sums, v => (Number.isFinite(v) ? v : null));
  return stretchPanel({ label: '', width: w, height: h, data }, v => (soften(v - sky) - low) / (high - low));
}
