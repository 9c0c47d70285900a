/** Growth of mask planes. Masks are row-major and changed in place. */
import { MASK } from '../../model/mask.ts';
import type { Mask } from '../../model/instrument.ts';

/** Sets `bits` within radius_px (Euclidean, inclusive) of every pixel that carries any of them. Cost: flagged pixels times disc area. */
export function growMask(mask: Mask, bits: number, radius_px: number): void {
  const { width, height, data } = mask;
  const reach = Math.floor(radius_px);
  if (reach < 1) return;
  const offsets: [number, number][] = [];
  for (let dy = -reach; dy <= reach; dy++) {
    for (let dx = -reach; dx <= reach; dx++) if (dx * dx + dy * dy <= radius_px * radius_px) offsets.push([dx, dy]);
  }
  for (const [p, flags] of flaggedPixels(data, bits)) {
    const x = p % width;
    const y = (p - x) / width;
    for (const [dx, dy] of offsets) {
      if (x + dx >= 0 && x + dx < width && y + dy >= 0 && y + dy < height) data[p + dy * width + dx]! |= flags;
    }
  }
}

function flaggedPixels(data: Int32Array, bits: number): [number, number][] {
  const found: [number, number][] = [];
  for (let p = 0; p < data.length; p++) if ((data[p]! & bits) !== 0) found.push([p, data[p]! & bits]);
  return found;
}

/**
 * Widens runs of SAT along x, because charge leaks out of wide bleed trails: runs of 1-5 pixels stay,
 * 6-7 grow by 1 pixel on each side, 8-9 by 3, 10 and more by 4 (the table of the Rubin stack).
 */
export function widenSaturationTrails({ width, height, data }: Mask): void {
  for (let y = 0; y < height; y++) {
    const start = y * width;
    let x = 0;
    while (x < width) {
      if ((data[start + x]! & MASK.SAT) === 0) { x++; continue; }
      let end = x + 1;
      while (end < width && (data[start + end]! & MASK.SAT) !== 0) end++;
      const grow = trailGrowth(end - x);
      for (let k = Math.max(0, x - grow); k < x; k++) data[start + k]! |= MASK.SAT;
      for (let k = end; k < Math.min(width, end + grow); k++) data[start + k]! |= MASK.SAT;
      x = end + grow;
    }
  }
}

function trailGrowth(run: number): number {
  if (run <= 5) return 0;
  if (run <= 7) return 1;
  return run <= 9 ? 3 : 4;
}

/** Sets UNMASKEDNAN where the image or the variance is not finite; returns the number of such pixels. */
export function markNonFinite(image: Float32Array, variance: Float32Array, mask: Int32Array): number {
  let n = 0;
  for (let p = 0; p < image.length; p++) {
    if (Number.isFinite(image[p]!) && Number.isFinite(variance[p]!)) continue;
    mask[p]! |= MASK.UNMASKEDNAN;
    n++;
  }
  return n;
}
