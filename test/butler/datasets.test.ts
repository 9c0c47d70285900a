import { expect } from 'chai';
import { spawn } from 'node:child_process';
import Database from 'better-sqlite3';
import { appendFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openRepository } from '../../src/butler/repository.ts';
import type { IngestItem, Repository } from '../../src/butler/repository.ts';
import { STAGING_FOLDER, discardStaged, readDataset, stageDataset } from '../../src/butler/staging.ts';
import type { StagedDataset } from '../../src/butler/staging.ts';
import type { DatasetRef } from '../../src/model/dataset.ts';
import { tableFromRows } from '../../src/model/table.ts';
import type { Table } from '../../src/model/table.ts';
import { expectError, expectRejection, gain, note, put, simRepository, temporaryFolder } from './fixtures.ts';

const d0 = { instrument: 'sim', detector: 0 };
const d1 = { instrument: 'sim', detector: 1 };
const stage = (repository: Repository, value: unknown, dataId = d0, run = 'r1'): StagedDataset =>
  stageDataset(repository.root, { type: note, dataId, run }, value);
const stagedFiles = (repository: Repository): string[] => {
  const folder = path.join(repository.root, STAGING_FOLDER);
  return existsSync(folder) ? readdirSync(folder) : [];
};

describe('butler commit', () => {
  let repository: Repository;
  beforeEach(() => { repository = simRepository(path.join(temporaryFolder(), 'r')); });
  afterEach(() => { repository.close(); });

  it('makes staged datasets visible, and not before', async () => {
    const staged = structuredClone([stage(repository, { a: 1 }), stage(repository, { a: NaN }, d1)]);
    expect(repository.query(note, ['r1'])).to.deep.equal([]);
    expect(repository.orphans()).to.deep.equal(staged.map(s => s.temporary).sort());
    const refs = repository.commit(staged);
    expect(refs.map(({ datasetType, dataId, run }) => ({ datasetType, dataId, run })))
      .to.deep.equal([d0, d1].map(dataId => ({ datasetType: 'note', dataId, run: 'r1' })));
    expect(repository.query(note, ['r1'])).to.deep.equal(refs);
    expect(repository.orphans()).to.deep.equal([]);
    expect(await repository.get(note, refs[1]!)).to.deep.equal({ a: NaN });
    expect(await readDataset(repository.root, note, staged[0]!.path)).to.deep.equal({ a: 1 });
  });

  it('gives a dataset the same identity and path every time', () => {
    const [a, b] = [stage(repository, { a: 1 }), stage(repository, { a: 2 })];
    expect([b.id, b.path]).to.deep.equal([a.id, a.path]);
    expect(b.temporary).to.not.equal(a.temporary);
    discardStaged(repository.root, [a, b]);
    expect(repository.orphans()).to.deep.equal([]);
  });

  it('again changes nothing; another content is refused and nothing of the batch stays', async () => {
    const ref = put(repository, note, d0, { a: 1 });
    expect(put(repository, note, d0, { a: 2 })).to.deep.equal(ref);
    const batch = [stage(repository, { b: 1 }, d1), stage(repository, { a: 'longer' })];
    expectError(() => repository.commit(batch), 'DATASET_CONFLICT', /note \{instrument: sim, detector: 0\} in r1.*16 bytes|bytes as stored/);
    expect(repository.query(note, ['r1'])).to.deep.equal([ref]);
    expect(await repository.get(note, ref)).to.deep.equal({ a: 1 });
    expect(repository.orphans()).to.deep.equal(batch.map(s => s.temporary).sort());
  });

  it('works again after it died between the files and the rows', async () => {
    const staged = stage(repository, { a: 1 });
    const final = path.join(repository.root, staged.path);
    mkdirSync(path.dirname(final), { recursive: true });
    writeFileSync(final, 'from a commit that was killed');
    expect(repository.orphans()).to.include(staged.path);
    const [ref] = repository.commit([staged]);
    expect(await repository.get(note, ref!)).to.deep.equal({ a: 1 });
    expect(repository.orphans()).to.deep.equal([]);
  });

  it('takes the files back when the database cannot commit', () => {
    const staged = stage(repository, { a: 1 });
    const reader = new Database(path.join(repository.root, 'gen3.sqlite3'), { readonly: true });
    reader.exec('BEGIN');
    reader.prepare('SELECT * FROM collection').get();
    expectError(() => repository.commit([staged]), 'REPOSITORY_BUSY', /give the same command again/);
    expect(repository.orphans()).to.deep.equal([staged.temporary]);
    reader.exec('COMMIT');
    reader.close();
    const [ref] = repository.commit([staged]);
    expect(repository.has(ref!)).to.equal(true);
    expect(repository.orphans()).to.deep.equal([]);
  });

  it('wants the run and the type registered, and the staged file whole', () => {
    const staged = stage(repository, { a: 1 });
    expectError(() => repository.commit([{ ...staged, run: 'r9' }]), 'COLLECTION', /r9/);
    expectError(() => repository.commit([{ ...staged, datasetType: 'other' }]), 'DATASET_NOT_FOUND', /other/);
    appendFileSync(path.join(repository.root, staged.temporary), ' ');
    expectError(() => repository.commit([staged]), 'FILE_TRUNCATED', /expected: \d+ bytes/);
    discardStaged(repository.root, [staged]);
    expectError(() => repository.commit([staged]), 'FILE_NOT_FOUND', /staging/);
    expectError(() => stageDataset(repository.root, { type: note, dataId: { instrument: 'sim' }, run: 'r1' }, 1), 'BAD_QUERY', /without detector/);
    expectError(() => put(repository, note, { instrument: 'sim', detector: 77 }, {}), 'REPOSITORY', /refers to/);
    expect(repository.query(note, ['r1'])).to.deep.equal([]);
  });

  it('a table comes back through Parquet', async () => {
    const type = { ...note, name: 'tab', storageClass: 'Table' as const };
    repository.registerDatasetType(type);
    const table = tableFromRows([{ name: 'id', type: 'i64', unit: '', doc: 'id' }, { name: 'x', type: 'f64', unit: 'px', doc: 'x' }],
      [{ id: 2n ** 60n + 1n, x: 1.5 }, { id: 3n, x: NaN }]);
    const back = await repository.get(type, put(repository, type, d0, table)) as Table;
    expect([...back.columns.id!.values as BigInt64Array]).to.deep.equal([2n ** 60n + 1n, 3n]);
    expect([...back.columns.x!.values as Float64Array]).to.deep.equal([1.5, NaN]);
  });

  it('a damaged or lost file is named', async () => {
    const ref = put(repository, note, d0, { a: 1 });
    const file = repository.pathOf(ref);
    truncateSync(file, 3);
    await expectRejection(repository.get(note, ref), 'FILE_TRUNCATED', new RegExp(`${path.basename(file)}; found: 3 bytes; expected: \\d+ bytes`));
    rmSync(file);
    expect(repository.has(ref)).to.equal(false);
    await expectRejection(repository.get(note, ref), 'FILE_NOT_FOUND', new RegExp(path.basename(file)));
    expect(repository.commit([stage(repository, { a: 1 })])).to.deep.equal([ref]);
    expect(await repository.get(note, ref)).to.deep.equal({ a: 1 });
    await expectRejection(repository.get(note, { ...ref, id: '97177534-e8af-558d-9103-e01c987989e1' }), 'DATASET_NOT_FOUND', /no file of note/);
  });
});

describe('butler find and query', () => {
  it('take the first collection that has the data ID', () => {
    const repository = simRepository(path.join(temporaryFolder(), 'r'));
    const [a0, b0, b1] = [put(repository, note, d0, 1, 'a'), put(repository, note, d0, 2, 'b'), put(repository, note, d1, 3, 'b')];
    repository.registerTagged('tag');
    repository.associate('tag', [b0]);
    repository.associate('tag', [b0]);
    repository.registerChain('ab', ['a', 'b']);
    const found: readonly [readonly string[], (DatasetRef | null)[]][] = [
      [['a'], [a0, null]], [['b'], [b0, b1]], [['ab'], [a0, b1]], [['b', 'a'], [b0, b1]], [['tag', 'ab'], [b0, b1]], [[], [null, null]],
    ];
    for (const [collections, refs] of found) {
      expect([d0, d1].map(dataId => repository.find(note, { ...dataId, band: 'g' }, collections)), collections.join()).to.deep.equal(refs);
      expect(repository.query(note, collections), collections.join()).to.deep.equal(refs.filter(ref => ref !== null));
    }
    expect(repository.find({ ...note, name: 'unknown' }, d0, ['a'])).to.equal(null);
    expectError(() => repository.find(note, { detector: 1 }, ['a']), 'BAD_QUERY', /without instrument/);
    expectError(() => { repository.associate('tag', [a0]); }, 'DATASET_CONFLICT', /tag, note/);
    expectError(() => { repository.associate('a', [a0]); }, 'COLLECTION', /RUN collection/);
    repository.close();
  });
});

describe('butler ingest', () => {
  let repository: Repository;
  let folder: string;
  const item = (name: string, changes: Partial<IngestItem> = {}): IngestItem =>
    ({ type: note, dataId: d0, run: 'r1', path: path.join(folder, name), mode: 'copy', ...changes });
  beforeEach(() => {
    folder = temporaryFolder();
    repository = simRepository(path.join(folder, 'r'));
    writeFileSync(path.join(folder, 'one.yaml'), '{"a": 1}');
    writeFileSync(path.join(folder, 'two.yaml'), '{"a": 22}');
  });
  afterEach(() => { repository.close(); });

  for (const mode of ['copy', 'link', 'direct'] as const) {
    it(`${mode}: twice is as good as once`, async () => {
      const [ref] = repository.ingest([item('one.yaml', { mode })]);
      expect(repository.ingest([item('one.yaml', { mode })])).to.deep.equal([ref]);
      expect(await repository.get(note, ref!)).to.deep.equal({ a: 1 });
      const isInside = !path.relative(repository.root, repository.pathOf(ref!)).startsWith('..');
      expect(isInside).to.equal(mode !== 'direct');
      const inode = (file: string): number => statSync(file).ino;
      expect(inode(repository.pathOf(ref!)) === inode(path.join(folder, 'one.yaml'))).to.equal(mode !== 'copy');
      expect(stagedFiles(repository)).to.deep.equal([]);
      expectError(() => repository.ingest([item('two.yaml', { mode })]), 'DATASET_CONFLICT', /9 bytes; expected: 8 bytes/);
      expect(stagedFiles(repository)).to.deep.equal([]);
      repository.removeRun('r1');
      expect(readFileSync(path.join(folder, 'one.yaml'), 'utf8')).to.equal('{"a": 1}');
      expect(repository.orphans()).to.deep.equal([]);
    });
  }
  it('keeps the extension, doubled ones too', () => {
    writeFileSync(path.join(folder, 'x.fits.gz'), 'x');
    const [ref] = repository.ingest([item('x.fits.gz')]);
    expect(repository.pathOf(ref!)).to.match(/note_sim_D0_r1\.fits\.gz$/);
  });
  it('is all or nothing', () => {
    expectError(() => repository.ingest([item('one.yaml'), item('three.yaml', { dataId: d1 })]), 'FILE_NOT_FOUND', /three\.yaml/);
    expectError(() => repository.ingest([item('one.yaml'), item('two.yaml')]), 'DATASET_CONFLICT', /note/);
    expect(repository.query(note, ['r1'])).to.deep.equal([]);
    expect(repository.orphans()).to.deep.equal([]);
  });
  it('of a dataset that is the same everywhere wants one run', () => {
    repository.registerRun('r2');
    repository.ingest([item('one.yaml', { idMode: 'DATAID_TYPE' })]);
    expectError(() => repository.ingest([item('one.yaml', { idMode: 'DATAID_TYPE', run: 'r2' })]), 'DATASET_CONFLICT', /run r1, where it is/);
  });
  it('takes 2000 small datasets quickly', function () {
    const dataIds = Array.from({ length: 2000 }, (_, k) => ({ instrument: 'sim', visit_system: 10 + k }));
    repository.insertRecords('visit_system', dataIds.map(d => ({ instrument: 'sim', id: d.visit_system, name: `s${d.visit_system}` })));
    const type = { ...note, name: 'many', dimensions: ['instrument', 'visit_system'] as const };
    repository.registerDatasetType(type);
    const start = performance.now();
    repository.ingest(dataIds.map(dataId => item('one.yaml', { type, dataId, mode: 'link' })));
    const seconds = (performance.now() - start) / 1000;
    expect(repository.query(type, ['r1']).length).to.equal(2000);
    process.stdout.write(`    ${Math.round(2000 / seconds)} datasets/s\n`);
    expect(seconds).to.be.lessThan(20);
  });
});

describe('butler removal', () => {
  let repository: Repository;
  beforeEach(() => { repository = simRepository(path.join(temporaryFolder(), 'r')); });
  afterEach(() => { repository.close(); });

  it('of a run takes rows, files, empty folders, tags, certifications and its place in chains', () => {
    const kept = put(repository, note, d0, 1, 'keep');
    const gone = [put(repository, note, d0, 2, 'go/deep'), put(repository, gain, d0, 3, 'go/deep')];
    repository.registerTagged('tag');
    repository.registerCalibrationCollection('calib');
    repository.associate('tag', [gone[0]!]);
    repository.certify('calib', [gone[1]!], { begin_ns: null, end_ns: null });
    repository.registerChain('all', ['go/deep', 'keep']);
    repository.removeRun('go/deep');
    expect(repository.collections('all')[0]!.children).to.deep.equal(['keep']);
    expect(repository.query(note, ['all', 'tag'])).to.deep.equal([kept]);
    expect(repository.query(gain, ['calib'])).to.deep.equal([]);
    expect(gone.map(ref => repository.has(ref))).to.deep.equal([false, false]);
    expect(existsSync(path.join(repository.root, 'go'))).to.equal(false);
    expect(repository.orphans()).to.deep.equal([]);
    expectError(() => { repository.removeRun('go/deep'); }, 'COLLECTION', /go\/deep/);
    expectError(() => { repository.removeRun('tag'); }, 'COLLECTION', /TAGGED/);
    expect(repository.has(put(repository, note, d0, 2, 'go/deep'))).to.equal(true);
  });
  it('of single datasets leaves the others', () => {
    const [a, b] = [put(repository, note, d0, 1), put(repository, note, d1, 2)];
    repository.prune([a, a]);
    expect(repository.query(note, ['r1'])).to.deep.equal([b]);
    expect(repository.orphans()).to.deep.equal([]);
    repository.prune([]);
    expect(repository.has(b)).to.equal(true);
  });
  it('that was interrupted is finished by the next change', async () => {
    const ref = put(repository, note, d0, 1);
    const db = new Database(path.join(repository.root, 'gen3.sqlite3'));
    db.pragma('foreign_keys = ON');
    db.exec(`INSERT INTO dataset_location_trash SELECT dataset_id, datastore_name FROM dataset_location; DELETE FROM dataset_location; DELETE FROM dataset`);
    db.close();
    expect(repository.has(ref)).to.equal(false);
    const again = put(repository, note, d0, { b: 2 });
    expect(again.id).to.equal(ref.id);
    expect(await repository.get(note, again)).to.deep.equal({ b: 2 });
  });
  it('of orphans leaves what is named', () => {
    const ref = put(repository, note, d0, 1);
    writeFileSync(path.join(repository.root, 'r1', 'stray.txt'), '');
    stage(repository, 5, d1);
    expect(repository.orphans().length).to.equal(2);
    expect(repository.removeOrphans()).to.equal(2);
    expect(repository.orphans()).to.deep.equal([]);
    expect(repository.has(ref)).to.equal(true);
  });
  it('cannot be part of a larger transaction', () => {
    const ref = put(repository, note, d0, 1);
    expect(() => repository.transaction(() => { repository.prune([ref]); })).to.throw(/transaction of its own/);
    expect(repository.has(ref)).to.equal(true);
  });
});

describe('butler with two connections', () => {
  it('a reader sees what is committed, and a second writer waits, then says so', () => {
    const repository = simRepository(path.join(temporaryFolder(), 'r'));
    const reader = openRepository(repository.root, { readonly: true });
    const writer = openRepository(repository.root, { busyTimeout_ms: 50 });
    const ref = put(repository, note, d0, 1);
    expect(reader.find(note, d0, ['r1'])).to.deep.equal(ref);
    repository.transaction(() => {
      repository.registerRun('r2');
      expect(reader.collections().map(c => c.name)).to.deep.equal(['r1']);
      expectError(() => { writer.registerRun('r3'); }, 'REPOSITORY_BUSY', /gen3\.sqlite3/);
    });
    writer.registerRun('r3');
    expect(reader.collections().map(c => c.name)).to.deep.equal(['r1', 'r2', 'r3']);
    for (const r of [repository, reader, writer]) r.close();
  });

  it('a transaction that throws leaves nothing', () => {
    const repository = simRepository(path.join(temporaryFolder(), 'r'));
    expect(() => repository.transaction(() => {
      repository.registerRun('r2');
      throw new Error('stop');
    })).to.throw('stop');
    expect(repository.collections().map(c => c.name)).to.deep.equal(['r1']);
    repository.close();
  });

  it('a writer killed at any moment leaves a repository that is whole', async function () {
    this.slow(4000);
    const repository = simRepository(path.join(temporaryFolder(), 'r'));
    const script = fileURLToPath(new URL('./committingChild.ts', import.meta.url));
    const child = spawn(process.execPath, [script, repository.root], { stdio: ['ignore', 'pipe', 'inherit'] });
    let nSaid = 0;
    child.stdout.on('data', (data: Buffer) => {
      nSaid += data.toString().split('\n').length - 1;
      if (nSaid >= 15) child.kill('SIGKILL');
    });
    await new Promise(resolve => { child.on('close', resolve); });
    const runs = repository.collections('child/*').map(c => c.name);
    const refs = runs.flatMap(run => repository.query(note, [run]));
    expect(nSaid).to.be.at.least(15);
    expect(refs.length).to.be.at.least(2 * nSaid);
    expect(refs.length % 2, 'both datasets of a commit or none').to.equal(0);
    expect(refs.every(ref => repository.has(ref))).to.equal(true);
    repository.removeOrphans();
    const last = runs.at(-1)!;
    for (const dataId of [d0, d1]) expect(repository.has(put(repository, note, dataId, { k: 0 }, `again-${last.replace('/', '-')}`))).to.equal(true);
    expect(repository.orphans()).to.deep.equal([]);
    repository.close();
  });
});
