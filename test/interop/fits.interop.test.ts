/** Files that we write, read by astropy and judged by fitsverify. */
import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  card, commentary, compressImage, plainFits, readFits, writeFits, type BinColumnInput, type HduInput, type PixelArray,
} from '../../src/formats/fits/index.ts';
import { DAMAGES } from '../formats/fits/damages.ts';
import { astropyPython, pythonJson } from './rubinPython.ts';

/** Errors and warnings that fitsverify finds; null without fitsverify. */
function fitsverify(file: string): { errors: number; warnings: number; text: string } | null {
  const { stdout, stderr, error } = spawnSync('fitsverify', [file], { encoding: 'utf8' });
  if (error !== undefined) return null;
  const found = /found (\d+) warning\(s\) and (\d+) error\(s\)/.exec(stdout);
  return { errors: found === null ? 1 : Number(found[2]), warnings: Number(found?.[1] ?? 0), text: stderr };
}

const hasFitsverify = spawnSync('fitsverify', []).error === undefined;

const floats = Float32Array.from({ length: 600 }, (_, i) => 100 + 10 * Math.sin(i * i) + (i % 50 === 0 ? 1000 : 0));
const types: Readonly<Record<string, PixelArray>> = {
  uint8: Uint8Array.from(floats), int8: Int8Array.of(-128, 0, 127), int16: Int16Array.from(floats),
    uint16: Uint16Array.from(floats, v => v * 300), int32: Int32Array.of(-(2 ** 31), 0, 2 ** 31 - 1),
  uint32: Uint32Array.of(0, 2 ** 32 - 1), int64: BigInt64Array.of(-(2n ** 63n), 2n ** 53n + 1n), uint64: BigUint64Array.of(0n,
    2n ** 64n - 1n), float32: floats, float64: Float64Array.of(0.1, NaN, -0, Infinity),
};
const columns: readonly BinColumnInput[] = [
  ...Object.entries(types).map(([name, values]) => ({ name, type: 'numbers' as const, values: values.slice(0, 2) as PixelArray, unit: 'mJy' })),
  { name: 'logical', type: 'logical', values: [1, 0] }, { name: 'bits', type: 'bits', repeat: 11, values: Uint8Array.from({ length: 22 }, (_, i) => i % 2) },
  { name: 'c', type: 'complex', values: Float32Array.of(1, 2, 3, 4) }, { name: 'm', type: 'complex', values: Float64Array.of(1, 2, 3, 4) },
  { name: 'text', type: 'strings', values: ['a', 'of several words'] }, { name: 'matrix', type: 'numbers', values: Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), repeat: 6, dim: [3, 2] },
  { name: 'p', type: 'arrays', values: [Float32Array.of(1, 2, 3), new Float32Array(0)] }, { name: 'q', type: 'arrays', isWide: true, values: [Int16Array.of(-32768), Int16Array.of(1, 2)] },
];
const cards = [
  card('OBJECT', "O'Neil's \"field\""), card('LONGSTRN', 'OGIP 1.0'), card('LONG', 'many words '.repeat(30).trim(), 'and a comment'), card('BIG', 2n ** 60n), card('TINY', -1.5e-300), card('YES', true),
  card('NOVALUE', null), card('ESO DET CHIP', 'ccd 1'), commentary('COMMENT', 'text '.repeat(40)), commentary('HISTORY', 'made for a test'),
];
const everything: readonly HduInput[] = [
  { kind: 'image', shape: [], data: null, cards },
  ...Object.entries(types).map(([name, data]) => ({ kind: 'image' as const, name: name.toUpperCase(), shape: [data.length], data })),
  { kind: 'bintable', name: 'TABLE', nRows: 2, columns },
];

const READ = `
import json, sys
import numpy as np
from astropy.io import fits
out = {}
def plain(a):
    a = np.asarray(a)
    if a.dtype.kind == 'c': a = np.ascontiguousarray(a).view(a.real.dtype)
    if a.dtype.kind == 'b': a = a.astype(int)
    return [repr(v) if isinstance(v, float) else str(v) for v in a.ravel().tolist()]
with fits.open(sys.argv[1], checksum=True) as hdus:
    h = hdus[0].header
    out['cards'] = {k: (h[k] if not isinstance(h[k], fits.card.Undefined) else None) for k in ('OBJECT', 'LONG', 'TINY', 'YES', 'NOVALUE', 'ESO DET CHIP') if k in h}
    out['big'] = str(h.get('BIG'))
    out['images'] = {x.name: plain(x.data) for x in hdus if isinstance(x, (fits.ImageHDU, fits.CompImageHDU))}
    if 'TABLE' in hdus:
        t = hdus['TABLE']
        out['columns'] = {c: ([plain(v) for v in t.data[c]] if c in ('p', 'q') else plain(t.data[c])) for c in t.columns.names}
        out['shape'] = list(t.data['matrix'].shape)
print(json.dumps(out))
`;

interface Seen {
  readonly cards: Readonly<Record<string, unknown>>; readonly big: string; readonly images: Readonly<Record<string, readonly string[]>>;
  readonly columns: Readonly<Record<string, unknown>>; readonly shape: readonly number[];
}
const asNumbers = (values: readonly string[]): readonly (number | bigint)[] => values.map(v => (
  /^-?\d+$/.test(v) ? BigInt(v) : v === 'nan' ? NaN : v === 'inf' ? Infinity : Number(v)));
const ours = (values: ArrayLike<number | bigint>, isFloat: boolean): readonly (number | bigint)[] => Array.from(values,
  v => (isFloat ? v : BigInt(v)));

describe('FITS files that we write', () => {
  const found = astropyPython();
  const python = 'python' in found ? found.python : '';
  let folder = '';
  before(() => { folder = mkdtempSync(path.join(os.tmpdir(), 'ap-verify-fits-')); });
  after(() => { rmSync(folder, { recursive: true, force: true }); });
  const written = (bytes: Uint8Array): string => {
    const file = path.join(folder, 'file.fits');
    writeFileSync(file, bytes);
    return file;
  };

  it('are read back by astropy: cards, images of all types, tables of all forms, checksums', function () {
    if ('reason' in found) { console.log(`      skipped: ${found.reason}`); this.skip(); }
    const seen = pythonJson(python, READ, [written(writeFits(everything, { checksum: true }))]) as Seen;
    expect(seen.cards).to.deep.equal({ OBJECT: "O'Neil's \"field\"", LONG: 'many words '.repeat(30).trim(), TINY: -1.5e-300, YES: true, NOVALUE: null, 'ESO DET CHIP': 'ccd 1' });
    expect(seen.big).to.equal(String(2n ** 60n));
    for (const [name, data] of Object.entries(types)) expect(asNumbers(seen.images[name.toUpperCase()]!), name).to.deep.equal(ours(data, name.startsWith('float')));
    for (const column of columns) {
      const cells = seen.columns[column.name];
      if (column.type === 'strings') expect(cells).to.deep.equal(column.values);
      else if (column.type === 'arrays') expect((cells as string[][]).map(asNumbers)).to.deep.equal(column.values.map(v => ours(v, column.name === 'p')));
      else if (column.name === 'int8') expect(asNumbers(cells as string[]).map(Number)).to.deep.equal([-128, 0]); // astropy gives floats
      else expect(asNumbers(cells as string[]), column.name).to.deep.equal(ours(column.values, /float|^[cm]$|matrix/.test(column.name)));
    }
    expect(seen.shape).to.deep.equal([2, 2, 3]);
  });

  const files: readonly (readonly [string, () => Uint8Array])[] = [
    ['everything', () => writeFits(everything)], ['everything with checksums', () => writeFits(everything, { checksum: true })],
    ['compressed images', () => writeFits([compressImage({ kind: 'image', name: 'R', shape: [30, 20], data: floats }, { codec: 'RICE_1' }), compressImage({ kind: 'image', name: 'I', shape: [30, 20], data: types.int16! }, { codec: 'GZIP_2' })], { checksum: true })],
    ['a file decompressed again', () => plainFits(readFits(writeFits([compressImage({ kind: 'image', shape: [30, 20], data: types.uint16!, cards: [card('OBJECT', 'x')] }, { codec: 'RICE_1' })])).hdus)],
    ['a copy', () => writeFits(readFits(writeFits(everything)).hdus.map(hdu => ({ kind: 'copy' as const, hdu })), { checksum: true })],
  ];
  for (const [name, make] of files) {
    it(`${name}: fitsverify finds no error`, function () {
      if (!hasFitsverify) { console.log('      skipped: there is no fitsverify'); this.skip(); }
      // NOVALUE has no value, which is allowed and worth a warning; so is nothing else.
      const verdict = fitsverify(written(make()))!;
      expect(verdict.errors, verdict.text).to.equal(0);
      expect(verdict.warnings, verdict.text).to.equal(name.includes('everything') || name === 'a copy' ? 1 : 0);
    });
  }

  for (const { name, verdict, bytes } of DAMAGES) {
    it(`${name}: fitsverify agrees, ${verdict}`, function () {
      if (!hasFitsverify) {
        process.stdout.write('      skipped: there is no fitsverify\n');
        this.skip();
      }
      const { errors, warnings } = fitsverify(written(bytes))!;
      expect(errors > 0 ? 'error' : warnings > 0 ? 'warning' : 'clean').to.equal(verdict);
    });
  }
});
