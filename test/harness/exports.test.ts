import { expect } from 'chai';
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { githubAnnotations, githubSummary, MAX_SUMMARY_BYTES } from '../../src/harness/exports/github.ts';
import { csvText, jsonLines } from '../../src/harness/exports/rows.ts';
import { MAX_RESULTS, sarifText } from '../../src/harness/exports/sarif.ts';
import { influxLines, openMetricsText } from '../../src/harness/exports/timeSeries.ts';
import { readVerifyJob, writeVerifyJob } from '../../src/harness/verifyJob.ts';
import { parsePythonJson } from '../../src/formats/pythonJson.ts';
import { ApError } from '../../src/model/errors.ts';
import type { VerificationResult } from '../../src/model/verification.ts';
import { measurementOf, metricOf, resultOf, verdictOf } from './results.ts';

/** What the test reads of a SARIF log. */
interface SarifRun {
  readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
  readonly invocations: readonly { readonly toolExecutionNotifications: readonly { readonly message: { readonly text: string } }[] }[];
  readonly results: readonly {
    readonly ruleId: string; readonly ruleIndex: number; readonly level: string; readonly partialFingerprints: object;
    readonly locations: readonly { readonly physicalLocation: { readonly region: { readonly startLine: number } } }[];
  }[];
}
interface Sarif { readonly version: string; readonly runs: readonly [SarifRun] }

const ODD = 'a "b", c|d <e>\nf %';
const result = resultOf({
  metrics: [metricOf({ description: ODD }), metricOf({ name: 'pkg.T', unit: 's', tags: ['resource'] })],
  measurements: [measurementOf({ value: 0.1 + 0.2 }), measurementOf({ metric: 'pkg.M', keys: { band: 'g' }, value: null, status: 'missing', interval: null, n: 0, reason: ODD }),
    measurementOf({ metric: 'pkg.T', unit: 's', keys: { task: 'a b' }, value: 2, n: 3, interval: null })],
  verdicts: [verdictOf(), verdictOf({ status: 'fail', value: 15, margin: -5, reason: ODD }, { name: 'pkg.M.bad', source: 'specs.yaml:7' }),
    verdictOf({ status: 'incomplete', value: null, interval: null, margin: null, reason: 'nothing' }, { name: 'pkg.M.none', severity: 'warn' })],
});
const many = (n: number): VerificationResult => ({
  ...result, verdicts: Array.from({ length: n }, (_, k) => verdictOf({ status: 'fail', reason: 'x'.repeat(200) }, { name: `pkg.M.s${k}`, severity: k % 2 ? 'warn' : 'fail' })),
});

describe('harness/exports', () => {
  it('SARIF: rules, breaches in order of gravity, places, stable fingerprints', () => {
    const { version, runs } = JSON.parse(sarifText(result, '1.2.3')) as Sarif;
    expect([version, runs.length]).to.deep.equal(['2.1.0', 1]);
    const [run] = runs;
    expect(run.tool.driver.rules.map(r => r.id)).to.deep.equal(['pkg.M.limit', 'pkg.M.bad', 'pkg.M.none']);
    expect(run.results.map(r => [r.ruleId, r.ruleIndex, r.level, r.locations[0]!.physicalLocation.region.startLine])).to.deep.equal([
      ['pkg.M.bad', 1, 'error', 7], ['pkg.M.none', 2, 'warning', 3]]);
    const again = JSON.parse(sarifText({ ...result, verdicts: result.verdicts.map(v => ({ ...v, value: 99 })) }, '1.2.3')) as Sarif;
    expect(again.runs[0].results[0]!.partialFingerprints).to.deep.equal(run.results[0]!.partialFingerprints);
  });

  it('SARIF: no more results than GitHub shows, errors before warnings, the rest is counted', () => {
    const { runs: [run] } = JSON.parse(sarifText(many(MAX_RESULTS + 10), '1.0.0')) as Sarif;
    expect(run.results).to.have.length(MAX_RESULTS);
    expect(run.results.findLastIndex(r => r.level === 'error')).to.be.below(run.results.findIndex(r => r.level === 'warning'));
    expect(run.invocations[0]!.toolExecutionNotifications[0]!.message.text).to.include('10 further');
  });

  it('annotations: one line each, escaped, at most ten of a kind with the rest counted', () => {
    const lines = githubAnnotations(result).trimEnd().split('\n');
    expect(lines).to.have.length(2);
    expect(lines[0]).to.match(/^::error file=specs\.yaml,line=7,title=pkg\.M\.bad::.*%0Af %25/);
    const all = githubAnnotations(many(50)).trimEnd().split('\n');
    expect(all.filter(l => l.startsWith('::error'))).to.have.length(10);
    expect(all.filter(l => l.startsWith('::warning'))).to.have.length(10);
    expect(all[9]).to.include('and 16 more');
  });

  it('summary: the sentence, a row for each verdict, below 1024 KiB', () => {
    const text = githubSummary(result);
    expect(text.split('\n').filter(l => /^\| (pass|fail|incomplete) /.test(l))).to.have.length(3);
    expect(text).to.include('c\\|d &lt;e> f %').and.not.to.include('<e>');
    const long = githubSummary(many(20_000));
    expect(Buffer.byteLength(long)).to.be.at.most(MAX_SUMMARY_BYTES);
    expect(long).to.match(/\d+ more verdicts are left out/);
  });

  it('OpenMetrics: names, units as suffix, no value for what has none, EOF', () => {
    const lines = openMetricsText(result).split('\n');
    expect(lines.slice(-2)).to.deep.equal(['# EOF', '']);
    const families = new Set<string>();
    for (const line of lines.slice(0, -2)) {
      const meta = /^# (TYPE|UNIT|HELP) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line);
      if (meta !== null) {
        families.add(meta[2]!);
        if (meta[1] === 'UNIT') expect(meta[2]!.endsWith(`_${meta[3]}`), line).to.equal(true);
        continue;
      }
      const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\.)*",?)*)\} (-?[\d.e+-]+) (\d+\.\d{3})$/.exec(line);
      expect(sample, line).not.to.equal(null);
      expect(families.has(sample![1]!), line).to.equal(true);
    }
    expect(lines.filter(l => l.startsWith('apverify_pkg_M_mas{'))).to.have.length(1);
    expect(lines.filter(l => /^apverify_measured\{.*missing.*\} 0 /.test(l))).to.have.length(1);
  });

  it('InfluxDB: tags escaped, no field for what has no value, nanoseconds', () => {
    const lines = influxLines(result).trimEnd().split('\n');
    expect(lines).to.deep.equal([
      'pkg,dataset=a-set,dataset_version=1,pipeline=ApPipe M=0.30000000000000004,M_low=4,M_high=6,M_n=100i,M_status="ok" 1795514400000000000',
      'pkg,band=g,dataset=a-set,dataset_version=1,pipeline=ApPipe M_status="missing" 1795514400000000000',
      'pkg,dataset=a-set,dataset_version=1,pipeline=ApPipe,task=a\\ b T=2,T_n=3i,T_status="ok" 1795514400000000000',
    ]);
  });

  it('CSV and JSON Lines: one row a measurement, full precision, nothing where there is nothing', () => {
    const rows = jsonLines(result).trimEnd().split('\n').map(line => JSON.parse(line) as { value: number | null; reason: string | null });
    expect(rows.map(r => r.value)).to.deep.equal([0.1 + 0.2, null, 2]);
    expect(rows[1]!.reason).to.equal(ODD);
    const csv = csvText(result);
    expect(csv).to.include('0.30000000000000004').and.to.include('"a ""b"", c|d <e>\nf %"');
    expect(csv.split('\r\n')[0]!.split(',')).to.have.length(15);
  });
});

const JOB = '../shared/data/verify_jobs/verify_job.json.gz';

describe('harness/verifyJob', () => {
  it('a real Job of lsst.verify: bare NaN is no value, its specifications judge', function () {
    if (!existsSync(JOB)) { this.test!.title += ` (skipped: ${JOB} is not there)`; this.skip(); }
    const job = readVerifyJob(gunzipSync(readFileSync(JOB)).toString('utf8'), { started: '2017-07-01T00:00:00Z', where: 'job.json' });
    expect([job.metrics.length, job.measurements.length]).to.deep.equal([62, 30]);
    const byStatus = Map.groupBy(job.measurements, m => m.status);
    expect(byStatus.get('invalid')!.every(m => m.value === null && m.reason === 'the job says NaN')).to.equal(true);
    expect(byStatus.get('ok')!.every(m => Number.isFinite(m.value))).to.equal(true);
    expect(job.verdicts.length).to.be.greaterThan(20);
    expect(job.run.provenance!['package apr_util']).to.match(/^45d74ccc/);
  });

  it('what is written is a Job that is read back the same: values, units, NaN', () => {
    const text = writeVerifyJob(result);
    expect(text).to.include('"value": NaN');
    const again = readVerifyJob(text, { started: result.run.started, where: 'job.json' });
    expect(again.measurements.map(m => [m.metric, m.value, m.unit, m.status])).to.deep.equal([
      ['pkg.M', 0.1 + 0.2, 'mas', 'ok'], ['pkg.M', null, 'mas', 'invalid'], ['pkg.T', 2, 's', 'ok']]);
    const job = parsePythonJson(text) as { measurements: { identifier: string; blob_refs: string[] }[]; blobs: { identifier: string }[] };
    const isComplete = job.measurements.every(m =>
      /^[0-9a-f]{32}$/.test(m.identifier) && job.blobs.some(b => b.identifier === m.blob_refs[0]));
    expect(isComplete).to.equal(true);
    expect(writeVerifyJob(result)).to.equal(text);
  });

  const bad: readonly [string, string][] = [['text', 'no JSON'], ['another document', '{}'], ['an identifier that is none',
    '{"measurements":[{"metric":"a.b","identifier":"1","value":1,"unit":""}],"blobs":[],"metrics":[],"specs":[],"meta":{}}'],
  ['a value that is text', `{"measurements":[{"metric":"a.b","identifier":"${'0'.repeat(32)}","value":"1","unit":""}],"blobs":[],"metrics":[],"specs":[],"meta":{}}`]];
  for (const [name, text] of bad) {
    it(`refuses ${name}`, () => {
      expect(() => readVerifyJob(text, { started: '', where: 'j.json' })).to.throw(ApError, /j\.json/).with.property('code', 'BAD_FORMAT');
    });
  }
});
