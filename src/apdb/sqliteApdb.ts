/**
 * The association database in one SQLite file that clients of `dax_apdb` 10.0.0 can read and write too. Positions are
 * found through the HTM index of level 20 in `pixelId`; the cut by the region itself is exact.
 */
import { existsSync, renameSync, rmSync } from 'node:fs';
import Database from 'better-sqlite3';
import type { Apdb, ApdbVisit, SkyPolygon } from '../model/apdb.ts';
import { ApError } from '../model/errors.ts';
import { htmEnvelope } from '../sky/htm.ts';
import { boundingCircle, polygonContains } from '../sky/sphere.ts';
import { tableOfSqlRows } from './rows.ts';
import type { SqlRow } from './rows.ts';
import { checkSchema, createJournal, createTables, DIA_FORCED_SOURCE, DIA_OBJECT, DIA_SOURCE, HTM_LEVEL, quoted } from './schema.ts';
import type { ApdbTable } from './schema.ts';
import { visitJournal } from './visitJournal.ts';

/** Sources older than this are not read back: 12 months of 30 days, the default of `dax_apdb`. */
export const READ_BACK_DAYS = 360;
/** At most so many index ranges for a region. */
const MAX_RANGES = 64;
/** How long a writer waits for another one. */
const BUSY_TIMEOUT_MS = 60_000;

/**
 * Makes an empty database. The file appears complete or not at all.
 * Throws ApError APDB when it exists already or cannot be written.
 */
export function createApdb(file: string): void {
  if (existsSync(file)) throw new ApError('APDB', { where: file, found: 'a file', expected: 'none', todo: 'give another name' });
  const temporary = `${file}.creating`;
  withApdbErrors(file, () => {
    rmSync(temporary, { force: true });
    const db = connect(temporary);
    try {
      db.transaction(() => createTables(db))();
    } finally {
      db.close();
    }
    renameSync(temporary, file);
  });
}

/**
 * Opens a database for reading and writing. Rows come back in the order of their time and identifier, with all
 * columns of the schema (see `tableOfSqlRows` for NULL). All methods throw ApError APDB when the database refuses.
 * Throws ApError APDB when the file does not exist, is no APDB, or has another schema.
 */
export function openApdb(file: string): Apdb & { close(): void } {
  if (!existsSync(file)) {
    throw new ApError('APDB', { where: file, found: 'no file', expected: 'an APDB', todo: `ap-verify apdb create ${file}` });
  }
  const db = withApdbErrors(file, () => openDatabase(file));
  const read = reader(db);
  const journal = visitJournal(db);
  const guarded = <R>(action: () => R): R => withApdbErrors(file, action);
  const written = (action: () => void): void => guarded(() => db.transaction(action).immediate());
  return {
    getDiaObjects: region => guarded(() => read.latestObjects(region)),
    getDiaSources: (region, ids, time) => guarded(() => read.sources(region, ids, time)),
    getDiaForcedSources: (region, ids, time) => guarded(() => read.forcedSources(region, ids, time)),
    containsVisitDetector: (visit, detector) => guarded(() => journal.contains(visit, detector)),
    forgetVisitDetector: visit => written(() => journal.forget(visit)),
    store: (visit, objects, sources, forced) => {
      checkVisit(visit);
      written(() => journal.store(visit, objects, sources, forced));
    },
    close: () => { db.close(); },
  };
}

function openDatabase(file: string): Database.Database {
  const db = connect(file);
  try {
    db.defaultSafeIntegers(true);
    checkSchema(db, file);
    createJournal(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** The binding has no error code of its own for a folder that is not there: whatever it throws means the same. */
function connect(file: string): Database.Database {
  try {
    return new Database(file, { timeout: BUSY_TIMEOUT_MS });
  } catch (cause) {
    throw new ApError('APDB', { where: file, found: (cause as Error).message }, { cause });
  }
}

function checkVisit({ visit, detector, time_mjdTai }: ApdbVisit): void {
  if (Number.isFinite(time_mjdTai)) return;
  throw new ApError('APDB', { where: `visit ${visit}, detector ${detector}`, found: `time ${time_mjdTai}`, expected: 'a TAI MJD' });
}

/** What SQLite or the file system says, as an operational error with the file. */
function withApdbErrors<R>(file: string, action: () => R): R {
  try {
    return action();
  } catch (cause) {
    const isForeign = cause instanceof Database.SqliteError || (cause instanceof Error && 'syscall' in cause);
    if (!isForeign) throw cause;
    throw new ApError('APDB', { where: file, found: cause.message }, { cause });
  }
}

interface Reader {
  latestObjects(region: SkyPolygon): ReturnType<typeof tableOfSqlRows>;
  sources(region: SkyPolygon, ids: readonly bigint[] | null, time_mjdTai: number): ReturnType<typeof tableOfSqlRows>;
  forcedSources(region: SkyPolygon, ids: readonly bigint[] | null, time_mjdTai: number): ReturnType<typeof tableOfSqlRows>;
}

function reader(db: Database.Database): Reader {
  const inPixels = '"pixelId" >= ? AND "pixelId" < ?';
  const recent = '"midpointMjdTai" > ?';
  // Through JSON a list of identifiers of any length is one parameter, and 64-bit integers stay exact.
  const ofObjects = '"diaObjectId" IN (SELECT value FROM json_each(?))';
  const byPixels = {
    objects: select(db, DIA_OBJECT, `${inPixels} AND "validityEndMjdTai" IS NULL`),
    sources: select(db, DIA_SOURCE, `${inPixels} AND ${recent}`),
  };
  const byIds = {
    sources: select(db, DIA_SOURCE, `${ofObjects} AND ${recent}`),
    forced: select(db, DIA_FORCED_SOURCE, `${ofObjects} AND ${recent}`),
  };
  // Forced sources have no pixelId: without identifiers they are searched by declination.
  const forcedByDec = select(db, DIA_FORCED_SOURCE, `dec BETWEEN ? AND ? AND ${recent}`);
  const idList = (ids: readonly bigint[]): string => `[${ids.join(',')}]`;
  return {
    latestObjects(region) {
      const rows = pixelRanges(region).flatMap(range => byPixels.objects.all(...range));
      return tableOfSqlRows(DIA_OBJECT, sorted(inside(rows, region), 'diaObjectId'));
    },
    sources(region, ids, time) {
      const since = time - READ_BACK_DAYS;
      const rows = ids !== null ? byIds.sources.all(idList(ids), since)
        : inside(pixelRanges(region).flatMap(range => byPixels.sources.all(...range, since)), region);
      return tableOfSqlRows(DIA_SOURCE, sorted(rows, 'midpointMjdTai', 'diaSourceId'));
    },
    forcedSources(region, ids, time) {
      const since = time - READ_BACK_DAYS;
      const rows = ids !== null ? byIds.forced.all(idList(ids), since)
        : inside(forcedByDec.all(...declinationRange(region), since), region);
      return tableOfSqlRows(DIA_FORCED_SOURCE, sorted(rows, 'midpointMjdTai', 'diaForcedSourceId'));
    },
  };
}

type Query = Database.Statement<(bigint | number | string)[], SqlRow>;

function select(db: Database.Database, { name, columns }: ApdbTable, where: string): Query {
  return db.prepare(`SELECT ${columns.map(c => quoted(c.name)).join(', ')} FROM ${quoted(name)} WHERE ${where}`);
}

function pixelRanges(region: SkyPolygon): [bigint, bigint][] {
  return htmEnvelope(HTM_LEVEL, region, MAX_RANGES).map(([begin, end]) => [BigInt(begin!), BigInt(end!)]);
}

/** Declinations of a circle around the polygon. */
function declinationRange(region: SkyPolygon): [number, number] {
  const { dec, radius_arcsec } = boundingCircle(region);
  const radius_deg = (radius_arcsec / 3600) * (1 + 1e-9);
  return [dec - radius_deg, dec + radius_deg];
}

function inside(rows: readonly SqlRow[], region: SkyPolygon): SqlRow[] {
  return rows.filter(row => polygonContains(region, Number(row.ra), Number(row.dec)));
}

function sorted(rows: readonly SqlRow[], ...keys: readonly string[]): SqlRow[] {
  return rows.toSorted((a, b) => {
    const key = keys.find(k => a[k] !== b[k]);
    return key === undefined ? 0 : a[key]! < b[key]! ? -1 : 1;
  });
}
