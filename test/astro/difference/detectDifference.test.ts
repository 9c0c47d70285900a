import { expect } from 'chai';
import { detectDifference, mergeFootprints } from '../../../src/astro/difference/detectDifference.ts';
import { makeFootprint } from '../../../src/astro/detection/detectFootprints.ts';
import { skyPositions } from '../../../src/astro/difference/skyPositions.ts';
import { allocMaskedImage, copyMaskedImage } from '../../../src/model/image.ts';
import type { MaskedImage } from '../../../src/model/image.ts';
import { MASK } from '../../../src/model/mask.ts';
import { random } from '../../../src/numeric/random.ts';
import { addMoffat } from '../syntheticField.ts';

const SIZE = 300;
const FWHM = 3.2;
const OPTIONS = { threshold: 5, growSigma: 2.4, sigma_px: FWHM / 2.3548 };

function noise(seed: number, variance: number, trueSigma = Math.sqrt(variance)): MaskedImage {
  const rng = random(seed, 'difference noise');
  const mi = allocMaskedImage(SIZE, SIZE);
  mi.variance.fill(variance);
  for (let p = 0; p < mi.image.length; p++) mi.image[p] = trueSigma * rng.normal();
  return mi;
}

function withSources(mi: MaskedImage, sources: readonly (readonly [number, number, number])[]): MaskedImage {
  const out = copyMaskedImage(mi);
  const plane = new Float64Array(SIZE * SIZE);
  for (const [x, y, flux] of sources) addMoffat(plane, SIZE, SIZE, { x, y, flux }, FWHM);
  for (let p = 0; p < plane.length; p++) out.image[p] = out.image[p]! + plane[p]!;
  return out;
}

describe('detectDifference', () => {
  it('finds both polarities at their places and marks their planes', () => {
    const mi = withSources(noise(1, 100), [[60, 80, 2000], [200.4, 220.3, -2000]]);
    const { footprints, nPositive, nNegative, significance, noiseScale } = detectDifference(mi, OPTIONS);
    expect([footprints.length, nPositive, nNegative]).to.deep.equal([2, 1, 1]);
    expect(footprints.map(f => Math.sign(f.peaks[0]!.value)).sort()).to.deep.equal([-1, 1]);
    for (const { peaks: [peak] } of footprints) {
      expect(significance[peak!.y * SIZE + peak!.x]).to.equal(peak!.value);
      expect(Math.abs(peak!.value)).to.be.within(18, 32);
    }
    expect(mi.mask[80 * SIZE + 60]).to.equal(MASK.DETECTED);
    expect(mi.mask[220 * SIZE + 200]).to.equal(MASK.DETECTED_NEGATIVE);
    expect(mi.mask[150 * SIZE + 150]).to.equal(0);
    expect(noiseScale).to.be.closeTo(1, 0.03);
  });

  it('takes the threshold in true noise, whatever the variance plane says', () => {
    const sources = [[60, 80, 900]] as const;
    const [honest, wrong] = [noise(2, 100), noise(2, 400, 10)];
    const [a, b] = [honest, wrong].map(mi => detectDifference(withSources(mi, sources), OPTIONS));
    expect(b!.noiseScale).to.be.closeTo(0.5, 0.02);
    expect(b!.footprints[0]!.peaks[0]!.value).to.be.closeTo(a!.footprints[0]!.peaks[0]!.value, 1e-3);
  });

  it('finds next to nothing in pure noise', () => {
    const counts = [11, 12, 13].map(seed => detectDifference(noise(seed, 100), OPTIONS).footprints.length);
    expect(counts.reduce((a, b) => a + b, 0)).to.be.at.most(1);
  });

  it('joins the lobes of a dipole in one footprint, the higher peak first', () => {
    const mi = withSources(noise(3, 100), [[150, 150, 6000], [153, 151, -4000]]);
    const { footprints } = detectDifference(mi, OPTIONS);
    expect(footprints).to.have.length(1);
    const values = footprints[0]!.peaks.map(p => p.value);
    expect(values[0]).to.be.above(0);
    expect(values.some(v => v < -5)).to.equal(true);
    expect(mi.mask.some(m => (m & MASK.DETECTED) !== 0 && (m & MASK.DETECTED_NEGATIVE) !== 0)).to.equal(true);
  });

  it('sees nothing where there are no pixels', () => {
    const mi = withSources(noise(4, 100), [[60, 80, 2000]]);
    for (let p = 0; p < mi.mask.length; p++) {
      if (p % SIZE < 120) { mi.mask[p] = MASK.NO_DATA; mi.image[p] = NaN; mi.variance[p] = Infinity; }
    }
    expect(detectDifference(mi, OPTIONS).footprints).to.have.length(0);
  });
});

describe('mergeFootprints', () => {
  it('keeps every pixel once and every peak', () => {
    const footprint = (y: number, x0: number, x1: number, value: number) => makeFootprint(Int32Array.of(y, x0, x1), [{ x: x0, y, value }]);
    const merged = mergeFootprints([footprint(5, 3, 8, 6), footprint(6, 8, 12, -9), footprint(20, 1, 2, 7)], 40, 40);
    expect(merged.map(f => f.nPixels)).to.deep.equal([11, 2]);
    expect(merged[0]!.peaks.map(p => p.value)).to.deep.equal([-9, 6]);
    expect(merged[0]!.box).to.deep.equal({ x0: 3, y0: 5, width: 10, height: 2 });
  });
});

describe('skyPositions', () => {
  const mi = noise(5, 100);
  for (let y = 100; y < 140; y++) mi.mask.fill(MASK.DETECTED, y * SIZE, y * SIZE + 200);
  const other = new Int32Array(SIZE * SIZE);
  other[200 * SIZE + 50] = MASK.SAT;
  const draw = (seed: number) => skyPositions(mi, [mi.mask, other], MASK.DETECTED | MASK.SAT, 60, 8, random(seed, 'sky'));

  it('are far from everything, from each other and from the edge', () => {
    const places = draw(1);
    expect(places).to.have.length(60);
    places.forEach((p, i) => {
      expect(Math.min(p.x, p.y, SIZE - 1 - p.x, SIZE - 1 - p.y)).to.be.at.least(8);
      expect(p.x < 207 && p.y > 93 && p.y < 147).to.equal(false);
      expect(Math.hypot(p.x - 50, p.y - 200)).to.be.above(7);
      for (const q of places.slice(i + 1)) expect(Math.hypot(p.x - q.x, p.y - q.y)).to.be.at.least(16);
    });
  });

  it('are the same for the same seed, and fewer where there is no room', () => {
    expect(draw(1)).to.deep.equal(draw(1));
    expect(draw(1)).to.not.deep.equal(draw(2));
    const full = new Int32Array(SIZE * SIZE).fill(MASK.SAT);
    expect(skyPositions(mi, [full], MASK.SAT, 10, 8, random(1))).to.have.length(0);
    expect(skyPositions(mi, [other], 0, 1000, 30, random(1)).length).to.be.within(5, 25);
  });
});
