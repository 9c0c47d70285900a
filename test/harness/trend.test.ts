import { expect } from 'chai';
import Database from 'better-sqlite3';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { compareCatalogs } from '../../src/harness/compareCatalogs.ts';
import { openHistory, scopeOf } from '../../src/harness/history.ts';
import { loadMetrics } from '../../src/harness/loadMetrics.ts';
import { namesOf, referencesOf } from '../../src/harness/references.ts';
import { trendOf } from '../../src/harness/trend.ts';
import { tableFromRows } from '../../src/model/table.ts';
import type { Metric, VerificationResult } from '../../src/model/verification.ts';
import { HASH, measurementOf, metricOf, resultOf } from './results.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'trend-'));
let nFiles = 0;
const day = (k: number): string => new Date(Date.UTC(2026, 0, 1 + k)).toISOString();

interface Past {
  readonly value: number;
  readonly metric?: string;
  readonly hash?: string;
  readonly version?: string;
}

function runOf(k: number, { value, metric = 'pkg.M', hash = HASH, version = '1' }: Past): VerificationResult {
  const result = resultOf({ measurements: [measurementOf({ value, metric, definitionHash: hash, interval: [value - 0.1, value + 0.1] })] });
  return { ...result, run: { ...result.run, started: day(k), collection: `runs/${k}`, fingerprint: 'f', provenance: { 'package avsc': version } } };
}

function historyOf(past: readonly Past[]): ReturnType<typeof openHistory> {
  const history = openHistory(path.join(directory, `${nFiles++}.sqlite3`));
  past.forEach((p, k) => history.record(runOf(k, p), `rev${k}`));
  return history;
}

const noisy = (n: number, level: number, version = '1'): Past[] => Array.from({ length: n }, (_, k) => ({ value: level + 0.1 * Math.sin(7 * k), version }));

describe('harness/trend', () => {
  after(() => { rmSync(directory, { recursive: true }); });

  it('a step: which run, how sure, and what changed there', () => {
    const history = historyOf([...noisy(12, 5), ...noisy(5, 7, '2')]);
    const trend = trendOf(metricOf(), history.series({ metrics: ['pkg.M'], limit: 100 }));
    expect(trend.points).to.have.length(17);
    expect(trend.steps.map(s => [s.run.revision, s.certainAt.revision, s.change])).to.deep.equal([['rev12', 'rev13', 'worse']]);
    expect(trend.steps[0]!.pValue).to.be.below(1e-6);
    expect(trend.steps[0]!.whatChanged).to.deep.equal([
      { fact: 'pipeline version', before: 'rev11', after: 'rev12' }, { fact: 'package avsc', before: '1', after: '2' }]);
    history.close();
  });

  it('slow creep that no step shows: the last runs against the best ones', () => {
    const history = historyOf(Array.from({ length: 40 }, (_, k) => ({ value: 5 + 0.02 * k + 0.3 * Math.sin(5 * k) })));
    const trend = trendOf(metricOf(), history.series({ metrics: ['pkg.M'], limit: 100 }));
    expect(trend.creep).to.be.greaterThan(3);
    expect(trend.best!.value).to.equal(Math.min(...trend.points.map(p => p.value!)));
    expect(trendOf(metricOf({ direction: 'target' }), trend.points).creep).to.equal(null);
    history.close();
  });

  it('another definition breaks the line; no step is found across the break', () => {
    const history = historyOf([...noisy(12, 5), ...noisy(6, 50).map(p => ({ ...p, hash: 'b'.repeat(64) }))]);
    const trend = trendOf(metricOf({ definitionHash: 'b'.repeat(64) }), history.series({ metrics: ['pkg.M'], limit: 100 }));
    expect(trend.steps).to.deep.equal([]);
    expect(trend.breaks.map(r => r.revision)).to.deep.equal(['rev12']);
    history.close();
  });

  it('a series holds one scope and one set of keys', () => {
    const history = historyOf(noisy(3, 5));
    const other = runOf(9, { value: 99 });
    history.record({ ...other, pipeline: { ...other.pipeline, query: 'visit=1' } }, null);
    history.record(runOf(10, { value: 98, metric: 'pkg.N' }), null);
    expect(history.series({ metrics: ['pkg.M'], scope: scopeOf(resultOf()), keys: {}, limit: 9 })).to.have.length(3);
    expect(history.series({ metrics: ['pkg.M'], limit: 9 })[0]!.value).to.equal(99);
    expect(history.series({ metrics: ['pkg.M'], keys: { band: 'g' }, limit: 9 })).to.deep.equal([]);
    history.close();
  });

  it('a renamed metric keeps its trend and its references', () => {
    const text = (name: string, more = ''): string => `${name}:\n  { title: A, description: What it is and what a bad value means., unit: mas, tags: [x], `
      + `direction: lower, formula: x, version: 1, interval: none, minimumN: 0${more} }\n`;
    const [old] = loadMetrics([{ path: 'pkg.yaml', text: text('Old') }]) as [Metric];
    const [metric] = loadMetrics([{ path: 'pkg.yaml', text: text('New', ', aliases: [pkg.Old]') }]) as [Metric];
    const history = historyOf([...noisy(6, 5).map(p => ({ ...p, metric: 'pkg.Old', hash: old.definitionHash })),
      ...noisy(6, 5).map(p => ({ ...p, metric: 'pkg.New', hash: metric.definitionHash }))]);
    const trend = trendOf(metric, history.series({ metrics: namesOf('pkg.New', metric), limit: 99 }));
    expect([trend.points.length, trend.breaks.length]).to.deep.equal([12, 0]);
    const references = referencesOf({ baseline: null, history, run: runOf(50, { value: 1 }), metrics: [metric] }).history('pkg.New', {});
    expect(references.map(r => r.definitionHash)).to.deep.equal(Array.from({ length: 12 }, () => metric.definitionHash));
    history.close();
  });

  it('retention: documents go first, then runs; values of kept runs stay; the history is append-only again', () => {
    const history = historyOf(noisy(10, 5));
    expect(history.prune({ keepDocuments: 2, keepRuns: 6 })).to.deep.equal({ documents: 4, runs: 4 });
    expect(history.runs(99)).to.have.length(6);
    expect(history.values('pkg.M', 99)).to.have.length(6);
    expect(history.runs(99).map(r => history.result(r.id) !== null)).to.deep.equal([true, true, false, false, false, false]);
    history.close();
    const db = new Database(path.join(directory, `${nFiles - 1}.sqlite3`));
    expect(() => db.exec('DELETE FROM run')).to.throw('append-only');
    db.close();
  });

  it('verdicts are kept with the bound of their day', () => {
    const history = openHistory(path.join(directory, `${nFiles++}.sqlite3`));
    history.record(resultOf({ verdicts: resultOf().verdicts }), null);
    expect(history.verdicts('pkg.M.limit', 9).map(v => [v.status, v.bound, v.margin])).to.deep.equal([['pass', '< 10 mas', 5]]);
    history.close();
  });

  it('a history of version 1 becomes one of today and loses nothing', () => {
    const file = path.join(directory, `${nFiles++}.sqlite3`);
    const db = new Database(file);
    db.exec(`CREATE TABLE run (id INTEGER PRIMARY KEY, collection TEXT NOT NULL, started TEXT NOT NULL, dataset TEXT NOT NULL,
      datasetVersion TEXT NOT NULL, pipeline TEXT NOT NULL, configHash TEXT NOT NULL, revision TEXT, exitCode INTEGER NOT NULL,
      sentence TEXT NOT NULL, result_gz BLOB NOT NULL, UNIQUE (collection, started));
      CREATE INDEX run_started ON run (started);
      CREATE TABLE measurement (run INTEGER NOT NULL REFERENCES run (id), position INTEGER NOT NULL, metric TEXT NOT NULL,
      keys TEXT NOT NULL, status TEXT NOT NULL, value REAL, low REAL, high REAL, n INTEGER, unit TEXT NOT NULL,
      definitionHash TEXT NOT NULL, PRIMARY KEY (run, position)) WITHOUT ROWID;
      CREATE INDEX measurement_metric ON measurement (metric, run);
      CREATE TRIGGER run_no_DELETE BEFORE DELETE ON run BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END;
      INSERT INTO run VALUES (7, 'runs/1', '2026-01-01T00:00:00Z', 'a-set', '1', 'ApPipe', 'c', 'r', 0, 's', x'00');
      INSERT INTO measurement VALUES (7, 0, 'pkg.M', '{}', 'ok', 5, 4, 6, 10, 'mas', '${HASH}');
      PRAGMA application_id = ${0x61707668}; PRAGMA user_version = 1;`);
    db.close();
    const history = openHistory(file);
    expect(history.series({ metrics: ['pkg.M'], scope: scopeOf(resultOf()), keys: {}, limit: 9 }).map(v => [v.run.id, v.value])).to.deep.equal([[7, 5]]);
    expect(history.record(runOf(1, { value: 6 }), null)).to.equal(true);
    expect(history.values('pkg.M', 9)).to.have.length(2);
    history.close();
  });
});

describe('harness/compareCatalogs', () => {
  const SPECS = [['diaSourceId', 'i64'], ['ra', 'f64'], ['dec', 'f64'], ['psfFlux', 'f64'], ['psfFluxErr', 'f64']]
    .map(([name, type]) => ({ name: name!, type: type as 'f64', unit: '', doc: '' }));
  type Rows = readonly (readonly [id: number, ra: number, dec: number, flux: number])[];
  const catalog = (visit: number, rows: Rows): Parameters<typeof compareCatalogs>[0][number] => ({
    dataId: { visit, detector: 0 },
    value: tableFromRows(SPECS, rows.map(([id, ra, dec, psfFlux]) => ({ diaSourceId: BigInt(id), ra, dec, psfFlux, psfFluxErr: 10 }))),
  });

  it('unique to A, unique to B, matched with differences; never across visits', () => {
    const a = [catalog(1, [[1, 10, 0, 100], [2, 10.01, 0, 200]]), catalog(2, [[5, 30, 0, 1]])];
    const b = [catalog(1, [[3, 10 + 0.1 / 3600, 0, 110], [4, 10.02, 0, 300]]), catalog(3, [[6, 30, 0, 1]])];
    const { onlyA, onlyB, matched, summary } = compareCatalogs(a, b);
    expect(onlyA.map(r => r.diaSourceId)).to.deep.equal(['2', '5']);
    expect(onlyB.map(r => r.diaSourceId)).to.deep.equal(['4', '6']);
    expect(matched.map(m => [m.a.diaSourceId, m.b.diaSourceId])).to.deep.equal([['1', '3']]);
    expect(matched[0]!.east_mas).to.be.closeTo(100, 1e-6);
    expect(matched[0]!.fluxRatio).to.be.closeTo(1.1, 1e-12);
    expect([summary.nA, summary.nB, summary.nMatched]).to.deep.equal([3, 3, 1]);
  });

  it('two close sources are paired mutually, and equal catalogs differ in nothing', () => {
    const close = [catalog(1, [[1, 10, 0, 100], [2, 10 + 0.3 / 3600, 0, 100]])];
    expect(compareCatalogs(close, [catalog(1, [[3, 10 + 0.29 / 3600, 0, 1]])]).matched.map(m => m.a.diaSourceId)).to.deep.equal(['2']);
    const same = compareCatalogs(close, close);
    expect([same.onlyA, same.onlyB, same.matched.length]).to.deep.equal([[], [], 2]);
    expect(compareCatalogs([], []).summary.nMatched).to.equal(0);
  });
});
