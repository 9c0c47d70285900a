import { expect } from 'chai';
import type { Alert } from '../../src/model/alert.ts';
import { AlgorithmError, ApError } from '../../src/model/errors.ts';
import type { Exposure } from '../../src/model/image.ts';
import { DIA_SOURCE_COLUMNS } from '../../src/model/apdbColumns.ts';
import { rowsOf } from '../../src/model/table.ts';
import type { Table } from '../../src/model/table.ts';
import { associateApdb } from '../../src/tasks/associateApdb.ts';
import { standardizeDiaSource } from '../../src/tasks/standardizeDiaSource.ts';
import { configOf, contextOf, diaCatalog, exposureOf } from './diaSourceFixtures.ts';
import { MemoryApdb } from './memoryApdb.ts';

type Source = Record<string, number | boolean>;

function standardised(visit: number, time: number, rows: readonly Source[]): Table {
  const inputs = { diaSourceCat: diaCatalog(visit, rows), diffIm: exposureOf(visit, time, []) };
  return standardizeDiaSource.run(inputs, configOf(standardizeDiaSource), contextOf()).diaSourceTable;
}

/** One visit through the association; the variable star at (70, 40) has the given flux on the difference. */
function process(
  apdb: MemoryApdb, visit: number, rows: readonly Source[], changes = {}, flux = 500, solarSystemObjects: Table | null = null,
) {
  const time = 60000 + visit;
  const diffIm = exposureOf(visit, time, [{ x: 70, y: 40, flux }]);
  const context = contextOf({ apdb, records: { visit: { target_name: 'field', observation_reason: '' } } });
  const out = associateApdb.run({
    diaSourceTable: standardised(visit, time, rows), diffIm,
    exposure: exposureOf(visit, time, [{ x: 70, y: 40, flux: 3 * flux }]), template: exposureOf(visit, time, []), solarSystemObjects,
  }, configOf(associateApdb, changes), context);
  return { ...out, metadata: context.metadata, warnings: context.warnings };
}

const star = { x: 70, y: 40, psfFlux: 500, psfFluxErr: 10 };

describe('tasks/standardizeDiaSource', () => {
  it('has the names and types of the schema and fills every column that may not be NULL', () => {
    const table = standardised(1, 60001, [star, { ...star, flagEdge: true, dipoleMeanFlux: 3, ixx: NaN, psfFlux: NaN }]);
    for (const [name, c] of Object.entries(table.columns)) {
      expect(c.type, name).to.equal(DIA_SOURCE_COLUMNS.find(s => s.name === name)?.type);
    }
    expect(Object.keys(table.columns)).to.include.members(DIA_SOURCE_COLUMNS.filter(c => !c.nullable).map(c => c.name));
    const [first, second] = rowsOf(table) as [Record<string, number>, Record<string, number>];
    expect(first.midpointMjdTai).to.equal(60001);
    expect(first.timeProcessedMjdTai).to.be.closeTo(60001 + 15 / 86400, 1e-9);
    expect(first.ixxPSF).to.be.closeTo((1.8 * 7e-5 * 3600) ** 2, 0.01);
    expect([first.bboxSize, first.dipoleFitAttempted, first.pixelFlags]).to.deep.equal([30, 0, 0]);
    expect([second.bboxSize, second.dipoleFitAttempted, second.pixelFlags_edge, second.psfFlux_flag]).to.deep.equal([30, 1, 1, 1]);
  });
  it('needs a PSF and a WCS', () => {
    const diffIm: Exposure = { ...exposureOf(1, 60001, []), psf: null };
    expect(() => standardizeDiaSource.run({ diaSourceCat: diaCatalog(1, [star]), diffIm }, configOf(standardizeDiaSource), contextOf()))
      .to.throw(AlgorithmError, 'no PSF');
  });
});

describe('tasks/associateApdb', () => {
  it('three visits: a new object, then updates, forced photometry and histories', () => {
    const apdb = new MemoryApdb();
    const first = process(apdb, 1, [star, { x: 20, y: 80 }]);
    expect(first.metadata).to.include({ numNewDiaObjects: 2, numUpdatedDiaObjects: 0, numDiaForcedSources: 0, total_alerts: 2 });
    expect(rowsOf(first.diaObjects).map(r => r.diaObjectId)).to.deep.equal(rowsOf(first.associatedDiaSources).map(r => r.diaSourceId));
    expect(first.alerts!.alerts[0]!.prvDiaSources).to.equal(null);

    const second = process(apdb, 2, [{ ...star, x: 70.3 }], {}, 700);
    expect(second.metadata).to.include({ numNewDiaObjects: 0, numUpdatedDiaObjects: 1, numUnassociatedDiaObjects: 1 });
    const object = rowsOf(second.diaObjects)[0]!;
    expect([object.nDiaSources, object.g_psfFluxNdata, object.firstDiaSourceMjdTai, object.validityStartMjdTai])
      .to.deep.equal([2, 2, 60001, 60002]);
    const forced = rowsOf(second.diaForcedSources);
    expect(forced).to.have.length(1);
    expect(forced[0]!.psfFlux).to.be.closeTo(700, 10);
    expect(forced[0]!.scienceFlux).to.be.closeTo(2100, 30);
    expect(object.g_fpFluxMean).to.equal(forced[0]!.psfFlux);

    const third = process(apdb, 3, [], {}, 300);
    expect(third.metadata).to.include({ numAssociatedDiaSources: 0, numDiaForcedSources: 1, total_alerts: 0 });
    expect(rowsOf(third.diaForcedSources)[0]!.psfFlux).to.be.closeTo(300, 10);

    const fourth = process(apdb, 4, [star]);
    const alert = fourth.alerts!.alerts[0]!;
    expect(alert.prvDiaSources!.map(s => s.visit)).to.deep.equal([1n, 2n]);
    expect(alert.prvDiaForcedSources!.map(s => s.visit)).to.deep.equal([2n, 3n, 4n]);
    expect(alert.diaObject!.nDiaSources).to.equal(3);
  });
  it('sources of known solar-system objects come first: they are stored without a DIAObject, and their alerts say so', () => {
    const apdb = new MemoryApdb();
    process(apdb, 1, [star]);
    const position = rowsOf(apdb.stored[0]!.sources)[0]!;
    const f64 = (values: readonly number[]) => ({ type: 'f64' as const, unit: '', doc: '', values: Float64Array.from(values) });
    const ephemeris: Table = {
      nRows: 2, columns: {
        ssObjectId: { type: 'i64', unit: '', doc: '', values: BigInt64Array.of(99n, 98n) }, mjd: f64([60002, 60002]),
        ra: f64([Number(position.ra), Number(position.ra) + 1]), dec: f64([Number(position.dec), Number(position.dec)]),
      },
    };
    const out = process(apdb, 2, [star, { x: 20, y: 80 }], {}, 500, ephemeris);
    expect(out.metadata).to.include({ numAssociatedSsObjects: 1, numNewDiaObjects: 1, numUpdatedDiaObjects: 0, total_alerts: 2 });
    expect(rowsOf(out.associatedDiaSources).map(r => [r.ssObjectId, r.diaObjectId === 0n])).to.deep.equal([[99n, true], [0n, false]]);
    expect(out.diaObjects.nRows).to.equal(1);
    expect(out.alerts!.alerts.map(a => a.diaObject === null)).to.deep.equal([true, false]);
    const ignored = process(apdb, 3, [star], { doSolarSystemAssociation: false }, 500, ephemeris);
    expect(ignored.metadata).to.include({ numAssociatedSsObjects: 0, numUpdatedDiaObjects: 1 });
  });
  it('alerts: records without NaN, cutouts around the source, beyond the edge NaN', () => {
    const { alerts } = process(new MemoryApdb(), 1, [star, { x: 2, y: 97 }, { x: NaN, y: 5 }]);
    expect(alerts!.alerts).to.have.length(2);
    const [inner, edge] = alerts!.alerts as [Alert, Alert];
    expect([inner.target_name, inner.observation_reason]).to.deep.equal(['field', null]);
    expect(Object.values({ ...inner.diaSource, ...inner.diaObject }).some(v => typeof v === 'number' && Number.isNaN(v))).to.equal(false);
    expect([inner.diaSource.isDipole, inner.diaSource.dipoleLength, inner.diaSource.band]).to.deep.equal([false, null, 'g']);
    const cutout = inner.cutoutDifference!;
    expect([cutout.size, cutout.minX, cutout.minY]).to.deep.equal([30, 55, 25]);
    expect(Math.max(...cutout.image)).to.equal(cutout.image[15 * 30 + 15]);
    expect(inner.cutoutScience!.image[465]! / cutout.image[465]!).to.be.closeTo(3, 1e-5);
    expect(cutout.wcs.crval_deg[0]).to.be.closeTo(inner.diaSource.ra as number, 1e-9);
    expect(cutout.wcs.crpix).to.deep.equal([15, 15]);
    expect(cutout.psf!.data.reduce((a, b) => a + b, 0)).to.be.closeTo(1, 1e-9);
    expect((cutout.rotation_deg + 180) % 360).to.be.closeTo(180, 1e-3);
    expect(edge.cutoutDifference!.image.filter(Number.isNaN).length).to.equal(900 - 17 * 18);
  });
  it('a visit that is processed again replaces its earlier store', () => {
    const apdb = new MemoryApdb();
    process(apdb, 1, [star]);
    const before = process(apdb, 2, [star]);
    const again = process(apdb, 2, [star]);
    expect(again.warnings).to.have.length(1);
    expect(again.metadata).to.deep.equal(before.metadata);
    expect(rowsOf(again.diaObjects)).to.deep.equal(rowsOf(before.diaObjects));
    expect(apdb.stored).to.have.length(2);
  });
  it('flagged and weak sources do not start objects but may update them', () => {
    const apdb = new MemoryApdb();
    const rejected = process(apdb, 1, [{ ...star, flagCentroid: true }, { x: 20, y: 20, apFlux: 10 }], { newObjectSnrThreshold: 3 });
    expect(rejected.metadata).to.include({ nRejectedNewDiaObjects: 2, numNewDiaObjects: 0 });
    process(apdb, 2, [star]);
    expect(process(apdb, 3, [{ ...star, flagCentroid: true }]).metadata).to.include({ numUpdatedDiaObjects: 1 });
  });
  it('no alerts and no forced photometry when they are switched off', () => {
    const apdb = new MemoryApdb();
    process(apdb, 1, [star]);
    const out = process(apdb, 2, [star], { doPackageAlerts: false, doRunForcedMeasurement: false });
    expect([out.alerts, out.diaForcedSources.nRows, out.metadata.total_alerts]).to.deep.equal([null, 0, -1]);
  });
  it('fails before it writes: too many new objects, images that are not calibrated, no database, odd flags', () => {
    const apdb = new MemoryApdb();
    expect(() => process(apdb, 1, [star, { x: 20 }], { maxNewDiaObjects: 1 })).to.throw(AlgorithmError, 'too many')
      .with.nested.property('metadata.nNew', 2);
    expect(() => process(apdb, 1, [star], { newObjectBadFlags: ['x'] })).to.throw(ApError, 'newObjectBadFlags');
    const image = exposureOf(1, 60001, []);
    const inputs = { diaSourceTable: standardised(1, 60001, [star]), diffIm: image, exposure: { ...image, unit: 'electron' }, template: image, solarSystemObjects: null };
    expect(() => associateApdb.run(inputs, configOf(associateApdb), contextOf({ apdb }))).to.throw(AlgorithmError, 'science');
    expect(() => associateApdb.run(inputs, configOf(associateApdb), contextOf())).to.throw(TypeError, 'APDB');
    expect(apdb.stored).to.have.length(0);
  });
  it('a source that is stored under another visit already is refused', () => {
    const apdb = new MemoryApdb();
    process(apdb, 1, [star]);
    const table = standardised(1, 60001, [star]);
    const image = exposureOf(2, 60002, []);
    expect(() => associateApdb.run({ diaSourceTable: table, diffIm: image, exposure: image, template: image, solarSystemObjects: null },
      configOf(associateApdb), contextOf({ apdb }))).to.throw(ApError, 'stored already');
  });
});
