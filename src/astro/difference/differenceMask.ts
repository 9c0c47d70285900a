/** What the masks of the two images mean for their difference: as much as the kernel carries from bad pixels, and no more. */
import type { Exposure, MaskedImage } from '../../model/image.ts';
import { allocI32 } from '../../model/image.ts';
import type { MatchingKernel } from '../../model/kernel.ts';
import { MASK, maskOf } from '../../model/mask.ts';
import { growDisc } from '../detection/detectFootprints.ts';
import { kernelAt } from './applyKernel.ts';

/** Bits of the template that stay what they are. */
const KEPT = maskOf('NO_DATA', 'HIGH_VARIANCE', 'EDGE');
/** Pixels whose value was put in from their neighbours, cosmic rays among them. */
const REPAIRED = maskOf('CR', 'INTRP');

/**
 * Bits that the template hands to the difference; those of pixels without a right value are spread over the core of the
 * kernel when the template is convolved. Repaired pixels are the business of `markRepaired`.
 */
export function maskOfTemplate(template: Exposure, kernel: MatchingKernel | null): Int32Array {
  const out = allocI32(template.mask.length);
  const radius = kernel === null ? 0 : coreRadius(kernel);
  for (let p = 0; p < out.length; p++) out[p] = template.mask[p]! & KEPT;
  const unrepaired = (m: number): boolean => (m & MASK.BAD) !== 0 && (m & REPAIRED) === 0;
  spread(template, m => (m & MASK.NO_DATA) !== 0, MASK.NO_DATA, radius, out);
  spread(template, unrepaired, MASK.BAD, radius, out);
  spread(template, m => (m & MASK.SAT) !== 0, MASK.SAT_TEMPLATE, radius, out);
  return out;
}

/** Part of the light around a repaired pixel by which its value may be wrong. */
const REPAIR_ERROR = 0.3;

/**
 * Sets INTRP where repaired template pixels may show: where their share in the convolved pixel times the light there exceeds the
 * noise of the difference. On dark sky a repaired pixel is as good as any other.
 * @param matched - the template as it is subtracted. @param variance - of the difference; not modified. Modifies `out`.
 */
export function markRepaired(
  template: Exposure, kernel: MatchingKernel | null, matched: Float32Array, variance: Float32Array, out: Int32Array,
): void {
  const { width, height, mask } = template;
  const stamp = kernel === null ? Float64Array.of(1) : kernelAt(kernel, kernel.width / 2, kernel.height / 2);
  const size = kernel === null ? 1 : kernel.size;
  const total = stamp.reduce((sum, v) => sum + Math.abs(v), 0);
  const share = new Float32Array(mask.length);
  const half = size >> 1;
  for (let p = 0; p < mask.length; p++) {
    if ((mask[p]! & REPAIRED) === 0 || (mask[p]! & MASK.NO_DATA) !== 0) continue;
    const x = p % width;
    const y = (p - x) / width;
    for (let v = Math.max(0, y - half); v <= Math.min(height - 1, y + half); v++) {
      // The kernel correlates: the pixel at (u, v) reads (x, y) with the weight at their difference.
      const row = (y - v + half) * size + x + half;
      for (let u = Math.max(0, x - half); u <= Math.min(width - 1, x + half); u++) {
        share[v * width + u] = share[v * width + u]! + Math.abs(stamp[row - u]!) / total;
      }
    }
  }
  for (let p = 0; p < mask.length; p++) {
    if (share[p]! > 0 && (REPAIR_ERROR * share[p]! * matched[p]!) ** 2 > variance[p]!) out[p] = out[p]! | MASK.INTRP;
  }
}

/** The science mask with its bad pixels grown by the core of the kernel that the science image was convolved with. */
export function spreadMask(science: Exposure, kernel: MatchingKernel): Int32Array {
  const out = science.mask.slice();
  const radius = coreRadius(kernel);
  for (const bits of [MASK.NO_DATA, MASK.BAD, MASK.SAT, MASK.CR, MASK.INTRP]) spread(science, m => (m & bits) !== 0, bits, radius, out);
  return out;
}

function spread(image: MaskedImage, isOne: (bits: number) => boolean, to: number, radius: number, out: Int32Array): void {
  const on = new Uint8Array(image.mask.length);
  let any = false;
  for (let p = 0; p < on.length; p++) {
    if (image.mask[p] === 0 || !isOne(image.mask[p]!)) continue;
    on[p] = 1;
    any = true;
  }
  if (!any) return;
  const grown = radius > 0 ? growDisc(on, image.width, image.height, radius) : on;
  for (let p = 0; p < out.length; p++) if (grown[p] !== 0) out[p] = out[p]! | to;
}

/** Radius that holds 90 % of the kernel's absolute weight at the image centre, pixels. */
export function coreRadius(kernel: MatchingKernel): number {
  const image = kernelAt(kernel, kernel.width / 2, kernel.height / 2);
  const half = kernel.size >> 1;
  const byRadius = new Float64Array(2 * half + 2);
  let total = 0;
  image.forEach((v, p) => {
    const r = Math.hypot((p % kernel.size) - half, Math.floor(p / kernel.size) - half);
    byRadius[Math.ceil(r)]! += Math.abs(v);
    total += Math.abs(v);
  });
  let sum = 0;
  for (let r = 0; r < byRadius.length; r++) {
    sum += byRadius[r]!;
    if (sum >= 0.9 * total) return Math.min(r, half);
  }
  return half;
}
