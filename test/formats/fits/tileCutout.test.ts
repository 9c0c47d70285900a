import { expect } from 'chai';
import fc from 'fast-check';
import {
  compressImage, imageShape, memorySource, physicalPixels, readCutout, readFits, scanFits, writeFits, type ByteSource, type PixelBox,
} from '../../../src/formats/fits/index.ts';
import { ApError } from '../../../src/model/errors.ts';
import { random } from '../../../src/numeric/random.ts';
import { GOLDEN, goldenFile, imageOf } from './goldenTiles.ts';

/** Counts what is read. */
function counted(bytes: Uint8Array): ByteSource & { taken: () => number } {
  let taken = 0;
  return {
    byteLength: bytes.length, taken: () => taken,
    read: (offset, length) => {
      const part = bytes.subarray(offset, offset + length);
      taken += part.length;
      return part;
    },
  };
}

/** The box of a whole image, pixel by pixel. */
function cropped(pixels: ArrayLike<number>, shape: readonly number[], { start, size }: PixelBox): number[] {
  const n = size.reduce((all, length) => all * length, 1);
  return Array.from({ length: n }, (_, i) => {
    let [rest, at, stride] = [i, 0, 1];
    shape.forEach((length, axis) => {
      at += (start[axis]! + rest % size[axis]!) * stride;
      rest = Math.floor(rest / size[axis]!);
      stride *= length;
    });
    return pixels[at]!;
  });
}

const FORMATS = [
  'RICE_1 int16, cube, tiles 20 x 9 x 2', 'RICE_1 uint16', 'RICE_1 float32, dither 2, NaN and zeros', 'RICE_1 float64, dither 1, tiles 16 x 16',
  'HCOMPRESS_1 int16', 'PLIO_1 int16', 'GZIP_2 float32, lossless', 'RICE_1 float32, no noise: gzip fallback',
];

describe('formats/fits cutouts of compressed images', () => {
  for (const name of FORMATS) {
    it(`any box has the pixels of the whole image: ${name}`, () => {
      const file = goldenFile(name);
      const head = scanFits(memorySource(file)).hdus.find(hdu => hdu.isCompressedImage)!;
      const whole = physicalPixels(imageOf(file)) as Float64Array;
      const shape = imageShape(head);
      const boxes = fc.tuple(...shape.map(n => fc.integer({ min: 0, max: n - 1 }).chain(
        from => fc.tuple(fc.constant(from), fc.integer({ min: 1, max: n - from })))));
      fc.assert(fc.property(boxes, ranges => {
        const box = { start: ranges.map(r => r[0]), size: ranges.map(r => r[1]) };
        expect(Array.from(readCutout(memorySource(file), head, box) as Float64Array)).to.deep.equal(cropped(whole, shape, box));
      }), { seed: 6, numRuns: 25 });
    });
  }

  it('reads the tiles that it touches and no others', () => {
    const rng = random(3, 'cutout');
    const data = Int16Array.from({ length: 1000 * 800 }, () => 1000 + 30 * rng.normal());
    for (const [tile, limit] of [[[1000, 1], 0.09], [[100, 100], 0.06]] as const) {
      const file = writeFits([compressImage({ kind: 'image', shape: [1000, 800], data }, { codec: 'RICE_1', tile })]);
      const source = counted(file);
      const head = scanFits(source).hdus[1]!;
      const box = { start: [310, 420], size: [50, 60] };
      const found = readCutout(source, head, box) as Int16Array;
      expect(Array.from(found)).to.deep.equal(cropped(data, [1000, 800], box));
      expect(source.taken()).to.be.lessThan(limit * file.length);
    }
  });

  it('a box outside the image, and a file that ends early, are refused', () => {
    const file = goldenFile('RICE_1 int16');
    const source = memorySource(file);
    const head = scanFits(source).hdus[1]!;
    expect(() => readCutout(source, head, { start: [30, 0], size: [10, 1] })).to.throw(ApError, 'inside 37 x 29');
    const cut = memorySource(file.subarray(0, head.dataOffset + head.dataLength - 100));
    expect(() => readCutout(cut, head, { start: [0, 28], size: [1, 1] })).to.throw(ApError);
    expect(readCutout(cut, head, { start: [0, 0], size: [3, 1] })).to.deep.equal(readCutout(source, head, { start: [0, 0], size: [3, 1] }));
  });

  it('ZMASKCMP and ZTABLE are reported', () => {
    const withCards = (name: string, insert: string): string[] => {
      const text = Buffer.from(goldenFile(name)).toString('latin1');
      const at = text.indexOf('ZNAME1  =');
      expect(at).to.be.greaterThan(0);
      return [...readFits(Buffer.from(`${text.slice(0, at)}${insert.padEnd(80)}${text.slice(at + 80)}`, 'latin1')).warnings];
    };
    expect(withCards('RICE_1 int16', "ZMASKCMP= 'RICE_1  '").join()).to.contain('ZMASKCMP is ignored');
    expect(withCards('RICE_1 int16', 'ZTABLE  =                    T').join()).to.contain('ZTABLE = T');
    expect(Object.keys(GOLDEN).flatMap(name => readFits(goldenFile(name)).warnings)).to.deep.equal([]);
  });
});
