/** Second half of instrument signature removal: the corrections on the assembled detector, one function a step. */
import { measureAmpOffsets, subtractPedestals } from '../astro/isr/ampOffset.ts';
import { markEdges, setVariance } from '../astro/isr/assemble.ts';
import type { AppliedFrame } from '../astro/isr/assemble.ts';
import { correctBrighterFatter, kernelOfTable } from '../astro/isr/brighterFatter.ts';
import { addFrameVariance, checkShape, divideByFlat, electronScales, flatScale, subtractFrame } from '../astro/isr/calibrationFrames.ts';
import { crosstalkOfTable, subtractCrosstalk } from '../astro/isr/crosstalk.ts';
import { applyDefects, defectsOfTable } from '../astro/isr/defects.ts';
import { fitFringes } from '../astro/isr/fringe.ts';
import { interpolateOver } from '../astro/isr/interpolate.ts';
import { linearityOfTable, linearize } from '../astro/isr/linearity.ts';
import { growMask, markNonFinite, widenSaturationTrails } from '../astro/isr/maskGrowth.ts';
import { circlePolygon, maskOutside, parsePolygon } from '../astro/isr/vignette.ts';
import { dataIdText } from '../model/dataset.ts';
import { ApError } from '../model/errors.ts';
import type { Exposure, Image, MaskedImage } from '../model/image.ts';
import type { Detector, RawFacts, RawFrame } from '../model/instrument.ts';
import { MASK, MASK_BITS, maskOf } from '../model/mask.ts';
import type { MaskPlane } from '../model/mask.ts';
import type { Table } from '../model/table.ts';
import { random } from '../numeric/random.ts';
import { utcIsoOfTaiNs } from '../sky/time.ts';
import type { InputItem, TaskContext } from '../pipeline/task.ts';
import { assemble, detectorOf } from './isrAssembly.ts';
import type { IsrConfig, IsrStep } from './isrConfig.ts';

export interface Calibrations {
  readonly bias: Exposure | null;
  readonly dark: Exposure | null;
  readonly flat: Exposure | null;
  readonly fringe: Exposure | null;
  readonly illumination: Exposure | null;
  readonly defects: Table | null;
  readonly linearizer: Table | null;
  readonly crosstalk: Table | null;
  readonly bfKernel: Table | null;
  readonly crosstalkSources: readonly InputItem<RawFrame>[];
}

export interface StepState {
  readonly inputs: Calibrations;
  readonly target: MaskedImage;
  readonly detector: Detector;
  readonly facts: RawFacts;
  readonly readNoise_electron: readonly number[];
  readonly config: IsrConfig;
  readonly context: TaskContext;
  /** Frames whose noise is not in the variance yet. */
  applied: AppliedFrame[];
  hasVariance: boolean;
}

export const STEPS: Readonly<Record<IsrStep, (state: StepState) => void>> = {
  bias, variance, linearity, crosstalk, defects, saturationTrails, brighterFatter, dark, flat, fringe, vignette, illumination,
};

function bias(state: StepState): void {
  if (state.config.doBias) subtract(state, frameOf(state, 'bias', 'doBias'), 1);
}

/** The dark scaled by the dark times; a dark frame without a dark time is taken as one second. */
function dark(state: StepState): void {
  if (!state.config.doDark) return;
  const frame = frameOf(state, 'dark', 'doDark');
  const { darkTime_s } = state.facts.visitInfo;
  if (!Number.isFinite(darkTime_s)) {
    throw new ApError('BAD_FORMAT', { where: 'dark time of the raw frame', found: darkTime_s, expected: 'seconds' });
  }
  const reference = frame.visitInfo.darkTime_s;
  const scale = Number.isFinite(reference) && reference > 0 ? darkTime_s / reference : darkTime_s;
  state.context.metadata.darkScale = scale;
  subtract(state, frame, scale);
}

function subtract(state: StepState, frame: Exposure, scale: number): void {
  const scales = electronScales(frame, state.detector).map(s => s * scale);
  subtractFrame(state.target, frame, state.detector, scales);
  if (state.hasVariance) addFrameVariance(state.target, frame, state.detector, scales);
  else state.applied.push({ frame, scales });
}

function variance(state: StepState): void {
  const [first, ...others] = state.applied;
  const { target, detector, readNoise_electron, config } = state;
  const nNegative = setVariance(target, detector, readNoise_electron, config.maskNegativeVariance, first ?? null);
  if (nNegative > 0) state.context.metadata.nNegativeVariance = nNegative;
  for (const { frame, scales } of others) addFrameVariance(target, frame, detector, scales);
  state.applied = [];
  state.hasVariance = true;
}

function linearity(state: StepState): void {
  const { target, detector, config, context } = state;
  if (!config.doLinearize) return;
  context.metadata.nOutsideLinearizer = linearize(target, detector, linearityOfTable(tableOf(state, 'linearizer', 'doLinearize')));
}

function crosstalk(state: StepState): void {
  const { inputs, target, detector, config, context } = state;
  if (!config.doCrosstalk) return;
  const all = crosstalkOfTable(tableOf(state, 'crosstalk', 'doCrosstalk'));
  const terms = config.doInterDetectorCrosstalk ? all : all.filter(t => t.sourceDetector === detector.id);
  const own: Image = { width: target.width, height: target.height, data: target.image.slice() };
  const others = config.doInterDetectorCrosstalk ? inputs.crosstalkSources.map(({ value }) => sourceOf(value, config, context)) : [];
  const { nMasked, nMissing } = subtractCrosstalk(target, detector, [{ detector, image: own }, ...others], terms, {
    unit: config.crosstalkUnit as 'adu' | 'electron', minPixelToMask_electron: config.crosstalkMinPixelToMask_electron,
    doSubtractBackground: config.crosstalkSubtractBackground,
  });
  if (terms.length === 0) context.log.info('the crosstalk table has no coefficients for this detector');
  if (nMissing > 0) context.log.warn(`${nMissing} crosstalk terms are of detectors that were not read`);
  Object.assign(context.metadata, { nCrosstalk: nMasked, nCrosstalkTerms: terms.length, nCrosstalkMissing: nMissing });
}

function sourceOf(raw: RawFrame, config: IsrConfig, context: TaskContext): { detector: Detector; image: Image } {
  const quiet: TaskContext = { ...context, metadata: {} };
  const detector = detectorOf(quiet, context.instrument.translate(raw.header), raw, config);
  const { target } = assemble(raw, detector, { ...config, doSaturation: false, doSuspect: false }, quiet);
  return { detector, image: { width: target.width, height: target.height, data: target.image } };
}

function defects(state: StepState): void {
  const { target, detector, config, context } = state;
  if (config.doDefect) {
    context.metadata.nDefectPixels = applyDefects(target, defectsOfTable(tableOf(state, 'defects', 'doDefect')));
  }
  if (config.doSuspect && config.numEdgeSuspect_px > 0) {
    const boxes = config.edgeMaskLevel === 'AMP' ? detector.amplifiers.map(a => a.detectorBox)
      : [{ x0: 0, y0: 0, width: detector.width, height: detector.height }];
    markEdges(target, boxes, config.numEdgeSuspect_px, MASK.SUSPECT);
  }
}

function saturationTrails({ config, target }: StepState): void {
  if (config.doWidenSaturationTrails) widenSaturationTrails({ width: target.width, height: target.height, data: target.mask });
}

function brighterFatter(state: StepState): void {
  const { target, config, context } = state;
  if (!config.doBrighterFatter) return;
  const result = correctBrighterFatter(target, kernelOfTable(tableOf(state, 'bfKernel', 'doBrighterFatter')), {
    maxIter: config.brighterFatterMaxIter, threshold_electron: config.brighterFatterThreshold_electron,
    interpolateBits: maskOf('SAT', 'BAD', 'NO_DATA', 'UNMASKEDNAN'), interpolationSigma_px: config.interpolationSigma_px,
  });
  if (!result.isConverged) {
    context.log.warn(`brighter-fatter: change of ${result.change_electron.toFixed(0)} electrons after ${result.nIter} iterations`);
  }
  Object.assign(context.metadata, { brighterFatterIterations: result.nIter, brighterFatterChange_electron: result.change_electron });
}

function flat(state: StepState): void {
  const { config, context, target } = state;
  if (!config.doFlat) return;
  const frame = frameOf(state, 'flat', 'doFlat');
  checkFilter(frame, state, 'flat');
  const scale = config.flatScalingType === 'USER' ? config.flatUserScale : flatScale(frame, config.flatScalingType as 'MEAN' | 'MEDIAN');
  context.metadata.nFlatBad = divideByFlat(target, frame, scale);
}

function fringe(state: StepState): void {
  const { config, context, target, facts } = state;
  if (!config.doFringe) return;
  const frame = frameOf(state, 'fringe', 'doFringe');
  checkFilter(frame, state, 'fringe');
  const avoidBits = maskOf('BAD', 'SAT', 'NO_DATA', 'UNMASKEDNAN', 'SUSPECT');
  const fit = fitFringes(target, [frame], random(facts.exposure, 'fringe positions'), {
    nPositions: config.fringeNumPositions, small_px: 3, large_px: 30, nSigma: 3, maxIter: 20, avoidBits,
  });
  const amplitude = fit.amplitudes[0]!;
  Object.assign(context.metadata, { fringeAmplitude: amplitude, fringePositions: fit.nUsed, fringeResidualSigma: fit.residualSigma });
  if (!Number.isFinite(amplitude)) {
    context.log.warn(`fringes not subtracted: ${fit.nUsed} usable positions`);
    return;
  }
  const scales = state.detector.amplifiers.map(() => amplitude);
  subtractFrame(target, frame, state.detector, scales);
  addFrameVariance(target, frame, state.detector, scales);
}

function vignette({ config, context, target }: StepState): void {
  if (!config.doVignette) return;
  const polygon = config.vignettePolygon_px.trim() === ''
    ? circlePolygon(config.vignetteX_px, config.vignetteY_px, config.vignetteRadius_px) : parsePolygon(config.vignettePolygon_px);
  context.metadata.nVignetted = maskOutside(target, polygon, null);
}

function illumination(state: StepState): void {
  if (!state.config.doIlluminationCorrection) return;
  const frame = frameOf(state, 'illumination', 'doIlluminationCorrection');
  checkFilter(frame, state, 'illumMaskedImage');
  divideByFlat(state.target, frame, state.config.illuminationScale);
}

/** Non-finite pixels, growth of SAT, interpolation, amplifier offsets: what comes after all corrections. */
export function finish({ target, detector, config, context }: StepState): void {
  context.metadata.nNonFinite = markNonFinite(target.image, target.variance, target.mask);
  growMask({ width: target.width, height: target.height, data: target.mask }, MASK.SAT, config.growSaturation_px);
  context.metadata.nInterpolated = config.doInterpolate
    ? interpolateOver(target, planeBits(config.interpolatePlanes), config.interpolationSigma_px)
    : 0;
  if (!config.doAmpOffset) return;
  const { pedestals_electron, interfaces } = measureAmpOffsets(target, detector, {
    inset_px: 5, strip_px: 64, window_px: 512, minGoodFraction: 0.5, maxOffset_electron: config.ampOffsetMax_electron,
    avoidBits: maskOf('BAD', 'SAT', 'INTRP', 'NO_DATA', 'UNMASKEDNAN'),
  });
  for (const { name, offset_electron } of interfaces) context.metadata[`ampOffsetInterface_electron_${name}`] = offset_electron;
  detector.amplifiers.forEach((amp, i) => { context.metadata[`ampOffsetPedestal_electron_${amp.name}`] = pedestals_electron[i]!; });
  if (config.doApplyAmpOffset) subtractPedestals(target, detector, pedestals_electron);
}

function planeBits(text: string): number {
  const names = text.split(',').map(name => name.trim()).filter(name => name !== '');
  const unknown = names.find(name => !(name in MASK_BITS));
  if (unknown !== undefined) {
    throw new ApError('BAD_CONFIG', { where: 'interpolatePlanes', found: unknown, expected: Object.keys(MASK_BITS).join(', ') });
  }
  return maskOf(...(names as MaskPlane[]));
}

type FrameName = 'bias' | 'dark' | 'flat' | 'fringe' | 'illumination';

function frameOf({ inputs, context, target, facts }: StepState, name: FrameName, option: string): Exposure {
  const frame = inputs[name];
  const datasetType = name === 'illumination' ? 'illumMaskedImage' : name;
  if (frame === null) throw missing(datasetType, option, context, facts);
  checkShape(frame, target, datasetType);
  return frame;
}

function tableOf({ inputs, context, facts }: StepState, name: 'linearizer' | 'crosstalk' | 'defects' | 'bfKernel', option: string): Table {
  const table = inputs[name];
  if (table === null) throw missing(name === 'bfKernel' ? 'bfk' : name, option, context, facts);
  return table;
}

function missing(datasetType: string, option: string, context: TaskContext, facts: RawFacts): ApError {
  return new ApError('CALIBRATION_NOT_FOUND', {
    where: `${datasetType} ${dataIdText(context.dataId)}`, found: 'nothing', expected: `a ${datasetType}, because ${option} is true`,
    date: utcIsoOfTaiNs(facts.visitInfo.begin_taiNs),
    todo: `certify a ${datasetType} for this date, or set ${option} to false`,
  });
}

/** A calibration of another filter would be silently wrong. */
function checkFilter(frame: Exposure, { facts, context }: StepState, datasetType: string): void {
  if (frame.physicalFilter === '' || frame.physicalFilter === facts.physicalFilter) return;
  throw new ApError('BAD_FORMAT', {
    where: `${datasetType} for ${dataIdText(context.dataId)}`, found: `filter ${frame.physicalFilter}`,
    expected: `filter ${facts.physicalFilter}, that of the raw frame`,
  });
}
