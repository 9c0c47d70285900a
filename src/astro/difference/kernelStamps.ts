/** Pieces of both images around stars, and their normal equations for the kernel fit. */
import { maskOf } from '../../model/mask.ts';
import type { MaskedImage } from '../../model/image.ts';
import { column, numbers, type Table } from '../../model/table.ts';
import { convolveSeparableXY } from '../../numeric/convolve.ts';
import { normalMatrix } from '../../numeric/normalMatrix.ts';
import { argsort } from '../../numeric/statistics.ts';
import type { KernelBasis } from './kernelBasis.ts';

export interface StampOptions {
  readonly minSnr: number;
  readonly maxSources: number;
  /** Stars are taken evenly over the image: at most `perCell` brightest in squares of `cell_px`. */
  readonly cell_px: number;
  readonly perCell: number;
  /** Pixels from the star to the border of the fitted square. */
  readonly half_px: number;
}

/** Normal equations of one stamp. Unknowns: nBasis kernel coefficients and a constant; the last plane is the target. */
export interface KernelStamp {
  readonly x: number;
  readonly y: number;
  /** Row of the star catalog. */
  readonly row: number;
  readonly snr: number;
  /** Scalar products of all planes, weighted by 1 / variance, order nBasis + 2. */
  readonly products: Float64Array;
  readonly nPixels: number;
}

/** Pixels that must not enter the fit. */
const BAD = maskOf('BAD', 'SAT', 'CR', 'NO_DATA', 'SAT_TEMPLATE', 'SUSPECT', 'INTRP');
/** A stamp with more than this fraction of bad pixels is not used. */
const MAX_BAD_FRACTION = 0.2;

interface Position { readonly x: number; readonly y: number; readonly row: number; readonly snr: number }

/**
 * Catalog rows that may be used: significant, not saturated, not at the edge, spread over the image. Galaxies are
 * welcome, since the kernel does not care what it convolves. Brightest first within a cell.
 */
export function selectKernelSources(stars: Table, width: number, height: number, margin_px: number, options: StampOptions): Position[] {
  const [x, y, snr] = [numbers(stars, 'x'), numbers(stars, 'y'), numbers(stars, 'snr')];
  const flags = ['flagEdge', 'flagSaturated', 'flagInterpolated', 'flagCentroid'].map(name => column(stars, name, 'bool'));
  const counts = new Map<string, number>();
  const chosen: { rank: number; position: Position }[] = [];
  for (const row of argsort(snr).reverse()) {
    const usable = snr[row]! >= options.minSnr && flags.every(flag => flag[row] === 0)
      && x[row]! >= margin_px && y[row]! >= margin_px && x[row]! <= width - 1 - margin_px && y[row]! <= height - 1 - margin_px;
    if (!usable) continue;
    const cell = `${Math.floor(x[row]! / options.cell_px)},${Math.floor(y[row]! / options.cell_px)}`;
    const rank = counts.get(cell) ?? 0;
    if (rank >= options.perCell) continue;
    counts.set(cell, rank + 1);
    chosen.push({ rank, position: { x: Math.round(x[row]!), y: Math.round(y[row]!), row, snr: snr[row]! } });
  }
  chosen.sort((a, b) => a.rank - b.rank || b.position.snr - a.position.snr || a.position.row - b.position.row);
  return chosen.slice(0, options.maxSources).map(c => c.position);
}

/**
 * Stamps for convolving `reference` to match `target`. Each stamp has one weight, the inverse of its mean variance in
 * the inner part: weights that follow the pixels would bias the flux scale, equal ones let the brightest star decide.
 */
export function kernelStamps(
  positions: readonly Position[], reference: MaskedImage, target: MaskedImage, basis: KernelBasis, half: number,
): KernelStamp[] {
  const outer = half + (basis.size >> 1);
  const tile = 2 * outer + 1;
  const side = 2 * half + 1;
  const nPixels = side * side;
  const nPlanes = basis.functions.length + 2;
  const stride = Math.ceil(nPixels / 4) * 4;
  const usable = positions.filter(p => badFraction(reference, target, p, half, outer) <= MAX_BAD_FRACTION);
  const mosaic = new Float32Array(tile * tile * usable.length);
  usable.forEach((p, k) => { copyTile(reference, p, outer, mosaic, k * tile * tile); });
  const planes = usable.map(() => new Float32Array(nPlanes * stride));
  const convolved = new Float32Array(mosaic.length);
  let first: Float32Array | null = null;
  basis.functions.forEach((f, b) => {
    convolveSeparableXY(mosaic, tile, tile * usable.length, f.tapsX, f.tapsY, convolved);
    if (first === null) first = convolved.slice();
    else for (let q = 0; q < convolved.length; q++) convolved[q] = convolved[q]! - f.sum * first[q]!;
    planes.forEach((plane, k) => {
      for (let j = 0; j < side; j++) {
        const from = (k * tile + outer - half + j) * tile + outer - half;
        plane.set(convolved.subarray(from, from + side), b * stride + j * side);
      }
    });
  });
  return usable.flatMap((p, k) => stampOf(p, planes[k]!, reference, target, half, basis.size >> 1, nPlanes, stride));
}

function isBad(image: MaskedImage, x: number, y: number): boolean {
  const p = y * image.width + x;
  return (image.mask[p]! & BAD) !== 0 || !Number.isFinite(image.image[p]!);
}

function badFraction(reference: MaskedImage, target: MaskedImage, p: Position, half: number, outer: number): number {
  let bad = 0;
  for (let y = p.y - outer; y <= p.y + outer; y++) {
    for (let x = p.x - outer; x <= p.x + outer; x++) {
      const inner = Math.abs(x - p.x) <= half && Math.abs(y - p.y) <= half;
      if (isBad(reference, x, y) || (inner && isBad(target, x, y))) bad++;
    }
  }
  return bad / (2 * outer + 1) ** 2;
}

function copyTile(image: MaskedImage, p: Position, outer: number, to: Float32Array, at: number): void {
  const tile = 2 * outer + 1;
  for (let j = 0; j < tile; j++) {
    for (let i = 0; i < tile; i++) {
      const [x, y] = [p.x - outer + i, p.y - outer + j];
      to[at + j * tile + i] = isBad(image, x, y) ? 0 : image.image[y * image.width + x]!;
    }
  }
}

/** Fills the constant and the target plane, applies weight and bad pixels, and takes all products. */
function stampOf(
  p: Position, planes: Float32Array, reference: MaskedImage, target: MaskedImage,
  half: number, kernelHalf: number, nPlanes: number, stride: number,
): KernelStamp[] {
  const side = 2 * half + 1;
  const variance = innerVariance(target, p, Math.min(half, 4));
  if (!(variance > 0) || !Number.isFinite(variance)) return [];
  const weight = 1 / Math.sqrt(variance);
  const bad = badPixels(reference, target, p, half, kernelHalf);
  const at = (nPlanes - 2) * stride;
  let n = 0;
  for (let q = 0; q < side * side; q++) {
    const pixel = (p.y - half + Math.floor(q / side)) * target.width + p.x - half + (q % side);
    const use = bad[q] === 0 ? weight : 0;
    if (use > 0) n++;
    planes[at + q] = 1;
    planes[at + stride + q] = use > 0 ? target.image[pixel]! : 0;
    for (let b = 0; b < nPlanes; b++) planes[b * stride + q] = planes[b * stride + q]! * use;
  }
  if (n < (side * side) / 2) return [];
  return [{ x: p.x, y: p.y, row: p.row, snr: p.snr, products: normalMatrix(planes, stride, nPlanes), nPixels: n }];
}

function innerVariance(image: MaskedImage, p: Position, radius: number): number {
  let sum = 0;
  let n = 0;
  for (let y = p.y - radius; y <= p.y + radius; y++) {
    for (let x = p.x - radius; x <= p.x + radius; x++) {
      const v = image.variance[y * image.width + x]!;
      if (Number.isFinite(v)) { sum += v; n++; }
    }
  }
  return sum / n;
}

/** 1 for pixels of the stamp that are bad in the target, or within the kernel's core of a bad reference pixel. */
function badPixels(reference: MaskedImage, target: MaskedImage, p: Position, half: number, kernelHalf: number): Uint8Array {
  const side = 2 * half + 1;
  const reach = Math.min(kernelHalf, 5);
  const bad = new Uint8Array(side * side);
  for (let y = p.y - half - reach; y <= p.y + half + reach; y++) {
    for (let x = p.x - half - reach; x <= p.x + half + reach; x++) {
      const [i, j] = [x - p.x + half, y - p.y + half];
      if (i >= 0 && j >= 0 && i < side && j < side && isBad(target, x, y)) bad[j * side + i] = 1;
      if (!isBad(reference, x, y)) continue;
      for (let v = Math.max(0, j - reach); v <= Math.min(side - 1, j + reach); v++) {
        for (let u = Math.max(0, i - reach); u <= Math.min(side - 1, i + reach); u++) bad[v * side + u] = 1;
      }
    }
  }
  return bad;
}
