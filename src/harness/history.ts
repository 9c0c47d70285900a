/**
 * The history: every verification run in one SQLite file, for trends and baselines. Append-only: a row is never changed,
 * triggers see to it, and only `prune` removes whole runs or their documents.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import Database from 'better-sqlite3';
import { ApError } from '../model/errors.ts';
import type { KeyValues } from '../model/specification.ts';
import type { Measurement, VerificationResult } from '../model/verification.ts';
import { ADD_TRIGGERS, APPLICATION, DROP_TRIGGERS, FROM_1, TABLES, VERSION } from './historySchema.ts';
import { readResult, writeResult } from './resultDocument.ts';
import { boundText } from './verdict.ts';

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
  /** Runs of one scope may be compared; `scopeOf` makes it. */
  readonly scope: string;
  readonly host: string | null;
  readonly fingerprint: string | null;
  readonly provenance: Readonly<Record<string, string>>;
}

export type HistoryValue = Pick<Measurement, 'status' | 'value' | 'interval' | 'n' | 'unit' | 'keys' | 'definitionHash'> & {
  readonly run: HistoryRun;
};

export interface HistoryVerdict {
  readonly run: number;
  readonly specification: string;
  readonly keys: string;
  readonly severity: string;
  readonly status: string;
  readonly margin: number | null;
  /** The bound that was in force. */
  readonly bound: string;
  readonly reason: string;
}

/** A series of values: one metric under all its names, of one scope, at given keys. */
export interface SeriesRequest {
  readonly metrics: readonly string[];
  /** undefined: all scopes. */
  readonly scope?: string | undefined;
  /** undefined: all keys. */
  readonly keys?: KeyValues | undefined;
  /** Runs, newest first. */
  readonly limit: number;
}

export interface Retention {
  /** Runs, newest first, that keep their whole document; the others keep their measurements and verdicts. */
  readonly keepDocuments: number;
  /** Runs, newest first, that are kept at all. */
  readonly keepRuns: number;
}

export interface History {
  /**
   * Adds a run with all its measurements and verdicts in one transaction. A run of the same collection and start is there
   * already and stays as it is. Returns whether the run was new. Throws INTERNAL for a result that breaks its schema.
   */
  record(result: VerificationResult, revision: string | null): boolean;
  /** The latest runs, newest first. */
  runs(limit: number): HistoryRun[];
  /** What the latest `limit` runs that have the metric measured: newest run first, then in order of the result. */
  values(metric: string, limit: number): HistoryValue[];
  /** The values of a series, newest first. Cost: one index look-up a run. */
  series(request: SeriesRequest): HistoryValue[];
  /** Verdicts of a specification, newest run first. */
  verdicts(specification: string, limit: number): HistoryVerdict[];
  /** The whole result of a run; null when there is no such run or its document is not kept any more. */
  result(id: number): VerificationResult | null;
  /** Drops old documents and runs, and gives the space back. */
  prune(retention: Retention): { readonly documents: number; readonly runs: number };
  close(): void;
}

const BUSY_TIMEOUT_MS = 60_000;
const RUN_COLUMNS = ['id', 'collection', 'started', 'dataset', 'datasetVersion', 'pipeline', 'configHash', 'revision', 'exitCode', 'sentence',
  'scope', 'host', 'fingerprint', 'provenance'];
const NEWEST_FIRST = 'ORDER BY started DESC, id DESC';

/** Dataset, pipeline and data query decide what a run measures; values of different ones must not be compared. */
export function scopeOf({ dataset, pipeline }: Pick<VerificationResult, 'dataset' | 'pipeline'>): string {
  return JSON.stringify([dataset.name, pipeline.name, pipeline.query]);
}

/** Keys in one order, as the history stores them. */
export function keysJson(keys: KeyValues): string {
  return JSON.stringify(Object.fromEntries(Object.entries(keys).sort(([a], [b]) => (a < b ? -1 : 1))));
}

/** Opens the history, or starts one where there is no file. Throws BAD_FORMAT when the file is none or of a later version. */
export function openHistory(file: string): History {
  const db = connect(file);
  const columns = RUN_COLUMNS.join(', ');
  const selectRuns = db.prepare<[number], RunRow>(`SELECT ${columns} FROM run ${NEWEST_FIRST} LIMIT ?`);
  const runsWith = db.prepare<[string, number], RunRow>(`SELECT ${columns} FROM run
    WHERE id IN (SELECT run FROM measurement WHERE metric = ?) ${NEWEST_FIRST} LIMIT ?`);
  const selectValues = db.prepare<[number, string], MeasurementRow>('SELECT * FROM measurement WHERE run = ? AND metric = ? ORDER BY position');
  const selectVerdicts = db.prepare<[string, number], HistoryVerdict>(`SELECT verdict.* FROM verdict JOIN run ON run.id = verdict.run
    WHERE specification = ? ORDER BY started DESC, run.id DESC, position LIMIT ?`);
  const selectResult = db.prepare<[number], Buffer | null>('SELECT result_gz FROM run WHERE id = ?').pluck();
  return {
    record: (result, revision) => {
      const text = writeResult(result);
      return db.transaction(() => addRun(db, result, revision, text)).immediate();
    },
    runs: limit => selectRuns.all(limit).map(runOf),
    values: (metric, limit) => runsWith.all(metric, limit).flatMap(row => {
      const run = runOf(row);
      return selectValues.all(row.id, metric).map(value => valueOf(run, value));
    }),
    series: request => seriesOf(db, request),
    verdicts: (specification, limit) => selectVerdicts.all(specification, limit),
    result: id => {
      const bytes = selectResult.get(id) ?? null;
      return bytes === null ? null : readResult(gunzipSync(bytes).toString('utf8'), `${file}, run ${id}`);
    },
    prune: retention => prune(db, retention),
    close: () => { db.close(); },
  };
}

function connect(file: string): Database.Database {
  let db: Database.Database | null = null;
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    db = new Database(file, { timeout: BUSY_TIMEOUT_MS });
    const opened = db;
    // An older file gets new tables in place of those that others refer to.
    opened.pragma('foreign_keys = OFF');
    opened.transaction(() => checkOrCreate(opened, file)).immediate();
    opened.pragma('foreign_keys = ON');
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
  else if (version === 1) db.exec(FROM_1);
  else if (version !== VERSION) {
    throw new ApError('BAD_FORMAT', {
      where: file, found: `history version ${version}`, expected: `version ${VERSION}`, todo: 'give another --history',
    });
  }
}

function addRun(db: Database.Database, result: VerificationResult, revision: string | null, text: string): boolean {
  const { run, dataset, pipeline, verdict } = result;
  const added = db.prepare(`INSERT INTO run (${RUN_COLUMNS.slice(1).join(', ')}, result_gz)
    VALUES (${RUN_COLUMNS.map(() => '?').join(', ')}) ON CONFLICT DO NOTHING`).run(
    run.collection, run.started, dataset.name, dataset.version, pipeline.name, pipeline.configHash, revision, verdict.exitCode,
    verdict.sentence, scopeOf(result), run.host, run.fingerprint ?? null, JSON.stringify(run.provenance ?? {}), gzipSync(text));
  if (added.changes === 0) return false;
  const measurement = db.prepare('INSERT INTO measurement VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  result.measurements.forEach((m, position) => measurement.run(
    added.lastInsertRowid, position, m.metric, keysJson(m.keys), m.status, m.value, m.interval?.[0] ?? null,
    m.interval?.[1] ?? null, m.n, m.unit, m.definitionHash));
  const judged = db.prepare('INSERT INTO verdict VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)');
  result.verdicts.forEach(({ specification: s, status, margin, reason }, position) => judged.run(
    added.lastInsertRowid, position, s.name, keysJson(s.keys), s.severity, status, margin, boundText(s), reason));
  return true;
}

function seriesOf(db: Database.Database, { metrics, scope, keys, limit }: SeriesRequest): HistoryValue[] {
  // The metric and the runs of the scope decide; the unary plus keeps the planner from walking all runs by date.
  const rows = db.prepare<unknown[], RunRow & MeasurementRow>(`SELECT ${RUN_COLUMNS.map(c => `run.${c}`).join(', ')}, m.keys, m.status,
      m.value, m.low, m.high, m.n, m.unit, m.definitionHash FROM measurement m JOIN run ON run.id = m.run
    WHERE m.metric IN (${metrics.map(() => '?').join(', ')}) ${scope === undefined ? '' : 'AND +run.scope = ?'} ${keys === undefined ? '' : 'AND m.keys = ?'}
    ORDER BY run.started DESC, run.id DESC, m.position LIMIT ?`)
    .all(...metrics, ...(scope === undefined ? [] : [scope]), ...(keys === undefined ? [] : [keysJson(keys)]), limit);
  const runs = new Map<number, HistoryRun>();
  return rows.map(row => {
    const run = runs.get(row.id) ?? runOf(row);
    runs.set(row.id, run);
    return valueOf(run, row);
  });
}

function prune(db: Database.Database, { keepDocuments, keepRuns }: Retention): { documents: number; runs: number } {
  const removed = db.transaction(() => {
    db.exec(DROP_TRIGGERS);
    const old = 'SELECT id FROM run ORDER BY started DESC, id DESC LIMIT -1 OFFSET ?';
    for (const table of ['measurement', 'verdict']) db.prepare(`DELETE FROM ${table} WHERE run IN (${old})`).run(keepRuns);
    const runs = db.prepare(`DELETE FROM run WHERE id IN (${old})`).run(keepRuns).changes;
    const documents = db.prepare(`UPDATE run SET result_gz = NULL WHERE result_gz IS NOT NULL AND id IN (${old})`).run(keepDocuments).changes;
    db.exec(ADD_TRIGGERS);
    return { documents, runs };
  }).immediate();
  db.exec('VACUUM');
  return removed;
}

type RunRow = Omit<HistoryRun, 'provenance'> & { readonly provenance: string };

function runOf(row: RunRow): HistoryRun {
  const { id, collection, started, dataset, datasetVersion, pipeline, configHash, revision, exitCode, sentence } = row;
  const { scope, host, fingerprint } = row;
  const provenance = JSON.parse(row.provenance) as Record<string, string>;
  return {
    id, collection, started, dataset, datasetVersion, pipeline, configHash, revision, exitCode, sentence,
    scope, host, fingerprint, provenance,
  };
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
