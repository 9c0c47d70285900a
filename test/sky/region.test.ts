import { expect } from 'chai';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { healpixCenter, healpixCount } from '../../src/sky/healpix.ts';
import { htmEnvelope, htmIndex, htmInterior, htmTrixel, indicesOfRanges } from '../../src/sky/htm.ts';
import {
  capRelation, isBox, isEllipse, regionArea_deg2, regionBoundingBox, regionBoundingCircle, regionContains,
} from '../../src/sky/region.ts';
import type { SkyRegion, SkyShape } from '../../src/sky/region.ts';
import { bytesOfHex, decodeRegion, decodeRegionText, encodeRegion, hexOfBytes } from '../../src/sky/regionEncoding.ts';
import { convexHull, regionHolds, regionsOverlap } from '../../src/sky/regionOverlap.ts';
import { offsetBy, polygonContains, separation_arcsec, unitVector } from '../../src/sky/sphere.ts';

interface Row {
  region: SkyRegion; encoded: string; points: [number, number, boolean][]; level: number;
  envelope: [number, number][] | null; interior: [number, number][] | null;
}
const golden = JSON.parse(readFileSync(new URL('../golden/sky/regions.json', import.meta.url), 'utf8')) as {
  index: [number, number, number, number, number, number][]; regions: Row[]; disjoint: boolean[][];
};
const isShape = (region: SkyRegion): region is SkyShape => !('operator' in region);
const shapes = golden.regions.map(r => r.region).filter(isShape);
/** Pixel centres of HEALPix order 5 (about 2 deg apart): an even sample of the sphere. */
const sample = Array.from({ length: Number(healpixCount(5)) }, (_, p) => healpixCenter(5, p));
const nameOf = (region: SkyRegion): string => JSON.stringify(region).slice(0, 70);
const doubles = (bytes: Uint8Array, from: number): number[] => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: (bytes.length - from) / 8 }, (_, k) => view.getFloat64(from + 8 * k, true));
};
const position = fc.tuple(fc.double({ min: 0, max: 359.99, noNaN: true }), fc.double({ min: -90, max: 90, noNaN: true }));

describe('sky/region', () => {
  it('HTM indices of levels 0, 7, 20 and 24 are those of sphgeom', () => {
    for (const [ra, dec, ...expected] of golden.index) {
      expect([0, 7, 20, 24].map(level => htmIndex(level, ra, dec))).to.deep.equal(expected);
    }
  });
  for (const { region, encoded, points, level, envelope, interior } of golden.regions) {
    describe(nameOf(region), () => {
      it('has the bytes of sphgeom, to 2e-15, and comes back', () => {
        const bytes = encodeRegion(region);
        const expected = bytesOfHex(encoded);
        expect([bytes.length, bytes[0]]).to.deep.equal([expected.length, expected[0]]);
        if (isShape(region)) {
          const found = doubles(bytes, 1);
          doubles(expected, 1).forEach((value, k) => expect(found[k]).to.be.closeTo(value, 2e-15 * Math.max(1, value * value)));
        }
        for (const [ra, dec, isIn] of points) {
          for (const back of [decodeRegion(expected), decodeRegion(bytes)]) expect(regionContains(back, ra, dec)).to.equal(isIn);
        }
      });
      it('contains the points that sphgeom says', () => {
        for (const [ra, dec, isIn] of points) expect(regionContains(region, ra, dec), `${ra} ${dec}`).to.equal(isIn);
        expect(new Set(points.map(p => p[2])).size).to.equal(2);
      });
      if (envelope !== null && interior !== null) {
        it('has the trixels of sphgeom (boxes: never more outside, never fewer inside)', () => {
          const [outer, inner] = [htmEnvelope(level, region), htmInterior(level, region)];
          if (!isBox(region)) {
            expect(outer).to.deep.equal(envelope);
            expect(inner).to.deep.equal(interior);
          } else {
            const [theirs, ours] = [new Set(indicesOfRanges(envelope)), new Set(indicesOfRanges(inner))];
            expect(indicesOfRanges(outer).filter(id => !theirs.has(id))).to.deep.equal([]);
            expect(indicesOfRanges(interior).filter(id => !ours.has(id))).to.deep.equal([]);
          }
        });
      }
      it('its trixels cover it, and its inner trixels stay inside', () => {
        const outer = new Set(indicesOfRanges(htmEnvelope(level, region)));
        const inner = new Set(indicesOfRanges(htmInterior(level, region)));
        const border = [...outer].filter(id => !inner.has(id));
        for (const [ra, dec] of [...points, ...sample]) {
          const id = htmIndex(level, ra, dec);
          if (regionContains(region, ra, dec)) expect(outer.has(id), `${ra} ${dec} outside`).to.equal(true);
          else expect(inner.has(id), `${ra} ${dec} inside`).to.equal(false);
        }
        expect(border.length).to.be.greaterThan(0);
      });
      it('small circles lie to it as their points do', () => {
        const relation = capRelation(region);
        fc.assert(fc.property(fc.constantFrom(...points), fc.double({ min: 1e-4, max: 3, noNaN: true }), ([ra, dec], r_deg) => {
          const found = relation(unitVector(ra, dec), (r_deg * Math.PI) / 180);
          if (found === 'border') return;
          for (let k = 0; k < 12; k++) {
            const p = offsetBy(ra, dec, 30 * k, r_deg * 3600 * 0.999999);
            expect(regionContains(region, ...p)).to.equal(found === 'inside');
          }
        }), { seed: 4, numRuns: 40 });
      });
      it('lies in its bounding circle' + (isShape(region) ? ' and box' : ''), () => {
        const circle = regionBoundingCircle(region);
        const inside = [...points, ...sample].filter(([ra, dec]) => regionContains(region, ra, dec));
        for (const [ra, dec] of inside) {
          expect(separation_arcsec(circle.ra, circle.dec, ra, dec)).to.be.at.most(circle.radius_deg * 3600 + 1e-6);
          if (isShape(region)) expect(regionContains(regionBoundingBox(region), ra, dec)).to.equal(true);
        }
        expect(inside.length).to.be.greaterThan(0);
      });
    });
  }

  it('overlap: never where sphgeom says disjoint, always where a point is shared', () => {
    const inside = golden.regions.map(({ region, points }) => [...points, ...sample].filter(p => regionContains(region, p[0], p[1])));
    golden.regions.forEach((a, i) => golden.regions.forEach((b, j) => {
      const name = `${nameOf(a.region)} and ${nameOf(b.region)}`;
      const found = regionsOverlap(a.region, b.region);
      if (golden.disjoint[i]![j]!) expect(found, name).to.equal(false);
      if (inside[i]!.some(p => regionContains(b.region, p[0], p[1]))) expect(found, name).to.equal(true);
    }));
  });
  const pairs: readonly (readonly [string, SkyRegion, SkyRegion, boolean])[] = [
    ['circles that nearly touch', { ra: 0, dec: 0, radius_deg: 1 }, { ra: 2.0001, dec: 0, radius_deg: 1 }, false],
    ['circles that touch', { ra: 0, dec: 0, radius_deg: 1 }, { ra: 1.9999, dec: 0, radius_deg: 1 }, true],
    ['boxes side by side across 0', { raMin: 350, raMax: 359, decMin: 0, decMax: 5 }, { raMin: 0, raMax: 5, decMin: 0, decMax: 5 }, false],
    ['boxes that share a side', { raMin: 350, raMax: 2, decMin: 0, decMax: 5 }, { raMin: 1, raMax: 5, decMin: 5, decMax: 6 }, true],
    ['boxes that meet in the pole only', { raMin: 0, raMax: 2, decMin: 80, decMax: 90 }, { raMin: 100, raMax: 105, decMin: 85, decMax: 90 }, true],
    ['a circle over the pole and a box', { ra: 0, dec: 89, radius_deg: 2 }, { raMin: 170, raMax: 190, decMin: 80, decMax: 89.5 }, true],
    ['a circle near a wide parallel', { ra: 0, dec: 60, radius_deg: 1 }, { raMin: 300, raMax: 60, decMin: 61.01, decMax: 70 }, false],
    ['an edge that bulges into a box', { vertices_deg: [[0, 50], [40, 50], [20, 40]] }, { raMin: 19, raMax: 21, decMin: 51, decMax: 52 }, true],
    ['an edge that does not bulge so far', { vertices_deg: [[0, 50], [40, 50], [20, 40]] }, { raMin: 19, raMax: 21, decMin: 53, decMax: 54 }, false],
    ['a box in a polygon', { vertices_deg: [[0, 0], [10, 0], [5, 9]] }, { raMin: 4, raMax: 5, decMin: 2, decMax: 3 }, true],
    ['a slim ellipse beside a circle', { ra: 0, dec: 0, alpha_deg: 10, beta_deg: 0.1, angle_deg: 0 }, { ra: 1, dec: 5, radius_deg: 0.8 }, false],
    ['a slim ellipse and a circle', { ra: 0, dec: 0, alpha_deg: 10, beta_deg: 0.1, angle_deg: 0 }, { ra: 1, dec: 5, radius_deg: 0.95 }, true],
  ];
  for (const [name, a, b, expected] of pairs) {
    it(`overlap of ${name}: ${expected}`, () => expect([regionsOverlap(a, b), regionsOverlap(b, a)]).to.deep.equal([expected, expected]));
  }
  it('areas agree with counted pixels, and with the closed forms', () => {
    const total = 129600 / Math.PI;
    const fine = Number(healpixCount(7));
    const counts = shapes.map(() => 0);
    for (let p = 0; p < fine; p++) {
      const at = healpixCenter(7, p);
      shapes.forEach((shape, k) => { if (regionContains(shape, ...at)) counts[k]!++; });
    }
    shapes.forEach((shape, k) => {
      const area = regionArea_deg2(shape);
      if (counts[k]! > 100) expect((counts[k]! * total) / fine / area, nameOf(shape)).to.be.closeTo(1, 4 / Math.sqrt(counts[k]!));
    });
    expect(counts.filter(n => n > 100).length).to.be.greaterThan(5);
    expect(regionArea_deg2({ ra: 0, dec: 0, radius_deg: 180 })).to.be.closeTo(total, 1e-9);
    expect(regionArea_deg2({ raMin: 0, raMax: 360, decMin: -90, decMax: 90 })).to.be.closeTo(total, 1e-9);
    const round = regionArea_deg2({ ra: 5, dec: 5, alpha_deg: 3, beta_deg: 3, angle_deg: 0 });
    expect(round).to.be.closeTo(regionArea_deg2({ ra: 5, dec: 5, radius_deg: 3 }), 1e-9);
    const small = { ra: 5, dec: 5, alpha_deg: 0.003, beta_deg: 0.001, angle_deg: 0 };
    expect(regionArea_deg2(small)).to.be.closeTo(Math.PI * 3e-6, 1e-11);
  });
  it('a trixel is held by the regions around it', () => {
    const trixel = htmTrixel(147175);
    const circle = regionBoundingCircle(trixel);
    expect(regionHolds({ ...circle, radius_deg: circle.radius_deg * 1.0001 }, trixel)).to.equal(true);
    expect(regionHolds({ ...circle, radius_deg: circle.radius_deg * 0.9 }, trixel)).to.equal(false);
    expect(regionHolds(regionBoundingBox(trixel), trixel)).to.equal(true);
    expect(regionHolds({ ra: 0, dec: 90, radius_deg: 175 }, trixel)).to.equal(true);
  });
  describe('convex hull', () => {
    it('holds all positions, its vertices are among them, and it is the hull of itself', () => {
      // Steps of degrees: four directions from one place never lie on a line but for rounding.
      const offset = fc.tuple(fc.integer({ min: 0, max: 359 }), fc.integer({ min: 1, max: 80 }));
      const offsets = fc.uniqueArray(offset, { minLength: 4, maxLength: 40, selector: ([angle]) => angle });
      fc.assert(fc.property(position, offsets, ([ra, dec], list) => {
        const points = list.map(([angle, distance]) => offsetBy(ra, dec, angle, distance * 3600));
        const hull = convexHull(points);
        for (const [r, d] of points) {
          const isIn = polygonContains(hull, r, d) || hull.vertices_deg.some(v => separation_arcsec(...v, r, d) < 1e-6);
          const edge = Math.abs(regionDistance(hull, r, d));
          expect(isIn || edge < 1e-12).to.equal(true);
        }
        for (const [r, d] of hull.vertices_deg) expect(points.some(p => separation_arcsec(...p, r, d) < 1e-7)).to.equal(true);
        const again = convexHull(hull.vertices_deg);
        for (const [r, d] of hull.vertices_deg) expect(regionDistance(again, r, d)).to.be.greaterThan(-1e-12);
      }), { seed: 5, numRuns: 100 });
    });
    it('works when the mean of the positions is no good pole', () => {
      const crowd = Array.from({ length: 50 }, (_, k): [number, number] => [0.01 * k, 0.01 * (k % 7)]);
      const hull = convexHull([...crowd, [100, 5], [80, 60]]);
      expect(hull.vertices_deg.some(([ra]) => Math.abs(ra - 100) < 1e-9)).to.equal(true);
    });
    const refused: readonly (readonly [string, [number, number][], string])[] = [
      ['two positions', [[0, 0], [1, 1]], '2 positions'], ['positions on the equator', [[0, 0], [10, 0], [5, 0]], 'great circle'],
      ['positions all round the sphere', [[0, 0], [120, 0], [240, 0], [0, 90], [0, -90]], 'hemisphere'],
    ];
    for (const [name, points, text] of refused) it(`refuses ${name}`, () => expect(() => convexHull(points)).to.throw(RangeError, text));
  });
  describe('encoding', () => {
    it('text of several parts is their union', () => {
      const parts = [golden.regions[3]!, golden.regions[7]!].map(r => Buffer.from(r.encoded, 'hex').toString('base64'));
      const region = decodeRegionText(parts.join(':'));
      expect(regionContains(region, 53, -28)).to.equal(true);
      expect(regionContains(region, 355, 0)).to.equal(true);
      expect(regionContains(region, 20, 0)).to.equal(false);
      expect('radius_deg' in decodeRegionText(parts[0]!)).to.equal(true);
    });
    it('compound regions have exactly the bytes of their operands behind lengths', () => {
      const both = golden.regions[15]!;
      expect(hexOfBytes(encodeRegion(decodeRegion(bytesOfHex(both.encoded)))).length).to.equal(both.encoded.length);
    });
    const damaged: readonly (readonly [string, string, string])[] = [
      ['of no type', '', 'type byte undefined'], ['of an unknown type', '7a00', 'type byte 122'], ['a short box', '62' + '00'.repeat(24), '25 bytes'],
      ['an empty box', '62000000000000f87f000000000000f87f000000000000f03f0000000000000000', 'not empty'],
      ['an ellipse of zeros', '65' + '00'.repeat(112), 'semi-axes'], ['a union cut in a length', '75210000', 'operand'],
      ['a union that claims too much', '75ffffffffffffff7f63', 'operand'],
    ];
    for (const [name, hex, text] of damaged) {
      it(`refuses bytes ${name}`, () => expect(() => decodeRegion(bytesOfHex(hex))).to.throw(text).with.property('code', 'BAD_FORMAT'));
    }
    it('refuses unions nested without end, and text that is no base64', () => {
      let bytes = encodeRegion({ ra: 0, dec: 0, radius_deg: 1 });
      for (let k = 0; k < 30; k++) bytes = encodeUnionOf(bytes);
      expect(() => decodeRegion(bytes)).to.throw('levels');
      expect(() => decodeRegionText('p{}')).to.throw('base64');
    });
    it('refuses ellipses beyond a hemisphere', () => {
      const wide = shapes.filter(isEllipse).map(e => ({ ...e, alpha_deg: 91 }));
      expect(wide.length).to.be.greaterThan(0);
      for (const ellipse of wide) expect(() => encodeRegion(ellipse)).to.throw(RangeError, '91');
    });
  });
});

function encodeUnionOf(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(9 + bytes.length);
  out[0] = 0x75;
  new DataView(out.buffer).setBigUint64(1, BigInt(bytes.length), true);
  out.set(bytes, 9);
  return out;
}

/** Radians from the nearest great circle of an edge, by the triple product. */
function regionDistance(polygon: { readonly vertices_deg: readonly (readonly [number, number])[] }, ra: number, dec: number): number {
  const v = polygon.vertices_deg.map(([r, d]) => unitVector(r, d));
  const p = unitVector(ra, dec);
  return Math.min(...v.map((a, k) => {
    const b = v[(k + 1) % v.length]!;
    const n = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
    return (n[0]! * p[0] + n[1]! * p[1] + n[2]! * p[2]) / Math.hypot(...n);
  }));
}
