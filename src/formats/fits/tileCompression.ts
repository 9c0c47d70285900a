/**
 * Tile-compressed images (FITS standard 4.0 section 10): tiles of any shape over any number of axes, whole images or
 * boxes of them. A box is made from the tiles that it touches and reads nothing else.
 */
import { memorySource, type ByteSource } from './byteSource.ts';
import type { PixelBox } from './cutout.ts';
import { hduText, type FitsHdu, type HduHead } from './hdu.ts';
import type { RawPixels } from './pixelBytes.ts';
import { decodeTile } from './tileDecode.ts';
import {
  product, readAll, requirePlausible, tileBox, tileCell, tiledImage, tileRows, tileScaling, type TileCell, type TiledImage,
} from './tileImage.ts';

/** The cells of a box are read in one piece when no more than this part of the piece is needed for nothing. */
const MAX_WASTE = 4;

/**
 * The stored pixels of a compressed image, as an uncompressed HDU would hold them; in shared memory.
 * @throws ApError BAD_FITS for a header or tiles that do not fit the bytes, FILE_TRUNCATED for missing bytes.
 */
export function decompressImage(hdu: FitsHdu): RawPixels {
  const image = tiledImage(hdu, memorySource(hdu.data));
  return decodeBox(image, { start: image.shape.map(() => 0), size: image.shape });
}

/**
 * The stored pixels of a box of a compressed image, from a source in which the HDU was found; reads the rows of the
 * table and the tiles that the box needs. The box must lie inside the image.
 * @throws ApError as `decompressImage`.
 */
export function decompressBox(source: ByteSource, head: HduHead, box: PixelBox): RawPixels {
  const data: ByteSource = {
    byteLength: Math.max(0, Math.min(head.dataLength, source.byteLength - head.dataOffset)),
    read: (offset, length) => source.read(head.dataOffset + offset, length),
  };
  return decodeBox(tiledImage(head, data), box);
}

/** Oddities of a compressed HDU that do not prevent reading, one sentence each. */
export function compressionWarnings(hdu: HduHead): string[] {
  const { header } = hdu;
  const warnings: string[] = [];
  if (hdu.kind !== 'bintable') return warnings;
  if (hdu.isCompressedImage && header.ZMASKCMP !== undefined) {
    warnings.push(`${hduText(hdu)}: ZMASKCMP is ignored; null pixels are those that ZBLANK marks`);
  }
  if (header.ZTABLE === true) {
    warnings.push(`${hduText(hdu)}: the table is compressed (ZTABLE = T); its columns hold compressed bytes, which funpack can undo`);
  }
  return warnings;
}

/** Pixels of a box inside the image, first axis fastest. */
export function decodeBox(image: TiledImage, box: PixelBox): RawPixels {
  const tiles = tilesOf(image, box);
  const rows = tileRows(image, tiles[0]!, tiles.at(-1)!);
  const at = (tile: number): number => (tile - rows.first) * image.rowBytes;
  const cells = tiles.map(tile => tileCell(image, rows.view, at(tile), tile));
  const parts = tiles.map(tile => tileBox(image, tile));
  tiles.forEach((tile, i) => requirePlausible(image, cells[i]!, product(parts[i]!.size), tile));
  const bytesOf = cellReader(image, cells);
  const nBytes = Math.abs(image.bitpix) / 8;
  const out = emptyPixels(image.bitpix, new SharedArrayBuffer(product(box.size) * nBytes));
  let scratch: RawPixels | null = null;
  tiles.forEach((tile, i) => {
    const part = parts[i]!;
    const scaling = image.dither === null ? null : tileScaling(image, rows.view, at(tile));
    const cell = { form: cells[i]!.form, bytes: bytesOf(cells[i]!), tile };
    const n = product(part.size);
    const direct = placeInside(part, box);
    if (direct !== null) return decodeTile(image, cell, part.size, scaling, out.subarray(direct, direct + n));
    if (scratch === null || scratch.length < n) scratch = emptyPixels(image.bitpix, new ArrayBuffer(n * nBytes));
    const values = scratch.subarray(0, n);
    decodeTile(image, cell, part.size, scaling, values);
    copyOverlap(values, part, out, box);
  });
  return out;
}

/** Numbers of the tiles that a box touches, in rising order. */
function tilesOf(image: TiledImage, { start, size }: PixelBox): number[] {
  const first = start.map((from, axis) => Math.floor(from / image.tile[axis]!));
  const last = start.map((from, axis) => Math.floor((from + size[axis]! - 1) / image.tile[axis]!));
  let tiles = [0];
  for (let axis = image.shape.length - 1; axis >= 0; axis--) {
    const count = image.nTiles[axis]!;
    tiles = tiles.flatMap(tile => Array.from({ length: last[axis]! - first[axis]! + 1 }, (_, i) => tile * count + first[axis]! + i));
  }
  return tiles;
}

/** Reads cells, in one piece when they lie close together. */
function cellReader(image: TiledImage, cells: readonly TileCell[]): (cell: TileCell) => Uint8Array {
  let [first, end, needed] = [Infinity, 0, 0];
  for (const { offset, length } of cells) {
    first = Math.min(first, offset);
    end = Math.max(end, offset + length);
    needed += length;
  }
  if (end - first > MAX_WASTE * needed) return ({ offset, length }) => readAll(image, offset, length);
  const bytes = readAll(image, first, end - first);
  return ({ offset, length }) => bytes.subarray(offset - first, offset - first + length);
}

/** Index of a tile's first pixel in the box when the tile is one unbroken stretch of it, else null. */
function placeInside(part: PixelBox, box: PixelBox): number | null {
  let at = 0;
  let stride = 1;
  let isBroken = false;
  for (let axis = 0; axis < part.size.length; axis++) {
    const from = part.start[axis]! - box.start[axis]!;
    const length = part.size[axis]!;
    if (from < 0 || from + length > box.size[axis]! || (isBroken && length > 1)) return null;
    if (length < box.size[axis]!) isBroken = true;
    at += from * stride;
    stride *= box.size[axis]!;
  }
  return at;
}

/** Copies what two boxes have in common, line by line of the first axis. */
export function copyOverlap(values: RawPixels, from: PixelBox, out: RawPixels, to: PixelBox): void {
  const low = from.start.map((start, axis) => Math.max(start, to.start[axis]!));
  const size = low.map((start, axis) => Math.min(from.start[axis]! + from.size[axis]!, to.start[axis]! + to.size[axis]!) - start);
  if (size.some(n => n <= 0)) return;
  const width = size[0]!;
  const nLines = product(size.slice(1));
  for (let line = 0; line < nLines; line++) {
    let rest = line;
    let [at, there, strideFrom, strideTo] = [low[0]! - from.start[0]!, low[0]! - to.start[0]!, from.size[0]!, to.size[0]!];
    for (let axis = 1; axis < size.length; axis++) {
      const index = low[axis]! + rest % size[axis]!;
      rest = Math.floor(rest / size[axis]!);
      at += (index - from.start[axis]!) * strideFrom;
      there += (index - to.start[axis]!) * strideTo;
      strideFrom *= from.size[axis]!;
      strideTo *= to.size[axis]!;
    }
    (out as Float64Array).set((values as Float64Array).subarray(at, at + width), there);
  }
}

/** Zeros in the stored type of a BITPIX. */
export function emptyPixels(bitpix: number, memory: ArrayBuffer | SharedArrayBuffer): RawPixels {
  switch (bitpix) {
    case 8: return new Uint8Array(memory);
    case 16: return new Int16Array(memory);
    case 32: return new Int32Array(memory);
    case 64: return new BigInt64Array(memory);
    case -32: return new Float32Array(memory);
    default: return new Float64Array(memory);
  }
}
