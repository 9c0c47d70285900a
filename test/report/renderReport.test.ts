import { expect } from 'chai';
import { createHash } from 'node:crypto';
import { numberText } from '../../src/report/format.ts';
import { readableResult, readableText } from '../../src/report/readable.ts';
import { TEMPLATE_FILES, renderReport } from '../../src/report/renderReport.ts';
import { anchorOf, metricRows, timesError } from '../../src/report/rows.ts';
import type { Verdict, VerificationResult } from '../../src/model/verification.ts';
import { ALERT_TEMPLATE } from '../../src/report/alertPage.ts';
import { DIFFERENCE_TEMPLATE } from '../../src/report/differencePage.ts';
import { MARKUP, UNSEEN, failing, fixtures, hostile, passing, pipelineFailed, templates } from './fixture.ts';
import { encodePng } from './png.ts';

type Name = keyof typeof fixtures;
const render = (result: VerificationResult): string => renderReport(result, { templates, encodePng });
const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64');
const rendered = new Map<Name, string>();

/** Without the script and the embedded document, which have tests of their own. */
function page(name: Name): string {
  return wholePage(name).replace(/<script[\s\S]*?<\/script>/g, '');
}

function wholePage(name: Name): string {
  const known = rendered.get(name) ?? render(fixtures[name]());
  rendered.set(name, known);
  return known;
}

/** What a reader sees. */
function textOf(html: string): string {
  return html.replace(/<style>[\s\S]*?<\/style>/g, '').replace(/<[^>]*>/g, ' ').replace(/&#x([0-9a-f]+);/gi, (_, c: string) => String.fromCharCode(parseInt(c, 16)))
    .replace(/&#(\d+);/g, (_, c: string) => String.fromCharCode(Number(c))).replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&quot;/g, '"')
    .replace(/&amp;/g, '&').replace(/\s+/g, ' ');
}

const all = Object.keys(fixtures) as Name[];
/** Sections after the verdict, in the order of the page. */
const SECTIONS: Readonly<Record<Name, readonly string[]>> = {
  passing: ['metricTable', 'plots', 'cutouts', 'images', 'resources', 'definitions', 'provenance'],
  failing: ['metricTable', 'plots', 'cutouts', 'images', 'resources', 'definitions', 'provenance'],
  incomplete: ['metricTable', 'plots', 'cutouts', 'images', 'resources', 'definitions', 'provenance'],
  pipelineFailed: ['failures', 'metricTable', 'plots', 'cutouts', 'images', 'resources', 'definitions', 'provenance'],
  empty: ['metricTable', 'definitions', 'provenance'],
  bare: ['metricTable', 'provenance'],
  hostile: ['failures', 'metricTable', 'plots', 'cutouts', 'images', 'resources', 'definitions', 'provenance'],
};
const WORDS: Readonly<Record<Name, string>> = {
  passing: 'Pass', failing: 'Fail', incomplete: 'Incomplete', pipelineFailed: 'Pipeline failed', empty: 'Incomplete', bare: 'Incomplete', hostile: 'Pipeline failed',
};

describe('report', () => {
  for (const name of all) {
    describe(name, () => {
      it('has its sections in order, each with a heading and an entry of the navigation', () => {
        const ids = [...page(name).matchAll(/<section id="(\w+)"/g)].map(m => m[1]);
        expect(ids).to.deep.equal(['banner', ...SECTIONS[name]]);
        const links = [...page(name).matchAll(/<li><a href="#(\w+)">/g)].map(m => m[1]);
        expect(links).to.deep.equal(SECTIONS[name]);
        for (const id of SECTIONS[name]) expect(page(name)).to.contain(`aria-labelledby="${id}-heading"`).and.to.contain(`<h2 id="${id}-heading">`);
      });
      it('says the verdict first', () => {
        expect(/<h1>([^<]*)/.exec(page(name))?.[1]).to.equal(WORDS[name]);
        const text = textOf(page(name));
        const at = text.indexOf(` ${WORDS[name]} `);
        expect(at).to.be.greaterThan(-1).and.to.be.lessThan(text.indexOf('What to do next'));
      });
      it('is one page without request or handler, with a script that the policy names', () => {
        const scripts = [...wholePage(name).matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map(m => m[1]!);
        expect(scripts).to.have.length(2);
        expect(wholePage(name)).to.contain(`script-src 'sha256-${sha256(scripts[1]!)}';`);
        expect(scripts[0]).not.to.match(/[<>&]/);
        const held = JSON.parse(scripts[0]!) as VerificationResult;
        expect(held.measurements).to.deep.equal(fixtures[name]().measurements);
        const html = page(name);
        expect(html).to.match(/^<!doctype html>\n<html lang="en">/);
        const policy = /<meta http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)![1]!;
        expect(policy.replace(/sha256-[^']+/g, 'hash'))
          .to.equal("default-src 'none'; style-src 'hash'; script-src 'hash'; img-src data:; base-uri 'none'; form-action 'none'");
        expect(html.indexOf('Content-Security-Policy')).to.be.lessThan(html.indexOf('<title>'));
        expect(html).not.to.match(/<(?:script|iframe|object|embed|base)\b/i);
        expect(html).not.to.match(/<[^>]*\s(?:on\w+|style)=/i);
        for (const [, address] of html.matchAll(/<[^>]*\s(?:src|href|srcset)="([^"]*)"/g)) expect(address).to.match(/^(?:#|data:image\/)/);
        expect(html).not.to.match(/@import|url\(/);
      });
      it('has no number that is none', () => expect(textOf(page(name))).not.to.match(/\b(?:NaN|undefined|null|Infinity|\[object)\b/));
      it('is smaller than 3 MB', () => expect(Buffer.byteLength(page(name))).to.be.lessThan(3e6));
      it('ids are unique, links lead somewhere', () => {
        const ids = [...page(name).matchAll(/\sid="([^"]*)"/g)].map(m => m[1]!);
        expect(new Set(ids).size).to.equal(ids.length);
        const targets = new Set([...page(name).matchAll(/href="#([^"]*)"/g)].map(m => m[1]!));
        expect([...targets].filter(target => !ids.includes(target))).to.deep.equal([]);
        expect(targets.size).to.be.greaterThan(1);
      });
      it('is the same again', () => expect(render(fixtures[name]())).to.equal(wholePage(name)));
    });
  }

  describe('what a release manager reads', () => {
    it('the first failure has value, error, bound, margin and a picture', () => {
      const first = /<div class="first fail">[\s\S]*?<dl class="card facts"/.exec(page('failing'))![0];
      expect(textOf(first)).to.contain('First failure Completeness at S/N > 10').and.to.contain('Value 86.8')
        .and.to.contain('Bound ≥ 95 %').and.to.contain('Margin −8.2 %');
      expect(first).to.contain('<svg class="bullet fail"');
    });
    it('a pass shows what came closest to its bound', () => {
      expect(textOf(page('passing'))).to.contain('Closest to its bound Association completeness');
    });
    it('failing rows come first, in the order of the sentence, with a word and a sign', () => {
      const rows = [...page('failing').matchAll(/<tr class="(\w+)" id="row-[^"]*"[^>]*>\s*<td class="status (\w+)"><svg[^>]*><use href="#i-(\w+)"\/><\/svg><span class="state-word">(\w+)/g)];
      expect(rows.slice(0, 5).map(m => m[4])).to.deep.equal(['Fail', 'Fail', 'Fail', 'Incomplete', 'Warning']);
      expect(rows.length).to.be.greaterThan(20);
      for (const [, row, cell, icon] of rows) expect([row, icon]).to.deep.equal([cell, cell]);
      const sentence = failing().verdict.sentence;
      const titles = metricRows(failing()).filter(r => r.state === 'fail').map(r => sentence.indexOf(r.title));
      expect(titles).to.deep.equal([...titles].sort((a, b) => a - b)).and.not.to.include(-1);
    });
    it('numbers of the table are those of the result', () => {
      const row = metricRows(failing()).find(r => r.name.endsWith('CompletenessSnr10'))!;
      expect(row).to.include({ value: '86.8', error: '+2.0 −2.3', unit: '%', n: '243', bound: '≥ 95 %', margin: '−8.2 %', times: '4.1 × error', state: 'fail' });
    });
    it('without a value there is a reason and no margin', () => {
      const row = metricRows(fixtures.incomplete()).find(r => r.name.endsWith('Purity') && r.state === 'incomplete')!;
      expect(row).to.include({ margin: '–', times: '', reason: 'the sample is too small: n = 4, at least 10 needed' });
    });
    it('a metric that lost its definition keeps its row, its reason and a place to look it up', () => {
      const { name } = passing().metrics.find(m => passing().verdicts.some(v => v.specification.metric === m.name))!;
      const result = passing();
      const html = render({
        ...result, metrics: result.metrics.filter(m => m.name !== name), measurements: result.measurements.filter(m => m.metric !== name),
        verdicts: result.verdicts.map(v => (v.specification.metric === name
          ? { ...v, status: 'incomplete', value: null, interval: null, n: null, margin: null, reason: 'the metric was not measured' } : v)),
      });
      expect(textOf(html)).to.include(name).and.to.include('the metric was not measured').and.to.include('lost its definition');
      expect(html).to.include(`id="${anchorOf(name)}"`);
    });
    it('every failed, blocked and idle quantum is listed with its message', () => {
      const text = textOf(page('pipelineFailed'));
      expect(text).to.contain('Failed subtractImages').and.to.contain('TOO_FEW_STARS: 2 stars').and.to.contain('No work rewarpTemplate');
      expect(text.match(/Blocked \w/g)).to.have.length(5);
      expect(text).to.contain('not finished: no numbers');
    });
    it('at most 60 quanta are listed, and the rest is counted', () => {
      const lost = pipelineFailed().run.quanta.find(q => q.status === 'failed')!;
      const result = { ...pipelineFailed(), run: { ...pipelineFailed().run, quanta: Array.from({ length: 75 }, () => lost) } };
      expect(textOf(render(result))).to.contain('and 15 more');
    });
    it('a pass without cutouts does not point at them', () => {
      const html = render({ ...passing(), cutouts: [] });
      expect(html).not.to.contain('#cutouts');
      expect(textOf(html)).to.contain('Nothing has to be done.');
    });
    it('every metric is defined with formula and bounds', () => {
      const text = textOf(page('passing'));
      for (const { title, name, formula } of passing().metrics) expect(text).to.contain(`${title} ${name}`).and.to.contain(formula.replace(/\s+/g, ' '));
    });
    it('cutouts are enlarged by a whole number and have a text', () => {
      const images = [...page('failing').matchAll(/<img src="data:image\/png;base64,[^"]+" width="164" height="164" alt="([^"]+)">/g)].map(m => m[1]!);
      expect(images).to.have.length(27);
      expect(images[0]).to.equal('science of S/N 96.4, visit 4192, detector 0, g');
    });
  });

  describe('hostile text', () => {
    it('stays text', () => {
      expect(page('hostile')).not.to.contain('<img src=x').and.not.to.contain('alert(2)</script>');
      expect(page('hostile').match(/<\/style>/g)).to.have.length(1);
      expect(textOf(page('hostile'))).to.contain(MARKUP);
      expect(page('hostile')).not.to.match(/\{\{7\*7\}\}<\/title><script/);
    });
    it('is cut, and says by how much', () => {
      expect(page('hostile')).not.to.match(/x{601}/);
      expect(page('hostile')).to.contain(`… (about ${numberText(99_400, 12)} more characters)`);
    });
    it('cannot turn the line around or ring a bell', () => {
      expect(page('hostile')).not.to.match(/[\u202e\u0007]/);
      expect(page('hostile').isWellFormed()).to.equal(true);
      expect(readableText(`${UNSEEN}\n  tail`)).to.equal('\ufffdevil\ufffd\ufffd tail');
    });
    it('readable text of ordinary length is unchanged, pixels are shared', () => {
      const result = failing();
      const readable = readableResult(result);
      expect(readable).to.deep.equal(result);
      expect(readable.cutouts[0]!.panels[0]!.data).to.equal(result.cutouts[0]!.panels[0]!.data);
      expect(readableText('é'.repeat(600))).to.have.length(600);
      expect(hostile().pipeline.name).to.have.length(100_000);
    });
    it('anchors are plain and apart', () => {
      expect(anchorOf('ip_diffim.DipoleFraction')).to.equal('metric-ip_diffim-DipoleFraction');
      const odd = ['a"b', 'a<b', 'a b', 'a b ', 'x'.repeat(100), 'x'.repeat(101)].map(anchorOf);
      expect(new Set(odd).size).to.equal(odd.length);
      for (const anchor of odd) expect(anchor).to.match(/^metric-[A-Za-z0-9_-]{1,90}$/);
    });
  });

  describe('margin in units of the error', () => {
    const specification: Verdict['specification'] = {
      name: 's', metric: 'm', type: 'threshold', operator: '<', bound: 10, unit: 'mas', severity: 'fail', decision: 'point', keys: {}, tags: [], source: '',
    };
    const verdict = (change: Partial<Verdict>): Verdict => ({ specification, status: 'pass', value: 8, interval: [7, 9], n: 5, margin: 2, reason: '', ...change });
    const cases: readonly [string, Verdict, string][] = [
      ['two errors below', verdict({}), '2.0 × error'],
      ['the error on the side of the bound counts', verdict({ interval: [7, 8.5] }), '4.0 × error'],
      ['above the bound it is the lower error', verdict({ value: 12, interval: [8, 12.1] }), '0.5 × error: too close to call'],
      ['the nearest end of a range', verdict({ specification: { ...specification, type: 'range', range: [0, 9] } }), '1.0 × error'],
      ['many', verdict({ value: 1, interval: [0.5, 1.5] }), '18 × error'],
      ['no interval', verdict({ interval: null }), ''], ['no error on that side', verdict({ interval: [7, 8] }), ''],
      ['no value', verdict({ value: null }), ''], ['no bound', verdict({ specification: { ...specification, type: 'exists', bound: undefined } }), ''],
    ];
    for (const [name, v, expected] of cases) it(name, () => expect(timesError(v)).to.equal(expected));
  });

  describe('templates', () => {
    it('are exactly the files that the renderers name', () =>
      expect(Object.keys(templates).sort()).to.deep.equal([...TEMPLATE_FILES, ALERT_TEMPLATE, DIFFERENCE_TEMPLATE].sort()));
    it('a missing one is named', () => {
      const { 'style.css': _, ...rest } = templates;
      expect(() => renderReport(passing(), { templates: rest, encodePng })).to.throw(TypeError, "no template 'style.css'");
    });
    it('a name that the view does not give is an error', () => {
      const broken = { ...templates, 'sections/provenance.hbs': '{{missingName}}' };
      expect(() => renderReport(passing(), { templates: broken, encodePng })).to.throw(/missingName/);
    });
    it('the style sheet asks for nothing and closes nothing', () => {
      expect(templates['style.css']).not.to.match(/<|url\(|@import/);
      for (const feature of ['prefers-color-scheme: dark', '@media print', 'image-rendering: pixelated']) expect(templates['style.css']).to.contain(feature);
    });
    it('every class of a state that the page uses has colours', () => {
      for (const state of ['pass', 'fail', 'pipeline-failed', 'warn', 'incomplete', 'absent', 'measured', 'na']) {
        expect(templates['style.css']).to.match(new RegExp(`\\.${state}[ ,][^}]*--state:`));
        expect(templates['page.hbs']).to.contain(`id="i-${state}"`);
      }
    });
  });
});
