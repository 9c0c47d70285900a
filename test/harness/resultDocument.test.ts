import { expect } from 'chai';
import { comparableResult, readResult, writeResult } from '../../src/harness/resultDocument.ts';
import { ApError } from '../../src/model/errors.ts';
import type { VerificationResult } from '../../src/model/verification.ts';
import { measurementOf, metricOf, quantumOf, resultOf, verdictOf } from './results.ts';

describe('harness/resultDocument', () => {
  it('reads what it writes', () => {
    const result = resultOf({ measurements: [measurementOf({ keys: { band: 'g', visit: 3 }, blobs: { plot: { kind: 'curve', x: [1, null] } } })] });
    expect(readResult(writeResult(result), 'result.json')).to.deep.equal(result);
  });

  const bad: readonly [string, Partial<VerificationResult> | object, string][] = [
    ['a value that is not finite', { measurements: [measurementOf({ value: Infinity })] }, '/measurements/0/value'],
    ['NaN deep inside a blob', { measurements: [measurementOf({ blobs: { plot: { points: [[1, NaN]] } } })] }, '/measurements/0/blobs/plot/points/0/1'],
    ['ok without a value', { measurements: [measurementOf({ value: null })] }, '/measurements/0'],
    ['missing with a value', { measurements: [measurementOf({ status: 'missing', reason: 'x' })] }, '/measurements/0'],
    ['missing without a reason', { measurements: [measurementOf({ status: 'missing', value: null, reason: null })] }, '/measurements/0'],
    ['a sample of half an item', { measurements: [measurementOf({ n: 1.5 })] }, '/measurements/0/n'],
    ['an interval with three ends', { measurements: [measurementOf({ interval: [1, 2, 3] as never })] }, '/measurements/0/interval'],
    ['a unit that is not one', { metrics: [metricOf({ unit: 'furlong' as never })] }, '/metrics/0/unit'],
    ['a hash that is none', { metrics: [metricOf({ definitionHash: 'abc' })] }, '/metrics/0/definitionHash'],
    ['a status that is none', { verdicts: [verdictOf({ status: 'perhaps' as never })] }, '/verdicts/0/status'],
    ['a local time', { run: { ...resultOf().run, started: '2026-11-24T10:00:00+01:00' } }, '/run/started'],
    ['no worker', { run: { ...resultOf().run, workers: 0 } }, '/run/workers'],
    ['a quantum without an end', { run: { ...resultOf().run, quanta: [quantumOf({ status: 'running' as never })] } }, '/run/quanta/0/status'],
    ['another format', { format: 'ap-verify-result/2' }, '/format'],
    ['an unknown part', { colour: 'red' }, 'additional'],
    ['no cutouts', { cutouts: undefined }, 'cutouts'],
  ];
  for (const [name, changes, where] of bad) {
    it(`refuses ${name}, when writing and when reading`, () => {
      const result = { ...resultOf(), ...changes } as VerificationResult;
      expect(() => writeResult(result)).to.throw(ApError, where).with.property('code', 'INTERNAL');
      const text = JSON.stringify(result);
      // A number that is not finite has become null: where a null may stand, reading cannot tell.
      if (name.includes('NaN')) return;
      expect(() => readResult(text, 'a.json')).to.throw(ApError, 'a.json').with.property('code', 'BAD_FORMAT');
    });
  }

  for (const [name, text] of [['nothing', ''], ['half a document', '{"format":'], ['a list', '[]'], ['null', 'null']] as const) {
    it(`refuses ${name} as BAD_FORMAT`, () => {
      expect(() => readResult(text, 'a.json')).to.throw(ApError, 'a.json').with.property('code', 'BAD_FORMAT');
    });
  }

  it('two runs of the same thing are equal but for the run and what is measured in seconds', () => {
    const time = metricOf({ name: 'ap_verify.TaskTime', tags: ['resource'] });
    const timed = (seconds: number): VerificationResult => {
      const result = resultOf({
        metrics: [metricOf(), time],
        measurements: [measurementOf(), measurementOf({ metric: time.name, value: seconds })],
        verdicts: [verdictOf(), verdictOf({ value: seconds }, { metric: time.name, severity: 'warn' })],
      });
      return { ...result, run: { ...result.run, seconds, host: String(seconds) } };
    };
    expect(comparableResult(timed(1))).to.deep.equal(comparableResult(timed(2)));
    expect(comparableResult(timed(1))).not.to.have.property('run');
    expect(comparableResult(timed(1)).measurements).to.have.length(1);
    expect(comparableResult(timed(1)).verdicts).to.have.length(1);
    expect(comparableResult(resultOf({ measurements: [measurementOf({ value: 6 })] }))).not.to.deep.equal(comparableResult(resultOf()));
  });
});
