import { expect } from 'chai';
import { convolveDirect } from '../../src/numeric/convolve.ts';
import { convolveCells } from '../../src/numeric/convolveCells.ts';
import { useKernels } from '../../src/numeric/kernels/engine.ts';
import { random } from '../../src/numeric/random.ts';

const draw = random(3, 'convolve cells');
const [WIDTH, HEIGHT, SIZE] = [83, 57, 7];
const WHOLE = { x0: 0, y0: 0, width: WIDTH, height: HEIGHT, cell_px: 16, size: SIZE };
const source = Float32Array.from({ length: WIDTH * HEIGHT }, () => draw.normal());
const base = Float32Array.from({ length: SIZE * SIZE }, () => draw.normal());
const varying = (x: number, y: number): Float32Array => base.map(v => v * (1 + x / 100 + y / 50));

describe('convolveCells', () => {
  afterEach(() => useKernels('simd'));

  for (const kind of ['simd', 'js'] as const) {
    it(`equals convolveDirect with one kernel (${kind})`, () => {
      useKernels(kind);
      const whole = convolveDirect(source, WIDTH, HEIGHT, base, SIZE);
      const cells = convolveCells(source, WIDTH, HEIGHT, { ...WHOLE, kernelAt: () => base });
      expect([...cells]).to.deep.equal([...whole]);
      const wanted = { x0: 9, y0: 5, width: 40, height: 33, cell_px: 32, size: SIZE, kernelAt: () => base };
      const part = convolveCells(source, WIDTH, HEIGHT, wanted);
      for (let y = 0; y < 33; y++) for (let x = 0; x < 40; x++) expect(part[y * 40 + x]).to.equal(whole[(y + 5) * WIDTH + x + 9]);
    });
  }

  it('uses the kernel of the middle of each cell, the same bits on both paths', () => {
    const job = { ...WHOLE, kernelAt: varying };
    const fast = convolveCells(source, WIDTH, HEIGHT, job);
    useKernels('js');
    expect([...convolveCells(source, WIDTH, HEIGHT, job)]).to.deep.equal([...fast]);
    const cell = convolveDirect(source, WIDTH, HEIGHT, varying(80 + 1.5, 48 + 4.5), SIZE);
    expect(fast[50 * WIDTH + 81]).to.equal(cell[50 * WIDTH + 81]);
  });

  it('counts what is not finite as 0 and refuses odd cells', () => {
    const holed = source.slice();
    holed[20 * WIDTH + 30] = NaN;
    const zeroed = source.slice();
    zeroed[20 * WIDTH + 30] = 0;
    const job = { ...WHOLE, kernelAt: varying };
    expect([...convolveCells(holed, WIDTH, HEIGHT, job)]).to.deep.equal([...convolveCells(zeroed, WIDTH, HEIGHT, job)]);
    expect(() => convolveCells(source, WIDTH, HEIGHT, { ...job, cell_px: 20 })).to.throw(RangeError, /20/);
  });
});
