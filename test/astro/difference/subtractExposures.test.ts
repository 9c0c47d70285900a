import { expect } from 'chai';
import { psfFlux } from '../../../src/astro/measurement/psfFlux.ts';
import { normalisedWidth, subtractExposures } from '../../../src/astro/difference/subtractExposures.ts';
import type { SubtractOptions, Subtraction } from '../../../src/astro/difference/subtractExposures.ts';
import { DEFAULT_BASIS } from '../../../src/astro/difference/kernelBasis.ts';
import { AlgorithmError } from '../../../src/model/errors.ts';
import { MASK } from '../../../src/model/mask.ts';
import { column } from '../../../src/model/table.ts';
import { random } from '../../../src/numeric/random.ts';
import { iqrSigma, moments } from '../../../src/numeric/statistics.ts';
import { spaced } from '../syntheticField.ts';
import type { TrueSource } from '../syntheticField.ts';
import { copied, correlation, makePair } from './pair.ts';
import type { Pair } from './pair.ts';

const SIZE = 400;
const OPTIONS: SubtractOptions = {
  mode: 'auto', basis: DEFAULT_BASIS, stamps: { minSnr: 20, maxSources: 200, cell_px: 128, perCell: 5 },
  fit: { spatialOrder: 1, backgroundOrder: 1, minStamps: 3, clipSigma: 3.5, maxIterations: 5, maxCondition: 1e10 },
  doDecorrelation: true, decorrelationCell_px: 200,
};
const stars = spaced(31, 7, 7, 57, k => 8000 + 900 * k);
/** Half way between the stars, some of each brightness. */
const transients: TrueSource[] = spaced(32, 6, 6, 57, k => 1500 + 150 * k).map(s => ({ ...s, x: s.x + 28, y: s.y + 28 }));
const near = (list: readonly TrueSource[], p: number, radius: number): boolean =>
  list.some(s => Math.hypot(s.x - (p % SIZE), s.y - Math.floor(p / SIZE)) < radius);

const cases: readonly (readonly [string, Pair, 'template' | 'science'])[] = [
  ['sharper template', makePair({ size: SIZE, scienceFwhm: 3.8, templateFwhm: 3, stars, transients, templateSky: 300, seed: 40 }), 'template'],
  ['sharper science image', makePair({ size: SIZE, scienceFwhm: 3, templateFwhm: 3.6, stars, transients, templateSky: 300, seed: 50 }), 'science'],
];

for (const [name, pair, convolved] of cases) {
  describe(`subtraction: ${name}`, () => {
    const result = subtractExposures(pair.science, pair.template, pair.stars, OPTIONS);
    const { difference } = result;
    const isObject = Uint8Array.from({ length: SIZE * SIZE }, (_, p) => (near([...stars, ...transients], p, 12) ? 1 : 0));

    it('convolves the right image and conserves the flux scale', () => {
      expect(result.kernel.convolved).to.equal(convolved);
      expect(result.kernel.kernelSum).to.be.closeTo(1, 0.01);
      expect(result.numbers.nKernelSourcesUsed).to.be.at.least(20);
    });

    it('leaves white noise of the size that the variance says', () => {
      const sky: number[] = [];
      for (let p = 0; p < SIZE * SIZE; p++) {
        const inner = Math.min(p % SIZE, SIZE - 1 - (p % SIZE)) > 20 && p > 20 * SIZE && p < (SIZE - 20) * SIZE;
        if (inner && isObject[p] === 0) sky.push(difference.image[p]! / Math.sqrt(difference.variance[p]!));
      }
      expect(iqrSigma(sky)).to.be.closeTo(1, 0.02);
      expect(Math.sqrt(moments(sky).variance)).to.be.closeTo(1, 0.02);
      expect(normalisedWidth(difference)).to.be.closeTo(1, 0.04);
      expect(moments(sky).mean).to.be.closeTo(0, 0.03);
      for (const [dx, dy] of [[1, 0], [0, 1], [1, 1], [2, 0], [0, 2], [3, 1]] as const) {
        expect(correlation(difference, dx, dy, 20, p => isObject[p] === 1), `lag ${dx}, ${dy}`).to.be.closeTo(0, 0.025);
      }
    });

    it('has errors that are honest for point sources', () => {
      const rng = random(3, 'sky places');
      const pulls: number[] = [];
      while (pulls.length < 300) {
        const [x, y] = [25 + rng.uniform() * (SIZE - 50), 25 + rng.uniform() * (SIZE - 50)];
        if (isObject[Math.round(y) * SIZE + Math.round(x)] === 1) continue;
        const { flux, fluxErr } = psfFlux(difference, result.psf, x, y, 0);
        pulls.push(flux / fluxErr);
      }
      expect(Math.sqrt(moments(pulls).variance)).to.be.closeTo(1, 0.14);
    });

    it('recovers the flux of transients without bias', () => {
      const inside = transients.filter(s => Math.min(s.x, s.y, SIZE - s.x, SIZE - s.y) > 25);
      const found = inside.map(s => ({ ...psfFlux(difference, result.psf, s.x, s.y, 0), truth: s.flux }));
      const pulls = found.map(f => (f.flux - f.truth) / f.fluxErr);
      const ratio = found.reduce((sum, f) => sum + f.flux, 0) / found.reduce((sum, f) => sum + f.truth, 0);
      expect(found.length).to.be.at.least(25);
      expect(ratio).to.be.closeTo(1, 0.012);
      expect(Math.sqrt(moments(pulls).variance)).to.be.within(0.7, 1.35);
    });

    it('removes the stars', () => {
      for (const s of stars.filter(t => Math.min(t.x, t.y, SIZE - t.x, SIZE - t.y) > 25)) {
        const { flux, fluxErr } = psfFlux(difference, result.psf, s.x, s.y, 0);
        expect(Math.abs(flux)).to.be.below(Math.hypot(4 * fluxErr, 0.01 * s.flux));
      }
    });
  });
}

describe('subtraction: what it does with masks and failures', () => {
  const pair = cases[0]![1];
  const plain = subtractExposures(pair.science, pair.template, pair.stars, OPTIONS);
  const change = (edit: (science: Pair['science'], template: Pair['template']) => void): Subtraction => {
    const [science, template] = [copied(pair.science), copied(pair.template)];
    edit(science, template);
    return subtractExposures(science, template, pair.stars, OPTIONS);
  };

  it('correlates the noise when the decorrelation is switched off', () => {
    const raw = subtractExposures(pair.science, pair.template, pair.stars, { ...OPTIONS, doDecorrelation: false });
    expect(correlation(raw.difference, 1, 0, 20, p => near([...stars, ...transients], p, 12))).to.be.above(0.03);
  });

  it('does not touch its inputs', () => {
    const [science, template] = [copied(pair.science), copied(pair.template)];
    subtractExposures(science, template, pair.stars, OPTIONS);
    expect(science.image).to.deep.equal(pair.science.image);
    expect(template.mask).to.deep.equal(pair.template.mask);
  });

  it('hands on the masks of both, those of the template under names of their own', () => {
    const at = 120 * SIZE + 85;
    const { difference } = change((science, template) => {
      science.mask[at] = MASK.CR | MASK.DETECTED;
      template.mask[at + 40] = MASK.SAT | MASK.DETECTED;
      template.mask[at + 60] = MASK.CR;
    });
    expect(difference.mask[at]).to.equal(MASK.CR);
    expect(difference.mask[at + 40]).to.equal(MASK.SAT_TEMPLATE);
    expect(difference.mask[at + 41]! & MASK.SAT_TEMPLATE).to.equal(MASK.SAT_TEMPLATE);
    expect(difference.mask[at + 60], 'a repaired pixel on dark sky').to.equal(0);
    expect(difference.mask[2]! & MASK.EDGE).to.equal(MASK.EDGE);
  });

  it('has no value where either image has none, and NaN does not spread', () => {
    const at = 120 * SIZE + 85;
    const { difference } = change((science, template) => {
      science.image[at] = NaN;
      template.image[at + 40] = NaN;
      template.mask[at + 40] = MASK.NO_DATA;
    });
    for (const p of [at, at + 40]) {
      expect(difference.image[p]).to.be.NaN;
      expect(difference.variance[p]).to.equal(Infinity);
      expect(difference.mask[p]! & MASK.NO_DATA).to.equal(MASK.NO_DATA);
    }
    expect(difference.image[at + 10]).to.be.finite;
    expect(difference.image.filter(Number.isNaN).length).to.be.below(80);
  });

  it('lists the kernel sources with the quality of the match', () => {
    const { kernelSources, numbers } = plain;
    expect(kernelSources.nRows).to.equal(numbers.nKernelSources);
    const used = column(kernelSources, 'kernelUsed', 'bool').reduce((a, b) => a + b, 0);
    expect(used).to.equal(numbers.nKernelSourcesUsed);
    expect(Math.max(...column(kernelSources, 'kernelChi2', 'f64'))).to.be.within(0.8, 3);
  });

  const failures: readonly (readonly [string, () => unknown, RegExp])[] = [
    ['no stars', () => subtractExposures(pair.science, pair.template, { ...pair.stars, ...emptied(pair.stars) }, OPTIONS), /0 kernel sources/],
    ['stars on pixels without template', () => change((_, template) => {
      template.image.fill(NaN);
      template.mask.fill(MASK.NO_DATA);
    }), /0 kernel sources/],
  ];
  for (const [name, run, message] of failures) {
    it(`fails with numbers: ${name}`, () => expect(run).to.throw(AlgorithmError, message));
  }

  it('refuses images without PSF or of different shapes', () => {
    expect(() => subtractExposures({ ...pair.science, psf: null }, pair.template, pair.stars, OPTIONS)).to.throw(TypeError, /PSF/);
    expect(() => subtractExposures({ ...pair.science, width: 10 }, pair.template, pair.stars, OPTIONS)).to.throw(TypeError, /shape/);
  });
});

/** The same columns without rows. */
function emptied(table: Pair['stars']): Pair['stars'] {
  const columns = Object.fromEntries(Object.entries(table.columns).map(([name, c]) => [name, { ...c, values: c.values.slice(0, 0) }]));
  return { nRows: 0, columns: columns as Pair['stars']['columns'] };
}
