import { expect } from 'chai';
import { ApError } from '../../src/model/errors.ts';
import { dataIdText } from '../../src/model/dataset.ts';
import { buildQuantumGraph, countByLabel } from '../../src/pipeline/quantumGraph.ts';
import type { Quantum, QuantumGraph, Where } from '../../src/pipeline/quantumGraph.ts';
import type { GraphRow } from '../../src/pipeline/graphCatalog.ts';
import { datasetKey } from '../../src/pipeline/quantum.ts';
import { toyCatalog, toyPipeline, toyRowsOf, toyStore, toyVisit } from './toys.ts';
import type { Store } from './toys.ts';

interface Making {
  readonly rows?: readonly GraphRow[];
  readonly change?: (store: Store) => void;
  readonly where?: Where;
  readonly yaml?: string;
  readonly selection?: string;
}

function graphOf({ rows = toyRowsOf(), change = () => {}, where, yaml = '', selection }: Making = {}): QuantumGraph {
  const store = toyStore(rows);
  change(store);
  return buildQuantumGraph(toyPipeline(yaml, { selection: selection ?? null, datasetTypes: [toyVisit] }), toyCatalog(rows, store), where);
}

const visitId = (visit: number, detector: number): string => dataIdText({ instrument: 'toy', visit, detector });
const exposureId = (exposure: number, detector: number): string => dataIdText({ instrument: 'toy', exposure, detector });
const quantum = (graph: QuantumGraph, id: string): Quantum => graph.quanta.find(q => q.id === id)!;
const rawKey = (exposure: number, detector: number): string => datasetKey('toy_raw', { instrument: 'toy', exposure, detector });

describe('quantum graph', () => {
  it('one quantum a task and data ID', () => {
    expect(countByLabel(graphOf())).to.deep.equal({ clean: 8, calibrate: 8, template: 8, subtract: 8, associate: 8 });
  });

  it('data IDs are expanded, exposures become visits', () => {
    const calibrate = quantum(graphOf(), `calibrate@${visitId(2, 1)}`);
    expect(calibrate.dataId).to.deep.equal({ instrument: 'toy', visit: 2, detector: 1 });
    expect(calibrate.expandedDataId).to.include({ exposure: 102, band: 'r', physical_filter: 'toy-r', day_obs: 20260101 });
    expect(calibrate.records.visit).to.deep.equal({ id: 2, name: 'v2' });
    expect(calibrate.dataPredecessors).to.deep.equal([`clean@${exposureId(102, 1)}`]);
    expect(calibrate.inputs[0]!.datasets[0]!.dataId).to.deep.equal({ instrument: 'toy', exposure: 102, detector: 1 });
    expect(calibrate.metadata.datasetType).to.include({ name: 'calibrate_metadata', storageClass: 'TaskMetadata' });
  });

  it('shards and calibrations are existing datasets, shards in order', () => {
    const graph = graphOf();
    expect(quantum(graph, `calibrate@${visitId(1, 0)}`).inputs[1]!.datasets.map(d => d.dataId.htm7)).to.deep.equal([5, 6]);
    expect(quantum(graph, `clean@${exposureId(101, 0)}`).inputs[1]!.datasets[0]!.ref!.dataId).to.deep.equal({
      instrument: 'toy', detector: 0, physical_filter: 'toy-g',
    });
  });

  it('the template of a visit is what this run makes of the other visit of the band, never of itself', () => {
    const template = quantum(graphOf(), `template@${visitId(1, 0)}`);
    expect(template.dataPredecessors).to.deep.equal([`calibrate@${visitId(3, 0)}`]);
    expect(template.inputs[0]!.datasets[0]).to.deep.include({ ref: null, producer: `calibrate@${visitId(3, 0)}` });
  });

  it('an existing template of the same visit is left out, of another one taken', () => {
    const graph = graphOf({
      rows: toyRowsOf([1, 3], [0]), where: id => id.visit === 1,
      change: store => {
        store.set(datasetKey('toy_visit', { instrument: 'toy', visit: 1, detector: 0 }), { value: 1 });
        store.set(datasetKey('toy_visit', { instrument: 'toy', visit: 3, detector: 0 }), { value: 3 });
      },
    });
    const [dataset, ...rest] = quantum(graph, `template@${visitId(1, 0)}`).inputs[0]!.datasets;
    expect(rest).to.deep.equal([]);
    expect(dataset).to.deep.include({ producer: null, dataId: { instrument: 'toy', visit: 3, detector: 0 } });
  });

  it('what misses a required input is pruned with the reason, and so is what follows', () => {
    const graph = graphOf({ where: id => id.visit !== 4 });
    expect(countByLabel(graph)).to.deep.equal({ clean: 6, calibrate: 6, template: 4, subtract: 4, associate: 4 });
    expect(graph.pruned.map(({ label, dataId }) => `${label}@${dataIdText(dataId)}`)).to.deep.equal(
      ['template', 'subtract', 'associate'].flatMap(label => [0, 1].map(d => `${label}@${visitId(2, d)}`)));
    expect(graph.pruned[0]!.reason).to.match(/templates: no 'toy_visit' of another visit in band r overlaps/);
    expect(graph.pruned[2]!.reason).to.match(/is not made by 'template'/);
  });

  it('exposures without raws are not spoken of', () => {
    const graph = graphOf({ change: store => store.delete(rawKey(104, 1)) });
    expect(graph.quanta.some(q => q.expandedDataId.visit === 4 && q.dataId.detector === 1)).to.equal(false);
    expect(graph.pruned.some(p => p.dataId.visit === 4)).to.equal(false);
  });

  it('a missing calibration is an error with type, data ID and date', () => {
    const change = (store: Store): void => { store.delete(datasetKey('toy_flat', { instrument: 'toy', detector: 1, physical_filter: 'toy-r' })); };
    expect(() => graphOf({ change })).to.throw(ApError, /toy_flat.*exposure: 102.*2026-01-02T00:00:00Z/).with.property('code', 'CALIBRATION_NOT_FOUND');
    expect(() => graphOf({ change, where: id => id.band === 'g' })).not.to.throw();
  });

  it('what is missing is named with the collections that were searched', () => {
    const rows = toyRowsOf();
    const store = toyStore(rows);
    store.delete(datasetKey('toy_refcat', { htm7: 5 }));
    store.delete(datasetKey('toy_refcat', { htm7: 6 }));
    const catalog = { ...toyCatalog(rows, store), collections: ['calib', 'raw/all'] };
    const { pruned } = buildQuantumGraph(toyPipeline(), catalog);
    expect(pruned[0]!.reason).to.equal(
      "refcat: no 'toy_refcat' shard overlaps the region of {instrument: toy, detector: 0, visit: 1}; searched: calib, raw/all");
    store.delete(datasetKey('toy_flat', { instrument: 'toy', detector: 0, physical_filter: 'toy-g' }));
    expect(() => buildQuantumGraph(toyPipeline(), catalog)).to.throw(ApError, /toy_flat.*searched: calib, raw\/all/);
  });

  it('a missing reference catalog prunes', () => {
    expect(() => graphOf({ change: store => { store.delete(datasetKey('toy_refcat', { htm7: 5 })); store.delete(datasetKey('toy_refcat', { htm7: 6 })); }, selection: 'calibrate' }))
      .to.throw(ApError).with.property('code', 'EMPTY_GRAPH');
  });

  const empties: readonly (readonly [string, Making, RegExp])[] = [
    ['no exposures', { rows: [] }, /no exposures in the repository/],
    ['nothing selected', { where: () => false }, /selects none of the 8/],
    ['no raws', { change: store => { for (const key of [...store.keys()]) if (key.startsWith('toy_raw')) store.delete(key); } }, /'toy_raw' \(0 exist\)/],
    ['no templates', { rows: toyRowsOf([1], [0]), selection: 'template..', change: s => { s.set(datasetKey('toy_visit', { instrument: 'toy', visit: 1, detector: 0 }), {}); } }, /template .*no 'toy_visit' of another visit/],
  ];
  for (const [name, making, message] of empties) {
    it(`empty graph: ${name}`, () => { expect(() => graphOf(making)).to.throw(ApError, message).with.property('code', 'EMPTY_GRAPH'); });
  }

  it('running order is topological and earliest visit first', () => {
    const { quanta } = graphOf();
    const position = new Map(quanta.map(({ id }, i) => [id, i]));
    for (const { id, dataPredecessors, orderPredecessors } of quanta) {
      for (const before of [...dataPredecessors, ...orderPredecessors]) expect(position.get(before)).to.be.lessThan(position.get(id)!);
    }
    expect(quanta.slice(0, 2).map(({ id }) => id)).to.deep.equal([`clean@${exposureId(101, 0)}`, `calibrate@${visitId(1, 0)}`]);
  });

  it('sequential tasks form a chain in (visit, detector) order', () => {
    const graph = graphOf({ rows: toyRowsOf([4, 1, 3, 2], [1, 0]) });
    const chain = graph.quanta.filter(({ label }) => label === 'associate');
    expect(chain.map(({ dataId }) => [dataId.visit, dataId.detector])).to.deep.equal([1, 2, 3, 4].flatMap(v => [[v, 0], [v, 1]]));
    expect(chain.map(({ orderPredecessors }) => orderPredecessors)).to.deep.equal([[], ...chain.slice(0, -1).map(({ id }) => [id])]);
  });

  it('does not depend on the order in which the catalog lists things', () => {
    expect(graphOf({ rows: [...toyRowsOf()].reverse() })).to.deep.equal(graphOf());
  });

  it('is plain data: it survives a structured clone', () => {
    const graph = graphOf();
    expect(structuredClone(graph)).to.deep.equal(graph);
  });

  it('several datasets for a single connection are refused', () => {
    const catalog = toyCatalog(toyRowsOf(), toyStore(toyRowsOf()));
    const pipeline = toyPipeline('', { selection: 'clean,calibrate' });
    const single = { ...pipeline, tasks: pipeline.tasks.map(task => ({
      ...task, inputs: task.inputs.map(input => ({ ...input, connection: { ...input.connection, multiple: false } })),
    })) };
    expect(() => buildQuantumGraph(single, catalog)).to.throw(ApError, /2 datasets of 'toy_refcat'/);
  });
});
