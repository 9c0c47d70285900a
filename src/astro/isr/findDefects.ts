/** Bad pixels of a detector from its calibration frames. */
import type { Box, MaskedImage } from '../../model/image.ts';
import type { Defect } from '../../model/instrument.ts';
import { madSigma, median } from '../../numeric/statistics.ts';

export interface DefectSearch {
  /** Half length of the stretches of row and column whose medians a pixel is compared with. */
  readonly reach_px: number;
  /** A pixel of a flat is bad when its response differs from its surroundings by more than this fraction. */
  readonly maxResponse: number;
  /** A pixel of a dark (or bias) is bad when it exceeds its surroundings by more than this many sigma of the frame. */
  readonly nSigma: number;
}

/** Flats darker than this fraction of their median are not judged: there is hardly any light. */
const MIN_LIGHT = 0.1;

/**
 * Bad pixels: in the flat (of any scale) those that deviate by more than `maxResponse` from the median of the stretch of row
 * or of column about them, in the dark those above it by nSigma times the scatter of the frame; pixels that are not finite in
 * either. The stretches are symmetric, so that a slope is no deviation, and shorter at the edges. One of the frames may be
 * null. Returns 0 or 1 a pixel. Cost: pixels times reach.
 */
export function badPixels(flat: MaskedImage | null, dark: MaskedImage | null, search: DefectSearch): Uint8Array {
  const shape = (flat ?? dark)!;
  const bad = new Uint8Array(shape.width * shape.height);
  if (flat !== null) {
    const dim = MIN_LIGHT * median(sampled(flat.image));
    judge(flat, search.reach_px, bad, (value, around) => around > dim && Math.abs(value / around - 1) > search.maxResponse);
  }
  if (dark !== null) {
    const limit = search.nSigma * madSigma(sampled(dark.image));
    judge(dark, search.reach_px, bad, (value, around) => value - around > limit);
  }
  return bad;
}

function sampled(image: Float32Array): Float32Array {
  return image.filter((_, p) => p % 11 === 0);
}

function judge(frame: MaskedImage, reach: number, bad: Uint8Array, isBad: (value: number, around: number) => boolean): void {
  const { width, height, image } = frame;
  const sorted = new Float64Array(2 * reach + 1);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const p = y * width + x;
      const value = image[p]!;
      const alongRow = Math.min(reach, x, width - 1 - x);
      const alongColumn = Math.min(reach, y, height - 1 - y);
      if (!Number.isFinite(value)
        || (alongRow >= 2 && isBad(value, stretchMedian(image, p, 1, alongRow, sorted)))
        || (alongColumn >= 2 && isBad(value, stretchMedian(image, p, width, alongColumn, sorted)))) bad[p] = 1;
    }
  }
}

/** Median of the finite pixels p - n step ... p + n step; NaN without any. */
function stretchMedian(image: Float32Array, p: number, step: number, n: number, sorted: Float64Array): number {
  let m = 0;
  for (let k = -n; k <= n; k++) {
    const value = image[p + k * step]!;
    if (!Number.isFinite(value)) continue;
    let at = m++;
    for (; at > 0 && sorted[at - 1]! > value; at--) sorted[at] = sorted[at - 1]!;
    sorted[at] = value;
  }
  return m === 0 ? NaN : (sorted[(m - 1) >> 1]! + sorted[m >> 1]!) / 2;
}

/**
 * Rectangles that cover the bad pixels: runs along columns, joined across gaps of up to `maxGap_px` pixels that lie in one
 * column (a trap spoils what is read after it), equal runs of neighbouring columns merged into one rectangle.
 */
export function defectsOfPixels(bad: Uint8Array, width: number, height: number, maxGap_px: number): Defect[] {
  const done: Defect[] = [];
  let previous = new Map<string, Box>();
  const finish = (): void => {
    for (const box of previous.values()) done.push({ ...box, plane: 'BAD' });
  };
  for (let x = 0; x < width; x++) {
    const current = new Map<string, Box>();
    for (const [from, to] of columnRuns(bad, x, width, height, maxGap_px)) {
      const key = `${from}-${to}`;
      const left = previous.get(key);
      previous.delete(key);
      current.set(key, left === undefined ? { x0: x, y0: from, width: 1, height: to - from } : { ...left, width: left.width + 1 });
    }
    finish();
    previous = current;
  }
  finish();
  return done.sort((a, b) => a.y0 - b.y0 || a.x0 - b.x0);
}

function columnRuns(bad: Uint8Array, x: number, width: number, height: number, maxGap_px: number): [number, number][] {
  const runs: [number, number][] = [];
  for (let y = 0; y < height; y++) {
    if (bad[y * width + x] === 0) continue;
    const last = runs.at(-1);
    if (last !== undefined && y - last[1] <= maxGap_px) last[1] = y + 1;
    else runs.push([y, y + 1]);
  }
  return runs;
}
