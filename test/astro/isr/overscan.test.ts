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
