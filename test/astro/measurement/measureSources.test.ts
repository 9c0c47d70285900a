import { expect } from 'chai';
import { addHiddenPeaks } from '../../../src/astro/detection/addHiddenPeaks.ts';
import { detectSources } from '../../../src/astro/detection/detectSources.ts';
import { apertureCorrection } from '../../../src/astro/measurement/apertureCorrection.ts';
import { measureSubtracted, subtractSources } from '../../../src/astro/measurement/measureSources.ts';
import type { MeasuredSource } from '../../../src/astro/measurement/measureSources.ts';
import { isExtended } from '../../../src/astro/measurement/starCatalog.ts';
import { gaussianPsf } from '../../../src/astro/psf/gaussianPsf.ts';
import { renderPsf } from '../../../src/astro/psf/renderPsf.ts';
import { allocMaskedImage } from '../../../src/model/image.ts';
import type { MaskedImage } from '../../../src/model/image.ts';
import { MASK } from '../../../src/model/mask.ts';
import { random } from '../../../src/numeric/random.ts';
import { spaced, spreadOf } from '../syntheticField.ts';
import type { TrueSource } from '../syntheticField.ts';

const SIDE = 400;
const SIGMA = 1.4;
const psf = gaussianPsf(SIGMA, 25, SIDE, SIDE);

/** Gaussian sources (`sigma` of each) on sky noise of variance 400. */
function image(sources: readonly (TrueSource & { sigma?: number })[], seed: number): MaskedImage {
  const mi = allocMaskedImage(SIDE, SIDE);
  mi.variance.fill(400);
  for (const s of sources) {
    const { size, x0, y0, data } = renderPsf(s.sigma === undefined ? psf : gaussianPsf(s.sigma, 25, SIDE, SIDE), s.x, s.y);
    data.forEach((p, k) => {
      const x = x0 + (k % size), y = y0 + Math.floor(k / size);
      if (x < 0 || y < 0 || x >= SIDE || y >= SIDE) return;
      mi.image[y * SIDE + x]! += s.flux * p;
      mi.variance[y * SIDE + x]! += s.flux * p;
    });
  }
  const rng = random(seed, 'noise');
  for (let i = 0; i < mi.image.length; i++) mi.image[i]! += Math.sqrt(mi.variance[i]!) * rng.normal();
  return mi;
}

function measure(mi: MaskedImage): MeasuredSource[] {
  const badBits = MASK.SAT | MASK.NO_DATA;
  const options = { threshold: 5, growSigma: 2.4, badBits: MASK.NO_DATA, skyBits: 0 };
  const detected = detectSources(mi, SIGMA, options);
  const measureOptions = { badBits, aperture_px: 8, rounds: 3 };
  const visible = subtractSources(mi, psf, detected.footprints, measureOptions);
  const field = addHiddenPeaks(mi, psf, detected, visible, { ...options, fitBadBits: badBits, rounds: 3 });
  return measureSubtracted(field, measureOptions).sources;
}

function nearest(found: readonly MeasuredSource[], s: TrueSource): MeasuredSource {
  return found.reduce((best, m) => (Math.hypot(m.x - s.x, m.y - s.y) < Math.hypot(best.x - s.x, best.y - s.y) ? m : best));
}

describe('measureSources', () => {
  it('gives unbiased fluxes with true errors for isolated stars', () => {
    const sources = spaced(30, 12, 12, 33, k => 3000 * 1.03 ** k);
    const found = measure(image(sources, 30));
    expect(found.length).to.equal(sources.length);
    const pulls = sources.map(s => { const m = nearest(found, s); return (m.psfFlux - s.flux) / m.psfFluxErr; });
    expect(spreadOf(pulls).median).to.be.closeTo(0, 0.25);
    expect(spreadOf(pulls).width).to.be.within(0.8, 1.2);
    expect(found.filter(isExtended).length).to.be.at.most(2);
    expect(found.filter(m => m.flagBlended || m.flagCentroid || m.flagSaturated).length).to.equal(0);
  });

  it('frees a faint star of the light of a bright neighbour', () => {
    for (const distance of [6, 9]) {
      const pairs = spaced(31, 8, 8, 48, () => 100_000);
      const faint = pairs.map(({ x, y }, k) => ({ x: x + distance * Math.cos(k), y: y + distance * Math.sin(k), flux: 6000 }));
      const found = measure(image([...pairs, ...faint], 31));
      const ratios = faint.map(s => ({ s, m: nearest(found, s) }))
        .filter(({ s, m }) => Math.hypot(m.x - s.x, m.y - s.y) < 1.5).map(({ m }) => m.psfFlux / 6000);
      expect(ratios.length).to.be.above(0.8 * faint.length);
      expect(spreadOf(ratios).median, `at ${distance} px`).to.be.closeTo(1, 0.02);
    }
  });

  it('tells extended sources from stars', () => {
    const sources = spaced(32, 8, 8, 48, () => 20_000).map((s, k) => (k % 2 === 0 ? s : { ...s, sigma: 1.9 }));
    const found = measure(image(sources, 32));
    sources.forEach((s, k) => expect(isExtended(nearest(found, s)), `source ${k}`).to.equal(k % 2 === 1));
  });

  it('does not change the image, and flags what touches bad pixels', () => {
    const star = { x: 200, y: 200, flux: 50_000 };
    const mi = image([star, { x: 100, y: 3, flux: 50_000 }], 33);
    mi.mask[201 * SIDE + 200] = MASK.SAT;
    mi.mask[200 * SIDE + 202] = MASK.CR;
    const before = mi.image.slice();
    const found = measure(mi);
    expect([...mi.image]).to.deep.equal([...before]);
    expect(nearest(found, star)).to.include({ flagSaturated: true, flagInterpolated: true, flagEdge: false });
    expect(nearest(found, { x: 100, y: 3, flux: 0 }).flagEdge).to.equal(true);
  });
});

describe('apertureCorrection', () => {
  const star = (ratio: number): Parameters<typeof apertureCorrection>[0][number] =>
    ({ psfFlux: 1000, psfFluxErr: 5, apFlux: 1000 * ratio, apFluxErr: 10 });
  it('is the clipped mean ratio', () => {
    const { factor, nStars } = apertureCorrection([1.01, 1.03, 1.02, 1.02, 1.0, 1.04, 1.02, 3].map(star));
    expect(factor).to.be.closeTo(1.02, 1e-3);
    expect(nStars).to.equal(7);
  });
  it('is 1 without stars', () => expect(apertureCorrection([]).factor).to.equal(1));
});
