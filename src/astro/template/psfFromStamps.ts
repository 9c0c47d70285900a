/** A polynomial PSF model through PSF images at many positions. */
import type { Box } from '../../model/image.ts';
import { nPolynomialTerms, type PsfModel } from '../../model/psf.ts';
import { solveSymmetric } from '../../numeric/linearAlgebra.ts';
import { polynomialTerms } from '../../numeric/polynomial.ts';

/** A PSF image (odd size, row-major, centred on its middle pixel, detector sampling) at a detector position. */
export interface PsfSample {
  readonly x: number;
  readonly y: number;
  readonly weight: number;
  readonly data: Float64Array;
}

/**
 * The model whose pixels are polynomials of the given order in position, fitted by weighted least squares. The
 * order is lowered until there are at least as many samples as terms. Each sample is normalised to sum 1 first.
 * @throws RangeError without a sample of positive weight.
 */
export function psfFromStamps(samples: readonly PsfSample[], size: number, domain: Box, order: number, nStars: number): PsfModel {
  const used = samples.filter(s => s.weight > 0 && s.data.every(Number.isFinite));
  if (used.length === 0) throw new RangeError('psfFromStamps needs at least one sample');
  let n = order;
  while (n > 0 && nPolynomialTerms(n) > used.length) n--;
  const nTerms = nPolynomialTerms(n);
  const terms = used.map(s => polynomialTerms(
    (2 * (s.x - domain.x0)) / domain.width - 1, (2 * (s.y - domain.y0)) / domain.height - 1, n, new Float64Array(nTerms)));
  const normal = new Float64Array(nTerms * nTerms);
  terms.forEach((t, k) => {
    for (let a = 0; a < nTerms; a++) for (let b = 0; b < nTerms; b++) normal[a * nTerms + b]! += used[k]!.weight * t[a]! * t[b]!;
  });
  const nPixels = size * size;
  const basis = new Float64Array(nTerms * nPixels);
  const sums = used.map(s => s.data.reduce((a, b) => a + b, 0));
  const rhs = new Float64Array(nTerms);
  const inverse = columnsOfInverse(normal, nTerms);
  for (let p = 0; p < nPixels; p++) {
    rhs.fill(0);
    used.forEach((s, k) => {
      const value = (s.weight * s.data[p]!) / sums[k]!;
      for (let a = 0; a < nTerms; a++) rhs[a]! += value * terms[k]![a]!;
    });
    for (let a = 0; a < nTerms; a++) {
      let sum = 0;
      for (let b = 0; b < nTerms; b++) sum += inverse[b]![a]! * rhs[b]!;
      basis[a * nPixels + p] = sum;
    }
  }
  const model = { kind: 'polynomial', size, order: n, sampling_px: 1, ...domain, basis, nStars } as const;
  return { ...model, fwhm_px: fwhmOfStamp(centralStamp(basis, nPixels, n), size) };
}

function columnsOfInverse(matrix: Float64Array, n: number): Float64Array[] {
  return Array.from({ length: n }, (_, k) => solveSymmetric(matrix, Float64Array.from({ length: n }, (_v, i) => (i === k ? 1 : 0)), n).x);
}

function centralStamp(basis: Float64Array, nPixels: number, order: number): Float64Array {
  const terms = polynomialTerms(0, 0, order, new Float64Array(nPolynomialTerms(order)));
  return Float64Array.from({ length: nPixels }, (_, p) => terms.reduce((sum, t, a) => sum + t * basis[a * nPixels + p]!, 0));
}

/**
 * Full width at half maximum of a centred stamp: the mean over 16 directions of twice the distance at which the
 * bilinearly interpolated profile falls through half of the central pixel.
 */
export function fwhmOfStamp(stamp: Float64Array, size: number): number {
  const c = size >> 1;
  const half = stamp[c * size + c]! / 2;
  const at = (x: number, y: number): number => {
    const i = Math.min(Math.max(Math.floor(x), 0), size - 2);
    const j = Math.min(Math.max(Math.floor(y), 0), size - 2);
    const [u, v] = [x - i, y - j];
    const k = j * size + i;
    return (1 - v) * ((1 - u) * stamp[k]! + u * stamp[k + 1]!) + v * ((1 - u) * stamp[k + size]! + u * stamp[k + size + 1]!);
  };
  let sum = 0;
  for (let d = 0; d < 16; d++) {
    const [dx, dy] = [Math.cos((d * Math.PI) / 8), Math.sin((d * Math.PI) / 8)];
    let r = 0;
    while (r < c && at(c + r * dx, c + r * dy) > half) r += 0.05;
    sum += r;
  }
  return (2 * sum) / 16;
}
