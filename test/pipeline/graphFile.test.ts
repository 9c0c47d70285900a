import { expect } from 'chai';
import fc from 'fast-check';
import type { DimensionRecord } from '../../src/model/dataset.ts';
import { ApError } from '../../src/model/errors.ts';
import { execute } from '../../src/pipeline/executor.ts';
import { graphText, parseGraph } from '../../src/pipeline/graphFile.ts';
import type { SavedGraph } from '../../src/pipeline/graphFile.ts';
import { configText } from '../../src/pipeline/logRecords.ts';
import type { GraphRow } from '../../src/pipeline/graphCatalog.ts';
import { buildQuantumGraph } from '../../src/pipeline/quantumGraph.ts';
import { datasetKey } from '../../src/pipeline/quantum.ts';
import { runQuantum } from '../../src/pipeline/runQuantum.ts';
import { commitTo, toyCatalog, toyClock, toyInstrument, toyPipeline, toyRowsOf, toyStore, toyTasks } from './toys.ts';

/** Records as a repository has them: nanoseconds as BigInt, regions as bytes. */
function withRecords(rows: readonly GraphRow[]): readonly GraphRow[] {
  return rows.map((row, i) => ({
    ...row,
    records: {
      ...row.records,
      exposure: { id: i, timespan: row.timespan, region: Uint8Array.from([0, 255, i]), huge: 2n ** 62n + 1n, dark_time: NaN, none: null },
    },
  }));
}

function savedOf(visits?: readonly number[]): SavedGraph {
  const rows = withRecords(toyRowsOf(visits));
  const pipeline = toyPipeline();
  const graph = buildQuantumGraph(pipeline, toyCatalog(rows, toyStore(rows)));
  return {
    header: { outputRun: 'u/me/1', chain: null, search: ['a', 'b'] }, graph, datasetTypes: [...pipeline.datasetTypes.values()],
    tasks: pipeline.tasks.map(task => ({
      label: task.label, className: task.className, taskName: task.task.name, config: task.config, configText: configText(task),
    })),
  };
}

describe('saved quantum graphs', () => {
  const saved = savedOf();
  const text = graphText(saved);

  it('come back as they were, BigInt, bytes and NaN included', () => {
    const again = parseGraph(text, 'g.jsonl');
    expect(again).to.deep.equal(saved);
    expect(again.graph.quanta[0]!.records.exposure!.huge).to.equal(4611686018427387905n);
    expect(graphText(again)).to.equal(text);
  });

  it('keep what was left out, and why', () => {
    const rows = toyRowsOf([1, 2, 3]);
    const graph = buildQuantumGraph(toyPipeline(), toyCatalog(rows, toyStore(rows)));
    expect(graph.pruned.length).to.be.greaterThan(0);
    expect(parseGraph(graphText({ ...saved, graph }), 'g').graph.pruned).to.deep.equal(graph.pruned);
  });

  it('share records, so that a line of a quantum does not grow with them', () => {
    const records = text.split('\n').filter(line => line.startsWith('{"kind":"record"'));
    const distinct = new Set(saved.graph.quanta.flatMap(quantum => Object.values<DimensionRecord>(quantum.records)));
    expect(records).to.have.length(distinct.size);
    expect(distinct.size).to.be.lessThan(saved.graph.quanta.length);
  });

  it('run as the graph from which they were made', async () => {
    const results = await Promise.all([saved.graph, parseGraph(text, 'g').graph].map(async graph => {
      const store = toyStore(toyRowsOf());
      const ended = await execute(graph, {
        workers: 2, commit: commitTo(store),
        runQuantum: quantum => runQuantum(quantum, {
          task: toyTasks[quantum.taskName]!, instrument: toyInstrument, apdb: null, clock: toyClock(),
          load: dataset => store.get(datasetKey(dataset.datasetType.name, dataset.dataId)), save: (_, value) => value,
        }),
      });
      return [ended.map(({ quantum, status }) => [quantum.id, status]), [...store].sort()];
    }));
    expect(results[1]).to.deep.equal(results[0]);
  });

  it('any plain value of a header survives', () => {
    const value: fc.Arbitrary<unknown> = fc.letrec(tie => ({
      value: fc.oneof(fc.string(), fc.double({ noDefaultInfinity: false }), fc.bigInt(), fc.boolean(), fc.constant(null),
        fc.uint8Array({ maxLength: 5 }), fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(fc.string().filter(key => !key.startsWith('$') && key !== '__proto__'), tie('value'), { maxKeys: 3 })),
    })).value;
    fc.assert(fc.property(value, x => {
      const one = { ...saved, header: { x }, graph: { quanta: [], pruned: [] } };
      const back = parseGraph(graphText(one), 'g').header.x;
      expect(noZeroSign(back)).to.deep.equal(noZeroSign(x));
    }), { seed: 5, numRuns: 200 });
  });

  const lines = text.trimEnd().split('\n');
  const broken: readonly (readonly [string, string, RegExp])[] = [
    ['an empty file', '', /an empty file/],
    ['a file that was cut off between lines', lines.slice(0, -1).join('\n'), /the file was cut off/],
    ['a file that lost a quantum', lines.filter((line, i) => !(line.includes('"kind":"quantum"') && i === lines.length - 2)).join('\n'), /39 quanta; expected: 40/],
    ['half a line', `${lines.slice(0, 5).join('\n')}\n${lines[5]!.slice(0, 30)}`, /g\.jsonl:6/],
    ['another format', lines.join('\n').replace('ap-verify-qgraph/1', 'ap-verify-qgraph/9'), /g\.jsonl:1; found: ap-verify-qgraph\/9/],
    ['a type that no line defines', lines.filter(line => !line.includes('"kind":"datasetType","name":"toy_raw"')).join('\n'), /dataset type 'toy_raw'/],
    ['a line of another kind', `${lines[0]!}\n{"kind":"surprise"}`, /'surprise'/],
  ];
  for (const [name, bad, message] of broken) {
    it(`refuse ${name}`, () => expect(() => parseGraph(bad, 'g.jsonl')).to.throw(ApError, message));
  }
});

/** JSON has no negative zero. */
function noZeroSign(value: unknown): unknown {
  if (value === 0) return 0;
  if (value instanceof Uint8Array || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(noZeroSign);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, noZeroSign(item)]));
}
