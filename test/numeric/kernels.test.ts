import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { convolveDirect, convolveSeparable, convolveSeparableXY } from '../../src/numeric/convolve.ts';
import { kernelsInUse, useKernels } from '../../src/numeric/kernels/engine.ts';
import { normalMatrix } from '../../src/numeric/normalMatrix.ts';
import { random } from '../../src/numeric/random.ts';
import { lanczos, lanczosTable, squaredTable, warpGrid, warpImage } from '../../src/numeric/warp.ts';

const noise = (n: number, label: string): Float32Array => {
  const r = random(7, label);
  return Float32Array.from({ length: n }, () => 100 * r.normal());
};

/** Runs with the SIMD kernels and with their twins, and gives both results. */
function both<T>(run: () => T): [T, T] {
  const before = kernelsInUse();
  useKernels('simd');
  const simd = run();
  useKernels('js');
  const js = run();
  useKernels(before);
  return [simd, js];
}

function naiveConvolve(
  source: Float32Array, width: number, height: number, kernel: (i: number, j: number) => number, hx: number, hy: number,
): Float64Array {
  return Float64Array.from({ length: width * height }, (_, p) => {
    let sum = 0;
    for (let j = -hy; j <= hy; j++) {
      for (let i = -hx; i <= hx; i++) {
        const x = Math.min(Math.max((p % width) + i, 0), width - 1);
        const y = Math.min(Math.max(Math.floor(p / width) + j, 0), height - 1);
        sum += kernel(i + hx, j + hy) * source[y * width + x]!;
      }
    }
    return sum;
  });
}

function expectClose(found: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(found.length).to.equal(expected.length).and.greaterThan(0);
  for (let i = 0; i < expected.length; i++) {
    if (Number.isNaN(expected[i]!)) expect(found[i], `at ${i}`).to.be.NaN;
    else expect(found[i], `at ${i}`).to.be.closeTo(expected[i]!, tolerance);
  }
}

describe('kernels', () => {
  it('kernels.wasm and its data module are what the sources compile to', async () => {
    const { buildKernels } = await import(new URL('../../src/numeric/kernels/build.mjs', import.meta.url).href) as
      { buildKernels(): Promise<{ binary: Uint8Array; text: string }> };
    const { binary, text } = await buildKernels();
    const at = (name: string): URL => new URL(`../../src/numeric/kernels/${name}`, import.meta.url);
    expect(Buffer.from(binary).equals(readFileSync(at('kernels.wasm')))).to.equal(true);
    expect(readFileSync(at('kernelsWasm.ts'), 'utf8')).to.equal(text);
  });

  const shapes: readonly [number, number, number, number][] = [
    [1, 1, 3, 3], [5, 3, 7, 9], [37, 70, 5, 1], [130, 129, 21, 17], [16, 64, 1, 1],
  ];
  for (const [width, height, nx, ny] of shapes) {
    it(`separable ${nx} x ${ny} on ${width} x ${height}: SIMD = twin bit for bit = naive sum`, () => {
      const source = noise(width * height, 'image');
      const tx = noise(nx, 'x').map(v => v / 100);
      const ty = noise(ny, 'y').map(v => v / 100);
      const [simd, js] = both(() => convolveSeparableXY(source, width, height, tx, ty));
      expect(simd).to.deep.equal(js);
      expectClose(simd, naiveConvolve(source, width, height, (i, j) => tx[i]! * ty[j]!, nx >> 1, ny >> 1), 2e-2);
    });
  }

  for (const [width, height, size] of [[1, 1, 3], [40, 33, 5], [67, 130, 11]] as const) {
    it(`direct ${size} x ${size} on ${width} x ${height}: SIMD = twin bit for bit = naive sum`, () => {
      const source = noise(width * height, 'image');
      const kernel = noise(size * size, 'kernel').map(v => v / 100);
      const [simd, js] = both(() => convolveDirect(source, width, height, kernel, size));
      expect(simd).to.deep.equal(js);
      expectClose(simd, naiveConvolve(source, width, height, (i, j) => kernel[j * size + i]!, size >> 1, size >> 1), 2e-2);
    });
  }

  it('a kernel of sum 1 keeps a constant image, edges included, and spreads NaN over its footprint only', () => {
    const taps = Float32Array.from([0.25, 0.5, 0.25]);
    const flat = new Float32Array(20 * 10).fill(3);
    expectClose(convolveSeparable(flat, 20, 10, taps), flat, 1e-6);
    flat[5 * 20 + 7] = NaN;
    const out = convolveSeparable(flat, 20, 10, taps);
    expect(out.filter(v => Number.isNaN(v)).length).to.equal(9);
  });

  it('normal matrix: SIMD = twin bit for bit = naive sum; a length that is not a multiple of 4 is refused', () => {
    const n = 96;
    const m = 5;
    const planes = noise(n * m, 'planes');
    const [simd, js] = both(() => normalMatrix(planes, n, m));
    expect(simd).to.deep.equal(js);
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < m; j++) {
        let sum = 0;
        for (let k = 0; k < n; k++) sum += planes[i * n + k]! * planes[j * n + k]!;
        expect(simd[i * m + j]).to.be.closeTo(sum, 1e-6 * Math.abs(simd[i * m + i]!));
      }
    }
    expect(() => normalMatrix(planes, 30, 2)).to.throw(RangeError);
  });
});

describe('warp', () => {
  const shifted = (dx: number, dy: number) => (xs: Float64Array, ys: Float64Array) =>
    ({ x: xs.map((x, k) => x * 1.01 + 0.02 * ys[k]! + dx), y: ys.map((y, k) => y * 0.99 - 0.02 * xs[k]! + dy) });

  for (const order of [3, 4, 5]) {
    it(`Lanczos-${order}: SIMD = twin bit for bit = direct evaluation, NaN exactly where the kernel does not fit`, () => {
      const [width, height, outWidth, outHeight] = [150, 140, 140, 133];
      const source = noise(width * height, 'image');
      const map = shifted(2.3, 3.7);
      const grid = warpGrid(map, outWidth, outHeight, 10);
      const table = lanczosTable(order);
      const [simd, js] = both(() => warpImage(source, width, height, grid, outWidth, outHeight, table));
      expect(simd).to.deep.equal(js);
      for (let k = 0; k < outWidth * outHeight; k += 7) {
        const { x: [sx], y: [sy] } = map(Float64Array.of(k % outWidth), Float64Array.of(Math.floor(k / outWidth)));
        const expected = directLanczos(source, width, height, sx!, sy!, order);
        if (Number.isNaN(expected)) expect(simd[k]).to.be.NaN;
        else expect(simd[k]).to.be.closeTo(expected, 0.15);
      }
    });
  }

  it('an integer shift copies pixels, and both tables have rows of sum 1', () => {
    const source = noise(40 * 40, 'image');
    const grid = warpGrid((xs, ys) => ({ x: xs.map(x => x + 3), y: ys.map(y => y + 2) }), 40, 40, 8);
    const out = warpImage(source, 40, 40, grid, 40, 40, lanczosTable(4));
    for (let y = 5; y < 30; y++) for (let x = 5; x < 30; x++) expect(out[y * 40 + x]).to.equal(source[(y + 2) * 40 + x + 3]);
    for (const table of [lanczosTable(3), squaredTable(lanczosTable(5))]) {
      for (let at = 0; at < table.weights.length; at += 100 * table.padded) {
        expect(table.weights.subarray(at, at + table.padded).reduce((a, b) => a + b, 0)).to.be.closeTo(1, 1e-6);
      }
    }
  });
});

function directLanczos(source: Float32Array, width: number, height: number, sx: number, sy: number, order: number): number {
  const ix = Math.floor(sx) - order + 1;
  const iy = Math.floor(sy) - order + 1;
  if (ix < 0 || iy < 0 || ix + 2 * order > width || iy + 2 * order > height) return NaN;
  let sum = 0;
  let norm = 0;
  for (let j = 0; j < 2 * order; j++) {
    for (let i = 0; i < 2 * order; i++) {
      const w = lanczos(sx - ix - i, order) * lanczos(sy - iy - j, order);
      sum += w * source[(iy + j) * width + ix + i]!;
      norm += w;
    }
  }
  return sum / norm;
}
