import { expect } from 'chai';
import { psfFlux } from '../../../src/astro/measurement/psfFlux.ts';
import { buildTemplate, coveredFraction, noiseFromMetadata, noiseMetadata } from '../../../src/astro/template/buildTemplate.ts';
import { psfFromStamps } from '../../../src/astro/template/psfFromStamps.ts';
import { renderPsf } from '../../../src/astro/psf/renderPsf.ts';
import { NoWorkFound } from '../../../src/model/errors.ts';
import type { Exposure } from '../../../src/model/image.ts';
import { MASK } from '../../../src/model/mask.ts';
import type { SkyWcs } from '../../../src/model/wcs.ts';
import { pixelToSky, skyToPixel } from '../../../src/sky/wcs.ts';
import { makeField, spaced, subtractSky } from '../syntheticField.ts';
import { copied, exposureOf, moffatPsf, wcs } from '../difference/pair.ts';

const SIZE = 200;
const OPTIONS = { order: 5, interpLength_px: 32, requiredFraction: 0.1, psfGrid: 3, psfOrder: 1 };
const stars = spaced(11, 4, 4, 50, () => 40_000);
const target = { wcs, width: SIZE, height: SIZE };

/** The same stars seen on a grid that is shifted against the target's. */
function epoch(shift: readonly [number, number], fwhm: number, sky: number, seed: number): Exposure {
  const own: SkyWcs = { ...wcs, crpix: [wcs.crpix[0] + shift[0], wcs.crpix[1] + shift[1]] };
  const sources = stars.map(s => {
    const [x, y] = skyToPixel(own, ...pixelToSky(wcs, s.x, s.y));
    return { ...s, x, y };
  });
  const mi = makeField({ width: SIZE, height: SIZE, sky, readNoise: 3, fwhm: () => fwhm, sources, seed });
  subtractSky(mi, sky);
  return exposureOf(mi, moffatPsf(fwhm, SIZE, SIZE), { wcs: own });
}

describe('buildTemplate', () => {
  const [first, second] = [epoch([3.3, -2.6], 3, 100, 21), epoch([-4.4, 1.7], 3.6, 300, 22)];
  const both = buildTemplate([first, second], target, OPTIONS);

  it('has the PSF and the flux of the stars', () => {
    const ratios = stars.filter(s => Math.min(s.x, s.y, SIZE - s.x, SIZE - s.y) > 20)
      .map(s => psfFlux(both.image, both.psf, s.x, s.y, MASK.NO_DATA));
    const mean = ratios.reduce((sum, f) => sum + f.flux / 40_000, 0) / ratios.length;
    expect(mean).to.be.closeTo(1, 0.006);
    for (const { chi2, nPixels } of ratios) expect(chi2 / nPixels).to.be.below(1.3);
    expect(both.psf.fwhm_px).to.be.within(3, 3.4);
    expect(both.nExposures).to.equal(2);
  });

  it('weights by inverse variance and propagates it', () => {
    const p = 100 * SIZE + 75;
    expect(both.image.variance[p]!).to.be.closeTo(1 / (1 / 109 + 1 / 309), 3);
    const sky = Array.from({ length: 4000 }, (_, k) => 20 * SIZE + 37 * k).filter(q => q < SIZE * (SIZE - 20))
      .filter(q => Math.min(q % SIZE, SIZE - (q % SIZE)) > 10)
      .filter(q => stars.every(s => Math.hypot(s.x - (q % SIZE), s.y - Math.floor(q / SIZE)) > 14));
    const scatter = Math.sqrt(sky.reduce((sum, q) => sum + both.image.image[q]! ** 2 / both.image.variance[q]!, 0) / sky.length);
    expect(sky.length).to.be.above(300);
    expect(scatter).to.be.closeTo(Math.sqrt(both.noise.x[0]! * both.noise.y[0]!), 0.06);
  });

  it('leaves out a bad pixel where another exposure is good', () => {
    const spoilt = copied(first);
    for (let p = 0; p < spoilt.mask.length; p++) {
      if (p % SIZE > 90 && p % SIZE < 110) { spoilt.image[p] = 1e6; spoilt.mask[p] = MASK.SAT; }
    }
    const { image } = buildTemplate([spoilt, second], target, OPTIONS);
    const alone = buildTemplate([second], target, OPTIONS).image;
    const p = 100 * SIZE + 96;
    expect(image.image[p]).to.equal(alone.image[p]);
    expect(image.mask[p]! & MASK.SAT).to.equal(0);
    expect(image.variance[p]!).to.be.closeTo(alone.variance[p]!, 1e-3 * alone.variance[p]!);
  });

  it('covers the target with the union, and says how much', () => {
    const left = epoch([-120, 0], 3, 100, 23);
    const one = buildTemplate([left], target, OPTIONS);
    expect(one.coverage).to.be.closeTo(80 / SIZE, 0.05);
    expect(one.coverage).to.equal(coveredFraction(one.image));
    expect(buildTemplate([left, second], target, OPTIONS).coverage).to.be.above(0.9);
  });

  const failures: readonly (readonly [string, () => unknown, typeof NoWorkFound, RegExp])[] = [
    ['nothing to combine', () => buildTemplate([], target, OPTIONS), NoWorkFound, /no exposure overlaps/],
    ['exposures elsewhere', () => buildTemplate([epoch([5000, 0], 3, 100, 24)], target, OPTIONS), NoWorkFound, /no exposure overlaps/],
    ['exposure without WCS', () => buildTemplate([{ ...first, wcs: null }], target, OPTIONS), NoWorkFound, /no exposure/],
    ['exposure without PSF', () => buildTemplate([{ ...first, psf: null }], target, OPTIONS), NoWorkFound, /no exposure/],
    ['too little covered', () => buildTemplate([epoch([-190, 0], 3, 100, 25)], target, OPTIONS), NoWorkFound, /covers [0-9.]+ %/],
    ['all pixels NaN', () => {
      const empty = copied(first);
      empty.image.fill(NaN);
      return buildTemplate([empty], target, OPTIONS);
    }, NoWorkFound, /no exposure overlaps/],
  ];
  for (const [name, run, type, message] of failures) {
    it(`ends without a template: ${name}`, () => expect(run).to.throw(type, message));
  }

  it('keeps the noise correlation in the metadata', () => {
    const noise = { x: [0.8, 0.15, -0.05], y: [0.9, 0.05] };
    expect(noiseFromMetadata(noiseMetadata(noise))).to.deep.equal(noise);
    expect(noiseFromMetadata({})).to.deep.equal({ x: [1], y: [1] });
  });
});

describe('psfFromStamps', () => {
  const stampOf = (fwhm: number): Float64Array => {
    const { data } = renderPsf(moffatPsf(fwhm, SIZE, SIZE), 50, 50);
    const size = Math.sqrt(data.length);
    const out = new Float64Array(21 * 21);
    for (let j = 0; j < 21; j++) for (let i = 0; i < 21; i++) out[j * 21 + i] = data[(j + (size >> 1) - 10) * size + i + (size >> 1) - 10]!;
    return out;
  };
  const domain = { x0: 0, y0: 0, width: SIZE, height: SIZE };

  it('follows a trend over the image', () => {
    const samples = [20, 60, 100, 140, 180].flatMap(x => [20, 100, 180].map(y => ({ x, y, weight: 1, data: stampOf(3 + x / 400) })));
    const model = psfFromStamps(samples, 21, domain, 1, 10);
    expect(model.order).to.equal(1);
    const sharp = renderPsf(model, 20, 100).data;
    const blurred = renderPsf(model, 180, 100).data;
    expect(Math.max(...sharp) / Math.max(...stampOf(3.05))).to.be.closeTo(1, 0.02);
    expect(Math.max(...sharp)).to.be.above(1.15 * Math.max(...blurred));
  });

  it('lowers the order for few samples, and needs one', () => {
    expect(psfFromStamps([{ x: 1, y: 1, weight: 1, data: stampOf(3) }], 21, domain, 2, 1).order).to.equal(0);
    expect(() => psfFromStamps([], 21, domain, 1, 1)).to.throw(RangeError);
    expect(() => psfFromStamps([{ x: 1, y: 1, weight: 0, data: stampOf(3) }], 21, domain, 1, 1)).to.throw(RangeError);
  });
});
