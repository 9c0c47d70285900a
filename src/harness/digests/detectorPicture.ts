/** A whole difference image, small enough for a page. */
import type { Exposure } from '../../model/image.ts';
import { maskOf } from '../../model/mask.ts';
import type { DetectorPicture } from '../../model/reportData.ts';

/** Longest side of the picture, blocks. */
const MAX_SIDE = 420;
const BAD = maskOf('BAD', 'NO_DATA', 'EDGE');
/** Signal over noise at the ends of the scale. */
const PEAK = 40;
/** Levels of the scale on each side of zero: enough for eyes, few enough to compress. */
const STEPS = 20;

/**
 * Sum of the usable pixels of each block over the root of the sum of their variance, on an asinh scale from -40 to 40
 * in 41 levels. A block without a usable pixel has no data. Cost: linear in the pixels.
 */
export function detectorPicture({ width, height, image, variance, mask }: Exposure): DetectorPicture {
  const block = Math.max(1, Math.ceil(Math.max(width, height) / MAX_SIDE));
  const [nx, ny] = [Math.ceil(width / block), Math.ceil(height / block)];
  const sum = new Float64Array(nx * ny);
  const noise = new Float64Array(nx * ny);
  for (let y = 0, p = 0; y < height; y++) {
    const row = Math.floor(y / block) * nx;
    for (let x = 0; x < width; x++, p++) {
      if ((mask[p]! & BAD) !== 0) continue;
      const [value, error2] = [image[p]!, variance[p]!];
      if (!(error2 > 0 && error2 < Infinity) || !Number.isFinite(value)) continue;
      const at = row + Math.floor(x / block);
      sum[at] = sum[at]! + value;
      noise[at] = noise[at]! + error2;
    }
  }
  const bytes = Uint8Array.from(sum, (s, i) => (noise[i] === 0 ? 0 : levelOf(s / Math.sqrt(noise[i]!))));
  return { width: nx, height: ny, block_px: block, bytes: Buffer.from(bytes).toString('base64'), peak: PEAK };
}

function levelOf(z: number): number {
  const level = Math.max(-1, Math.min(1, Math.asinh(z / 2) / Math.asinh(PEAK / 2)));
  return Math.min(255, Math.max(1, 128 + Math.round((Math.round(level * STEPS) / STEPS) * 127)));
}
