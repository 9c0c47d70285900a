/** The butler commands, from an empty folder to a pruned repository: what they print, and what is in the repository then. */
import { expect } from 'chai';
import { Command } from 'commander';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { openRepository } from '../../src/butler/repository.ts';
import { addButlerCommand } from '../../src/cli/commands/butler.ts';
import { lockRun } from '../../src/cli/repositoryOf.ts';
import { defects } from '../../src/model/datasetTypes.ts';
import { ApError } from '../../src/model/errors.ts';
import { taiNsOfTaiIso } from '../../src/sky/time.ts';
import { simRepository, temporaryFolder, writeRaw } from '../butler/fixtures.ts';

/** Runs a command line in this process; returns what it printed, standard error too. */
async function butler(...args: readonly string[]): Promise<string> {
  let text = '';
  const streams = [process.stdout, process.stderr].map(stream => ({ stream, write: stream.write }));
  for (const { stream } of streams) {
    stream.write = ((chunk: string | Uint8Array) => {
      text += String(chunk);
      return true;
    }) as typeof stream.write;
  }
  try {
    const program = new Command('ap-verify').exitOverride();
    addButlerCommand(program);
    await program.parseAsync(['butler', ...args], { from: 'user' });
  } finally {
    for (const { stream, write } of streams) stream.write = write;
  }
  return text;
}

async function refused(words: RegExp, ...args: readonly string[]): Promise<string> {
  const error: unknown = await butler(...args).then(() => undefined, (thrown: unknown) => thrown);
  expect(error, args.join(' ')).to.be.instanceOf(Error);
  expect((error as Error).message).to.match(words);
  return error instanceof ApError ? error.code : 'commander';
}

describe('butler commands', () => {
  /** Two good frames, one of an unknown filter, one that is no FITS file. */
  async function filled(folder: string): Promise<string> {
    const repo = path.join(folder, 'repo');
    const raws = path.join(folder, 'raws');
    writeRaw(raws, 'a.fits');
    writeRaw(raws, 'night/b.fits', { DETNUM: 1 });
    writeRaw(raws, 'odd.fits', { FILTER: 'sim-x' });
    writeFileSync(path.join(raws, 'text.fits'), 'no FITS');
    writeFileSync(path.join(raws, 'notes.txt'), 'not looked at');
    expect(await butler('create', repo)).to.match(/^made .*repo\n$/);
    expect(await butler('register-instrument', repo, 'sim')).to.match(/^sim: 2 detectors/);
    const said = await butler('ingest-raws', repo, raws, '-t', 'link');
    expect(said).to.match(/skipped .*odd\.fits: .*sim-x/).and.match(/skipped .*text\.fits: /)
      .and.match(/2 of 4 files ingested into sim\/raw\/all; 2 skipped\n/);
    expect(await butler('define-visits', repo)).to.equal('1 new visits of sim\n');
    return repo;
  }

  it('fill a repository, do nothing twice, and answer queries', async () => {
    const folder = temporaryFolder();
    const repo = await filled(folder);
    expect(await butler('ingest-raws', repo, path.join(folder, 'raws', 'a.fits'), path.join(folder, 'raws', 'night')))
      .to.match(/is in sim\/raw\/all already[\s\S]*0 of 2 files ingested into sim\/raw\/all; 2 skipped/);
    expect(await butler('define-visits', repo, 'sim')).to.match(/^0 new/);
    expect(await refused(/sim-x/, 'ingest-raws', repo, path.join(folder, 'raws'), '--fail-fast')).to.equal('BAD_FORMAT');
    const rows: readonly (readonly [readonly string[], RegExp])[] = [
      [['query-collections', repo], /^sim\/raw\/all +RUN/], [['query-collections', repo, 'x*'], /^$/],
      [['query-dataset-types', repo], /^raw +RawFits +instrument, detector, exposure/],
      [['query-datasets', repo, 'raw', '-d', 'visit = 1 and detector = 1'], /^raw +\{instrument: sim, detector: 1, exposure: 1\} +sim\/raw\/all\n1 datasets\n$/],
      [['query-datasets', repo, '*', '--collections', 'sim/*', '-d', "exposure.observation_type = 'flat'"], /^0 datasets\n$/],
      [['query-data-ids', repo, 'visit', 'detector', '--datasets', 'raw', '--collections', 'sim/raw/all', '-d', "band = 'g'"],
        /^band instrument day_obs +detector physical_filter visit\ng +sim +20260111 0 +sim-g +1\ng .* 1 +sim-g +1\n2 data IDs\n$/],
      [['query-data-ids', repo, 'visit,detector', '--limit', '1'], /1 data IDs/],
      [['query-dimension-records', repo, 'exposure', '-d', 'exposure.exposure_time > 20'], /obs-1[\s\S]*\[2026-01-12T03:10:37[\s\S]*1 records/],
    ];
    for (const [args, words] of rows) expect(await butler(...args), args.join(' ')).to.match(words);
    expect(await refused(/column 9 of/, 'query-datasets', repo, '-d', "visit = 'a'")).to.equal('BAD_QUERY');
    const file = (await butler('get', repo, 'raw', 'instrument=sim', 'exposure=1', 'detector=0', '--collections', 'sim/raw/all')).trim();
    const copy = path.join(folder, 'copy.fits');
    await butler('get', repo, 'raw', 'instrument=sim', 'exposure=1', 'detector=0', '--collections', 'sim/raw/all', '-o', copy);
    expect(readFileSync(copy)).to.deep.equal(readFileSync(file));
    expect(await refused(/no raw/, 'get', repo, 'raw', 'instrument=sim', 'exposure=2', 'detector=0', '--collections', 'sim/raw/all')).to.equal('DATASET_NOT_FOUND');
    expect(await refused(/key=value/, 'get', repo, 'raw', 'exposure', '--collections', 'sim/raw/all')).to.equal('USAGE');
  });

  it('write curated defects with the time between one table and the next', async () => {
    const folder = temporaryFolder();
    const repo = await filled(folder);
    const table = (x0: number): string => `# %ECSV 1.0\n# ---\n# datatype:\n${['x0', 'y0', 'width', 'height'].map(name => `# - {name: ${name}, datatype: int32}\n`).join('')}`
      + `x0 y0 width height\n${x0} 2 3 4\n`;
    const write = (name: string, text: string): void => {
      const file = path.join(folder, 'curated', 'defects', name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, text);
    };
    write('d0/19700101T000000.ecsv', table(1));
    write('d0/20260112T000000.ecsv', table(9));
    write('d0/README.ecsv', 'x');
    write('1/20260101T000000.ecsv', table(5));
    write('d7/20260101T000000.ecsv', table(5));
    const said = await butler('write-curated-calibrations', repo, '--from', path.join(folder, 'curated'), '--label', 'v1');
    expect(said).to.match(/no detector 'd7'/).and.match(/README\.ecsv: its name is no time/)
      .and.match(/3 defect tables of sim certified in sim\/calib\/v1; 2 skipped/);
    expect(await butler('write-curated-calibrations', repo, 'sim', '--from', path.join(folder, 'curated'), '--label', 'v1')).to.match(/3 defect tables/);
    const repository = openRepository(repo, { readonly: true });
    const at = async (iso: string, detector: number): Promise<number | null> => {
      const begin_ns = taiNsOfTaiIso(iso);
      const ref = repository.find(defects, { instrument: 'sim', detector }, ['sim/calib/v1'], { begin_ns, end_ns: begin_ns + 1n });
      return ref === null ? null : Number((await repository.get(defects, ref)).columns.x0!.values[0]);
    };
    expect([await at('1999-01-01T00:00:00', 0), await at('2026-01-11T23:59:59', 0), await at('2026-01-12T00:00:00', 0), await at('2025-12-31T00:00:00', 1),
      await at('2030-01-01T00:00:00', 1)]).to.deep.equal([1, 1, 9, null, 5]);
    expect(repository.collections('sim/calib/*').map(c => `${c.name} ${c.type}`)).to.include('sim/calib/v1 CALIBRATION');
    repository.close();
    write('d0/20260113T000000.ecsv', '# %ECSV 1.0\n# ---\n# datatype:\n# - {name: x0, datatype: int32}\nx0\n1\n');
    expect(await refused(/20260113T000000\.ecsv.*no column y0/, 'write-curated-calibrations', repo, '--from', path.join(folder, 'curated'))).to.equal('BAD_FORMAT');
  });

  it('certify, chain, export, import and prune', async () => {
    const folder = temporaryFolder();
    const repo = await filled(folder);
    mkdirSync(path.join(folder, 'curated', 'defects', 'D0'), { recursive: true });
    writeFileSync(path.join(folder, 'curated', 'defects', 'D0', '19700101T000000.csv'), 'x0,y0,width,height\n1,2,3,4\n');
    await butler('write-curated-calibrations', repo, '--from', path.join(folder, 'curated'));
    const run = 'sim/calib/curated/19700101T000000';
    expect(await butler('certify-calibrations', repo, run, 'mine', 'defects', '--begin-date', '2026-01-01T00:00:00', '--end-date', '2026-02-01T00:00:00'))
      .to.equal('1 datasets of defects certified in mine\n');
    expect(await refused(/no dataset type/, 'certify-calibrations', repo, run, 'mine', 'bias')).to.equal('DATASET_NOT_FOUND');
    expect(await refused(/no defects/, 'certify-calibrations', repo, 'sim/raw/all', 'mine', 'defects')).to.equal('DATASET_NOT_FOUND');
    expect(await refused(/overlap/, 'certify-calibrations', repo, run, 'mine', 'defects', '--begin-date', '2026-01-15')).to.equal('CALIBRATION_OVERLAP');

    const chain = (...args: readonly string[]): Promise<string> => butler('collection-chain', repo, 'all', ...args);
    expect([await chain('sim/raw/all', 'mine'), await chain(run, '--mode', 'prepend'), await chain(run, '--mode', 'extend'), await chain('mine', '--mode', 'remove'),
      await chain('--mode', 'pop'), await chain('sim/raw/all,mine')].map(text => text.trim())).to.deep.equal([
      'all: sim/raw/all, mine', `all: ${run}, sim/raw/all, mine`, `all: sim/raw/all, mine, ${run}`, `all: sim/raw/all, ${run}`, `all: ${run}`, 'all: sim/raw/all, mine',
    ]);
    expect(await refused(/expected: sim\/raw\/all, mine/, 'collection-chain', repo, 'all', run, '--mode', 'remove')).to.equal('COLLECTION');
    expect(await refused(/0 to 1/, 'collection-chain', repo, 'all', '5', '--mode', 'pop')).to.equal('COLLECTION');

    const out = path.join(folder, 'out');
    expect(await butler('export', repo, out, '--collections', 'all')).to.match(/^3 datasets, \d+ records and 4 collections in .*export\.yaml\n$/);
    const other = path.join(folder, 'other');
    await butler('create', other);
    expect(await butler('import', other, out, '-t', 'move', '-s', 'visit_system_membership')).to.match(/^3 datasets, .*4 new collections, 2 new types\n$/);
    expect(await butler('import', other, out)).to.match(/0 datasets.*3 skipped/);
    expect(await butler('query-collections', other, 'all')).to.match(/CHAINED +sim\/raw\/all, mine/);

    mkdirSync(path.join(other, 'sim', 'left'), { recursive: true });
    writeFileSync(path.join(other, 'sim', 'left', 'over.fits'), 'x');
    expect(await butler('prune', other, '--orphans')).to.equal('sim/left/over.fits\n1 orphan files\nnothing was removed; give --yes to do it\n');
    expect(existsSync(path.join(other, 'sim', 'left', 'over.fits'))).to.equal(true);
    expect(await butler('prune', other, '--orphans', '--yes')).to.match(/1 orphan files/);
    expect(await butler('prune', other, '--orphans')).to.match(/^0 orphan files/);
    expect(await butler('prune', other, '--dataset-type', 'raw', '-d', 'detector = 1', '--yes')).to.match(/detector: 1[\s\S]*^1 datasets/m);
    expect(await butler('query-datasets', other, 'raw')).to.match(/detector: 0.*\n1 datasets/);
    expect(await butler('prune', other, '--run', 'sim/raw/*')).to.match(/run sim\/raw\/all: 1 datasets\nnothing was removed/);
    expect(await butler('prune', other, '--run', 'sim/raw/*', '--yes')).to.equal('run sim/raw/all: 1 datasets\n');
    expect(await butler('query-collections', other)).to.not.match(/^sim\/raw\/all/m);
    expect(await refused(/nothing to prune/, 'prune', other)).to.equal('USAGE');
    expect(await refused(/no run 'x'/, 'prune', other, '--run', 'x')).to.equal('COLLECTION');
  });

  it('do not write into a run that another process owns', async () => {
    const folder = temporaryFolder();
    const repository = simRepository(path.join(folder, 'repo'));
    const release = lockRun(repository, 'sim/raw/all');
    const lock = path.join(repository.root, '.staging', 'locks', 'sim_raw_all', 'run.lock');
    writeFileSync(lock, '1');
    const raw = writeRaw(folder, 'a.fits');
    expect(await refused(/process 1\b/, 'ingest-raws', repository.root, raw)).to.equal('REPOSITORY_BUSY');
    expect(repository.orphans(), 'a lock is no orphan').to.deep.equal([]);
    expect(await butler('ingest-raws', repository.root, raw, '--output-run', 'another')).to.match(/1 of 1/);
    writeFileSync(lock, '999999');
    expect(await butler('ingest-raws', repository.root, raw, '--output-run', 'sim/raw/all').catch((error: Error) => error.message), 'a dead owner is no owner')
      .to.match(/another/);
    release();
    repository.close();
  });
});
