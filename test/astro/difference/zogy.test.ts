import { expect } from 'chai';
import { normalisedWidth } from '../../../src/astro/difference/subtractExposures.ts';
import { scoreImage } from '../../../src/astro/difference/scoreImage.ts';
import { properDifference } from '../../../src/astro/difference/zogy.ts';
import { psfFlux } from '../../../src/astro/measurement/psfFlux.ts';
import { MASK } from '../../../src/model/mask.ts';
import { median } from '../../../src/numeric/statistics.ts';
import { spaced } from '../syntheticField.ts';
import type { TrueSource } from '../syntheticField.ts';
import { copied, correlation, makePair } from './pair.ts';

const SIZE = 400;
const stars = spaced(31, 7, 7, 57, k => 8000 + 900 * k);
const transients: TrueSource[] = spaced(32, 6, 6, 57, k => 1500 + 150 * k).map(s => ({ ...s, x: s.x + 28, y: s.y + 28 }));
const pair = makePair({ size: SIZE, scienceFwhm: 3.8, templateFwhm: 3, stars, transients, templateSky: 300, seed: 40 });
const result = properDifference(pair.science, pair.template, { cell_px: 128, fluxScale: 1 });
const isObject = (p: number): boolean =>
  [...stars, ...transients].some(s => Math.hypot(s.x - (p % SIZE), s.y - Math.floor(p / SIZE)) < 14);

describe('properDifference', () => {
  it('leaves white noise of the size that the variance says', () => {
    expect(normalisedWidth(result.image)).to.be.closeTo(1, 0.04);
    for (const [dx, dy] of [[1, 0], [0, 1], [1, 1], [2, 0]] as const) {
      expect(correlation(result.image, dx, dy, 30, isObject), `lag ${dx}, ${dy}`).to.be.closeTo(0, 0.03);
    }
  });

  it('keeps the fluxes of what is new and removes what is not', () => {
    const inner = transients.filter(t => Math.min(t.x, t.y, SIZE - t.x, SIZE - t.y) > 30);
    const ratio = inner.map(t => psfFlux(result.image, result.psf, t.x, t.y, MASK.NO_DATA).flux / t.flux);
    expect(median(ratio)).to.be.closeTo(1, 0.02);
    const left = stars.filter(s => Math.min(s.x, s.y, SIZE - s.x, SIZE - s.y) > 30)
      .map(s => psfFlux(result.image, result.psf, s.x, s.y, MASK.NO_DATA));
    expect(median(left.map(f => Math.abs(f.flux / f.fluxErr)))).to.be.below(1.2);
  });

  it('has no value where either image has none', () => {
    const science = copied(pair.science);
    science.image[200 * SIZE + 200] = NaN;
    const { image } = properDifference(science, pair.template, { cell_px: 128, fluxScale: 1 });
    expect(image.image[200 * SIZE + 200]).to.be.NaN;
    expect(image.mask[200 * SIZE + 200]! & MASK.NO_DATA).to.equal(MASK.NO_DATA);
    expect(image.image[200 * SIZE + 202]).to.not.be.NaN;
    expect(() => properDifference({ ...science, psf: null }, pair.template, { cell_px: 128, fluxScale: 1 })).to.throw(TypeError, /PSF/);
  });
});

describe('scoreImage', () => {
  const { data, noiseScale } = scoreImage(result.image, result.psf, MASK.NO_DATA, MASK.NO_DATA);
  const t = transients[14]!;

  it('is the signal to noise of a point source at every place', () => {
    const p = Math.round(t.y) * SIZE + Math.round(t.x);
    const { flux, fluxErr } = psfFlux(result.image, result.psf, Math.round(t.x), Math.round(t.y), MASK.NO_DATA);
    expect(data[p]! * noiseScale).to.be.closeTo(flux / fluxErr, 0.03 * (flux / fluxErr));
    expect(noiseScale).to.be.closeTo(1, 0.08);
  });

  it('has no value without pixels', () => {
    const empty = { ...result.image, image: result.image.image.slice().fill(NaN) };
    expect(scoreImage(empty, result.psf, MASK.NO_DATA, MASK.NO_DATA).noiseScale).to.be.NaN;
  });
});
