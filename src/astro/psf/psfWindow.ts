/**
 * The PSF on small windows of detector pixels, for fits that render it many times near one position: the combination of the
 * basis images is made once a position and only where it is needed, and all arrays are reused.
 */
import type { PsfModel } from '../../model/psf.ts';
import { polynomialTerms } from '../../numeric/polynomial.ts';
import { axisWeights, gridHalf_px, psfGridAt } from './psfGrid.ts';
import { renderGridWithSlopes } from './renderPsf.ts';

const TAPS = 8;
/** Pixels by which a position may move from the one that was prepared. */
const MARGIN_PX = 3;

/** Scratch of one PSF model; not shared between models or threads. The arrays belong to the last call. */
export interface PsfWindow {
  readonly psf: PsfModel;
  /** Grid steps a detector pixel: 1, 2, ...; 0 when it is not a whole number (then windows are made the slow way). */
  readonly step: number;
  /** Integral of each basis image. */
  readonly sums: Float64Array;
  readonly terms: Float64Array;
  /** The combined grid; elements outside [lo, hi) in either direction are not up to date. */
  readonly grid: Float64Array;
  lo: number;
  hi: number;
  x: number;
  y: number;
  half: number;
  /** Value and derivatives by the position, row-major, side 2 half + 1; grown when needed. */
  value: Float64Array;
  dx: Float64Array;
  dy: Float64Array;
  rows: Float64Array;
  slopeRows: Float64Array;
}

export function psfWindow(psf: PsfModel): PsfWindow {
  const n = psf.size * psf.size;
  const nTerms = psf.basis.length / n;
  const sums = Float64Array.from({ length: nTerms }, (_, k) => {
    let sum = 0;
    for (let i = k * n; i < (k + 1) * n; i++) sum += psf.basis[i]!;
    return sum * psf.sampling_px ** 2;
  });
  const perPixel = 1 / psf.sampling_px;
  const step = Math.abs(perPixel - Math.round(perPixel)) < 1e-9 ? Math.round(perPixel) : 0;
  const none = new Float64Array(0);
  return {
    psf, step, sums, terms: new Float64Array(nTerms), grid: new Float64Array(n), lo: 0, hi: 0, x: NaN, y: NaN, half: -1,
    value: none, dx: none, dy: none, rows: none, slopeRows: none,
  };
}

/** Makes the PSF of position (x, y) ready for windows of up to `half` pixels around places within 3 pixels of it. */
export function prepareWindow(w: PsfWindow, x: number, y: number, half: number): void {
  if (x === w.x && y === w.y && half <= w.half) return;
  const { psf } = w;
  const { size } = psf;
  const clamp = (t: number): number => Math.min(Math.max(t, -1), 1);
  polynomialTerms(clamp((2 * (x - psf.x0)) / psf.width - 1), clamp((2 * (y - psf.y0)) / psf.height - 1), psf.order, w.terms);
  let sum = 0;
  for (let k = 0; k < w.terms.length; k++) sum += w.terms[k]! * w.sums[k]!;
  const reach = Math.ceil((half + MARGIN_PX) / psf.sampling_px) + TAPS;
  w.lo = Math.max(0, (size >> 1) - reach);
  w.hi = Math.min(size, (size >> 1) + reach + 1);
  w.x = x;
  w.y = y;
  w.half = half;
  combine(w, 1 / sum);
}

function combine({ psf, terms, grid, lo, hi }: PsfWindow, scale: number): void {
  const { size, basis } = psf;
  const n = size * size;
  for (let r = lo; r < hi; r++) {
    const t0 = terms[0]! * scale;
    for (let at = r * size + lo; at < r * size + hi; at++) grid[at] = t0 * basis[at]!;
    for (let k = 1; k < terms.length; k++) {
      const t = terms[k]! * scale;
      const shift = k * n;
      for (let at = r * size + lo; at < r * size + hi; at++) grid[at] = grid[at]! + t * basis[shift + at]!;
    }
  }
}

/** Renders values (and slopes) within `half` pixels of round(x), round(y) into the arrays of `w`; sum about 1 over the plane. */
export function renderWindow(w: PsfWindow, x: number, y: number, half: number, withSlopes: boolean): void {
  const size = 2 * half + 1;
  grow(w, size);
  if (w.step === 0) {
    const made = renderGridWithSlopes(psfGridAt(w.psf, w.x, w.y), x, y, half);
    w.value.set(made.data);
    w.dx.set(made.dx);
    w.dy.set(made.dy);
    return;
  }
  const wx = axisWeights(w.psf, Math.round(x) - half - x, 1);
  const wy = axisWeights(w.psf, Math.round(y) - half - y, 1);
  const [fx, fy] = [wx.first[0]!, wy.first[0]!];
  const nRows = w.step * (size - 1) + TAPS;
  if (!withSlopes) {
    alongRows(w, fx, fy, size, nRows, wx.value, w.rows);
    alongColumns(w.rows, size, w.step, wy.value, w.value, 1);
    return;
  }
  if (fx >= 0 && fx + w.step * (size - 1) + TAPS <= w.psf.size && fy >= 0 && fy + nRows <= w.psf.size) {
    alongRowsTwice(w, fx, fy, size, nRows, wx.value, wx.slope);
  } else {
    alongRows(w, fx, fy, size, nRows, wx.value, w.rows);
    alongRows(w, fx, fy, size, nRows, wx.slope, w.slopeRows);
  }
  alongColumns(w.slopeRows, size, w.step, wy.value, w.dx, -1);
  alongColumnsTwice(w, size, wy.value, wy.slope);
}

function grow(w: PsfWindow, size: number): void {
  if (w.value.length >= size * size) return;
  w.value = new Float64Array(size * size);
  w.dx = new Float64Array(size * size);
  w.dy = new Float64Array(size * size);
  const nRows = Math.max(1, w.step) * (size - 1) + TAPS;
  w.rows = new Float64Array(nRows * size);
  w.slopeRows = new Float64Array(nRows * size);
}

/** Interpolates grid rows fy ... along x; what lies outside the grid is 0. */
function alongRows(
  { grid, psf: { size: n }, step }: PsfWindow, fx: number, fy: number, size: number, nRows: number, taps: Float64Array, out: Float64Array,
): void {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = taps as unknown as [number, number, number, number, number, number, number, number];
  for (let r = 0; r < nRows; r++) {
    const row = fy + r;
    const to = r * size;
    if (row < 0 || row >= n) {
      out.fill(0, to, to + size);
      continue;
    }
    const base = row * n;
    for (let i = 0; i < size; i++) {
      const from = fx + step * i;
      const at = base + from;
      if (from >= 0 && from + TAPS <= n) {
        out[to + i] = t0 * grid[at]! + t1 * grid[at + 1]! + t2 * grid[at + 2]! + t3 * grid[at + 3]!
          + t4 * grid[at + 4]! + t5 * grid[at + 5]! + t6 * grid[at + 6]! + t7 * grid[at + 7]!;
        continue;
      }
      let sum = 0;
      for (let k = Math.max(0, -from); k < Math.min(TAPS, n - from); k++) sum += taps[k]! * grid[at + k]!;
      out[to + i] = sum;
    }
  }
}

/** `alongRows` with two sets of taps at once, wholly inside the grid: each element is loaded once. */
function alongRowsTwice(
  { grid, psf: { size: n }, step, rows, slopeRows }: PsfWindow,
  fx: number, fy: number, size: number, nRows: number, taps: Float64Array, slopes: Float64Array,
): void {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = taps as unknown as [number, number, number, number, number, number, number, number];
  const [s0, s1, s2, s3, s4, s5, s6, s7] = slopes as unknown as [number, number, number, number, number, number, number, number];
  for (let r = 0; r < nRows; r++) {
    let at = (fy + r) * n + fx;
    for (let to = r * size; to < (r + 1) * size; to++, at += step) {
      const g0 = grid[at]!, g1 = grid[at + 1]!, g2 = grid[at + 2]!, g3 = grid[at + 3]!;
      const g4 = grid[at + 4]!, g5 = grid[at + 5]!, g6 = grid[at + 6]!, g7 = grid[at + 7]!;
      rows[to] = t0 * g0 + t1 * g1 + t2 * g2 + t3 * g3 + t4 * g4 + t5 * g5 + t6 * g6 + t7 * g7;
      slopeRows[to] = s0 * g0 + s1 * g1 + s2 * g2 + s3 * g3 + s4 * g4 + s5 * g5 + s6 * g6 + s7 * g7;
    }
  }
}

/** Values and slopes along y from the same rows. */
function alongColumnsTwice({ rows, step, value, dy }: PsfWindow, size: number, taps: Float64Array, slopes: Float64Array): void {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = taps as unknown as [number, number, number, number, number, number, number, number];
  const [s0, s1, s2, s3, s4, s5, s6, s7] = slopes as unknown as [number, number, number, number, number, number, number, number];
  for (let j = 0; j < size; j++) {
    let at = step * j * size;
    for (let to = j * size; to < (j + 1) * size; to++, at++) {
      const r0 = rows[at]!, r1 = rows[at + size]!, r2 = rows[at + 2 * size]!, r3 = rows[at + 3 * size]!;
      const r4 = rows[at + 4 * size]!, r5 = rows[at + 5 * size]!, r6 = rows[at + 6 * size]!, r7 = rows[at + 7 * size]!;
      value[to] = t0 * r0 + t1 * r1 + t2 * r2 + t3 * r3 + t4 * r4 + t5 * r5 + t6 * r6 + t7 * r7;
      dy[to] = -(s0 * r0 + s1 * r1 + s2 * r2 + s3 * r3 + s4 * r4 + s5 * r5 + s6 * r6 + s7 * r7);
    }
  }
}

function alongColumns(rows: Float64Array, size: number, step: number, taps: Float64Array, out: Float64Array, sign: number): void {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = taps as unknown as [number, number, number, number, number, number, number, number];
  for (let j = 0; j < size; j++) {
    let at = step * j * size;
    for (let to = j * size; to < (j + 1) * size; to++, at++) {
      out[to] = sign * (t0 * rows[at]! + t1 * rows[at + size]! + t2 * rows[at + 2 * size]! + t3 * rows[at + 3 * size]!
        + t4 * rows[at + 4 * size]! + t5 * rows[at + 5 * size]! + t6 * rows[at + 6 * size]! + t7 * rows[at + 7 * size]!);
    }
  }
}

/**
 * Largest value of the PSF at the centre of its domain at each whole distance from its centre, and beyond: falls
 * monotonically. Index: pixels; length gridHalf_px + 1.
 */
export function psfEnvelope(psf: PsfModel): Float64Array {
  const half = gridHalf_px(psf);
  const w = psfWindow(psf);
  const [x, y] = [Math.round(psf.x0 + psf.width / 2), Math.round(psf.y0 + psf.height / 2)];
  prepareWindow(w, x, y, half);
  renderWindow(w, x, y, half, false);
  const size = 2 * half + 1;
  const envelope = new Float64Array(half + 1);
  for (let k = 0; k < size * size; k++) {
    const r = Math.min(half, Math.floor(Math.hypot((k % size) - half, Math.floor(k / size) - half)));
    envelope[r] = Math.max(envelope[r]!, Math.abs(w.value[k]!));
  }
  for (let r = half - 1; r >= 0; r--) envelope[r] = Math.max(envelope[r]!, envelope[r + 1]!);
  return envelope;
}
