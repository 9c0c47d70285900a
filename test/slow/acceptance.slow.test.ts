/** Faults that other harnesses have had and that need whole runs to show, each by its name. */
import { expect } from 'chai';
import Database from 'better-sqlite3';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

describe('faults of other harnesses: runs', function () {
  this.timeout(600_000);
  const directory = mkdtempSync(path.join(tmpdir(), 'accept-'));
  after(() => { rmSync(directory, { recursive: true }); });
  const run = (...words: string[]): string => {
    const { status, stderr } = spawnSync(process.execPath, ['src/cli/ap-verify.js', 'run', 'sim-small', '-o', path.join(directory, 'w'), '-j', '1',
      '-d', 'visit=1 and detector=0', '-p', 'src/pipelines/ApPipe.yaml#isr', ...words], { encoding: 'utf8' });
    expect(status, stderr).to.be.oneOf([1, 2]);
    const { run: { collection } } = JSON.parse(readFileSync(path.join(directory, 'w', 'result.json'), 'utf8')) as { run: { collection: string } };
    return collection;
  };

  it('stale config on second run', () => {
    const first = run('-c', 'isr:doFlat=true');
    expect(run('-c', 'isr:doFlat=false')).not.to.equal(first);
    expect(run('-c', 'isr:doFlat=true')).to.equal(first);
  });

  it('`--clean-run` with a dirty APDB', () => {
    const apdb = path.join(directory, 'w', `apdb-${run().replace('runs/', '')}.sqlite3`);
    const tables = (): unknown[] => {
      const db = new Database(apdb);
      const names = db.prepare("SELECT name FROM sqlite_master WHERE name = 'dirt'").pluck().all();
      db.exec('CREATE TABLE IF NOT EXISTS dirt (x)');
      db.close();
      return names;
    };
    expect(tables()).to.deep.equal([]);
    run();
    expect(tables()).to.deep.equal(['dirt']);
    run('--clean-run');
    expect(tables()).to.deep.equal([]);
  });
});
