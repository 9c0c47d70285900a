import { expect } from 'chai';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import {
  healpixBoundary, healpixCenter, healpixCount, healpixIndex, healpixNestOfRing, healpixPixels, healpixRanges, healpixRingOfNest,
} from '../../src/sky/healpix.ts';
import type { SkyRegion } from '../../src/sky/region.ts';
import { separation_arcsec } from '../../src/sky/sphere.ts';

type Position = [number, number];
interface Query { order: number; centers: number[]; inclusive: number[] }
const golden = JSON.parse(readFileSync(new URL('../golden/sky/healpix.json', import.meta.url), 'utf8')) as {
  points: [number, number, number, string, string, number, number][];
  boundaries: [number, number, number, Position[]][];
  discs: (Query & { ra: number; dec: number; radius_deg: number })[];
  polygons: (Query & { vertices_deg: Position[] })[];
};
const order = fc.integer({ min: 0, max: 29 });
const position = fc.tuple(fc.double({ min: 0, max: 359.999, noNaN: true }), fc.double({ min: -90, max: 90, noNaN: true }));

function expectQuery(query: Query, region: SkyRegion): void {
  const centers = healpixPixels(query.order, region, 'centers').map(Number);
  const overlapping = healpixPixels(query.order, region, 'overlapping').map(Number);
  expect(centers).to.deep.equal(query.centers);
  const wide = new Set(query.inclusive);
  expect(overlapping.filter(p => !wide.has(p)), 'pixels that healpy does not have').to.deep.equal([]);
  expect(overlapping.length).to.be.greaterThan(centers.length);
  // Whatever lies in the region lies in one of the pixels.
  const ours = new Set(overlapping);
  const fine = healpixPixels(query.order + 3, region, 'centers');
  expect(fine.filter(p => !ours.has(Number(p >> 6n)))).to.deep.equal([]);
  expect(fine.length).to.be.greaterThan(20);
}

describe('sky/healpix', () => {
  it(`numbers ${golden.points.length} positions as healpy does, orders 0 to 29, nest and ring`, () => {
    for (const [o, ra, dec, nest, ring, lon, lat] of golden.points) {
      const where = `order ${o} at (${ra}, ${dec})`;
      expect(healpixIndex(o, ra, dec).toString(), where).to.equal(nest);
      expect(healpixIndex(o, ra, dec, 'ring').toString(), where).to.equal(ring);
      expect(healpixNestOfRing(o, BigInt(ring)).toString(), where).to.equal(nest);
      expect(healpixRingOfNest(o, BigInt(nest)).toString(), where).to.equal(ring);
      for (const center of [healpixCenter(o, BigInt(nest)), healpixCenter(o, BigInt(ring), 'ring')]) {
        expect(separation_arcsec(...center, lon, lat), where).to.be.below(1e-8);
      }
    }
  });
  it('draws borders as healpy does', () => {
    for (const [o, pixel, step, expected] of golden.boundaries) {
      const found = healpixBoundary(o, pixel, { step });
      expect(found.length).to.equal(4 * step);
      found.forEach((p, k) => expect(separation_arcsec(...p, ...expected[k]!), `${o} ${pixel} ${k}`).to.be.below(1e-7));
    }
  });
  for (const { ra, dec, radius_deg, ...query } of golden.discs) {
    it(`finds the pixels of the disc (${ra}, ${dec}), ${radius_deg} deg, order ${query.order}`, () => {
      expectQuery(query, { ra, dec, radius_deg });
    });
  }
  for (const { vertices_deg, ...query } of golden.polygons) {
    it(`finds the pixels of the polygon from (${vertices_deg[0]!.join(', ')}), order ${query.order}`, () => {
      expectQuery(query, { vertices_deg });
    });
  }
  it('every pixel of the low orders goes through both numberings, centre and index', () => {
    for (const o of [0, 1, 2, 3, 4]) {
      for (let p = 0n; p < healpixCount(o); p++) {
        const ring = healpixRingOfNest(o, p);
        expect(healpixNestOfRing(o, ring)).to.equal(p);
        expect(healpixIndex(o, ...healpixCenter(o, p))).to.equal(p);
        expect(healpixIndex(o, ...healpixCenter(o, ring, 'ring'), 'ring')).to.equal(ring);
      }
    }
  });
  it('at any order: numberings are inverse, parents contain children, rings go from north to south', () => {
    fc.assert(fc.property(order, position, (o, [ra, dec]) => {
      const nest = healpixIndex(o, ra, dec);
      const ring = healpixRingOfNest(o, nest);
      expect(healpixNestOfRing(o, ring)).to.equal(nest);
      if (o > 0) expect(healpixIndex(o - 1, ra, dec)).to.equal(nest >> 2n);
      if (ring > 0n) expect(healpixCenter(o, ring - 1n, 'ring')[1]).to.be.at.least(healpixCenter(o, ring, 'ring')[1] - 1e-12);
    }), { seed: 3, numRuns: 500 });
  });
  it('a small disc at order 29 is found without walking the sphere', () => {
    const ranges = healpixRanges(29, { ra: 53, dec: -28, radius_deg: 1e-6 }, 'overlapping');
    const n = ranges.reduce((sum, [begin, end]) => sum + end - begin, 0n);
    const area = Math.PI * 1e-12 / (129600 / Math.PI / Number(healpixCount(29)));
    expect(Number(n) / area).to.be.within(1, 1.3);
    const here = healpixIndex(29, 53, -28);
    expect(ranges.some(([begin, end]) => here >= begin && here < end)).to.equal(true);
  });
  it('the whole sphere is one range and an empty intersection none', () => {
    expect(healpixRanges(7, { ra: 0, dec: 0, radius_deg: 180 }, 'centers')).to.deep.equal([[0n, healpixCount(7)]]);
    const apart: SkyRegion = { operator: 'intersection', operands: [{ ra: 0, dec: 0, radius_deg: 1 }, { ra: 9, dec: 0, radius_deg: 1 }] };
    expect(healpixRanges(6, apart, 'overlapping')).to.deep.equal([]);
  });
  const refused: readonly (readonly [string, () => unknown, string])[] = [
    ['an order that is too deep', () => healpixIndex(30, 0, 0), 'order 30'], ['half an order', () => healpixCount(1.5), 'order 1.5'],
    ['an index beyond the last', () => healpixCenter(0, 12), 'pixel 12'], ['a negative index', () => healpixRingOfNest(3, -1), 'pixel -1'],
    ['a declination beyond the pole', () => healpixIndex(3, 0, 90.1), '90.1'], ['no position', () => healpixIndex(3, NaN, 0), 'NaN'],
  ];
  for (const [name, call, text] of refused) it(`refuses ${name}`, () => expect(call).to.throw(RangeError, text));
});
