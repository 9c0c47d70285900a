import { expect } from 'chai';
import fc from 'fast-check';
import { parquetMetadata } from 'hyparquet';
import { parquetWriteBuffer, type BasicType } from 'hyparquet-writer';
import { readTable, writeTable } from '../../src/formats/parquet.ts';
import { ApError } from '../../src/model/errors.ts';
import { selectRows, type Column, type Table } from '../../src/model/table.ts';

const sample: Table = {
  nRows: 3,
  columns: {
    ra: { type: 'f64', unit: 'deg', doc: 'x: "y" é #1', values: Float64Array.of(1 / 3, NaN, -0) },
    flux: { type: 'f32', unit: 'nJy / d', doc: '', values: Float32Array.of(0.1, Infinity, -0) },
    id: { type: 'i64', unit: '', doc: 'beyond 2^53', values: BigInt64Array.of(9223372036854775807n, -9223372036854775808n, 0n) },
    detector: { type: 'i32', unit: '', doc: '', values: Int32Array.of(2147483647, -2147483648, 0) },
    flag: { type: 'bool', unit: '', doc: '', values: Uint8Array.of(1, 0, 1) },
    band: { type: 'string', unit: '', doc: '', values: ['é', '', 'a "b"\n'] },
  },
};

async function failure(promise: Promise<unknown>): Promise<ApError> {
  const error = await promise.then(() => undefined, (e: unknown) => e);
  expect(error).to.be.instanceOf(ApError);
  return error as ApError;
}

/** A foreign file of one column. */
function foreign(type: BasicType, data: unknown[], kvMetadata: { key: string; value: string }[] = []): Uint8Array {
  return new Uint8Array(parquetWriteBuffer({ columnData: [{ name: 'c', type, data }], kvMetadata }));
}

const noteText = fc.string({ maxLength: 12 });
const cell = {
  f64: fc.double(), f32: fc.float(), i32: fc.integer(), i64: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), bool: fc.constantFrom(0, 1),
  string: fc.string({ unit: 'grapheme' }),
};
const make = {
  f64: (v: number[]) => Float64Array.from(v), f32: (v: number[]) => Float32Array.from(v), i32: (v: number[]) => Int32Array.from(v),
  i64: (v: bigint[]) => BigInt64Array.from(v), bool: (v: number[]) => Uint8Array.from(v), string: (v: string[]) => v,
};
const anyTable: fc.Arbitrary<Table> = fc.integer({ min: 0, max: 30 }).chain(nRows => {
  const column = fc.constantFrom(...Object.keys(cell) as (keyof typeof cell)[]).chain(type =>
    fc.record({ unit: noteText, doc: noteText, cells: fc.array(cell[type] as fc.Arbitrary<never>, { minLength: nRows, maxLength: nRows }) })
      .map(({ unit, doc, cells }) => ({ type, unit, doc, values: make[type](cells) }) as unknown as Column));
  const name = fc.string({ minLength: 1, maxLength: 8 }).filter(text => text !== '__proto__');
  return fc.uniqueArray(fc.tuple(name, column), { maxLength: 6, selector: ([text]) => text })
    .map(entries => ({ nRows, columns: Object.fromEntries(entries) }));
});

describe('formats/parquet', () => {
  it('a table comes back with its types, values, units and meanings', async () => {
    expect(await readTable(writeTable(sample))).to.deep.equal(sample);
  });
  it('so does any table', () => fc.assert(fc.asyncProperty(anyTable, async table => {
    expect(await readTable(writeTable(table))).to.deep.equal(table);
  }), { numRuns: 100, seed: 1 }));
  it('the same table gives the same bytes', () => {
    expect(writeTable(structuredClone(sample))).to.deep.equal(writeTable(sample));
  });
  it('tables without rows or without columns', async () => {
    const empty = selectRows(sample, []);
    expect(await readTable(writeTable(empty))).to.deep.equal(empty);
    expect(await readTable(writeTable({ nRows: 7, columns: {} }))).to.deep.equal({ nRows: 7, columns: {} });
  });
  it('several row groups and pages', async () => {
    const n = 230_000;
    const table: Table = {
      nRows: n,
      columns: {
        x: { type: 'f64', unit: '', doc: '', values: Float64Array.from({ length: n }, (_, i) => Math.sin(i)) },
        id: { type: 'i64', unit: '', doc: '', values: BigInt64Array.from({ length: n }, (_, i) => 2n ** 60n + BigInt(i)) },
      },
    };
    expect(await readTable(writeTable(table))).to.deep.equal(table);
  });
  it('reads a view into a larger buffer and shared memory', async () => {
    const bytes = writeTable(sample);
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length + 20)).subarray(7, 7 + bytes.length);
    shared.set(bytes);
    expect(await readTable(shared)).to.deep.equal(sample);
    expect(await readTable(Buffer.concat([Buffer.alloc(3), bytes]).subarray(3))).to.deep.equal(sample);
  });

  it('the file metadata are those that astropy and the butler look for', () => {
    const metadata = parquetMetadata(writeTable(sample).buffer as ArrayBuffer);
    const pairs = Object.fromEntries(metadata.key_value_metadata!.map(({ key, value }) => [key, value]));
    expect(pairs).to.include({ 'lsst::arrow::rowcount': '3', 'lsst::arrow::len::band': '6', 'table::len::band': '6' });
    expect(pairs.table_meta_yaml!.split('\n').slice(0, 2)).to.deep.equal([
      'datatype:', '- {"name": "ra", "unit": "deg", "datatype": "float64", "description": "x: \\"y\\" é #1"}',
    ]);
    expect(metadata.schema.slice(1).map(e => [e.type, e.converted_type, e.repetition_type])).to.deep.equal([
      ['DOUBLE', undefined, 'REQUIRED'], ['FLOAT', undefined, 'REQUIRED'], ['INT64', undefined, 'REQUIRED'], ['INT32', undefined, 'REQUIRED'],
      ['BOOLEAN', undefined, 'REQUIRED'], ['BYTE_ARRAY', 'UTF8', 'REQUIRED'],
    ]);
  });

  describe('foreign files', () => {
    it('null is NaN in float columns', async () => {
      for (const type of ['DOUBLE', 'FLOAT'] as const) {
        const { columns } = await readTable(foreign(type, [1.5, null, 2]));
        expect([...columns.c!.values]).to.deep.equal([1.5, NaN, 2]);
      }
    });
    const nulls: readonly (readonly [BasicType, unknown[]])[] = [
      ['INT32', [1, null]], ['INT64', [1n, null]], ['BOOLEAN', [true, null]], ['STRING', ['a', null]],
    ];
    for (const [type, data] of nulls) {
      it(`null in a ${type} column names the column and the row`, async () => {
        const error = await failure(readTable(foreign(type, data)));
        expect(error.code).to.equal('BAD_FORMAT');
        expect(error.context).to.include({ where: 'Parquet column c', found: 'no value in row 1' });
      });
    }
    it('a column of another kind is named', async () => {
      for (const type of ['TIMESTAMP', 'BYTE_ARRAY', 'JSON'] as const) {
        const data = { TIMESTAMP: [new Date(0)], BYTE_ARRAY: [Uint8Array.of(1)], JSON: [{ a: 1 }] }[type];
        expect((await failure(readTable(foreign(type, data)))).context.where).to.equal('Parquet column c');
      }
    });
    const astropy = ['datatype:', '- {name: c, unit: deg, datatype: float64, description: right ascension}', 'meta: !!omap', '- {a: 1}'];
    const headers: readonly (readonly [string, string, string, string])[] = [
      ['of astropy', astropy.join('\n'), 'deg', 'right ascension'],
      ['that is no YAML', 'datatype: [', '', ''], ['of another shape', 'datatype: 3', '', ''], ['without notes', 'datatype:\n- {name: c}', '', ''],
    ];
    for (const [name, text, unit, doc] of headers) {
      it(`column notes in a header ${name}`, async () => {
        const { columns } = await readTable(foreign('DOUBLE', [1], [{ key: 'table_meta_yaml', value: text }]));
        expect(columns.c).to.include({ unit, doc });
      });
    }
  });

  describe('damage', () => {
    const bytes = writeTable(sample);
    it('every truncation is refused', async () => {
      for (let length = 0; length < bytes.length; length += 7) {
        expect((await failure(readTable(bytes.subarray(0, length)))).code, `${length} bytes`).to.equal('BAD_FORMAT');
      }
    });
    it('other files are refused', async () => {
      for (const other of [Buffer.from('SIMPLE  = T'), Buffer.alloc(500), Buffer.from('PAR1'.repeat(20))]) {
        expect((await failure(readTable(other))).code).to.equal('BAD_FORMAT');
      }
    });
    it('a changed byte before the footer is always noticed, in columns with nulls too, and at once', async () => {
      const isNull: Column = { type: 'bool', unit: '', doc: '', values: Uint8Array.of(0, 1, 0) };
      const sealed = writeTable({ ...sample, columns: { ...sample.columns, detector_isNull: isNull, band_isNull: isNull } });
      const footer = new DataView(sealed.buffer, sealed.byteOffset).getUint32(sealed.length - 8, true);
      for (let at = 0; at < sealed.length - 8 - footer; at++) {
        const damaged = Uint8Array.from(sealed);
        damaged[at]! ^= 1 << (at % 8);
        expect((await failure(readTable(damaged))).message, `byte ${at}`).to.match(/checksum [0-9a-f]{8}.*checksum [0-9a-f]{8}/);
      }
    });

    it('a changed byte never gives anything but a table or BAD_FORMAT', () => fc.assert(fc.asyncProperty(
      fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const damaged = Uint8Array.from(bytes);
        damaged[at]! ^= flip;
        const table = await readTable(damaged).catch((error: ApError) => expect(error.code).to.equal('BAD_FORMAT'));
        expect(table).to.not.equal(undefined);
      }), { numRuns: 300, seed: 2 }));
  });
});
