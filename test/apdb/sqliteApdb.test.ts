import { expect } from 'chai';
import Database from 'better-sqlite3';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createApdb, openApdb } from '../../src/apdb/openApdb.ts';
import type { Apdb } from '../../src/model/apdb.ts';
import { DIA_FORCED_SOURCE_COLUMNS, DIA_OBJECT_COLUMNS, DIA_SOURCE_COLUMNS } from '../../src/model/apdbColumns.ts';
import { ApError } from '../../src/model/errors.ts';
import { rowsOf } from '../../src/model/table.ts';
import { htmIndex } from '../../src/sky/htm.ts';
import { BIG, NONE, objectsOf, sourcesOf, squareAround, visitOf } from './rows.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'apdb-'));
const field = squareAround(150, 2, 0.1);
let nFiles = 0;

const newName = (): string => path.join(directory, `${nFiles++}.sqlite3`);

/** A new database with a plain connection beside it that sees what is in the tables. */
function fresh(): { file: string; apdb: Apdb & { close(): void }; sql: Database.Database } {
  const file = newName();
  createApdb(file);
  const sql = new Database(file);
  sql.defaultSafeIntegers(true);
  return { file, apdb: openApdb(file), sql };
}

function allTables(sql: Database.Database): string[] {
  return sql.prepare<[], string>('SELECT name FROM sqlite_master WHERE type = \'table\' ORDER BY 1').pluck().all();
}

const validities = (sql: Database.Database): unknown[] =>
  sql.prepare('SELECT "validityStartMjdTai", "validityEndMjdTai" FROM "DiaObject" ORDER BY 1').raw().all();

const refused = (action: () => unknown, text: string): void => {
  expect(action).to.throw(ApError, text).with.property('code', 'APDB');
};

after(() => { rmSync(directory, { recursive: true, force: true }); });

describe('apdb/sqliteApdb: layout', () => {
  it('has the tables, types, keys, indices and metadata of dax_apdb', () => {
    const { sql } = fresh();
    expect(allTables(sql)).to.include.members(['DiaForcedSource', 'DiaObject', 'DiaObject_To_Object_Match', 'DiaSource', 'metadata']);
    const columns = (table: string): unknown[] =>
      sql.prepare(`SELECT name, type, "notnull", pk FROM pragma_table_info('${table}')`).raw().all();
    expect(columns('DiaObject')).to.have.length(84);
    expect(columns('DiaSource')).to.have.length(104);
    expect(columns('DiaForcedSource')).to.have.length(14);
    expect(columns('DiaObject').slice(0, 3)).to.deep.equal([
      ['diaObjectId', 'BIGINT', 1n, 1n], ['validityStartMjdTai', 'DOUBLE', 1n, 2n], ['validityEndMjdTai', 'DOUBLE', 0n, 0n]]);
    expect(columns('DiaSource').at(-1)).to.deep.equal(['pixelId', 'BIGINT', 1n, 0n]);
    expect(columns('DiaForcedSource').filter(c => (c as bigint[])[3]! > 0n).map(c => (c as string[])[0]))
      .to.deep.equal(['diaObjectId', 'visit', 'detector']);
    expect(columns('DiaSource')).to.deep.include(['reliabilityVersion', 'VARCHAR(7)', 0n, 0n]);
    expect(columns('DiaSource')).to.deep.include(['detector', 'SMALLINT', 1n, 0n]);
    const indices = sql.prepare('SELECT name FROM sqlite_master WHERE type = \'index\' AND name LIKE \'IDX_Dia%\' ORDER BY 1').pluck().all();
    expect(indices).to.deep.equal([
      'IDX_DiaForcedSource_visitDetector', 'IDX_DiaObjectToObjectMatch_diaObjectId', 'IDX_DiaObjectToObjectMatch_objectId',
      'IDX_DiaObject_pixelId', 'IDX_DiaObject_validityStart', 'IDX_DiaSource_diaObjectId', 'IDX_DiaSource_pixelId',
      'IDX_DiaSource_ssObjectId', 'IDX_DiaSource_visitDetector']);
    const metadata = Object.fromEntries(sql.prepare<[], [string, string]>('SELECT * FROM metadata').raw().all());
    expect([metadata['version:schema'], metadata['version:ApdbSql']]).to.deep.equal(['10.0.0', '1.2.1']);
    expect(JSON.parse(metadata['config:apdb-sql.json']!)).to.deep.equal({
      enable_replica: false, dia_object_index: 'baseline', htm_level: 20, htm_index_column: 'pixelId', ra_dec_columns: ['ra', 'dec'] });
  });

  it('finds positions by the index, not by reading the table', () => {
    const { sql } = fresh();
    const [step] = sql.prepare<[], { detail: string }>(`EXPLAIN QUERY PLAN SELECT * FROM "DiaObject"
      WHERE "pixelId" >= 1 AND "pixelId" < 9 AND "validityEndMjdTai" IS NULL`).all();
    expect(step!.detail).to.include('IDX_ApVerifyLatest_pixelId');
  });

  it('values: NaN is NULL and back, identifiers without a value too, integers exact, float32 kept, pixelId of level 20', () => {
    const { apdb, sql } = fresh();
    const visit = visitOf(2_026_010_100_001, 4, 61_042.5);
    const flux = Math.fround(123.4567);
    apdb.store(visit, NONE, sourcesOf(visit, [
      { diaSourceId: 2n ** 62n + 1n, ra: 53.01, dec: -28.02, psfFlux: flux, psfFluxErr: NaN, pixelFlags_edge: true, reliabilityVersion: '' },
      { diaSourceId: -5n, ra: 53.02, dec: -28.02, psfFlux: -0.5, diaObjectId: BIG, ssObjectId: 7n, reliabilityVersion: '1.0' },
    ]), NONE);
    const raw = sql.prepare<[], Record<string, unknown>>('SELECT * FROM "DiaSource" ORDER BY "diaSourceId" DESC').all();
    expect(raw[0]).to.include({
      diaSourceId: 2n ** 62n + 1n, visit: 2_026_010_100_001n, detector: 4n, psfFlux: flux, psfFluxErr: null, diaObjectId: null,
      ssObjectId: null, reliabilityVersion: null, pixelFlags_edge: 1n, isDipole: null, trailNdata: 0n,
      pixelId: BigInt(htmIndex(20, 53.01, -28.02)),
    });
    const back = rowsOf(apdb.getDiaSources(squareAround(53, -28, 1), null, 61_043));
    expect(back[1]).to.include({
      diaSourceId: 2n ** 62n + 1n, psfFlux: flux, diaObjectId: 0n, ssObjectId: 0n, reliabilityVersion: '', pixelFlags_edge: 1,
    });
    expect(back[1]!.psfFluxErr).to.satisfy(Number.isNaN);
    expect(back[0]).to.include({ diaSourceId: -5n, diaObjectId: BIG, ssObjectId: 7n, reliabilityVersion: '1.0', pixelFlags_edge: 0 });
    // A flag that nobody has set is not a flag that is false.
    expect(back[0]).not.to.have.property('isDipole');
    expect(back[0]).not.to.have.property('pixelId');
  });

  it('an empty answer has all columns with the types of the schema, in its order', () => {
    const { apdb } = fresh();
    const answers = [
      [apdb.getDiaObjects(field), DIA_OBJECT_COLUMNS], [apdb.getDiaSources(field, [], 60_000), DIA_SOURCE_COLUMNS],
      [apdb.getDiaForcedSources(field, [], 60_000), DIA_FORCED_SOURCE_COLUMNS],
    ] as const;
    for (const [table, columns] of answers) {
      expect(Object.entries(table.columns).map(([name, c]) => [name, c.type])).to.deep.equal(columns.map(c => [c.name, c.type]));
    }
  });
});

describe('apdb/sqliteApdb: failures', () => {
  it('what another process has not committed is not seen', () => {
    const { file, apdb } = fresh();
    const other = new Database(file);
    other.exec('BEGIN IMMEDIATE');
    other.exec('INSERT INTO "ApVerifyStore" VALUES (9, 9, 9, 60009, NULL)');
    expect(apdb.containsVisitDetector(9, 9)).to.equal(false);
    other.exec('COMMIT');
    expect(apdb.containsVisitDetector(9, 9)).to.equal(true);
    other.close();
  });

  it('a database is not made twice, nor where it cannot be; a half-made one does not count', () => {
    const { file } = fresh();
    refused(() => createApdb(file), 'a file');
    refused(() => createApdb(path.join(directory, 'absent', 'x.sqlite3')), 'absent');
    const name = newName();
    writeFileSync(`${name}.creating`, 'interrupted');
    createApdb(name);
    openApdb(name).close();
    expect(existsSync(`${name}.creating`)).to.equal(false);
  });

  it('refuses files that are no APDB or of another schema, and opens those of compatible versions', () => {
    refused(() => openApdb(newName()), 'no file');
    const text = newName();
    writeFileSync(text, 'this is not a database, though it is long enough to have a header of one'.repeat(20));
    refused(() => openApdb(text), 'not a database');
    const empty = newName();
    writeFileSync(empty, '');
    refused(() => openApdb(empty), 'no table metadata');

    const config = (changes: object): string => JSON.stringify({
      enable_replica: false, dia_object_index: 'baseline', htm_level: 20, htm_index_column: 'pixelId', ra_dec_columns: ['ra', 'dec'], ...changes });
    const set = (name: string, value: string | null) => (sql: Database.Database): unknown => (value === null
      ? sql.prepare('DELETE FROM metadata WHERE name = ?').run(name)
      : sql.prepare('UPDATE metadata SET value = ? WHERE name = ?').run(value, name));
    const key = 'config:apdb-sql.json';
    const cases: readonly [(sql: Database.Database) => unknown, string | null][] = [
      [set('version:schema', '9.0.0'), '9.0.0'], [set('version:schema', '10.1.0'), '10.1.0'], [set('version:schema', '11.0.0'), '11.0.0'],
      [set('version:schema', null), 'no version'], [set('version:schema', '10.0.5'), null],
      [set('version:ApdbSql', '1.3.0'), '1.3.0'], [set('version:ApdbSql', '1.1.0'), null], [set('version:ApdbSql', 'x'), 'x'],
      [set(key, config({ dia_object_index: 'nearest' })), 'nearest'], [set(key, config({ dia_object_index: 'pix_id_iov' })), null],
      [set(key, config({ enable_replica: true })), 'version:ApdbSqlReplica'], [set(key, config({ htm_level: 18 })), 'pixelization'],
      [set(key, '{'), 'not a JSON object'], [set(key, null), 'not a JSON object'],
      [sql => sql.exec('DROP TABLE "DiaForcedSource"'), 'no table DiaForcedSource'],
    ];
    for (const [change, expected] of cases) {
      const { file, apdb, sql } = fresh();
      apdb.close();
      change(sql);
      sql.close();
      if (expected === null) openApdb(file).close();
      else refused(() => openApdb(file), expected);
    }
  });

  it('a database of another client: opened, its visits known, and forgotten by their time', () => {
    const { file, apdb, sql } = fresh();
    const [v1, v2] = [visitOf(1), visitOf(2)];
    for (const visit of [v1, v2]) {
      apdb.store(visit, objectsOf([{ diaObjectId: 1n, nDiaSources: visit.visit }]),
        sourcesOf(visit, [{ diaSourceId: BigInt(visit.visit), diaObjectId: 1n }]), NONE);
    }
    apdb.close();
    for (const table of ['ApVerifyStore', 'ApVerifyStoredObject', 'ApVerifyReplacedObject']) sql.exec(`DROP TABLE "${table}"`);
    const again = openApdb(file);
    expect(again.containsVisitDetector(2, 1)).to.equal(true);
    again.forgetVisitDetector(v2);
    expect(again.containsVisitDetector(2, 1)).to.equal(false);
    expect(rowsOf(again.getDiaObjects(field)).map(r => [r.nDiaSources, r.validityEndMjdTai])).to.deep.equal([[1, NaN]]);
    again.store(v2, objectsOf([{ diaObjectId: 1n, nDiaSources: 2 }]), NONE, NONE);
    expect(validities(sql)).to.deep.equal([[60_001, 60_002], [60_002, null]]);
  });
});
