import { expect } from 'chai';
import fc from 'fast-check';
import { gzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { arrowSchemaText } from '../../src/formats/arrowSchema.ts';
import { binTable, card, readFits, writeFits } from '../../src/formats/fits/index.ts';
import { readFitsTable, writeFitsTable } from '../../src/formats/fitsTable.ts';
import { readTable, writeTable } from '../../src/formats/parquet.ts';
import { readTableFile, writeTableFile } from '../../src/formats/tableFile.ts';
import { columnOfCells, nullableColumns, tableOfNullable } from '../../src/formats/tableNulls.ts';
import { ApError } from '../../src/model/errors.ts';
import { column, concatTables, selectRows, type Table } from '../../src/model/table.ts';
import { anyTable, asciiSample, bytesOf, refusal, sample } from './tables.ts';

async function failure(promise: Promise<unknown>): Promise<ApError> {
  const error = await promise.then(() => undefined, (e: unknown) => e);
  expect(error).to.be.instanceOf(ApError);
  return error as ApError;
}
const isWritableFits = (t: Table): boolean => !Object.entries(t.columns).some(([name, c]) =>
  !/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(name) || /[^\x20-\x7e]/.test(c.unit)
  || (c.type === 'string' && c.values.some(text => /[^\x20-\x7e]|\s$/.test(text))));
const withoutDocs = (t: Table): unknown => Object.entries(t.columns).map(([name, c]) => [name, c.type, c.unit, c.values]);

describe('formats/tableNulls', () => {
  it('nulls survive selection and concatenation of rows', () => {
    const again = selectRows(concatTables([sample, sample]), [1, 4, 0]);
    expect(nullableColumns(again).find(c => c.name === 'id')!.isNull).to.deep.equal(Uint8Array.of(1, 1, 0));
    expect(nullableColumns(again).find(c => c.name === 'ra')!.isNull).to.equal(null);
  });
  it('a column of that name without a partner is a column like any other', () => {
    const table: Table = { nRows: 1, columns: { x_isNull: { type: 'bool', unit: '', doc: '', values: Uint8Array.of(1) } } };
    expect(nullableColumns(table).map(c => c.name)).to.deep.equal(['x_isNull']);
  });
  it('folding and unfolding is the identity', () => fc.assert(fc.property(anyTable, table => {
    expect(tableOfNullable(nullableColumns(table), table.nRows)).to.deep.equal(table);
  }), { seed: 21, numRuns: 50 }));
});

describe('formats/tableFile', () => {
  for (const name of ['t.parquet', 't.ecsv', 't.csv', 't.tsv', 't.fits']) {
    it(`${name}: types, values, nulls and units come back, gzipped too`, async () => {
      const table = name.endsWith('fits') ? asciiSample : sample;
      const bytes = writeTableFile(name, table);
      for (const [file, content] of [[name, bytes], [`${name}.gz`, gzipSync(bytes)]] as const) {
        const back = await readTableFile(file, content);
        expect(column(back, 'id', 'i64')).to.deep.equal(column(table, 'id', 'i64'));
        expect(column(back, 'id_isNull', 'bool')).to.deep.equal(Uint8Array.of(0, 1, 0));
        expect(column(back, 'ra', 'f64')).to.deep.equal(column(table, 'ra', 'f64'));
        expect([back.columns.ra!.unit, back.columns.flux!.unit]).to.deep.equal(['deg', 'nJy']);
        expect(column(back, 'flag_isNull', 'bool')).to.deep.equal(Uint8Array.of(0, 0, 1));
        expect(column(back, 'band', 'string')).to.deep.equal(column(table, 'band', 'string'));
        if (!/sv$/.test(name) || name.endsWith('ecsv')) expect(withoutDocs(back)).to.deep.equal(withoutDocs(table));
      }
    });
  }
  it('the content decides, whatever the name', async () => {
    expect(await readTableFile('strange', writeTable(sample))).to.deep.equal(sample);
    expect((await readTableFile('t.csv', writeTableFile('t.ecsv', sample))).columns.id!.doc).to.equal('beyond 2^53');
  });
  const refused: readonly (readonly [string, string, Uint8Array, string])[] = [
    ['a picture', 'x.png', Buffer.from('\x89PNG'), 'Parquet, FITS'], ['a cut gzip stream', 'x.csv.gz', gzipSync('a\n1\n').subarray(0, 12), 'gzip'],
    ['a cut Parquet file', 'x.parquet', writeTable(sample).subarray(0, 40), 'Parquet'],
  ];
  for (const [name, file, bytes, text] of refused) {
    it(`refuses ${name}`, async () => expect((await failure(readTableFile(file, bytes))).message).to.include(text));
  }
  it('refuses to write what it does not know', () => expect(refusal(() => writeTableFile('x.vot', sample))).to.include('.vot'));
});

describe('formats/parquet with nulls', () => {
  it('any table comes back', () => fc.assert(fc.asyncProperty(anyTable, async table => {
    expect(withoutDocs(await readTable(writeTable(table), { nulls: 'columns' }))).to.deep.equal(withoutDocs(table));
  }), { seed: 22, numRuns: 80 }));
  it('null and NaN of a float column stay apart', async () => {
    const table = tableOfNullable([columnOfCells({ name: 'x', type: 'f64', unit: '', doc: '' }, [NaN, null, 1])], 3);
    const back = await readTable(writeTable(table), { nulls: 'columns' });
    expect([column(back, 'x', 'f64'), column(back, 'x_isNull', 'bool')]).to.deep.equal([Float64Array.of(NaN, NaN, 1), Uint8Array.of(0, 1, 0)]);
    expect(Object.keys((await readTable(writeTable(table))).columns)).to.deep.equal(['x']);
  });
  it('null in an integer is still refused where nobody asked for columns of nulls', async () => {
    expect((await failure(readTable(writeTable(sample)))).message).to.include('column id');
  });
  it('times are nanoseconds', async () => {
    const data = [new Date(1_768_187_000_123), null];
    const bytes = new Uint8Array(parquetWriteBuffer({ columnData: [{ name: 't', type: 'TIMESTAMP', data }] }));
    const back = await readTable(bytes, { nulls: 'columns' });
    expect(back.columns.t).to.include({ type: 'i64', unit: 'ns' });
    expect([column(back, 't', 'i64')[0], column(back, 't_isNull', 'bool')]).to.deep.equal([1_768_187_000_123_000_000n, Uint8Array.of(0, 1)]);
  });
  it('the Arrow schema is an encapsulated message of whole 8 bytes, and names units', () => {
    const field = { name: 'x', type: 'f64', isNullable: true, metadata: { unit: 'deg' } } as const;
    const message = Buffer.from(arrowSchemaText([field], [{ key: 'k', value: 'v' }]), 'base64');
    expect([message.readUInt32LE(0), message.readInt32LE(4)]).to.deep.equal([0xffffffff, message.length - 8]);
    expect(message.length % 8).to.equal(0);
    for (const text of ['unit', 'deg', 'k', 'v']) expect(message.includes(`${text}\0`)).to.equal(true);
  });
});

describe('formats/fitsTable', () => {
  it('any table that FITS can hold comes back', () => fc.assert(fc.property(anyTable.filter(isWritableFits), table => {
    expect(withoutDocs(readFitsTable(writeFitsTable(table)).table)).to.deep.equal(withoutDocs(table));
  }), { seed: 23, numRuns: 80 }));
  it('integers with nulls get TNULL, meanings TCOMM', () => {
    const { hdu } = readFitsTable(writeFitsTable(asciiSample, 'STARS'));
    const columns = binTable(hdu).columns.map(c => c.name);
    expect(hdu.name).to.equal('STARS');
    expect(columns).to.not.include('id_isNull');
    expect(columns).to.include('flux_isNull');
    expect(hdu.header[`TNULL${columns.indexOf('id') + 1}`]).to.equal(-9223372036854775808n);
    expect(hdu.header[`TCOMM${columns.indexOf('ra') + 1}`]).to.equal('right ascension');
  });
  const file = (columns: Parameters<typeof writeFits>[0]): Uint8Array => writeFits(columns);
  it('vectors, bits with names, unsigned integers and complex numbers', () => {
    const bytes = file([{
      kind: 'bintable', nRows: 2, cards: [card('TFLAG1', 'pm_flag'), card('TFLAG2', 'parallax_flag'), card('TDOC2', 'an aperture')],
      columns: [
        { name: 'flags', type: 'bits', repeat: 2, values: [1, 0, 0, 1] }, { name: 'aper', unit: 'ct', type: 'numbers', repeat: 2, values: Float32Array.of(1, 2, 3, 4) },
        { name: 'u', type: 'numbers', values: Uint32Array.of(4294967295, 0) }, { name: 'c', type: 'complex', values: Float64Array.of(1, 2, 3, 4) },
        { name: 'long', type: 'numbers', repeat: 100, values: new Float32Array(200) }, { name: 'heap', type: 'arrays', values: [Int32Array.of(1), Int32Array.of(2, 3)] },
        { name: 'l', type: 'logical', values: [1, 255] },
      ],
    }]);
    const { table, warnings } = readFitsTable(bytes);
    expect(Object.keys(table.columns)).to.deep.equal(['pm_flag', 'parallax_flag', 'aper_0', 'aper_1', 'u', 'c_re', 'c_im', 'l', 'l_isNull']);
    expect([column(table, 'pm_flag', 'bool'), column(table, 'parallax_flag', 'bool')]).to.deep.equal([Uint8Array.of(1, 0), Uint8Array.of(0, 1)]);
    expect(table.columns.aper_1).to.deep.equal({ type: 'f32', unit: 'ct', doc: 'an aperture', values: Float32Array.of(2, 4) });
    expect(column(table, 'u', 'i64')).to.deep.equal(BigInt64Array.of(4294967295n, 0n));
    expect(column(table, 'c_im', 'f64')).to.deep.equal(Float64Array.of(2, 4));
    expect(warnings.map(w => /column (\w+)/.exec(w)![1])).to.deep.equal(['long', 'heap']);
  });
  it('ASCII tables', () => {
    const line = (key: string, value: string): string => `${key.padEnd(8)}= ${value}`.padEnd(80);
    const header = [line('XTENSION', "'TABLE   '"), line('BITPIX', '8'), line('NAXIS', '2'), line('NAXIS1', '12'), line('NAXIS2', '2'), line('PCOUNT', '0'),
      line('GCOUNT', '1'), line('TFIELDS', '2'), line('TTYPE1', "'n'"), line('TFORM1', "'I4'"), line('TBCOL1', '1'), line('TNULL1', "'-'"),
      line('TTYPE2', "'x'"), line('TFORM2', "'F8.3'"), line('TBCOL2', '5'), line('TUNIT2', "'deg'"), 'END'.padEnd(80)].join('');
    const blocks = header.padEnd(2880) + '   7   1.250   -  -2.500'.padEnd(2880);
    const primary = file([{ kind: 'image', shape: [], data: null }]);
    const { table } = readFitsTable(Buffer.concat([primary, Buffer.from(blocks)]));
    expect(Number(table.columns.n!.values[0])).to.equal(7);
    expect(column(table, 'n_isNull', 'bool')).to.deep.equal(Uint8Array.of(0, 1));
    expect(table.columns.x).to.include({ type: 'f64', unit: 'deg' });
    expect(column(table, 'x', 'f64')).to.deep.equal(Float64Array.of(1.25, -2.5));
  });
  it('the HDU of a name; the table of an LDAC file is not its header', () => {
    const part = (name: string, value: number): Parameters<typeof writeFits>[0][number] =>
      ({ kind: 'bintable', name, nRows: 1, columns: [{ name: 'x', type: 'numbers', values: Float64Array.of(value) }] });
    const bytes = file([part('LDAC_IMHEAD', 1), part('LDAC_OBJECTS', 2), part('MORE', 3)]);
    expect(column(readFitsTable(bytes).table, 'x', 'f64')[0]).to.equal(2);
    expect(column(readFitsTable(bytes, 'more').table, 'x', 'f64')[0]).to.equal(3);
    expect(readFits(bytes).hdus.length).to.equal(4);
  });
  const x = (values: BigUint64Array): Uint8Array => file([{ kind: 'bintable', nRows: 1, columns: [{ name: 'x', type: 'numbers', values }] }]);
  const refusedFits: readonly (readonly [string, () => unknown, string])[] = [
    ['a file without a table', () => readFitsTable(file([{ kind: 'image', shape: [], data: null }])), 'a table'],
    ['a name that is not there', () => readFitsTable(x(BigUint64Array.of(1n)), 'NONE'), 'NONE'],
    ['a number beyond int64', () => readFitsTable(x(BigUint64Array.of(2n ** 63n))), 'column x, row 0'],
    ['text that is not ASCII', () => writeFitsTable(sample), 'column band, row 0'],
    ['bytes of another kind', () => readFitsTable(bytesOf('hello')), 'SIMPLE'],
  ];
  for (const [name, call, text] of refusedFits) it(`refuses ${name}`, () => expect(refusal(call)).to.include(text));
});

describe('damaged tables', () => {
  for (const name of ['t.ecsv', 't.csv', 't.fits']) {
    const whole = writeTableFile(name, name === 't.fits' ? asciiSample : sample);
    it(`${name}: changed and cut bytes give a table or an ApError`, () => fc.assert(fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 4 }), fc.integer({ min: 0, max: whole.length }), fc.boolean(),
      async (changes, length, isCut) => {
        const bytes = Uint8Array.from(whole);
        for (const [at, value] of changes) bytes[at] = value;
        const found = await readTableFile(name, isCut ? bytes.subarray(0, length) : bytes).catch((error: unknown) => error);
        if (found instanceof Error) expect(found, found.stack).to.be.instanceOf(ApError);
        else expect(found).to.have.property('nRows');
      }), { seed: 41, numRuns: 150 }));
  }
});
