/** The five-task form against the present one: the same parts give the same results. */
import { expect } from 'chai';
import type { Exposure } from '../../src/model/image.ts';
import type { Table } from '../../src/model/table.ts';
import { column, numbers } from '../../src/model/table.ts';
import { readExposure, writeExposure } from '../../src/formats/exposureFits.ts';
import { readTable, writeTable } from '../../src/formats/parquet.ts';
import { tableFromRows } from '../../src/model/table.ts';
import type { SkyWcs } from '../../src/model/wcs.ts';
import { pixelToSky } from '../../src/sky/wcs.ts';
import { AlgorithmError, ApError, NoWorkFound } from '../../src/model/errors.ts';
import { buildTemplate } from '../../src/tasks/buildTemplate.ts';
import { calibrate } from '../../src/tasks/calibrate.ts';
import { calibrateImage } from '../../src/tasks/calibrateImage.ts';
import { characterizeImage } from '../../src/tasks/characterizeImage.ts';
import { detectAndMeasureDiaSource } from '../../src/tasks/detectAndMeasureDiaSource.ts';
import { filterDiaSource } from '../../src/tasks/filterDiaSource.ts';
import { imageDifference } from '../../src/tasks/imageDifference.ts';
import { standardizeDiaSource } from '../../src/tasks/standardizeDiaSource.ts';
import { subtractImages } from '../../src/tasks/subtractImages.ts';
import { makeField, scatter } from '../astro/syntheticField.ts';
import { configOf, contextOf, examplePair } from './differenceFixtures.ts';

const SIZE = 400;
const SCALE = 0.3 / 3600;
const wcs: SkyWcs = { projection: 'TAN', crpix: [200, 200], crval_deg: [150, 2], cd: [-SCALE, 0, 0, SCALE] };
const sources = scatter(62, 100, SIZE, SIZE, 1500, 150_000);
const rows = sources.map((s, i) => {
  const [ra, dec] = pixelToSky(wcs, s.x, s.y);
  return { id: i, ra, dec, r_flux: 2.5 * s.flux, r_fluxErr: 0.01 * s.flux };
});
const refcat = [{
  dataId: { htm7: 1 },
  value: tableFromRows([
    { name: 'id', type: 'i64', unit: '', doc: '' },
    ...['ra', 'dec', 'r_flux', 'r_fluxErr'].map(name => ({ name, type: 'f64' as const, unit: '', doc: '' })),
  ], rows),
}];

function fieldOf(guess: SkyWcs | null): Exposure {
  const visitInfo = {
    instrument: 'toy', visit: 7, begin_taiNs: 0n, end_taiNs: 0n, mid_mjdTai: 60000, exposureTime_s: 30, darkTime_s: 30,
    boresightRa_deg: 150, boresightDec_deg: 2, rotation_deg: 0, airmass: 1,
  };
  const mi = makeField({ width: SIZE, height: SIZE, sky: 250, readNoise: 6, fwhm: () => 3, sources, seed: 62 });
  return { ...mi, wcs: guess, psf: null, photoCalib: null, visitInfo, detector: 3, band: 'r', physicalFilter: 'toy-r', unit: 'electron', metadata: {} };
}

describe('characterizeImage and calibrate', () => {
  const exposure = fieldOf({ ...wcs, crval_deg: [150 + 2 / 3600, 2] });
  const whole = calibrateImage.run({ exposure, refcat }, configOf(calibrateImage.config), contextOf());
  const context = contextOf();
  const first = characterizeImage.run({ exposure }, configOf(characterizeImage.config), context);

  /** The second half on what the repository gives back. */
  async function second(): Promise<ReturnType<typeof calibrate.run>> {
    return calibrate.run({
      exposure: readExposure(writeExposure(first.characterized)), background: readExposure(writeExposure(first.backgroundModel)),
      icSourceCat: await readTable(writeTable(first.sourceCat)), refcat,
    }, configOf(calibrate.config), contextOf());
  }

  it('find the sources, positions and WCS of calibrateImage to the last bit', async () => {
    const made = await second();
    for (const name of ['x', 'y', 'ra', 'dec', 'snr', 'ixx', 'chi2']) {
      expect([...numbers(made.outputCat, name)], name).to.deep.equal([...numbers(whole.stars, name)]);
    }
    for (const name of ['psfUsed', 'astrometryUsed', 'flagBlended']) {
      expect([...column(made.outputCat, name, 'bool')], name).to.deep.equal([...column(whole.stars, name, 'bool')]);
    }
    expect(made.outputExposure.wcs).to.deep.equal(whole.outputExposure.wcs);
    expect([...made.outputExposure.mask]).to.deep.equal([...whole.outputExposure.mask]);
  });

  it('calibrate to the same flux within the error of the aperture correction', async () => {
    const made = await second();
    const [a, b] = [made.outputExposure.metadata, whole.outputExposure.metadata];
    expect(a.zeroPoint_mag).to.be.closeTo(b.zeroPoint_mag as number, 0.002);
    expect(a.apCorr).to.be.closeTo(b.apCorr as number, 2 * (b.apCorrErr as number) + 1e-3);
    const unlike = /^(apCorr|apCorrErr|nApCorrStars|m5_mag|calibration_nJy|zeroPoint.*|nPhotometryUsed)$/;
    const same = (metadata: Exposure['metadata']): unknown =>
      Object.fromEntries(Object.entries(metadata).filter(([name]) => !unlike.test(name)));
    expect(same(a)).to.deep.equal(same(b));
    expect(numbers(made.outputCat, 'psfFlux')[0]! / numbers(whole.stars, 'psfFlux')[0]!).to.be.closeTo(1, 0.003);
    expect(made.outputBackground.unit).to.equal('nJy');
  });

  it('the half-way products are in electrons, with the stars of the PSF', () => {
    expect(first.characterized).to.include({ unit: 'electron', wcs: exposure.wcs });
    const nUsed = column(first.sourceCat, 'psfUsed', 'bool').reduce((n, used) => n + used, 0);
    expect(first.characterized.psf!.nStars).to.equal(nUsed);
    expect(first.sourceCat.columns.psfFlux!.unit).to.equal('electron');
    const at = 200 * SIZE + 100;
    const sum = first.characterized.image[at]! + first.backgroundModel.image[at]!;
    expect(sum).to.be.closeTo(exposure.image[at]!, 1e-3 * exposure.image[at]!);
    expect(context.metadata.skyLevel_electron).to.be.closeTo(250, 2);
  });

  it('say what is wrong', () => {
    const lost = { exposure: fieldOf(null) };
    const { sourceCat } = characterizeImage.run(lost, configOf(characterizeImage.config), contextOf());
    expect(numbers(sourceCat, 'ra').every(Number.isNaN)).to.equal(true);
    const without = {
      exposure: { ...first.characterized, wcs: null }, background: first.backgroundModel, icSourceCat: first.sourceCat, refcat,
    };
    expect(() => calibrate.run(without, configOf(calibrate.config), contextOf())).to.throw(ApError, /no WCS/);
    const inputs = {
      exposure: { ...first.characterized, psf: null }, background: first.backgroundModel, icSourceCat: first.sourceCat, refcat,
    };
    expect(() => calibrate.run(inputs, configOf(calibrate.config), contextOf())).to.throw(AlgorithmError, /no PSF/);
  });
});

describe('imageDifference', () => {
  const { science, template, stars } = examplePair();
  const templates = [{ dataId: { instrument: 'toy', visit: 1, detector: 3 }, value: template }];
  const inputs = { exposure: science, selectSources: stars, templates };
  const context = contextOf();
  const made = imageDifference.run(inputs, configOf(imageDifference.config), context);

  it('is the present tasks one after the other', () => {
    const apart = contextOf();
    const step = { ...apart, metadata: {} };
    const built = buildTemplate.run({ science, templates }, configOf(buildTemplate.config), { ...step, metadata: {} });
    const subtracted = subtractImages.run(
      { science, template: built.template, sources: stars }, configOf(subtractImages.config), { ...step, metadata: {} });
    const found = detectAndMeasureDiaSource.run(
      { science, sources: stars, matchedTemplate: subtracted.matchedTemplate, difference: subtracted.difference },
      configOf(detectAndMeasureDiaSource.config), { ...step, metadata: {} });
    const kept = filterDiaSource.run({ diaSourceCat: found.diaSources }, configOf(filterDiaSource.config), { ...step, metadata: {} });
    const { diaSourceTable } = standardizeDiaSource.run(
      { diaSourceCat: kept.filteredDiaSourceCat, diffIm: found.subtractedMeasuredExposure }, configOf(standardizeDiaSource.config), step);
    expect(made.warpedExposure).to.deep.equal(built.template);
    expect(made.subtractedExposure).to.deep.equal(found.subtractedMeasuredExposure);
    const pairs: readonly (readonly [Table | null, Table])[] = [
      [made.diaSources, found.diaSources], [made.goodDiaSources, kept.filteredDiaSourceCat],
      [made.rejectedDiaSources, kept.rejectedDiaSources], [made.diaSourceTable, diaSourceTable],
    ];
    for (const [here, there] of pairs) expect(here).to.deep.equal(there);
    expect(diaSourceTable.nRows).to.be.greaterThan(5);
  });

  it('keeps the numbers of all parts, also of those before a failure', () => {
    expect(context.metadata).to.include.keys('templateCoverage', 'kernelSum', 'nDiaSources', 'numGoodDiaSources', 'numDiaSources');
    const failing = contextOf();
    const config = { ...configOf(imageDifference.config), 'subtract.requiredTemplateFraction': 1.5 };
    expect(() => imageDifference.run(inputs, config, failing)).to.throw(NoWorkFound, /data on/);
    expect(failing.metadata).to.have.property('nTemplateInputs', 1);
  });

  it('without measurement there is a difference and no catalog', () => {
    const bare = imageDifference.run(inputs, { ...configOf(imageDifference.config), doMeasurement: false }, contextOf());
    expect([bare.diaSources, bare.goodDiaSources, bare.diaSourceTable]).to.deep.equal([null, null, null]);
    expect(bare.subtractedExposure).to.equal(bare.rawDifference);
  });
});
