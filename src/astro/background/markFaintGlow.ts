/** Light that is too faint to be seen in single pixels: halos of bright stars, outskirts of galaxies. */
import type { MaskedImage } from '../../model/image.ts';

const BLOCK_PX = 8;
const N_SIGMA = 3.5;
/** Fewest good pixels for a block to be judged. */
const MIN_PIXELS = 16;

/**
 * Sets `bits` on blocks of 8 x 8 pixels whose mean is significantly above zero, and on the blocks that touch them.
 * Pixels that carry `bits` already do not count: the glow is measured beside the objects. Modifies the mask.
 * @param rms - noise of a single pixel of the background-subtracted image. @param ignoreBits - pixels without a measurement.
 */
export function markFaintGlow(mi: MaskedImage, rms: number, ignoreBits: number, bits: number): void {
  const nx = Math.ceil(mi.width / BLOCK_PX);
  const ny = Math.ceil(mi.height / BLOCK_PX);
  const bright = brightBlocks(mi, nx, ny, rms, ignoreBits | bits);
  for (let y = 0; y < mi.height; y++) {
    const row = Math.floor(y / BLOCK_PX) * nx;
    for (let x = 0, at = y * mi.width; x < mi.width; x++, at++) {
      if (bright[row + Math.floor(x / BLOCK_PX)] === 1) mi.mask[at] = mi.mask[at]! | bits;
    }
  }
}

/** 1 for blocks whose unmarked pixels have a significant mean, and their neighbours. */
function brightBlocks(mi: MaskedImage, nx: number, ny: number, rms: number, ignoreBits: number): Uint8Array {
  const sum = new Float64Array(nx * ny);
  const count = new Int32Array(nx * ny);
  for (let y = 0; y < mi.height; y++) {
    const row = Math.floor(y / BLOCK_PX) * nx;
    for (let x = 0, at = y * mi.width; x < mi.width; x++, at++) {
      const v = mi.image[at]!;
      if ((mi.mask[at]! & ignoreBits) !== 0 || v - v !== 0) continue;
      const k = row + Math.floor(x / BLOCK_PX);
      sum[k] = sum[k]! + v;
      count[k] = count[k]! + 1;
    }
  }
  const out = new Uint8Array(nx * ny);
  for (let k = 0; k < sum.length; k++) {
    if (count[k]! < MIN_PIXELS || !(sum[k]! > N_SIGMA * rms * Math.sqrt(count[k]!))) continue;
    const i = k % nx;
    const j = Math.floor(k / nx);
    const [left, right] = [Math.max(0, i - 1), Math.min(nx, i + 2)];
    for (let b = Math.max(0, j - 1); b <= Math.min(ny - 1, j + 1); b++) out.fill(1, b * nx + left, b * nx + right);
  }
  return out;
}
