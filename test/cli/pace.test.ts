import { expect } from 'chai';
import { paceOf, paceText } from '../../src/cli/pace.ts';
import type { QuantumResult } from '../../src/pipeline/executor.ts';
import { buildQuantumGraph } from '../../src/pipeline/quantumGraph.ts';
import { toyCatalog, toyPipeline, toyRowsOf, toyStore } from '../pipeline/toys.ts';

describe('pace of a run', () => {
  const rows = toyRowsOf([1, 2, 3, 4], [0]);
  const { quanta } = buildQuantumGraph(toyPipeline(), toyCatalog(rows, toyStore(rows)));
  const [slow, quick] = ['clean', 'subtract'].map(label => quanta.filter(quantum => quantum.label === label));
  const result = (quantum: (typeof quanta)[number], status: QuantumResult['status']): QuantumResult =>
    ({ quantum, status, message: null, outcome: null });

  it('weighs what is left by the time that each task has taken, and by how many run at once', () => {
    let now = 100;
    const pace = paceOf(() => now);
    pace.add({ type: 'begun', quanta: [...slow!, ...quick!], nTotal: 8 });
    expect(pace.read()).to.deep.equal({ nRunning: 0, nFailed: 0, rate_per_s: null, left_s: null });
    pace.add({ type: 'started', quantum: slow![0]!, nDone: 0, nTotal: 8 });
    pace.add({ type: 'started', quantum: slow![1]!, nDone: 0, nTotal: 8 });
    now += 10;
    for (const quantum of slow!.slice(0, 2)) pace.add({ type: 'finished', result: result(quantum, 'succeeded'), nDone: 1, nTotal: 8 });
    pace.add({ type: 'started', quantum: quick![0]!, nDone: 2, nTotal: 8 });
    pace.add({ type: 'started', quantum: quick![1]!, nDone: 2, nTotal: 8 });
    now += 2;
    pace.add({ type: 'finished', result: result(quick![0]!, 'failed'), nDone: 3, nTotal: 8 });
    pace.add({ type: 'finished', result: result(quick![1]!, 'succeeded'), nDone: 4, nTotal: 8 });
    // 2 x 10 s and 2 x 2 s of work are left, 24 s have been done in 12 s.
    expect(pace.read()).to.deep.equal({ nRunning: 0, nFailed: 1, rate_per_s: 4 / 12, left_s: 12 });
    expect(paceText(pace.read())).to.equal('0 running, 1 failed, 20.0/min, 12 s left');
  });

  it('does not count what is reused', () => {
    let now = 0;
    const pace = paceOf(() => now);
    pace.add({ type: 'begun', quanta: slow!.slice(1), nTotal: 4 });
    now += 5;
    pace.add({ type: 'finished', result: result(slow![0]!, 'reused'), nDone: 1, nTotal: 4 });
    expect(pace.read()).to.include({ rate_per_s: null, left_s: null });
  });

  it('writes minutes and hours', () => {
    const text = (left_s: number): string => paceText({ nRunning: 2, nFailed: 0, rate_per_s: 3.25, left_s });
    expect(text(59.2)).to.equal('2 running, 3.3/s, 1 min 00 s left');
    expect(text(7384)).to.equal('2 running, 3.3/s, 2 h 03 min left');
  });
});
