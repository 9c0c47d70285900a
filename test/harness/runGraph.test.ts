/** Toy quanta on a real repository: what is written, reused, refused, replaced. */
import { expect } from 'chai';
import type { Repository } from '../../src/butler/repository.ts';
import { stageDataset } from '../../src/butler/staging.ts';
import { runGraph } from '../../src/harness/runGraph.ts';
import type { RunGraphOptions } from '../../src/harness/runGraph.ts';
import { sim } from '../../src/instruments/sim/index.ts';
import type { DatasetType } from '../../src/model/dataset.ts';
import { AlgorithmError } from '../../src/model/errors.ts';
import type { GraphCatalog } from '../../src/pipeline/graphCatalog.ts';
import { configText } from '../../src/pipeline/logRecords.ts';
import type { ButlerLogRecords } from '../../src/pipeline/logRecords.ts';
import { loadPipeline } from '../../src/pipeline/pipelineYaml.ts';
import { applyOverrides } from '../../src/pipeline/pipelineYaml.ts';
import { buildQuantumGraph } from '../../src/pipeline/quantumGraph.ts';
import { resolvePipeline } from '../../src/pipeline/resolvePipeline.ts';
import { runQuantum } from '../../src/pipeline/runQuantum.ts';
import { connection, defineTask } from '../../src/pipeline/task.ts';
import { expectRejection, note, put, simRepository, temporaryFolder } from '../butler/fixtures.ts';
import { toyClock } from '../pipeline/toys.ts';

type Dict = Readonly<Record<string, number>>;
const input = note as DatasetType<Dict>;
const doubled: DatasetType<Dict> = { ...input, name: 'doubled' };
const summed: DatasetType<Dict> = { ...input, name: 'summed' };

const double = defineTask({
  name: 'DoubleTask', doc: 'Twice the value.', dimensions: ['instrument', 'detector'],
  inputs: { note: connection(input, 'input') }, outputs: { doubled: connection(doubled, 'output') },
  config: { failOn: { default: -1, doc: 'detector to fail on' }, factor: { default: 2, doc: 'the factor' } },
  run({ note: { value } }, { failOn, factor }, { dataId, log }) {
    log.info(`detector ${String(dataId.detector)}`);
    if (dataId.detector === failOn) throw new AlgorithmError('told to fail');
    return { doubled: { value: factor * value! } };
  },
});
const sum = defineTask({
  name: 'SumTask', doc: 'One more.', dimensions: ['instrument', 'detector'],
  inputs: { doubled: connection(doubled, 'input') }, outputs: { summed: connection(summed, 'output') }, config: {},
  run: ({ doubled: { value } }) => ({ summed: { value: value! + 1 } }),
});
const tasks = { DoubleTask: double, SumTask: sum };

type Changes = Partial<RunGraphOptions> & { readonly config?: readonly string[]; readonly ran?: string[] };

function optionsFor(repository: Repository, { config = [], ran = [], ...changes }: Changes): RunGraphOptions {
  const { ir } = loadPipeline('t.yaml', { readText: () => 'description: t\ntasks: {double: DoubleTask, sum: SumTask}\n' });
  const pipeline = resolvePipeline(applyOverrides(ir, config), tasks, { datasetTypes: [note] });
  const rows = [0, 1].map(detector => ({
    dataId: { instrument: 'sim', exposure: 1, detector }, timespan: { begin_ns: 0n, end_ns: 1n }, date: '', records: {},
  }));
  const catalog: GraphCatalog = {
    rows: () => rows, datasets: type => (repository.datasetType(type.name) === null ? [] : repository.query(type, ['r1'])),
    calibration: () => null, overlapping: () => [], overlaps: () => false, refcats: () => [],
  };
  const run = changes.run ?? 'u/1';
  const search = [run, ...changes.skipExistingIn ?? []];
  return {
    repository, run, workers: 1, graph: buildQuantumGraph(pipeline, catalog), datasetTypes: [...pipeline.datasetTypes.values()],
    configs: Object.fromEntries(pipeline.tasks.map(task => [task.label, configText(task)])),
    runQuantum: quantum => {
      ran.push(`${quantum.label} ${String(quantum.dataId.detector)}`);
      return runQuantum(quantum, {
        task: tasks[quantum.taskName as keyof typeof tasks], instrument: sim, apdb: null, clock: toyClock(),
        load: ({ ref, datasetType, dataId }) => repository.get(datasetType, ref ?? repository.find(datasetType, dataId, search)!),
        save: ({ datasetType, dataId }, value) => stageDataset(repository.root, { type: datasetType, dataId, run }, value),
      });
    },
    ...changes,
  };
}

describe('harness/runGraph', () => {
  let repository: Repository;
  beforeEach(() => {
    repository = simRepository(temporaryFolder());
    for (const detector of [0, 1]) put(repository, note, { instrument: 'sim', detector }, { value: 10 + detector });
  });
  afterEach(() => { repository.close(); });

  const run = async (changes: Changes = {}): Promise<string[]> => {
    const reports = await runGraph(optionsFor(repository, changes));
    return reports.map(({ task, dataId, status }) => `${task} ${String(dataId.detector)} ${status}`);
  };
  const valueOf = async (name: string, detector: number, collections = ['u/1']): Promise<unknown> => {
    const type = repository.datasetType(name)!;
    const ref = repository.find(type, type.dimensions.length === 0 ? {} : { instrument: 'sim', detector }, collections);
    return ref === null ? null : repository.get(type, ref);
  };

  it('outputs, metadata, logs and configs are datasets', async () => {
    expect(await run()).to.have.members(['double 0 succeeded', 'double 1 succeeded', 'sum 0 succeeded', 'sum 1 succeeded']);
    expect(await valueOf('summed', 1)).to.deep.equal({ value: 23 });
    expect(await valueOf('double_metadata', 1)).to.have.nested.property('metadata.quantum');
    const log = await valueOf('double_log', 1) as ButlerLogRecords;
    expect(log).to.include({ version: 2, extended: true });
    expect(log.records.map(({ message }) => message)).to.deep.equal(['detector 1']);
    expect(await valueOf('double_config', 0)).to.match(/^config\.factor=2$/m);
    expect(repository.orphans()).to.deep.equal([]);
  });

  it('versions of the software are a dataset; a run that other versions began is refused', async () => {
    const versions = { 'ap-verify': '1.0+abc', node: '24.1.0', 'a: #b': '1' };
    await run({ packages: versions });
    expect(await valueOf('packages', 0)).to.deep.equal(versions);
    expect(await run({ packages: { ...versions, other: '2' } })).to.include('sum 0 reused');
    await expectRejection(run({ packages: { ...versions, node: '25.0.0' } }), 'DATASET_CONFLICT',
      /packages of u\/1.*node 25\.0\.0.*node 24\.1\.0.*--no-versions/s);
    expect(await run()).to.include('sum 0 reused');
  });

  it('a failed quantum leaves its log and nothing else; the next run replaces it', async () => {
    expect(await run({ config: ['double:failOn=1'] })).to.include.members(['double 1 failed', 'sum 1 blocked', 'sum 0 succeeded']);
    const log = await valueOf('double_log', 1) as ButlerLogRecords;
    expect(log.records.map(({ levelname }) => levelname)).to.deep.equal(['INFO', 'ERROR']);
    expect(log.records[1]!.message).to.match(/told to fail/);
    expect(await valueOf('double_metadata', 1)).to.equal(null);
    expect(await valueOf('doubled', 1)).to.equal(null);
    // The same run again cannot be configured otherwise ...
    await expectRejection(run(), 'DATASET_CONFLICT', /another configuration of 'double'/);
    expect(repository.orphans()).to.deep.equal([]);
    // ... and with the same configuration only what failed is tried again.
    const ran: string[] = [];
    expect(await run({ config: ['double:failOn=1'], ran })).to.include.members(['double 0 reused', 'sum 0 reused', 'double 1 failed']);
    expect(ran).to.deep.equal(['double 1']);
  });

  it('what exists is refused when nothing may be reused, and removed when it may be clobbered', async () => {
    await run();
    await expectRejection(run({ skipExistingIn: [] }), 'DATASET_CONFLICT', /8 outputs .*--skip-existing, --clobber-outputs/);
    const ran: string[] = [];
    await run({ skipExistingIn: [], isClobbering: true, ran });
    expect(ran).to.have.length(4);
    expect(repository.orphans()).to.deep.equal([]);
  });

  it('quanta that another run has done are left out, and their outputs are found there', async () => {
    await run();
    repository.prune(['summed', 'sum_metadata'].flatMap(name => repository.query(repository.datasetType(name)!, ['u/1'])));
    const ran: string[] = [];
    expect(await run({ run: 'u/2', skipExistingIn: ['u/1'], ran })).to.include.members(['double 0 reused', 'sum 0 succeeded']);
    expect(ran).to.have.members(['sum 0', 'sum 1']);
    expect(await valueOf('summed', 0, ['u/2'])).to.deep.equal({ value: 21 });
    expect(await valueOf('doubled', 0, ['u/2'])).to.equal(null);
  });

  it('only the steps that may be reused are', async () => {
    await run();
    const ran: string[] = [];
    await run({ mayReuse: ({ label }) => label === 'double', isClobbering: true, ran });
    expect(ran).to.have.members(['sum 0', 'sum 1']);
  });

  it('dataset types are registered only when that is allowed', async () => {
    await expectRejection(run({ mayRegister: false }), 'DATASET_NOT_FOUND', /doubled.*--register-dataset-types/);
    expect(repository.datasetType('doubled')).to.equal(null);
    await run();
    expect(await run({ mayRegister: false })).to.include('double 0 reused');
  });
});
