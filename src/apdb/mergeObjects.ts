/** Merging DIAObjects that are one: their sources move to the one that is kept, the others end. */
import { randomUUID } from 'node:crypto';
import type { Table } from '../model/table.ts';
import { idList, listedIds, quoted } from './connection.ts';
import type { SqlConnection, SqlValue } from './connection.ts';
import { touchChunk } from './replica.ts';
import { sqlColumns } from './rows.ts';
import { DIA_OBJECT } from './schema.ts';
import type { ApdbForm } from './schema.ts';
import { refreshLast } from './versions.ts';

/** Row of `metadata` that says when duplicates were last looked for. */
export const DEDUP_KEY = 'status:deduplication.json';

export interface Merge {
  readonly kept: bigint;
  readonly removed: readonly bigint[];
  /** One row: the summary of the kept object with all its sources. */
  readonly object: Table;
}

/** The moment of the merge, in the two forms that the tables need. */
export interface Moment {
  readonly mjdTai: number;
  readonly unix_s: number;
}

/**
 * One transaction: sources get the kept object, its latest version the new summary, the versions of the others end now. The
 * time is written to the metadata as `dax_apdb` does; with replication, records of what has changed.
 */
export function mergeObjects(db: SqlConnection, form: ApdbForm, merges: readonly Merge[], now: Moment): void {
  db.transaction(() => {
    const records: Record<string, SqlValue>[] = [];
    for (const merge of merges) mergeOne(db, merge, now, records);
    refreshLast(db, merges.flatMap(({ kept, removed }) => [kept, ...removed]), form);
    if (form.hasReplica && records.length > 0) writeRecords(db, records, now);
    db.run('DELETE FROM metadata WHERE name = ?', [DEDUP_KEY]);
    db.run('INSERT INTO metadata (name, value) VALUES (?, ?)', [DEDUP_KEY, JSON.stringify({ dedup_time_iso_tai: isoTai(now.mjdTai) })]);
  });
}

function mergeOne(db: SqlConnection, { kept, removed, object }: Merge, now: Moment, records: Record<string, SqlValue>[]): void {
  const isRemoved = `"diaObjectId" IN (SELECT id FROM ${listedIds(db)} AS listed)`;
  const ids = idList(db, removed);
  const moved = db.all(`SELECT "diaSourceId", ra, dec, "midpointMjdTai" FROM "DiaSource" WHERE ${isRemoved} ORDER BY 1`, [ids]);
  db.run(`UPDATE "DiaSource" SET "diaObjectId" = ? WHERE ${isRemoved}`, [kept, ids]);
  const set = sqlColumns(DIA_OBJECT, object).filter(({ name }) => !/^diaObjectId$|^validity/.test(name));
  db.run(`UPDATE "DiaObject" SET ${set.map(({ name }) => `${quoted(name)} = ?`).join(', ')}
    WHERE "diaObjectId" = ? AND "validityEndMjdTai" IS NULL`, [...set.map(({ values }) => values[0]!), kept]);
  const gone = db.all(`SELECT "diaObjectId", ra, dec FROM "DiaObject" WHERE ${isRemoved} AND "validityEndMjdTai" IS NULL`, [ids]);
  db.run(`UPDATE "DiaObject" SET "validityEndMjdTai" = ? WHERE ${isRemoved} AND "validityEndMjdTai" IS NULL`, [now.mjdTai, ids]);
  const value = (name: string): SqlValue => set.find(column => column.name === name)!.values[0]!;
  records.push(
    ...moved.map(([diaSourceId, ra, dec, midpointMjdTai]) =>
      ({ update_type: 'reassign_diasource_to_diaobject', diaSourceId, ra, dec, midpointMjdTai, diaObjectId: kept }) as Record<string, SqlValue>),
    { update_type: 'update_n_dia_sources', diaObjectId: kept, ra: value('ra'), dec: value('dec'), nDiaSources: value('nDiaSources') },
    ...gone.map(([diaObjectId, ra, dec]) =>
      ({ update_type: 'close_diaobject_validity', diaObjectId, ra, dec, validityEndMjdTai: now.mjdTai, nDiaSources: null }) as Record<string, SqlValue>),
  );
}

function writeRecords(db: SqlConnection, records: readonly Record<string, SqlValue>[], { unix_s }: Moment): void {
  const chunk = touchChunk(db, unix_s);
  const time_ns = BigInt(Math.round(unix_s * 1e6)) * 1000n + 37_000_000_000n;
  records.forEach((record, order) => {
    db.run(`INSERT INTO "ApdbUpdateRecordChunks" (apdb_replica_chunk, update_time_ns, update_order, update_unique_id, update_payload)
      VALUES (?, ?, ?, ?, ?)`, [chunk, time_ns, BigInt(order), randomUUID().replaceAll('-', ''), jsonText(record)]);
  });
}

/** JSON with 64-bit integers as numbers, exact. */
function jsonText(record: Readonly<Record<string, SqlValue>>): string {
  return `{${Object.entries(record).map(([key, value]) => `"${key}": ${typeof value === 'bigint' ? String(value) : JSON.stringify(value)}`).join(', ')}}`;
}

const UNIX_EPOCH_MJD = 40_587;

function isoTai(mjdTai: number): string {
  return new Date((mjdTai - UNIX_EPOCH_MJD) * 86_400_000).toISOString().replace('T', ' ').replace('Z', '');
}

/** MJD (TAI) of the last search for duplicates; null: never. */
export function lastDedup_mjdTai(metadata: ReadonlyMap<string, string>): number | null {
  const text = metadata.get(DEDUP_KEY);
  if (text === undefined) return null;
  const { dedup_time_iso_tai: iso } = JSON.parse(text) as { dedup_time_iso_tai: string };
  return Date.parse(`${iso.replace(' ', 'T')}Z`) / 86_400_000 + UNIX_EPOCH_MJD;
}
