/** A connection to the registry database: rows as plain objects, every failure an `ApError`. */
import Database from 'better-sqlite3';
import { ApError } from '../model/errors.ts';
import { regionsOverlap } from '../sky/regionOverlap.ts';
import type { SkyRegion } from '../sky/region.ts';
import { decodeRegionText } from '../sky/regionEncoding.ts';

/** Integers come as bigint: nanoseconds do not fit into a double. */
export type SqlValue = string | number | bigint | null;
export type Row = Readonly<Record<string, SqlValue>>;

export interface Connection {
  readonly file: string;
  all(sql: string, ...values: readonly SqlValue[]): Row[];
  get(sql: string, ...values: readonly SqlValue[]): Row | undefined;
  /** Returns the id of the inserted row, and how many rows changed. */
  run(sql: string, ...values: readonly SqlValue[]): { readonly id: number; readonly changes: number };
  execute(sql: string): void;
  /** All or nothing, with the write lock from the start. Inside another transaction it is part of that one. */
  transaction<T>(work: () => T): T;
  isInTransaction(): boolean;
  /** Does something when the transaction is on disk; at once when none is open, never after a failure. */
  afterCommit(work: () => void): void;
  close(): void;
}

export interface ConnectionOptions {
  readonly isReadonly: boolean;
  readonly mustExist: boolean;
  /** How long another writer is waited for. */
  readonly busyTimeout_ms: number;
}

/**
 * Opens the file. The rollback journal stays SQLite's default, as the real client has it.
 * @throws ApError REPOSITORY_BUSY after the time-out, REPOSITORY for everything else that SQLite refuses.
 */
export function openConnection(file: string, options: ConnectionOptions): Connection {
  const { isReadonly, mustExist, busyTimeout_ms } = options;
  return guarded(file, () => {
    const db = new Database(file, { readonly: isReadonly, fileMustExist: mustExist, timeout: busyTimeout_ms });
    db.pragma('foreign_keys = ON');
    db.defaultSafeIntegers(true);
    db.function(REGIONS_OVERLAP, { deterministic: true, safeIntegers: false }, overlapOfTexts());
    return connectionTo(db, file);
  });
}

/** SQL function of this program: 1 when two region columns share a point, NULL when one has no region. */
export const REGIONS_OVERLAP = 'ap_regions_overlap';
/** Decoded regions that are kept; a query compares few regions with many. */
const MAX_DECODED = 4096;

function overlapOfTexts(): (a: unknown, b: unknown) => number | null {
  const decoded = new Map<string, SkyRegion>();
  const regionOf = (text: string): SkyRegion => {
    let region = decoded.get(text);
    if (region === undefined) {
      if (decoded.size >= MAX_DECODED) decoded.clear();
      region = decodeRegionText(text);
      decoded.set(text, region);
    }
    return region;
  };
  return (a, b) => (typeof a !== 'string' || typeof b !== 'string' ? null : Number(regionsOverlap(regionOf(a), regionOf(b))));
}

function connectionTo(db: Database.Database, file: string): Connection {
  const statements = new Map<string, Database.Statement<SqlValue[], Row>>();
  const prepared = (sql: string): Database.Statement<SqlValue[], Row> => {
    let statement = statements.get(sql);
    if (statement === undefined) {
      statement = db.prepare<SqlValue[], Row>(sql);
      statements.set(sql, statement);
    }
    return statement;
  };
  let waiting: (() => void)[] = [];
  const connection: Connection = {
    file,
    all: (sql, ...values) => guarded(file, () => prepared(sql).all(...values)),
    get: (sql, ...values) => guarded(file, () => prepared(sql).get(...values)),
    run: (sql, ...values) => guarded(file, () => {
      const { lastInsertRowid, changes } = prepared(sql).run(...values);
      return { id: Number(lastInsertRowid), changes };
    }),
    execute: sql => guarded(file, () => void db.exec(sql)),
    transaction: work => {
      if (db.inTransaction) return work();
      connection.execute('BEGIN IMMEDIATE');
      waiting = [];
      let result: ReturnType<typeof work>;
      try {
        result = work();
        connection.execute('COMMIT');
      } catch (error) {
        if (db.inTransaction) db.exec('ROLLBACK');
        throw error;
      }
      for (const next of waiting.splice(0)) next();
      return result;
    },
    afterCommit: work => {
      if (db.inTransaction) waiting.push(work);
      else work();
    },
    isInTransaction: () => db.inTransaction,
    close: () => void db.close(),
  };
  return connection;
}

function guarded<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof Database.SqliteError)) throw cause;
    if (/^SQLITE_(BUSY|LOCKED)/.test(cause.code)) {
      const todo = 'wait for the other process to end and give the same command again';
      throw new ApError('REPOSITORY_BUSY', { where: file, found: cause.message, expected: 'a free database', todo }, { cause });
    }
    const found = `${cause.message} (${cause.code})`;
    throw new ApError('REPOSITORY', { where: file, found, expected: expectation(cause.code) }, { cause });
  }
}

function expectation(code: string): string {
  if (code.startsWith('SQLITE_READONLY')) return 'a repository opened for writing';
  if (code === 'SQLITE_CONSTRAINT_FOREIGNKEY') return 'records that the row refers to (insert instrument, filter and day first)';
  if (code.startsWith('SQLITE_CONSTRAINT')) return 'a row that the constraints of the registry allow';
  return 'an intact SQLite database';
}

/** INSERT of one row; column names are ours, never a user's. */
export function insertRow(connection: Connection, table: string, row: Row, verb = 'INSERT'): number {
  const columns = Object.keys(row);
  const sql = `${verb} INTO "${table}" (${columns.map(c => `"${c}"`).join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`;
  return connection.run(sql, ...Object.values(row)).id;
}

/** A number of an integer cell. @throws ApError REPOSITORY when a double cannot hold it. */
export function integerOf(value: SqlValue | undefined): number {
  const number = Number(value);
  if (typeof value !== 'bigint' || !Number.isSafeInteger(number)) {
    throw new ApError('REPOSITORY', { found: String(value), expected: 'an integer below 2^53' });
  }
  return number;
}
