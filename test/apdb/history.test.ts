/** Versions, layers and transactions of the association database, in both back ends and every form. */
import { expect } from 'chai';
import fc from 'fast-check';
import type { OpenApdb } from '../../src/apdb/openApdb.ts';
import type { Apdb } from '../../src/model/apdb.ts';
import { ApError } from '../../src/model/errors.ts';
import { rowsOf, tableFromRows, withColumns } from '../../src/model/table.ts';
import { MemoryApdb } from '../tasks/memoryApdb.ts';
import { BACKENDS, dump, SQLITE } from './backends.ts';
import { BIG, forcedOf, NONE, objectsOf, sourcesOf, squareAround, visitOf } from './rows.ts';

const field = squareAround(150, 2, 0.1);

const validities = ({ connection }: OpenApdb): unknown[] =>
  connection.all('SELECT "validityStartMjdTai", "validityEndMjdTai" FROM "DiaObject" ORDER BY 1');

const refused = (action: () => unknown, text: string | RegExp): void => {
  expect(action).to.throw(ApError, text).with.property('code', 'APDB');
};

for (const backend of BACKENDS) {
  describe(`apdb history: ${backend.name}`, () => {
    before(backend.prepare);
    after(backend.tidy);

    it('a version ends where the next begins', () => {
      const { apdb } = backend.fresh();
      for (const k of [1, 2, 3]) apdb.store(visitOf(k), objectsOf([{ diaObjectId: BIG, nDiaSources: k }]), NONE, NONE);
      expect(validities(apdb)).to.deep.equal([[60_001, 60_002], [60_002, 60_003], [60_003, null]]);
      apdb.forgetVisitDetector(visitOf(2));
      expect(validities(apdb)).to.deep.equal([[60_001, 60_003], [60_003, null]]);
    });

    it('the validity that the rows claim does not count', () => {
      const { apdb } = backend.fresh();
      apdb.store(visitOf(1), objectsOf([{ diaObjectId: 1n, validityStartMjdTai: 5, validityEndMjdTai: 6 }]), NONE, NONE);
      const object = rowsOf(apdb.getDiaObjects(field))[0]!;
      expect(object.validityStartMjdTai).to.equal(60_001);
      expect(object.validityEndMjdTai).to.satisfy(Number.isNaN);
    });

    it('reads back twelve months of 30 days', () => {
      const { apdb } = backend.fresh();
      const visit = visitOf(1, 1, 60_000);
      apdb.store(visit, NONE, sourcesOf(visit, [{ diaSourceId: 1n, diaObjectId: 1n }]),
        forcedOf(visit, [{ diaForcedSourceId: 1n, diaObjectId: 1n }]));
      for (const [time, n] of [[60_000, 1], [60_359.99, 1], [60_360, 0]] as const) {
        for (const ids of [null, [1n]]) {
          expect(apdb.getDiaSources(field, ids, time).nRows, String(time)).to.equal(n);
          expect(apdb.getDiaForcedSources(field, ids, time).nRows, String(time)).to.equal(n);
        }
      }
    });

    it('rows are in the order of time and identifier, however they were stored', () => {
      const { apdb } = backend.fresh();
      for (const [k, ids] of [[3, [1n]], [1, [30n, 20n]], [2, [10n]]] as const) {
        const visit = visitOf(k);
        const rows = ids.map(id => ({ diaObjectId: id, diaSourceId: id }));
        apdb.store(visit, objectsOf(rows), sourcesOf(visit, rows), NONE);
      }
      expect(rowsOf(apdb.getDiaSources(field, null, 60_004)).map(r => r.diaSourceId)).to.deep.equal([20n, 30n, 10n, 1n]);
      expect(rowsOf(apdb.getDiaObjects(field)).map(r => r.diaObjectId)).to.deep.equal([1n, 10n, 20n, 30n]);
    });

    it('a forgotten store leaves no trace in any table', () => {
      const { apdb } = backend.fresh();
      apdb.store(visitOf(1), objectsOf([{ diaObjectId: 1n }]), NONE, NONE);
      const before = dump(apdb);
      const visit = visitOf(2);
      apdb.store(visit, objectsOf([{ diaObjectId: 1n }, { diaObjectId: 2n }]), sourcesOf(visit, [{ diaSourceId: 1n, diaObjectId: 1n }]),
        forcedOf(visit, [{ diaForcedSourceId: 1n, diaObjectId: 1n }]));
      expect(dump(apdb)).not.to.deep.equal(before);
      apdb.forgetVisitDetector(visit);
      expect(dump(apdb)).to.deep.equal(before);
    });

    it('two detectors of a visit update one object: both can be forgotten, in either order', () => {
      for (const first of [1, 2]) {
        const { apdb } = backend.fresh();
        const [a, b] = [visitOf(2, 1), visitOf(2, 2)];
        apdb.store(visitOf(1), objectsOf([{ diaObjectId: 1n, nDiaSources: 1 }]), NONE, NONE);
        const before = dump(apdb);
        apdb.store(a, objectsOf([{ diaObjectId: 1n, nDiaSources: 2 }]), NONE, NONE);
        apdb.store(b, objectsOf([{ diaObjectId: 1n, nDiaSources: 3 }]), NONE, NONE);
        const n = (): unknown[] => rowsOf(apdb.getDiaObjects(field)).map(r => r.nDiaSources);
        expect(n()).to.deep.equal([3]);
        apdb.forgetVisitDetector(first === 1 ? a : b);
        expect(n()).to.deep.equal([first === 1 ? 3 : 2]);
        apdb.forgetVisitDetector(first === 1 ? b : a);
        expect(dump(apdb)).to.deep.equal(before);
      }
    });

    it('property: stores and forgets in any order leave what the remaining stores alone would have made', () => {
      const layer = fc.record({
        visit: fc.integer({ min: 1, max: 4 }), detector: fc.integer({ min: 1, max: 2 }), ids: fc.uniqueArray(fc.bigInt(1n, 4n)),
      });
      const last = backend.form.indexMode === 'last_object_table' ? ['DiaObjectLast'] : [];
      const tables = ['DiaObject', ...last, 'DiaSource', 'DiaForcedSource', 'ApVerifyReplacedObject'];
      fc.assert(fc.property(fc.array(layer, { minLength: 4, maxLength: 12 }), actions => {
        const { apdb } = backend.fresh();
        const layers = new Map<string, { store: (target: Apdb) => void }>();
        actions.forEach(({ visit: v, detector, ids }, k) => {
          const visit = visitOf(v, detector);
          const key = `${v} ${detector}`;
          if (layers.delete(key)) {
            apdb.forgetVisitDetector(visit);
            return;
          }
          const rows = ids.map(diaObjectId =>
            ({ diaObjectId, nDiaSources: k, diaSourceId: BigInt(100 * k) + diaObjectId, diaForcedSourceId: 1n }));
          const store = (target: Apdb): void => target.store(visit, objectsOf(rows), sourcesOf(visit, rows), forcedOf(visit, rows));
          store(apdb);
          layers.set(key, { store });
        });
        const expected = backend.fresh();
        for (const { store } of layers.values()) store(expected.apdb);
        const [found, wanted] = [apdb, expected.apdb].map(db => {
          const content = dump(db, tables);
          // The numbers of the stores differ, their order does not.
          return { ...content, ApVerifyReplacedObject: content.ApVerifyReplacedObject!.map(row => (row as unknown[]).slice(1)) };
        });
        expect(found).to.deep.equal(wanted);
        const plain = new MemoryApdb();
        for (const { store } of layers.values()) store(plain);
        const latest = (target: Apdb): unknown =>
          Object.fromEntries(rowsOf(target.getDiaObjects(field)).map(r => [r.diaObjectId, r.nDiaSources]));
        expect(latest(apdb)).to.deep.equal(latest(plain));
        for (const db of [apdb, expected.apdb]) db.close();
      }), { numRuns: backend === SQLITE ? 15 : backend.kind === 'SQLite' ? 4 : 2, seed: 1 });
    });

    it('a store is all or nothing', () => {
      const { apdb } = backend.fresh();
      const visit = visitOf(1);
      apdb.store(visit, objectsOf([{ diaObjectId: 1n }]), sourcesOf(visit, [{ diaSourceId: 1n }]), NONE);
      const before = dump(apdb);
      const next = visitOf(2);
      const incomplete = tableFromRows([{ name: 'diaSourceId', type: 'i64', unit: '', doc: '' }], [{ diaSourceId: 2n }]);
      const source = sourcesOf(next, [{ diaSourceId: 2n, diaObjectId: 1n }]);
      const cases: readonly [string | RegExp, () => void][] = [
        [/unique/i, () => apdb.store(next, objectsOf([{ diaObjectId: 1n }]), sourcesOf(next, [{ diaSourceId: 1n }]), NONE)],
        [/unique/i, () => apdb.store(next, objectsOf([{ diaObjectId: 1n }, { diaObjectId: 1n }]), NONE, NONE)],
        ['stored already', () => apdb.store(visit, NONE, NONE, NONE)],
        ['DiaSource.ra', () => apdb.store(next, objectsOf([{ diaObjectId: 1n }]), sourcesOf(next, [{ diaSourceId: 2n, ra: NaN }]), NONE)],
        ['DiaSource.visit', () => apdb.store(next, NONE, incomplete, NONE)],
        ['psfFlux', () => apdb.store(next, NONE, withColumns(source, { psfFlux: { type: 'string', unit: '', doc: '', values: ['much'] } }), NONE)],
        ['time NaN', () => apdb.store(visitOf(2, 1, NaN), NONE, NONE, NONE)],
      ];
      for (const [text, action] of cases) {
        refused(action, text);
        expect(dump(apdb), String(text)).to.deep.equal(before);
      }
    });
  });
}
