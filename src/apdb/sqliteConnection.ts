/** A SQLite file as the association database's connection. */
import Database from 'better-sqlite3';
import { ApError } from '../model/errors.ts';
import { quoted } from './connection.ts';
import type { InsertColumn, SqlConnection, SqlValue } from './connection.ts';

export interface SqliteOptions {
  /** How long a writer waits for another one. */
  readonly busyTimeout_ms?: number;
  /** Size that the file may not exceed, in pages of 4096 bytes. */
  readonly maxPages?: number;
  readonly readonly?: boolean;
}

const BUSY_TIMEOUT_MS = 60_000;
/** Pages kept in memory, in KiB: the upper levels of all indices of 10^7 rows. */
const CACHE_KIB = 65_536;

/**
 * Opens or makes the file. Every failure of the database or the file system is an ApError APDB that names the file and
 * says what to do; a transaction that fails is undone.
 */
export function sqliteConnection(file: string, options: SqliteOptions = {}): SqlConnection {
  const guarded = <R>(action: () => R): R => withApdbErrors(file, action);
  const db = guarded(() => connect(file, options));
  const statements = new Map<string, Database.Statement<SqlValue[]>>();
  const prepared = (sql: string): Database.Statement<SqlValue[]> => {
    let statement = statements.get(sql);
    if (statement === undefined) statements.set(sql, statement = db.prepare<SqlValue[]>(sql));
    return statement;
  };
  return {
    dialect: 'sqlite',
    where: file,
    all: (sql, parameters = []) => guarded(() => prepared(sql).raw().all(...parameters) as SqlValue[][]),
    run: (sql, parameters = []) => guarded(() => prepared(sql).run(...parameters).changes),
    insert: (table, columns) => { guarded(() => { insertRows(prepared(insertStatement(table, columns)), columns); }); },
    transaction: action => guarded(() => db.transaction(action).immediate()),
    close: () => { db.close(); },
  };
}

/** The binding has no error code of its own for a folder that is not there: whatever it throws means the same. */
function connect(file: string, { busyTimeout_ms = BUSY_TIMEOUT_MS, maxPages, readonly = false }: SqliteOptions): Database.Database {
  let db: Database.Database;
  try {
    db = new Database(file, { timeout: busyTimeout_ms, readonly });
  } catch (cause) {
    throw new ApError('APDB', { where: file, found: (cause as Error).message }, { cause });
  }
  try {
    db.defaultSafeIntegers(true);
    db.pragma(`cache_size = -${CACHE_KIB}`);
    if (maxPages !== undefined) db.pragma(`max_page_count = ${maxPages}`);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function insertStatement(table: string, columns: readonly InsertColumn[]): string {
  return `INSERT INTO ${quoted(table)} (${columns.map(c => quoted(c.name)).join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`;
}

function insertRows(statement: Database.Statement<SqlValue[]>, columns: readonly InsertColumn[]): void {
  const nRows = columns[0]?.values.length ?? 0;
  const row: SqlValue[] = Array<SqlValue>(columns.length).fill(null);
  for (let i = 0; i < nRows; i++) {
    for (let k = 0; k < columns.length; k++) row[k] = columns[k]!.values[i]!;
    statement.run(row as never);
  }
}

const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/^SQLITE_(BUSY|LOCKED)/, 'another process is writing; nothing of this was stored: run the same command again when it has ended'],
  [/^SQLITE_FULL|ENOSPC/, 'nothing of this was stored: make room on the disk and run the same command again'],
  [/^SQLITE_(READONLY|CANTOPEN|PERM)|EACCES|EROFS/, 'make the file and its folder writable, or give another name'],
  [/^SQLITE_(CORRUPT|NOTADB)/, 'give another file, or restore this one from a copy'],
  [/^SQLITE_CONSTRAINT/, 'nothing of this was stored: rows with these identifiers are there already, so give another database or take the earlier visit back'],
  [/^SQLITE_IOERR/, 'nothing of this was stored: look after the disk and run the same command again'],
];

/** What SQLite or the file system says, as an operational error with the file. */
export function withApdbErrors<R>(file: string, action: () => R): R {
  try {
    return action();
  } catch (cause) {
    const isForeign = cause instanceof Database.SqliteError || (cause instanceof Error && 'syscall' in cause);
    if (!isForeign) throw cause;
    const code = String((cause as { code?: unknown }).code ?? '');
    throw new ApError('APDB', { where: file, found: cause.message, todo: ADVICE.find(([pattern]) => pattern.test(code))?.[1] }, { cause });
  }
}
