/**
 * Resampling of an image by Lanczos interpolation at positions given by a coarse grid. SIMD and plain path
 * give the same bits.
 */
import { kernelsInUse, scratch } from './kernels/engine.ts';

/** Sub-pixel phases of the tables: positions are rounded to 1/4096 pixel. */
export const N_PHASES = 4096;

/** One row of `padded` weights for each phase 0 ... N_PHASES, for pixels floor(position) - before + i, i < nTaps. */
export interface WarpTable {
  readonly nTaps: number;
  readonly before: number;
  readonly padded: number;
  readonly weights: Float32Array;
}

/** Weights sinc(x) sinc(x / order) on 2 order taps, each row with sum 1. */
export function lanczosTable(order: number): WarpTable {
  const nTaps = 2 * order;
  const padded = Math.ceil(nTaps / 4) * 4;
  const weights = new Float32Array((N_PHASES + 1) * padded);
  const row = new Float64Array(nTaps);
  for (let phase = 0; phase <= N_PHASES; phase++) {
    let sum = 0;
    for (let i = 0; i < nTaps; i++) {
      row[i] = lanczos(phase / N_PHASES - (i - order + 1), order);
      sum += row[i]!;
    }
    for (let i = 0; i < nTaps; i++) weights[phase * padded + i] = row[i]! / sum;
  }
  return { nTaps, before: order - 1, padded, weights };
}

/** Lanczos kernel of the given order at distance x in pixels. */
export function lanczos(x: number, order: number): number {
  const a = Math.abs(x);
  if (a < 1e-9) return 1;
  if (a >= order) return 0;
  const p = Math.PI * a;
  if (Math.abs(a - Math.round(a)) < 1e-12) return 0;
  return (order * Math.sin(p) * Math.sin(p / order)) / (p * p);
}

/** The squares of a table's weights, each row with sum 1: how a variance plane is interpolated without smoothing its level. */
export function squaredTable(table: WarpTable): WarpTable {
  const weights = new Float32Array(table.weights.length);
  for (let at = 0; at < weights.length; at += table.padded) {
    let sum = 0;
    for (let i = 0; i < table.padded; i++) sum += table.weights[at + i]! ** 2;
    for (let i = 0; i < table.padded; i++) weights[at + i] = table.weights[at + i]! ** 2 / sum;
  }
  return { ...table, weights };
}

/** Source positions at every `step` pixels of the output, the last node at or beyond the edge; bilinear between. */
export interface WarpGrid {
  readonly step: number;
  readonly nx: number;
  readonly ny: number;
  readonly xs: Float64Array;
  readonly ys: Float64Array;
}

/** Evaluates `map` (output pixels to source pixels, arrays in and out) on the nodes of a grid. */
export function warpGrid(
  map: (xs: Float64Array, ys: Float64Array) => { readonly x: ArrayLike<number>; readonly y: ArrayLike<number> },
  width: number, height: number, step: number,
): WarpGrid {
  const nx = Math.ceil((width - 1) / step) + 1 + (width === 1 ? 1 : 0);
  const ny = Math.ceil((height - 1) / step) + 1 + (height === 1 ? 1 : 0);
  const xs = new Float64Array(nx * ny);
  const ys = new Float64Array(nx * ny);
  for (let j = 0; j < ny; j++) for (let i = 0; i < nx; i++) { xs[j * nx + i] = i * step; ys[j * nx + i] = j * step; }
  const source = map(xs, ys);
  return { step, nx, ny, xs: Float64Array.from(source.x), ys: Float64Array.from(source.y) };
}

/** Source position of one output pixel by bilinear interpolation of the grid. */
export function gridPosition(grid: WarpGrid, x: number, y: number): [number, number] {
  const i = Math.min(Math.max(Math.floor(x / grid.step), 0), grid.nx - 2);
  const j = Math.min(Math.max(Math.floor(y / grid.step), 0), grid.ny - 2);
  const u = x / grid.step - i;
  const v = y / grid.step - j;
  const k = j * grid.nx + i;
  const at = (p: Float64Array): number =>
    (1 - v) * ((1 - u) * p[k]! + u * p[k + 1]!) + v * ((1 - u) * p[k + grid.nx]! + u * p[k + grid.nx + 1]!);
  return [at(grid.xs), at(grid.ys)];
}

const TILE = 128;

/**
 * The source interpolated at the grid positions: output row-major outWidth x outHeight in new shared memory, NaN
 * where the kernel does not fit into the source or covers a NaN. Not scaled by the change of pixel area.
 */
export function warpImage(
  source: Float32Array, width: number, height: number, grid: WarpGrid, outWidth: number, outHeight: number, table: WarpTable,
): Float32Array {
  const out = new Float32Array(new SharedArrayBuffer(outWidth * outHeight * 4)).fill(NaN);
  const positions = new Float64Array(TILE * TILE * 2);
  for (let y0 = 0; y0 < outHeight; y0 += TILE) {
    for (let x0 = 0; x0 < outWidth; x0 += TILE) {
      const w = Math.min(TILE, outWidth - x0);
      const h = Math.min(TILE, outHeight - y0);
      const box = tilePositions(grid, x0, y0, w, h, table, width, height, positions);
      if (box === null) continue;
      const values = kernelsInUse() === 'simd'
        ? simdTile(source, width, box, positions, w * h, table)
        : plainTile(source, width, box, positions, w * h, table);
      for (let j = 0; j < h; j++) out.set(values.subarray(j * w, (j + 1) * w), (y0 + j) * outWidth + x0);
    }
  }
  return out;
}

interface SourceBox { readonly x0: number; readonly y0: number; readonly width: number; readonly height: number }

/** Writes positions relative to the source box that the tile needs; null when it needs nothing of the source. */
function tilePositions(
  grid: WarpGrid, x0: number, y0: number, w: number, h: number, table: WarpTable, width: number, height: number, out: Float64Array,
): SourceBox | null {
  let xMin = Infinity, xMax = -Infinity, yMin = Infinity, yMax = -Infinity;
  for (let j = 0, k = 0; j < h; j++) {
    const v0 = (y0 + j) / grid.step;
    const gj = Math.min(Math.floor(v0), grid.ny - 2);
    const v = v0 - gj;
    for (let i = 0; i < w; i++, k += 2) {
      const u0 = (x0 + i) / grid.step;
      const gi = Math.min(Math.floor(u0), grid.nx - 2);
      const u = u0 - gi;
      const n = gj * grid.nx + gi;
      const m = n + grid.nx;
      const sx = (1 - v) * ((1 - u) * grid.xs[n]! + u * grid.xs[n + 1]!) + v * ((1 - u) * grid.xs[m]! + u * grid.xs[m + 1]!);
      const sy = (1 - v) * ((1 - u) * grid.ys[n]! + u * grid.ys[n + 1]!) + v * ((1 - u) * grid.ys[m]! + u * grid.ys[m + 1]!);
      out[k] = sx;
      out[k + 1] = sy;
      if (sx < xMin) xMin = sx;
      if (sx > xMax) xMax = sx;
      if (sy < yMin) yMin = sy;
      if (sy > yMax) yMax = sy;
    }
  }
  const bx0 = Math.max(0, Math.floor(xMin) - table.before);
  const by0 = Math.max(0, Math.floor(yMin) - table.before);
  const bx1 = Math.min(width, Math.floor(xMax) - table.before + table.nTaps);
  const by1 = Math.min(height, Math.floor(yMax) - table.before + table.nTaps);
  if (!(bx1 - bx0 >= table.nTaps && by1 - by0 >= table.nTaps)) return null;
  for (let k = 0; k < 2 * w * h; k += 2) { out[k] = out[k]! - bx0; out[k + 1] = out[k + 1]! - by0; }
  return { x0: bx0, y0: by0, width: bx1 - bx0, height: by1 - by0 };
}

function copyBox(source: Float32Array, width: number, box: SourceBox, stride: number, to: Float32Array): void {
  for (let j = 0; j < box.height; j++) {
    const from = (box.y0 + j) * width + box.x0;
    to.set(source.subarray(from, from + box.width), j * stride);
    to.fill(0, j * stride + box.width, (j + 1) * stride);
  }
}

function simdTile(
  source: Float32Array, width: number, box: SourceBox, positions: Float64Array, n: number, table: WarpTable,
): Float32Array {
  const stride = box.width + table.padded - table.nTaps;
  const { kernels, at, f32, f64 } = scratch(table.weights.length * 4, n * 16, n * 4, stride * box.height * 4);
  const [pt, pp, po, ps] = at as [number, number, number, number];
  f32.set(table.weights, pt / 4);
  f64.set(positions.subarray(0, 2 * n), pp / 8);
  copyBox(source, width, box, stride, f32.subarray(ps / 4, ps / 4 + stride * box.height));
  kernels.warpPositions(ps, box.width, box.height, stride, pp, n, pt, N_PHASES, table.nTaps, table.padded, table.before, po);
  return f32.subarray(po / 4, po / 4 + n);
}

function plainTile(
  source: Float32Array, width: number, box: SourceBox, positions: Float64Array, n: number, table: WarpTable,
): Float32Array {
  const { nTaps, padded, before, weights } = table;
  const stride = box.width + padded - nTaps;
  const pixels = new Float32Array(stride * box.height);
  copyBox(source, width, box, stride, pixels);
  const out = new Float32Array(n);
  const f = Math.fround;
  const acc = new Float32Array(4);
  const row = new Float32Array(4);
  for (let k = 0; k < n; k++) {
    const sx = positions[2 * k]!;
    const sy = positions[2 * k + 1]!;
    const ix = Math.floor(sx) - before;
    const iy = Math.floor(sy) - before;
    if (!(ix >= 0 && iy >= 0 && ix + nTaps <= box.width && iy + nTaps <= box.height)) { out[k] = NaN; continue; }
    const tx = padded * Math.trunc((sx - Math.floor(sx)) * N_PHASES + 0.5);
    const ty = padded * Math.trunc((sy - Math.floor(sy)) * N_PHASES + 0.5);
    acc.fill(0);
    for (let j = 0; j < nTaps; j++) {
      const from = (iy + j) * stride + ix;
      row.fill(0);
      for (let i = 0; i < padded; i++) row[i & 3] = f(row[i & 3]! + f(weights[tx + i]! * pixels[from + i]!));
      for (let l = 0; l < 4; l++) acc[l] = f(acc[l]! + f(weights[ty + j]! * row[l]!));
    }
    out[k] = f(f(acc[0]! + acc[1]!) + f(acc[2]! + acc[3]!));
  }
  return out;
}
