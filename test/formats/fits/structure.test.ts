/** Everything that a header or a table can say: cards, scaling, all table letters, ASCII tables, random groups, sums, damage. */
import { expect } from 'chai';
import fc from 'fast-check';
import { gzipSync } from 'node:zlib';
import {
  asciiNulls, asciiNumbers, asciiStrings, asciiTable, binTable, card, checkSums, checksumOf, columnArrays, columnNulls,
  columnNumbers, columnWords, commentary, digestHdu, encodeChecksum, formatCard, groupArrays, groupParameter, imageAsFloat64,
  memorySource, parseCards, physicalPixels, randomGroups, readCutout, readFits, salvageFits, scanFits, tableCsv, writeFits,
  type BinColumnInput, type ByteSource, type Card, type FitsHdu, type PixelArray,
} from '../../../src/formats/fits/index.ts';
import { ApError } from '../../../src/model/errors.ts';

/** A file made of header lines and data: for what our own writer never writes. */
function rawFile(...hdus: readonly (readonly [readonly string[], Uint8Array, number?])[]): Uint8Array {
  const padded = (bytes: Uint8Array, fill: number): Uint8Array => {
    const out = new Uint8Array(Math.ceil(bytes.length / 2880) * 2880).fill(fill);
    out.set(bytes);
    return out;
  };
  return Buffer.concat(hdus.flatMap(([lines, data, fill = 0]) => [
    padded(Buffer.from([...lines, 'END'].map(line => line.padEnd(80)).join(''), 'latin1'), 32), padded(data, fill),
  ]));
}

const line = (key: string, value: string | number): string => `${key.padEnd(8)}= ${String(value).padStart(20)}`;
const bigEndian = (values: PixelArray): Uint8Array => {
  const file = writeFits([{ kind: 'image', shape: [values.length], data: values }]);
  return file.subarray(2880, 2880 + values.byteLength);
};
const imageFile = (bitpix: number, data: Uint8Array, ...cards: readonly string[]): FitsHdu => readFits(rawFile([
  [line('SIMPLE', 'T'), line('BITPIX', bitpix), line('NAXIS', 1), line('NAXIS1', data.length * 8 / Math.abs(bitpix)), ...cards], data,
])).hdus[0]!;

describe('formats/fits cards in order', () => {
  const lines = [
    "LONG    = 'first &'", "CONTINUE  'second''s &' / one", "CONTINUE  'third' / two", "HIERARCH ESO DET CHIP1 ID = 'ccd&'  / not continued",
    'A       =                    1', 'A       =                    2', 'COMMENT   one', 'HISTORY = is no value', '        blank keyword', 'COMMENT   two',
    'BIG     = -123456789012345678901', 'EXP     = -1.25D-03', "PLAIN='no value indicator'", "AMP     = 'ends in &'", 'NOTHING =', 'CPLX    = (1.5, -2)',
  ].map(text => text.padEnd(80));
  const cards = parseCards(lines.join(''));
  it('keys, values, comments', () => {
    expect(cards.map(c => [c.key, c.value])).to.deep.equal([
      ['LONG', "first second's third"], ['ESO DET CHIP1 ID', 'ccd&'], ['A', 1], ['A', 2], ['COMMENT', undefined], ['HISTORY', undefined], ['', undefined],
      ['COMMENT', undefined], ['BIG', -123456789012345678901n], ['EXP', -0.00125], ['PLAIN=\'n', undefined], ['AMP', 'ends in &'], ['NOTHING', null], ['CPLX', '(1.5, -2)'],
    ]);
    expect(cards[0]!.comment).to.equal('one two');
  });
  it('come back byte by byte', () => expect(cards.map(formatCard).join('')).to.equal(lines.join('')));
  it('a hundred thousand CONTINUE cards take no time', () => {
    const text = "LONG    = '&'".padEnd(80) + "CONTINUE  'piece of text that is continued &'".padEnd(80).repeat(100_000);
    expect(String(parseCards(text)[0]!.value).length).to.equal(100_000 * 32 + 1);
  });
  it('a file that is copied is the same file, with its odd cards', () => {
    const bytes = rawFile(
      [[line('SIMPLE', 'T'), 'BITPIX  =  8   / free format', line('NAXIS', 0), ...lines], new Uint8Array(0)],
      [["XTENSION= 'IMAGE   '", line('BITPIX', 16), line('NAXIS', 1), line('NAXIS1', 3), line('PCOUNT', 0), line('GCOUNT', 1), line('INHERIT', 'T')], Uint8Array.of(0, 1, 0, 2, 0, 3)],
    );
    const copy = writeFits(readFits(bytes).hdus.map(hdu => ({ kind: 'copy' as const, hdu })));
    expect(Buffer.compare(copy, bytes)).to.equal(0);
  });
});

describe('formats/fits physical values', () => {
  const unsignedLong = BigUint64Array.of(0n, 2n ** 64n - 1n, 2n ** 53n + 1n);
  const cases: readonly (readonly [string, FitsHdu, PixelArray])[] = [
    ['uint64', imageFile(64, bigEndian(unsignedLong), line('BZERO', '9223372036854775808')), unsignedLong],
    ['uint64, BZERO as a float', imageFile(64, bigEndian(BigUint64Array.of(5n)), line('BZERO', '9.223372036854775808E18')), BigUint64Array.of(5n)],
    ['int64', imageFile(64, bigEndian(BigInt64Array.of(-(2n ** 63n), 2n ** 53n + 1n))), BigInt64Array.of(-(2n ** 63n), 2n ** 53n + 1n)],
    ['int8', imageFile(8, bigEndian(Int8Array.of(-128, 0, 127)), line('BZERO', -128)), Int8Array.of(-128, 0, 127)],
    ['uint16', imageFile(16, bigEndian(Uint16Array.of(0, 40000)), line('BZERO', 32768), line('BSCALE', '1.0')), Uint16Array.of(0, 40000)],
    ['uint32', imageFile(32, bigEndian(Uint32Array.of(0, 4e9)), line('BZERO', '2147483648.')), Uint32Array.of(0, 4e9)],
    ['scaled', imageFile(16, bigEndian(Int16Array.of(2, -4)), line('BSCALE', '0.1D0'), line('BZERO', 1)), Float64Array.of(2 * 0.1 + 1, -4 * 0.1 + 1)],
    ['BLANK', imageFile(16, bigEndian(Int16Array.of(2, -99)), line('BLANK', -99)), Float64Array.of(2, NaN)],
    ['BLANK beyond 2^53', imageFile(64, bigEndian(BigInt64Array.of(-(2n ** 63n), 7n)), line('BLANK', '-9223372036854775808')), Float64Array.of(NaN, 7)],
    ['BLANK of floats means nothing', imageFile(-32, bigEndian(Float32Array.of(1, 2)), line('BLANK', 1)), Float32Array.of(1, 2)],
    ['float64', imageFile(-64, bigEndian(Float64Array.of(0.1, NaN, -0))), Float64Array.of(0.1, NaN, -0)],
  ];
  for (const [name, hdu, values] of cases) it(name, () => expect(physicalPixels(hdu)).to.deep.equal(values));

  it('a digest is the SHA-256 of little-endian int64 or float64', () => {
    const sha = (hdu: FitsHdu): readonly unknown[] => { const { data_sha256, min, max, sum, nNaN,
      dtype } = digestHdu(hdu); return [data_sha256, min, max, sum, nNaN, dtype]; };
    // printf of the eight-byte words | sha256sum
    expect(sha(imageFile(16, bigEndian(Int16Array.of(1, -2))))).to.deep.equal(
      ['ad47ab1aede0a7b8af007a36d82ccbbee709bec1066af6f44fed82bd2cb490ed', -2, 1, -1, 0, 'int16']);
    expect(sha(imageFile(-32, bigEndian(Float32Array.of(1, NaN, Infinity)))).slice(1)).to.deep.equal([1, 1, 1, 1, 'float32']);
  });
});

describe('formats/fits binary tables, every letter', () => {
  const columns: readonly BinColumnInput[] = [
    { name: 'L', type: 'logical', values: [1, 0, 255, 1], repeat: 2 }, { name: 'X', type: 'bits', values: Uint8Array.from({ length: 22 }, (_, i) => i % 3 === 0 ? 1 : 0), repeat: 11 },
    { name: 'B', type: 'numbers', values: Uint8Array.of(0, 255) }, { name: 'SB', type: 'numbers', values: Int8Array.of(-128, 127) },
    { name: 'I', type: 'numbers', values: Int16Array.of(-1, 2), nullValue: -1 }, { name: 'J', type: 'numbers', values: Int32Array.of(1, 2, 3, 4, 5, 6, 7, 8), repeat: 4, dim: [2, 2] },
    { name: 'K', type: 'numbers', values: BigInt64Array.of(2n ** 62n, -1n), nullValue: 2n ** 62n }, { name: 'UK', type: 'numbers', values: BigUint64Array.of(2n ** 64n - 1n, 0n) },
    { name: 'E', type: 'numbers', values: Float32Array.of(0.1, NaN) }, { name: 'D', type: 'numbers', values: Float64Array.of(0.1, -0) },
    { name: 'C', type: 'complex', values: Float32Array.of(1, 2, 3, 4) }, { name: 'M', type: 'complex', values: Float64Array.of(1, 2, 3, 4) },
    { name: 'A', type: 'strings', values: ['a', 'of three'] },
    { name: 'P', type: 'arrays', values: [Float64Array.of(1, 2), new Float64Array(0)] }, { name: 'Q', type: 'arrays', isWide: true, values: [Uint16Array.of(65535), Uint16Array.of(0, 1)] },
  ];
  const bytes = writeFits([{ kind: 'bintable', name: 'T', nRows: 2, columns }], { checksum: true });
  const table = binTable(readFits(bytes).hdus[1]!);
  for (const column of columns) {
    if (column.type === 'strings') continue;
    it(`${column.name} comes back`, () => {
      if (column.type === 'arrays') expect(columnArrays(table, column.name)).to.deep.equal(column.values);
      else expect(Array.from(columnNumbers(table,
        column.name) as ArrayLike<number>)).to.deep.equal(Array.from(column.values as ArrayLike<number>));
    });
  }
  it('forms, dimensions, nulls', () => {
    expect(table.columns.map(c => `${c.repeat}${c.descriptor ?? ''}${c.letter}`).join(' ')).to.equal('2L 11X 1B 1B 1I 4J 1K 1K 1E 1D 1C 1M 8A 1PD 1QI');
    expect(table.columns[5]!.dim).to.deep.equal([2, 2]);
    expect([...columnNulls(table, 'I')!, ...columnNulls(table, 'K')!]).to.deep.equal([1, 0, 1, 0]);
    expect(columnNulls(table, 'J')).to.equal(null);
  });
  it('as CSV', () => {
    expect(tableCsv(readFits(bytes).hdus[1]!).split('\n')[1]).to.equal(
      'true,false,1,0,0,1,0,0,1,0,0,1,0,0,-128,,1,2,3,4,,18446744073709551615,0.10000000149011612,0.1,1,2,1,2,a,1 2,65535');
  });

  const made = (form: string, rows: Uint8Array, ...cards: readonly string[]): FitsHdu => {
    const text = ["XTENSION= 'BINTABLE'", line('BITPIX', 8), line('NAXIS', 2), line('NAXIS1', rows.length / 2), line('NAXIS2', 2), line('PCOUNT', 0), line('GCOUNT', 1),
      line('TFIELDS', 1), "TTYPE1  = 'x'", `TFORM1  = '${form}'`, ...cards];
    return readFits(rawFile([[line('SIMPLE', 'T'), line('BITPIX', 8), line('NAXIS', 0)], new Uint8Array(0)], [text, rows])).hdus[1]!;
  };
  it('TSCAL, TZERO and TNULL', () => {
    const hdu = made('J', bigEndian(Int32Array.of(3, -9)), line('TSCAL1', 0.5), line('TZERO1', 100), line('TNULL1', -9));
    expect([...columnNumbers(binTable(hdu), 'x')]).to.deep.equal([101.5, NaN]);
  });
  for (const [form, cards] of [['6A2', []], ['6A', ["TDIM1   = '(2,3)'"]]] as const) {
    it(`several strings a row: ${form} ${cards.join('')}`, () => {
      const hdu = made(form, Buffer.from('aabbccd e f '), ...cards);
      expect(columnWords(binTable(hdu), 'x')).to.deep.equal({ perRow: 3, words: ['aa', 'bb', 'cc', 'd', 'e', 'f'] });
    });
  }
});

describe('formats/fits ASCII tables', () => {
  const rows = ['  1  1.50 ab*', '-20 -.5D1   *', '  * 12345 c  '];
  const cards = ["XTENSION= 'TABLE   '", line('BITPIX', 8), line('NAXIS', 2), line('NAXIS1', 13), line('NAXIS2', 3), line('PCOUNT', 0), line('GCOUNT', 1), line('TFIELDS', 4),
    "TTYPE1  = 'n'", "TFORM1  = 'I3'", line('TBCOL1', 1), "TNULL1  = '*'", "TTYPE2  = 'x'", "TFORM2  = 'F6.2'", line('TBCOL2', 4), line('TSCAL2', 2),
    "TTYPE3  = 'word'", "TFORM3  = 'A2'", line('TBCOL3', 11), "TTYPE4  = 'wide'", "TFORM4  = 'E1.0'", line('TBCOL4', 13), "TNULL4  = '*'"];
  const file = (text: string): FitsHdu => readFits(rawFile([[line('SIMPLE', 'T'), line('BITPIX', 8), line('NAXIS', 0)], new Uint8Array(0)], [cards, Buffer.from(text), 32])).hdus[1]!;
  const table = asciiTable(file(rows.join('')));
  it('integers, reals, strings, nulls', () => {
    expect(asciiNumbers(table, 'n')).to.deep.equal(Int32Array.of(1, -20, 0));
    expect(asciiNulls(table, 'N')).to.deep.equal(Uint8Array.of(0, 0, 1));
    // No decimal point: the last two digits are decimals.
    expect(asciiNumbers(table, 'x')).to.deep.equal(Float64Array.of(3, -10, 246.9));
    expect(asciiStrings(table, 'word')).to.deep.equal(['ab', '', 'c']);
    expect(asciiNumbers(table, 'wide')).to.deep.equal(Float64Array.of(NaN, NaN, 0));
  });
  it('a field that is no number is named', () => {
    expect(() => asciiNumbers(asciiTable(file(rows.join('').replace('-20', '-x0'))), 'n')).to.throw(ApError, 'column n, row 1; found: "-x0"; expected: a number (I3)');
  });
});

describe('formats/fits random groups', () => {
  const values = Float32Array.of(1, 2, 10, 20, 30, 3, 4, 40, 50, 60);
  const hdu = readFits(rawFile([[line('SIMPLE', 'T'), line('BITPIX', -32), line('NAXIS', 2), line('NAXIS1', 0), line('NAXIS2', 3), line('GROUPS', 'T'), line('PCOUNT', 2), line('GCOUNT', 2),
    "PTYPE1  = 'DATE'", line('PSCAL1', 10), "PTYPE2  = 'DATE'", line('PZERO2', 0.5), line('BSCALE', 2)], bigEndian(values)])).hdus[0]!;
  it('parameters of one name are summed, arrays scaled', () => {
    const groups = randomGroups(hdu);
    expect([...groupParameter(groups, 'date')]).to.deep.equal([10 + 2.5, 30 + 4.5]);
    expect([...groupArrays(groups)]).to.deep.equal([20, 40, 60, 80, 100, 120]);
    expect(() => groupParameter(groups, 'UU')).to.throw(ApError, 'DATE, DATE');
  });
});

describe('formats/fits checksums', () => {
  it('the examples of the standard (appendix J)', () => {
    expect(encodeChecksum(868229149)).to.equal('hcHjjc9ghcEghc9g');
    expect(checksumOf(Uint8Array.of(255, 255, 255, 255, 0, 0, 0, 1))).to.equal(1);
  });
  it('every HDU that is written with sums agrees with them, whatever it holds', () => fc.assert(fc.property(
    fc.array(fc.integer({ min: -32768, max: 32767 }), { maxLength: 3000 }), fc.string({ maxLength: 100 }), (data, text) => {
      const bytes = writeFits([{ kind: 'image', shape: [data.length], data: Int16Array.from(data), cards: [card('TEXT', text)] }], { checksum: true });
      const { hdus: [hdu] } = readFits(bytes);
      const { header, dataOffset } = hdu!;
      const sums = checkSums(bytes.subarray(0, dataOffset), bytes.subarray(dataOffset), { checksum: header.CHECKSUM,
        datasum: header.DATASUM });
      expect(sums).to.deep.equal({ checksum: 'ok', datasum: 'ok' });
      expect(String(header.CHECKSUM)).to.match(/^[0-9A-Za-z]{16}$/);
    }), { numRuns: 60, seed: 1 }));
});

describe('formats/fits ranged reads', () => {
  const data = Int32Array.from({ length: 40 * 50 * 3 }, (_, i) => i * i);
  const bytes = writeFits([{ kind: 'image', shape: [], data: null }, { kind: 'image', name: 'CUBE', shape: [40, 50, 3], data }, { kind: 'image', name: 'LAST', shape: [2], data: Float32Array.of(1, 2) }]);
  const counting = (): { source: ByteSource; read: () => number } => {
    let read = 0;
    const memory = memorySource(bytes);
    return { source: { byteLength: bytes.length, read: (offset, length) => { read += length; return memory.read(offset,
      length); } }, read: () => read };
  };
  it('the structure costs the headers only', () => {
    const { source, read } = counting();
    expect(scanFits(source).hdus.map(hdu => [hdu.name, hdu.dataLength])).to.deep.equal([['PRIMARY', 0], ['CUBE', 24000], ['LAST', 8]]);
    expect(read()).to.be.lessThan(3 * 2880 + 100);
  });
  it('a cutout costs its lines only, and agrees with the whole', () => fc.assert(fc.property(
    fc.tuple(...[40, 50, 3].map(n => fc.tuple(fc.nat(n - 1), fc.integer({ min: 1, max: n })))), pairs => {
      const start = pairs.map(([s]) => s);
      const size = pairs.map(([s, n], axis) => Math.min(n, [40, 50, 3][axis]! - s));
      const { source, read } = counting();
      const head = scanFits(source).hdus[1]!;
      const before = read();
      const cut = readCutout(source, head, { start, size });
      expect(read() - before).to.equal(4 * size[0]! * size[1]! * size[2]!);
      const expected = Int32Array.from({ length: cut.length }, (_, i) => {
        const [x, y, z] = [i % size[0]!, Math.floor(i / size[0]!) % size[1]!, Math.floor(i / size[0]! / size[1]!)];
        return data[start[0]! + x + 40 * (start[1]! + y + 50 * (start[2]! + z))]!;
      });
      expect(cut).to.deep.equal(expected);
    }), { numRuns: 50, seed: 1 }));
  it('a box outside is refused', () => {
    const { source } = counting();
    expect(() => readCutout(source, scanFits(source).hdus[1]!, { start: [0, 0, 0], size: [41, 1, 1] })).to.throw(ApError, 'inside 40 x 50 x 3');
  });
});

describe('formats/fits salvage', () => {
  const bytes = writeFits([
    { kind: 'image', name: 'A', shape: [40, 40], data: new Int16Array(1600) }, { kind: 'image', name: 'B', shape: [3], data: Int16Array.of(1, 2, 3), cards: [commentary('COMMENT', 'b')] },
    { kind: 'image', name: 'C', shape: [4], data: Int16Array.of(4, 5, 6, 7) },
  ]);
  const changed = (from: string, to: string): Buffer => Buffer.from(Buffer.from(bytes).toString('latin1').replace(from, to), 'latin1');
  const cases: readonly (readonly [string, Uint8Array, string[], RegExp])[] = [
    ['a cut', bytes.subarray(0, bytes.length - 2880), ['A', 'B', 'C'], /HDU 2 \(C\) data; expected: 8; found: 0/],
    ['a bad card in the middle', changed('NAXIS1  =                    3', "NAXIS1  =                  'x'"), ['A', 'C'], /HDU 1 \(B\), card NAXIS1; found: x/],
    ['a byte that is no ASCII', changed('COMMENT b', 'COMMENT \x07'), ['A', 'C'], /HDU 1 header, byte \d+, card \d+; found: code 7/],
    ['10^15 bytes', changed('NAXIS1  =                    3', 'NAXIS1  =      500000000000000'), ['A', 'B', 'C'], /HDU 1 \(B\) data; expected: 1000000000000000; found: \d+/],
    ['a cut gzip stream', gzipSync(writeFits([{ kind: 'image', shape: [2000], data: Float64Array.from({ length: 2000 }, (_, i) => Math.sin(i * i)) }])).subarray(0, 9000), ['PRIMARY'], /HDU 0 \(PRIMARY\) data/],
  ];
  for (const [name, damaged, names, message] of cases) {
    it(`${name}: what can be read is returned, the damage is told, and a strict reader refuses`, () => {
      const { hdus, damage } = salvageFits(damaged);
      expect(hdus.map(hdu => hdu.name)).to.deep.equal(names);
      expect(damage.map(fault => fault.message).join('\n')).to.match(message);
      expect(() => readFits(damaged)).to.throw(ApError, message);
      for (const hdu of hdus) {
        if (hdu.data.length < hdu.dataLength) expect(() => imageAsFloat64(hdu)).to.throw(ApError).with.property('code', 'FILE_TRUNCATED');
        else expect(imageAsFloat64(hdu).length).to.be.greaterThan(0);
      }
    });
  }
  it('cells that share the heap without end are refused before memory is gone', () => {
    const nRows = 20_000;
    const cells = Array.from({ length: nRows }, (_, i) => new Uint8Array(i === 0 ? 200_000 : 0));
    const table = Buffer.from(writeFits([{ kind: 'bintable', nRows, columns: [{ name: 'x', type: 'arrays', values: cells }] }]));
    const { dataOffset } = readFits(table).hdus[1]!;
    for (let row = 1; row < nRows; row++) table.copy(table, dataOffset + 8 * row, dataOffset, dataOffset + 8);
    expect(() => columnArrays(binTable(readFits(table).hdus[1]!), 'x')).to.throw(ApError, 'cells that share the 200000 bytes of the heap');
  });
  it('rows without bytes cannot be counted without end', () => {
    const text = ["XTENSION= 'BINTABLE'", line('BITPIX', 8), line('NAXIS', 2), line('NAXIS1', 0), line('NAXIS2', 1_000_000_000), line('PCOUNT', 0), line('GCOUNT', 1), line('TFIELDS', 1), "TFORM1  = '0A'"];
    const hdu = readFits(rawFile([[line('SIMPLE', 'T'), line('BITPIX', 8), line('NAXIS', 0)], new Uint8Array(0)], [text, new Uint8Array(0)])).hdus[1]!;
    expect(() => binTable(hdu)).to.throw(ApError, 'NAXIS2');
  });
  it('the first of two size cards counts, the last of any other', () => {
    const cards: readonly Card[] = parseCards([line('NAXIS1', 3), line('NAXIS1', 4), line('A', 1), line('A', 2)].map(t => t.padEnd(80)).join(''));
    expect(cards).to.have.length(4);
    const hdu = imageFile(16, bigEndian(Int16Array.of(1, 2)), line('NAXIS1', 4000), line('A', 1), line('A', 2));
    expect([hdu.header.NAXIS1, hdu.header.A]).to.deep.equal([2, 2]);
  });
});

