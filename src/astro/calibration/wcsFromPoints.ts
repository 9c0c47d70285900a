/** A world coordinate system from nothing but matched points: no first guess is needed. */
import { AlgorithmError, ApError } from '../../model/errors.ts';
import type { SkyWcs } from '../../model/wcs.ts';
import { leastSquares } from '../../numeric/linearAlgebra.ts';
import { directionOf, unitVector } from '../../sky/sphere.ts';
import { planeToSky, skyToPlane } from '../../sky/wcs.ts';
import { fitWcs, type WcsFit, type WcsPairs } from './fitWcs.ts';

export interface PointFitOptions {
  /** 1: CRVAL and CD alone (affine on the tangent plane); 2 to 5: SIP terms up to that order. */
  readonly order: number;
  /** Reference pixel (0-based); the middle of the points without it. */
  readonly crpix?: readonly [number, number];
  /** Pairs further from the fit than this many sigma are left out. */
  readonly nSigma?: number;
}

/**
 * Weighted TAN or TAN-SIP fit to matched points (see `fitWcs`), started from `affineWcs`.
 * @param pairs - 0-based pixels, their errors (NaN: unknown) and directions in degrees; not modified. A pair with a NaN in its
 * position counts nowhere: it is marked as not used and has NaN residuals.
 * @throws AlgorithmError for too few points or points on a line; ApError BAD_CONFIG for an order that is not 1 to 5.
 */
export function wcsFromPoints(pairs: WcsPairs, { order, crpix, nSigma = 5 }: PointFitOptions): WcsFit {
  if (!Number.isInteger(order) || order < 1 || order > 5) {
    throw new ApError('BAD_CONFIG', { where: 'order of the WCS fit', found: order, expected: 'an integer from 1 to 5' });
  }
  const rows = finiteRows(pairs);
  const start = affineWcs(pairs, crpix);
  const fit = fitWcs(chosen(pairs, rows), start, order, nSigma);
  if (rows.length === pairs.x.length) return fit;
  const used = new Uint8Array(pairs.x.length);
  const [east, north] = [new Float64Array(pairs.x.length).fill(NaN), new Float64Array(pairs.x.length).fill(NaN)];
  rows.forEach((row, k) => {
    [used[row], east[row], north[row]] = [fit.used[k]!, fit.east_arcsec[k]!, fit.north_arcsec[k]!];
  });
  return { ...fit, used, east_arcsec: east, north_arcsec: north };
}

/**
 * Unweighted linear fit on the tangent plane at the mean direction of the points, moved so that CRVAL belongs to the
 * reference pixel. Good anywhere on the sky, poles included.
 * @throws AlgorithmError for fewer than three points, or points on one line.
 */
export function affineWcs(pairs: Pick<WcsPairs, 'x' | 'y' | 'ra' | 'dec'>, crpix?: readonly [number, number]): SkyWcs {
  const rows = finiteRows(pairs);
  const { x, y, ra, dec } = pairs;
  if (rows.length < 3) throw new AlgorithmError('too few points for a linear WCS', { nPoints: rows.length });
  const [cx, cy] = crpix ?? [middle(rows.map(i => x[i]!)), middle(rows.map(i => y[i]!))];
  const size = Math.max(...rows.map(i => Math.hypot(x[i]! - cx, y[i]! - cy)));
  const design = Float64Array.from(rows.flatMap(i => [1, (x[i]! - cx) / size, (y[i]! - cy) / size]));
  let centre = meanDirection(rows.map(i => [ra[i]!, dec[i]!]));
  let cd: SkyWcs['cd'] = [0, 0, 0, 0];
  for (let pass = 0; pass < 6; pass++) {
    const plane = rows.map(i => skyToPlane(centre, ra[i]!, dec[i]!));
    const east = leastSquares(design, plane.map(p => p[0]), null, 3);
    const north = leastSquares(design, plane.map(p => p[1]), null, 3);
    cd = [east.x[1]! / size, east.x[2]! / size, north.x[1]! / size, north.x[2]! / size];
    if (east.covariance === null || !(Math.abs(cd[0] * cd[3] - cd[1] * cd[2]) > 1e-9 * Math.hypot(...cd) ** 2)) {
      throw new AlgorithmError('the points do not span a plane', { nPoints: rows.length, size_px: size });
    }
    // The last step is not taken: beside a pole the smallest one turns the axes that the matrix was found for.
    if (Math.hypot(east.x[0]!, north.x[0]!) < 1e-12) break;
    centre = planeToSky(centre, east.x[0]!, north.x[0]!);
  }
  return { projection: 'TAN', crpix: [cx, cy], crval_deg: centre, cd };
}

function finiteRows({ x, y, ra, dec }: Pick<WcsPairs, 'x' | 'y' | 'ra' | 'dec'>): number[] {
  return Array.from(x.keys()).filter(i => Number.isFinite(x[i]! + y[i]! + ra[i]! + dec[i]!));
}

function chosen(pairs: WcsPairs, rows: readonly number[]): WcsPairs {
  const take = (values: Float64Array): Float64Array => Float64Array.from(rows, i => values[i]!);
  const { x, y, xErr, yErr, ra, dec } = pairs;
  return { x: take(x), y: take(y), xErr: take(xErr), yErr: take(yErr), ra: take(ra), dec: take(dec) };
}

function middle(values: readonly number[]): number {
  return (Math.min(...values) + Math.max(...values)) / 2;
}

function meanDirection(directions: readonly (readonly [number, number])[]): [number, number] {
  const sum: [number, number, number] = [0, 0, 0];
  for (const [ra, dec] of directions) unitVector(ra, dec).forEach((value, k) => (sum[k]! += value));
  const length = Math.hypot(...sum);
  return directionOf([sum[0] / length, sum[1] / length, sum[2] / length]);
}
