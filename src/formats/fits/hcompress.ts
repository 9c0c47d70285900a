/**
 * HCOMPRESS_1 decoding (FITS standard 4.0 section 10.4.4; White, Postman & Lattanzi 1992): an integer Haar transform
 * of a 2-D tile whose coefficients are coded by bit planes as quadtrees. Lossless for scale 0 or 1. The arithmetic is
 * in float64, where the coefficients of 32-bit pixels (up to 2^45) are exact.
 */
import { ApError } from '../../model/errors.ts';
import { smoothCoefficients } from './hcompressSmooth.ts';

const MAGIC = 0xdd99;
const HEADER_BYTES = 2 + 3 * 4 + 8 + 3;
/** Coefficients stay below 2^53. */
const MAX_PLANES = 53;

/** Bits of planes that a byte may stand for: a few bytes must not keep the decoder busy for seconds. */
const MAX_WORK_A_BYTE = 8192;
const MIN_WORK_ALLOWED = 2 ** 26;

interface BitReader { bits(count: number): number; align(): void }

/** Quadtree codes by their first six bits, and the lengths of the codes. */
const HUFFMAN: readonly (readonly [code: number, width: number, value: number])[] = [
  [0x3e, 6, 0], [0x00, 3, 1], [0x01, 3, 2], [0x08, 4, 3], [0x02, 3, 4], [0x09, 4, 5], [0x1a, 5, 6], [0x1b, 5, 7],
  [0x03, 3, 8], [0x1c, 5, 9], [0x0a, 4, 10], [0x1d, 5, 11], [0x0b, 4, 12], [0x1e, 5, 13], [0x3f, 6, 14], [0x0c, 4, 15],
];
const VALUE_OF = new Uint8Array(64);
const WIDTH_OF = new Uint8Array(64);
for (const [code, width, value] of HUFFMAN) {
  for (let rest = 0; rest < 1 << (6 - width); rest++) {
    VALUE_OF[(code << (6 - width)) | rest] = value;
    WIDTH_OF[(code << (6 - width)) | rest] = width;
  }
}

/**
 * Decodes one tile.
 * @param width, height of the tile, which the stream must repeat. @param smooth interpolate the coefficients, as SMOOTH asks.
 * @returns width * height values, row-major, in two's complement of 32 bits.
 * @throws ApError BAD_FITS for another magic number or size, and when the stream ends early.
 */
export function hcompressDecode(source: Uint8Array, width: number, height: number, smooth: boolean): Int32Array {
  if (source.length < HEADER_BYTES) throw badTile(`${source.length} bytes`, `at least ${HEADER_BYTES}`);
  const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  const [magic, nRows, nColumns, scale] = [view.getUint16(0), view.getInt32(2), view.getInt32(6), view.getInt32(10)];
  if (magic !== MAGIC) throw badTile(`magic number ${magic}`, `${MAGIC}`);
  if (nRows !== height || nColumns !== width) throw badTile(`${nColumns} x ${nRows} pixels`, `${width} x ${height}`);
  const planes = [source[22]!, source[23]!, source[24]!];
  if (planes.some(n => n > MAX_PLANES)) throw badTile(`${planes.join(', ')} bit planes`, `at most ${MAX_PLANES}`);
  const work = width * height * Math.max(...planes);
  if (work > MIN_WORK_ALLOWED && work > MAX_WORK_A_BYTE * source.length) throw badTile(`${Math.max(...planes)} bit planes in ${source.length} bytes`, 'fewer planes');
  const a = coefficients(source, width, height, planes);
  a[0] = Number(view.getBigInt64(14));
  if (scale > 1) for (let i = 0; i < a.length; i++) a[i]! *= scale;
  invertTransform(a, width, height, smooth ? scale : 0);
  return Int32Array.from(a);
}

/** The four quadrants of the transform, each with its own number of bit planes; then the signs. */
function coefficients(source: Uint8Array, width: number, height: number, planes: readonly number[]): Float64Array {
  const a = new Float64Array(width * height);
  const reader = bitReader(source, HEADER_BYTES);
  const [left, top] = [Math.ceil(width / 2), Math.ceil(height / 2)];
  const quadrant = (x: number, y: number, nx: number, ny: number, nPlanes: number): void => {
    for (let bit = nPlanes - 1; bit >= 0; bit--) readPlane(reader, { a, at: y * width + x, stride: width, nx, ny }, 2 ** bit);
  };
  quadrant(0, 0, left, top, planes[0]!);
  quadrant(left, 0, width - left, top, planes[1]!);
  quadrant(0, top, left, height - top, planes[1]!);
  quadrant(left, top, width - left, height - top, planes[2]!);
  if (reader.bits(4) !== 0) throw badTile('bit planes without an end', 'a nybble of 0');
  reader.align();
  for (let i = 0; i < a.length; i++) if (a[i] !== 0 && reader.bits(1) === 1) a[i] = -a[i]!;
  return a;
}

interface Quadrant { readonly a: Float64Array; readonly at: number; readonly stride: number; readonly nx: number; readonly ny: number }

/** One bit plane: nybbles of 2 x 2 pixels, written as they are or as a quadtree. */
function readPlane(reader: BitReader, quadrant: Quadrant, weight: number): void {
  const { nx, ny } = quadrant;
  const form = reader.bits(4);
  if (form !== 0 && form !== 0xf) throw badTile(`bit plane format ${form}`, '0 or 15');
  const [halfX, halfY] = [Math.ceil(nx / 2), Math.ceil(ny / 2)];
  if (form === 0) {
    const nybbles = new Uint8Array(halfX * halfY);
    for (let i = 0; i < nybbles.length; i++) nybbles[i] = reader.bits(4);
    return insertPlane(nybbles, quadrant, weight);
  }
  const depth = Math.max(0, Math.ceil(Math.log2(Math.max(nx, ny, 1))));
  let codes: Uint8Array = Uint8Array.of(huffman(reader));
  for (let level = depth - 1; level > 0; level--) {
    codes = expanded(codes, reader, Math.ceil(nx / 2 ** level), Math.ceil(ny / 2 ** level));
  }
  insertPlane(codes, quadrant, weight);
}

/** From 2 x 2 codes a cell to one code a cell: a set bit says that a code follows, read from the last cell to the first. */
function expanded(codes: Uint8Array, reader: BitReader, nx: number, ny: number): Uint8Array {
  const out = new Uint8Array(nx * ny);
  const half = Math.ceil(nx / 2);
  for (let y = ny - 1; y >= 0; y--) {
    for (let x = nx - 1; x >= 0; x--) {
      const code = codes[(y >> 1) * half + (x >> 1)]!;
      if ((code >> (3 - 2 * (y & 1) - (x & 1))) & 1) out[y * nx + x] = huffman(reader);
    }
  }
  return out;
}

function insertPlane(codes: Uint8Array, { a, at, stride, nx, ny }: Quadrant, weight: number): void {
  const half = Math.ceil(nx / 2);
  for (let y = 0; y < ny; y += 2) {
    const hasDown = y + 1 < ny;
    for (let x = 0, k = (y >> 1) * half, to = at + y * stride; x < nx; x += 2, k++, to += 2) {
      const code = codes[k]!;
      if (code === 0) continue;
      const hasRight = x + 1 < nx;
      if (code & 8) a[to]! += weight;
      if (code & 4 && hasRight) a[to + 1]! += weight;
      if (code & 2 && hasDown) a[to + stride]! += weight;
      if (code & 1 && hasRight && hasDown) a[to + stride + 1]! += weight;
    }
  }
}

function huffman(reader: BitReader): number {
  let code = reader.bits(3);
  for (let width = 3; ; width++) {
    const index = code << (6 - width);
    if (WIDTH_OF[index] === width) return VALUE_OF[index]!;
    code = (code << 1) | reader.bits(1);
  }
}

function bitReader(source: Uint8Array, start: number): BitReader {
  let at = start;
  let pending = 0;
  let nPending = 0;
  return {
    bits(count) {
      if (nPending < count) {
        if (at >= source.length) throw badTile(`${source.length} bytes`, 'more');
        pending = ((pending << 8) | source[at++]!) & 0xffff;
        nPending += 8;
      }
      nPending -= count;
      return (pending >> nPending) & ((1 << count) - 1);
    },
    align() { nPending = 0; },
  };
}

/** Undoes the transform in place, from the coarsest level to the pixels. */
function invertTransform(a: Float64Array, width: number, height: number, smoothScale: number): void {
  const depth = Math.max(0, Math.ceil(Math.log2(Math.max(width, height))));
  const line = new Float64Array(Math.max(width, height));
  a[0] = depth === 0 ? a[0]! : rounded(a[0]!, 2 ** (depth + 1));
  for (let level = depth - 1; level >= 0; level--) {
    const [nx, ny] = [Math.ceil(width / 2 ** level), Math.ceil(height / 2 ** level)];
    for (let y = 0; y < ny; y++) interleave(a, y * width, 1, nx, line);
    for (let x = 0; x < nx; x++) interleave(a, x, width, ny, line);
    if (smoothScale > 1) smoothCoefficients(a, width, nx, ny, smoothScale >> 1);
    for (let y = 0; y < ny; y += 2) {
      for (let x = 0; x < nx; x += 2) invertCell(a, y * width + x, y + 1 < ny ? width : 0, x + 1 < nx, 2 ** level, level === 0);
    }
  }
}

/** First half of a line to its even places, second half to its odd places. */
function interleave(a: Float64Array, start: number, step: number, n: number, line: Float64Array): void {
  const half = Math.ceil(n / 2);
  for (let i = 0; i < n; i++) line[i] = a[start + i * step]!;
  for (let i = 0; i < half; i++) a[start + 2 * i * step] = line[i]!;
  for (let i = half; i < n; i++) a[start + (2 * (i - half) + 1) * step] = line[i]!;
}

/**
 * One cell of sum, differences along both axes and curvature to its four values. The lowest bits of the sum and the
 * differences were dropped by the encoder: they follow from the parities of the others.
 * @param down stride to the second row, 0 when it is outside; @param bit weight of the level's lowest bit.
 */
function invertCell(a: Float64Array, at: number, down: number, hasRight: boolean, bit: number, isLast: boolean): void {
  const divisor = isLast ? 4 : 2;
  let sum = a[at]!;
  if (down === 0 || !hasRight) {
    const other = down !== 0 ? at + down : at + 1;
    if (down === 0 && !hasRight) {
      a[at] = Math.floor(sum / divisor);
      return;
    }
    const difference = rounded(a[other]!, 2 * bit);
    const low = bitOf(difference, 2 * bit);
    sum += sum >= 0 ? -low : low;
    a[other] = Math.floor((sum + difference) / divisor);
    a[at] = Math.floor((sum - difference) / divisor);
    return;
  }
  let dy = rounded(a[at + down]!, 2 * bit);
  let dx = rounded(a[at + 1]!, 2 * bit);
  const curve = rounded(a[at + down + 1]!, bit);
  const low0 = bitOf(curve, bit);
  dy += dy >= 0 ? -low0 : low0;
  dx += dx >= 0 ? -low0 : low0;
  // The parity of the three bits: the bit of their sum.
  const low1 = bitOf(bitOf(curve, 2 * bit) + bitOf(dy, 2 * bit) + bitOf(dx, 2 * bit), 2 * bit);
  sum += sum >= 0 ? low0 - low1 : low0 === 0 ? low1 : low0 - low1;
  a[at + down + 1] = Math.floor((sum + dy + dx + curve) / divisor);
  a[at + down] = Math.floor((sum + dy - dx - curve) / divisor);
  a[at + 1] = Math.floor((sum - dy + dx - curve) / divisor);
  a[at] = Math.floor((sum - dy - dx + curve) / divisor);
}

/** To a multiple of a power of two, halves away from zero; a unit of 1 leaves the value. */
function rounded(value: number, unit: number): number {
  const half = unit / 2;
  return Math.floor((value + (value >= 0 || half < 1 ? half : half - 1)) / unit) * unit;
}

/** The bit of that weight in two's complement. */
function bitOf(value: number, weight: number): number {
  const quotient = Math.floor(value / weight);
  return quotient === 2 * Math.floor(quotient / 2) ? 0 : weight;
}

function badTile(found: string, expected: string): ApError {
  return new ApError('BAD_FITS', { where: 'HCOMPRESS_1 tile', found, expected });
}
