/** The databases that the contract tests run against: both back ends, in every form that can be made. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createApdb, openApdb } from '../../src/apdb/openApdb.ts';
import type { OpenApdb, OpenOptions } from '../../src/apdb/openApdb.ts';
import { tableNames } from '../../src/apdb/metadata.ts';
import type { ApdbForm } from '../../src/apdb/schema.ts';
import { newSchema, postgresServer } from './postgres.ts';

export interface Fresh {
  readonly url: string;
  readonly apdb: OpenApdb;
}

export interface Backend {
  readonly name: string;
  readonly kind: 'SQLite' | 'PostgreSQL';
  readonly form: ApdbForm;
  /** For mocha's `before`: skips with the reason when there is no server. */
  prepare(this: Mocha.Context): Promise<void>;
  /** An empty database, open; all are closed by `tidy`. */
  fresh(options?: OpenOptions): Fresh;
  tidy(): void;
}

const FORMS: readonly ApdbForm[] = [
  { indexMode: 'baseline', hasReplica: false }, { indexMode: 'pix_id_iov', hasReplica: false },
  { indexMode: 'last_object_table', hasReplica: false }, { indexMode: 'last_object_table', hasReplica: true },
];

function backend(kind: Backend['kind'], form: ApdbForm): Backend {
  const open: OpenApdb[] = [];
  let newUrl = (): string => { throw new Error('not prepared'); };
  let remove = (): void => {};
  return {
    name: `${kind}, ${form.indexMode}${form.hasReplica ? ' with replication' : ''}`,
    kind,
    form,
    async prepare() {
      if (kind === 'SQLite') {
        const directory = mkdtempSync(path.join(tmpdir(), 'apdb-'));
        let nFiles = 0;
        newUrl = () => path.join(directory, `${nFiles++}.sqlite3`);
        remove = () => { rmSync(directory, { recursive: true }); };
        return;
      }
      const server = await postgresServer();
      if ('reason' in server) {
        process.stdout.write(`  skipped: ${server.reason}\n`);
        this.skip();
      }
      newUrl = () => newSchema(server.url);
    },
    fresh(options = {}) {
      const url = newUrl();
      createApdb(url, form);
      const apdb = openApdb(url, { now_unix_s: () => 1_768_000_000, ...options });
      open.push(apdb);
      return { url, apdb };
    },
    tidy() {
      for (const apdb of open.splice(0)) apdb.close();
      remove();
    },
  };
}

export const SQLITE = backend('SQLite', FORMS[0]!);
export const POSTGRES = backend('PostgreSQL', FORMS[0]!);
/** Every form in both back ends; a new database takes a third of a second in PostgreSQL. */
export const BACKENDS: readonly Backend[] = [
  SQLITE, ...FORMS.slice(1).map(form => backend('SQLite', form)), POSTGRES, ...FORMS.slice(1).map(form => backend('PostgreSQL', form)),
];

/** All rows of the tables; but for the replication chunks, which get a new identifier whenever they are touched. */
export function dump({ connection }: OpenApdb, tables?: readonly string[]): Record<string, unknown[]> {
  return Object.fromEntries((tables ?? [...tableNames(connection)].filter(name => name !== 'ApdbReplicaChunks').sort()).map(name =>
    [name, connection.all(`SELECT * FROM "${name}" ORDER BY 1, 2`)]));
}
