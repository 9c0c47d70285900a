/** Big-endian bytes <-> typed arrays, one loop a type. */

/** Arrays of the six BITPIX kinds. */
export type RawPixels = Uint8Array | Int16Array | Int32Array | BigInt64Array | Float32Array | Float64Array;

/** What can be written as pixels or table cells; unsigned types are stored with an offset (BZERO, TZERO). */
export type PixelArray = RawPixels | Int8Array | Uint16Array | Uint32Array | BigUint64Array;

/**
 * Numbers of a data unit in new shared memory.
 * @param bytes big-endian, a whole number of elements (a rest is ignored).
 */
export function decodePixels(bytes: Uint8Array, bitpix: number): RawPixels {
  const size = Math.abs(bitpix) / 8;
  const n = Math.floor(bytes.length / size);
  const memory = new SharedArrayBuffer(n * size);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (bitpix) {
    case 8: { const out = new Uint8Array(memory); out.set(bytes); return out; }
    case 16: return decodeInt16(view, new Int16Array(memory));
    case 32: return decodeInt32(view, new Int32Array(memory));
    case 64: return decodeInt64(view, new BigInt64Array(memory));
    case -32: return decodeFloat32(view, memory);
    default: return decodeFloat64(view, memory);
  }
}

function decodeInt16(view: DataView, out: Int16Array): Int16Array {
  for (let i = 0; i < out.length; i++) out[i] = view.getInt16(2 * i);
  return out;
}

function decodeInt32(view: DataView, out: Int32Array): Int32Array {
  for (let i = 0; i < out.length; i++) out[i] = view.getInt32(4 * i);
  return out;
}

function decodeInt64(view: DataView, out: BigInt64Array): BigInt64Array {
  for (let i = 0; i < out.length; i++) out[i] = view.getBigInt64(8 * i);
  return out;
}

// Floats are moved as integers: a NaN keeps its bits.
function decodeFloat32(view: DataView, memory: SharedArrayBuffer): Float32Array {
  decodeInt32(view, new Int32Array(memory));
  return new Float32Array(memory);
}

function decodeFloat64(view: DataView, memory: SharedArrayBuffer): Float64Array {
  const halves = new Int32Array(memory);
  for (let i = 0; i < halves.length; i += 2) {
    halves[i] = view.getInt32(4 * i + 4);
    halves[i + 1] = view.getInt32(4 * i);
  }
  return new Float64Array(memory);
}

/**
 * Numbers stored with the offset of their unsigned type (int8 for bytes), as that type; null for any other offset.
 * @param zero BZERO or TZERO. 2^63 may come as a number or as a bigint.
 */
export function unsigned(values: PixelArray, zero: unknown): Int8Array | Uint16Array | Uint32Array | BigUint64Array | null {
  if (values instanceof Uint8Array && zero === -128) return flipped(values, 0x80, Int8Array);
  if (values instanceof Int16Array && zero === 32768) return flipped(values, -0x8000, Uint16Array);
  if (values instanceof Int32Array && zero === 2147483648) return flipped(values, -0x80000000, Uint32Array);
  if (values instanceof BigInt64Array && (zero === 2 ** 63 || zero === 2n ** 63n)) {
    return BigUint64Array.from(values, v => BigInt.asUintN(64, v + 2n ** 63n));
  }
  return null;
}

function flipped<T extends Int8Array | Uint16Array | Uint32Array>(
  values: Uint8Array | Int16Array | Int32Array, flip: number, type: new (n: number) => T,
): T {
  const out = new type(values.length);
  for (let i = 0; i < out.length; i++) out[i] = values[i]! ^ flip;
  return out;
}

/** BITPIX, BZERO and table letter that hold the elements of an array exactly. */
export function storageOf(data: PixelArray): { bitpix: number; zero: bigint; letter: string } {
  if (data instanceof Uint8Array) return { bitpix: 8, zero: 0n, letter: 'B' };
  if (data instanceof Int8Array) return { bitpix: 8, zero: -128n, letter: 'B' };
  if (data instanceof Int16Array) return { bitpix: 16, zero: 0n, letter: 'I' };
  if (data instanceof Uint16Array) return { bitpix: 16, zero: 32768n, letter: 'I' };
  if (data instanceof Int32Array) return { bitpix: 32, zero: 0n, letter: 'J' };
  if (data instanceof Uint32Array) return { bitpix: 32, zero: 2147483648n, letter: 'J' };
  if (data instanceof BigInt64Array) return { bitpix: 64, zero: 0n, letter: 'K' };
  if (data instanceof BigUint64Array) return { bitpix: 64, zero: 9223372036854775808n, letter: 'K' };
  if (data instanceof Float32Array) return { bitpix: -32, zero: 0n, letter: 'E' };
  return { bitpix: -64, zero: 0n, letter: 'D' };
}

/** Writes the stored form of the elements, big-endian, from `offset` on. */
export function encodePixels(data: PixelArray, target: Uint8Array, offset = 0): void {
  const view = new DataView(target.buffer, target.byteOffset + offset, data.byteLength);
  const { bitpix, zero } = storageOf(data);
  if (bitpix === 8) {
    const flip = zero === 0n ? 0 : 0x80;
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.length);
    for (let i = 0; i < bytes.length; i++) view.setUint8(i, bytes[i]! ^ flip);
    return;
  }
  const words = (n: number): Int32Array => new Int32Array(data.buffer, data.byteOffset, n);
  if (Math.abs(bitpix) === 16) encode16(data, view, zero === 0n ? 0 : 0x8000);
  else if (Math.abs(bitpix) === 32) encode32(words(data.length), view, zero === 0n ? 0 : -0x80000000);
  else encode64(words(data.length * 2), view, zero === 0n ? 0 : -0x80000000);
}

// The offset 2^(n-1) of unsigned types is a flip of the sign bit.
function encode16(data: PixelArray, view: DataView, flip: number): void {
  const halves = new Int16Array(data.buffer, data.byteOffset, data.length);
  for (let i = 0; i < halves.length; i++) view.setInt16(2 * i, halves[i]! ^ flip);
}

function encode32(words: Int32Array, view: DataView, flip: number): void {
  for (let i = 0; i < words.length; i++) view.setInt32(4 * i, words[i]! ^ flip);
}

function encode64(halves: Int32Array, view: DataView, flip: number): void {
  for (let i = 0; i < halves.length; i += 2) {
    view.setInt32(4 * i, halves[i + 1]! ^ flip);
    view.setInt32(4 * i + 4, halves[i]!);
  }
}
