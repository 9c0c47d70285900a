import { expect } from 'chai';
import { associateCatalog, visitsOf } from '../../../src/astro/association/associateCatalog.ts';
import { associationQuality } from '../../../src/astro/association/associationQuality.ts';
import { standardDiaSources, uniqueDiaSources } from '../../../src/astro/association/diaSourceColumns.ts';
import { updateDiaObjects } from '../../../src/astro/association/updateDiaObjects.ts';
import { ApError } from '../../../src/model/errors.ts';
import { column, concatTables, rowsOf, selectRows, withColumns } from '../../../src/model/table.ts';
import type { Column, Table } from '../../../src/model/table.ts';
import { random } from '../../../src/numeric/random.ts';
import { diaSourceCatalog } from '../../../src/simulate/diaSourceCatalog.ts';

const NOTHING = { objects: { nRows: 0, columns: {} }, sources: { nRows: 0, columns: {} } };
const options = { association: {}, summary: {}, historyWindow_d: 360 };
const small = diaSourceCatalog({ nVisits: 12, sourcesPerVisit: 150, field_deg: 0.05, seed: 5, crowdedFraction: 0.4 });

function allOf(table: Table, window = options): { ids: BigInt64Array; objects: Table } {
  const association = associateCatalog(table, NOTHING, window);
  while (association.next() !== null);
  return { ids: association.diaObjectId, objects: association.objects() };
}

const byId = (table: Table): Map<unknown, Record<string, unknown>> => new Map(rowsOf(table).map(row => [row.diaObjectId, row]));

describe('astro/association/associateCatalog', () => {
  it('is what comes of one image after the other, in every column', () => {
    const whole = allOf(small.sources);
    let known: { objects: Table; sources: Table } = NOTHING;
    for (const { rows, time_mjdTai } of visitsOf(small.sources)) {
      const update = updateDiaObjects(selectRows(small.sources, rows), known, {
        ...options, newObjectBadFlags: [], newObjectSnrMin: 0, newObjectReliabilityMin: 0, newObjectSnrMinOfUnreliable: 0,
        newObjectReliabilityMinOfFaint: 0, validityStart_mjdTai: time_mjdTai,
      });
      const updated = new Set(column(update.objects, 'diaObjectId', 'i64'));
      const kept = known.objects.nRows === 0 ? [] : Array.from(column(known.objects, 'diaObjectId', 'i64').keys())
        .filter(i => !updated.has(column(known.objects, 'diaObjectId', 'i64')[i]!));
      known = {
        objects: kept.length === 0 ? update.objects : concatTables([selectRows(known.objects, kept), update.objects]),
        sources: known.sources.nRows === 0 ? update.sources : concatTables([known.sources, update.sources]),
      };
    }
    expect(known.objects.nRows).to.be.above(250);
    expect(byId(whole.objects)).to.deep.equal(byId(known.objects));
    expect([...whole.ids]).to.deep.equal([...column(known.sources, 'diaObjectId', 'i64')]);
  });
  it('does not depend on the order of the rows', () => {
    const r = random(4);
    const order = Array.from({ length: small.sources.nRows }, (_, i) => [r.uniform(), i] as const)
      .sort((a, b) => a[0] - b[0]).map(p => p[1]);
    const shuffled = allOf(selectRows(small.sources, order));
    const plain = allOf(small.sources);
    expect(order.map(i => plain.ids[i])).to.deep.equal([...shuffled.ids]);
    expect(byId(shuffled.objects)).to.deep.equal(byId(plain.objects));
  });
  it('goes on from known objects as if it had not stopped', () => {
    const visits = visitsOf(small.sources);
    const rowsOfVisits = (from: number, to: number): Int32Array => Int32Array.from(visits.slice(from, to).flatMap(v => [...v.rows]));
    const [early, late] = [selectRows(small.sources, rowsOfVisits(0, 7)), selectRows(small.sources, rowsOfVisits(7, 12))];
    const first = allOf(early);
    const stored = withColumns(early, { diaObjectId: { type: 'i64', unit: '', doc: '', values: first.ids } });
    const second = associateCatalog(late, { objects: first.objects, sources: stored }, options);
    while (second.next() !== null);
    expect(byId(second.objects())).to.deep.equal(byId(allOf(small.sources).objects));
  });
  it('recovers the true objects outside crowding', () => {
    const { ids } = allOf(small.sources);
    const quality = associationQuality(small.truth, ids, row => small.isCrowded[row] === 0);
    expect(quality.nSeenBefore).to.be.above(600);
    expect(quality.completeness).to.be.above(0.99);
    expect(quality.purity).to.be.above(0.99);
  });
  it('sources older than the window do not count; those of solar-system objects and without position belong to none', () => {
    const rows = [0, 1, 2].map(k => ({ id: BigInt(k + 1), time: 60_000 + 200 * k }));
    const f64 = (values: readonly number[]): Column => ({ type: 'f64', unit: '', doc: '', values: Float64Array.from(values) });
    const table: Table = standardDiaSources({
      nRows: 5, columns: {
        diaSourceId: { type: 'i64', unit: '', doc: '', values: BigInt64Array.of(1n, 2n, 3n, 4n, 5n) },
        ccdVisitId: { type: 'i32', unit: '', doc: '', values: Int32Array.of(1, 2, 3, 3, 3) },
        midPointTai: f64([...rows.map(r => r.time), 60_400, 60_400]), ra: f64([10, 10, 10, 10, NaN]), decl: f64([5, 5, 5, 5, 5]),
        filterName: { type: 'string', unit: '', doc: '', values: ['g', 'r', 'g ', 'g', 'g'] }, psFlux: f64([1, 2, 3, 9, 9]), psFluxErr: f64([1, 1, 1, 1, 1]),
        ssObjectId: { type: 'i64', unit: '', doc: '', values: BigInt64Array.of(0n, 0n, 0n, 77n, 0n) },
      },
    }, 'test');
    const { ids, objects } = allOf(table);
    expect([...ids]).to.deep.equal([1n, 1n, 1n, 0n, 0n]);
    const object = rowsOf(objects)[0]!;
    expect([object.nDiaSources, object.g_psfFluxNdata, object.g_psfFluxMean, object.r_psfFluxNdata]).to.deep.equal([2, 1, 3, 1]);
    expect(rowsOf(allOf(table, { ...options, historyWindow_d: 1000 }).objects)[0]!.nDiaSources).to.equal(3);
  });
  it('refuses catalogs that are none, and two sources of one identifier', () => {
    const { sources } = small;
    const { band: _band, ...rest } = sources.columns;
    expect(() => standardDiaSources({ nRows: sources.nRows, columns: rest }, 'x.csv')).to.throw(ApError, 'band').with.property('code', 'BAD_FORMAT');
    const halves: Column = { type: 'f64', unit: '', doc: '', values: new Float64Array(sources.nRows).fill(1.5) };
    expect(() => standardDiaSources(withColumns(sources, { visit: halves }), 'x.csv')).to.throw(ApError, 'visit');
    const twice = selectRows(sources, [0, 1, 1]);
    expect(uniqueDiaSources(twice).nRows).to.equal(2);
    const moved = withColumns(twice, { ra: { type: 'f64', unit: 'deg', doc: '', values: Float64Array.of(1, 2, 3) } });
    expect(() => uniqueDiaSources(moved)).to.throw(ApError, 'two different sources');
  });
});
