/** Export and import: what comes out of one repository is the same in another, whoever wrote the document. */
import { expect } from 'chai';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { exportText, parseExport } from '../../src/butler/exportYaml.ts';
import type { ExportBlock } from '../../src/butler/exportYaml.ts';
import { defineVisits, ingestRaws } from '../../src/butler/ingestRaws.ts';
import { createRepository } from '../../src/butler/repository.ts';
import type { Repository } from '../../src/butler/repository.ts';
import { ingestVerifyDataset, isVerifyDataset, readVerifyDataset } from '../../src/butler/verifyDataset.ts';
import { sdss } from '../../src/instruments/sdss/index.ts';
import { sim } from '../../src/instruments/sim/index.ts';
import type { DatasetRef, DatasetType } from '../../src/model/dataset.ts';
import { raw } from '../../src/model/datasetTypes.ts';
import { expectError, gain, note, put, simRepository, temporaryFolder, writeRaw } from './fixtures.ts';

const image: DatasetType<unknown> = { ...note, name: 'image', dimensions: ['instrument', 'visit', 'detector'] };
const T = 1_768_187_000_000_000_000n;

/** Two raw frames with their visit, notes in two runs, gains with validity, a tagged set, and a chain of all. */
function source(folder: string): { readonly repository: Repository; readonly refs: readonly DatasetRef[] } {
  const repository = simRepository(path.join(folder, 'source'));
  const raws = ingestRaws(repository, sim, [writeRaw(folder, 'a.fits'), writeRaw(folder, 'b.fits', { DETNUM: 1 })], { run: 'sim/raw/all', mode: 'copy' });
  defineVisits(repository, sim);
  const [a, b, c] = ([['r1', 0], ['r2', 0], ['r2', 1]] as const).map(([run, detector], k) => put(repository, note, { instrument: 'sim', detector }, { k }, run));
  repository.registerDatasetType(image);
  const images = [0, 1].map(detector => put(repository, image, { instrument: 'sim', visit: 1, detector }, { detector }));
  const gains = ['g1', 'g2'].map(run => put(repository, gain, { instrument: 'sim', detector: 0 }, { run }, run));
  repository.registerCalibrationCollection('calib');
  repository.certify('calib', [gains[0]!], { begin_ns: null, end_ns: T });
  repository.certify('calib', [gains[1]!], { begin_ns: T, end_ns: T + 1_500_000_000n });
  repository.registerTagged('best');
  repository.associate('best', [b!]);
  repository.registerChain('inner', ['r2', 'calib']);
  repository.registerChain('all', ['r1', 'inner', 'best', 'sim/raw/all']);
  return { repository, refs: [...raws.ingested, a!, b!, c!, ...gains, ...images] };
}

/** Everything that a client can see of a repository. */
async function facts(repository: Repository): Promise<unknown> {
  const elements = ['instrument', 'physical_filter', 'detector', 'day_obs', 'group', 'exposure', 'visit', 'visit_definition', 'visit_detector_region',
    'visit_system', 'visit_system_membership'];
  const at = { instrument: 'sim', detector: 0 };
  return {
    records: Object.fromEntries(elements.map(element => [element, repository.records(element)])),
    collections: repository.collections(), types: repository.datasetTypes(),
    datasets: repository.datasetTypes().map(type => repository.query(type, ['all'])),
    gains: [T - 1n, T, T + 1_400_000_000n, T + 1_500_000_000n].map(begin_ns => repository.find(gain, at, ['calib'], { begin_ns, end_ns: begin_ns + 1n })?.id ?? null),
    note: await repository.get(note, repository.find(note, at, ['best'])!),
    overlaps: repository.queryDataIds(['visit', 'detector', 'htm7'], {}).length,
  };
}

describe('export and import', () => {
  for (const mode of ['copy', 'link', 'direct'] as const) {
    it(`gives the same repository again: ${mode}`, async () => {
      const folder = temporaryFolder();
      const { repository, refs } = source(folder);
      const directory = path.join(folder, 'out');
      const summary = repository.exportTo(refs, { directory, mode, collections: ['all'] });
      expect(summary).to.deep.include({ nDatasets: 9, nCollections: 9 });
      const target = createRepository(path.join(folder, 'target'));
      const imported = target.importFrom({ directory, mode: mode === 'direct' ? 'direct' : 'copy' });
      expect(imported).to.deep.include({ nTypes: 4, nCollections: 9, skipped: [] });
      expect(imported.ingested.map(ref => ref.id).toSorted()).to.deep.equal(refs.map(ref => ref.id).toSorted());
      const detectors = target.records('detector').length;
      expect(detectors, 'only the detectors of the datasets').to.equal(2);
      target.registerInstrument(sim);
      expect(await facts(target)).to.deep.equal(await facts(repository));
      expect(target.pathOf(refs[0]!).startsWith(target.root)).to.equal(mode !== 'direct');
      const again = target.importFrom({ directory, mode: 'copy' });
      expect([again.ingested, again.skipped.length]).to.deep.equal([[], 9]);
      expect(target.orphans()).to.deep.equal([]);
      repository.close();
      target.close();
    });
  }

  it('moves the files, and only when all is well', () => {
    const folder = temporaryFolder();
    const { repository, refs } = source(folder);
    const directory = path.join(folder, 'out');
    repository.exportTo(refs, { directory, mode: 'copy', collections: ['all'] });
    const files = (): string[] => readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter(f => statSync(path.join(directory, f)).isFile()).sort();
    const before = files();
    const target = createRepository(path.join(folder, 'target'));
    const hidden = path.join(directory, before.find(f => f.includes('note') && f.includes('r1'))!);
    renameSync(hidden, `${hidden}.away`);
    expectError(() => target.importFrom({ directory, mode: 'move' }), 'FILE_NOT_FOUND', /note/);
    renameSync(`${hidden}.away`, hidden);
    expect(files()).to.deep.equal(before);
    expect(target.collections()).to.deep.equal([]);
    expect(target.importFrom({ directory, mode: 'move' }).ingested).to.have.length(9);
    expect(files()).to.deep.equal(['export.yaml']);
    expect(refs.every(ref => target.has(ref))).to.equal(true);
    expect(target.orphans()).to.deep.equal([]);
    repository.close();
    target.close();
  });

  it('imports in place, where one file may hold several datasets', async () => {
    const folder = temporaryFolder();
    const target = simRepository(path.join(folder, 'r'));
    mkdirSync(path.join(folder, 'r', 'shared'));
    writeFileSync(path.join(folder, 'r', 'shared', 'two.yaml'), '{"both": true}');
    const ids = ['0f8fad5b-d9cb-469f-a165-70867728950e', '7c9e6679-7425-40de-944b-e07fc1f90ae7'];
    writeFileSync(path.join(folder, 'doc.yaml'), exportText([{
      type: 'dataset', datasetType: 'note', run: 'r1',
      records: [{ ids, dataIds: [{ instrument: 'sim', detector: 0 }, { instrument: 'sim', detector: 1 }], path: 'shared/two.yaml', formatter: null }],
    }]));
    const { ingested } = target.importFrom({ directory: target.root, file: path.join(folder, 'doc.yaml'), mode: 'inPlace' });
    expect(ingested.map(ref => ref.id)).to.deep.equal(ids);
    expect(await Promise.all(ingested.map(ref => target.get(note, ref)))).to.deep.equal([{ both: true }, { both: true }]);
    target.prune([ingested[0]!]);
    expect(await target.get(note, ingested[1]!), 'the file stays for the other one').to.deep.equal({ both: true });
    target.prune([ingested[1]!]);
    expect(existsSync(path.join(target.root, 'shared', 'two.yaml'))).to.equal(false);
    expectError(() => target.importFrom({ directory: folder, file: path.join(folder, 'doc.yaml'), mode: 'inPlace' }), 'FILE_NOT_FOUND', /two/);
    target.close();
  });

  it('refuses what contradicts the repository', () => {
    const folder = temporaryFolder();
    const { repository, refs } = source(folder);
    const directory = path.join(folder, 'out');
    repository.exportTo(refs, { directory, mode: 'copy' });
    expectError(() => repository.exportTo(refs, { directory, mode: 'copy' }), 'REPOSITORY', /an export/);
    const other = simRepository(path.join(folder, 'other'));
    const mine = put(other, note, { instrument: 'sim', detector: 0 }, { a: 1 });
    expect(mine.id, 'the same data ID, type and run have the same identity').to.equal(refs[2]!.id);
    const text = readFileSync(path.join(directory, 'export.yaml'), 'utf8');
    const changed = (name: string, from: string, to: string): string => {
      expect(text).to.include(from);
      writeFileSync(path.join(directory, name), text.replaceAll(from, to));
      return path.join(directory, name);
    };
    const doc = (file: string) => () => other.importFrom({ directory, file, mode: 'copy' });
    expectError(doc(changed('id.yaml', mine.id, '0f8fad5b-d9cb-469f-a165-70867728950e')), 'DATASET_CONFLICT', new RegExp(mine.id));
    expectError(doc(changed('type.yaml', 'dimensions: [instrument, detector]', 'dimensions: [instrument]')), 'DATASET_CONFLICT', /dataset type note/);
    expectError(doc(changed('path.yaml', 'path: "g1/', 'path: "g3/')), 'FILE_NOT_FOUND', /g3/);
    expect(other.collections('g*')).to.deep.equal([]);
    expectError(doc(path.join(directory, 'none.yaml')), 'FILE_NOT_FOUND', /none\.yaml/);
    repository.close();
    other.close();
  });

  const head = 'description: x\nversion: 1.0.2\nuniverse_version: 8\nuniverse_namespace: daf_butler\n';
  const bad: readonly (readonly [string, string, RegExp])[] = [
    ['another version', head.replace('1.0.2', '2.0.0'), /version 2\.0\.0/], ['an old universe', head.replace(': 8', ': 3'), /daf_butler 3/],
    ['a new universe', head.replace(': 8', ': 9'), /6 to 8/], ['no data', head, /no list data/], ['an unknown tag', `${head}data: [!odd 3]\n`, /x\.yaml:5:.*!odd/],
    ['a broken line', `${head}data: [}\n`, /x\.yaml:5:/], ['an unknown block', `${head}data:\n- {type: galaxy}\n`, /data\[0\].*galaxy/],
    ['a bad time', `${head}data:\n- {type: dimension, element: visit, records: [{datetime_begin: !butler_time/tai/iso 'soon'}]}\n`, /x\.yaml/],
    ['unequal lists', `${head}data:\n- {type: dataset, dataset_type: a, run: b, records: [{dataset_id: [!uuid 'a'], data_id: [], path: p}]}\n`, /1 identities for 0/],
    ['a range without timespan', `${head}data:\n- {type: associations, collection: c, collection_type: CALIBRATION, validity_ranges: [{dataset_ids: []}]}\n`, /timespan/],
  ];
  for (const [name, text, words] of bad) {
    it(`refuses ${name}`, () => { expectError(() => parseExport(text, 'x.yaml'), 'BAD_FORMAT', words); });
  }

  it('writes numbers and text that YAML 1.1 reads back', () => {
    const record = {
      instrument: 'no: "quotes" #', id: 3, name: '1e3', physical_filter: 'yes', day_obs: 20260111, exposure_time: 30, azimuth: 1e-7, zenith_angle: 1e21,
      target_name: null, timespan: { begin_ns: 123_456_789n, end_ns: null },
    };
    const block: ExportBlock = { type: 'dimension', element: 'visit', records: [record] };
    const text = exportText([block]);
    expect(text).to.match(/exposure_time: 30\.0\n/).and.match(/azimuth: 1\.0e-7\n/).and.match(/zenith_angle: 1\.0e\+21\n/);
    expect(text).to.include("datetime_begin: !butler_time/tai/iso '1970-01-01 00:00:00.123456789'");
    expect(parseExport(text, 'x')).to.deep.equal([block]);
  });
});

describe("exports of Rubin's ap_verify datasets", () => {
  const shared = '../shared/data/butler';
  const names = existsSync(shared) ? readdirSync(shared).filter(name => existsSync(path.join(shared, name, 'export.yaml.gz'))).sort() : [];

  it('are there to be read', function () {
    if (!existsSync(shared)) {
      process.stdout.write('      skipped: ../shared/data is not here\n');
      this.skip();
    }
    expect(names).to.include.members(['cosmos_pdr2', 'dc2', 'hits2015']);
  });

  for (const name of names) {
    it(`${name}: read, written and read again; imported with every identity`, () => {
      const text = gunzipSync(readFileSync(path.join(shared, name, 'export.yaml.gz'))).toString();
      const blocks = parseExport(text, name);
      expect(parseExport(exportText(blocks), name)).to.deep.equal(blocks);
      const folder = temporaryFolder();
      const ids = blocks.flatMap(block => (block.type === 'dataset' ? block.records.map(r => ({ ids: r.ids, file: r.path })) : []));
      for (const { file } of ids) {
        mkdirSync(path.dirname(path.join(folder, 'preloaded', file)), { recursive: true });
        writeFileSync(path.join(folder, 'preloaded', file), 'x');
      }
      writeFileSync(path.join(folder, 'export.yaml'), text);
      const repository = createRepository(path.join(folder, 'r'));
      const summary = repository.importFrom({ directory: path.join(folder, 'preloaded'), file: path.join(folder, 'export.yaml'), mode: 'direct' });
      expect(summary.ingested.map(ref => ref.id)).to.deep.equal(ids.flatMap(r => r.ids));
      expect(summary.ingested.length).to.equal(text.match(/dataset_id:/g)!.length);
      const instruments = repository.records('instrument');
      expect(instruments).to.have.length(1);
      expect(repository.queryDataIds(['tract', 'patch'], {}).length).to.be.greaterThan(0);
      repository.close();
    });
  }
});

describe('the ap_verify layout', () => {
  function layout(folder: string): string {
    const { repository, refs } = source(folder);
    const root = path.join(folder, 'dataset');
    repository.exportTo(refs.filter(ref => ['note', 'gain'].includes(ref.datasetType)), { directory: path.join(root, 'preloaded'), mode: 'copy', collections: ['inner', 'best'] });
    mkdirSync(path.join(root, 'config'));
    renameSync(path.join(root, 'preloaded', 'export.yaml'), path.join(root, 'config', 'export.yaml'));
    repository.close();
    return root;
  }

  it('is imported, its frames ingested and its visits defined; done twice it changes nothing', () => {
    const folder = temporaryFolder();
    const root = layout(folder);
    expectError(() => readVerifyDataset(root), 'DATASET_PACKAGE_INVALID', /raw/);
    for (const n of [0, 1]) writeRaw(path.join(root, 'raw', String(n)), `f${n}.fits`, { DETNUM: n });
    expect([isVerifyDataset(root), isVerifyDataset(folder)]).to.deep.equal([true, false]);
    const target = createRepository(path.join(folder, 'target'));
    const first = ingestVerifyDataset(target, root, { sim, sdss });
    expect([first.instrument.name, first.rawRun, first.imported.ingested.length, first.raws.ingested.length, first.nVisits]).to.deep.equal(['sim', 'sim/raw/all', 5, 2, 1]);
    expect(target.queryDataIds(['visit', 'detector'], { datasets: ['raw'], collections: ['sim/raw/*'], where: 'visit = 1' })).to.have.length(2);
    const second = ingestVerifyDataset(target, root, { sim, sdss });
    expect([second.imported.ingested.length, second.raws.ingested.length, second.raws.skipped.length, second.nVisits])
      .to.deep.equal([0, 0, 2, 0]);
    expect(target.query(raw, ['sim/raw/all'])).to.have.length(2);
    target.close();
  });

  it('says what is wrong', () => {
    const folder = temporaryFolder();
    const root = layout(folder);
    mkdirSync(path.join(root, 'raw'));
    expectError(() => readVerifyDataset(root), 'DATASET_PACKAGE_INVALID', /no raw frames/);
    for (const n of [0, 1]) writeRaw(path.join(root, 'raw', String(n)), 'same.fits', { DETNUM: n });
    expectError(() => readVerifyDataset(root), 'DATASET_PACKAGE_INVALID', /two files same\.fits/);
    renameSync(path.join(root, 'raw', '1'), path.join(root, 'elsewhere'));
    const target = createRepository(path.join(folder, 'target'));
    expectError(() => ingestVerifyDataset(target, root, { sdss }), 'DATASET_PACKAGE_INVALID', /instruments sim; expected: one of sdss/);
    target.close();
  });
});
