import { expect } from 'chai';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { main } from '../../src/cli/main.ts';
import { readExposure } from '../../src/formats/exposureFits.ts';
import { card, readFits, writeFits, hduNamed, imageAsFloat64 } from '../../src/formats/fits/index.ts';
import { readFitsTable } from '../../src/formats/fitsTable.ts';
import { headerOfWcs } from '../../src/formats/wcsCards.ts';
import { column, numbers } from '../../src/model/table.ts';
import type { SkyWcs } from '../../src/model/wcs.ts';
import { simulatePair, type PairImage } from '../../src/simulate/pair/imagePair.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'diff-'));
const at = (name: string): string => path.join(folder, name);
const pair = simulatePair(5, { width: 480, height: 448, nStars: 260, nGalaxies: 60, nTransients: 16, nVariables: 3, nCosmicRays: 3 });

function write(name: string, { width, height, image }: PairImage, wcs: SkyWcs | null, pixels: Float32Array = image): string {
  const cards = [card('GAIN', 1), ...(wcs === null ? [] : headerOfWcs(wcs))];
  writeFileSync(at(name), writeFits([{ kind: 'image', shape: [width, height], data: pixels, cards }]));
  return at(name);
}

function writeMask(name: string, { width, height, mask }: PairImage): string {
  writeFileSync(at(name), writeFits([{ kind: 'image', shape: [width, height], data: mask }]));
  return at(name);
}

async function quietly(args: readonly string[]): Promise<{ code: number; text: string }> {
  const [out, err] = [process.stdout.write, process.stderr.write];
  let text = '';
  const take = (chunk: unknown): boolean => { text += String(chunk); return true; };
  process.stdout.write = take;
  process.stderr.write = take;
  try {
    return { code: await main(args), text };
  } finally {
    process.stdout.write = out;
    process.stderr.write = err;
  }
}

describe('ap-verify diff', function () {
  this.timeout(120_000);
  const science = write('science.fits', pair.science, pair.science.wcs);
  const template = write('template.fits', pair.template, pair.template.wcs);
  const masks = [
    '--science-mask', writeMask('science-mask.fits', pair.science), '--template-mask', writeMask('template-mask.fits', pair.template),
    '--convention', '0=BAD,1=SAT', '--gain', '1', '--read-noise', '6', '--template-gain', '10', '--template-read-noise', '1.9',
  ];
  after(() => { rmSync(folder, { recursive: true, force: true }); });

  it('finds what is new and writes all of its files', async () => {
    const { code, text } = await quietly(['diff', science, template, '-o', at('out'), ...masks]);
    expect(code, text).to.equal(0);
    const files = ['difference.fits', 'matched-template.fits', 'kernel.fits', 'dia-sources.parquet', 'dia-sources.fits', 'diff.json', 'index.html'];
    for (const name of files) expect(existsSync(at(`out/${name}`)), name).to.equal(true);
    const { table } = readFitsTable(readFileSync(at('out/dia-sources.fits')));
    const [x, y, isSky] = [numbers(table, 'x'), numbers(table, 'y'), column(table, 'isSky', 'bool')];
    const bright = pair.objects.filter(o => o.kind === 'transient' && o.mag < pair.m5 - 1);
    const found = bright.filter(t => x.some((v, i) => isSky[i] === 0 && Math.hypot(v - t.x, y[i]! - t.y) < 1));
    expect(found.length).to.be.at.least(bright.length - 1);
    const difference = readExposure(readFileSync(at('out/difference.fits')));
    expect(difference.psf).to.not.equal(null);
    const kernel = hduNamed(readFits(readFileSync(at('out/kernel.fits'))), 'KERNEL');
    const size = Number(kernel.header.NAXIS1);
    expect(imageAsFloat64(kernel).subarray(0, size * size).reduce((a, b) => a + b, 0)).to.be.closeTo(1, 0.05);
    const { status, numbers: figures, times_s } = JSON.parse(readFileSync(at('out/diff.json'), 'utf8')) as {
      status: string; numbers: Record<string, number>; times_s: Record<string, number>;
    };
    expect(status).to.equal('succeeded');
    expect(figures.residualWidth).to.be.closeTo(1, 0.03);
    expect(Object.keys(times_s)).to.include.members(['read', 'warp', 'subtract', 'detect and measure']);
  });

  for (const method of ['zogy', 'score']) {
    it(`does so by ${method}`, async () => {
      const { code, text } = await quietly(['diff', science, template, '-o', at(method), '--method', method, ...masks]);
      expect(code, text).to.equal(0);
    });
  }

  it('finds the way when the WCS of the template is wrong by 40 pixels', async () => {
    const { wcs } = pair.template;
    const shifted = write('shifted.fits', pair.template, { ...wcs, crpix: [wcs.crpix[0] + 32, wcs.crpix[1] - 24] });
    const { code, text } = await quietly(['diff', science, shifted, '-o', at('shifted'), ...masks]);
    expect(code, text).to.equal(0);
    const { numbers: figures } = JSON.parse(readFileSync(at('shifted/diff.json'), 'utf8')) as { numbers: Record<string, number> };
    expect(figures.registrationOffset_px).to.be.closeTo(40, 1);
  });

  it('says why there is no difference, with exit code 3 and diff.json', async () => {
    const nothing = write('nan.fits', pair.template, pair.template.wcs, pair.template.image.slice().fill(NaN));
    const { code, text } = await quietly(['diff', science, nothing, '-o', at('nan')]);
    expect(code).to.equal(3);
    expect(text).to.match(/the pipeline under test failed/);
    const { status, reason } = JSON.parse(readFileSync(at('nan/diff.json'), 'utf8')) as { status: string; reason: string };
    expect([status, reason.length > 10]).to.deep.equal(['failed', true]);
  });

  it('refuses what it cannot use', async () => {
    expect((await quietly(['diff', science, at('absent.fits'), '-o', at('x')])).code).to.equal(4);
    expect((await quietly(['diff', science, template, '-o', at('x'), '--convention', '0=NONSENSE'])).code).to.equal(64);
    const bare = write('bare.fits', pair.template, null);
    const { code, text } = await quietly(['diff', science, bare, '-o', at('x')]);
    expect([code, /a WCS in both images, or in neither/.test(text)]).to.deep.equal([4, true]);
  });
});
