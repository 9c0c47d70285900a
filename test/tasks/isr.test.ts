import { expect } from 'chai';
import { sim } from '../../src/instruments/sim/index.ts';
import { RAW_HEIGHT, RAW_WIDTH } from '../../src/instruments/sim/geometry.ts';
import { AlgorithmError, ApError } from '../../src/model/errors.ts';
import type { HeaderMap, RawFrame } from '../../src/model/instrument.ts';
import { MASK } from '../../src/model/mask.ts';
import { AXIS_PIXEL } from '../../src/instruments/sim/geometry.ts';
import { defectsTable, masterBias, masterDark, masterFlat } from '../../src/simulate/calibrationFiles.ts';
import { makeDetectorMaps } from '../../src/simulate/detectorMaps.ts';
import { expose, headerWcs, trueWcs } from '../../src/simulate/observe.ts';
import { makePsf } from '../../src/simulate/psfModel.ts';
import { rawCards } from '../../src/simulate/rawHeader.ts';
import { VISITS } from '../../src/simulate/survey.ts';
import { random } from '../../src/numeric/random.ts';
import { standardDeviation, median } from '../../src/numeric/statistics.ts';
import { isr } from '../../src/tasks/isr.ts';

type Inputs = Parameters<typeof isr.run>[0];
type Config = Parameters<typeof isr.run>[1];
const DEFAULTS = Object.fromEntries(Object.entries(isr.config).map(([name, field]) => [name, field.default])) as Config;

const detector = sim.detectors[0]!;
const visit = VISITS[0]!;
const maps = makeDetectorMaps(detector, 7);
const light = expose({
  visit, detector, maps, seed: 7,
  scene: { wcs: trueWcs(visit, detector), psf: makePsf(3, random(7)), axisPixel: AXIS_PIXEL[0]!, sources: [] },
});
const raw: RawFrame = {
  width: RAW_WIDTH, height: RAW_HEIGHT, data: Float32Array.from(light.raw),
  header: Object.fromEntries(rawCards(visit, detector, headerWcs(visit, detector, 7)).map(c => [c.key, c.value])) as HeaderMap,
};
const FULL: Inputs = {
  raw, rawMask: null, crosstalkSources: [], linearizer: null, crosstalk: null, bfKernel: null, fringe: null, illumination: null,
  bias: masterBias(detector, maps, 7), dark: masterDark(detector, maps, 7),
  flat: masterFlat(detector, maps, 'r', 7), defects: defectsTable(maps),
};

function run(inputs: Partial<Inputs>, config: Partial<typeof DEFAULTS> = {}) {
  const metadata: Record<string, number | string | boolean> = {};
  const warnings: string[] = [];
  const { outputExposure } = isr.run({ ...FULL, ...inputs }, { ...DEFAULTS, ...config }, {
    dataId: { instrument: 'sim', exposure: 1, detector: 0 }, instrument: sim, records: {}, seed: 0, apdb: null, metadata,
    log: { info: () => undefined, warn: text => { warnings.push(text); } },
  });
  return { exposure: outputExposure, metadata, warnings };
}

describe('IsrTask on a simulated blank field', () => {
  const { exposure, metadata } = run({});
  const truth = (p: number): number => (light.expected[p]! - maps.dark[p]! * 32.5) / maps.flat.r[p]!;
  const good = [...exposure.mask.keys()].filter(p => exposure.mask[p] === 0);

  it('gives the sky in electrons with pulls of width 1', () => {
    const pulls = Float64Array.from(good, p => (exposure.image[p]! - truth(p)) / Math.sqrt(exposure.variance[p]!))
      .filter(v => Math.abs(v) < 5);
    expect(pulls.length).to.be.greaterThan(990_000);
    expect(standardDeviation(pulls)).to.be.closeTo(1, 0.01);
    expect(Math.abs(median(pulls))).to.be.lessThan(0.05);
  });

  it('is flat to 0.5 % of the sky and has no step between the amplifiers', () => {
    const strip = (x0: number, x1: number, y0: number, y1: number): number =>
      median(good.filter(p => p % 1000 >= x0 && p % 1000 < x1 && p >= y0 * 1000 && p < y1 * 1000).map(p => exposure.image[p]! - truth(p)));
    expect(Math.abs(strip(470, 500, 0, 1000) - strip(500, 530, 0, 1000))).to.be.lessThan(1);
    for (const [x, y] of [[0, 0], [900, 0], [0, 900], [900, 900], [450, 450]] as const) {
      expect(Math.abs(strip(x, x + 100, y, y + 100))).to.be.lessThan(0.005 * visit.sky_electron);
    }
  });

  it('describes the image', () => {
    expect(exposure).to.include({ unit: 'electron', band: 'r', physicalFilter: 'sim-r', detector: 0, width: 1000, height: 1000 });
    expect(exposure.wcs!.crpix).to.deep.equal(AXIS_PIXEL[0]);
    expect(exposure.visitInfo.visit).to.equal(1);
    expect(metadata.overscanResidualSigma_adu_C00).to.be.closeTo(5 / 1.62, 0.1);
    expect(metadata.darkScale).to.be.closeTo(32.5 / 300, 1e-12);
    expect(metadata.nPixels_INTRP).to.be.greaterThan(0);
  });

  it('leaves every pixel finite, the interpolated ones near the sky', () => {
    const interpolated = [...exposure.mask.keys()].filter(p => (exposure.mask[p]! & MASK.INTRP) !== 0);
    expect(exposure.image.every(Number.isFinite)).to.equal(true);
    expect(median(interpolated.map(p => exposure.image[p]!))).to.be.closeTo(visit.sky_electron, 0.05 * visit.sky_electron);
  });

  it('the measured read noise may replace the nominal one', () => {
    const measured = run({}, { doEmpiricalReadNoise: true }).exposure;
    expect(median(measured.variance)).to.be.closeTo(median(exposure.variance), 1);
  });
});

describe('IsrTask failures', () => {
  for (const [type, option] of [['bias', 'doBias'], ['dark', 'doDark'], ['flat', 'doFlat'], ['defects', 'doDefect']] as const) {
    it(`no ${type}: CALIBRATION_NOT_FOUND with the data ID, unless ${option} is false`, () => {
      expect(() => run({ [type]: null })).to.throw(ApError, new RegExp(`no valid calibration.*${type} \\{instrument: sim, detector: 0, exposure: 1\\}.*${option}`));
      expect(run({ [type]: null }, { [option]: false }).exposure.width).to.equal(1000);
    });
  }
  it('a frame of another size', () => {
    expect(() => run({ raw: { ...raw, width: 1081 } })).to.throw(ApError, /1081 x 1000.*1080 x 1000/);
  });
  it('a raw mask of another size', () => {
    expect(() => run({ rawMask: { width: 3, height: 1, data: new Int32Array(3) } })).to.throw(ApError, /raw_mask.*3 x 1/);
  });
  it('an unknown plane to interpolate', () => {
    expect(() => run({}, { interpolatePlanes: 'SAT,UGLY' })).to.throw(ApError, /UGLY/);
  });
  it('a frame that is saturated throughout is a scientific outcome', () => {
    expect(() => run({ raw: { ...raw, data: raw.data.map(() => 65535) } })).to.throw(AlgorithmError, /every amplifier/);
  });
  it('an unknown filter', () => {
    expect(() => run({ raw: { ...raw, header: { ...raw.header, FILTER: 'sim-y' } } })).to.throw(ApError, /sim-y.*sim-g, sim-r/);
  });
  it('an overscan without a usable pixel: a warning, nothing subtracted', () => {
    const data = raw.data.slice();
    for (let y = 0; y < RAW_HEIGHT; y++) data.fill(NaN, y * RAW_WIDTH + 508, y * RAW_WIDTH + 540);
    const { warnings, exposure } = run({ raw: { ...raw, data } });
    expect(warnings.join()).to.match(/C00.*overscan/);
    expect(exposure.image[500 * 1000 + 250]).to.be.greaterThan(1500);
  });
});

describe('IsrTask extras', () => {
  it('ORs the raw mask and subtracts the soft bias', () => {
    const data = new Int32Array(1000 * 1000);
    data[1234] = MASK.CR;
    const { exposure } = run({ rawMask: { width: 1000, height: 1000, data } });
    expect(exposure.mask[1234]! & MASK.CR).to.equal(MASK.CR);
    const lower = run({}, { softBias_adu: 10 }).exposure;
    const before = run({}).exposure;
    expect(before.image[5050]! - lower.image[5050]!).to.be.closeTo(16.2 / maps.flat.r[5050]!, 0.05);
  });
});
