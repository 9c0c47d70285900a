/**
 * Chunks for the copy to the Prompt Products Database: everything that is stored within a window of time belongs to one
 * chunk, and a chunk that changes gets a new unique identifier so that the copy is made again (`ApdbReplica` of `dax_apdb`).
 */
import { randomUUID } from 'node:crypto';
import { quoted } from './connection.ts';
import type { SqlConnection, SqlValue } from './connection.ts';
import { CHUNK_TABLES, inMode } from './schema.ts';
import type { ApdbForm } from './schema.ts';

/** Length of a chunk, the default of `dax_apdb`. */
const CHUNK_S = 600;
/** TAI - UTC since 2017. */
const LEAP_S = 37;

/** Makes or touches the chunk of this moment (Unix time, UTC) and returns its number. */
export function touchChunk(db: SqlConnection, now_unix_s: number): bigint {
  const chunk = BigInt(Math.floor((now_unix_s + LEAP_S) / CHUNK_S) * CHUNK_S);
  upsertChunk(db, chunk, now_unix_s);
  return chunk;
}

function upsertChunk(db: SqlConnection, chunk: bigint, now_unix_s: number): void {
  // As `dax_apdb` has it: the TAI seconds since 1970, written as a calendar date.
  const time = new Date((now_unix_s + LEAP_S) * 1000).toISOString().replace('T', ' ').replace('Z', db.dialect === 'sqlite' ? '000' : '000+00');
  const unique = randomUUID().replaceAll('-', '');
  db.run(`INSERT INTO "ApdbReplicaChunks" (apdb_replica_chunk, last_update_time, unique_id) VALUES (?, ?, ?)
    ON CONFLICT (apdb_replica_chunk) DO UPDATE SET last_update_time = excluded.last_update_time, unique_id = excluded.unique_id`,
  [chunk, time, unique]);
}

type ChunkTable = keyof typeof CHUNK_TABLES;
/** A condition on the table `o`, with its parameters. */
type Condition = readonly [where: string, parameters: readonly SqlValue[]];

/** Every row that has no chunk yet among those that the condition picks belongs to the given chunk. */
export function assignChunk(
  db: SqlConnection, form: ApdbForm, chunk: bigint, picked: Readonly<Record<ChunkTable, Condition | null>>,
): void {
  for (const name of Object.keys(CHUNK_TABLES) as ChunkTable[]) {
    const base = CHUNK_TABLES[name];
    const condition = picked[name];
    if (condition === null) continue;
    const key = inMode(base, form).primaryKey;
    const own = key.map(column => `o.${quoted(column)}`).join(', ');
    db.run(`INSERT INTO ${quoted(name)} (apdb_replica_chunk, ${key.map(quoted).join(', ')}) SELECT CAST(? AS BIGINT), ${own}
      FROM ${quoted(base.name)} o WHERE ${condition[0]}`, [chunk, ...condition[1]]);
  }
}
