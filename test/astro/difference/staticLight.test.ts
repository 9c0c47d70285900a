import { expect } from 'chai';
import { haloFlux, saturatedStars } from '../../../src/astro/difference/saturatedStars.ts';
import { residualFloor, residualFlux, staticLight } from '../../../src/astro/difference/staticLight.ts';
import { allocMaskedImage } from '../../../src/model/image.ts';
import type { MaskedImage } from '../../../src/model/image.ts';
import { MASK } from '../../../src/model/mask.ts';
import { random } from '../../../src/numeric/random.ts';
import { matchedFilter } from '../../../src/astro/detection/matchedFilter.ts';
import { spaced } from '../syntheticField.ts';
import type { TrueSource } from '../syntheticField.ts';

const SIZE = 420;
const SIGMA_PX = 1.4;
const NOISE = 10;
/** Error of a point source: noise over sqrt(sum P^2) of the Gaussian. */
const FLUX_ERR = NOISE * 2 * Math.sqrt(Math.PI) * SIGMA_PX;

function gaussians(sources: readonly TrueSource[], seed: number | null): MaskedImage {
  const mi = allocMaskedImage(SIZE, SIZE);
  mi.variance.fill(NOISE * NOISE);
  const rng = random(seed ?? 1, 'static noise');
  if (seed !== null) for (let p = 0; p < mi.image.length; p++) mi.image[p] = NOISE * rng.normal();
  for (const { x, y, flux } of sources) {
    for (let v = Math.max(0, Math.round(y) - 12); v < Math.min(SIZE, y + 12); v++) {
      for (let u = Math.max(0, Math.round(x) - 12); u < Math.min(SIZE, x + 12); u++) {
        const g = Math.exp(-((u - x) ** 2 + (v - y) ** 2) / (2 * SIGMA_PX ** 2)) / (2 * Math.PI * SIGMA_PX ** 2);
        mi.image[v * SIZE + u] = mi.image[v * SIZE + u]! + flux * g;
      }
    }
  }
  return mi;
}

const stars = spaced(51, 7, 7, 60, k => 100_000 + 10_000 * k);

describe('staticLight', () => {
  it('is the flux of a point source', () => {
    const light = staticLight(gaussians([{ x: 100, y: 120, flux: 5000 }], null), SIGMA_PX);
    expect(light.flux[120 * SIZE + 100]!).to.be.closeTo(5000, 25);
    expect(light.flux[200 * SIZE + 100]!).to.be.closeTo(0, 1e-3);
  });
});

describe('residualFloor', () => {
  const light = staticLight(gaussians(stars, null), SIGMA_PX);
  const floorOf = (residual: (s: TrueSource, k: number) => number, seed: number, more: readonly TrueSource[] = []): readonly number[] => {
    const difference = gaussians([...stars.map((s, k) => ({ ...s, flux: s.flux * residual(s, k) })), ...more], seed);
    const { data } = matchedFilter(difference, SIGMA_PX, 0);
    const floor = residualFloor(data, light, stars, () => FLUX_ERR);
    expect(floor.nStars).to.equal(15);
    return floor.fractions;
  };

  it('is small when the match is perfect', () => {
    for (const fraction of floorOf(() => 0, 61)) expect(fraction).to.be.below(2e-4);
  });

  const levels = [0.003, 0.01, 0.03];
  for (const level of levels) {
    it(`measures residuals of ${100 * level} % in the core, and none farther out`, () => {
      const [core, skirt, halo, spikes] = floorOf((_, k) => (k % 2 === 0 ? level : -level), 62);
      expect(core! / level).to.be.within(0.4, 1.3);
      expect(skirt!).to.be.below(0.51 * core!);
      expect(halo!).to.be.below(5e-4);
      expect(spikes!).to.be.below(5e-4);
    });
  }

  it('is not raised by a few stars that change, nor by transients all over the image', () => {
    const rng = random(8, 'transients');
    const many = Array.from({ length: 60 }, () => ({ x: SIZE * rng.uniform(), y: SIZE * rng.uniform(), flux: 4000 }));
    for (const fraction of floorOf((_, k) => (k > 44 ? 0.3 : 0), 63, many)) expect(fraction).to.be.below(1e-3);
  });

  it('knows nothing without bright stars', () => {
    const { fractions, nStars } = residualFloor(new Float32Array(SIZE * SIZE), light, stars.slice(0, 3), () => FLUX_ERR);
    expect(nStars).to.equal(3);
    expect(fractions.every(Number.isNaN)).to.equal(true);
  });

  it('excuses residuals near the light and nowhere else', () => {
    const s = stars[24]!;
    const excused = (dx: number): number => residualFlux(light, [0.01, 0.002, 0, 0], s.x + dx, s.y);
    expect(excused(0)).to.be.closeTo(0.01 * s.flux, 0.05 * 0.01 * s.flux);
    expect(excused(7)).to.be.closeTo(0.002 * s.flux, 0.05 * 0.002 * s.flux);
    expect(excused(25)).to.be.below(1e-3 * s.flux * 0.01);
  });
});

describe('saturated stars', () => {
  const mask = new Int32Array(SIZE * SIZE);
  for (let y = 198; y <= 202; y++) mask.fill(MASK.SAT, y * SIZE + 208, y * SIZE + 213);
  mask[50 * SIZE + 50] = MASK.SAT;

  it('are groups of saturated pixels', () => {
    expect(saturatedStars(mask, SIZE, SIZE, MASK.SAT)).to.deep.equal([{ x: 210, y: 200, nPixels: 25 }]);
    expect(saturatedStars(mask, SIZE, SIZE, MASK.BAD)).to.deep.equal([]);
  });

  it('have halos and spikes that count at every angle, unrelated stars that do not', () => {
    const found = saturatedStars(mask, SIZE, SIZE, MASK.SAT);
    const image = gaussians([{ x: 230, y: 185, flux: 50_000 }], null);
    for (let t = -30; t <= 30; t++) {
      if (Math.abs(t) < 4) continue;
      for (let w = -1; w <= 1; w++) image.image[(200 + t) * SIZE + 210 + t + w] = 400;
    }
    const light = staticLight(image, SIGMA_PX);
    const onSpike = light.flux[(200 + 14) * SIZE + 210 + 14]!;
    expect(haloFlux(light, found, 210, 220)).to.be.within(0.4 * onSpike, 1.1 * onSpike);
    expect(haloFlux(light, found, 210 + 48, 200)).to.be.below(0.05 * onSpike);
    expect(haloFlux(light, found, 300, 300)).to.equal(0);
    expect(haloFlux(light, [], 210, 220)).to.equal(0);
  });
});
