/** The part of a detector that the telescope illuminates. */
import { ApError } from '../../model/errors.ts';
import type { MaskedImage } from '../../model/image.ts';
import { MASK } from '../../model/mask.ts';

export type Point = readonly [x: number, y: number];

/** A circle as a polygon of n points (detector pixels). */
export function circlePolygon(x: number, y: number, radius_px: number, n = 100): Point[] {
  return Array.from({ length: n }, (_, k) => [
    x + radius_px * Math.cos((2 * Math.PI * k) / n), y + radius_px * Math.sin((2 * Math.PI * k) / n),
  ]);
}

/** Points of a text `x,y x,y x,y`. @throws ApError BAD_CONFIG. */
export function parsePolygon(text: string): Point[] {
  const points = text.trim().split(/\s+/).map(word => word.split(',').map(Number));
  if (points.length < 3 || points.some(point => point.length !== 2 || !point.every(Number.isFinite))) {
    throw new ApError('BAD_CONFIG', { where: 'vignettePolygon_px', found: `'${text}'`, expected: 'three or more points, like 0,0 1000,0 500,900' });
  }
  return points as unknown as Point[];
}

/**
 * Sets NO_DATA and VIGNETTED on pixels whose centre is outside the polygon (even-odd rule); their image becomes `value` when
 * it is a number and stays when it is null. Returns the number of pixels outside. Cost: rows times edges plus pixels.
 */
export function maskOutside(target: MaskedImage, polygon: readonly Point[], value: number | null): number {
  const { width, height, image, mask } = target;
  let nOutside = 0;
  for (let y = 0; y < height; y++) {
    const crossings = polygon.flatMap(([x0, y0], k) => {
      const [x1, y1] = polygon[(k + 1) % polygon.length]!;
      return (y0 <= y) === (y1 <= y) ? [] : [x0 + ((y - y0) / (y1 - y0)) * (x1 - x0)];
    }).sort((a, b) => a - b);
    let next = 0;
    let isInside = false;
    for (let x = 0; x < width; x++) {
      while (next < crossings.length && crossings[next]! <= x) {
        isInside = !isInside;
        next++;
      }
      if (isInside) continue;
      const p = y * width + x;
      mask[p]! |= MASK.NO_DATA | MASK.VIGNETTED;
      if (value !== null) image[p] = value;
      nOutside++;
    }
  }
  return nOutside;
}
