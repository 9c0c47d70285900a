import { expect } from 'chai';
import { existsSync, readFileSync } from 'node:fs';
import { cellStatistics } from '../../../src/astro/background/cellStatistics.ts';
import { backgroundRms, estimateBackground } from '../../../src/astro/background/estimateBackground.ts';
import { markFaintGlow } from '../../../src/astro/background/markFaintGlow.ts';
import { imageAsFloat32, imageSize, readFits } from '../../../src/formats/fits/index.ts';
import { allocMaskedImage } from '../../../src/model/image.ts';
import type { MaskedImage } from '../../../src/model/image.ts';
import { MASK } from '../../../src/model/mask.ts';
import { random } from '../../../src/numeric/random.ts';
import { makeField, scatter } from '../syntheticField.ts';

const GOLDEN = '../shared/data/answers/sep_sextractor';

function imageOf(file: string): MaskedImage {
  const hdu = readFits(readFileSync(`${GOLDEN}/${file}`)).hdus[0]!;
  const { width, height } = imageSize(hdu);
  return { ...allocMaskedImage(width, height), image: imageAsFloat32(hdu) };
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((worst, v, i) => Math.max(worst, Math.abs(v - b[i]!)), 0);
}

describe('estimateBackground', () => {
  it('agrees with Source Extractor on its own test image', function () {
    if (!existsSync(GOLDEN)) {
      process.stdout.write('      skipped: ../shared/data or the golden file is not here\n');
      this.skip();
    }
    const background = estimateBackground(imageOf('image.fits'), { cellSize_px: 64, ignoreBits: 0, estimator: 'mode' });
    const noise = background.rms;
    expect(largestDifference(background.image, imageOf('back.fits').image)).to.be.below(0.02 * noise);
    expect(largestDifference(backgroundRms(background), imageOf('rms.fits').image)).to.be.below(0.01 * noise);
  });

  it('is not moved by stars, and finds the noise', () => {
    const sources = scatter(3, 60, 400, 300, 500, 50_000);
    const mi = makeField({ width: 400, height: 300, sky: 200, readNoise: 5, fwhm: () => 3, sources, seed: 3 });
    const { level, rms } = estimateBackground(mi, { cellSize_px: 64, ignoreBits: 0 });
    expect(level).to.be.closeTo(200, 0.75);
    expect(rms).to.be.closeTo(15, 0.4);
  });

  it('follows a gradient to the corners', () => {
    const rng = random(4);
    const mi = allocMaskedImage(300, 300);
    const truth = (i: number): number => 100 + 0.1 * (i % 300) + 0.05 * Math.floor(i / 300);
    for (let i = 0; i < mi.image.length; i++) mi.image[i] = truth(i) + 3 * rng.normal();
    const { image } = estimateBackground(mi, { cellSize_px: 50, ignoreBits: 0 });
    expect(largestDifference(image, mi.image.map((_, i) => truth(i)))).to.be.below(0.5);
  });

  it('ignores masked and NaN pixels, and fills cells without any', () => {
    const mi = allocMaskedImage(120, 120);
    mi.image.fill(10);
    for (let y = 0; y < 40; y++) for (let x = 0; x < 40; x++) mi.image[y * 120 + x] = NaN;
    for (let y = 40; y < 60; y++) for (let x = 0; x < 40; x++) { mi.image[y * 120 + x] = 1000; mi.mask[y * 120 + x] = MASK.SAT; }
    const background = estimateBackground(mi, { cellSize_px: 40, ignoreBits: MASK.SAT });
    expect(background.nFilled).to.equal(1);
    expect(largestDifference(background.image, new Float32Array(120 * 120).fill(10))).to.be.below(1e-5);
  });

  it('is NaN when there is no sky at all', () => {
    const mi = allocMaskedImage(64, 64);
    mi.image.fill(NaN);
    expect(estimateBackground(mi, { cellSize_px: 32, ignoreBits: 0 }).level).to.be.NaN;
  });
});

describe('cellStatistics', () => {
  it('sees through quantised pixels', () => {
    const rng = random(5);
    const values = Float32Array.from({ length: 16_000 }, () => Math.round(50.3 + 0.8 * rng.normal())).sort();
    expect(cellStatistics(values).level).to.be.closeTo(50.3, 0.03);
  });

  it('takes the mode of a crowded cell', () => {
    const rng = random(6);
    const light = (i: number): number => (i % 4 === 0 ? -12 * Math.log(1 - rng.uniform()) : 0);
    const values = Float32Array.from({ length: 16_000 }, (_, i) => 100 + 5 * rng.normal() + light(i)).sort();
    const plainMean = values.reduce((a, b) => a + b, 0) / values.length;
    expect(plainMean).to.be.above(102.5);
    expect(cellStatistics(values).level).to.be.closeTo(100, 0.5 * (plainMean - 100));
  });
});

describe('markFaintGlow', () => {
  it('marks a halo that is below the noise of single pixels, and nothing else', () => {
    const rng = random(7);
    const mi = allocMaskedImage(256, 256);
    for (let i = 0; i < mi.image.length; i++) {
      const r = Math.hypot((i % 256) - 128, Math.floor(i / 256) - 128);
      mi.image[i] = 10 * rng.normal() + (r < 40 ? 8 : 0);
    }
    markFaintGlow(mi, 10, 0, MASK.DETECTED);
    expect(mi.mask[128 * 256 + 128]! & MASK.DETECTED).to.not.equal(0);
    const far = mi.mask.filter((m, i) => m !== 0 && Math.hypot((i % 256) - 128, Math.floor(i / 256) - 128) > 80);
    expect(far.length).to.be.below(0.01 * mi.mask.length);
  });
});
