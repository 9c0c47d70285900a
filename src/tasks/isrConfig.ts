/** Switches and numbers of instrument signature removal. */
import { OVERSCAN_FITS } from '../astro/isr/overscan.ts';
import type { ConfigValues } from '../pipeline/task.ts';

/**
 * Order of the steps. IsrTask computes the variance after the bias, before linearity and crosstalk; IsrTaskLSST corrects
 * crosstalk and linearity first and computes it just before the flat, where the dark current has been subtracted.
 */
export const ISR_ORDERS = {
  IsrTask: ['bias', 'variance', 'linearity', 'crosstalk', 'defects', 'saturationTrails', 'brighterFatter', 'dark', 'flat', 'fringe', 'vignette', 'illumination'],
  IsrTaskLSST: ['crosstalk', 'linearity', 'bias', 'dark', 'defects', 'saturationTrails', 'brighterFatter', 'variance', 'flat', 'fringe', 'vignette', 'illumination'],
} as const;
export type IsrStep = (typeof ISR_ORDERS)['IsrTask'][number];

export const ISR_CONFIG = {
  order: { default: 'IsrTask', doc: 'Order of the steps: IsrTask or IsrTaskLSST (variance last, after the dark).', choices: Object.keys(ISR_ORDERS) },
  softBias_adu: { default: 0, doc: 'Constant that is in every pixel of the raw frame, subtracted first (ADU).' },
  doOverscan: { default: true, doc: 'Subtract the zero level measured on the serial overscan; amplifiers without overscan are left.' },
  overscanFitType: { default: 'MEDIAN_PER_ROW', doc: 'How the zero level follows from the overscan.', choices: OVERSCAN_FITS },
  overscanOrder: { default: 3, doc: 'Order of the polynomials; number of bins of the splines.', min: 0, max: 200 },
  overscanNumSigmaClip: { default: 3, doc: 'Clipping of MEANCLIP, of outliers of a row and of rows that enter a curve.', min: 0.1 },
  overscanMaxDeviation_adu: { default: 1000, doc: 'Overscan pixels farther from the median are left out (ADU).', min: 0 },
  overscanSkipLeading: { default: 2, doc: 'Overscan columns next to the imaging pixels that are left out.', min: 0 },
  overscanSkipTrailing: { default: 0, doc: 'Overscan columns at the far end that are left out.', min: 0 },
  overscanJumpRow: { default: 0, doc: 'Rows from the first on that are fitted apart, because the level jumps there (0: none).', min: 0 },
  doParallelOverscan: { default: false, doc: 'Subtract the level of each column measured on the parallel overscan, after the serial one.' },
  parallelOverscanFitType: { default: 'MEDIAN_PER_ROW', doc: 'The same for the columns; PER_ROW means a level a column.', choices: OVERSCAN_FITS },
  parallelOverscanMaxDeviation_adu: { default: 1000, doc: 'Parallel overscan pixels farther from the median (bleed trails) are left out (ADU).', min: 0 },
  parallelOverscanSkipLeading: { default: 2, doc: 'Parallel overscan rows next to the imaging pixels that are left out.', min: 0 },
  parallelOverscanSkipTrailing: { default: 0, doc: 'Parallel overscan rows at the far end that are left out.', min: 0 },
  doSaturation: { default: true, doc: 'Set SAT where the raw value reaches the saturation level of the amplifier.' },
  saturation_adu: { default: 0, doc: 'Saturation level instead of that of the camera (ADU; 0: that of the camera or header).', min: 0 },
  growSaturation_px: { default: 1, doc: 'Radius by which SAT grows (pixels).', min: 0 },
  doSuspect: { default: false, doc: 'Set SUSPECT where the raw value reaches the suspect level of the amplifier.' },
  numEdgeSuspect_px: { default: 0, doc: 'Width of the frame that gets SUSPECT (pixels).', min: 0 },
  edgeMaskLevel: { default: 'DETECTOR', doc: 'Whether the suspect frame lies around the detector or each amplifier.', choices: ['DETECTOR', 'AMP'] },
  doWidenSaturationTrails: { default: true, doc: 'Widen wide bleed trails along the row.' },
  gain_electronPerAdu: { default: 0, doc: 'Gain instead of that of the camera (0: that of the camera or header).', min: 0 },
  readNoise_electron: { default: 0, doc: 'Read noise instead of that of the camera (0: that of the camera or header).', min: 0 },
  doEmpiricalReadNoise: { default: false, doc: 'Take the read noise from the scatter of the overscan instead of the amplifier table.' },
  maskNegativeVariance: { default: true, doc: 'Set BAD where image / gain + read noise squared is not above zero; off: the signal counts as 0 there.' },
  doBias: { default: true, doc: 'Subtract the bias frame.' },
  doLinearize: { default: false, doc: 'Correct the linearity with the linearizer table.' },
  doCrosstalk: { default: false, doc: 'Subtract the crosstalk between the amplifiers of the detector.' },
  doInterDetectorCrosstalk: { default: false, doc: 'Subtract the crosstalk of the other detectors of the exposure, too.' },
  crosstalkUnit: { default: 'adu', doc: 'Unit of the signals that the crosstalk coefficients relate.', choices: ['adu', 'electron'] },
  crosstalkSubtractBackground: { default: false, doc: 'Subtract the median of the source amplifier before its crosstalk is computed.' },
  crosstalkMinPixelToMask_electron: { default: 45_000, doc: 'Source level above its background from which the target pixel gets CROSSTALK (electrons).', min: 0 },
  doDefect: { default: true, doc: 'Set the mask planes of known defects.' },
  doBrighterFatter: { default: false, doc: 'Undo the brighter-fatter effect with the kernel.' },
  brighterFatterMaxIter: { default: 10, doc: 'Iterations at most.', min: 1 },
  brighterFatterThreshold_electron: { default: 1000, doc: 'Summed change at which the iteration ends (electrons).', min: 0 },
  doDark: { default: true, doc: 'Subtract the dark frame, scaled by the dark times.' },
  doFlat: { default: true, doc: 'Divide by the flat of the physical filter.' },
  flatScalingType: { default: 'USER', doc: 'Scale of the flat: flatUserScale, or the MEAN or MEDIAN of its good pixels.', choices: ['USER', 'MEAN', 'MEDIAN'] },
  flatUserScale: { default: 1, doc: 'Number by which the flat is divided with USER.', min: 1e-9 },
  doFringe: { default: false, doc: 'Subtract the fringe frame of the filter, scaled to the image.' },
  fringeNumPositions: { default: 10_000, doc: 'Random positions at which the fringes are compared.', min: 100 },
  doVignette: { default: false, doc: 'Set NO_DATA and VIGNETTED outside the illuminated polygon or circle.' },
  vignettePolygon_px: { default: '', doc: 'Illuminated polygon in detector pixels, "x,y x,y x,y"; empty: the circle.' },
  vignetteX_px: { default: 0, doc: 'Centre of the illuminated circle (pixels).' },
  vignetteY_px: { default: 0, doc: 'Centre of the illuminated circle (pixels).' },
  vignetteRadius_px: { default: 1e6, doc: 'Radius of the illuminated circle (pixels).', min: 0 },
  doIlluminationCorrection: { default: false, doc: 'Divide by the illumination correction of the filter.' },
  illuminationScale: { default: 1, doc: 'Number by which the illumination correction is divided.', min: 1e-9 },
  doInterpolate: { default: true, doc: 'Interpolate over the planes of interpolatePlanes.' },
  interpolatePlanes: { default: 'SAT,BAD,UNMASKEDNAN', doc: 'Mask planes that are interpolated, separated by commas.' },
  interpolationSigma_px: { default: 1, doc: 'Sigma of the Gaussian PSF that the interpolation assumes (pixels).', min: 0.3, max: 5 },
  doAmpOffset: { default: false, doc: 'Measure the steps of the level between amplifiers.' },
  doApplyAmpOffset: { default: false, doc: 'Subtract them (with doAmpOffset).' },
  ampOffsetMax_electron: { default: 25, doc: 'Steps larger than this are not offsets of the electronics (electrons).', min: 0 },
};
export type IsrConfig = ConfigValues<typeof ISR_CONFIG>;
