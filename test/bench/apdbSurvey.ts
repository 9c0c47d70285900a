/**
 * An association database of any size: fields of one detector each, visited ten times, night after night. Every visit has
 * 10^4 sources and a version of 10^4 objects, so a detector's history is the same however many fields there are.
 */
import { createApdb, openApdb } from '../../src/apdb/openApdb.ts';
import type { OpenApdb } from '../../src/apdb/openApdb.ts';
import type { SqlConnection } from '../../src/apdb/connection.ts';
import { quoted } from '../../src/apdb/connection.ts';
import { DIA_FORCED_SOURCE, DIA_OBJECT, DIA_SOURCE, namesOf } from '../../src/apdb/schema.ts';
import type { ApdbTable } from '../../src/apdb/schema.ts';
import type { SkyPolygon } from '../../src/model/apdb.ts';
import { random } from '../../src/numeric/random.ts';
import { htmIndex } from '../../src/sky/htm.ts';
import { forcedOf, objectsOf, sourcesOf, visitOf } from '../apdb/rows.ts';
import type { Row } from '../apdb/rows.ts';

export const SOURCES_PER_VISIT = 10_000;
const N_EPOCHS = 10;
/** Side of a detector: that of LSSTCam, 0.22 degrees. */
const SIDE_DEG = 0.22;
const FIELD_STEP_DEG = 0.5;
const FIRST_MJD = 60_000;
/** Distance of the identifiers of two fields. */
const ID_STEP = 1_000_000_000_000n;

export interface Survey {
  readonly apdb: OpenApdb;
  readonly nFields: number;
  region(field: number): SkyPolygon;
  /** Stores the next visit of a field; its tables are made before. */
  nextVisit(field: number): () => void;
  forget(field: number): void;
  readonly now_mjd: number;
}

/** A database of the given number of sources, a multiple of 10^5. */
export function makeSurvey(file: string, nSources: number): Survey {
  createApdb(file);
  const apdb = openApdb(file);
  const rows = fieldRows();
  for (let epoch = 0; epoch < N_EPOCHS; epoch++) storeEpoch(apdb, rows, epoch)();
  const nFields = nSources / (N_EPOCHS * SOURCES_PER_VISIT);
  copyFields(apdb.connection, nFields);
  const now_mjd = FIRST_MJD + N_EPOCHS + 1;
  const next = (field: number): ReturnType<typeof visitOf> => visitOf(field * 1000 + 999, 1, now_mjd);
  return {
    apdb, nFields, now_mjd,
    region: field => square(field),
    nextVisit: field => storeEpoch(apdb, shifted(rows, field), N_EPOCHS, field),
    forget: field => { apdb.forgetVisitDetector(next(field)); },
  };
}

function square(field: number): SkyPolygon {
  const [ra, d] = [field * FIELD_STEP_DEG, SIDE_DEG];
  return { vertices_deg: [[ra, 0], [ra + d, 0], [ra + d, d], [ra, d]] };
}

interface Position extends Row {
  readonly diaObjectId: bigint;
  readonly ra: number;
  readonly dec: number;
}

function fieldRows(): Position[] {
  const { uniform } = random(1);
  return Array.from({ length: SOURCES_PER_VISIT }, (_, i) =>
    ({ diaObjectId: BigInt(i + 1), ra: uniform() * SIDE_DEG, dec: uniform() * SIDE_DEG }));
}

function shifted(rows: readonly Position[], field: number): Position[] {
  return rows.map(row => ({ ...row, diaObjectId: row.diaObjectId + BigInt(field) * ID_STEP, ra: row.ra + field * FIELD_STEP_DEG }));
}

function storeEpoch(apdb: OpenApdb, rows: readonly Position[], epoch: number, field = 0): () => void {
  const number = field * 1000 + (epoch === N_EPOCHS ? 999 : epoch);
  const visit = visitOf(number, 1, epoch === N_EPOCHS ? FIRST_MJD + N_EPOCHS + 1 : FIRST_MJD + epoch);
  const ids = rows.map(row => row.diaObjectId + BigInt(epoch + 1) * 1_000_000n);
  const objects = objectsOf(rows.map(row => ({ ...row, nDiaSources: epoch + 1, g_psfFluxMean: 100, r_psfFluxMean: 90 })));
  const sources = sourcesOf(visit, rows.map((row, i) =>
    ({ ...row, diaSourceId: ids[i]!, psfFluxErr: 5, snr: 20, apFlux: 100, apFluxErr: 6, scienceFlux: 400 })));
  const forced = forcedOf(visit, rows.map((row, i) => ({ ...row, diaForcedSourceId: ids[i]!, psfFluxErr: 5 })));
  return () => apdb.store(visit, objects, sources, forced);
}

/** Night after night, field after field, as a survey goes: the rows of a field lie far apart in the file. */
function copyFields(db: SqlConnection, nFields: number): void {
  db.run('CREATE TEMP TABLE pixels (field INTEGER, id BIGINT, pixel BIGINT, PRIMARY KEY (field, id)) WITHOUT ROWID');
  const positions = db.all('SELECT "diaObjectId", ra, dec FROM "DiaObject" WHERE "validityEndMjdTai" IS NULL') as [bigint, number, number][];
  for (let field = 1; field < nFields; field++) {
    db.transaction(() => {
      for (const [id, ra, dec] of positions) {
        db.run('INSERT INTO pixels VALUES (?, ?, ?)', [BigInt(field), id, BigInt(htmIndex(20, ra + field * FIELD_STEP_DEG, dec))]);
      }
    });
  }
  for (let epoch = 0; epoch < N_EPOCHS; epoch++) {
    for (let field = 1; field < nFields; field++) db.transaction(() => { copyVisit(db, field, epoch); });
  }
  db.run('DROP TABLE pixels');
}

function copyVisit(db: SqlConnection, field: number, epoch: number): void {
  const step = BigInt(field) * ID_STEP;
  const copy = (table: ApdbTable, where: string): void => {
    const expressions = namesOf(table).map(name => {
      if (name === 'pixelId') return `(SELECT pixel FROM pixels WHERE field = ${field} AND id = o."diaObjectId")`;
      if (name === 'ra') return `o.ra + ${field * FIELD_STEP_DEG}`;
      if (name === 'visit') return `o.visit + ${field * 1000}`;
      return /^dia\w*Id$/.test(name) ? `o.${quoted(name)} + ${step}` : `o.${quoted(name)}`;
    });
    db.run(`INSERT INTO ${quoted(table.name)} (${namesOf(table).map(quoted).join(', ')}) SELECT ${expressions.join(', ')}
      FROM ${quoted(table.name)} o WHERE ${where}`);
  };
  db.run(`INSERT INTO "ApVerifyStore" SELECT (SELECT max(sequence) + 1 FROM "ApVerifyStore"), visit + ${field * 1000}, detector,
    "timeMjdTai", run FROM "ApVerifyStore" WHERE visit = ${epoch}`);
  db.run(`INSERT INTO "ApVerifyStoredObject" SELECT (SELECT max(sequence) FROM "ApVerifyStore"), "diaObjectId" + ${step}, "validityStartMjdTai"
    FROM "ApVerifyStoredObject" WHERE sequence = ${epoch + 1}`);
  copy(DIA_OBJECT, `"diaObjectId" < ${ID_STEP} AND "validityStartMjdTai" = ${FIRST_MJD + epoch}`);
  copy(DIA_SOURCE, `visit = ${epoch} AND detector = 1`);
  copy(DIA_FORCED_SOURCE, `visit = ${epoch} AND detector = 1`);
}
