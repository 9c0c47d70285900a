import { expect } from 'chai';
import fc from 'fast-check';
import { orientation } from '../../src/sky/orientation.ts';
import { unitVector } from '../../src/sky/sphere.ts';
import type { Vector3 } from '../../src/sky/sphere.ts';

const direction = fc.tuple(fc.double({ min: 0, max: 359.9, noNaN: true }), fc.double({ min: -90, max: 90, noNaN: true }))
  .map(([ra, dec]) => unitVector(ra, dec));
/** The next number up in one component: as near to the first direction as two can be. */
const nudged = (v: Vector3, k: number): Vector3 =>
  v.map((x, i) => (i === k ? x + Math.max(Math.abs(x), 1e-300) * 2 ** -52 : x)) as unknown as Vector3;

describe('sky/orientation', () => {
  it('sides of the equator', () => {
    const [x, y] = [unitVector(0, 0), [0, 1, 0] as const];
    for (const [z, sign] of [[1, 1], [1e-17, 1], [5e-324, 1], [0, 0], [-5e-324, -1], [-1e-17, -1]] as const) {
      expect(Math.sign(orientation([0.6, 0.8, z], x, y)), String(z)).to.equal(sign);
    }
  });
  it('never contradicts itself: cyclic, and opposite when two change places, also for directions one bit apart', () => {
    fc.assert(fc.property(direction, direction, fc.nat(2), fc.double({ min: 0, max: 1, noNaN: true }), (b, c, k, t) => {
      const between: Vector3 = [b[0] + t * (c[0] - b[0]), b[1] + t * (c[1] - b[1]), b[2] + t * (c[2] - b[2])];
      for (const a of [between, nudged(b, k), nudged(between, k)]) {
        const sign = Math.sign(orientation(a, b, c));
        expect([orientation(b, c, a), orientation(c, a, b)].map(Math.sign)).to.deep.equal([sign, sign]);
        expect([orientation(a, c, b), orientation(b, a, c)].map(s => Math.sign(s) + sign)).to.deep.equal([0, 0]);
      }
      expect(orientation(b, b, c)).to.equal(0);
    }), { seed: 31, numRuns: 200 });
  });
});
