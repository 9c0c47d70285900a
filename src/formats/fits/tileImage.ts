/**
 * What the header of a tile-compressed image says (FITS standard 4.0 section 10.1), and where the bytes of its tiles
 * lie. Everything is checked against the bytes that are there before any memory is taken.
 */
import { ApError } from '../../model/errors.ts';
import { binTable, type BinColumn } from './binTable.ts';
import type { ByteSource } from './byteSource.ts';
import type { PixelBox } from './cutout.ts';
import { badCard, cardInteger, cardNumber, cardText, hduText, type HduHead } from './hdu.ts';

export interface TiledImage {
  readonly head: HduHead;
  /** The data unit: rows of the table, then the heap. */
  readonly data: ByteSource;
  readonly rowBytes: number;
  readonly heapStart: number;
  readonly shape: readonly number[];
  readonly tile: readonly number[];
  /** Tiles along each axis, and all of them (rows of the table). */
  readonly nTiles: readonly number[];
  readonly total: number;
  readonly bitpix: number;
  readonly codec: string;
  /** ZNAMEi -> ZVALi. */
  readonly parameters: ReadonlyMap<string, number>;
  /** ZQUANTIZ and ZDITHER0 of quantized floats; null where the tiles hold the pixels themselves. */
  readonly dither: { readonly method: string; readonly seed: number } | null;
  readonly columns: ReadonlyMap<string, BinColumn>;
}

/** Where the bytes of a tile lie in the data unit, and in which form. */
export interface TileCell { readonly form: 'coded' | 'gzipped' | 'raw'; readonly offset: number; readonly length: number }

/** Scaling of one tile of quantized floats. */
export interface TileScaling { readonly scale: number; readonly zero: number; readonly blank: number | null }

/**
 * Pixels that one byte can stand for at most, by codec; a header that claims more is refused before allocation. Rice
 * spends 5 bits on 32 equal pixels, deflate reaches 1032 to 1, PLIO a run of 4095 in two bytes; an HCOMPRESS tile of
 * zeros has no such limit, the one here is far above real images.
 */
const MAX_PIXELS_A_BYTE: Readonly<Record<string, number>> = {
  RICE_1: 64, GZIP_1: 1100, GZIP_2: 1100, PLIO_1: 2048, HCOMPRESS_1: 2048, NOCOMPRESS: 1,
};
/** Rice blocks of more values need fewer bits for equal pixels. */
const USUAL_BLOCK_SIZE = 32;
const MIN_ALLOCATION_ALLOWED = 2 ** 24;
/** The columns that are used. */
const COLUMNS = ['COMPRESSED_DATA', 'GZIP_COMPRESSED_DATA', 'UNCOMPRESSED_DATA', 'ZSCALE', 'ZZERO', 'ZBLANK'];

/**
 * Reads the description of a compressed image.
 * @param data the data unit without padding.
 * @throws ApError BAD_FITS naming the card.
 */
export function tiledImage(head: HduHead, data: ByteSource): TiledImage {
  const nAxes = cardInteger(head, 'ZNAXIS', { min: 1, max: 9 });
  const axes = Array.from({ length: nAxes }, (_, i) => i + 1);
  const shape = axes.map(i => cardInteger(head, `ZNAXIS${i}`, { min: 1, max: 2 ** 31 }));
  const tile = axes.map(i => cardInteger(head, `ZTILE${i}`, { min: 1, max: 2 ** 31, fallback: i === 1 ? shape[0]! : 1 }));
  const bitpix = cardNumber(head, 'ZBITPIX');
  if (![8, 16, 32, 64, -32, -64].includes(bitpix)) throw badCard(head, 'ZBITPIX', bitpix, '8, 16, 32, 64, -32 or -64');
  const rowBytes = cardInteger(head, 'NAXIS1', { min: 0, max: 2 ** 40 });
  const nRows = cardInteger(head, 'NAXIS2', { min: 0, max: 2 ** 40 });
  // The declarations need no data: as a table without rows, a ranged read does not have to fetch it.
  const empty = binTable({ ...head, header: { ...head.header, NAXIS2: 0 }, data: new Uint8Array(0), dataLength: 0 });
  const columns = new Map(empty.columns.filter(c => COLUMNS.includes(c.name.toUpperCase())).map(c => [c.name.toUpperCase(), c]));
  const nTiles = shape.map((length, axis) => Math.ceil(length / tile[axis]!));
  const total = product(nTiles);
  if (total !== nRows) throw badCard(head, 'NAXIS2', nRows, `${total} tiles`);
  const codec = codecNamed(head);
  const image: TiledImage = {
    head, data, rowBytes, shape, tile, nTiles, total, bitpix, codec, columns,
    heapStart: cardInteger(head, 'THEAP', { min: 0, max: 2 ** 53, fallback: rowBytes * nRows }),
    parameters: parametersOf(head), dither: ditherOf(head, bitpix, columns),
  };
  checkSizes(image);
  return image;
}

function codecNamed(head: HduHead): string {
  const name = cardText(head, 'ZCMPTYPE');
  const codec = name === 'RICE_ONE' ? 'RICE_1' : name;
  if (MAX_PIXELS_A_BYTE[codec] === undefined) {
    throw badCard(head, 'ZCMPTYPE', name, Object.keys(MAX_PIXELS_A_BYTE).join(', '));
  }
  return codec;
}

function checkSizes(image: TiledImage): void {
  const { head, data, total, rowBytes, columns } = image;
  const heaped = [...columns.values()].filter(c => ['COMPRESSED_DATA', 'GZIP_COMPRESSED_DATA', 'UNCOMPRESSED_DATA'].includes(c.name.toUpperCase()));
  if (!columns.has('COMPRESSED_DATA') || heaped.some(c => c.descriptor === null)) {
    throw new ApError('BAD_FITS', { where: hduText(head), found: [...columns.keys()].join(', '), expected: 'a variable-length column COMPRESSED_DATA' });
  }
  if (total * rowBytes > data.byteLength) {
    throw new ApError('FILE_TRUNCATED', { where: `${hduText(head)} data`, expected: total * rowBytes, found: data.byteLength });
  }
  const blockSize = image.parameters.get('BLOCKSIZE') ?? 32;
  const ratio = MAX_PIXELS_A_BYTE[image.codec]! * (image.codec === 'RICE_1' ? Math.max(1, blockSize / USUAL_BLOCK_SIZE) : 1);
  const nPixels = product(image.shape);
  if (nPixels * Math.abs(image.bitpix) / 8 > MIN_ALLOCATION_ALLOWED && nPixels > ratio * data.byteLength) {
    throw badCard(head, 'ZNAXISn', image.shape.join(' x '), `at most ${ratio} pixels for each of the ${data.byteLength} compressed bytes`);
  }
}

function parametersOf(head: HduHead): Map<string, number> {
  const parameters = new Map<string, number>();
  for (let i = 1; head.header[`ZNAME${i}`] !== undefined && i < 100; i++) {
    const value = head.header[`ZVAL${i}`];
    if (typeof value === 'number') parameters.set(String(head.header[`ZNAME${i}`]).trim(), value);
  }
  return parameters;
}

function ditherOf(head: HduHead, bitpix: number, columns: ReadonlyMap<string, BinColumn>): TiledImage['dither'] {
  const isScaled = columns.has('ZSCALE') || head.header.ZSCALE !== undefined;
  if (bitpix > 0 || !isScaled) return null;
  return {
    method: cardText(head, 'ZQUANTIZ', 'NO_DITHER'), seed: cardInteger(head, 'ZDITHER0', { min: 0, max: 10000, fallback: 1 }),
  };
}

/** Rows of the table from tile `first` to tile `last`. */
export function tileRows(image: TiledImage, first: number, last: number): { readonly first: number; readonly view: DataView } {
  const length = (last - first + 1) * image.rowBytes;
  const bytes = readAll(image, first * image.rowBytes, length);
  return { first, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

/** Bytes of the data unit. @throws ApError FILE_TRUNCATED when there are fewer. */
export function readAll(image: TiledImage, offset: number, length: number): Uint8Array {
  const bytes = image.data.read(offset, length);
  if (bytes.length === length) return bytes;
  throw new ApError('FILE_TRUNCATED', { where: `${hduText(image.head)} data`, expected: offset + length, found: offset + bytes.length });
}

/**
 * The bytes of a tile: COMPRESSED_DATA when it is not empty, else the fallback columns.
 * @param at first byte of the tile's row in the view.
 * @throws ApError BAD_FITS for a descriptor that points outside of the heap, or a tile without bytes.
 */
export function tileCell(image: TiledImage, view: DataView, at: number, tile: number): TileCell {
  const forms = [['COMPRESSED_DATA', 'coded'], ['GZIP_COMPRESSED_DATA', 'gzipped'], ['UNCOMPRESSED_DATA', 'raw']] as const;
  for (const [name, form] of forms) {
    const column = image.columns.get(name);
    if (column === undefined) continue;
    const { offset, length } = heapRange(image, view, at, tile, column);
    if (length > 0) return { form, offset, length };
  }
  throw new ApError('BAD_FITS', { where: `${hduText(image.head)}, tile ${tile}`, found: 'no bytes', expected: 'bytes in COMPRESSED_DATA or a fallback column' });
}

/** Deflate writes at most 1032 bytes for one. */
const MAX_INFLATION = 1032;

/**
 * Refuses a tile whose bytes cannot stand for so many pixels, whatever they are; done before memory is taken for them.
 * @throws ApError BAD_FITS.
 */
export function requirePlausible(image: TiledImage, { form, length }: TileCell, nPixels: number, tile: number): void {
  const most = form === 'gzipped' ? MAX_INFLATION * (length + 1) : form === 'raw' ? length : mostPixels(image, length);
  if (nPixels <= most) return;
  throw new ApError('BAD_FITS', { where: `${hduText(image.head)}, tile ${tile}`, found: `${length} bytes`, expected: `more for ${nPixels} pixels` });
}

function mostPixels({ codec, parameters }: TiledImage, length: number): number {
  switch (codec) {
    // A block has a split of 3 bits or more.
    case 'RICE_1': return Math.ceil(8 * length / 3) * Math.max(1, parameters.get('BLOCKSIZE') ?? USUAL_BLOCK_SIZE);
    case 'GZIP_1': case 'GZIP_2': return MAX_INFLATION * (length + 1);
    // A word has a run of 4095 or less.
    case 'PLIO_1': return 4096 * length / 2;
    case 'NOCOMPRESS': return length;
    // A tile of zeros has a few bytes whatever its size.
    default: return Infinity;
  }
}

const HEAP_ELEMENT_BYTES: Readonly<Record<string, number>> = { L: 1, B: 1, A: 1, I: 2, J: 4, K: 8, E: 4, D: 8 };

function heapRange(image: TiledImage, view: DataView, at: number, tile: number, column: BinColumn): { offset: number; length: number } {
  const place = at + column.offset;
  const isWide = column.descriptor === 'Q';
  const count = isWide ? Number(view.getBigInt64(place)) : view.getInt32(place);
  const start = isWide ? Number(view.getBigInt64(place + 8)) : view.getInt32(place + 4);
  const length = count * (HEAP_ELEMENT_BYTES[column.letter] ?? 1);
  const room = image.data.byteLength - image.heapStart;
  if (count < 0 || (count > 0 && (start < 0 || start + length > room))) {
    throw new ApError('BAD_FITS', {
      where: `${hduText(image.head)}, column ${column.name}, row ${tile}`, found: `${length} bytes at ${start} of the heap`, expected: `inside ${room} bytes`,
    });
  }
  return { offset: image.heapStart + start, length };
}

/** ZSCALE, ZZERO and ZBLANK of a tile: from its row, else from the card of the name. */
export function tileScaling(image: TiledImage, view: DataView, at: number): TileScaling {
  return {
    scale: scalar(image, view, at, 'ZSCALE') ?? 1, zero: scalar(image, view, at, 'ZZERO') ?? 0,
    blank: scalar(image, view, at, 'ZBLANK'),
  };
}

function scalar({ head, columns }: TiledImage, view: DataView, at: number, name: string): number | null {
  const column = columns.get(name);
  if (column === undefined) return head.header[name] === undefined ? null : cardNumber(head, name);
  const place = at + column.offset;
  switch (column.letter) {
    case 'D': return view.getFloat64(place);
    case 'E': return view.getFloat32(place);
    case 'J': return view.getInt32(place);
    case 'I': return view.getInt16(place);
    case 'B': return view.getUint8(place);
    case 'K': return Number(view.getBigInt64(place));
    default: throw new ApError('BAD_FITS', { where: `${hduText(head)}, column ${name}`, found: column.letter, expected: 'numbers' });
  }
}

/** Pixels of a tile, counted along the first axis first. */
export function tileBox(image: TiledImage, tile: number): PixelBox {
  let rest = tile;
  const start = image.nTiles.map((count, axis) => {
    const index = rest % count;
    rest = Math.floor(rest / count);
    return index * image.tile[axis]!;
  });
  return { start, size: start.map((from, axis) => Math.min(image.tile[axis]!, image.shape[axis]! - from)) };
}

export function product(lengths: readonly number[]): number {
  return lengths.reduce((all, length) => all * length, 1);
}
