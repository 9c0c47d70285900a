/** Electronic zero level of an amplifier, row by row, from its overscan. */
import type { Box, Image } from '../../model/image.ts';
import { leastSquares } from '../../numeric/linearAlgebra.ts';
import { mean, median, moments, sigmaClip, standardDeviation } from '../../numeric/statistics.ts';

export const OVERSCAN_FITS = ['MEAN', 'MEDIAN', 'MEANCLIP', 'MEAN_PER_ROW', 'MEDIAN_PER_ROW', 'LEGENDRE'] as const;
export type OverscanFit = (typeof OVERSCAN_FITS)[number];

export interface OverscanOptions {
  readonly fitType: OverscanFit;
  /** Polynomial order of LEGENDRE. */
  readonly order: number;
  /** Clipping of MEANCLIP and of the rows that enter LEGENDRE. */
  readonly nSigma: number;
  /** Overscan pixels farther than this from the median of all are left out. */
  readonly maxDeviation_adu: number;
  /** Columns left out next to the imaging pixels (charge that was left behind) and at the far end. */
  readonly skipLeading: number;
  readonly skipTrailing: number;
}

export interface OverscanModel {
  /** Level of each row of the overscan, ADU, rising raw y. */
  readonly level_adu: Float64Array;
  readonly mean_adu: number;
  /** Standard deviation of the levels over the rows. */
  readonly sigma_adu: number;
  /** Scatter of the overscan pixels about their row's level (clipped at 4 sigma, degrees of freedom of the levels taken off): the read noise. */
  readonly residualSigma_adu: number;
  readonly nRejected: number;
}

/**
 * Fits the overscan region of a raw frame (ADU, whole read-out area; not modified).
 * MEAN, MEDIAN, MEANCLIP give one level for all rows; MEAN_PER_ROW and MEDIAN_PER_ROW one a row, rows
 * without a usable pixel taking the median of the others; LEGENDRE a polynomial through the row medians
 * with rows beyond nSigma left out. Returns null when no pixel is usable.
 */
export function fitOverscan(raw: Image, region: Box, options: OverscanOptions): OverscanModel | null {
  const { rows, nRejected } = usablePixels(raw, region, options);
  if (rows.every(row => row.length === 0)) return null;
  const level_adu = levels(rows, options);
  const residuals = joined(rows.map((row, j) => row.map(v => v - level_adu[j]!)));
  const nLevels = options.fitType.endsWith('PER_ROW') ? rows.length : options.fitType === 'LEGENDRE' ? options.order + 1 : 1;
  return {
    level_adu,
    mean_adu: mean(level_adu),
    sigma_adu: standardDeviation(level_adu),
    residualSigma_adu: sigmaClip(residuals, 4).sigma * Math.sqrt(residuals.length / Math.max(1, residuals.length - nLevels)),
    nRejected,
  };
}

function usablePixels(raw: Image, region: Box, options: OverscanOptions): { rows: Float32Array[]; nRejected: number } {
  const from = region.x0 + options.skipLeading;
  const to = region.x0 + region.width - options.skipTrailing;
  const all = Array.from({ length: region.height }, (_, j) => {
    const start = (region.y0 + j) * raw.width;
    return raw.data.subarray(start + from, start + Math.max(from, to));
  });
  const centre = median(joined(all));
  const rows = all.map(row => row.filter(v => Math.abs(v - centre) <= options.maxDeviation_adu));
  const count = (list: readonly Float32Array[]): number => list.reduce((n, row) => n + row.length, 0);
  return { rows, nRejected: count(all) - count(rows) };
}

function levels(rows: readonly Float32Array[], options: OverscanOptions): Float64Array {
  const constant = (value: number): Float64Array => new Float64Array(rows.length).fill(value);
  switch (options.fitType) {
    case 'MEAN': return constant(mean(joined(rows)));
    case 'MEDIAN': return constant(median(joined(rows)));
    case 'MEANCLIP': return constant(sigmaClip(joined(rows), options.nSigma).mean);
    case 'MEAN_PER_ROW': return filled(Float64Array.from(rows, row => mean(row)));
    case 'MEDIAN_PER_ROW': return filled(Float64Array.from(rows, row => median(row)));
    case 'LEGENDRE': return legendreFit(Float64Array.from(rows, row => median(row)), options.order, options.nSigma);
  }
}

function filled(values: Float64Array): Float64Array {
  const fallback = median(values);
  return values.map(v => (Number.isFinite(v) ? v : fallback));
}

/** Least squares of a Legendre series over the finite values, clipped three times; evaluated at every row. */
function legendreFit(values: Float64Array, order: number, nSigma: number): Float64Array {
  const n = values.length;
  const nTerms = order + 1;
  const terms = new Float64Array(n * nTerms);
  for (let i = 0; i < n; i++) legendreTerms(n > 1 ? (2 * i) / (n - 1) - 1 : 0, terms.subarray(i * nTerms, (i + 1) * nTerms));
  let fit = new Float64Array(n).fill(median(values));
  let weights = Float64Array.from(values, v => (Number.isFinite(v) ? 1 : 0));
  for (let pass = 0; pass < 3; pass++) {
    if (weights.reduce((sum, w) => sum + w, 0) <= nTerms) break;
    const used = Float64Array.from(values, v => (Number.isFinite(v) ? v : 0));
    const { x } = leastSquares(terms, used, weights, nTerms);
    fit = Float64Array.from(values, (_, i) => x.reduce((sum, c, k) => sum + c * terms[i * nTerms + k]!, 0));
    const residuals = values.map((v, i) => (weights[i]! > 0 ? v - fit[i]! : NaN));
    const limit = nSigma * Math.sqrt(moments(residuals).variance);
    if (!(limit > 0)) break;
    weights = Float64Array.from(values, (v, i) => (Math.abs(v - fit[i]!) <= limit ? 1 : 0));
  }
  return fit;
}

function legendreTerms(x: number, out: Float64Array): void {
  out[0] = 1;
  if (out.length > 1) out[1] = x;
  for (let k = 2; k < out.length; k++) out[k] = ((2 * k - 1) * x * out[k - 1]! - (k - 1) * out[k - 2]!) / k;
}

function joined(rows: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(rows.reduce((n, row) => n + row.length, 0));
  let at = 0;
  for (const row of rows) {
    out.set(row, at);
    at += row.length;
  }
  return out;
}
