import { expect } from 'chai';
import { adaptiveMoments } from '../../../src/astro/measurement/adaptiveMoments.ts';
import { centroid } from '../../../src/astro/measurement/centroid.ts';
import { psfFlux } from '../../../src/astro/measurement/psfFlux.ts';
import { gaussianPsf } from '../../../src/astro/psf/gaussianPsf.ts';
import { renderPsf } from '../../../src/astro/psf/renderPsf.ts';
import { allocMaskedImage } from '../../../src/model/image.ts';
import type { MaskedImage } from '../../../src/model/image.ts';
import { MASK } from '../../../src/model/mask.ts';
import { random } from '../../../src/numeric/random.ts';
import type { Random } from '../../../src/numeric/random.ts';
import { spreadOf } from '../syntheticField.ts';

const SIDE = 41;
const psf = gaussianPsf(1.27, 31, SIDE, SIDE);

/** One source on white noise of variance 100 and its own photon noise. */
function stamp(rng: Random, x: number, y: number, flux: number): MaskedImage {
  const mi = allocMaskedImage(SIDE, SIDE);
  const truth = renderPsf(psf, x, y);
  for (let k = 0; k < mi.image.length; k++) {
    const i = (k % SIDE) - truth.x0, j = Math.floor(k / SIDE) - truth.y0;
    const p = i >= 0 && j >= 0 && i < truth.size && j < truth.size ? truth.data[j * truth.size + i]! : 0;
    mi.variance[k] = 100 + Math.abs(flux) * p;
    mi.image[k] = flux * p + Math.sqrt(mi.variance[k]!) * rng.normal();
  }
  return mi;
}

describe('flux, position and shape of a point source', () => {
  const cases: readonly [string, number, (mi: MaskedImage) => void][] = [
    ['of S/N 20', 1000, () => {}],
    ['of S/N 300', 100_000, () => {}],
    ['of negative flux', -2000, () => {}],
    ['with a NaN column through its wing', 5000, mi => { for (let y = 0; y < SIDE; y++) mi.image[y * SIDE + 22] = NaN; }],
    ['with masked pixels in its core', 20_000, mi => { mi.image[20 * SIDE + 20] = 1e6; mi.mask[20 * SIDE + 20] = MASK.SAT; }],
  ];
  for (const [name, flux, damage] of cases) {
    it(`${name}: unbiased, with true errors`, () => {
      const rng = random(20, name);
      const pulls = Array.from({ length: 400 }, () => {
        const [x, y] = [20 + rng.uniform() - 0.5, 20 + rng.uniform() - 0.5];
        const mi = stamp(rng, x, y, flux);
        damage(mi);
        const at = centroid(mi, psf, 20, 20, MASK.SAT);
        const { flux: fitted, fluxErr } = psfFlux(mi, psf, x, y, MASK.SAT);
        return { flag: at.flag, x: (at.x - x) / at.xErr, y: (at.y - y) / at.yErr, flux: (fitted - flux) / fluxErr };
      });
      const good = pulls.filter(p => !p.flag);
      expect(good.length).to.be.at.least(0.97 * pulls.length);
      for (const key of ['x', 'y', 'flux'] as const) {
        const { median, width } = spreadOf(good.map(p => p[key]));
        expect(median, `median pull of ${key}`).to.be.closeTo(0, 0.15);
        expect(width, `width of the pull of ${key}`).to.be.within(0.85, 1.15);
      }
    });
  }

  it('chi-square is that of the noise', () => {
    const { chi2, nPixels } = psfFlux(stamp(random(21), 20.2, 19.7, 5000), psf, 20.2, 19.7, 0);
    expect(nPixels).to.equal(31 * 31);
    expect(chi2 / nPixels).to.be.closeTo(1, 0.15);
  });

  it('adaptive moments of a Gaussian are its own', () => {
    const mi = stamp(random(22), 20.3, 20.1, 1e7);
    const { ixx, iyy, ixy, flag } = adaptiveMoments(mi, 20.3, 20.1, 0, 2);
    expect(flag).to.equal(false);
    expect(ixx).to.be.closeTo(1.27 ** 2, 0.01);
    expect(iyy).to.be.closeTo(1.27 ** 2, 0.01);
    expect(ixy).to.be.closeTo(0, 0.01);
  });

  it('says so when nothing can be measured', () => {
    const empty = allocMaskedImage(SIDE, SIDE);
    empty.image.fill(NaN);
    expect(centroid(empty, psf, 20, 20, 0)).to.include({ x: 20, y: 20, flag: true });
    expect(psfFlux(empty, psf, 20, 20, 0).flux).to.be.NaN;
    expect(psfFlux(empty, psf, NaN, 20, 0).flux).to.be.NaN;
    expect(psfFlux(stamp(random(1), 20, 20, 10), psf, 400, 20, 0).flux).to.be.NaN;
    expect(adaptiveMoments(empty, 20, 20, 0, 1).flag).to.equal(true);
    expect(adaptiveMoments(empty, -90, 20, 0, 1).flag).to.equal(true);
  });
});
