/** HDUs -> bytes. Uncompressed; unsigned integers by the usual offsets. */
import { ApError } from '../../model/errors.ts';
import { card, formatCard, CARD_BYTES, type Card } from './cards.ts';
import { binTableBytes, type BinColumnInput } from './binTableWrite.ts';
import { checksumOf, encodeChecksum } from './checksum.ts';
import { hduText, requireWholeData, type FitsHdu } from './hdu.ts';
import { encodePixels, storageOf, type PixelArray } from './pixelBytes.ts';
import { BLOCK_BYTES, paddedLength } from './readFits.ts';

/** Cards given here may not be structural (BITPIX, NAXISn, ... are made from the data). */
export interface ImageHduInput {
  readonly kind: 'image';
  readonly name?: string;
  readonly cards?: readonly Card[];
  /** Axis lengths, width first; [] together with `data` null: no data. */
  readonly shape: readonly number[];
  readonly data: PixelArray | null;
  /** Further structural cards (BSCALE, BZERO, BLANK of stored integers), written as they are. */
  readonly structure?: readonly Card[];
}

export interface TableHduInput {
  readonly kind: 'bintable';
  readonly name?: string;
  readonly cards?: readonly Card[];
  readonly nRows: number;
  readonly columns: readonly BinColumnInput[];
  /** Further structural cards (ZIMAGE ...), written behind those of the columns as they are. */
  readonly structure?: readonly Card[];
}

/** An HDU that was read, written again byte by byte; `cards` replaces its cards (those that were read keep their text). */
export interface CopiedHduInput {
  readonly kind: 'copy';
  readonly hdu: FitsHdu;
  /** The name is that of the cards. */
  readonly name?: undefined;
  readonly cards?: readonly Card[];
}

export type HduInput = ImageHduInput | TableHduInput | CopiedHduInput;

export interface WriteOptions {
  /** Adds CHECKSUM and DATASUM to every HDU, or brings those of a copied HDU up to date. */
  readonly checksum?: boolean;
}

/** Where an HDU landed: byte positions and padded data size. */
export interface HduPlace { readonly headerOffset: number; readonly dataOffset: number; readonly dataBytes: number }

/** Keywords that follow from the data; they are left out of copied headers. */
const STRUCTURAL = new RegExp('^(' + [
  'SIMPLE|XTENSION|BITPIX|NAXIS\\d*|PCOUNT|GCOUNT|GROUPS|EXTEND|BSCALE|BZERO|BLANK|END|CHECKSUM|DATASUM',
  'TFIELDS|T(TYPE|FORM|UNIT|DIM|SCAL|ZERO|NULL|DISP)\\d+|THEAP',
  'Z(IMAGE|CMPTYPE|BITPIX|NAXIS\\d*|TILE\\d+|NAME\\d+|VAL\\d+|SIMPLE|EXTEND|QUANTIZ|DITHER0|BLANK)',
].join('|') + ')$');

export function isStructural(key: string): boolean {
  return STRUCTURAL.test(key);
}

/**
 * A FITS file. A table in first place gets an empty primary HDU before it.
 * @throws ApError BAD_FITS for a shape that does not fit the data.
 */
export function writeFits(hdus: readonly HduInput[], options: WriteOptions = {}): Uint8Array {
  return layFits(hdus, options).bytes;
}

/** As `writeFits`, and where every HDU begins. */
export function layFits(hdus: readonly HduInput[], options: WriteOptions = {}): { bytes: Uint8Array; places: HduPlace[] } {
  const list: readonly HduInput[] = isPrimary(hdus[0]) ? hdus : [{ kind: 'image', shape: [], data: null }, ...hdus];
  const parts = list.map((hdu, i) => {
    const made = hduParts(hdu, i);
    return options.checksum === true ? { ...made, cards: withSumCards(made.cards) } : made;
  });
  const headers = parts.map(({ cards }) => headerBytes(cards));
  const places: HduPlace[] = [];
  let at = 0;
  parts.forEach(({ length }, i) => {
    const dataOffset = at + headers[i]!.length;
    places.push({ headerOffset: at, dataOffset, dataBytes: paddedLength(length) });
    at = dataOffset + paddedLength(length);
  });
  const bytes = new Uint8Array(at);
  parts.forEach(({ cards, fill, padding, length }, i) => {
    const { dataOffset, headerOffset, dataBytes } = places[i]!;
    fill(bytes, dataOffset);
    bytes.fill(padding ?? 0, dataOffset + length, dataOffset + dataBytes);
    const data = bytes.subarray(dataOffset, dataOffset + dataBytes);
    bytes.set(options.checksum === true ? summedHeader(cards, data) : headers[i]!, headerOffset);
  });
  return { bytes, places };
}

function isPrimary(hdu: HduInput | undefined): boolean {
  return hdu?.kind === 'image' || (hdu?.kind === 'copy' && hdu.hdu.index === 0);
}

function hduParts(hdu: HduInput, i: number): HduParts {
  if (hdu.kind === 'image') return imageParts(hdu, i === 0);
  return hdu.kind === 'bintable' ? tableParts(hdu) : copiedParts(hdu, i === 0);
}

const NO_SUM = '0'.repeat(16);

/** Places for the sums; cards that exist keep their place. */
function withSumCards(cards: readonly Card[]): Card[] {
  const missing = ['CHECKSUM', 'DATASUM'].filter(key => !cards.some(c => c.key === key));
  return [...cards, ...missing.map(key => card(key, '', key === 'CHECKSUM' ? 'HDU checksum' : 'data unit checksum'))];
}

function summedHeader(cards: readonly Card[], data: Uint8Array): Uint8Array {
  const dataSum = checksumOf(data);
  const filled = (checksum: string): Uint8Array => headerBytes(cards.map(c => (
    c.key === 'CHECKSUM' ? card(c.key, checksum, c.comment) : c.key === 'DATASUM' ? card(c.key, String(dataSum), c.comment) : c)));
  return filled(encodeChecksum(checksumOf(filled(NO_SUM), dataSum)));
}

interface HduParts {
  readonly cards: readonly Card[];
  readonly length: number;
  /** The byte behind the data, 0 if not given. */
  readonly padding?: number;
  /** Writes the data unit at the offset. */
  readonly fill: (target: Uint8Array, offset: number) => void;
}

function imageParts(hdu: ImageHduInput, isPrimary: boolean): HduParts {
  const { data, shape } = hdu;
  const size = shape.length === 0 ? 0 : shape.reduce((product, n) => product * n, 1);
  if (size !== (data?.length ?? 0)) {
    throw new ApError('BAD_FITS', { where: `image ${hdu.name ?? ''}`, found: `${data?.length ?? 0} pixels`, expected: `${shape.join(' x ')}` });
  }
  const { bitpix, zero } = data === null ? { bitpix: 8, zero: 0n } : storageOf(data);
  const cards = [
    isPrimary ? card('SIMPLE', true, 'file conforms to FITS standard') : card('XTENSION', 'IMAGE'),
    card('BITPIX', bitpix), card('NAXIS', shape.length), ...shape.map((n, i) => card(`NAXIS${i + 1}`, n)),
    ...(isPrimary ? [card('EXTEND', true)] : [card('PCOUNT', 0), card('GCOUNT', 1)]),
    ...(zero === 0n ? [] : [card('BZERO', integerValue(zero)), card('BSCALE', 1)]),
    ...(hdu.structure ?? []),
  ];
  return {
    cards: [...cards, ...ownCards(hdu)], length: data?.byteLength ?? 0,
    fill: (target, offset) => { if (data !== null) encodePixels(data, target, offset); },
  };
}

function tableParts(hdu: TableHduInput): HduParts {
  const table = binTableBytes(hdu.columns, hdu.nRows);
  const cards = [
    card('XTENSION', 'BINTABLE'), card('BITPIX', 8), card('NAXIS', 2), card('NAXIS1', table.rowBytes), card('NAXIS2', hdu.nRows),
    card('PCOUNT', table.heapBytes), card('GCOUNT', 1), card('TFIELDS', hdu.columns.length), ...table.cards,
    ...(hdu.structure ?? []),
  ];
  return {
    cards: [...cards, ...ownCards(hdu)], length: table.bytes.length,
    fill: (target, offset) => { target.set(table.bytes, offset); },
  };
}

function copiedParts({ hdu, cards }: CopiedHduInput, isFirst: boolean): HduParts {
  requireWholeData(hdu);
  if ((hdu.index === 0) !== isFirst) {
    throw new ApError('BAD_FITS', {
      where: hduText(hdu), found: hdu.index === 0 ? 'a primary HDU' : 'an extension', expected: 'a primary HDU first, extensions behind it',
    });
  }
  return {
    cards: cards ?? hdu.cards, length: hdu.data.length, padding: hdu.kind === 'asciiTable' ? 0x20 : 0,
    fill: (target, offset) => { target.set(hdu.data, offset); },
  };
}

function ownCards(hdu: ImageHduInput | TableHduInput): Card[] {
  const name = hdu.name === undefined ? [] : [card('EXTNAME', hdu.name)];
  const rest = (hdu.cards ?? []).filter(c => !isStructural(c.key) && (hdu.name === undefined || c.key !== 'EXTNAME'));
  return [...name, ...rest];
}

function headerBytes(cards: readonly Card[]): Uint8Array {
  const text = cards.map(formatCard).join('') + 'END'.padEnd(CARD_BYTES);
  return Buffer.from(text.padEnd(Math.ceil(text.length / BLOCK_BYTES) * BLOCK_BYTES), 'latin1');
}

/** A bigint as a plain number when that is exact. */
export function integerValue(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}
