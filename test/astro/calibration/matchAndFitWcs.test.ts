import { expect } from 'chai';
import type { AstrometryReferences, AstrometrySources } from '../../../src/astro/calibration/matchAndFitWcs.ts';
import { matchAndFitWcs } from '../../../src/astro/calibration/matchAndFitWcs.ts';
import { AlgorithmError } from '../../../src/model/errors.ts';
import type { SkyWcs } from '../../../src/model/wcs.ts';
import { random } from '../../../src/numeric/random.ts';
import { pixelToSky, skyToPixel } from '../../../src/sky/wcs.ts';

const size = { width: 2048, height: 1489 };
const plain: SkyWcs = {
  projection: 'TAN', crpix: [1023.5, 743.5], crval_deg: [300.1, -45.2], cd: [-1.1e-4, 0, 0, 1.1e-4],
};
const a = new Float64Array(9);
const b = new Float64Array(9);
[a[6], b[4]] = [3e-7, -4e-7];
const distorted: SkyWcs = { ...plain, sip: { order: 2, a, b } };

interface Field {
  sources: AstrometrySources;
  references: AstrometryReferences;
}

/** Stars of which each catalog misses some; centroid errors grow to the faint end. */
function field(seed: number, nStars: number, common: number, truth: SkyWcs): Field {
  const r = random(seed, 'field');
  const s = { x: [] as number[], y: [] as number[], xErr: [] as number[], yErr: [] as number[], flux: [] as number[] };
  const c = { ra: [] as number[], dec: [] as number[], flux: [] as number[] };
  for (let i = 0; i < nStars; i++) {
    const [x, y, flux] = [2648 * r.uniform() - 300, 2089 * r.uniform() - 300, 10 ** (3 * r.uniform())];
    const error = 0.02 + 0.3 / Math.sqrt(flux);
    const [ra, dec] = pixelToSky(truth, x, y);
    if (r.uniform() < common) { c.ra.push(ra); c.dec.push(dec); c.flux.push(flux * Math.exp(0.2 * r.normal())); }
    const inside = x > 0 && x < size.width && y > 0 && y < size.height;
    if (r.uniform() > common || !inside) continue;
    s.x.push(x + error * r.normal());
    s.y.push(y + error * r.normal());
    s.xErr.push(error);
    s.yErr.push(error);
    s.flux.push(flux * Math.exp(0.1 * r.normal()));
  }
  return { sources: s, references: c };
}

/** The WCS as a telescope that points, turns and scales a little wrongly would write it. */
function misled(offset_arcsec: [number, number], turn_deg: number, scale: number): SkyWcs {
  const [c, s] = [scale * Math.cos((turn_deg * Math.PI) / 180), scale * Math.sin((turn_deg * Math.PI) / 180)];
  const [ra, dec] = plain.crval_deg;
  return {
    ...plain, crval_deg: [ra + offset_arcsec[0] / 3600 / Math.cos((dec * Math.PI) / 180), dec + offset_arcsec[1] / 3600],
    cd: [-1.1e-4 * c, 1.1e-4 * s, 1.1e-4 * s, 1.1e-4 * c],
  };
}

function worstCorner_px(found: SkyWcs, truth: SkyWcs): number {
  return Math.max(...[[0, 0], [2047, 0], [2047, 1488], [0, 1488], [1000, 700]].map(([x, y]) => {
    const [fx, fy] = skyToPixel(found, ...pixelToSky(truth, x!, y!));
    return Math.hypot(fx - x!, fy - y!);
  }));
}

describe('astro/calibration/matchAndFitWcs', () => {
  const cases: [string, number, number, SkyWcs, SkyWcs, number, number][] = [
    ['a sparse field, 64 arcsec and 0.5 deg off', 60, 0.8, plain, misled([50, -40], 0.5, 1), 1, 0.25],
    ['20 stars', 45, 0.9, plain, misled([-30, 10], -0.2, 1), 1, 0.25],
    ['a distorted field, 36 arcsec, 0.9 deg and 0.2 % off', 400, 0.85, distorted, misled([20, 30], -0.9, 1.002), 2, 0.15],
    ['half of the stars, 130 arcsec and 1 deg off', 500, 0.5, plain, misled([100, -83], 1, 1.001), 1, 0.15],
    ['a dense field with many strangers', 4000, 0.6, plain, misled([58, -58], 0.3, 1), 1, 0.03],
  ];
  for (const [name, n, common, truth, guess, order, tolerance_px] of cases) {
    it(`finds and fits ${name}`, () => {
      const { sources, references } = field(n, n, common, truth);
      const found = matchAndFitWcs(sources, references, guess, size);
      expect(found.order).to.equal(order);
      expect(worstCorner_px(found.wcs, truth)).to.be.below(tolerance_px);
      expect(found.nUsed).to.be.above(0.4 * sources.x.length);
      expect(found.nUsed).to.equal(found.used.reduce((sum, v) => sum + v, 0));
      expect(found.scatterEast_mas).to.be.within(20, 80);
      expect(Math.abs(found.meanEast_mas)).to.be.below((4 * found.scatterEast_mas) / Math.sqrt(found.nUsed));
      expect(found.intrinsic_mas).to.be.below(25);
    });
  }
  it('keeps the distortion of the first WCS', () => {
    const { sources, references } = field(5, 300, 0.9, distorted);
    const guess = { ...distorted, crval_deg: [300.105, -45.203] as const };
    const found = matchAndFitWcs(sources, references, guess, size);
    expect(found.wcs.sip).to.equal(distorted.sip);
    expect(worstCorner_px(found.wcs, distorted)).to.be.below(0.08);
    expect(found.pointingOffset_arcsec).to.be.closeTo(Math.hypot(0.005 * Math.cos(0.789), 0.003) * 3600, 0.1);
  });
  it('is not fooled by wrong fluxes, missing errors or positions that are not numbers', () => {
    const { sources, references } = field(6, 200, 0.9, plain);
    const x = Array.from(sources.x);
    x[3] = NaN;
    const noErrors = x.map(() => NaN);
    const found = matchAndFitWcs(
      { ...sources, x, xErr: noErrors, yErr: noErrors, flux: x.map(() => NaN) }, references, misled([5, 5], 0, 1), size);
    expect(worstCorner_px(found.wcs, plain)).to.be.below(0.1);
  });
  it('fails with numbers when the catalogs have nothing in common', () => {
    const { sources } = field(7, 200, 0.9, plain);
    const { references } = field(8, 200, 0.9, plain);
    expect(() => matchAndFitWcs(sources, references, plain, size)).to.throw(AlgorithmError, 'no significant match')
      .with.nested.property('metadata.nSources', sources.x.length);
  });
  it('fails when there are no references, and when the scatter is too large', () => {
    const { sources, references } = field(9, 200, 0.9, plain);
    expect(() => matchAndFitWcs(sources, { ra: [], dec: [], flux: [] }, plain, size)).to.throw(AlgorithmError);
    expect(() => matchAndFitWcs(sources, references, plain, { ...size, maxScatter_arcsec: 0.001 }))
      .to.throw(AlgorithmError, 'scatters too much').with.nested.property('metadata.nUsed').above(50);
  });
});
