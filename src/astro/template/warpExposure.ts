/**
 * A calibrated exposure resampled to the pixel grid of another (Lanczos interpolation, flux conserving).
 *
 * Interpolation makes the noise of neighbouring pixels correlated and smaller than before, the more so the
 * nearer a pixel falls to the middle between source pixels. The variance plane of the result is therefore that
 * of white noise with the same power at low spatial frequencies (where PSFs live), and `noise` says how the noise is
 * correlated; the variance of a single pixel is `variance * noise.x[0] * noise.y[0]`.
 */
import { MASK } from '../../model/mask.ts';
import { allocF32, allocI32, type Exposure, type MaskedImage } from '../../model/image.ts';
import type { SkyWcs } from '../../model/wcs.ts';
import { gridPosition, lanczosTable, squaredTable, warpGrid, warpImage, N_PHASES, type WarpGrid, type WarpTable } from '../../numeric/warp.ts';
import { pixelsToSky, skyToPixels } from '../../sky/wcs.ts';

/** Autocorrelation of the noise along both axes: value at lag 0, 1, 2, ...; each sums to 1 over all positive and negative lags. */
export interface NoiseCorrelation {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/** No correlation between pixels. */
export const WHITE_NOISE: NoiseCorrelation = { x: [1], y: [1] };

export interface Geometry {
  readonly wcs: SkyWcs;
  readonly width: number;
  readonly height: number;
}

export interface WarpOptions {
  /** Order of the Lanczos kernel (3, 4 or 5). */
  readonly order: number;
  /** Source positions are computed exactly every so many pixels. */
  readonly interpLength_px: number;
}

export interface Warped {
  readonly image: MaskedImage;
  /** Positions in the source of the output pixels. */
  readonly grid: WarpGrid;
  readonly noise: NoiseCorrelation;
}

/**
 * Warps image, variance and mask of `source` to the target grid. Pixel values keep their meaning of flux per pixel:
 * they are multiplied by the ratio of pixel areas, the variance by its square. Pixels whose interpolation kernel
 * leaves the source or touches NaN become NaN, +Infinity, NO_DATA. Mask bits are those of the (up to) four pixels
 * around the source position. The source must have a WCS (TypeError).
 */
export function warpExposure(source: Exposure, target: Geometry, options: WarpOptions): Warped {
  const { wcs } = source;
  if (wcs === null) throw new TypeError('warpExposure: the exposure has no WCS');
  const { width, height } = target;
  const grid = warpGrid((xs, ys) => {
    const sky = pixelsToSky(target.wcs, xs, ys);
    return skyToPixels(wcs, sky.ra, sky.dec);
  }, width, height, options.interpLength_px);
  const table = lanczosTable(options.order);
  const image = warpImage(source.image, source.width, source.height, grid, width, height, table);
  const finiteVariance = source.variance.map(v => (Number.isFinite(v) ? v : NaN));
  const variance = warpImage(finiteVariance, source.width, source.height, grid, width, height, squaredTable(table));
  const mask = warpMask(source, grid, width, height);
  scaleByArea(image, variance, grid, width, height);
  for (let p = 0; p < image.length; p++) {
    if (Number.isFinite(image[p]!) && variance[p]! > 0) continue;
    image[p] = NaN;
    variance[p] = Infinity;
    mask[p] = mask[p]! | MASK.NO_DATA;
  }
  return { image: { width, height, image, variance, mask }, grid, noise: noiseCorrelation(grid, width, height, table) };
}

function warpMask(source: MaskedImage, grid: WarpGrid, width: number, height: number): Int32Array {
  const out = allocI32(width * height);
  const from = source.mask;
  for (let y = 0; y < height; y++) {
    const gj = Math.min(Math.floor(y / grid.step), grid.ny - 2);
    const v = y / grid.step - gj;
    for (let x = 0; x < width; x++) {
      const gi = Math.min(Math.floor(x / grid.step), grid.nx - 2);
      const u = x / grid.step - gi;
      const n = gj * grid.nx + gi;
      const m = n + grid.nx;
      const sx = (1 - v) * ((1 - u) * grid.xs[n]! + u * grid.xs[n + 1]!) + v * ((1 - u) * grid.xs[m]! + u * grid.xs[m + 1]!);
      const sy = (1 - v) * ((1 - u) * grid.ys[n]! + u * grid.ys[n + 1]!) + v * ((1 - u) * grid.ys[m]! + u * grid.ys[m + 1]!);
      const ix = Math.floor(sx);
      const iy = Math.floor(sy);
      if (!(ix >= 0 && iy >= 0 && ix < source.width - 1 && iy < source.height - 1)) { out[y * width + x] = MASK.NO_DATA; continue; }
      const p = iy * source.width + ix;
      const right = sx - ix > 1e-3 ? 1 : 0;
      const below = sy - iy > 1e-3 ? source.width : 0;
      out[y * width + x] = from[p]! | from[p + right]! | from[p + below]! | from[p + right + below]!;
    }
  }
  return out;
}

/** Area of a target pixel in source pixels, one value for each cell of the grid. */
function scaleByArea(image: Float32Array, variance: Float32Array, grid: WarpGrid, width: number, height: number): void {
  for (let gj = 0; gj < grid.ny - 1; gj++) {
    for (let gi = 0; gi < grid.nx - 1; gi++) {
      const area = Math.abs(cellArea(grid, gi, gj));
      const yEnd = gj === grid.ny - 2 ? height : Math.min(height, (gj + 1) * grid.step);
      const xEnd = gi === grid.nx - 2 ? width : Math.min(width, (gi + 1) * grid.step);
      for (let y = gj * grid.step; y < yEnd; y++) {
        for (let p = y * width + gi * grid.step; p < y * width + xEnd; p++) {
          image[p] = image[p]! * area;
          variance[p] = variance[p]! * area * area;
        }
      }
    }
  }
}

function cellArea(grid: WarpGrid, gi: number, gj: number): number {
  const a = gj * grid.nx + gi;
  const [b, c, d] = [a + 1, a + grid.nx, a + grid.nx + 1];
  const { xs, ys } = grid;
  const cross = (xs[d]! - xs[a]!) * (ys[c]! - ys[b]!) - (ys[d]! - ys[a]!) * (xs[c]! - xs[b]!);
  return cross / (2 * grid.step * grid.step);
}

/**
 * Mean autocorrelation that the interpolation gives to white noise, from the sub-pixel phases of the output pixels.
 * When the axes are exchanged (rotation nearer to 90 than to 0 degrees) so are the results.
 */
function noiseCorrelation(grid: WarpGrid, width: number, height: number, table: WarpTable): NoiseCorrelation {
  const swapped = Math.abs(grid.ys[1]! - grid.ys[0]!) > Math.abs(grid.xs[1]! - grid.xs[0]!);
  const sums = [new Float64Array(table.nTaps), new Float64Array(table.nTaps)] as const;
  let n = 0;
  const stepX = Math.max(1, Math.floor(width / 40)) | 1;
  const stepY = Math.max(1, Math.floor(height / 40)) | 1;
  for (let y = 0; y < height; y += stepY) {
    for (let x = 0; x < width; x += stepX) {
      const position = gridPosition(grid, x, y);
      if (!position.every(Number.isFinite)) continue;
      position.forEach((s, axis) => { addCorrelation(sums[swapped ? 1 - axis : axis]!, s - Math.floor(s), table); });
      n++;
    }
  }
  if (n === 0) return WHITE_NOISE;
  const [x, y] = sums.map(sum => Array.from(sum, v => v / n));
  return { x: x!, y: y! };
}

function addCorrelation(sum: Float64Array, phase: number, table: WarpTable): void {
  const at = Math.trunc(phase * N_PHASES + 0.5) * table.padded;
  for (let lag = 0; lag < table.nTaps; lag++) {
    for (let i = 0; i + lag < table.nTaps; i++) sum[lag]! += table.weights[at + i]! * table.weights[at + i + lag]!;
  }
}

/** An empty plane set marked NO_DATA everywhere. */
export function noData(width: number, height: number): MaskedImage {
  const n = width * height;
  return { width, height, image: allocF32(n).fill(NaN), variance: allocF32(n).fill(Infinity), mask: allocI32(n).fill(MASK.NO_DATA) };
}
