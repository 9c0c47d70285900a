import { expect } from 'chai';
import { acceptResult, readBaseline } from '../../src/harness/baseline.ts';
import { confirmed } from '../../src/harness/confirm.ts';
import { explain } from '../../src/harness/explain.ts';
import { judge, NO_CONTEXT } from '../../src/harness/judge.ts';
import { loadSpecifications } from '../../src/harness/loadSpecifications.ts';
import { boundsYaml, proposeBound } from '../../src/harness/proposeBounds.ts';
import { overallVerdict } from '../../src/harness/verdict.ts';
import { loadWaivers } from '../../src/harness/waivers.ts';
import { ApError } from '../../src/model/errors.ts';
import type { Verdict } from '../../src/model/verification.ts';
import { random } from '../../src/numeric/random.ts';
import { measurementOf, metricOf, resultOf, specificationOf, verdictOf } from './results.ts';

const WAIVERS = `format: ap-verify-waivers/1
waivers:
  - { spec: pkg.M.limit, dataset: a-set, owner: Ada, reason: the new flat is on its way, created: '2026-11-01', expires: '2026-12-01', accept: 20 }
`;
const waived = (value: number | null, date: string, dataset = 'a-set'): Verdict => judge(
  [specificationOf()], [measurementOf({ value, status: value === null ? 'missing' : 'ok', reason: 'r' })], [metricOf()],
  { ...NO_CONTEXT, date, facts: { dataset }, waivers: loadWaivers([{ path: 'waivers.yaml', text: WAIVERS }]) })[0]!;

describe('harness: waivers', () => {
  const cases: readonly [string, Verdict, Verdict['status'], RegExp][] = [
    ['in force', waived(15, '2026-11-20'), 'waived', /waived by Ada until 2026-12-01 \(the new flat.*outside the bound/],
    ['on its last day', waived(15, '2026-12-01'), 'waived', /Ada/],
    ['expired', waived(15, '2026-12-02'), 'fail', /the waiver of Ada has expired on 2026-12-01/],
    ['worse than what it accepts', waived(21, '2026-11-20'), 'fail', /accepts 20 at most/],
    ['for another dataset', waived(15, '2026-11-20', 'b-set'), 'fail', /outside the bound$/],
    ['for what needs none', waived(5, '2026-11-20'), 'pass', /inside/],
    ['without a value', waived(null, '2026-11-20'), 'incomplete', /accepts 20 at most/],
  ];
  for (const [name, verdict, status, reason] of cases) {
    it(`${name}: ${status}`, () => {
      expect(verdict.status).to.equal(status);
      expect(verdict.reason).to.match(reason);
    });
  }

  it('a waived gate is told in the sentence and does not count as a pass', () => {
    const verdicts = [waived(15, '2026-11-20'), verdictOf()];
    expect(overallVerdict({ verdicts, metrics: [metricOf()], quanta: [] })).to.deep.include({
      exitCode: 0, sentence: 'The one gating specification passes. 1 is waived: The metric by Ada until 2026-12-01.',
    });
    expect(overallVerdict({ verdicts: verdicts.slice(0, 1), metrics: [metricOf()], quanta: [] }).exitCode).to.equal(2);
  });

  const bad: readonly [string, string][] = [
    ['without a reason', WAIVERS.replace('reason: the new flat is on its way, ', '')], ['without an end', WAIVERS.replace(", expires: '2026-12-01'", '')],
    ['that ends before it begins', WAIVERS.replace("'2026-12-01'", "'2026-10-01'")], ['without an owner', WAIVERS.replace('owner: Ada, ', '')],
  ];
  for (const [name, text] of bad) {
    it(`refuses one ${name}`, () => {
      expect(() => loadWaivers([{ path: 'w.yaml', text }])).to.throw(ApError, /w\.yaml:\d/).with.property('code', 'BAD_SPECIFICATION');
    });
  }
});

describe('harness: confirmation by re-runs', () => {
  const fail = verdictOf({ status: 'fail', value: 15, reason: 'outside' });
  const pass = verdictOf();
  const cases: readonly [string, Verdict, readonly Verdict[], Verdict['status'], Verdict['attempts']][] = [
    ['fails every time', fail, [fail, fail], 'fail', { failed: 3, of: 3 }],
    ['fails, then passes', fail, [pass, pass], 'incomplete', { failed: 1, of: 3 }],
    ['passes, then fails', pass, [fail, pass], 'incomplete', { failed: 1, of: 3 }],
    ['passes every time', pass, [pass, pass], 'pass', undefined],
    ['was not run again', fail, [], 'fail', undefined],
  ];
  for (const [name, first, reruns, status, attempts] of cases) {
    it(`${name}: ${status}`, () => {
      const [verdict] = confirmed([first], reruns.map(v => [v]));
      expect([verdict!.status, verdict!.attempts]).to.deep.equal([status, attempts]);
    });
  }
});

describe('harness: baselines', () => {
  const result = resultOf({ measurements: [measurementOf({ value: 5 }), measurementOf({ metric: 'pkg.N', value: 2 })] });
  const who = { owner: 'Ada', reason: 'better flats', at: '2026-11-25T00:00:00Z', metrics: [] };

  it('keeps old value, new value, owner and reason; may be limited to a metric; survives its file', () => {
    const first = acceptResult(null, result, who);
    const next = resultOf({ measurements: [measurementOf({ value: 6 }), measurementOf({ metric: 'pkg.N', value: 9 })] });
    const second = acceptResult(first, next, { ...who, reason: 'again', metrics: ['pkg.M'] });
    expect(second.accepted.map(a => [a.reason, a.changes])).to.deep.equal([
      ['again', [{ metric: 'pkg.M', keys: {}, before: 5, after: 6 }]],
      ['better flats', [{ metric: 'pkg.M', keys: {}, before: null, after: 5 }, { metric: 'pkg.N', keys: {}, before: null, after: 2 }]]]);
    expect(second.measurements.map(m => m.value).sort()).to.deep.equal([2, 6]);
    expect(readBaseline(JSON.stringify(second), 'b.json')).to.deep.equal(second);
    expect(readBaseline(JSON.stringify(result), 'result.json').measurements).to.have.length(2);
  });

  it('refuses what is none, and a metric that is not there', () => {
    for (const text of ['', '{}', '{"format":"ap-verify-baseline/1"}']) expect(() => readBaseline(text, 'b.json')).to.throw(ApError).with.property('code', 'BAD_FORMAT');
    expect(() => acceptResult(null, result, { ...who, metrics: ['pkg.None'] })).to.throw(ApError, /pkg\.None/);
  });
});

describe('harness: proposed bounds', () => {
  it('are broken by one more run as often as they say', () => {
    const rng = random(11, 'propose');
    const [trials, n, p] = [20_000, 12, 0.01];
    let broken = 0;
    for (let t = 0; t < trials; t++) {
      const values = Array.from({ length: n }, () => 40 + 3 * rng.normal());
      const bound = proposeBound({ metric: 'pkg.M', keys: {}, values, intervals: [] }, 'lower', p)!;
      if (40 + 3 * rng.normal() > bound.upper!) broken++;
    }
    // The median has more noise than the mean that the formula assumes: a little above the nominal 1 %.
    expect(broken / trials).to.be.within(0.007, 0.016);
  });

  it('identical runs take the error of the value; fewer than three give none', () => {
    const same = { metric: 'pkg.M', keys: {}, values: [5, 5, 5], intervals: [[4, 6], [4, 6], [4, 6]] as const };
    expect(proposeBound(same, 'lower')!.upper).to.be.greaterThan(5 + 3);
    expect(proposeBound({ ...same, values: [5, 5] }, 'lower')).to.equal(null);
  });

  it('the YAML loads as specifications, rounded outward', () => {
    const series = { metric: 'pkg.M', keys: { band: 'g' }, values: [5, 5.1, 4.9, 5.02], intervals: [] };
    for (const direction of ['lower', 'higher', 'target'] as const) {
      const bound = proposeBound(series, direction)!;
      const [s] = loadSpecifications([{ path: 'p.yaml', text: boundsYaml([bound], [metricOf()], 0.001) }], [metricOf()]);
      expect(s).to.deep.include({ name: 'pkg.M.usual-g', keys: { band: 'g' }, severity: 'warn' });
      expect(s!.bound ?? s!.range![1]).to.satisfy((x: number) => (direction === 'higher' ? x <= bound.lower! : x >= bound.upper!));
    }
  });
});

describe('harness/explain', () => {
  it('tells formula, bound, value and history, and the nearest names of a metric that is none', () => {
    const input = { metrics: [metricOf()], specifications: [specificationOf()], requires: ['calexp'], result: resultOf(), history: [] };
    const text = explain('pkg.M', input);
    for (const part of ['formula     x', 'lower is better', 'limit: < 10 mas', 'specs.yaml:3', '5 mas (4 .. 6), n = 100', 'reads       calexp']) expect(text).to.include(part);
    expect(() => explain('pkg.N', input)).to.throw(ApError, /pkg\.M/).with.property('code', 'BAD_METRIC');
  });
});
