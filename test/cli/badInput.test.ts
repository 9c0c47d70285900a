/** Bad input of every kind: one clear line on standard error, exit code 4, and a history that stays as it was. */
import { expect } from 'chai';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { main } from '../../src/cli/main.ts';
import { openHistory } from '../../src/harness/history.ts';
import { resultOf } from '../harness/results.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'bad-'));
const file = (name: string, text: string): string => {
  const place = path.join(directory, name);
  mkdirSync(path.dirname(place), { recursive: true });
  writeFileSync(place, text);
  return place;
};

async function ran(...words: string[]): Promise<{ code: number; error: string }> {
  const write = process.stderr.write.bind(process.stderr);
  let error = '';
  process.stderr.write = ((text: string) => { error += text; return true; }) as typeof process.stderr.write;
  try {
    return { code: await main(words), error };
  } finally {
    process.stderr.write = write;
  }
}

/** Two documents of nested aliases: a million million nodes when they are written out. */
const BOMB = `a: &a [x,x,x,x,x,x,x,x,x,x]\n${'bcdefghijkl'.split('').map((k, i) => {
  const before = 'abcdefghijk'[i]!;
  return `${k}: &${k} [${Array(10).fill(`*${before}`).join(',')}]\n`;
}).join('')}`;
const LIMIT = 'name: x\nmetric: ap_verify.Purity\nthreshold: { operator: \'>\', value: 90, unit: percent }\n';
const MANIFEST = `format: ap-verify-dataset/1
name: bad
title: A bad one
version: "1"
licence: CC0-1.0
description: x
instrument: sim
bands: [g]
pipeline: ApPipe
templates: { source: visits }
hasTruth: false
files: [{ path: raw/a.fits, role: raw, bytes: 4, sha256: '${'0'.repeat(64)}' }]
`;

describe('cli: bad input', () => {
  after(() => { rmSync(directory, { recursive: true }); });

  const specifications: readonly [string, string, RegExp][] = [
    ['an unknown metric', LIMIT.replace('Purity', 'Puritty'), /Puritty.*ap_verify\.Purity.*:2/],
    ['another unit', LIMIT.replace('unit: percent', 'unit: mas'), /'mas'.*'percent'.*:3/],
    ['circular inheritance', `id: a\nbase: '#b'\n---\nid: b\nbase: '#a'\n---\n${LIMIT}base: '#a'\n`, /circle of bases: a -> b -> a/],
    ['a bound that is NaN', LIMIT.replace('90', '.nan'), /must be number/],
    ['YAML with a million million aliases', BOMB, /[Ee]xcessive alias count/],
    ['no YAML', 'name: [', /:1/],
    ['a key twice', `${LIMIT}name: y\n`, /unique/],
  ];
  for (const [name, text, message] of specifications) {
    it(`specifications: ${name}`, async () => {
      const { code, error } = await ran('lint', 'sim-small', '--specs', file('specs.yaml', text));
      expect([code, error.trimEnd().split('\n').length], error).to.deep.equal([4, 1]);
      expect(error).to.match(message);
    });
  }

  const packages: readonly [string, string, string | null, RegExp][] = [
    ['a missing file', MANIFEST, null, /a file is missing.*raw\/a\.fits/], ['a short file', MANIFEST, 'abc', /3 bytes.*4 bytes/],
    ['a wrong checksum', MANIFEST, 'abcd', /checksum/],
    ['a path that leaves the dataset', MANIFEST.replace('raw/a.fits', '../a.fits'), 'abcd', /path/],
    ['aliases without end', `${MANIFEST}${BOMB}`, 'abcd', /alias|additional/],
  ];
  for (const [name, manifest, raw, message] of packages) {
    it(`datasets: ${name}`, async () => {
      const root = path.join(directory, name.replaceAll(' ', '-'));
      mkdirSync(path.join(root, 'raw'), { recursive: true });
      writeFileSync(path.join(root, 'dataset.yaml'), manifest);
      if (raw !== null) writeFileSync(path.join(root, 'raw', 'a.fits'), raw);
      const { code, error } = await ran('run', root, '-o', path.join(directory, 'w'));
      expect(code, error).to.equal(4);
      expect(error).to.match(message);
    });
  }

  it('history import: one bad file of two, and nothing is imported or lost', async () => {
    const place = path.join(directory, 'history.sqlite3');
    const history = openHistory(place);
    history.record(resultOf(), null);
    history.close();
    const { code, error } = await ran('history', 'import', place, file('job.json',
      '{"measurements":[],"blobs":[],"metrics":[],"specs":[],"meta":{}}'), file('bad.json', '{"measurements":'));
    expect(code).to.equal(4);
    expect(error).to.match(/bad\.json/);
    const again = openHistory(place);
    expect(again.runs(9)).to.have.length(1);
    again.close();
  });

  it('a history that is none, and one that is not there', async () => {
    const text = 'this is no database. '.repeat(60);
    const place = file('text.sqlite3', text);
    expect((await ran('history', 'list', place)).code).to.equal(4);
    expect(readFileSync(place, 'utf8')).to.equal(text);
    expect((await ran('trend', path.join(directory, 'none.sqlite3'), 'ap_verify.Purity')).code).to.equal(4);
  });
});
