import { expect } from 'chai';
import { createHash } from 'node:crypto';
import Database from 'better-sqlite3';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { createRepository, openRepository, repositoryExists } from '../../src/butler/repository.ts';
import { DATASET_NAMESPACE, datasetUuid, hexOfUuid, uuid5, uuidOfHex } from '../../src/butler/uuid.ts';
import { templatePath } from '../../src/butler/fileTemplate.ts';
import { datasetPath } from '../../src/butler/staging.ts';
import type { DatasetType, Dimension } from '../../src/model/dataset.ts';
import { expectError, gain, put, simRepository, temporaryFolder } from './fixtures.ts';

interface SchemaObject { readonly type: string; readonly name: string; readonly sql: string }

function schemaOf(root: string): SchemaObject[] {
  const db = new Database(path.join(root, 'gen3.sqlite3'), { readonly: true });
  try {
    return db.prepare<[], SchemaObject>("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name").all();
  } finally {
    db.close();
  }
}

function rows(root: string, sql: string): unknown[] {
  const db = new Database(path.join(root, 'gen3.sqlite3'), { readonly: true });
  try {
    return db.prepare(sql).all();
  } finally {
    db.close();
  }
}

/** The words of each statement, sorted: constraints may stand in any order. */
function digest(objects: readonly SchemaObject[]): string {
  const words = objects.map(({ name, sql }) => `${name}: ${sql.split(/[\s,]+/).toSorted().join(' ')}`);
  return createHash('sha256').update(words.join('\n')).digest('hex').slice(0, 16);
}

describe('butler layout', () => {
  // Origin: lsst.daf.butler 30.2026.4300, Butler.makeRepo and one writeable open; digest of its sqlite_master by the rule above.
  it('an empty repository has the tables and indices of the real client', () => {
    const root = path.join(temporaryFolder(), 'r');
    createRepository(root).close();
    const objects = schemaOf(root);
    expect(objects.filter(o => o.type === 'table').length).to.equal(49);
    expect(objects.filter(o => o.type === 'index').length).to.equal(89);
    expect(digest(objects)).to.equal('50dba65554eefb0f');
    expect(rows(root, 'SELECT * FROM butler_attributes').length).to.equal(13);
    expect(rows(root, 'SELECT * FROM opaque_meta')).to.deep.equal([{ table_name: 'file_datastore_records' }]);
    expect(rows(root, 'PRAGMA journal_mode')).to.deep.equal([{ journal_mode: 'delete' }]);
  });

  it('butler.yaml names the managers and our own storage classes', () => {
    const root = path.join(temporaryFolder(), 'r');
    createRepository(root).close();
    const config = parse(readFileSync(path.join(root, 'butler.yaml'), 'utf8')) as Record<string, Record<string, unknown>>;
    expect(config.registry!.db).to.equal('sqlite:///<butlerRoot>/gen3.sqlite3');
    expect(Object.keys(config.registry!.managers as object).length).to.equal(6);
    expect(config.storageClasses).to.have.keys('ApMatchingKernel', 'ApAlertPackets', 'ApBytes');
  });

  it('dynamic tables are shared by types of the same dimensions, and the foreign keys hold', () => {
    const repository = simRepository(path.join(temporaryFolder(), 'r'));
    put(repository, gain, { instrument: 'sim', detector: 1 }, { gain: 2 });
    repository.registerDatasetType({ name: 'config', dimensions: [], storageClass: 'StructuredDataDict', isCalibration: false });
    put(repository, repository.datasetType('config')!, {}, { a: 1 });
    const names = schemaOf(repository.root).filter(o => /^dataset_(tags|calibs)_\d+$/.test(o.name)).map(o => o.name);
    expect(names).to.deep.equal(['dataset_calibs_00000001', 'dataset_tags_00000000', 'dataset_tags_00000001']);
    expect(rows(repository.root, 'PRAGMA foreign_key_check')).to.deep.equal([]);
    expect(rows(repository.root, 'SELECT datastore_name FROM dataset_location')[0]).to.deep.equal({ datastore_name: 'FileDatastore@<butlerRoot>' });
    expect(rows(repository.root, 'SELECT component, checksum FROM file_datastore_records')[0])
      .to.deep.equal({ component: '__NULL_STRING__', checksum: null });
    repository.close();
  });

  describe('refuses', () => {
    it('to create where something is', () => {
      const folder = temporaryFolder();
      createRepository(path.join(folder, 'r')).close();
      expectError(() => createRepository(path.join(folder, 'r')), 'REPOSITORY', /found: a repository/);
      mkdirSync(path.join(folder, 'other'));
      writeFileSync(path.join(folder, 'other', 'x.txt'), '');
      expectError(() => createRepository(path.join(folder, 'other')), 'REPOSITORY', /x\.txt/);
    });
    it('to open what is no repository', () => {
      const folder = temporaryFolder();
      expect(repositoryExists(folder)).to.equal(false);
      expectError(() => openRepository(path.join(folder, 'nowhere')), 'REPOSITORY', /found: nothing/);
      expectError(() => openRepository(folder), 'REPOSITORY', /butler\.yaml/);
      writeFileSync(path.join(folder, 'butler.yaml'), '');
      writeFileSync(path.join(folder, 'gen3.sqlite3'), 'this is no database, but it is long enough to have a header '.repeat(20));
      expectError(() => openRepository(folder), 'REPOSITORY', /SQLITE_NOTADB/);
    });
    const versions: readonly [string, string, RegExp | null][] = [
      ['a newer minor version', "UPDATE butler_attributes SET value = '2.1.0' WHERE name LIKE 'version:%CollectionManager'", /collections version 2\.1\.0/],
      ['another major version', "UPDATE butler_attributes SET value = '1.0.0' WHERE name LIKE 'version:%ManagerUUID'", /datasets version 1\.0\.0/],
      ['another manager', "UPDATE butler_attributes SET value = 'x.Y' WHERE name = 'config:registry.managers.opaque'", /opaque manager x\.Y/],
      ['another universe', `UPDATE butler_attributes SET value = replace(value, '"version":8', '"version":9') WHERE name = 'config:dimensions.json'`, /universe daf_butler 9/],
      ['no attributes', 'DROP TABLE butler_attributes', /no table butler_attributes/],
      ['nothing, when only the patch differs', "UPDATE butler_attributes SET value = '2.0.7' WHERE name LIKE 'version:%CollectionManager'", null],
    ];
    for (const [name, sql, words] of versions) {
      it(name, () => {
        const root = path.join(temporaryFolder(), 'r');
        createRepository(root).close();
        const db = new Database(path.join(root, 'gen3.sqlite3'));
        db.exec(sql);
        db.close();
        if (words === null) openRepository(root).close();
        else expectError(() => openRepository(root), 'REPOSITORY', words);
      });
    }
    it('to write through a read-only connection', () => {
      const root = path.join(temporaryFolder(), 'r');
      createRepository(root).close();
      const repository = openRepository(root, { readonly: true });
      expectError(() => { repository.registerRun('x'); }, 'REPOSITORY', /opened for writing/);
      repository.close();
    });
  });
});

describe('butler identities', () => {
  // Origin: lsst.daf.butler.DatasetIdFactory.
  it('are those of the real client', () => {
    expect(datasetUuid('jsonthing', { visit: 2026010100001, instrument: 'TSCam', detector: 1 }, 'ts/run'))
      .to.equal('97177534-e8af-558d-9103-e01c987989e1');
  });
  it('of raw frames do not depend on the run', () => {
    const dataId = { instrument: 'sim', exposure: 1, detector: 0 };
    expect(datasetUuid('raw', dataId, 'a', 'DATAID_TYPE')).to.equal(datasetUuid('raw', dataId, 'b', 'DATAID_TYPE'));
    expect(datasetUuid('raw', dataId, 'a')).to.not.equal(datasetUuid('raw', dataId, 'b'));
  });
  // Origin: RFC 9562, appendix A.4.
  it('uuid5 agrees with the standard', () => {
    expect(uuid5('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'www.example.com')).to.equal('2ed6657d-e927-568b-95e1-2665a8aea6a2');
    expect(uuidOfHex(hexOfUuid(DATASET_NAMESPACE))).to.equal(DATASET_NAMESPACE);
  });
});

describe('butler file names', () => {
  const type = (name: string, ...dimensions: Dimension[]): DatasetType =>
    ({ name, dimensions, storageClass: 'Table', isCalibration: false });
  const visitDetector = type('dia_source_detector', 'instrument', 'visit', 'detector');
  // Origin of the first: a file that lsst.daf.butler wrote with its default template.
  const cases: readonly [string, string, string][] = [
    ['as the real client', templatePath(visitDetector, {
      instrument: 'TSCam', visit: 2026010100001, detector: 94, 'detector.full_name': 'R22_S01', day_obs: 20260101, band: 'r', physical_filter: 'r_03',
    }, 'u/me/r1'), 'u/me/r1/dia_source_detector/20260101/r/r_03/2026010100001/dia_source_detector_TSCam_r_r_03_2026010100001_R22_S01_u_me_r1'],
    ['without what is not known', datasetPath(visitDetector, { instrument: 'sim', visit: 1, detector: 0 }, 'a/b'),
      'a/b/dia_source_detector/1/dia_source_detector_sim_1_0_a_b.parq'],
    ['without dimensions of others', datasetPath(type('truth', 'instrument', 'visit'), { instrument: 'sim', visit: 1, detector: 0, exposure: 7 }, 'a'),
      'a/truth/1/truth_sim_1_a.parq'],
    ['of a sky pixel', datasetPath(type('refcat', 'htm7'), { htm7: 147175 }, 'refcats'), 'refcats/refcat/refcat_147175_refcats.parq'],
    ['of an exposure', datasetPath(type('raw', 'instrument', 'exposure', 'detector'), { instrument: 'sim', exposure: 5, detector: 1, day_obs: 20260101, physical_filter: 'sim-g' }, 'a'),
      'a/raw/20260101/5/raw_sim_sim-g_5_1_a.parq'],
    ['of nothing', datasetPath(type('config'), {}, 'a/b'), 'a/b/config/config_a_b.parq'],
    ['of odd values', templatePath(type('x', 'instrument', 'physical_filter'), { instrument: 'a/b', physical_filter: 'g: 4#1.2*' }, 'r'),
      'r/x/g__4#1.2_/x_a_b_g__4HASH1_2__r'],
    ['of dimensions that the template forgets', datasetPath(type('x', 'instrument', 'visit_system'), { instrument: 'sim', visit_system: 2 }, 'r'), 'r/x/x_sim_2_r.parq'],
  ];
  for (const [name, found, expected] of cases) it(name, () => expect(found).to.equal(expected));
});
