/**
 * A checksum inside a Parquet file, which has none of its own that our writer could fill: CRC-32 of the whole file with
 * the eight digits themselves taken as zeros, in the key-value metadata of the footer. Readers of others pass it over.
 */
import { crc32 } from 'node:zlib';
import { ApError } from '../model/errors.ts';

const KEY = 'ap_verify::crc32';
const ZEROS = '00000000';

/** Pair for the metadata of a file that `sealParquet` will fill in. */
export const CHECKSUM_PAIR = { key: KEY, value: ZEROS } as const;

/** Writes the checksum into the place that `CHECKSUM_PAIR` holds free; the bytes are modified. */
export function sealParquet(bytes: Uint8Array): Uint8Array {
  const at = placeOfDigits(bytes);
  if (at < 0) throw new TypeError('the file has no place for a checksum');
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).write(digitsOf(bytes, at), at, 'latin1');
  return bytes;
}

/**
 * Checks a file that has such a checksum; others are left alone. Run before decoding, since a changed length inside a
 * page can keep a decoder busy for ever.
 * @throws ApError BAD_FORMAT when a byte has changed.
 */
export function checkParquet(bytes: Uint8Array): void {
  const at = placeOfDigits(bytes);
  if (at < 0) return;
  const found = Buffer.from(bytes.buffer, bytes.byteOffset + at, ZEROS.length).toString('latin1');
  const computed = digitsOf(bytes, at);
  if (found !== computed) {
    throw new ApError('BAD_FORMAT', { where: 'Parquet file', found: `bytes of checksum ${computed}`, expected: `checksum ${found}`, todo: 'restore the file' });
  }
}

/** Offset of the digits: the value follows its key in the footer, a length byte between; -1 without the key. */
function placeOfDigits(bytes: Uint8Array): number {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = buffer.lastIndexOf(KEY, undefined, 'latin1');
  if (at < 0) return -1;
  // Thrift's compact protocol: field header and length of the string, one byte each.
  const start = at + KEY.length + 2;
  return start + ZEROS.length <= buffer.length ? start : -1;
}

function digitsOf(bytes: Uint8Array, at: number): string {
  const head = crc32(bytes.subarray(0, at));
  return crc32(bytes.subarray(at + ZEROS.length), crc32(ZEROS, head)).toString(16).padStart(ZEROS.length, '0');
}
