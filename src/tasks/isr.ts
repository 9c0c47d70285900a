/** Instrument signature removal: raw read-out to a calibrated image in electrons. */
import { assembleDetector, markDeadAmplifiers, markSaturated, setVariance } from '../astro/isr/assemble.ts';
import { addFrameVariance, checkShape, divideByFlat, inElectrons, subtractFrame } from '../astro/isr/calibrationFrames.ts';
import { applyDefects, defectsOfTable } from '../astro/isr/defects.ts';
import { interpolateOver } from '../astro/isr/interpolate.ts';
import { growMask, markNonFinite, widenSaturationTrails } from '../astro/isr/maskGrowth.ts';
import { fitOverscan, OVERSCAN_FITS } from '../astro/isr/overscan.ts';
import type { OverscanFit } from '../astro/isr/overscan.ts';
import { dataIdText } from '../model/dataset.ts';
import * as types from '../model/datasetTypes.ts';
import { AlgorithmError, ApError } from '../model/errors.ts';
import { allocMaskedImage } from '../model/image.ts';
import type { Exposure, MaskedImage } from '../model/image.ts';
import type { Amplifier, Detector, Mask, RawFacts, RawFrame } from '../model/instrument.ts';
import { MASK, MASK_BITS, maskOf } from '../model/mask.ts';
import type { MaskPlane } from '../model/mask.ts';
import { sigmaClip } from '../numeric/statistics.ts';
import { connection, defineTask } from '../pipeline/task.ts';
import type { ConfigValues, TaskContext } from '../pipeline/task.ts';

const CONFIG = {
  softBias_adu: { default: 0, doc: 'Constant that is in every pixel of the raw frame, subtracted first (ADU).' },
  doOverscan: { default: true, doc: 'Subtract the zero level measured on the serial overscan; amplifiers without overscan are left.' },
  overscanFitType: { default: 'MEDIAN_PER_ROW', doc: 'How the zero level follows from the overscan.', choices: OVERSCAN_FITS },
  overscanOrder: { default: 3, doc: 'Order of the LEGENDRE fit.', min: 0, max: 30 },
  overscanNumSigmaClip: { default: 3, doc: 'Clipping of MEANCLIP and LEGENDRE.', min: 0.1 },
  overscanMaxDeviation_adu: { default: 1000, doc: 'Overscan pixels farther from the median are left out (ADU).', min: 0 },
  overscanSkipLeading: { default: 2, doc: 'Overscan columns next to the imaging pixels that are left out.', min: 0 },
  overscanSkipTrailing: { default: 0, doc: 'Overscan columns at the far end that are left out.', min: 0 },
  doSaturation: { default: true, doc: 'Set SAT where the raw value reaches the saturation level of the amplifier.' },
  growSaturation_px: { default: 1, doc: 'Radius by which SAT grows (pixels).', min: 0 },
  doWidenSaturationTrails: { default: true, doc: 'Widen wide bleed trails along the row.' },
  doBias: { default: true, doc: 'Subtract the bias frame.' },
  doDark: { default: true, doc: 'Subtract the dark frame, scaled by the dark times.' },
  doFlat: { default: true, doc: 'Divide by the flat of the physical filter.' },
  doDefect: { default: true, doc: 'Set the mask planes of known defects.' },
  doEmpiricalReadNoise: { default: false, doc: 'Take the read noise from the scatter of the overscan instead of the amplifier table.' },
  doInterpolate: { default: true, doc: 'Interpolate over the planes of interpolatePlanes.' },
  interpolatePlanes: { default: 'SAT,BAD,UNMASKEDNAN', doc: 'Mask planes that are interpolated, separated by commas.' },
  interpolationSigma_px: { default: 1, doc: 'Sigma of the Gaussian PSF that the interpolation assumes (pixels).', min: 0.3, max: 5 },
};
type IsrConfig = ConfigValues<typeof CONFIG>;

const calibration = { optional: true, prerequisite: true, lookup: 'calibration' } as const;

export const isr = defineTask({
  name: 'IsrTask',
  doc: 'Remove the instrument signature: overscan, assembly, gain, bias, dark, flat; masks, variance, interpolation.',
  dimensions: ['instrument', 'exposure', 'detector'],
  inputs: {
    raw: connection(types.raw, 'Raw frame in ADU.'),
    rawMask: connection(types.rawMask, 'Mask delivered with the raw frame, detector pixels; ORed in.', { optional: true }),
    bias: connection(types.bias, 'Bias frame, overscan-subtracted.', { ...calibration, requiredWhen: 'doBias' }),
    dark: connection(types.dark, 'Dark frame with its dark time.', { ...calibration, requiredWhen: 'doDark' }),
    flat: connection(types.flat, 'Flat of mean 1.', { ...calibration, requiredWhen: 'doFlat' }),
    defects: connection(types.defects, 'Known bad rectangles.', { ...calibration, requiredWhen: 'doDefect' }),
  },
  outputs: {
    outputExposure: connection(types.postIsrImage, 'Detector image in electrons with variance and mask.'),
  },
  config: CONFIG,
  run(inputs, config, context) {
    const facts = context.instrument.translate(inputs.raw.header);
    const detector = detectorOf(context, facts, inputs.raw);
    const target = allocMaskedImage(detector.width, detector.height);
    const readNoise_electron = assemble(inputs.raw, detector, target, config, context);
    if (inputs.rawMask !== null) orMask(inputs.rawMask, target);
    calibrate(inputs, target, { detector, facts, readNoise_electron, config, context });
    maskAndInterpolate(target, config, context);
    summarise(target, detector, context);
    return { outputExposure: exposureOf(target, facts, context) };
  },
});

/** The detector of the header, after a check that the frame holds all its amplifiers. */
function detectorOf(context: TaskContext, facts: RawFacts, raw: RawFrame): Detector {
  const detector = context.instrument.detectors.find(d => d.id === facts.detector);
  if (detector === undefined) {
    throw new ApError('BAD_FORMAT', { where: 'raw header', found: `detector ${facts.detector}`, expected: `a detector of ${context.instrument.name}` });
  }
  const boxes = detector.amplifiers.flatMap(a => [a.rawData, a.rawSerialOverscan, a.rawPrescan]).filter(box => box !== null);
  const width = Math.max(...boxes.map(b => b.x0 + b.width));
  const height = Math.max(...boxes.map(b => b.y0 + b.height));
  if (raw.width !== width || raw.height !== height) {
    throw new ApError('BAD_FORMAT', {
      where: `raw ${dataIdText(context.dataId)}`, found: `${raw.width} x ${raw.height} pixels`, expected: `${width} x ${height}`,
    });
  }
  return detector;
}

/** Zero level, trimming, gain and saturation; returns the read noise of each amplifier (electrons). */
function assemble(raw: RawFrame, detector: Detector, target: MaskedImage, config: IsrConfig, context: TaskContext): number[] {
  const zeroLevels = detector.amplifiers.map(amp => zeroLevel(raw, amp, config, context));
  assembleDetector(raw, detector, zeroLevels.map(z => z.level_adu), target);
  if (config.doSaturation) {
    const counts = markSaturated(raw, detector, target);
    detector.amplifiers.forEach((amp, i) => { context.metadata[`nSaturated_${amp.name}`] = counts[i]!; });
    const dead = markDeadAmplifiers(target, detector, MASK.SAT);
    if (dead.length > 0) context.log.warn(`amplifiers saturated throughout: ${dead.join(', ')}`);
    if (dead.length === detector.amplifiers.length) throw new AlgorithmError('every amplifier is saturated throughout', { nAmplifiers: dead.length });
  }
  return zeroLevels.map(z => z.readNoise_electron);
}

interface ZeroLevel {
  readonly level_adu: Float64Array;
  readonly readNoise_electron: number;
}

function zeroLevel(raw: RawFrame, amp: Amplifier, config: IsrConfig, context: TaskContext): ZeroLevel {
  const level_adu = new Float64Array(amp.rawData.height).fill(config.softBias_adu);
  const nominal = { level_adu, readNoise_electron: amp.readNoise_electron };
  if (!config.doOverscan || amp.rawSerialOverscan === null) return nominal;
  const fit = fitOverscan(raw, amp.rawSerialOverscan, {
    fitType: config.overscanFitType as OverscanFit, order: config.overscanOrder, nSigma: config.overscanNumSigmaClip,
    maxDeviation_adu: config.overscanMaxDeviation_adu,
    skipLeading: config.overscanSkipLeading, skipTrailing: config.overscanSkipTrailing,
  });
  if (fit === null) {
    context.log.warn(`amplifier ${amp.name}: no usable overscan pixel, zero level not subtracted`);
    return nominal;
  }
  const shift = amp.rawData.y0 - amp.rawSerialOverscan.y0;
  for (let row = 0; row < level_adu.length; row++) {
    level_adu[row]! += fit.level_adu[Math.min(Math.max(row + shift, 0), fit.level_adu.length - 1)]!;
  }
  const measured = fit.residualSigma_adu * amp.gain_electronPerAdu;
  context.metadata[`overscanMean_adu_${amp.name}`] = fit.mean_adu;
  context.metadata[`overscanSigma_adu_${amp.name}`] = fit.sigma_adu;
  context.metadata[`overscanResidualSigma_adu_${amp.name}`] = fit.residualSigma_adu;
  return config.doEmpiricalReadNoise ? { level_adu, readNoise_electron: measured } : nominal;
}

function orMask(rawMask: Mask, target: MaskedImage): void {
  if (rawMask.width !== target.width || rawMask.height !== target.height) {
    throw new ApError('BAD_FORMAT', {
      where: 'raw_mask', found: `${rawMask.width} x ${rawMask.height} pixels`, expected: `${target.width} x ${target.height}`,
    });
  }
  for (let p = 0; p < target.mask.length; p++) target.mask[p]! |= rawMask.data[p]!;
}

interface Calibrations {
  readonly bias: Exposure | null;
  readonly dark: Exposure | null;
  readonly flat: Exposure | null;
  readonly defects: Parameters<typeof defectsOfTable>[0] | null;
}

interface CalibrateContext {
  readonly detector: Detector;
  readonly facts: RawFacts;
  readonly readNoise_electron: readonly number[];
  readonly config: IsrConfig;
  readonly context: TaskContext;
}

/** Bias, variance, defects, dark, flat, in the order of the reference pipeline. */
function calibrate(inputs: Calibrations, target: MaskedImage, c: CalibrateContext): void {
  const { config, detector, context } = c;
  const bias = config.doBias ? inElectrons(need(inputs.bias, 'bias', context, target), detector) : null;
  const dark = config.doDark ? need(inputs.dark, 'dark', context, target) : null;
  const flat = config.doFlat ? need(inputs.flat, 'flat', context, target) : null;
  if (config.doDefect && inputs.defects === null) throw missing('defects', context);
  if (bias !== null) subtractFrame(target, bias);
  setVariance(target, detector, c.readNoise_electron);
  if (bias !== null) addFrameVariance(target, bias);
  if (config.doDefect && inputs.defects !== null) {
    context.metadata.nDefectPixels = applyDefects(target, defectsOfTable(inputs.defects));
  }
  if (dark !== null) {
    const scale = darkScale(dark, c.facts);
    const frame = inElectrons(dark, detector);
    subtractFrame(target, frame, scale);
    addFrameVariance(target, frame, scale);
    context.metadata.darkScale = scale;
  }
  if (flat !== null) context.metadata.nFlatBad = divideByFlat(target, flat);
}

function need(frame: Exposure | null, datasetType: string, context: TaskContext, target: MaskedImage): Exposure {
  if (frame === null) throw missing(datasetType, context);
  checkShape(frame, target, datasetType);
  return frame;
}

function missing(datasetType: string, context: TaskContext): ApError {
  const option = `do${datasetType === 'defects' ? 'Defect' : datasetType[0]!.toUpperCase() + datasetType.slice(1)}`;
  return new ApError('CALIBRATION_NOT_FOUND', {
    where: `${datasetType} ${dataIdText(context.dataId)}`, found: 'nothing', expected: `a ${datasetType}, because ${option} is true`,
    todo: `certify a ${datasetType} for this date, or set ${option} to false`,
  });
}

/** Ratio of the dark times; a dark frame without a dark time is taken as one second. */
function darkScale(dark: Exposure, facts: RawFacts): number {
  const { darkTime_s } = facts.visitInfo;
  if (!Number.isFinite(darkTime_s)) {
    throw new ApError('BAD_FORMAT', { where: 'dark time of the raw frame', found: darkTime_s, expected: 'seconds' });
  }
  const reference = dark.visitInfo.darkTime_s;
  return Number.isFinite(reference) && reference > 0 ? darkTime_s / reference : darkTime_s;
}

function maskAndInterpolate(target: MaskedImage, config: IsrConfig, context: TaskContext): void {
  const mask: Mask = { width: target.width, height: target.height, data: target.mask };
  context.metadata.nNonFinite = markNonFinite(target.image, target.variance, target.mask);
  if (config.doWidenSaturationTrails) widenSaturationTrails(mask);
  growMask(mask, MASK.SAT, config.growSaturation_px);
  context.metadata.nInterpolated = config.doInterpolate
    ? interpolateOver(target, planeBits(config.interpolatePlanes), config.interpolationSigma_px)
    : 0;
}

function planeBits(text: string): number {
  const names = text.split(',').map(name => name.trim()).filter(name => name !== '');
  const unknown = names.find(name => !(name in MASK_BITS));
  if (unknown !== undefined) {
    throw new ApError('BAD_CONFIG', { where: 'interpolatePlanes', found: unknown, expected: Object.keys(MASK_BITS).join(', ') });
  }
  return maskOf(...(names as MaskPlane[]));
}

/** Level and scatter of every amplifier (good pixels, every 7th) and counts of the mask planes. */
function summarise(target: MaskedImage, detector: Detector, context: TaskContext): void {
  const avoid = maskOf('BAD', 'SAT', 'INTRP', 'NO_DATA', 'UNMASKEDNAN');
  for (const { name, detectorBox: box } of detector.amplifiers) {
    const sample: number[] = [];
    for (let k = 0; k < box.width * box.height; k += 7) {
      const p = (box.y0 + Math.floor(k / box.width)) * target.width + box.x0 + (k % box.width);
      if ((target.mask[p]! & avoid) === 0) sample.push(target.image[p]!);
    }
    const level = sigmaClip(sample);
    context.metadata[`level_electron_${name}`] = level.mean;
    context.metadata[`levelSigma_electron_${name}`] = level.sigma;
  }
  for (const plane of ['BAD', 'SAT', 'CR', 'INTRP'] as const) {
    let n = 0;
    for (const bits of target.mask) if ((bits & MASK[plane]) !== 0) n++;
    context.metadata[`nPixels_${plane}`] = n;
  }
}

function exposureOf(target: MaskedImage, facts: RawFacts, context: TaskContext): Exposure {
  const filter = context.instrument.filters.find(f => f.name === facts.physicalFilter);
  if (filter === undefined) {
    throw new ApError('BAD_FORMAT', {
      where: 'filter of the raw frame', found: facts.physicalFilter, expected: context.instrument.filters.map(f => f.name).join(', '),
    });
  }
  return {
    ...target, wcs: facts.wcs, psf: null, photoCalib: null, visitInfo: facts.visitInfo,
    detector: facts.detector, band: filter.band, physicalFilter: filter.name, unit: 'electron', metadata: {},
  };
}
