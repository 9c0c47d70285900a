/**
 * The report and the page of alerts in a real browser: accessible in light and dark, no wider than the window, silent, and without a request.
 * AP_VERIFY_REPORT=<index.html> checks that page too; AP_VERIFY_SCREENSHOTS=<folder> keeps pictures.
 */
import { expect } from 'chai';
import axe from 'axe-core';
import { accessSync, constants, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { ALERT_TEMPLATE, renderAlertPage } from '../../src/report/alertPage.ts';
import { renderReport } from '../../src/report/renderReport.ts';
import { alerts } from '../report/alertFixture.ts';
import { fixtures, templates } from '../report/fixture.ts';
import { complete, hostileScience } from '../report/fixtureScience.ts';
import { encodePng } from '../report/png.ts';

const WINDOWS = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 900 } } as const;
const SCHEMES = ['light', 'dark'] as const;
const ADDRESS = 'https://report.invalid/';
/** WCAG 2.2 AA and the good practice of landmarks and headings. */
const AXE_TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

function findOnPath(names: readonly string[]): string | null {
  const folders = (process.env.PATH ?? '').split(path.delimiter).filter(folder => folder !== '');
  return folders.flatMap(folder => names.map(name => path.join(folder, name))).find(isExecutable) ?? null;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function pages(): [string, string][] {
  const own = Object.entries({ ...fixtures, complete, hostileScience })
    .map(([name, make]): [string, string] => [name, renderReport(make(), { templates, encodePng })]);
  const alertPage = renderAlertPage('Alerts', Object.values(alerts), { template: templates[ALERT_TEMPLATE]!, style: templates['style.css']!, encodePng, total: 3 });
  own.push(['alerts', alertPage]);
  const given = process.env.AP_VERIFY_REPORT;
  return given === undefined ? own : [...own, ['given', readFileSync(given, 'utf8')]];
}

interface Opened {
  readonly page: Page;
  /** Everything that the page said or asked for after itself. */
  readonly events: readonly string[];
  close(): Promise<void>;
}

/** What the checks use of the browser's document; the project is compiled without the DOM. */
interface PageElement {
  readonly scrollWidth: number;
  readonly clientWidth: number;
  readonly outerHTML: string;
  closest(selector: string): PageElement | null;
  getBoundingClientRect(): { readonly right: number };
}
interface PageDocument {
  readonly documentElement: PageElement;
  querySelectorAll(selector: string): Iterable<PageElement>;
}

interface View {
  readonly size: keyof typeof WINDOWS;
  readonly scheme: (typeof SCHEMES)[number];
  /** axe is a script, which the policy of the page forbids; its checks run with the policy switched off. */
  readonly bypassCSP?: boolean;
}

async function open(browser: Browser, html: string, { size, scheme, bypassCSP = false }: View): Promise<Opened> {
  const context = await browser.newContext({ viewport: WINDOWS[size], colorScheme: scheme, bypassCSP });
  const page = await context.newPage();
  const events: string[] = [];
  page.on('console', message => events.push(`console ${message.type()}: ${message.text()}`));
  page.on('pageerror', error => events.push(`error: ${error.message}`));
  page.on('dialog', dialog => { events.push(`dialog: ${dialog.message()}`); void dialog.dismiss(); });
  await context.route('**/*', route => {
    if (route.request().url() === ADDRESS) return route.fulfill({ contentType: 'text/html; charset=utf-8', body: html });
    if (!route.request().url().startsWith('data:')) events.push(`request: ${route.request().url().slice(0, 200)}`);
    return route.abort();
  });
  await page.goto(ADDRESS, { waitUntil: 'load' });
  return { page, events, close: () => context.close() };
}

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const result = await page.evaluate(async tags => {
    const { axe: inPage } = globalThis as unknown as { axe: typeof axe };
    const { violations: found, passes } = await inPage.run({ runOnly: tags });
    return { nPasses: passes.length, found: found.map(v => `${v.id}: ${v.help}; ${v.nodes.length} places, first ${v.nodes[0]?.html.slice(0, 160)}`) };
  }, AXE_TAGS);
  expect(result.nPasses, 'rules that found something to check').to.be.greaterThan(12);
  return result.found;
}

/** Elements that reach over the right edge of the window, outside of the frames that scroll. */
function overflows(page: Page): Promise<{ page: number; elements: string[] }> {
  return page.evaluate(() => {
    const { document } = globalThis as unknown as { document: PageDocument };
    const root = document.documentElement;
    const wide = [...document.querySelectorAll('body *')].filter(e => e.closest('.scroll, nav, .brand, svg, .sr, pre') === null
      && e.getBoundingClientRect().right > root.clientWidth + 1);
    return { page: root.scrollWidth - root.clientWidth, elements: wide.slice(0, 3).map(e => e.outerHTML.slice(0, 120)) };
  });
}

async function keepScreenshot(page: Page, name: string): Promise<void> {
  const folder = process.env.AP_VERIFY_SCREENSHOTS;
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, `${name}.png`), fullPage: true });
}

describe('report in a browser', function () {
  const executablePath = findOnPath(['chromium', 'chromium-browser', 'google-chrome']);
  let browser: Browser;

  before(async function () {
    if (executablePath === null) {
      console.warn('    skipped: there is no chromium on PATH (apt-get install chromium)');
      this.skip();
    }
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  });
  after(() => browser?.close());

  for (const [name, html] of pages()) {
    for (const scheme of SCHEMES) {
      for (const size of ['phone', 'desktop'] as const) {
        it(`${name}, ${scheme}, ${size}: fits the window, silent, no request`, async () => {
          const { page, events, close } = await open(browser, html, { size, scheme });
          expect(await overflows(page)).to.deep.equal({ page: 0, elements: [] });
          expect(await page.locator('h1').count()).to.equal(1);
          await keepScreenshot(page, `${name}-${scheme}-${size}`);
          expect(events).to.deep.equal([]);
          await close();
        });
      }
      it(`${name}, ${scheme}: axe finds nothing`, async () => {
        for (const size of ['phone', 'desktop'] as const) {
          const { page, close } = await open(browser, html, { size, scheme, bypassCSP: true });
          expect(await violations(page), size).to.deep.equal([]);
          await close();
        }
      });
    }
  }

  describe('notices planted faults', () => {
    const clean = '<!doctype html><html lang="en"><title>t</title><main><h1>t</h1>';
    const view = { size: 'phone', scheme: 'light' } as const;

    it('a request', async () => {
      const { events, close } = await open(browser, `${clean}<img src="https://elsewhere.invalid/a.png" alt="a">`, view);
      expect(events.join()).to.contain('request: https://elsewhere.invalid/a.png');
      await close();
    });
    it('a wide element', async () => {
      const { page, close } = await open(browser, `${clean}<p style="width: 900px">wide</p>`, view);
      expect((await overflows(page)).elements).to.have.length(1);
      await close();
    });
    it('a script that the policy stops', async () => {
      const html = renderReport(fixtures.bare(), { templates, encodePng }).replace('</main>', '<script>document.title = "ran"</script></main>');
      const { page, events, close } = await open(browser, html, view);
      expect(await page.title()).not.to.equal('ran');
      expect(events.join()).to.match(/Content Security Policy/);
      await close();
    });
    it('a label that is missing and a text without contrast', async () => {
      const sections = Array.from({ length: 3 }, (_, k) => `<h2>part ${k}</h2><ul><li><a href="#a${k}">link ${k}</a></li></ul>`).join('');
      const html = `${clean}${sections}<table><tr><th>a</th></tr></table><img src="data:image/gif;base64,R0lGODlhAQABAAAAACw="><p style="color: #bbb">pale</p>`;
      const { page, close } = await open(browser, html, { ...view, bypassCSP: true });
      expect((await violations(page)).map(v => v.split(':')[0])).to.include.members(['image-alt', 'color-contrast']);
      await close();
    });
  });
});
