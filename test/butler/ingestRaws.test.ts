import { expect } from 'chai';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { defineVisits, ingestRaws } from '../../src/butler/ingestRaws.ts';
import { hullOfPolygons } from '../../src/butler/regions.ts';
import type { Repository } from '../../src/butler/repository.ts';
import { sim } from '../../src/instruments/sim/index.ts';
import type { SkyPolygon } from '../../src/model/apdb.ts';
import { raw } from '../../src/model/datasetTypes.ts';
import type { RawFrame } from '../../src/model/instrument.ts';
import { random } from '../../src/numeric/random.ts';
import { decodePolygon, encodePolygon } from '../../src/sky/regionEncoding.ts';
import { polygonContains, polygonOfBox } from '../../src/sky/sphere.ts';
import { taiNsOfUtcIso } from '../../src/sky/time.ts';
import { expectError, simRepository, temporaryFolder, writeRaw } from './fixtures.ts';

const OPTIONS = { run: 'sim/raw/all', mode: 'copy' } as const;

describe('butler raw ingest', () => {
  let folder: string;
  let repository: Repository;
  beforeEach(() => {
    folder = temporaryFolder();
    repository = simRepository(path.join(folder, 'r'));
  });
  afterEach(() => { repository.close(); });
  const ingest = (...paths: string[]): ReturnType<typeof ingestRaws> => ingestRaws(repository, sim, paths, OPTIONS);
  const regionOf = (element: string, k = 0): SkyPolygon => decodePolygon(repository.records(element)[k]!.region as Uint8Array);

  it('registers exposure, group and day, and stores the frame as it is', async () => {
    const file = writeRaw(folder, 'one.fits');
    const { ingested, skipped } = ingest(file);
    expect(skipped).to.deep.equal([]);
    expect(ingested.map(ref => ref.dataId)).to.deep.equal([{ instrument: 'sim', detector: 0, exposure: 1 }]);
    expect(readFileSync(repository.pathOf(ingested[0]!)).equals(readFileSync(file))).to.equal(true);
    expect(repository.pathOf(ingested[0]!)).to.match(/sim\/raw\/all\/raw\/20260111\/obs-1\/raw_sim_sim-g_obs-1_D0_sim_raw_all\.fits$/);
    expect(((await repository.get(raw, ingested[0]!)) as RawFrame).data[255]).to.equal(1255);
    const begin_ns = taiNsOfUtcIso('2026-01-12T03:10:00');
    expect(repository.records('exposure')).to.deep.equal([{
      instrument: 'sim', id: 1, day_obs: 20260111, group: 'obs-1', physical_filter: 'sim-g', obs_id: 'obs-1', exposure_time: 30, dark_time: 32,
      observation_type: 'science', observation_reason: 'science', seq_num: 1, seq_start: 1, seq_end: 1, target_name: 'FIELD',
      science_program: null, tracking_ra: 53, tracking_dec: -28, sky_angle: 0, azimuth: null,
      zenith_angle: Math.acos(1 / 1.25) * (180 / Math.PI), has_simulated: null, can_see_sky: true,
      timespan: { begin_ns, end_ns: begin_ns + 30_000_000_000n },
    }]);
    expect(repository.records('group')).to.deep.equal([{ instrument: 'sim', name: 'obs-1' }]);
    const [{ timespan }] = repository.records('day_obs') as [{ timespan: { begin_ns: bigint; end_ns: bigint } }];
    expect(begin_ns >= timespan.begin_ns && begin_ns < timespan.end_ns, 'the exposure is within its night').to.equal(true);
    expect(timespan.end_ns - timespan.begin_ns).to.equal(86_400_000_000_000n);
  });

  it('twice is as good as once, and says what was there', () => {
    const file = writeRaw(folder, 'one.fits');
    ingest(file);
    const before = repository.query(raw, [OPTIONS.run]);
    const again = ingest(file, writeRaw(folder, 'two.fits', { DETNUM: 1 }), writeRaw(folder, 'copy-of-two.fits', { DETNUM: 1 }));
    expect(again.ingested.map(ref => ref.dataId.detector)).to.deep.equal([1]);
    expect(again.skipped.map(s => s.reason)).to.deep.equal([
      'exposure 1, detector 0 is in sim/raw/all already', `exposure 1, detector 1 is in ${path.join(folder, 'two.fits')}, too`,
    ]);
    expect(repository.query(raw, [OPTIONS.run])[0]).to.deep.equal(before[0]);
  });

  it('has the same records whatever the order of the files', () => {
    const files = [writeRaw(folder, 'a.fits', { DETNUM: 1, RA: 53.3 }), writeRaw(folder, 'b.fits', { DETNUM: 0, RA: 53.1 })];
    ingest(...files);
    const other = simRepository(path.join(folder, 'other'));
    ingestRaws(other, sim, files.toReversed(), OPTIONS);
    expect(other.records('exposure')).to.deep.equal(repository.records('exposure'));
    expect(repository.records('exposure')[0]!.tracking_ra).to.equal(53.1);
    other.close();
  });

  const bad: readonly [string, (name: string) => string, Parameters<typeof expectError>[1], RegExp][] = [
    ['a truncated file', name => {
      const file = writeRaw(folder, name);
      truncateSync(file, 3000);
      return file;
    }, 'FILE_TRUNCATED', /bad\.fits, .*expected: .*found: /],
    ['what is no FITS', name => {
      writeFileSync(path.join(folder, name), 'no FITS at all'.repeat(300));
      return path.join(folder, name);
    }, 'BAD_FITS', /bad\.fits/],
    ['a file that is not there', name => path.join(folder, name), 'FILE_NOT_FOUND', /bad\.fits/],
    ['another camera', name => writeRaw(folder, name, { INSTRUME: 'OTHER' }), 'BAD_FORMAT', /bad\.fits.*INSTRUME/],
    ['a header without exposure number', name => writeRaw(folder, name, { EXPID: null }), 'BAD_FORMAT', /bad\.fits.*EXPID/],
    ['an unknown filter', name => writeRaw(folder, name, { FILTER: 'sim-u' }), 'BAD_FORMAT', /bad\.fits.*filter sim-u; expected: sim-g, sim-r/],
    ['other facts of the same exposure', name => writeRaw(folder, name, { DETNUM: 1, FILTER: 'sim-r' }), 'DATASET_CONFLICT', /bad\.fits, exposure 1; found: physical_filter sim-r/],
  ];
  for (const [name, make, code, words] of bad) {
    it(`refuses ${name}, and the good file beside it is not ingested either`, () => {
      const good = writeRaw(folder, 'good.fits');
      expectError(() => ingest(good, make('bad.fits')), code, words);
      expect(repository.records('exposure')).to.deep.equal([]);
      expect(repository.collections(OPTIONS.run)).to.deep.equal([]);
      expect(ingest(good).ingested.length).to.equal(1);
    });
  }
  it('refuses another frame of the same exposure and detector', () => {
    ingest(writeRaw(folder, 'one.fits'));
    const file = writeRaw(folder, 'larger.fits', Object.fromEntries(Array.from({ length: 40 }, (_, k) => [`X${k}`, k])));
    expectError(() => ingest(file), 'DATASET_CONFLICT', /larger\.fits/);
  });

  describe('visits', () => {
    it('one an exposure, with regions that hold the detectors', () => {
      ingest(
        writeRaw(folder, 'a.fits'), writeRaw(folder, 'b.fits', { DETNUM: 1, CRVAL1: 53.2 }),
        writeRaw(folder, 'c.fits', { EXPID: 2, OBSID: 'obs-2' }), writeRaw(folder, 'd.fits', { EXPID: 3, OBSID: 'obs-3', IMGTYPE: 'bias' }),
      );
      expect(defineVisits(repository, sim)).to.equal(2);
      expect(defineVisits(repository, sim)).to.equal(0);
      expect(repository.records('visit').map(r => [r.id, r.name, r.physical_filter])).to.deep.equal([[1, 'obs-1', 'sim-g'], [2, 'obs-2', 'sim-g']]);
      expect(repository.records('visit_definition').map(r => [r.exposure, r.visit])).to.deep.equal([[1, 1], [2, 2]]);
      expect(repository.records('visit_system_membership').map(r => [r.visit_system, r.visit])).to.deep.equal([[0, 1], [0, 2]]);
      expect(repository.records('visit_detector_region').map(r => [r.detector, r.visit])).to.deep.equal([[0, 1], [0, 2], [1, 1]]);
      const exact = polygonOfBox({ projection: 'TAN', crpix: [499, 499], crval_deg: [53, -28], cd: [-1e-4, 0, 0, 1e-4] }, 1000, 1000);
      for (const [ra, dec] of exact.vertices_deg) {
        expect(polygonContains(regionOf('visit_detector_region'), ra, dec)).to.equal(true);
      }
      for (const k of [0, 2]) {
        const { vertices_deg } = regionOf('visit_detector_region', k);
        const centre = vertices_deg.reduce(([a, b], [ra, dec]) => [a + ra / 4, b + dec / 4] as const, [0, 0] as const);
        for (const [ra, dec] of vertices_deg) {
          const inside = [ra, dec].map((x, i) => centre[i]! + 0.999999 * (x - centre[i]!));
          expect(polygonContains(regionOf('visit'), inside[0]!, inside[1]!)).to.equal(true);
        }
      }
    });
    it('a detector that comes later widens its visit', () => {
      ingest(writeRaw(folder, 'a.fits'));
      defineVisits(repository, sim);
      expect(polygonContains(regionOf('visit'), 53.4, -28)).to.equal(false);
      ingest(writeRaw(folder, 'b.fits', { DETNUM: 1, CRVAL1: 53.4 }));
      expect(defineVisits(repository, sim)).to.equal(0);
      expect(polygonContains(regionOf('visit'), 53.4, -28)).to.equal(true);
      expect(repository.records('visit_detector_region').length).to.equal(2);
    });
    it('without a WCS there is a visit and no region', () => {
      ingest(writeRaw(folder, 'a.fits', { CTYPE1: null }));
      expect(defineVisits(repository, sim)).to.equal(1);
      expect(repository.records('visit')[0]!.region).to.equal(null);
    });
  });
});

describe('hull of regions', () => {
  const square = (ra: number, dec: number, half: number): SkyPolygon => ({
    vertices_deg: [[ra - half, dec - half], [ra + half, dec - half], [ra + half, dec + half], [ra - half, dec + half]],
  });
  for (const [ra, dec] of [[10, 0], [0.05, 60], [359.95, -60], [180, 85]] as const) {
    it(`holds every corner and nothing far away, at ${ra}, ${dec}`, () => {
      const parts = [square(ra, dec, 0.1), square(ra + 0.3, dec + 0.3, 0.1), square(ra + 0.1, dec + 0.1, 0.02)];
      const hull = hullOfPolygons(parts);
      expect(hull.vertices_deg.length).to.equal(6);
      for (const [r, d] of parts[2]!.vertices_deg) expect(polygonContains(hull, r, d)).to.equal(true);
      expect(polygonContains(hull, ra - 0.05, dec + 0.35)).to.equal(false);
    });
  }
  it('of one polygon is that polygon', () => {
    const one = square(53, -28, 0.1);
    const hull = hullOfPolygons([one]).vertices_deg.map(v => v.map(x => x.toFixed(9)).join()).sort();
    expect(hull).to.deep.equal(one.vertices_deg.map(v => v.map(x => x.toFixed(9)).join()).sort());
  });
  it('of detectors in a row survives its encoding, wherever the camera points', () => {
    const rng = random(11, 'hull of a row');
    for (let trial = 0; trial < 2000; trial++) {
      const [angle, scale] = [2 * Math.PI * rng.uniform(), 7e-5];
      const [c, s] = [scale * Math.cos(angle), scale * Math.sin(angle)];
      const crval_deg = [360 * rng.uniform(), 178 * rng.uniform() - 89] as const;
      const row = [0, 1040].map(x => polygonOfBox({ projection: 'TAN', crpix: [1000 - x, 500], crval_deg, cd: [-c, s, s, c] }, 1000, 1000));
      const hull = hullOfPolygons(row);
      expect(() => decodePolygon(encodePolygon(hull)), `trial ${trial}`).not.to.throw();
      expect(hull.vertices_deg.length, `trial ${trial}`).to.equal(4);
    }
  });
});
