import { expect } from 'chai';
import { findCosmicRays } from '../../../src/astro/detection/findCosmicRays.ts';
import { gaussianPsf } from '../../../src/astro/psf/gaussianPsf.ts';
import { MASK } from '../../../src/model/mask.ts';
import { random } from '../../../src/numeric/random.ts';
import { makeField, scatter, subtractSky } from '../syntheticField.ts';

const [WIDTH, HEIGHT] = [500, 400];

describe('findCosmicRays', () => {
  for (const fwhm of [2.2, 2.8, 4]) {
    it(`finds tracks and spares stars of FWHM ${fwhm} px`, () => {
      const sources = scatter(10, 250, WIDTH, HEIGHT, 500, 300_000);
      const mi = makeField({ width: WIDTH, height: HEIGHT, sky: 300, readNoise: 5, fwhm: () => fwhm, sources, seed: 10 });
      subtractSky(mi, 300);
      const clean = mi.image.slice();
      const rays = drawTracks(mi.image);
      const { nRays, nPixels } = findCosmicRays(mi, gaussianPsf((1.03 * fwhm) / 2.3548, 21, WIDTH, HEIGHT));
      const isMarked = (at: number): boolean => (mi.mask[at]! & MASK.CR) !== 0;
      expect(rays.filter(isMarked).length / rays.length).to.be.above(0.95);
      const around = [-1, 0, 1].flatMap(dy => [-1, 0, 1].map(dx => dy * WIDTH + dx));
      const struck = new Set(rays.flatMap(at => around.map(step => at + step)));
      const wrong = Array.from(mi.mask.keys()).filter(at => isMarked(at) && !struck.has(at));
      expect(wrong.length).to.be.at.most(2);
      expect(nPixels).to.be.at.least(nRays);
      expect(mi.mask.every(m => (m & MASK.CR) === 0 || (m & MASK.INTRP) !== 0)).to.equal(true);
      // What is left of a track is small against what it was.
      const left = rays.map(at => Math.abs(mi.image[at]! - clean[at]!)).sort((a, b) => a - b);
      expect(left[Math.floor(left.length / 2)]).to.be.below(40);
    });
  }

  it('gives up without a trace when there are too many', () => {
    const mi = makeField({ width: 100, height: 100, sky: 100, readNoise: 5, fwhm: () => 3, sources: [], seed: 1 });
    subtractSky(mi, 100);
    for (let k = 0; k < 40; k++) mi.image[(10 + (k % 8) * 10) * 100 + 10 + Math.floor(k / 8) * 15] = 5000;
    const before = mi.image.slice();
    const result = findCosmicRays(mi, gaussianPsf(1.3, 21, 100, 100), { maxPixels: 10 });
    expect(result.tooMany).to.equal(true);
    expect(mi.mask.every(m => m === 0)).to.equal(true);
    expect([...mi.image]).to.deep.equal([...before]);
  });
});

/** Adds straight tracks of 400 to 4000 electrons a pixel; returns the pixels that got more than 200. */
function drawTracks(image: Float32Array): number[] {
  const rng = random(11);
  const charge = new Float64Array(image.length);
  for (let k = 0; k < 40; k++) {
    let x = 10 + rng.uniform() * (WIDTH - 20), y = 10 + rng.uniform() * (HEIGHT - 20);
    const angle = 2 * Math.PI * rng.uniform();
    const perStep = (400 * 10 ** rng.uniform()) / 5;
    for (let step = 0; step < 5 * (1 + rng.poisson(4)); step++) {
      const at = Math.round(y) * WIDTH + Math.round(x);
      if (x > 6 && y > 6 && x < WIDTH - 6 && y < HEIGHT - 6) charge[at]! += perStep;
      x += Math.cos(angle) / 5;
      y += Math.sin(angle) / 5;
    }
  }
  charge.forEach((q, at) => { image[at]! += q; });
  return Array.from(charge.keys()).filter(at => charge[at]! > 200);
}
