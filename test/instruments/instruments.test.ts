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
const HEADERS: Readonly<Record<string, HeaderMap>> = { sdss: SDSS_HEADER, sim: SIM_HEADER };

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
        const raw = detector.amplifiers.flatMap(a => [a.rawData, a.rawSerialOverscan, a.rawPrescan]).filter(b => b !== null);
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
      for (const card of ['FILTER', 'EXPTIME', 'RA']) {
        for (const value of [undefined, '', 'rubbish']) {
          if (card === 'FILTER' && value === 'rubbish' && key === 'sim') continue;
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
