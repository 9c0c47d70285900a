/** The real `lsst.dax.apdb` on databases that we made and filled, and we on what it makes of them. */
import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { apdbConfigText, readApdbConfig } from '../../src/apdb/apdbConfig.ts';
import { createApdb, openApdb } from '../../src/apdb/openApdb.ts';
import type { ApdbForm } from '../../src/apdb/schema.ts';
import { rowsOf } from '../../src/model/table.ts';
import { newSchema, postgresServer } from '../apdb/postgres.ts';
import { BIG, forcedOf, objectsOf, sourcesOf, squareAround, visitOf } from '../apdb/rows.ts';
import { pythonJson } from './rubinPython.ts';

const PACKAGES = ['lsst-dax-apdb', 'lsst-sdm-schemas', 'psycopg2-binary'];
const IMPORTS = 'import lsst.dax.apdb, lsst.sdm.schemas, psycopg2';

/** `DAX_APDB_PYTHON` when it is set, else a virtual environment in the temporary folder; or the reason why there is none. */
function daxPython(): { readonly python: string } | { readonly reason: string } {
  const environment = path.join(os.tmpdir(), 'ap-verify-apdb');
  const python = process.env.DAX_APDB_PYTHON ?? path.join(environment, 'bin', 'python');
  const works = (): boolean => spawnSync(python, ['-c', IMPORTS]).status === 0;
  if (works()) return { python };
  if (!existsSync(python)) spawnSync('python3', ['-m', 'venv', environment]);
  const installed = spawnSync(python, ['-m', 'pip', 'install', '--quiet', ...PACKAGES], { encoding: 'utf8', timeout: 600_000 });
  return works() ? { python } : { reason: `pip cannot install ${PACKAGES.join(', ')}: ${installed.stderr?.trim().split('\n').at(-1) ?? 'no pip'}` };
}

/** Opens the database by our configuration file, reads by region, and stores one more visit. Prints what it found. */
const READ_AND_STORE = `
import json, sys
import astropy.time, pandas
from lsst.dax.apdb import Apdb, ApdbReplica, ApdbTables
from lsst.sphgeom import Angle, Circle, LonLat, UnitVector3d
a = Apdb.from_uri(sys.argv[1])
region = Circle(UnitVector3d(LonLat.fromDegrees(150, 2)), Angle.fromDegrees(0.1))
t = astropy.time.Time(60003.0, format="mjd", scale="tai")
o = a.getDiaObjects(region).sort_values("diaObjectId").reset_index(drop=True)
s = a.getDiaSources(region, o["diaObjectId"], t).sort_values("diaSourceId").reset_index(drop=True)
f = a.getDiaForcedSources(region, o["diaObjectId"], t)
found = {
  "objects": [[str(r.diaObjectId), r.ra, int(r.nDiaSources)]
    for r in o.sort_values("diaObjectId").itertuples()],
  "sources": [[str(r.diaSourceId), str(r.diaObjectId), int(r.visit), float(r.psfFlux), r.band, bool(r.isNegative)]
    for r in s.sort_values("diaSourceId").itertuples()],
  "inRegion": len(a.getDiaSources(region, None, t)),
  "forced": [[str(r.diaForcedSourceId), float(r.psfFlux)] for r in f.itertuples()],
  "contains": [bool(a.containsVisitDetector(2, 1, region, t)), bool(a.containsVisitDetector(9, 1, region, t))],
  "unassociated": int(a.countUnassociatedObjects()),
  "rows": a.tableRowCount(),
}
if sys.argv[2] == "replica":
    r = ApdbReplica.from_uri(sys.argv[1])
    ids = [c.id for c in r.getReplicaChunks()]
    found["chunks"] = {t.name: len(r.getTableDataChunks(t, ids).rows())
      for t in (ApdbTables.DiaObject, ApdbTables.DiaSource, ApdbTables.DiaForcedSource)}
    found["chunkIds"] = ids
o2, s2 = o.head(1).copy(), s.head(1).copy()
for c in a.tableDef(ApdbTables.DiaObject).columns:
    if c.name not in o2 and not c.nullable and c.name not in ("validityStartMjdTai", "pixelId"): o2[c.name] = 0
o2["nDiaSources"] += 1
s2["diaSourceId"] += 1000; s2["visit"] = 3; s2["midpointMjdTai"] = 60003.0; s2["psfFlux"] = 321.5
a.store(t, o2, s2, None)
json.dump(found, sys.stdout)
`;

/** Makes a database itself. */
const CREATE = `
import json, sys
from lsst.dax.apdb.sql import ApdbSql
config = ApdbSql.init_database(sys.argv[1], dia_object_index=sys.argv[2], enable_replica=sys.argv[3] == "replica",
  namespace=sys.argv[4] or None)
config.save(sys.argv[5])
json.dump("made", sys.stdout)
`;

const FORMS: readonly ApdbForm[] = [
  { indexMode: 'baseline', hasReplica: false }, { indexMode: 'pix_id_iov', hasReplica: false }, { indexMode: 'last_object_table', hasReplica: true },
];
const now = { now_unix_s: (): number => 1_768_000_000 };
const field = squareAround(150, 2, 0.1);

/** Two visits: an object with two sources, one with one. */
function fill(url: string): void {
  const apdb = openApdb(url, now);
  const [v1, v2] = [visitOf(1), visitOf(2)];
  apdb.store(v1, objectsOf([{ diaObjectId: BIG }, { diaObjectId: BIG + 1n, ra: 150.01 }]),
    sourcesOf(v1, [{ diaSourceId: BIG, diaObjectId: BIG },
      { diaSourceId: BIG + 1n, diaObjectId: BIG + 1n, ra: 150.01 }]), forcedOf(v1, []));
  apdb.store(v2, objectsOf([{ diaObjectId: BIG, nDiaSources: 2 }]),
    sourcesOf(v2, [{ diaSourceId: BIG + 2n, diaObjectId: BIG, isNegative: true, psfFlux: -7.25 }]),
    forcedOf(v2, [{ diaForcedSourceId: BIG + 3n, diaObjectId: BIG }]));
  apdb.close();
}

for (const kind of ['SQLite', 'PostgreSQL'] as const) {
  describe(`the real dax_apdb: ${kind}`, () => {
    let python: string;
    let server = '';
    const folder = mkdtempSync(path.join(os.tmpdir(), 'apdb-dax-'));
    before(async function () {
      const [found, started] = [daxPython(), kind === 'SQLite' ? { url: '' } : await postgresServer()];
      const reason = 'reason' in found ? found.reason : 'reason' in started ? started.reason : null;
      if (reason !== null) {
        process.stdout.write(`  skipped: ${reason}\n`);
        this.skip();
      }
      ({ python } = found as { python: string });
      server = (started as { url: string }).url;
    });
    after(() => { rmSync(folder, { recursive: true }); });
    let nFiles = 0;
    const newUrl = (): string => (kind === 'SQLite' ? path.join(folder, `${nFiles++}.sqlite3`) : newSchema(server));

    for (const form of FORMS) {
      it(`opens ours (${form.indexMode}), reads by region and stores a visit that we read`, () => {
        const url = newUrl();
        createApdb(url, form);
        fill(url);
        const config = path.join(folder, `${nFiles++}.yaml`);
        writeFileSync(config, apdbConfigText(url, form));
        const found = pythonJson(python, READ_AND_STORE, [config, form.hasReplica ? 'replica' : '']) as Record<string, unknown>;
        expect(found).to.deep.include({
          objects: [[String(BIG), 150, 2], [String(BIG + 1n), 150.01, 1]],
          sources: [[String(BIG), String(BIG), 1, 100, 'g', false], [String(BIG + 1n), String(BIG + 1n), 1, 100, 'g', false],
            [String(BIG + 2n), String(BIG), 2, -7.25, 'g', true]],
          inRegion: 3, forced: [[String(BIG + 3n), 90]], contains: [true, false], unassociated: 1,
        });
        expect(found.rows).to.include({ DiaObject: 3, DiaSource: 3, DiaForcedSource: 1 });
        if (form.hasReplica) {
          const chunkIds = [1_768_000_037 - (1_768_000_037 % 600)];
          expect(found).to.deep.include({ chunks: { DiaObject: 3, DiaSource: 3, DiaForcedSource: 1 }, chunkIds });
        }

        const apdb = openApdb(url, now);
        const objects = rowsOf(apdb.getDiaObjects(field));
        expect(objects.map(o => [o.diaObjectId, o.nDiaSources, o.validityStartMjdTai]))
          .to.deep.equal([[BIG, 3, 60_003], [BIG + 1n, 1, 60_001]]);
        const [last] = rowsOf(apdb.getDiaSources(field, [BIG], 60_004)).filter(s => s.visit === 3n);
        expect(last).to.include({ diaSourceId: BIG + 1000n, psfFlux: 321.5 });
        expect(apdb.containsVisitDetector(3, 1)).to.equal(true);
        apdb.forgetVisitDetector({ visit: 3, detector: 1, time_mjdTai: 60_003 });
        expect(rowsOf(apdb.getDiaObjects(field)).map(o => [o.diaObjectId, o.nDiaSources])).to.deep.equal([[BIG, 2], [BIG + 1n, 1]]);
        apdb.close();
      });

      it(`makes one itself (${form.indexMode}): we open it by its configuration, fill it, and it reads that`, () => {
        const config = path.join(folder, `${nFiles++}.yaml`);
        const file = path.join(folder, `${nFiles++}.db`);
        const [url, namespace] = kind === 'SQLite' ? [`sqlite:///${file}`, '']
          : [server.replace('postgresql:', 'postgresql+psycopg2:'), `dax ${process.pid} ${nFiles++}`];
        pythonJson(python, CREATE, [url, form.indexMode, form.hasReplica ? 'replica' : '', namespace, config]);
        const { url: ours } = readApdbConfig(config);
        fill(ours);
        const found = pythonJson(python, READ_AND_STORE, [config, form.hasReplica ? 'replica' : '']) as Record<string, unknown>;
        const objects = [[String(BIG), 150, 2], [String(BIG + 1n), 150.01, 1]];
        expect(found).to.deep.include({ objects, inRegion: 3, contains: [true, false], unassociated: 1 });
        const apdb = openApdb(ours, now);
        expect(rowsOf(apdb.getDiaObjects(field)).map(o => o.nDiaSources)).to.deep.equal([3, 1]);
        apdb.close();
      });
    }
  });
}
