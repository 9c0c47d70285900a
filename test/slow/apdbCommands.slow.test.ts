/** `ap-verify apdb` as a user types it, on both back ends. */
import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { readApdbConfig } from '../../src/apdb/apdbConfig.ts';
import { openApdb } from '../../src/apdb/openApdb.ts';
import { readTableFile } from '../../src/formats/tableFile.ts';
import { ApError } from '../../src/model/errors.ts';
import { rowsOf } from '../../src/model/table.ts';
import { newSchema, postgresServer } from '../apdb/postgres.ts';
import { forcedOf, NONE, objectsOf, sourcesOf, squareAround, visitOf } from '../apdb/rows.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'apdb-commands-'));
after(() => { rmSync(folder, { recursive: true }); });

function apdb(...args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [path.resolve('src/cli/ap-verify.js'), 'apdb', ...args], { encoding: 'utf8' });
}

function good(...args: readonly string[]): string {
  const { status, stdout, stderr } = apdb(...args);
  expect(status, stderr).to.equal(0);
  return stdout;
}

/** Two detectors of visit 1 make an object each of one star; visit 2 sees one of them. A neighbour is in the same image. */
function fill(url: string): void {
  const opened = openApdb(url, { now_unix_s: () => 1_768_000_000 });
  const put = (visit: ReturnType<typeof visitOf>, diaObjectId: bigint, ra: number): { object: object; source: object } => ({
    object: { diaObjectId, ra, firstDiaSourceMjdTai: 60_001 },
    source: { diaSourceId: diaObjectId * 10n + BigInt(visit.visit), diaObjectId, ra, psfFluxErr: 5 },
  });
  const store = (visit: ReturnType<typeof visitOf>, rows: ReturnType<typeof put>[]): void =>
    opened.store(visit, objectsOf(rows.map(r => r.object) as never), sourcesOf(visit, rows.map(r => r.source) as never), NONE);
  const [a, b, c] = [visitOf(1, 1), visitOf(1, 2), visitOf(2, 1)];
  store(a, [put(a, 1n, 150), put(a, 3n, 150 + 0.9 / 3600)]);
  store(b, [put(b, 2n, 150 + 0.1 / 3600)]);
  opened.store(c, objectsOf([{ diaObjectId: 1n, nDiaSources: 2, firstDiaSourceMjdTai: 60_001 }]),
    sourcesOf(c, [{ diaSourceId: 12n, diaObjectId: 1n, psfFlux: 160, psfFluxErr: 5 }]),
    forcedOf(c, [{ diaForcedSourceId: 5n, diaObjectId: 1n, psfFluxErr: 5 }]));
  opened.close();
}

for (const kind of ['SQLite', 'PostgreSQL'] as const) {
  describe(`ap-verify apdb: ${kind}`, () => {
    let url = '';
    before(async function () {
      if (kind === 'SQLite') {
        url = path.join(folder, 'a.sqlite3');
        return;
      }
      const server = await postgresServer();
      if ('reason' in server) {
        process.stdout.write(`  skipped: ${server.reason}\n`);
        this.skip();
      }
      url = newSchema(server.url);
    });

    it('makes a database with its configuration, shows and changes metadata, finds and exports rows, merges duplicates', async () => {
      const config = path.join(folder, `${kind}.yaml`);
      good('create', url, '--index-mode', 'last_object_table', '--replica', '--config-out', config);
      expect(apdb('create', url).status).to.equal(4);
      fill(url);
      expect(JSON.parse(good('metadata', 'show', config, '--json'))).to.deep.include({ rows: {
        'DiaObject': 4, 'DiaSource': 4, 'DiaForcedSource': 1, 'open DiaObjects': 3, 'open DiaObjects with one source': 2, 'visits and detectors': 3 } });
      good('metadata', 'set', url, 'instrument', 'sim');
      expect(apdb('metadata', 'set', url, 'instrument', 'other').stderr).to.include('--force');
      expect(good('metadata', 'get', url, 'instrument')).to.equal('sim\n');
      expect(apdb('metadata', 'delete', url, 'version:schema').status).to.equal(4);

      const lines = good('query', url, 'sources', '--cone', '150,2,0.5', '--visit', '1').split('\n').slice(1, -1);
      expect(lines.map(line => line.split(',')[0])).to.deep.equal(['11', '21']);
      const file = path.join(folder, `${kind}.parquet`);
      good('query', url, 'objects', '--object', '1', '-o', file);
      expect(rowsOf(await readTableFile(file, readFileSync(file))).map(row => [row.diaObjectId, row.nDiaSources])).to.deep.equal([[1n, 2]]);
      const exported = path.join(folder, `${kind} export`);
      good('export', url, '-o', exported);
      expect(readdirSync(exported).sort()).to.deep.equal(['DiaForcedSource.parquet', 'DiaObject.parquet', 'DiaSource.parquet']);

      expect(good('dedup', url, '--dry-run')).to.equal('1 <- 2\n');
      expect(good('dedup', url)).to.equal('1 <- 2\n');
      expect(good('dedup', url, '--all')).to.equal('');
      const opened = openApdb(url, { now_unix_s: () => 0 });
      const objects = rowsOf(opened.getDiaObjects(squareAround(150, 2, 0.1)));
      expect(objects.map(row => [row.diaObjectId, row.nDiaSources])).to.deep.equal([[1n, 3], [3n, 1]]);
      // Mean of 100, 100 and 160 with equal errors.
      expect(objects[0]).to.include({ g_psfFluxMean: 120, g_psfFluxNdata: 3, g_fpFluxMean: 90 });
      expect(rowsOf(opened.getDiaSources(squareAround(150, 2, 0.1), [1n], 60_003)).map(row => row.diaSourceId))
        .to.deep.equal([11n, 21n, 12n]);
      expect(opened.connection.all('SELECT update_payload FROM "ApdbUpdateRecordChunks" ORDER BY update_order').map(([text]) =>
        (JSON.parse(String(text)) as { update_type: string }).update_type)).to.deep.equal(
        ['reassign_diasource_to_diaobject', 'update_n_dia_sources', 'close_diaobject_validity']);
      // What was merged stays merged when a later visit is taken back.
      opened.forgetVisitDetector(visitOf(2, 1));
      expect(rowsOf(opened.getDiaObjects(squareAround(150, 2, 0.1))).map(row => row.diaObjectId)).to.deep.equal([1n, 3n]);
      opened.close();
    });
  });
}

describe('apdb: configuration files of dax_apdb', () => {
  const read = (text: string): ReturnType<typeof readApdbConfig> => {
    const file = path.join(folder, 'config.yaml');
    writeFileSync(file, text);
    return readApdbConfig(file);
  };

  it('names the database and the months of history', () => {
    const cases: readonly [string, string, number][] = [
      ['db_url: sqlite:////data/apdb.db', '/data/apdb.db', 360],
      ['db_url: sqlite:///file%3A/data/apdb.db?mode=rw&uri=true\nimplementation_type: sql\nread_sources_months: 6', '/data/apdb.db', 180],
      ['db_url: sqlite:///here.db', 'here.db', 360],
      ['db_url: postgresql+psycopg2://me@db/apdb\nnamespace: run_1', 'postgresql://me@db/apdb?schema=run_1', 360],
    ];
    for (const [text, url, days] of cases) expect(read(text), text).to.deep.equal({ url, history: { sources: days, forcedSources: 360 } });
  });

  it('refuses what it cannot open', () => {
    const cases: readonly [string, string][] = [
      ['implementation_type: cassandra', 'cassandra'], ['{}', 'no db_url'], ['db_url: mysql://x/y', 'mysql'], ['- 1', 'no mapping'],
      ['db_url: sqlite:///a.db\nprefix: x', 'prefix'], ['import lsst.dax.apdb.apdbSql', 'convert-legacy-config'],
      ['db_url: sqlite:///a.db\nread_sources_months: many', 'read_sources_months'], ['a: [', 'BAD'],
    ];
    for (const [text, found] of cases) {
      const expected = expect(() => read(text), text).to.throw(ApError);
      if (found !== 'BAD') expected.with.property('message').that.includes(found);
    }
    expect(() => readApdbConfig(path.join(folder, 'absent.yaml'))).to.throw(ApError, 'missing');
  });
});
