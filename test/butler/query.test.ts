/** The query language over a registry: what it selects, against a plain filter of the same facts, and where it says that a mistake is. */
import { expect } from 'chai';
import { parseQuery } from '../../src/butler/query/language.ts';
import { openRepository } from '../../src/butler/repository.ts';
import type { Repository } from '../../src/butler/repository.ts';
import { sim } from '../../src/instruments/sim/index.ts';
import type { DatasetType } from '../../src/model/dataset.ts';
import { encodeCircle, encodePolygon } from '../../src/sky/regionEncoding.ts';
import { orientedPolygon } from '../../src/sky/sphere.ts';
import { taiNsOfTaiIso } from '../../src/sky/time.ts';
import { expectError, note, put, simRepository, temporaryFolder } from './fixtures.ts';

const image: DatasetType<unknown> = { ...note, name: 'image', dimensions: ['instrument', 'visit', 'detector'] };
const flat: DatasetType<unknown> = { ...note, name: 'flatNote', dimensions: ['instrument', 'detector', 'physical_filter'] };
const BEGIN = taiNsOfTaiIso('2026-01-12T03:00:00');
const MINUTE_ns = 60_000_000_000n;
const VISITS = [1, 2, 3, 4, 5, 6, 7, 8, 9];
const bandOf = (visit: number): string => (visit < 6 ? 'g' : 'r');

const square = (ra: number, dec: number, side: number): Uint8Array => {
  const h = side / 2;
  return encodePolygon(orientedPolygon([[ra - h, dec - h], [ra + h, dec - h], [ra + h, dec + h], [ra - h, dec + h]]));
};

/** Nine visits a minute apart, each a degree north of the one before; detector 0 sees the western half, 1 the eastern. */
function visitsRepository(root: string): Repository {
  const repository = simRepository(root);
  const common = { instrument: 'sim' };
  repository.transaction(() => {
    repository.insertRecords('day_obs', [{ ...common, id: 20260111, timespan: { begin_ns: null, end_ns: null } }]);
    for (const visit of VISITS) {
      const timespan = { begin_ns: BEGIN + BigInt(visit) * MINUTE_ns, end_ns: BEGIN + BigInt(visit) * MINUTE_ns + 30_000_000_000n };
      const shared = {
        ...common, physical_filter: `sim-${bandOf(visit)}`, day_obs: 20260111, seq_num: visit, exposure_time: 10 * visit + 0.5,
        target_name: visit % 2 === 0 ? 'EVEN_[1]' : 'odd', observation_reason: 'science', science_program: null, azimuth: null,
        zenith_angle: visit === 9 ? null : 5 * visit, timespan,
      };
      repository.insertRecords('group', [{ ...common, name: `g${visit}` }]);
      repository.insertRecords('exposure', [{
        ...shared, id: 100 + visit, obs_id: `obs-${visit}`, group: `g${visit}`, observation_type: visit === 1 ? 'dark' : 'science',
        dark_time: 1, seq_start: visit, seq_end: visit, tracking_ra: 53, tracking_dec: -30 + visit, sky_angle: 0, has_simulated: false,
        can_see_sky: visit !== 1,
      }]);
      repository.insertRecords('visit', [{ ...shared, id: visit, name: `v${visit}`, region: visit === 9 ? null : square(53, -30 + visit, 0.9) }]);
      repository.insertRecords('visit_definition', [{ ...common, exposure: 100 + visit, visit }]);
      if (visit < 9) {
        repository.insertRecords('visit_detector_region', [0, 1].map(detector =>
          ({ ...common, visit, detector, region: square(52.8 + 0.4 * detector, -30 + visit, 0.35) })));
      }
    }
  });
  repository.registerDatasetType(image);
  repository.registerDatasetType(flat);
  return repository;
}

describe('queries of data IDs', () => {
  let repository: Repository;
  let root: string;
  beforeEach(() => {
    root = temporaryFolder();
    repository = visitsRepository(`${root}/r`);
  });
  afterEach(() => { repository.close(); });
  const visits = (where: string, binds = {}): number[] => repository.queryDataIds(['visit'], { where, binds }).map(({ visit }) => Number(visit));

  it('selects visits', () => {
    const rows: readonly (readonly [string, readonly number[]])[] = [
      ['', VISITS], ['visit = 3', [3]], ['3 = visit', [3]], ['visit in (1..4)', [1, 2, 3, 4]], ['visit in (2..9:3, 1)', [1, 2, 5, 8]],
      ["visit in (1..6) and band='g' and not visit = 2", [1, 3, 4, 5]], ["visit.name in ('v3', 'v8')", [3, 8]], ['visit in (2 * 2, visit + 0)', VISITS],
      ["physical_filter = 'sim-r'", [6, 7, 8, 9]], ["band != 'g' or visit < 2", [1, 6, 7, 8, 9]], ["not (band = 'g' or visit > 7)", [6, 7]],
      ['visit.exposure_time > 70', [7, 8, 9]], ['visit.exposure_time > 70.5', [8, 9]], ['visit.exposure_time - 0.5 = 10 * visit', VISITS],
      ['visit % 3 = 0', [3, 6, 9]], ['-visit < -7', [8, 9]], ['visit.zenith_angle is null', [9]], ['visit.zenith_angle = NULL', [9]],
      ['visit.zenith_angle is not null and visit > 6', [7, 8]], ['not visit.zenith_angle > 20', [1, 2, 3, 4]],
      ['visit.zenith_angle > 20 or not visit.zenith_angle > 20', [1, 2, 3, 4, 5, 6, 7, 8]],
      ["exposure.observation_type = 'science'", [2, 3, 4, 5, 6, 7, 8, 9]], ['not exposure.can_see_sky', [1]], ['exposure.can_see_sky = false', [1]],
      ["exposure.obs_id = 'obs-4'", [4]], ['exposure > 107', [8, 9]], ["instrument = 'other'", []], ["exposure.group = 'g7'", [7]],
      ["glob(visit.name, 'v[12]')", []], ["glob(visit.target_name, 'EVEN_[?]') and visit > 5", [6, 8]], ["not glob(exposure.obs_id, '*-?')", []],
      ["visit.timespan.begin > T'2026-01-12T03:07:30/tai'", [8, 9]], ["visit.timespan overlaps T'2026-01-12 03:05:10/tai'", [5]],
      ["visit.timespan OVERLAPS (T'2026-01-12T03:05:30/tai', T'2026-01-12T03:07:00/tai')", [6]],
      ["visit.timespan OVERLAPS (T'2026-01-12T03:05:29.999999999/tai', T'2026-01-12T03:07:00.000000001/tai')", [5, 6, 7]],
      ["visit.timespan overlaps (null, T'2026-01-12T03:02:30/tai')", [1, 2]], ["visit.timespan.end < T'2026-01-12T02:59:23/utc'", []],
      ["visit.timespan.begin <= T'2026-01-12T03:00:23'", [1]], ["visit.timespan overlaps T'mjd/61052.1259/tai'", [1]],
      ['visit.region overlaps POINT(53, -27)', [3]], ['visit.region overlaps point(53.0, 60)', []], ['POINT(53, -27) overlaps visit.region', [3]],
      ['not visit.region overlaps circle(53, -27, 1.3)', [1, 5, 6, 7, 8]], ['visit.region overlaps box(53, -27, 0.1, 1.2)', [2, 3, 4]],
      ['visit.region overlaps polygon(52.9, -28.1, 53.1, -28.1, 53, -26.9)', [2, 3]], ["visit.region overlaps region('CIRCLE 53 -25.5 0.2')", [4, 5]],
      ['visit_detector_region.region overlaps point(53.2, -24) and detector = 1', [6]], ['visit_detector_region.region overlaps point(53.2, -24) and detector = 0', []],
    ];
    for (const [where, expected] of rows) expect(visits(where), where).to.deep.equal(expected);
  });

  it('binds values to names', () => {
    const binds = {
      v: 4, list: [2, 3, 99], name: "v5'", band: 'r', from: { tai_ns: BEGIN + 8n * MINUTE_ns }, span: { begin_ns: null, end_ns: BEGIN + 2n * MINUTE_ns },
      here: { ra: 53, dec: -24, radius_deg: 0.1 },
    };
    expect(['visit = :v', 'visit in (:list, 7..8)', 'visit.name = :name', 'band = :band and visit < 8', 'visit.timespan.begin >= :from',
      'visit.timespan overlaps :span', 'visit.region overlaps :here'].map(where => visits(where, binds)))
      .to.deep.equal([[4], [2, 3, 7, 8], [], [6, 7], [8, 9], [1], [6]]);
  });

  it('gives implied values, in the order of the universe', () => {
    expect(repository.queryDataIds(['detector', 'visit'], { where: 'visit = 6 and detector < 1' })).to.deep.equal([
      { band: 'r', instrument: 'sim', day_obs: 20260111, detector: 0, physical_filter: 'sim-r', visit: 6 },
    ]);
    expect(repository.queryDataIds(['band'], {}).map(d => d.band)).to.deep.equal(sim.filters.map(f => f.band).sort());
    expect(repository.queryDataIds([], {})).to.deep.equal([{}]);
    expect(repository.queryDataIds(['physical_filter'], { where: "band = 'g'" })).to.deep.equal([{ band: 'g', instrument: 'sim', physical_filter: 'sim-g' }]);
    expect(repository.queryDataIds(['exposure', 'visit'], {}).map(d => Number(d.exposure) - Number(d.visit))).to.deep.equal(VISITS.map(() => 100));
    expect(repository.queryDataIds(['visit'], { limit: 2 })).to.have.length(2);
  });

  it('a filter band reaches a flat through the filter of the visit', () => {
    put(repository, flat, { instrument: 'sim', detector: 0, physical_filter: 'sim-r' }, {});
    const found = repository.queryDataIds(['visit', 'detector'], { datasets: ['flatNote'], collections: ['r*'] });
    expect(found.map(d => [d.visit, d.detector])).to.deep.equal([6, 7, 8, 9].map(visit => [visit, 0]));
  });

  it('joins the sky pixels that a region touches, and nothing without regions', () => {
    const pixels = repository.queryDataIds(['visit', 'detector', 'htm7'], { where: 'visit in (3, 9) and detector = 1' });
    expect(pixels.length).to.be.within(1, 12);
    expect(new Set(pixels.map(d => d.visit))).to.deep.equal(new Set([3]));
    const again = repository.queryDataIds(['visit'], { where: `htm7 = ${String(pixels[0]!.htm7)} and visit < 9` }).map(d => d.visit);
    expect(again).to.include(3);
    expectError(() => repository.queryDataIds(['htm7'], {}), 'BAD_QUERY', /htm7/);
  });

  it('joins regions of observations with those of a sky map', () => {
    repository.insertRecords('skymap', [{ name: 'map', hash: new Uint8Array(20), tract_max: 4, patch_nx_max: 1, patch_ny_max: 1 }]);
    repository.insertRecords('tract', [1, 2, 3].map(id => ({ skymap: 'map', id, region: square(53, -29 + 2 * id, 1.4) })));
    const found = repository.queryDataIds(['visit', 'tract'], { where: "instrument = 'sim' and skymap = 'map' and visit < 5" });
    expect(found.map(d => `${String(d.tract)}/${String(d.visit)}`)).to.deep.equal(['1/2', '1/3', '1/4', '2/4'].toSorted());
  });

  it('asks for datasets, through chains and patterns, and in calibration collections', () => {
    for (const [visit, run] of [[2, 'r1'], [3, 'r2'], [4, 'other']] as const) put(repository, image, { instrument: 'sim', visit, detector: 0 }, { visit }, run);
    repository.registerChain('chain', ['r2', 'r1']);
    const found = (collections: readonly string[], where = ''): unknown[] =>
      repository.queryDataIds(['visit'], { datasets: ['image'], collections, where }).map(d => d.visit);
    expect([found(['chain']), found(['r*']), found(['*']), found(['r?'], 'visit.exposure_time > 25'), found(['none*'])])
      .to.deep.equal([[2, 3], [2, 3], [2, 3, 4], [3], []]);
    expect(repository.query(image, ['chain', 'other'], { where: "band = 'g' and exposure in (103..110) and detector = 0" }).map(r => [r.dataId.visit, r.run]))
      .to.deep.equal([[3, 'r2'], [4, 'other']]);
    put(repository, image, { instrument: 'sim', visit: 2, detector: 0 }, { again: true }, 'r2');
    const runs = (isFindFirst: boolean): string[] => repository.query(image, ['chain'], { where: 'visit = 2', isFindFirst }).map(r => r.run);
    expect([runs(true), runs(false)]).to.deep.equal([['r2'], ['r2', 'r1']]);
    expectError(() => repository.queryDataIds(['visit'], { datasets: ['image'] }), 'BAD_QUERY', /without collections/);
    expectError(() => repository.queryDataIds(['visit'], { datasets: ['nothing'], collections: ['r1'] }), 'DATASET_NOT_FOUND', /nothing/);
    expectError(() => repository.queryDataIds(['visit'], { datasets: ['image'], collections: ['r9'] }), 'COLLECTION', /r9/);
  });

  it('gives dimension records', () => {
    const names = (element: string, where: string): unknown[] =>
      repository.queryDimensionRecords(element, { where }).map(r => r.name ?? r.id);
    expect(names('visit', 'visit.exposure_time > 80')).to.deep.equal(['v8', 'v9']);
    expect(names('exposure', 'visit = 4')).to.deep.equal([104]);
    expect(names('physical_filter', "band = 'g'")).to.deep.equal(['sim-g']);
    expect(names('band', 'visit = 7')).to.deep.equal(['r']);
    expect(names('detector', 'detector > 0 and visit = 3')).to.deep.equal(repository.records('detector').map(r => r.id).filter(id => Number(id) > 0));
    expect(repository.queryDimensionRecords('visit', {})).to.deep.equal(repository.records('visit'));
    expect(repository.queryDimensionRecords('visit_detector_region', { where: 'visit = 3 and detector = 1' })).to.have.length(1);
    expectError(() => repository.queryDimensionRecords('galaxy', {}), 'BAD_QUERY', /galaxy/);
    expectError(() => repository.queryDataIds(['visit_definition'], {}), 'BAD_QUERY', /visit_definition/);
  });

  it('regions of other shapes are found, too', () => {
    const [first] = repository.records('visit').filter(r => r.id === 9);
    repository.insertRecords('visit', [{ ...first!, region: encodeCircle({ ra: 200, dec: 10, radius_deg: 0.5 }) }], 'replace');
    expect(visits('visit.region overlaps point(200.3, 10.2)')).to.deep.equal([9]);
  });

  it('works on a repository that is open for reading', () => {
    const reader = openRepository(`${root}/r`, { readonly: true });
    expect(reader.queryDataIds(['visit'], { where: 'visit.region overlaps point(53, -27)' })).to.have.length(1);
    reader.close();
  });
});

describe('mistakes in queries', () => {
  const mistakes: readonly (readonly [string, number, RegExp])[] = [
    ['visit', 6, /found: the end; expected: a comparison/], ['visit = ', 9, /found: the end; expected: a dimension, column/],
    ['visit = 1 detector = 2', 11, /expected: and, or, or the end/], ['galaxy = 1', 1, /found: 'galaxy'/],
    ['visit.colour = 1', 1, /visit\. with .*exposure_time.*timespan, region/], ["visit = 'g'", 9, /expected: a number/],
    ['band = 1', 8, /text in quotes/], ["visit.timespan > T'2026-01-12'", 16, /expected: overlaps/], ["visit.region overlaps (T'2026-01-12', null)", 23, /POINT/],
    ["visit.timespan overlaps 3", 25, /a timespan or time/], ["visit.timespan overlaps (1, 2)", 26, /a time, like/],
    ["visit.timespan overlaps (T'2026-01-13', T'2026-01-12')", 41, /not before/], ["visit.timespan.begin < T'yesterday'", 24, /expected: a time, like/],
    ["visit.timespan.begin < T'2026-02-30'", 24, /time/], ["visit.timespan.begin < T'2026-01-12/xyz'", 24, /a time/],
    ['visit.region overlaps POINT(53)', 23, /POINT\(ra, dec\)/], ['visit.region overlaps POINT(53, -91)', 23, /POINT\(ra, dec\)/],
    ['visit.region overlaps POLYGON(1, 0, 2, 0, 3, 0)', 23, /POLYGON/], ["visit.region overlaps REGION('BLOB 3')", 23, /CIRCLE ra dec radius/],
    ['visit.region overlaps SQUARE(1, 2)', 23, /point, circle, box/], ['visit in 1', 10, /'\('/], ['visit in (4..1)', 14, /not below 4/],
    ['visit in (1..4:0)', 16, /stride of 1/], ['visit in (1..4', 15, /'\)'/], ["visit in ('a')", 11, /a number/], ["band in (1..4)", 10, /text in quotes/],
    ['visit in (:v)', 11, /value for :v; bound are none/], ['visit = 99999999999999999999', 9, /below 2\^53/], ['visit ! 1', 7, /'!'/],
    ["band = 'g", 8, /closing quote/], ['(visit = 1', 11, /'\)'/], ['not visit', 10, /a comparison/], ['band + 1 = 2', 1, /a number/],
    ["glob(visit, 'a*')", 1, /GLOB\(column, 'pattern'\)/], ['visit is 3', 10, /'null'/], ['visit and detector = 1', 1, /a test/], ['visit < null', 7, /= or !=/],
    ['visit.timespan in (1)', 1, /a number, text or time/],
  ];
  for (const [where, column, words] of mistakes) {
    it(`says where: ${where}`, () => {
      expectError(() => parseQuery(where), 'BAD_QUERY', words);
      expectError(() => parseQuery(where), 'BAD_QUERY', new RegExp(`column ${column} of`));
    });
  }
});
