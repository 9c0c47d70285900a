import { expect } from 'chai';
import fc from 'fast-check';
import { imageAsFloat64, imageShape, readFits } from '../../../src/formats/fits/index.ts';
import { hcompressDecode } from '../../../src/formats/fits/hcompress.ts';
import { plioDecode } from '../../../src/formats/fits/plio.ts';
import { riceDecode, riceEncode } from '../../../src/formats/fits/rice.ts';
import { ApError } from '../../../src/model/errors.ts';
import { kernelsInUse, useKernels, type KernelKind } from '../../../src/numeric/kernels/engine.ts';
import { GOLDEN, goldenFile, goldenValues, imageOf } from './goldenTiles.ts';

function withKernels<T>(kind: KernelKind, run: () => T): T {
  const before = kernelsInUse();
  useKernels(kind);
  try {
    return run();
  } finally {
    useKernels(before);
  }
}

/** Changes the value of a card in place. */
function withCard(bytes: Uint8Array, key: string, value: string): Uint8Array {
  const text = Buffer.from(bytes).toString('latin1');
  const at = text.indexOf(`${key.padEnd(8)}=`);
  expect(at, key).to.be.greaterThan(0);
  const out = Uint8Array.from(bytes);
  out.set(Buffer.from(value.padStart(20), 'latin1'), at + 10);
  return out;
}

describe('formats/fits tile codecs', () => {
  for (const [name, { shape }] of Object.entries(GOLDEN)) {
    for (const kind of name.startsWith('RICE') ? ['simd', 'js'] as const : ['simd'] as const) {
      it(`reads what funpack reads, to the last bit (${kind}): ${name}`, () => {
        const hdu = imageOf(goldenFile(name));
        expect(hdu.isCompressedImage).to.equal(true);
        expect(imageShape(hdu)).to.deep.equal(shape);
        expect(withKernels(kind, () => imageAsFloat64(hdu))).to.deep.equal(goldenValues(name));
      });
    }
  }

  const ranges: Readonly<Record<number, [number, number]>> = { 1: [-128, 127], 2: [-32768, 32767], 4: [-(2 ** 31), 2 ** 31 - 1] };
  for (const bytePix of [1, 2, 4]) {
    const [min, max] = ranges[bytePix]!;
    it(`RICE_1, ${bytePix} bytes: what is encoded comes back, and kernel and twin make the same bytes`, () => {
      const values = fc.oneof(
        fc.array(fc.integer({ min, max }), { minLength: 1, maxLength: 200 }),
        fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 1, maxLength: 200 }),
        fc.array(fc.constantFrom(min, max, 0, -1), { minLength: 1, maxLength: 200 }),
      );
      fc.assert(fc.property(values, fc.constantFrom(8, 16, 32, 7, 1000), (list, blockSize) => {
        const options = { blockSize, bytePix };
        const [simd, js] = (['simd', 'js'] as const).map(kind => withKernels(kind, () => riceEncode(list, options)));
        expect(simd).to.deep.equal(js);
        for (const kind of ['simd', 'js'] as const) {
          expect(Array.from(withKernels(kind, () => riceDecode(simd!, list.length, options)))).to.deep.equal(list);
        }
      }), { seed: 4, numRuns: 150 });
    });
  }

  it('RICE_1: a cut or random tile is refused or has the asked number of values, with the same verdict of kernel and twin', () => {
    let nRefused = 0;
    const streams = fc.uint8Array({ maxLength: 80 });
    fc.assert(fc.property(streams, fc.integer({ min: 1, max: 300 }), fc.constantFrom(1, 2, 4), (bytes, n, bytePix) => {
      const [simd, js] = (['simd', 'js'] as const).map(kind => withKernels(kind, () => {
        try {
          return Array.from(riceDecode(bytes, n, { blockSize: 32, bytePix }));
        } catch (error) {
          expect(error).to.be.instanceOf(ApError);
          return null;
        }
      }));
      expect(simd === null, 'verdict').to.equal(js === null);
      expect(simd).to.deep.equal(js);
      if (simd === null) nRefused++;
    }), { seed: 5, numRuns: 400 });
    expect(nRefused).to.be.within(50, 390);
  });

  it('PLIO_1: instructions one by one, and lists that break', () => {
    const list = (...words: number[]): Uint8Array => {
      const all = [0, 7, -100, 7 + words.length, 0, 0, 0, ...words];
      const bytes = new Uint8Array(2 * all.length);
      all.forEach((word, i) => new DataView(bytes.buffer).setInt16(2 * i, word));
      return bytes;
    };
    const op = (code: number, data: number): number => (code << 12) | data;
    const rows: readonly [string, number[], number[]][] = [
      ['nothing: zeros', [], [0, 0, 0, 0, 0]],
      ['zeros, then a run of 1', [op(0, 2), op(4, 2)], [0, 0, 1, 1, 0]],
      ['a value in two words', [op(1, 5), 2, op(4, 5)], [8197, 8197, 8197, 8197, 8197]],
      ['steps up and down', [op(2, 9), op(4, 1), op(3, 4), op(4, 1)], [10, 6, 0, 0, 0]],
      ['zeros and the value at their end', [op(5, 4)], [0, 0, 0, 1, 0]],
      ['step and pixel at once', [op(6, 2), op(7, 1), op(6, 4)], [3, 2, 6, 0, 0]],
      ['a run beyond the tile is cut', [op(4, 4000)], [1, 1, 1, 1, 1]],
    ];
    for (const [name, words, expected] of rows) expect(Array.from(plioDecode(list(...words), 5)), name).to.deep.equal(expected);
    for (const nWords of [0, 1, 2, 3, 4]) expect(() => plioDecode(list().subarray(0, 2 * nWords), 5)).to.throw(ApError, `${nWords} words`);
    expect(() => plioDecode(list(op(4, 2)).subarray(0, 14), 5)).to.throw(ApError, '8 words');
    expect(() => plioDecode(list(op(1, 5)), 5)).to.throw(ApError, 'half a value');
    expect(() => plioDecode(list(-4096), 5)).to.throw(ApError, 'instruction');
  });

  it('HCOMPRESS_1: a wrong magic number, size, plane count or a cut stream is named', () => {
    const stream = (nx: number, ny: number, planes: number, magic = 0xdd99): Uint8Array => {
      const bytes = new Uint8Array(26);
      const view = new DataView(bytes.buffer);
      view.setUint16(0, magic);
      view.setInt32(2, ny);
      view.setInt32(6, nx);
      view.setBigInt64(14, 4n * 8n * 2n);
      bytes.fill(planes, 22, 25);
      return bytes;
    };
    expect(Array.from(hcompressDecode(stream(4, 4, 0), 4, 4, false))).to.have.length(16);
    const rows: readonly [Uint8Array, string][] = [
      [stream(4, 4, 0).subarray(0, 20), '20 bytes'], [stream(4, 4, 0, 1), 'magic number'], [stream(5, 4, 0), '5 x 4 pixels'],
      [stream(4, 4, 200), '200, 200, 200 bit planes'], [stream(4, 4, 3), 'more'],
    ];
    for (const [bytes, message] of rows) expect(() => hcompressDecode(bytes, 4, 4, false)).to.throw(ApError, message);
  });

  it('damaged bytes of every codec give pixels or a named error, quickly', () => {
    let [nRead, nRefused] = [0, 0];
    const start = performance.now();
    for (const name of Object.keys(GOLDEN)) {
      const bytes = goldenFile(name);
      const { dataOffset, data } = imageOf(bytes);
      for (let at = 0; at < data.length; at += Math.ceil(data.length / 40)) {
        const damaged = Uint8Array.from(bytes);
        damaged[dataOffset + at]! ^= 0x55;
        try {
          expect(imageAsFloat64(imageOf(damaged)).length).to.equal(goldenValues(name).length);
          nRead++;
        } catch (error) {
          if (!(error instanceof ApError)) throw error;
          nRefused++;
        }
      }
    }
    expect(nRead).to.be.greaterThan(200);
    expect(nRefused).to.be.greaterThan(200);
    expect(performance.now() - start).to.be.lessThan(10_000);
  });

  it('sizes that the bytes cannot hold are refused before memory is taken', () => {
    const rows: readonly [string, Readonly<Record<string, string>>, string][] = [
      ['RICE_1 int16, flat, one tile', { ZNAXIS1: '1000000000', ZTILE1: '1000000000' }, 'ZNAXISn'],
      ['HCOMPRESS_1 int16', { ZNAXIS1: '1000000000', ZTILE1: '1000000000' }, 'ZNAXISn'],
      ['PLIO_1 uint8, one tile', { ZNAXIS2: '2000000000', ZTILE2: '2000000000' }, 'ZNAXISn'],
      ['RICE_1 int16', { ZNAXIS2: '2000000000' }, 'NAXIS2'],
      ['RICE_1 int16', { ZTILE1: '0' }, 'ZTILE1'],
      ['RICE_1 int16', { ZBITPIX: '17' }, 'ZBITPIX'],
      ['RICE_1 int16', { ZVAL2: '3' }, 'BYTEPIX'],
      ['RICE_1 int16', { ZVAL1: '0' }, 'BLOCKSIZE'],
      ['RICE_1 int16', { ZCMPTYPE: "'RICE_7  '" }, 'ZCMPTYPE'],
      ['RICE_1 float32, dither 1, NaN', { ZQUANTIZ: "'DITHER_9'" }, 'ZQUANTIZ'],
      ['RICE_1 float32, dither 1, NaN', { ZDITHER0: '70000' }, 'ZDITHER0'],
      ['RICE_1 float32, dither 1, NaN', { TTYPE1: "'COMPRESSION'" }, 'COMPRESSED_DATA'],
    ];
    for (const [name, cards, message] of rows) {
      const bytes = Object.entries(cards).reduce((file, [key, value]) => withCard(file, key, value), goldenFile(name));
      const before = process.memoryUsage().arrayBuffers;
      expect(() => imageAsFloat64(readFits(bytes).hdus[1]!), name).to.throw(ApError, message);
      expect(process.memoryUsage().arrayBuffers - before).to.be.lessThan(32e6);
    }
  });
});
