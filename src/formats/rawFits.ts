/** Raw frames: one 2-D image, uint16 by BZERO as telescopes write it, with the header that describes it. */
import { ApError } from '../model/errors.ts';
import type { RawFrame } from '../model/instrument.ts';
import {
  hasPixels, headerMap, imageAsFloat32, imageSize, readFits, writeFits, type Card, type FitsFile, type FitsHdu,
} from './fits/index.ts';

/**
 * The first image of the file with pixels, in ADU. When that is an extension, its cards are added to the primary's
 * (the extension wins).
 * @param bytes FITS, gzipped or not.
 * @throws ApError FILE_TRUNCATED, BAD_FITS.
 */
export function readRawFrame(bytes: Uint8Array): RawFrame {
  const { hdu, cards } = rawImage(readFits(bytes));
  const { width, height } = imageSize(hdu);
  return { width, height, data: imageAsFloat32(hdu), header: headerMap(cards) };
}

/**
 * Every image of the file, each with the primary's cards and its own: cameras that write one extension a detector.
 * @throws ApError FILE_TRUNCATED, BAD_FITS.
 */
export function readRawFrames(bytes: Uint8Array): RawFrame[] {
  const file = readFits(bytes);
  const images = file.hdus.filter(hasPixels);
  if (images.length <= 1) return [readRawFrame(bytes)];
  return images.map(hdu => {
    const { width, height } = imageSize(hdu);
    const cards = hdu.index === 0 ? hdu.cards : [...file.hdus[0]!.cards, ...hdu.cards];
    return { width, height, data: imageAsFloat32(hdu), header: headerMap(cards) };
  });
}

function rawImage(file: FitsFile): { hdu: FitsHdu; cards: readonly Card[] } {
  const hdu = file.hdus.find(hasPixels);
  if (hdu === undefined) throw new ApError('BAD_FITS', { found: `${file.hdus.length} HDUs without pixels`, expected: 'an image' });
  return { hdu, cards: hdu.index === 0 ? hdu.cards : [...file.hdus[0]!.cards, ...hdu.cards] };
}

export interface RawFrameInput {
  readonly cards: readonly Card[];
  readonly width: number;
  readonly height: number;
  /** ADU, row-major. */
  readonly data: Uint16Array;
}

/** A raw frame as FITS: primary image, 16 bit with BZERO 32768. */
export function writeRawFrame({ cards, width, height, data }: RawFrameInput): Uint8Array {
  return writeFits([{ kind: 'image', shape: [width, height], data, cards }]);
}
