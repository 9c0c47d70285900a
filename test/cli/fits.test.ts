/** `ap-verify fits`: what it prints, what it writes, and how it ends. */
import { expect } from 'chai';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import {
  card, imageAsFloat64, readFits, verifyFits, writeFits, type HduInput,
} from '../../src/formats/fits/index.ts';
import { main } from '../../src/cli/main.ts';
import { apVerify as apVerifyProcess, temporaryFolder, type Ended } from '../e2e/apVerify.ts';

const pixels = Uint16Array.from({ length: 200 }, (_, i) => (i * 77) % 65536);
const hdus: readonly HduInput[] = [
  { kind: 'image', shape: [20, 10], data: pixels, cards: [card('OBJECT', 'a "field"'), card('LONG', 'words '.repeat(20).trim())] },
  { kind: 'image', name: 'SKY', shape: [3], data: Float32Array.of(1, NaN, 3) },
  {
    kind: 'bintable', name: 'CAT', nRows: 2, columns: [
      { name: 'id', type: 'numbers', values: BigInt64Array.of(9007199254740993n, -1n) }, { name: 'name', type: 'strings', values: ['a,b', 'say "x"'] },
      { name: 'pos', type: 'numbers', values: Float64Array.of(1.5, NaN, 3, 4), repeat: 2 },
    ],
  },
];
const int64Hash = (values: readonly bigint[]): string => createHash('sha256').update(new Uint8Array(BigInt64Array.from(values).buffer)).digest('hex');

/** The command line without a process of its own, which would cost most of the time. */
async function apVerify(args: readonly string[]): Promise<Ended> {
  const said = { stdout: '', stderr: '' };
  const listeners = process.stdout.listeners('error') as (() => void)[];
  const kept = { stdout: process.stdout.write, stderr: process.stderr.write };
  for (const stream of ['stdout', 'stderr'] as const) {
    process[stream].write = ((text: string) => { said[stream] += text; return true; }) as typeof process.stdout.write;
  }
  try {
    const code = await main(args);
    return { code, ...said };
  } finally {
    for (const stream of ['stdout', 'stderr'] as const) process[stream].write = kept[stream];
    const added = (process.stdout.listeners('error') as (() => void)[]).filter(listener => !listeners.includes(listener));
    for (const listener of added) process.stdout.off('error', listener);
  }
}

describe('ap-verify fits', () => {
  const folder = temporaryFolder();
  const at = (...parts: string[]): string => path.join(folder(), ...parts);
  const written = (name: string, bytes: Uint8Array): string => {
    writeFileSync(at(name), bytes);
    return at(name);
  };
  const good = (): string => written('good.fits', writeFits(hdus, { checksum: true }));

  it('info lists the HDUs', async () => {
    const { code, stdout } = await apVerify(['fits', 'info', good(), written('packed.fits.gz', gzipSync(writeFits(hdus)))]);
    expect(code).to.equal(0);
    expect(stdout.match(/^ {3}0 {2}PRIMARY +image +\d+ {2}20 x 10 \(16\) +400$/gm)).to.have.length(2);
    expect(stdout.match(/^ {3}2 {2}CAT +bintable +\d+ {2}2R x 3C +62$/gm)).to.have.length(2);
  });
  it('header prints the cards as they stand', async () => {
    const { code, stdout } = await apVerify(['fits', 'header', good(), '--hdu', '0']);
    expect(code).to.equal(0);
    expect(stdout).to.include("\nOBJECT  = 'a \"field\"'\n").and.include("\nCONTINUE  '").and.match(/\nEND\n$/);
    expect((await apVerify(['fits', 'header', good(), '--hdu', '9'])).stderr).to.include('HDU 0 (PRIMARY), HDU 1 (SKY), HDU 2 (CAT)');
  });
  it('digest prints one JSON line an HDU', async () => {
    const { code, stdout } = await apVerify(['fits', 'digest', good()]);
    expect(code).to.equal(0);
    const [image, sky, table] = stdout.trim().split('\n').map(text => JSON.parse(text) as Record<string, unknown>);
    expect(image).to.deep.include({
      index: 0, extname: '', type: 'image', bitpix: 16, shape: [10, 20], dtype: 'uint16', data_sha256: int64Hash(Array.from(pixels, BigInt)),
      min: 0, max: Math.max(...pixels), sum: pixels.reduce((a, b) => a + b, 0), nan_count: 0,
    });
    expect(sky).to.deep.include({ index: 1, extname: 'SKY', dtype: 'float32', min: 1, max: 3, sum: 4, nan_count: 1 });
    expect(table).to.deep.include({ type: 'bintable', shape: [2] });
  });
  it('integers of any size are written in full', async () => {
    const file = written('big.fits', writeFits([{ kind: 'image', shape: [2], data: BigInt64Array.of(2n ** 62n, 2n ** 62n + 1n) }]));
    const { stdout } = await apVerify(['fits', 'digest', file]);
    expect(stdout).to.include('"min":4611686018427387904,"max":4611686018427387905,"sum":9223372036854775809');
  });
  it('two readers, one digest', async () => {
    const file = written('plain.fits', writeFits([{ kind: 'image', shape: [5, 2], data: Int16Array.from({ length: 10 }, (_, i) => i - 5) }, hdus[2]!]));
    const [native, other] = [await apVerify(['fits', 'digest', file]), await apVerify(['fits', 'digest', file, '--fits-backend', 'fitsjs'])];
    const lines = (text: string): Record<string, unknown>[] => text.trim().split('\n').map(t => JSON.parse(t) as Record<string, unknown>);
    expect(lines(other.stdout).map(line => line.backend)).to.deep.equal(['fitsjs', 'native']);
    expect(lines(other.stdout).map(line => line.data_sha256)).to.deep.equal(lines(native.stdout).map(line => line.data_sha256));
    expect(other.stderr).to.include('HDU 1 (CAT) is read by the native reader');
  });
  it('verify: 0 for a clean file, 4 for one with errors', async () => {
    const clean = await apVerifyProcess(['fits', 'verify', good()]);
    expect([clean.code, clean.stderr]).to.deep.equal([0, '']);
    expect(clean.stdout).to.match(/conforms: 0 errors, 1 warnings in 3 HDUs\n$/).and.include('LONGSTRN');
    const text = Buffer.from(writeFits(hdus)).toString('latin1').replace('OBJECT ', 'object ');
    const odd = await apVerify(['fits', 'verify', '-q', written('odd.fits', Buffer.from(text, 'latin1')), good()]);
    expect(odd.code).to.equal(4);
    expect(odd.stdout.trim().split('\n').map(line => /(DOES NOT CONFORM|conforms)/.exec(line)?.[1])).to.deep.equal(['DOES NOT CONFORM', 'conforms']);
  });
  it('a damaged file gives what can be read, says what is wrong, and ends with 4', async () => {
    const cut = written('cut.fits', writeFits(hdus).subarray(0, 2880 * 5 + 30));
    const { code, stdout, stderr } = await apVerify(['fits', 'digest', cut, good()]);
    expect(code).to.equal(4);
    expect(stdout.trim().split('\n')).to.have.length(3 + 3);
    expect(stdout.split('\n')[2]).to.include('"error"');
    expect(stderr).to.match(/cut\.fits: a file is shorter than it must be \(where: HDU 2 \(CAT\) data; expected: 62; found: 30\)/);
    const none = await apVerify(['fits', 'info', at('none.fits'), written('text.fits', Buffer.from('hello'))]);
    expect(none.code).to.equal(4);
    expect(none.stderr).to.include('a file is missing').and.include('byte 0');
  });

  const forms: readonly (readonly [string, string])[] = [['gz', 'good.fits.gz'], ['rice', 'good.fits.fz'], ['gzip2', 'good.fits.fz']];
  for (const [form, name] of forms) {
    it(`convert to ${form} and back to plain keeps the pixels`, async () => {
      const made = await apVerify(['fits', 'convert', good(), '--to', form, '-o', at(form)]);
      expect(made.stdout).to.equal(`${at(form, name)}\n`);
      const back = await apVerify(['fits', 'convert', at(form, name), '--to', 'plain', '-o', at(form)]);
      expect(back.code, back.stderr).to.equal(0);
      const file = readFits(readFileSync(at(form, 'good.fits')));
      expect([...imageAsFloat64(file.hdus[0]!.data.length > 0 ? file.hdus[0]! : file.hdus[1]!)]).to.deep.equal([...pixels]);
      expect(verifyFits(readFileSync(at(form, 'good.fits'))).nErrors).to.equal(0);
      expect(file.hdus.some(hdu => hdu.name === 'CAT')).to.equal(true);
    });
  }
  it('convert tables to CSV; nothing is overwritten', async () => {
    const made = await apVerify(['fits', 'convert', good(), '--to', 'csv', '-o', at('csv')]);
    expect(made.stdout).to.equal(`${at('csv', 'good.CAT.csv')}\n`);
    expect(readFileSync(at('csv', 'good.CAT.csv'), 'utf8')).to.equal('id,name,pos_1,pos_2\n9007199254740993,"a,b",1.5,\n-1,"say ""x""",3,4\n');
    const again = await apVerify(['fits', 'convert', good(), '--to', 'csv', '-o', at('csv')]);
    expect(again.stderr).to.include('exists');
    expect(again.code).to.equal(64);
    expect((await apVerify(['fits', 'convert', good(), '--to', 'csv', '-o', at('csv'), '--force'])).code).to.equal(0);
    expect((await apVerify(['fits', 'convert', good(), '--to', 'plain'])).code).to.equal(64);
    expect(existsSync(good())).to.equal(true);
  });
});
