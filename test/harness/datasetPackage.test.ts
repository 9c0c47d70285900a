import { expect } from 'chai';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { listPackages, openPackage, verifyPackage, writePackage } from '../../src/harness/datasetPackage.ts';
import type { DatasetPackage, GeneratedFile } from '../../src/harness/datasetPackage.ts';
import { ApError } from '../../src/model/errors.ts';
import type { ErrorCode } from '../../src/model/errors.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'packages-'));
const MANIFEST = {
  format: 'ap-verify-dataset/1', name: 'a-set', title: 'A set', version: '1', licence: 'CC0-1.0', description: 'x', instrument: 'sim',
  bands: ['g'], pipeline: 'ApPipe', templates: { source: 'visits' }, hasTruth: false,
} as const;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const FILES: readonly GeneratedFile[] = [
  { path: 'raw/a.fits', role: 'raw', bytes: bytes('a raw frame') },
  { path: 'doc/deep/notes.txt', role: 'doc', bytes: bytes('notes') },
];
let nPackages = 0;
const writeOne = (): DatasetPackage => writePackage(path.join(directory, `p${nPackages++}`), MANIFEST, FILES);

async function failure(dataset: DatasetPackage): Promise<ApError> {
  try {
    await verifyPackage(dataset);
  } catch (error) {
    expect(error).to.be.instanceOf(ApError);
    return error as ApError;
  }
  throw new Error('nothing was found wrong');
}

describe('harness/datasetPackage', () => {
  after(() => { rmSync(directory, { recursive: true }); });

  it('writes a package that opens and verifies; by name and by path', async () => {
    const written = writeOne();
    await verifyPackage(written);
    const name = path.basename(written.root);
    expect(openPackage(name, [path.join(directory, 'absent'), directory])).to.deep.equal(written);
    expect(openPackage(written.root, [])).to.deep.equal(written);
    expect(written.manifest.files[0]).to.deep.equal({
      path: 'raw/a.fits', role: 'raw', bytes: 11, sha256: 'fbd2fa0c6de74854df1b2dba02775b289664a9ae4fbbc7901921e34566926fba',
    });
  });

  it('the manifest comes last: a package without it is made again', async () => {
    const { root } = writeOne();
    rmSync(path.join(root, 'dataset.yaml'));
    writeFileSync(path.join(root, 'raw/a.fits'), 'half');
    await verifyPackage(writePackage(root, MANIFEST, FILES));
    expect(existsSync(path.join(root, 'dataset.yaml.tmp'))).to.equal(false);
  });

  const damages: readonly [string, (file: string) => void, ErrorCode, RegExp][] = [
    ['a missing file', file => rmSync(file), 'FILE_NOT_FOUND', /a\.fits.*11 bytes/],
    ['a short file', file => truncateSync(file, 4), 'FILE_TRUNCATED', /found: 4 bytes.*11 bytes/],
    ['a long file', file => appendFileSync(file, 'x'), 'FILE_CHECKSUM', /found: 12 bytes/],
    ['one changed byte', file => writeFileSync(file, 'a raw framE'), 'FILE_CHECKSUM', /found: 11 bytes, sha256/],
  ];
  for (const [name, damage, code, pattern] of damages) {
    it(`finds ${name}`, async () => {
      const dataset = writeOne();
      damage(path.join(dataset.root, 'raw/a.fits'));
      const error = await failure(dataset);
      expect(error.code).to.equal(code);
      expect(error.message).to.match(pattern);
    });
  }

  it('lists packages of several folders once, sorted; other folders are none', () => {
    const [one, two] = ['one', 'two'].map(name => path.join(directory, name)) as [string, string];
    for (const [dir, name] of [[one, 'b'], [one, 'a'], [two, 'b'], [two, 'c']] as const) writePackage(path.join(dir, name), MANIFEST, FILES);
    mkdirSync(path.join(one, 'empty'));
    writeFileSync(path.join(one, 'a-file'), '');
    expect(listPackages([one, two, path.join(directory, 'absent')])).to.deep.equal(['a', 'b', 'c']);
    expect(() => openPackage('d', [one, two])).to.throw(ApError, /found: d; expected: a, b, c/)
      .with.property('code', 'DATASET_PACKAGE_NOT_FOUND');
    expect(() => openPackage('d', [])).to.throw(ApError, /folder with dataset\.yaml/);
  });

  const manifests: readonly [string, (text: string) => string, RegExp][] = [
    ['bad syntax', () => 'format: [1', /dataset\.yaml:\d+:\d+/],
    ['a key twice', text => `${text}name: again\n`, /unique.*dataset\.yaml:\d+/],
    ['an alias without an anchor', text => text.replace('title: A set', 'title: *x'), /alias/],
    ['nothing', () => '', /must be object/],
    ['several faults, all told', text => text.replace('sim', '\'\'').replace('bytes: 11', 'bytes: -1'), /instrument.*bytes|bytes.*instrument/],
    ['a path that leaves the package', text => text.replace('raw/a.fits', '../a.fits'), /path/],
  ];
  for (const [name, change, pattern] of manifests) {
    it(`refuses a manifest with ${name}`, () => {
      const { root } = writeOne();
      const file = path.join(root, 'dataset.yaml');
      const before = readFileSync(file, 'utf8');
      writeFileSync(file, change(before));
      expect(readFileSync(file, 'utf8')).not.to.equal(before);
      expect(() => openPackage(root, [])).to.throw(ApError, pattern).with.property('code', 'DATASET_PACKAGE_INVALID');
    });
  }

  it('does not write a manifest that it would not read', () => {
    const files = [{ ...FILES[0]!, bytes: bytes('') }];
    expect(() => writePackage(path.join(directory, 'empty'), MANIFEST, files)).to.throw(ApError, /bytes/);
  });
});
