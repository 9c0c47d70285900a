import { expect } from 'chai';
import { aperture } from '../../../src/astro/measurement/aperture.ts';
import { centroid } from '../../../src/astro/measurement/centroid.ts';
import { warpExposure } from '../../../src/astro/template/warpExposure.ts';
import { warpedPsf, warpedPsfSize } from '../../../src/astro/template/warpPsf.ts';
import { allocMaskedImage } from '../../../src/model/image.ts';
import type { MaskedImage } from '../../../src/model/image.ts';
import { MASK } from '../../../src/model/mask.ts';
import type { SkyWcs } from '../../../src/model/wcs.ts';
import { random } from '../../../src/numeric/random.ts';
import { pixelScale_arcsec, pixelToSky, skyToPixel } from '../../../src/sky/wcs.ts';
import { addMoffat, spaced } from '../syntheticField.ts';
import { exposureOf, moffatPsf, wcs } from '../difference/pair.ts';

const SIZE = 240;
const OPTIONS = { order: 5, interpLength_px: 16 };

/** The test grid turned, scaled and shifted against the source. */
function turned(angle_deg: number, scale: number, shift: readonly [number, number]): SkyWcs {
  const [c, s] = [Math.cos((angle_deg * Math.PI) / 180), Math.sin((angle_deg * Math.PI) / 180)];
  const [a, b, d, e] = wcs.cd;
  return {
    ...wcs, crpix: [120 + shift[0], 120 + shift[1]],
    cd: [scale * (a * c - b * s), scale * (a * s + b * c), scale * (d * c - e * s), scale * (d * s + e * c)],
  };
}

function noiseFree(sources: ReturnType<typeof spaced>, fwhm: number): MaskedImage {
  const plane = new Float64Array(SIZE * SIZE);
  for (const s of sources) addMoffat(plane, SIZE, SIZE, s, fwhm);
  const mi = allocMaskedImage(SIZE, SIZE);
  mi.image.set(plane);
  mi.variance.fill(9);
  return mi;
}

describe('warpExposure', () => {
  const sourceWcs = { ...wcs, crpix: [120, 120] as const };
  const sources = spaced(3, 4, 4, 60, k => 10_000 * (k + 1));
  const exposure = exposureOf(noiseFree(sources, 3.2), moffatPsf(3.2, SIZE, SIZE), { wcs: sourceWcs });

  it('gives back the image when the grids are the same', () => {
    const { image, noise } = warpExposure(exposure, { wcs: sourceWcs, width: SIZE, height: SIZE }, OPTIONS);
    let largest = 0;
    for (let y = 8; y < SIZE - 8; y++) {
      for (let p = y * SIZE + 8; p < (y + 1) * SIZE - 8; p++) largest = Math.max(largest, Math.abs(image.image[p]! - exposure.image[p]!));
    }
    expect(largest).to.be.below(1);
    expect(noise.x[0]).to.be.closeTo(1, 1e-3);
  });

  const grids: readonly (readonly [string, SkyWcs])[] = [
    ['shifted by a fraction of a pixel', turned(0, 1, [0.37, -0.45])],
    ['turned by 1.3 degrees', turned(1.3, 1, [2.1, 0.2])],
    ['turned by 90 degrees', turned(90, 1, [0.3, 0.1])],
    ['with smaller pixels', turned(0.4, 0.93, [-1.3, 0.6])],
  ];
  for (const [name, target] of grids) {
    it(`keeps flux and position of stars: grid ${name}`, () => {
      const { image, grid } = warpExposure(exposure, { wcs: target, width: SIZE, height: SIZE }, OPTIONS);
      const psf = moffatPsf(3.2, SIZE, SIZE);
      let nStars = 0;
      for (const s of sources) {
        const [x, y] = skyToPixel(target, ...pixelToSky(sourceWcs, s.x, s.y));
        if (Math.min(x, y, SIZE - x, SIZE - y) < 30) continue;
        const before = aperture(exposure, s.x, s.y, 12, 0).flux;
        expect(aperture(image, x, y, (12 * pixelScale_arcsec(wcs)) / pixelScale_arcsec(target), 0).flux / before).to.be.closeTo(1, 2e-3);
        const found = centroid(image, psf, Math.round(x), Math.round(y), 0);
        expect(Math.hypot(found.x - x, found.y - y)).to.be.below(0.01);
        const stamp = warpedPsf(exposure.psf!, grid, Math.round(x), Math.round(y), warpedPsfSize(exposure.psf!, grid), OPTIONS.order)!;
        expect(stamp.reduce((a, b) => a + b, 0)).to.be.closeTo(1, 1e-9);
        nStars++;
      }
      expect(nStars).to.be.at.least(4);
    });
  }

  it('says how large and how correlated the noise has become', () => {
    const rng = random(5, 'warp noise');
    const mi = allocMaskedImage(SIZE, SIZE);
    for (let p = 0; p < mi.image.length; p++) mi.image[p] = 3 * rng.normal();
    mi.variance.fill(9);
    const { image, noise } = warpExposure(
      exposureOf(mi, null, { wcs: sourceWcs }), { wcs: turned(0, 1, [0.4, -0.3]), width: SIZE, height: SIZE }, OPTIONS);
    const lag = (dx: number, dy: number): number => {
      let [sum, n] = [0, 0];
      for (let y = 10; y < SIZE - 10; y++) {
        for (let x = 10; x < SIZE - 10; x++) { sum += image.image[y * SIZE + x]! * image.image[(y + dy) * SIZE + x + dx]!; n++; }
      }
      return sum / n / image.variance[120 * SIZE + 120]!;
    };
    expect(image.variance[120 * SIZE + 120]!).to.be.closeTo(9, 0.01);
    expect(lag(0, 0)).to.be.closeTo(noise.x[0]! * noise.y[0]!, 0.02);
    expect(lag(1, 0)).to.be.closeTo(noise.x[1]! * noise.y[0]!, 0.02);
    expect(lag(0, 1)).to.be.closeTo(noise.x[0]! * noise.y[1]!, 0.02);
    for (const axis of [noise.x, noise.y]) expect(axis[0]! + 2 * axis.slice(1).reduce((a, b) => a + b, 0)).to.be.closeTo(1, 1e-3);
  });

  it('marks what it cannot know, and hands the mask on', () => {
    const mi = noiseFree(sources, 3.2);
    mi.image[100 * SIZE + 100] = NaN;
    mi.mask[150 * SIZE + 60] = MASK.SAT;
    const target = turned(0, 1, [30.5, 0]);
    const { image } = warpExposure(exposureOf(mi, null, { wcs: sourceWcs }), { wcs: target, width: SIZE, height: SIZE }, OPTIONS);
    const at = (x: number, y: number): number => y * SIZE + x;
    for (const p of [at(3, 120), at(130, 100), at(131, 102)]) {
      expect(image.image[p]).to.be.NaN;
      expect(image.variance[p]).to.equal(Infinity);
      expect(image.mask[p]! & MASK.NO_DATA).to.equal(MASK.NO_DATA);
    }
    expect(image.mask[at(90, 150)]! & MASK.SAT).to.equal(MASK.SAT);
    expect(image.mask[at(91, 150)]! & MASK.SAT).to.equal(MASK.SAT);
    expect(image.mask[at(94, 150)]).to.equal(0);
    expect(() => warpExposure(exposureOf(mi, null, { wcs: null }), { wcs: target, width: SIZE, height: SIZE }, OPTIONS)).to.throw(/no WCS/);
  });
});
