/** Sum of the pixels in a circle. */
import type { MaskedImage } from '../../model/image.ts';

export interface ApertureMeasurement {
  /** Sum over the circle, pixels on the border by the exact fraction of their area; image units. */
  readonly flux: number;
  readonly fluxErr: number;
  /** Area of the circle that lies on good pixels, pixel^2; pi r^2 when nothing was left out. */
  readonly area_px2: number;
  /** Pixels of the circle that were left out: masked, not finite, or outside the image. */
  readonly nBad: number;
}

/** Aperture flux without background subtraction. Bad pixels contribute nothing; flux is NaN when no pixel is good. */
export function aperture(mi: MaskedImage, x: number, y: number, radius_px: number, badBits: number): ApertureMeasurement {
  let flux = 0, variance = 0, area = 0, nBad = 0;
  const r = radius_px;
  const { width, height } = mi;
  for (let j = Math.ceil(y - r - 0.5); j <= Math.floor(y + r + 0.5); j++) {
    // Between these columns pixels lie wholly inside, whatever the row.
    const far = r * r - (Math.abs(j - y) + 0.5) ** 2;
    const whole = far > 0 ? Math.sqrt(far) - 0.5 : -1;
    const near = r * r - Math.max(0, Math.abs(j - y) - 0.5) ** 2;
    const reach = near > 0 ? Math.sqrt(near) + 0.5 : -1;
    for (let i = Math.ceil(x - reach); i <= Math.floor(x + reach); i++) {
      const fraction = Math.abs(i - x) <= whole ? 1 : circleOverlap(i - x, j - y, r);
      if (fraction <= 0) continue;
      const at = j * width + i;
      const inside = i >= 0 && i < width && j >= 0 && j < height;
      const d = inside ? mi.image[at]! : NaN;
      const v = inside ? mi.variance[at]! : NaN;
      if (!(v >= 0 && v < Infinity) || d - d !== 0 || (mi.mask[at]! & badBits) !== 0) { nBad++; continue; }
      flux += fraction * d;
      variance += fraction * fraction * v;
      area += fraction;
    }
  }
  return { flux: area > 0 ? flux : NaN, fluxErr: area > 0 ? Math.sqrt(variance) : NaN, area_px2: area, nBad };
}

/** Area of the unit pixel centred at (dx, dy) that lies inside the circle of radius r about the origin; exact. */
export function circleOverlap(dx: number, dy: number, r: number): number {
  const x = Math.abs(dx);
  const y = Math.abs(dy);
  const far = (x + 0.5) ** 2 + (y + 0.5) ** 2;
  if (far <= r * r) return 1;
  const nearX = Math.max(0, x - 0.5);
  const nearY = Math.max(0, y - 0.5);
  if (nearX ** 2 + nearY ** 2 >= r * r) return 0;
  const corner = (a: number, b: number): number => Math.sign(a) * Math.sign(b) * quadrantArea(Math.abs(a), Math.abs(b), r);
  return corner(x + 0.5, y + 0.5) - corner(x - 0.5, y + 0.5) - corner(x + 0.5, y - 0.5) + corner(x - 0.5, y - 0.5);
}

/** Area of the rectangle [0, a] x [0, b] that lies inside the circle of radius r about the origin. */
function quadrantArea(a: number, b: number, r: number): number {
  const right = Math.min(a, r);
  if (b >= r) return underArc(right, r);
  const meeting = Math.sqrt(r * r - b * b);
  if (right <= meeting) return right * b;
  return meeting * b + underArc(right, r) - underArc(meeting, r);
}

/** Integral of sqrt(r^2 - t^2) over t in [0, a], a <= r. */
function underArc(a: number, r: number): number {
  return 0.5 * (a * Math.sqrt(Math.max(0, r * r - a * a)) + r * r * Math.asin(Math.min(1, a / r)));
}
