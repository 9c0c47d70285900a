/** What goes wrong around a store: nothing is half-written, the message says what to do, and the same call succeeds later. */
import { expect } from 'chai';
import Database from 'better-sqlite3';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { apdbExists, createApdb, openApdb, removeApdb } from '../../src/apdb/openApdb.ts';
import type { OpenApdb } from '../../src/apdb/openApdb.ts';
import { postgresConnection } from '../../src/apdb/postgresConnection.ts';
import type { PostgresLocation } from '../../src/apdb/location.ts';
import { ApError } from '../../src/model/errors.ts';
import { rowsOf } from '../../src/model/table.ts';
import type { Table } from '../../src/model/table.ts';
import { dump, POSTGRES, SQLITE } from './backends.ts';
import { forcedOf, NONE, objectsOf, sourcesOf, squareAround, visitOf } from './rows.ts';

const field = squareAround(150, 2, 0.1);
const [first, second] = [visitOf(1), visitOf(2)];

function storeFirst(apdb: OpenApdb): void {
  apdb.store(first, objectsOf([{ diaObjectId: 1n }]), sourcesOf(first, [{ diaSourceId: 1n, diaObjectId: 1n }]), NONE);
}

/** A visit with n sources. */
function storeSecond(apdb: OpenApdb, n = 1, forced: Table = NONE): void {
  apdb.store(second, objectsOf([{ diaObjectId: 1n, nDiaSources: 1 + n }]),
    sourcesOf(second, Array.from({ length: n }, (_, k) => ({ diaSourceId: BigInt(10 + k), diaObjectId: 1n }))), forced);
}

const counts = (apdb: OpenApdb): unknown[] => rowsOf(apdb.getDiaObjects(field)).map(o => o.nDiaSources);

function refused(action: () => unknown, ...texts: readonly string[]): void {
  try {
    action();
  } catch (error) {
    expect(error).to.be.instanceOf(ApError).with.property('code', 'APDB');
    for (const text of texts) expect((error as Error).message).to.include(text);
    return;
  }
  expect.fail('not refused');
}

/** Another process that is killed while it stores the second visit. */
async function killedStore(url: string): Promise<void> {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'killedStore.ts'), url], { stdio: 'ignore' });
  const [, signal] = await once(child, 'exit') as [unknown, string];
  expect(signal).to.equal('SIGKILL');
}

for (const backend of [SQLITE, POSTGRES]) {
  describe(`apdb failures: ${backend.name}`, () => {
    before(backend.prepare);
    after(backend.tidy);

    it('a process killed inside its store leaves nothing; the next one stores the same visit', async () => {
      const { url, apdb } = backend.fresh();
      storeFirst(apdb);
      const before = dump(apdb);
      await killedStore(url);
      expect(dump(apdb)).to.deep.equal(before);
      storeSecond(apdb);
      expect(counts(apdb)).to.deep.equal([2]);
    });

    it('a visit that is stored already is refused with the way out, and leaves the first store as it was', () => {
      const { apdb } = backend.fresh({ run: 'u/me/run' });
      storeFirst(apdb);
      const before = dump(apdb);
      refused(() => storeFirst(apdb), 'visit 1, detector 1 is stored already', 'take the earlier store back');
      refused(() => apdb.store(second, NONE, sourcesOf(second, [{ diaSourceId: 1n }]), NONE), 'identifiers are there already');
      expect(dump(apdb)).to.deep.equal(before);
      expect([apdb.runOf(1, 1), apdb.runOf(2, 1)]).to.deep.equal(['u/me/run', null]);
    });

    it('is removed whole, and only when it is an association database', () => {
      const { url, apdb } = backend.fresh();
      storeFirst(apdb);
      apdb.connection.run("UPDATE metadata SET name = 'other' WHERE name = 'version:schema'");
      refused(() => removeApdb(url), 'version:schema');
      apdb.connection.run("UPDATE metadata SET name = 'version:schema' WHERE name = 'other'");
      apdb.close();
      removeApdb(url);
      expect(apdbExists(url)).to.equal(false);
      removeApdb(url);
      createApdb(url);
      const again = openApdb(url);
      expect(again.containsVisitDetector(1, 1)).to.equal(false);
      again.close();
    });
  });
}

describe('apdb failures: a SQLite file', () => {
  before(SQLITE.prepare);
  after(SQLITE.tidy);

  it('a full disk undoes the store; with room the same call succeeds', () => {
    const { url, apdb } = SQLITE.fresh();
    storeFirst(apdb);
    const before = dump(apdb);
    const small = openApdb(url, { maxPages: 60 });
    refused(() => storeSecond(small, 2000), 'full', 'make room on the disk and run the same command again');
    expect(dump(apdb)).to.deep.equal(before);
    small.close();
    storeSecond(apdb, 2000);
    expect(counts(apdb)).to.deep.equal([2001]);
  });

  it('a database that another process writes is waited for, then refused; afterwards the same call succeeds', () => {
    const { url } = SQLITE.fresh();
    const apdb = openApdb(url, { wait_ms: 50 });
    storeFirst(apdb);
    const other = new Database(url);
    other.exec('BEGIN IMMEDIATE');
    refused(() => storeSecond(apdb), 'database is locked', 'run the same command again when it has ended');
    expect(counts(apdb)).to.deep.equal([1]);
    other.exec('ROLLBACK');
    other.close();
    storeSecond(apdb);
    expect(counts(apdb)).to.deep.equal([2]);
    apdb.close();
  });
});

describe('apdb failures: a PostgreSQL server', () => {
  before(POSTGRES.prepare);
  after(POSTGRES.tidy);

  /** A connection beside the tested one. */
  const beside = ({ location }: OpenApdb): ReturnType<typeof postgresConnection> => postgresConnection(location as PostgresLocation);
  const processOf = ({ connection }: OpenApdb): bigint => connection.all('SELECT pg_backend_pid()')[0]![0] as bigint;
  const end = (db: ReturnType<typeof postgresConnection>, pid: bigint): number => db.all('SELECT pg_terminate_backend(?)', [pid]).length;

  it('a connection lost between two visits is made anew', () => {
    const { apdb } = POSTGRES.fresh();
    storeFirst(apdb);
    const other = beside(apdb);
    expect(end(other, processOf(apdb))).to.equal(1);
    other.close();
    try {
      storeSecond(apdb);
    } catch (error) {
      // The driver may hear of it with the first statement only.
      expect((error as Error).message).to.include('run the same command again');
      storeSecond(apdb);
    }
    expect(counts(apdb)).to.deep.equal([2]);
  });

  it('a connection lost inside a store undoes it; the same call succeeds', () => {
    const { apdb } = POSTGRES.fresh();
    storeFirst(apdb);
    const other = beside(apdb);
    other.all('SELECT 1');
    const pid = processOf(apdb);
    const forced = forcedOf(second, [{ diaForcedSourceId: 5n, diaObjectId: 1n }]);
    let nCuts = 0;
    const columns = new Proxy(forced.columns, {
      get: (target, name, receiver) => {
        if (nCuts === 0) nCuts = end(other, pid);
        return Reflect.get(target, name, receiver) as unknown;
      },
    });
    refused(() => storeSecond(apdb, 1, { nRows: 1, columns }), 'nothing of this was stored', 'run the same command again');
    expect(nCuts).to.equal(1);
    other.close();
    expect(counts(apdb)).to.deep.equal([1]);
    expect(apdb.containsVisitDetector(2, 1)).to.equal(false);
    storeSecond(apdb, 1, forced);
    expect(counts(apdb)).to.deep.equal([2]);
  });

  it('a database that another process writes is waited for, then refused; readers are not held up', () => {
    const { url } = POSTGRES.fresh();
    const apdb = openApdb(url, { wait_ms: 50 });
    storeFirst(apdb);
    const other = beside(apdb);
    other.run('BEGIN');
    other.run('LOCK TABLE "ApVerifyStore" IN SHARE ROW EXCLUSIVE MODE');
    refused(() => storeSecond(apdb), 'lock timeout', 'run the same command again when it has ended');
    expect(counts(apdb)).to.deep.equal([1]);
    other.run('ROLLBACK');
    other.close();
    storeSecond(apdb);
    expect(counts(apdb)).to.deep.equal([2]);
    apdb.close();
  });

  it('no server, no database, no schema: each has its own message, and no password is in it', () => {
    const { apdb } = POSTGRES.fresh();
    const { url } = apdb.location as PostgresLocation;
    refused(() => openApdb('postgresql://me:secret@127.0.0.1:1/x'), 'postgresql://me:***@127.0.0.1:1/x', 'ECONNREFUSED', 'start the server');
    refused(() => openApdb(`${url.replace(/\/[^/]*$/, '/no_such_database')}`), 'no_such_database', 'createdb');
    refused(() => openApdb(`${url}?schema=nothing`), 'no table metadata', 'ap-verify apdb create');
  });
});
