/** What every association database does, run against both back ends and against the double that the tests of tasks use. */
import { expect } from 'chai';
import type { Apdb, SkyPolygon } from '../../src/model/apdb.ts';
import { rowsOf } from '../../src/model/table.ts';
import type { Table } from '../../src/model/table.ts';
import { directionOf, offsetBy, polygonVectors, positionAngle_deg } from '../../src/sky/sphere.ts';
import type { Vector3 } from '../../src/sky/sphere.ts';
import { MemoryApdb } from '../tasks/memoryApdb.ts';
import { POSTGRES, SQLITE } from './backends.ts';
import { BIG, forcedOf, NONE, objectsOf, sourcesOf, squareAround, visitOf } from './rows.ts';

const field = squareAround(150, 2, 0.1);
const pick = (table: Table, ...names: string[]): unknown[] =>
  rowsOf(table).map(row => names.map(name => row[name]));

/** At every corner and in the middle of every edge a position 0.2 arcsec inside, and one 0.2 arcsec outside. */
function closeToTheBorder({ vertices_deg: v }: SkyPolygon, ra: number, dec: number): [number, number][] {
  const vectors = polygonVectors({ vertices_deg: v });
  const middles = vectors.map((a, k) => directionOf(a.map((x, i) => x + vectors[(k + 1) % v.length]![i]!) as unknown as Vector3));
  return [...v, ...middles].flatMap(([r, d]) => {
    const inward = positionAngle_deg(r, d, ra, dec);
    return [offsetBy(r, d, inward, 0.2), offsetBy(r, d, inward, -0.2)];
  });
}

for (const backend of [SQLITE, POSTGRES, null]) {
  describe(`apdb contract: ${backend?.name ?? 'memory'}`, () => {
    if (backend !== null) {
      before(backend.prepare);
      after(backend.tidy);
    }
    const make = (): Apdb => backend?.fresh().apdb ?? new MemoryApdb();

    it('an empty database has nothing', () => {
      const apdb = make();
      expect(apdb.getDiaObjects(field).nRows).to.equal(0);
      expect(apdb.getDiaSources(field, null, 60_000).nRows).to.equal(0);
      expect(apdb.getDiaForcedSources(field, [1n], 60_000).nRows).to.equal(0);
      expect(apdb.containsVisitDetector(1, 1)).to.equal(false);
      apdb.forgetVisitDetector(visitOf(1));
      expect(apdb.containsVisitDetector(1, 1)).to.equal(false);
    });

    it('gives back the latest version of an object, ids exact, and its history', () => {
      const apdb = make();
      const [v1, v2] = [visitOf(1), visitOf(2)];
      apdb.store(v1, objectsOf([{ diaObjectId: BIG }, { diaObjectId: BIG + 1n, ra: 150.01 }]),
        sourcesOf(v1, [{ diaSourceId: BIG, diaObjectId: BIG }, { diaSourceId: BIG + 1n, diaObjectId: BIG + 1n, ra: 150.01 }]), NONE);
      apdb.store(v2, objectsOf([{ diaObjectId: BIG, nDiaSources: 2, ra: 150.00001, g_psfFluxMean: 1.5 }]),
        sourcesOf(v2, [{ diaSourceId: BIG + 2n, diaObjectId: BIG, psfFlux: NaN, isNegative: true }]),
        forcedOf(v2, [{ diaForcedSourceId: BIG + 3n, diaObjectId: BIG }]));
      expect(pick(apdb.getDiaObjects(field), 'diaObjectId', 'ra', 'nDiaSources', 'g_psfFluxMean'))
        .to.have.deep.members([[BIG, 150.00001, 2, 1.5], [BIG + 1n, 150.01, 1, 100]]);
      const history = apdb.getDiaSources(field, [BIG], 60_003);
      expect(pick(history, 'diaSourceId', 'visit', 'detector', 'psfFlux', 'isNegative', 'band'))
        .to.deep.equal([[BIG, 1n, 1, 100, 0, 'g'], [BIG + 2n, 2n, 1, NaN, 1, 'g']]);
      expect(pick(apdb.getDiaForcedSources(field, [BIG, BIG + 1n], 60_003), 'diaForcedSourceId', 'psfFlux'))
        .to.deep.equal([[BIG + 3n, 90]]);
      expect(apdb.getDiaSources(field, null, 60_003).nRows).to.equal(3);
      expect(apdb.getDiaForcedSources(field, null, 60_003).nRows).to.equal(1);
      expect(apdb.getDiaSources(field, [], 60_003).nRows).to.equal(0);
    });

    it('knows a visit that has stored nothing, and only that detector of it', () => {
      const apdb = make();
      apdb.store(visitOf(7, 3), NONE, NONE, NONE);
      expect([apdb.containsVisitDetector(7, 3), apdb.containsVisitDetector(7, 4), apdb.containsVisitDetector(3, 7)])
        .to.deep.equal([true, false, false]);
      apdb.forgetVisitDetector(visitOf(7, 3));
      expect(apdb.containsVisitDetector(7, 3)).to.equal(false);
    });

    it('forgets: new objects go, updated ones return, other visits stay; the visit can be stored again', () => {
      const apdb = make();
      const [v1, v2, v3] = [visitOf(1), visitOf(2), visitOf(3)];
      const store2 = (): void => apdb.store(v2, objectsOf([{ diaObjectId: 1n, nDiaSources: 2 }, { diaObjectId: 2n }]),
        sourcesOf(v2, [{ diaSourceId: 12n, diaObjectId: 1n }, { diaSourceId: 22n, diaObjectId: 2n }]),
        forcedOf(v2, [{ diaForcedSourceId: 5n, diaObjectId: 1n }]));
      apdb.store(v1, objectsOf([{ diaObjectId: 1n }]), sourcesOf(v1, [{ diaSourceId: 11n, diaObjectId: 1n }]), NONE);
      store2();
      apdb.forgetVisitDetector(v2);
      expect(pick(apdb.getDiaObjects(field), 'diaObjectId', 'nDiaSources')).to.deep.equal([[1n, 1]]);
      expect(pick(apdb.getDiaSources(field, null, 60_003), 'diaSourceId')).to.deep.equal([[11n]]);
      expect(apdb.getDiaForcedSources(field, [1n, 2n], 60_003).nRows).to.equal(0);
      store2();
      apdb.store(v3, objectsOf([{ diaObjectId: 1n, nDiaSources: 3 }]), sourcesOf(v3, [{ diaSourceId: 13n, diaObjectId: 1n }]), NONE);
      apdb.forgetVisitDetector(v2);
      expect(pick(apdb.getDiaObjects(field), 'diaObjectId', 'nDiaSources')).to.deep.equal([[1n, 3]]);
      expect(pick(apdb.getDiaSources(field, [1n], 60_003), 'diaSourceId')).to.deep.equal([[11n], [13n]]);
    });

    it('cuts exactly at the border of the region, at the pole and across right ascension 0', () => {
      const regions: readonly [string, SkyPolygon, [number, number]][] = [
        ['equator', squareAround(150, 2, 0.05), [150, 2]],
        ['ra 0', { vertices_deg: [[359.95, -0.05], [0.05, -0.05], [0.05, 0.05], [359.95, 0.05]] }, [0, 0]],
        ['pole', { vertices_deg: [[0, 89.95], [90, 89.95], [180, 89.95], [270, 89.95]] }, [0, 90]],
      ];
      regions.forEach(([where, region, [ra, dec]], k) => {
        const apdb = make();
        const visit = visitOf(k);
        // Along the circle the square reaches between 0.05 (or 0.0353 at the pole) and 0.0708 degrees.
        const positions = [
          ...[20, 80, 140, 200, 260, 320].flatMap(angle => [90, 300].map(distance => offsetBy(ra, dec, angle, distance))),
          ...closeToTheBorder(region, ra, dec),
        ];
        const rows = positions.map(([r, d], i) => ({ diaObjectId: BigInt(i + 1), ra: r, dec: d }));
        apdb.store(visit, objectsOf(rows), sourcesOf(visit, rows.map(row => ({ ...row, diaSourceId: row.diaObjectId }))),
          forcedOf(visit, rows.map(row => ({ ...row, diaForcedSourceId: row.diaObjectId }))));
        const expected = rows.filter((_, i) => i % 2 === 0).map(row => [row.diaObjectId]);
        expect(pick(apdb.getDiaObjects(region), 'diaObjectId'), where).to.deep.equal(expected);
        expect(pick(apdb.getDiaSources(region, null, 60_001), 'diaObjectId'), where).to.deep.equal(expected);
        expect(pick(apdb.getDiaForcedSources(region, null, 60_001), 'diaObjectId'), where).to.deep.equal(expected);
      });
    });
  });
}
