/**
 * A PSF at one position as values on the model's own grid, and its interpolation to detector pixels by
 * Lanczos 4 (taps with sum 1), which is separable in x and y.
 */
import type { PsfModel } from '../../model/psf.ts';
import { polynomialTerms } from '../../numeric/polynomial.ts';

/** The combination of the basis images at one detector position. */
export interface PsfGrid {
  readonly size: number;
  readonly sampling_px: number;
  /** size * size, row-major, centred on the middle element; sum * sampling_px^2 = 1. */
  readonly data: Float64Array;
}

/** PSF grid at detector position (x, y); positions outside the model's domain take the value at its border. */
export function psfGridAt(psf: PsfModel, x: number, y: number): PsfGrid {
  const n = psf.size * psf.size;
  const data = new Float64Array(n);
  const clamp = (t: number): number => Math.min(Math.max(t, -1), 1);
  const u = clamp((2 * (x - psf.x0)) / psf.width - 1);
  const v = clamp((2 * (y - psf.y0)) / psf.height - 1);
  const terms = polynomialTerms(u, v, psf.order, new Float64Array(((psf.order + 1) * (psf.order + 2)) / 2));
  for (let k = 0; k < terms.length; k++) {
    const t = terms[k]!;
    for (let i = 0, at = k * n; i < n; i++, at++) data[i] = data[i]! + t * psf.basis[at]!;
  }
  let sum = 0;
  for (let i = 0; i < n; i++) sum += data[i]!;
  const scale = 1 / (sum * psf.sampling_px ** 2);
  for (let i = 0; i < n; i++) data[i] = data[i]! * scale;
  return { size: psf.size, sampling_px: psf.sampling_px, data };
}

/** Largest distance in detector pixels from the centre that the grid covers. */
export function gridHalf_px(grid: { readonly size: number; readonly sampling_px: number }): number {
  return Math.floor((grid.size >> 1) * grid.sampling_px + 1e-9);
}

export const LANCZOS_ORDER = 4;
const TAPS = 2 * LANCZOS_ORDER;

/** Interpolation weights for a row of positions on one axis. */
export interface AxisWeights {
  /** First grid index of the taps of each position (may lie outside the grid: taken as 0 there). */
  readonly first: Int32Array;
  readonly value: Float64Array;
  /** d value / d position in detector pixels, of the weights. */
  readonly slope: Float64Array;
}

/** Weights that give the grid's value at detector offsets offset0, offset0 + 1, ... (n of them) from the PSF centre. */
export function axisWeights(grid: { readonly size: number; readonly sampling_px: number }, offset0: number, n: number): AxisWeights {
  const step = 1 / grid.sampling_px;
  return axisWeightsAt(offset0 * step + (grid.size >> 1), step, n);
}

/** Weights for the array positions start, start + step, ... (n of them); slopes are per one step. */
export function axisWeightsAt(start: number, step: number, n: number): AxisWeights {
  const first = new Int32Array(n);
  const value = new Float64Array(n * TAPS);
  const slope = new Float64Array(n * TAPS);
  const period = repeatAfter(step);
  for (let i = 0; i < n; i++) {
    const at = i * TAPS;
    if (i >= period) {
      first[i] = first[i - period]! + Math.round(period * step);
      value.copyWithin(at, at - period * TAPS, at - period * TAPS + TAPS);
      slope.copyWithin(at, at - period * TAPS, at - period * TAPS + TAPS);
      continue;
    }
    const position = start + i * step;
    first[i] = Math.floor(position) - LANCZOS_ORDER + 1;
    lanczosTaps(position - Math.floor(position), value, slope, at);
    for (let k = at; k < at + TAPS; k++) slope[k] = slope[k]! * step;
  }
  return { first, value, slope };
}

/** After how many steps the sub-pixel phase comes back: 1 for whole steps, 2 for halves; Infinity for others. */
function repeatAfter(step: number): number {
  if (Number.isInteger(step)) return 1;
  return Number.isInteger(2 * step) ? 2 : Infinity;
}

/** sin and cos of k pi / 4, by which the windows of neighbouring taps differ. */
const EIGHTH_SIN = Float64Array.from({ length: TAPS }, (_, k) => Math.sin(((k - LANCZOS_ORDER + 1) * Math.PI) / LANCZOS_ORDER));
const EIGHTH_COS = Float64Array.from({ length: TAPS }, (_, k) => Math.cos(((k - LANCZOS_ORDER + 1) * Math.PI) / LANCZOS_ORDER));

/** Lanczos weights of 8 taps for a fraction in [0, 1) beyond tap 3, with sum 1, and their derivatives by the fraction. */
function lanczosTaps(fraction: number, value: Float64Array, slope: Float64Array, at: number): void {
  const sinP = Math.sin(Math.PI * fraction), cosP = Math.cos(Math.PI * fraction);
  const sinQ = Math.sin((Math.PI * fraction) / LANCZOS_ORDER), cosQ = Math.cos((Math.PI * fraction) / LANCZOS_ORDER);
  let sum = 0;
  let slopeSum = 0;
  for (let k = 0; k < TAPS; k++) {
    const t = fraction - (k - LANCZOS_ORDER + 1);
    let w = 1, d = 0;
    if (Math.abs(t) >= 1e-6) {
      const p = Math.PI * t;
      const q = p / LANCZOS_ORDER;
      const sign = (k - LANCZOS_ORDER + 1) % 2 === 0 ? 1 : -1;
      const sinq = sinQ * EIGHTH_COS[k]! - cosQ * EIGHTH_SIN[k]!, cosq = cosQ * EIGHTH_COS[k]! + sinQ * EIGHTH_SIN[k]!;
      const f = (sign * sinP) / p, g = sinq / q;
      const df = (sign * cosP - f) / t, dg = (cosq - g) / t;
      w = f * g;
      d = df * g + f * dg;
    }
    value[at + k] = w;
    slope[at + k] = d;
    sum += w;
    slopeSum += d;
  }
  for (let k = at; k < at + TAPS; k++) {
    const w = value[k]! / sum;
    slope[k] = (slope[k]! - w * slopeSum) / sum;
    value[k] = w;
  }
}

/**
 * Interpolates along x and then along y: out[j * nx + i] = value at (column i, row j).
 * @param x - weights for the columns (value or slope array). @param y - the same for the rows.
 */
export function interpolateGrid(
  grid: PsfGrid, firstX: Int32Array, weightsX: Float64Array, firstY: Int32Array, weightsY: Float64Array,
): Float64Array {
  const nx = firstX.length;
  const ny = firstY.length;
  const from = Math.max(0, firstY[0]!);
  const to = Math.min(grid.size, firstY[ny - 1]! + TAPS);
  const rows = interpolateRows(grid, firstX, weightsX, from, to);
  return interpolateColumns(rows, nx, from, to, firstY, weightsY);
}

/** Grid rows from ... to - 1 interpolated to the columns. */
export function interpolateRows(grid: PsfGrid, first: Int32Array, weights: Float64Array, from: number, to: number): Float64Array {
  const nx = first.length;
  const { size, data } = grid;
  const rows = new Float64Array(Math.max(0, to - from) * nx);
  for (let i = 0; i < nx; i++) {
    const k0 = Math.max(0, -first[i]!);
    const k1 = Math.min(TAPS, size - first[i]!);
    for (let r = from; r < to; r++) {
      let sum = 0;
      const at = r * size + first[i]!;
      for (let k = k0; k < k1; k++) sum += weights[i * TAPS + k]! * data[at + k]!;
      rows[(r - from) * nx + i] = sum;
    }
  }
  return rows;
}

/** Interpolation of rows (grid rows from ... to - 1, nx columns) along y. */
export function interpolateColumns(
  rows: Float64Array, nx: number, from: number, to: number, first: Int32Array, weights: Float64Array,
): Float64Array {
  const ny = first.length;
  const out = new Float64Array(nx * ny);
  for (let j = 0; j < ny; j++) {
    const k0 = Math.max(0, from - first[j]!);
    const k1 = Math.min(TAPS, to - first[j]!);
    for (let k = k0; k < k1; k++) {
      const w = weights[j * TAPS + k]!;
      const at = (first[j]! + k - from) * nx;
      for (let i = 0; i < nx; i++) out[j * nx + i] = out[j * nx + i]! + w * rows[at + i]!;
    }
  }
  return out;
}
