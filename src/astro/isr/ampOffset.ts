/** Steps of the level between neighbouring amplifiers. */
import type { Box, MaskedImage } from '../../model/image.ts';
import type { Detector } from '../../model/instrument.ts';
import { solveSymmetric } from '../../numeric/linearAlgebra.ts';
import { median } from '../../numeric/statistics.ts';

export interface AmpOffsetOptions {
  /** Pixels left out next to the border of the amplifiers, and width of the strip behind them. */
  readonly inset_px: number;
  readonly strip_px: number;
  /** Length of the windows along the border. */
  readonly window_px: number;
  readonly minGoodFraction: number;
  /** Steps larger than this are no offset of the electronics and are left out. */
  readonly maxOffset_electron: number;
  readonly avoidBits: number;
}

export interface AmpOffsets {
  /** What to subtract from each amplifier; their mean is 0. */
  readonly pedestals_electron: Float64Array;
  /** Steps that were measured, by the names of the two amplifiers. */
  readonly interfaces: readonly { readonly name: string; readonly offset_electron: number }[];
}

/**
 * Pedestals of the amplifiers from the medians of strips on both sides of each common border: the step of a border is the
 * median over its windows, and the pedestals solve the least squares of all steps, weighted by length, with mean 0
 * (ip_isr AmpOffsetTask). A slope of the sky over twice the inset plus a strip remains in the step. Nothing is modified.
 */
export function measureAmpOffsets(target: MaskedImage, detector: Detector, options: AmpOffsetOptions): AmpOffsets {
  const { amplifiers } = detector;
  const n = amplifiers.length;
  const matrix = new Float64Array(n * n);
  const right = new Float64Array(n);
  const interfaces: { name: string; offset_electron: number }[] = [];
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const border = borderOf(amplifiers[i]!.detectorBox, amplifiers[j]!.detectorBox);
      if (border === null) continue;
      const step = stepOver(target, border, options);
      if (!(Math.abs(step) <= options.maxOffset_electron)) continue;
      interfaces.push({ name: `${amplifiers[i]!.name}-${amplifiers[j]!.name}`, offset_electron: step });
      const weight = border.length;
      matrix[i * n + i]! += weight;
      matrix[j * n + j]! += weight;
      matrix[i * n + j]! -= weight;
      matrix[j * n + i]! -= weight;
      right[i]! -= weight * step;
      right[j]! += weight * step;
    }
  }
  // The ones on all elements fix the mean at 0 and leave the differences alone.
  for (let k = 0; k < n * n; k++) matrix[k]! += 1;
  return { pedestals_electron: solveSymmetric(matrix, right, n).x, interfaces };
}

/** Subtracts the pedestals from the image. */
export function subtractPedestals(target: MaskedImage, detector: Detector, pedestals_electron: Float64Array): void {
  detector.amplifiers.forEach(({ detectorBox: box }, i) => {
    for (let y = box.y0; y < box.y0 + box.height; y++) {
      for (let p = y * target.width + box.x0; p < y * target.width + box.x0 + box.width; p++) target.image[p]! -= pedestals_electron[i]!;
    }
  });
}

interface Border {
  /** Whether the second amplifier lies to the right (else above). */
  readonly isRight: boolean;
  /** First column (row) of the second amplifier; and the common stretch along the border. */
  readonly at: number;
  readonly from: number;
  readonly length: number;
}

function borderOf(a: Box, b: Box): Border | null {
  const isRight = b.x0 === a.x0 + a.width;
  if (!isRight && b.y0 !== a.y0 + a.height) return null;
  const [a0, a1, b0, b1] = isRight ? [a.y0, a.y0 + a.height, b.y0, b.y0 + b.height] : [a.x0, a.x0 + a.width, b.x0, b.x0 + b.width];
  const from = Math.max(a0, b0);
  const length = Math.min(a1, b1) - from;
  return length > 0 ? { isRight, at: isRight ? b.x0 : b.y0, from, length } : null;
}

/** Level after the border minus level before it; NaN without a window of enough good pixels. */
function stepOver(target: MaskedImage, { isRight, at, from, length }: Border, options: AmpOffsetOptions): number {
  const steps: number[] = [];
  const nWindows = Math.max(1, Math.round(length / options.window_px));
  for (let w = 0; w < nWindows; w++) {
    const range = [from + Math.floor((w * length) / nWindows), from + Math.floor(((w + 1) * length) / nWindows)] as const;
    const sides = [-1, 1].map(side => {
      const values: number[] = [];
      let nAll = 0;
      for (let along = range[0]; along < range[1]; along++) {
        for (let d = options.inset_px; d < options.inset_px + options.strip_px; d++) {
          const across = side < 0 ? at - 1 - d : at + d;
          if (across < 0 || across >= (isRight ? target.width : target.height)) continue;
          nAll++;
          const p = isRight ? along * target.width + across : across * target.width + along;
          if ((target.mask[p]! & options.avoidBits) === 0) values.push(target.image[p]!);
        }
      }
      return values.length >= options.minGoodFraction * nAll ? median(values) : NaN;
    });
    steps.push(sides[1]! - sides[0]!);
  }
  return median(steps);
}
