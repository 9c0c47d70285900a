import { expect } from 'chai';
import { allocMaskedImage } from '../../src/model/image.ts';
import type { Exposure, MaskedImage } from '../../src/model/image.ts';
import type { Instrument } from '../../src/model/instrument.ts';
import { AlgorithmError, ApError } from '../../src/model/errors.ts';
import { MASK } from '../../src/model/mask.ts';
import { column, numbers, tableFromRows } from '../../src/model/table.ts';
import type { Table } from '../../src/model/table.ts';
import type { SkyWcs } from '../../src/model/wcs.ts';
import { random } from '../../src/numeric/random.ts';
import type { TaskContext } from '../../src/pipeline/task.ts';
import { pixelToSky } from '../../src/sky/wcs.ts';
import { calibrateImage } from '../../src/tasks/calibrateImage.ts';
import { makeField, scatter, spreadOf } from '../astro/syntheticField.ts';
import type { TrueSource } from '../astro/syntheticField.ts';

const SIZE = 500;
const SCALE = 0.3 / 3600;
const NJY_PER_ELECTRON = 2.5;
const trueWcs: SkyWcs = { projection: 'TAN', crpix: [250, 250], crval_deg: [150, 2], cd: [-SCALE, 0, 0, SCALE] };
/** The header's guess is 4 arcsec off. */
const guess: SkyWcs = { ...trueWcs, crval_deg: [150 + 3 / 3600, 2 - 3 / 3600] };

function refcatOf(sources: readonly TrueSource[]): Table {
  const rows = sources.map((s, i) => {
    const [ra, dec] = pixelToSky(trueWcs, s.x, s.y);
    return { id: i, ra, dec, r_flux: s.flux * NJY_PER_ELECTRON, r_fluxErr: 0.005 * s.flux * NJY_PER_ELECTRON };
  });
  return tableFromRows([
    { name: 'id', type: 'i64', unit: '', doc: '' },
    ...['ra', 'dec', 'r_flux', 'r_fluxErr'].map(name => ({ name, type: 'f64' as const, unit: '', doc: '' })),
  ], rows);
}

function exposureOf(mi: MaskedImage): Exposure {
  const visitInfo = {
    instrument: 'toy', visit: 7, begin_taiNs: 0n, end_taiNs: 0n, mid_mjdTai: 60000, exposureTime_s: 30, darkTime_s: 30,
    boresightRa_deg: 150, boresightDec_deg: 2, rotation_deg: 0, airmass: 1,
  };
  return {
    ...mi, wcs: guess, psf: null, photoCalib: null, visitInfo, detector: 3, band: 'r', physicalFilter: 'toy-r', unit: 'electron', metadata: {},
  };
}

function contextOf(): TaskContext {
  const instrument = { name: 'toy', detectorMax: 10, visitMax: 1000, exposureMax: 1000 } as unknown as Instrument;
  const log = { info: () => {}, warn: () => {} };
  const dataId = { instrument: 'toy', visit: 7, exposure: 7, detector: 3 };
  return { dataId, instrument, records: {}, log, seed: 1, apdb: null, metadata: {} };
}

const defaults = Object.fromEntries(Object.entries(calibrateImage.config).map(([name, field]) => [name, field.default]));
const config = defaults as Parameters<typeof calibrateImage.run>[1];

describe('calibrateImage', () => {
  const sources = scatter(60, 140, SIZE, SIZE, 1500, 150_000);
  const truth = makeField({ width: SIZE, height: SIZE, sky: 250, readNoise: 6, fwhm: x => 3 + x / 5000, sources, seed: 60 });
  const rng = random(61);
  for (let k = 0; k < 15; k++) truth.image[Math.floor(rng.uniform() * SIZE * SIZE)]! += 3000;
  for (let at = 33; at < SIZE * SIZE; at += SIZE) {
    truth.image[at] = NaN;
    truth.variance[at] = Infinity;
    truth.mask[at] = MASK.NO_DATA;
  }
  const exposure = exposureOf(truth);
  const before = exposure.image.slice();
  const context = contextOf();
  const { outputExposure, background, stars, astrometryMatches, photometryMatches } =
    calibrateImage.run({ exposure, refcat: [{ dataId: { htm7: 1 }, value: refcatOf(sources) }] }, config, context);
  const m = context.metadata as Record<string, number>;

  it('finds scale, sky, seeing and WCS', () => {
    expect(m.calibration_nJy).to.be.closeTo(NJY_PER_ELECTRON, 0.01 * NJY_PER_ELECTRON);
    expect(m.skyLevel_electron).to.be.closeTo(250, 1.5);
    expect(m.skyRms_electron).to.be.closeTo(Math.sqrt(286), 0.5);
    expect(m.psfFwhm_px).to.be.within(3.05, 3.35);
    expect(m.wcsPointingOffset_arcsec).to.be.closeTo(4.24, 0.2);
    expect(Math.hypot(m.astrometryMeanRa_mas!, m.astrometryMeanDec_mas!)).to.be.below(10);
    expect(m.apCorr).to.be.closeTo(1, 0.02);
    expect(m.nCosmicRays).to.be.within(12, 18);
    const [ra, dec] = pixelToSky(outputExposure.wcs!, 100, 400);
    const [trueRa, trueDec] = pixelToSky(trueWcs, 100, 400);
    expect(Math.hypot(ra - trueRa, dec - trueDec) * 3600).to.be.below(0.02);
  });

  it('depth is five times the error of faint stars, without the photons of the stars', () => {
    const errors = numbers(stars, 'psfFluxErr').filter((_, i) => numbers(stars, 'snr')[i]! < 30);
    const ofStars = 31.4 - 2.5 * Math.log10(5 * spreadOf([...errors]).median);
    expect(m.m5_mag).to.be.within(ofStars, ofStars + 0.25);
  });

  it('calibrates the stars: fluxes, errors, positions', () => {
    const [x, y, flux, fluxErr, xErr] = ['x', 'y', 'psfFlux', 'psfFluxErr', 'xErr'].map(name => numbers(stars, name));
    const isolated = sources.filter(s => s.x > 40 && s.x < SIZE - 20 && s.y > 20 && s.y < SIZE - 20
      && !sources.some(o => o !== s && Math.hypot(o.x - s.x, o.y - s.y) < 15));
    const pairs = isolated.flatMap(s => {
      const i = x!.findIndex((v, k) => Math.hypot(v - s.x, y![k]! - s.y) < 1.5);
      return i < 0 ? [] : [{ s, i }];
    });
    expect(pairs.length).to.be.at.least(0.98 * isolated.length);
    const ratio = spreadOf(pairs.map(({ s, i }) => flux![i]! / (s.flux * NJY_PER_ELECTRON)));
    expect(ratio.median).to.be.closeTo(1, 0.01);
    const pull = spreadOf(pairs.map(({ s, i }) => (flux![i]! - s.flux * NJY_PER_ELECTRON) / fluxErr![i]!));
    expect(pull.width).to.be.within(0.7, 1.4);
    expect(spreadOf(pairs.map(({ s, i }) => (x![i]! - s.x) / xErr![i]!)).width).to.be.within(0.7, 1.3);
    expect(stars.columns.psfFlux!.unit).to.equal('nJy');
    const ids = column(stars, 'id', 'i64');
    expect(new Set(ids).size).to.equal(stars.nRows);
  });

  it('puts out nanojansky images on the pixels of the input', () => {
    const at = 260 * SIZE + 333;
    const whole = before[at]! * m.calibration_nJy!;
    expect(outputExposure.image[at]! + background.image[at]!).to.be.closeTo(whole, 0.01 * whole);
    expect(outputExposure).to.include({ unit: 'nJy', band: 'r', detector: 3, width: SIZE, height: SIZE });
    expect(outputExposure.photoCalib!.calibration_nJy).to.equal(1);
    expect(outputExposure.psf!.nStars).to.equal(m.nPsfStars);
    expect(outputExposure.image[33]).to.be.NaN;
    expect(outputExposure.mask[33]! & MASK.NO_DATA).to.not.equal(0);
    expect([...exposure.image]).to.deep.equal([...before]);
  });

  it('lists the matches with their use', () => {
    expect(astrometryMatches.nRows).to.equal(m.nAstrometryMatches);
    expect(photometryMatches.nRows).to.equal(m.nPhotometryMatches);
    const used = numbers(photometryMatches, 'used').reduce((a, b) => a + b, 0);
    expect(used).to.equal(m.nPhotometryUsed);
    expect(used).to.equal(numbers(stars, 'photometryUsed').reduce((a, b) => a + b, 0));
    const inFit = numbers(astrometryMatches, 'used').reduce((a, b) => a + b, 0);
    expect(inFit).to.equal(numbers(stars, 'astrometryUsed').reduce((a, b) => a + b, 0));
    const ids = new Set(column(stars, 'id', 'i64'));
    expect([...column(astrometryMatches, 'sourceId', 'i64')].every(id => ids.has(id))).to.equal(true);
  });

  const refcat = refcatOf(sources);
  const blank = exposureOf(makeField({ width: 200, height: 200, sky: 250, readNoise: 6, fwhm: () => 3, sources: [], seed: 1 }));
  const noData = exposureOf(allocMaskedImage(64, 64));
  noData.mask.fill(MASK.NO_DATA);
  const { r_flux: _flux, ...columns } = refcat.columns;
  const failures: readonly [string, Exposure, Table, new (...args: never[]) => Error, RegExp][] = [
    ['an image without stars', blank, refcat, AlgorithmError, /0 stars for a PSF model among 0 detections, at least 5/],
    ['an image without data', noData, refcat, AlgorithmError, /no sky/],
    ['a reference catalog without the band', exposure, { nRows: refcat.nRows, columns }, ApError, /r_flux/],
    ['a reference catalog of another place', exposure,
      { ...refcat, columns: { ...refcat.columns, dec: { ...refcat.columns.dec!, values: numbers(refcat, 'dec').map(d => d + 5) } } as Table['columns'] },
      AlgorithmError, /match/],
  ];
  for (const [name, input, table, kind, message] of failures) {
    it(`says what is wrong with ${name}`, () => {
      const inputs = { exposure: input, refcat: [{ dataId: {}, value: table }] };
      expect(() => calibrateImage.run(inputs, config, contextOf())).to.throw(kind, message);
    });
  }
});
