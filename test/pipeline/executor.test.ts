import { expect } from 'chai';
import { Worker } from 'node:worker_threads';
import { dataIdText } from '../../src/model/dataset.ts';
import { ApError } from '../../src/model/errors.ts';
import { execute, quantumReports } from '../../src/pipeline/executor.ts';
import type { ExecuteOptions, ExecutionEvent, QuantumResult } from '../../src/pipeline/executor.ts';
import { lostOutcome } from '../../src/pipeline/outcome.ts';
import { buildQuantumGraph } from '../../src/pipeline/quantumGraph.ts';
import type { Quantum, QuantumGraph } from '../../src/pipeline/quantumGraph.ts';
import { datasetKey } from '../../src/pipeline/quantum.ts';
import { runQuantum } from '../../src/pipeline/runQuantum.ts';
import { workerPool } from '../../src/pipeline/workerPool.ts';
import type { WorkerLike } from '../../src/pipeline/workerPool.ts';
import { commitTo, toyCatalog, toyClock, toyInstrument, toyPipeline, toyRowsOf, toyStore, toyTasks } from './toys.ts';
import type { Store } from './toys.ts';

interface Prepared {
  readonly graph: QuantumGraph;
  readonly store: Store;
}

function prepare(changes = '', visits: readonly number[] = [1, 2, 3, 4]): Prepared {
  const rows = toyRowsOf(visits);
  const store = toyStore(rows);
  const pipeline = toyPipeline();
  const config = changes === '' ? {} : JSON.parse(changes) as Record<string, unknown>;
  const tasks = pipeline.tasks.map(task => (task.label === 'clean' || task.label === 'calibrate'
    ? { ...task, config: { ...task.config, ...Object.fromEntries(Object.entries(config).filter(([key]) => key in task.config)) } } : task));
  return { graph: buildQuantumGraph({ ...pipeline, tasks }, toyCatalog(rows, store)), store };
}

function inProcess(store: Store): (quantum: Quantum) => ReturnType<typeof runQuantum> {
  return quantum => runQuantum(quantum, {
    task: toyTasks[quantum.taskName]!, instrument: toyInstrument, apdb: null, clock: toyClock(),
    load: dataset => store.get(datasetKey(dataset.datasetType.name, dataset.dataId)),
    save: (_, value) => value,
  });
}

async function runHere({ graph, store }: Prepared, options: Partial<ExecuteOptions> = {}): Promise<readonly QuantumResult[]> {
  return execute(graph, { workers: 1, runQuantum: inProcess(store), commit: commitTo(store), ...options });
}

function statuses(results: readonly QuantumResult[]): Record<string, string> {
  return Object.fromEntries(results.map(({ quantum, status }) => [quantum.id, status]));
}

const at = (label: string, visit: number, detector = 0): string => label === 'clean'
  ? `clean@${dataIdText({ instrument: 'toy', exposure: visit + 100, detector })}`
  : `${label}@${dataIdText({ instrument: 'toy', visit, detector })}`;

describe('executor', () => {
  it('computes what the tasks say', async () => {
    const prepared = prepare();
    const results = await runHere(prepared);
    expect(results.every(({ status }) => status === 'succeeded')).to.equal(true);
    // Visit 3, detector 1: raw 31, flat 2, offset 1, 2 shards; template from visit 1: raw 11.
    expect(prepared.store.get(datasetKey('toy_rows', { instrument: 'toy', visit: 3, detector: 1 }))).to.deep.equal({ value: 2 * 31 - 2 * 11 + 1 });
  });

  it('a failure blocks what depends on it and nothing else', async () => {
    const results = await runHere(prepare('{"failOn": [101]}'));
    const found = statuses(results);
    expect(found[at('clean', 1)]).to.equal('failed');
    // Visit 3 takes its template from visit 1.
    for (const id of [at('calibrate', 1), at('template', 3), at('subtract', 3), at('associate', 1), at('associate', 3)]) expect(found[id], id).to.equal('blocked');
    for (const id of [at('calibrate', 3), at('template', 1), at('associate', 2), at('associate', 2, 1), at('associate', 4)]) expect(found[id], id).to.equal('succeeded');
    const failed = results.find(({ status }) => status === 'failed')!;
    expect(failed).to.deep.include({ message: 'bad pixels' });
    expect(failed.outcome!.failure).to.equal('algorithm');
    expect(results.find(({ quantum }) => quantum.id === at('associate', 3))!.message).to.match(/needs what clean@.* did not make/);
  });

  it('no work prunes what needs it', async () => {
    const found = statuses(await runHere(prepare('{"noWorkOn": [101]}')));
    for (const id of [at('clean', 1), at('calibrate', 1), at('template', 3), at('associate', 1)]) expect(found[id], id).to.equal('noWork');
    expect(found[at('associate', 2)]).to.equal('succeeded');
  });

  it('an absent optional output is tolerated where it is optional', async () => {
    const prepared = prepare('{"noExtra": true}');
    const results = await runHere(prepared);
    expect(new Set(results.map(({ status }) => status))).to.deep.equal(new Set(['succeeded']));
    expect(prepared.store.get(datasetKey('toy_rows', { instrument: 'toy', visit: 3, detector: 1 }))).to.deep.equal({ value: 40 });
  });

  it('what is done already is reused, and its outputs count as there', async () => {
    const first = prepare();
    const results = await runHere(first);
    const completed = new Map(results.filter(({ quantum }) => quantum.label !== 'associate')
      .map(({ quantum, outcome }) => [quantum.id, outcome!.outputs.map(({ connection }) => connection)]));
    const again = await runHere(first, { completed });
    expect(again.filter(({ status }) => status === 'reused')).to.have.length(32);
    expect(again.filter(({ status }) => status === 'succeeded').map(({ quantum }) => quantum.label)).to.deep.equal(Array(8).fill('associate'));
    const noOutputs = await runHere(first, { completed: new Map([[at('clean', 1), []]]) });
    expect(statuses(noOutputs)[at('calibrate', 1)]).to.equal('noWork');
  });

  it('failFast starts nothing more', async () => {
    const results = await runHere(prepare('{"failOn": [101]}'), { failFast: true });
    expect(results.map(({ status }) => status).slice(1)).to.deep.equal(Array(39).fill('blocked'));
    expect(results.at(-1)!.message).to.match(/needs|stopped after the failure of clean@/);
  });

  it('an abort starts nothing more', async () => {
    const abort = new AbortController();
    const results = await runHere(prepare(), { signal: abort.signal, onEvent: event => { if (event.type === 'finished' && event.nDone === 3) abort.abort(); } });
    expect(results.filter(({ status }) => status === 'succeeded')).to.have.length(3);
    expect(results.some(({ message }) => message === 'not started: interrupted')).to.equal(true);
  });

  it('outputs that cannot be stored fail the quantum', async () => {
    const { graph, store } = prepare();
    const commit = commitTo(store);
    const results = await execute(graph, {
      workers: 1, runQuantum: inProcess(store),
      commit: (quantum, outcome) => {
        if (quantum.id === at('calibrate', 4)) throw new Error('disk full');
        commit(quantum, outcome);
      },
    });
    expect(results.find(({ quantum }) => quantum.id === at('calibrate', 4))).to.include({ status: 'failed', message: 'outputs could not be stored: disk full' });
    expect(statuses(results)[at('template', 2)]).to.equal('blocked');
  });

  it('sequential quanta never run together, others do, and never more than the workers', async () => {
    const { graph, store } = prepare();
    const run = inProcess(store);
    const active: string[] = [];
    let most = 0;
    const order: string[] = [];
    await execute(graph, {
      workers: 3, commit: commitTo(store),
      runQuantum: async quantum => {
        active.push(quantum.label);
        most = Math.max(most, active.length);
        expect(active.filter(label => label === 'associate').length).to.be.lessThan(2);
        if (quantum.label === 'associate') order.push(quantum.id);
        await new Promise(resolve => { setTimeout(resolve, (quantum.dataId.detector as number) + 1); });
        active.splice(active.indexOf(quantum.label), 1);
        return run(quantum);
      },
    });
    expect(most).to.equal(3);
    expect(order).to.deep.equal([1, 2, 3, 4].flatMap(v => [at('associate', v, 0), at('associate', v, 1)]));
  });

  it('events count up to the total', async () => {
    const events: ExecutionEvent[] = [];
    await runHere(prepare(), { onEvent: event => events.push(event) });
    const finished = events.filter(event => event.type === 'finished');
    expect(events[0]).to.deep.include({ type: 'begun', nTotal: 40 });
    expect(finished.map(({ nDone }) => nDone)).to.deep.equal(Array.from({ length: 40 }, (_, i) => i + 1));
    expect(events.filter(({ type }) => type === 'started')).to.have.length(40);
  });

  it('reports in the words of the verification document', async () => {
    const [report] = quantumReports(await runHere(prepare()));
    expect(report).to.include({ task: 'clean', status: 'succeeded', message: null, peakRss_MB: 1 });
    expect(report!.seconds).to.be.greaterThan(0);
  });

  it('a broken machinery rejects', async () => {
    const { graph } = prepare();
    let caught: unknown = null;
    await execute(graph, { workers: 2, runQuantum: () => Promise.reject(new Error('no threads')) }).catch((error: unknown) => { caught = error; });
    expect(caught).to.be.instanceOf(Error).with.property('message', 'no threads');
  });
});

describe('worker threads', () => {
  const spawn = (values: Record<string, number> = {}) => (): WorkerLike =>
    new Worker(new URL('./toyWorker.ts', import.meta.url), { workerData: { values }, stdout: true, stderr: true });

  async function runThere({ graph, store }: Prepared, workers: number): Promise<readonly QuantumResult[]> {
    const pool = workerPool({ size: workers, spawn: spawn() });
    const withValues = (quantum: Quantum): Quantum => {
      const datasets = quantum.inputs.flatMap(input => input.datasets);
      const keys = datasets.map(d => datasetKey(d.datasetType.name, d.dataId));
      const values = Object.fromEntries(keys.map(key => [key, store.get(key)]));
      return { ...quantum, values } as Quantum;
    };
    try {
      return await execute(graph, { workers, runQuantum: quantum => pool.run(withValues(quantum)), commit: commitTo(store) });
    } finally {
      await pool.close();
    }
  }

  it('results do not depend on the number of workers, or on there being any', async () => {
    const changes = '{"failOn": [101], "noWorkOn": [102]}';
    const [here, one, three] = [prepare(changes), prepare(changes), prepare(changes)];
    const results = [await runHere(here), await runThere(one, 1), await runThere(three, 3)];
    const plain = results.map(list => list.map(({ quantum, status, message }) => ({ id: quantum.id, status, message })));
    expect(plain[1]).to.deep.equal(plain[0]);
    expect(plain[2]).to.deep.equal(plain[0]);
    const contents = [here, one, three].map(({ store }) => new Map([...store].sort()));
    expect(contents[1]).to.deep.equal(contents[0]);
    expect(contents[2]).to.deep.equal(contents[0]);
  });

  it('a worker that dies takes only its quantum with it', async () => {
    const results = await runThere(prepare('{"crashOn": [101, 104]}'), 2);
    const found = statuses(results);
    const failed = results.filter(({ status }) => status === 'failed');
    expect(failed.map(({ quantum }) => quantum.dataId.exposure)).to.have.members([101, 101, 104, 104]);
    expect(failed[0]!.message).to.equal('the worker ended with code 9, in attempt 2 of 2');
    expect(failed[0]!.outcome!.failure).to.equal('worker');
    expect(found[at('calibrate', 2)]).to.equal('succeeded');
    expect(found[at('associate', 1)]).to.equal('blocked');
    expect(results.some(({ status }) => status === undefined)).to.equal(false);
  });

  it('a quantum whose worker died once succeeds in the second attempt, and says so', async () => {
    const { graph, store } = prepare();
    const [first] = graph.quanta;
    let nSpawned = 0;
    const pool = workerPool({
      size: 1,
      spawn: () => {
        nSpawned++;
        return spawn()();
      },
    });
    const values = Object.fromEntries([...store]);
    const crash = { ...first!, values, config: { ...first!.config, crashOn: [first!.dataId.exposure] } } as Quantum;
    // The pool hands out the same object again: what is changed in between is what the second worker gets.
    const running = pool.run(crash);
    (crash.config.crashOn as number[]).length = 0;
    // Structured clone has taken the first message already; threads clone when they are posted to.
    const outcome = await running;
    expect(outcome.status).to.equal('succeeded');
    expect(nSpawned).to.equal(2);
    expect(outcome.message).to.equal('attempt 2, after the worker ended with code 9');
    expect(outcome.log[0]).to.include({ level: 'WARNING', message: outcome.message });
    expect(outcome.log[0]!.utc).to.match(/^2026-01-01T/);
    await pool.close();
  });

  it('a quantum that takes too long is ended with its worker, is not tried again, and the next one runs', async () => {
    const { graph, store } = prepare();
    const values = Object.fromEntries([...store]);
    const [slow, next] = graph.quanta.filter(({ label }) => label === 'clean')
      .map((quantum, i) => {
        const hangOn = i === 0 ? [quantum.dataId.exposure] : [];
        return { ...quantum, values, config: { ...quantum.config, hangOn } } as Quantum;
      });
    let nSpawned = 0;
    const pool = workerPool({
      size: 1, timeout_s: 0.3,
      spawn: () => {
        nSpawned++;
        return spawn()();
      },
    });
    const [late, fine] = await Promise.all([pool.run(slow!), pool.run(next!)]);
    expect(late).to.deep.include({ status: 'failed', failure: 'timeout', message: 'ended after the time limit of 0.3 s' });
    expect(fine).to.deep.include({ status: 'succeeded', message: null });
    expect(nSpawned).to.equal(2);
    await pool.close();
  });

  it('a worker that cannot start is a broken machinery', async () => {
    const pool = workerPool({ size: 1, spawn: spawn({ refuse: 1 }) });
    let caught: unknown = null;
    await pool.run(prepare().graph.quanta[0]!).catch((error: unknown) => { caught = error; });
    expect(caught).to.be.instanceOf(ApError).with.property('code', 'INTERNAL');
    await pool.close();
  });

  it('a lost outcome is a failure without resources', () => {
    expect(lostOutcome('worker', 'x')).to.deep.include({ status: 'failed', failure: 'worker', resources: null, outputs: [] });
  });
});
