import { expect } from 'chai';
import { fitPsf } from '../../../src/astro/psf/fitPsf.ts';
import { gaussianPsf } from '../../../src/astro/psf/gaussianPsf.ts';
import { renderGridWithSlopes, renderPsf } from '../../../src/astro/psf/renderPsf.ts';
import { psfGridAt } from '../../../src/astro/psf/psfGrid.ts';
import { psfFwhm_px, psfMoments, psfSigma_px } from '../../../src/astro/psf/psfShape.ts';
import { selectPsfStars } from '../../../src/astro/psf/selectPsfStars.ts';
import type { StarCandidate } from '../../../src/astro/psf/selectPsfStars.ts';
import { centroid } from '../../../src/astro/measurement/centroid.ts';
import { psfFlux } from '../../../src/astro/measurement/psfFlux.ts';
import { AlgorithmError } from '../../../src/model/errors.ts';
import { random } from '../../../src/numeric/random.ts';
import { makeField, scatter, spaced, spreadOf, subtractSky } from '../syntheticField.ts';

describe('renderPsf', () => {
  for (const sigma of [0.95, 1.27, 2]) {
    it(`interpolates a Gaussian of sigma ${sigma} px to half a per cent of its peak at any sub-pixel position`, () => {
      const psf = gaussianPsf(sigma, 25, 100, 100);
      for (const [x, y] of [[50, 50], [50.5, 49.5], [20.3, 60.77]] as const) {
        const { size, x0, y0, data } = renderPsf(psf, x, y);
        expect(data.reduce((a, b) => a + b, 0)).to.be.closeTo(1, 1e-12);
        const norm = 2 * Math.PI * sigma ** 2;
        data.forEach((p, k) => {
          const r2 = (x0 + (k % size) - x) ** 2 + (y0 + Math.floor(k / size) - y) ** 2;
          expect(p * norm).to.be.closeTo(Math.exp(-r2 / (2 * sigma ** 2)), 0.005);
        });
      }
    });
  }

  it('has slopes that are the derivatives by the position', () => {
    const grid = psfGridAt(gaussianPsf(1.3, 25, 100, 100), 50, 50);
    const [x, y, h] = [50.2, 49.9, 1e-4];
    const { data, dx, dy } = renderGridWithSlopes(grid, x, y, 8);
    const right = renderGridWithSlopes(grid, x + h, y, 8).data;
    const up = renderGridWithSlopes(grid, x, y + h, 8).data;
    data.forEach((p, k) => {
      expect(dx[k]).to.be.closeTo((right[k]! - p) / h, 2e-5);
      expect(dy[k]).to.be.closeTo((up[k]! - p) / h, 2e-5);
    });
  });

  it('measures FWHM and moments of the model', () => {
    const psf = gaussianPsf(1.5, 31, 100, 100);
    expect(psfFwhm_px(psf, 10, 10)).to.be.closeTo(1.5 * 2.35482, 0.01);
    expect(psfMoments(psf, 10, 10).ixx).to.be.closeTo(2.25, 0.01);
    expect(psfSigma_px(psf, 90, 10)).to.be.closeTo(1.5, 0.005);
  });
});

describe('fitPsf', () => {
  const [width, height] = [600, 600];
  const fwhm = (x: number, y: number): number => 2.6 + 0.2 * (x / width) + 0.1 * (y / height) ** 2;

  it('follows a PSF that varies over the image and subtracts its stars to 1 %', () => {
    const stars = spaced(40, 10, 10, 60, k => 20_000 + 2000 * k);
    const mi = makeField({ width, height, sky: 300, readNoise: 5, fwhm, sources: stars, seed: 40 });
    subtractSky(mi, 300);
    const { psf, nStars, residual } = fitPsf(mi, stars, { sigma_px: 1.3, badBits: 0, maxOrder: 2, minStars: 5 });
    expect(psf.order).to.equal(2);
    expect(nStars).to.be.at.least(90);
    expect(residual).to.be.below(0.012);
    const measured = stars.map(s => {
      const at = centroid(mi, psf, s.x, s.y, 0);
      const { flux, fluxErr } = psfFlux(mi, psf, at.x, at.y, 0);
      return { ratio: flux / s.flux, pull: (flux - s.flux) / fluxErr, x: (at.x - s.x) / at.xErr };
    });
    expect(spreadOf(measured.map(m => m.ratio)).median).to.be.closeTo(1, 0.005);
    expect(spreadOf(measured.map(m => m.x)).width).to.be.within(0.8, 1.25);
    // The pixel widens the profile; the ratio to a fit over the whole field must not depend on the place.
    const ratio = [[60, 60], [300, 300], [540, 540], [540, 60]].map(([x, y]) => psfFwhm_px(psf, x!, y!) / Math.hypot(fwhm(x!, y!), 0.8));
    for (const r of ratio) expect(r / ratio[1]!).to.be.closeTo(1, 0.01);
  });

  it('is robust against neighbours and cosmic rays with a dozen stars', () => {
    const stars = spaced(41, 4, 3, 60, () => 40_000);
    const intruders = stars.map((s, k) => ({ x: s.x + 9 * Math.cos(k), y: s.y + 9 * Math.sin(k), flux: 4000 }));
    const mi = makeField({ width: 240, height: 180, sky: 300, readNoise: 5, fwhm: () => 3, sources: [...stars, ...intruders], seed: 41 });
    subtractSky(mi, 300);
    mi.image[Math.round(stars[0]!.y) * 240 + Math.round(stars[0]!.x) + 3] = 30_000;
    const { psf } = fitPsf(mi, stars, { sigma_px: 1.4, badBits: 0, maxOrder: 0, minStars: 5, sources: [...stars, ...intruders] });
    const ratios = stars.slice(1).map(s => {
      const at = centroid(mi, psf, s.x, s.y, 0);
      return psfFlux(mi, psf, at.x, at.y, 0).flux / s.flux;
    });
    expect(spreadOf(ratios).median).to.be.closeTo(1, 0.015);
  });

  it('refuses with the numbers when there are too few stars', () => {
    const stars = spaced(42, 2, 1, 60, () => 40_000);
    const mi = makeField({ width: 120, height: 60, sky: 300, readNoise: 5, fwhm: () => 3, sources: stars, seed: 42 });
    subtractSky(mi, 300);
    expect(() => fitPsf(mi, stars, { sigma_px: 1.4, badBits: 0, maxOrder: 0, minStars: 5 }))
      .to.throw(AlgorithmError, /2 usable stars of 2 for a PSF model, at least 5/).with.property('metadata').that.includes({ nUsable: 2, needed: 5 });
  });
});

describe('selectPsfStars', () => {
  const options = { minSnr: 50, isolation_px: 12, maxNeighbourFlux: 0.1, maxStars: 100 };
  const candidate = (x: number, y: number, sigma: number, snr: number, extra: Partial<StarCandidate> = {}): StarCandidate =>
    ({ x, y, flux: 100 * snr, snr, ixx: sigma ** 2, iyy: sigma ** 2, ixy: 0, usable: true, ...extra });

  it('takes the locus of stars and leaves galaxies, blends and damaged stars', () => {
    const rng = random(50);
    const stars = scatter(50, 40, 2000, 2000, 100, 1000).map(s => candidate(s.x, s.y, 1.3 + 0.015 * rng.normal() + 1e-5 * s.x, s.flux));
    const galaxies = scatter(51, 60, 2000, 2000, 50, 300).map(s => candidate(s.x, s.y, 1.6 + 1.5 * rng.uniform(), s.flux));
    const damaged = candidate(1000, 1000, 1.3, 900, { usable: false });
    const all = [...stars, ...galaxies, damaged];
    const { stars: chosen, sigma_px } = selectPsfStars(all, options);
    expect(sigma_px).to.be.closeTo(1.31, 0.02);
    expect(chosen.filter(i => i < 40).length).to.be.above(33);
    expect(chosen.every(i => i < 40)).to.equal(true);
    expect(chosen.map(i => all[i]!.snr)).to.deep.equal(chosen.map(i => all[i]!.snr).sort((a, b) => b - a));
  });

  it('drops stars with a neighbour and spreads a limited number over the image', () => {
    const grid = spaced(52, 10, 10, 100, () => 1).map((s, k) => candidate(s.x, s.y, 1.3, 100 + k));
    const companion = candidate(grid[5]!.x + 5, grid[5]!.y, 1.3, 100);
    expect(selectPsfStars([...grid, companion], options).stars).to.not.include(5);
    const few = selectPsfStars(grid, { ...options, maxStars: 16 }).stars.map(i => grid[i]!);
    expect(few.length).to.equal(16);
    for (const [x, y] of [[250, 250], [750, 250], [250, 750], [750, 750]] as const) {
      expect(few.some(s => Math.abs(s.x - x) < 250 && Math.abs(s.y - y) < 250)).to.equal(true);
    }
  });

  it('finds none among too few', () => expect(selectPsfStars([candidate(1, 1, 1.3, 100)], options).stars).to.deep.equal([]));
});
