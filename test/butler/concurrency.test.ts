/** Several processes in one repository: each in runs of its own, at the same time. */
import { expect } from 'chai';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { openRepository } from '../../src/butler/repository.ts';
import { lockRun } from '../../src/cli/repositoryOf.ts';
import { expectError, note, simRepository, temporaryFolder } from './fixtures.ts';

const CHILD = path.join(import.meta.dirname, 'writingChild.ts');

/** `ready` when the child can begin; `ended` gives the exit code and what it complained about. */
interface Writer {
  readonly child: ChildProcess;
  readonly ready: Promise<void>;
  readonly ended: Promise<string>;
}

function writer(root: string, prefix: string, n: number): Writer {
  const child = spawn(process.execPath, [CHILD, root, prefix, String(n)], { stdio: ['pipe', 'pipe', 'pipe'] });
  let complaints = '';
  child.stderr.on('data', (text: Buffer) => { complaints += text.toString(); });
  const ended = new Promise<string>(resolve => { child.on('close', code => { resolve(`${String(code)} ${complaints}`.trim()); }); });
  const ready = new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => { resolve(); });
    child.once('close', () => { reject(new Error(complaints)); });
  });
  return { child, ready, ended };
}

describe('several processes in one repository', () => {
  it('write different runs at the same time, and nothing is lost', async function () {
    this.timeout(30_000);
    const repository = simRepository(path.join(temporaryFolder(), 'r'));
    const [n, prefixes] = [25, ['a', 'b', 'c']] as const;
    const writers = prefixes.map(prefix => writer(repository.root, prefix, n));
    await Promise.all(writers.map(({ ready }) => ready));
    for (const { child } of writers) child.stdin!.write('go\n');
    let nSeen = 0;
    let isOver = false;
    const over = Promise.all(writers.map(({ ended }) => ended)).then(codes => {
      isOver = true;
      return codes;
    });
    const reader = openRepository(repository.root, { readonly: true });
    while (!isOver) {
      const now = reader.query(note, ['*']).length;
      expect(now % 2, 'a commit is seen whole').to.equal(0);
      expect(now).to.be.at.least(nSeen);
      nSeen = now;
      await new Promise(resolve => { setTimeout(resolve, 20); });
    }
    expect(await over).to.deep.equal(['0', '0', '0']);
    reader.close();
    for (const prefix of prefixes) {
      for (let k = 0; k < n; k++) {
        const refs = repository.query(note, [`${prefix}/${k}`]);
        expect(refs.map(ref => ref.dataId.detector)).to.deep.equal([0, 1]);
        expect(await repository.get(note, refs[1]!)).to.deep.equal({ prefix, k });
      }
    }
    expect(repository.orphans()).to.deep.equal([]);
    repository.close();
  });

  it('a run has one owner: a second one is told who, other runs are free, and a dead owner is none', async () => {
    const repository = simRepository(path.join(temporaryFolder(), 'r'));
    const { child, ready, ended } = writer(repository.root, 'x', 0);
    await ready;
    const release = lockRun(repository, 'u/run');
    const lock = path.join(repository.root, '.staging', 'locks', 'u_run', 'run.lock');
    expect(readFileSync(lock, 'utf8')).to.equal(String(process.pid));
    writeFileSync(lock, String(child.pid));
    expectError(() => lockRun(repository, 'u/run'), 'REPOSITORY_BUSY', new RegExp(`process ${child.pid!}\\b`));
    lockRun(repository, 'u/other')();
    child.stdin!.end('go\n');
    expect(await ended).to.equal('0');
    lockRun(repository, 'u/run')();
    release();
    repository.close();
  });

  it('files that a living process stages are no orphans; those of a dead one are', async () => {
    const repository = simRepository(path.join(temporaryFolder(), 'r'));
    const { child, ready, ended } = writer(repository.root, 'x', 0);
    await ready;
    const staged = `.staging/0f8fad5b-d9cb-469f-a165-70867728950e-${child.pid!}-1.tmp`;
    mkdirSync(path.join(repository.root, '.staging'), { recursive: true });
    writeFileSync(path.join(repository.root, staged), 'x');
    expect(repository.orphans()).to.deep.equal([]);
    child.stdin!.end('go\n');
    await ended;
    expect(repository.orphans()).to.deep.equal([staged]);
    expect(repository.removeOrphans()).to.equal(1);
    repository.close();
  });
});
