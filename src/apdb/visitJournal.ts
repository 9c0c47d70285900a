/**
 * Storing a visit and taking it back. Every store is a layer: it has an order, its sources, and one version of each
 * object that it touched. Taking a layer away leaves the database as if the other layers alone had been stored.
 */
import type { ApdbVisit } from '../model/apdb.ts';
import { ApError } from '../model/errors.ts';
import { column } from '../model/table.ts';
import type { Column, Table } from '../model/table.ts';
import { idList, listedIds, quoted } from './connection.ts';
import type { SqlConnection, SqlValue } from './connection.ts';
import { tableNames } from './metadata.ts';
import { assignChunk, touchChunk } from './replica.ts';
import { sqlColumns } from './rows.ts';
import { DIA_FORCED_SOURCE, DIA_OBJECT, DIA_SOURCE, journalStatements } from './schema.ts';
import type { ApdbForm } from './schema.ts';
import { closeEarlier, linkVersions, refreshLast, setAside, takeBack } from './versions.ts';

export interface Layer {
  readonly objects: Table;
  readonly sources: Table;
  readonly forced: Table;
}

export interface VisitJournal {
  contains(visit: number, detector: number): boolean;
  /** Name of the run that has stored the visit; null: unknown, or not stored. */
  runOf(visit: number, detector: number): string | null;
  /** Both are transactions. */
  store(visit: ApdbVisit, layer: Layer): void;
  forget(visit: ApdbVisit): void;
}

export interface JournalOptions {
  readonly form: ApdbForm;
  /** Name of the run that stores. */
  readonly run: string | null;
  /** Unix time in seconds, for databases that are copied elsewhere. */
  readonly now_unix_s: (() => number) | null;
}

const ONE_VISIT = 'visit = ? AND detector = ?';

/** Makes the tables of the journal, which a database that another client has made does not have. */
export function prepareJournal(db: SqlConnection): void {
  if (tableNames(db).has('ApVerifyStore')) return;
  db.transaction(() => { for (const sql of journalStatements(db.dialect)) db.run(sql); });
}

export function visitJournal(db: SqlConnection, options: JournalOptions): VisitJournal {
  const { form, now_unix_s } = options;
  if (form.hasReplica && now_unix_s === null) throw new TypeError('a database with replication needs a clock');
  return {
    contains: (visit, detector) => ['ApVerifyStore', DIA_SOURCE.name, DIA_FORCED_SOURCE.name].some(name =>
      db.all(`SELECT 1 FROM ${quoted(name)} WHERE ${ONE_VISIT} LIMIT 1`, [BigInt(visit), BigInt(detector)]).length > 0),
    runOf: (visit, detector) => {
      const [row] = db.all(`SELECT run FROM "ApVerifyStore" WHERE ${ONE_VISIT}`, [BigInt(visit), BigInt(detector)]);
      return (row?.[0] ?? null) as string | null;
    },
    store: (visit, layer) => { alone(db, () => { storeLayer(db, options, visit, layer); }); },
    forget: visit => { alone(db, () => { forgetLayer(db, options, visit); }); },
  };
}

/** A transaction that no other writer of the journal runs beside. */
function alone(db: SqlConnection, action: () => void): void {
  db.transaction(() => {
    if (db.dialect === 'postgresql') db.run('LOCK TABLE "ApVerifyStore" IN SHARE ROW EXCLUSIVE MODE');
    action();
  });
}

function storeLayer(db: SqlConnection, options: JournalOptions, visit: ApdbVisit, { objects, sources, forced }: Layer): void {
  const { form, run } = options;
  const { detector, time_mjdTai } = visit;
  if (sequenceOf(db, visit) !== null) {
    throw new ApError('APDB', {
      where: db.where, found: `visit ${visit.visit}, detector ${detector} is stored already`, expected: 'a new one', todo: 'take the earlier store back first',
    });
  }
  const [next] = db.all('SELECT coalesce(max(sequence), 0) + 1 FROM "ApVerifyStore"');
  const sequence = BigInt(next![0]!);
  db.run('INSERT INTO "ApVerifyStore" (sequence, visit, detector, "timeMjdTai", run) VALUES (?, ?, ?, ?, ?)',
    [sequence, BigInt(visit.visit), BigInt(detector), time_mjdTai, run]);
  if (objects.nRows > 0) {
    const ids = [...column(objects, 'diaObjectId', 'i64')];
    setAside(db, ids, time_mjdTai);
    db.insert(DIA_OBJECT.name, sqlColumns(DIA_OBJECT, openVersions(objects, time_mjdTai)));
    const double = db.dialect === 'sqlite' ? 'DOUBLE' : 'DOUBLE PRECISION';
    db.run(`INSERT INTO "ApVerifyStoredObject" (sequence, "diaObjectId", "validityStartMjdTai")
      SELECT CAST(? AS INTEGER), id, CAST(? AS ${double}) FROM ${listedIds(db)} AS listed`, [sequence, time_mjdTai, idList(db, ids)]);
    closeEarlier(db, ids, time_mjdTai);
    refreshLast(db, ids, form);
  }
  if (sources.nRows > 0) db.insert(DIA_SOURCE.name, sqlColumns(DIA_SOURCE, sources));
  if (forced.nRows > 0) db.insert(DIA_FORCED_SOURCE.name, sqlColumns(DIA_FORCED_SOURCE, forced));
  if (form.hasReplica) replicate(db, options, visit, objects);
}

/** The new rows belong to the chunk of this moment. */
function replicate(
  db: SqlConnection, { form, now_unix_s }: JournalOptions, { visit, detector, time_mjdTai }: ApdbVisit, objects: Table,
): void {
  const ids = objects.nRows === 0 ? [] : [...column(objects, 'diaObjectId', 'i64')];
  const ofVisit = ['o.visit = ? AND o.detector = ?', [BigInt(visit), BigInt(detector)]] as const;
  assignChunk(db, form, touchChunk(db, now_unix_s!()), {
    DiaObjectChunks: versionsOf(db, ids, time_mjdTai),
    DiaSourceChunks: ofVisit, DiaForcedSourceChunks: ofVisit,
  });
}

/** Condition on DiaObject as `o`. */
function versionsOf(db: SqlConnection, ids: readonly bigint[], start_mjdTai: number): readonly [string, readonly SqlValue[]] {
  return [`o."validityStartMjdTai" = ? AND o."diaObjectId" IN (SELECT id FROM ${listedIds(db)} AS listed)`, [start_mjdTai, idList(db, ids)]];
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

function forgetLayer(db: SqlConnection, { form, now_unix_s }: JournalOptions, visit: ApdbVisit): void {
  const key = [BigInt(visit.visit), BigInt(visit.detector)];
  const stored = sequenceOf(db, visit);
  const time_mjdTai = stored?.time_mjdTai ?? visit.time_mjdTai;
  const ids = stored === null ? versionsOfOtherClient(db, visit) : objectsOf(db, stored.sequence);
  const returned = stored === null ? removeVersions(db, ids, time_mjdTai) : takeBack(db, stored.sequence);
  for (const { name } of [DIA_SOURCE, DIA_FORCED_SOURCE]) db.run(`DELETE FROM ${quoted(name)} WHERE ${ONE_VISIT}`, key);
  if (stored !== null) {
    db.run('DELETE FROM "ApVerifyStoredObject" WHERE sequence = ?', [stored.sequence]);
    db.run('DELETE FROM "ApVerifyStore" WHERE sequence = ?', [stored.sequence]);
  }
  linkVersions(db, ids, time_mjdTai);
  refreshLast(db, ids, form);
  if (!form.hasReplica || returned.length === 0) return;
  assignChunk(db, form, touchChunk(db, now_unix_s!()), {
    DiaObjectChunks: versionsOf(db, returned, time_mjdTai),
    DiaSourceChunks: null, DiaForcedSourceChunks: null,
  });
}

function sequenceOf(db: SqlConnection, { visit, detector }: ApdbVisit): { readonly sequence: bigint; readonly time_mjdTai: number } | null {
  const [row] = db.all(`SELECT sequence, "timeMjdTai" FROM "ApVerifyStore" WHERE ${ONE_VISIT}`, [BigInt(visit), BigInt(detector)]);
  return row === undefined ? null : { sequence: BigInt(row[0]!), time_mjdTai: Number(row[1]) };
}

function objectsOf(db: SqlConnection, sequence: bigint): bigint[] {
  return db.all('SELECT "diaObjectId" FROM "ApVerifyStoredObject" WHERE sequence = ?', [sequence]).map(([id]) => id as bigint);
}

/** A visit that was stored without a journal: objects with a version that begins with it and a source in it. */
function versionsOfOtherClient(db: SqlConnection, { visit, detector, time_mjdTai }: ApdbVisit): bigint[] {
  return db.all(`SELECT "diaObjectId" FROM "DiaObject"
    WHERE "validityStartMjdTai" = ? AND "diaObjectId" IN (SELECT "diaObjectId" FROM "DiaSource" WHERE ${ONE_VISIT})`,
  [time_mjdTai, BigInt(visit), BigInt(detector)]).map(([id]) => id as bigint);
}

function removeVersions(db: SqlConnection, ids: readonly bigint[], start_mjdTai: number): bigint[] {
  db.run(`DELETE FROM "DiaObject" WHERE "validityStartMjdTai" = ? AND "diaObjectId" IN (SELECT id FROM ${listedIds(db)} AS listed)`,
    [start_mjdTai, idList(db, ids)]);
  return [];
}
