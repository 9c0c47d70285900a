/** fitsjs, a reader that shares no code with ours: every file that it can read right, read by both. */
import { expect } from 'chai';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import {
  binTable, card, columnNumbers, columnStrings, compressImage, physicalPixels, readFits, salvageFits, writeFits,
  type BinColumn, type BinTable, type FitsHdu, type HduInput, type PixelArray,
} from '../../../src/formats/fits/index.ts';
import { fitsjsPixels, fitsjsRefusal, fitsjsRows } from '../../../src/formats/fits/fitsjsReader.ts';
import { ApError } from '../../../src/model/errors.ts';

const REAL = '../shared/data/fits';
const MAX_BYTES = 350_000;

/** fitsjs turns -0 into 0. */
const unsignedZero = (values: PixelArray): PixelArray => {
  if (values instanceof Float32Array) for (let i = 0; i < values.length; i++) values[i]! += 0;
  return values;
};

/** What fitsjs should give for one cell: a value, or the list of them. */
function expectedCell(table: BinTable, column: BinColumn, row: number): unknown {
  if (column.letter === 'A') return columnStrings(table, column.name)[row];
  const values = Array.from((columnNumbers(table, column.name) as Float64Array).subarray(row * column.repeat, (row + 1) * column.repeat));
  const typed = column.letter === 'L' ? values.map(v => v === 1) : values;
  return column.repeat === 1 ? typed[0] : typed;
}

function seenCell(column: BinColumn, cell: unknown): unknown {
  if (column.letter === 'A') return String(Array.isArray(cell) ? cell.join('') : cell).split('\0')[0]!.trimEnd();
  return ArrayBuffer.isView(cell) ? Array.from(cell as unknown as ArrayLike<number>) : cell;
}

/** Compares an HDU that fitsjs can read; returns the number of values. */
function compare(hdu: FitsHdu): number {
  if (hdu.kind === 'image') {
    const pixels = physicalPixels(hdu);
    expect(fitsjsPixels(hdu)).to.deep.equal(unsignedZero(pixels));
    return pixels.length;
  }
  const table = binTable(hdu);
  const rows = fitsjsRows(hdu);
  expect(rows.length).to.equal(table.nRows);
  for (const column of table.columns) {
    for (let row = 0; row < Math.min(rows.length, 20); row++) {
      expect(seenCell(column, rows[row]![column.name]), `${column.name}, row ${row}`).to.deep.equal(expectedCell(table, column, row));
    }
  }
  return rows.length * table.columns.length;
}

describe('formats/fits: fitsjs as second reader', () => {
  const noise = Float32Array.from({ length: 60 }, (_, i) => Math.sin(i) * 10 ** (i % 7));
  const made: readonly (readonly [string, HduInput])[] = [
    ['uint8', { kind: 'image', shape: [6, 10], data: Uint8Array.from(noise, v => v & 255) }], ['int16', { kind: 'image', shape: [6, 10], data: Int16Array.from(noise) }],
    ['int32', { kind: 'image', shape: [60], data: Int32Array.from(noise, v => v * 1000) }], ['a cube of float32', { kind: 'image', shape: [3, 4, 5], data: noise, cards: [card('OBJECT', "it's / odd")] }],
    ['a table', {
      kind: 'bintable', nRows: 2, columns: [
        { name: 'b', type: 'numbers', values: Uint8Array.of(1, 255) }, { name: 'i', type: 'numbers', values: Int16Array.of(-1, 2) }, { name: 'j', type: 'numbers', values: Int32Array.of(1, 2, 3, -4), repeat: 2 },
        { name: 'e', type: 'numbers', values: Float32Array.of(0.1, NaN) }, { name: 'd', type: 'numbers', values: Float64Array.of(0.1, -1e300) },
        { name: 'l', type: 'logical', values: [1, 0] }, { name: 'a', type: 'strings', values: ['x', 'longer'] },
      ],
    }],
  ];
  for (const [name, input] of made) it(`reads ${name} as we do`, () => expect(compare(readFits(writeFits([input])).hdus.at(-1)!)).to.be.greaterThan(0));

  const refused: readonly (readonly [string, HduInput, RegExp])[] = [
    ['float64', { kind: 'image', shape: [2], data: Float64Array.of(1, 2) }, /BITPIX = -64/], ['int64', { kind: 'image', shape: [2], data: BigInt64Array.of(1n, 2n) }, /BITPIX = 64/],
    ['uint16', { kind: 'image', shape: [2], data: Uint16Array.of(1, 2) }, /BZERO/], ['BLANK', { kind: 'image', shape: [2], data: Int16Array.of(1, 2), structure: [card('BLANK', 1)] }, /BLANK/],
    ['four axes', { kind: 'image', shape: [1, 1, 1, 2], data: Int16Array.of(1, 2) }, /axes/], ['no pixels', { kind: 'image', shape: [], data: null }, /no pixels/],
    ['tiles', compressImage({ kind: 'image', shape: [4, 4], data: new Int16Array(16) }, { codec: 'RICE_1' }), /tile/],
    ['K', { kind: 'bintable', nRows: 1, columns: [{ name: 'k', type: 'numbers', values: BigInt64Array.of(1n) }] }, /form K/],
    ['X', { kind: 'bintable', nRows: 1, columns: [{ name: 'x', type: 'bits', values: [1] }] }, /form X/],
    ['P', { kind: 'bintable', nRows: 1, columns: [{ name: 'p', type: 'arrays', values: [Int16Array.of(1)] }] }, /variable-length/],
    ['unsigned columns', { kind: 'bintable', nRows: 1, columns: [{ name: 'u', type: 'numbers', values: Uint16Array.of(1) }] }, /scaled column u/],
    ['names that repeat', { kind: 'bintable', nRows: 1, columns: [{ name: 'u', type: 'numbers', values: Int16Array.of(1) }, { name: 'u', type: 'numbers', values: Int16Array.of(2) }] }, /same name/],
  ];
  for (const [name, input, reason] of refused) {
    it(`the gate keeps ${name} from it`, () => {
      const hdu = readFits(writeFits([input])).hdus.at(-1)!;
      expect(fitsjsRefusal(hdu)).to.match(reason);
      expect(() => fitsjsPixels(hdu)).to.throw(ApError, reason);
    });
  }

  it('still wrong where the gate is shut: when this fails, look again at the gate', () => {
    const hdu = readFits(writeFits([{ kind: 'image', shape: [2], data: Uint16Array.of(40414, 1) }])).hdus[0]!;
    const open = { ...hdu, header: { ...hdu.header, BZERO: 0 } };
    expect([...fitsjsPixels(open)]).to.not.deep.equal([40414, 1]);
  });

  it('every real image and table that it can read', function () {
    if (!existsSync(REAL)) {
      process.stdout.write('      skipped: ../shared/data or the golden file is not here\n');
      this.skip();
    }
    let nHdus = 0;
    for (const name of readdirSync(REAL, { recursive: true, encoding: 'utf8' }).filter(n => /\.(fits|fit|std|gz|fz)$/.test(n))) {
      if (statSync(path.join(REAL, name)).size > MAX_BYTES) continue;
      for (const hdu of salvageFits(readFileSync(path.join(REAL, name))).hdus) {
        if (fitsjsRefusal(hdu) !== null) continue;
        compare(hdu);
        nHdus++;
      }
    }
    expect(nHdus).to.be.greaterThan(20);
  });
});
