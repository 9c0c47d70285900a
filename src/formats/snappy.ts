/** The Snappy block format (format_description.txt of google/snappy): the codec of Kafka messages and of some Avro files. */
import { ApError } from '../model/errors.ts';

const HASH_BITS = 14;
/** Matches do not reach over blocks of this size: offsets fit into two bytes. */
const BLOCK_BYTES = 65_536;
const MAX_COPY = 64;

/** One compressed block, size first. Any bytes; linear in their number. */
export function snappyCompress(bytes: Uint8Array): Uint8Array {
  // Worst case of the format: one byte more for each literal of 60, and a few at the ends.
  const out = new Uint8Array(32 + bytes.length + Math.ceil(bytes.length / 6));
  let to = 0;
  for (let n = bytes.length; ; n = Math.floor(n / 128)) {
    out[to++] = n < 128 ? n : (n % 128) | 128;
    if (n < 128) break;
  }
  const table = new Int32Array(1 << HASH_BITS);
  for (let from = 0; from < bytes.length; from += BLOCK_BYTES) {
    to = compressBlock(bytes, from, Math.min(bytes.length, from + BLOCK_BYTES), out, to, table.fill(-1));
  }
  return out.subarray(0, to);
}

function compressBlock(bytes: Uint8Array, start: number, end: number, out: Uint8Array, to: number, table: Int32Array): number {
  let literal = start;
  let misses = 32;
  for (let at = start; at + 4 <= end;) {
    const word = wordAt(bytes, at);
    const hash = Math.imul(word, 0x1e35a7bd) >>> (32 - HASH_BITS);
    const candidate = table[hash]!;
    table[hash] = at;
    if (candidate < 0 || wordAt(bytes, candidate) !== word) {
      at += misses++ >> 5;
      continue;
    }
    let length = 4;
    while (at + length < end && bytes[candidate + length] === bytes[at + length]) length++;
    to = writeLiteral(bytes, literal, at, out, to);
    to = writeCopies(at - candidate, length, out, to);
    at += length;
    literal = at;
    misses = 32;
  }
  return writeLiteral(bytes, literal, end, out, to);
}

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

function writeLiteral(bytes: Uint8Array, from: number, end: number, out: Uint8Array, to: number): number {
  const n = end - from - 1;
  if (n < 0) return to;
  if (n < 60) out[to++] = n << 2;
  else if (n < 256) {
    out[to++] = 60 << 2;
    out[to++] = n;
  } else {
    out[to++] = 61 << 2;
    out[to++] = n & 255;
    out[to++] = n >> 8;
  }
  out.set(bytes.subarray(from, end), to);
  return to + n + 1;
}

/** Copies with an offset of two bytes; each is of 1 to 64 bytes. */
function writeCopies(offset: number, length: number, out: Uint8Array, to: number): number {
  for (let left = length; left > 0; left -= MAX_COPY) {
    out[to++] = ((Math.min(left, MAX_COPY) - 1) << 2) | 2;
    out[to++] = offset & 255;
    out[to++] = offset >> 8;
  }
  return to;
}

/**
 * The bytes of one compressed block.
 * @param maxBytes a block that announces more is refused before memory is taken.
 * @throws ApError BAD_FORMAT.
 */
export function snappyDecompress(block: Uint8Array, maxBytes: number): Uint8Array {
  const { size, at: start } = announcedSize(block);
  if (size > maxBytes) throw bad(`${size} bytes announced`, `at most ${maxBytes}`);
  // Two bytes of input make at most 64 bytes of output.
  if (size > 64 * block.length) throw bad(`${size} bytes announced by a block of ${block.length}`, 'a size that the block can hold');
  const out = new Uint8Array(size);
  let [at, to] = [start, 0];
  while (at < block.length) {
    const tag = block[at++]!;
    if ((tag & 3) === 0) {
      const extra = Math.max(0, (tag >> 2) - 59);
      const length = (extra === 0 ? tag >> 2 : littleEndian(block, at, extra)) + 1;
      at += extra;
      if (at + length > block.length || to + length > size) throw bad(`a literal of ${length} bytes at ${at}`, 'one that fits');
      out.set(block.subarray(at, at + length), to);
      at += length;
      to += length;
      continue;
    }
    const nOffset = [0, 1, 2, 4][tag & 3]!;
    const length = nOffset === 1 ? 4 + ((tag >> 2) & 7) : 1 + (tag >> 2);
    const offset = littleEndian(block, at, nOffset) + (nOffset === 1 ? (tag >> 5) << 8 : 0);
    at += nOffset;
    if (offset === 0 || offset > to || to + length > size) throw bad(`a copy of ${length} bytes from ${offset} before byte ${to}`, 'one that fits');
    for (let k = 0; k < length; k++, to++) out[to] = out[to - offset]!;
  }
  if (to !== size) throw bad(`${to} bytes`, `${size}`);
  return out;
}

function announcedSize(block: Uint8Array): { size: number; at: number } {
  let size = 0;
  for (let k = 0; k < 5; k++) {
    const byte = block[k];
    if (byte === undefined) break;
    size += (byte & 127) * 2 ** (7 * k);
    if (byte < 128) return { size, at: k + 1 };
  }
  throw bad('no size', 'the number of bytes');
}

function littleEndian(block: Uint8Array, at: number, n: number): number {
  if (at + n > block.length) throw bad('the end of the block', `${n} bytes more`);
  let value = 0;
  for (let k = 0; k < n; k++) value += block[at + k]! * 256 ** k;
  return value;
}

function bad(found: string, expected: string): ApError {
  return new ApError('BAD_FORMAT', { where: 'Snappy block', found, expected });
}
