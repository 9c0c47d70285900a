import { expect } from 'chai';
import { lint } from '../../src/harness/lint.ts';
import type { LintInput, LintRule } from '../../src/harness/lint.ts';
import { loadSpecifications } from '../../src/harness/loadSpecifications.ts';
import type { Specification } from '../../src/model/specification.ts';
import { metricOf } from './results.ts';

const METRICS = [metricOf()];
const specs = (text: string): Specification[] => loadSpecifications([{ path: 'specs.yaml', text }], METRICS);
const GOOD = 'name: limit\nmetric: pkg.M\nthreshold: { operator: <, value: 10, unit: mas }\n';
const rules = (changes: Partial<LintInput>): LintRule[] =>
  lint({ metrics: METRICS, specifications: specs(GOOD), measured: ['pkg.M'], date: '2027-01-01', ...changes }).map(f => f.rule);
const waiver = (spec: string, expires: string): NonNullable<LintInput['waivers']> =>
  [{ spec, expires, keys: {}, owner: 'o', reason: 'r', created: '2026-01-01', source: 'w.yaml:1' }];

describe('harness/lint', () => {
  const cases: readonly [string, Partial<LintInput>, readonly LintRule[]][] = [
    ['good definitions', {}, []],
    ['nothing at all', { metrics: [], specifications: [], measured: [] }, ['no-gate']],
    ['only warnings', { specifications: specs(`${GOOD}severity: warn\n`) }, ['no-gate']],
    ['a metric that nobody computes', { measured: [] }, ['unmeasured-metric', 'dead-specification']],
    ['a metric that is computed and not defined', { measured: ['pkg.M', 'pkg.MM'] }, ['undefined-metric']],
    ['a metric without a specification', { metrics: [...METRICS, metricOf({ name: 'pkg.N' })], measured: ['pkg.M', 'pkg.N'] }, ['metric-without-specification']],
    ['levels out of order', { specifications: specs('name: x\nmetric: pkg.M\nlevels: { operator: <, unit: mas, minimum: 3, design: 5 }\n') }, ['level-order']],
    ['levels by name out of order', { specifications: specs(`${GOOD.replace('limit', 'design').replace('10', '5')}---\n${GOOD.replace('limit', 'stretch')}`) }, ['level-order']],
    ['levels in order', { specifications: specs('name: x\nmetric: pkg.M\nlevels: { operator: <, unit: mas, minimum: 8, design: 5, stretch: 3 }\n') }, []],
    ['a profile that loosens', { specifications: specs(`${GOOD}profiles: [{ name: p, from: '2027-01-01', value: 12 }]\n`) }, ['profile-order']],
    ['a bound on the better side', { specifications: specs(GOOD.replace('<', "'>'")) }, ['wrong-side']],
    ['a condition that nobody can meet', { specifications: specs(`${GOOD}when: { moon: full }\n`), facts: ['dataset'] }, ['dead-specification']],
    ['a specification of the past', { specifications: specs(`${GOOD}valid: { until: '2026-12-31' }\n`) }, ['dead-specification']],
    ['a looser bound', { earlier: specs(GOOD.replace('10', '9')) }, ['loosened-bound']],
    ['a tighter bound', { earlier: specs(GOOD.replace('10', '11')) }, []],
    ['a softer severity', { earlier: specs(`${GOOD}severity: block\n`) }, ['loosened-bound']],
    ['a specification that is gone', { earlier: specs(GOOD.replace('limit', 'old')) }, ['removed-specification']],
    ['a wider allowance', {
      specifications: specs('name: r\nmetric: pkg.M\nrelative: { percent: 9 }\n'), earlier: specs('name: r\nmetric: pkg.M\nrelative: { percent: 5 }\n'),
    }, ['loosened-bound']],
    ['a waiver that has expired', { waivers: waiver('pkg.M.limit', '2026-12-31') }, ['expired-waiver']],
    ['a waiver of nothing', { waivers: waiver('pkg.M.limmit', '2028-12-31') }, ['unknown-waiver']],
    ['a decision by an interval that there is not', { metrics: [metricOf({ interval: 'none' })], specifications: specs(`${GOOD}decision: bound\n`) }, ['needs-interval']],
  ];
  for (const [name, changes, expected] of cases) {
    it(`${name}: ${expected.join(', ') || 'nothing'}`, () => { expect(rules(changes)).to.deep.equal(expected); });
  }
});
