/** From a significance image to footprints with peaks. */
import type { Footprint, Peak } from '../../model/footprint.ts';
import { connectedComponents } from '../../numeric/connectedComponents.ts';
import type { Components } from '../../numeric/connectedComponents.ts';

export interface DetectOptions {
  /** A pixel belongs to a detection when its significance is above this. */
  readonly threshold: number;
  /** Radius of the disc by which the regions are grown after thresholding; regions that touch then merge. */
  readonly growRadius_px: number;
  /** Regions with fewer pixels above the threshold are dropped (before growing). */
  readonly minPixels: number;
  /** Mask plane; pixels with any of `excludeBits` are not detected. */
  readonly exclude?: Int32Array;
  readonly excludeBits?: number;
}

/**
 * Footprints of pixels above a threshold, connected over 8 neighbours, in raster order of their first span.
 * Peaks are local maxima above the threshold (of equal neighbours the first in raster order). NaN is never
 * detected. Negate the image for the other polarity.
 * @param significance - row-major width * height, not modified.
 */
export function detectFootprints(
  significance: Float32Array, width: number, height: number, options: DetectOptions,
): Footprint[] {
  const above = aboveThreshold(significance, options);
  if (options.minPixels > 1) dropSmall(above, width, connectedComponents(above, width, height), options.minPixels);
  const peaks = localMaxima(significance, above, width, height);
  const radius = Math.max(0, options.growRadius_px);
  const grown = radius > 0 ? growDisc(above, width, height, radius) : above;
  return footprintsOf(connectedComponents(grown, width, height), peaks, height);
}

function aboveThreshold(significance: Float32Array, options: DetectOptions): Uint8Array {
  const { threshold, exclude, excludeBits = 0 } = options;
  const above = new Uint8Array(significance.length);
  for (let i = 0; i < significance.length; i++) if (significance[i]! > threshold) above[i] = 1;
  if (exclude !== undefined && excludeBits !== 0) {
    for (let i = 0; i < above.length; i++) if (above[i] === 1 && (exclude[i]! & excludeBits) !== 0) above[i] = 0;
  }
  return above;
}

function dropSmall(on: Uint8Array, width: number, { runs, label, count }: Components, minPixels: number): void {
  const sizes = new Int32Array(count);
  for (let r = 0; r < label.length; r++) sizes[label[r]!] = sizes[label[r]!]! + runs[3 * r + 2]! - runs[3 * r + 1]! + 1;
  for (let r = 0; r < label.length; r++) {
    if (sizes[label[r]!]! >= minPixels) continue;
    const row = runs[3 * r]! * width;
    on.fill(0, row + runs[3 * r + 1]!, row + runs[3 * r + 2]! + 1);
  }
}

/** The non-zero pixels of an image and all within `radius_px` of them (Euclidean), as a new image. */
export function growDisc(on: Uint8Array, width: number, height: number, radius_px: number): Uint8Array {
  const out = new Uint8Array(on.length);
  const reach = Math.floor(radius_px);
  const halfWidth = Int32Array.from({ length: reach + 1 }, (_, dy) => Math.floor(Math.sqrt(radius_px ** 2 - dy ** 2)));
  const { runs } = connectedComponents(on, width, height);
  for (let r = 0; r < runs.length; r += 3) {
    const y = runs[r]!;
    for (let v = Math.max(0, y - reach); v <= Math.min(height - 1, y + reach); v++) {
      const extra = halfWidth[Math.abs(v - y)]!;
      out.fill(1, v * width + Math.max(0, runs[r + 1]! - extra), v * width + Math.min(width - 1, runs[r + 2]! + extra) + 1);
    }
  }
  return out;
}

/** Pixels inside `on` that are not below any of their neighbours, as [x, y, value]. Neighbours that are NaN do not count. */
function localMaxima(image: Float32Array, on: Uint8Array, width: number, height: number): Peak[] {
  const peaks: Peak[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      if (on[at] === 1 && isMaximum(image, x, y, width, height)) peaks.push({ x, y, value: image[at]! });
    }
  }
  return peaks;
}

function isMaximum(image: Float32Array, x: number, y: number, width: number, height: number): boolean {
  const at = y * width + x;
  const v = image[at]!;
  const left = x > 0;
  const right = x < width - 1;
  if (left && image[at - 1]! >= v) return false;
  if (right && image[at + 1]! > v) return false;
  if (y > 0) {
    const up = at - width;
    if (image[up]! >= v || (left && image[up - 1]! >= v) || (right && image[up + 1]! >= v)) return false;
  }
  if (y < height - 1) {
    const down = at + width;
    if (image[down]! > v || (left && image[down - 1]! > v) || (right && image[down + 1]! > v)) return false;
  }
  return true;
}

function footprintsOf(components: Components, peaks: readonly Peak[], height: number): Footprint[] {
  const { runs, label, count } = components;
  const spans: number[][] = Array.from({ length: count }, () => []);
  for (let r = 0; r < label.length; r++) spans[label[r]!]!.push(runs[3 * r]!, runs[3 * r + 1]!, runs[3 * r + 2]!);
  const rowStart = firstRunOfRows(runs, height);
  const found: Peak[][] = Array.from({ length: count }, () => []);
  for (const peak of peaks) found[label[runAt(runs, rowStart, peak.x, peak.y)]!]!.push(peak);
  const footprints: Footprint[] = [];
  for (let k = 0; k < count; k++) {
    const own = found[k]!.sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
    if (own.length > 0) footprints.push(makeFootprint(Int32Array.from(spans[k]!), own));
  }
  return footprints;
}

function firstRunOfRows(runs: Int32Array, height: number): Int32Array {
  const start = new Int32Array(height + 1).fill(runs.length / 3);
  for (let r = runs.length / 3 - 1; r >= 0; r--) start[runs[3 * r]!] = r;
  for (let y = height - 1; y >= 0; y--) start[y] = Math.min(start[y]!, start[y + 1]!);
  return start;
}

function runAt(runs: Int32Array, rowStart: Int32Array, x: number, y: number): number {
  let lo = rowStart[y]!;
  let hi = rowStart[y + 1]! - 1;
  while (lo < hi) {
    const middle = (lo + hi) >> 1;
    if (runs[3 * middle + 2]! < x) lo = middle + 1;
    else hi = middle;
  }
  return lo;
}

/** A footprint from its spans (sorted by y, x0) and peaks. */
export function makeFootprint(spans: Int32Array, peaks: readonly Peak[]): Footprint {
  let xMin = Infinity, xMax = -Infinity, nPixels = 0;
  for (let s = 0; s < spans.length; s += 3) {
    xMin = Math.min(xMin, spans[s + 1]!);
    xMax = Math.max(xMax, spans[s + 2]!);
    nPixels += spans[s + 2]! - spans[s + 1]! + 1;
  }
  const yMin = spans[0]!;
  const yMax = spans[spans.length - 3]!;
  return { spans, peaks, nPixels, box: { x0: xMin, y0: yMin, width: xMax - xMin + 1, height: yMax - yMin + 1 } };
}

/** ORs bits into a mask plane over all pixels of the footprints. Modifies `mask`. */
export function markFootprints(mask: Int32Array, width: number, footprints: readonly Footprint[], bits: number): void {
  for (const { spans } of footprints) {
    for (let s = 0; s < spans.length; s += 3) {
      const row = spans[s]! * width;
      for (let at = row + spans[s + 1]!; at <= row + spans[s + 2]!; at++) mask[at] = mask[at]! | bits;
    }
  }
}
