/**
 * PLIO_1: IRAF pixel lists (FITS standard 4.0 section 10.4.3). A line list of 16-bit words holds runs of zeros and of
 * one positive value; each word is a 4-bit instruction over 12 bits of data.
 */
import { ApError } from '../../model/errors.ts';

/** Words before the instructions, at the least: the third one is a length, or negative and followed by two words of it. */
const MIN_HEADER = 3;
const MIN_LONG_HEADER = 5;

/**
 * Decodes one tile.
 * @param source big-endian 16-bit words.
 * @returns n values >= 0; what the list does not reach is 0.
 * @throws ApError BAD_FITS for a list that is longer than its bytes or has an unknown instruction.
 */
export function plioDecode(source: Uint8Array, n: number): Int32Array {
  const out = new Int32Array(n);
  const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  const nWords = source.length >> 1;
  if (nWords < MIN_HEADER) throw badList(`${nWords} words`, `at least ${MIN_HEADER}`);
  const word = (i: number): number => view.getInt16(2 * i);
  const isOldForm = word(2) > 0;
  if (!isOldForm && nWords < MIN_LONG_HEADER) throw badList(`${nWords} words`, `at least ${MIN_LONG_HEADER}`);
  const length = isOldForm ? word(2) : (word(4) << 15) + word(3);
  const first = isOldForm ? 3 : word(1);
  if (length < 0 || length > nWords || first < 3) throw badList(`${length} words, the first instruction at ${first}`, `at most ${nWords} words`);
  let at = 0;
  let value = 1;
  for (let i = first; i < length && at < n; i++) {
    const code = word(i);
    const data = code & 0xfff;
    switch (code >> 12) {
      case 0: at += data; break;                                   // a run of zeros
      case 1:                                                      // the value itself, upper bits in the next word
        if (i + 1 >= length) throw badList('half a value', 'two words');
        value = (word(++i) << 12) + data;
        break;
      case 2: value += data; break;
      case 3: value -= data; break;
      case 4: out.fill(value, at, Math.min(n, at + data)); at += data; break;
      case 5:                                                      // zeros, and the value in the last place
        at += data;
        if (at >= 1 && at <= n) out[at - 1] = value;
        break;
      case 6: value += data; out[at++] = value; break;
      case 7: value -= data; out[at++] = value; break;
      default: throw badList(`instruction ${code >> 12}`, '0 to 7');
    }
  }
  return out;
}

function badList(found: string, expected: string): ApError {
  return new ApError('BAD_FITS', { where: 'PLIO_1 tile', found, expected });
}
