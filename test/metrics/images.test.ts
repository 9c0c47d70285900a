/** Measures that read the numbers of the images and the quanta of the run. */
import { expect } from 'chai';
import type { ImageNumbers } from '../../src/harness/digests/imageNumbers.ts';
import type { Outcome } from '../../src/harness/measure.ts';
import { poissonInterval, wilsonInterval } from '../../src/numeric/intervals.ts';
import { quantumOf } from '../harness/results.ts';
import { itemsOf, measure, measureNamed, NO_NUMBERS, runOf } from './inputs.ts';

const ofImages = (metric: string, ...images: readonly Partial<ImageNumbers>[]): Outcome =>
  measure(metric, { images: itemsOf(...images.map(i => ({ ...NO_NUMBERS, ...i }))) });

describe('metrics: numbers of images', () => {
  const two = [
    { nSciSources: 300, nDiaSources: 4, nDiaSourcesBeforeCuts: 30, nNegative: 3, nDipoles: 1, usableArea_deg2: 0.02 },
    { nSciSources: 100, nDiaSources: 12, nDiaSourcesBeforeCuts: 50, nNegative: 1, nDipoles: 0, usableArea_deg2: 0.03 },
  ];
  const rows: readonly [string, number, number, readonly [number, number]][] = [
    ['ip_diffim.numSciSources', 400, 400, poissonInterval(400)!],
    ['ip_diffim.fracDiaSourcesToSciSources', 4, 400, poissonInterval(16)!.map(x => x / 4) as [number, number]],
    ['ip_diffim.DiaSourceDensity', 320, 16, poissonInterval(16)!.map(x => x / 0.05) as [number, number]],
    ['ip_diffim.DiaSourceDensityBeforeCuts', 1600, 80, poissonInterval(80)!.map(x => x / 0.05) as [number, number]],
    ['ip_diffim.DipoleFraction', 1.25, 80, wilsonInterval(1, 80)!.map(x => 100 * x) as [number, number]],
    ['ip_diffim.NegativeFraction', 25, 16, wilsonInterval(4, 16)!.map(x => 100 * x) as [number, number]],
  ];
  for (const [metric, value, n, interval] of rows) {
    it(metric, () => {
      const outcome = ofImages(metric, ...two);
      expect(outcome).to.include({ status: 'ok', n });
      expect(outcome.value).to.be.closeTo(value, 1e-9);
      expect(outcome.interval![0]).to.be.closeTo(interval[0], 1e-9);
      expect(outcome.interval![1]).to.be.closeTo(interval[1], 1e-9);
    });
  }

  it('densities of no DIASource on some area are 0 with an upper limit; without area there are none', () => {
    for (const metric of ['ip_diffim.DiaSourceDensity', 'ip_diffim.DiaSourceDensityBeforeCuts']) {
      const outcome = ofImages(metric, { usableArea_deg2: 0.01 });
      expect(outcome).to.include({ status: 'ok', value: 0, n: 0 });
      expect(outcome.interval![1]).to.be.closeTo(184.1, 0.1);
      expect(ofImages(metric, { nDiaSources: 3, nDiaSourcesBeforeCuts: 3 })).to.include({ status: 'missing', reason: 'no image has a usable pixel' });
    }
  });

  for (const [metric, key] of [
    ['ip_diffim.DifferenceWidth', 'differenceWidth'], ['pipe_tasks.PsfFwhm', 'scienceFwhm_arcsec'], ['pipe_tasks.ScienceDepth', 'scienceDepth_mag'],
  ] as const) {
    it(`${metric}: the median of the images that have one`, () => {
      expect(ofImages(metric, { [key]: 1 }, { [key]: 3 }, { [key]: 1.5 }, {})).to.include({ status: 'ok', value: 1.5, n: 3 });
      expect(ofImages(metric, { [key]: 1 })).to.deep.include({ status: 'ok', value: 1, n: 1, interval: null });
    });
  }
});

describe('metrics: quanta', () => {
  it('numFailedQuanta counts the failed and the blocked', () => {
    const quanta = (['succeeded', 'noWork', 'failed', 'blocked', 'blocked', 'reused'] as const).map(status => quantumOf({ status }));
    expect(measure('ap_verify.numFailedQuanta', {}, runOf({ quanta }))).to.deep.include({ status: 'ok', value: 3, n: 6, interval: null });
    expect(measure('ap_verify.numFailedQuanta', {}, runOf({ quanta: [quantumOf()] }))).to.include({ status: 'ok', value: 0, n: 1 });
  });

  const quanta = [
    quantumOf({ seconds: 3, peakRss_MB: 100 }), quantumOf({ seconds: 1, peakRss_MB: 400 }), quantumOf({ seconds: 8, peakRss_MB: null }),
    quantumOf({ task: 'diff', seconds: null, peakRss_MB: null, status: 'reused' }),
  ];
  for (const [metric, value, n, reason] of [
    ['ap_verify.TaskTime', 3, 3, 'no quantum of the task was timed'], ['ap_verify.TaskMemory', 400, 2, 'no quantum of the task reported its memory'],
  ] as const) {
    it(`${metric}: one value a task, and a word for a task without one`, () => {
      const outcomes = measureNamed(metric).measure({} as never, runOf({ quanta })) as readonly Outcome[];
      expect(outcomes).to.have.length(2);
      expect(outcomes[0]).to.deep.include({ status: 'ok', value, n, keys: { task: 'isr' } });
      expect(outcomes[1]).to.deep.include({ status: 'missing', value: null, reason, keys: { task: 'diff' } });
    });
  }
});
