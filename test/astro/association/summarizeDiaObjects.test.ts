import { expect } from 'chai';
import { summarizeDiaObjects, withForcedMeans } from '../../../src/astro/association/summarizeDiaObjects.ts';
import { sourceHistory } from '../../../src/astro/association/sourceHistory.ts';
import { DIA_FORCED_SOURCE_COLUMNS, DIA_OBJECT_COLUMNS, DIA_SOURCE_COLUMNS } from '../../../src/model/apdbColumns.ts';
import { rowsOf, tableFromRows } from '../../../src/model/table.ts';
import type { Table } from '../../../src/model/table.ts';
import golden from '../../golden/association/summaries.json' with { type: 'json' };

type Row = Record<string, number | string | bigint | null>;

function sourceTable(rows: readonly Row[]): Table {
  const f = (name: string) => ({ name, type: 'f64' as const, unit: '', doc: '' });
  return tableFromRows([
    { name: 'diaObjectId', type: 'i64', unit: '', doc: '' }, { name: 'band', type: 'string', unit: '', doc: '' },
    ...['midpointMjdTai', 'ra', 'dec', 'raErr', 'decErr', 'psfFlux', 'psfFluxErr', 'scienceFlux', 'scienceFluxErr'].map(f),
  ], rows);
}

const FIVE = BigInt64Array.of(5n);
const base = { diaObjectId: 5n, band: 'g', midpointMjdTai: 100, ra: 10, dec: 20, psfFlux: 1, psfFluxErr: 1 };
const one = (rows: readonly Row[], options = {}): Record<string, number> =>
  rowsOf(summarizeDiaObjects(FIVE, sourceHistory([sourceTable(rows)]), 100, options))[0] as Record<string, number>;

describe('astro/association/summarizeDiaObjects', () => {
  it('agrees with the objects that Rubin\'s pipeline made from the same sources (DECam HiTS 2015)', () => {
    const ids = BigInt64Array.from(golden.objects, o => BigInt(o.diaObjectId));
    const sources = sourceTable(golden.sources.map(s => ({ ...s, diaObjectId: BigInt(s.diaObjectId) })));
    const rows = rowsOf(summarizeDiaObjects(ids, sourceHistory([sources]), 0, { position: 'mean' }));
    let nCompared = 0;
    golden.objects.forEach((object, k) => {
      for (const [name, value] of Object.entries(object)) {
        // Position errors come from a covariance there that the catalogs do not repeat.
        if (['raErr', 'decErr', 'ra_dec_Cov', 'validityStartMjdTai', 'diaObjectId'].includes(name)) continue;
        const mine = Number(rows[k]![name]);
        const tolerance = (name === 'ra' || name === 'dec' ? 1e-12 : 2e-6) * Math.abs(value);
        expect(mine, `${name} of ${object.diaObjectId}`).to.be.closeTo(value, tolerance);
        nCompared++;
      }
    });
    expect(nCompared).to.be.above(300);
  });
  it('has every column of the schema but the end of validity', () => {
    const table = summarizeDiaObjects(FIVE, sourceHistory([sourceTable([base])]), 100);
    const expected = DIA_OBJECT_COLUMNS.map(c => c.name).filter(n => n !== 'validityEndMjdTai');
    expect(Object.keys(table.columns)).to.deep.equal(expected);
  });
  it('one source: no scatter, no slope, other bands empty', () => {
    const row = one([base]);
    expect(row.g_psfFluxNdata).to.equal(1);
    expect(row.g_psfFluxMean).to.equal(1);
    for (const name of ['g_psfFluxSigma', 'g_psfFluxMaxSlope', 'r_psfFluxMean', 'r_psfFluxMin', 'g_fpFluxMean']) {
      expect(row[name], name).to.be.NaN;
    }
    expect([row.r_psfFluxNdata, row.nDiaSources, row.firstDiaSourceMjdTai]).to.deep.equal([0, 1, 100]);
  });
  it('fluxes that are not numbers do not count, their sources do; the steepest rise may be a fall', () => {
    const row = one([
      { ...base, psfFlux: 10 }, { ...base, psfFlux: NaN, midpointMjdTai: 101 }, { ...base, psfFlux: 4, midpointMjdTai: 102 },
      { ...base, psfFlux: 4.5, midpointMjdTai: 102 },
    ]);
    expect([row.nDiaSources, row.g_psfFluxNdata, row.g_psfFluxMin, row.g_psfFluxMax]).to.deep.equal([4, 3, 4, 10]);
    expect(row.g_psfFluxMaxSlope).to.be.closeTo(-3, 1e-6);
    expect(row.lastDiaSourceMjdTai).to.equal(102);
  });
  it('the weighted position leans to the better source and has the error of both, over the zero of RA', () => {
    const sources = [
      { ...base, ra: 359.9999, raErr: 3e-5, decErr: 3e-5 }, { ...base, ra: 0.0001, raErr: 6e-5, decErr: 6e-5 },
    ];
    const row = one(sources);
    expect((row.ra! + 180) % 360 - 180).to.be.closeTo(-0.0001 * 0.6, 1e-9);
    expect(row.raErr).to.be.closeTo(3e-5 / Math.sqrt(1.25), 1e-10);
    expect((one(sources, { position: 'mean' }).ra! + 180) % 360 - 180).to.be.closeTo(0, 1e-9);
  });
  it('means of forced fluxes', () => {
    const forced = sourceTable([{ ...base, psfFlux: 2 }, { ...base, psfFlux: 4 }, { ...base, band: 'r', psfFlux: 7, psfFluxErr: 2 }]);
    const row = rowsOf(withForcedMeans(summarizeDiaObjects(FIVE, sourceHistory([sourceTable([base])]), 100), sourceHistory([forced])))[0]!;
    expect([row.g_fpFluxMean, row.r_fpFluxMean, row.r_fpFluxMeanErr]).to.deep.equal([3, 7, 2]);
    expect(row.i_fpFluxMean).to.be.NaN;
  });
  it('histories with absent columns are filled with NaN; empty ones vanish', () => {
    const bare = tableFromRows([
      { name: 'diaObjectId', type: 'i64', unit: '', doc: '' }, { name: 'band', type: 'string', unit: '', doc: '' },
    ], [{ diaObjectId: 5n, band: 'g' }]);
    const history = sourceHistory([{ nRows: 0, columns: {} }, bare, sourceTable([base])]);
    expect(history.nRows).to.equal(2);
    expect(history.psfFlux[0]).to.be.NaN;
    expect(history.psfFlux[1]).to.equal(1);
  });
  it('the schema has the number of columns that its version has', () => {
    expect([DIA_OBJECT_COLUMNS.length, DIA_SOURCE_COLUMNS.length, DIA_FORCED_SOURCE_COLUMNS.length]).to.deep.equal([83, 103, 14]);
  });
});
