import { expect } from 'chai';
import fc from 'fast-check';
import { isGating, judge } from '../../src/harness/judge.ts';
import type { Measurement, Specification, Verdict } from '../../src/model/verification.ts';
import { measurementOf, metricOf, specificationOf } from './results.ts';

function judgeOne(specification: Partial<Specification>, measurement: Partial<Measurement>, minimumN = 10): Verdict {
  const verdicts = judge([specificationOf(specification)], [measurementOf(measurement)], [metricOf({ minimumN })]);
  expect(verdicts).to.have.length(1);
  return verdicts[0]!;
}

describe('harness/judge', () => {
  const bounds: readonly [string, Partial<Specification>, number, Verdict['status'], number][] = [
    ['< below', { operator: '<', bound: 10 }, 5, 'pass', 5],
    ['< at the bound', { operator: '<', bound: 10 }, 10, 'fail', 0],
    ['< above', { operator: '<', bound: 10 }, 12, 'fail', -2],
    ['<= at the bound', { operator: '<=', bound: 10 }, 10, 'pass', 0],
    ['<= above', { operator: '<=', bound: 10 }, 10.5, 'fail', -0.5],
    ['> above', { operator: '>', bound: 10 }, 12, 'pass', 2],
    ['> at the bound', { operator: '>', bound: 10 }, 10, 'fail', 0],
    ['>= at the bound', { operator: '>=', bound: 10 }, 10, 'pass', 0],
    ['>= below', { operator: '>=', bound: 10 }, 8, 'fail', -2],
    ['== equal', { operator: '==', bound: 10 }, 10, 'pass', 0],
    ['== not equal', { operator: '==', bound: 10 }, 11, 'fail', -1],
    ['!= not equal', { operator: '!=', bound: 10 }, 7, 'pass', 3],
    ['!= equal', { operator: '!=', bound: 10 }, 10, 'fail', 0],
    ['range inside', { type: 'range', range: [1, 4] }, 2, 'pass', 1],
    ['range at its ends', { type: 'range', range: [1, 4] }, 4, 'pass', 0],
    ['range below', { type: 'range', range: [1, 4] }, 0.5, 'fail', -0.5],
    ['range above', { type: 'range', range: [1, 4] }, 6, 'fail', -2],
    ['zero against zero', { operator: '<=', bound: 0 }, 0, 'pass', 0],
  ];
  for (const [name, specification, value, status, margin] of bounds) {
    it(`${name}: ${status}`, () => {
      const verdict = judgeOne(specification, { value, interval: null });
      expect([verdict.status, verdict.margin]).to.deep.equal([status, margin]);
    });
  }

  const intervals: readonly [string, Partial<Specification>, readonly [number, number] | null, Verdict['status']][] = [
    ['the whole interval is below', { operator: '<', bound: 10 }, [4, 6], 'pass'],
    ['the upper end is above', { operator: '<', bound: 10 }, [4, 11], 'incomplete'],
    ['the lower end is below', { operator: '>', bound: 4 }, [3, 6], 'incomplete'],
    ['the whole interval is above', { operator: '<', bound: 3 }, [4, 11], 'fail'],
    ['the whole interval is below', { operator: '>=', bound: 7 }, [3, 6], 'fail'],
    ['three standard errors reach over the bound', { operator: '<', bound: 7, sigmas: 3 }, [4, 6], 'incomplete'],
    ['one end outside the range', { type: 'range', range: [4, 6] }, [4.5, 6.1], 'incomplete'],
    ['the whole interval is beside the range', { type: 'range', range: [7, 8] }, [4.5, 6.1], 'fail'],
    ['the range lies within the interval', { type: 'range', range: [4.9, 5.2] }, [4.5, 6.1], 'incomplete'],
    ['both ends inside the range', { type: 'range', range: [4, 6] }, [4, 6], 'pass'],
    ['!= with the bound inside the interval', { operator: '!=', bound: 5 }, [4, 6], 'incomplete'],
    ['!= with the bound outside the interval', { operator: '!=', bound: 7 }, [4, 6], 'pass'],
    ['no interval', { operator: '<', bound: 10 }, null, 'incomplete'],
  ];
  for (const [name, specification, interval, status] of intervals) {
    it(`by the end of the interval, ${name}: ${status}`, () => {
      expect(judgeOne({ ...specification, decision: 'bound' }, { value: 5, interval }).status).to.equal(status);
    });
  }

  const absences: readonly [string, Partial<Measurement>, Verdict['status'], string][] = [
    ['missing', { status: 'missing', value: null, n: 0, reason: 'nothing there' }, 'incomplete', 'missing: nothing there'],
    ['failed', { status: 'failed', value: null, reason: 'crash' }, 'incomplete', 'failed: crash'],
    ['invalid', { status: 'invalid', value: null, reason: null }, 'incomplete', 'invalid: no reason given'],
    ['ok without a value', { value: null }, 'incomplete', 'no finite value'],
    ['ok with NaN', { value: NaN }, 'incomplete', 'no finite value'],
    ['ok with infinity', { value: -Infinity }, 'incomplete', 'no finite value'],
    ['another unit', { unit: 'arcsec' }, 'incomplete', 'unit \'arcsec\', expected \'mas\''],
    ['small sample', { n: 9 }, 'incomplete', 'n = 9, at least 10'],
    ['unknown sample', { n: null }, 'incomplete', 'n = 0, at least 10'],
    ['smallest sample', { n: 10 }, 'pass', 'inside the bound'],
    ['not applicable', { status: 'not-applicable', value: null, reason: 'no truth' }, 'note', 'not applicable: no truth'],
  ];
  for (const [name, measurement, status, reason] of absences) {
    for (const type of ['threshold', 'exists'] as const) {
      it(`${name}, ${type}: ${status}`, () => {
        const verdict = judgeOne({ type }, measurement);
        expect(verdict.status).to.equal(status);
        if (type === 'threshold' || status !== 'pass') expect(verdict.reason).to.include(reason);
        if (status !== 'pass') expect(verdict.margin).to.equal(null);
      });
    }
  }

  it('a metric that was not measured is incomplete', () => {
    expect(judge([specificationOf()], [measurementOf({ metric: 'pkg.Other' })], [metricOf()])[0])
      .to.include({ status: 'incomplete', value: null, reason: 'the metric was not measured' });
  });

  it('a metric without a definition is incomplete, whatever value an old result has', () => {
    expect(judge([specificationOf()], [measurementOf()], [])[0]).to.include({ status: 'incomplete', value: null }).and.to.have.property('reason')
      .that.includes('not defined');
  });

  it('a note notes: it neither passes nor fails', () => {
    for (const value of [5, 15]) expect(judgeOne({ severity: 'note' }, { value }).status).to.equal('note');
    expect(judgeOne({ severity: 'note', type: 'exists' }, {}).status).to.equal('note');
    expect(judgeOne({ severity: 'warn' }, { value: 15 }).status).to.equal('fail');
  });

  it('keys: the exact measurement, else all that have them', () => {
    const all = [{}, { band: 'g' }, { band: 'r' }, { band: 'r', detector: 1 }].map((keys, k) => measurementOf({ keys, value: k }));
    const judged = (keys: Specification['keys'], of: readonly Measurement[]): unknown[] =>
      judge([specificationOf({ keys })], of, [metricOf()]).map(v => [v.value, v.specification.keys]);
    expect(judged({}, all)).to.deep.equal([[0, {}]]);
    expect(judged({}, all.slice(1))).to.deep.equal([[1, { band: 'g' }], [2, { band: 'r' }], [3, { band: 'r', detector: 1 }]]);
    expect(judged({ band: 'r' }, all)).to.deep.equal([[2, { band: 'r' }]]);
    expect(judged({ detector: 1 }, all)).to.deep.equal([[3, { band: 'r', detector: 1 }]]);
    expect(judged({ band: 'z' }, all)).to.deep.equal([[null, { band: 'z' }]]);
    expect(judged({ detector: '1' }, all), 'text is not a number').to.deep.equal([[null, { detector: '1' }]]);
  });

  it('property: a pass by the interval is a pass by the value inside it', () => {
    const number = fc.double({ min: -20, max: 20, noNaN: true });
    fc.assert(fc.property(number, number, number, fc.constantFrom('<', '<=', '>', '>=', '==', '!='), (a, b, bound, operator) => {
      const interval: [number, number] = [Math.min(a, b), Math.max(a, b)];
      const measurement = { value: (a + b) / 2, interval };
      if (judgeOne({ operator, bound, decision: 'bound' }, measurement).status !== 'pass') return;
      expect(judgeOne({ operator, bound }, measurement).status).to.equal('pass');
    }), { seed: 2, numRuns: 200 });
  });

  it('fail and block gate, warn and note do not', () => {
    expect((['note', 'warn', 'fail', 'block'] as const).map(isGating)).to.deep.equal([false, false, true, true]);
  });
});
