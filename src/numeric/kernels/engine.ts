/**
 * The SIMD kernels as a WebAssembly instance, made on first use and kept for the thread. Its memory is
 * scratch space: callers copy strips of pixels in and out, so it stays small whatever the image size.
 */
import { KERNELS_WASM_BASE64 } from './kernelsWasm.ts';

export type KernelKind = 'simd' | 'js';

/** The part of the WebAssembly global that is used here; the DOM library, where TypeScript declares it, is not included. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

interface KernelExports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  convolveRows(
    src: number, dst: number, srcStride: number, dstStride: number, width: number, nRows: number, taps: number, nTaps: number,
  ): void;
  convolveColumns(src: number, dst: number, stride: number, width: number, nRows: number, taps: number, nTaps: number): void;
  convolveDirect(
    src: number, dst: number, srcStride: number, dstStride: number, width: number, nRows: number, kernel: number, size: number,
  ): void;
  warpPositions(
    src: number, width: number, height: number, stride: number, positions: number, n: number,
    table: number, nPhases: number, nTaps: number, padded: number, before: number, dst: number,
  ): void;
  normalMatrix(planes: number, n: number, m: number, out: number): void;
  riceDecode(source: number, nBytes: number, out: number, n: number, blockSize: number, bytes: number): number;
  riceEncode(source: number, n: number, out: number, blockSize: number, bytes: number): number;
}

/** First byte that the kernels may use as scratch; the pages below belong to the module. */
const ARENA_START = 65536;
const PAGE = 65536;

let kind: KernelKind = 'simd';
let instance: KernelExports | null = null;

/** Choose the SIMD kernels or their plain TypeScript twins for this thread. Both give the same bits. */
export function useKernels(choice: KernelKind): void {
  kind = choice;
}

/** The choice in force. */
export function kernelsInUse(): KernelKind {
  return kind;
}

function exportsOf(): KernelExports {
  if (instance === null) {
    const bytes = Uint8Array.from(atob(KERNELS_WASM_BASE64), c => c.charCodeAt(0));
    instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), {}).exports as KernelExports;
  }
  return instance;
}

/** A stretch of scratch memory; the views are valid until the next `scratch` call. */
export interface Scratch {
  readonly kernels: KernelExports;
  /** Byte offsets of the requested blocks, in the order of the request. */
  readonly at: readonly number[];
  readonly f32: Float32Array;
  readonly f64: Float64Array;
}

/** Scratch memory with one 16-byte aligned block for each size in bytes. Contents are undefined. */
export function scratch(...sizes: readonly number[]): Scratch {
  const kernels = exportsOf();
  const at: number[] = [];
  let end = ARENA_START;
  for (const size of sizes) {
    at.push(end);
    end = Math.ceil((end + size + 64) / 16) * 16;
  }
  const missing = end - kernels.memory.buffer.byteLength;
  if (missing > 0) kernels.memory.grow(Math.ceil(missing / PAGE));
  const buffer = kernels.memory.buffer;
  return { kernels, at, f32: new Float32Array(buffer), f64: new Float64Array(buffer) };
}
