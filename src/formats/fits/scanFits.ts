/** Headers of a FITS file from a byte source: structure without data (FITS standard 4.0 sections 3 and 4). */
import { ApError } from '../../model/errors.ts';
import type { HeaderValue } from '../../model/instrument.ts';
import type { ByteSource } from './byteSource.ts';
import { CARD_BYTES, headerMap, parseCards, type Card } from './cards.ts';
import { badCard, cutData, hduText, type HduHead, type HduKind } from './hdu.ts';

export const BLOCK_BYTES = 2880;
const MAX_AXES = 999;
/** The longest real headers have a few thousand cards; without a limit, any large file without END would be read as one. */
const MAX_CARDS = 200_000;
/** Keywords that give the size of the data unit. */
const SIZE_CARD = /^(XTENSION|BITPIX|NAXIS\d*|PCOUNT|GCOUNT|GROUPS|TFIELDS)$/;

export interface FitsDirectory {
  readonly hdus: readonly HduHead[];
  /** Oddities that did not prevent reading, one sentence each. */
  readonly warnings: readonly string[];
  /** What could not be read; empty unless the file is salvaged. */
  readonly damage: readonly ApError[];
}

/**
 * The HDUs of a source; reads the headers and nothing else.
 * @param damage `refuse` throws at the first fault. `salvage` records it, and goes on at the next block that begins
 *   with an XTENSION card, so that later HDUs of a damaged file can be reached.
 * @throws ApError FILE_TRUNCATED naming the HDU, the expected and the found number of bytes; BAD_FITS otherwise.
 */
export function scanFits(source: ByteSource, damage: 'refuse' | 'salvage' = 'refuse'): FitsDirectory {
  requireSimple(source);
  const hdus: HduHead[] = [];
  const warnings: string[] = [];
  const faults: ApError[] = [];
  for (let at = 0; at < source.byteLength;) {
    if (hdus.length > 0 && latin1(source.read(at, 8)) !== 'XTENSION') {
      const next = damage === 'salvage' ? nextExtension(source, at) : null;
      const end = next ?? source.byteLength;
      warnings.push(`${end - at} bytes after ${next === null ? 'the last HDU' : hduText(hdus.at(-1)!)} are ignored`);
      at = end;
      continue;
    }
    const head = headOrFault(source, at, hdus.length, damage, faults);
    if (head === null) {
      at = nextExtension(source, at + BLOCK_BYTES) ?? source.byteLength;
      continue;
    }
    hdus.push(head);
    at = head.dataOffset + paddedLength(head.dataLength);
    if (head.dataOffset + head.dataLength <= source.byteLength) {
      if (at > source.byteLength) warnings.push(`${hduText(head)}: the padding of the data is incomplete`);
      continue;
    }
    const cut = cutData(head, Math.max(0, source.byteLength - head.dataOffset));
    if (damage === 'refuse') throw cut;
    faults.push(cut);
    at = nextExtension(source, head.dataOffset) ?? source.byteLength;
  }
  return { hdus, warnings, damage: faults };
}

/** Length rounded up to whole blocks. */
export function paddedLength(length: number): number {
  return Math.ceil(length / BLOCK_BYTES) * BLOCK_BYTES;
}

function requireSimple(source: ByteSource): void {
  const start = latin1(source.read(0, 9));
  if (source.byteLength >= 10 && start === 'SIMPLE  =') return;
  if (source.byteLength < BLOCK_BYTES && 'SIMPLE  ='.startsWith(start)) {
    throw new ApError('FILE_TRUNCATED', { where: 'HDU 0 header', expected: BLOCK_BYTES, found: source.byteLength });
  }
  throw new ApError('BAD_FITS', { where: 'byte 0', found: JSON.stringify(start), expected: 'SIMPLE  =' });
}

function headOrFault(
  source: ByteSource, at: number, index: number, damage: 'refuse' | 'salvage', faults: ApError[],
): HduHead | null {
  try {
    return readHead(source, at, index);
  } catch (error) {
    if (damage === 'refuse' || !(error instanceof ApError)) throw error;
    faults.push(error);
    return null;
  }
}

/** Offset of the next block that begins with an XTENSION card. */
function nextExtension(source: ByteSource, from: number): number | null {
  for (let at = paddedLength(from); at < source.byteLength; at += BLOCK_BYTES) {
    if (latin1(source.read(at, 11)) === "XTENSION= '") return at;
  }
  return null;
}

function readHead(source: ByteSource, headerOffset: number, index: number): HduHead {
  const { text, end } = headerText(source, headerOffset, index);
  const cards = parseCards(text);
  const sizes = firstSizes(cards);
  const header = { ...headerMap(cards), ...Object.fromEntries(sizes) };
  const isZimage = header.ZIMAGE === true;
  const name = typeof header.EXTNAME === 'string' ? header.EXTNAME.trim() : index === 0 ? 'PRIMARY' : '';
  const kind = kindOf(sizes, index);
  return {
    index, name, kind, isCompressedImage: kind === 'bintable' && isZimage, cards, header,
    headerOffset, dataOffset: end, dataLength: dataLength(sizes, { index, name }),
  };
}

/** Structural cards: the first one counts. */
function firstSizes(cards: readonly Card[]): Map<string, HeaderValue> {
  const sizes = new Map<string, HeaderValue>();
  for (const { key, value } of cards) {
    if (value !== undefined && SIZE_CARD.test(key) && !sizes.has(key)) sizes.set(key, value);
  }
  return sizes;
}

function headerText(source: ByteSource, start: number, index: number): { text: string; end: number } {
  const parts: string[] = [];
  for (let at = start; at < source.byteLength; at += BLOCK_BYTES) {
    const part = latin1(source.read(at, BLOCK_BYTES));
    const end = endCard(part);
    const odd = part.search(/[^\x20-\x7e]/);
    if (odd >= 0 && (end < 0 || odd < end)) {
      throw new ApError('BAD_FITS', {
        where: `HDU ${index} header, byte ${at + odd}, card ${Math.floor((at - start + odd) / CARD_BYTES) + 1}`,
        found: `code ${part.charCodeAt(odd)}`, expected: 'printable ASCII up to the END card',
      });
    }
    if (end >= 0) return { text: parts.join('') + part.slice(0, end), end: at + BLOCK_BYTES };
    parts.push(part);
    if (parts.length * BLOCK_BYTES > MAX_CARDS * CARD_BYTES) {
      throw new ApError('BAD_FITS', { where: `HDU ${index} header`, found: `more than ${MAX_CARDS} cards`, expected: 'an END card' });
    }
  }
  throw new ApError('FILE_TRUNCATED', { where: `HDU ${index} header`, expected: 'an END card', found: source.byteLength - start });
}

function endCard(block: string): number {
  for (let at = 0; at < block.length; at += CARD_BYTES) {
    if (block.startsWith('END', at) && block.slice(at + 3, at + 8).trim() === '') return at;
  }
  return -1;
}

const EXTENSION_KINDS: Readonly<Record<string, HduKind>> = {
  IMAGE: 'image', IUEIMAGE: 'image', BINTABLE: 'bintable', A3DTABLE: 'bintable', TABLE: 'asciiTable',
};

function kindOf(sizes: ReadonlyMap<string, HeaderValue>, index: number): HduKind {
  if (index === 0) return isGroups(sizes) ? 'randomGroups' : 'image';
  return EXTENSION_KINDS[String(sizes.get('XTENSION') ?? '').trim()] ?? 'other';
}

function isGroups(sizes: ReadonlyMap<string, HeaderValue>): boolean {
  return sizes.get('GROUPS') === true && sizes.get('NAXIS1') === 0;
}

/** Bytes of the data unit: |BITPIX| / 8 * GCOUNT * (PCOUNT + product of NAXISn). */
function dataLength(sizes: ReadonlyMap<string, HeaderValue>, hdu: { index: number; name: string }): number {
  const integer = (key: string, fallback?: number): number => {
    const found = sizes.get(key) ?? fallback;
    if (typeof found === 'number' && Number.isSafeInteger(found) && (found >= 0 || key === 'BITPIX')) return found;
    throw badCard(hdu, key, found, 'a non-negative integer');
  };
  const bitpix = integer('BITPIX');
  if (![8, 16, 32, 64, -32, -64].includes(bitpix)) throw badCard(hdu, 'BITPIX', bitpix, '8, 16, 32, 64, -32 or -64');
  const nAxes = integer('NAXIS');
  if (nAxes > MAX_AXES) throw badCard(hdu, 'NAXIS', nAxes, `at most ${MAX_AXES}`);
  if (nAxes === 0) return 0;
  const axes = Array.from({ length: nAxes }, (_, i) => integer(`NAXIS${i + 1}`));
  const hasGroups = hdu.index === 0 && isGroups(sizes);
  const nElements = (hasGroups ? axes.slice(1) : axes).reduce((product, n) => product * n, 1);
  const isPlainPrimary = hdu.index === 0 && !hasGroups;
  const length = Math.abs(bitpix) / 8
    * (isPlainPrimary ? nElements : integer('GCOUNT', 1) * (integer('PCOUNT', 0) + nElements));
  if (!Number.isSafeInteger(length)) throw badCard(hdu, 'NAXISn', axes.join(' x '), 'a size below 2^53 bytes');
  return length;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
