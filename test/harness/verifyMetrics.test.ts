import { expect } from 'chai';
import { judge } from '../../src/harness/judge.ts';
import { loadVerifyPackage, verifyMetricsYaml } from '../../src/harness/verifyMetrics.ts';
import { ApError } from '../../src/model/errors.ts';
import { measurementOf, metricOf } from './results.ts';

/** In the style of lsst.verify_metrics: anchors, units of astropy, partials of other files, metrics without their package. */
const METRICS = `PA1:
  description: &text >
    Photometric repeatability.
  unit: mmag
  reference: &lpm17
    doc: LPM-17
    url: http://ls.st/lpm-17
    page: 21
  tags: [photometry]
AM1:
  description: Relative astrometry.
  unit: marcsec
  reference:
    <<: *lpm17
    page: 23
PF1: { description: *text, unit: '%' }
`;
const BASE = `id: base
threshold: { operator: <= }
tags: [lpm-17]
---
id: mmag
base: '#base'
metric: PA1
threshold: { unit: mmag }
metadata_query: { filter_name: r }
`;
const SPECS = `name: design_r
base: base#mmag
threshold: { value: 5.0 }
---
name: minimum_r
base: ['validate_drp:base#mmag']
threshold: { value: 8.0 }
tags: [minimum]
---
name: design
base: base#base
metric: AM1
threshold: { value: 10.0, unit: marcsec }
---
name: design
base: base#base
metric: PF1
threshold: { value: 10.0, unit: '%' }
`;
const load = (specs: string): ReturnType<typeof loadVerifyPackage> => loadVerifyPackage([{ path: 'metrics/validate_drp.yaml', text: METRICS }],
  [{ path: 'specs/validate_drp/base.yaml', text: BASE }, { path: 'specs/validate_drp/srd.yaml', text: specs }]);

describe('harness/verifyMetrics', () => {
  it('metrics and specifications of lsst.verify load: anchors, partials across files, units, metadata', () => {
    const { metrics, specifications } = load(SPECS);
    expect(metrics.map(m => [m.name, m.unit, m.description])).to.deep.equal([
      ['validate_drp.PA1', 'mmag', 'Photometric repeatability.'], ['validate_drp.AM1', 'mas', 'Relative astrometry.'],
      ['validate_drp.PF1', 'percent', 'Photometric repeatability.']]);
    expect(specifications.map(s => [s.name, s.operator, s.bound, s.tags])).to.deep.equal([
      ['validate_drp.PA1.design_r', '<=', 5, ['lpm-17']], ['validate_drp.PA1.minimum_r', '<=', 8, ['lpm-17', 'minimum']],
      ['validate_drp.AM1.design', '<=', 10, ['lpm-17']], ['validate_drp.PF1.design', '<=', 10, ['lpm-17']]]);
    expect(specifications[0]!.when).to.deep.equal({ filter_name: 'r' });
    const hash = metrics[1]!.definitionHash;
    const [verdict] = judge(specifications.slice(2, 3), [measurementOf({ metric: 'validate_drp.AM1', value: 12, definitionHash: hash })], metrics);
    expect([verdict!.status, verdict!.margin]).to.deep.equal(['fail', -2]);
  });

  it('a unit that is not that of the metric, and a metric that is none', () => {
    expect(() => load(SPECS.replace('unit: marcsec', 'unit: arcsec'))).to.throw(ApError, /'arcsec'.*'mas'.*srd\.yaml:/);
    expect(() => load(SPECS.replace('metric: AM1', 'metric: AM9'))).to.throw(ApError, /validate_drp\.AM9/);
  });

  it('what is written is read back', () => {
    const written = verifyMetricsYaml([metricOf({ name: 'pkg.A', unit: 'percent' }), metricOf({ name: 'pkg.B' })]);
    const { metrics } = loadVerifyPackage([{ path: 'pkg.yaml', text: written['pkg.yaml']! }], []);
    expect(metrics.map(m => [m.name, m.unit, m.description])).to.deep.equal([['pkg.A', 'percent', 'A metric of tests.'], ['pkg.B', 'mas', 'A metric of tests.']]);
  });
});
