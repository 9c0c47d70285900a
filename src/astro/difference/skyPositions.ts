/** Places on empty sky, where sources are measured that do not exist: they tell what noise looks like. */
import type { MaskedImage } from '../../model/image.ts';
import type { Random } from '../../numeric/random.ts';
import { growDisc } from '../detection/detectFootprints.ts';

export interface SkyPosition {
  readonly x: number;
  readonly y: number;
}

/** Random places are drawn at most this many times for each one that is wanted. */
const MAX_TRIES = 30;

/**
 * Up to `n` places whose surroundings within `radius_px` have none of `avoidBits` in any of the masks (all of the
 * image's shape), at least 2 radii apart. Fewer are returned when the sky is too full.
 */
export function skyPositions(
  { width, height }: MaskedImage, masks: readonly Int32Array[], avoidBits: number, n: number, radius_px: number, draw: Random,
): SkyPosition[] {
  const busy = new Uint8Array(width * height);
  for (const mask of masks) for (let p = 0; p < busy.length; p++) if ((mask[p]! & avoidBits) !== 0) busy[p] = 1;
  const near = growDisc(busy, width, height, radius_px);
  const places: SkyPosition[] = [];
  for (let attempt = 0; attempt < MAX_TRIES * n && places.length < n; attempt++) {
    const x = radius_px + draw.uniform() * (width - 1 - 2 * radius_px);
    const y = radius_px + draw.uniform() * (height - 1 - 2 * radius_px);
    if (!(x >= 0 && y >= 0) || near[Math.round(y) * width + Math.round(x)] !== 0) continue;
    if (places.every(p => Math.hypot(p.x - x, p.y - y) >= 2 * radius_px)) places.push({ x, y });
  }
  return places;
}
