/**
 * Storing a visit and taking it back. Every store is a layer: it has an order, its sources, and one version of each
 * object that it touched. Taking a layer away leaves the database as if the other layers alone had been stored.
 */
import type Database from 'better-sqlite3';
import type { ApdbVisit } from '../model/apdb.ts';
import { ApError } from '../model/errors.ts';
import { column } from '../model/table.ts';
import type { Column, Table } from '../model/table.ts';
import { sqlRow } from './rows.ts';
import type { SqlValue } from './rows.ts';
import { DIA_FORCED_SOURCE, DIA_OBJECT, DIA_SOURCE, quoted } from './schema.ts';
import type { ApdbTable } from './schema.ts';

export interface VisitJournal {
  contains(visit: number, detector: number): boolean;
  /** Both must run inside a transaction. */
  store(visit: ApdbVisit, objects: Table, sources: Table, forced: Table): void;
  forget(visit: ApdbVisit): void;
}

interface ObjectVersion {
  readonly diaObjectId: bigint;
  readonly validityStartMjdTai: number;
}

interface ChainLink {
  readonly start: number;
  readonly end: number | null;
  readonly sequence: bigint | null;
}

const OBJECT_COLUMNS = [...DIA_OBJECT.columns.map(c => c.name), 'pixelId'].map(quoted).join(', ');
const ONE_VERSION = '"diaObjectId" = @diaObjectId AND "validityStartMjdTai" = @validityStartMjdTai';
const ONE_VISIT = 'visit = ? AND detector = ?';

export function visitJournal(db: Database.Database): VisitJournal {
  const isStored = db.prepare<[number, number]>(`SELECT 1 FROM "ApVerifyStore" WHERE ${ONE_VISIT}`);
  const hasRows = [DIA_SOURCE, DIA_FORCED_SOURCE]
    .map(({ name }) => db.prepare<[number, number]>(`SELECT 1 FROM ${quoted(name)} WHERE ${ONE_VISIT} LIMIT 1`));
  return {
    contains: (visit, detector) => [isStored, ...hasRows].some(statement => statement.get(visit, detector) !== undefined),
    store: (visit, objects, sources, forced) => storeLayer(db, visit, { objects, sources, forced }),
    forget: visit => forgetLayer(db, visit),
  };
}

interface Layer {
  readonly objects: Table;
  readonly sources: Table;
  readonly forced: Table;
}

function storeLayer(db: Database.Database, visit: ApdbVisit, { objects, sources, forced }: Layer): void {
  const { visit: id, detector, time_mjdTai } = visit;
  if (sequenceOf(db, visit) !== null) {
    throw new ApError('APDB', { found: `visit ${id}, detector ${detector} is stored already`, expected: 'a new one' });
  }
  const sequence = db.prepare('INSERT INTO "ApVerifyStore" (visit, detector, "timeMjdTai") VALUES (?, ?, ?)')
    .run(id, detector, time_mjdTai).lastInsertRowid;
  const objectIds = objects.nRows === 0 ? [] : [...column(objects, 'diaObjectId', 'i64')];
  const versions = objectIds.map(diaObjectId => ({ diaObjectId, validityStartMjdTai: time_mjdTai }));
  versions.forEach(version => setAside(db, version));
  insertRows(db, DIA_OBJECT, openVersions(objects, time_mjdTai));
  const record = db.prepare('INSERT INTO "ApVerifyStoredObject" VALUES (?, @diaObjectId, @validityStartMjdTai)');
  versions.forEach(version => record.run(sequence, version));
  linkVersions(db, objectIds);
  insertRows(db, DIA_SOURCE, sources);
  insertRows(db, DIA_FORCED_SOURCE, forced);
}

/** The rows as versions that begin with the visit and have no end, whatever they say themselves. */
function openVersions(objects: Table, start_mjdTai: number): Table {
  const filled = (value: number): Column =>
    ({ type: 'f64', unit: '', doc: '', values: new Float64Array(objects.nRows).fill(value) });
  return {
    nRows: objects.nRows,
    columns: { ...objects.columns, validityStartMjdTai: filled(start_mjdTai), validityEndMjdTai: filled(NaN) },
  };
}

function insertRows(db: Database.Database, schema: ApdbTable, table: Table): void {
  const nColumns = schema.columns.length + (schema.hasPixelId ? 1 : 0);
  const names = [...schema.columns.map(c => c.name), ...(schema.hasPixelId ? ['pixelId'] : [])].map(quoted).join(', ');
  const insert = db.prepare<SqlValue[]>(
    `INSERT INTO ${quoted(schema.name)} (${names}) VALUES (${Array(nColumns).fill('?').join(', ')})`);
  for (let row = 0; row < table.nRows; row++) insert.run(...sqlRow(schema, table, row));
}

/** Moves the version that another detector of the visit has stored out of the way of the coming one. */
function setAside(db: Database.Database, version: ObjectVersion): void {
  const owner = db.prepare<[ObjectVersion], bigint | null>(
    `SELECT max(sequence) FROM "ApVerifyStoredObject" WHERE ${ONE_VERSION}`).pluck().get(version)!;
  if (owner === null) return;
  db.prepare(`INSERT INTO "ApVerifyReplacedObject" (sequence, ${OBJECT_COLUMNS})
    SELECT ?, ${OBJECT_COLUMNS} FROM "DiaObject" WHERE ${ONE_VERSION}`).run(owner, version);
  db.prepare(`DELETE FROM "DiaObject" WHERE ${ONE_VERSION}`).run(version);
}

function forgetLayer(db: Database.Database, visit: ApdbVisit): void {
  const sequence = sequenceOf(db, visit);
  const versions = sequence === null ? versionsOfOtherClient(db, visit) : versionsOf(db, sequence);
  for (const version of versions) takeBack(db, version, sequence);
  for (const { name } of [DIA_SOURCE, DIA_FORCED_SOURCE]) {
    db.prepare(`DELETE FROM ${quoted(name)} WHERE ${ONE_VISIT}`).run(visit.visit, visit.detector);
  }
  db.prepare('DELETE FROM "ApVerifyStoredObject" WHERE sequence = ?').run(sequence);
  db.prepare('DELETE FROM "ApVerifyStore" WHERE sequence = ?').run(sequence);
  linkVersions(db, versions.map(v => v.diaObjectId));
}

function sequenceOf(db: Database.Database, { visit, detector }: ApdbVisit): bigint | null {
  const sequence = db.prepare<[number, number], bigint>(`SELECT sequence FROM "ApVerifyStore" WHERE ${ONE_VISIT}`)
    .pluck().get(visit, detector);
  return sequence ?? null;
}

function versionsOf(db: Database.Database, sequence: bigint): ObjectVersion[] {
  return db.prepare<[bigint], ObjectVersion>(
    'SELECT "diaObjectId", "validityStartMjdTai" FROM "ApVerifyStoredObject" WHERE sequence = ?').all(sequence);
}

/** A visit that was stored without a journal: versions that begin with it, of objects that have a source in it. */
function versionsOfOtherClient(db: Database.Database, { visit, detector, time_mjdTai }: ApdbVisit): ObjectVersion[] {
  return db.prepare<[number, number, number], ObjectVersion>(`SELECT "diaObjectId", "validityStartMjdTai" FROM "DiaObject"
    WHERE "validityStartMjdTai" = ? AND "diaObjectId" IN (SELECT "diaObjectId" FROM "DiaSource" WHERE ${ONE_VISIT})`)
    .all(time_mjdTai, visit, detector);
}

/** Removes a version, be it in its place or set aside; if it had replaced another, that one returns. */
function takeBack(db: Database.Database, version: ObjectVersion, sequence: bigint | null): void {
  const aside = db.prepare(`DELETE FROM "ApVerifyReplacedObject" WHERE sequence = ? AND ${ONE_VERSION}`).run(sequence, version);
  if (aside.changes > 0) return;
  db.prepare(`DELETE FROM "DiaObject" WHERE ${ONE_VERSION}`).run(version);
  const replaced = db.prepare<[ObjectVersion], bigint | null>(
    `SELECT max(sequence) FROM "ApVerifyReplacedObject" WHERE ${ONE_VERSION}`).pluck().get(version)!;
  if (replaced === null) return;
  db.prepare(`INSERT INTO "DiaObject" (${OBJECT_COLUMNS})
    SELECT ${OBJECT_COLUMNS} FROM "ApVerifyReplacedObject" WHERE sequence = ? AND ${ONE_VERSION}`).run(replaced, version);
  db.prepare(`DELETE FROM "ApVerifyReplacedObject" WHERE sequence = ? AND ${ONE_VERSION}`).run(replaced, version);
}

/**
 * Every version ends where the next begins, the last one is open. "Next" is by the order of the stores, as `dax_apdb`
 * has it when a visit comes late; if another client has stored versions too, by the time at which they begin.
 */
function linkVersions(db: Database.Database, objectIds: readonly bigint[]): void {
  const chain = db.prepare<[bigint], ChainLink>(`SELECT o."validityStartMjdTai" AS start, o."validityEndMjdTai" AS end,
    (SELECT max(sequence) FROM "ApVerifyStoredObject" s
      WHERE s."diaObjectId" = o."diaObjectId" AND s."validityStartMjdTai" = o."validityStartMjdTai") AS sequence
    FROM "DiaObject" o WHERE o."diaObjectId" = ?`);
  const close = db.prepare<[number | null, bigint, number]>(
    'UPDATE "DiaObject" SET "validityEndMjdTai" = ? WHERE "diaObjectId" = ? AND "validityStartMjdTai" = ?');
  for (const id of objectIds) {
    const links = chain.all(id);
    const byTime = links.some(link => link.sequence === null);
    links.sort((a, b) => (byTime ? a.start - b.start : Number(a.sequence! - b.sequence!)));
    links.forEach(({ start, end }, k) => {
      const next = links[k + 1]?.start ?? null;
      if (end !== next) close.run(next, id, start);
    });
  }
}
