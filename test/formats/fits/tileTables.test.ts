import { expect } from 'chai';
import { gzipSync } from 'node:zlib';
import { card, imageAsFloat64, writeFits, type BinColumnInput, type Card, type PixelArray } from '../../../src/formats/fits/index.ts';
import { encodePixels } from '../../../src/formats/fits/pixelBytes.ts';
import { riceEncode } from '../../../src/formats/fits/rice.ts';
import { ApError } from '../../../src/model/errors.ts';
import { imageOf } from './goldenTiles.ts';

const bigEndian = (values: PixelArray): Uint8Array => {
  const bytes = new Uint8Array(values.byteLength);
  encodePixels(values, bytes);
  return bytes;
};
const rice = (...values: number[]): Uint8Array => riceEncode(values, { blockSize: 32, bytePix: 4 });
const NONE = new Uint8Array(0);
const arrays = (name: string, values: readonly PixelArray[], isWide = false): BinColumnInput => ({ name, type: 'arrays', values, isWide });
const numbers = (name: string, values: PixelArray): BinColumnInput => ({ name, type: 'numbers', values });

/** A compressed image of 3 x n pixels, one row a tile, from its columns. */
function pixelsOf(columns: readonly BinColumnInput[], nRows: number, bitpix: number, cards: readonly Card[] = [], codec = 'RICE_1'): number[] {
  const structure = [
    card('ZIMAGE', true), card('ZCMPTYPE', codec), card('ZBITPIX', bitpix), card('ZNAXIS', 2), card('ZNAXIS1', 3), card('ZNAXIS2', nRows), ...cards,
  ];
  return Array.from(imageAsFloat64(imageOf(writeFits([{ kind: 'bintable', nRows, columns, structure }]))));
}

/** By hand from the standard: what neither fpack nor astropy writes today, but files hold. */
describe('formats/fits tables of tiles', () => {
  it('ZSCALE, ZZERO and ZBLANK as columns differ from tile to tile', () => {
    const columns = [
      arrays('COMPRESSED_DATA', [rice(1, 2, 3), rice(1, 2, 3)]), numbers('ZSCALE', Float64Array.of(2, 0.5)), numbers('ZZERO', Float64Array.of(10, -1)),
      numbers('ZBLANK', Int32Array.of(2, 3)),
    ];
    expect(pixelsOf(columns, 2, -32)).to.deep.equal([12, NaN, 16, -0.5, 0, NaN]);
  });

  it('ZSCALE, ZZERO and ZBLANK as cards hold for every tile', () => {
    const columns = [arrays('COMPRESSED_DATA', [rice(1, 2, 3), rice(4, 5, 6)])];
    const cards = [card('ZSCALE', 3), card('ZZERO', 1), card('ZBLANK', 5)];
    expect(pixelsOf(columns, 2, -64, cards)).to.deep.equal([4, 7, 10, 13, NaN, 19]);
  });

  it('without ZBLANK the null code of the standard is NaN', () => {
    expect(pixelsOf([arrays('COMPRESSED_DATA', [rice(1, -2147483647, 3)])], 1, -32, [card('ZSCALE', 1)])).to.deep.equal([1, NaN, 3]);
  });

  it('ZBLANK of an integer image is its BLANK', () => {
    expect(pixelsOf([arrays('COMPRESSED_DATA', [rice(1, 7, 3)])], 1, 32, [card('ZBLANK', 7)])).to.deep.equal([1, NaN, 3]);
  });

  it('a tile without coded bytes comes from GZIP_COMPRESSED_DATA, then from UNCOMPRESSED_DATA', () => {
    const floats = [Float32Array.of(1.5, NaN, -2), Float32Array.of(4, 5, 6)];
    const columns = [
      arrays('COMPRESSED_DATA', [rice(1, 2, 3), NONE, NONE]), arrays('GZIP_COMPRESSED_DATA', [NONE, gzipSync(bigEndian(floats[0]!)), NONE]),
      arrays('UNCOMPRESSED_DATA', [new Float32Array(0), new Float32Array(0), floats[1]!]), numbers('ZSCALE', Float64Array.of(10, 0, 0)),
    ];
    expect(pixelsOf(columns, 3, -32)).to.deep.equal([10, 20, 30, 1.5, NaN, -2, 4, 5, 6]);
  });

  it('descriptors may be 64-bit; the codec may be named RICE_ONE; the old GZIP_1 kept integers as 4 bytes', () => {
    expect(pixelsOf([arrays('COMPRESSED_DATA', [rice(7, 8, 9)], true)], 1, 16, [], 'RICE_ONE')).to.deep.equal([7, 8, 9]);
    expect(pixelsOf([arrays('COMPRESSED_DATA', [gzipSync(bigEndian(Int32Array.of(7, -8, 9)))])], 1, 16, [], 'GZIP_1')).to.deep.equal([7, -8, 9]);
    expect(pixelsOf([arrays('COMPRESSED_DATA', [gzipSync(bigEndian(Int32Array.of(7, -8, 9)))])], 1, 64, [], 'GZIP_1')).to.deep.equal([7, -8, 9]);
  });

  it('tiles without bytes, with too few or with no gzip, and floats in an integer codec are refused', () => {
    const rows: readonly [() => unknown, string][] = [
      [() => pixelsOf([arrays('COMPRESSED_DATA', [NONE])], 1, 32), 'no bytes'],
      [() => pixelsOf([arrays('COMPRESSED_DATA', [bigEndian(Int16Array.of(1, 2))])], 1, 16, [], 'NOCOMPRESS'), '4 bytes'],
      [() => pixelsOf([arrays('COMPRESSED_DATA', [Uint8Array.of(1, 2, 3)])], 1, 16, [], 'GZIP_1'), 'gzip tile'],
      [() => pixelsOf([arrays('COMPRESSED_DATA', [gzipSync(new Uint8Array(5000))])], 1, 16, [], 'GZIP_2'), 'gzip tile'],
      [() => pixelsOf([arrays('COMPRESSED_DATA', [rice(1, 2, 3)])], 1, -32), 'floats without ZSCALE'],
      [() => pixelsOf([numbers('COMPRESSED_DATA', Uint8Array.of(1))], 1, 32), 'variable-length column'],
      [() => pixelsOf([arrays('COMPRESSED_DATA', [rice(1, 2, 3)]), { name: 'ZSCALE', type: 'strings', values: ['x'] }], 1, -32), 'numbers'],
    ];
    for (const [run, message] of rows) expect(run).to.throw(ApError, message);
  });
});
