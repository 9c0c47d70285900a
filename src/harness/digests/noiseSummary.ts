/** Is the noise of a difference image what its variance says, and is it white? */
import type { Exposure } from '../../model/image.ts';
import { maskOf } from '../../model/mask.ts';
import type { NoiseSummary } from '../../model/reportData.ts';

const BAD = maskOf('BAD', 'SAT', 'NO_DATA', 'EDGE', 'INTRP', 'CR', 'SAT_TEMPLATE', 'DETECTED', 'DETECTED_NEGATIVE');
const EDGE = 6;
const BINS = 48;
/** Largest distance of the correlation, pixels. */
const REACH = 3;
/** Pixels further out are sources, not noise. */
const CLIP = 5;

/**
 * Histogram of image / sqrt(variance) over unflagged pixels without detections from -6 to 6 (further out: the end
 * bins), and the correlation coefficients of that ratio with itself at distances up to 3 px, pixels beyond 5 sigma
 * left out. White noise has zero everywhere but at (0, 0). Cost: linear in the pixels, rows sampled in large images.
 */
export function noiseSummary({ width, height, image, variance, mask }: Exposure): NoiseSummary {
  const z = new Float32Array(width * height).fill(NaN);
  const counts = new Array<number>(BINS).fill(0);
  for (let p = 0; p < z.length; p++) {
    if ((mask[p]! & BAD) !== 0) continue;
    const value = image[p]! / Math.sqrt(variance[p]!);
    if (!Number.isFinite(value)) continue;
    const bin = Math.min(BINS - 1, Math.max(0, Math.floor(((value + EDGE) / (2 * EDGE)) * BINS)));
    counts[bin]!++;
    if (Math.abs(value) < CLIP) z[p] = value;
  }
  const rowStep = Math.max(1, Math.floor(height / 512));
  const distances = Array.from({ length: REACH + 1 }, (_, d) => d);
  const covariance = distances.map(dy => distances.map(dx => meanProduct(z, { width, height, dx, dy, rowStep })));
  const variance0 = covariance[0]![0]!;
  return {
    edges: Array.from({ length: BINS + 1 }, (_, k) => -EDGE + (2 * EDGE * k) / BINS), counts,
    correlation: covariance.map(row => row.map(v => (variance0 > 0 ? Number((v / variance0).toFixed(4)) : 0))),
  };
}

interface Shift {
  readonly width: number;
  readonly height: number;
  readonly dx: number;
  readonly dy: number;
  readonly rowStep: number;
}

/** Mean of z(x, y) z(x + dx, y + dy) over the pairs that are both usable; 0 for none. */
function meanProduct(z: Float32Array, { width, height, dx, dy, rowStep }: Shift): number {
  let sum = 0;
  let n = 0;
  for (let y = 0; y < height - dy; y += rowStep) {
    for (let x = 0, p = y * width; x < width - dx; x++, p++) {
      const product = z[p]! * z[p + dy * width + dx]!;
      if (product !== product) continue;
      sum += product;
      n++;
    }
  }
  return n === 0 ? 0 : sum / n;
}
