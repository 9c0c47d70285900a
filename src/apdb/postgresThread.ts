/**
 * The thread that speaks with PostgreSQL. It gets one request at a time, answers it on the port, and wakes the thread that
 * waits (see postgresConnection.ts). A connection that was lost is made anew by the next request outside of a transaction.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import type { Client } from 'pg';

export interface ThreadSetup {
  readonly url: string;
  readonly schema: string | null;
  /** Of another writer. */
  readonly lockTimeout_ms: number;
  readonly port: MessagePort;
  readonly signal: Int32Array;
}

export type Request = { readonly kind: 'query'; readonly sql: string; readonly parameters: readonly unknown[]; readonly isInTransaction: boolean }
  | { readonly kind: 'close' };

export type Answer = { readonly rows: unknown[][]; readonly nChanged: number } | { readonly error: ThreadError };

export interface ThreadError {
  /** SQLSTATE, a system error such as ECONNREFUSED, or one of `LOST`, `NO_DRIVER`. */
  readonly code: string;
  readonly message: string;
}

const CONNECT_TIMEOUT_MS = 20_000;
/** A server that vanished without a word is given up after this time. */
const ANSWER_TIMEOUT_MS = 600_000;

const { url, schema, lockTimeout_ms, port, signal } = workerData as ThreadSetup;
let client: Client | null = null;

/** Texts of int2, int4, int8, bool, float4 and float8 as BigInt and number; everything else stays text. */
function parser(oid: number): (text: string) => unknown {
  if (oid === 20 || oid === 21 || oid === 23) return BigInt;
  if (oid === 16) return text => (text === 't' ? 1n : 0n);
  if (oid === 700) return text => Math.fround(Number(text));
  return oid === 701 ? Number : text => text;
}

async function connected(): Promise<Client> {
  if (client !== null) return client;
  const pg = await driver();
  const made = new pg.Client({
    connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS, query_timeout: ANSWER_TIMEOUT_MS, keepAlive: true,
    application_name: 'ap-verify', types: { getTypeParser: parser as never },
  });
  // The server may close the connection while nobody asks anything.
  made.on('error', () => { if (client === made) client = null; });
  made.on('end', () => { if (client === made) client = null; });
  await made.connect();
  await made.query(`SET lock_timeout = ${lockTimeout_ms}; SET extra_float_digits = 3`);
  if (schema !== null) await made.query(`SET search_path TO "${schema.replaceAll('"', '""')}"`);
  client = made;
  return made;
}

async function driver(): Promise<{ readonly Client: typeof Client }> {
  try {
    return (await import('pg')).default;
  } catch {
    throw Object.assign(new Error('the package pg is not installed'), { code: 'NO_DRIVER' });
  }
}

async function answerTo(request: Request): Promise<Answer> {
  try {
    if (request.kind === 'close') {
      await client?.end();
      return { rows: [], nChanged: 0 };
    }
    if (request.isInTransaction && client === null) throw Object.assign(new Error('the connection was lost'), { code: 'LOST' });
    const result = await (await connected()).query({ text: request.sql, values: [...request.parameters], rowMode: 'array' });
    return { rows: result.rows as unknown[][], nChanged: result.rowCount ?? 0 };
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    return { error: { code: code ?? 'LOST', message } };
  }
}

port.on('message', (request: Request) => {
  void answerTo(request).then(answer => {
    port.postMessage(answer);
    Atomics.store(signal, 0, 1);
    Atomics.notify(signal, 0);
    if (request.kind === 'close') parentPort?.close();
    if (request.kind === 'close') port.close();
  });
});
