/**
 * fitsjs as a second, independent reader of plain images and tables. It is right for part of FITS only (it takes float64
 * for float32, wraps unsigned integers, knows no BLANK, 64-bit integers, bits or heaps), so a gate names what it would get
 * wrong; and it reads headers with damage, so it is given a minimal header made of the structural keywords.
 */
import fitsjs from 'fitsjs';
import { ApError } from '../../model/errors.ts';
import { binTable } from './binTable.ts';
import { card, formatCard, type Card } from './cards.ts';
import { hduText, type FitsHdu } from './hdu.ts';
import { hasPixels, imageShape } from './image.ts';
import type { PixelArray, RawPixels } from './pixelBytes.ts';
import { emptyPixels } from './tileCompression.ts';

const IMAGE_BITPIX = [8, 16, 32, -32];
const TABLE_LETTERS = 'BIJEDAL';
/** It reads cubes as a stack of frames, and nothing beyond. */
const MAX_AXES = 3;

/** Why fitsjs cannot read the HDU right; null when it can. */
export function fitsjsRefusal(hdu: FitsHdu): string | null {
  if (hdu.data.length < hdu.dataLength) return 'the data unit is cut';
  if (hdu.isCompressedImage) return 'tile compression';
  if (hdu.kind === 'image') return imageRefusal(hdu);
  return hdu.kind === 'bintable' ? tableRefusal(hdu) : `no reader for ${hdu.kind}`;
}

function imageRefusal(hdu: FitsHdu): string | null {
  if (!hasPixels(hdu)) return 'no pixels';
  const { BITPIX, BSCALE, BZERO, BLANK } = hdu.header;
  if (!IMAGE_BITPIX.includes(Number(BITPIX))) return `BITPIX = ${String(BITPIX)}`;
  if (BLANK !== undefined && Number(BITPIX) > 0) return 'BLANK';
  if (Number(BSCALE ?? 1) !== 1 || Number(BZERO ?? 0) !== 0) return 'BSCALE or BZERO';
  return imageShape(hdu).length > MAX_AXES ? 'more than three axes' : null;
}

function tableRefusal(hdu: FitsHdu): string | null {
  const { columns } = binTable(hdu);
  if (columns.length === 0) return 'no columns';
  for (const { name, letter, descriptor, repeat, scale, zero } of columns) {
    if (descriptor !== null) return `variable-length column ${name}`;
    if (!TABLE_LETTERS.includes(letter)) return `column ${name} of form ${letter}`;
    if (repeat === 0) return `column ${name} without elements`;
    if (scale !== 1 || zero !== 0) return `scaled column ${name}`;
  }
  return new Set(columns.map(c => c.name)).size < columns.length ? 'columns of the same name' : null;
}

/**
 * Pixels of an image as fitsjs decodes them, in the type of BITPIX (it turns -0 into 0).
 * @throws ApError BAD_FITS when the gate refuses the HDU.
 */
export function fitsjsPixels(hdu: FitsHdu): PixelArray {
  requireReadable(hdu);
  const unit = new (astro().FITS.Image)(minimalHeader(hdu), dataBuffer(hdu));
  const frames = unit.frameOffsets.map(frame => unit._getFrame(frame.buffers[0]!, unit.bitpix, unit.bzero, unit.bscale));
  const n = frames.reduce((sum, frame) => sum + frame.length, 0);
  const out = emptyPixels(unit.bitpix, new ArrayBuffer(n * Math.abs(unit.bitpix) / 8)) as Exclude<RawPixels, BigInt64Array>;
  let at = 0;
  for (const frame of frames) {
    out.set(frame, at);
    at += frame.length;
  }
  return out;
}

/**
 * Rows of a binary table as fitsjs decodes them: numbers, booleans (an undefined logical is false), strings with their
 * padding, arrays of those.
 * @throws ApError BAD_FITS when the gate refuses the HDU.
 */
export function fitsjsRows(hdu: FitsHdu): readonly Readonly<Record<string, unknown>>[] {
  requireReadable(hdu);
  let found: readonly Readonly<Record<string, unknown>>[] = [];
  const { nRows } = binTable(hdu);
  const table = new (astro().FITS.BinaryTable)(minimalHeader(hdu), dataBuffer(hdu));
  if (nRows > 0) table.getRows(0, nRows, rows => { found = rows; });
  return found;
}

function requireReadable(hdu: FitsHdu): void {
  const refusal = fitsjsRefusal(hdu);
  if (refusal !== null) throw new ApError('BAD_FITS', { where: hduText(hdu), found: refusal, expected: 'an HDU that fitsjs can read' });
}

/** Its classes look for each other in a global of this name. */
function astro(): typeof fitsjs.astro {
  Object.assign(globalThis, { astro: fitsjs.astro });
  return fitsjs.astro;
}

function minimalHeader(hdu: FitsHdu): object {
  const number = (key: string): Card => card(key, Number(hdu.header[key] ?? 0));
  const axes = Array.from({ length: Number(hdu.header.NAXIS) }, (_, i) => number(`NAXIS${i + 1}`));
  const columns = hdu.kind === 'bintable' ? binTable(hdu).columns.flatMap(({ name }, i) => [
    card(`TTYPE${i + 1}`, name), card(`TFORM${i + 1}`, String(hdu.header[`TFORM${i + 1}`])),
  ]) : [];
  const cards = [
    hdu.kind === 'bintable' ? card('XTENSION', 'BINTABLE') : card('SIMPLE', true), number('BITPIX'), number('NAXIS'), ...axes,
    ...(hdu.kind === 'bintable' ? [number('PCOUNT'), card('GCOUNT', 1), card('TFIELDS', columns.length / 2)] : []), ...columns,
  ];
  return new (astro().FITS.Header)(cards.map(formatCard).join('') + 'END'.padEnd(80));
}

function dataBuffer({ data }: FitsHdu): ArrayBuffer {
  return Uint8Array.from(data).buffer;
}
