import { expect } from 'chai';
import { affineWcs, wcsFromPoints } from '../../../src/astro/calibration/wcsFromPoints.ts';
import type { WcsPairs } from '../../../src/astro/calibration/fitWcs.ts';
import { AlgorithmError, ApError } from '../../../src/model/errors.ts';
import type { SkyWcs } from '../../../src/model/wcs.ts';
import { random } from '../../../src/numeric/random.ts';
import { skyTransform } from '../../../src/sky/generalWcs.ts';
import { generalWcsFromCards } from '../../../src/sky/generalWcsHeader.ts';
import { sipInversePolynomials } from '../../../src/sky/sipInversePolynomials.ts';
import { separation_arcsec } from '../../../src/sky/sphere.ts';
import { headerFromWcs, pixelsToSky, pixelToSky, wcsFromHeader } from '../../../src/sky/wcs.ts';

const [WIDTH, HEIGHT] = [2048, 4096];

function truth(order: number, crval_deg: readonly [number, number]): SkyWcs {
  const linear = { projection: 'TAN' as const, crpix: [1023.5, 2047.5] as const, crval_deg, cd: [-7.3e-5, 1e-6, 2e-6, 7.3e-5] as const };
  if (order === 1) return linear;
  const rng = random(order, 'distortion');
  const terms = (): Float64Array => {
    const values = new Float64Array((order + 1) ** 2);
    for (let i = 0; i <= order; i++) {
      for (let j = 0; i + j <= order; j++) if (i + j > 1) values[i * (order + 1) + j] = 8 * rng.normal() * 2300 ** -(i + j);
    }
    return values;
  };
  return { ...linear, sip: { order, a: terms(), b: terms() } };
}

function pairsOf(wcs: SkyWcs, n: number, noise_px = 0): WcsPairs {
  const rng = random(n, 'pairs');
  const x = Float64Array.from({ length: n }, () => rng.uniform() * WIDTH);
  const y = Float64Array.from({ length: n }, () => rng.uniform() * HEIGHT);
  const { ra, dec } = pixelsToSky(wcs, x, y);
  const error = new Float64Array(n).fill(noise_px === 0 ? NaN : noise_px);
  return { x: x.map(v => v + noise_px * rng.normal()), y: y.map(v => v + noise_px * rng.normal()), xErr: error, yErr: error, ra, dec };
}

/** Largest distance on the sky over a grid of pixels. */
function worst_arcsec(a: SkyWcs, b: SkyWcs): number {
  let worst = 0;
  for (let k = 0; k < 81; k++) {
    const [x, y] = [(k % 9) / 8 * (WIDTH - 1), Math.floor(k / 9) / 8 * (HEIGHT - 1)];
    worst = Math.max(worst, separation_arcsec(...pixelToSky(a, x, y), ...pixelToSky(b, x, y)));
  }
  return worst;
}

describe('astro/calibration/wcsFromPoints', () => {
  const places: [string, [number, number]][] = [['mid sky', [150.1, 2.2]], ['RA 0', [359.999, -33]], ['the pole', [12, 89.95]], ['the south pole', [200, -90]]];
  for (const [place, crval] of places) {
    for (const order of [1, 2, 3, 4, 5]) {
      it(`finds a WCS of order ${order} again at ${place}`, () => {
        const wcs = truth(order, crval);
        const fit = wcsFromPoints(pairsOf(wcs, 200), { order, crpix: wcs.crpix });
        expect(worst_arcsec(fit.wcs, wcs)).to.be.below(1e-7);
        expect(fit.wcs.sip?.order).to.equal(order === 1 ? undefined : order);
        expect([...fit.used].every(u => u === 1)).to.equal(true);
      });
    }
  }
  it('leaves out wrong pairs and pairs without a position', () => {
    const wcs = truth(3, [10, 20]);
    const pairs = pairsOf(wcs, 400, 0.02);
    for (let i = 0; i < 20; i++) pairs.dec[i]! += 0.003;
    pairs.x[30] = NaN;
    pairs.ra[31] = NaN;
    const fit = wcsFromPoints(pairs, { order: 3, crpix: [100, 50] });
    expect(fit.wcs.crpix).to.deep.equal([100, 50]);
    for (let i = 0; i < 20; i++) expect(fit.used[i], `pair ${i}`).to.equal(0);
    expect([fit.used[30], fit.used[31]]).to.deep.equal([0, 0]);
    expect(fit.north_arcsec[30]).to.be.NaN;
    // 0.02 px of 0.26 arcsec in 378 pairs; the corners of a cubic surface are known several times worse than its middle.
    expect(worst_arcsec(fit.wcs, wcs)).to.be.below(8e-3);
  });
  it('mirrored and turned frames', () => {
    const wcs: SkyWcs = { projection: 'TAN', crpix: [0, 0], crval_deg: [80, -70], cd: [3e-5, 6e-5, 6e-5, -3e-5] };
    const { crval_deg, cd } = affineWcs(pairsOf(wcs, 10), [0, 0]);
    expect(separation_arcsec(...crval_deg, 80, -70)).to.be.below(1e-8);
    cd.forEach((value, k) => expect(value).to.be.closeTo(wcs.cd[k]!, 1e-14));
  });
  it('is written to a header that other readers understand, with an inverse', () => {
    const { wcs } = wcsFromPoints(pairsOf(truth(3, [150, 2]), 300), { order: 3 });
    const { inverse, worst_px } = sipInversePolynomials({ ...wcs, sip: wcs.sip! }, { width: WIDTH, height: HEIGHT }, 5);
    expect(worst_px).to.be.below(0.01);
    const header = headerFromWcs(wcs, inverse);
    expect(worst_arcsec(wcsFromHeader(header), wcs)).to.be.below(1e-9);
    const cards = Object.entries(header).map(([key, value]) => ({ key, value }));
    const backward = skyTransform(generalWcsFromCards(cards.filter(({ key }) => !/^[AB]_/.test(key))));
    const [x, y] = backward.skyToPixel(...pixelToSky(wcs, 300, 3500));
    expect(Math.hypot(x - 300, y - 3500)).to.be.below(0.01);
  });
  it('says why it cannot', () => {
    const pairs = pairsOf(truth(1, [10, 20]), 30);
    expect(() => affineWcs({ ...pairs, x: pairs.x.slice(0, 2) })).to.throw(AlgorithmError, 'too few points');
    expect(() => affineWcs({ ...pairs, x: new Float64Array(30), y: Float64Array.from(pairs.y) })).to.throw(AlgorithmError, 'span');
    expect(() => wcsFromPoints(pairsOf(truth(1, [10, 20]), 12), { order: 5 })).to.throw(AlgorithmError, 'too few');
    expect(() => wcsFromPoints(pairs, { order: 6 })).to.throw(ApError, 'order');
  });
});
