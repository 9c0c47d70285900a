/** Rows by position, object, visit and time, and tables in parts, in both back ends. */
import { expect } from 'chai';
import { countRows, queryRows, tableParts } from '../../src/apdb/query.ts';
import type { ApdbQuery } from '../../src/apdb/query.ts';
import { rowsOf } from '../../src/model/table.ts';
import { random } from '../../src/numeric/random.ts';
import { offsetBy, separation_arcsec } from '../../src/sky/sphere.ts';
import { BACKENDS } from './backends.ts';
import type { Fresh } from './backends.ts';
import { forcedOf, objectsOf, sourcesOf, visitOf } from './rows.ts';

const CENTRES: readonly (readonly [number, number])[] = [[150, 2], [0.0001, -30], [80, 89.99]];
const RADIUS_ARCSEC = 60;

/** Around every centre 40 objects within twice the radius; seen in three visits. */
function filled({ apdb }: Fresh): { ra: number; dec: number; diaObjectId: bigint }[] {
  const { uniform } = random(5);
  const rows = CENTRES.flatMap(([ra, dec], c) => Array.from({ length: 40 }, (_, i) => {
    const [r, d] = offsetBy(ra, dec, 360 * uniform(), 2 * RADIUS_ARCSEC * uniform());
    return { diaObjectId: BigInt(100 * c + i + 1), ra: r, dec: d };
  }));
  for (const v of [1, 2, 3]) {
    const visit = visitOf(v, v % 2);
    const ids = (row: typeof rows[number]): bigint => row.diaObjectId + BigInt(1000 * v);
    apdb.store(visit, objectsOf(rows.map(row => ({ ...row, nDiaSources: v }))),
      sourcesOf(visit, rows.map(row => ({ ...row, diaSourceId: ids(row) }))),
      forcedOf(visit, rows.map(row => ({ ...row, diaForcedSourceId: ids(row) }))));
  }
  return rows;
}

for (const backend of BACKENDS.filter(({ form }) => !form.hasReplica)) {
  describe(`apdb query: ${backend.name}`, () => {
    before(backend.prepare);
    after(backend.tidy);

    it('a circle has what lies within its radius, everywhere on the sky', () => {
      const fresh = backend.fresh();
      const rows = filled(fresh);
      for (const [ra_deg, dec_deg] of CENTRES) {
        const expected = rows.filter(row => separation_arcsec(row.ra, row.dec, ra_deg, dec_deg) <= RADIUS_ARCSEC)
          .map(row => row.diaObjectId);
        expect(expected).to.have.length.within(10, 30);
        for (const [table, n] of [['objects', 1], ['sources', 3], ['forced', 3]] as const) {
          const found = queryRows(fresh.apdb.connection, { table, cone: { ra_deg, dec_deg, radius_arcsec: RADIUS_ARCSEC } });
          const times = Array.from({ length: n }, () => expected).flat();
          expect(rowsOf(found).map(row => row.diaObjectId), `${table} at ${ra_deg}, ${dec_deg}`).to.have.members(times);
        }
      }
    });

    it('conditions hold together; versions of objects are told apart', () => {
      const fresh = backend.fresh();
      filled(fresh);
      const n = (query: ApdbQuery): number => queryRows(fresh.apdb.connection, query).nRows;
      const cases: readonly [ApdbQuery, number][] = [
        [{ table: 'objects' }, 120], [{ table: 'objects', hasAllVersions: true }, 360], [{ table: 'objects', diaObjectIds: [1n, 2n, 999n] }, 2],
        [{ table: 'objects', hasAllVersions: true, since_mjdTai: 60_002 }, 240], [{ table: 'objects', hasAllVersions: true, until_mjdTai: 60_002 }, 120],
        [{ table: 'sources', visit: 2 }, 120], [{ table: 'sources', detector: 1 }, 240], [{ table: 'sources', visit: 2, detector: 1 }, 0],
        [{ table: 'sources', diaObjectIds: [5n], since_mjdTai: 60_002, until_mjdTai: 60_003 }, 1], [{ table: 'forced', visit: 3, diaObjectIds: [5n, 6n] }, 2],
      ];
      cases.forEach(([query, expected], k) => { expect(n(query), `query ${k}`).to.equal(expected); });
      expect(countRows(fresh.apdb.connection)).to.deep.equal({
        'DiaObject': 360, 'DiaSource': 360, 'DiaForcedSource': 360, 'open DiaObjects': 120, 'open DiaObjects with one source': 0, 'visits and detectors': 3 });
    });

    it('parts of a table are the table, each row once', () => {
      const fresh = backend.fresh();
      for (const table of ['objects', 'sources', 'forced'] as const) {
        expect([...tableParts(fresh.apdb.connection, backend.form, table, 10)].map(part => part.nRows), 'an empty table').to.deep.equal([0]);
      }
      filled(fresh);
      for (const [table, id] of [['objects', 'diaObjectId'], ['sources', 'diaSourceId'], ['forced', 'diaForcedSourceId']] as const) {
        const parts = [...tableParts(fresh.apdb.connection, backend.form, table, 100)];
        expect(parts.map(part => part.nRows)).to.deep.equal([100, 100, 100, 60]);
        const keys = parts.flatMap(part => rowsOf(part).map(row => `${row[id]} ${row.validityStartMjdTai}`));
        expect(new Set(keys).size).to.equal(360);
      }
    });
  });
}
