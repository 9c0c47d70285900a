import { expect } from 'chai';
import fc from 'fast-check';
import { ApError } from '../../src/model/errors.ts';
import type { SkyWcs } from '../../src/model/wcs.ts';
import { random } from '../../src/numeric/random.ts';
import { separation_arcsec } from '../../src/sky/sphere.ts';
import {
  headerFromWcs, localCd, pixelScale_arcsec, pixelsToSky, pixelToSky, rotation_deg, skyToPixel, skyToPixels,
  wcsFromHeader, wcsNotes,
} from '../../src/sky/wcs.ts';
import golden from '../golden/sky/wcs.json' with { type: 'json' };

const tan: SkyWcs = {
  projection: 'TAN', crpix: [1023.5, 743.5], crval_deg: [300.1, -45.2], cd: [-5.5e-5, 1e-6, 2e-6, 5.5e-5],
};
const a = new Float64Array(16);
const b = new Float64Array(16);
[a[8], a[5], a[2], a[12]] = [2e-6, -1e-6, 5e-7, 1e-9];
[b[8], b[5], b[2], b[3]] = [-1e-6, 2e-6, 1e-6, -1e-9];
const sip: SkyWcs = { ...tan, sip: { order: 3, a, b } };

describe('sky/wcs', () => {
  for (const { name, header, points } of golden.cases) {
    it(`agrees with WCSLIB: ${name}`, () => {
      const wcs = wcsFromHeader(header as Record<string, number | string>);
      for (const [x, y, ra, dec] of points as [number, number, number, number][]) {
        const [myRa, myDec] = pixelToSky(wcs, x, y);
        expect(separation_arcsec(myRa, myDec, ra, dec)).to.be.below(1e-8);
        const back = skyToPixel(wcs, ra, dec);
        expect(Math.hypot(back[0] - x, back[1] - y)).to.be.below(1e-7);
      }
      const again = wcsFromHeader(headerFromWcs(wcs));
      const [x, y] = skyToPixel(again, points[1]![2]!, points[1]![3]!);
      expect(Math.hypot(x - points[1]![0]!, y - points[1]![1]!)).to.be.below(1e-7);
    });
  }
  for (const [name, wcs] of [
    ['TAN', tan], ['TAN-SIP', sip], ['RA near 0', { ...sip, crval_deg: [0.01, 0.5] }],
    ['near the pole', { ...sip, crval_deg: [77, 89.97] }],
  ] as [string, SkyWcs][]) {
    it(`pixel -> sky -> pixel closes below 1e-9 px: ${name}`, () => {
      const coordinate = fc.double({ min: -100, max: 2148, noNaN: true });
      fc.assert(fc.property(coordinate, coordinate, (x, y) => {
        const [ra, dec] = pixelToSky(wcs, x, y);
        const [x2, y2] = skyToPixel(wcs, ra, dec);
        // RA in degrees has a step of 6e-14; near the pole that is divided by the cosine in no harmful way.
        expect(Math.hypot(x2 - x, y2 - y)).to.be.below(1e-9);
      }), { seed: 5, numRuns: 500 });
    });
  }
  it('many positions at once', () => {
    const { ra, dec } = pixelsToSky(sip, [0, 100, NaN], [5, 50, 1]);
    const { x, y } = skyToPixels(sip, ra, dec);
    expect(x[1]).to.be.closeTo(100, 1e-9);
    expect(y[0]).to.be.closeTo(5, 1e-9);
    expect(ra[2]).to.be.NaN;
    expect(x[2]).to.be.NaN;
  });
  it('many positions give the bits that one gives', () => {
    const rng = random(3, 'bits');
    const folding: SkyWcs = { ...tan, sip: { order: 2, a: Float64Array.of(0, 0, 0, 0, 0, 0, 1e-3, 0, 0), b: new Float64Array(9) } };
    for (const wcs of [tan, sip, folding, { ...sip, crval_deg: [0, 89.99] }] as SkyWcs[]) {
      const ra = Float64Array.from({ length: 500 }, () => wcs.crval_deg[0] + 0.15 * rng.normal());
      const dec = Float64Array.from({ length: 500 }, () => Math.min(90, wcs.crval_deg[1] + 0.15 * rng.normal()));
      [ra[0], dec[1], ra[2]] = [NaN, NaN, wcs.crval_deg[0] + 180];
      const { x, y } = skyToPixels(wcs, ra, dec);
      for (let i = 0; i < ra.length; i++) expect([x[i], y[i]]).to.deep.equal(skyToPixel(wcs, ra[i]!, dec[i]!));
      expect(x.filter(Number.isNaN).length).to.be.within(wcs === folding ? 50 : 2, wcs === folding ? 450 : 3);
    }
  });
  it('at CRVAL2 = 90 the default of LONPOLE is 0, and a header says 180 when it is meant', () => {
    const header = { ...good, CRVAL2: 90 };
    const [ra] = pixelToSky(wcsFromHeader(header), 2, 100);
    expect(pixelToSky(wcsFromHeader({ ...header, LONPOLE: 180 }), 2, 100)[0]).to.be.closeTo((ra + 180) % 360, 1e-9);
    const written = headerFromWcs({ ...tan, crval_deg: [20, 90] });
    expect(pixelToSky(wcsFromHeader(written), 5, 6)).to.deep.equal(pixelToSky({ ...tan, crval_deg: [20, 90] }, 5, 6));
  });
  it('behind the tangent point there is no pixel', () => {
    expect(skyToPixel(tan, 120.1, 45.2)).to.deep.equal([NaN, NaN]);
    expect(skyToPixel(tan, 300.1, 44.9)).to.deep.equal([NaN, NaN]);
  });
  it('scale, local matrix and rotation', () => {
    expect(pixelScale_arcsec(tan)).to.be.closeTo(3600 * Math.sqrt(5.5e-5 ** 2 + 2e-12), 1e-6);
    const local = localCd(tan, 1023.5, 743.5);
    local.forEach((value, k) => expect(value).to.be.closeTo(tan.cd[k]!, 1e-12));
    expect(rotation_deg({ ...tan, cd: [-1e-4, 0, 0, 1e-4] }, 1023.5, 743.5)).to.be.closeTo(0, 1e-9);
    expect(rotation_deg({ ...tan, cd: [0, 1e-4, 1e-4, 0] }, 1023.5, 743.5)).to.be.closeTo(90, 1e-9);
  });
  const good = { CTYPE1: 'RA---TAN', CTYPE2: 'DEC--TAN', CRVAL1: 1, CRVAL2: 2, CRPIX1: 3, CRPIX2: 4, CDELT1: -1e-4, CDELT2: 1e-4 };
  const bad: [string, Record<string, string | number>, string][] = [
    ['another projection', { ...good, CTYPE1: 'RA---SIN' }, 'RA---SIN'],
    ['galactic axes', { ...good, CTYPE1: 'GLON-TAN' }, 'GLON-TAN'],
    ['a missing card', Object.fromEntries(Object.entries(good).filter(([k]) => k !== 'CRVAL2')), 'CRVAL2'],
    ['a singular matrix', { ...good, CD1_1: 1e-4, CD1_2: 1e-4, CD2_1: 1e-4, CD2_2: 1e-4 }, 'CDi_j'],
    ['radians', { ...good, CUNIT1: 'rad' }, 'CUNIT1'],
    ['an odd SIP order', { ...good, A_ORDER: 12 }, 'A_ORDER'],
    ['text for a number', { ...good, CRPIX1: 'x' }, 'CRPIX1'],
    ['a missing CTYPE', { CRVAL1: 1 }, 'CTYPE1'],
  ];
  for (const [name, header, word] of bad) {
    it(`refuses ${name}`, () => expect(() => wcsFromHeader(header)).to.throw(ApError, word));
  }
  it('says what it leaves out', () => {
    expect(wcsNotes(good)).to.deep.equal([]);
    expect(wcsNotes({ ...good, PV1_1: 1, PV1_2: 0.1, RADECSYS: 'FK4' })).to.have.length(2);
    expect(wcsFromHeader({ ...good, CTYPE1: 'RA---TPV', CTYPE2: 'DEC--TPV' }).crval_deg).to.deep.equal([1, 2]);
  });
});
