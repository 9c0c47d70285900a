/**
 * Pixels of image HDUs, plain or tile-compressed. Results lie in shared memory, row-major, first FITS axis
 * fastest: `data[y * width + x]` of a 2-D image is FITS pixel (x + 1, y + 1).
 */
import { ApError } from '../../model/errors.ts';
import { badCard, cardInteger, cardNumber, hduText, requireWholeData, type FitsHdu, type HduHead } from './hdu.ts';
import { decodePixels, unsigned, type PixelArray, type RawPixels } from './pixelBytes.ts';
import { decompressImage } from './tileCompression.ts';

/** Axis lengths in FITS order (width first); [] for an HDU without data. */
export function imageShape(hdu: HduHead): number[] {
  if (hdu.kind !== 'image' && !hdu.isCompressedImage) {
    throw new ApError('BAD_FITS', { where: hduText(hdu), found: hdu.kind, expected: 'an image' });
  }
  const prefix = hdu.isCompressedImage ? 'ZNAXIS' : 'NAXIS';
  const n = cardInteger(hdu, prefix, { min: 0, max: 999 });
  return Array.from({ length: n }, (_, i) => cardInteger(hdu, `${prefix}${i + 1}`, { min: 0, max: Number.MAX_SAFE_INTEGER }));
}

/** Width and height of a 2-D image; further axes must have length 1. */
export function imageSize(hdu: HduHead): { width: number; height: number } {
  const [width, height, ...rest] = imageShape(hdu);
  if (width === undefined || height === undefined || rest.some(n => n !== 1)) {
    throw new ApError('BAD_FITS', { where: hduText(hdu), found: `${imageShape(hdu).length} axes`, expected: 'a 2-D image' });
  }
  return { width, height };
}

/** True when there are pixels at all. */
export function hasPixels(hdu: HduHead): boolean {
  return (hdu.kind === 'image' || hdu.isCompressedImage) && imageShape(hdu).length > 0 && imageShape(hdu).every(n => n > 0);
}

/**
 * The numbers as stored, in this machine's byte order, before BSCALE, BZERO and BLANK.
 * @throws ApError FILE_TRUNCATED when the data unit is not complete.
 */
export function storedPixels(hdu: FitsHdu): RawPixels {
  const shape = imageShape(hdu);
  requireWholeData(hdu);
  if (hdu.isCompressedImage) return decompressImage(hdu);
  const bitpix = cardInteger(hdu, 'BITPIX', { min: -64, max: 64 });
  const nBytes = shape.length === 0 ? 0 : shape.reduce((product, n) => product * n, Math.abs(bitpix) / 8);
  return decodePixels(hdu.data.subarray(0, nBytes), bitpix);
}

/**
 * Physical values in the narrowest type that holds them exactly: integers stay integers (unsigned types and signed
 * bytes by their BZERO conventions, 64 bits included); any other scaling, and any integer image that declares BLANK,
 * gives float64 with BLANK as NaN.
 */
export function physicalPixels(hdu: FitsHdu): PixelArray {
  const pixels = storedPixels(hdu);
  return physicalFrom(hdu, pixels);
}

/** `physicalPixels` of stored numbers that are at hand already (a cutout). */
export function physicalFrom(hdu: HduHead, pixels: RawPixels): PixelArray {
  const { scale, zero, blank } = scalingOf(hdu, pixels);
  if (blank === null && scale === 1) {
    if (zero === 0) return pixels;
    const shifted = unsigned(pixels, hdu.header.BZERO ?? 0);
    if (shifted !== null) return shifted;
  }
  return asFloat64(pixels, scalingOf(hdu, pixels));
}

interface Scaling { readonly scale: number; readonly zero: number; readonly blank: number | bigint | null }

function scalingOf(hdu: HduHead, pixels: RawPixels): Scaling {
  const isInteger = !(pixels instanceof Float32Array || pixels instanceof Float64Array);
  const blankKey = hdu.isCompressedImage && hdu.header.ZBLANK !== undefined ? 'ZBLANK' : 'BLANK';
  const blank = hdu.header[blankKey];
  const hasBlank = isInteger && (typeof blank === 'number' || typeof blank === 'bigint');
  return {
    scale: cardNumber(hdu, 'BSCALE', 1), zero: cardNumber(hdu, 'BZERO', 0),
    blank: hasBlank ? blank : null,
  };
}

/** Physical values as float32, BLANK as NaN; arithmetic is float64, rounded once at the end. */
export function imageAsFloat32(hdu: FitsHdu): Float32Array {
  const pixels = storedPixels(hdu);
  const scaling = scalingOf(hdu, pixels);
  const { scale, zero, blank } = scaling;
  if (pixels instanceof Float32Array && scale === 1 && zero === 0) return pixels;
  const out = new Float32Array(new SharedArrayBuffer(pixels.length * 4));
  if (pixels instanceof BigInt64Array) scaleBigInt(pixels, out, scaling);
  else if (blank === null) scalePlain(pixels, out, scale, zero);
  else scaleBlank(pixels, out, scale, zero, Number(blank));
  return out;
}

/** Physical values as float64, BLANK as NaN. 64-bit integers beyond 2^53 are rounded. */
export function imageAsFloat64(hdu: FitsHdu): Float64Array {
  const pixels = storedPixels(hdu);
  return asFloat64(pixels, scalingOf(hdu, pixels));
}

function asFloat64(pixels: RawPixels, scaling: Scaling): Float64Array {
  const out = new Float64Array(new SharedArrayBuffer(pixels.length * 8));
  if (pixels instanceof BigInt64Array) scaleBigInt(pixels, out, scaling);
  else if (scaling.blank === null) scalePlain(pixels, out, scaling.scale, scaling.zero);
  else scaleBlank(pixels, out, scaling.scale, scaling.zero, Number(scaling.blank));
  return out;
}

/**
 * Physical values as int32 (masks).
 * @throws ApError BAD_FITS when the image holds floats, a fractional scale, or values outside int32.
 */
export function imageAsInt32(hdu: FitsHdu): Int32Array {
  const pixels = storedPixels(hdu);
  const { scale, zero } = integerScaling(hdu, pixels);
  if (pixels instanceof Int32Array && zero === 0 && scale === 1) return pixels;
  const out = new Int32Array(new SharedArrayBuffer(pixels.length * 4));
  for (let i = 0; i < out.length; i++) {
    const value = Number(pixels[i]) * scale + zero;
    if (value !== (value | 0)) throw outOfRange(hdu, i, value, 'int32');
    out[i] = value;
  }
  return out;
}

/** Physical values as uint16 (raw frames). @throws ApError BAD_FITS when a value does not fit. */
export function imageAsUint16(hdu: FitsHdu): Uint16Array {
  const pixels = storedPixels(hdu);
  const { scale, zero } = integerScaling(hdu, pixels);
  const out = new Uint16Array(new SharedArrayBuffer(pixels.length * 2));
  if (pixels instanceof Int16Array && zero === 32768 && scale === 1) {
    for (let i = 0; i < out.length; i++) out[i] = pixels[i]! + 32768;
    return out;
  }
  for (let i = 0; i < out.length; i++) {
    const value = Number(pixels[i]) * scale + zero;
    if (value !== (value & 0xffff)) throw outOfRange(hdu, i, value, 'uint16');
    out[i] = value;
  }
  return out;
}

function integerScaling(hdu: FitsHdu, pixels: RawPixels): Scaling {
  const scaling = scalingOf(hdu, pixels);
  if (pixels instanceof Float32Array || pixels instanceof Float64Array) {
    throw badCard(hdu, hdu.isCompressedImage ? 'ZBITPIX' : 'BITPIX', hdu.header.ZBITPIX ?? hdu.header.BITPIX, 'an integer image');
  }
  return scaling;
}

function outOfRange(hdu: FitsHdu, i: number, value: number, type: string): ApError {
  return new ApError('BAD_FITS', { where: `${hduText(hdu)}, pixel ${i}`, found: value, expected: `a value of type ${type}` });
}

type NumberPixels = Exclude<RawPixels, BigInt64Array>;
type FloatPixels = Float32Array | Float64Array;

function scalePlain(pixels: NumberPixels, out: FloatPixels, scale: number, zero: number): void {
  if (pixels instanceof Int16Array) scaleInt16(pixels, out, scale, zero);
  else if (pixels instanceof Int32Array) scaleInt32(pixels, out, scale, zero);
  else for (let i = 0; i < out.length; i++) out[i] = pixels[i]! * scale + zero;
}

// One loop a stored type: the engine compiles each for its own element kind.
function scaleInt16(pixels: Int16Array, out: FloatPixels, scale: number, zero: number): void {
  for (let i = 0; i < out.length; i++) out[i] = pixels[i]! * scale + zero;
}

function scaleInt32(pixels: Int32Array, out: FloatPixels, scale: number, zero: number): void {
  for (let i = 0; i < out.length; i++) out[i] = pixels[i]! * scale + zero;
}

function scaleBlank(pixels: NumberPixels, out: FloatPixels, scale: number, zero: number, blank: number): void {
  for (let i = 0; i < out.length; i++) out[i] = pixels[i] === blank ? NaN : pixels[i]! * scale + zero;
}

function scaleBigInt(pixels: BigInt64Array, out: FloatPixels, { scale, zero, blank }: Scaling): void {
  const blankBig = blank === null || (typeof blank === 'number' && !Number.isSafeInteger(blank)) ? null : BigInt(blank);
  for (let i = 0; i < out.length; i++) out[i] = pixels[i] === blankBig ? NaN : Number(pixels[i]!) * scale + zero;
}
