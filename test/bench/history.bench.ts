/** A history of 10,000 runs with 100 metrics: how long a trend takes to open. */
import Database from 'better-sqlite3';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openHistory, scopeOf } from '../../src/harness/history.ts';
import { trendOf } from '../../src/harness/trend.ts';
import { random } from '../../src/numeric/random.ts';
import { HASH, metricOf, resultOf } from '../harness/results.ts';
import type { Bench, BenchCase } from './bench.ts';

const [RUNS, METRICS] = [10_000, 100];

/** Rows as `record` writes them, without the documents, which no trend reads. */
function fill(file: string): string {
  openHistory(file).close();
  const rng = random(5, 'history bench');
  const scope = scopeOf(resultOf());
  const db = new Database(file);
  const run = db.prepare('INSERT INTO run VALUES (?, ?, ?, \'a-set\', \'1\', \'ApPipe\', \'c\', ?, 0, \'s\', NULL, ?, \'h\', \'f\', \'{}\')');
  const measurement = db.prepare(`INSERT INTO measurement VALUES (?, ?, ?, '{}', 'ok', ?, 4, 6, 100, 'mas', '${HASH}')`);
  db.transaction(() => {
    for (let k = 1; k <= RUNS; k++) {
      run.run(k, `runs/${k}`, new Date(1.7e12 + k * 3.6e6).toISOString(), `rev${k}`, scope);
      for (let m = 0; m < METRICS; m++) measurement.run(k, m, `pkg.M${m}`, 5 + rng.normal() + (k > RUNS / 2 ? 3 : 0));
    }
  })();
  db.close();
  return scope;
}

function cases(): BenchCase[] {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'history-bench-')), 'history.sqlite3');
  const scope = fill(file);
  const open = (limit: number) => (): number => {
    const history = openHistory(file);
    const trend = trendOf(metricOf({ name: 'pkg.M7' }), history.series({ metrics: ['pkg.M7'], scope, keys: {}, limit }));
    history.close();
    return trend.steps.length;
  };
  return [
    { name: `trend of all ${RUNS} runs x ${METRICS} metrics`, repeat: 5, run: open(RUNS) },
    { name: `trend of the last 1000 of ${RUNS} runs`, repeat: 5, run: open(1000) },
  ];
}

export default { name: 'history', cases } satisfies Bench;
