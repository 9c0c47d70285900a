import { expect } from 'chai';
import {
  memorySource, readFits, readPixels, scanFits, storedPixels, writeFits, type ByteSource, type PixelArray,
} from '../../../src/formats/fits/index.ts';
import { ApError } from '../../../src/model/errors.ts';
import { goldenFile } from './goldenTiles.ts';

const N = 700 * 300;
const arrays: readonly (readonly [string, PixelArray])[] = [
  ['uint8', Uint8Array.from({ length: N }, (_, i) => i * 7)], ['int16', Int16Array.from({ length: N }, (_, i) => i * 31)],
  ['uint16', Uint16Array.from({ length: N }, (_, i) => i * 31)], ['int32', Int32Array.from({ length: N }, (_, i) => i * 65537)],
  ['int64', BigInt64Array.from({ length: N }, (_, i) => BigInt(i) ** 4n)], ['float32', Float32Array.from({ length: N }, (_, i) => Math.sin(i))],
  ['float64', Float64Array.from({ length: N }, (_, i) => (i === 5 ? NaN : Math.cos(i)))],
];

/** A source as a file is one: it fills the target. */
function filling(bytes: Uint8Array): ByteSource {
  const read = (offset: number, length: number): Uint8Array => bytes.slice(offset, offset + length);
  return {
    byteLength: bytes.length, read,
    readInto: (offset, target) => {
      const part = read(offset, target.length);
      target.set(part);
      return part.length;
    },
  };
}

describe('formats/fits pixels from a byte source', () => {
  for (const [name, data] of arrays) {
    it(`${name}: as from the file in memory`, () => {
      const file = writeFits([{ kind: 'image', shape: [700, 300], data }]);
      const whole = storedPixels(readFits(file).hdus[0]!);
      for (const source of [memorySource(file), filling(file)]) {
        const pixels = readPixels(source, scanFits(source).hdus[0]!);
        expect(pixels.buffer).to.be.instanceOf(SharedArrayBuffer);
        expect(pixels.constructor).to.equal(whole.constructor);
        expect(Buffer.from(pixels.buffer).equals(Buffer.from(whole.buffer))).to.equal(true);
      }
      expect(Buffer.from(storedPixels(readFits(file).hdus[0]!).buffer).equals(Buffer.from(whole.buffer)), 'file untouched').to.equal(true);
    });
  }

  it('a compressed image is decoded, an HDU without data gives nothing', () => {
    const file = goldenFile('RICE_1 float32, dither 2, NaN and zeros');
    const [primary, image] = scanFits(memorySource(file)).hdus;
    expect(readPixels(memorySource(file), image!)).to.deep.equal(storedPixels(readFits(file).hdus[1]!));
    expect(readPixels(memorySource(file), primary!).length).to.equal(0);
  });

  it('a source that ends early, or shrinks while it is read, is named', () => {
    const file = writeFits([{ kind: 'image', shape: [700, 300], data: arrays[5]![1] }]);
    const head = scanFits(memorySource(file)).hdus[0]!;
    expect(() => readPixels(memorySource(file.subarray(0, 5000)), head)).to.throw(ApError, '840000');
    const shrunk = { ...filling(file.subarray(0, 400_000)), byteLength: file.length };
    expect(() => readPixels(shrunk, head)).to.throw(ApError, '840000');
  });
});
