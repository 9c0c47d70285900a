/**
 * Faults that other harnesses have had, each by its name. Two need whole runs (test/slow/acceptance.slow.test.ts), one needs an
 * image (truthRecovery.test.ts).
 */
import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { astrometricRepeatability, photometricRepeatability } from '../../src/astro/performance/repeatability.ts';
import { latencyShare } from '../../src/astro/performance/verifiability.ts';
import { confirmed } from '../../src/harness/confirm.ts';
import { declarativeMeasures } from '../../src/harness/declarative.ts';
import { csvText, jsonLines } from '../../src/harness/exports/rows.ts';
import { influxLines, openMetricsText } from '../../src/harness/exports/timeSeries.ts';
import { openHistory } from '../../src/harness/history.ts';
import { judge } from '../../src/harness/judge.ts';
import { lint } from '../../src/harness/lint.ts';
import { loadMetrics } from '../../src/harness/loadMetrics.ts';
import { loadSpecifications } from '../../src/harness/loadSpecifications.ts';
import { measureAll } from '../../src/harness/measureAll.ts';
import { pipelineMetrics } from '../../src/harness/pipelineMetrics.ts';
import { percentage } from '../../src/harness/samples.ts';
import { overallVerdict } from '../../src/harness/verdict.ts';
import { ApError } from '../../src/model/errors.ts';
import { tableFromRows } from '../../src/model/table.ts';
import type { Metric } from '../../src/model/verification.ts';
import { diaSourceDetector } from '../../src/model/datasetTypes.ts';
import { memorySource } from './memorySource.ts';
import { measurementOf, metricOf, resultOf, specificationOf, verdictOf } from './results.ts';

const definition = (name: string, more = ''): string => `${name}:\n  { title: ${name}, description: What it is and what a bad value means., unit: ct, `
  + `tags: [x], direction: lower, formula: x, version: 1, interval: none, minimumN: 0${more} }\n`;

const NAN_COUNT = ', declaration: { dataset: dia_source_detector, statistic: count, where: { reliability: { nan: true } } }';
const OLD = ', aliases: [pkg.Old]';

describe('faults of other harnesses', () => {
  it('NaN counter that is always 0', async () => {
    const metrics = loadMetrics([{ path: 'pkg.yaml', text: definition('nNan', NAN_COUNT) }]);
    const table = tableFromRows([{ name: 'reliability', type: 'f64', unit: '', doc: '' }], [0.1, NaN, 0.9, NaN].map(reliability => ({ reliability })));
    const source = memorySource().put(diaSourceDetector, { visit: 1, detector: 0 }, table);
    const { measurements } = await measureAll({
      metrics, measures: declarativeMeasures(metrics, [diaSourceDetector]), source,
      run: { hasTruth: false, images: [{ visit: 1, detector: 0, band: 'g' }], quanta: [] },
    });
    expect(measurements[0]).to.include({ status: 'ok', value: 2 });
  });

  it('sentinel −1 passes "≤ 60 s"', () => {
    expect(latencyShare([[-1]])).to.include({ nLate: 1 });
    const metrics = [metricOf({ unit: 's', minimumN: 1 })];
    const specifications = [specificationOf({ operator: '<=', bound: 60, unit: 's' })];
    for (const changes of [{ value: -1, n: 0 }, { value: null, status: 'invalid', reason: 'sentinel' }] as const) {
      expect(judge(specifications, [measurementOf({ unit: 's', ...changes })], metrics)[0]!.status).to.equal('incomplete');
    }
  });

  it('null stored as 0', () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'null-'));
    const result = resultOf({ measurements: [measurementOf({ value: null, status: 'missing', reason: 'nothing', n: 0, interval: null })] });
    const history = openHistory(path.join(directory, 'h.sqlite3'));
    history.record(result, null);
    expect(history.values('pkg.M', 1)[0]!.value).to.equal(null);
    history.close();
    rmSync(directory, { recursive: true });
    expect(JSON.parse(jsonLines(result))).to.include({ value: null });
    expect(csvText(result)).to.include(',missing,,mas,0,');
    expect(influxLines(result)).to.include(' M_status="missing" ').and.not.to.match(/ M=|,M=/);
    expect(openMetricsText(result)).not.to.include('apverify_pkg_M_mas{');
  });

  it('spec without measurement disappears', () => {
    const verdicts = judge([specificationOf()], [], [metricOf()]);
    expect(verdicts.map(v => v.status)).to.deep.equal(['incomplete']);
    expect(overallVerdict({ verdicts, metrics: [metricOf()], quanta: [] }).exitCode).to.equal(2);
  });

  it('TE2 level order', () => {
    const text = [['design', 5e-5], ['minimum', 3e-5], ['stretch', 1e-5]].map(([name, value]) =>
      `name: ${name}\nmetric: pkg.M\nthreshold: { operator: <, value: ${value}, unit: mas }\n`).join('---\n');
    const specifications = loadSpecifications([{ path: 'te2.yaml', text }], [metricOf()]);
    const findings = lint({ metrics: [metricOf()], specifications, measured: ['pkg.M'], date: '2027-01-01' });
    expect(findings.map(f => f.rule)).to.deep.equal(['level-order']);
    expect(findings[0]!.message).to.include('minimum (< 0.00003) is tighter than design (< 0.00005)');
  });

  it('`provenance_query` ignored', () => {
    const text = 'name: a\nmetric: pkg.M\nthreshold: { operator: <, value: 1, unit: mas }\nprovenance_query: { filter_name: r }\n';
    expect(() => loadSpecifications([{ path: 's.yaml', text }], [metricOf()])).to.throw(ApError, /provenance_query.*s\.yaml:4/);
  });

  it('ADx signed deviation', () => {
    const mas = 1 / 3.6e6;
    const fixed = { ra_deg: [10, 10, 10], dec_deg: [0, 0, 0] };
    const other = { ra_deg: [10 + 5 / 60, 10 + 5 / 60 - 30 * mas, 10 + 5 / 60 - 30 * mas], dec_deg: [0, 0, 0] };
    const options = { distance_arcmin: 5, adBound_mas: 20, maxPairs: 10 } as const;
    const srd = astrometricRepeatability([fixed, other], { ...options, compat: 'srd' })!;
    const faro = astrometricRepeatability([fixed, other], { ...options, compat: 'faro' })!;
    // Deviations from the median separation are 30, 0 and 0 mas.
    expect(srd.ad).to.be.closeTo(24, 1e-3);
    expect(srd.af).to.be.closeTo(100 / 3, 1e-9);
    expect(faro.ad).to.be.at.most(srd.ad);
  });

  it('NaN magnitude counted as a visit', () => {
    const options = { pa2Bound: 15, pf1Percent: 10, minimumVisits: 3 };
    expect(photometricRepeatability([[1, 2, NaN]], options)).to.equal(null);
    expect(photometricRepeatability([[1, 2, 3, NaN]], options)).to.include({ pa1: 1, nMeasurements: 3 });
  });

  it('n found of n gives ±0', () => {
    const { interval } = percentage(40, 40, '');
    expect(interval![1]).to.equal(100);
    expect(interval![0]).to.be.within(95, 99);
  });

  it('5 visits cannot prove ≤ 1 %', () => {
    const five = latencyShare(Array.from({ length: 5 }, () => [30, 31]));
    expect(five).to.include({ nLate: 0, n: 5, needed: 299, verdict: 'not verifiable at this n' });
    const measurement = measurementOf({ value: 0, n: 5, interval: [0, five.upper_percent], unit: 'percent' });
    const specification = specificationOf({ operator: '<=', bound: 1, unit: 'percent', decision: 'bound' });
    const [verdict] = judge([specification], [measurement], [metricOf({ unit: 'percent', minimumN: 1 })]);
    expect(verdict!.status).to.equal('incomplete');
    expect(verdict!.reason).to.include('too close to call');
  });

  it('renamed metric cuts the trend', () => {
    const [old] = loadMetrics([{ path: 'pkg.yaml', text: definition('Old') }]) as [Metric];
    const [renamed] = loadMetrics([{ path: 'pkg.yaml', text: definition('New', OLD).replace('title: New', 'title: Old') }]) as [Metric];
    expect(renamed.aliases).to.deep.equal([{ name: 'pkg.Old', definitionHash: old.definitionHash }]);
  });

  it('re-run retry hides a flaky metric', () => {
    const [verdict] = confirmed([verdictOf({ status: 'fail', value: 15 })], [[verdictOf()], [verdictOf()]]);
    expect(verdict!.status).to.equal('incomplete');
    expect(verdict!.attempts).to.deep.equal({ failed: 1, of: 3 });
    expect(verdict!.reason).to.include('1 of 3 runs failed');
  });

  it('pipeline metric name not defined', () => {
    const text = 'tasks:\n  memory:\n    class: x\n    config:\n      connections.package: ap_pipe\n      connections.metric: ApPipeMemory\n';
    const findings = lint({
      metrics: [metricOf()], specifications: [specificationOf()], measured: ['pkg.M'], claimed: pipelineMetrics({ path: 'p.yaml', text }), date: '2027-01-01',
    });
    expect(findings.map(f => [f.rule, f.where])).to.deep.equal([['undefined-metric', 'p.yaml:2']]);
    expect(findings[0]!.message).to.include('ap_pipe.ApPipeMemory');
  });

  it('24 defined metrics never computed', () => {
    const metrics = Array.from({ length: 61 }, (_, k) => metricOf({ name: `ap.m${k}` }));
    const specifications = [specificationOf({ metric: 'ap.m0', name: 'ap.m0.x' })];
    const findings = lint({ metrics, specifications, measured: metrics.slice(0, 37).map(m => m.name), date: '2027-01-01' });
    expect(findings.filter(f => f.rule === 'unmeasured-metric')).to.have.length(24);
  });
});
