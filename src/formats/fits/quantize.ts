/** Floats -> integer codes with a step that follows the noise, as fpack does (Pence, White & Seaman 2010, PASP 122, 1065). */
import { differenceNoise, type DifferenceNoise } from './differenceNoise.ts';
import { ditherRun, ditherStart, ditherTable, NULL_CODE, ZERO_CODE } from './quantization.ts';

export type DitherMethod = 'NO_DITHER' | 'SUBTRACTIVE_DITHER_1' | 'SUBTRACTIVE_DITHER_2';

export interface QuantizeOptions {
  readonly method: DitherMethod;
  /** Steps a standard deviation of the noise; below 0 the step itself, with the sign turned. */
  readonly q: number;
  /** ZDITHER0, 1 ... 10000. */
  readonly seed: number;
  /** 0-based number of the tile. */
  readonly tile: number;
}

export interface QuantizedTile {
  readonly codes: Int32Array;
  readonly scale: number;
  readonly zero: number;
  readonly hasNull: boolean;
}

type Floats = Float32Array | Float64Array;

/** Codes from NULL_CODE on that no pixel may have. */
const N_RESERVED = 10;

/**
 * Quantizes a tile.
 * @param values nx * ny pixels, row-major; NaN becomes the null code.
 * @returns null where CFITSIO does not quantize either: a single pixel, no noise, a range beyond 32 bits, infinities.
 */
export function quantizeTile(values: Floats, nx: number, ny: number, options: QuantizeOptions): QuantizedTile | null {
  if (values.length <= 1) return null;
  const found = differenceNoise(values, nx, ny);
  const hasNull = found.nGood < values.length;
  // A tile without pixels needs a step all the same; no code depends on it.
  const noise = found.nGood === 0 ? { ...found, min: 0, max: 1, noise2: 0, noise3: 1, noise5: 0 } : found;
  const range = values instanceof Float32Array ? Math.fround(noise.max - noise.min) : noise.max - noise.min;
  const q = Math.fround(options.q);
  const step = q < 0 ? -q : smallest(noise) / (q === 0 ? 4 : q);
  if (!(step > 0) || !(range / step <= 2 * 2147483647 - N_RESERVED)) return null;
  const zero = zeroPoint(noise, range, step, hasNull || options.method === 'SUBTRACTIVE_DITHER_2');
  const codes = new Int32Array(values.length);
  if (options.method === 'NO_DITHER') roundCodes(values, step, zero, codes);
  else ditheredCodes(values, step, zero, options, codes);
  return { codes, scale: step, zero, hasNull };
}

function smallest({ noise2, noise3, noise5 }: DifferenceNoise): number {
  let least = noise3;
  if (noise2 !== 0 && noise2 < least) least = noise2;
  if (noise5 !== 0 && noise5 < least) least = noise5;
  return least;
}

/** Codes begin at 0, or next to the reserved ones where those are in use. */
function zeroPoint({ min, max }: DifferenceNoise, range: number, step: number, isReserved: boolean): number {
  if (isReserved) return min - step * (NULL_CODE + N_RESERVED);
  // A whole number of steps: packing again what was unpacked gives the same codes.
  if (range / step < 2147483647 - N_RESERVED) return Math.trunc(min / step + 0.5) * step;
  return (min + max) / 2;
}

function roundCodes(values: Floats, step: number, zero: number, codes: Int32Array): void {
  for (let i = 0; i < codes.length; i++) {
    const v = values[i]!;
    if (v !== v) codes[i] = NULL_CODE;
    else {
      const code = (v - zero) / step;
      codes[i] = code >= 0 ? code + 0.5 : code - 0.5;
    }
  }
}

function ditheredCodes(values: Floats, step: number, zero: number, { method, seed, tile }: QuantizeOptions, codes: Int32Array): void {
  const table = ditherTable();
  const keepsZero = method === 'SUBTRACTIVE_DITHER_2';
  let { start, next } = ditherStart(tile, seed);
  for (let i = 0; i < codes.length; i++) {
    const v = values[i]!;
    if (v !== v) codes[i] = NULL_CODE;
    else if (keepsZero && v === 0) codes[i] = ZERO_CODE;
    else {
      const code = (v - zero) / step + table[next]! - 0.5;
      codes[i] = code >= 0 ? code + 0.5 : code - 0.5;
    }
    if (++next === table.length) ({ start, next } = ditherRun(start));
  }
}
