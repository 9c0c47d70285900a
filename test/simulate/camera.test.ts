import { expect } from 'chai';
import { createHash } from 'node:crypto';
import { sim } from '../../src/instruments/sim/index.ts';
import { AXIS_PIXEL, RAW_WIDTH } from '../../src/instruments/sim/geometry.ts';
import { random } from '../../src/numeric/random.ts';
import { makeDetectorMaps } from '../../src/simulate/detectorMaps.ts';
import { boresightOf, expose, headerWcs, trueWcs } from '../../src/simulate/observe.ts';
import { makePsf } from '../../src/simulate/psfModel.ts';
import { addCosmicRays, bleed, countElectrons } from '../../src/simulate/readout.ts';
import { simSmallSky } from '../../src/simulate/simSmallSky.ts';
import { fluxAt, positionAt, templateFlux } from '../../src/simulate/sky.ts';
import type { SkySource } from '../../src/simulate/sky.ts';
import { midTime_mjd, VISITS } from '../../src/simulate/survey.ts';
import { separation_arcsec } from '../../src/sky/sphere.ts';
import { pixelToSky } from '../../src/sky/wcs.ts';
import { moments } from '../../src/numeric/statistics.ts';

const detector = sim.detectors[0]!;

describe('bleeding', () => {
  const fullWell = 62_000 * detector.amplifiers[0]!.gain_electronPerAdu;
  it('conserves charge away from the edges and fills neighbours in the column up to the full well', () => {
    const data = new Float64Array(1000 * 1000);
    const p = 500 * 1000 + 100;
    data[p] = 7.4 * fullWell;
    data[p - 2000] = 0.5 * fullWell;
    bleed({ width: 1000, height: 1000, data }, detector);
    expect(data.reduce((a, b) => a + b, 0)).to.be.closeTo(7.9 * fullWell, 1e-3);
    expect(Math.max(...[0, 1, 2, 3, 4, 5, 6, 7].map(k => data[p + (k - 4) * 1000]!))).to.be.at.most(fullWell);
    expect(data[p + 1]).to.equal(0);
    const filled = (step: number): number => [...Array(12).keys()].filter(k => data[p + step * k * 1000]! > 0.99 * fullWell).length;
    expect(filled(1)).to.be.within(3, 4);
    expect(filled(-1)).to.be.within(3, 5);
  });
  it('leaves what fits', () => {
    const data = Float64Array.from({ length: 1e6 }, (_, p) => p % 1000);
    const before = data.slice();
    bleed({ width: 1000, height: 1000, data }, detector);
    expect(data).to.deep.equal(before);
  });
});

describe('noise', () => {
  for (const mean of [0, 3, 80, 1000]) {
    it(`counts with mean ${mean} have that mean and variance`, () => {
      const plane = new Float64Array(40_000).fill(mean);
      countElectrons(plane, random(2, 'count'));
      const m = moments(plane);
      expect(m.mean).to.be.closeTo(mean, 4 * Math.sqrt(mean / 40_000) + 1e-12);
      expect(m.variance).to.be.closeTo(mean, 4 * mean * Math.sqrt(2 / 40_000) + 0.05);
      expect(plane.every(Number.isInteger)).to.equal(true);
    });
  }
  it('cosmic rays are thin, bright and about as many as asked', () => {
    const canvas = { width: 400, height: 400, data: new Float64Array(160_000) };
    const n = addCosmicRays(canvas, 40, random(4, 'cosmic'));
    const hit = canvas.data.filter(v => v > 0).length;
    expect(n).to.be.within(20, 60);
    expect(hit / n).to.be.within(3, 20);
  });
});

describe('the simulated sky', () => {
  const sky = simSmallSky(42);
  const of = (kind: SkySource['kind']): SkySource[] => sky.filter(s => s.kind === kind);

  it('has unique ids and the same sources for the same seed, others for another', () => {
    expect(new Set(sky.map(s => s.id)).size).to.equal(sky.length);
    expect(simSmallSky(42)).to.deep.equal(sky);
    expect(simSmallSky(43)[0]).to.not.deep.equal(sky[0]);
  });

  it('counts', () => {
    expect([of('star').length, of('galaxy').length, of('transient').length, of('variable').length, of('moving').length])
      .to.deep.equal([2325, 1600, 320, 75, 64]);
  });

  it('transients and variables keep apart', () => {
    const changing = [...of('transient'), ...of('variable')];
    changing.forEach((a, i) => changing.slice(i + 1).forEach(b => expect(separation_arcsec(a.ra, a.dec, b.ra, b.dec)).to.be.at.least(4)));
  });

  it('only static sources and mean variables are in the template; some transients appear between the nights, some fade', () => {
    expect(of('transient').every(s => templateFlux(s, 'r') === 0)).to.equal(true);
    expect(of('variable').every(s => templateFlux(s, 'r') === s.flux_nJy.r)).to.equal(true);
    const [first, last] = [midTime_mjd(VISITS[0]!.begin), midTime_mjd(VISITS[2]!.begin)];
    expect(of('transient').filter(s => fluxAt(s, 'r', first) === 0 && fluxAt(s, 'r', last) > 0).length).to.be.greaterThan(20);
    expect(of('transient').filter(s => fluxAt(s, 'r', last) < 0.05 * fluxAt(s, 'r', first)).length).to.be.greaterThan(20);
  });

  it('asteroids move by several arcsec between the visits of a night and are gone on the other', () => {
    const times = VISITS.map(v => midTime_mjd(v.begin));
    for (const s of of('moving')) {
      const seen = times.filter(t => fluxAt(s, 'r', t) > 0);
      expect(seen.length).to.equal(2);
      const [a, b] = seen.map(t => positionAt(s, t));
      expect(separation_arcsec(a![0], a![1], b![0], b![1])).to.be.within(8, 25);
    }
  });
});

describe('the simulated camera', () => {
  const visit = VISITS[0]!;
  const maps = makeDetectorMaps(detector, 42);
  const scene = { wcs: trueWcs(visit, detector), psf: makePsf(3, random(42)), axisPixel: AXIS_PIXEL[0]!, sources: [] };
  const pixels = (seed: number): string =>
    createHash('sha256').update(expose({ visit, detector, maps, scene, seed }).raw).digest('hex').slice(0, 16);

  it('gives the same numbers for the same seed, on every machine', () => {
    expect(pixels(42)).to.equal(pixels(42));
    expect(pixels(42)).to.equal('8b248628b21dffca');
    expect(pixels(43)).to.not.equal(pixels(42));
  });

  it('raw frames have dark overscan and prescan, and the amplifiers read from opposite sides', () => {
    const { raw } = expose({ visit, detector, maps, scene, seed: 42 });
    const level = (x0: number, x1: number): number => {
      let sum = 0;
      for (let y = 0; y < 1000; y++) for (let x = x0; x < x1; x++) sum += raw[y * RAW_WIDTH + x]!;
      return sum / (1000 * (x1 - x0));
    };
    for (const start of [0, 540]) {
      expect(level(start, start + 8)).to.be.within(850, 1150);
      expect(level(start + 508, start + 540)).to.be.within(850, 1150);
      expect(level(start + 8, start + 508) - level(start + 508, start + 540)).to.be.greaterThan(400);
    }
  });

  it('the flat has mean 1 and the defects are inside', () => {
    let sum = 0;
    let n = 0;
    for (const v of maps.flat.r) if (v > 0.2) { sum += v; n++; }
    expect(sum / n).to.be.closeTo(1, 1e-4);
    for (const d of maps.defects) {
      expect(d.x0 >= 0 && d.y0 >= 0 && d.x0 + d.width <= 1000 && d.y0 + d.height <= 1000).to.equal(true);
    }
  });

  it('the header WCS is off by some arcsec, the same for both detectors', () => {
    for (const v of VISITS) {
      const offsets = sim.detectors.map(d => {
        const [x, y] = AXIS_PIXEL[d.id]!;
        const [ra, dec] = pixelToSky(headerWcs(v, d, 42), x, y);
        const [trueRa, trueDec] = boresightOf(v);
        return separation_arcsec(ra, dec, trueRa, trueDec);
      });
      expect(offsets[0]).to.be.within(0.05, 12);
      expect(offsets[1]).to.be.closeTo(offsets[0]!, 1e-6);
    }
  });
});
