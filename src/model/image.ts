/**
 * Pixel arrays and what travels with them. All planes are row-major: `data[y * width + x]`, x along
 * columns, y along rows, integer = pixel centre, (0, 0) = first pixel. They lie in shared memory so
 * that workers can use them without a copy.
 */
import type { PsfModel } from './psf.ts';
import type { SkyWcs } from './wcs.ts';
import type { PhotoCalib } from './photoCalib.ts';
import type { VisitInfo } from './visitInfo.ts';

export interface Box {
  readonly x0: number;
  readonly y0: number;
  readonly width: number;
  readonly height: number;
}

export interface Image {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** Image, variance and mask of one shape. Variance in (image unit) squared; no data: NaN image, +Infinity variance, NO_DATA bit. */
export interface MaskedImage {
  readonly width: number;
  readonly height: number;
  readonly image: Float32Array;
  readonly variance: Float32Array;
  readonly mask: Int32Array;
}

export interface Exposure extends MaskedImage {
  readonly wcs: SkyWcs | null;
  readonly psf: PsfModel | null;
  /** null: pixels are in instrumental units (electrons). */
  readonly photoCalib: PhotoCalib | null;
  readonly visitInfo: VisitInfo;
  readonly detector: number;
  readonly band: string;
  readonly physicalFilter: string;
  /** Pixel unit: 'adu', 'electron' or 'nJy'. */
  readonly unit: string;
  /** Plain numbers and words found on the way (background level, noise, ...). */
  readonly metadata: Readonly<Record<string, number | string | boolean>>;
}

/** A zero-filled float32 plane in shared memory. */
export function allocF32(n: number): Float32Array {
  return new Float32Array(new SharedArrayBuffer(n * 4));
}

/** A zero-filled int32 plane in shared memory. */
export function allocI32(n: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(n * 4));
}

export function allocMaskedImage(width: number, height: number): MaskedImage {
  const n = width * height;
  return { width, height, image: allocF32(n), variance: allocF32(n), mask: allocI32(n) };
}

/** A deep copy of the three planes, in new shared memory. */
export function copyMaskedImage(source: MaskedImage): MaskedImage {
  const copy = allocMaskedImage(source.width, source.height);
  copy.image.set(source.image);
  copy.variance.set(source.variance);
  copy.mask.set(source.mask);
  return copy;
}
