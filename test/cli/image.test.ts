/** `ap-verify image characterize | calibrate`: products of a good image, and one clear message for every bad one. */
import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readExposure } from '../../src/formats/exposureFits.ts';
import { card, imageSize, readFits, writeFits, type Card } from '../../src/formats/fits/index.ts';
import { readTableFile, writeTableFile } from '../../src/formats/tableFile.ts';
import { headerOfWcs } from '../../src/formats/wcsCards.ts';
import { numbers, tableFromRows } from '../../src/model/table.ts';
import type { SkyWcs } from '../../src/model/wcs.ts';
import { pixelToSky } from '../../src/sky/wcs.ts';
import { makeField, scatter } from '../astro/syntheticField.ts';
import { temporaryFolder } from '../e2e/apVerify.ts';

const PROGRAM = path.resolve(import.meta.dirname, '../../src/cli/ap-verify.js');
const SIDE = 320;
const SCALE = 0.3 / 3600;
const wcs: SkyWcs = { projection: 'TAN', crpix: [160, 160], crval_deg: [150, 2], cd: [-SCALE, 0, 0, SCALE] };
const guess: SkyWcs = { ...wcs, crval_deg: [150 + 5 / 3600, 2 - 4 / 3600] };
const stars = scatter(5, 70, SIDE, SIDE, 2000, 120_000);
const field = makeField({ width: SIDE, height: SIDE, sky: 300, readNoise: 5, fwhm: () => 3.2, sources: stars, seed: 5 }).image;

describe('ap-verify image', () => {
  const folder = temporaryFolder();
  const inFolder = (name: string): string => path.join(folder(), name);
  const run = (...args: readonly string[]): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, [PROGRAM, 'image', ...args], { encoding: 'utf8' });
  const put = (name: string, data: Float32Array, cards: readonly Card[] = headerOfWcs(guess), side = SIDE): string => {
    const file = inFolder(name);
    writeFileSync(file, writeFits([{ kind: 'image', shape: [side, side], data, cards: [...cards, card('RDNOISE', 5), card('FILTER', 'r')] }]));
    return file;
  };
  const putReferences = (name: string, shift_deg = 0): string => {
    const rows = stars.map((s, i) => {
      const [ra, dec] = pixelToSky(wcs, s.x, s.y);
      return { id: i, ra, dec: dec + shift_deg, r_flux: 2 * s.flux, r_fluxErr: 0.01 * s.flux };
    });
    const columns = ['ra', 'dec', 'r_flux', 'r_fluxErr'].map(column => ({ name: column, type: 'f64' as const, unit: '', doc: '' }));
    const table = tableFromRows([{ name: 'id', type: 'i64', unit: '', doc: '' }, ...columns], rows);
    writeFileSync(inFolder(name), writeTableFile(name, table));
    return inFolder(name);
  };

  it('characterizes an image without a WCS: catalog, sky, PSF, regions and a picture', async () => {
    const { status, stdout } = run('characterize', put('plain.fits', field, []), '-o', inFolder('out'));
    expect(status).to.equal(0);
    expect(stdout).to.match(/plain\.fits: \d+ sources, sky 30\d\.\d electrons, FWHM 3\.\d\d px/);
    const product = (name: string): Uint8Array => readFileSync(path.join(folder(), 'out', 'plain', name));
    for (const name of ['catalog.parquet', 'catalog.fits']) {
      const table = await readTableFile(name, product(name));
      const [x, y] = [numbers(table, 'x'), numbers(table, 'y')];
      const bright = stars.filter(s => s.flux > 20_000);
      const found = bright.filter(s => x.some((v, i) => Math.hypot(v - s.x, y[i]! - s.y) < 0.3));
      expect(found.length, name).to.be.at.least(0.9 * bright.length);
      expect(numbers(table, 'ra').every(Number.isNaN)).to.equal(true);
    }
    expect(imageSize(readFits(product('background.fits')).hdus[0]!)).to.deep.equal({ width: SIDE, height: SIDE });
    expect(readExposure(product('exposure.fits')).psf!.fwhm_px).to.be.closeTo(3.4, 0.3);
    expect(readFits(product('psf.fits')).hdus[0]!.header.NAXIS3).to.equal(15);
    expect(Buffer.from(product('sources.reg')).toString()).to.match(/^# Region file.*\nimage\ncircle\(/);
    expect(Buffer.from(product('check.png').subarray(1, 4)).toString()).to.equal('PNG');
  });

  it('calibrates: positions and fluxes of the reference catalog', async () => {
    const { status, stderr } = run('calibrate', put('sky.fits', field), '--refcat', putReferences('refs.csv'), '-o', inFolder('out'));
    expect(stderr).to.equal('');
    expect(status).to.equal(0);
    const made = path.join(folder(), 'out', 'sky');
    const summary = JSON.parse(readFileSync(path.join(made, 'summary.json'), 'utf8')) as Record<string, number>;
    expect(summary.calibration_nJy).to.be.closeTo(2, 0.02);
    expect(summary.wcsPointingOffset_arcsec).to.be.closeTo(6.4, 0.2);
    const matches = await readTableFile('m.parquet', readFileSync(path.join(made, 'astrometry_matches.parquet')));
    expect(matches.nRows).to.equal(summary.nAstrometryMatches);
    expect(readExposure(readFileSync(path.join(made, 'exposure.fits'))).unit).to.equal('nJy');
  });

  const noise = makeField({ width: SIDE, height: SIDE, sky: 300, readNoise: 5, fwhm: () => 3.2, sources: [], seed: 6 }).image;
  const oneStar = makeField({
    width: SIDE, height: SIDE, sky: 300, readNoise: 5, fwhm: () => 3.2, sources: [{ x: 150, y: 170, flux: 50_000 }], seed: 7,
  }).image;
  const failures: readonly [string, Float32Array, readonly Card[], readonly string[], number, RegExp][] = [
    ['no source at all', noise, headerOfWcs(guess), [], 3, /0 stars for a PSF model among 0 detections, at least 5.*needed 5/],
    ['no finite pixel', new Float32Array(SIDE * SIDE).fill(NaN), headerOfWcs(guess), [], 3, /no sky pixels.*nPixels 102400/],
    ['one star', oneStar, headerOfWcs(guess), [], 3, /stars for a PSF model among 1 detections.*nDetected 1/],
    ['everything saturated', field, headerOfWcs(guess), ['--saturation', '1'], 3, /no sky pixels.*nPixels 102400/],
    ['a band that the catalog does not have', field, headerOfWcs(guess), ['--band', 'z'], 4, /reference catalog.*r_flux.*z_flux/],
    ['no WCS', field, [], [], 4, /no WCS.*first guess/],
    ['a configuration field that does not exist', field, headerOfWcs(guess), ['-c', 'psfMinStar=3'], 4, /psfMinStar/],
  ];
  for (const [name, data, cards, args, exit, message] of failures) {
    it(`says so: ${name}`, () => {
      const { status, stderr } = run('calibrate', put('bad.fits', data, cards), '--refcat', putReferences('refs.parquet'), '-o', inFolder('bad'), ...args);
      expect(stderr).to.match(message);
      expect(stderr.trim().split('\n').length).to.equal(1);
      expect(status).to.equal(exit);
      expect(existsSync(path.join(folder(), 'bad'))).to.equal(false);
    });
  }

  it('says so: a reference catalog of another field, and an empty one', () => {
    const file = put('far.fits', field);
    const far = run('calibrate', file, '--refcat', putReferences('far.parquet', 5), '-o', inFolder('bad'));
    expect(far.stderr).to.match(/no significant match.*nSources \d+, nReferences 0/);
    expect(far.status).to.equal(3);
    writeFileSync(inFolder('empty.csv'), 'id,ra,dec,r_flux,r_fluxErr\n');
    const empty = run('calibrate', file, '--refcat', inFolder('empty.csv'), '-o', inFolder('bad'));
    expect(empty.status).to.be.oneOf([3, 4]);
    expect(empty.stderr.trim().split('\n').length).to.equal(1);
  });

  it('goes on with rows of NaN, and with the other files when one cannot be read', () => {
    const striped = field.slice();
    striped.fill(NaN, 40 * SIDE, 52 * SIDE);
    const { status, stdout, stderr } = run('characterize', inFolder('gone.fits'), put('striped.fits', striped), '-o', inFolder('out'));
    expect(stdout).to.match(/striped\.fits: \d\d sources/);
    expect(stderr).to.match(/gone\.fits: a file is missing/);
    expect(status).to.equal(4);
  });

  it('refuses two files that would share a folder', () => {
    const { status, stderr } = run('characterize', 'a/x.fits', 'b/x.fits.gz', '-o', inFolder('out'));
    expect(status).to.equal(64);
    expect(stderr).to.match(/files of different names/);
  });
});
