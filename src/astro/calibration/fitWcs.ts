/** Weighted fit of a TAN (and SIP) world coordinate system to matched positions. */
import { AlgorithmError } from '../../model/errors.ts';
import type { SipDistortion, SkyWcs } from '../../model/wcs.ts';
import { intrinsicScatter } from '../../numeric/intrinsicScatter.ts';
import { leastSquares } from '../../numeric/linearAlgebra.ts';
import { distort, localCd, pixelScale_arcsec, pixelToSky, planeToSky, skyToPlane } from '../../sky/wcs.ts';
import { tangentOffset_arcsec } from '../../sky/sphere.ts';

export interface WcsPairs {
  /** Source pixels and their 1-sigma errors (NaN: unknown, taken as 0). */
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly xErr: Float64Array;
  readonly yErr: Float64Array;
  /** Reference positions, degrees. */
  readonly ra: Float64Array;
  readonly dec: Float64Array;
}

export interface WcsFit {
  readonly wcs: SkyWcs;
  /** 1 for pairs kept by the clipping. */
  readonly used: Uint8Array;
  /** Source minus reference on the sky, arcseconds, for all pairs. */
  readonly east_arcsec: Float64Array;
  readonly north_arcsec: Float64Array;
  /** Scatter a coordinate beyond the centroid errors, arcseconds. */
  readonly intrinsic_arcsec: number;
  readonly order: number;
  readonly nParameters: number;
}

/**
 * Fit of order 1 (CRVAL and CD) or higher (SIP terms of total degree 2..order). Pairs beyond nSigma of the errors
 * with the intrinsic scatter are clipped, repeatedly. The reference pixel is `wcs.crpix`.
 * @param distortion - a known distortion to keep; then only the linear part is fitted (order must be 1).
 * @throws AlgorithmError when too few pairs remain for the number of parameters.
 */
export function fitWcs(
  pairs: WcsPairs, wcs: SkyWcs, order: number, nSigma: number, distortion: SipDistortion | null = null,
): WcsFit {
  const n = pairs.x.length;
  const nTerms = ((order + 1) * (order + 2)) / 2;
  const scale = pixelScale_arcsec(wcs);
  let used = new Uint8Array(n).fill(1);
  let fitted = wcs;
  let intrinsic = robustFloor(pairs, wcs);
  for (let pass = 0; pass < 15; pass++) {
    const rows = Array.from(used.keys()).filter(i => used[i] === 1);
    if (rows.length < nTerms + 2) {
      throw new AlgorithmError('too few matches for a WCS fit', { nMatched: n, nKept: rows.length, nTerms, order });
    }
    const weights = rows.map(i => 1 / (errorOf(pairs, i, scale) ** 2 + intrinsic * intrinsic + 1e-10));
    fitted = solve(pairs, rows, weights, { start: fitted, order, distortion });
    const { east, north } = residuals(pairs, fitted);
    const errors = rows.map(i => errorOf(pairs, i, scale));
    const both = [...rows.map(i => east[i]!), ...rows.map(i => north[i]!)];
    intrinsic = intrinsicScatter(both, [...errors, ...errors], 2 * nTerms);
    const next = Uint8Array.from({ length: n }, (_, i) => {
      const sigma = Math.hypot(errorOf(pairs, i, scale), intrinsic, 1e-5);
      return Math.abs(east[i]!) <= nSigma * sigma && Math.abs(north[i]!) <= nSigma * sigma ? 1 : 0;
    });
    const unchanged = next.every((v, i) => v === used[i]);
    used = next;
    if (unchanged && pass > 1) break;
  }
  const { east, north } = residuals(pairs, fitted);
  return {
    wcs: fitted, used, east_arcsec: east, north_arcsec: north,
    intrinsic_arcsec: intrinsic, order, nParameters: 2 * nTerms,
  };
}

/** The same map to first order about another reference pixel; a WCS with SIP stays as it is. */
export function recentred(wcs: SkyWcs, x: number, y: number): SkyWcs {
  if (wcs.sip !== undefined) return wcs;
  return { projection: 'TAN', crpix: [x, y], crval_deg: pixelToSky(wcs, x, y), cd: localCd(wcs, x, y) };
}

function errorOf(pairs: WcsPairs, i: number, scale_arcsec: number): number {
  const square = (pairs.xErr[i]! ** 2 + pairs.yErr[i]! ** 2) / 2;
  return square > 0 ? Math.sqrt(square) * scale_arcsec : 0;
}

/** Starting scatter, so that the first weights do not trust the stated errors of bright stars alone. */
function robustFloor(pairs: WcsPairs, wcs: SkyWcs): number {
  const { east, north } = residuals(pairs, wcs);
  const all = [...east, ...north].map(Math.abs).sort((a, b) => a - b);
  return 1.4826 * (all[Math.floor(all.length / 2)] ?? 0) + 1e-4;
}

/** Source minus reference, arcseconds east and north. */
export function residuals(
  pairs: Pick<WcsPairs, 'x' | 'y' | 'ra' | 'dec'>, wcs: SkyWcs,
): { east: Float64Array; north: Float64Array } {
  const n = pairs.x.length;
  const east = new Float64Array(n);
  const north = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const [ra, dec] = pixelToSky(wcs, pairs.x[i]!, pairs.y[i]!);
    [east[i], north[i]] = tangentOffset_arcsec(ra, dec, pairs.ra[i]!, pairs.dec[i]!);
  }
  return { east, north };
}

interface SolveOptions {
  readonly start: SkyWcs;
  readonly order: number;
  readonly distortion: SipDistortion | null;
}

/** One weighted least-squares solution; the tangent point is iterated until the constant terms vanish. */
function solve(
  pairs: WcsPairs, rows: readonly number[], weights: readonly number[], { start, order, distortion }: SolveOptions,
): SkyWcs {
  const [cx, cy] = start.crpix;
  const size = Math.max(...rows.map(i => Math.hypot(pairs.x[i]! - cx, pairs.y[i]! - cy)), 1);
  const nTerms = ((order + 1) * (order + 2)) / 2;
  const design = new Float64Array(rows.length * nTerms);
  rows.forEach((i, r) => {
    const [u, v] = [pairs.x[i]! - cx, pairs.y[i]! - cy];
    const [f, g] = distortion === null ? [u, v] : distort(distortion, u, v);
    termsInto(design, r * nTerms, f / size, g / size, order);
  });
  let crval = start.crval_deg;
  let wcs = start;
  for (let pass = 0; pass < 4; pass++) {
    const plane = rows.map(i => skyToPlane(crval, pairs.ra[i]!, pairs.dec[i]!));
    const east = leastSquares(design, plane.map(p => p[0]), weights, nTerms).x;
    const north = leastSquares(design, plane.map(p => p[1]), weights, nTerms).x;
    const cd = [east[1]! / size, east[2]! / size, north[1]! / size, north[2]! / size] as const;
    // Beside a pole the smallest step turns the axes that the matrix was found for.
    const isTurning = Math.abs(crval[1]) > 89.99 && Math.hypot(east[0]!, north[0]!) < 1e-11;
    if (!isTurning) crval = planeToSky(crval, east[0]!, north[0]!);
    const sip = distortion ?? (order > 1 ? sipOf(east, north, cd, order, size) : undefined);
    wcs = { projection: 'TAN', crpix: start.crpix, crval_deg: crval, cd, ...(sip === undefined ? {} : { sip }) };
    if (Math.hypot(east[0]!, north[0]!) < 1e-11) break;
  }
  return wcs;
}

/** 1, u, v, u^2, uv, v^2, ... into a row of the design matrix. */
function termsInto(out: Float64Array, at: number, u: number, v: number, order: number): void {
  let k = at;
  for (let degree = 0; degree <= order; degree++) {
    for (let j = 0; j <= degree; j++) out[k++] = u ** (degree - j) * v ** j;
  }
}

/** Higher terms of the plane polynomials, carried back to pixels through the inverse of CD. */
function sipOf(
  east: Float64Array, north: Float64Array, cd: readonly [number, number, number, number], order: number, size: number,
): SipDistortion {
  const det = cd[0] * cd[3] - cd[1] * cd[2];
  const a = new Float64Array((order + 1) ** 2);
  const b = new Float64Array((order + 1) ** 2);
  let k = 3;
  for (let degree = 2; degree <= order; degree++) {
    for (let j = 0; j <= degree; j++, k++) {
      const at = (degree - j) * (order + 1) + j;
      const [e, n] = [east[k]! / size ** degree, north[k]! / size ** degree];
      a[at] = (cd[3] * e - cd[1] * n) / det;
      b[at] = (cd[0] * n - cd[2] * e) / det;
    }
  }
  return { order, a, b };
}
