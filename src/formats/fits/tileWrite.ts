/**
 * Images -> tile-compressed binary tables, as fpack writes them: RICE_1 for integers and quantized floats, GZIP_2 for
 * everything, lossless unless floats are quantized.
 */
import { gzipSync } from 'node:zlib';
import { ApError } from '../../model/errors.ts';
import type { BinColumnInput } from './binTableWrite.ts';
import { card, type Card } from './cards.ts';
import type { PixelBox } from './cutout.ts';
import { encodePixels, storageOf, type RawPixels } from './pixelBytes.ts';
import { NULL_CODE } from './quantization.ts';
import { quantizeTile, type DitherMethod, type QuantizedTile } from './quantize.ts';
import { riceEncode } from './rice.ts';
import { copyOverlap, emptyPixels } from './tileCompression.ts';
import { product } from './tileImage.ts';
import { integerValue, type ImageHduInput, type TableHduInput } from './writeFits.ts';

export interface CompressOptions {
  readonly codec: 'RICE_1' | 'GZIP_2';
  /** Lengths of a tile along the axes; one row by default. */
  readonly tile?: readonly number[];
  /** Floats only: null keeps every bit (GZIP_2). Default: fpack's, SUBTRACTIVE_DITHER_1 with 4 steps a sigma, seed 1. */
  readonly quantize?: { readonly method?: DitherMethod; readonly q?: number; readonly seed?: number } | null;
}

/** Values that share a Rice split; what CFITSIO uses. */
const BLOCK_SIZE = 32;
/** fpack's trade of time for size. */
const GZIP_LEVEL = 1;

interface CodedTile { readonly bytes: Uint8Array; readonly form: 'coded' | 'gzipped'; readonly quantized: QuantizedTile | null }

/**
 * The compressed form of an image; it is written by `writeFits` like any table.
 * @param image integers of any type (RICE_1: up to 32 bits), float32 or float64; NaN survives by ZBLANK or as it is.
 * @throws ApError BAD_FITS when the codec cannot hold the pixels, or for odd tiles or options.
 */
export function compressImage(image: ImageHduInput, options: CompressOptions): TableHduInput {
  const { data, shape } = image;
  if (data === null || shape.length === 0 || product(shape) !== data.length || data.length === 0) {
    throw new ApError('BAD_FITS', { where: `image ${image.name ?? ''}`, found: `${data?.length ?? 0} pixels`, expected: `${shape.join(' x ')}, at least one` });
  }
  const pixels = storedForm(data);
  const tile = shape.map((length, axis) => Math.min(length, options.tile?.[axis] ?? (axis === 0 ? length : 1)));
  if (tile.some(n => !Number.isInteger(n) || n < 1)) throw badOption('tile', tile.join(' x '), 'positive integers');
  const plan = planOf(pixels, options);
  const nTiles = shape.map((length, axis) => Math.ceil(length / tile[axis]!));
  const coded = Array.from({ length: product(nTiles) }, (_, i) => {
    const box = boxOf(i, nTiles, tile, shape);
    return codedTile(tilePixels(pixels, shape, box), box.size, i, plan);
  });
  return {
    kind: 'bintable', nRows: coded.length, columns: columnsOf(coded, plan), structure: structureOf(image, pixels, tile, plan, coded),
    ...(image.name === undefined ? {} : { name: image.name }), ...(image.cards === undefined ? {} : { cards: image.cards }),
  };
}

interface Plan {
  readonly codec: CompressOptions['codec'];
  /** Bytes of the integers that the codec sees. */
  readonly bytePix: number;
  readonly quantize: { readonly method: DitherMethod; readonly q: number; readonly seed: number } | null;
}

function planOf(pixels: RawPixels, options: CompressOptions): Plan {
  const isFloat = pixels instanceof Float32Array || pixels instanceof Float64Array;
  const { codec } = options;
  if (!isFloat) {
    if (codec === 'RICE_1' && pixels instanceof BigInt64Array) throw badOption('RICE_1', '64-bit integers', 'up to 32 bits, or GZIP_2');
    return { codec, bytePix: pixels.BYTES_PER_ELEMENT, quantize: null };
  }
  if (options.quantize === null) {
    if (codec === 'RICE_1') throw badOption('RICE_1', 'floats without quantization', 'GZIP_2');
    return { codec, bytePix: pixels.BYTES_PER_ELEMENT, quantize: null };
  }
  const { method = 'SUBTRACTIVE_DITHER_1', q = 4, seed = 1 } = options.quantize ?? {};
  if (!Number.isInteger(seed) || seed < 1 || seed > 10000) throw badOption('seed', seed, 'an integer from 1 to 10000');
  if (!Number.isFinite(q) || q === 0) throw badOption('q', q, 'a number other than 0');
  return { codec, bytePix: 4, quantize: { method, q, seed } };
}

/** The array as the file holds it: unsigned types lose their offset. */
function storedForm(data: NonNullable<ImageHduInput['data']>): RawPixels {
  const { bitpix, zero } = storageOf(data);
  if (zero === 0n) return data as RawPixels;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  const size = data.BYTES_PER_ELEMENT;
  // The offset 2^(n-1) is a flip of the sign bit, in the last byte of a little-endian element.
  for (let i = size - 1; i < bytes.length; i += size) bytes[i]! ^= 0x80;
  const out = emptyPixels(bitpix, new ArrayBuffer(data.byteLength));
  new Uint8Array(out.buffer).set(bytes);
  return out;
}

function boxOf(i: number, nTiles: readonly number[], tile: readonly number[], shape: readonly number[]): PixelBox {
  let rest = i;
  const start = nTiles.map((count, axis) => {
    const index = rest % count;
    rest = Math.floor(rest / count);
    return index * tile[axis]!;
  });
  return { start, size: start.map((from, axis) => Math.min(tile[axis]!, shape[axis]! - from)) };
}

/** Pixels of a box, as a view where rows of the image are whole tiles. */
function tilePixels(pixels: RawPixels, shape: readonly number[], box: PixelBox): RawPixels {
  const n = product(box.size);
  const { bitpix } = storageOf(pixels);
  if (box.size[0] === shape[0] && box.size.slice(1).every(length => length === 1)) {
    let [at, stride] = [0, 1];
    shape.forEach((length, axis) => {
      at += box.start[axis]! * stride;
      stride *= length;
    });
    return pixels.subarray(at, at + n);
  }
  const out = emptyPixels(bitpix, new ArrayBuffer(n * pixels.BYTES_PER_ELEMENT));
  copyOverlap(pixels, { start: shape.map(() => 0), size: shape }, out, box);
  return out;
}

function codedTile(values: RawPixels, size: readonly number[], tile: number, plan: Plan): CodedTile {
  if (plan.quantize === null) return { bytes: coded(values, plan), form: 'coded', quantized: null };
  const floats = values as Float32Array | Float64Array;
  const quantized = quantizeTile(floats, size[0]!, floats.length / size[0]!, { ...plan.quantize, tile });
  if (quantized === null) return { bytes: gzipSync(bigEndian(values), { level: GZIP_LEVEL }), form: 'gzipped', quantized: null };
  return { bytes: coded(quantized.codes, plan), form: 'coded', quantized };
}

function coded(values: RawPixels, { codec, bytePix }: Plan): Uint8Array {
  if (codec === 'RICE_1') return riceEncode(values as Int32Array, { blockSize: BLOCK_SIZE, bytePix });
  return gzipSync(shuffled(bigEndian(values), values.BYTES_PER_ELEMENT), { level: GZIP_LEVEL });
}

function bigEndian(values: RawPixels): Uint8Array {
  const bytes = new Uint8Array(values.byteLength);
  encodePixels(values, bytes);
  return bytes;
}

/** The most significant bytes of all elements first, then the next ones. */
function shuffled(bytes: Uint8Array, size: number): Uint8Array {
  const n = bytes.length / size;
  const out = new Uint8Array(bytes.length);
  for (let k = 0; k < size; k++) {
    for (let i = 0; i < n; i++) out[k * n + i] = bytes[i * size + k]!;
  }
  return out;
}

function columnsOf(tiles: readonly CodedTile[], plan: Plan): BinColumnInput[] {
  const none = new Uint8Array(0);
  const bytesOf = (form: CodedTile['form']): Uint8Array[] => tiles.map(tile => (tile.form === form ? tile.bytes : none));
  const numbers = (name: string, value: (q: QuantizedTile) => number): BinColumnInput => ({
    name, type: 'numbers', values: Float64Array.from(tiles, ({ quantized }) => (quantized === null ? 0 : value(quantized))),
  });
  return [
    { name: 'COMPRESSED_DATA', type: 'arrays', values: bytesOf('coded') },
    ...(tiles.some(tile => tile.form === 'gzipped') ? [{ name: 'GZIP_COMPRESSED_DATA', type: 'arrays', values: bytesOf('gzipped') } as const] : []),
    ...(plan.quantize === null ? [] : [numbers('ZSCALE', q => q.scale), numbers('ZZERO', q => q.zero)]),
  ];
}

function structureOf(
  { data, shape }: ImageHduInput, pixels: RawPixels, tile: readonly number[], plan: Plan, tiles: readonly CodedTile[],
): Card[] {
  const { zero } = storageOf(data!);
  return [
    card('ZIMAGE', true, 'extension contains compressed image'),
    card('ZTENSION', 'IMAGE', 'the uncompressed HDU'), card('ZBITPIX', storageOf(pixels).bitpix), card('ZNAXIS', shape.length),
    ...shape.map((n, i) => card(`ZNAXIS${i + 1}`, n)), card('ZPCOUNT', 0), card('ZGCOUNT', 1),
    ...tile.map((n, i) => card(`ZTILE${i + 1}`, n)), card('ZCMPTYPE', plan.codec, 'compression algorithm'),
    ...(plan.codec !== 'RICE_1' ? [] : [
      card('ZNAME1', 'BLOCKSIZE'), card('ZVAL1', BLOCK_SIZE, 'pixels per block'),
      card('ZNAME2', 'BYTEPIX'), card('ZVAL2', plan.bytePix, 'bytes per pixel'),
    ]),
    ...(plan.quantize === null ? [] : [card('ZQUANTIZ', plan.quantize.method, 'quantization of floats')]),
    ...(plan.quantize === null || plan.quantize.method === 'NO_DITHER' ? [] : [card('ZDITHER0', plan.quantize.seed, 'dithering offset')]),
    ...(tiles.some(({ quantized }) => quantized?.hasNull === true) ? [card('ZBLANK', NULL_CODE, 'code of undefined pixels')] : []),
    ...(zero === 0n ? [] : [card('BZERO', integerValue(zero)), card('BSCALE', 1)]),
  ];
}

function badOption(where: string, found: string | number, expected: string): ApError {
  return new ApError('BAD_FITS', { where: `compression of an image, ${where}`, found, expected });
}
