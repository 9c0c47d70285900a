/** Electronic zero level of an amplifier, row by row or column by column, from its overscan. */
import type { Box, Image } from '../../model/image.ts';
import { iqrSigma, mean, median, sigmaClip, standardDeviation } from '../../numeric/statistics.ts';
import { fillLevels, fitPolynomial, fitSpline } from './overscanCurve.ts';

export const OVERSCAN_FITS = [
  'MEAN', 'MEDIAN', 'MEANCLIP', 'MEAN_PER_ROW', 'MEDIAN_PER_ROW', 'POLY', 'CHEB', 'LEG', 'LEGENDRE',
  'NATURAL_SPLINE', 'CUBIC_SPLINE', 'AKIMA_SPLINE',
] as const;
export type OverscanFit = (typeof OVERSCAN_FITS)[number];

export interface OverscanOptions {
  readonly fitType: OverscanFit;
  /** Order of the polynomials; the splines have this many bins. */
  readonly order: number;
  /** Clipping of MEANCLIP, of the pixels of a line and of the lines that enter a curve. */
  readonly nSigma: number;
  /** Overscan pixels farther than this from the median of the lines' medians are left out. */
  readonly maxDeviation_adu: number;
  /** Pixels left out at both ends of each line: `leading` next to the imaging pixels (charge left behind), and far from them. */
  readonly skipLeading: number;
  readonly skipTrailing: number;
  /** Lines of the region that are fitted apart from the rest, because the level jumps there (0: none). */
  readonly jumpLine?: number;
  /** A line is a row (serial overscan, the default) or a column (parallel overscan). */
  readonly lines?: 'rows' | 'columns';
  /** Whether the imaging pixels follow the region (overscan to their left or below) instead of preceding it. */
  readonly isBefore?: boolean;
}

export interface OverscanModel {
  /** Level of each line of the region, ADU, rising raw y (or x). */
  readonly level_adu: Float64Array;
  readonly mean_adu: number;
  readonly median_adu: number;
  /** Standard deviation of the levels over the lines. */
  readonly sigma_adu: number;
  /** Scatter of the overscan pixels about their line's level (clipped at 4 sigma, degrees of freedom of the levels taken off): the read noise. */
  readonly residualSigma_adu: number;
  readonly nRejected: number;
}

/**
 * Fits the overscan region of a raw frame (ADU, whole read-out area; not modified).
 * MEAN, MEDIAN, MEANCLIP give one level; MEAN_PER_ROW and MEDIAN_PER_ROW one a line, lines without a usable pixel taking
 * their neighbours'; POLY, CHEB, LEG (LEGENDRE) a polynomial, the splines a curve through binned means, of the lines'
 * clipped means (outliers by the scatter of their line, 0.74 IQR, at most twice the typical one; ip_isr). NaN pixels
 * are left out. Returns null when no pixel is usable.
 */
export function fitOverscan(raw: Image, region: Box, options: OverscanOptions): OverscanModel | null {
  const { lines, nRejected } = usablePixels(raw, region, options);
  if (lines.every(line => line.length === 0)) return null;
  const split = Math.min(options.jumpLine ?? 0, lines.length);
  const parts = [lines.slice(0, split), lines.slice(split)].filter(part => part.some(line => line.length > 0));
  const isSplit = parts.length === 2;
  const level_adu = isSplit
    ? Float64Array.from(parts.flatMap(part => [...levels(part, partOptions(options, part.length / lines.length))]))
    : levels(lines, options);
  const every = Math.max(1, Math.floor(lines.length / MAX_RESIDUAL_LINES));
  const residuals = joined(lines.flatMap((line, j) => (j % every === 0 ? [line.map(v => v - level_adu[j]!)] : [])));
  const nLevels = levelCount(options, lines.length) * (isSplit ? 2 : 1);
  return {
    level_adu,
    mean_adu: mean(level_adu),
    median_adu: median(level_adu),
    sigma_adu: standardDeviation(level_adu),
    residualSigma_adu: sigmaClip(residuals, 4).sigma * Math.sqrt(residuals.length / Math.max(1, residuals.length - nLevels / every)),
    nRejected,
  };
}

/** Lines that enter the read noise: enough for 1 % with 20 pixels each. */
const MAX_RESIDUAL_LINES = 1000;

/** Bins of a spline are shared out by length. */
function partOptions(options: OverscanOptions, share: number): OverscanOptions {
  return options.fitType.endsWith('SPLINE') ? { ...options, order: Math.max(MIN_BINS, Math.round(options.order * share)) } : options;
}
const MIN_BINS = 5;

function levelCount({ fitType, order }: OverscanOptions, nLines: number): number {
  if (fitType.endsWith('PER_ROW')) return nLines;
  if (fitType.startsWith('MEA') || fitType === 'MEDIAN') return 1;
  return fitType.endsWith('SPLINE') ? order : order + 1;
}

function usablePixels(raw: Image, region: Box, options: OverscanOptions): { lines: Float32Array[]; nRejected: number } {
  const all = regionLines(raw, region, options);
  const centre = median(all.map(line => median(line)));
  const lines = all.map(line => line.filter(v => Math.abs(v - centre) <= options.maxDeviation_adu));
  const count = (list: readonly Float32Array[]): number => list.reduce((n, line) => n + line.length, 0);
  return { lines, nRejected: count(all) - count(lines) };
}

function regionLines(raw: Image, { x0, y0, width, height }: Box, options: OverscanOptions): Float32Array[] {
  const isRows = options.lines !== 'columns';
  const [first, last] = options.isBefore === true
    ? [options.skipTrailing, options.skipLeading] : [options.skipLeading, options.skipTrailing];
  const length = Math.max(0, (isRows ? width : height) - first - last);
  if (isRows) {
    return Array.from({ length: height }, (_, j) => {
      const start = (y0 + j) * raw.width + x0 + first;
      return raw.data.subarray(start, start + length);
    });
  }
  return Array.from({ length: width }, (_, i) =>
    Float32Array.from({ length }, (_u, j) => raw.data[(y0 + first + j) * raw.width + x0 + i]!));
}

function levels(lines: readonly Float32Array[], options: OverscanOptions): Float64Array {
  const constant = (value: number): Float64Array => new Float64Array(lines.length).fill(value);
  switch (options.fitType) {
    case 'MEAN': return constant(mean(joined(lines)));
    case 'MEDIAN': return constant(median(joined(lines)));
    case 'MEANCLIP': return constant(sigmaClip(joined(lines), options.nSigma).mean);
    case 'MEAN_PER_ROW': return fillLevels(Float64Array.from(lines, line => mean(line)));
    case 'MEDIAN_PER_ROW': return fillLevels(Float64Array.from(lines, line => median(line)));
    case 'POLY':
    case 'CHEB':
    case 'LEG':
    case 'LEGENDRE': return fitPolynomial(clippedMeans(lines, options.nSigma), options.order, options.nSigma);
    case 'NATURAL_SPLINE':
    case 'CUBIC_SPLINE': return fitSpline(clippedMeans(lines, options.nSigma), options.order, 'natural');
    case 'AKIMA_SPLINE': return fitSpline(clippedMeans(lines, options.nSigma), options.order, 'akima');
  }
}

/** Mean of each line without pixels beyond nSigma times the scatter of the line; NaN for a line without pixels. */
function clippedMeans(lines: readonly Float32Array[], nSigma: number): Float64Array {
  const centres = lines.map(line => median(line));
  const scatters = lines.map(line => iqrSigma(line));
  const typical = median(scatters);
  return Float64Array.from(lines, (line, j) => {
    const scatter = scatters[j]! > 2 * typical ? typical : scatters[j]!;
    const kept = scatter > 0 ? line.filter(v => Math.abs(v - centres[j]!) <= nSigma * scatter) : line;
    return kept.length > 0 ? mean(kept) : NaN;
  });
}

function joined(lines: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(lines.reduce((n, line) => n + line.length, 0));
  let at = 0;
  for (const line of lines) {
    out.set(line, at);
    at += line.length;
  }
  return out;
}
