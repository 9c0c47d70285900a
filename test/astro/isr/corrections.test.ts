/** Linearity, crosstalk, brighter-fatter, fringes, vignetting and amplifier offsets on images whose truth is known. */
import { expect } from 'chai';
import { measureAmpOffsets, subtractPedestals } from '../../../src/astro/isr/ampOffset.ts';
import { correctBrighterFatter, kernelOfTable, BF_KERNEL_COLUMNS } from '../../../src/astro/isr/brighterFatter.ts';
import { parseCrosstalkText, subtractCrosstalk } from '../../../src/astro/isr/crosstalk.ts';
import { fitFringes } from '../../../src/astro/isr/fringe.ts';
import { LINEARIZER_COLUMNS, linearityOfTable, linearize } from '../../../src/astro/isr/linearity.ts';
import { circlePolygon, maskOutside, parsePolygon } from '../../../src/astro/isr/vignette.ts';
import { decam } from '../../../src/instruments/decam/index.ts';
import { allocMaskedImage } from '../../../src/model/image.ts';
import type { Amplifier, Detector } from '../../../src/model/instrument.ts';
import { MASK } from '../../../src/model/mask.ts';
import { tableFromRows } from '../../../src/model/table.ts';
import { random } from '../../../src/numeric/random.ts';

/** Two amplifiers side by side, the right one read from the right. */
function twoAmplifiers(width: number, height: number): Detector {
  const half = width / 2;
  const amp = (name: string, x0: number, flipX: boolean, gain: number): Amplifier => ({
    name, rawData: { x0, y0: 0, width: half, height }, rawSerialOverscan: null, rawPrescan: null,
    detectorBox: { x0, y0: 0, width: half, height }, flipX, flipY: false,
    gain_electronPerAdu: gain, readNoise_electron: 5, saturation_adu: 60_000,
  });
  return { id: 0, name: 'D', width, height, amplifiers: [amp('L', 0, false, 2), amp('R', half, true, 1)] };
}
const DETECTOR = twoAmplifiers(8, 2);

describe('linearity', () => {
  const apply = (type: string, pairs: readonly (readonly [number, number])[], adu: number): { out: number; nOutside: number } => {
    const rows = ['L', 'R'].flatMap(amplifier => pairs.map(([x, y]) => ({ amplifier, type, x, y })));
    const target = allocMaskedImage(8, 2);
    for (let p = 0; p < 16; p++) target.image[p] = adu * (p % 8 < 4 ? 2 : 1);
    const nOutside = linearize(target, DETECTOR, linearityOfTable(tableFromRows(LINEARIZER_COLUMNS, rows)));
    expect(target.image[0]! / 2).to.be.closeTo(target.image[7]!, 1e-3);
    return { out: target.image[7]!, nOutside };
  };
  const rows: readonly [string, readonly (readonly [number, number])[], number, number][] = [
    ['None', [[0, 0]], 1000, 1000],
    ['Squared', [[2, 1e-6]], 1000, 1001],
    ['Polynomial', [[2, 1e-6], [3, 1e-9]], 1000, 1002],
    ['LookupTable', [[999, 1], [1000, 7], [1001, 2]], 1000, 1007],
    ['Spline', [[0, 3], [500, 8], [1000, 13], [1500, 18]], 800, 792],
  ];
  for (const [type, pairs, adu, expected] of rows) {
    it(`${type}: ${adu} ADU become ${expected}, whatever the gain`, () => expect(apply(type, pairs, adu).out).to.be.closeTo(expected, 1e-3));
  }
  it('values outside a look-up table stay and are counted', () => {
    expect(apply('LookupTable', [[999, 1]], 5000)).to.deep.equal({ out: 5000, nOutside: 16 });
  });
  it('an unknown type, and an amplifier that is not in the table', () => {
    expect(() => apply('Magic', [[0, 0]], 1)).to.throw(/amplifier L.*Magic.*Polynomial/);
    expect(() => linearize(allocMaskedImage(8, 2), DETECTOR, new Map())).to.throw(/expected: amplifier L/);
  });
});

describe('crosstalk', () => {
  const options = { unit: 'electron', minPixelToMask_electron: 1000, doSubtractBackground: false } as const;
  const term = { sourceDetector: 0, source: 'L', target: 'R', coefficient: 1e-3, coefficientSqr: 0 };

  it('a bright pixel leaves its ghost where the other amplifier reads at the same time', () => {
    const target = allocMaskedImage(8, 2);
    target.image[9] = 50_000; // row 1, second column of L: second pixel read
    const own = { width: 8, height: 2, data: target.image.slice() };
    const result = subtractCrosstalk(target, DETECTOR, [{ detector: DETECTOR, image: own }], [term], options);
    expect(result).to.deep.equal({ nMasked: 1, nMissing: 0 });
    expect(target.image[14]).to.be.closeTo(-50, 1e-3); // second pixel of R from the right
    expect(target.mask[14]).to.equal(MASK.CROSSTALK);
    expect([...target.image].filter(v => v !== 0).length).to.equal(2);
  });
  it('coefficients between ADU are scaled by the gains, the quadratic term too', () => {
    const target = allocMaskedImage(8, 2);
    target.image[0] = 20_000; // 10,000 ADU
    const own = { width: 8, height: 2, data: target.image.slice() };
    subtractCrosstalk(target, DETECTOR, [{ detector: DETECTOR, image: own }], [{ ...term, coefficientSqr: 1e-8 }], { ...options, unit: 'adu' });
    expect(target.image[7]).to.be.closeTo(-(10 + 1), 1e-3); // electrons of R, gain 1
  });
  it('other detectors leave ghosts, too; those that were not read are counted', () => {
    const target = allocMaskedImage(8, 2);
    const other = { ...DETECTOR, id: 3 };
    const image = { width: 8, height: 2, data: new Float32Array(16).fill(100) };
    const terms = [{ ...term, sourceDetector: 3 }, { ...term, sourceDetector: 4 }];
    expect(subtractCrosstalk(target, DETECTOR, [{ detector: other, image }], terms, options).nMissing).to.equal(1);
    expect(target.image[7]).to.be.closeTo(-0.1, 1e-6);
    subtractCrosstalk(target, DETECTOR, [{ detector: other, image }], terms, { ...options, doSubtractBackground: true });
    expect(target.image[7]).to.be.closeTo(-0.1, 1e-6);
  });
  it('an amplifier that does not exist', () => {
    const own = { width: 8, height: 2, data: new Float32Array(16) };
    expect(() => subtractCrosstalk(allocMaskedImage(8, 2), DETECTOR, [{ detector: DETECTOR, image: own }], [{ ...term, source: 'X' }], options))
      .to.throw(/amplifier X.*L, R/);
  });
  it("DECam's text table: CCD numbers or names, comments, one target detector", () => {
    const text = '# victim source coefficient\nccd01A ccd01B 1e-4\nS29A N4B 2.5e-5  # inter-chip\nccd02A ccd01B 1\n';
    expect(parseCrosstalkText(text, decam.detectors, 1)).to.deep.equal([
      { sourceDetector: 1, source: 'B', target: 'A', coefficient: 1e-4, coefficientSqr: 0 },
      { sourceDetector: 35, source: 'B', target: 'A', coefficient: 2.5e-5, coefficientSqr: 0 },
    ]);
    for (const line of ['ccd01A ccd99B 1', 'ccd01A ccd01B', 'ccd01C ccd01B 1', 'ccd01A ccd01B much']) {
      expect(() => parseCrosstalkText(`\n${line}`, decam.detectors, 1), line).to.throw(/line 2/);
    }
  });
});

describe('brighter-fatter', () => {
  const size = 61;
  const star = (sigma: number): Float32Array => Float32Array.from({ length: size * size }, (_, p) => {
    const [x, y] = [(p % size) - 30, Math.floor(p / size) - 30];
    return (1e6 / (2 * Math.PI * sigma * sigma)) * Math.exp(-(x * x + y * y) / (2 * sigma * sigma));
  });
  const kernel = kernelOfTable(tableFromRows(BF_KERNEL_COLUMNS, Array.from({ length: 25 }, (_, p) => {
    const [dx, dy] = [(p % 5) - 2, Math.floor(p / 5) - 2];
    return { dx, dy, value: -4e-7 / (1 + dx * dx + dy * dy) };
  })));
  const secondMoment = (image: Float32Array): number => {
    let [sum, moment] = [0, 0];
    for (let p = 0; p < image.length; p++) {
      sum += image[p]!;
      moment += image[p]! * (((p % size) - 30) ** 2 + (Math.floor(p / size) - 30) ** 2);
    }
    return moment / sum;
  };
  const options = { maxIter: 10, threshold_electron: 10, interpolateBits: MASK.SAT, interpolationSigma_px: 1 };

  it('a repelling kernel makes stars narrower and keeps their flux to a thousandth; it converges', () => {
    const target = allocMaskedImage(size, size);
    target.image.set(star(2));
    const [before, flux] = [secondMoment(target.image), target.image.reduce((a, b) => a + b, 0)];
    const result = correctBrighterFatter(target, kernel, options);
    expect(result.isConverged).to.equal(true);
    expect(secondMoment(target.image)).to.be.within(0.9 * before, 0.999 * before);
    expect(target.image.reduce((a, b) => a + b, 0) / flux).to.be.closeTo(1, 1e-3);
    expect(target.mask[0]! & MASK.EDGE).to.equal(MASK.EDGE);
    expect(target.mask[30 * size + 30]).to.equal(0);
  });
  it('a flat sky stays as it is', () => {
    const target = allocMaskedImage(size, size);
    target.image.fill(10_000);
    correctBrighterFatter(target, kernel, options);
    for (let y = 6; y < 55; y++) expect(target.image[y * size + 30]).to.be.closeTo(10_000, 1e-2);
  });
  it('NaN stays NaN and does not spread', () => {
    const target = allocMaskedImage(size, size);
    target.image.fill(10_000);
    target.image[1000] = NaN;
    correctBrighterFatter(target, kernel, options);
    expect(target.image.filter(Number.isNaN).length).to.equal(1);
  });
  it('a kernel that is no square is refused', () => {
    expect(() => kernelOfTable(tableFromRows(BF_KERNEL_COLUMNS, [{ dx: 1, dy: 0, value: 1 }]))).to.throw(/3 x 3/);
  });
});

describe('fringes', () => {
  const pattern = allocMaskedImage(400, 400);
  for (let p = 0; p < 160_000; p++) pattern.image[p] = Math.sin((p % 400) / 6 + Math.floor(p / 400) / 11);
  const options = { nPositions: 3000, small_px: 3, large_px: 30, nSigma: 3, maxIter: 20, avoidBits: MASK.BAD };
  const science = (amplitude: number): typeof pattern => {
    const target = allocMaskedImage(400, 400);
    const rng = random(5, 'fringes');
    for (let p = 0; p < 160_000; p++) target.image[p] = 1000 + 0.2 * (p % 400) + amplitude * pattern.image[p]! + 10 * rng.normal();
    // Stars that would pull a plain fit.
    for (let k = 0; k < 200; k++) target.image[Math.floor(rng.uniform() * 160_000)]! += 5000;
    return target;
  };
  for (const amplitude of [0, 15, -40]) {
    it(`amplitude ${amplitude} on a sloping sky with stars is found within 0.5`, () => {
      expect(fitFringes(science(amplitude), [pattern], random(1), options).amplitudes[0]).to.be.closeTo(amplitude, 0.5);
    });
  }
  it('an image without a good pixel has no amplitude', () => {
    const target = science(3);
    target.mask.fill(MASK.BAD);
    expect(fitFringes(target, [pattern], random(1), options)).to.deep.equal({ amplitudes: [NaN], nUsed: 0, residualSigma: NaN });
  });
});

describe('vignetting', () => {
  it('outside a circle there is no data', () => {
    const target = allocMaskedImage(101, 101);
    const nOutside = maskOutside(target, circlePolygon(50, 50, 40, 1000), null);
    expect(101 * 101 - nOutside).to.be.closeTo(Math.PI * 1600, 20);
    const outside = MASK.NO_DATA | MASK.VIGNETTED;
    for (const [x, y, bits] of [[50, 50, 0], [0, 0, outside], [50, 11, 0], [50, 9, outside]] as const) {
      expect(target.mask[y * 101 + x], `${x} ${y}`).to.equal(bits);
    }
  });
  it('a polygon from text; what is none', () => {
    const target = allocMaskedImage(10, 10);
    expect(maskOutside(target, parsePolygon('-1,-1 20,-1 20,4.5 -1,4.5'), NaN)).to.equal(50);
    expect(target.image[99]).to.satisfy(Number.isNaN);
    for (const text of ['', '1,2 3,4', '1,2 3,4 5', 'a,b c,d e,f']) expect(() => parsePolygon(text), text).to.throw(/vignettePolygon_px/);
  });
});

describe('amplifier offsets', () => {
  const detector = twoAmplifiers(400, 600);
  const options = { inset_px: 5, strip_px: 64, window_px: 512, minGoodFraction: 0.5, maxOffset_electron: 25, avoidBits: MASK.BAD };
  const stepped = (step: number): ReturnType<typeof allocMaskedImage> => {
    const target = allocMaskedImage(400, 600);
    const rng = random(2, 'steps');
    for (let p = 0; p < 240_000; p++) target.image[p] = 500 + (p % 400 < 200 ? 0 : step) + 20 * rng.normal();
    return target;
  };
  it('a step of 6 electrons is found within 0.5 and taken off', () => {
    const target = stepped(6);
    const { pedestals_electron, interfaces } = measureAmpOffsets(target, detector, options);
    expect(interfaces.map(i => i.name)).to.deep.equal(['L-R']);
    expect(pedestals_electron[1]! - pedestals_electron[0]!).to.be.closeTo(6, 0.5);
    expect(pedestals_electron[0]! + pedestals_electron[1]!).to.be.closeTo(0, 1e-9);
    subtractPedestals(target, detector, pedestals_electron);
    expect(measureAmpOffsets(target, detector, options).interfaces[0]!.offset_electron).to.be.closeTo(0, 1e-3);
  });
  it('a step that is too large, and masked strips, give none', () => {
    expect([...measureAmpOffsets(stepped(100), detector, options).pedestals_electron]).to.deep.equal([0, 0]);
    const target = stepped(6);
    target.mask.fill(MASK.BAD);
    expect(measureAmpOffsets(target, detector, options).interfaces).to.deep.equal([]);
  });
});
