/** Pipelines on a repository from the command line: graphs on file, kills, limits, the five tasks of 2021, and one data ID at a time. */
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { openRepository } from '../../src/butler/repository.ts';
import type { Repository } from '../../src/butler/repository.ts';
import type { DatasetType } from '../../src/model/dataset.ts';
import * as types from '../../src/model/datasetTypes.ts';
import type { Table } from '../../src/model/table.ts';
import { column } from '../../src/model/table.ts';
import type { ButlerLogRecords } from '../../src/pipeline/logRecords.ts';
import { GENERATORS } from '../../src/simulate/index.ts';
import { apVerify, resultOf, startApVerify, temporaryFolder } from '../e2e/apVerify.ts';
import type { Started } from '../e2e/apVerify.ts';

const QUERY = 'visit=1 and detector=0';
const INPUTS = `sim/defaults/sim-small/${GENERATORS['sim-small']!.version}`;

interface Event {
  readonly event: string;
  readonly task?: string;
  readonly status?: string;
  readonly message?: string | null;
}

describe('pipetask and ap-pipe', () => {
  const folder = temporaryFolder();
  const at = (...parts: string[]): string => path.join(folder(), ...parts);
  const pipetask = (command: string, ...args: string[]): ReturnType<typeof apVerify> => apVerify(['pipetask', command, '-b', at('w'), ...args]);

  before(async () => {
    const first = await apVerify(['run', 'sim-small', '-o', at('w'), '-j', '2', '-d', QUERY]);
    expect(first.code, first.stderr).to.be.oneOf([0, 1, 2]);
  });

  async function withRepository<T>(use: (repository: Repository) => T | Promise<T>): Promise<T> {
    const repository = openRepository(at('w', 'repo'), { readonly: true });
    try {
      return await use(repository);
    } finally {
      repository.close();
    }
  }
  const read = <T>(type: DatasetType<T>, collection: string): Promise<T> => withRepository(async repository => {
    const refs = repository.query(repository.datasetType(type.name)!, [collection]);
    expect(refs, `${type.name} in ${collection}`).to.have.length(1);
    return repository.get(type, refs[0]!);
  });
  const logOf = (label: string, collection: string): Promise<ButlerLogRecords> =>
    read({ name: `${label}_log`, dimensions: [], storageClass: 'LogRecords', isCalibration: false } as DatasetType<ButlerLogRecords>, collection);
  const eventsOf = (text: string): Event[] => text.trimEnd().split('\n').filter(line => line.startsWith('{')).map(line => JSON.parse(line) as Event);
  async function until(started: Started, isSo: (events: readonly Event[]) => boolean): Promise<void> {
    const deadline = performance.now() + 60_000;
    while (!isSo(eventsOf(started.said().replace(/[^\n]*$/, ''))) && performance.now() < deadline) await new Promise(resolve => setTimeout(resolve, 30));
  }
  const begun = (task: string) => (events: readonly Event[]): boolean => events.some(e => e.event === 'started' && e.task === task);

  it('a graph on file, killed in the middle, goes on and gives the outputs of ap-verify run', async () => {
    const made = await pipetask('qgraph', '-p', 'ApPipe', '-i', INPUTS, '-o', 'u/graph', '-d', QUERY, '-q', at('g.jsonl'));
    expect(made.code, made.stderr).to.equal(0);
    expect(made.stdout).to.match(/^8 quanta of 8 tasks\nisr +1\n/);
    const args = ['pipetask', 'run', '-b', at('w'), '-g', at('g.jsonl'), '--apdb', at('g.sqlite3'), '--register-dataset-types', '--json'];
    const killed = startApVerify(args);
    await until(killed, begun('subtractImages'));
    killed.child.kill('SIGKILL');
    await killed.ended;
    const refused = await apVerify(args);
    expect(refused.stderr).to.match(/--extend-run/);
    expect(refused.code).to.equal(4);
    const ended = await apVerify([...args, '--extend-run', '--summary', at('summary.json')]);
    expect(ended.code, ended.stderr).to.equal(0);
    const statuses = eventsOf(ended.stderr).filter(e => e.event === 'finished').map(e => e.status);
    expect(statuses).to.include('reused').and.to.include('succeeded');
    expect(JSON.parse(readFileSync(at('summary.json'), 'utf8'))).to.deep.include({ status: 'success' });
    await withRepository(repository => { expect(repository.orphans()).to.deep.equal([]); });
    const run = resultOf(at('w')).run.collection;
    for (const type of [types.starCatalog, types.diaSourceUnfiltered, types.diaSourceApdb, types.diaObjectApdb]) {
      expect(await read(type, 'u/graph'), type.name).to.deep.equal(await read(type, run));
    }
  });

  it('a pipeline is cut, drawn and saved, and a replaced run is purged', async () => {
    const args = ['-p', 'ApPipe', '--delete', 'apPipeDifference', '--delete', 'associateApdb', '-i', INPUTS, '-o', 'u/drawn', '-d', QUERY, '--register-dataset-types'];
    const drawings = ['--qgraph-dot', at('q.dot'), '--pipeline-mermaid', at('p.mmd')];
    const first = await pipetask('run', ...args, '--delete', 'calibrateImage', '-s', at('saved.yaml'), ...drawings);
    expect(first.code, first.stderr).to.equal(0);
    expect(first.stderr).to.match(/1 quanta: 1 succeeded/);
    expect(readFileSync(at('q.dot'), 'utf8')).to.match(/label="isr\\n\{instrument: sim/);
    expect(readFileSync(at('p.mmd'), 'utf8')).to.match(/isr<br>IsrTask/);
    const runs = (): Promise<readonly string[]> => withRepository(repository => repository.collections('u/drawn/*').map(({ name }) => name));
    const before = await runs();
    expect(before).to.have.length(1);
    const idle = await pipetask('run', '-p', at('saved.yaml'), '-o', 'u/drawn', '-d', QUERY, '--prune-replaced', 'purge');
    expect([idle.code, idle.stderr]).to.satisfy(([code, text]: [number, string]) => code === 64 && /--replace-run/.test(text));
    await new Promise(resolve => setTimeout(resolve, 1100));
    const second = await pipetask('run', '-p', at('saved.yaml'), '-o', 'u/drawn', '-d', QUERY, '--replace-run', '--prune-replaced', 'purge');
    expect(second.code, second.stderr).to.equal(0);
    const after = await runs();
    expect(after).to.have.length(1).and.not.include(before[0]);
    await withRepository(repository => { expect(repository.orphans()).to.deep.equal([]); });
  });

  it('dataset types must be registered, and prerequisites are explained', async () => {
    const unknown = await pipetask('run', '-p', 'ApPipe-2021#processCcd', '-i', INPUTS, '-o', 'u/types', '-d', QUERY);
    expect(unknown.stderr).to.match(/icExp.*--register-dataset-types/);
    expect(unknown.code).to.equal(4);
    const missing = await pipetask('qgraph', '-p', 'ApPipe#isr', '-i', 'sim/raw/all', '-d', QUERY);
    expect(missing.code).to.equal(4);
    expect(missing.stderr).to.match(/no 'bias' for \{instrument: sim, detector: 0, exposure: 1\} at 2026-.*searched: sim\/raw\/all/);
  });

  it('the quantum of a worker that is killed runs again and says so', async function () {
    if (process.platform !== 'linux') {
      process.stdout.write('      skipped: not Linux\n');
      this.skip();
    }
    const started = startApVerify([
      'pipetask', 'run', '-b', at('w'), '-p', 'ApPipe#apPipeSingleFrame', '-i', INPUTS, '-o', 'u/killed', '-d', QUERY, '--json',
    ]);
    await until(started, begun('calibrateImage'));
    const workers = readFileSync(`/proc/${started.child.pid}/task/${started.child.pid}/children`, 'utf8').trim().split(' ').map(Number);
    for (const worker of workers) process.kill(worker, 'SIGKILL');
    const ended = await started.ended;
    expect(ended.code, ended.stderr).to.equal(0);
    const last = eventsOf(ended.stderr).find(e => e.event === 'finished' && e.task === 'calibrateImage');
    expect(last).to.include({ status: 'succeeded' });
    expect(last!.message).to.match(/^attempt 2, after the worker ended/);
    expect((await logOf('calibrateImage', 'u/killed')).records[0]).to.include({ levelname: 'WARNING', message: last!.message });
  });

  it('a quantum beyond the time limit fails with that reason, in its log too', async () => {
    const ended = await pipetask('run', '-p', 'ApPipe#apPipeSingleFrame', '-i', INPUTS, '-o', 'u/late', '-d', QUERY, '--timeout', '0.02');
    expect(ended.code).to.equal(3);
    expect(ended.stderr).to.match(/isr .*failed.*time limit of 0\.02 s/);
    expect(ended.stderr).to.match(/2 quanta: 0 succeeded, 0 noWork, 0 reused, 1 failed, 1 blocked/);
    expect((await logOf('isr', 'u/late')).records.at(-1)).to.include({ levelname: 'ERROR', message: 'ended after the time limit of 0.02 s' });
  });

  it('the five tasks of 2021 pass the specifications that the present ones pass', async () => {
    const before = resultOf(at('w'));
    const ended = await apVerify(['run', 'sim-small', '-o', at('w'), '-j', '2', '-d', QUERY, '-p', 'ApPipe-2021']);
    const after = resultOf(at('w'));
    expect(ended.code, ended.stderr).to.equal(before.verdict.exitCode);
    expect(after.run.quanta.map(({ task }) => task)).to.deep.equal(['isr', 'characterizeImage', 'calibrate', 'imageDifference', 'diaPipe']);
    // Times and memory are those of named tasks; the tasks differ.
    const resources = new Set(before.metrics.filter(({ tags }) => tags.includes('resource')).map(({ name }) => name));
    const measured = (result: typeof after): Set<string> =>
      new Set(result.measurements.filter(({ status, metric }) => status === 'ok' && !resources.has(metric)).map(({ metric }) => metric));
    expect(measured(after)).to.deep.equal(measured(before));
  });

  it('ap-pipe does one data ID in one process, and takes what it is told to', async () => {
    const args = ['ap-pipe', at('w'), '--id', 'visit=1', 'detector=0', '-o', 'u/ap', '-c', `diaPipe.apdb.db_url=sqlite:///${at('ap.sqlite3')}`];
    const first = await apVerify(args);
    expect(first.code, first.stderr).to.equal(0);
    expect(first.stderr).to.match(/5 quanta: 5 succeeded/);
    const sources = (table: Table): bigint[] => [...column(table, 'diaSourceId', 'i64')];
    const before = await read(types.diaSourceApdb, 'u/ap');
    expect(sources(before)).to.deep.equal(sources(await read(types.diaSourceApdb, resultOf(at('w')).run.collection)));
    const second = await apVerify([...args, '--reuse-outputs-from', 'differencer']);
    expect(second.stderr).to.match(/1 succeeded, 0 noWork, 4 reused/);
    expect(sources(await read(types.diaSourceApdb, 'u/ap'))).to.deep.equal(sources(before));
    const templates = await apVerify([...args, '-o', 'u/ap2', '--template-id', 'visit=3', 'detector=0', '-p', 'ApPipe-2021#..imageDifference']);
    expect(templates.code, templates.stderr).to.equal(0);
    expect(templates.stderr).to.match(/7 quanta: 7 succeeded/);
    expect((await read(types.templateDetector, 'u/ap2')).metadata.templateVisits).to.equal('3');
    await withRepository(repository => { expect(repository.orphans()).to.deep.equal([]); });
  });
});
