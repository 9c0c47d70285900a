import { expect } from 'chai';
import fc from 'fast-check';
import { aperture, circleOverlap } from '../../../src/astro/measurement/aperture.ts';
import { allocMaskedImage } from '../../../src/model/image.ts';
import { MASK } from '../../../src/model/mask.ts';

/** Fraction of a pixel inside a circle by 300 x 300 points. */
function slowOverlap(dx: number, dy: number, r: number): number {
  const n = 300;
  let inside = 0;
  for (let j = 0; j < n; j++) {
    for (let i = 0; i < n; i++) if (Math.hypot(dx + (i + 0.5) / n - 0.5, dy + (j + 0.5) / n - 0.5) < r) inside++;
  }
  return inside / (n * n);
}

describe('aperture', () => {
  it('covers pixels by their exact fraction', () => {
    const near = fc.double({ min: -3, max: 3, noNaN: true });
    fc.assert(fc.property(near, near, fc.double({ min: 0.05, max: 4, noNaN: true }), (dx, dy, r) => {
      expect(circleOverlap(dx, dy, r)).to.be.closeTo(slowOverlap(dx, dy, r), 5e-4);
    }), { numRuns: 150, seed: 2 });
  });

  const image = allocMaskedImage(40, 40);
  image.image.fill(2);
  image.variance.fill(9);
  const bad = { ...image, mask: image.mask.slice(), image: image.image.slice() };
  bad.mask[20 * 40 + 20] = MASK.BAD;
  bad.image[21 * 40 + 20] = NaN;
  const cases: readonly [string, ReturnType<typeof aperture>, number, number][] = [
    ['a circle of constant brightness', aperture(image, 20.3, 19.8, 5.5, 0), Math.PI * 5.5 ** 2, 0],
    ['a circle smaller than a pixel', aperture(image, 20, 20, 0.3, 0), Math.PI * 0.09, 0],
    ['masked and NaN pixels are left out and counted', aperture(bad, 20, 20, 4, MASK.BAD), Math.PI * 16 - 2, 2],
    ['a circle over the corner keeps the part inside', aperture(image, -0.5, -0.5, 6, 0), (Math.PI * 36) / 4, 108],
  ];
  for (const [name, result, area, nBad] of cases) {
    it(name, () => {
      expect(result.area_px2).to.be.closeTo(area, 1e-9);
      expect(result.flux).to.be.closeTo(2 * area, 1e-6);
      if (nBad < 100) expect(result.nBad).to.equal(nBad);
      else expect(result.nBad).to.be.above(80);
    });
  }

  it('has no flux where there is no pixel', () => {
    expect(aperture(image, -20, -20, 3, 0).flux).to.be.NaN;
  });
});
