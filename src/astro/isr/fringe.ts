/** Interference of night-sky lines in thin sensors, removed by scaling fringe frames. */
import type { MaskedImage } from '../../model/image.ts';
import { leastSquares } from '../../numeric/linearAlgebra.ts';
import type { Random } from '../../numeric/random.ts';
import { iqrSigma, sigmaClip } from '../../numeric/statistics.ts';

export interface FringeOptions {
  readonly nPositions: number;
  /** Half sizes of the two boxes whose levels are compared. */
  readonly small_px: number;
  readonly large_px: number;
  /** Rejection of positions, in 0.74 IQR of the residuals. */
  readonly nSigma: number;
  readonly maxIter: number;
  /** Planes whose pixels are left out. */
  readonly avoidBits: number;
}

export interface FringeFit {
  /** Factor of each fringe frame; NaN when too few positions are usable. */
  readonly amplitudes: readonly number[];
  readonly nUsed: number;
  readonly residualSigma: number;
}

/** Pixels of the large box that enter its level, along each axis. */
const LARGE_SAMPLES = 15;

/**
 * Amplitudes of the fringe frames in an image: at random positions the level of a small box minus that of a large one is
 * compared between image and frames, by least squares with rejection (as ip_isr FringeTask; its medians are not linear in the
 * fringes and come out 4 % low on a sloping sky, so clipped means are used). Masked pixels are left out.
 * Nothing is modified. Cost: positions times (small area + 225) times (frames + 1).
 */
export function fitFringes(target: MaskedImage, frames: readonly MaskedImage[], rng: Random, options: FringeOptions): FringeFit {
  const rows: number[] = [];
  const values: number[] = [];
  const edge = options.small_px;
  for (let i = 0; i < options.nPositions; i++) {
    const x = edge + Math.floor(rng.uniform() * (target.width - 2 * edge));
    const y = edge + Math.floor(rng.uniform() * (target.height - 2 * edge));
    const features = [target, ...frames].map(image => feature(image, x, y, options));
    if (!features.every(Number.isFinite)) continue;
    values.push(features[0]!);
    rows.push(...features.slice(1));
  }
  const n = frames.length;
  let used = Float64Array.from(values, () => 1);
  let fit: FringeFit = { amplitudes: frames.map(() => NaN), nUsed: 0, residualSigma: NaN };
  for (let pass = 0; pass < options.maxIter; pass++) {
    const nUsed = used.reduce((sum, w) => sum + w, 0);
    if (nUsed < 10 * n) break;
    const { x } = leastSquares(Float64Array.from(rows), values, used, n);
    const residuals = values.map((v, i) => v - x.reduce((sum, a, k) => sum + a * rows[i * n + k]!, 0));
    const sigma = iqrSigma(residuals.filter((_, i) => used[i] === 1));
    fit = { amplitudes: [...x], nUsed, residualSigma: sigma };
    const next = Float64Array.from(residuals, r => (Math.abs(r) <= options.nSigma * sigma ? 1 : 0));
    if (next.every((w, i) => w === used[i])) break;
    used = next;
  }
  return fit;
}

function feature(image: MaskedImage, x: number, y: number, options: FringeOptions): number {
  const step = Math.max(1, Math.floor((2 * options.large_px + 1) / LARGE_SAMPLES));
  return boxLevel(image, x, y, options.small_px, 1, options.avoidBits) - boxLevel(image, x, y, options.large_px, step, options.avoidBits);
}

function boxLevel({ width, height, image, mask }: MaskedImage, x: number, y: number, half: number, step: number, avoid: number): number {
  const values: number[] = [];
  for (let j = Math.max(0, y - half); j <= Math.min(height - 1, y + half); j += step) {
    for (let i = Math.max(0, x - half); i <= Math.min(width - 1, x + half); i += step) {
      const p = j * width + i;
      if ((mask[p]! & avoid) === 0) values.push(image[p]!);
    }
  }
  return sigmaClip(values).mean;
}
