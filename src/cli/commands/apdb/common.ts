/** What the apdb commands share: opening, and printing tables. */
import path from 'node:path';
import { openApdb } from '../../../apdb/openApdb.ts';
import type { OpenApdb } from '../../../apdb/openApdb.ts';
import { writeTableFile } from '../../../formats/tableFile.ts';
import { writeFileAtomic } from '../../../harness/workspace.ts';
import type { Table } from '../../../model/table.ts';
import { apdbOfOptions } from '../../apdbUse.ts';

/** Opens the database that a URL names, or a configuration file of dax_apdb (.yaml, or label:NAME), and closes it at the end. */
export function withApdb<R>(url: string, action: (apdb: OpenApdb) => R): R {
  const isConfig = /\.ya?ml$|^label:/.test(url);
  const { url: place, history } = apdbOfOptions(isConfig ? { apdbConfig: url } : { db: url })!;
  const apdb = openApdb(place, { now_unix_s: () => Date.now() / 1000, ...(history === null ? {} : { history }) });
  try {
    return action(apdb);
  } finally {
    apdb.close();
  }
}

/** Writes a table to a file of the format that its name asks for, or as CSV to standard output. */
export function putTable(table: Table, file: string | undefined): void {
  if (file === undefined) process.stdout.write(writeTableFile('-.csv', table));
  else writeFileAtomic(path.resolve(file), writeTableFile(file, table));
}
