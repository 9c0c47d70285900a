/**
 * What an HDU holds, as numbers that two readers can compare: shape, type, SHA-256 of the physical values, extremes, sum.
 * Images: the values are hashed as little-endian int64 where they are integers (stored integers without BSCALE, with no
 * BZERO or that of an unsigned type or signed byte, and without BLANK; uint64 as its own eight bytes), else as float64
 * (BZERO + BSCALE * stored in float64 arithmetic, BLANK as NaN, every NaN as 0x7ff8000000000000), in C order. Random
 * groups: the arrays of all groups. Tables: every column in turn, its name in UTF-8, a zero byte, and its cells: numbers
 * as in images (TSCAL, TZERO; complex as pairs), logical and bits as int64 (undefined 255), strings as UTF-8 each with a
 * zero byte behind, variable-length cells as their length (int64) and their elements.
 */
import { createHash, type Hash } from 'node:crypto';
import { asciiNumbers, asciiStrings, asciiTable } from './asciiTable.ts';
import { binTable, columnArrays, columnNumbers, columnWords, type BinColumn, type BinTable } from './binTable.ts';
import type { FitsHdu, HduKind } from './hdu.ts';
import { imageShape, physicalPixels } from './image.ts';
import type { PixelArray } from './pixelBytes.ts';
import { groupArrays, randomGroups } from './randomGroups.ts';

const CHUNK = 65536;

export interface NumberSummary {
  readonly min: number | bigint | null;
  readonly max: number | bigint | null;
  /** Exact for integers, compensated for floats; over finite values. */
  readonly sum: number | bigint;
  readonly nNaN: number;
}

export interface ColumnDigest { readonly name: string; readonly dtype: string; readonly data_sha256: string }

export interface HduDigest extends Partial<NumberSummary> {
  readonly index: number;
  readonly extname: string;
  readonly type: HduKind;
  /** ZCMPTYPE of a tile-compressed image, whose pixels are decompressed here. */
  readonly compression?: string;
  /** ZBITPIX of a compressed image. */
  readonly bitpix: number | null;
  /** C order: slowest axis first. Tables: the number of rows. */
  readonly shape: readonly number[];
  readonly dtype: string | null;
  /** null when there are no data. */
  readonly data_sha256: string | null;
  readonly columns?: readonly ColumnDigest[];
}

/**
 * Digest of one HDU.
 * @param pixels physical values when another reader has decoded them already.
 * @throws ApError where the data cannot be decoded.
 */
export function digestHdu(hdu: FitsHdu, pixels?: PixelArray): HduDigest {
  const bitpix = hdu.header[hdu.isCompressedImage ? 'ZBITPIX' : 'BITPIX'];
  const head = {
    index: hdu.index, extname: typeof hdu.header.EXTNAME === 'string' ? hdu.header.EXTNAME.trim() : '',
    type: hdu.isCompressedImage ? 'image' as const : hdu.kind, bitpix: typeof bitpix === 'number' ? bitpix : null,
    ...(hdu.isCompressedImage ? { compression: String(hdu.header.ZCMPTYPE ?? '') } : {}),
  };
  if (hdu.kind === 'image' || hdu.isCompressedImage) {
    const shape = imageShape(hdu).reverse();
    if (shape.length === 0) return { ...head, shape, dtype: null, data_sha256: null };
    return { ...head, shape, ...digestNumbers(pixels ?? physicalPixels(hdu)) };
  }
  if (hdu.kind === 'randomGroups') {
    const groups = randomGroups(hdu);
    return { ...head, shape: [groups.nGroups, ...[...groups.shape].reverse()], ...digestNumbers(groupArrays(groups)) };
  }
  if (hdu.kind === 'other') return { ...head, shape: [], dtype: null, data_sha256: createHash('sha256').update(hdu.data).digest('hex') };
  return { ...head, ...digestTable(hdu) };
}

function digestNumbers(values: PixelArray): NumberSummary & { dtype: string; data_sha256: string } {
  const hash = createHash('sha256');
  hashNumbers(hash, values);
  return { dtype: dtypeOf(values), data_sha256: hash.digest('hex'), ...summaryOf(values) };
}

/** The name that numpy gives to the type. */
function dtypeOf(values: PixelArray): string {
  return values.constructor.name.replace('Array', '').replace('Big', '').toLowerCase();
}

function isBig(values: PixelArray): values is BigInt64Array | BigUint64Array {
  return values instanceof BigInt64Array || values instanceof BigUint64Array;
}

function isFloat(values: PixelArray): values is Float32Array | Float64Array {
  return values instanceof Float32Array || values instanceof Float64Array;
}

function hashNumbers(hash: Hash, values: PixelArray): void {
  const buffer = new ArrayBuffer(8 * Math.min(CHUNK, values.length));
  const view = new DataView(buffer);
  for (let start = 0; start < values.length; start += CHUNK) {
    const n = Math.min(CHUNK, values.length - start);
    if (isBig(values)) for (let i = 0; i < n; i++) view.setBigInt64(8 * i, BigInt.asIntN(64, values[start + i]!), true);
    else if (isFloat(values)) for (let i = 0; i < n; i++) view.setFloat64(8 * i, values[start + i]!, true);
    else {
      for (let i = 0; i < n; i++) {
        const value = values[start + i]!;
        view.setInt32(8 * i, value, true);
        view.setInt32(8 * i + 4, value < 0 ? -1 : 0, true);
      }
    }
    if (isFloat(values)) settleNaN(view, n);
    hash.update(new Uint8Array(buffer, 0, 8 * n));
  }
}

/** A NaN of any kind is written with the same bits. */
function settleNaN(view: DataView, n: number): void {
  for (let i = 0; i < n; i++) if (Number.isNaN(view.getFloat64(8 * i, true))) view.setBigUint64(8 * i, 0x7ff8000000000000n, true);
}

function summaryOf(values: PixelArray): NumberSummary {
  return isBig(values) ? bigSummary(values) : numberSummary(values);
}

function bigSummary(values: BigInt64Array | BigUint64Array): NumberSummary {
  let sum = 0n;
  let min = values[0] ?? null;
  let max = min;
  for (const value of values) {
    sum += value;
    if (value < min!) min = value;
    if (value > max!) max = value;
  }
  return { min, max, sum, nNaN: 0 };
}

/** The sum is Neumaier's: as if it had been rounded once. */
function numberSummary(values: Exclude<PixelArray, BigInt64Array | BigUint64Array>): NumberSummary {
  let [min, max, sum, rest, nNaN] = [Infinity, -Infinity, 0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) nNaN++;
    if (!Number.isFinite(value)) continue;
    if (value < min) min = value;
    if (value > max) max = value;
    const total = sum + value;
    rest += Math.abs(sum) >= Math.abs(value) ? sum - total + value : value - total + sum;
    sum = total;
  }
  return { min: min === Infinity ? null : min, max: max === -Infinity ? null : max, sum: Number.isFinite(rest) ? sum + rest : sum, nNaN };
}

function digestTable(hdu: FitsHdu): Pick<HduDigest, 'shape' | 'dtype' | 'data_sha256' | 'columns'> {
  const { nRows, cells } = hdu.kind === 'bintable' ? binaryCells(hdu) : asciiCells(hdu);
  const whole = createHash('sha256');
  const columns = cells.map(({ name, dtype, addTo }) => {
    const hash = createHash('sha256');
    for (const target of [hash, whole]) {
      target.update(`${name}\0`);
      addTo(target);
    }
    return { name, dtype, data_sha256: hash.digest('hex') };
  });
  return { shape: [nRows], dtype: null, data_sha256: whole.digest('hex'), columns };
}

interface ColumnCells { readonly name: string; readonly dtype: string; readonly addTo: (hash: Hash) => void }

/** Columns are addressed by position: names need not be unique. */
function binaryCells(hdu: FitsHdu): { nRows: number; cells: ColumnCells[] } {
  const table = binTable(hdu);
  return { nRows: table.nRows, cells: table.columns.map(column => binaryColumn({ ...table, columns: [column] }, column)) };
}

function binaryColumn(table: BinTable, column: BinColumn): ColumnCells {
  const { name, letter, descriptor } = column;
  if (descriptor !== null) {
    const arrays = columnArrays(table, name);
    return {
      name, dtype: `${descriptor}${letter}`,
      addTo: hash => arrays.forEach(values => {
        hashNumbers(hash, BigInt64Array.of(BigInt(values.length)));
        hashNumbers(hash, values);
      }),
    };
  }
  if (letter === 'A') {
    const { words } = columnWords(table, name);
    return { name, dtype: `str${column.wordWidth ?? column.repeat}`, addTo: hash => { hash.update(words.map(word => `${word}\0`).join('')); } };
  }
  const values = columnNumbers(table, name);
  const dtype = letter === 'L' ? 'bool' : letter === 'X' ? 'bit' : letter === 'C' ? 'complex64' : letter === 'M' ? 'complex128' : dtypeOf(values);
  return { name, dtype, addTo: hash => { hashNumbers(hash, values); } };
}

function asciiCells(hdu: FitsHdu): { nRows: number; cells: ColumnCells[] } {
  const table = asciiTable(hdu);
  const cells = table.columns.map(column => {
    const single = { ...table, columns: [column] };
    if (column.letter === 'A') {
      const words = asciiStrings(single, column.name);
      return { name: column.name, dtype: `str${column.width}`, addTo: (hash: Hash) => { hash.update(words.map(word => `${word}\0`).join('')); } };
    }
    const values = asciiNumbers(single, column.name);
    return { name: column.name, dtype: dtypeOf(values), addTo: (hash: Hash) => { hashNumbers(hash, values); } };
  });
  return { nRows: table.nRows, cells };
}
