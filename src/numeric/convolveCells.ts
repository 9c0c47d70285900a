/**
 * Convolution with a kernel that varies slowly over the image: one kernel for each square cell. As `convolveDirect` it
 * correlates with the stored kernel and reads beyond the image its nearest pixel; pixels that are not finite count as 0. The SIMD
 * path and the plain path give the same bits.
 */
import { kernelsInUse, scratch } from './kernels/engine.ts';

export interface CellConvolution {
  /** Part of the source that is wanted, in source pixels. */
  readonly x0: number;
  readonly y0: number;
  readonly width: number;
  readonly height: number;
  /** Side of the cells, a multiple of 16; those at the right and lower border may be smaller. */
  readonly cell_px: number;
  /** Odd side of the kernels. */
  readonly size: number;
  /** Kernel (size x size, row-major) for the cell whose middle is at (x, y) in pixels of the wanted part. */
  readonly kernelAt: (x: number, y: number) => Float32Array;
}

/**
 * The wanted part after convolution, row-major, in `out` or new shared memory. The source is not modified.
 * O(width height size^2).
 */
export function convolveCells(
  source: Float32Array, sourceWidth: number, sourceHeight: number, job: CellConvolution,
  out: Float32Array = new Float32Array(new SharedArrayBuffer(job.width * job.height * 4)),
): Float32Array {
  const { width, height, cell_px, size } = job;
  if (cell_px % 16 !== 0) throw new RangeError(`convolveCells: cells of ${cell_px} pixels are not a multiple of 16`);
  const half = size >> 1;
  const stride = Math.ceil(width / 16) * 16;
  const inStride = Math.ceil((stride + size - 1) / 4) * 4;
  const strip = kernelsInUse() === 'simd' ? simdStrip(stride, inStride, cell_px, size) : plainStrip(stride, inStride, cell_px, size);
  for (let top = 0; top < height; top += cell_px) {
    const nRows = Math.min(cell_px, height - top);
    for (let j = 0; j < nRows + 2 * half; j++) {
      const from = Math.min(Math.max(job.y0 + top + j - half, 0), sourceHeight - 1) * sourceWidth;
      copyRow(source, from, sourceWidth, job.x0 - half, strip.input, j * inStride, inStride);
    }
    for (let left = 0; left < width; left += cell_px) {
      const nColumns = Math.min(cell_px, width - left);
      strip.run(left, nColumns, nRows, job.kernelAt(left + nColumns / 2, top + nRows / 2));
    }
    for (let j = 0; j < nRows; j++) out.set(strip.output.subarray(j * stride, j * stride + width), (top + j) * width);
  }
  return out;
}

/** Pixels first ... first + n - 1 of a row (the nearest where it has none), 0 for what is not finite. */
function copyRow(source: Float32Array, row: number, width: number, first: number, to: Float32Array, at: number, n: number): void {
  const lo = Math.min(n, Math.max(0, -first));
  const hi = Math.max(lo, Math.min(n, width - first));
  to.set(source.subarray(row + first + lo, row + first + hi), at + lo);
  to.fill(source[row]!, at, at + lo);
  to.fill(source[row + width - 1]!, at + hi, at + n);
  for (let k = at; k < at + n; k++) if (to[k]! - to[k]! !== 0) to[k] = 0;
}

/** Memory of one row of cells and the function that fills the columns of one cell. */
interface Strip {
  readonly input: Float32Array;
  readonly output: Float32Array;
  run(left: number, nColumns: number, nRows: number, kernel: Float32Array): void;
}

function simdStrip(stride: number, inStride: number, cell_px: number, size: number): Strip {
  const nIn = (cell_px + size - 1) * inStride;
  const { kernels, at, f32 } = scratch(size * size * 4, nIn * 4, cell_px * stride * 4);
  const [pk, pin, pout] = at as [number, number, number];
  return {
    input: f32.subarray(pin / 4, pin / 4 + nIn),
    output: f32.subarray(pout / 4, pout / 4 + cell_px * stride),
    run(left, nColumns, nRows, kernel) {
      f32.set(kernel, pk / 4);
      kernels.convolveDirect(pin + 4 * left, pout + 4 * left, inStride, stride, nColumns, nRows, pk, size);
    },
  };
}

function plainStrip(stride: number, inStride: number, cell_px: number, size: number): Strip {
  const input = new Float32Array((cell_px + size - 1) * inStride);
  const output = new Float32Array(cell_px * stride);
  return {
    input, output,
    run(left, nColumns, nRows, kernel) {
      for (let y = 0; y < nRows; y++) {
        const to = output.subarray(y * stride + left, y * stride + left + nColumns);
        to.fill(0);
        for (let k = 0; k < size * size; k++) {
          const from = (y + Math.floor(k / size)) * inStride + left + (k % size);
          for (let x = 0; x < nColumns; x++) to[x] = Math.fround(to[x]! + Math.fround(kernel[k]! * input[from + x]!));
        }
      }
    },
  };
}
