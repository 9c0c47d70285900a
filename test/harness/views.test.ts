/** What the report draws, as the harness computes it: noise, pictures, completeness, light curves, catalogs, earlier runs. */
import { expect } from 'chai';
import { catalogDifference } from '../../src/harness/catalogDifference.ts';
import { fitCompleteness } from '../../src/harness/completenessFit.ts';
import { detectorPicture } from '../../src/harness/digests/detectorPicture.ts';
import { noiseSummary } from '../../src/harness/digests/noiseSummary.ts';
import type { ApdbRows } from '../../src/harness/digests/apdbRows.ts';
import { chooseLightCurves, reducedChi2 } from '../../src/harness/lightCurves.ts';
import { runHistory } from '../../src/harness/runHistory.ts';
import { fractionCurve } from '../../src/harness/samples.ts';
import { withinBudget } from '../../src/harness/scienceViews.ts';
import type { Exposure } from '../../src/model/image.ts';
import { maskOf } from '../../src/model/mask.ts';
import type { LightPoint, SourceColumns } from '../../src/model/reportData.ts';
import { random } from '../../src/numeric/random.ts';
import { passing } from '../report/fixture.ts';
import { detectorOf } from '../report/fixtureScience.ts';

function imageOf(width: number, height: number, value: (x: number, y: number) => number, variance = 4): Exposure {
  const image = Float32Array.from({ length: width * height }, (_, p) => value(p % width, Math.floor(p / width)));
  const plane = new Float32Array(image.length).fill(variance);
  return { width, height, image, variance: plane, mask: new Int32Array(image.length) } as unknown as Exposure;
}

describe('views for the report', () => {
  describe('noise', () => {
    const draw = random(3, 'noise');
    const white = Array.from({ length: 300 * 300 + 300 }, () => draw.normal());
    it('white noise of the promised width has no correlation and a unit histogram', () => {
      const { counts, edges, correlation } = noiseSummary(imageOf(300, 300, (x, y) => 2 * white[y * 300 + x]!));
      expect(counts.reduce((a, b) => a + b, 0)).to.equal(90_000);
      const inside = counts.filter((_, b) => edges[b]! >= -1 && edges[b + 1]! <= 1).reduce((a, b) => a + b, 0);
      expect(inside / 90_000).to.be.closeTo(0.6827, 0.006);
      expect(correlation[0]![0]).to.equal(1);
      for (const [dy, dx] of [[0, 1], [1, 0], [1, 1], [3, 3]] as const) expect(correlation[dy]![dx], `${dx} ${dy}`).to.be.closeTo(0, 0.014);
    });
    it('a mean of neighbours has the correlation of one half in its direction', () => {
      const { correlation } = noiseSummary(imageOf(300, 300, (x, y) => Math.SQRT2 * (white[y * 300 + x]! + white[y * 300 + x + 1]!)));
      expect(correlation[0]![1]).to.be.closeTo(0.5, 0.015);
      expect(correlation[1]![0]).to.be.closeTo(0, 0.015);
      expect(correlation[0]![2]).to.be.closeTo(0, 0.02);
    });
    it('masked pixels and outliers do not count', () => {
      const image = imageOf(20, 20, () => 0);
      image.mask.fill(maskOf('BAD'), 0, 100);
      expect(noiseSummary(image).counts.reduce((a, b) => a + b, 0)).to.equal(300);
    });
  });

  it('picture: a block is the sum over the root of the summed variance; no data stays no data', () => {
    const image = imageOf(840, 840, (x, y) => (x < 2 && y < 2 ? 20 : 0));
    image.mask.set([maskOf('NO_DATA'), maskOf('NO_DATA')], 2);
    image.mask.set([maskOf('NO_DATA'), maskOf('NO_DATA')], 842);
    const { width, height, block_px, bytes } = detectorPicture(image);
    expect({ width, height, block_px }).to.deep.equal({ width: 420, height: 420, block_px: 2 });
    const levels = Buffer.from(bytes, 'base64');
    // 80 / sqrt(16) = 20 sigma, on the asinh scale with 20 steps.
    expect(levels[0]).to.equal(128 + Math.round(Math.round((20 * Math.asinh(10)) / Math.asinh(20)) / 20 * 127));
    expect([levels[1], levels[2]]).to.deep.equal([0, 128]);
  });

  describe('completeness', () => {
    const draw = random(5, 'completeness');
    const items = Array.from({ length: 4000 }, () => {
      const x = 19 + 6 * draw.uniform();
      return { x, hit: draw.uniform() < 0.98 / (1 + Math.exp((x - 22.4) / 0.25)) };
    });
    const edges = Array.from({ length: 25 }, (_, k) => 19 + k / 4);
    it('finds the magnitudes of 50 and 90 percent within their errors', () => {
      const fit = fitCompleteness(fractionCurve(items, edges))!;
      const true50 = 22.4 + 0.25 * Math.log(0.98 / 0.5 - 1);
      expect(Math.abs(fit.x50 - true50)).to.be.lessThan(4 * fit.x50Err);
      expect(fit.x50Err).to.be.within(0.005, 0.06);
      expect(fit.x90).to.be.closeTo(22.4 + 0.25 * Math.log(0.98 / 0.9 - 1), 0.12);
    });
    it('says nothing when nothing falls, or with too few', () => {
      expect(fitCompleteness(fractionCurve(items.map(i => ({ ...i, hit: true })), edges))).to.equal(null);
      expect(fitCompleteness(fractionCurve(items.slice(0, 10), edges))).to.equal(null);
    });
  });

  describe('light curves', () => {
    const point = (mjd: number, flux: number, band = 'g', isForced = false): LightPoint => ({ mjd, band, flux_nJy: flux, fluxErr_nJy: 10, isForced });
    it('chi square is about the mean of each band', () => {
      expect(reducedChi2([point(1, 100), point(2, 120), point(1, 500, 'r'), point(2, 500, 'r')])).to.be.closeTo(1, 1e-9);
      expect(reducedChi2([point(1, 100), point(1, 500, 'r')])).to.equal(null);
    });
    it('the most variable come first, a forced twin of a detection is left out', () => {
      const rows = (mjd: number, fluxes: readonly number[]): ApdbRows => ({
        diaObjectId: [1n, 2n, 1n], mjd: Float64Array.from([mjd, mjd, mjd]), flux: Float64Array.from([...fluxes, 7]),
        fluxErr: Float64Array.from([10, 10, 10]),
        isForced: Uint8Array.from([0, 0, 1]), ra: Float64Array.from([5, 6]), dec: Float64Array.from([0, 0]),
        separation_arcsec: Float64Array.from([0, 0]), nDetections: 2, nNew: 0,
      });
      const images = [rows(1, [100, 100]), rows(2, [105, 300])].map((value, k) => ({ dataId: { visit: k, detector: 0, band: 'g' }, value }));
      const { lightCurves, nDiaObjects } = chooseLightCurves(images, 1);
      expect(nDiaObjects).to.equal(2);
      expect(lightCurves.map(c => [c.diaObjectId, c.kind, c.points.length])).to.deep.equal([['2', 'variable', 2], ['1', 'measured', 2]]);
    });
  });

  describe('catalogs', () => {
    const base: SourceColumns = {
      x: [10, 50, 90], y: [10, 50, 90], ra_deg: [1, 2, 3], dec_deg: [0, 0, 0], snr: [20, 30, 40],
      flux_nJy: [1000, 2000, 3000], fluxErr_nJy: [50, 60, 70], flags: [0, 0, 0],
    };
    const image = (sources: SourceColumns): { visit: number; detector: number; band: string; sources: SourceColumns } => ({ visit: 1, detector: 0, band: 'g', sources });
    const cases: readonly [string, SourceColumns, readonly [number, number, number]][] = [
      ['the same', base, [0, 0, 0]],
      ['one moved too far is lost and gained', { ...base, x: [13, 50, 90] }, [1, 1, 0]],
      ['one moved a little is changed', { ...base, x: [10, 50.9, 90] }, [0, 0, 1]],
      ['flux by a third of its error is the same', { ...base, flux_nJy: [1016, 2000, 3000] }, [0, 0, 0]],
      ['flux by its error is changed', { ...base, flux_nJy: [1050, 2000, 3000] }, [0, 0, 1]],
      ['a flag is a change', { ...base, flags: [0, 2, 0] }, [0, 0, 1]],
    ];
    for (const [name, now, expected] of cases) {
      it(name, () => {
        const { nGained, nLost, nChanged, sources } = catalogDifference([image(base)], [image(now)]);
        expect([nGained, nLost, nChanged]).to.deep.equal(expected);
        expect(sources).to.have.length(nGained + nLost + nChanged);
      });
    }
    it('an image that only one run has is not compared', () => {
      expect(catalogDifference([image(base)], [{ ...image(base), visit: 2 }])).to.include({ nBefore: 0, nAfter: 0, nGained: 0, nLost: 0 });
    });
  });

  it('earlier runs: oldest first, other definitions and other datasets left out', () => {
    const result = passing();
    const m = result.measurements.find(x => x.value !== null)!;
    const run = (id: number, started: string, dataset = result.dataset.name): never => ({ id, started, dataset, pipeline: result.pipeline.name, revision: `r${id}`, exitCode: 0 }) as never;
    const runs = [run(3, '2020-01-03T00:00:00Z'), run(2, '2020-01-02T00:00:00Z', 'other'), run(1, '2020-01-01T00:00:00Z')];
    const value = (k: number, v: number, definitionHash = m.definitionHash): never => ({ run: runs[k], keys: m.keys, status: 'ok', value: v, definitionHash }) as never;
    const history = { runs: () => runs, values: (metric: string) => (metric === m.metric ? [value(0, 7), value(1, 8), value(2, 9, 'f'.repeat(64))] : []) };
    const found = runHistory(history, result);
    expect(found.runs.map(r => r.revision)).to.deep.equal(['r1', 'r3']);
    expect(found.series).to.deep.equal([{ metric: m.metric, keys: m.keys, values: [null, 7] }]);
    expect(runHistory({ runs: () => [], values: () => [] }, result)).to.deep.equal({ runs: [], series: [] });
  });

  it('pictures: twelve of the images at most, the worst noise first', () => {
    const all = Array.from({ length: 15 }, (_, k) => detectorOf(k, 2, true));
    const wide = { ...all[14]!, noise: { ...all[14]!.noise, counts: all[14]!.noise.counts.map(() => 100) } };
    const kept = withinBudget([...all.slice(0, 14), wide]);
    expect(kept).to.have.length(15);
    expect(kept.filter(d => d.picture !== null)).to.have.length(12);
    expect(kept[14]!.picture).not.to.equal(null);
  });
});
