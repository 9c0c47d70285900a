/** Quantized floats of compressed images, with subtractive dithering (FITS standard 4.0 section 10.2 and appendix I). */
import { ApError } from '../../model/errors.ts';

/** How the codes of one tile become floats. */
export interface Quantization {
  /** NO_DITHER, SUBTRACTIVE_DITHER_1 or SUBTRACTIVE_DITHER_2. */
  readonly method: string;
  /** ZDITHER0, 1 ... 10000. */
  readonly seed: number;
  /** 0-based number of the tile (row of the table): it chooses the place in the dither sequence. */
  readonly tile: number;
  readonly scale: number;
  readonly zero: number;
  /** Code of NaN; null where the header gives none. */
  readonly blank: number | null;
}

const N_RANDOM = 10000;
/** The standard's code for exact zeros under SUBTRACTIVE_DITHER_2. */
export const ZERO_CODE = -2147483646;
/** The null code when no ZBLANK is given, and the one that is written. */
export const NULL_CODE = -2147483647;

let randomTable: Float32Array | null = null;

/** The standard's 10,000 uniform numbers: x <- 16807 x mod (2^31 - 1), from 1, as float32. */
export function ditherTable(): Float32Array {
  if (randomTable !== null) return randomTable;
  randomTable = new Float32Array(N_RANDOM);
  let x = 1;
  for (let i = 0; i < N_RANDOM; i++) {
    x = (16807 * x) % 2147483647;
    randomTable[i] = x / 2147483647;
  }
  return randomTable;
}

/** Where a tile begins in the sequence: the start of the run of numbers, and the first of them. */
export function ditherStart(tile: number, seed: number): { start: number; next: number } {
  const start = ((tile + seed - 1) % N_RANDOM + N_RANDOM) % N_RANDOM;
  return { start, next: Math.trunc(ditherTable()[start]! * 500) };
}

/** Number behind the last one of a run: the next run begins. */
export function ditherRun(start: number): { start: number; next: number } {
  const following = (start + 1) % N_RANDOM;
  return { start: following, next: Math.trunc(ditherTable()[following]! * 500) };
}

/**
 * Floats of one tile from its integer codes; arithmetic in float64, rounded once.
 * @param out receives the values; NaN where the code is the null code.
 * @throws ApError BAD_FITS for an unknown method.
 */
export function dequantize(codes: Int32Array, q: Quantization, out: Float32Array | Float64Array): void {
  const blank = q.blank ?? NULL_CODE;
  if (q.method === 'NO_DITHER' || q.method === 'NONE') return scaleCodes(codes, q.scale, q.zero, blank, out);
  if (q.method !== 'SUBTRACTIVE_DITHER_1' && q.method !== 'SUBTRACTIVE_DITHER_2') {
    throw new ApError('BAD_FITS', { where: 'ZQUANTIZ', found: q.method, expected: 'NO_DITHER or SUBTRACTIVE_DITHER_1, _2' });
  }
  ditherCodes(codes, q, blank, q.method === 'SUBTRACTIVE_DITHER_2', out);
}

function scaleCodes(codes: Int32Array, scale: number, zero: number, blank: number, out: Float32Array | Float64Array): void {
  for (let i = 0; i < codes.length; i++) out[i] = codes[i] === blank ? NaN : codes[i]! * scale + zero;
}

function ditherCodes(
  codes: Int32Array, { tile, seed, scale, zero }: Quantization, blank: number, keepsZero: boolean, out: Float32Array | Float64Array,
): void {
  const table = ditherTable();
  let { start, next } = ditherStart(tile, seed);
  for (let i = 0; i < codes.length;) {
    const end = Math.min(codes.length, i + N_RANDOM - next);
    for (; i < end; i++, next++) {
      const code = codes[i]!;
      if (code === blank) out[i] = NaN;
      else if (keepsZero && code === ZERO_CODE) out[i] = 0;
      else out[i] = (code - table[next]! + 0.5) * scale + zero;
    }
    if (next === N_RANDOM) ({ start, next } = ditherRun(start));
  }
}
