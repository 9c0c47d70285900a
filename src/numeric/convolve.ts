/**
 * Convolution of float32 images with small kernels. All functions correlate with the stored kernel
 * (out(x) = sum of k(i) in(x + i - half)), clamp coordinates at the edges (nearest pixel), spread NaN over the
 * kernel's footprint, do not modify their inputs and return a new plane in shared memory. Kernel lengths are odd.
 * The SIMD path and the plain path sum in the same order in float32 and give the same bits.
 */
import { kernelsInUse, scratch } from './kernels/engine.ts';

/** Rows that are processed together; bounds the scratch memory. */
const STRIP_ROWS = 64;

/** Correlation with taps[j] * taps[i]. Cost O(width * height * taps). */
export function convolveSeparable(source: Float32Array, width: number, height: number, taps: Float32Array): Float32Array {
  return convolveSeparableXY(source, width, height, taps, taps);
}

/** Correlation with tapsY[j] * tapsX[i]; the two may differ in length. Writes into `out` when it is given. */
export function convolveSeparableXY(
  source: Float32Array, width: number, height: number, tapsX: Float32Array, tapsY: Float32Array,
  out: Float32Array = new Float32Array(new SharedArrayBuffer(width * height * 4)),
): Float32Array {
  const stride = roundUp(width, 16);
  const paddedStride = roundUp(stride + tapsX.length - 1, 4);
  const nRowsIn = Math.min(STRIP_ROWS, height) + tapsY.length - 1;
  const strip = kernelsInUse() === 'simd'
    ? simdSeparable(stride, paddedStride, nRowsIn, tapsX, tapsY)
    : plainSeparable(stride, paddedStride, nRowsIn, tapsX, tapsY);
  inStrips(source, out, width, height, { halfX: tapsX.length >> 1, halfY: tapsY.length >> 1, paddedStride, stride }, strip);
  return out;
}

/** Correlation with a square kernel, row-major size x size. Cost O(width * height * size^2). */
export function convolveDirect(
  source: Float32Array, width: number, height: number, kernel: Float32Array, size: number,
): Float32Array {
  const out = new Float32Array(new SharedArrayBuffer(width * height * 4));
  const stride = roundUp(width, 16);
  const paddedStride = roundUp(stride + size - 1, 4);
  const nRowsIn = Math.min(STRIP_ROWS, height) + size - 1;
  const strip = kernelsInUse() === 'simd'
    ? simdDirect(stride, paddedStride, nRowsIn, kernel, size)
    : plainDirect(stride, paddedStride, nRowsIn, kernel, size);
  inStrips(source, out, width, height, { halfX: size >> 1, halfY: size >> 1, paddedStride, stride }, strip);
  return out;
}

function roundUp(n: number, step: number): number {
  return Math.ceil(n / step) * step;
}

/** Working memory of one strip and the function that turns its input rows into output rows. */
interface Strip {
  readonly input: Float32Array;
  readonly output: Float32Array;
  run(width: number, nRows: number): void;
}

interface Layout {
  readonly halfX: number;
  readonly halfY: number;
  readonly paddedStride: number;
  readonly stride: number;
}

function inStrips(source: Float32Array, out: Float32Array, width: number, height: number, layout: Layout, strip: Strip): void {
  const { halfX, halfY, paddedStride, stride } = layout;
  for (let y0 = 0; y0 < height; y0 += STRIP_ROWS) {
    const nRows = Math.min(STRIP_ROWS, height - y0);
    for (let j = 0; j < nRows + 2 * halfY; j++) {
      const from = Math.min(Math.max(y0 + j - halfY, 0), height - 1) * width;
      const to = j * paddedStride;
      strip.input.fill(source[from]!, to, to + halfX);
      strip.input.set(source.subarray(from, from + width), to + halfX);
      strip.input.fill(source[from + width - 1]!, to + halfX + width, to + paddedStride);
    }
    strip.run(width, nRows);
    for (let j = 0; j < nRows; j++) out.set(strip.output.subarray(j * stride, j * stride + width), (y0 + j) * width);
  }
}

function simdSeparable(stride: number, paddedStride: number, nRowsIn: number, tapsX: Float32Array, tapsY: Float32Array): Strip {
  const { kernels, at, f32 } = scratch(
    tapsX.length * 4, tapsY.length * 4, nRowsIn * paddedStride * 4, nRowsIn * stride * 4, nRowsIn * stride * 4);
  const [px, py, pin, pmid, pout] = at as [number, number, number, number, number];
  f32.set(tapsX, px / 4);
  f32.set(tapsY, py / 4);
  return {
    input: f32.subarray(pin / 4, pin / 4 + nRowsIn * paddedStride),
    output: f32.subarray(pout / 4, pout / 4 + nRowsIn * stride),
    run(width, nRows) {
      kernels.convolveRows(pin, pmid, paddedStride, stride, width, nRows + tapsY.length - 1, px, tapsX.length);
      kernels.convolveColumns(pmid, pout, stride, width, nRows, py, tapsY.length);
    },
  };
}

function simdDirect(stride: number, paddedStride: number, nRowsIn: number, kernel: Float32Array, size: number): Strip {
  const { kernels, at, f32 } = scratch(kernel.length * 4, nRowsIn * paddedStride * 4, nRowsIn * stride * 4);
  const [pk, pin, pout] = at as [number, number, number];
  f32.set(kernel, pk / 4);
  return {
    input: f32.subarray(pin / 4, pin / 4 + nRowsIn * paddedStride),
    output: f32.subarray(pout / 4, pout / 4 + nRowsIn * stride),
    run(width, nRows) {
      kernels.convolveDirect(pin, pout, paddedStride, stride, width, nRows, pk, size);
    },
  };
}

function plainSeparable(stride: number, paddedStride: number, nRowsIn: number, tapsX: Float32Array, tapsY: Float32Array): Strip {
  const input = new Float32Array(nRowsIn * paddedStride);
  const middle = new Float32Array(nRowsIn * stride);
  const output = new Float32Array(nRowsIn * stride);
  return {
    input, output,
    run(width, nRows) {
      for (let y = 0; y < nRows + tapsY.length - 1; y++) {
        const to = middle.subarray(y * stride, y * stride + width);
        to.fill(0);
        for (let k = 0; k < tapsX.length; k++) addScaled(to, input, y * paddedStride + k, tapsX[k]!);
      }
      for (let y = 0; y < nRows; y++) {
        const to = output.subarray(y * stride, y * stride + width);
        to.fill(0);
        for (let k = 0; k < tapsY.length; k++) addScaled(to, middle, (y + k) * stride, tapsY[k]!);
      }
    },
  };
}

function plainDirect(stride: number, paddedStride: number, nRowsIn: number, kernel: Float32Array, size: number): Strip {
  const input = new Float32Array(nRowsIn * paddedStride);
  const output = new Float32Array(nRowsIn * stride);
  return {
    input, output,
    run(width, nRows) {
      for (let y = 0; y < nRows; y++) {
        const to = output.subarray(y * stride, y * stride + width);
        to.fill(0);
        for (let j = 0; j < size; j++) {
          for (let i = 0; i < size; i++) addScaled(to, input, (y + j) * paddedStride + i, kernel[j * size + i]!);
        }
      }
    },
  };
}

/** to[x] += factor * from[start + x], each product and sum rounded to float32 as the SIMD lanes do. */
function addScaled(to: Float32Array, from: Float32Array, start: number, factor: number): void {
  for (let x = 0; x < to.length; x++) to[x] = Math.fround(to[x]! + Math.fround(factor * from[start + x]!));
}
