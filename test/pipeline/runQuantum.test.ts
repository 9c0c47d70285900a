import { expect } from 'chai';
import { ApError } from '../../src/model/errors.ts';
import { buildQuantumGraph } from '../../src/pipeline/quantumGraph.ts';
import type { Quantum } from '../../src/pipeline/quantumGraph.ts';
import { canonicalJson } from '../../src/pipeline/canonicalJson.ts';
import { datasetKey } from '../../src/pipeline/quantum.ts';
import { quantumSeed, runQuantum } from '../../src/pipeline/runQuantum.ts';
import type { RunQuantumOptions } from '../../src/pipeline/runQuantum.ts';
import { parsePythonJson, pythonJsonText } from '../../src/formats/pythonJson.ts';
import { CAVEAT, metadataBlock } from '../../src/pipeline/taskMetadata.ts';
import { toyCatalog, toyClock, toyInstrument, toyPipeline, toyRowsOf, toyStore, toyTasks } from './toys.ts';

const rows = toyRowsOf([1], [0]);
const store = toyStore(rows);
const [first] = buildQuantumGraph(toyPipeline('', { selection: 'clean' }), toyCatalog(rows, store)).quanta;
const quantum: Quantum = first!;

const options = (changes: Partial<RunQuantumOptions> = {}): RunQuantumOptions => ({
  task: toyTasks.CleanTask!, instrument: toyInstrument, apdb: null, clock: toyClock(),
  load: dataset => store.get(datasetKey(dataset.datasetType.name, dataset.dataId)),
  save: (_, value) => value,
  ...changes,
});
const withConfig = (config: object): Quantum => ({ ...quantum, config: { ...quantum.config, ...config } });

describe('run one quantum', () => {
  it('loads, runs, stages, and measures', async () => {
    const outcome = await runQuantum(quantum, options());
    expect(outcome).to.include({ status: 'succeeded', message: null, failure: null });
    expect(outcome.outputs).to.have.length(1);
    expect(outcome.outputs[0]).to.deep.include({ connection: 'cleaned', staged: { value: 21 } });
    expect(outcome.resources).to.deep.equal({ wall_s: 2, cpu_s: 1, peakRss_MB: 1 });
    expect(outcome.metadata.metadata.clean!.scalars).to.deep.equal({ offset: 1 });
    const { scalars, arrays } = outcome.metadata.metadata.quantum!;
    expect(scalars).to.deep.equal({ __version__: 1, caveats: 0 });
    expect(Object.keys(arrays)).to.include.members(['prepUtc', 'initUtc', 'startUtc', 'endUtc', 'endCpuTime', 'endMaxResidentSetSize']);
  });

  it('no work is a success with caveats and no outputs', async () => {
    const outcome = await runQuantum(withConfig({ noWorkOn: [101] }), options());
    expect(outcome).to.deep.include({ status: 'noWork', message: 'all masked', outputs: [] });
    expect(outcome.metadata.metadata.quantum!.scalars.caveats)
      .to.equal(CAVEAT.NO_WORK | CAVEAT.ALL_OUTPUTS_MISSING | CAVEAT.ANY_OUTPUTS_MISSING);
  });

  it('an algorithm error keeps its numbers under failure', async () => {
    const outcome = await runQuantum(withConfig({ failOn: [101] }), options());
    expect(outcome).to.include({ status: 'failed', failure: 'algorithm', message: 'bad pixels' });
    const { failure } = outcome.metadata.metadata.clean!.metadata;
    expect(failure!.scalars).to.deep.equal({ type: 'AlgorithmError', message: 'bad pixels' });
    expect(failure!.metadata.metadata!.scalars).to.deep.equal({ nBad: 7 });
    expect(outcome.log.at(-1)).to.include({ level: 'ERROR', message: 'bad pixels' });
  });

  const failures: readonly (readonly [string, Partial<RunQuantumOptions>, string, RegExp])[] = [
    ['load', { load: () => { throw new ApError('FILE_TRUNCATED', { where: 'x.fits' }); } }, 'operational', /x\.fits/],
    ['save', { save: () => { throw new Error('disk full'); } }, 'bug', /disk full/],
    ['missing output', { task: { ...toyTasks.CleanTask!, run: () => ({}) } }, 'bug', /did not return its output 'cleaned'/],
    ['undeclared output', { task: { ...toyTasks.CleanTask!, run: () => ({ cleaned: {}, clened: {} }) } }, 'bug', /returned clened/],
    ['no database', { task: { ...toyTasks.CleanTask!, usesApdb: true } }, 'operational', /APDB/],
    ['not an Error', { load: () => { throw 'text'; } }, 'bug', /^text$/],
  ];
  for (const [name, changes, failure, message] of failures) {
    it(`failure: ${name}`, async () => {
      const outcome = await runQuantum(quantum, options(changes));
      expect(outcome).to.include({ status: 'failed', failure });
      expect(outcome.message).to.match(message);
    });
  }

  it('the seed depends on task and data ID only', () => {
    expect(quantumSeed('A', { visit: 1, instrument: 'x' })).to.equal(quantumSeed('A', { instrument: 'x', visit: 1 }));
    expect(quantumSeed('A', { visit: 1 })).not.to.equal(quantumSeed('A', { visit: 2 }));
    expect(quantumSeed('A', { visit: 1 })).not.to.equal(quantumSeed('B', { visit: 1 }));
  });
});

describe('task metadata text', () => {
  const rowsOfMetadata: readonly (readonly [string, number])[] = [['NaN', NaN], ['Infinity', Infinity], ['-Infinity', -Infinity], ['1.5', 1.5]];
  for (const [word, value] of rowsOfMetadata) {
    it(`writes and reads ${word}`, () => {
      const metadata = metadataBlock({ x: value, text: 'NaN "Infinity"', t: true }, { list: [value, 1] }, { sub: metadataBlock({}) });
      const text = pythonJsonText(metadata);
      expect(text).to.contain(`"x": ${word}`);
      expect(parsePythonJson(text)).to.deep.equal(metadata);
    });
  }
  it('refuses what is not JSON', () => { expect(() => parsePythonJson('{"a": nan}')).to.throw(SyntaxError); });
});

describe('canonical JSON', () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [{ b: 1, a: [true, null, 'x'] }, '{"a":[true,null,"x"],"b":1}'],
    [{ a: undefined, b: NaN, c: -0, d: -Infinity }, '{"b":"NaN","c":0,"d":"-Infinity"}'],
    [{ n: 12345678901234567890n, f: Float32Array.of(1, 2) }, '{"f":[1,2],"n":12345678901234567890}'],
  ];
  for (const [value, expected] of cases) it(expected, () => { expect(canonicalJson(value)).to.equal(expected); });
});
