import { expect } from 'chai';
import { separation_arcsec } from '../../src/sky/sphere.ts';
import type { Vector3 } from '../../src/sky/sphere.ts';
import { apparentDirection, perihelionOf, twoBodyPosition } from '../../src/sky/twoBody.ts';
import type { OrbitalElements } from '../../src/sky/twoBody.ts';

const GM = 0.01720209895 ** 2;
const orbit = (changes: Partial<OrbitalElements> = {}): OrbitalElements =>
  ({ q_au: 1.7, e: 0.2, inclination_deg: 12, node_deg: 77, argPerihelion_deg: 140, perihelionTime_mjd: 60_000, ...changes });

/** Newton's law in small steps (Runge-Kutta of order 4) from positions of the orbit itself. */
function integrated(elements: OrbitalElements, from: number, to: number): Vector3 {
  const h0 = 1e-3;
  const [a, b] = [twoBodyPosition(elements, from - h0), twoBodyPosition(elements, from + h0)];
  let x = [...twoBodyPosition(elements, from)];
  let v = b.map((value, k) => (value - a[k]!) / (2 * h0));
  const pull = (p: readonly number[]): number[] => p.map(value => (-GM * value) / Math.hypot(...p) ** 3);
  const add = (p: readonly number[], q: readonly number[], f: number): number[] => p.map((value, k) => value + f * q[k]!);
  const n = 4000;
  const h = (to - from) / n;
  for (let step = 0; step < n; step++) {
    const a1 = pull(x);
    const [v2, a2] = [add(v, a1, h / 2), pull(add(x, v, h / 2))];
    const [v3, a3] = [add(v, a2, h / 2), pull(add(x, v2, h / 2))];
    const [v4, a4] = [add(v, a3, h), pull(add(x, v3, h))];
    x = x.map((value, k) => value + (h / 6) * (v[k]! + 2 * v2[k]! + 2 * v3[k]! + v4[k]!));
    v = v.map((value, k) => value + (h / 6) * (a1[k]! + 2 * a2[k]! + 2 * a3[k]! + a4[k]!));
  }
  return [x[0]!, x[1]!, x[2]!];
}

describe('sky/twoBody', () => {
  for (const [name, elements] of [
    ['a main-belt asteroid', orbit()], ['a circle', orbit({ e: 0 })], ['a comet', orbit({ q_au: 0.6, e: 0.97 })],
    ['a parabola', orbit({ e: 1 })], ['nearly a parabola', orbit({ e: 0.9999999 })],
    ['an interstellar one', orbit({ q_au: 0.26, e: 1.2 })], ['a fast one', orbit({ e: 6.1 })],
  ] as const) {
    it(`moves as Newton's law has it: ${name}`, () => {
      const [from, to] = [60_005, 60_125];
      const expected = integrated(elements, from, to);
      twoBodyPosition(elements, to).forEach((value, k) => expect(value).to.be.closeTo(expected[k]!, 2e-7));
      // Before the perihelion it is the mirror of what comes after.
      const [before, after] = [59_950, 60_050].map(mjd => Math.hypot(...twoBodyPosition(elements, mjd)));
      expect(before).to.be.closeTo(after!, 1e-10);
    });
  }
  it('is oriented by the ecliptic of J2000', () => {
    const flat = orbit({ e: 0, inclination_deg: 0, node_deg: 0, argPerihelion_deg: 0, q_au: 1 });
    const quarter = twoBodyPosition(flat, 60_000 + Math.PI / 2 / Math.sqrt(GM));
    const obliquity = (84381.406 / 3600) * (Math.PI / 180);
    [0, Math.cos(obliquity), Math.sin(obliquity)].forEach((value, k) => expect(quarter[k]).to.be.closeTo(value, 1e-9));
    const pole = twoBodyPosition({ ...flat, inclination_deg: 90 }, 60_000 + Math.PI / 2 / Math.sqrt(GM));
    [0, -Math.sin(obliquity), Math.cos(obliquity)].forEach((value, k) => expect(pole[k]).to.be.closeTo(value, 1e-9));
  });
  it('the perihelion from semimajor axis and mean anomaly', () => {
    const found = perihelionOf({ a_au: 2.5, e: 0.2, meanAnomaly_deg: 350, epoch_mjd: 60_100 });
    expect(found.q_au).to.be.closeTo(2, 1e-12);
    const period = 2 * Math.PI * Math.sqrt(2.5 ** 3 / GM);
    expect(found.perihelionTime_mjd).to.be.closeTo(60_100 + (10 / 360) * period, 1e-9);
  });
  it('light takes its time', () => {
    const [observer, at] = [[1, 0, 0] as const, 60_050];
    const [ra, dec] = apparentDirection(orbit(), observer, at);
    const body = twoBodyPosition(orbit(), at);
    const geometric = body.map((value, k) => value - observer[k]!);
    const now = [Math.atan2(geometric[1]!, geometric[0]!), Math.asin(geometric[2]! / Math.hypot(...geometric))]
      .map(a => (a * 180) / Math.PI);
    // Some fifteen minutes at some 0.2 degrees a day.
    expect(separation_arcsec(ra, dec, (now[0]! + 360) % 360, now[1]!)).to.be.within(1, 30);
  });
  it('elements that are none give NaN', () => {
    for (const bad of [{ q_au: 0 }, { e: -0.1 }, { perihelionTime_mjd: NaN }]) expect(twoBodyPosition(orbit(bad), 60_000)[0]).to.be.NaN;
  });
});
