import { expect } from 'chai';
import fc from 'fast-check';
import { renderPsf } from '../../src/astro/psf/renderPsf.ts';
import { random } from '../../src/numeric/random.ts';
import { galaxyComponents } from '../../src/simulate/galaxyProfiles.ts';
import { addSource, convolveComponents } from '../../src/simulate/gaussians.ts';
import type { Canvas, GaussianComponent } from '../../src/simulate/gaussians.ts';
import { makePsf, psfComponents, psfModelOf } from '../../src/simulate/psfModel.ts';

const canvas = (width: number, height: number): Canvas => ({ width, height, data: new Float64Array(width * height) });
const total = ({ data }: Canvas): number => data.reduce((a, b) => a + b, 0);

/** The formula itself, without recurrence and without a box. */
function slowGaussian({ width, height }: Canvas, x: number, y: number, flux: number, c: GaussianComponent): Float64Array {
  const determinant = c.ixx * c.iyy - c.ixy ** 2;
  return Float64Array.from({ length: width * height }, (_, p) => {
    const dx = (p % width) - x;
    const dy = Math.floor(p / width) - y;
    const q = (c.iyy * dx * dx - 2 * c.ixy * dx * dy + c.ixx * dy * dy) / determinant;
    return (flux * c.weight * Math.exp(-q / 2)) / (2 * Math.PI * Math.sqrt(determinant));
  });
}

describe('rendering', () => {
  it('equals the formula and conserves flux', () => {
    fc.assert(fc.property(
      fc.double({ min: 24, max: 36, noNaN: true }), fc.double({ min: 24, max: 36, noNaN: true }),
      fc.double({ min: 0.9, max: 3, noNaN: true }), fc.double({ min: 0.9, max: 3, noNaN: true }),
      fc.double({ min: -0.6, max: 0.6, noNaN: true }),
      (x, y, sx, sy, r) => {
        const component = { weight: 1, ixx: sx * sx, iyy: sy * sy, ixy: r * sx * sy };
        const fast = canvas(60, 60);
        addSource(fast, x, y, 1000, [component]);
        const slow = slowGaussian(fast, x, y, 1000, component);
        for (let p = 0; p < slow.length; p++) expect(fast.data[p]).to.be.closeTo(slow[p]!, 1e-4);
        expect(total(fast)).to.be.closeTo(1000, 1);
      },
    ), { seed: 5, numRuns: 30 });
  });

  it('is cut at the edges', () => {
    const whole = canvas(60, 60);
    const part = canvas(30, 60);
    const component = { weight: 1, ixx: 9, iyy: 4, ixy: 2 };
    addSource(whole, 28.3, 31.1, 7, [component]);
    addSource(part, 28.3, 31.1, 7, [component]);
    for (let y = 0; y < 60; y++) for (let x = 0; x < 30; x++) expect(part.data[y * 30 + x]).to.equal(whole.data[y * 60 + x]);
  });

  for (const profile of ['exponential', 'deVaucouleurs'] as const) {
    it(`half of the light of a round ${profile} galaxy is inside its radius`, () => {
      const radius_arcsec = 3;
      const shape = { profile, halfLightRadius_arcsec: radius_arcsec, axisRatio: 1, positionAngle_deg: 0 };
      const image = canvas(301, 301);
      const point = [{ weight: 1, ixx: 0.7, iyy: 0.7, ixy: 0 }];
      addSource(image, 150, 150, 1, convolveComponents(galaxyComponents(shape, [-4, 0, 0, 4]), point));
      let inside = 0;
      image.data.forEach((v, p) => { if (Math.hypot((p % 301) - 150, Math.floor(p / 301) - 150) <= 4 * radius_arcsec) inside += v; });
      expect(total(image)).to.be.closeTo(1, 0.01);
      expect(inside).to.be.closeTo(0.5, 0.035);
    });
  }

  it('the position angle is east of north', () => {
    const shape = { profile: 'exponential', halfLightRadius_arcsec: 1, axisRatio: 0.3, positionAngle_deg: 45 } as const;
    const [component] = galaxyComponents(shape, [-4, 0, 0, 4]);
    expect(component!.ixx).to.be.closeTo(component!.iyy, 1e-9);
    expect(component!.ixy).to.be.lessThan(0);
  });
});

describe('PSF of a simulated exposure', () => {
  const psf = makePsf(3, random(1, 'psf'));
  const axisPixel = [1019.5, 499.5] as const;
  const model = psfModelOf(psf, { width: 1000, height: 1000, axisPixel });

  it('has total weight 1', () => {
    expect(psfComponents(psf, 0.3, -0.2).reduce((sum, c) => sum + c.weight, 0)).to.be.closeTo(1, 1e-9);
  });

  it('the model of the pipeline renders it to half a percent of the peak everywhere', () => {
    for (const [x, y] of [[20, 30], [500, 500], [980.25, 20.5], [333.3, 871.8]] as const) {
      const stamp = renderPsf(model, x, y);
      const truth = canvas(stamp.size, stamp.size);
      addSource(truth, x - stamp.x0, y - stamp.y0, 1, psfComponents(psf, (x - axisPixel[0]) / 1000, (y - axisPixel[1]) / 1000));
      const peak = Math.max(...truth.data);
      stamp.data.forEach((v, p) => expect(Math.abs(v - truth.data[p]!) / peak).to.be.lessThan(5e-3));
    }
  });
});
