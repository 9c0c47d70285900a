/** Bytes of one tile -> its pixels: RICE_1, GZIP_1, GZIP_2, PLIO_1, HCOMPRESS_1, NOCOMPRESS, quantized floats. */
import { gunzipSync } from 'node:zlib';
import { ApError } from '../../model/errors.ts';
import { hcompressDecode } from './hcompress.ts';
import { hduText } from './hdu.ts';
import type { RawPixels } from './pixelBytes.ts';
import { plioDecode } from './plio.ts';
import { dequantize } from './quantization.ts';
import { riceDecode } from './rice.ts';
import type { TileCell, TiledImage, TileScaling } from './tileImage.ts';

/**
 * Decodes a tile.
 * @param bytes of the cell. @param size lengths of the tile. @param scaling of quantized floats.
 * @param target receives all pixels of the tile, in the stored type of the image.
 * @throws ApError BAD_FITS when the bytes are no code of so many pixels.
 */
export function decodeTile(
  image: TiledImage, cell: { form: TileCell['form']; bytes: Uint8Array; tile: number }, size: readonly number[],
  scaling: TileScaling | null, target: RawPixels,
): void {
  const { form, bytes, tile } = cell;
  const pixelBytes = target.BYTES_PER_ELEMENT;
  const n = target.length;
  if (form === 'gzipped') return placeBytes(image, tile, gunzipTile(bytes, n * pixelBytes), target);
  if (form === 'raw') return placeBytes(image, tile, bytes, target);
  if (image.dither !== null && scaling !== null) {
    const codes = integerCodes(image, bytes, size, n) ?? quantizedBytes(image, tile, bytes, n);
    return dequantize(codes, { ...image.dither, ...scaling, tile }, target as Float32Array);
  }
  const codes = image.bitpix > 0 ? integerCodes(image, bytes, size, n) : null;
  if (codes !== null) return placeIntegers(codes, target);
  placePlain(image, tile, bytes, target);
}

/** Integers of the codecs that make integers; null for those that keep bytes. */
function integerCodes(image: TiledImage, bytes: Uint8Array, size: readonly number[], n: number): Int32Array | null {
  switch (image.codec) {
    case 'RICE_1':
      return riceDecode(bytes, n, { blockSize: image.parameters.get('BLOCKSIZE') ?? 32, bytePix: image.parameters.get('BYTEPIX') ?? 4 });
    case 'PLIO_1': return plioDecode(bytes, n);
    case 'HCOMPRESS_1': return hcompressDecode(bytes, size[0]!, n / size[0]!, (image.parameters.get('SMOOTH') ?? 0) !== 0);
    default: return null;
  }
}

/** Quantized floats as 4-byte integers in a codec that keeps bytes. */
function quantizedBytes(image: TiledImage, tile: number, bytes: Uint8Array, n: number): Int32Array {
  const codes = new Int32Array(n);
  placeBytes(image, tile, unpacked(image, bytes, n, 4), codes);
  return codes;
}

function placePlain(image: TiledImage, tile: number, bytes: Uint8Array, target: RawPixels): void {
  const n = target.length;
  const plain = unpacked(image, bytes, n, target.BYTES_PER_ELEMENT);
  const storedBytes = plain.length / n;
  // Old versions of CFITSIO kept integers of any size as 4 bytes in GZIP_1 tiles; the length of the tile tells.
  if (image.codec !== 'GZIP_1' || image.bitpix < 0 || storedBytes === target.BYTES_PER_ELEMENT) return placeBytes(image, tile, plain, target);
  const stored = storedBytes === 1 ? new Uint8Array(n) : storedBytes === 2 ? new Int16Array(n) : new Int32Array(n);
  placeBytes(image, tile, plain, stored);
  placeIntegers(stored, target);
}

function unpacked(image: TiledImage, bytes: Uint8Array, n: number, size: number): Uint8Array {
  switch (image.codec) {
    case 'GZIP_1': return gunzipTile(bytes, n * Math.max(size, 4));
    case 'GZIP_2': return unshuffled(gunzipTile(bytes, n * size), size);
    case 'NOCOMPRESS': return bytes;
    default:
      throw new ApError('BAD_FITS', { where: `${hduText(image.head)}, ZCMPTYPE`, found: `${image.codec} for floats without ZSCALE`, expected: 'GZIP_1, GZIP_2 or NOCOMPRESS' });
  }
}

function gunzipTile(bytes: Uint8Array, length: number): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: Math.max(1, length) });
  } catch (cause) {
    throw new ApError('BAD_FITS', { where: 'gzip tile', found: (cause as Error).message, expected: `${length} bytes` }, { cause });
  }
}

/** GZIP_2 keeps the most significant bytes of all elements first, then the next ones. */
function unshuffled(bytes: Uint8Array, size: number): Uint8Array {
  const n = Math.floor(bytes.length / size);
  const out = new Uint8Array(n * size);
  for (let k = 0; k < size; k++) {
    for (let i = 0; i < n; i++) out[i * size + k] = bytes[k * n + i]!;
  }
  return out;
}

/** Big-endian bytes of exactly the target's elements. Floats are moved as integers: a NaN keeps its bits. */
function placeBytes(image: TiledImage, tile: number, bytes: Uint8Array, target: RawPixels): void {
  const n = target.length;
  if (bytes.length !== target.byteLength) {
    throw new ApError('BAD_FITS', { where: `${hduText(image.head)}, tile ${tile}`, found: `${bytes.length} bytes`, expected: `${target.byteLength}` });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (target.BYTES_PER_ELEMENT) {
    case 1: (target as Uint8Array).set(bytes); return;
    case 2: for (let i = 0; i < n; i++) target[i] = view.getInt16(2 * i); return;
    case 4: {
      const words = new Int32Array(target.buffer, target.byteOffset, n);
      for (let i = 0; i < n; i++) words[i] = view.getInt32(4 * i);
      return;
    }
    default: {
      const words = new BigInt64Array(target.buffer, target.byteOffset, n);
      for (let i = 0; i < n; i++) words[i] = view.getBigInt64(8 * i);
    }
  }
}

/** Integers into the stored type, wrapped to its size. */
function placeIntegers(values: Uint8Array | Int16Array | Int32Array, target: RawPixels): void {
  if (!(target instanceof BigInt64Array)) return target.set(values);
  for (let i = 0; i < values.length; i++) target[i] = BigInt(values[i]!);
}
