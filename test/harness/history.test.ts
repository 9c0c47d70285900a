import { expect } from 'chai';
import Database from 'better-sqlite3';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openHistory } from '../../src/harness/history.ts';
import { ApError } from '../../src/model/errors.ts';
import type { Measurement, VerificationResult } from '../../src/model/verification.ts';
import { HASH, measurementOf, metricOf, resultOf } from './results.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'history-'));
let nFiles = 0;
const newName = (): string => path.join(directory, 'deep', `${nFiles++}.sqlite3`);

function runOf(started: string, measurements: readonly Measurement[], collection = 'runs/1'): VerificationResult {
  const result = resultOf({ measurements });
  return { ...result, run: { ...result.run, started, collection } };
}

describe('harness/history', () => {
  after(() => { rmSync(directory, { recursive: true }); });

  it('keeps runs and values over opening and closing, newest first', () => {
    const file = newName();
    const first = openHistory(file);
    expect(first.runs(10)).to.deep.equal([]);
    expect(first.record(runOf('2026-11-02T00:00:00Z', [measurementOf({ value: 0.1 + 0.2 })]), 'abc')).to.equal(true);
    expect(first.record(runOf('2026-11-03T00:00:00Z', [measurementOf({ metric: 'pkg.Other' })]), null)).to.equal(true);
    first.close();
    const history = openHistory(file);
    history.record(runOf('2026-11-01T00:00:00Z', [measurementOf({ value: 7, definitionHash: 'b'.repeat(64) })], 'runs/0'), 'aaa');
    expect(history.runs(10).map(r => [r.started, r.revision])).to.deep.equal([
      ['2026-11-03T00:00:00Z', null], ['2026-11-02T00:00:00Z', 'abc'], ['2026-11-01T00:00:00Z', 'aaa']]);
    expect(history.runs(1)).to.have.length(1);
    expect(history.runs(1)[0]).to.include({
      collection: 'runs/1', dataset: 'a-set', datasetVersion: '1', pipeline: 'ApPipe', configHash: 'c0ffee', exitCode: 0,
      sentence: 'The one gating specification passes.',
    });
    const values = history.values('pkg.M', 10);
    expect(values.map(v => [v.run.started, v.value, v.definitionHash])).to.deep.equal([
      ['2026-11-02T00:00:00Z', 0.1 + 0.2, HASH], ['2026-11-01T00:00:00Z', 7, 'b'.repeat(64)]]);
    expect(values[0]).to.deep.include({ status: 'ok', interval: [4, 6], n: 100, unit: 'mas', keys: {} });
    expect(history.values('pkg.None', 10)).to.deep.equal([]);
    history.close();
  });

  it('values without a number, without an interval and with keys; the limit counts runs', () => {
    const history = openHistory(newName());
    const missing = measurementOf({ status: 'missing', value: null, interval: null, n: 0, reason: 'nothing' });
    history.record(runOf('2026-11-01T00:00:00Z', [missing]), null);
    history.record(runOf('2026-11-02T00:00:00Z', ['b', 'a'].map(task => measurementOf({ interval: null, n: null, keys: { task, visit: 3 } }))), null);
    expect(history.values('pkg.M', 2).map(v => [v.status, v.value, v.interval, v.n, v.keys])).to.deep.equal([
      ['ok', 5, null, null, { task: 'b', visit: 3 }], ['ok', 5, null, null, { task: 'a', visit: 3 }], ['missing', null, null, 0, {}]]);
    expect(history.values('pkg.M', 1)).to.have.length(2);
    history.close();
  });

  it('the same collection and start is the same run: recorded once, the first time counts', () => {
    const history = openHistory(newName());
    const run = runOf('2026-11-01T00:00:00Z', [measurementOf({ value: 1 })]);
    expect(history.record(run, 'a')).to.equal(true);
    expect(history.record(run, 'a')).to.equal(false);
    expect(history.record(runOf('2026-11-01T00:00:00Z', [measurementOf({ value: 2 })]), 'b')).to.equal(false);
    expect(history.record(runOf('2026-11-01T00:00:00Z', [measurementOf({ value: 3 })], 'runs/2'), 'c')).to.equal(true);
    expect(history.values('pkg.M', 9).map(v => v.value)).to.deep.equal([3, 1]);
    history.close();
  });

  it('gives the whole result back', () => {
    const history = openHistory(newName());
    const result = resultOf({ metrics: [metricOf({ title: 'Größe' })] });
    history.record(result, null);
    expect(history.result(history.runs(1)[0]!.id)).to.deep.equal(result);
    expect(history.result(99)).to.equal(null);
    history.close();
  });

  it('does not take a result that breaks the schema', () => {
    const history = openHistory(newName());
    expect(() => history.record(resultOf({ measurements: [measurementOf({ value: NaN })] }), null))
      .to.throw(ApError).with.property('code', 'INTERNAL');
    expect(history.runs(9)).to.deep.equal([]);
    history.close();
  });

  it('is append-only', () => {
    const file = newName();
    const history = openHistory(file);
    history.record(resultOf(), null);
    const sql = new Database(file);
    for (const statement of ['UPDATE run SET revision = \'x\'', 'DELETE FROM run', 'UPDATE measurement SET value = 0', 'DELETE FROM measurement',
      'DELETE FROM verdict']) {
      expect(() => sql.exec(statement), statement).to.throw('append-only');
    }
    sql.close();
    history.close();
  });

  it('refuses what is no history or one of another version', () => {
    const cases: readonly [string, (file: string) => void, string][] = [
      ['text', file => writeFileSync(file, 'no database at all, but long enough to be read as one. '.repeat(20)), 'not a database'],
      ['another database', file => { const db = new Database(file); db.exec('CREATE TABLE a (b)'); db.close(); }, 'another database'],
      ['a later version', file => {
        openHistory(file).close();
        const db = new Database(file);
        db.pragma('user_version = 99');
        db.close();
      }, 'history version 99'],
      ['a folder', file => mkdirSync(file), 'history of ap-verify'],
    ];
    mkdirSync(path.join(directory, 'deep'), { recursive: true });
    for (const [name, make, text] of cases) {
      const file = newName();
      make(file);
      expect(() => openHistory(file), name).to.throw(ApError, text).with.property('code', 'BAD_FORMAT');
    }
  });
});
