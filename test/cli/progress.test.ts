import { expect } from 'chai';
import { jsonProgressOn, progressOn } from '../../src/cli/progress.ts';
import { lostOutcome } from '../../src/pipeline/outcome.ts';
import { buildQuantumGraph } from '../../src/pipeline/quantumGraph.ts';
import type { ExecutionEvent } from '../../src/pipeline/executor.ts';
import { toyCatalog, toyPipeline, toyRowsOf, toyStore } from '../pipeline/toys.ts';

describe('progress', () => {
  const rows = toyRowsOf([1, 3], [0]);
  const quantum = buildQuantumGraph(toyPipeline(), toyCatalog(rows, toyStore(rows))).quanta[0]!;
  const outcome = { ...lostOutcome('timeout', 'ended after the time limit of 3 s'), resources: { wall_s: 1.5, cpu_s: 1, peakRss_MB: 20 } };
  const events: readonly ExecutionEvent[] = [
    { type: 'begun', quanta: [quantum, quantum], nTotal: 3 },
    { type: 'started', quantum, nDone: 0, nTotal: 3 },
    { type: 'finished', result: { quantum, status: 'failed', message: outcome.message, outcome }, nDone: 1, nTotal: 3 },
    { type: 'finished', result: { quantum, status: 'reused', message: null, outcome: null }, nDone: 2, nTotal: 3 },
  ];
  const written = (progressOf: typeof progressOn, isTTY: boolean): string => {
    let text = '';
    let seconds = 0;
    const progress = progressOf({ isTTY, columns: 90, write: part => { text += part; } }, () => seconds);
    progress.say('hello');
    for (const event of events) {
      progress.onEvent(event);
      seconds += 2;
    }
    progress.end();
    return text;
  };

  it('as JSON lines names every quantum, what became of it and what it took', () => {
    const lines = written(jsonProgressOn, true).trimEnd().split('\n').map(line => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map(line => line.event)).to.deep.equal(['message', 'begun', 'started', 'finished', 'finished']);
    expect(lines[1]).to.deep.equal({ event: 'begun', nToRun: 2, nTotal: 3 });
    expect(lines[2]).to.deep.equal({
      event: 'started', quantum: quantum.id, task: 'clean', dataId: quantum.dataId, nDone: 0, nTotal: 3,
      nRunning: 1, nFailed: 0, rate_per_s: null, left_s: null,
    });
    expect(lines[3]).to.include({ nRunning: 0, nFailed: 1, rate_per_s: 0.25, left_s: 2 });
    expect(lines[3]).to.include({ status: 'failed', message: 'ended after the time limit of 3 s', seconds: 1.5, cpu_s: 1, peakRss_MB: 20 });
    expect(lines[4]).to.include({ status: 'reused', message: null, seconds: null, nDone: 2 });
  });

  it('as plain lines says failures in full, and nothing of what is reused', () => {
    const lines = written(progressOn, false).trimEnd().split('\n');
    expect(lines).to.have.length(2);
    expect(lines[1]).to.match(/^\[1\/3\] clean \{.*\} failed 1\.5 s: ended after the time limit of 3 s$/);
  });

  it('on a terminal rewrites one line no wider than it is', () => {
    const text = written(progressOn, true);
    const last = text.split('\n').at(-1)!.split('\r\u001b[K').findLast(line => line !== '')!;
    expect(last.length).to.be.lessThan(90);
    expect(last).to.match(/^\[2\/3\] 0 running, 1 failed, 10\.0\/min, 2 s left · clean \{.*/);
  });
});
