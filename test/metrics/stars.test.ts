/** Measures of stars against the reference catalog and against themselves. */
import { expect } from 'chai';
import fc from 'fast-check';
import { bandOfRun, hasRepeatVisits } from '../../metrics/bands.ts';
import { repeatDeviations } from '../../metrics/starResiduals.ts';
import type { Outcome, RunFacts } from '../../src/harness/measure.ts';
import { astrometryMatch, photometryMatch, starCatalog } from '../../src/model/datasetTypes.ts';
import { nJyOfAbMag } from '../../src/model/photoCalib.ts';
import type { Table } from '../../src/model/table.ts';
import { itemsOf, measure, runOf, tableOf } from './inputs.ts';

const MAD = 1.482602218505602;

/** A star at a declination of 60 degrees, off its reference position by mas to the east and north. */
interface Offset { readonly star: number; readonly east: number; readonly north: number; readonly snr?: number }
const astrometry = (rows: readonly Offset[]): Table => tableOf(astrometryMatch, rows.map(({ star, east, north, snr = 100 }) => {
  const [refRa, refDec] = [150 + star / 100, 60];
  return { refRa, refDec, dec: refDec + north / 3.6e6, ra: refRa + east / 3.6e6 / Math.cos(refDec * Math.PI / 180), snr };
}));
const ofOffsets = (metric: string, ...images: readonly (readonly Offset[])[]): Outcome =>
  measure(`meas_astrom.${metric}`, { matches: itemsOf(...images.map(astrometry)) });

describe('metrics: astrometry', () => {
  it('offset: root mean square over the images of the length of the median', () => {
    const around = (east: number, north: number): Offset[] => [-7, 0, 1].map((k, star) => ({ star, east: east + k, north: north - k }));
    const outcome = ofOffsets('AstrometricOffset', around(3, 4), [...around(0, 10), { star: 9, east: 1e4, north: 0, snr: 20 }]);
    expect(outcome).to.include({ status: 'ok', n: 6 });
    expect(outcome.value).to.be.closeTo(Math.sqrt((25 + 100) / 2), 1e-3);
  });

  it('scatter: about the median of each image, so a shifted image costs nothing', () => {
    const spread = (shift: number): Offset[] => [-20, -10, 0, 10, 20].map((k, star) => ({ star, east: shift + k, north: -shift - k }));
    const outcome = ofOffsets('AstrometricScatter', spread(0), [...spread(500), { star: 9, east: 1e4, north: 0, snr: 50 }]);
    expect(outcome).to.include({ status: 'ok', n: 10 });
    expect(outcome.value).to.be.closeTo(MAD * 10, 1e-3);
    expect((outcome.blobs.residuals as { series: { name: string; total: number }[] }).series.map(s => [s.name, s.total])).to.deep.equal([['g', 10]]);
  });

  it('repeatability: of the same star in several visits; stars seen once do not count', () => {
    const outcome = ofOffsets('AstrometricRepeatability',
      [{ star: 1, east: 0, north: 5 }, { star: 2, east: 50, north: 0 }, { star: 3, east: 7, north: 7 }],
      [{ star: 1, east: 8, north: 5 }, { star: 2, east: 58, north: 0 }]);
    expect(outcome).to.include({ status: 'ok', n: 2, interval: null });
    // Each is 4 mas from the mean of two: 4 sqrt(2) for one value; nothing in the other axis.
    expect(outcome.value).to.be.closeTo(MAD * 4 * Math.SQRT2 / Math.SQRT2, 1e-3);
    expect(ofOffsets('AstrometricRepeatability', [{ star: 1, east: 0, north: 0 }], [{ star: 2, east: 0, north: 0 }]))
      .to.include({ status: 'missing', reason: 'no star with S/N > 50 was matched in two visits' });
  });

  it('positions that are not numbers are left out', () => {
    expect(ofOffsets('AstrometricScatter', [{ star: 1, east: NaN, north: 0 }])).to.include({ status: 'missing' });
  });

  it('one visit cannot repeat anything', () => {
    const images = [0, 1].map(detector => ({ visit: 1, detector, band: 'g' }));
    expect(measure('meas_astrom.AstrometricRepeatability', { matches: itemsOf(astrometry([])) }, runOf({ images })))
      .to.include({ status: 'not-applicable', reason: 'the run has only one visit' });
  });
});

interface Magnitude { readonly star: number; readonly ref: number; readonly mmag: number; readonly snr?: number }
function photometry(rows: readonly Magnitude[]): { match: Table; stars: Table } {
  return {
    match: tableOf(photometryMatch, rows.map(({ star, ref, snr = 100 }) =>
      ({ sourceId: star, refRa: 150 + star / 100, refDec: 2, refFlux: nJyOfAbMag(ref), snr }))),
    // In another order than the matches, with a source that is in none of them.
    stars: tableOf(starCatalog, [
      { id: 999, psfFlux: 5 }, ...rows.toReversed().map(({ star, ref, mmag }) => ({ id: star, psfFlux: nJyOfAbMag(ref + mmag / 1000) })),
    ]),
  };
}
function ofMagnitudes(metric: string, images: readonly (readonly Magnitude[])[], run = runOf()): Outcome {
  const tables = images.map(photometry);
  return measure(`pipe_tasks.${metric}`, { matches: itemsOf(...tables.map(t => t.match)), stars: itemsOf(...tables.map(t => t.stars)) }, run);
}

describe('metrics: photometry', () => {
  const spread = (zero: number): Magnitude[] => [-20, -10, 0, 10, 20].map((k, star) => ({ star, ref: 18 + star, mmag: zero + k }));

  it('scatter: about the zero point of each image; the plot goes fainter', () => {
    const outcome = ofMagnitudes('PhotometricScatter', [spread(0), [...spread(300), { star: 9, ref: 22, mmag: 900, snr: 20 }]]);
    expect(outcome).to.include({ status: 'ok', n: 10 });
    expect(outcome.value).to.be.closeTo(MAD * 10, 1e-6);
    expect((outcome.blobs.residuals as { series: { total: number }[] }).series.map(s => s.total)).to.deep.equal([11]);
  });

  it('repeatability: of one star in one band; another band is another matter', () => {
    const images = [0, 10].map(shift => [{ star: 1, ref: 18, mmag: shift }, { star: 2, ref: 19, mmag: 3 + shift }]);
    const outcome = ofMagnitudes('PhotometricRepeatability', images);
    expect(outcome).to.include({ status: 'ok', n: 2 });
    expect(outcome.value).to.be.closeTo(MAD * 5 * Math.SQRT2, 1e-6);
    const four = ['g', 'r', 'g', 'r'].map((band, k) => ({ visit: k + 1, detector: 0, band }));
    const red = images.map(rows => rows.map(row => ({ ...row, mmag: row.mmag + 500 })));
    const inBoth = ofMagnitudes('PhotometricRepeatability', [images[0]!, red[0]!, images[1]!, red[1]!], runOf({ images: four }));
    expect(inBoth.n).to.equal(4);
    expect(inBoth.value).to.be.closeTo(MAD * 5 * Math.SQRT2, 1e-6);
    const bands = ['g', 'r'].map((band, k) => ({ visit: k + 1, detector: 0, band }));
    expect(ofMagnitudes('PhotometricRepeatability', images, runOf({ images: bands })))
      .to.include({ status: 'not-applicable', reason: 'no band has two visits in the run' });
    expect(ofMagnitudes('PhotometricRepeatability', [[{ star: 1, ref: 18, mmag: 0 }], [{ star: 2, ref: 18, mmag: 0 }]])).to.include({ status: 'missing' });
  });

  it('fluxes that are not positive, sources without a match, images without a catalog: no sample', () => {
    const { match, stars } = photometry([{ star: 1, ref: NaN, mmag: 0 }, { star: 2, ref: 20, mmag: NaN }]);
    expect(measure('pipe_tasks.PhotometricScatter', { matches: itemsOf(match), stars: itemsOf(stars) })).to.include({ status: 'missing' });
    const good = photometry(spread(0));
    const lonely = tableOf(photometryMatch, [{ sourceId: 77, refFlux: 100, snr: 100, refRa: 1, refDec: 1 }]);
    expect(measure('pipe_tasks.PhotometricScatter', { matches: itemsOf(lonely), stars: itemsOf(good.stars) })).to.include({ status: 'missing' });
    const elsewhere = [{ dataId: { visit: 9, detector: 0 }, value: good.stars }];
    expect(measure('pipe_tasks.PhotometricScatter', { matches: itemsOf(good.match), stars: elsewhere })).to.include({ status: 'missing' });
  });
});

describe('metrics: parts', () => {
  it('property: the deviations of repeats have the variance of one value, whatever the number of repeats', () => {
    fc.assert(fc.property(fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 2, maxLength: 9 }), values => {
      const [deviations] = repeatDeviations(values, values.map(() => 'a'));
      const mean = values.reduce((a, b) => a + b) / values.length;
      const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (values.length - 1);
      expect(deviations!.reduce((sum, d) => sum + d * d, 0) / values.length).to.be.closeTo(variance, 1e-9);
    }), { seed: 4, numRuns: 50 });
    expect(repeatDeviations([1, 2, 3], ['a', 'b', 'c'])).to.deep.equal([]);
  });

  it('bands: from the run, else from the data ID', () => {
    const bandOf = bandOfRun(runOf());
    expect([{ visit: 1 }, { visit: 9, band: 'r' }, { visit: 9 }].map(dataId => bandOf({ dataId, value: null }))).to.deep.equal(['g', 'r', '']);
  });

  it('repeat visits: detectors of one visit are none', () => {
    const images = (...list: readonly (readonly [number, string])[]): RunFacts =>
      runOf({ images: list.map(([visit, band], detector) => ({ visit, band, detector })) });
    expect([images(), images([1, 'g'], [1, 'g']), images([1, 'g'], [2, 'r']), images([1, 'g'], [2, 'g'])]
      .map(run => [hasRepeatVisits(run, true), hasRepeatVisits(run, false)]))
      .to.deep.equal([[false, false], [false, false], [true, false], [true, true]]);
  });
});
