/** Tables for the tests of the table formats. */
import fc from 'fast-check';
import { columnOfCells, tableOfNullable, type Cell, type NullableColumn } from '../../src/formats/tableNulls.ts';
import { ApError } from '../../src/model/errors.ts';
import type { ColumnType, Table } from '../../src/model/table.ts';

export const bytesOf = (text: string): Uint8Array => Buffer.from(text);

const column = (name: string, type: ColumnType, cells: readonly Cell[], unit = '', doc = ''): NullableColumn =>
  columnOfCells({ name, type, unit, doc }, cells);

/** One column a type, with nulls, NaN, both zeros and the limits of the integers. */
export const sample: Table = tableOfNullable([
  column('ra', 'f64', [1 / 3, NaN, -0], 'deg', 'right ascension'), column('flux', 'f32', [1.5, null, -Infinity], 'nJy'),
  column('id', 'i64', [9223372036854775807n, null, -9223372036854775807n], '', 'beyond 2^53'),
  column('detector', 'i32', [2147483647, null, -2147483647]), column('flag', 'bool', [true, false, null]),
  column('band', 'string', ['é', '', 'a "b", c #']),
], 3);

/** The same without what FITS cannot hold. */
export const asciiSample: Table = { nRows: 3, columns: { ...sample.columns, band: { type: 'string', unit: '', doc: '', values: ['e', '', 'a "b" c'] } } };

const CELL: Readonly<Record<ColumnType, fc.Arbitrary<Cell>>> = {
  f64: fc.double(), f32: fc.float(), i32: fc.integer(), i64: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), bool: fc.boolean(),
  string: fc.string({ unit: 'grapheme', maxLength: 8 }),
};
/** Names made of digits alone are left out: objects put them first, so that the order of the columns is not kept. */
const name = fc.string({ unit: fc.constantFrom(...'abcXYZ019_ -#,"é'), minLength: 1, maxLength: 8 })
  .filter(text => !text.endsWith('_isNull') && !/^\d+$/.test(text));

function columnArbitrary(nRows: number): fc.Arbitrary<Omit<NullableColumn, 'name'>> {
  return fc.constantFrom(...Object.keys(CELL) as ColumnType[]).chain(type => {
    const cell = type === 'string' ? CELL.string : fc.option(CELL[type], { nil: null, freq: 5 });
    const cells = fc.array(cell, { minLength: nRows, maxLength: nRows });
    return fc.record({ unit: fc.constantFrom('', 'deg', 'nJy / d'), doc: fc.string({ maxLength: 9 }), cells })
      .map(c => columnOfCells({ name: '', type, unit: c.unit, doc: c.doc }, c.cells));
  });
}

/** Any table of all types, with nulls in all but the text columns. */
export const anyTable: fc.Arbitrary<Table> = fc.integer({ min: 0, max: 12 }).chain(nRows =>
  fc.uniqueArray(fc.tuple(name, columnArbitrary(nRows)), { minLength: 1, maxLength: 5, selector: ([text]) => text })
    .map(list => tableOfNullable(list.map(([own, c]) => ({ ...c, name: own })), nRows)));

/** The message of the refusal. @throws when there is none, or when it is not an ApError. */
export function refusal(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof ApError) return error.message;
    throw error;
  }
  throw new Error('nothing was refused');
}
