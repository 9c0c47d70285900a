import { expect } from 'chai';
import { fitDipole } from '../../../src/astro/difference/fitDipole.ts';
import type { DifferenceTriple, DipoleOptions } from '../../../src/astro/difference/fitDipole.ts';
import { allocMaskedImage } from '../../../src/model/image.ts';
import { MASK } from '../../../src/model/mask.ts';
import { random } from '../../../src/numeric/random.ts';
import { addMoffat } from '../syntheticField.ts';
import type { TrueSource } from '../syntheticField.ts';
import { exposureOf, moffatPsf } from './pair.ts';

const SIZE = 80;
const FWHM = 3.2;
const SIGMA = { science: 5, template: 3 };
const OPTIONS: DipoleOptions = { maxSeparation_sigma: 5, directWeight: 0.5, minSnr: 7.07, maxFluxRatio: 0.65 };

/** Science and template with white noise and their difference. */
function triple(inScience: readonly TrueSource[], inTemplate: readonly TrueSource[], seed: number): DifferenceTriple {
  const rng = random(seed, 'dipole noise');
  const draw = (sources: readonly TrueSource[], sigma: number) => {
    const plane = new Float64Array(SIZE * SIZE);
    for (const s of sources) addMoffat(plane, SIZE, SIZE, s, FWHM);
    const mi = allocMaskedImage(SIZE, SIZE);
    for (let p = 0; p < plane.length; p++) mi.image[p] = plane[p]! + sigma * rng.normal();
    mi.variance.fill(sigma * sigma);
    return exposureOf(mi, moffatPsf(FWHM, SIZE, SIZE));
  };
  const [science, template] = [draw(inScience, SIGMA.science), draw(inTemplate, SIGMA.template)];
  const mi = allocMaskedImage(SIZE, SIZE);
  for (let p = 0; p < mi.image.length; p++) {
    mi.image[p] = science.image[p]! - template.image[p]!;
    mi.variance[p] = science.variance[p]! + template.variance[p]!;
  }
  return { science, template, difference: exposureOf(mi, science.psf) };
}

describe('fitDipole', () => {
  const separations = [0.3, 0.8, 2, 4];
  for (const separation of separations) {
    it(`measures a star that moved by ${separation} pixels`, () => {
      const [from, to] = [{ x: 40.2, y: 39.6, flux: 20_000 }, { x: 40.2 + 0.8 * separation, y: 39.6 + 0.6 * separation, flux: 20_000 }];
      const images = triple([to], [from], 100 + 10 * separation);
      const fit = fitDipole(images, { x: to.x + 1, y: to.y + 0.7 }, { x: from.x - 1, y: from.y - 0.7 }, OPTIONS);
      expect(fit).to.not.equal(null);
      expect(fit!.isDipole).to.equal(true);
      expect(fit!.separation_px).to.be.closeTo(separation, 0.06);
      expect(fit!.positive.flux).to.be.closeTo(20_000, 600);
      expect(fit!.negative.flux).to.be.closeTo(20_000, 600);
      expect(Math.hypot(fit!.x - (from.x + to.x) / 2, fit!.y - (from.y + to.y) / 2)).to.be.below(0.05);
      expect(fit!.chi2 / fit!.nPixels).to.be.within(0.6, 1.5);
      expect(Math.hypot(fit!.xErr, fit!.yErr)).to.be.within(0.002, 0.05);
    });
  }

  it('sees through a galaxy that did not move', () => {
    const galaxy = { x: 41, y: 42, flux: 60_000 };
    const [from, to] = [{ x: 38, y: 40, flux: 8000 }, { x: 41, y: 40, flux: 8000 }];
    const fit = fitDipole(triple([galaxy, to], [galaxy, from], 7), to, from, OPTIONS)!;
    expect(fit.separation_px).to.be.closeTo(3, 0.6);
    expect(Math.hypot(fit.x - 39.5, fit.y - 40)).to.be.below(0.6);
  });

  it('calls unequal lobes no dipole', () => {
    const images = triple([{ x: 42, y: 40, flux: 20_000 }], [{ x: 38, y: 40, flux: 3000 }], 8);
    const fit = fitDipole(images, { x: 42, y: 40 }, { x: 38, y: 40 }, OPTIONS)!;
    expect(fit.isDipole).to.equal(false);
    expect(fit.positive.flux).to.be.closeTo(20_000, 1000);
  });

  it('calls noise no dipole', () => {
    const fit = fitDipole(triple([], [], 9), { x: 41, y: 40 }, { x: 39, y: 40 }, OPTIONS);
    expect(fit === null || !fit.isDipole).to.equal(true);
  });

  it('gives up without pixels', () => {
    const images = triple([{ x: 41, y: 40, flux: 20_000 }], [{ x: 39, y: 40, flux: 20_000 }], 10);
    images.difference.mask.fill(MASK.NO_DATA);
    expect(fitDipole(images, { x: 41, y: 40 }, { x: 39, y: 40 }, OPTIONS)).to.equal(null);
  });
});
