import { expect } from 'chai';
import { boundText, overallVerdict } from '../../src/harness/verdict.ts';
import type { QuantumReport, Verdict } from '../../src/model/verification.ts';
import { metricOf, quantumOf, specificationOf, verdictOf } from './results.ts';

const pass = verdictOf();
const fail = verdictOf({ status: 'fail', value: 12.3456, margin: -2.3 });
const incomplete = verdictOf({ status: 'incomplete', value: null, reason: 'missing: no stars' });
const note = verdictOf({ status: 'note', value: null, reason: 'not applicable: no truth' });
const warning = verdictOf({ status: 'fail', value: 12 }, { severity: 'warn' });
const failed = quantumOf({ task: 'calibrateImage', dataId: { visit: 3, detector: 1 }, status: 'failed', message: 'no stars' });
const blocked = quantumOf({ task: 'diff', status: 'blocked' });

describe('harness/verdict', () => {
  const rows: readonly [string, readonly Verdict[], readonly QuantumReport[], number, string][] = [
    ['one passes', [pass], [], 0, 'The one gating specification passes.'],
    ['all pass', [pass, pass, pass], [quantumOf(), quantumOf({ status: 'noWork' }), quantumOf({ status: 'reused' })], 0,
      'All 3 gating specifications pass.'],
    ['a warning does not gate, but is told', [pass, warning], [], 0, 'The one gating specification passes; 1 warning.'],
    ['two warnings', [pass, warning, verdictOf({ status: 'incomplete' }, { severity: 'warn' })], [], 0,
      'The one gating specification passes; 2 warnings.'],
    ['one fails', [pass, fail], [], 1, '1 of 2 gating specifications fails: The metric is 12.35 mas, must be < 10 mas.'],
    ['a failure goes before the incomplete', [incomplete, fail], [], 1,
      '1 of 2 gating specifications fails: The metric is 12.35 mas, must be < 10 mas. 1 more is incomplete.'],
    ['incomplete', [pass, incomplete], [], 2, '1 of 2 gating specifications is incomplete: The metric: missing: no stars.'],
    ['nothing gates', [warning, note], [], 2, 'No gating specification applies, so nothing was verified.'],
    ['nothing at all', [], [], 2, 'No gating specification applies, so nothing was verified.'],
    ['not applicable is not a pass', [note], [], 2, 'No gating specification applies, so nothing was verified.'],
    ['not applicable beside a pass is named', [pass, note], [], 0,
      'The one gating specification passes. 1 does not apply to this run: The metric.'],
    ['the pipeline failed', [fail, pass], [quantumOf(), failed, blocked], 3,
      'The pipeline failed in 1 of 3 quanta, 1 after it could not run; the first is calibrateImage of visit 3, detector 1: no stars.'],
    ['it failed twice, without words', [], [{ ...failed, message: null }, failed, blocked, blocked], 3,
      'The pipeline failed in 2 of 4 quanta, 2 after them could not run; the first is calibrateImage of visit 3, detector 1: no message.'],
  ];
  for (const [name, verdicts, quanta, exitCode, sentence] of rows) {
    it(`${name}: ${exitCode}`, () => {
      const verdict = overallVerdict({ verdicts, quanta, metrics: [metricOf()] });
      expect(verdict).to.deep.equal({ exitCode, sentence, status: ['pass', 'fail', 'incomplete', 'pipeline-failed'][exitCode] });
    });
  }

  it('names the first three, keys, the end of the interval, and metrics without a definition by their name', () => {
    const keyed = verdictOf({ status: 'fail', value: 12 }, { keys: { band: 'g' }, decision: 'bound' });
    const sentence = (verdicts: readonly Verdict[], metrics = [metricOf()]): string =>
      overallVerdict({ verdicts, metrics, quanta: [] }).sentence;
    expect(sentence([keyed])).to.include('The metric (band g) is 12 mas, must be < 10 mas at the end of its interval');
    expect(sentence([keyed], [])).to.include('pkg.M (band g) is');
    expect(sentence([fail, fail, fail, fail, fail])).to.match(/; and 2 more\.$/);
    expect(sentence([fail, fail, fail])).not.to.include('more');
  });

  it('bounds in words', () => {
    const rows: readonly [Parameters<typeof specificationOf>[0], string][] = [
      [{}, '< 10 mas'], [{ operator: '>=', bound: 95, unit: 'percent' }, '>= 95 %'], [{ bound: 0.123456, unit: '' }, '< 0.1235'],
      [{ bound: 2, unit: 'deg-2' }, '< 2 per deg²'], [{ type: 'range', range: [0.9, 1.1], unit: '' }, 'between 0.9 and 1.1'],
      [{ type: 'exists' }, 'measured'], [{ type: 'threshold', bound: undefined }, 'measured'], [{ type: 'range', range: undefined }, 'measured'],
    ];
    for (const [specification, text] of rows) expect(boundText(specificationOf(specification))).to.equal(text);
  });
});
