import { expect } from 'chai';
import { parseConfigFile } from '../../src/pipeline/configFile.ts';
import { literalValue } from '../../src/pipeline/expression.ts';
import { butlerLogRecords, configText, pythonLiteral } from '../../src/pipeline/logRecords.ts';
import { buildQuantumGraph } from '../../src/pipeline/quantumGraph.ts';
import { loadPipeline } from '../../src/pipeline/pipelineYaml.ts';
import { resolvePipeline } from '../../src/pipeline/resolvePipeline.ts';
import { tasks } from '../../src/tasks/index.ts';
import { toyCatalog, toyPipeline, toyRowsOf, toyStore } from './toys.ts';

describe('log and config datasets', () => {
  it('every config comes back from its own text', () => {
    const yaml = ['description: all', 'tasks:', ...Object.keys(tasks).map(name => `  ${name}: ${name}`)].join('\n');
    const { ir } = loadPipeline('all.yaml', { readText: () => yaml });
    // One task at a time: several make the same dataset.
    for (const name of Object.keys(tasks)) {
      const [task] = resolvePipeline(ir, tasks, { selection: name }).tasks;
      const items = parseConfigFile(configText(task!), 'x.py');
      const fields = Object.fromEntries(items.filter(({ field }) => !field.startsWith('connections.')).map(({ field, value }) => [field, value]));
      expect(fields, name).to.deep.equal(task!.config);
      const connections = items.filter(({ field }) => field.startsWith('connections.')).map(({ value }) => value);
      expect(connections).to.deep.equal([...task!.inputs, ...task!.outputs].map(({ datasetType }) => datasetType.name));
    }
  });

  it('literals are those of Python', () => {
    const cases: readonly (readonly [unknown, string])[] = [
      [true, 'True'], [null, 'None'], [1e-7, '1e-7'], [-2, '-2'], ["it's", "'it\\'s'"], ['a\\b\nc', "'a\\\\b\\nc'"],
      [[1, 'x', false], "[1, 'x', False]"], [{ a: [1] }, "{'a': [1]}"],
    ];
    for (const [value, text] of cases) {
      expect(pythonLiteral(value)).to.equal(text);
      expect(literalValue(text, '')).to.deep.equal(value);
    }
  });

  it('logs are ButlerLogRecords of version 2', () => {
    const rows = toyRowsOf([1, 3], [0]);
    const [quantum] = buildQuantumGraph(toyPipeline(), toyCatalog(rows, toyStore(rows))).quanta;
    const log = butlerLogRecords(quantum!, [
      { utc: '2026-01-01T00:00:05.123456+00:00', level: 'INFO', message: 'a' },
      { utc: '2026-01-01T00:00:06.000000+00:00', level: 'ERROR', message: 'b' },
    ], 'u/run');
    expect(Object.keys(log)).to.deep.equal([
      'extended', 'version', 'records', 'exception', 'metadata', 'previous_process_quanta', 'logs', 'previous_attempts',
    ]);
    expect(log.records.map(({ asctime, levelno, levelname, message }) => [asctime, levelno, levelname, message])).to.deep.equal([
      ['2026-01-01T00:00:05.123456Z', 20, 'INFO', 'a'], ['2026-01-01T00:00:06.000000Z', 40, 'ERROR', 'b'],
    ]);
    expect(log.records[0]!.MDC).to.deep.equal({ LABEL: 'clean:{instrument: toy, detector: 0, exposure: 101}', RUN: 'u/run' });
  });
});
