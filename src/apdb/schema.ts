/**
 * Tables of the association database as `dax_apdb` makes them (schema 10.0.0, `ApdbSql` 1.2.1) in SQLite and PostgreSQL,
 * with what a configuration adds to them, and three tables and two indices of our own.
 */
import { DIA_FORCED_SOURCE_COLUMNS, DIA_OBJECT_COLUMNS, DIA_SOURCE_COLUMNS } from '../model/apdbColumns.ts';
import type { ApdbColumn } from '../model/apdbColumns.ts';
import { quoted } from './connection.ts';
import type { SqlConnection } from './connection.ts';

export const SCHEMA_VERSION = '10.0.0';
export const CODE_VERSION = '1.2.1';
export const REPLICA_VERSION = '1.0.0';
/** Level of the HTM index in the column `pixelId`. */
export const HTM_LEVEL = 20;

/** How DIAObjects are found: by an index on pixelId, by a primary key that begins with it, or in a table of latest versions. */
export const INDEX_MODES = ['baseline', 'pix_id_iov', 'last_object_table'] as const;
export type IndexMode = (typeof INDEX_MODES)[number];

/** What is fixed when a database is made. */
export interface ApdbForm {
  readonly indexMode: IndexMode;
  /** Whether tables for the copy to the Prompt Products Database are kept. */
  readonly hasReplica: boolean;
}

export interface ApdbTable {
  readonly name: 'DiaObject' | 'DiaSource' | 'DiaForcedSource' | 'DiaObjectLast';
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
/** Latest versions, in the mode `last_object_table` only. */
export const DIA_OBJECT_LAST: ApdbTable = {
  name: 'DiaObjectLast', hasPixelId: true, primaryKey: ['pixelId', 'diaObjectId'], indices: {},
  columns: ['diaObjectId', 'validityStartMjdTai', 'lastDiaSourceMjdTai', 'ra', 'raErr', 'dec', 'decErr', 'ra_dec_Cov',
    'firstDiaSourceMjdTai', 'nDiaSources'].map(name => DIA_OBJECT_COLUMNS.find(c => c.name === name)!),
};
export const CHUNK_TABLES = {
  DiaObjectChunks: DIA_OBJECT, DiaSourceChunks: DIA_SOURCE, DiaForcedSourceChunks: DIA_FORCED_SOURCE,
} as const;

const SQLITE_TYPES: Readonly<Record<string, string>> = {
  i64: 'BIGINT', i32: 'INTEGER', i16: 'SMALLINT', f64: 'DOUBLE', f32: 'REAL', bool: 'BOOLEAN', char1: 'CHAR(1)', str7: 'VARCHAR(7)',
};
export const POSTGRES_TYPES: Readonly<Record<string, string>> = { ...SQLITE_TYPES, f64: 'DOUBLE PRECISION' };

/** The same table with the primary key of the index mode. */
export function inMode(table: ApdbTable, { indexMode }: ApdbForm): ApdbTable {
  if (table.name !== 'DiaObject' || indexMode !== 'pix_id_iov') return table;
  return { ...table, primaryKey: ['pixelId', ...table.primaryKey] };
}

export const namesOf = (table: ApdbTable): string[] => [...table.columns.map(c => c.name), ...(table.hasPixelId ? ['pixelId'] : [])];

type Dialect = SqlConnection['dialect'];
const typesOf = (dialect: Dialect): Readonly<Record<string, string>> => (dialect === 'sqlite' ? SQLITE_TYPES : POSTGRES_TYPES);

function columnList(table: ApdbTable, dialect: Dialect): string {
  const types = typesOf(dialect);
  const columns = table.columns.map(({ name, schemaType, nullable }) =>
    `${quoted(name)} ${types[schemaType]!}${name === 'trailNdata' ? ' DEFAULT \'0\'' : ''}${nullable ? '' : ' NOT NULL'}`);
  return [...columns, ...(table.hasPixelId ? ['"pixelId" BIGINT NOT NULL'] : [])].join(', ');
}

const list = (names: readonly string[]): string => names.map(quoted).join(', ');

function tableStatements(table: ApdbTable, dialect: Dialect): string[] {
  return [
    `CREATE TABLE ${quoted(table.name)} (${columnList(table, dialect)}, PRIMARY KEY (${list(table.primaryKey)}))`,
    ...Object.entries(table.indices).map(([name, columns]) =>
      `CREATE INDEX "IDX_${table.name}_${name}" ON ${quoted(table.name)} (${list(columns)})`),
  ];
}

const MATCHES_AND_METADATA = [
  'CREATE TABLE "DiaObject_To_Object_Match" ("diaObjectId" BIGINT NOT NULL, "objectId" BIGINT NOT NULL, dist REAL, "lnP" REAL)',
  'CREATE INDEX "IDX_DiaObjectToObjectMatch_diaObjectId" ON "DiaObject_To_Object_Match" ("diaObjectId")',
  'CREATE INDEX "IDX_DiaObjectToObjectMatch_objectId" ON "DiaObject_To_Object_Match" ("objectId")',
  'CREATE TABLE metadata (name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (name))',
];

/** The chunk of every row, for the copy to another database; a row that goes takes its entry along. */
function replicaStatements(form: ApdbForm, dialect: Dialect): string[] {
  const types = typesOf(dialect);
  const timestamp = dialect === 'sqlite' ? 'TIMESTAMP' : 'TIMESTAMP WITH TIME ZONE';
  const cascade = 'ON DELETE CASCADE ON UPDATE CASCADE';
  return [
    `CREATE TABLE "ApdbReplicaChunks" (apdb_replica_chunk BIGINT, last_update_time ${timestamp} NOT NULL, unique_id ${
      dialect === 'sqlite' ? 'CHAR(32)' : 'UUID'} NOT NULL, PRIMARY KEY (apdb_replica_chunk))`,
    ...Object.entries(CHUNK_TABLES).flatMap(([name, base]) => {
      const table = inMode(base, form);
      const key = table.primaryKey.map(column =>
        `${quoted(column)} ${types[table.columns.find(c => c.name === column)?.schemaType ?? 'i64']!} NOT NULL`).join(', ');
      return [
        `CREATE TABLE ${quoted(name)} (apdb_replica_chunk BIGINT NOT NULL, ${key}, PRIMARY KEY (${list(table.primaryKey)}),
          CONSTRAINT "${name}_fk_${table.name}" FOREIGN KEY (${list(table.primaryKey)})
          REFERENCES ${quoted(table.name)} (${list(table.primaryKey)}) ${cascade},
          CONSTRAINT "${name}_fk_ApdbReplicaChunks" FOREIGN KEY (apdb_replica_chunk)
          REFERENCES "ApdbReplicaChunks" (apdb_replica_chunk) ${cascade})`,
        `CREATE INDEX "${name}_apdb_replica_chunk_idx" ON ${quoted(name)} (apdb_replica_chunk)`,
      ];
    }),
    `CREATE TABLE "ApdbUpdateRecordChunks" (apdb_replica_chunk BIGINT NOT NULL, update_time_ns BIGINT NOT NULL,
      update_order INTEGER NOT NULL, update_unique_id ${dialect === 'sqlite' ? 'CHAR(32)' : 'UUID'} NOT NULL,
      update_payload VARCHAR NOT NULL,
      PRIMARY KEY (apdb_replica_chunk, update_time_ns, update_order, update_unique_id))`,
  ];
}

/** Statements that make all tables of a form; the indices of DiaObject do not depend on it. */
export function schemaStatements(form: ApdbForm, dialect: Dialect): string[] {
  const tables = [inMode(DIA_OBJECT, form), DIA_SOURCE, DIA_FORCED_SOURCE, ...(form.indexMode === 'last_object_table' ? [DIA_OBJECT_LAST] : [])];
  return [
    ...tables.flatMap(table => tableStatements(table, dialect)),
    ...MATCHES_AND_METADATA,
    ...(form.hasReplica ? replicaStatements(form, dialect) : []),
  ];
}

/**
 * Which visits are stored, by which run, in which order, and which object versions each has written. An object that two
 * detectors of one visit update has one row in DiaObject, as both versions begin at the same time; the earlier one is
 * kept aside. The two indices find the latest versions however long the history is. Other clients do not look at any of these.
 */
export function journalStatements(dialect: Dialect): string[] {
  const double = typesOf(dialect).f64!;
  return [
    `CREATE TABLE IF NOT EXISTS "ApVerifyStore" (sequence INTEGER PRIMARY KEY, visit BIGINT NOT NULL, detector SMALLINT NOT NULL,
      "timeMjdTai" ${double} NOT NULL, run TEXT, UNIQUE (visit, detector))`,
    `CREATE TABLE IF NOT EXISTS "ApVerifyStoredObject" (sequence INTEGER NOT NULL, "diaObjectId" BIGINT NOT NULL,
      "validityStartMjdTai" ${double} NOT NULL, PRIMARY KEY ("diaObjectId", "validityStartMjdTai", sequence))${
      dialect === 'sqlite' ? ' WITHOUT ROWID' : ''}`,
    'CREATE INDEX IF NOT EXISTS "IDX_ApVerifyStoredObject_sequence" ON "ApVerifyStoredObject" (sequence)',
    `CREATE TABLE IF NOT EXISTS "ApVerifyReplacedObject" (sequence INTEGER NOT NULL, ${columnList(DIA_OBJECT, dialect)},
      PRIMARY KEY ("diaObjectId", "validityStartMjdTai", sequence))`,
    'CREATE INDEX IF NOT EXISTS "IDX_ApVerifyLatest_pixelId" ON "DiaObject" ("pixelId") WHERE "validityEndMjdTai" IS NULL',
    'CREATE INDEX IF NOT EXISTS "IDX_ApVerifyLatest_diaObjectId" ON "DiaObject" ("diaObjectId") WHERE "validityEndMjdTai" IS NULL',
  ];
}

/** All tables that a database may have, dependent ones first. */
export const ALL_TABLES = [
  'ApVerifyReplacedObject', 'ApVerifyStoredObject', 'ApVerifyStore', ...Object.keys(CHUNK_TABLES), 'ApdbUpdateRecordChunks',
  'ApdbReplicaChunks', 'DiaObjectLast', 'DiaObject_To_Object_Match', 'DiaForcedSource', 'DiaSource', 'DiaObject', 'metadata',
];
