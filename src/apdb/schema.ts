/**
 * Tables of the association database as `dax_apdb` makes them in SQLite (schema 10.0.0, `ApdbSql` 1.2.1, index mode
 * `baseline`), and three tables of our own that let a stored visit be taken back exactly.
 */
import type Database from 'better-sqlite3';
import { ApError } from '../model/errors.ts';
import { DIA_FORCED_SOURCE_COLUMNS, DIA_OBJECT_COLUMNS, DIA_SOURCE_COLUMNS } from '../model/apdbColumns.ts';
import type { ApdbColumn } from '../model/apdbColumns.ts';

export const SCHEMA_VERSION = '10.0.0';
export const CODE_VERSION = '1.2.1';
/** Level of the HTM index in the column `pixelId`. */
export const HTM_LEVEL = 20;

/** Index modes of which the rows mean the same to us; the primary key differs. */
const READABLE_MODES = ['baseline', 'pix_id_iov'];
const CONFIG_KEY = 'config:apdb-sql.json';

export interface ApdbTable {
  readonly name: 'DiaObject' | 'DiaSource' | 'DiaForcedSource';
  readonly columns: readonly ApdbColumn[];
  readonly hasPixelId: boolean;
  readonly primaryKey: readonly string[];
  /** Name of an index after `IDX_<table>_`, and its columns. */
  readonly indices: Readonly<Record<string, readonly string[]>>;
}

export const DIA_OBJECT: ApdbTable = {
  name: 'DiaObject', columns: DIA_OBJECT_COLUMNS, hasPixelId: true, primaryKey: ['diaObjectId', 'validityStartMjdTai'],
  indices: { validityStart: ['validityStartMjdTai'], pixelId: ['pixelId'] },
};
export const DIA_SOURCE: ApdbTable = {
  name: 'DiaSource', columns: DIA_SOURCE_COLUMNS, hasPixelId: true, primaryKey: ['diaSourceId'],
  indices: {
    visitDetector: ['visit', 'detector'], diaObjectId: ['diaObjectId'], ssObjectId: ['ssObjectId'], pixelId: ['pixelId'],
  },
};
export const DIA_FORCED_SOURCE: ApdbTable = {
  name: 'DiaForcedSource', columns: DIA_FORCED_SOURCE_COLUMNS, hasPixelId: false,
  primaryKey: ['diaObjectId', 'visit', 'detector'], indices: { visitDetector: ['visit', 'detector'] },
};
const TABLES = [DIA_OBJECT, DIA_SOURCE, DIA_FORCED_SOURCE];

const SQL_TYPES: Readonly<Record<string, string>> = {
  i64: 'BIGINT', i32: 'INTEGER', i16: 'SMALLINT', f64: 'DOUBLE', f32: 'REAL', bool: 'BOOLEAN', char1: 'CHAR(1)', str7: 'VARCHAR(7)',
};

const MATCHES_AND_METADATA = `
CREATE TABLE "DiaObject_To_Object_Match" ("diaObjectId" BIGINT NOT NULL, "objectId" BIGINT NOT NULL, dist REAL, "lnP" REAL);
CREATE INDEX "IDX_DiaObjectToObjectMatch_diaObjectId" ON "DiaObject_To_Object_Match" ("diaObjectId");
CREATE INDEX "IDX_DiaObjectToObjectMatch_objectId" ON "DiaObject_To_Object_Match" ("objectId");
CREATE TABLE metadata (name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (name));`;

/**
 * Which visits are stored, in which order, and which object versions each has written. An object that two detectors
 * of one visit update has one row in DiaObject, as both versions begin at the same time; the earlier one is kept aside.
 * Other clients do not look at these tables.
 */
const JOURNAL = `
CREATE TABLE IF NOT EXISTS "ApVerifyStore" (sequence INTEGER PRIMARY KEY, visit BIGINT NOT NULL, detector SMALLINT NOT NULL,
  "timeMjdTai" DOUBLE NOT NULL, UNIQUE (visit, detector));
CREATE TABLE IF NOT EXISTS "ApVerifyStoredObject" (sequence INTEGER NOT NULL, "diaObjectId" BIGINT NOT NULL,
  "validityStartMjdTai" DOUBLE NOT NULL, PRIMARY KEY ("diaObjectId", "validityStartMjdTai", sequence)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS "IDX_ApVerifyStoredObject_sequence" ON "ApVerifyStoredObject" (sequence);
CREATE TABLE IF NOT EXISTS "ApVerifyReplacedObject" (sequence INTEGER NOT NULL, ${columnList(DIA_OBJECT)},
  PRIMARY KEY ("diaObjectId", "validityStartMjdTai", sequence));`;

/** Makes all tables in an empty database and writes the metadata rows. */
export function createTables(db: Database.Database): void {
  for (const table of TABLES) {
    const key = table.primaryKey.map(quoted).join(', ');
    db.exec(`CREATE TABLE ${quoted(table.name)} (${columnList(table)}, PRIMARY KEY (${key}))`);
    for (const [name, columns] of Object.entries(table.indices)) {
      db.exec(`CREATE INDEX "IDX_${table.name}_${name}" ON ${quoted(table.name)} (${columns.map(quoted).join(', ')})`);
    }
  }
  db.exec(MATCHES_AND_METADATA);
  createJournal(db);
  const insert = db.prepare('INSERT INTO metadata VALUES (?, ?)');
  insert.run('version:schema', SCHEMA_VERSION);
  insert.run('version:ApdbSql', CODE_VERSION);
  insert.run(CONFIG_KEY, '{"enable_replica": false, "dia_object_index": "baseline", "htm_level": 20,'
    + ' "htm_index_column": "pixelId", "ra_dec_columns": ["ra", "dec"]}');
}

/** Our own tables, which a database that another client has made does not have. */
export function createJournal(db: Database.Database): void {
  db.exec(JOURNAL);
}

/**
 * The rules of `dax_apdb`: major versions equal, minor versions not above ours. Throws ApError APDB when they are
 * broken, when a table is absent, or when the database has a form that is not written here (replication, a table of
 * last versions, another pixelization).
 */
export function checkSchema(db: Database.Database, file: string): void {
  const tables = new Set(db.prepare('SELECT name FROM sqlite_master WHERE type = \'table\'').pluck().all());
  const absent = ['metadata', ...TABLES.map(t => t.name)].filter(name => !tables.has(name));
  if (absent.length > 0) {
    throw new ApError('APDB', { where: file, found: `no table ${absent.join(', ')}`, expected: `an APDB of schema ${SCHEMA_VERSION}` });
  }
  const metadata = new Map(db.prepare<[], [string, string]>('SELECT name, value FROM metadata').raw().all());
  checkVersion(metadata.get('version:schema'), SCHEMA_VERSION, `${file}, version:schema`);
  checkVersion(metadata.get('version:ApdbSql'), CODE_VERSION, `${file}, version:ApdbSql`);
  checkConfiguration(metadata.get(CONFIG_KEY), file);
}

function checkVersion(found: string | undefined, ours: string, where: string): void {
  const [major, minor] = (found ?? '').split('.').map(Number);
  const [ourMajor, ourMinor] = ours.split('.').map(Number);
  if (major === ourMajor && minor! <= ourMinor!) return;
  throw new ApError('APDB', {
    where, found: found ?? 'no version', expected: `${ourMajor}.x, at most ${ourMajor}.${ourMinor}`,
    todo: 'give another database, or make a new one',
  });
}

function checkConfiguration(text: string | undefined, file: string): void {
  const config = parseObject(text);
  const wrong = config === null ? 'not a JSON object'
    : !READABLE_MODES.includes(String(config.dia_object_index)) ? `dia_object_index ${String(config.dia_object_index)}`
    : config.enable_replica !== false ? 'replication'
    : config.htm_level !== HTM_LEVEL || config.htm_index_column !== 'pixelId' ? 'another pixelization'
    : null;
  if (wrong === null) return;
  throw new ApError('APDB', {
    where: `${file}, ${CONFIG_KEY}`, found: wrong,
    expected: `dia_object_index ${READABLE_MODES.join(' or ')}, no replication, HTM level ${HTM_LEVEL} in pixelId`,
  });
}

function parseObject(text: string | undefined): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text ?? 'null');
    return typeof value === 'object' && !Array.isArray(value) ? value as Record<string, unknown> | null : null;
  } catch {
    return null;
  }
}

function columnList(table: ApdbTable): string {
  const columns = table.columns.map(({ name, schemaType, nullable }) =>
    `${quoted(name)} ${SQL_TYPES[schemaType]!}${name === 'trailNdata' ? ' DEFAULT \'0\'' : ''}${nullable ? '' : ' NOT NULL'}`);
  return [...columns, ...(table.hasPixelId ? ['"pixelId" BIGINT NOT NULL'] : [])].join(', ');
}

export function quoted(name: string): string {
  return `"${name}"`;
}
