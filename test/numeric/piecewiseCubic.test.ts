import { expect } from 'chai';
import { piecewiseCubic } from '../../src/numeric/piecewiseCubic.ts';

describe('piecewiseCubic', () => {
  const x = [0, 1, 2.5, 3, 5, 6, 7.5, 9];
  for (const kind of ['natural', 'akima'] as const) {
    it(`${kind}: passes through the knots and reproduces a line, beyond the ends too`, () => {
      const y = x.map(t => Math.cos(t));
      const curve = piecewiseCubic(x, y, kind);
      x.forEach((t, k) => expect(curve(t)).to.be.closeTo(y[k]!, 1e-12));
      const line = piecewiseCubic(x, x.map(t => 3 - 2 * t), kind);
      for (const t of [-4, 0.3, 4.4, 8.9, 20]) expect(line(t)).to.be.closeTo(3 - 2 * t, 1e-12);
    });
    it(`${kind}: is smooth at the knots`, () => {
      const curve = piecewiseCubic(x, x.map(t => Math.cos(t)), kind);
      for (const t of x.slice(1, -1)) {
        expect((curve(t + 1e-6) - curve(t)) / 1e-6).to.be.closeTo((curve(t) - curve(t - 1e-6)) / 1e-6, 1e-4);
      }
    });
    it(`${kind}: one knot is a constant, two are a line`, () => {
      expect(piecewiseCubic([3], [7], kind)(100)).to.equal(7);
      expect(piecewiseCubic([0, 2], [0, 4], kind)(1.5)).to.equal(3);
    });
  }
  it('natural: the second derivative vanishes at the ends and is continuous', () => {
    const curve = piecewiseCubic(x, x.map(t => t * t * t), 'natural');
    const second = (t: number, h: number): number => (curve(t + h) - 2 * curve(t) + curve(t - h)) / (h * h);
    expect(second(1e-3, 1e-4)).to.be.closeTo(0, 0.1);
    for (const t of [1, 3, 6]) expect(second(t + 2e-4, 1e-4)).to.be.closeTo(second(t - 2e-4, 1e-4), 0.1);
  });
  it('Akima does not swing around a step', () => {
    const curve = piecewiseCubic([0, 1, 2, 3, 4, 5, 6, 7], [0, 0, 0, 0, 1, 1, 1, 1], 'akima');
    for (let t = 0; t <= 7; t += 0.05) expect(curve(t)).to.be.within(-1e-9, 1 + 1e-9);
  });
});
