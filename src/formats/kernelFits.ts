/** A matching kernel as FITS, for people who want to look at it or to apply it elsewhere. */
import type { MatchingKernel } from '../model/kernel.ts';
import { card, writeFits } from './fits/index.ts';

/** A kernel image at a place, row-major, side as the kernel. */
export interface KernelImage { readonly x: number; readonly y: number; readonly data: Float64Array }

/**
 * HDUs: KERNEL (kernel images at places of the image, their 1-based positions in the cards KXn and KYn), BASIS (cube of basis
 * functions), COEFFS (one row a basis function, polynomial terms 1, u, v, u^2, u v, v^2 ... with u = 2 x / width - 1), BACKGROUND
 * (terms of the differential background). The kernel correlates with the convolved image.
 */
export function writeKernelFits(kernel: MatchingKernel, images: readonly KernelImage[]): Uint8Array {
  const { size, basis, coefficients, background } = kernel;
  const nTerms = coefficients[0]!.length;
  const joined = (parts: readonly Float64Array[]): Float64Array => {
    const out = new Float64Array(parts.reduce((n, p) => n + p.length, 0));
    let at = 0;
    for (const part of parts) { out.set(part, at); at += part.length; }
    return out;
  };
  return writeFits([
    { kind: 'image', shape: [], data: null, cards: [
      card('CONVOLVD', kernel.convolved, 'image that is convolved'), card('KSUM', kernel.kernelSum, 'sum of the kernel'),
      card('KORDER', kernel.spatialOrder, 'polynomial order of the kernel'), card('BGORDER', kernel.backgroundOrder),
      card('IMWIDTH', kernel.width, '[pixel] size of the image'), card('IMHEIGHT', kernel.height, '[pixel] size of the image'),
      card('NSTAMPS', kernel.nStampsUsed, 'stars used'), card('NREJECT', kernel.nStampsRejected, 'stars rejected'),
      card('CONDNUM', kernel.conditionNumber),
    ] },
    { kind: 'image', name: 'KERNEL', shape: [size, size, images.length], data: joined(images.map(i => i.data)),
      cards: images.flatMap((i, k) => [card(`KX${k + 1}`, i.x + 1), card(`KY${k + 1}`, i.y + 1)]) },
    { kind: 'image', name: 'BASIS', shape: [size, size, basis.length], data: joined(basis) },
    { kind: 'image', name: 'COEFFS', shape: [nTerms, coefficients.length], data: joined(coefficients) },
    { kind: 'image', name: 'BACKGROUND', shape: [background.length], data: background },
  ]);
}
