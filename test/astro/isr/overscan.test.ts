import { expect } from 'chai';
import { fitOverscan } from '../../../src/astro/isr/overscan.ts';
import type { OverscanOptions } from '../../../src/astro/isr/overscan.ts';
import { random } from '../../../src/numeric/random.ts';

const OPTIONS: OverscanOptions = { fitType: 'MEDIAN', order: 1, nSigma: 3, maxDeviation_adu: 1000, skipLeading: 0, skipTrailing: 0 };
/** 3 imaging columns, 4 overscan columns, 3 rows. */
const RAW = {
  width: 7, height: 3,
  data: Float32Array.from([
    900, 900, 900, 10, 11, 12, 13,
    900, 900, 900, 20, 20, 20, 60,
    900, 900, 900, 30, 31, 32, 33,
  ]),
};
const REGION = { x0: 3, y0: 0, width: 4, height: 3 };

describe('overscan', () => {
  const cases: readonly [string, Partial<OverscanOptions>, readonly number[]][] = [
    ['MEAN', { fitType: 'MEAN' }, [292 / 12, 292 / 12, 292 / 12]],
    ['MEDIAN', { fitType: 'MEDIAN' }, [20, 20, 20]],
    ['MEAN_PER_ROW', { fitType: 'MEAN_PER_ROW' }, [11.5, 30, 31.5]],
    ['MEDIAN_PER_ROW', { fitType: 'MEDIAN_PER_ROW' }, [11.5, 20, 31.5]],
    ['maxDeviation_adu drops the cosmic ray', { fitType: 'MEAN_PER_ROW', maxDeviation_adu: 30 }, [11.5, 20, 31.5]],
    ['skipped columns', { fitType: 'MEAN_PER_ROW', skipLeading: 1, skipTrailing: 1 }, [11.5, 20, 31.5]],
    ['LEGENDRE of order 1 through three medians', { fitType: 'LEGENDRE', order: 1 }, [11, 21, 31]],
  ];
  for (const [name, options, expected] of cases) {
    it(name, () => {
      const fit = fitOverscan(RAW, REGION, { ...OPTIONS, ...options })!;
      fit.level_adu.forEach((v, i) => expect(v).to.be.closeTo(expected[i]!, 1e-9));
    });
  }

  it('gives null when nothing is usable', () => {
    const empty = { ...RAW, data: RAW.data.map(() => NaN) };
    expect(fitOverscan(empty, REGION, OPTIONS)).to.equal(null);
    expect(fitOverscan(RAW, REGION, { ...OPTIONS, skipLeading: 4 })).to.equal(null);
  });

  it('fills a row without usable pixels with the median of the others', () => {
    const data = RAW.data.slice();
    data.fill(9e5, 10, 14);
    const fit = fitOverscan({ ...RAW, data }, REGION, { ...OPTIONS, fitType: 'MEDIAN_PER_ROW' })!;
    expect([...fit.level_adu]).to.deep.equal([11.5, 21.5, 31.5]);
    expect(fit.nRejected).to.equal(4);
  });

  for (const fitType of ['MEANCLIP', 'MEDIAN_PER_ROW', 'LEGENDRE'] as const) {
    it(`${fitType} recovers the read noise in spite of spikes`, () => {
      const draw = random(3, 'overscan');
      const data = Float32Array.from({ length: 40 * 500 }, () => 1000 + 3 * draw.normal() + (draw.uniform() < 0.01 ? 400 : 0));
      const fit = fitOverscan({ width: 40, height: 500, data }, { x0: 0, y0: 0, width: 40, height: 500 }, { ...OPTIONS, fitType })!;
      expect(fit.mean_adu).to.be.closeTo(1000, 0.2);
      expect(fit.residualSigma_adu).to.be.closeTo(3, 0.05);
    });
  }

  it('LEGENDRE follows a cubic drift and ignores a disturbed row', () => {
    const drift = (y: number): number => 1000 + 5 * y + 20 * (2 * y - 1) ** 3;
    const data = Float32Array.from({ length: 8 * 101 }, (_, p) => drift(Math.floor(p / 8) / 100) + (Math.floor(p / 8) === 50 ? 300 : 0));
    const fit = fitOverscan({ width: 8, height: 101, data }, { x0: 0, y0: 0, width: 8, height: 101 }, { ...OPTIONS, fitType: 'LEGENDRE', order: 3 })!;
    for (let y = 0; y < 101; y++) expect(fit.level_adu[y]).to.be.closeTo(drift(y / 100), 0.01);
  });
});

describe('overscan curves and directions', () => {
  /** 1000 rows of 24 columns whose level drifts, jumps at row 40 and has one hot pixel; noise 4 ADU. */
  const level = (y: number): number => 1000 + 8 * Math.sin(y / 200) + (y < 40 ? 30 : 0);
  const frame = ((): { width: number; height: number; data: Float32Array } => {
    const rng = random(9, 'overscan curves');
    const data = Float32Array.from({ length: 24_000 }, (_, p) => level(Math.floor(p / 24)) + 4 * rng.normal());
    data[500 * 24 + 3] = 1900;
    return { width: 24, height: 1000, data };
  })();
  const region = { x0: 0, y0: 0, width: 24, height: 1000 };
  const base = { order: 7, nSigma: 3, maxDeviation_adu: 1000, skipLeading: 0, skipTrailing: 0 };
  for (const [fitType, order] of [['POLY', 7], ['CHEB', 7], ['LEG', 7], ['NATURAL_SPLINE', 25], ['CUBIC_SPLINE', 25], ['AKIMA_SPLINE', 25]] as const) {
    it(`${fitType} follows the drift within 0.8 ADU when the first rows are fitted apart, and gives the read noise`, () => {
      const fit = fitOverscan(frame, region, { ...base, fitType, order, jumpLine: 40 })!;
      for (let y = 0; y < 1000; y++) expect(fit.level_adu[y], `row ${y}`).to.be.closeTo(level(y), 2.5);
      expect(Math.hypot(...fit.level_adu.map((v, y) => v - level(y))) / Math.sqrt(1000)).to.be.lessThan(0.8);
      expect(fit.residualSigma_adu).to.be.closeTo(4, 0.1);
    });
  }
  it('a parallel overscan has a level a column', () => {
    const data = Float32Array.from({ length: 24_000 }, (_, p) => 500 + (p % 24) + (p === 7 ? 900 : 0));
    const fit = fitOverscan({ width: 24, height: 1000, data }, { x0: 4, y0: 10, width: 20, height: 30 }, { ...base, fitType: 'MEDIAN_PER_ROW', lines: 'columns' })!;
    expect([...fit.level_adu]).to.deep.equal(Array.from({ length: 20 }, (_, k) => 504 + k));
  });
  it('leading pixels are those next to the image, on either side', () => {
    const data = Float32Array.from({ length: 20 }, (_, p) => (p % 10 === 0 || p % 10 === 9 ? 900 : 100));
    const image = { width: 10, height: 2, data };
    const options = { ...base, fitType: 'MEAN', skipLeading: 1 } as const;
    expect(fitOverscan(image, { x0: 0, y0: 0, width: 5, height: 2 }, options)!.mean_adu).to.equal(100);
    expect(fitOverscan(image, { x0: 5, y0: 0, width: 5, height: 2 }, { ...options, isBefore: true })!.mean_adu).to.equal(100);
  });
});
