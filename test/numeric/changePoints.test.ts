import { expect } from 'chai';
import { changePoints } from '../../src/numeric/changePoints.ts';
import { random } from '../../src/numeric/random.ts';

/** Histories of unit noise with one step of `sigmas`, up or down, at a place in the middle. */
function trial(
  nHistories: number, length: number, sigmas: number, seed: string,
): { near: number; inTime: number; falseAlarms: number; points: number } {
  const rng = random(17, seed);
  let [near, inTime, falseAlarms, points] = [0, 0, 0, 0];
  for (let h = 0; h < nHistories; h++) {
    const step = sigmas === 0 ? length : Math.floor(length * (0.3 + 0.55 * rng.uniform()));
    const sign = rng.uniform() < 0.5 ? -1 : 1;
    const values = Float64Array.from({ length }, (_, i) => 100 + rng.normal() + (i >= step ? sign * sigmas : 0));
    const found = changePoints(values);
    near += found.some(c => Math.abs(c.index - step) <= 2 && Math.sign(c.after - c.before) === sign) ? 1 : 0;
    inTime += found.some(c => c.foundAt >= step && c.foundAt - step <= 2) ? 1 : 0;
    falseAlarms += found.filter(c => Math.abs(c.index - step) > 2).length;
    points += length;
  }
  return { near, inTime, falseAlarms, points };
}

describe('numeric/changePoints', () => {
  it('finds steps of 3 sigma within 2 runs in 1,000 histories, with fewer than 1 false alarm in 1,000 points', () => {
    const steps = trial(1000, 150, 3, 'steps');
    const quiet = trial(1000, 150, 0, 'quiet');
    const rate = 1000 * (steps.falseAlarms + quiet.falseAlarms) / (steps.points + quiet.points);
    const text = `placed within 2 runs: ${steps.near / 10} %, certain at the third run: ${steps.inTime / 10} %, false alarms per 1,000: ${rate.toFixed(3)}`;
    if (process.env.SHOW) process.stdout.write(`${text}\n`);
    expect(steps.near / 1000, text).to.be.at.least(0.95);
    expect(steps.inTime / 1000, text).to.be.at.least(0.85);
    expect(rate, text).to.be.below(1).and.to.be.above(0);
  });

  const flat = [5, 5.1, 4.9, 5, 5.05, 4.95, 5, 5.02, 4.98, 5.03];
  const cases: readonly [string, readonly number[], readonly number[]][] = [
    ['a flat series', flat, []],
    ['one wild value', [...flat, 9, ...flat], []],
    ['two wild values apart', [...flat, 9, ...flat, 1, ...flat], []],
    ['a step', [...flat, ...flat.map(v => v + 1)], [10]],
    ['a step back', [...flat, ...flat.map(v => v + 1), ...flat], [10, 20]],
    ['a step that one run alone shows', [...flat, 6], []],
    ['a step that two runs show', [...flat, 6, 6.1], [10]],
    ['identical values, then others', [3, 3, 3, 3, 3, 3, 4, 4, 4], [6]],
    ['identical values', [3, 3, 3, 3, 3, 3, 3, 3], []],
    ['values that are none are left out', [...flat.slice(0, 5), NaN, ...flat.slice(5), NaN, ...flat.map(v => v + 1)], [12]],
    ['too short', [1, 9, 9], []],
    ['nothing', [], []],
  ];
  for (const [name, values, expected] of cases) {
    it(name, () => { expect(changePoints(values).map(c => c.index)).to.deep.equal(expected); });
  }

  it('says how sure it is, and a floor of the scatter keeps small steps quiet', () => {
    const [c] = changePoints([...flat, ...flat.map(v => v + 1)]);
    expect(c!.after - c!.before).to.be.closeTo(1, 0.01);
    expect(c!.pValue).to.be.below(1e-9);
    expect(changePoints([...flat, ...flat.map(v => v + 1)], { sigmaFloor: 2 })).to.deep.equal([]);
  });
});
