/** What the masks of the two images mean for their difference: as much as the kernel carries from bad pixels, and no more. */
import type { Exposure, MaskedImage } from '../../model/image.ts';
import { allocI32 } from '../../model/image.ts';
import type { MatchingKernel } from '../../model/kernel.ts';
import { MASK, maskOf } from '../../model/mask.ts';
import { growDisc } from '../detection/detectFootprints.ts';
import { kernelAt } from './applyKernel.ts';

/** Bits of the template that stay what they are, and those that get a name of their own. */
const KEPT = maskOf('NO_DATA', 'BAD', 'HIGH_VARIANCE', 'EDGE');
const FIXED_UP = maskOf('CR', 'INTRP');

/** Bits that the template hands to the difference; spread over the core of the kernel when the template is convolved. */
export function maskOfTemplate(template: Exposure, kernel: MatchingKernel | null): Int32Array {
  const out = allocI32(template.mask.length);
  const radius = kernel === null ? 0 : coreRadius(kernel);
  const groups: readonly (readonly [number, number])[] = [
    [MASK.NO_DATA, MASK.NO_DATA], [MASK.BAD, MASK.BAD], [MASK.SAT, MASK.SAT_TEMPLATE], [FIXED_UP, MASK.INTRP],
  ];
  for (let p = 0; p < out.length; p++) out[p] = template.mask[p]! & KEPT;
  for (const [from, to] of groups) spread(template, from, to, radius, out);
  return out;
}

/** The science mask with its bad pixels grown by the core of the kernel that the science image was convolved with. */
export function spreadMask(science: Exposure, kernel: MatchingKernel): Int32Array {
  const out = science.mask.slice();
  const radius = coreRadius(kernel);
  for (const bits of [MASK.NO_DATA, MASK.BAD, MASK.SAT, MASK.CR, MASK.INTRP]) spread(science, bits, bits, radius, out);
  return out;
}

function spread(image: MaskedImage, from: number, to: number, radius: number, out: Int32Array): void {
  const on = new Uint8Array(image.mask.length);
  let any = false;
  for (let p = 0; p < on.length; p++) {
    if ((image.mask[p]! & from) === 0) continue;
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
