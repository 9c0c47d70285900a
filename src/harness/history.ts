/**
 * The history: every verification run in one SQLite file, for trends and baselines. Append-only; a row is never
 * changed or deleted, and triggers see to it.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import Database from 'better-sqlite3';
import { ApError } from '../model/errors.ts';
import type { Measurement, VerificationResult } from '../model/verification.ts';
import { readResult, writeResult } from './resultDocument.ts';

export interface HistoryRun {
  readonly id: number;
  readonly collection: string;
  /** UTC, ISO 8601. */
  readonly started: string;
  readonly dataset: string;
  readonly datasetVersion: string;
  readonly pipeline: string;
  readonly configHash: string;
  /** Version of the code that was verified; null when it was not known. */
  readonly revision: string | null;
  readonly exitCode: number;
  readonly sentence: string;
}

export type HistoryValue = Pick<Measurement, 'status' | 'value' | 'interval' | 'n' | 'unit' | 'keys' | 'definitionHash'> & {
  readonly run: HistoryRun;
};

export interface History {
  /**
   * Adds a run with all its measurements in one transaction. A run of the same collection and start is there already
   * and stays as it is. Returns whether the run was new. Throws INTERNAL for a result that breaks its schema.
   */
  record(result: VerificationResult, revision: string | null): boolean;
  /** The latest runs, newest first. */
  runs(limit: number): HistoryRun[];
  /** What the latest `limit` runs that have the metric measured: newest run first, then in order of the result. */
  values(metric: string, limit: number): HistoryValue[];
  /** The whole result of a run; null when there is no such run. */
  result(id: number): VerificationResult | null;
  close(): void;
}

const VERSION = 1;
/** Marks the file as ours (`PRAGMA application_id`): 'apvh'. */
const APPLICATION = 0x61707668;
const BUSY_TIMEOUT_MS = 60_000;

const TABLES = `
CREATE TABLE run (id INTEGER PRIMARY KEY, collection TEXT NOT NULL, started TEXT NOT NULL, dataset TEXT NOT NULL,
  datasetVersion TEXT NOT NULL, pipeline TEXT NOT NULL, configHash TEXT NOT NULL, revision TEXT, exitCode INTEGER NOT NULL,
  sentence TEXT NOT NULL, result_gz BLOB NOT NULL, UNIQUE (collection, started));
CREATE INDEX run_started ON run (started);
CREATE TABLE measurement (run INTEGER NOT NULL REFERENCES run (id), position INTEGER NOT NULL, metric TEXT NOT NULL,
  keys TEXT NOT NULL, status TEXT NOT NULL, value REAL, low REAL, high REAL, n INTEGER, unit TEXT NOT NULL,
  definitionHash TEXT NOT NULL, PRIMARY KEY (run, position)) WITHOUT ROWID;
CREATE INDEX measurement_metric ON measurement (metric, run);
${['run', 'measurement'].flatMap(table => ['UPDATE', 'DELETE'].map(word => `CREATE TRIGGER ${table}_no_${word} BEFORE ${word} ON ${table}
  BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END;`)).join('\n')}
PRAGMA application_id = ${APPLICATION};
PRAGMA user_version = ${VERSION};`;

const RUN_COLUMNS = ['id', 'collection', 'started', 'dataset', 'datasetVersion', 'pipeline', 'configHash', 'revision', 'exitCode', 'sentence'];
const NEWEST_FIRST = 'ORDER BY started DESC, id DESC';

/** Opens the history, or starts one where there is no file. Throws BAD_FORMAT when the file is none or of another version. */
export function openHistory(file: string): History {
  const db = connect(file);
  const selectRuns = db.prepare<[number], HistoryRun>(`SELECT ${RUN_COLUMNS.join(', ')} FROM run ${NEWEST_FIRST} LIMIT ?`);
  const runsWith = db.prepare<[string, number], HistoryRun>(`SELECT ${RUN_COLUMNS.join(', ')} FROM run
    WHERE id IN (SELECT run FROM measurement WHERE metric = ?) ${NEWEST_FIRST} LIMIT ?`);
  const selectValues = db.prepare<[number, string], MeasurementRow>(
    'SELECT * FROM measurement WHERE run = ? AND metric = ? ORDER BY position');
  const selectResult = db.prepare<[number], Buffer>('SELECT result_gz FROM run WHERE id = ?').pluck();
  return {
    record: (result, revision) => {
      const text = writeResult(result);
      return db.transaction(() => addRun(db, result, revision, text)).immediate();
    },
    runs: limit => selectRuns.all(limit),
    values: (metric, limit) => runsWith.all(metric, limit).flatMap(run => selectValues.all(run.id, metric).map(row => valueOf(run, row))),
    result: id => {
      const bytes = selectResult.get(id);
      return bytes === undefined ? null : readResult(gunzipSync(bytes).toString('utf8'), `${file}, run ${id}`);
    },
    close: () => { db.close(); },
  };
}

function connect(file: string): Database.Database {
  let db: Database.Database | null = null;
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    db = new Database(file, { timeout: BUSY_TIMEOUT_MS });
    const opened = db;
    opened.transaction(() => checkOrCreate(opened, file)).immediate();
    return opened;
  } catch (cause) {
    db?.close();
    if (cause instanceof ApError) throw cause;
    throw new ApError('BAD_FORMAT', { where: file, found: (cause as Error).message, expected: 'a history of ap-verify' }, { cause });
  }
}

function checkOrCreate(db: Database.Database, file: string): void {
  const pragma = (name: string): number => db.pragma(name, { simple: true }) as number;
  const [application, version] = [pragma('application_id'), pragma('user_version')];
  const isEmpty = db.prepare('SELECT count(*) FROM sqlite_master').pluck().get() === 0;
  if (isEmpty && application === 0 && version === 0) db.exec(TABLES);
  else if (application !== APPLICATION) throw new ApError('BAD_FORMAT', { where: file, found: 'another database', expected: 'a history of ap-verify' });
  else if (version !== VERSION) {
    throw new ApError('BAD_FORMAT', {
      where: file, found: `history version ${version}`, expected: `version ${VERSION}`, todo: 'give another --history',
    });
  }
}

function addRun(db: Database.Database, result: VerificationResult, revision: string | null, text: string): boolean {
  const { run, dataset, pipeline, verdict } = result;
  const added = db.prepare(`INSERT INTO run (${RUN_COLUMNS.slice(1).join(', ')}, result_gz) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO NOTHING`).run(
    run.collection, run.started, dataset.name, dataset.version, pipeline.name, pipeline.configHash, revision,
    verdict.exitCode, verdict.sentence, gzipSync(text));
  if (added.changes === 0) return false;
  const insert = db.prepare('INSERT INTO measurement VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  result.measurements.forEach((m, position) => insert.run(
    added.lastInsertRowid, position, m.metric, JSON.stringify(m.keys), m.status, m.value, m.interval?.[0] ?? null,
    m.interval?.[1] ?? null, m.n, m.unit, m.definitionHash));
  return true;
}

interface MeasurementRow {
  readonly keys: string;
  readonly status: Measurement['status'];
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly n: number | null;
  readonly unit: Measurement['unit'];
  readonly definitionHash: string;
}

function valueOf(run: HistoryRun, { keys, status, value, low, high, n, unit, definitionHash }: MeasurementRow): HistoryValue {
  const interval = low === null || high === null ? null : [low, high] as const;
  return { run, keys: JSON.parse(keys) as Measurement['keys'], status, value, interval, n, unit, definitionHash };
}
