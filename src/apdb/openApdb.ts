/**
 * The association database by its name: a file, or a URL (see `apdbLocation`). Both back ends hold what clients of
 * `dax_apdb` 10.0.0 read and write too; every store is one transaction.
 */
import { existsSync, renameSync, rmSync } from 'node:fs';
import type { Apdb, ApdbVisit } from '../model/apdb.ts';
import { ApError } from '../model/errors.ts';
import type { SqlConnection } from './connection.ts';
import { quoted } from './connection.ts';
import { apdbLocation } from './location.ts';
import type { ApdbLocation, PostgresLocation } from './location.ts';
import { checkedForm, initialMetadata, tableNames } from './metadata.ts';
import { postgresConnection } from './postgresConnection.ts';
import { reader, READ_BACK_DAYS } from './reader.ts';
import type { HistoryDays, Reader } from './reader.ts';
import { ALL_TABLES, journalStatements, schemaStatements } from './schema.ts';
import type { ApdbForm } from './schema.ts';
import { sqliteConnection, withApdbErrors } from './sqliteConnection.ts';
import { prepareJournal, visitJournal } from './visitJournal.ts';

export interface OpenApdb extends Apdb {
  readonly form: ApdbForm;
  readonly location: ApdbLocation;
  /** Statements of one's own; for look-ups and care. */
  readonly connection: SqlConnection;
  readonly read: Reader;
  /** Name of the run that has stored the visit; null: unknown, or not stored. */
  runOf(visit: number, detector: number): string | null;
  close(): void;
}

export interface OpenOptions {
  /** Name under which visits are stored. */
  readonly run?: string;
  /** How far back history is read. */
  readonly history?: HistoryDays;
  /** Unix time in seconds; needed for databases with replication only. */
  readonly now_unix_s?: () => number;
  /** How long a writer waits for another one; default one minute. */
  readonly wait_ms?: number;
  /** Size that a SQLite file may not exceed, in pages of 4096 bytes. */
  readonly maxPages?: number;
}

const BASELINE: ApdbForm = { indexMode: 'baseline', hasReplica: false };

/**
 * Makes an empty database, whole or not at all; a schema of PostgreSQL is made when it does not exist.
 * Throws ApError APDB when there is a database already, or when it cannot be written; USAGE for an unknown URL.
 */
export function createApdb(url: string, form: ApdbForm = BASELINE): void {
  const location = apdbLocation(url);
  if (location.kind === 'sqlite') createFile(location.file, form);
  else createInSchema(location, form);
}

function createFile(file: string, form: ApdbForm): void {
  if (existsSync(file)) throw new ApError('APDB', { where: file, found: 'a file', expected: 'none', todo: 'give another name' });
  const temporary = `${file}.creating`;
  withApdbErrors(file, () => {
    rmSync(temporary, { force: true });
    const db = sqliteConnection(temporary);
    try {
      db.transaction(() => { makeTables(db, form); });
    } finally {
      db.close();
    }
    renameSync(temporary, file);
  });
}

function createInSchema(location: PostgresLocation, form: ApdbForm): void {
  const db = postgresConnection(location);
  try {
    db.transaction(() => {
      if (location.schema !== null) db.run(`CREATE SCHEMA IF NOT EXISTS ${quoted(location.schema)}`);
      const found = ALL_TABLES.filter(name => tableNames(db).has(name));
      if (found.length > 0) {
        throw new ApError('APDB', { where: location.shown, found: `tables ${found.join(', ')}`, expected: 'none', todo: 'give another schema with ?schema=NAME' });
      }
      makeTables(db, form);
    });
  } finally {
    db.close();
  }
}

function makeTables(db: SqlConnection, form: ApdbForm): void {
  for (const sql of [...schemaStatements(form, db.dialect), ...journalStatements(db.dialect)]) db.run(sql);
  for (const row of initialMetadata(form)) db.run('INSERT INTO metadata (name, value) VALUES (?, ?)', row);
}

/** True when there is a file, or a table `metadata` in the schema. Throws ApError APDB when the server cannot be asked. */
export function apdbExists(url: string): boolean {
  const location = apdbLocation(url);
  if (location.kind === 'sqlite') return existsSync(location.file);
  const db = postgresConnection(location);
  try {
    return tableNames(db).has('metadata');
  } finally {
    db.close();
  }
}

/**
 * Removes the database, if there is one: the file, or its tables (and the schema, when nothing else is in it). What is no
 * association database is left alone, with an ApError APDB, unless the name is known to be ours.
 */
export function removeApdb(url: string, isOurs = false): void {
  if (!apdbExists(url)) return;
  const location = apdbLocation(url);
  if (!isOurs) openApdb(url, { now_unix_s: () => 0 }).close();
  if (location.kind === 'sqlite') {
    withApdbErrors(location.file, () => {
      for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${location.file}${suffix}`, { force: true });
    });
    return;
  }
  const db = postgresConnection(location);
  try {
    db.transaction(() => {
      for (const name of ALL_TABLES) db.run(`DROP TABLE IF EXISTS ${quoted(name)}`);
      if (location.schema !== null && tableNames(db).size === 0) db.run(`DROP SCHEMA ${quoted(location.schema)} RESTRICT`);
    });
  } finally {
    db.close();
  }
}

/**
 * Opens a database for reading and writing. Rows come back in the order of their time and identifier, with all
 * columns of the schema (see `tableOfSqlRows` for NULL). All methods throw ApError APDB when the database refuses.
 * Throws ApError APDB when there is none, when it is no APDB or has another schema; USAGE for an unknown URL.
 */
export function openApdb(url: string, options: OpenOptions = {}): OpenApdb {
  const location = apdbLocation(url);
  const db = connect(location, options);
  try {
    const form = checkedForm(db);
    prepareJournal(db);
    return opened(db, { ...options, location, form });
  } catch (error) {
    db.close();
    throw error;
  }
}

function connect(location: ApdbLocation, { wait_ms, maxPages }: OpenOptions): SqlConnection {
  if (location.kind === 'postgresql') return postgresConnection(location, wait_ms === undefined ? {} : { lockTimeout_ms: wait_ms });
  if (!existsSync(location.file)) {
    throw new ApError('APDB', { where: location.file, found: 'no file', expected: 'an APDB', todo: `ap-verify apdb create ${location.file}` });
  }
  return sqliteConnection(location.file, {
    ...(wait_ms === undefined ? {} : { busyTimeout_ms: wait_ms }), ...(maxPages === undefined ? {} : { maxPages }),
  });
}

interface Opened extends OpenOptions {
  readonly location: ApdbLocation;
  readonly form: ApdbForm;
}

function opened(db: SqlConnection, { location, form, run, history, now_unix_s }: Opened): OpenApdb {
  const read = reader(db, form, history ?? { sources: READ_BACK_DAYS, forcedSources: READ_BACK_DAYS });
  const journal = visitJournal(db, { form, run: run ?? null, now_unix_s: now_unix_s ?? null });
  return {
    form, location, read, connection: db,
    getDiaObjects: region => read.latestObjects(region),
    getDiaSources: (region, ids, time) => read.sources(region, ids, time),
    getDiaForcedSources: (region, ids, time) => read.forcedSources(region, ids, time),
    containsVisitDetector: (visit, detector) => journal.contains(visit, detector),
    runOf: (visit, detector) => journal.runOf(visit, detector),
    forgetVisitDetector: visit => journal.forget(visit),
    store: (visit, objects, sources, forced) => {
      checkVisit(visit);
      journal.store(visit, { objects, sources, forced });
    },
    close: () => { db.close(); },
  };
}

function checkVisit({ visit, detector, time_mjdTai }: ApdbVisit): void {
  if (Number.isFinite(time_mjdTai)) return;
  throw new ApError('APDB', { where: `visit ${visit}, detector ${detector}`, found: `time ${time_mjdTai}`, expected: 'a TAI MJD' });
}
