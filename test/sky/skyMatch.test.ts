import { expect } from 'chai';
import { random } from '../../src/numeric/random.ts';
import { nearestOnSky, pairsOnSky } from '../../src/sky/skyMatch.ts';
import { separation_arcsec } from '../../src/sky/sphere.ts';

function field(seed: number, n: number, centre: [number, number], size_deg: number): { ra: number[]; dec: number[] } {
  const r = random(seed);
  const ra: number[] = [];
  const dec: number[] = [];
  for (let i = 0; i < n; i++) {
    dec.push(centre[1] + size_deg * (r.uniform() - 0.5));
    ra.push((centre[0] + (size_deg * (r.uniform() - 0.5)) / Math.cos((centre[1] * Math.PI) / 180) + 360) % 360);
  }
  return { ra, dec };
}

describe('sky/skyMatch', () => {
  for (const [name, centre, size, radius] of [
    ['over the zero of RA', [0, 0], 0.05, 10], ['near the pole', [120, 89.9], 0.1, 30], ['everywhere', [180, 0], 170, 20000],
  ] as [string, [number, number], number, number][]) {
    it(`pairs and nearest agree with the slow loop: ${name}`, () => {
      const a = field(1, 200, centre, size);
      const b = field(2, 300, centre, size);
      const slow: string[] = [];
      const nearest = a.ra.map((ra, i) => {
        let best = -1;
        let distance = Infinity;
        b.ra.forEach((ra2, j) => {
          const s = separation_arcsec(ra, a.dec[i]!, ra2, b.dec[j]!);
          if (s <= radius) slow.push(`${i} ${j}`);
          if (s <= radius && s < distance) { best = j; distance = s; }
        });
        return best;
      });
      const pairs = pairsOnSky(a.ra, a.dec, b.ra, b.dec, radius);
      expect(slow.length).to.be.above(20);
      expect(Array.from(pairs.first, (i, k) => `${i} ${pairs.second[k]!}`)).to.deep.equal(slow);
      const match = nearestOnSky(a.ra, a.dec, b.ra, b.dec, radius);
      expect(Array.from(match.index)).to.deep.equal(nearest);
      match.index.forEach((j, i) => {
        if (j < 0) expect(match.separation_arcsec[i]).to.be.NaN;
        else expect(match.separation_arcsec[i]).to.be.closeTo(separation_arcsec(a.ra[i]!, a.dec[i]!, b.ra[j]!, b.dec[j]!), 1e-6);
      });
    });
  }
  it('positions that are not numbers match nothing; empty catalogs too', () => {
    expect(Array.from(nearestOnSky([NaN, 10], [0, 0], [10, NaN], [0, 0], 5).index)).to.deep.equal([-1, 0]);
    expect(nearestOnSky([], [], [1], [1], 1).index.length).to.equal(0);
    expect(Array.from(nearestOnSky([1], [1], [], [], 1).index)).to.deep.equal([-1]);
  });
  it('refuses a radius that is not positive', () => expect(() => nearestOnSky([1], [1], [1], [1], 0)).to.throw(RangeError, '0'));
});
