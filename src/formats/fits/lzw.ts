/** The `.Z` files of Unix compress: LZW with codes of 9 to 16 bits, least significant bit first. */
import { ApError } from '../../model/errors.ts';

const CLEAR = 256;
const FLAG_BLOCK_MODE = 0x80;
/** Longest growth that is followed; LZW itself could turn one byte into thousands. */
const MAX_RATIO = 4096;
const MIN_ALLOCATION_ALLOWED = 2 ** 24;

/** True for the two magic bytes of compress. */
export function isLzw(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x9d;
}

/**
 * Undoes `compress`.
 * @param bytes whole file; a last code that is cut is dropped, as `uncompress` does.
 * @throws ApError BAD_FITS for another magic number, a code that was never made, or growth beyond 4096 to 1.
 */
export function lzwDecode(bytes: Uint8Array): Uint8Array {
  const flags = bytes[2] ?? 0;
  const maxBits = flags & 0x1f;
  if (!isLzw(bytes) || maxBits < 9 || maxBits > 16) {
    throw new ApError('BAD_FITS', { where: 'LZW stream (.Z)', found: `${maxBits}-bit codes`, expected: '9 to 16-bit codes' });
  }
  return decodeCodes(bytes, maxBits, (flags & FLAG_BLOCK_MODE) !== 0);
}

function decodeCodes(bytes: Uint8Array, maxBits: number, isBlockMode: boolean): Uint8Array {
  // Entry `code` is the string at start[code], made of a string that was put out already and the byte behind it.
  const start = new Float64Array(1 << maxBits);
  const length = new Uint32Array(1 << maxBits);
  const firstFree = isBlockMode ? CLEAR + 1 : CLEAR;
  const output = growing(bytes.length);
  let free = firstFree;
  let nBits = 9;
  // A limit of 9 means 10: the old compress widened its codes before it looked at the limit.
  const maxWidth = Math.max(maxBits, 10);
  let before = -1;
  let beforeStart = 0;
  let beforeLength = 0;
  // Codes come in groups of eight; a group that is cut short by a change of width is filled up.
  let groupStart = 3 * 8;
  let at = groupStart;
  for (;;) {
    if (at + nBits > bytes.length * 8) return output.finish();
    const code = bitsAt(bytes, at, nBits);
    at += nBits;
    if (isBlockMode && code === CLEAR) {
      at = groupStart + Math.ceil((at - groupStart) / (8 * nBits)) * 8 * nBits;
      [groupStart, nBits, free, before] = [at, 9, firstFree, -1];
      continue;
    }
    const isKnown = code < CLEAR || (code >= firstFree && code < free) || (code === free && before >= 0 && free < 1 << maxBits);
    if (!isKnown || (before < 0 && code >= CLEAR)) {
      throw new ApError('BAD_FITS', { where: `LZW stream (.Z), byte ${at >> 3}`, found: `code ${code}`, expected: `a code below ${free}` });
    }
    // The new entry is the string before and the first byte of this one: exactly the bytes from there on.
    if (before >= 0 && free < 1 << maxBits) {
      start[free] = beforeStart;
      length[free] = beforeLength + 1;
      free++;
    }
    const from = output.length();
    if (code < CLEAR) output.literal(code);
    else output.copy(start[code]!, length[code]!);
    [before, beforeStart, beforeLength] = [code, from, output.length() - from];
    if (free >= 1 << nBits && nBits < maxWidth) {
      at = groupStart + Math.ceil((at - groupStart) / (8 * nBits)) * 8 * nBits;
      [groupStart, nBits] = [at, nBits + 1];
    }
  }
}

function bitsAt(bytes: Uint8Array, bit: number, nBits: number): number {
  const i = bit >> 3;
  const three = bytes[i]! | ((bytes[i + 1] ?? 0) << 8) | ((bytes[i + 2] ?? 0) << 16);
  return (three >> (bit & 7)) & ((1 << nBits) - 1);
}

interface Output {
  length(): number;
  literal(byte: number): void;
  /** Appends bytes that were put out before; source and target may overlap. */
  copy(from: number, count: number): void;
  finish(): Uint8Array;
}

function growing(nSource: number): Output {
  const limit = Math.min(2 ** 32 - 1, Math.max(MIN_ALLOCATION_ALLOWED, nSource * MAX_RATIO));
  let buffer = new Uint8Array(Math.max(64, nSource * 4));
  let n = 0;
  const room = (count: number): void => {
    if (n + count <= buffer.length) return;
    if (n + count > limit) throw new ApError('BAD_FITS', { where: 'LZW stream (.Z)', found: `more than ${limit} bytes`, expected: `at most ${MAX_RATIO} times its length` });
    const larger = new Uint8Array(Math.min(limit, Math.max(n + count, 2 * buffer.length)));
    larger.set(buffer.subarray(0, n));
    buffer = larger;
  };
  return {
    length: () => n,
    literal: byte => { room(1); buffer[n++] = byte; },
    copy: (from, count) => {
      room(count);
      for (let k = 0; k < count; k++) buffer[n++] = buffer[from + k]!;
    },
    finish: () => buffer.subarray(0, n),
  };
}
