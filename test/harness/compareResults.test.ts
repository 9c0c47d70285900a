import { expect } from 'chai';
import { compareResults } from '../../src/harness/compareResults.ts';
import type { MetricChange } from '../../src/harness/compareResults.ts';
import type { Direction, Measurement } from '../../src/model/verification.ts';
import { measurementOf, metricOf, resultOf } from './results.ts';

function compare(before: Partial<Measurement> | null, after: Partial<Measurement> | null, direction: Direction = 'lower'): MetricChange[] {
  const side = (m: Partial<Measurement> | null): ReturnType<typeof resultOf> =>
    resultOf({ metrics: [metricOf({ direction })], measurements: m === null ? [] : [measurementOf(m)] });
  return compareResults(side(before), side(after));
}

const far = { value: 9, interval: [8, 10] } as const;
const near = { value: 5.5, interval: [4.5, 6.5] } as const;
const none = { status: 'missing', value: null, interval: null, reason: 'x' } as const;

describe('harness/compareResults', () => {
  const rows: readonly [string, Partial<Measurement> | null, Partial<Measurement> | null, Direction, MetricChange['change'], number | null, boolean | null][] = [
    ['lower is better and it rose', {}, far, 'lower', 'worse', 4, true],
    ['lower is better and it fell', far, {}, 'lower', 'better', -4, true],
    ['higher is better and it rose', {}, far, 'higher', 'better', 4, true],
    ['higher is better and it fell', far, {}, 'higher', 'worse', -4, true],
    ['target', {}, far, 'target', 'changed', 4, true],
    ['neither', {}, far, 'neither', 'changed', 4, true],
    ['inside the intervals', {}, near, 'lower', 'same', 0.5, false],
    ['equal', {}, {}, 'lower', 'same', 0, false],
    ['no interval on one side', {}, { value: 6, interval: null }, 'lower', 'worse', 1, null],
    ['no interval and equal', { interval: null }, { interval: null }, 'lower', 'same', 0, null],
    ['no interval and a rounding', { interval: null }, { value: 5 * (1 + 2e-7), interval: null }, 'lower', 'same', 5 * (1 + 2e-7) - 5, null],
    ['the value is gone', {}, none, 'lower', 'gone', null, null],
    ['the measurement is gone', {}, null, 'lower', 'gone', null, null],
    ['a new value', none, {}, 'lower', 'new', null, null],
    ['a new measurement', null, {}, 'lower', 'new', null, null],
    ['never there', none, none, 'lower', 'same', null, null],
    ['another definition', {}, { ...far, definitionHash: 'b'.repeat(64) }, 'lower', 'redefined', null, null],
  ];
  for (const [name, before, after, direction, change, difference, isSignificant] of rows) {
    it(`${name}: ${change}`, () => {
      const changes = compare(before, after, direction);
      expect(changes).to.have.length(1);
      expect(changes[0]).to.include({ change, difference, isSignificant, title: 'The metric', metric: 'pkg.M', unit: 'mas' });
    });
  }

  it('pairs by metric and keys, whatever the order of the keys; resources are left out', () => {
    const time = metricOf({ name: 'pkg.Time', tags: ['resource'] });
    const before = resultOf({
      metrics: [metricOf(), time],
      measurements: [measurementOf({ keys: { band: 'g', detector: 1 } }), measurementOf({ keys: { band: 'r' } }), measurementOf({ metric: time.name })],
    });
    const after = resultOf({
      metrics: [metricOf(), time],
      measurements: [measurementOf({ metric: time.name, value: 99 }), measurementOf({ keys: { detector: 1, band: 'g' }, ...far })],
    });
    expect(compareResults(before, after).map(c => [c.metric, c.keys.band, c.before, c.after, c.change])).to.deep.equal([
      ['pkg.M', 'g', 5, 9, 'worse'], ['pkg.M', 'r', 5, null, 'gone']]);
  });

  it('a metric that nobody defines is called by its name and has no better or worse', () => {
    const [change] = compareResults(resultOf({ metrics: [] }), resultOf({ metrics: [], measurements: [measurementOf(far)] }));
    expect(change).to.include({ title: 'pkg.M', change: 'changed' });
  });
});
