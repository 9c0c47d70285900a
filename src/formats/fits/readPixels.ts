/** Pixels of a plain image straight from a byte source, without the file in memory. */
import { ApError } from '../../model/errors.ts';
import type { ByteSource } from './byteSource.ts';
import { cardInteger, cutData, hduText, type HduHead } from './hdu.ts';
import { imageShape } from './image.ts';
import type { RawPixels } from './pixelBytes.ts';
import { decompressBox, emptyPixels } from './tileCompression.ts';

/** Bytes that are read and turned at once: they stay in the processor's cache in between. */
const CHUNK_BYTES = 2 ** 18;
/** Larger images are read as cutouts. */
const MAX_IMAGE_BYTES = 2 ** 32;

/**
 * The numbers as stored, as `storedPixels`, in shared memory. The bytes are read into that memory and turned there, so
 * that reading costs little more than the bytes do; a compressed image is decoded tile by tile.
 * @param head from `scanFits` of the same source.
 * @throws ApError FILE_TRUNCATED when the source ends early, before memory is taken.
 */
export function readPixels(source: ByteSource, head: HduHead): RawPixels {
  const shape = imageShape(head);
  if (head.isCompressedImage) return decompressBox(source, head, { start: shape.map(() => 0), size: shape });
  const bitpix = cardInteger(head, 'BITPIX', { min: -64, max: 64 });
  const size = Math.abs(bitpix) / 8;
  const nBytes = shape.length === 0 ? 0 : shape.reduce((product, n) => product * n, size);
  if (head.dataOffset + nBytes > source.byteLength) throw cutData(head, Math.max(0, source.byteLength - head.dataOffset));
  if (nBytes > MAX_IMAGE_BYTES) {
    throw new ApError('BAD_FITS', { where: hduText(head), found: `${nBytes} bytes of pixels`, expected: 'an image that fits in memory, or a cutout' });
  }
  const memory = new SharedArrayBuffer(nBytes);
  for (let at = 0; at < nBytes; at += CHUNK_BYTES) {
    const chunk = Buffer.from(memory, at, Math.min(CHUNK_BYTES, nBytes - at));
    if (fill(source, head.dataOffset + at, chunk) < chunk.length) throw cutData(head, at);
    if (size === 2) chunk.swap16();
    else if (size === 4) chunk.swap32();
    else if (size === 8) chunk.swap64();
  }
  return emptyPixels(bitpix, memory);
}

function fill(source: ByteSource, offset: number, target: Uint8Array): number {
  if (source.readInto !== undefined) return source.readInto(offset, target);
  const bytes = source.read(offset, target.length);
  target.set(bytes);
  return bytes.length;
}
