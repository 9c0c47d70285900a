/** Exposures that Rubin's stack wrote, as our exposures. */
import { expect } from 'chai';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { readAnyExposure } from '../../src/butler/anyExposure.ts';
import { exportText } from '../../src/butler/exportYaml.ts';
import { writeExposure } from '../../src/formats/exposureFits.ts';
import { card, writeFits } from '../../src/formats/fits/index.ts';
import type { DatasetType } from '../../src/model/dataset.ts';
import type { Exposure } from '../../src/model/image.ts';
import { MASK } from '../../src/model/mask.ts';
import { isoOfTaiNs } from '../../src/sky/time.ts';
import { pixelsToSky } from '../../src/sky/wcs.ts';
import { expectError, simRepository, temporaryFolder } from './fixtures.ts';

const CORPUS = '../shared/data/fits/lsst_afw';
const REAL = '../shared/data/fits/lsst_afw/calexp.fits.gz';
const PART = '../shared/data/fits/lsst_afw/HSC-0908120-056-small.fits.gz';

const corpus = (name: string): Uint8Array => readFileSync(path.join(CORPUS, name));

describe('exposures of any writer', () => {
  before(function () {
    if (existsSync(CORPUS)) return;
    process.stdout.write('      skipped: ../shared/data is not here\n');
    this.skip();
  });

  // Version 0 has FLUXMAG0 = 1e6 with an error of 2 percent; the others a PhotoCalib of 1e6 nJy with an error of 2e4.
  const flux0_nJy = 3.630780547701014e12;
  const versions: readonly (readonly [number, number, number, string, string])[] = [
    [0, flux0_nJy / 1e6, flux0_nJy / 5e7, '', 'ha'], [1, 1e6, 2e4, '', 'ha'], [2, 1e6, 2e4, 'N656', 'ha'],
  ];
  for (const [version, calibration, err, band, physical] of versions) {
    it(`afw format version ${version}`, () => {
      const exposure = readAnyExposure(corpus(`exposure-version-${version}.fits.gz`));
      expect(exposure).to.deep.include({ width: 10, height: 10, band, physicalFilter: physical, psf: null, detector: 1 });
      expect(exposure.photoCalib!.calibration_nJy).to.be.closeTo(calibration, 1e-9 * calibration);
      expect(exposure.photoCalib!.calibrationErr_nJy).to.be.closeTo(err, 1e-9 * err);
      const { visitInfo } = exposure;
      expect(visitInfo).to.deep.include({
        visit: 12345, exposureTime_s: 30, darkTime_s: 600, boresightRa_deg: 30, boresightDec_deg: 40, airmass: NaN,
      });
      expect([isoOfTaiNs(visitInfo.begin_taiNs), isoOfTaiNs(visitInfo.end_taiNs)])
        .to.deep.equal(['2020-01-20T12:34:41.000000000', '2020-01-20T12:35:11.000000000']);
      expect(visitInfo.mid_mjdTai).to.be.closeTo(58868.52425926, 1e-8);
      const { ra, dec } = pixelsToSky(exposure.wcs!, [4], [4]);
      expect([ra[0], dec[0]].map(value => Math.round(value! * 1e9) / 1e9)).to.deep.equal([30, 40]);
      expect(exposure.metadata.x0).to.equal(0);
    });
  }

  it('a calibrated image of Hyper Suprime-Cam, with SIP and a calibration that varies', function () {
    if (!existsSync(REAL)) {
      process.stdout.write('      skipped: ../shared/data or the golden file is not here\n');
      this.skip();
    }
    const exposure = readAnyExposure(readFileSync(REAL));
    expect(exposure).to.deep.include({ width: 64, height: 32, physicalFilter: 'HSC-I', detector: 4 });
    expect(exposure.photoCalib).to.deep.equal({ calibration_nJy: 1.9940875054616918, calibrationErr_nJy: 0.00034856714373740624 });
    expect(exposure.wcs!.sip!.order).to.equal(3);
    expect(exposure.mask.reduce((all, bits) => all | bits, 0)).to.equal(MASK.BAD | MASK.INTRP | MASK.EDGE);
    expect(exposure.visitInfo).to.deep.include({ visit: 180802004, rotation_deg: 270 });
    expect(exposure.visitInfo.airmass).to.be.closeTo(1.10305078976126, 1e-14);
    expect(exposure.image.filter(Number.isFinite).length).to.be.greaterThan(1000);
    expect(exposure.variance.every(value => Number.isNaN(value) || value > 0)).to.equal(true);
  });

  it('a part of a detector says where it begins; the sky belongs to its own pixels', function () {
    if (!existsSync(PART)) {
      process.stdout.write('      skipped: ../shared/data or the golden file is not here\n');
      this.skip();
    }
    const exposure = readAnyExposure(readFileSync(PART));
    expect([exposure.metadata.x0, exposure.metadata.y0, exposure.wcs!.crpix[0]]).to.deep.equal([100, 100, 866.842697735752 - 1]);
    expect([exposure.photoCalib, exposure.visitInfo.begin_taiNs, exposure.detector]).to.deep.equal([null, 0n, -1]);
    expect(exposure.visitInfo.mid_mjdTai).to.deep.equal(NaN);
  });

  it('an image of the time before the extensions had names', () => {
    const exposure = readAnyExposure(corpus('parent.fits.gz'));
    expect(exposure).to.deep.include({ width: 256, height: 256, photoCalib: null, unit: '' });
    expect([exposure.mask.length, exposure.variance.length]).to.deep.equal([65536, 65536]);
  });

  const image = { kind: 'image', name: 'IMAGE', shape: [2, 1], data: Float32Array.of(1, 2), cards: [card('EXTTYPE', 'IMAGE'), card('BUNIT', 'nJy')] } as const;
  const primary = { kind: 'image', shape: [], data: null } as const;

  it('planes that are missing are unknown, not zero noise', () => {
    const exposure = readAnyExposure(writeFits([primary, image]));
    expect([exposure.unit, exposure.wcs, [...exposure.mask], [...exposure.variance]]).to.deep.equal(['nJy', null, [0, 0], [NaN, NaN]]);
  });

  it('refuses planes of other sizes, other files, and files that are cut off', () => {
    const mask = { kind: 'image', name: 'MASK', shape: [3, 1], data: Int32Array.of(1, 2, 3), cards: [card('EXTTYPE', 'MASK')] } as const;
    expectError(() => readAnyExposure(writeFits([primary, image, mask])), 'BAD_FORMAT', /3 x 1; expected: 2 x 1/);
    expectError(() => readAnyExposure(writeFits([{ kind: 'image', shape: [2, 1], data: Float32Array.of(1, 2) }])), 'BAD_FORMAT', /FMTVER/);
    const bytes = gunzipSync(corpus('exposure-version-2.fits.gz'));
    expectError(() => readAnyExposure(bytes.subarray(0, 20_000)), 'FILE_TRUNCATED', /./);
  });

  it('reads back what this program writes, from what the stack wrote', () => {
    const exposure = readAnyExposure(corpus('exposure-version-2.fits.gz'));
    const again = readAnyExposure(writeExposure({ ...exposure, visitInfo: { ...exposure.visitInfo, airmass: 1, rotation_deg: 0 } }));
    expect(again.image).to.deep.equal(exposure.image);
    expect(again.mask).to.deep.equal(exposure.mask);
    expect(again.wcs!.crval_deg).to.deep.equal(exposure.wcs!.crval_deg);
  });

  it('is what a repository gives for an imported ExposureF', async () => {
    const repository = simRepository(path.join(temporaryFolder(), 'r'));
    const document = path.join(repository.root, '..', 'export.yaml');
    writeFileSync(document, exportText([
      { type: 'dataset_type', name: 'calexp', dimensions: ['instrument', 'detector'], storageClass: 'ExposureF', isCalibration: false },
      { type: 'dataset', datasetType: 'calexp', run: 'r1', records: [{
        ids: ['0f8fad5b-d9cb-469f-a165-70867728950e'], dataIds: [{ instrument: 'sim', detector: 1 }], path: 'exposure-version-1.fits.gz',
        formatter: 'lsst.obs.base.formatters.fitsExposure.FitsExposureFormatter',
      }] },
    ]));
    const { ingested } = repository.importFrom({ directory: CORPUS, file: document, mode: 'copy' });
    const type = repository.datasetType('calexp') as DatasetType<Exposure>;
    expect(type.storageClass).to.equal('Exposure');
    expect((await repository.get(type, ingested[0]!)).photoCalib!.calibration_nJy).to.equal(1e6);
    repository.close();
  });
});
