/** The contract of every instrument, and the header translation of each. */
import { expect } from 'chai';
import { instruments } from '../../src/instruments/index.ts';
import { fieldOfFrame } from '../../src/instruments/sdss/header.ts';
import { ApError } from '../../src/model/errors.ts';
import type { Box } from '../../src/model/image.ts';
import type { HeaderMap } from '../../src/model/instrument.ts';
import { pixelToSky } from '../../src/sky/wcs.ts';
import { isoOfTaiNs, taiNsOfUtcIso } from '../../src/sky/time.ts';

/** Cards of fpC-004192-g4-0300 (SDSS DR7) that matter. */
const SDSS_HEADER: HeaderMap = {
  TAI: 4573255701.31, RA: 352.28022, DEC: 0, SPA: 90, ALT: 57.086046, 'DATE-OBS': '2003-10-19', RUN: 4192, FRAME: 308,
  CAMCOL: 4, FILTER: 'g', EXPTIME: '53.907456', FLAVOR: 'science', OBJECT: '82 S', SOFTBIAS: 1000,
  CTYPE1: 'RA---TAN', CTYPE2: 'DEC--TAN', CRPIX1: 1024.5, CRPIX2: 744.5, CRVAL1: 351.64839634, CRVAL2: 0.1036482,
  CD1_1: -1.8505829092579e-8, CD1_2: 1.09989954437875e-4, CD2_1: 1.09946196289062e-4, CD2_2: -6.7137096774203e-9,
};
const SIM_HEADER: HeaderMap = {
  INSTRUME: 'SIMCAM', OBSID: 'SC_20260112_00001', EXPID: 1, DETNUM: 1, IMGTYPE: 'science', OBJECT: 'SIM-FIELD-1', DAYOBS: 20260112,
  SEQNUM: 1, FILTER: 'sim-r', 'DATE-OBS': '2026-01-12T03:10:00.000', EXPTIME: 30, DARKTIME: 32.5, AIRMASS: 1.08,
  RA: 52.5, DEC: -27.45, ROTPA: 0,
};
/** Cards of 20190326.0136.fits of the Lowell 42-inch that matter. */
const LOWELL_HEADER: HeaderMap = {
  LCAMMOD: 'nasa42', OBSERNO: 136, OBSTYPE: 'OBJECT', OBJECT: '5945 Roachapproach', 'DATE-OBS': '2019-03-26', UTCSTART: '03:19:1.60',
  EXPTIME: 300, RA: '08:18:29.9', DEC: '-00:20:01', AIRMASS: '1.02', FILTNAME: 'VR', FILTER: 'VR', TRIMSEC: '[18:1382,1:1370]',
  AGAIN_01: 4.95, ARDNS_01: 9.3, CTYPE1: 'RA---TAN', CTYPE2: 'DEC--TAN', CRVAL1: '124.6187270039', CRVAL2: '25.32878304566',
  CRPIX1: '716.0', CRPIX2: '685.0', CD1_1: -0.0003073739594239, CD1_2: 1.222128773035e-5, CD2_1: 1.222128773035e-5, CD2_2: 0.0003073739594239,
};
/** Cards of raw_v1_fg.fits of obs_test that matter. */
const OBS_TEST_HEADER: HeaderMap = {
  OBSID: 890104911, 'MJD-OBS': 51195.2035520278, EXPTIME: 15, DARKTIME: 15, FILTER: 'g', RA_DEG: 79.2452196867, DEC_DEG: -9.70229541541,
  AIRMASS: 1.34682439137302, ROTANG: 547.647680605,
};
/** What a raw DECam frame of a northern CCD has. */
const DECAM_HEADER: HeaderMap = {
  INSTRUME: 'DECam', EXPNUM: 411371, CCDNUM: 56, 'DATE-OBS': '2015-02-17T03:06:09.123456', OBSTYPE: 'object', OBJECT: 'Blind15A_26',
  FILTER: 'g DECam SDSS c0001 4720.0 1520.0', EXPTIME: 86, DARKTIME: 87.1, RA: '10:12:00.5', DEC: '-05:58:12.3', AIRMASS: 1.2,
  DATASECA: '[1081:2104,51:4146]', BIASSECA: '[2111:2160,51:4146]', PRESECA: '[2105:2110,51:4146]', POSTSECA: '[1081:2104,1:50]',
  DATASECB: '[57:1080,51:4146]', BIASSECB: '[1:50,51:4146]', PRESECB: '[51:56,51:4146]', POSTSECB: '[57:1080,1:50]',
  GAINA: 4.1, GAINB: 3.9, RDNOISEA: 6.2, RDNOISEB: 5.8, SATURATA: 43_000, SATURATB: 44_000,
};
const HEADERS: Readonly<Record<string, HeaderMap>> = {
  sdss: SDSS_HEADER, sim: SIM_HEADER, lowell42: LOWELL_HEADER, obs_test: OBS_TEST_HEADER, decam: DECAM_HEADER,
};
/** The card of the boresight, and cameras whose filter names are not checked before ingest. */
const RA_CARD: Readonly<Record<string, string>> = { obs_test: 'RA_DEG' };

const area = (box: Box): number => box.width * box.height;
const overlap = (a: Box, b: Box): boolean =>
  a.x0 < b.x0 + b.width && b.x0 < a.x0 + a.width && a.y0 < b.y0 + b.height && b.y0 < a.y0 + a.height;

for (const [key, instrument] of Object.entries(instruments)) {
  describe(`instrument ${key}`, () => {
    it('is registered under its own name and has a header in this test', () => {
      expect(instrument.name).to.equal(key);
      expect(HEADERS).to.have.property(key);
    });

    it('amplifiers tile each detector; raw regions do not overlap', () => {
      for (const detector of instrument.detectors) {
        const boxes = detector.amplifiers.map(a => a.detectorBox);
        expect(boxes.reduce((n, b) => n + area(b), 0)).to.equal(detector.width * detector.height);
        const raw = detector.amplifiers.flatMap(a => [a.rawData, a.rawSerialOverscan, a.rawPrescan, a.rawParallelOverscan ?? null])
          .filter(b => b !== null);
        for (const list of [boxes, raw]) {
          list.forEach((a, i) => list.slice(i + 1).forEach(b => expect(overlap(a, b), detector.name).to.equal(false)));
        }
        for (const amp of detector.amplifiers) {
          expect([amp.rawData.width, amp.rawData.height]).to.deep.equal([amp.detectorBox.width, amp.detectorBox.height]);
          expect(amp.gain_electronPerAdu).to.be.within(0.5, 10);
          expect(amp.readNoise_electron).to.be.within(1, 30);
        }
      }
    });

    it('ids are unique and inside the limits', () => {
      const ids = instrument.detectors.map(d => d.id);
      expect(new Set(ids).size).to.equal(ids.length);
      expect(Math.max(...ids)).to.be.lessThan(instrument.detectorMax);
      const facts = instrument.translate(HEADERS[key]!);
      expect(facts.exposure).to.be.lessThan(instrument.exposureMax);
      expect(instrument.detectors.map(d => d.id)).to.include(facts.detector);
      expect(instrument.filters.map(f => f.name)).to.include(facts.physicalFilter);
      expect(facts.visitInfo.end_taiNs > facts.visitInfo.begin_taiNs).to.equal(true);
    });

    it('a missing or odd card is named', () => {
      for (const card of ['FILTER', 'EXPTIME', RA_CARD[key] ?? 'RA']) {
        for (const value of [undefined, '', 'rubbish']) {
          if (card === 'FILTER' && value === 'rubbish' && key !== 'sdss') continue;
          if (card === 'FILTER' && value === undefined && key === 'lowell42') continue;
          const header = { ...HEADERS[key]!, [card]: value } as HeaderMap;
          expect(() => instrument.translate(header), `${card} = ${String(value)}`).to.throw(ApError, `header card ${card}`);
        }
      }
    });
  });
}

describe('sdss headers', () => {
  const facts = instruments.sdss!.translate(SDSS_HEADER);

  it('field, visit and detector of fpC-004192-g4-0300', () => {
    expect(facts).to.include({
      exposure: 419203001, detector: 9, physicalFilter: 'g', dayObs: 20031019, seqNum: 3001, obsId: '004192-0300-g', targetName: '82 S',
    });
    expect(instruments.sdss!.detectors[facts.detector]!.name).to.equal('g4');
  });

  for (const [filter, frame] of [['r', 300], ['i', 302], ['u', 304], ['z', 306], ['g', 308]] as const) {
    it(`frame ${frame} in ${filter} is field 300`, () => expect(fieldOfFrame(frame, filter)).to.equal(300));
  }

  it('the middle row was read 19.6 s after row 0 and exposed for 53.9 s before', () => {
    expect(isoOfTaiNs(facts.visitInfo.end_taiNs).slice(0, 23)).to.equal('2003-10-19T04:48:40.906');
    expect(Number(facts.visitInfo.end_taiNs - facts.visitInfo.begin_taiNs) / 1e9).to.be.closeTo(53.907456, 1e-9);
    expect(facts.visitInfo.mid_mjdTai).to.be.closeTo(52931.2002466 - 7.36 / 86400, 1e-6);
  });

  it('CRPIX becomes 0-based', () => expect(pixelToSky(facts.wcs!, 1023.5, 743.5)[0]).to.be.closeTo(351.64839634, 1e-9));

  for (const [card, value, expected] of [['RUN', 0, /RUN.*1 to 9999/], ['CAMCOL', 7, /CAMCOL/], ['FRAME', 2, /FRAME/], ['DATE-OBS', '19/10/03', /DATE-OBS/]] as const) {
    it(`${card} = ${value} is refused`, () => expect(() => instruments.sdss!.translate({ ...SDSS_HEADER, [card]: value })).to.throw(ApError, expected));
  }
});

describe('sim headers', () => {
  it('DATE-OBS is UTC at the opening of the shutter', () => {
    const { visitInfo } = instruments.sim!.translate(SIM_HEADER);
    expect(visitInfo.begin_taiNs).to.equal(taiNsOfUtcIso('2026-01-12T03:10:00'));
    expect(Number(visitInfo.end_taiNs - visitInfo.begin_taiNs)).to.equal(30e9);
    expect(visitInfo.darkTime_s).to.equal(32.5);
  });
  for (const [card, value] of [['INSTRUME', 'DECam'], ['DATE-OBS', '2026-01-12'], ['DETNUM', 2]] as const) {
    it(`${card} = ${value} is refused`, () => expect(() => instruments.sim!.translate({ ...SIM_HEADER, [card]: value })).to.throw(ApError, card));
  }
  it('without WCS cards the WCS is null', () => expect(instruments.sim!.translate(SIM_HEADER).wcs).to.equal(null));
});

describe('lowell42 headers', () => {
  const facts = instruments.lowell42!.translate(LOWELL_HEADER);
  it('exposure, time, quoted WCS without the prescan', () => {
    expect(facts).to.include({ exposure: 1903260136, dayObs: 20190326, seqNum: 136, observationType: 'science', physicalFilter: 'VR' });
    expect(facts.visitInfo.begin_taiNs).to.equal(taiNsOfUtcIso('2019-03-26T03:19:01.60'));
    expect(facts.wcs!.crpix).to.deep.equal([716 - 1 - 17, 684]);
    expect(facts.visitInfo.boresightRa_deg).to.be.closeTo(124.6245833, 1e-6);
    expect(facts.visitInfo.boresightDec_deg).to.be.closeTo(-0.3336111, 1e-6);
  });
  it('gain and read noise are those of the header', () => {
    expect(instruments.lowell42!.translate({ ...LOWELL_HEADER, AGAIN_01: 4.81 }).amplifiers![0]).to.include({ name: '01', gain_electronPerAdu: 4.81 });
  });
  it('a twilight flat is a flat, a bias has no WCS', () => {
    const facts2 = instruments.lowell42!.translate({ ...LOWELL_HEADER, OBSTYPE: 'SKYFLAT', CTYPE1: 'Linear Unbinned ADC Pixels' });
    expect([facts2.observationType, facts2.wcs]).to.deep.equal(['flat', null]);
  });
  for (const [card, value] of [['LCAMMOD', 'prism'], ['TRIMSEC', '[18:2000,1:1370]'], ['UTCSTART', 'noon'], ['OBSTYPE', 'LUNCH'], ['DEC', 'x'], ['TRIMSEC', 'all']] as const) {
    it(`${card} = ${value} is refused`, () => expect(() => instruments.lowell42!.translate({ ...LOWELL_HEADER, [card]: value })).to.throw(ApError, card));
  }
});

describe('decam headers', () => {
  const facts = instruments.decam!.translate(DECAM_HEADER);
  it('regions, gains and saturation of the amplifiers are those of the header', () => {
    expect(facts).to.include({ exposure: 411371, detector: 56, dayObs: 20150217, observationType: 'science' });
    expect(facts.amplifiers!.map(a => [a.name, a.rawData!.x0, a.rawSerialOverscan!.x0, a.gain_electronPerAdu, a.saturation_adu]))
      .to.deep.equal([['A', 1080, 2110, 4.1, 43_000], ['B', 56, 0, 3.9, 44_000]]);
    expect(facts.visitInfo.boresightDec_deg).to.be.closeTo(-(5 + 58 / 60 + 12.3 / 3600), 1e-9);
  });
  it('the table has the layout of the header for a northern CCD', () => {
    const table = instruments.decam!.detectors.find(d => d.id === 56)!;
    expect(table.name).to.equal('N25');
    for (const amp of table.amplifiers) {
      const { rawData, rawSerialOverscan, rawPrescan, rawParallelOverscan } = facts.amplifiers!.find(a => a.name === amp.name)!;
      expect(amp).to.deep.include({ rawData, rawSerialOverscan, rawPrescan, rawParallelOverscan });
    }
  });
  it('62 detectors, S29 is 1, S31 is 3, N31 is 62', () => {
    const names = new Map(instruments.decam!.detectors.map(d => [d.id, d.name]));
    expect([names.size, names.get(1), names.get(3), names.get(31), names.get(32), names.get(62)]).to.deep.equal([62, 'S29', 'S31', 'S7', 'N1', 'N31']);
  });
  for (const [card, value] of [['INSTRUME', 'SIMCAM'], ['DATASECA', '[1:1024,1:2048]'], ['GAINB', undefined], ['CCDNUM', 63], ['OBSTYPE', 'lunch']] as const) {
    it(`${card} = ${String(value)} is refused`, () => expect(() => instruments.decam!.translate({ ...DECAM_HEADER, [card]: value } as HeaderMap)).to.throw(ApError, card));
  }
});
