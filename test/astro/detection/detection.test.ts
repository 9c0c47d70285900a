import { expect } from 'chai';
import { detectFootprints, growDisc, markFootprints } from '../../../src/astro/detection/detectFootprints.ts';
import { detectSources } from '../../../src/astro/detection/detectSources.ts';
import { matchedFilter } from '../../../src/astro/detection/matchedFilter.ts';
import { separatePeaks } from '../../../src/astro/detection/separatePeaks.ts';
import { allocMaskedImage } from '../../../src/model/image.ts';
import { MASK } from '../../../src/model/mask.ts';
import { random } from '../../../src/numeric/random.ts';
import { standardDeviation } from '../../../src/numeric/statistics.ts';
import { makeField, spaced, subtractSky } from '../syntheticField.ts';

/** An image from rows of digits; '.' is 0, 'N' NaN. */
function draw(...rows: string[]): { image: Float32Array; width: number; height: number } {
  const values = rows.join('').split('').map(c => (c === 'N' ? NaN : c === '.' ? 0 : Number(c)));
  return { image: Float32Array.from(values), width: rows[0]!.length, height: rows.length };
}

describe('detectFootprints', () => {
  const check = (rows: string[], options: Partial<Parameters<typeof detectFootprints>[3]>): string[] => {
    const { image, width, height } = draw(...rows);
    return detectFootprints(image, width, height, { threshold: 2, growRadius_px: 0, minPixels: 1, ...options })
      .map(f => `${f.nPixels}px ${f.peaks.map(p => `${p.value}@${p.x},${p.y}`).join(' ')}`);
  };

  const cases: readonly [string, string[], Parameters<typeof check>[1], string[]][] = [
    ['corners connect', ['5....', '.3...', '....4'], {}, ['2px 5@0,0', '1px 4@4,2']],
    ['two peaks in one region, brighter first', ['35343'], {}, ['5px 5@1,0 4@3,0']],
    ['a plateau is one peak, its first pixel', ['.44.', '.44.'], {}, ['4px 4@1,0']],
    ['the threshold itself is not above it', ['2.3'], {}, ['1px 3@2,0']],
    ['small regions are dropped', ['5..33'], { minPixels: 2 }, ['2px 3@3,0']],
    ['NaN is never detected', ['5N5'], {}, ['1px 5@0,0', '1px 5@2,0']],
    ['excluded pixels are not detected', ['9.3'], { exclude: Int32Array.of(MASK.SAT, 0, 0), excludeBits: MASK.SAT }, ['1px 3@2,0']],
    ['growing merges regions', ['5..4.'], { growRadius_px: 1 }, ['5px 5@0,0 4@3,0']],
    ['nothing there', ['111'], {}, []],
  ];
  for (const [name, rows, options, expected] of cases) it(name, () => expect(check(rows, options)).to.deep.equal(expected));

  it('grows by a Euclidean disc and marks the mask', () => {
    const on = new Uint8Array(11 * 11);
    on[5 * 11 + 5] = 1;
    const grown = growDisc(on, 11, 11, 2.5);
    grown.forEach((v, k) => expect(v === 1).to.equal(Math.hypot((k % 11) - 5, Math.floor(k / 11) - 5) <= 2.5));
    const mask = new Int32Array(121);
    const image = Float32Array.from(on, v => 10 * v);
    markFootprints(mask, 11, detectFootprints(image, 11, 11, { threshold: 5, growRadius_px: 2.5, minPixels: 1 }), MASK.DETECTED);
    expect([...mask].map(m => (m === MASK.DETECTED ? 1 : 0))).to.deep.equal([...grown]);
  });
});

describe('separatePeaks', () => {
  const check = (row: string, minProminence: number, minContrast: number): number[] => {
    const { image, width, height } = draw(row);
    const [footprint] = detectFootprints(image, width, height, { threshold: 0.5, growRadius_px: 0, minPixels: 1 });
    return separatePeaks(image, width, footprint!, { minProminence, minContrast }).peaks.map(p => p.value);
  };
  const cases: readonly [string, string, number, number, number[]][] = [
    ['a deep saddle separates', '29152', 3, 0, [9, 5]],
    ['a shallow saddle does not', '29452', 3, 0, [9]],
    ['the highest always stays', '29892', 3, 0, [9]],
    ['contrast against a bright neighbour', '29142', 1, 0.5, [9]],
    ['three peaks by their own saddles', '9171815', 3, 0, [9, 8, 7, 5]],
  ];
  for (const [name, row, prominence, contrast, expected] of cases) {
    it(name, () => expect(check(row, prominence, contrast)).to.deep.equal(expected));
  }
});

describe('matchedFilter', () => {
  it('is unit normal on sky even when the variance plane is wrong and parts are masked', () => {
    const rng = random(8);
    const mi = allocMaskedImage(300, 300);
    for (let i = 0; i < mi.image.length; i++) { mi.image[i] = 7 * rng.normal(); mi.variance[i] = 25; }
    for (let y = 0; y < 300; y++) for (let x = 100; x < 120; x++) { mi.image[y * 300 + x] = NaN; mi.mask[y * 300 + x] = MASK.NO_DATA; }
    const { data, noiseScale } = matchedFilter(mi, 1.5, MASK.NO_DATA);
    expect(noiseScale).to.be.closeTo(1.4, 0.02);
    expect(standardDeviation(data.filter((_, i) => mi.mask[i] === 0))).to.be.closeTo(1, 0.02);
    const border = data.filter((_, i) => i % 300 < 2 || i < 600);
    expect(standardDeviation(border)).to.be.closeTo(1, 0.15);
    expect(data[150 * 300 + 110]).to.be.NaN;
  });
});

describe('detectSources', () => {
  it('finds every source well above the threshold and invents none', () => {
    const sources = spaced(9, 12, 10, 40, k => (k % 2 === 0 ? 1500 : 20_000));
    const mi = makeField({ width: 480, height: 400, sky: 300, readNoise: 5, fwhm: () => 3, sources, seed: 9 });
    subtractSky(mi, 300);
    const { footprints, noiseScale } = detectSources(mi, 1.3, { threshold: 5, growSigma: 2.4, badBits: 0, skyBits: 0 });
    const peaks = footprints.flatMap(f => f.peaks);
    const isNear = (s: { x: number; y: number }): boolean => peaks.some(p => Math.hypot(p.x - s.x, p.y - s.y) < 2);
    expect(sources.filter(isNear).length).to.equal(sources.length);
    expect(peaks.length).to.equal(sources.length);
    expect(noiseScale).to.be.closeTo(1, 0.03);
  });
});
