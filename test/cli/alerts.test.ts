import { expect } from 'chai';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { apVerify } from '../e2e/apVerify.ts';
import { encodePacket, writeAlerts } from '../../src/formats/alertAvro.ts';
import { alertOf, ID } from '../formats/alertFixtures.ts';

describe('cli alerts', function () {
  this.timeout(60_000);
  let folder: string;
  const at = (name: string): string => path.join(folder, name);
  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'ap-verify-alerts-'));
    const alerts = Array.from({ length: 5 }, (_, k) => alertOf({ diaSourceId: ID + BigInt(k) }));
    mkdirSync(at('some'));
    mkdirSync(at('empty'));
    writeFileSync(at('some/1_4.avro'), writeAlerts({ visit: 1, detector: 4, alerts }));
    writeFileSync(at('some/packet.avro.gz'), gzipSync(encodePacket(alerts[0]!)));
    writeFileSync(at('cut.avro'), writeAlerts({ visit: 1, detector: 4, alerts }).subarray(0, 20_000));
    const odd = Buffer.from(encodePacket(alerts[0]!));
    odd.writeInt32BE(77, 1);
    writeFileSync(at('unknown.avro'), odd);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('list: one line an alert, of a folder with containers and packets', async () => {
    const { code, stdout, stderr } = await apVerify(['alerts', 'list', at('some'), '-n', '4']);
    expect(code, stderr).to.equal(0);
    expect(stdout.trim().split('\n')).to.have.length(4);
    expect(stdout).to.match(new RegExp(`^alert ${ID} `));
    expect(stderr).to.equal('6 alerts, 4 shown (-n shows more)\n');
  });
  it('list --json: ids as text', async () => {
    const { stdout } = await apVerify(['alerts', 'list', at('some'), '--json']);
    expect(stdout.trim().split('\n').map(line => (JSON.parse(line) as { id: string }).id)).to.include(String(ID + 4n));
  });
  it('show: text, JSON and a page of one alert', async () => {
    const id = String(ID + 2n);
    const text = await apVerify(['alerts', 'show', at('some'), '--id', id]);
    expect(text.stdout).to.include(`alert ${id}`).and.include('Rubin 11.0').and.include('difference');
    const json = await apVerify(['alerts', 'show', at('some'), '--id', id, '--json']);
    expect(JSON.parse(json.stdout)).to.deep.include({ diaSourceId: id, cutoutScience: null });
    const html = await apVerify(['alerts', 'show', at('some'), '--id', id, '--html', at('page.html')]);
    expect(html.code, html.stderr).to.equal(0);
    expect(readFileSync(at('page.html'), 'utf8')).to.include(`<h1 id="page-heading" class="page-title">Alert ${id}</h1>`);
  });
  it('validate: faults by alert, exit 1; a damaged file among good ones is named, exit 4', async () => {
    const faults = await apVerify(['alerts', 'validate', at('some')]);
    expect(faults.code, faults.stderr).to.equal(1);
    expect(faults.stdout).to.match(/1_4\.avro: alert \d+: cutout difference: side of 3 pixels, not 30 to 102/);
    const { code, stdout, stderr } = await apVerify(['alerts', 'validate', at('some'), at('cut.avro')]);
    expect([code, stderr]).to.deep.equal([4, '6 alerts, 6 with faults, 1 files that cannot be read to their end\n']);
    expect(stdout).to.match(/cut\.avro: .*(shorter|format)/);
  });
  it('publish --dir: one container for each visit and detector, the records byte by byte as they were', async () => {
    const { code, stdout, stderr } = await apVerify(['alerts', 'publish', at('some/1_4.avro'), '--dir', at('out')]);
    expect(code, stderr).to.equal(0);
    const [file] = readdirSync(at('out'));
    const source = alertOf().diaSource;
    expect([stdout, file]).to.deep.equal([`5 alerts in 1 files in ${at('out')}\n`, `${String(source.visit)}_${String(source.detector)}.avro`]);
    expect(readFileSync(at(`out/${file!}`)).equals(readFileSync(at('some/1_4.avro')))).to.equal(true);
  });
  it('publish without a place to send to: exit 64', async () => {
    const { code, stderr } = await apVerify(['alerts', 'publish', at('some')]);
    expect(stderr).to.match(/no brokers.*--kafka HOST:PORT --topic NAME, or --dir/);
    expect(code).to.equal(64);
  });
  const refused: readonly [string, () => readonly string[], RegExp][] = [
    ['a cut file', () => ['list', at('cut.avro')], /cut\.avro/],
    ['an unknown schema id', () => ['show', at('unknown.avro')], /unknown\.avro.*found: 77.*--schema/],
    ['an id that is not there', () => ['show', at('some'), '--id', '5'], /an alert 5/],
    ['a place that is not there', () => ['list', at('none')], /none/],
    ['a folder without packets', () => ['list', at('empty')], /empty/],
    ['a broker that is not there', () => ['publish', at('some'), '--kafka', '127.0.0.1:1', '--topic', 't', '--timeout', '2'], /127\.0\.0\.1:1.*broker/],
    ['a schema that is none', () => ['list', at('unknown.avro'), '--schema', at('cut.avro')], /cut\.avro/],
  ];
  for (const [name, args, message] of refused) {
    it(`${name}: exit 4`, async () => {
      const { code, stderr } = await apVerify(['alerts', ...args()]);
      expect(stderr).to.match(message);
      expect(stderr.trim().split('\n')).to.have.length(1);
      expect(code).to.equal(4);
    });
  }
});
