import { expect } from 'chai';
import fc from 'fast-check';
import { associate } from '../../../src/astro/association/associate.ts';
import type { SkyPositions } from '../../../src/astro/association/associate.ts';
import { idRange } from '../../../src/astro/association/sourceIds.ts';
import { offsetBy } from '../../../src/sky/sphere.ts';

/** Positions on the line north of (350, 10), arcsec, with one error for all. */
function line(offsets: readonly number[], error_arcsec = 0.1): SkyPositions {
  const at = offsets.map(d => (Number.isNaN(d) ? [NaN, NaN] : offsetBy(350, 10, d < 0 ? 180 : 0, Math.abs(d))));
  const errors = offsets.map(() => error_arcsec / 3600);
  return { ra: at.map(p => p[0]!), dec: at.map(p => p[1]!), raErr: errors, decErr: errors };
}

describe('astro/association/associate', () => {
  const cases: [string, number[], number[], number[], number[]][] = [
    ['one to one', [0, 10], [10.1, 0.2], [1, 0], [1, 0]],
    ['beyond the radius', [0], [1.01], [-1], [-1]],
    ['two sources near one object: the nearer has it', [0.3, 0.1], [0], [-1, 0], [-1, 0]],
    ['a chain: a pair at 5 sigma is worse than one source alone', [0.0, 0.9], [0.55, 1.6], [-1, 0], [-1, 0]],
    ['two sources whose nearest object is the same: greedy leaves the second alone, the optimum finds the other', [0, 0.35], [0.1, 0.9], [0, 1], [0, -1]],
    ['a source without a position', [NaN, 0], [0], [-1, 0], [-1, 0]],
    ['no objects', [0, 1], [], [-1, -1], [-1, -1]],
    ['no sources', [], [0], [], []],
  ];
  for (const [name, sources, objects, optimal, nearest] of cases) {
    it(name, () => {
      const best = associate(line(sources), line(objects));
      expect([...best.object]).to.deep.equal(optimal);
      expect(best.nMatched).to.equal(optimal.filter(j => j >= 0).length);
      expect(best.nUnmatchedObjects).to.equal(objects.length - best.nMatched);
      expect([...associate(line(sources), line(objects), { method: 'greedy' }).object]).to.deep.equal(nearest);
    });
  }
  it('a chain within the errors: the optimum matches all, the greedy form leaves one over', () => {
    const [sources, objects] = [line([0, 0.9], 0.4), line([0.55, 1.6], 0.4)];
    expect([...associate(sources, objects).object]).to.deep.equal([0, 1]);
    expect([...associate(sources, objects, { method: 'greedy' }).object]).to.deep.equal([-1, 0]);
  });
  it('prefers the object whose errors fit, not the nearer one', () => {
    const errors = [0.05 / 3600, 0.5 / 3600];
    const objects = { ...line([0.4, -0.5]), raErr: errors, decErr: errors };
    const source = line([0], 0.05);
    expect([...associate(source, objects, { sigmaFloor_arcsec: 0.01 }).object]).to.deep.equal([1]);
    expect([...associate(source, objects, { method: 'greedy' }).object]).to.deep.equal([0]);
  });
  it('is one to one, within the radius, and independent of far groups', () => {
    const offsets = fc.array(fc.double({ min: 0, max: 6, noNaN: true }), { maxLength: 12 });
    fc.assert(fc.property(offsets, offsets, (s, o) => {
      const found = associate(line(s), line(o));
      const taken = [...found.object].filter(j => j >= 0);
      expect(new Set(taken).size).to.equal(taken.length);
      found.object.forEach((j, i) => {
        if (j >= 0) expect(found.separation_arcsec[i]).to.be.at.most(1);
        // Nobody is left alone while a free partner is in reach.
        else o.forEach((d, k) => expect(taken.includes(k) || Math.abs(d - s[i]!) > 1 - 1e-9).to.equal(true));
      });
      const withFar = associate(line([...s, 100, 100.3]), line([...o, 100.1, 100.2]));
      const far = [o.length, o.length + 1];
      expect([...withFar.object].map(j => (far.includes(j) ? -2 : j)).slice(0, s.length)).to.deep.equal([...found.object]);
    }), { seed: 21, numRuns: 150 });
  });
});

describe('astro/association/sourceIds', () => {
  const sim = { visitMax: 100_000, detectorMax: 2 };
  it('ranges of neighbours do not meet and stay positive', () => {
    const first = idRange({ visit: 7, detector: 1 }, sim);
    const next = idRange({ visit: 7, detector: 2 }, sim);
    expect(next.first - first.first).to.equal(BigInt(first.capacity));
    const last = idRange({ visit: 100_000, detector: 2 }, sim);
    expect(last.first + BigInt(last.capacity) < 2n ** 63n).to.equal(true);
    const large = { visitMax: 9999123199999, detectorMax: 255 };
    expect(idRange({ visit: 2026010100001, detector: 188 }, large).capacity).to.equal(2048);
  });
  it('refuses what does not fit', () => {
    expect(() => idRange({ visit: 100_001, detector: 0 }, sim)).to.throw(RangeError, '100001');
    expect(() => idRange({ visit: 1, detector: 3 }, sim)).to.throw(RangeError, 'detector 3');
    expect(() => idRange({ visit: 1, detector: 1 }, { visitMax: 2 ** 52, detectorMax: 1000 })).to.throw(RangeError, 'bits');
  });
});
