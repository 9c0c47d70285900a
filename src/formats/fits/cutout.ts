/** A part of an image without the rest of the file. */
import { ApError } from '../../model/errors.ts';
import type { ByteSource } from './byteSource.ts';
import { cutData, hduText, type HduHead } from './hdu.ts';
import { imageShape, physicalFrom } from './image.ts';
import { decodePixels, type PixelArray } from './pixelBytes.ts';
import { decompressBox } from './tileCompression.ts';

/** A box of pixels, 0-based: the first pixel, and the numbers of pixels, of every axis in FITS order (x first). */
export interface PixelBox { readonly start: readonly number[]; readonly size: readonly number[] }

/**
 * Physical values (as `physicalPixels`) of a box of an image; reads the lines of the box, or of a compressed image the
 * tiles that it touches, and nothing else. Boxes over the full width of a plain image are read in one piece.
 * @param head from `scanFits` of the same source.
 * @throws ApError BAD_FITS for a box outside the image; FILE_TRUNCATED when its bytes are missing.
 */
export function readCutout(source: ByteSource, head: HduHead, box: PixelBox): PixelArray {
  const shape = imageShape(head);
  requireInside(head, shape, box);
  if (head.isCompressedImage) return physicalFrom(head, decompressBox(source, head, box));
  const bitpix = Number(head.header.BITPIX);
  const bytesPerPixel = Math.abs(bitpix) / 8;
  const lineBytes = box.size[0]! * bytesPerPixel;
  const nLines = box.size.slice(1).reduce((product, n) => product * n, 1);
  const end = head.dataOffset + bytesPerPixel * pixelIndex(shape, box, nLines - 1) + lineBytes;
  if (end > source.byteLength) throw cutData(head, source.byteLength - head.dataOffset);
  const bytes = new Uint8Array(lineBytes * nLines);
  const together = box.size[0] === shape[0] ? box.size[1] ?? 1 : 1;
  for (let line = 0; line < nLines; line += together) {
    const offset = head.dataOffset + bytesPerPixel * pixelIndex(shape, box, line);
    const part = source.read(offset, lineBytes * together);
    if (part.length < lineBytes * together) throw cutData(head, source.byteLength - head.dataOffset);
    bytes.set(part, line * lineBytes);
  }
  return physicalFrom(head, decodePixels(bytes, bitpix));
}

function requireInside(head: HduHead, shape: readonly number[], { start, size }: PixelBox): void {
  const isInside = shape.length > 0 && start.length === shape.length && size.length === shape.length
    && shape.every((n, axis) => Number.isInteger(start[axis]) && Number.isInteger(size[axis])
      && start[axis]! >= 0 && size[axis]! >= 1 && start[axis]! + size[axis]! <= n);
  if (isInside) return;
  throw new ApError('BAD_FITS', { where: hduText(head), found: `box ${size.join(' x ')} at ${start.join(', ')}`, expected: `inside ${shape.join(' x ')}` });
}

/** Index in the image of the first pixel of a line of the box. */
function pixelIndex(shape: readonly number[], { start, size }: PixelBox, line: number): number {
  let [index, stride, rest] = [start[0]!, shape[0]!, line];
  for (let axis = 1; axis < shape.length; axis++) {
    index += (start[axis]! + rest % size[axis]!) * stride;
    rest = Math.floor(rest / size[axis]!);
    stride *= shape[axis]!;
  }
  return index;
}
