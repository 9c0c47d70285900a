/**
 * A PostgreSQL server as the association database's connection. The driver works with promises, tasks do not: the driver
 * runs in a thread of its own, and this one sleeps until the answer is there. A quantum has nothing else to do meanwhile.
 */
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { ApError } from '../model/errors.ts';
import { quoted } from './connection.ts';
import type { InsertColumn, SqlConnection, SqlValue } from './connection.ts';
import type { PostgresLocation } from './location.ts';
import type { Answer, Request, ThreadError, ThreadSetup } from './postgresThread.ts';
import { POSTGRES_TYPES } from './schema.ts';

export interface PostgresOptions {
  /** How long a writer waits for another one. */
  readonly lockTimeout_ms?: number;
}

const LOCK_TIMEOUT_MS = 60_000;
/** Rows that one statement inserts. */
const BATCH = 5000;
/** Longer than any time limit of the thread: a thread that does not answer at all has died. */
const THREAD_TIMEOUT_MS = 900_000;

/**
 * Connects with the first statement. Failures are ApError APDB that name the database (never its password) and say what to
 * do. A connection that breaks inside a transaction ends it, and the server undoes it; the next statement connects anew.
 */
export function postgresConnection(location: PostgresLocation, { lockTimeout_ms = LOCK_TIMEOUT_MS }: PostgresOptions = {}): SqlConnection {
  const thread = startThread(location, lockTimeout_ms);
  let isInTransaction = false;
  const query = (sql: string, parameters: readonly unknown[] = []): { rows: unknown[][]; nChanged: number } => {
    const answer = thread.ask({ kind: 'query', sql: numbered(sql), parameters, isInTransaction });
    if ('error' in answer) throw apError(location, answer.error);
    return answer;
  };
  return {
    dialect: 'postgresql',
    where: location.shown,
    all: (sql, parameters) => query(sql, parameters).rows as SqlValue[][],
    run: (sql, parameters) => query(sql, parameters).nChanged,
    insert: (table, columns) => { insertRows((sql, parameters) => query(sql, parameters), table, columns); },
    transaction: action => {
      query('BEGIN');
      isInTransaction = true;
      try {
        const result = action();
        const committed = thread.ask({ kind: 'query', sql: 'COMMIT', parameters: [], isInTransaction });
        if ('error' in committed) throw commitError(location, committed.error);
        return result;
      } catch (error) {
        // A connection that is gone has undone everything already.
        thread.ask({ kind: 'query', sql: 'ROLLBACK', parameters: [], isInTransaction });
        throw error;
      } finally {
        isInTransaction = false;
      }
    },
    close: thread.close,
  };
}

interface Thread {
  ask(request: Request): Answer;
  close(): void;
}

function startThread({ url, schema }: PostgresLocation, lockTimeout_ms: number): Thread {
  const { port1: ours, port2: theirs } = new MessageChannel();
  const signal = new Int32Array(new SharedArrayBuffer(4));
  const setup: ThreadSetup = { url, schema, lockTimeout_ms, port: theirs, signal };
  const worker = new Worker(new URL('./postgresThread.ts', import.meta.url), { workerData: setup, transferList: [theirs] });
  worker.unref();
  let isOpen = true;
  const ask = (request: Request): Answer => {
    if (!isOpen) return { error: { code: 'LOST', message: 'the database was closed' } };
    Atomics.store(signal, 0, 0);
    ours.postMessage(request);
    if (Atomics.wait(signal, 0, 0, THREAD_TIMEOUT_MS) === 'timed-out') return { error: { code: 'LOST', message: 'no answer' } };
    return receiveMessageOnPort(ours)!.message as Answer;
  };
  const close = (): void => {
    ask({ kind: 'close' });
    isOpen = false;
    ours.close();
  };
  return { ask, close };
}

/** `?` outside of quotes becomes `$1`, `$2`... */
function numbered(sql: string): string {
  let n = 0;
  return sql.replaceAll(/"[^"]*"|'[^']*'|\?/g, part => (part === '?' ? `$${++n}` : part));
}

type Query = (sql: string, parameters: readonly unknown[]) => unknown;

/** One array a column: a statement for thousands of rows, and one plan. */
function insertRows(query: Query, table: string, columns: readonly InsertColumn[]): void {
  const nRows = columns[0]?.values.length ?? 0;
  const arrays = columns.map(({ schemaType }) => `?::${POSTGRES_TYPES[schemaType]!}[]`).join(', ');
  const sql = `INSERT INTO ${quoted(table)} (${columns.map(c => quoted(c.name)).join(', ')}) SELECT * FROM unnest(${arrays})`;
  for (let first = 0; first < nRows; first += BATCH) {
    query(sql, columns.map(c => arrayText(c.values, first, Math.min(nRows, first + BATCH))));
  }
}

/** An array in the text form of PostgreSQL. */
function arrayText(values: readonly SqlValue[], begin: number, end: number): string {
  const texts = Array<string>(end - begin);
  for (let i = begin; i < end; i++) {
    const value = values[i]!;
    texts[i - begin] = value === null ? 'NULL'
      : typeof value === 'string' ? `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"` : String(value);
  }
  return `{${texts.join(',')}}`;
}

const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/^NO_DRIVER$/, 'npm install pg'],
  [/^(ECONNREFUSED|ENOTFOUND|ETIMEDOUT|EAI_AGAIN|ENOENT|EHOSTUNREACH)$/, 'start the server, or correct the URL'],
  [/^28/, 'give a user and a password that the server accepts (URL, PGUSER and PGPASSWORD, or ~/.pgpass)'],
  [/^3D000$/, 'make the database (createdb), or correct the URL'],
  [/^42501$/, 'give the user the rights, or give another database or schema'],
  [/^23/, 'nothing of this was stored: rows with these identifiers are there already, so give another database or take the earlier visit back'],
  [/^(55P03|40)/, 'another process is writing; nothing of this was stored: run the same command again when it has ended'],
  [/^53100$/, 'nothing of this was stored: make room on the disk of the server and run the same command again'],
  [/^(LOST|08|57P|ECONNRESET|EPIPE|53)/, 'nothing of this was stored: when the server is back, run the same command again'],
];

function apError(location: PostgresLocation, { code, message }: ThreadError): ApError {
  const found = message === '' ? code : message;
  return new ApError('APDB', { where: location.shown, found, todo: ADVICE.find(([pattern]) => pattern.test(code))?.[1] });
}

/** A connection that breaks while the server commits leaves open what the server did. */
function commitError(location: PostgresLocation, error: ThreadError): ApError {
  if (!/^(LOST|08|57P|ECONNRESET|EPIPE)/.test(error.code)) return apError(location, error);
  return new ApError('APDB', {
    where: location.shown, found: `${error.message} while the visit was committed`, expected: 'an answer',
    todo: 'when the server is back, run the same command again: it finds out whether the visit was stored, whole or not at all',
  });
}
