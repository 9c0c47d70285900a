/** Difference of a science exposure and a template on the same pixel grid, after matching their PSFs. */
import { AlgorithmError } from '../../model/errors.ts';
import type { MatchingKernel } from '../../model/kernel.ts';
import { MASK, maskOf } from '../../model/mask.ts';
import { allocF32, allocI32, type Exposure, type MaskedImage } from '../../model/image.ts';
import type { PsfModel } from '../../model/psf.ts';
import { column, withColumns, selectRows, type Table } from '../../model/table.ts';
import { iqrSigma } from '../../numeric/statistics.ts';
import { psfFwhm_px, renderPsf } from '../psf/renderPsf.ts';
import { noiseFromMetadata } from '../template/buildTemplate.ts';
import { applyKernel, kernelAt } from './applyKernel.ts';
import { convolveStamp, decorrelate } from './decorrelate.ts';
import { coreRadius, markRepaired, maskOfTemplate, spreadMask } from './differenceMask.ts';
import { fitKernel, type FitKernelOptions, type KernelFit } from './fitKernel.ts';
import { kernelBasis, type BasisOptions } from './kernelBasis.ts';
import { kernelStamps, selectKernelSources, type KernelStamp, type StampOptions } from './kernelStamps.ts';
import { templateMargin, withoutMargin } from './templateMargin.ts';

export interface SubtractOptions {
  /** 'auto' convolves the sharper image. */
  readonly mode: 'auto' | 'convolveTemplate' | 'convolveScience';
  readonly basis: BasisOptions;
  readonly stamps: Omit<StampOptions, 'half_px'>;
  readonly fit: FitKernelOptions;
  readonly doDecorrelation: boolean;
  readonly decorrelationCell_px: number;
}

export interface Subtraction {
  /** Science minus template, science flux scale, white noise; its PSF. */
  readonly difference: MaskedImage;
  readonly psf: PsfModel;
  /**
   * Template as it was subtracted, in the flux scale of the science image, and its PSF. Its noise is correlated; the
   * variance plane is the one with which errors of PSF fluxes come out right.
   */
  readonly matched: MaskedImage;
  readonly matchedPsf: PsfModel;
  readonly kernel: MatchingKernel;
  /** Rows of the star catalog that were used, with `chi2` and `used`. */
  readonly kernelSources: Table;
  readonly numbers: Readonly<Record<string, number | string>>;
}

/** States of earlier detections. */
const CLEARED = maskOf('DETECTED', 'DETECTED_NEGATIVE', 'NOT_DEBLENDED');

/**
 * Alard-Lupton subtraction. Both exposures need a PSF (TypeError). The template has the shape of the science image, or more
 * by the same number of pixels on all sides: then nothing is lost at the edges. Inputs are not modified.
 * @throws AlgorithmError when there are too few kernel sources or the fit fails.
 */
export function subtractExposures(science: Exposure, fullTemplate: Exposure, stars: Table, options: SubtractOptions): Subtraction {
  const template = withoutMargin(fullTemplate, templateMargin(science, fullTemplate));
  if (science.psf === null || template.psf === null) throw new TypeError('subtraction needs the PSF of both exposures');
  const [cx, cy] = [science.width / 2, science.height / 2];
  const scienceFwhm_px = psfFwhm_px(science.psf, cx, cy);
  const templateFwhm_px = psfFwhm_px(template.psf, cx, cy);
  const convolveTemplate = options.mode === 'convolveTemplate' || (options.mode === 'auto' && templateFwhm_px <= scienceFwhm_px);
  const [reference, target] = convolveTemplate ? [template, science] : [science, template];
  const basis = kernelBasis(Math.min(scienceFwhm_px, templateFwhm_px), Math.max(scienceFwhm_px, templateFwhm_px), options.basis);
  const half_px = Math.max(9, Math.ceil(2.8 * Math.max(scienceFwhm_px, templateFwhm_px)));
  const border = half_px + (basis.size >> 1);
  const positions = selectKernelSources(stars, science.width, science.height, border, { ...options.stamps, half_px });
  const stamps = kernelStamps(positions, reference, target, basis, half_px);
  const fit = fitKernel(stamps, basis, science.width, science.height, convolveTemplate ? 'template' : 'science', options.fit);
  const matchedReference = applyKernel(convolveTemplate ? fullTemplate : science, fit.kernel, basis);
  const parts = assemble(science, template, matchedReference, fit, convolveTemplate ? (fullTemplate.width - template.width) / 2 : 0);
  const result = decorrelate({
    difference: parts.difference, mask: parts.mask, width: science.width, height: science.height,
    unconvolved: parts.unconvolved, convolved: reference.variance,
    noiseOfUnconvolved: convolveTemplate ? noiseFromMetadata({}) : noiseFromMetadata(template.metadata),
    noiseOfConvolved: convolveTemplate ? noiseFromMetadata(template.metadata) : noiseFromMetadata({}),
    kernel: parts.unitKernel, psf: target.psf!, cell_px: options.decorrelationCell_px, whiten: options.doDecorrelation,
  });
  const residualWidth = scaleToNoise(result.image);
  return {
    difference: result.image, psf: result.psf, matched: parts.matched, matchedPsf: target.psf!, kernel: fit.kernel,
    kernelSources: sourcesTable(stars, stamps, fit),
    numbers: {
      convolvedExposure: convolveTemplate ? 'template' : 'science', sciencePsfFwhm_px: scienceFwhm_px, templatePsfFwhm_px: templateFwhm_px,
      nKernelSources: stamps.length, nKernelSourcesUsed: fit.kernel.nStampsUsed, nKernelSourcesRejected: fit.kernel.nStampsRejected,
      kernelSum: fit.kernel.kernelSum, kernelSize: basis.size, kernelSpatialOrder: fit.kernel.spatialOrder,
      conditionNumber: fit.kernel.conditionNumber, decorrelationGain: result.gain, residualWidth,
    },
  };
}

interface Parts {
  readonly difference: Float32Array;
  readonly mask: Int32Array;
  readonly matched: MaskedImage;
  /** Variance of the image that was not convolved, in the science flux scale. */
  readonly unconvolved: Float32Array;
  /** The kernel in the scale in which its image's variance counts: divided by its sum when the science was convolved. */
  readonly unitKernel: MatchingKernel;
}

function assemble(science: Exposure, template: Exposure, matchedReference: Float32Array, fit: KernelFit, margin: number): Parts {
  const { kernel } = fit;
  const n = science.image.length;
  const forTemplate = kernel.convolved === 'template';
  const scale = forTemplate ? 1 : 1 / kernel.kernelSum;
  const difference = allocF32(n);
  const matched = { width: science.width, height: science.height, image: allocF32(n), variance: allocF32(n), mask: allocI32(n) };
  const unconvolved = allocF32(n);
  const noise = forTemplate ? pointSourceNoise(kernel, science.psf!) : scale * scale;
  const templateMask = maskOfTemplate(template, forTemplate ? kernel : null);
  const scienceMask = forTemplate ? science.mask : spreadMask(science, kernel);
  const mask = allocI32(n);
  for (let p = 0; p < n; p++) {
    const [t, s] = [template.image[p]!, science.image[p]!];
    difference[p] = forTemplate ? s - matchedReference[p]! : (matchedReference[p]! - t) * scale;
    matched.image[p] = forTemplate ? matchedReference[p]! : t * scale;
    matched.variance[p] = template.variance[p]! * noise;
    unconvolved[p] = forTemplate ? science.variance[p]! : template.variance[p]! * scale * scale;
    mask[p] = scienceMask[p]! & ~CLEARED;
    if (t - t !== 0 || s - s !== 0) mask[p] = mask[p]! | MASK.NO_DATA;
    if (t - t !== 0) { matched.image[p] = NaN; matched.variance[p] = Infinity; }
  }
  markRepaired(template, forTemplate ? kernel : null, matched.image, science.variance, templateMask);
  for (let p = 0; p < n; p++) {
    mask[p] = mask[p]! | templateMask[p]!;
    matched.mask[p] = templateMask[p]!;
  }
  markEdge(mask, science.width, science.height, Math.max(0, coreRadius(kernel) - margin));
  const unitKernel = forTemplate ? kernel : { ...kernel, kernelSum: 1, coefficients: kernel.coefficients.map(c => c.map(v => v * scale)) };
  return { difference, mask, matched, unconvolved, unitKernel };
}

function markEdge(mask: Int32Array, width: number, height: number, border: number): void {
  for (let y = 0; y < height; y++) {
    const isWhole = y < border || y >= height - border;
    for (let x = 0; x < width; x++) {
      if (isWhole || x < border || x >= width - border) mask[y * width + x] = mask[y * width + x]! | MASK.EDGE;
      else x = width - border - 1;
    }
  }
}

/**
 * Factor of the variance after a convolution with the kernel that makes errors of PSF fluxes right although the noise is
 * correlated then: sum (P * K)^2 / sum P^2 at the image centre.
 */
function pointSourceNoise(kernel: MatchingKernel, psf: PsfModel): number {
  const [x, y] = [Math.round(kernel.width / 2), Math.round(kernel.height / 2)];
  const { data, size } = renderPsf(psf, x, y);
  return sumOfSquares(convolveStamp(data, size, kernelAt(kernel, x, y), kernel.size)) / sumOfSquares(data);
}

function sumOfSquares(values: Float64Array): number {
  return values.reduce((sum, v) => sum + v * v, 0);
}

/**
 * Multiplies the variance by the square of the normalised width, and returns the width: on the difference static light is
 * gone, so that this is the noise itself, which variance planes measured on a crowded sky overestimate. Modifies the image.
 */
export function scaleToNoise(image: MaskedImage): number {
  const width = normalisedWidth(image);
  if (width > 0) for (let p = 0; p < image.variance.length; p++) image.variance[p] = image.variance[p]! * width * width;
  return width;
}

/** Robust width of image / sqrt(variance) over good pixels: 1 when the noise is understood. */
export function normalisedWidth(image: MaskedImage): number {
  const bad = maskOf('BAD', 'SAT', 'NO_DATA', 'EDGE', 'INTRP', 'CR', 'SAT_TEMPLATE');
  const values: number[] = [];
  for (let p = 0; p < image.image.length; p += 7) {
    if ((image.mask[p]! & bad) === 0) values.push(image.image[p]! / Math.sqrt(image.variance[p]!));
  }
  if (values.length === 0) throw new AlgorithmError('no good pixel is left in the difference', { nPixels: image.image.length });
  return iqrSigma(values);
}

function sourcesTable(stars: Table, stamps: readonly KernelStamp[], fit: KernelFit): Table {
  const rows = stamps.map(stamp => stamp.row);
  const ids = column(stars, 'id', 'i64');
  const table = selectRows(stars, rows);
  return withColumns(table, {
    id: { type: 'i64', unit: '', doc: 'source id', values: BigInt64Array.from(rows, row => ids[row]!) },
    kernelChi2: { type: 'f64', unit: '', doc: 'reduced chi-square of the matched stamp', values: fit.chi2 },
    kernelUsed: { type: 'bool', unit: '', doc: 'used in the final kernel fit', values: Uint8Array.from(fit.used, v => (v ? 1 : 0)) },
  });
}
