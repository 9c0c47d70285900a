/** Which local maxima of a footprint are sources of their own. */
import type { Footprint, Peak } from '../../model/footprint.ts';
import { argsortFloat32 } from '../../numeric/radixSort.ts';
import { argsort } from '../../numeric/statistics.ts';

export interface SeparationOptions {
  /** A peak must rise this much above the saddle to a higher peak: in units of the noise ... */
  readonly minProminence: number;
  /** ... and as a fraction of the higher peak's value, which absorbs spikes and ripples of bright stars. */
  readonly minContrast: number;
}

/**
 * Keeps the peaks of a footprint that stand out: flooding from above, a peak that meets a higher one at a saddle
 * survives when its height over the saddle is at least max(minProminence, minContrast * higher peak).
 * The highest peak always survives. O(n log n) in the pixels of footprints with several peaks.
 * @param significance - the image the peaks come from, row-major, `width` pixels a row.
 */
export function separatePeaks(significance: Float32Array, width: number, footprint: Footprint, options: SeparationOptions): Footprint {
  if (footprint.peaks.length < 2) return footprint;
  const { places, values } = pixelsByValue(significance, width, footprint, lowestSaddle(footprint.peaks, options));
  const { box } = footprint;
  const basin = new Int32Array(box.width * box.height).fill(-1);
  const peaks: { peak: Peak; parent: number; alive: boolean }[] = [];
  const startsAt = new Map(footprint.peaks.map(p => [(p.y - box.y0) * box.width + p.x - box.x0, p]));
  for (let k = 0; k < places.length; k++) {
    const at = places[k]!, value = values[k]!;
    const touching = neighbourBasins(basin, at, box.width, box.height, peaks);
    if (touching.length === 0) {
      const peak = startsAt.get(at) ?? { x: (at % box.width) + box.x0, y: Math.floor(at / box.width) + box.y0, value };
      basin[at] = peaks.push({ peak, parent: peaks.length, alive: startsAt.has(at) }) - 1;
      continue;
    }
    touching.sort((a, b) => peaks[b]!.peak.value - peaks[a]!.peak.value);
    const top = touching[0]!;
    basin[at] = top;
    for (const lower of touching.slice(1)) {
      const { peak } = peaks[lower]!;
      const needed = Math.max(options.minProminence, options.minContrast * peaks[top]!.peak.value);
      if (peak.value - value < needed) peaks[lower]!.alive = false;
      peaks[lower]!.parent = top;
    }
  }
  const kept = peaks.filter(p => p.alive).map(p => p.peak).sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
  return { ...footprint, peaks: kept.length > 0 ? kept : footprint.peaks.slice(0, 1) };
}

/** Below this value all peaks survive that have met no higher one: no pixel there matters. */
function lowestSaddle(peaks: readonly Peak[], { minProminence, minContrast }: SeparationOptions): number {
  let lowest = Infinity, highest = -Infinity;
  for (const { value } of peaks) {
    lowest = Math.min(lowest, value);
    highest = Math.max(highest, value);
  }
  return lowest - Math.max(minProminence, minContrast * highest);
}

/** Pixels of a footprint above a value (places in its box) by falling value, equal ones in raster order, and the values. */
function pixelsByValue(
  image: Float32Array, width: number, { spans, box, nPixels }: Footprint, above: number,
): { places: Uint32Array; values: Float32Array } {
  const values = new Float32Array(nPixels);
  const places = new Uint32Array(nPixels);
  let n = 0;
  for (let s = 0; s < spans.length; s += 3) {
    for (let x = spans[s + 1]!; x <= spans[s + 2]!; x++) {
      const value = image[spans[s]! * width + x]!;
      if (!(value > above)) continue;
      values[n] = -value;
      places[n++] = (spans[s]! - box.y0) * box.width + x - box.x0;
    }
  }
  const order = n < 400 ? argsort(values.subarray(0, n)) : argsortFloat32(values, n);
  return { places: Uint32Array.from(order, k => places[k]!), values: Float32Array.from(order, k => -values[k]!) };
}

/** Roots of the basins of the 8 neighbours that are flooded already, without repetition. */
function neighbourBasins(basin: Int32Array, at: number, width: number, height: number, peaks: { parent: number }[]): number[] {
  const x = at % width;
  const y = (at - x) / width;
  const found: number[] = [];
  for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
    for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
      let root = basin[v * width + u]!;
      if (root < 0) continue;
      while (peaks[root]!.parent !== root) root = peaks[root]!.parent;
      if (!found.includes(root)) found.push(root);
    }
  }
  return found;
}
