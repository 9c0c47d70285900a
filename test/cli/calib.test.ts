/** `calib build` and `image isr` on frames in DECam's layout, and on the Lowell and obs_test frames where they are at hand. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { readAnyExposure } from '../../src/butler/anyExposure.ts';
import { card } from '../../src/formats/fits/index.ts';
import { readRawFrame, writeRawFrame } from '../../src/formats/rawFits.ts';
import type { Exposure } from '../../src/model/image.ts';
import { median, sigmaClip } from '../../src/numeric/statistics.ts';
import { sim } from '../../src/instruments/sim/index.ts';
import { RAW_HEIGHT, RAW_WIDTH } from '../../src/instruments/sim/geometry.ts';
import { random } from '../../src/numeric/random.ts';

const CLI = path.resolve('src/cli/ap-verify.js');
const DATA = path.resolve('../shared/data');
const folder = mkdtempSync(path.join(os.tmpdir(), 'calib-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [CLI, ...args], { encoding: 'utf8' });
}

/** Median over a box, NaN left out. */
function boxMedian({ width, image }: Exposure, x0: number, x1: number, y0: number, y1: number): number {
  const values: number[] = [];
  for (let y = y0; y < y1; y++) for (let x = x0; x < x1; x++) values.push(image[y * width + x]!);
  return median(values);
}

/** Clipped mean: medians of a raw frame without a bias are whole ADU. */
function boxSky({ width, image }: Exposure, x0: number, x1: number, y0: number, y1: number): number {
  const values: number[] = [];
  for (let y = y0; y < y1; y++) for (let x = x0; x < x1; x++) values.push(image[y * width + x]!);
  return sigmaClip(values).mean;
}

/** A small raw frame of the simulated camera: zero level 1000, light in electrons, noise of 5 electrons. */
function simRaw(name: string, seqNum: number, cards: Readonly<Record<string, string | number>>, light_electron: number): string {
  const rng = random(seqNum, name);
  const data = new Uint16Array(RAW_WIDTH * RAW_HEIGHT).fill(1000);
  for (const amp of sim.detectors[0]!.amplifiers) {
    const { rawData: box, rawSerialOverscan: over, gain_electronPerAdu: gain } = amp;
    for (let y = 0; y < box.height; y++) {
      for (let x = 0; x < box.width + over!.width; x++) {
        const light = x < box.width ? light_electron + Math.sqrt(light_electron) * rng.normal() : 0;
        data[y * RAW_WIDTH + box.x0 + x] = Math.round(1000 + (light + 5 * rng.normal()) / gain);
      }
    }
  }
  const header = {
    INSTRUME: 'SIMCAM', OBSID: `S${seqNum}`, EXPID: seqNum, DETNUM: 0, DAYOBS: 20260112, SEQNUM: seqNum, FILTER: 'sim-r',
    'DATE-OBS': `2026-01-12T03:${String(seqNum).padStart(2, '0')}:00.000`, EXPTIME: 0, DARKTIME: 0, AIRMASS: 1, RA: 52, DEC: -27, ROTPA: 0, ...cards,
  };
  const file = path.join(folder, `${name}.fits`);
  const list = Object.entries(header).map(([key, value]) => card(key, value));
  writeFileSync(file, writeRawFrame({ cards: list, width: RAW_WIDTH, height: RAW_HEIGHT, data }));
  return file;
}

describe('calib build on simulated frames', () => {
  const bias = [1, 2, 3].map(k => simRaw(`bias${k}`, k, { IMGTYPE: 'bias' }, 0));
  const flats = [4, 5, 6].map(k => simRaw(`flat${k}`, k, { IMGTYPE: 'flat', EXPTIME: 10 + k }, 20_000 + 1000 * k));
  const out = path.join(folder, 'calib');

  it('a bias leaves out a frame that was exposed, and says why', () => {
    const { status, stdout, stderr } = run('calib', 'build', 'bias', ...bias, flats[0]!, '-o', out);
    expect(status, stderr).to.equal(0);
    expect(stdout).to.match(/bias-sim-D0\.fits: 3 frames/);
    expect(stderr).to.match(/left out .*flat4\.fits: exposure time 14 s, the others have 0 s/);
    const frame = readAnyExposure(readFileSync(path.join(out, 'bias-sim-D0.fits')));
    expect(Math.abs(boxMedian(frame, 0, 1000, 0, 1000))).to.be.lessThan(0.5);
    expect(Math.sqrt(median(frame.variance))).to.be.closeTo(5 / Math.sqrt(3), 0.15);
  });

  it('a flat leaves out another filter, another shape and a saturated frame', () => {
    const other = simRaw('otherFilter', 7, { IMGTYPE: 'flat', FILTER: 'sim-g', EXPTIME: 10 }, 20_000);
    const saturated = simRaw('saturated', 8, { IMGTYPE: 'flat', EXPTIME: 10 }, 103_000);
    const shape = path.join(folder, 'shape.fits');
    const whole = readRawFrame(readFileSync(flats[0]!));
    const cards = Object.entries(whole.header).filter(([key]) => !/^(SIMPLE|BITPIX|NAXIS.*|BZERO|BSCALE|EXTEND)$/.test(key));
    writeFileSync(shape, writeRawFrame({
      cards: cards.map(([key, value]) => card(key, value as string | number)),
        width: RAW_WIDTH, height: 10, data: new Uint16Array(RAW_WIDTH * 10),
    }));
    const bias0 = path.join(out, 'bias-sim-D0.fits');
    const { status, stderr } = run('calib', 'build', 'flat', ...flats, other, saturated, shape, '--bias', bias0, '-o', out);
    expect(status, stderr).to.equal(0);
    expect(stderr).to.match(/otherFilter.fits: filter sim-g, the others have sim-r/);
    expect(stderr).to.match(/shape.fits: shape 1080 x 10 pixels, the others have 1080 x 1000/);
    expect(stderr).to.match(/saturated.fits: .*saturated/);
    const flat = readAnyExposure(readFileSync(path.join(out, 'flat-sim-D0-sim_r.fits')));
    expect(boxMedian(flat, 0, 1000, 0, 1000)).to.be.closeTo(1, 1e-3);
    expect(flat.physicalFilter).to.equal('sim-r');
  });

  it('image isr with a flat of another filter, or without any usable pixel, ends with a message', () => {
    const science = simRaw('science', 9, { IMGTYPE: 'science', FILTER: 'sim-g', EXPTIME: 30, DARKTIME: 30 }, 900);
    const wrong = run('image', 'isr', science, '--flat', path.join(out, 'flat-sim-D0-sim_r.fits'), '-o', folder);
    expect(wrong.status).to.equal(4);
    expect(wrong.stderr).to.match(/filter sim-r.*filter sim-g/);
    const defects = path.join(folder, 'all.txt');
    writeFileSync(defects, '0 0 1000 1000\n');
    const masked = run('image', 'isr', science, '--defects', defects, '-o', folder);
    expect(masked.status).to.equal(3);
    expect(masked.stderr).to.match(/no pixel of the detector is usable.*nPixels 1000000, nBad 1000000/);
    const missing = run('image', 'isr', science, '-c', 'doBias=true', '-o', folder);
    expect(missing.status).to.equal(4);
    expect(missing.stderr).to.match(/no valid calibration.*bias \{instrument: sim.*2026-01-12T03:09:00/);
  });

  it('too few frames: the reasons are in the message', () => {
    const { status, stderr } = run('calib', 'build', 'dark', bias[0]!, '-o', out);
    expect(status).to.equal(4);
    expect(stderr).to.match(/1 usable frames of 1 for a dark; two are needed/);
  });

  it('in a repository the result is certified and found', () => {
    const repo = path.join(folder, 'repo');
    const steps = [
      ['butler', 'create', repo], ['butler', 'register-instrument', repo, 'sim'], ['butler', 'ingest-raws', repo, ...bias],
      ['calib', 'build', 'bias', repo],
    ];
    for (const step of steps) execFileSync(process.execPath, [CLI, ...step], { stdio: 'pipe' });
    expect(run('butler', 'query-datasets', repo, 'bias', '--collections', 'sim/calib').stdout).to.match(/sim\/calib\/bias\/20260112T0301/);
  });
});

describe('Lowell frames (bias, twilight flats)', function () {
  this.timeout(120_000);
  const lowell = path.join(DATA, 'lowell42_5945');
  const out = path.join(folder, 'lowell');
  const files = (name: string): string[] => readdirSync(path.join(lowell, name)).sort().map(file => path.join(lowell, name, file));
  before(function () {
    if (!existsSync(lowell)) {
      process.stderr.write(`skipped: ${lowell} is not there\n`);
      this.skip();
    }
    mkdirSync(out);
    // The last bias and flat are kept apart: what they show was not fitted.
    const bias = path.join(out, 'bias-lowell42-NASA42.fits');
    const steps = [
      ['calib', 'build', 'bias', ...files('bias').slice(0, -1), '-o', out],
      ['calib', 'build', 'flat', ...files('flat_VR').slice(0, -1), '--bias', bias, '-o', out],
      ['image', 'isr', files('bias').at(-1)!, '--bias', bias, '-o', out],
      ['image', 'isr', files('flat_VR').at(-1)!, '--bias', bias, '--flat', path.join(out, 'flat-lowell42-NASA42-VR.fits'), '-o', out],
    ];
    for (const step of steps) execFileSync(process.execPath, [CLI, ...step], { stdio: 'pipe' });
  });

  it('the bias leaves less than 0.5 ADU across the overscan boundary and the amplifier', () => {
    const frame = readAnyExposure(readFileSync(path.join(out, '20190326.0019.isr.fits')));
    const gain = 4.95;
    for (let x = 0; x < 1365; x += 65) expect(Math.abs(boxMedian(frame, x, x + 65, 60, 1369) / gain), `columns from ${x}`).to.be.lessThan(0.5);
    for (let y = 8; y < 1368; y += 40) expect(Math.abs(boxMedian(frame, 0, 1365, y, y + 40) / gain), `rows from ${y}`).to.be.lessThan(0.5);
    for (const x of [0, 1360]) expect(Math.abs(boxMedian(frame, x, x + 5, 60, 1369) / gain), `edge at ${x}`).to.be.lessThan(0.5);
  });

  it('a twilight flat that did not enter is flat to 1 % over the unvignetted field', () => {
    const flat = readAnyExposure(readFileSync(path.join(out, 'flat-lowell42-NASA42-VR.fits')));
    const frame = readAnyExposure(readFileSync(path.join(out, '20190326.0115.isr.fits')));
    const level = boxMedian(frame, 400, 1000, 400, 1000);
    const deviations: number[] = [];
    for (let y = 0; y + 32 <= 1370; y += 32) {
      for (let x = 0; x + 32 <= 1365; x += 32) {
        if (boxMedian(flat, x, x + 32, y, y + 32) > 0.9) deviations.push(boxMedian(frame, x, x + 32, y, y + 32) / level - 1);
      }
    }
    expect(deviations.length).to.be.greaterThan(900);
    expect(Math.max(...deviations.map(Math.abs))).to.be.lessThan(0.01);
  });
});

describe('obs_test frames', function () {
  this.timeout(60_000);
  it('the four amplifiers meet within 0.5 ADU', function () {
    const raw = path.join(DATA, 'obs_test', 'raw_v1_fg.fits.gz');
    if (!existsSync(raw)) {
      process.stderr.write(`skipped: ${raw} is not there\n`);
      this.skip();
    }
    execFileSync(process.execPath, [CLI, 'image', 'isr', raw, '-o', folder], { stdio: 'pipe' });
    const frame = readAnyExposure(readFileSync(path.join(folder, 'raw_v1_fg.isr.fits')));
    const [left, right] = [boxSky(frame, 449, 509, 0, 2000), boxSky(frame, 509, 569, 0, 2000)];
    const [below, above] = [boxSky(frame, 0, 1018, 940, 1000), boxSky(frame, 0, 1018, 1000, 1060)];
    expect(Math.abs(right - left) / 1.7).to.be.lessThan(0.5);
    expect(Math.abs(above - below) / 1.7).to.be.lessThan(0.5);
  });
});
