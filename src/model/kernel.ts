/** The solution of PSF matching: a spatially varying convolution kernel and a differential background. */
export interface MatchingKernel {
  /** Kernel stamps: nBasis images of size x size (odd), row-major. */
  readonly size: number;
  readonly basis: readonly Float64Array[];
  /** Polynomial order of the kernel coefficients over the image; terms as in PsfModel. */
  readonly spatialOrder: number;
  readonly width: number;
  readonly height: number;
  /** coefficients[k] = polynomial terms of basis k. */
  readonly coefficients: readonly Float64Array[];
  readonly backgroundOrder: number;
  readonly background: Float64Array;
  /** Mean flux scale (sum of the kernel at the image centre). */
  readonly kernelSum: number;
  readonly conditionNumber: number;
  readonly nStampsUsed: number;
  readonly nStampsRejected: number;
  /** Which image was convolved. */
  readonly convolved: 'template' | 'science';
}
