/** CHECKSUM and DATASUM: 32-bit ones' complement sums and their text form (FITS standard 4.0 appendix J). */

const EXCLUDED = new Set([...':;<=>?@[\\]^_`'].map(c => c.charCodeAt(0)));
const ZERO_CODE = 0x30;

/**
 * Ones' complement sum of big-endian 32-bit words, continued from `sum`.
 * @param bytes a rest shorter than four bytes counts as if zeros followed.
 */
export function checksumOf(bytes: Uint8Array, sum = 0): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const whole = bytes.length - bytes.length % 4;
  // Up to 2^21 words of 32 bits are summed exactly before the carries go round.
  let total = sum;
  for (let at = 0; at < whole;) {
    const stop = Math.min(whole, at + 4 * 2 ** 20);
    for (; at < stop; at += 4) total += view.getUint32(at);
    total = folded(total);
  }
  for (let at = whole; at < bytes.length; at++) total += bytes[at]! * 2 ** (24 - 8 * (at - whole));
  return folded(total);
}

function folded(total: number): number {
  let sum = total;
  while (sum >= 2 ** 32) sum = sum % 2 ** 32 + Math.floor(sum / 2 ** 32);
  return sum;
}

/**
 * The 16 characters of a sum. Written into a header that was summed with sixteen zeros in their place, the complement
 * makes the sum of the HDU all ones.
 */
export function encodeChecksum(sum: number, isComplement = true): string {
  const value = isComplement ? (~sum) >>> 0 : sum >>> 0;
  const codes = new Uint8Array(16);
  for (let i = 0; i < 4; i++) {
    const byte = (value >>> (24 - 8 * i)) & 0xff;
    const four = new Array<number>(4).fill(Math.floor(byte / 4) + ZERO_CODE);
    four[0]! += byte % 4;
    spreadPairs(four);
    for (let j = 0; j < 4; j++) codes[4 * j + i] = four[j]!;
  }
  // Rotated by one: the value of the card begins at column 12, one byte behind a word boundary.
  return String.fromCharCode(codes[15]!, ...codes.subarray(0, 15));
}

/** Moves both of a pair away from punctuation, their sum unchanged. */
function spreadPairs(four: number[]): void {
  for (let isMoving = true; isMoving;) {
    isMoving = false;
    for (let j = 0; j < 4; j += 2) {
      if (!EXCLUDED.has(four[j]!) && !EXCLUDED.has(four[j + 1]!)) continue;
      four[j]!++;
      four[j + 1]!--;
      isMoving = true;
    }
  }
}

export type SumVerdict = 'ok' | 'wrong' | 'absent';

/**
 * Compares the cards of an HDU with its bytes.
 * @param header header blocks; `data` data blocks with their padding; both as they lie in the file.
 * @param cards values of CHECKSUM and DATASUM; an empty text means that the sum was not computed.
 */
export function checkSums(
  header: Uint8Array, data: Uint8Array, cards: { readonly checksum: unknown; readonly datasum: unknown },
): { readonly checksum: SumVerdict; readonly datasum: SumVerdict } {
  const isGiven = (value: unknown): boolean => value !== undefined && value !== null && String(value).trim() !== '';
  if (!isGiven(cards.checksum) && !isGiven(cards.datasum)) return { checksum: 'absent', datasum: 'absent' };
  const sum = checksumOf(data);
  const total = checksumOf(header, sum);
  return {
    checksum: !isGiven(cards.checksum) ? 'absent' : total === 0xffffffff || total === 0 ? 'ok' : 'wrong',
    datasum: !isGiven(cards.datasum) ? 'absent' : Number(cards.datasum) === sum ? 'ok' : 'wrong',
  };
}
