/** The same contents in another packing: plain, or with tile-compressed images. */
import { card, type Card } from './cards.ts';
import type { FitsHdu } from './hdu.ts';
import { hasPixels, imageShape, physicalPixels, storedPixels } from './image.ts';
import { compressImage, type CompressOptions } from './tileWrite.ts';
import { writeFits, type HduInput, type WriteOptions } from './writeFits.ts';

/** Cards that go with stored numbers. */
const SCALING = ['BSCALE', 'BZERO', 'BLANK'];

/**
 * Every compressed image as a plain one; all other HDUs byte by byte. An image that was primary before it was compressed
 * (ZSIMPLE) becomes the primary HDU again.
 */
export function plainFits(hdus: readonly FitsHdu[], options: WriteOptions = {}): Uint8Array {
  const [first, second] = hdus;
  const isMoved = first !== undefined && !hasPixels(first) && second?.isCompressedImage === true && second.header.ZSIMPLE === true;
  const list = isMoved ? hdus.slice(1) : hdus;
  return writeFits(list.map(hdu => (hdu.isCompressedImage ? plainImage(hdu) : { kind: 'copy' as const, hdu })), options);
}

function plainImage(hdu: FitsHdu): HduInput {
  const blank = hdu.header.ZBLANK ?? hdu.header.BLANK;
  const isInteger = Number(hdu.header.ZBITPIX) > 0;
  const scaling = SCALING.slice(0, 2).flatMap(key => (hdu.header[key] === undefined ? [] : [card(key, hdu.header[key]!)]));
  const name = hdu.name === 'COMPRESSED_IMAGE' || hdu.name === '' ? {} : { name: hdu.name };
  return {
    kind: 'image', ...name, shape: imageShape(hdu), data: storedPixels(hdu), cards: hdu.cards.filter(notCompression),
    structure: [...scaling, ...(isInteger && blank !== undefined ? [card('BLANK', blank)] : [])],
  };
}

function notCompression({ key }: Card): boolean {
  return !/^(Z(TENSION|PCOUNT|GCOUNT|HECKSUM|DATASUM)|EXTNAME)$/.test(key);
}

/**
 * Every plain image with pixels as a tile-compressed one; all other HDUs byte by byte, and images that need BSCALE or BLANK,
 * too: their stored numbers would lose their meaning.
 */
export function compressedFits(hdus: readonly FitsHdu[], options: CompressOptions, write: WriteOptions = {}): Uint8Array {
  const parts = hdus.map(hdu => compressedOrCopy(hdu, options));
  // A compressed image is a table: an empty primary HDU goes before it, with the cards inside the table's header.
  return writeFits(parts, write);
}

function compressedOrCopy(hdu: FitsHdu, options: CompressOptions): HduInput {
  if (hdu.kind !== 'image' || !hasPixels(hdu)) return { kind: 'copy', hdu };
  const data = physicalPixels(hdu);
  const isScaled = Number(hdu.header.BITPIX) > 0 && data instanceof Float64Array;
  const isLost = options.codec === 'RICE_1' && Math.abs(Number(hdu.header.BITPIX)) === 64 && Number(hdu.header.BITPIX) > 0;
  if ((isScaled || isLost) && hdu.index > 0) return { kind: 'copy', hdu };
  if (isScaled || isLost) return { kind: 'image', shape: imageShape(hdu), data: storedPixels(hdu), cards: hdu.cards, structure: scalingCards(hdu) };
  return compressImage({
    kind: 'image', shape: imageShape(hdu), data, cards: hdu.cards.filter(c => c.key !== 'EXTNAME'),
    ...(hdu.header.EXTNAME === undefined ? {} : { name: hdu.name }),
  }, options);
}

function scalingCards(hdu: FitsHdu): Card[] {
  return hdu.cards.filter(c => SCALING.includes(c.key));
}
