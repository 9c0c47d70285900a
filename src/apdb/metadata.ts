/** The table `metadata`: versions and the frozen configuration by the rules of `dax_apdb`, and what users add to it. */
import { ApError } from '../model/errors.ts';
import type { SqlConnection } from './connection.ts';
import { CODE_VERSION, DIA_FORCED_SOURCE, DIA_OBJECT, DIA_SOURCE, HTM_LEVEL, INDEX_MODES, REPLICA_VERSION, SCHEMA_VERSION } from './schema.ts';
import type { ApdbForm, IndexMode } from './schema.ts';

const CONFIG_KEY = 'config:apdb-sql.json';
/** Keys that make the database what it is: they are not to be set or deleted. */
const OWN_KEYS = /^(version|config):/;

/** The rows of a new database. */
export function initialMetadata({ indexMode, hasReplica }: ApdbForm): [name: string, value: string][] {
  return [
    ['version:schema', SCHEMA_VERSION],
    ['version:ApdbSql', CODE_VERSION],
    ...(hasReplica ? [['version:ApdbSqlReplica', REPLICA_VERSION] as [string, string]] : []),
    [CONFIG_KEY, `{"enable_replica": ${hasReplica}, "dia_object_index": "${indexMode}", "htm_level": ${HTM_LEVEL},`
      + ' "htm_index_column": "pixelId", "ra_dec_columns": ["ra", "dec"]}'],
  ];
}

/** All rows by name. */
export function readMetadata(db: SqlConnection): ReadonlyMap<string, string> {
  return new Map(db.all('SELECT name, value FROM metadata ORDER BY name') as [string, string][]);
}

/**
 * Sets a row. Throws ApError APDB when the key belongs to the database itself, when it exists and may not be replaced, and
 * for empty keys and values, which `dax_apdb` refuses too.
 */
export function setMetadata(db: SqlConnection, [name, value]: readonly [string, string], mayReplace: boolean): void {
  const where = `${db.where}, metadata`;
  if (name === '' || value === '') throw new ApError('APDB', { where, found: `'${name}' = '${value}'`, expected: 'a key and a value' });
  checkIsUserKey(where, name);
  db.transaction(() => {
    const [old] = db.all('SELECT value FROM metadata WHERE name = ?', [name]);
    if (old !== undefined && !mayReplace) {
      throw new ApError('APDB', { where, found: `${name} = ${String(old[0])}`, expected: 'a new key', todo: 'give --force to replace it' });
    }
    db.run('DELETE FROM metadata WHERE name = ?', [name]);
    db.run('INSERT INTO metadata (name, value) VALUES (?, ?)', [name, value]);
  });
}

/** Deletes a row. Throws ApError APDB when there is none, or when the key belongs to the database itself. */
export function deleteMetadata(db: SqlConnection, name: string): void {
  const where = `${db.where}, metadata`;
  checkIsUserKey(where, name);
  if (db.run('DELETE FROM metadata WHERE name = ?', [name]) === 0) throw new ApError('APDB', { where, found: `no key ${name}` });
}

function checkIsUserKey(where: string, name: string): void {
  if (OWN_KEYS.test(name)) throw new ApError('APDB', { where, found: name, expected: 'a key that does not begin with version: or config:' });
}

/** Names of the tables in the file, or in the first schema of the search path. */
export function tableNames(db: SqlConnection): ReadonlySet<string> {
  const sql = db.dialect === 'sqlite' ? 'SELECT name FROM sqlite_master WHERE type = \'table\''
    : 'SELECT table_name::text FROM information_schema.tables WHERE table_schema = current_schema()';
  return new Set(db.all(sql).map(([name]) => String(name)));
}

/**
 * The form of a database after the checks of `dax_apdb`: major versions equal, minor versions not above ours. Throws
 * ApError APDB when they are broken, when a table is absent, or when positions are indexed in a way that is not written here.
 */
export function checkedForm(db: SqlConnection): ApdbForm {
  const tables = tableNames(db);
  const absent = ['metadata', DIA_OBJECT.name, DIA_SOURCE.name, DIA_FORCED_SOURCE.name].filter(name => !tables.has(name));
  if (absent.length > 0) {
    throw new ApError('APDB', {
      where: db.where, found: `no table ${absent.join(', ')}`, expected: `an APDB of schema ${SCHEMA_VERSION}`, todo: 'ap-verify apdb create makes one',
    });
  }
  const metadata = readMetadata(db);
  checkVersion(db, metadata, ['version:schema', SCHEMA_VERSION]);
  checkVersion(db, metadata, ['version:ApdbSql', CODE_VERSION]);
  const form = formOf(metadata.get(CONFIG_KEY), `${db.where}, ${CONFIG_KEY}`);
  if (form.hasReplica) checkVersion(db, metadata, ['version:ApdbSqlReplica', REPLICA_VERSION]);
  return form;
}

function checkVersion(db: SqlConnection, metadata: ReadonlyMap<string, string>, [key, ours]: readonly [string, string]): void {
  const found = metadata.get(key);
  const [major, minor] = (found ?? '').split('.').map(Number);
  const [ourMajor, ourMinor] = ours.split('.').map(Number);
  if (major === ourMajor && minor! <= ourMinor!) return;
  throw new ApError('APDB', {
    where: `${db.where}, ${key}`, found: found ?? 'no version', expected: `${ourMajor}.x, at most ${ourMajor}.${ourMinor}`,
    todo: 'give another database, or make a new one',
  });
}

function formOf(text: string | undefined, where: string): ApdbForm {
  const config = parseObject(text);
  const wrong = config === null ? 'not a JSON object'
    : !INDEX_MODES.includes(config.dia_object_index as IndexMode) ? `dia_object_index ${String(config.dia_object_index)}`
    : config.htm_level !== HTM_LEVEL || config.htm_index_column !== 'pixelId' ? 'another pixelization'
    : null;
  if (wrong !== null) {
    throw new ApError('APDB', { where, found: wrong, expected: `dia_object_index ${INDEX_MODES.join(' or ')}, HTM level ${HTM_LEVEL} in pixelId` });
  }
  return { indexMode: config!.dia_object_index as IndexMode, hasReplica: config!.enable_replica === true };
}

function parseObject(text: string | undefined): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text ?? 'null');
    return typeof value === 'object' && !Array.isArray(value) ? value as Record<string, unknown> | null : null;
  } catch {
    return null;
  }
}
