import { expect } from 'chai';
import { judge } from '../../src/harness/judge.ts';
import { loadMetrics } from '../../src/harness/loadMetrics.ts';
import { loadSpecifications } from '../../src/harness/loadSpecifications.ts';
import { ApError } from '../../src/model/errors.ts';
import type { Metric, Specification } from '../../src/model/verification.ts';
import { metricOf } from './results.ts';

const METRIC = {
  title: 'A metric', description: 'What it is and what a bad value means.', unit: 'mas', tags: '[astrometry]', direction: 'lower',
  formula: 'x', version: '1', interval: 'bootstrap', minimumN: '10',
};
const metricText = (changes: Partial<Record<keyof typeof METRIC | string, string | null>> = {}, name = 'M'): string =>
  `${name}:\n${Object.entries({ ...METRIC, ...changes }).filter(([, v]) => v !== null).map(([k, v]) => `  ${k}: ${v}\n`).join('')}`;
const load = (...texts: readonly string[]): Metric[] => loadMetrics(texts.map((text, k) => ({ path: `dir/pkg${k || ''}.yaml`, text })));

describe('harness/loadDefinitions: metrics', () => {
  it('named by the file, prose on one line, reference in one text', () => {
    const text = metricText({ description: '>\n    Long prose\n    over two lines.', reference: '{ doc: LPM-17, page: 3, url: u }' });
    expect(load(text)[0]).to.deep.include({
      name: 'pkg.M', unit: 'mas', description: 'Long prose over two lines.', reference: 'LPM-17, p. 3, u', tags: ['astrometry'], minimumN: 10,
    });
    expect(load(metricText())[0]!.reference).to.equal('');
    expect(load(metricText(), metricText()).map(m => m.name)).to.deep.equal(['pkg.M', 'pkg1.M']);
    expect(load('')).to.deep.equal([]);
  });

  it('the hash changes with the meaning and not with the prose', () => {
    const hash = (changes: Record<string, string>): string => load(metricText(changes))[0]!.definitionHash;
    const same = [{ title: 'B' }, { description: 'Another text of enough length.' }, { tags: '[x]' }, { reference: '{ doc: D }' }, { formula: '\' x \'' }];
    const other = [{ unit: 'arcsec' }, { direction: 'higher' }, { formula: 'y' }, { version: '2' }, { interval: 'none' }, { minimumN: '11' }];
    for (const changes of same) expect(hash(changes), JSON.stringify(changes)).to.equal(hash({}));
    const hashes = [hash({}), ...other.map(changes => hash(changes)), load(metricText({}, 'N'))[0]!.definitionHash];
    expect(new Set(hashes).size).to.equal(hashes.length);
  });

  const bad: readonly [string, string, RegExp][] = [
    ['no title', metricText({ title: null }), /title.*pkg\.yaml:2/],
    ['an unknown key', metricText({ colour: 'red' }), /colour.*pkg\.yaml:11/],
    ['an unknown unit', metricText({ unit: 'parsec' }), /unit.*"arcsec".*pkg\.yaml:4/],
    ['a short description', metricText({ description: 'short' }), /description/],
    ['a direction that is none', metricText({ direction: 'up' }), /direction/],
    ['version 0', metricText({ version: '0' }), /version/],
    ['no tag', metricText({ tags: '[]' }), /tags/],
    ['a name with a dot', metricText({}, 'a.b'), /pkg\.yaml/],
    ['the same name twice', metricText() + metricText(), /unique.*pkg\.yaml:11/],
    ['the same name in two documents', `${metricText()}---\n${metricText()}`, /pkg\.M again.*first at dir\/pkg\.yaml:2.*pkg\.yaml:13/],
    ['bad syntax', 'M: [1', /pkg\.yaml:1/],
    ['an alias without an anchor', 'M: *x', /alias.*pkg\.yaml/],
    ['a list', '- 1', /object.*pkg\.yaml/],
    ['an empty mapping', '{}', /pkg\.yaml/],
  ];
  for (const [name, text, pattern] of bad) {
    it(`refuses ${name}`, () => {
      expect(() => load(text)).to.throw(ApError, pattern).with.property('code', 'BAD_METRIC');
    });
  }
});

const METRICS = [metricOf(), metricOf({ name: 'pkg.Fraction', unit: 'percent' }), metricOf({ name: 'pkg.FractionOther' })];
const specs = (...texts: readonly string[]): Specification[] =>
  loadSpecifications(texts.map((text, k) => ({ path: `specs${k}.yaml`, text })), METRICS);
const LIMIT = 'name: limit\nmetric: pkg.M\nthreshold: { operator: \'<\', value: 10, unit: mas }\n';

describe('harness/loadDefinitions: specifications', () => {
  it('a threshold with its defaults', () => {
    expect(specs(LIMIT)).to.deep.equal([{
      name: 'pkg.M.limit', metric: 'pkg.M', type: 'threshold', unit: 'mas', operator: '<', bound: 10, severity: 'fail', decision: 'point',
      keys: {}, tags: [], source: 'specs0.yaml:1',
    }]);
  });

  it('a range, mere existence, and all that may be said', () => {
    const [range, exists] = specs(`
name: band
metric: pkg.Fraction
range: { lower: 10, upper: 20, unit: percent }
severity: warn
decision: bound
keys: { band: g, visit: 3 }
tags: [a, b]
---
name: there
metric: pkg.M
severity: block
`);
    expect(range).to.deep.include({
      type: 'range', range: [10, 20], severity: 'warn', decision: 'bound', keys: { band: 'g', visit: 3 }, tags: ['a', 'b'], source: 'specs0.yaml:2',
    });
    expect(range).not.to.have.any.keys('bound', 'operator');
    expect(exists).to.deep.include({ name: 'pkg.M.there', type: 'exists', severity: 'block', source: 'specs0.yaml:10' });
  });

  it('bases: first to last, mappings merge, tags add up, other values replace; a partial may have bases', () => {
    const [specification] = specs(`
id: a
metric: pkg.M
severity: warn
keys: { band: g }
tags: [x]
---
id: b
base: '#a'
severity: note
keys: { visit: 1 }
tags: [y, x]
threshold: { operator: '<', value: 1, unit: mas }
---
name: c
base: ['#a', '#b']
keys: { visit: 2 }
threshold: { operator: '>', value: 2, unit: mas }
`);
    expect(specification).to.deep.include({
      name: 'pkg.M.c', severity: 'note', keys: { band: 'g', visit: 2 }, tags: ['x', 'y'], operator: '>', bound: 2,
    });
  });

  it('a later file replaces by name, in the place of the first', () => {
    const loaded = specs(`${LIMIT}---\nname: other\nmetric: pkg.M\n`, LIMIT.replace('10', '20'));
    expect(loaded.map(s => [s.name, s.bound, s.source])).to.deep.equal([['pkg.M.limit', 20, 'specs1.yaml:1'], ['pkg.M.other', undefined, 'specs0.yaml:5']]);
  });

  it('keeps the specification of a metric that is measured but no longer defined, and its verdict is incomplete', () => {
    const gone = LIMIT.replace('pkg.M', 'pkg.Gone');
    expect(() => specs(gone)).to.throw(ApError, /'pkg\.Gone'/);
    const [specification] = loadSpecifications([{ path: 'specs0.yaml', text: gone }], [], ['pkg.Gone']);
    expect(specification).to.deep.include({ metric: 'pkg.Gone', unit: 'mas', bound: 10, severity: 'fail' });
    expect(judge([specification!], [], []).map(v => [v.status, v.reason])).to.deep.equal([['incomplete', 'the metric is not defined in metrics/*.yaml (any more)']]);
  });

  const bad: readonly [string, string, RegExp][] = [
    ['an unknown metric', LIMIT.replace('pkg.M', 'pkg.Fractoin'), /'pkg\.Fractoin'.*expected: pkg\.Fraction, .*specs0\.yaml:2/],
    ['no metric', 'name: a\n', /no metric/],
    ['another unit', LIMIT.replace('unit: mas', 'unit: arcsec'), /unit 'arcsec'.*'mas'.*specs0\.yaml:3/],
    ['two of one name', `${LIMIT}---\n${LIMIT}`, /pkg\.M\.limit again.*specs0\.yaml:5/],
    ['a base that is not there', `${LIMIT}base: '#a'\n`, /base '#a'.*none.*specs0\.yaml:4/],
    ['a circle of bases', 'id: a\nbase: \'#b\'\n---\nid: b\nbase: \'#a\'\n---\nname: x\nmetric: pkg.M\nbase: \'#a\'\n', /circle of bases: a -> b -> a/],
    ['a specification that is its own base', `${LIMIT}base: pkg.M.limit\n`, /base 'pkg\.M\.limit'/],
    ['a bound that is NaN', LIMIT.replace('10', '.nan'), /value must be number.*specs0\.yaml:3/],
    ['a bound that is infinite', LIMIT.replace('10', '.inf'), /value must be number/],
    ['provenance_query, which lsst.verify reads and ignores', `${LIMIT}provenance_query: { filter_name: r }\n`, /provenance_query/],
    ['a base from another file\'s words', 'id: b\n---\nname: x\nmetric: pkg.M\nbase: \'#a\'\n', /base '#a'.*: b/],
    ['two partials of one id', 'id: a\n---\nid: a\n', /partial 'a' again/],
    ['threshold and range', `${LIMIT}range: { lower: 1, upper: 2, unit: mas }\n`, /threshold and range/],
    ['a range upside down', 'name: a\nmetric: pkg.M\nrange: { lower: 2, upper: 2, unit: mas }\n', /2 \.\. 2.*lower < upper/],
    ['type threshold without one', 'name: a\nmetric: pkg.M\ntype: threshold\n', /threshold without threshold/],
    ['type range with a threshold', `${LIMIT}type: range\n`, /range without range/],
    ['type exists with a threshold', `${LIMIT}type: exists\n`, /only what type exists needs/],
    ['an operator that is none', LIMIT.replace('<', '=<'), /operator.*"<".*specs0\.yaml:3/],
    ['a bound that is text', LIMIT.replace('10', 'ten'), /value.*number/],
    ['neither name nor id', 'metric: pkg.M\n', /specs0\.yaml:1/],
    ['name and id', `${LIMIT}id: a\n`, /specs0\.yaml/],
    ['a severity that is none', `${LIMIT}severity: fatal\n`, /severity.*"block".*specs0\.yaml:4/],
    ['an unknown key', `${LIMIT}colour: red\n`, /colour.*specs0\.yaml:4/],
    ['bad syntax', 'name: [', /specs0\.yaml/],
  ];
  for (const [name, text, pattern] of bad) {
    it(`refuses ${name}`, () => {
      expect(() => specs(text)).to.throw(ApError, pattern).with.property('code', 'BAD_SPECIFICATION');
    });
  }
});
