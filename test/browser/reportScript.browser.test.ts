/** What the script of the report adds, in a real browser: filters in the address, deep links, sorting, keys, zoom, print, and the time to open. */
import { expect } from 'chai';
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { renderReport } from '../../src/report/renderReport.ts';
import { metricRows } from '../../src/report/rows.ts';
import { templates } from '../report/fixture.ts';
import { complete, large } from '../report/fixtureScience.ts';
import { encodePng } from '../report/png.ts';

const ADDRESS = 'https://report.invalid/';
const BUDGET_MS = 2000;

function chromiumOnPath(): string | null {
  const isThere = (file: string): boolean => {
    try { accessSync(file, constants.X_OK); return true; } catch { return false; }
  };
  return (process.env.PATH ?? '').split(path.delimiter).filter(folder => folder !== '')
    .flatMap(folder => ['chromium', 'chromium-browser', 'google-chrome'].map(name => path.join(folder, name))).find(isThere) ?? null;
}

describe('script of the report', function () {
  const executablePath = chromiumOnPath();
  const result = complete();
  const html = renderReport(result, { templates, encodePng });
  const rows = metricRows(result);
  let browser: Browser;

  before(async function () {
    if (executablePath === null) {
      console.warn('    skipped: there is no chromium on PATH (apt-get install chromium)');
      this.skip();
    }
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  });
  after(() => browser?.close());

  async function open(hash = '', options: { javaScriptEnabled?: boolean; body?: string; width?: number } = {}): Promise<Page> {
    const viewport = { width: options.width ?? 1280, height: 900 };
    const context = await browser.newContext({ viewport, javaScriptEnabled: options.javaScriptEnabled ?? true });
    await context.route('**/*', route => route.fulfill({ contentType: 'text/html; charset=utf-8', body: options.body ?? html }));
    const page = await context.newPage();
    await page.goto(ADDRESS + hash, { waitUntil: 'load' });
    return page;
  }
  const shown = (page: Page): Promise<number> => page.locator('table.metrics tbody tr[data-state]:visible').count();

  it('what matters is on the first screen', async () => {
    const page = await open();
    for (const selector of ['.verdict .sentence', '.first', '.against', '.facts']) {
      const box = (await page.locator(selector).first().boundingBox())!;
      expect(box.y + box.height, selector).to.be.lessThan(900);
    }
    await page.context().close();
  });

  it('without script the table is whole and the tools are hidden', async () => {
    const page = await open('', { javaScriptEnabled: false });
    expect(await page.locator('.filters').isVisible()).to.equal(false);
    expect(await page.locator('.zoom-tools').first().isVisible()).to.equal(false);
    expect(await shown(page)).to.equal(rows.length);
    await page.context().close();
  });

  it('filters narrow the table, say how many rows are left, and stay in the address', async () => {
    const page = await open();
    await page.selectOption('select[name=state]', 'fail');
    const nFailing = rows.filter(r => r.state === 'fail').length;
    expect(await shown(page)).to.equal(nFailing);
    expect(await page.locator('.found').textContent()).to.equal(`${nFailing} of ${rows.length} rows`);
    expect(new URL(page.url()).hash).to.equal('#filter?state=fail');
    await page.reload();
    expect(await shown(page)).to.equal(nFailing);
    expect(await page.inputValue('select[name=state]')).to.equal('fail');
    await page.click('.filters button[type=reset]');
    await page.waitForFunction(n => (globalThis as unknown as { document: { querySelector(s: string): { textContent: string } } })
      .document.querySelector('.found').textContent === `${n} rows`, rows.length);
    await page.context().close();
  });

  it('the search finds names and titles', async () => {
    const page = await open();
    await page.fill('input[name=q]', 'dipole frac');
    expect(await shown(page)).to.equal(1);
    await page.fill('input[name=q]', 'no such thing');
    expect(await shown(page)).to.equal(0);
    expect(await page.locator('.found').textContent()).to.equal(`0 of ${rows.length} rows`);
    await page.press('input[name=q]', 'Escape');
    await page.waitForTimeout(50);
    expect(await shown(page)).to.equal(rows.length);
    await page.context().close();
  });

  it('a link to a row shows it, whatever the filter hides', async () => {
    const target = rows.find(r => r.state === 'pass')!;
    const page = await open('#filter?state=fail');
    expect(await page.locator(`#${target.id}`).isVisible()).to.equal(false);
    await page.goto(`${ADDRESS}#${target.id}`);
    await page.locator(`#${target.id}`).waitFor({ state: 'visible', timeout: 2000 });
    const box = (await page.locator(`#${target.id}`).boundingBox())!;
    expect(box.y).to.be.within(40, 880);
    await page.context().close();
  });

  it('a column sorts both ways within its groups, and says so', async () => {
    const page = await open();
    const head = page.locator('th[data-sort=value]');
    const values = (): Promise<string[]> => page.locator('tbody[data-group="Astrometry"] tr[data-state]').evaluateAll(list =>
      (list as unknown as { dataset: { value: string } }[]).map(row => row.dataset.value));
    await head.locator('button').click();
    expect(await head.getAttribute('aria-sort')).to.equal('ascending');
    const up = (await values()).filter(v => v !== '').map(Number);
    expect(up).to.have.length.greaterThan(2).and.to.deep.equal([...up].sort((a, b) => a - b));
    await head.locator('button').press('Enter');
    expect(await head.getAttribute('aria-sort')).to.equal('descending');
    expect((await values()).filter(v => v !== '').map(Number)).to.deep.equal(up.toReversed());
    await page.context().close();
  });

  it('arrows walk from row to row', async () => {
    const page = await open();
    await page.focus('input[name=q]');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    const focused = await page.locator(':focus').evaluate(e => (e as unknown as { closest(s: string): { id: string } }).closest('tr').id);
    expect(focused).to.equal(rows[1]!.id);
    await page.keyboard.press('Enter');
    expect(new URL(page.url()).hash).to.equal(`#${rows[1]!.anchor}`);
    await page.context().close();
  });

  it('the detector zooms with buttons, keys and the wheel, moves, and comes back', async () => {
    const page = await open();
    const svg = page.locator('svg.detector').first();
    const box = async (): Promise<number[]> => (await svg.getAttribute('viewBox'))!.split(' ').map(Number);
    const whole = await box();
    await svg.scrollIntoViewIfNeeded();
    await page.locator('.zoom-tools button[data-key="+"]').first().click();
    expect((await box())[2]).to.be.closeTo(whole[2]! / 1.5, 1);
    await svg.focus();
    await page.keyboard.press('+');
    expect((await box())[2]).to.be.closeTo(whole[2]! / 2.25, 1);
    const before = await box();
    await page.keyboard.press('ArrowRight');
    expect((await box())[0]).to.be.greaterThan(before[0]!);
    await svg.hover();
    await page.mouse.wheel(0, -200);
    await page.waitForTimeout(100);
    expect((await box())[2]).to.be.lessThan(before[2]!);
    for (let k = 0; k < 30; k++) await page.keyboard.press('+');
    expect((await box())[2]).to.be.closeTo(whole[2]! / 32, 1);
    await page.keyboard.press('0');
    expect(await box()).to.deep.equal(whole);
    await page.context().close();
  });

  it('prints without tools, light, and no wider than the paper', async () => {
    const page = await open();
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    await page.setViewportSize({ width: 720, height: 1000 });
    for (const selector of ['.filters', '.zoom-tools', '.top nav']) expect(await page.locator(selector).first().isVisible(), selector).to.equal(false);
    const background = await page.evaluate("getComputedStyle(document.body).backgroundColor");
    expect(background).to.equal('rgb(255, 255, 255)');
    expect(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')).to.equal(0);
    const pdf = await page.pdf({ format: 'A4' });
    expect(pdf.length).to.be.greaterThan(10_000);
    await page.context().close();
  });

  it('the embedded document is the result without its pixels', async () => {
    const page = await open();
    const held = await page.evaluate("JSON.parse(document.getElementById('result').textContent)") as typeof result;
    expect(held.verdicts).to.deep.equal(result.verdicts);
    expect(held.science!.detectors[0]!.sources).to.deep.equal(result.science!.detectors[0]!.sources);
    expect(held.cutouts[0]!.panels[0]!.data).to.equal(null);
    await page.context().close();
  });

  it(`200 detector-visits open in less than ${BUDGET_MS} ms (the best of three)`, async () => {
    const body = renderReport(large(), { templates, encodePng });
    const folder = mkdtempSync(path.join(tmpdir(), 'ap-verify-report-'));
    const file = path.join(folder, 'index.html');
    writeFileSync(file, body);
    const times: number[] = [];
    for (let k = 0; k < 3; k++) {
      const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
      await page.goto(pathToFileURL(file).href, { waitUntil: 'load' });
      times.push(await page.evaluate('performance.getEntriesByType("navigation")[0].loadEventEnd') as number);
      await page.context().close();
    }
    rmSync(folder, { recursive: true });
    console.log(`      opened in ${times.map(Math.round).join(', ')} ms; ${(Buffer.byteLength(body) / 1e6).toFixed(1)} MB`);
    expect(Math.min(...times)).to.be.lessThan(BUDGET_MS);
  });
});
