import { expect } from 'chai';
import fc from 'fast-check';
import {
  binTable, columnNamed, columnNumbers, compressImage, heapCell, imageAsFloat64, imageShape, readFits, storedPixels, writeFits,
  type CompressOptions, type FitsHdu, type PixelArray,
} from '../../../src/formats/fits/index.ts';
import { differenceNoise } from '../../../src/formats/fits/differenceNoise.ts';
import { ApError } from '../../../src/model/errors.ts';
import { random } from '../../../src/numeric/random.ts';
import { goldenFile, goldenPlain, imageOf } from './goldenTiles.ts';

const cells = (hdu: FitsHdu, name: string): number[][] => {
  const table = binTable(hdu);
  const column = columnNamed(table, name);
  return Array.from({ length: table.nRows }, (_, row) => Array.from(heapCell(table, column, row) as Uint8Array));
};
const packedAndRead = (data: PixelArray, shape: readonly number[], options: CompressOptions): FitsHdu =>
  imageOf(writeFits([compressImage({ kind: 'image', name: 'SCI', shape, data }, options)]));

describe('formats/fits compressed writing', () => {
  const integers = [
    'RICE_1 int16', 'RICE_1 int32, wild', 'RICE_1 uint8', 'RICE_1 uint16', 'RICE_1 int16, flat, one tile', 'RICE_1 int16, cube, tiles 20 x 9 x 2',
  ];
  for (const name of integers) {
    it(`makes the bytes that fpack makes: ${name}`, () => {
      const fpack = imageOf(goldenFile(name));
      const shape = imageShape(fpack);
      const tile = shape.map((_, i) => Number(fpack.header[`ZTILE${i + 1}`]));
      const ours = packedAndRead(storedPixels(fpack), shape, { codec: 'RICE_1', tile });
      expect(cells(ours, 'COMPRESSED_DATA')).to.deep.equal(cells(fpack, 'COMPRESSED_DATA'));
      for (const key of ['ZVAL1', 'ZVAL2', 'ZBITPIX', 'ZNAXIS1', 'ZTILE1', 'ZTILE2']) expect(ours.header[key], key).to.equal(fpack.header[key]);
    });
  }

  const floats: readonly (readonly [name: string, options: CompressOptions])[] = [
    ['RICE_1 float32, dither 1, NaN', { codec: 'RICE_1', quantize: { seed: 7 } }],
    ['RICE_1 float32, dither 2, NaN and zeros', { codec: 'RICE_1', quantize: { method: 'SUBTRACTIVE_DITHER_2', seed: 9999 } }],
    ['RICE_1 float32, no dither', { codec: 'RICE_1', quantize: { method: 'NO_DITHER' } }],
    ['RICE_1 float64, dither 1, tiles 16 x 16', { codec: 'RICE_1', quantize: { q: 2, seed: 123 }, tile: [16, 16] }],
    ['RICE_1 float32, absolute step', { codec: 'RICE_1', quantize: { q: -0.5, seed: 17 } }],
    ['RICE_1 float32, no noise: gzip fallback', { codec: 'RICE_1', quantize: { seed: 3 } }],
    ['GZIP_2 float32, dither 1', { codec: 'GZIP_2', quantize: { seed: 5 } }],
  ];
  for (const [name, options] of floats) {
    it(`chooses the steps and codes that fpack chooses: ${name}`, () => {
      const fpack = imageOf(goldenFile(name));
      const plain = goldenPlain(name);
      const ours = packedAndRead(fpack.header.ZBITPIX === -64 ? plain : Float32Array.from(plain), imageShape(fpack), options);
      // fpack leaves what it had at hand in ZSCALE and ZZERO of the tiles that it did not quantize.
      const isCoded = cells(fpack, 'COMPRESSED_DATA').map(bytes => bytes.length > 0);
      expect(cells(ours, 'COMPRESSED_DATA').map(bytes => bytes.length > 0)).to.deep.equal(isCoded);
      // With an absolute step it gives a tile without pixels the zero point FLT_MAX, on which nothing depends.
      const zeros = columnNumbers(binTable(fpack), 'ZZERO') as Float64Array;
      for (const column of ['ZSCALE', 'ZZERO']) {
        const [a, b] = [ours, fpack].map(hdu => Array.from(columnNumbers(binTable(hdu), column) as Float64Array)
          .filter((_, i) => isCoded[i] && zeros[i]! < 1e38));
        expect(a!.length).to.be.at.least(5);
        expect(a, column).to.deep.equal(b);
      }
      if (options.codec === 'RICE_1') expect(cells(ours, 'COMPRESSED_DATA')).to.deep.equal(cells(fpack, 'COMPRESSED_DATA'));
      expect(imageAsFloat64(ours)).to.deep.equal(imageAsFloat64(fpack));
    });
  }

  const types: readonly (readonly [string, (values: number[]) => PixelArray])[] = [
    ['uint8', v => Uint8Array.from(v)], ['int8', v => Int8Array.from(v)], ['int16', v => Int16Array.from(v)], ['uint16', v => Uint16Array.from(v)],
    ['int32', v => Int32Array.from(v)], ['uint32', v => Uint32Array.from(v)], ['float32', v => Float32Array.from(v)], ['float64', v => Float64Array.from(v)],
    ['int64', v => BigInt64Array.from(v, BigInt)], ['uint64', v => BigUint64Array.from(v, x => BigInt.asUintN(64, BigInt(x) << 31n))],
  ];
  for (const [name, make] of types) {
    it(`${name}: what is packed without loss comes back, whatever the tiles`, () => {
      fc.assert(fc.property(
        fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), { minLength: 24, maxLength: 24 }), fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 5 }), fc.constantFrom('RICE_1' as const, 'GZIP_2' as const),
        (values, tileX, tileY, codec) => {
          const data = make(values);
          if (codec === 'RICE_1' && (name.startsWith('float') || name.endsWith('64'))) return;
          const hdu = packedAndRead(data, [6, 4], { codec, tile: [tileX, tileY], quantize: null });
          expect(Array.from(imageAsFloat64(hdu))).to.deep.equal(Array.from(data as ArrayLike<number>, Number));
        }), { seed: 3, numRuns: 40 });
    });
  }

  it('floats without loss keep every bit, NaN and -0 included', () => {
    const data = Float32Array.of(NaN, -0, 1e-40, Infinity, -Infinity, 3.3, 0, -1);
    new Uint32Array(data.buffer)[0] = 0x7fc12345;
    const back = storedPixels(packedAndRead(data, [4, 2], { codec: 'GZIP_2', quantize: null })) as Float32Array;
    expect(Buffer.from(back.buffer, back.byteOffset, back.byteLength).equals(Buffer.from(data.buffer))).to.equal(true);
  });

  it('dithered floats: the error is below half a step and has no bias; NaN, and zeros of method 2, are kept', () => {
    const rng = random(2, 'dither');
    const data = Float32Array.from({ length: 200 * 60 }, (_, i) => (i % 97 === 0 ? NaN : i % 31 === 0 ? 0 : 50 + 8 * rng.normal()));
    const hdu = packedAndRead(data, [200, 60], { codec: 'RICE_1', quantize: { method: 'SUBTRACTIVE_DITHER_2', seed: 77 } });
    const steps = columnNumbers(binTable(hdu), 'ZSCALE') as Float64Array;
    const back = imageAsFloat64(hdu);
    let [sum, n] = [0, 0];
    data.forEach((value, i) => {
      const step = steps[Math.floor(i / 200)]!;
      if (Number.isNaN(value)) expect(back[i]).to.be.NaN;
      else if (value === 0) expect(back[i]).to.equal(0);
      else {
        expect(Math.abs(back[i]! - value)).to.be.at.most(step * 0.5 + 1e-4);
        [sum, n] = [sum + (back[i]! - value) / step, n + 1];
      }
    });
    expect(Math.abs(sum / n)).to.be.lessThan(4 * Math.sqrt(1 / 12 / n));
    expect(hdu.data.length).to.be.lessThan(data.byteLength / 3);
  });

  it('the noise of white noise is its standard deviation, whatever gradient lies below', () => {
    const rng = random(9, 'noise');
    const [nx, ny] = [400, 50];
    for (const type of [Float32Array, Float64Array]) {
      const values = new type(nx * ny);
      for (let i = 0; i < values.length; i++) values[i] = 3 * (i % nx) + 40 * Math.floor(i / nx) + 7 * rng.normal();
      values[17] = NaN;
      const { noise2, noise3, noise5, nGood, min, max } = differenceNoise(values, nx, ny);
      expect(noise3).to.be.closeTo(7, 0.25);
      expect(noise5).to.be.closeTo(7, 0.25);
      expect(noise2).to.be.greaterThan(noise3);
      expect([nGood, min < 20, max > 3000]).to.deep.equal([nx * ny - 1, true, true]);
    }
    expect(differenceNoise(new Float32Array(50).fill(4), 50, 1)).to.include({ noise2: 0, noise3: 0, noise5: 0, min: 4, max: 4 });
  });

  it('a file with several compressed images and cards reads back in order', () => {
    const cards = [{ key: 'FILTER', value: 'r', comment: 'band' }, { key: 'ZBLANK', value: 5, comment: '' }];
    const image = (name: string, value: number) => ({ kind: 'image' as const, name, cards, shape: [8, 3], data: new Int16Array(24).fill(value) });
    const file = readFits(writeFits([
      compressImage(image('A', 1), { codec: 'RICE_1' }), compressImage(image('B', 2), { codec: 'GZIP_2' }), image('C', 3),
    ], { checksum: true }));
    expect(file.hdus.map(hdu => hdu.name)).to.deep.equal(['PRIMARY', 'A', 'B', 'C']);
    expect(file.warnings).to.deep.equal([]);
    file.hdus.slice(1).forEach((hdu, i) => {
      expect(hdu.header.FILTER).to.equal('r');
      expect(hdu.header.ZBLANK).to.equal(undefined);
      expect(Array.from(imageAsFloat64(hdu))).to.deep.equal(Array(24).fill(i + 1));
    });
  });

  it('what cannot be written is refused', () => {
    const image = (data: PixelArray | null, shape: readonly number[] = [4]) => ({ kind: 'image' as const, shape, data });
    const rows: readonly [() => unknown, string][] = [
      [() => compressImage(image(new Float32Array(4)), { codec: 'RICE_1', quantize: null }), 'GZIP_2'],
      [() => compressImage(image(new BigInt64Array(4)), { codec: 'RICE_1' }), '64-bit'],
      [() => compressImage(image(new Int16Array(5)), { codec: 'RICE_1' }), '5 pixels'],
      [() => compressImage(image(null, []), { codec: 'RICE_1' }), '0 pixels'],
      [() => compressImage(image(new Int16Array(4)), { codec: 'RICE_1', tile: [0] }), 'positive integers'],
      [() => compressImage(image(new Float32Array(4)), { codec: 'RICE_1', quantize: { seed: 0 } }), 'seed'],
      [() => compressImage(image(new Float32Array(4)), { codec: 'RICE_1', quantize: { q: 0 } }), 'q'],
    ];
    for (const [run, message] of rows) expect(run).to.throw(ApError, message);
  });
});
