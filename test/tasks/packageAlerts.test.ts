import { expect } from 'chai';
import type { Alert } from '../../src/model/alert.ts';
import { tableFromRows, type ColumnSpec, type Table } from '../../src/model/table.ts';
import { packageAlerts, type AlertOptions } from '../../src/tasks/packageAlerts.ts';
import { exposureOf, HEIGHT, WIDTH } from './diaSourceFixtures.ts';

const spec = (name: string, type: ColumnSpec['type']): ColumnSpec => ({ name, type, unit: '', doc: '' });
const SOURCES = [
  spec('diaSourceId', 'i64'), spec('diaObjectId', 'i64'), spec('midpointMjdTai', 'f64'), spec('x', 'f64'), spec('y', 'f64'), spec('bboxSize', 'i32'),
];
const OBJECTS = [spec('diaObjectId', 'i64'), spec('nDiaSources', 'i32')];
const FORCED = [spec('diaObjectId', 'i64'), spec('midpointMjdTai', 'f64'), spec('visit', 'i64')];
const SS_SOURCES = [spec('diaSourceId', 'i64'), spec('designation', 'string'), spec('ephVmag', 'f32')];
const ORBITS = [spec('id', 'i32'), spec('designation', 'string'), spec('a', 'f64')];

const ID = 173409123456789013n;
const options: AlertOptions = { minCutoutSize_px: 30, maxCutoutSize_px: 102, observationReason: 'survey', targetName: null };

function source(changes: object = {}): Record<string, number | bigint> {
  return { diaSourceId: ID, diaObjectId: ID - 5n, midpointMjdTai: 60003, x: 50, y: 50, bboxSize: 30, ...changes };
}

type Tables = Parameters<typeof packageAlerts>[1];

function packed(sources: readonly Record<string, number | bigint>[], more: Partial<Tables> = {}): readonly Alert[] {
  const image = exposureOf(3, 60003, [{ x: 50, y: 50, flux: 100 }]);
  const objects: Table = tableFromRows(OBJECTS, [{ diaObjectId: ID - 5n, nDiaSources: 2 }]);
  const batch = packageAlerts({ difference: image, science: image, template: image }, {
    sources: tableFromRows(SOURCES, sources), objects, earlierSources: [], forcedSources: [], ...more,
  }, options);
  expect(batch).to.include({ visit: 3, detector: 1 });
  return batch.alerts;
}

describe('tasks/packageAlerts', () => {
  it('a first detection: no earlier sources, an empty list of forced ones', () => {
    const [alert] = packed([source()]);
    expect(alert).to.include({ diaSourceId: ID, observation_reason: 'survey', target_name: null, prvDiaSources: null, ssSource: null, mpc_orbits: null });
    expect(alert!.prvDiaForcedSources).to.deep.equal([]);
    expect(alert!.diaObject).to.deep.equal({ diaObjectId: ID - 5n, nDiaSources: 2 });
  });
  it('histories of this object alone, from all parts, by rising time', () => {
    const part = (...rows: object[]): Table => tableFromRows(SOURCES, rows.map(source));
    const forced = (...rows: object[]): Table =>
      tableFromRows(FORCED, rows.map(row => ({ diaObjectId: ID - 5n, visit: 1, midpointMjdTai: 60001, ...row })));
    const [alert] = packed([source()], {
      earlierSources: [
        part({ diaSourceId: 2n, midpointMjdTai: 60002 }, { diaSourceId: 9n, diaObjectId: 7n }),
        part({ diaSourceId: 1n, midpointMjdTai: 60001 }),
      ],
      forcedSources: [forced({ visit: 3, midpointMjdTai: 60003 }), forced({}, { diaObjectId: 7n, visit: 9 })],
    });
    expect(alert!.prvDiaSources!.map(r => r.diaSourceId)).to.deep.equal([1n, 2n]);
    expect(alert!.prvDiaForcedSources!.map(r => r.visit)).to.deep.equal([1n, 3n]);
  });
  it('a solar-system object: its prediction and orbit instead of an object and histories', () => {
    const [alert, other] = packed([source({ diaObjectId: 0n }), source({ diaSourceId: 8n })], {
      earlierSources: [tableFromRows(SOURCES, [source({ diaObjectId: 0n })])],
      ssSources: tableFromRows(SS_SOURCES, [{ diaSourceId: ID, designation: '2021 AB', ephVmag: 21.5 }]),
      orbits: tableFromRows(ORBITS, [{ id: 0, designation: '1999 X', a: 1 }, { id: 1, designation: '2021 AB', a: 2.5 }]),
    });
    expect(alert).to.include({ diaObject: null, prvDiaSources: null, prvDiaForcedSources: null });
    expect(alert!.diaSource.diaObjectId).to.equal(null);
    expect(alert!.ssSource).to.include({ designation: '2021 AB', ephVmag: 21.5 });
    expect(alert!.mpc_orbits).to.deep.equal({ id: 1, designation: '2021 AB', a: 2.5 });
    expect(other).to.include({ ssSource: null, mpc_orbits: null });
  });
  it('an orbit that is not known is null', () => {
    const ssSources = tableFromRows(SS_SOURCES, [{ diaSourceId: ID, designation: 'new', ephVmag: NaN }]);
    const [alert] = packed([source({ diaObjectId: 0n })], { ssSources });
    expect([alert!.ssSource!.ephVmag, alert!.mpc_orbits]).to.deep.equal([null, null]);
  });
  for (const [bboxSize, size] of [[0, 30], [30, 30], [31, 31], [102, 102], [500, 102]] as const) {
    it(`a footprint of ${bboxSize} px has cutouts of ${size} px`, () => {
      const [alert] = packed([source({ bboxSize })]);
      for (const name of ['cutoutDifference', 'cutoutScience', 'cutoutTemplate'] as const) expect(alert![name]!.size).to.equal(size);
    });
  }
  it('a cutout over the edge is padded, one of a source outside is null', () => {
    const [corner, outside] = packed([source({ x: WIDTH - 1, y: HEIGHT - 1, bboxSize: 102 }), source({ x: WIDTH + 3 })]);
    expect(Number.isNaN(corner!.cutoutDifference!.image.at(-1))).to.equal(true);
    expect(corner!.cutoutDifference!.image.filter(v => !Number.isNaN(v))).to.have.length(52 * 52);
    expect(outside!.cutoutDifference).to.equal(null);
  });
});
