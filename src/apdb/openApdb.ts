/** The association database by its name: a file, or a URL (see `apdbLocation`). */
import type { Apdb } from '../model/apdb.ts';
import { ApError } from '../model/errors.ts';
import { apdbLocation } from './location.ts';
import * as sqlite from './sqliteApdb.ts';

export type OpenApdb = Apdb & { close(): void };

/** Makes an empty database, whole or not at all. Throws ApError APDB when there is one already, USAGE for an unknown URL. */
export function createApdb(url: string): void {
  sqlite.createApdb(fileOf(url));
}

/** Opens a database for reading and writing. Throws ApError APDB when it is not there or is no APDB, USAGE for an unknown URL. */
export function openApdb(url: string): OpenApdb {
  return sqlite.openApdb(fileOf(url));
}

function fileOf(url: string): string {
  const location = apdbLocation(url);
  if (location.kind === 'sqlite') return location.file;
  throw new ApError('APDB', { where: location.shown, found: 'PostgreSQL', expected: 'SQLite' });
}
