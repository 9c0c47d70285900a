/**
 * Versions of DIAObjects. Every version ends where the next begins, the last one is open. Several detectors of one visit
 * may write one object; their versions begin at the same time, so the earlier one is set aside (see schema.ts).
 */
import { idList, listedIds, quoted } from './connection.ts';
import type { SqlConnection } from './connection.ts';
import { DIA_OBJECT, DIA_OBJECT_LAST, namesOf } from './schema.ts';
import type { ApdbForm } from './schema.ts';

const COLUMNS = namesOf(DIA_OBJECT);
const list = (names: readonly string[], prefix = ''): string => names.map(name => `${prefix}${quoted(name)}`).join(', ');
const isSame = (a: string, b: string): string =>
  `${a}."diaObjectId" = ${b}."diaObjectId" AND ${a}."validityStartMjdTai" = ${b}."validityStartMjdTai"`;
const inIds = (db: SqlConnection, column: string): string => `${column} IN (SELECT id FROM ${listedIds(db)} AS listed)`;

/** Moves the versions that another detector of the visit has stored out of the way of those to come. */
export function setAside(db: SqlConnection, ids: readonly bigint[], start_mjdTai: number): void {
  const owned = `${inIds(db, 'o."diaObjectId"')} AND o."validityStartMjdTai" = ?
    AND EXISTS (SELECT 1 FROM "ApVerifyStoredObject" s WHERE ${isSame('s', 'o')})`;
  const nMoved = db.run(`INSERT INTO "ApVerifyReplacedObject" (sequence, ${list(COLUMNS)})
    SELECT (SELECT max(s.sequence) FROM "ApVerifyStoredObject" s WHERE ${isSame('s', 'o')}), ${list(COLUMNS, 'o.')}
    FROM "DiaObject" o WHERE ${owned}`, [idList(db, ids), start_mjdTai]);
  if (nMoved > 0) db.run(`DELETE FROM "DiaObject" AS o WHERE ${owned}`, [idList(db, ids), start_mjdTai]);
}

/**
 * Removes the versions of one store, be they in their place or set aside; where one had replaced another, that one
 * returns. Returns the identifiers of the objects whose version has returned.
 */
export function takeBack(db: SqlConnection, sequence: bigint): bigint[] {
  const mine = '(SELECT 1 FROM "ApVerifyStoredObject" m WHERE m.sequence = ? AND';
  const set = db.all(`DELETE FROM "ApVerifyReplacedObject" AS r WHERE r.sequence = ?
    RETURNING "diaObjectId", "validityStartMjdTai"`, [sequence]);
  // A version that was set aside is not the one in its place.
  for (const [id, start] of set) {
    db.run('DELETE FROM "ApVerifyStoredObject" WHERE sequence = ? AND "diaObjectId" = ? AND "validityStartMjdTai" = ?', [sequence, id!, start!]);
  }
  db.run(`DELETE FROM "DiaObject" AS o WHERE EXISTS ${mine} ${isSame('m', 'o')})`, [sequence]);
  const isTop = `EXISTS ${mine} ${isSame('m', 'r')})
    AND r.sequence = (SELECT max(x.sequence) FROM "ApVerifyReplacedObject" x WHERE ${isSame('x', 'r')})`;
  const returned = db.all(`INSERT INTO "DiaObject" (${list(COLUMNS)}) SELECT ${list(COLUMNS, 'r.')}
    FROM "ApVerifyReplacedObject" r WHERE ${isTop} RETURNING "diaObjectId"`, [sequence]);
  if (returned.length > 0) db.run(`DELETE FROM "ApVerifyReplacedObject" AS r WHERE ${isTop}`, [sequence]);
  return returned.map(([id]) => id as bigint);
}

/**
 * Closes the versions before new ones that begin at the given time. When a visit comes later than its time, so that a
 * version begins after it, the whole chain of these objects is linked anew.
 */
export function closeEarlier(db: SqlConnection, ids: readonly bigint[], start_mjdTai: number): void {
  const [later] = db.all(`SELECT 1 FROM "DiaObject" o WHERE ${inIds(db, 'o."diaObjectId"')}
    AND o."validityEndMjdTai" IS NULL AND o."validityStartMjdTai" > ? LIMIT 1`, [idList(db, ids), start_mjdTai]);
  if (later !== undefined) {
    linkVersions(db, ids, null);
    return;
  }
  db.run(`UPDATE "DiaObject" SET "validityEndMjdTai" = ? WHERE ${inIds(db, '"diaObjectId"')}
    AND "validityEndMjdTai" IS NULL AND "validityStartMjdTai" < ?`, [start_mjdTai, idList(db, ids), start_mjdTai]);
}

/**
 * Every version ends where the next begins. "Next" is by the order of the stores, as `dax_apdb` has it when a visit comes
 * late; if another client has stored versions too, by the time at which they begin. The last version is opened when it
 * ended where versions were that have gone (`gone_mjdTai`); one that was closed on purpose stays closed.
 */
export function linkVersions(db: SqlConnection, ids: readonly bigint[], gone_mjdTai: number | null): void {
  const double = db.dialect === 'sqlite' ? 'DOUBLE' : 'DOUBLE PRECISION';
  const rows = db.all(`SELECT id, start, ending, follower FROM (
    SELECT id, start, ending, lead(start) OVER (PARTITION BY id ORDER BY CASE WHEN foreigners > 0 THEN start ELSE CAST(sequence AS ${double}) END) AS follower
    FROM (SELECT v.*, count(CASE WHEN sequence IS NULL THEN 1 END) OVER (PARTITION BY id) AS foreigners FROM (
      SELECT o."diaObjectId" AS id, o."validityStartMjdTai" AS start, o."validityEndMjdTai" AS ending,
        (SELECT max(s.sequence) FROM "ApVerifyStoredObject" s WHERE ${isSame('s', 'o')}) AS sequence
      FROM "DiaObject" o WHERE ${inIds(db, 'o."diaObjectId"')}) AS v) AS w) AS chain
    WHERE ending IS DISTINCT FROM follower`, [idList(db, ids)]);
  for (const [id, start, ending, follower] of rows) {
    if (follower === null && ending !== gone_mjdTai) continue;
    db.run('UPDATE "DiaObject" SET "validityEndMjdTai" = ? WHERE "diaObjectId" = ? AND "validityStartMjdTai" = ?', [follower!, id!, start!]);
  }
}

/** Brings the table of latest versions up to date, where there is one. */
export function refreshLast(db: SqlConnection, ids: readonly bigint[], { indexMode }: ApdbForm): void {
  if (indexMode !== 'last_object_table') return;
  const names = namesOf(DIA_OBJECT_LAST);
  db.run(`DELETE FROM "DiaObjectLast" WHERE ${inIds(db, '"diaObjectId"')}`, [idList(db, ids)]);
  db.run(`INSERT INTO "DiaObjectLast" (${list(names)}) SELECT ${list(names, 'o.')} FROM "DiaObject" o
    WHERE ${inIds(db, 'o."diaObjectId"')} AND o."validityEndMjdTai" IS NULL`, [idList(db, ids)]);
}
