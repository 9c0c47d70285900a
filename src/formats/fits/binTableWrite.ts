/** Rows of a binary table as bytes, with the heap behind them. */
import { ApError } from '../../model/errors.ts';
import { card, type Card } from './cards.ts';
import { encodePixels, storageOf, type PixelArray } from './pixelBytes.ts';

/**
 * One column. `numbers`: repeat * nRows elements, `nullValue` (as stored) becomes TNULL; `complex`: twice as many
 * floats, real and imaginary part in turn; `logical`: 1 true, 0 false, 255 undefined; `bits`: one byte a bit;
 * `strings`: padded with NUL to the longest; `arrays`: one array a row of one common type, kept in the heap
 * (descriptors P, or Q where the heap is beyond 2 GiB or `isWide` asks for them).
 */
export type BinColumnInput = { readonly name: string; readonly unit?: string; readonly dim?: readonly number[] } & (
  | { readonly type: 'numbers'; readonly values: PixelArray; readonly repeat?: number; readonly nullValue?: number | bigint }
  | { readonly type: 'complex'; readonly values: Float32Array | Float64Array; readonly repeat?: number }
  | { readonly type: 'logical' | 'bits'; readonly values: ArrayLike<number>; readonly repeat?: number }
  | { readonly type: 'strings'; readonly values: readonly string[]; readonly width?: number }
  | { readonly type: 'arrays'; readonly values: readonly PixelArray[]; readonly isWide?: boolean }
);

interface LaidColumn {
  readonly form: string;
  readonly bytes: number;
  readonly zero: bigint;
  readonly fill: (rows: DataView, rowBytes: number, offset: number) => void;
}

/** Table data unit and the TTYPEn, TFORMn ... cards. */
export function binTableBytes(columns: readonly BinColumnInput[], nRows: number): {
  bytes: Uint8Array; rowBytes: number; heapBytes: number; cards: Card[];
} {
  const heap: { parts: Uint8Array[]; length: number } = { parts: [], length: 0 };
  const laid = columns.map(column => layColumn(column, nRows, heap));
  const rowBytes = laid.reduce((sum, c) => sum + c.bytes, 0);
  const bytes = new Uint8Array(rowBytes * nRows + heap.length);
  const rows = new DataView(bytes.buffer, 0, rowBytes * nRows);
  let offset = 0;
  for (const column of laid) {
    column.fill(rows, rowBytes, offset);
    offset += column.bytes;
  }
  let at = rowBytes * nRows;
  for (const part of heap.parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return { bytes, rowBytes, heapBytes: heap.length, cards: columns.flatMap((column, i) => columnCards(column, laid[i]!, i + 1)) };
}

function columnCards(column: BinColumnInput, laid: LaidColumn, i: number): Card[] {
  const zero = Number(laid.zero);
  return [
    card(`TTYPE${i}`, column.name), card(`TFORM${i}`, laid.form),
    ...(column.unit === undefined || column.unit === '' ? [] : [card(`TUNIT${i}`, column.unit)]),
    ...(column.dim === undefined ? [] : [card(`TDIM${i}`, `(${column.dim.join(',')})`)]),
    ...(column.type !== 'numbers' || column.nullValue === undefined ? [] : [card(`TNULL${i}`, column.nullValue)]),
    ...(laid.zero === 0n ? [] : [card(`TSCAL${i}`, 1), card(`TZERO${i}`, Number.isSafeInteger(zero) ? zero : laid.zero)]),
  ];
}

function layColumn(column: BinColumnInput, nRows: number, heap: { parts: Uint8Array[]; length: number }): LaidColumn {
  switch (column.type) {
    case 'numbers': return layNumbers(column, nRows);
    case 'complex': return layComplex(column, nRows);
    case 'logical': return layLogical(column, nRows);
    case 'bits': return layBits(column, nRows);
    case 'strings': return layStrings(column, nRows);
    case 'arrays': return layArrays(column, heap);
  }
}

function layNumbers(column: BinColumnInput & { type: 'numbers' }, nRows: number): LaidColumn {
  const repeat = column.repeat ?? 1;
  const { values } = column;
  requireCount(column, repeat * nRows);
  const { letter, zero } = storageOf(values);
  const width = repeat * values.BYTES_PER_ELEMENT;
  return {
    form: `${repeat === 1 ? '' : repeat}${letter}`, bytes: width, zero,
    fill: (rows, rowBytes, at) => {
      const packed = new Uint8Array(values.byteLength);
      encodePixels(values, packed);
      const target = new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength);
      for (let row = 0; row < nRows; row++) target.set(packed.subarray(row * width, (row + 1) * width), row * rowBytes + at);
    },
  };
}

function layComplex(column: BinColumnInput & { type: 'complex' }, nRows: number): LaidColumn {
  const repeat = column.repeat ?? 1;
  const laid = layNumbers({ name: column.name, type: 'numbers', values: column.values, repeat: 2 * repeat }, nRows);
  return { ...laid, form: `${repeat === 1 ? '' : repeat}${column.values instanceof Float32Array ? 'C' : 'M'}` };
}

function layLogical(column: BinColumnInput & { type: 'logical' | 'bits' }, nRows: number): LaidColumn {
  const repeat = column.repeat ?? 1;
  requireCount(column, repeat * nRows);
  return {
    form: `${repeat === 1 ? '' : repeat}L`, bytes: repeat, zero: 0n,
    fill: (rows, rowBytes, at) => {
      for (let i = 0; i < repeat * nRows; i++) {
        const value = column.values[i]!;
        rows.setUint8(Math.floor(i / repeat) * rowBytes + at + i % repeat, value === 255 ? 0 : value === 0 ? 0x46 : 0x54);
      }
    },
  };
}

function layBits(column: BinColumnInput & { type: 'logical' | 'bits' }, nRows: number): LaidColumn {
  const repeat = column.repeat ?? 1;
  requireCount(column, repeat * nRows);
  return {
    form: `${repeat}X`, bytes: Math.ceil(repeat / 8), zero: 0n,
    fill: (rows, rowBytes, at) => {
      for (let i = 0; i < repeat * nRows; i++) {
        if (column.values[i] === 0) continue;
        const bit = i % repeat;
        const byte = Math.floor(i / repeat) * rowBytes + at + (bit >> 3);
        rows.setUint8(byte, rows.getUint8(byte) | (0x80 >> (bit & 7)));
      }
    },
  };
}

function requireCount({ name, values }: { readonly name: string; readonly values: ArrayLike<number | bigint> }, expected: number): void {
  if (values.length === expected) return;
  throw new ApError('BAD_FITS', { where: `column ${name}`, found: `${values.length} values`, expected: `${expected}` });
}

function layStrings(column: BinColumnInput & { type: 'strings' }, nRows: number): LaidColumn {
  const texts = column.values.map(text => Buffer.from(text, 'latin1'));
  const width = texts.reduce((longest, text) => Math.max(longest, text.length), column.width ?? 1);
  return {
    form: `${width}A`, bytes: width, zero: 0n,
    fill: (rows, rowBytes, at) => {
      const target = new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength);
      for (let row = 0; row < nRows; row++) target.set(texts[row]!, row * rowBytes + at);
    },
  };
}

function layArrays(column: BinColumnInput & { type: 'arrays' }, heap: { parts: Uint8Array[]; length: number }): LaidColumn {
  const { letter, zero } = storageOf(column.values[0] ?? new Uint8Array(0));
  const starts: number[] = [];
  for (const values of column.values) {
    const packed = new Uint8Array(values.byteLength);
    encodePixels(values, packed);
    starts.push(heap.length);
    heap.parts.push(packed);
    heap.length += packed.length;
  }
  const longest = column.values.reduce((most, values) => Math.max(most, values.length), 0);
  if (column.isWide === true || heap.length >= 2 ** 31) {
    return {
      form: `1Q${letter}(${longest})`, bytes: 16, zero,
      fill: (rows, rowBytes, at) => column.values.forEach((values, row) => {
        rows.setBigInt64(row * rowBytes + at, BigInt(values.length));
        rows.setBigInt64(row * rowBytes + at + 8, BigInt(starts[row]!));
      }),
    };
  }
  return {
    form: `1P${letter}(${longest})`, bytes: 8, zero,
    fill: (rows, rowBytes, at) => column.values.forEach((values, row) => {
      rows.setInt32(row * rowBytes + at, values.length);
      rows.setInt32(row * rowBytes + at + 4, starts[row]!);
    }),
  };
}
