/** Where an association database is: a URL in the manner of SQLAlchemy, as `dax_apdb` writes it, or the name of a file. */
import { ApError } from '../model/errors.ts';

export type ApdbLocation = SqliteLocation | PostgresLocation;

export interface SqliteLocation {
  readonly kind: 'sqlite';
  readonly file: string;
}

export interface PostgresLocation {
  readonly kind: 'postgresql';
  /** Connection string without the options that are ours. */
  readonly url: string;
  /** Schema (namespace) that holds the tables; null: the first one of the user's search path. */
  readonly schema: string | null;
  /** The URL as it may be printed: without a password. */
  readonly shown: string;
}

const EXPECTED = 'the name of a file, sqlite:///FILE, or postgresql://USER@HOST/DATABASE[?schema=NAME]';

/**
 * `apdb.db`, `sqlite:///relative.db`, `sqlite:////absolute.db`, `sqlite:///file:/absolute.db?mode=rw&uri=true`,
 * `postgresql://user@host:port/database?schema=name` (also `postgres:`, and with a driver as in `postgresql+psycopg2:`).
 * Throws ApError USAGE for anything else.
 */
export function apdbLocation(text: string): ApdbLocation {
  const scheme = /^([a-z][a-z0-9]*)(?:\+\w+)?:\/\//i.exec(text);
  if (scheme === null) {
    if (text === '') throw refused(text);
    return { kind: 'sqlite', file: text };
  }
  const [prefix, name] = [scheme[0], scheme[1]!.toLowerCase()];
  if (name === 'sqlite') return sqliteLocation(text, text.slice(prefix.length));
  if (name === 'postgresql' || name === 'postgres') return postgresLocation(text, text.slice(prefix.length));
  throw refused(text);
}

/**
 * The database as the configuration of `dax_apdb` wants it: `db_url` and `namespace`. The driver is named, as the one that
 * SQLAlchemy 2.1 takes by itself (psycopg 3) refuses the statements with which `dax_apdb` stores.
 */
export function daxUrl(location: ApdbLocation): { readonly db_url: string; readonly namespace: string | null } {
  if (location.kind === 'postgresql') return { db_url: location.url.replace(/^postgresql:/, 'postgresql+psycopg2:'), namespace: location.schema };
  return { db_url: `sqlite:///file:${location.file}?mode=rw&uri=true`, namespace: null };
}

/** The same database with its tables in the given schema; SQLite has none. */
export function inSchema(location: ApdbLocation, schema: string): ApdbLocation {
  if (location.kind === 'sqlite') return location;
  return postgresLocation(location.url, location.url.replace(/^postgresql:\/\//, ''), schema);
}

/** The text that `apdbLocation` reads back. It holds the password, if there is one. */
export function locationText(location: ApdbLocation): string {
  if (location.kind === 'sqlite') return location.file;
  if (location.schema === null) return location.url;
  return `${location.url}${location.url.includes('?') ? '&' : '?'}schema=${encodeURIComponent(location.schema)}`;
}

/** The text as it may be printed and kept: without a password. */
export function shownUrl(text: string): string {
  return hidden(text);
}

function sqliteLocation(text: string, rest: string): SqliteLocation {
  const [path = ''] = rest.split('?');
  if (!path.startsWith('/')) throw refused(text);
  const file = decodeURIComponent(path.slice(1)).replace(/^file:/, '').replace(/^\/{2,}/, '/');
  if (file === '' || file === ':memory:') throw refused(text);
  return { kind: 'sqlite', file };
}

function postgresLocation(text: string, rest: string, schema?: string): PostgresLocation {
  const [address = '', query = ''] = rest.split('?');
  const parameters = new URLSearchParams(query);
  const named = schema ?? parameters.get('schema') ?? parameters.get('namespace');
  for (const name of ['schema', 'namespace']) parameters.delete(name);
  if (named === '' || (named !== null && Buffer.byteLength(named) > 63)) {
    throw new ApError('USAGE', { where: 'schema', found: named, expected: 'a name of 1 to 63 bytes' });
  }
  if (!/\/./.test(address)) throw refused(hidden(text));
  const options = parameters.size > 0 ? `?${parameters.toString()}` : '';
  const url = `postgresql://${address}${options}`;
  return { kind: 'postgresql', url, schema: named, shown: `${hidden(url)}${named === null ? '' : ` schema ${named}`}` };
}

function hidden(url: string): string {
  return url.replace(/\/\/([^:@/]*):[^@/]*@/, '//$1:***@').replace(/([?&]password=)[^&]*/, '$1***');
}

function refused(text: string): ApError {
  return new ApError('USAGE', { where: 'association database', found: text === '' ? 'no name' : text, expected: EXPECTED });
}
