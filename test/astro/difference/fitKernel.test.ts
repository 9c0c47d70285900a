import { expect } from 'chai';
import { applyKernel, backgroundAt, kernelAt } from '../../../src/astro/difference/applyKernel.ts';
import { fitKernel } from '../../../src/astro/difference/fitKernel.ts';
import type { FitKernelOptions } from '../../../src/astro/difference/fitKernel.ts';
import { basisImage, kernelBasis } from '../../../src/astro/difference/kernelBasis.ts';
import { kernelStamps, selectKernelSources } from '../../../src/astro/difference/kernelStamps.ts';
import type { KernelStamp } from '../../../src/astro/difference/kernelStamps.ts';
import { AlgorithmError } from '../../../src/model/errors.ts';
import { allocMaskedImage } from '../../../src/model/image.ts';
import type { MaskedImage } from '../../../src/model/image.ts';
import { convolveSeparable } from '../../../src/numeric/convolve.ts';
import { random } from '../../../src/numeric/random.ts';
import { addMoffat, spaced } from '../syntheticField.ts';
import { starTable } from './pair.ts';

const SIZE = 330;
const SCALE = 1.3;
const FIT: FitKernelOptions = { spatialOrder: 1, backgroundOrder: 1, minStamps: 3, clipSigma: 3.5, maxIterations: 5, maxCondition: 1e10 };
const STAMPS = { minSnr: 20, maxSources: 100, cell_px: 110, perCell: 9, half_px: 14 };
const stars = spaced(2, 6, 6, 55, k => 30_000 + 4000 * k);
const background = (x: number, y: number): number => 12 - 0.02 * x + 0.01 * y;

const gaussian = (sigma: number): Float32Array => {
  const taps = Float32Array.from({ length: 13 }, (_, i) => Math.exp(-((i - 6) ** 2) / (2 * sigma * sigma)));
  const sum = taps.reduce((a, b) => a + b, 0);
  return taps.map(t => t / sum);
};

/**
 * The reference has stars of FWHM 3; the target is the reference convolved with a kernel that goes from a Gaussian of
 * sigma 0.9 on the left to one of 1.4 on the right, brighter, on a sloping sky.
 */
function images(variable: number | null = null): { reference: MaskedImage; target: MaskedImage } {
  const rng = random(7, 'kernel noise');
  const [from, changed] = [new Float64Array(SIZE * SIZE), new Float64Array(SIZE * SIZE)];
  stars.forEach((s, k) => {
    addMoffat(from, SIZE, SIZE, s, 3);
    addMoffat(changed, SIZE, SIZE, { ...s, flux: s.flux * (k === variable ? 1.5 : 1) }, 3);
  });
  const [narrow, wide] = [0.9, 1.4].map(sigma => convolveSeparable(Float32Array.from(changed), SIZE, SIZE, gaussian(sigma)));
  const [reference, target] = [allocMaskedImage(SIZE, SIZE), allocMaskedImage(SIZE, SIZE)];
  for (let p = 0; p < SIZE * SIZE; p++) {
    reference.image[p] = from[p]! + 0.5 * rng.normal();
    const u = (p % SIZE) / SIZE;
    target.image[p] = SCALE * ((1 - u) * narrow![p]! + u * wide![p]!) + background(p % SIZE, Math.floor(p / SIZE)) + 5 * rng.normal();
  }
  reference.variance.fill(0.25);
  target.variance.fill(25);
  return { reference, target };
}

const basis = kernelBasis(3, 3.8);
const stampsOf = ({ reference, target }: ReturnType<typeof images>): KernelStamp[] =>
  kernelStamps(selectKernelSources(starTable(stars, 5), SIZE, SIZE, 14 + (basis.size >> 1), STAMPS), reference, target, basis, 14);

describe('kernel basis', () => {
  it('has one function of sum 1; the others have none', () => {
    basis.functions.forEach((_, k) => {
      expect(basisImage(basis, k).reduce((a, b) => a + b, 0)).to.be.closeTo(k === 0 ? 1 : 0, 1e-6);
    });
    expect(basis.functions).to.have.length(15 + 6 + 6);
  });

  it('grows with the difference of the PSFs, within bounds', () => {
    expect(kernelBasis(3, 3.01).size).to.equal(17);
    expect(kernelBasis(2, 7).size).to.equal(33);
    expect(kernelBasis(3, 6).sigmas_px[1]).to.be.closeTo(Math.sqrt(27) / 2.3548, 1e-3);
    expect(kernelBasis(3, 3).sigmas_px[0]).to.equal(0.7);
  });
});

describe('fitKernel', () => {
  const pair = images();
  const stamps = stampsOf(pair);
  const { kernel, used, chi2 } = fitKernel(stamps, basis, SIZE, SIZE, 'template', FIT);

  it('recovers flux scale and differential background', () => {
    expect(kernel.kernelSum).to.be.closeTo(SCALE, 0.003 * SCALE);
    for (const [x, y] of [[40, 40], [165, 165], [290, 60], [100, 280]] as const) {
      expect(backgroundAt(kernel, x, y)).to.be.closeTo(background(x, y), 0.6);
      expect(kernelAt(kernel, x, y).reduce((a, b) => a + b, 0)).to.be.closeTo(kernel.kernelSum, 1e-6);
    }
  });

  it('follows the change of the kernel over the image', () => {
    const widthAt = (x: number): number => {
      const image = kernelAt(kernel, x, 165);
      const half = kernel.size >> 1;
      return Math.sqrt(image.reduce((sum, v, p) => sum + v * ((p % kernel.size) - half) ** 2, 0) / kernel.kernelSum);
    };
    for (const x of [40, 165, 300]) {
      const u = x / SIZE;
      expect(widthAt(x)).to.be.closeTo(Math.sqrt((1 - u) * 0.9 ** 2 + u * 1.4 ** 2), 0.05);
    }
  });

  it('leaves nothing but noise', () => {
    const matched = applyKernel(pair.reference, kernel, basis);
    for (const s of stars) {
      if (Math.min(s.x, s.y, SIZE - s.x, SIZE - s.y) < 40) continue;
      let sum = 0;
      for (let j = -3; j <= 3; j++) {
        for (let i = -3; i <= 3; i++) {
          const p = (Math.round(s.y) + j) * SIZE + Math.round(s.x) + i;
          sum += ((pair.target.image[p]! - matched[p]!) / 5) ** 2;
        }
      }
      expect(sum / 49).to.be.below(1.9);
    }
    expect(used.filter(Boolean).length).to.be.at.least(stamps.length - 2);
    expect(Math.max(...chi2)).to.be.below(2);
  });

  it('drops a star that has changed', () => {
    const again = stampsOf(images(14));
    const fit = fitKernel(again, basis, SIZE, SIZE, 'template', FIT);
    const at = again.findIndex(s => s.row === 14);
    expect(at).to.be.at.least(0);
    expect(fit.used[at]).to.equal(false);
    expect(fit.kernel.kernelSum).to.be.closeTo(SCALE, 0.003 * SCALE);
  });

  it('is simpler with few stars', () => {
    const { kernel: few } = fitKernel(stamps.slice(0, 5), basis, SIZE, SIZE, 'template', FIT);
    expect([few.spatialOrder, few.backgroundOrder]).to.deep.equal([0, 0]);
    expect(few.kernelSum).to.be.closeTo(SCALE, 0.02 * SCALE);
  });

  it('fails below the least number of stars, and without a positive sum', () => {
    expect(() => fitKernel(stamps.slice(0, 2), basis, SIZE, SIZE, 'template', FIT)).to.throw(AlgorithmError, /2 kernel sources, at least 3/);
    const negative = images();
    for (let p = 0; p < SIZE * SIZE; p++) negative.target.image[p] = -negative.target.image[p]!;
    expect(() => fitKernel(stampsOf(negative), basis, SIZE, SIZE, 'template', FIT)).to.throw(AlgorithmError, /no positive sum/);
  });
});

describe('applyKernel', () => {
  it('equals the sum over the kernel at each place', () => {
    const { kernel } = fitKernel(stampsOf(images()), basis, SIZE, SIZE, 'template', FIT);
    const plane = images().reference.image;
    const fast = applyKernel({ width: kernel.width, height: kernel.height, image: plane }, kernel, basis);
    const half = kernel.size >> 1;
    for (const [x, y] of [[50, 60], [165, 165], [300, 20], [22, 307]] as const) {
      const k = kernelAt(kernel, x, y);
      let sum = backgroundAt(kernel, x, y);
      k.forEach((v, p) => { sum += v * plane[(y + Math.floor(p / kernel.size) - half) * SIZE + x + (p % kernel.size) - half]!; });
      expect(fast[y * SIZE + x]!).to.be.closeTo(sum, 1e-3 * Math.max(1, Math.abs(sum)));
    }
  });

  it('takes missing pixels as 0', () => {
    const { kernel } = fitKernel(stampsOf(images()), basis, SIZE, SIZE, 'template', FIT);
    const plane = new Float32Array(SIZE * SIZE).fill(NaN);
    const applied = applyKernel({ width: kernel.width, height: kernel.height, image: plane }, kernel, basis);
    expect(applied[165 * SIZE + 165]!).to.be.closeTo(backgroundAt(kernel, 165, 165), 1e-3);
  });
});

describe('selectKernelSources', () => {
  it('takes the brightest of each square and leaves out what is flagged, faint or at the edge', () => {
    // A grid of 5 x 5 of which the inner 3 x 3 are far from the edge: rows 6, 7, 8, 11, 12, 13, 16, 17, 18.
    const few = starTable(spaced(4, 5, 5, 60, k => (k === 12 ? 100 : 20_000 + k)), 20, [6, 7]);
    const rows = (cell_px: number, perCell: number): number[] =>
      selectKernelSources(few, 300, 300, 40, { ...STAMPS, cell_px, perCell }).map(c => c.row);
    expect(rows(1000, 9)).to.deep.equal([18, 17, 16, 13, 11, 8]);
    expect(rows(1000, 4)).to.deep.equal([18, 17, 16, 13]);
    expect(rows(120, 1)).to.deep.equal([18, 16, 8]);
  });
});
