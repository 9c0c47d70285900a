/** The main job on simulated pixels: every stage, every product, and the figures that the dataset promises. */
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { apVerify, hasFile, resultOf, temporaryFolder, valuesOf } from './apVerify.ts';
import type { Ended } from './apVerify.ts';

describe('ap-verify run sim-small', () => {
  const folder = temporaryFolder();
  const workspace = (): string => path.join(folder(), 'work');
  let ended: Ended;
  before(async function () {
    this.timeout(240_000);
    ended = await apVerify(['run', 'sim-small', '-o', workspace(), '-j', '2']);
  });

  it('passes its gate and says where the report is', () => {
    expect(ended.code, ended.stderr).to.equal(0);
    expect(ended.stdout).to.match(/gating specifications pass/).and.to.include(path.join(workspace(), 'report', 'index.html'));
    for (const file of ['result.json', 'junit.xml', 'report/index.html', 'run.json', 'history.sqlite3']) expect(hasFile(workspace(), file), file).to.equal(true);
  });

  it('every quantum succeeded, eight tasks on eight images', () => {
    const { quanta } = resultOf(workspace()).run;
    expect(quanta.filter(q => q.status !== 'succeeded')).to.deep.equal([]);
    expect(new Set(quanta.map(q => q.task)).size).to.equal(8);
    expect(quanta.length).to.equal(64);
  });

  it('every metric has a value, an interval where it is defined, and a sample size', () => {
    const { measurements, metrics } = resultOf(workspace());
    for (const metric of metrics) {
      const own = measurements.filter(m => m.metric === metric.name);
      expect(own.length, metric.name).to.be.greaterThan(0);
      for (const m of own) {
        expect(m.status, `${m.metric}: ${m.reason ?? ''}`).to.equal('ok');
        expect(m.n, m.metric).to.be.greaterThan(0);
        if (metric.interval !== 'none') expect(m.interval, m.metric).to.not.equal(null);
      }
    }
  });

  const figures: readonly (readonly [string, number, number])[] = [
    ['ap_verify.CompletenessSnr10', 95, 100], ['ap_verify.Purity', 90, 100], ['meas_astrom.AstrometricOffset', 0, 10],
    ['ap_association.AssociationPurity', 98, 100],
  ];
  for (const [metric, low, high] of figures) {
    it(`${metric} is between ${low} and ${high}`, () => {
      const values = valuesOf(resultOf(workspace()), metric);
      expect(values.length).to.be.greaterThan(0);
      for (const value of values) expect(value).to.be.within(low, high);
    });
  }

  it('other commands find what the run made', async function () {
    this.timeout(60_000);
    const datasets = await apVerify(['butler', 'query-datasets', workspace(), 'difference_image']);
    expect(datasets.code, datasets.stderr).to.equal(0);
    expect(datasets.stdout.trim().split('\n').length).to.equal(8);
    const alerts = await apVerify(['alerts', 'list', workspace(), '-n', '3']);
    expect(alerts.code, alerts.stderr).to.equal(0);
    expect(alerts.stdout).to.match(/^alert \d{6,} .*S\/N \d/);
  });

  it('a specification tightened by hand fails the gate: exit code 1 and a row that says so', async function () {
    this.timeout(60_000);
    const specs = path.join(folder(), 'tight.yaml');
    const { writeFileSync } = await import('node:fs');
    writeFileSync(specs, "name: minimum\nmetric: ap_verify.Purity\nthreshold: { operator: '>=', value: 100.5, unit: percent }\nseverity: fail\n");
    const judged = await apVerify(['report', workspace(), '--specs', specs]);
    expect(judged.code, judged.stderr).to.equal(1);
    expect(judged.stderr).to.match(/Purity.*must be >= 100.5 %/);
    const page = readFileSync(path.join(workspace(), 'report', 'index.html'), 'utf8');
    expect(page).to.match(/1 of \d+ gating specifications fails/).and.to.match(/Fail/);
    const again = await apVerify(['report', workspace()]);
    expect(again.code, again.stderr).to.equal(0);
  });
});
