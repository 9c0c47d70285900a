import { expect } from 'chai';
import fc from 'fast-check';
import type { SkyWcs } from '../../src/model/wcs.ts';
import {
  boundingCircle, offsetBy, polygonArea_deg2, polygonContains, polygonOfBox, polygonsOverlap, positionAngle_deg,
  separation_arcsec, tangentOffset_arcsec, unitVector,
} from '../../src/sky/sphere.ts';

const wcs: SkyWcs = { projection: 'TAN', crpix: [99.5, 49.5], crval_deg: [359.99, 30], cd: [-1e-3, 0, 0, 1e-3] };
const anywhere = fc.tuple(fc.double({ min: 0, max: 359.99, noNaN: true }), fc.double({ min: -89.9, max: 89.9, noNaN: true }));

describe('sky/sphere', () => {
  const distances: [string, [number, number, number, number], number][] = [
    ['nothing', [10, 20, 10, 20], 0],
    ['a degree along the equator, over the zero of RA', [359.5, 0, 0.5, 0], 3600],
    ['a micro-arcsecond', [10, 0, 10, 1e-6 / 3600], 1e-6],
    ['pole to pole', [0, 90, 123, -90], 180 * 3600],
    ['antipodes', [10, 20, 190, -20], 180 * 3600],
    ['nearly antipodes', [10, 20, 190, -20.0001], 180 * 3600 - 0.36],
  ];
  for (const [name, [a, b, c, d], expected] of distances) {
    it(`separation: ${name}`, () => {
      expect(separation_arcsec(a, b, c, d)).to.be.closeTo(expected, 1e-9 * (1 + expected) * 1e-3 + 1e-15);
    });
  }
  it('an offset has its distance and angle', () => {
    fc.assert(fc.property(anywhere, fc.double({ min: 0, max: 359.9, noNaN: true }), fc.double({ min: 1, max: 1e5, noNaN: true }),
      ([ra, dec], angle, distance) => {
        const [ra2, dec2] = offsetBy(ra, dec, angle, distance);
        expect(separation_arcsec(ra, dec, ra2, dec2)).to.be.closeTo(distance, 1e-6);
        const wrapped = Math.abs(positionAngle_deg(ra, dec, ra2, dec2) - angle);
        expect(Math.min(wrapped, 360 - wrapped)).to.be.below(1e-6);
      }), { seed: 1, numRuns: 300 });
  });
  it('tangent offsets agree with distance and angle', () => {
    const [ra, dec] = offsetBy(200, 60, 30, 20);
    const [east, north] = tangentOffset_arcsec(ra, dec, 200, 60);
    expect(east).to.be.closeTo(10, 1e-6);
    expect(north).to.be.closeTo(20 * Math.cos(Math.PI / 6), 1e-6);
    expect(tangentOffset_arcsec(20, -60, 200, 60)).to.deep.equal([NaN, NaN]);
  });
  for (const [name, cd] of [['sky parity', [-1e-3, 0, 0, 1e-3]], ['mirrored', [1e-3, 0, 0, 1e-3]]] as const) {
    it(`polygon of an image is counter-clockwise and holds its pixels: ${name}`, () => {
      const polygon = polygonOfBox({ ...wcs, cd: [...cd] }, 200, 100);
      const [a, b, c] = polygon.vertices_deg.map(([ra, dec]) => unitVector(ra, dec)) as unknown as [number[], number[], number[]];
      const turn = a[0]! * (b[1]! * c[2]! - b[2]! * c[1]!) + a[1]! * (b[2]! * c[0]! - b[0]! * c[2]!)
        + a[2]! * (b[0]! * c[1]! - b[1]! * c[0]!);
      expect(turn).to.be.above(0);
      expect(polygonContains(polygon, 359.99, 30)).to.equal(true);
      expect(polygonContains(polygon, 0.05, 30)).to.equal(true);
      expect(polygonContains(polygon, 0.2, 30)).to.equal(false);
      expect(polygonArea_deg2(polygon)).to.be.closeTo(200 * 100 * 1e-6, 1e-6);
      expect(boundingCircle(polygon).radius_arcsec).to.be.closeTo(Math.hypot(0.1, 0.05) * 3600, 0.1);
    });
  }
  it('overlap: shifted frames meet until they are apart; a cross without shared corners meets', () => {
    const at = (x: number): SkyWcs => ({ ...wcs, crpix: [99.5 - x, 49.5] });
    const first = polygonOfBox(wcs, 200, 100);
    expect(polygonsOverlap(first, polygonOfBox(at(199), 200, 100))).to.equal(true);
    expect(polygonsOverlap(first, polygonOfBox(at(202), 200, 100))).to.equal(false);
    expect(polygonsOverlap(first, polygonOfBox(at(202), 200, 100, 2))).to.equal(true);
    const wide = polygonOfBox({ ...wcs, crpix: [199.5, 4.5] }, 400, 10);
    const tall = polygonOfBox({ ...wcs, crpix: [4.5, 199.5] }, 10, 400);
    expect(polygonsOverlap(wide, tall)).to.equal(true);
    expect(polygonsOverlap(first, { vertices_deg: [[179, -31], [180, -31], [180, -29], [179, -29]] })).to.equal(false);
  });
});
