import { expect } from 'chai';
import { alertJson, alertLine, alertText } from '../../src/cli/alertText.ts';
import { renderAlertPage } from '../../src/report/alertPage.ts';
import { alerts } from './alertFixture.ts';
import { MARKUP, templates } from './fixture.ts';
import { encodePng } from './png.ts';

const page = (...views: (typeof alerts)[keyof typeof alerts][]): string =>
  renderAlertPage('Alerts of "a.avro"', views, { template: templates['alerts.hbs']!, style: templates['style.css']!, encodePng, total: views.length });

describe('report/alertPage', () => {
  it('shows facts, pictures, light curve and table', () => {
    const html = page(alerts.full);
    for (const text of ['Alert 173409123456789013', 'visit 2026010100001, detector 4', '53.012346, −28.023457', '± 56.7', '60041.20000', 'isDipole, pixelFlags_edge', 'days since MJD 60000']) {
      expect(html).to.include(text);
    }
    expect(html.match(/<img /g)).to.have.length(3);
    expect(html.match(/<circle class="ring-point/g)).to.have.length(8);
    expect(html.match(/class="this-alert"/g)).to.have.length(1);
  });
  it('says what is not known and what could not be read', () => {
    const html = page(alerts.bare);
    expect(html).to.include('– ± –').and.include('cutout science: damaged').and.not.include('<img ').and.not.include('NaN');
  });
  it('escapes every text', () => {
    const html = page(alerts.hostile, alerts.full);
    expect(html).to.not.include(MARKUP);
    expect(html.replace(/<svg[\s\S]*?<\/svg>/g, '')).to.not.match(/<script|onerror=|\u001b|\u202e/);
  });
  it('is the same for the same alerts, loads nothing and runs nothing', () => {
    const html = page(alerts.full, alerts.bare);
    expect(html).to.equal(page(alerts.full, alerts.bare));
    expect(html).to.not.match(/(?:src|href)="https?:|<script/);
    expect(html).to.include('href="#a1"');
  });
  it('says how many there are beyond those that are shown', () => {
    const options = { template: templates['alerts.hbs']!, style: '', encodePng, total: 9 };
    expect(renderAlertPage('t', [alerts.full], options)).to.include('9 alerts, the first 1 shown.');
  });
  it('large fluxes have another unit', () => {
    const bright = { ...alerts.full, lightCurve: alerts.full.lightCurve.map(p => ({ ...p, flux_nJy: 100 * p.flux_nJy })) };
    expect(page(bright)).to.include('difference flux (µJy)');
  });
});

describe('cli/alertText', () => {
  it('one line, two digits of nothing lost', () => {
    expect(alertLine(alerts.full)).to.equal('alert 173409123456789013  visit 2026010100001  detector 4  band r  object 173409123456789012  '
      + 'ra 53.012346  dec -28.023457  psfFlux 1235 ± 57 nJy  S/N 21.8  history 8');
  });
  it('cutouts as letters when there are no colours, no line longer than three of them', () => {
    const text = alertText(alerts.full, false);
    expect(text).to.include('difference').and.include('@').and.not.include('\u001b');
    for (const line of text.split('\n')) expect(line.length).to.be.at.most(110);
    expect(alertText(alerts.full, true)).to.include('\u001b[38;5;');
  });
  it('control characters of a packet never reach the terminal', () => {
    for (const text of [alertText(alerts.hostile, false), alertLine(alerts.hostile)]) {
      expect(text).to.not.match(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    }
  });
  it('JSON has null where nothing is known', () => {
    expect(JSON.parse(JSON.stringify(alertJson(alerts.bare, 'f')))).to.deep.include({ id: '2', flux_nJy: null, snr: null, object: null });
  });
});
