import { expect } from 'chai';
import { interpolateOver, predictionWeights } from '../../../src/astro/isr/interpolate.ts';
import { allocMaskedImage } from '../../../src/model/image.ts';
import type { MaskedImage } from '../../../src/model/image.ts';
import { MASK } from '../../../src/model/mask.ts';

/** Weights of meas_algorithms Interp (Rubin stack), 4 printed digits: offsets of the good pixels from the predicted one. */
const PUBLISHED: readonly [string, readonly number[], readonly number[]][] = [
  ['1 px, two and two', [-2, -1, 1, 2], [-0.2737, 0.7737, 0.7737, -0.2737]],
  ['2 px, first', [-2, -1, 2, 3], [-0.4793, 1.1904, 0.5212, -0.2323]],
  ['3 px, first', [-2, -1, 3, 4], [-0.5230, 1.3163, 0.2536, -0.0469]],
  ['3 px, middle', [-3, -2, 2, 3], [-0.3144, 0.8144, 0.8144, -0.3144]],
  ['6 px, second', [-3, -2, 5, 6], [-0.2771, 0.9095, 0.1878, 0.1797]],
  ['10 px, fifth', [-6, -5, 6, 7], [0.2462, 0.2544, 0.25, 0.2495]],
  ['2 px, one and one', [-1, 2], [0.7297, 0.2703]],
  ['5 px, one and one, second', [-2, 4], [0.6748, 0.3252]],
  ['1 px, one and two', [-1, 1, 2], [0.4875, 0.8959, -0.3834]],
  ['3 px, one and two, second', [-2, 2, 3], [0.5356, 0.8057, -0.3413]],
  ['edge, distance 1', [1, 2], [1.4288, -0.4288]],
  ['edge, distance 3', [3, 4], [0.6968, 0.3032]],
];

describe('interpolation weights', () => {
  for (const [name, offsets, expected] of PUBLISHED) {
    it(name, () => {
      const weights = predictionWeights(offsets, 1);
      expected.forEach((w, k) => expect(weights[k]).to.be.closeTo(w, 1.5e-4));
      expect(weights.reduce((a, b) => a + b, 0)).to.be.closeTo(1, 1e-9);
    });
  }
});

function imageOf(width: number, height: number, value: (x: number, y: number) => number): MaskedImage {
  const target = allocMaskedImage(width, height);
  for (let p = 0; p < width * height; p++) {
    target.image[p] = value(p % width, Math.floor(p / width));
    target.variance[p] = 2;
  }
  return target;
}

describe('interpolateOver', () => {
  const bump = (x: number, y: number): number => 100 + 1000 * Math.exp(-0.5 * ((x - 10.3) ** 2 + (y - 9.6) ** 2) / 1.4 ** 2);

  it('restores a star under a bad column, changes nothing else, sets INTRP', () => {
    const target = imageOf(21, 21, bump);
    for (let y = 0; y < 21; y++) {
      target.mask[y * 21 + 10] = MASK.BAD;
      target.image[y * 21 + 10] = -1e6;
    }
    expect(interpolateOver(target, MASK.BAD, 1.4)).to.equal(21);
    for (let y = 0; y < 21; y++) {
      for (let x = 0; x < 21; x++) {
        const p = y * 21 + x;
        if (x === 10) {
          expect(target.image[p]).to.be.closeTo(bump(x, y), 40);
          expect(target.mask[p]).to.equal(MASK.BAD | MASK.INTRP);
          expect(target.variance[p]).to.equal(2);
        } else {
          expect(target.image[p]).to.equal(Math.fround(bump(x, y)));
          expect(target.mask[p]).to.equal(0);
        }
      }
    }
  });

  it('uses the shorter axis: a bad row is filled from above and below', () => {
    const target = imageOf(30, 9, (_, y) => 10 * y);
    for (let x = 0; x < 30; x++) {
      target.mask[4 * 30 + x] = MASK.SAT;
      target.image[4 * 30 + x] = NaN;
    }
    interpolateOver(target, MASK.SAT, 1);
    for (let x = 0; x < 30; x++) expect(target.image[4 * 30 + x]).to.be.closeTo(40, 1e-4);
  });

  it('keeps a constant exactly for every size of hole and at edges', () => {
    for (const size of [1, 2, 3, 7, 12, 25]) {
      for (const x0 of [0, 1, 2, 15]) {
        const target = imageOf(40, 40, () => 55);
        for (let y = 5; y < 5 + size; y++) {
          for (let x = x0; x < x0 + size; x++) {
            target.mask[y * 40 + x] = MASK.BAD;
            target.image[y * 40 + x] = NaN;
          }
        }
        interpolateOver(target, MASK.BAD, 1);
        for (const v of target.image) expect(v).to.be.closeTo(55, 1e-3);
      }
    }
  });

  it('takes the median where no good neighbour is left, and leaves an image without bad pixels alone', () => {
    const target = imageOf(3, 3, x => x);
    target.mask.fill(MASK.BAD);
    target.mask[0] = 0;
    interpolateOver(target, MASK.BAD, 1);
    expect(target.image[8]).to.equal(0);
    const clean = imageOf(3, 3, x => x);
    expect(interpolateOver(clean, MASK.BAD, 1)).to.equal(0);
  });
});
