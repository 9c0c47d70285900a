import { expect } from 'chai';
import Database from 'better-sqlite3';
import path from 'node:path';
import type { Repository } from '../../src/butler/repository.ts';
import { sim } from '../../src/instruments/sim/index.ts';
import type { DimensionRecord } from '../../src/model/dataset.ts';
import { raw, refcat } from '../../src/model/datasetTypes.ts';
import { encodePolygon } from '../../src/sky/regionEncoding.ts';
import { taiNsOfTaiIso } from '../../src/sky/time.ts';
import { expectError, gain, note, simRepository, temporaryFolder } from './fixtures.ts';

const square = (ra: number, dec: number): Uint8Array => encodePolygon({
  vertices_deg: [[ra - 0.1, dec - 0.1], [ra + 0.1, dec - 0.1], [ra + 0.1, dec + 0.1], [ra - 0.1, dec + 0.1]],
});
const begin_ns = taiNsOfTaiIso('2026-01-02T03:04:05.123456789');
const day = { instrument: 'sim', id: 20260101, timespan: { begin_ns: begin_ns - 5n, end_ns: null } };
const visit: DimensionRecord = {
  instrument: 'sim', id: 7, day_obs: 20260101, physical_filter: 'sim-g', name: 'v7', exposure_time: 30.5, azimuth: NaN,
  timespan: { begin_ns, end_ns: begin_ns + 30n }, region: square(53, -28),
};

function withVisit(root: string): Repository {
  const repository = simRepository(root);
  repository.insertRecords('day_obs', [day]);
  repository.insertRecords('visit', [visit]);
  return repository;
}

function pixels(root: string, element: string): number[] {
  const db = new Database(path.join(root, 'gen3.sqlite3'), { readonly: true });
  const found = db.prepare<[], { skypix_index: number }>(`SELECT skypix_index FROM ${element}_skypix_overlap ORDER BY 1`).all();
  db.close();
  return found.map(row => row.skypix_index);
}

describe('butler dimension records', () => {
  it('come back as they went in, nanoseconds exact, NaN and what was left out as null', () => {
    const repository = withVisit(path.join(temporaryFolder(), 'r'));
    const [back] = repository.records('visit');
    expect(back).to.deep.equal({
      ...visit, azimuth: null, seq_num: null, target_name: null, observation_reason: null, science_program: null, zenith_angle: null,
      region: square(53, -28),
    });
    expect((back!.timespan as { begin_ns: bigint }).begin_ns).to.equal(1767323045123456789n);
    expect(repository.records('day_obs')).to.deep.equal([day]);
    repository.close();
  });

  it('of an instrument hold what the camera says; registering again changes nothing', () => {
    const repository = simRepository(path.join(temporaryFolder(), 'r'));
    const before = ['instrument', 'detector', 'physical_filter', 'visit_system', 'band'].map(e => repository.records(e));
    repository.registerInstrument(sim);
    expect(['instrument', 'detector', 'physical_filter', 'visit_system', 'band'].map(e => repository.records(e))).to.deep.equal(before);
    expect(before[0]).to.deep.equal([{
      name: 'sim', visit_max: 100_000, visit_system: 0, exposure_max: 100_000, detector_max: 2, class_name: 'apverify.instruments.Sim',
    }]);
    expect(before[1]!.map(r => r.full_name)).to.deep.equal(sim.detectors.map(d => d.name));
    expect(before[4]).to.deep.equal([{ name: 'g' }, { name: 'r' }]);
    expectError(() => { repository.registerInstrument({ ...sim, detectorMax: 3 }); }, 'REPOSITORY', /instrument name=sim; found: detector_max 3|detector_max/);
    repository.close();
  });

  it('fill the overlap tables with the pixels of the envelope', () => {
    const repository = withVisit(path.join(temporaryFolder(), 'r'));
    expect(pixels(repository.root, 'visit')).to.deep.equal([147172, 147175]);
    repository.insertRecords('visit_detector_region', [{ instrument: 'sim', detector: 0, visit: 7, region: square(53, -28) }]);
    expect(pixels(repository.root, 'visit_detector_region')).to.deep.equal([147172, 147175]);
    repository.insertRecords('visit', [{ ...visit, region: square(120, 30) }], 'replace');
    expect(pixels(repository.root, 'visit')).to.not.include(147175);
    expect(pixels(repository.root, 'visit').length).to.be.greaterThan(0);
    repository.insertRecords('visit', [{ ...visit, region: null }], 'replace');
    expect(pixels(repository.root, 'visit')).to.deep.equal([]);
    repository.close();
  });

  it('equal rows are left alone, others are refused, kept or replaced as asked', () => {
    const repository = withVisit(path.join(temporaryFolder(), 'r'));
    repository.insertRecords('visit', [visit, visit]);
    const other = { ...visit, exposure_time: 31 };
    expectError(() => { repository.insertRecords('visit', [other]); }, 'REPOSITORY', /instrument=sim, id=7; found: exposure_time 31; expected: exposure_time 30\.5/);
    repository.insertRecords('visit', [other], 'keep');
    expect(repository.records('visit')[0]!.exposure_time).to.equal(30.5);
    repository.insertRecords('visit', [other], 'replace');
    expect(repository.records('visit').map(r => r.exposure_time)).to.deep.equal([31]);
    repository.close();
  });

  const bad: readonly [string, string, DimensionRecord, RegExp][] = [
    ['an unknown element', 'galaxy', { id: 1 }, /element 'galaxy'/],
    ['an element without table', 'band', { name: 'g' }, /element 'band'/],
    ['an unknown column', 'detector', { instrument: 'sim', id: 9, full_name: 'x', colour: 'red' }, /column colour/],
    ['a missing key', 'detector', { instrument: 'sim', full_name: 'x' }, /no id/],
    ['a missing parent', 'visit', { ...visit, id: 8, name: 'v8', day_obs: 19991231 }, /refers to/],
    ['a name that is taken', 'visit', { ...visit, id: 8 }, /UNIQUE constraint failed: visit/],
    ['a text that is too long', 'detector', { instrument: 'sim', id: 9, full_name: 'x'.repeat(33) }, /detector_len_full_name/],
    ['bytes that are no region', 'visit', { ...visit, id: 8, name: 'v8', region: new Uint8Array([1, 2, 3]) }, /region/],
    ['a timespan that runs backwards', 'day_obs', { ...day, id: 1, timespan: { begin_ns: 5n, end_ns: 4n } }, /after the begin/],
  ];
  for (const [name, element, record, words] of bad) {
    it(`refuses ${name}, and nothing of the batch stays`, () => {
      const repository = withVisit(path.join(temporaryFolder(), 'r'));
      const before = repository.records('visit').length;
      const good = element === 'visit' ? [{ ...visit, id: 100, name: 'v100' }] : [];
      expectError(() => { repository.insertRecords(element, [...good, record]); }, /no region|backwards/.test(name) ? 'BAD_FORMAT' : 'REPOSITORY', words);
      expect(repository.records('visit').length).to.equal(before);
      repository.close();
    });
  }
});

describe('butler collections', () => {
  it('are registered once, listed by pattern, and chains replace their members', () => {
    const repository = simRepository(path.join(temporaryFolder(), 'r'));
    for (const name of ['u/a', 'u/b', 'u/a']) repository.registerRun(name);
    repository.registerTagged('best');
    repository.registerCalibrationCollection('calib');
    repository.registerChain('all', ['u/b', 'calib']);
    repository.registerChain('all', ['u/a', 'u/b', 'best']);
    expect(repository.collections('u/?').map(c => c.name)).to.deep.equal(['u/a', 'u/b']);
    expect(repository.collections('*l*').map(c => [c.name, c.type, ...c.children]))
      .to.deep.equal([['all', 'CHAINED', 'u/a', 'u/b', 'best'], ['calib', 'CALIBRATION']]);
    expect(repository.collections('[').length).to.equal(0);
    repository.close();
  });
  it('search in order, chains in place, repetitions dropped', () => {
    const repository = simRepository(path.join(temporaryFolder(), 'r'));
    repository.registerRun('r2');
    repository.registerChain('inner', ['r2', 'r1']);
    repository.registerChain('outer', ['r1', 'inner']);
    expect(repository.query(note, ['outer'])).to.deep.equal([]);
    expectError(() => repository.query(note, ['outer', 'nowhere']), 'COLLECTION', /nowhere/);
    expectError(() => { repository.registerChain('inner', ['outer']); }, 'COLLECTION', /chain itself/);
    expect(repository.collections('inner')[0]!.children).to.deep.equal(['r2', 'r1']);
    repository.close();
  });
  const odd: readonly [string, (r: Repository) => void][] = [
    ['another type', r => { r.registerTagged('r1'); }], ['an unknown child', r => { r.registerChain('c', ['x']); }],
    ...['', '/abs', 'a//b', '../up', 'a/../../b', 'end/', '.hidden', 'a/.b', 'a*'].map((name): [string, (r: Repository) => void] =>
      [`the name '${name}'`, r => { r.registerRun(name); }]),
  ];
  it('refuse odd names, other types and unknown members', () => {
    const repository = simRepository(path.join(temporaryFolder(), 'r'));
    for (const [, work] of odd) expectError(() => { work(repository); }, 'COLLECTION', /./);
    expect(repository.collections().map(c => c.name)).to.deep.equal(['r1']);
    repository.close();
  });
});

describe('butler dataset types', () => {
  it('come back with required dimensions in universe order', () => {
    const repository = simRepository(path.join(temporaryFolder(), 'r'));
    repository.registerDatasetType(raw);
    repository.registerDatasetType(raw);
    repository.registerDatasetType(refcat);
    expect(repository.datasetType('raw')).to.deep.equal({
      name: 'raw', dimensions: ['instrument', 'detector', 'exposure'], storageClass: 'RawFits', isCalibration: false,
    });
    expect(repository.datasetType('refcat')!.dimensions).to.deep.equal(['htm7']);
    expect(repository.datasetType('nothing')).to.equal(null);
    expect(repository.datasetTypes('*a*').map(t => t.name)).to.deep.equal(['gain', 'raw', 'refcat']);
    repository.close();
  });
  it('every storage class keeps its name through the registry', () => {
    const repository = simRepository(path.join(temporaryFolder(), 'r'));
    const classes = ['Exposure', 'RawFits', 'Mask', 'Table', 'StructuredDataDict', 'TaskMetadata', 'MatchingKernel', 'AlertPackets', 'Bytes'] as const;
    classes.forEach((storageClass, k) => { repository.registerDatasetType({ ...note, name: `t${k}`, storageClass }); });
    expect(classes.map((_, k) => repository.datasetType(`t${k}`)!.storageClass)).to.deep.equal(classes);
    repository.close();
  });
  it('a second definition, an unknown dimension and an odd name are refused', () => {
    const repository = simRepository(path.join(temporaryFolder(), 'r'));
    for (const change of [{ dimensions: ['instrument'] as const }, { storageClass: 'Table' as const }, { isCalibration: true }]) {
      expectError(() => { repository.registerDatasetType({ ...note, ...change }); }, 'DATASET_CONFLICT', /dataset type note/);
    }
    expectError(() => { repository.registerDatasetType({ ...note, name: 'x', dimensions: ['planet' as 'visit'] }); }, 'REPOSITORY', /planet/);
    expectError(() => { repository.registerDatasetType({ ...note, name: 'a/b' }); }, 'REPOSITORY', /a\/b/);
    expect(repository.datasetType('gain')).to.deep.equal({ ...gain });
    repository.close();
  });
});
