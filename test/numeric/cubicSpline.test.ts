import { expect } from 'chai';
import { expandCells, splineSecondDerivatives, splineValue } from '../../src/numeric/cubicSpline.ts';

describe('natural cubic spline', () => {
  it('agrees with scipy.interpolate.CubicSpline(bc_type="natural")', () => {
    const y = [1, 3, -2, 4, 0.5];
    const second = splineSecondDerivatives(y);
    const golden: readonly [number, number][] = [
      [0.25, 2.163364955357143], [1.5, -0.0591517857142857], [2.2, -1.3811428571428561], [3.9, 1.1920803571428573],
    ];
    for (const [t, value] of golden) expect(splineValue(y, second, t)).to.be.closeTo(value, 1e-12);
  });

  it('passes through its knots and keeps straight lines, also outside', () => {
    const y = [2, 2.5, 3, 3.5];
    const second = splineSecondDerivatives(y);
    for (const t of [-1, 0, 0.3, 2, 2.7, 4]) expect(splineValue(y, second, t)).to.be.closeTo(2 + 0.5 * t, 1e-12);
  });

  it('expands the cells of a plane to that plane at every pixel', () => {
    const [nx, ny, width, height] = [4, 3, 41, 30];
    const plane = (x: number, y: number): number => 10 + 0.2 * x - 0.1 * y;
    const cells = Float64Array.from({ length: nx * ny }, (_, k) =>
      plane((((k % nx) + 0.5) * width) / nx - 0.5, ((Math.floor(k / nx) + 0.5) * height) / ny - 0.5));
    const out = new Float32Array(width * height);
    expandCells(cells, nx, ny, width, height, out);
    out.forEach((v, k) => expect(v).to.be.closeTo(plane(k % width, Math.floor(k / width)), 1e-5));
  });

  it('a single cell is a constant', () => {
    const out = new Float32Array(6);
    expandCells(Float64Array.of(7), 1, 1, 3, 2, out);
    expect([...out]).to.deep.equal([7, 7, 7, 7, 7, 7]);
  });
});
