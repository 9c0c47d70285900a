import { expect } from 'chai';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { readCsv, writeCsv } from '../../src/formats/csvTable.ts';
import { delimitedRows, textOfNumber } from '../../src/formats/delimitedText.ts';
import { isEcsv, readEcsv, writeEcsv } from '../../src/formats/ecsv.ts';
import { isNullName } from '../../src/formats/tableNulls.ts';
import { selectRows, type Column, type Table } from '../../src/model/table.ts';
import { anyTable, bytesOf, refusal, sample } from './tables.ts';

const golden = JSON.parse(readFileSync(new URL('../golden/formats/ecsv.json', import.meta.url), 'utf8')) as { blank: string; comma: string };
const values = (table: Table, name: string): unknown[] => Array.from(table.columns[name]!.values as ArrayLike<unknown>);
/** The table as CSV keeps it: no meanings, integers of 64 bits, floats of 64; nothing where a column tells no type. */
function widened(table: Table): Table {
  const columns = Object.entries(table.columns).map(([name, c]): [string, Column] => {
    const doc = name.endsWith('_isNull') ? c.doc : '';
    const isNull = table.columns[isNullName(name)]?.values;
    if (c.type === 'i32') {
      return [name, { ...c, doc, type: 'i64', values: BigInt64Array.from(c.values, (v, i) => (isNull?.[i] ? -(2n ** 63n) : BigInt(v))) }];
    }
    if (c.type === 'f32') return [name, { ...c, doc, type: 'f64', values: Float64Array.from(c.values, v => (Number.isFinite(v) ? Number(textOfNumber(v, true)) : v)) }];
    return [name, { ...c, doc }];
  });
  return { nRows: table.nRows, columns: Object.fromEntries(columns) };
}

describe('formats/ecsv', () => {
  for (const [kind, text] of Object.entries({ blank: golden.blank, comma: golden.comma })) {
    it(`reads what astropy wrote, delimiter ${kind}`, () => {
      const table = readEcsv(bytesOf(text));
      expect(table.columns.ra).to.include({ type: 'f64', unit: 'deg', doc: 'right "ascension": #1' });
      expect(values(table, 'ra')).to.deep.equal([1 / 3, NaN, -0]);
      expect(table.columns.flux).to.include({ type: 'f32', unit: 'nJy' });
      expect([values(table, 'flux'), values(table, isNullName('flux'))]).to.deep.equal([[1.5, NaN, -Infinity], [0, 1, 0]]);
      expect(values(table, 'id').filter((_, i) => i !== 1)).to.deep.equal([9223372036854775807n, -9223372036854775808n]);
      expect(values(table, isNullName('id'))).to.deep.equal([0, 1, 0]);
      expect([table.columns.u64!.type, values(table, 'u64')]).to.deep.equal(['i64', [0n, 9007199254740993n, 7n]]);
      expect([table.columns.n!.type, values(table, 'n')]).to.deep.equal(['i32', [-128, 0, 127]]);
      expect([values(table, 'flag').slice(0, 2), values(table, isNullName('flag'))]).to.deep.equal([[1, 0], [0, 0, 1]]);
      expect(values(table, 'band name')).to.deep.equal(['a "b"', '', "it's, # x"]);
      expect(values(table, 'vector')).to.deep.equal(['[0,1]', '[0,1,2]', '[0]']);
      expect(table.columns).to.not.have.property(isNullName('ra'));
    });
  }
  it('writes a known table as astropy does', () => {
    const { ra, id, id_isNull, band } = sample.columns as Record<string, Column>;
    const table = selectRows({ nRows: 3, columns: { ra: ra!, id: id!, id_isNull: id_isNull!, band: band! } }, [0, 1]);
    expect(Buffer.from(writeEcsv(table)).toString().split('\n').slice(0, 3)).to.deep.equal([
      '# %ECSV 1.0', '# ---', '# datatype:',
    ]);
    expect(Buffer.from(writeEcsv(table)).toString().split('\n').slice(-4)).to.deep.equal([
      'ra id band', '0.3333333333333333 9223372036854775807 é', 'nan "" ""', '',
    ]);
  });
  for (const delimiter of [' ', ','] as const) {
    it(`any table comes back, delimiter ${JSON.stringify(delimiter)}`, () => fc.assert(fc.property(anyTable, table => {
      const bytes = writeEcsv(table, delimiter);
      expect(isEcsv(bytes)).to.equal(true);
      expect(readEcsv(bytes)).to.deep.equal(table);
    }), { seed: 11, numRuns: 150 }));
  }
  it('comments between the rows, CRLF and a byte order mark do no harm', () => {
    const text = '\ufeff# %ECSV 1.0\r\n# ---\r\n# datatype:\r\n# - {name: a, datatype: int32}\r\na\r\n1\r\n# note\r\n2\r\n';
    expect(values(readEcsv(bytesOf(text)), 'a')).to.deep.equal([1, 2]);
  });
  const file = (header: string, rows: string): string => `# %ECSV 1.0\n# ---\n${header.split('\n').map(line => `# ${line}\n`).join('')}${rows}`;
  const one = 'datatype:\n- {name: a, datatype: int32}';
  const damaged: readonly (readonly [string, string, string])[] = [
    ['no header', 'a\n1\n', 'line 1'], ['a header that is no YAML', file('datatype: [', 'a\n'), 'ECSV header'],
    ['no datatypes', file('meta: {}', 'a\n'), '`datatype`'], ['an unknown type', file('datatype:\n- {name: a, datatype: complex128}', 'a\n1\n'), 'complex128'],
    ['other names', file(one, 'b\n1\n'), 'line 5'], ['a cell too many', file(one, 'a\n1\n2 3\n'), 'line 7'],
    ['text for a number', file(one, 'a\n1.5\n'), 'line 6'], ['an integer beyond its type', file(one, 'a\n2147483648\n'), '2147483648'],
    ['an open quote', file(one, 'a\n"1\n'), 'never closed'], ['a delimiter of two', file(`${one}\ndelimiter: '::'`, 'a\n1\n'), 'delimiter'],
    ['a column without a name', file('datatype:\n- {datatype: int32}', 'a\n1\n'), 'with a name'],
  ];
  for (const [name, text, message] of damaged) it(`refuses ${name}`, () => expect(refusal(() => readEcsv(bytesOf(text)))).to.include(message));
  it('refuses bytes that are no UTF-8', () => expect(refusal(() => readEcsv(Uint8Array.of(0x23, 0xff)))).to.include('UTF-8'));
});

describe('formats/csvTable', () => {
  const read = (text: string): Table => readCsv(bytesOf(text));
  it('reads names, units and types', () => {
    const table = read('# a note\nid,ra [deg], flux [nJy] ,flag,band,code\n9223372036854775807,1.5,,true,r,007\n2,-1D3,nan,False,"3",010\n');
    expect(table.columns.id).to.include({ type: 'i64', unit: '' });
    expect(values(table, 'id')).to.deep.equal([9223372036854775807n, 2n]);
    expect([table.columns.ra!.unit, values(table, 'ra')]).to.deep.equal(['deg', [1.5, -1000]]);
    expect([table.columns.flux!.unit, values(table, 'flux'), values(table, 'flux_isNull')]).to.deep.equal(['nJy', [NaN, NaN], [1, 0]]);
    expect([table.columns.flag!.type, values(table, 'flag')]).to.deep.equal(['bool', [1, 0]]);
    expect([values(table, 'band'), values(table, 'code')]).to.deep.equal([['r', '3'], ['007', '010']]);
  });
  for (const [name, separator] of [['comma', ','], ['tab', '\t'], ['semicolon', ';'], ['bar', '|'], ['blanks', '   ']] as const) {
    it(`finds the delimiter: ${name}`, () => {
      const table = read(['a', 'b_c', 'd'].join(separator) + '\n' + [1, 2.5, 'x'].join(separator) + '\n');
      expect([values(table, 'a'), values(table, 'b_c'), values(table, 'd')]).to.deep.equal([[1n], [2.5], ['x']]);
    });
  }
  it('nulls of archives', () => {
    const table = read('a,b\n1,null\n--,2.5\nNULL,\n');
    expect([values(table, 'a_isNull'), values(table, 'b'), values(table, 'b_isNull')]).to.deep.equal([[0, 1, 1], [NaN, 2.5, NaN], [1, 0, 1]]);
  });
  it('any table comes back, widened', () => fc.assert(fc.property(
    // What has no value at all shows no type, and blanks at the ends of names are lost.
    anyTable.filter(t => t.nRows > 0 && !Object.entries(t.columns).some(([name, c]) =>
      name.trim() !== name || (name.endsWith('_isNull') && c.type === 'bool' && !c.values.includes(0)))),
    table => {
      const back = readCsv(writeCsv(table), ',');
      expect(back).to.deep.equal(widened(table));
    }), { seed: 12, numRuns: 150 }));
  const damaged: readonly (readonly [string, string, string])[] = [
    ['nothing', '', 'header'], ['comments only', '# a\n', 'header'], ['a short row', 'a,b\n1,2\n3\n', 'line 3'], ['a name twice', 'a,a\n1,2\n', 'two columns a'],
    ['text behind a quote', 'a,b\n"1"x,2\n', 'behind the quote'], ['an open quote', 'a\n"1\n\n', 'never closed'],
  ];
  for (const [name, text, message] of damaged) it(`refuses ${name}`, () => expect(refusal(() => read(text))).to.include(message));
  it('names in brackets keep them', () => {
    const table: Table = { nRows: 1, columns: { 'x [y]': { type: 'f64', unit: '', doc: '', values: Float64Array.of(1.5) } } };
    expect(readCsv(writeCsv(table))).to.deep.equal(table);
  });
  it('rows know their line, quoted line ends included', () => {
    expect(delimitedRows('a,b\n"1\n2",3\n\n4,5', ',').map(row => [row.line, row.cells.map(c => c.text)])).to.deep.equal([
      [1, ['a', 'b']], [2, ['1\n2', '3']], [5, ['4', '5']],
    ]);
  });
});
