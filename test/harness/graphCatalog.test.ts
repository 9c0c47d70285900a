/** The graph's questions, answered from a repository with an ingested package. */
import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createRepository } from '../../src/butler/repository.ts';
import type { Repository } from '../../src/butler/repository.ts';
import { openPackage, writePackage } from '../../src/harness/datasetPackage.ts';
import type { DatasetPackage } from '../../src/harness/datasetPackage.ts';
import { dimensionIndex } from '../../src/harness/dimensionIndex.ts';
import { repositoryCatalog } from '../../src/harness/graphCatalog.ts';
import { ingestPackage } from '../../src/harness/ingest.ts';
import { instruments } from '../../src/instruments/index.ts';
import * as types from '../../src/model/datasetTypes.ts';
import { ApError } from '../../src/model/errors.ts';
import { generatePackage } from '../../src/simulate/index.ts';

describe('harness/ingest and harness/graphCatalog', () => {
  let folder = '';
  let repository: Repository;
  let dataset: DatasetPackage;
  let inputs = '';
  before(async function () {
    this.timeout(60_000);
    folder = mkdtempSync(path.join(os.tmpdir(), 'ap-verify-'));
    const { manifest, files } = await generatePackage('sim-small', 42);
    dataset = writePackage(path.join(folder, 'package'), manifest, files);
    repository = createRepository(path.join(folder, 'repo'));
    inputs = ingestPackage(repository, dataset, instruments.sim!).inputs;
  });
  after(() => {
    repository.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('every file of the manifest becomes a dataset', () => {
    const count = (type: Parameters<Repository['query']>[0], collection: string): number => repository.query(type, [collection]).length;
    expect(count(types.raw, inputs)).to.equal(8);
    expect(count(types.templateExposure, inputs)).to.equal(4);
    expect(count(types.truth, inputs)).to.equal(4);
    expect(count(types.refcat, inputs)).to.equal(dataset.manifest.files.filter(f => f.role === 'refcat').length);
  });

  it('done twice, it changes nothing', () => {
    const before = repository.query(types.raw, [inputs]);
    ingestPackage(repository, dataset, instruments.sim!);
    expect(repository.query(types.raw, [inputs])).to.deep.equal(before);
    expect(repository.orphans()).to.deep.equal([]);
  });

  it('rows are expanded and have their records', () => {
    const catalog = repositoryCatalog(repository, [inputs]);
    const row = catalog.rows().find(r => r.dataId.visit === 2 && r.dataId.detector === 1)!;
    expect(row.dataId).to.include({ instrument: 'sim', exposure: 2, band: 'g', physical_filter: 'sim-g', day_obs: 20260112 });
    expect(row.records.visit).to.include({ exposure_time: 30 });
    expect(row.date).to.match(/^2026-01-1\d/);
  });

  it('calibrations are those of the date and the filter, templates those of the band that overlap', () => {
    const catalog = repositoryCatalog(repository, [inputs]);
    const row = catalog.rows().find(r => r.dataId.visit === 3 && r.dataId.detector === 0)!;
    expect(catalog.calibration(types.flat, row)!.dataId).to.include({ detector: 0, physical_filter: 'sim-r' });
    expect(catalog.calibration(types.bias, { ...row, timespan: { begin_ns: 0n, end_ns: 1n } })).to.equal(null);
    const templates = catalog.overlapping(types.templateExposure, row).map(ref => ref.dataId);
    expect(templates.length).to.be.greaterThan(0);
    for (const template of templates) expect(dimensionIndex(repository).expand(template).band).to.equal('r');
  });

  it('reference shards are those that the image touches', () => {
    const catalog = repositoryCatalog(repository, [inputs]);
    for (const row of catalog.rows()) expect(catalog.refcats(types.refcat, row).length).to.be.within(1, 4);
  });

  it('an unknown dataset type is empty, not an error', () => {
    const catalog = repositoryCatalog(repository, [inputs]);
    expect(catalog.datasets(types.differenceImage)).to.deep.equal([]);
    expect(catalog.calibration({ ...types.bias, name: 'fringe' }, catalog.rows()[0]!)).to.equal(null);
  });

  it('a data ID that lacks a dimension is refused with the file', () => {
    const odd: DatasetPackage = { ...dataset, manifest: { ...dataset.manifest, files: dataset.manifest.files.map(file =>
      (file.role === 'bias' ? { ...file, dataId: { instrument: 'sim' } } : file)) } };
    expect(() => ingestPackage(repository, odd, instruments.sim!)).to.throw(ApError, /calib\/bias.*without detector/).with.property('code', 'DATASET_PACKAGE_INVALID');
  });

  it('the shipped package opens by name', () => {
    expect(openPackage('sim-small', ['datasets']).manifest.generator!.seed).to.equal(42);
  });
});
