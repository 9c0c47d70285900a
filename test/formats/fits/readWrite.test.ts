import { expect } from 'chai';
import fc from 'fast-check';
import { gzipSync } from 'node:zlib';
import {
  binTable, card, columnArrays, columnNumbers, columnStrings, commentary, formatCard, hduNamed,
  imageAsFloat32, imageAsFloat64, imageAsInt32, imageAsUint16, imageSize,
  parseCard, parseCards, readFits, storedPixels, writeFits, type Card, type PixelArray,
} from '../../../src/formats/fits/index.ts';
import { ApError, type ErrorCode } from '../../../src/model/errors.ts';
import type { HeaderValue } from '../../../src/model/instrument.ts';

const image = (data: PixelArray, cards: readonly Card[] = []): Uint8Array => writeFits([{ kind: 'image', shape: [data.length, 1], data, cards }]);

function refusal(action: () => unknown): ErrorCode {
  try {
    action();
  } catch (error) {
    if (error instanceof ApError) return error.code;
    throw error;
  }
  throw new Error('not refused');
}

describe('formats/fits cards', () => {
  const texts: readonly (readonly [Card, string])[] = [
    [card('SIMPLE', true, 'standard'), 'SIMPLE  =                    T / standard'],
    [card('NAXIS', 2), 'NAXIS   =                    2'],
    [card('EXPTIME', 30.5, '[s]'), 'EXPTIME =                 30.5 / [s]'],
    [card('TINY', 1e-300), 'TINY    =             1.0E-300'],
    [card('WHOLE', 1e22), 'WHOLE   =               1.0E22'],
    [card('ID', 2n ** 60n), 'ID      =  1152921504606846976'],
    [card('NAME', "O'Neil"), "NAME    = 'O''Neil '"],
    [card('EMPTY', null), 'EMPTY   =                     '],
    [card('LSST ISR SCALE', 1.5), 'HIERARCH LSST ISR SCALE = 1.5'],
    [commentary('HISTORY', 'made'), 'HISTORY made'],
  ];
  for (const [c, text] of texts) it(`writes ${text.trim()}`, () => expect(formatCard(c)).to.equal(text.padEnd(80)));

  const read: readonly (readonly [string, HeaderValue | undefined])[] = [
    ['A       = 1.5D+03 / double', 1500], ["A       = 'a / b''c ' / text", "a / b'c"], ['A       =                    F', false],
    ['A       = 9007199254740993', 9007199254740993n], ['A       = (1.0, 2.0)', '(1.0, 2.0)'], ['COMMENT a = 3', undefined],
    ['HIERARCH ESO DET DIT = 2.5 / s', 2.5], ['A       = / nothing', null],
  ];
  for (const [text, value] of read) it(`reads ${text}`, () => expect(parseCard(text.padEnd(80)).value).to.deep.equal(value));

  it('any value comes back, long strings over CONTINUE cards', () => {
    const ascii = fc.string({ maxLength: 200 }).map(text => text.trimEnd());
    const value = fc.oneof(ascii, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.bigInt(2n ** 60n, 2n ** 63n), fc.boolean());
    fc.assert(fc.property(value, v => {
      const text = formatCard(card('KEY', v));
      expect(text.length % 80).to.equal(0);
      expect(parseCards(text).map(c => [c.key, c.value])).to.deep.equal([['KEY', v]]);
    }), { numRuns: 300, seed: 1 });
  });
  it('a card that was read is written again as it stood', () => {
    const odd = "OBJECT  = 'M 13'/no blanks".padEnd(80);
    expect(formatCard(parseCard(odd))).to.equal(odd);
  });
});

describe('formats/fits images', () => {
  const kinds: readonly (readonly [string, PixelArray])[] = [
    ['uint8', Uint8Array.of(0, 255)], ['int16', Int16Array.of(-32768, 32767)], ['int32', Int32Array.of(-2147483648, 7)],
    ['int64', BigInt64Array.of(-(2n ** 63n), 2n ** 62n)], ['float32', Float32Array.of(0.1, NaN, -0)], ['float64', Float64Array.of(0.1, NaN, Infinity)],
  ];
  for (const [name, data] of kinds) {
    it(`${name} pixels come back`, () => expect(storedPixels(readFits(image(data)).hdus[0]!)).to.deep.equal(data));
  }
  it('unsigned and scaled integers', () => {
    const uint16 = Uint16Array.of(0, 32768, 65535);
    expect(imageAsUint16(readFits(image(uint16)).hdus[0]!)).to.deep.equal(uint16);
    expect([...imageAsFloat64(readFits(image(Uint32Array.of(0, 4294967295))).hdus[0]!)]).to.deep.equal([0, 4294967295]);
    const text = Buffer.from(image(Int16Array.of(1, -5, 3), [card('QSCALE', 0.5), card('QZERO', 10), card('QLANK', -5)])).toString('latin1');
    const scaled = Buffer.from(text.replace('QSCALE', 'BSCALE').replace('QZERO ', 'BZERO ').replace('QLANK ', 'BLANK '), 'latin1');
    expect([...imageAsFloat32(readFits(scaled).hdus[0]!)]).to.deep.equal([10.5, NaN, 11.5]);
  });
  it('numbers that do not fit are refused', () => {
    expect(refusal(() => imageAsInt32(readFits(image(Float32Array.of(1))).hdus[0]!))).to.equal('BAD_FITS');
    expect(refusal(() => imageAsUint16(readFits(image(Int32Array.of(70000))).hdus[0]!))).to.equal('BAD_FITS');
  });
  it('several HDUs, by name, gzipped or not', () => {
    const bytes = writeFits([
      { kind: 'image', shape: [], data: null, cards: [card('TELESCOP', 'x')] },
      { kind: 'image', name: 'A', shape: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
      { kind: 'image', name: 'B', shape: [1, 2], data: Int32Array.of(7, 8) },
    ]);
    for (const file of [readFits(bytes), readFits(gzipSync(bytes))]) {
      expect(file.warnings).to.deep.equal([]);
      expect(imageSize(hduNamed(file, 'a'))).to.deep.equal({ width: 3, height: 2 });
      expect([...imageAsInt32(hduNamed(file, 'B'))]).to.deep.equal([7, 8]);
    }
    expect(() => hduNamed(readFits(bytes), 'C')).to.throw(ApError, 'HDU 1 (A)');
  });
});

describe('formats/fits tables', () => {
  const bytes = writeFits([{
    kind: 'bintable', name: 'T', nRows: 3, cards: [card('SURVEY', 'x')],
    columns: [
      { name: 'id', type: 'numbers', values: BigInt64Array.of(1n, -(2n ** 62n), 3n), unit: 'm' },
      { name: 'pair', type: 'numbers', values: Float32Array.of(1, 2, 3, NaN, 5, 6), repeat: 2 },
      { name: 'word', type: 'strings', values: ['a', '', 'long one'] },
      { name: 'ok', type: 'logical', values: [1, 0, 1] },
      { name: 'u', type: 'numbers', values: Uint32Array.of(0, 1, 4294967295) },
      { name: 'list', type: 'arrays', values: [Int16Array.of(1, 2), new Int16Array(0), Int16Array.of(3)] },
    ],
  }]);
  const table = binTable(hduNamed(readFits(bytes), 'T'));
  it('columns come back', () => {
    expect(columnNumbers(table, 'ID')).to.deep.equal(BigInt64Array.of(1n, -(2n ** 62n), 3n));
    expect(columnNumbers(table, 'pair')).to.deep.equal(Float32Array.of(1, 2, 3, NaN, 5, 6));
    expect(columnStrings(table, 'word')).to.deep.equal(['a', '', 'long one']);
    expect([...columnNumbers(table, 'ok')]).to.deep.equal([1, 0, 1]);
    expect(columnNumbers(table, 'u')).to.deep.equal(Uint32Array.of(0, 1, 4294967295));
    expect(columnArrays(table, 'list')).to.deep.equal([Int16Array.of(1, 2), new Int16Array(0), Int16Array.of(3)]);
    expect(table.columns[0]!.unit).to.equal('m');
  });
  it('wrong columns are named', () => {
    expect(() => columnNumbers(table, 'nix')).to.throw(ApError, 'id, pair, word');
    expect(refusal(() => columnStrings(table, 'id'))).to.equal('BAD_FITS');
    expect(refusal(() => columnArrays(table, 'id'))).to.equal('BAD_FITS');
  });
});

describe('formats/fits damage', () => {
  const bytes = writeFits([{ kind: 'image', name: 'SKY', shape: [40, 40], data: new Float32Array(1600) }]);
  const cuts: readonly (readonly [number, ErrorCode])[] = [[0, 'FILE_TRUNCATED'], [5, 'FILE_TRUNCATED'], [1000, 'FILE_TRUNCATED'], [2880, 'FILE_TRUNCATED'], [9000, 'FILE_TRUNCATED']];
  for (const [length, code] of cuts) it(`${length} bytes: ${code}`, () => expect(refusal(() => readFits(bytes.subarray(0, length)))).to.equal(code));
  it('a cut is described: where, how many bytes, how many there should be', () => {
    expect(() => readFits(bytes.subarray(0, 9000))).to.throw(ApError, 'where: HDU 0 (SKY) data; expected: 6400; found: 6120');
  });
  it('a cut gzip stream names the HDU that is incomplete', () => {
    const noise = writeFits([{ kind: 'image', name: 'SKY', shape: [40, 40], data: Float32Array.from({ length: 1600 }, (_, i) => Math.sin(i * i)) }]);
    const packed = gzipSync(noise);
    expect(refusal(() => readFits(packed.subarray(0, packed.length / 2)))).to.equal('FILE_TRUNCATED');
  });
  it('missing padding and trailing bytes are warnings only', () => {
    expect(readFits(bytes.subarray(0, 2880 + 6400)).warnings).to.have.length(1);
    expect(readFits(Buffer.concat([bytes, Buffer.from('trailing')])).warnings[0]).to.match(/^8 bytes after/);
  });
  const headers: readonly (readonly [string, string, string])[] = [
    ['BITPIX', '-32', '33'], ['NAXIS1', '40', '-1'], ['NAXIS1', '40', "'a'"], ['NAXIS', '2', '1e9'],
  ];
  for (const [key, from, to] of headers) {
    it(`${key} = ${to} is refused`, () => {
      const text = Buffer.from(bytes).toString('latin1');
      const cardText = `${key.padEnd(8)}= ${from.padStart(20)}`;
      expect(text).to.include(cardText);
      const damaged = Buffer.from(text.replace(cardText, `${key.padEnd(8)}= ${to.padStart(20)}`), 'latin1');
      expect(() => readFits(damaged)).to.throw(ApError, key).with.property('code', 'BAD_FITS');
    });
  }
  it('any changed byte of the header gives a file or a named error', () => fc.assert(fc.property(fc.nat(2879), fc.integer({ min: 1, max: 255 }), (at, flip) => {
    const damaged = Uint8Array.from(bytes);
    damaged[at]! ^= flip;
    try {
      expect(readFits(damaged).hdus.length).to.be.greaterThan(0);
    } catch (error) {
      if (!(error instanceof ApError)) throw error;
    }
  }), { numRuns: 500, seed: 1 }));
});
