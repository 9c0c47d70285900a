/** Distortions of pixels and of the projection plane that FITS headers carry beside SIP, and the inverse of any of them. */
import type { DistortionTable, IrafSurface, PlaneDistortion, TablePair } from '../model/wcs.ts';
import type { Point } from './projections/projection.ts';

/**
 * Value of a lookup table at a 1-based image position: bilinear, the edge value beyond the edge (Paper IV section 3.4;
 * agrees with astropy's `pix2foc`). NaN in, NaN out.
 */
export function tableValue(table: DistortionTable, x: number, y: number): number {
  const { width, height, data, crpix, crval, cdelt } = table;
  const column = Math.min(width - 1, Math.max(0, (x - crval[0]) / cdelt[0] + crpix[0] - 1));
  const row = Math.min(height - 1, Math.max(0, (y - crval[1]) / cdelt[1] + crpix[1] - 1));
  if (Number.isNaN(column + row)) return NaN;
  const [i, j] = [Math.floor(column), Math.floor(row)];
  const [p, q] = [column - i, row - j];
  const [right, above] = [Math.min(i + 1, width - 1), Math.min(j + 1, height - 1)];
  const lower = (1 - p) * data[j * width + i]! + p * data[j * width + right]!;
  const upper = (1 - p) * data[above * width + i]! + p * data[above * width + right]!;
  return (1 - q) * lower + q * upper;
}

/** Corrections of a pair of tables at a 0-based pixel. */
export function tableShift(pair: TablePair, x: number, y: number): Point {
  const [tableX, tableY] = pair;
  return [
    tableX === undefined ? 0 : tableValue(tableX, x + 1, y + 1),
    tableY === undefined ? 0 : tableValue(tableY, x + 1, y + 1),
  ];
}

/** Distorted plane coordinates (degrees) of linear ones. */
export function planeDistortion(distortion: PlaneDistortion): (x: number, y: number) => Point {
  if (distortion.kind === 'TPV') {
    const { lon, lat } = distortion;
    return (x, y) => [tpvValue(lon, x, y), tpvValue(lat, y, x)];
  }
  if (distortion.kind === 'PLATE') {
    const { lon, lat } = distortion;
    return (x, y) => [plateValue(lon, x, y), plateValue(lat, y, x)];
  }
  const { lon, lat } = distortion;
  return (x, y) => [
    x + (lon === undefined ? 0 : surfaceValue(lon, x, y)),
    y + (lat === undefined ? 0 : surfaceValue(lat, x, y)),
  ];
}

/** Terms of TPV up to degree 7, odd powers of the radius after each odd degree (registry of FITS conventions). */
export function tpvValue(c: readonly number[], x: number, y: number): number {
  let sum = 0;
  let k = 0;
  const r = Math.hypot(x, y);
  for (let degree = 0; degree <= 7 && k < c.length; degree++) {
    for (let j = 0; j <= degree && k < c.length; j++, k++) {
      if (c[k] !== 0) sum += c[k]! * x ** (degree - j) * y ** j;
    }
    if (degree % 2 === 1 && k < c.length) sum += c[k++]! * r ** degree;
  }
  return sum;
}

/** Plate model of the Guide Star Catalog: linear to cubic terms and two of the radius (Russell et al. 1990, AJ 99, 2059). */
export function plateValue(c: readonly number[], p: number, q: number): number {
  const r2 = p * p + q * q;
  const terms = [p, q, 1, p * p, p * q, q * q, r2, p ** 3, p * p * q, p * q * q, q ** 3, p * r2, p * r2 * r2];
  let sum = 0;
  for (let m = 0; m < terms.length; m++) sum += c[m]! * terms[m]!;
  return sum;
}

/** Value of IRAF's gsurfit surface (as in `mwcs` of IRAF, wftnx.x). */
export function surfaceValue(surface: IrafSurface, x: number, y: number): number {
  const { basis, xOrder, yOrder, crossTerms, range: [x1, x2, y1, y2], coefficients } = surface;
  const scaled = basis !== 'polynomial';
  const bx = basisValues(basis, xOrder, scaled ? (2 * x - (x1 + x2)) / (x2 - x1) : x);
  const by = basisValues(basis, yOrder, scaled ? (2 * y - (y1 + y2)) / (y2 - y1) : y);
  let sum = 0;
  let k = 0;
  const widest = Math.max(xOrder, yOrder);
  for (let j = 0; j < yOrder; j++) {
    const half = j + xOrder > widest ? widest - j : xOrder;
    const n = crossTerms === 'full' ? xOrder : crossTerms === 'half' ? half : j === 0 ? xOrder : 1;
    for (let i = 0; i < n; i++) sum += coefficients[k++]! * bx[i]! * by[j]!;
  }
  return sum;
}

function basisValues(basis: IrafSurface['basis'], order: number, x: number): number[] {
  const values = [1, x];
  for (let n = 1; n + 1 < order; n++) {
    const [now, before] = [values[n]!, values[n - 1]!];
    if (basis === 'polynomial') values.push(now * x);
    else if (basis === 'chebyshev') values.push(2 * x * now - before);
    else values.push(((2 * n + 1) * x * now - n * before) / (n + 1));
  }
  return values;
}

/**
 * Solution of f(x, y) = target near a start by Newton's method with derivatives taken over `step`; [NaN, NaN] when it does
 * not converge. `f` has to be close to a translation on the scale of the step.
 */
export function solvePlanar(
  f: (x: number, y: number) => Readonly<Point>, target: Readonly<Point>, start: Readonly<Point>, step: number,
): Point {
  let [x, y] = start;
  const tolerance = 1e-13 * (step + Math.abs(target[0]) + Math.abs(target[1]));
  let lastMove = Infinity;
  for (let pass = 0; pass < 60; pass++) {
    const [fx, fy] = f(x, y);
    const [rx, ry] = [target[0] - fx, target[1] - fy];
    const [east, west, north, south] = [f(x + step, y), f(x - step, y), f(x, y + step), f(x, y - step)];
    const [xx, yx] = [(east[0] - west[0]) / (2 * step), (east[1] - west[1]) / (2 * step)];
    const [xy, yy] = [(north[0] - south[0]) / (2 * step), (north[1] - south[1]) / (2 * step)];
    const det = xx * yy - xy * yx;
    const [dx, dy] = [(yy * rx - xy * ry) / det, (xx * ry - yx * rx) / det];
    x += dx;
    y += dy;
    const move = Math.abs(dx) + Math.abs(dy);
    // Rounding ends the descent: a small step that no longer shrinks is as good as it gets.
    if (move <= tolerance || (move < 1e4 * tolerance && move >= lastMove)) return [x, y];
    if (!Number.isFinite(move)) break;
    lastMove = move;
  }
  return [NaN, NaN];
}
