/** The SIMD kernels beside their plain twins on a frame of 2048 x 4096 pixels. */
import { convolveDirect, convolveSeparable } from '../../src/numeric/convolve.ts';
import { useKernels } from '../../src/numeric/kernels/engine.ts';
import type { KernelKind } from '../../src/numeric/kernels/engine.ts';
import { random } from '../../src/numeric/random.ts';
import { lanczosTable, warpGrid, warpImage } from '../../src/numeric/warp.ts';
import type { Bench, BenchCase } from './bench.ts';

const [WIDTH, HEIGHT] = [2048, 4096];

function cases(): BenchCase[] {
  const rng = random(1, 'kernels bench');
  const frame = Float32Array.from({ length: WIDTH * HEIGHT }, () => 1000 + 30 * rng.normal());
  const taps = (n: number): Float32Array => Float32Array.from({ length: n }, (_, k) => Math.exp(-0.5 * ((k - (n >> 1)) / (n / 6)) ** 2));
  const kernel = Float32Array.from({ length: 15 * 15 }, (_, p) => taps(15)[p % 15]! * taps(15)[Math.floor(p / 15)]!);
  const table = lanczosTable(4);
  const angle = 0.002;
  const grid = warpGrid((x, y) => ({
    x: x.map((v, k) => Math.cos(angle) * v - Math.sin(angle) * y[k]! + 3.3),
    y: y.map((v, k) => Math.sin(angle) * x[k]! + Math.cos(angle) * v - 2.7),
  }), WIDTH, HEIGHT, 64);
  const timed = (name: string, kind: KernelKind, run: () => unknown): BenchCase => ({
    name: `${name} (${kind})`, repeat: kind === 'simd' ? 7 : 3,
    run: () => {
      useKernels(kind);
      return run();
    },
  });
  return (['simd', 'js'] as const).flatMap(kind => [
    timed('separable convolution, 21 taps', kind, () => convolveSeparable(frame, WIDTH, HEIGHT, taps(21))),
    timed('direct convolution, 15 x 15', kind, () => convolveDirect(frame, WIDTH, HEIGHT, kernel, 15)),
    timed('Lanczos-4 warp', kind, () => warpImage(frame, WIDTH, HEIGHT, grid, WIDTH, HEIGHT, table)),
  ]);
}

export default { name: 'kernels', cases } satisfies Bench;
