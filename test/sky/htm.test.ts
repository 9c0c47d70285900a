import { expect } from 'chai';
import fc from 'fast-check';
import { htmEnvelope, htmIndex, htmTrixel, indicesOfRanges } from '../../src/sky/htm.ts';
import { polygonContains, polygonsOverlap } from '../../src/sky/sphere.ts';

// Origin: lsst.sphgeom HtmPixelization (levels 7 and 20), 2026 release.
const GOLDEN = [
  { ra: 0.1, dec: 0.1, htm7: 253952, htm20: 17042446205759 },
  { ra: 53.0, dec: -28.0, htm7: 147175, htm20: 9876765809834 },
  { ra: 53.01, dec: -28.02, htm7: 147175, htm20: 9876778660377 },
  { ra: 179.5, dec: 45.0, htm7: 243712, htm20: 16355248294596 },
  { ra: 300.25, dec: -89.0, htm7: 184322, htm20: 12369688361860 },
];
const polygon = { vertices_deg: [[52.9, -28.1], [53.1, -28.1], [53.1, -27.9], [52.9, -27.9]] } as const;
const anywhere = fc.record({ ra: fc.double({ min: 0, max: 359.999, noNaN: true }), dec: fc.double({ min: -90, max: 90, noNaN: true }) });

describe('sky/htm', () => {
  for (const { ra, dec, htm7, htm20 } of GOLDEN) {
    it(`numbers (${ra}, ${dec}) as sphgeom does`, () => {
      expect(htmIndex(7, ra, dec)).to.equal(htm7);
      expect(htmIndex(20, ra, dec)).to.equal(htm20);
    });
  }
  it('envelope of a polygon at level 7 as sphgeom gives it', () => {
    expect(indicesOfRanges(htmEnvelope(7, polygon))).to.deep.equal([147172, 147175]);
  });
  it('holds every point of the polygon at level 20, also with few ranges', () => {
    const full = htmEnvelope(12, polygon);
    const coarse = htmEnvelope(20, polygon, 16);
    expect(coarse.length).to.be.within(1, 16);
    for (let i = 0; i <= 10; i++) {
      for (let j = 0; j <= 10; j++) {
        const [ra, dec] = [52.9 + 0.02 * i, -28.09 + 0.0189 * j];
        if (!polygonContains(polygon, ra, dec)) continue;
        const inRanges = (ranges: number[][], id: number): boolean => ranges.some(r => id >= r[0]! && id < r[1]!);
        expect(inRanges(full, htmIndex(12, ra, dec))).to.equal(true);
        expect(inRanges(coarse, htmIndex(20, ra, dec))).to.equal(true);
      }
    }
  });
  it('every direction lies in its trixel, and parents contain children', () => {
    fc.assert(fc.property(anywhere, ({ ra, dec }) => {
      const id = htmIndex(7, ra, dec);
      expect(polygonContains(htmTrixel(id), ra, dec)).to.equal(true);
      expect(Math.floor(htmIndex(20, ra, dec) / 4 ** 13)).to.equal(id);
    }), { seed: 7, numRuns: 300 });
  });
  it('the envelope is exactly the trixels that overlap (slow oracle at level 4)', () => {
    fc.assert(fc.property(anywhere, fc.double({ min: 0.5, max: 20, noNaN: true }), ({ ra, dec }, size) => {
      const top = Math.min(89, dec + size);
      const low = Math.max(-89, dec - size);
      const box = { vertices_deg: [[ra, low], [ra + size, low], [ra + size, top], [ra, top]] as [number, number][] };
      const slow: number[] = [];
      for (let id = 8 * 4 ** 4; id < 16 * 4 ** 4; id++) if (polygonsOverlap(htmTrixel(id), box)) slow.push(id);
      expect(indicesOfRanges(htmEnvelope(4, box))).to.deep.equal(slow);
    }), { seed: 8, numRuns: 15 });
  });
  it('refuses levels that a number cannot hold', () => {
    expect(() => htmIndex(25, 0, 0)).to.throw(RangeError, '25');
    expect(() => htmTrixel(7)).to.throw(RangeError, '7');
  });
});
