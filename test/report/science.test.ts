/** The parts of the report that need pictures and catalogs; snapshots of each section; hostile texts; size of a large run. */
import { expect } from 'chai';
import { readFileSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { writeResult } from '../../src/harness/resultDocument.ts';
import { drawTrend } from '../../src/report/charts/sparkline.ts';
import { renderReport } from '../../src/report/renderReport.ts';
import { metricRows } from '../../src/report/rows.ts';
import type { VerificationResult } from '../../src/model/verification.ts';
import { templates } from './fixture.ts';
import { complete, hostileScience, large } from './fixtureScience.ts';
import { encodePng } from './png.ts';

const SNAPSHOT = new URL('./snapshots/sections.json', import.meta.url);
const render = (result: VerificationResult): string => renderReport(result, { templates, encodePng });
const withoutScripts = (html: string): string => html.replace(/<script[\s\S]*?<\/script>/g, '');
const textOf = (html: string): string => withoutScripts(html).replace(/<style>[\s\S]*?<\/style>/g, '').replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');

function sectionOf(html: string, name: string): string {
  const from = html.indexOf(`<section id="${name}"`);
  return from < 0 ? '' : html.slice(from, html.indexOf('</section>', from));
}

describe('report of the science', () => {
  const html = render(complete());

  it('is a valid result', () => expect(() => writeResult(complete())).not.to.throw());

  /** The words and numbers of a section are compared as text, its drawings by digest. UPDATE_GOLDEN=1 writes them anew. */
  describe('snapshots', () => {
    const names = [...html.matchAll(/<section id="(\w+)"/g)].map(m => m[1]!);
    const now = Object.fromEntries(names.map(name => {
      const section = sectionOf(html, name);
      const drawings = [...section.matchAll(/<svg class="(?:chart|detector|stamp|spark|bullet)[\s\S]*?<\/svg>/g)].map(m => m[0]);
      return [name, { text: textOf(section), drawings: `${drawings.length}, ${createHash('sha256').update(drawings.join('')).digest('hex').slice(0, 16)}` }];
    }));
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(SNAPSHOT, `${JSON.stringify(now, null, 1)}\n`);
    const stored = JSON.parse(readFileSync(SNAPSHOT, 'utf8')) as typeof now;
    it('are of all sections', () => {
      expect(names).to.have.length(12);
      expect(Object.keys(stored)).to.deep.equal(names);
    });
    for (const name of names) it(name, () => expect(now[name]).to.deep.equal(stored[name]));
  });

  it('says on the first screen what failed, by how much, and what the baseline had', () => {
    const text = textOf(sectionOf(html, 'banner'));
    expect(text).to.match(/First failure .*Margin/).and.to.match(/Against the baseline ▼ \d+ worse ▲ \d+ better/);
    expect(text).to.contain('14 gained, 12 lost, 1 changed of 400 DIASources');
  });

  it('says what was sampled, and by how much', () => {
    expect(textOf(sectionOf(html, 'detectors'))).to.contain('blocks of up to 5 × 5').and.to.contain('the 2 of 3 images whose noise is furthest');
  });

  it('marks every source of a detector, once as a halo and once in colour', () => {
    const svg = /<svg class="detector"[\s\S]*?<\/svg>/.exec(html)![0];
    const flags = complete().science!.detectors[0]!.sources.flags;
    const count = (kind: string, start: RegExp): number => (new RegExp(`class="mark ${kind}" d="([^"]*)"`).exec(svg)?.[1]?.match(start) ?? []).length;
    expect(count('positive', /M/g)).to.equal(flags.filter(f => f === 0).length);
    expect(count('negative', /M/g)).to.equal(flags.filter(f => f === 1).length);
    expect(count('dipole', /M/g)).to.equal(flags.filter(f => f > 1).length);
    expect(svg).to.contain('>N<').and.to.contain('>E<').and.to.match(/>\d+″</);
  });

  it('trends count flips about the bound of today', () => {
    const row = metricRows(complete()).find(r => r.name.endsWith('CompletenessSnr10'))!;
    expect(row.trend?.text).to.equal('12 runs, 3 flips');
    expect(drawTrend([null, 3], null)).to.equal(null);
    expect(drawTrend([3, null, 4], null)).to.include({ nFlips: 0, nRuns: 2 });
  });

  it('a definition leads to its rows and back, the log is a relative link', () => {
    const row = metricRows(complete())[0]!;
    expect(sectionOf(html, 'metricTable')).to.contain(`href="#${row.anchor}"`).and.to.contain(`id="${row.id}"`);
    expect(sectionOf(html, 'definitions')).to.contain(`href="#${row.id}"`);
    expect(html).to.contain('<a href="../logs/0123.log">');
  });

  describe('hostile', () => {
    const page = withoutScripts(render(hostileScience()));
    it('markup stays text, and no link leads out', () => {
      expect(page).not.to.contain('<img src=x').and.not.to.contain('alert(2)</script>').and.not.to.match(/href="javascript/i);
      for (const [, address] of page.matchAll(/<[^>]*\s(?:src|href)="([^"]*)"/g)) expect(address).to.match(/^(?:#|data:image\/)/);
      expect(page).not.to.match(/<[^>]*\s(?:on\w+|style)=/i);
    });
    it('long texts are cut', () => expect(page).not.to.match(/y{601}/));
    it('ids are unique', () => {
      const ids = [...page.matchAll(/\sid="([^"]*)"/g)].map(m => m[1]!);
      expect(new Set(ids).size).to.equal(ids.length);
    });
  });

  it('200 detector-visits and 50,000 DIASources stay below 10 MB', () => {
    const result = large();
    expect(result.science!.detectors.reduce((n, d) => n + d.sources.x.length, 0)).to.equal(50_000);
    const bytes = Buffer.byteLength(render(result));
    expect(bytes).to.be.lessThan(10e6).and.greaterThan(1e6);
  }).timeout(20_000);
});
