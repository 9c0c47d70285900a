import { expect } from 'chai';
import type { ReferenceValue } from '../../src/harness/bounds.ts';
import { judge, NO_CONTEXT } from '../../src/harness/judge.ts';
import type { JudgeContext } from '../../src/harness/judge.ts';
import { loadSpecifications } from '../../src/harness/loadSpecifications.ts';
import type { Measurement, Metric, Verdict } from '../../src/model/verification.ts';
import { random } from '../../src/numeric/random.ts';
import { HASH, measurementOf, metricOf } from './results.ts';

const past = (value: number, changes: Partial<ReferenceValue> = {}): ReferenceValue =>
  ({ value, interval: null, definitionHash: HASH, fingerprint: 'f', run: 'run 1', ...changes });

interface Case {
  readonly yaml: string;
  readonly measurement?: Partial<Measurement>;
  readonly metric?: Partial<Metric>;
  readonly baseline?: ReferenceValue;
  readonly history?: readonly ReferenceValue[];
  readonly context?: Partial<JudgeContext>;
}

function judged({ yaml, measurement, metric, baseline, history = [], context = {} }: Case): Verdict[] {
  const metrics = [metricOf(metric)];
  const specifications = loadSpecifications([{ path: 'specs.yaml', text: `name: s\nmetric: pkg.M\n${yaml}` }], metrics);
  return judge(specifications, [measurementOf({ interval: null, ...measurement })], metrics,
    { ...NO_CONTEXT, fingerprint: 'f', ...context, references: { baseline: () => baseline ?? null, history: () => history } });
}

const RELATIVE = 'relative: { percent: 10, absolute: 0.2, unit: mas }';
const WINDOW = 'window: { sigmas: 4, absolute: 0.1, unit: mas, runs: 10 }';
const BEST = 'best: { percent: 10 }';
const steady = [5, 5.1, 4.9, 5, 5.05, 4.95, 5].map(v => past(v));

describe('harness/bounds', () => {
  const cases: readonly (readonly [string, Case, Verdict['status'], RegExp | number | null])[] = [
    ['a baseline, 10 % worse is allowed', { yaml: RELATIVE, baseline: past(5), measurement: { value: 5.5 } }, 'pass', 5.5],
    ['a baseline, more than 10 % worse', { yaml: RELATIVE, baseline: past(5), measurement: { value: 5.51 } }, 'fail', 5.5],
    ['a baseline of zero leaves the absolute allowance', { yaml: RELATIVE, baseline: past(0), measurement: { value: 0.2 } }, 'pass', 0.2],
    ['better than the baseline by any amount', { yaml: RELATIVE, baseline: past(5), measurement: { value: 0 } }, 'pass', 5.5],
    ['higher is better: 10 % less is allowed', { yaml: RELATIVE, baseline: past(50), measurement: { value: 45 }, metric: { direction: 'higher' } }, 'pass', 45],
    ['higher is better: more than 10 % less', { yaml: RELATIVE, baseline: past(50), measurement: { value: 44.9 }, metric: { direction: 'higher' } }, 'fail', 45],
    ['no better side: both sides are bounded', { yaml: RELATIVE, baseline: past(5), measurement: { value: 4.4 }, metric: { direction: 'target' } }, 'fail', null],
    ['no worse than the base, within three standard errors of both', {
      yaml: 'relative: { sigmas: 3 }', baseline: past(5, { interval: [4.7, 5.3] }), measurement: { value: 6.4, interval: [6, 6.8] },
    }, 'pass', 5 + 3 * Math.hypot(0.3, 0.4)],
    ['no baseline', { yaml: RELATIVE }, 'incomplete', /nothing to compare with/],
    ['no baseline, allowed to be missing', { yaml: `${RELATIVE.slice(0, -1)}, missing: note }` }, 'note', /nothing to compare with/],
    ['a baseline of another definition', { yaml: RELATIVE, baseline: past(5, { definitionHash: 'other' }) }, 'incomplete', /not comparable \(1 of another definition\)/],
    ['times of another machine', { yaml: RELATIVE, baseline: past(5, { fingerprint: 'g' }), metric: { tags: ['resource'] } }, 'incomplete', /1 of another machine/],
    ['values of another machine that are no times', { yaml: RELATIVE, baseline: past(5, { fingerprint: 'g' }) }, 'pass', 5.5],
    ['like the last runs', { yaml: WINDOW, history: steady, measurement: { value: 5.2 } }, 'pass', null],
    ['far from the last runs', { yaml: WINDOW, history: steady, measurement: { value: 6 } }, 'fail', null],
    ['one wild run does not widen the window', { yaml: WINDOW, history: [past(500), ...steady], measurement: { value: 6 } }, 'fail', null],
    ['too few runs', { yaml: WINDOW, history: steady.slice(0, 4) }, 'incomplete', /4 runs in the history, at least 5 needed/],
    ['near the best run', { yaml: BEST, history: steady, measurement: { value: 5.39 } }, 'pass', 4.9 * 1.1],
    ['creeping away from the best run', { yaml: BEST, history: steady, measurement: { value: 5.4 } }, 'fail', 4.9 * 1.1],
    ['the best of a metric without a better side', { yaml: BEST, history: steady, metric: { direction: 'neither' } }, 'incomplete', /no better side/],
    ['a tolerance', { yaml: 'tolerance: { target: 5, percent: 4, absolute: 0.1, unit: mas }', measurement: { value: 5.2 } }, 'pass', null],
    ['outside a tolerance', { yaml: 'tolerance: { target: 5, percent: 4, absolute: 0.1, unit: mas }', measurement: { value: 5.21 } }, 'fail', null],
    ['a function by name', { yaml: 'function: { of: band, operator: <, values: { g: 4, r: 6 }, unit: mas }', measurement: { keys: { band: 'r' } } }, 'pass', 6],
    ['a function without that name', { yaml: 'function: { of: band, operator: <, values: { g: 4 }, unit: mas }', measurement: { keys: { band: 'r' } } }, 'incomplete', /no bound for band r/],
    ['a function by points, between them', { yaml: 'function: { of: mag, operator: <, points: [[20, 4], [22, 8]], unit: mas }', measurement: { keys: { mag: '20.5..21.5' } } }, 'pass', 6],
    ['a function by points, beyond them', { yaml: 'function: { of: mag, operator: <, points: [[20, 4], [22, 8]], unit: mas }', measurement: { keys: { mag: 22.5 } } }, 'incomplete', /no bound for mag 22.5/],
    ['before the date of a profile', { yaml: PROFILES(), context: { date: '2026-12-31' }, measurement: { value: 7 } }, 'pass', 8],
    ['from the date of a profile on', { yaml: PROFILES(), context: { date: '2027-01-01' }, measurement: { value: 7 } }, 'fail', 6],
    ['a profile by name', { yaml: PROFILES(), context: { date: '2026-01-01', profile: 'ORR' }, measurement: { value: 5.5 } }, 'fail', 5],
    ['a condition that holds', { yaml: 'threshold: { operator: <, value: 1, unit: mas }\nwhen: { band: [g, r], nVisits: { min: 3 } }', measurement: { keys: { band: 'g' } }, context: { facts: { nVisits: 3 } } }, 'fail', 1],
    ['a condition that does not hold', { yaml: 'threshold: { operator: <, value: 1, unit: mas }\nwhen: { nVisits: { min: 3 } }', context: { facts: { nVisits: 2 } } }, 'note', /not applicable: nVisits is 2, wanted >= 3/],
    ['a condition on what nobody knows', { yaml: 'exists: x'.replace('exists: x', 'when: { moon: full }') }, 'note', /moon is not known/],
    ['metadata_query of lsst.verify', { yaml: 'threshold: { operator: <, value: 1, unit: mas }\nmetadata_query: { filter_name: r }', context: { facts: { filter_name: 'i' } } }, 'note', /filter_name is i/],
    ['no longer valid', { yaml: 'threshold: { operator: <, value: 1, unit: mas }\nvalid: { until: 2026-01-01 }'.replace('2026-01-01', "'2026-01-01'"), context: { date: '2026-01-02' } }, 'note', /held until/],
    ['quarantined', { yaml: 'threshold: { operator: <, value: 1, unit: mas }\nquarantine: flickers since the new camera' }, 'note', /quarantined \(flickers.*without the quarantine: fail/],
  ];
  for (const [name, given, status, expected] of cases) {
    it(`${name}: ${status}`, () => {
      const [verdict] = judged(given);
      expect(verdict!.status, verdict!.reason).to.equal(status);
      if (typeof expected === 'number') expect(verdict!.specification.bound).to.be.closeTo(expected, 1e-9);
      else if (expected !== null) expect(verdict!.reason).to.match(expected);
    });
  }

  it('a task that takes 10 % longer than the last 20 runs, which scatter by 1 %, is told; the usual scatter is not', () => {
    const rng = random(9, 'task time');
    const yaml = 'window: { sigmas: 4, percent: 5 }';
    let [caught, alarms] = [0, 0];
    for (let trial = 0; trial < 500; trial++) {
      const history = Array.from({ length: 20 }, () => past(40 * (1 + 0.01 * rng.normal())));
      const status = (value: number): string => judged({ yaml, history, measurement: { value }, metric: { tags: ['resource'] } })[0]!.status;
      caught += status(44 * (1 + 0.01 * rng.normal())) === 'fail' ? 1 : 0;
      alarms += status(40 * (1 + 0.01 * rng.normal())) === 'fail' ? 1 : 0;
    }
    expect(caught / 500).to.be.greaterThan(0.99);
    expect(alarms).to.equal(0);
  });

  it('a verdict tells how its bound was found', () => {
    expect(judged({ yaml: RELATIVE, baseline: past(5) })[0]!.origin).to.equal('baseline 5, allowed 0.5 (the largest of 10 %, 0.2)');
    expect(judged({ yaml: BEST, history: steady })[0]!.origin).to.include('best 4.9 of the last 7 runs (run 1)');
    expect(judged({ yaml: PROFILES(), context: { date: '2027-03-01' } })[0]!.origin).to.equal('profile FY27, from 2027-01-01');
  });

  it('levels: the minimum gates, design warns, stretch is noted', () => {
    const verdicts = judged({ yaml: 'levels: { operator: <, minimum: 8, design: 5, stretch: 3, unit: mas }', measurement: { value: 6 } });
    expect(verdicts.map(v => [v.specification.name, v.specification.level, v.specification.severity, v.status])).to.deep.equal([
      ['pkg.M.s-minimum', 'minimum', 'fail', 'pass'], ['pkg.M.s-design', 'design', 'warn', 'fail'], ['pkg.M.s-stretch', 'stretch', 'note', 'note']]);
  });

  it('the gate that is farthest outside comes first, a block before all', () => {
    const metrics = [metricOf({ name: 'pkg.A' }), metricOf({ name: 'pkg.B' }), metricOf({ name: 'pkg.C' })];
    const text = [['A', 'fail'], ['B', 'fail'], ['C', 'block']].map(([m, severity]) =>
      `name: s\nmetric: pkg.${m}\nseverity: ${severity}\nthreshold: { operator: <, value: 1, unit: mas }\n`).join('---\n');
    const measurements = [['A', 2], ['B', 9], ['C', 1.5]].map(([m, value]) =>
      measurementOf({ metric: `pkg.${m}`, value: value as number, interval: [value as number - 0.5, value as number + 0.5] }));
    const verdicts = judge(loadSpecifications([{ path: 's.yaml', text }], metrics), measurements, metrics);
    expect(verdicts.map(v => v.specification.metric)).to.deep.equal(['pkg.C', 'pkg.B', 'pkg.A']);
  });
});

function PROFILES(): string {
  return `threshold: { operator: <, value: 8, unit: mas }
profiles:
  - { name: ORR, from: '2028-01-01', value: 5 }
  - { name: FY27, from: '2027-01-01', value: 6 }`;
}
