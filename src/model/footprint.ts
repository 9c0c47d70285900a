/** Regions of pixels that belong together, and the peaks inside them. */
import type { Box } from './image.ts';

/** A local maximum (of |value| for negative detections). Integer pixel position. */
export interface Peak {
  readonly x: number;
  readonly y: number;
  readonly value: number;
}

/** A connected region (8 neighbours). */
export interface Footprint {
  /** Triples y, x0, x1 (x1 inclusive), sorted by y and then x0. */
  readonly spans: Int32Array;
  /** By decreasing |value|; never empty. */
  readonly peaks: readonly Peak[];
  /** Smallest box that holds all spans. */
  readonly box: Box;
  readonly nPixels: number;
}
