/** First half of instrument signature removal: the raw read-out becomes a detector in electrons above the zero level. */
import { assembleDetector, markAbove, markDeadAmplifiers } from '../astro/isr/assemble.ts';
import type { ZeroLevels } from '../astro/isr/assemble.ts';
import { fitOverscan } from '../astro/isr/overscan.ts';
import type { OverscanFit, OverscanModel, OverscanOptions } from '../astro/isr/overscan.ts';
import { dataIdText } from '../model/dataset.ts';
import { AlgorithmError, ApError } from '../model/errors.ts';
import { allocMaskedImage } from '../model/image.ts';
import type { Box, MaskedImage } from '../model/image.ts';
import type { Amplifier, Detector, RawFacts, RawFrame } from '../model/instrument.ts';
import { MASK } from '../model/mask.ts';
import type { TaskContext } from '../pipeline/task.ts';
import type { IsrConfig } from './isrConfig.ts';

/**
 * The detector of the header with what header and config say about its amplifiers, after a check that the frame holds them.
 * @throws ApError BAD_FORMAT for an unknown detector or a frame of another size.
 */
export function detectorOf(context: TaskContext, facts: RawFacts, raw: RawFrame, config: IsrConfig): Detector {
  const nominal = context.instrument.detectors.find(d => d.id === facts.detector);
  if (nominal === undefined) {
    throw new ApError('BAD_FORMAT', { where: 'raw header', found: `detector ${facts.detector}`, expected: `a detector of ${context.instrument.name}` });
  }
  const amplifiers = nominal.amplifiers.map((amp): Amplifier => {
    const known = { ...amp, ...facts.amplifiers?.find(({ name }) => name === amp.name) };
    return {
      ...known,
      gain_electronPerAdu: config.gain_electronPerAdu > 0 ? config.gain_electronPerAdu : known.gain_electronPerAdu,
      readNoise_electron: config.readNoise_electron > 0 ? config.readNoise_electron : known.readNoise_electron,
      saturation_adu: config.saturation_adu > 0 ? config.saturation_adu : known.saturation_adu,
    };
  });
  checkRawSize(amplifiers, raw, context);
  for (const { name, gain_electronPerAdu: gain } of amplifiers) {
    if (!(gain > 0)) throw new ApError('BAD_FORMAT', { where: `gain of amplifier ${name}`, found: gain, expected: 'a number above 0' });
  }
  return { ...nominal, amplifiers };
}

function checkRawSize(amplifiers: readonly Amplifier[], raw: RawFrame, context: TaskContext): void {
  const boxes = amplifiers.flatMap(a => [a.rawData, a.rawSerialOverscan, a.rawPrescan, a.rawParallelOverscan ?? null])
    .filter(box => box !== null);
  const width = Math.max(...boxes.map(b => b.x0 + b.width));
  const height = Math.max(...boxes.map(b => b.y0 + b.height));
  if (raw.width === width && raw.height === height) return;
  throw new ApError('BAD_FORMAT', {
    where: `raw ${dataIdText(context.dataId)}`, found: `${raw.width} x ${raw.height} pixels`, expected: `${width} x ${height}`,
  });
}

/** Zero level, trimming, flips, gain; SAT and SUSPECT from the raw values. */
export function assemble(
  raw: RawFrame, detector: Detector, config: IsrConfig, context: TaskContext,
): { target: MaskedImage; readNoise_electron: number[] } {
  const target = allocMaskedImage(detector.width, detector.height);
  const zeros = detector.amplifiers.map(amp => zeroLevel(raw, amp, config, context));
  assembleDetector(raw, detector, zeros, target);
  if (config.doSaturation) {
    const counts = markAbove(raw, detector, target, detector.amplifiers.map(a => a.saturation_adu), MASK.SAT);
    detector.amplifiers.forEach((amp, i) => { context.metadata[`nSaturated_${amp.name}`] = counts[i]!; });
    const dead = markDeadAmplifiers(target, detector, MASK.SAT);
    if (dead.length > 0) context.log.warn(`amplifiers saturated throughout: ${dead.join(', ')}`);
    if (dead.length === detector.amplifiers.length) {
      throw new AlgorithmError('every amplifier is saturated throughout', { nAmplifiers: dead.length, nSaturated: counts.reduce((a, b) => a + b, 0) });
    }
  }
  if (config.doSuspect && detector.amplifiers.some(a => a.suspect_adu !== undefined)) {
    const counts = markAbove(raw, detector, target, detector.amplifiers.map(a => a.suspect_adu ?? Infinity), MASK.SUSPECT);
    detector.amplifiers.forEach((amp, i) => { context.metadata[`nSuspect_${amp.name}`] = counts[i]!; });
  }
  return { target, readNoise_electron: zeros.map(z => z.readNoise_electron) };
}

interface AmplifierZero extends ZeroLevels {
  readonly readNoise_electron: number;
}

function zeroLevel(raw: RawFrame, amp: Amplifier, config: IsrConfig, context: TaskContext): AmplifierZero {
  const rows_adu = new Float64Array(amp.rawData.height).fill(config.softBias_adu);
  const nominal = { rows_adu, columns_adu: null, readNoise_electron: amp.readNoise_electron };
  if (!config.doOverscan || amp.rawSerialOverscan === null) return nominal;
  const fit = fitOverscan(raw, amp.rawSerialOverscan, serialOptions(amp, amp.rawSerialOverscan, config));
  if (fit === null) {
    context.log.warn(`amplifier ${amp.name}: no usable overscan pixel, zero level not subtracted`);
    return nominal;
  }
  record(context, `overscan`, amp, fit);
  addLevels(rows_adu, fit.level_adu, amp.rawData.y0 - amp.rawSerialOverscan.y0);
  const readNoise_electron = config.doEmpiricalReadNoise ? fit.residualSigma_adu * amp.gain_electronPerAdu : amp.readNoise_electron;
  const box = amp.rawParallelOverscan ?? null;
  if (!config.doParallelOverscan || box === null) return { rows_adu, columns_adu: null, readNoise_electron };
  const parallel = fitOverscan(raw, box, parallelOptions(amp, box, config));
  if (parallel === null) {
    context.log.warn(`amplifier ${amp.name}: no usable parallel overscan pixel`);
    return { rows_adu, columns_adu: null, readNoise_electron };
  }
  record(context, 'parallelOverscan', amp, parallel);
  // What the serial level says for the rows of the parallel overscan is in the rows already.
  const serialThere = levelAt(fit.level_adu, box.y0 + (box.height >> 1) - amp.rawSerialOverscan.y0) + config.softBias_adu;
  const columns_adu = new Float64Array(amp.rawData.width).fill(-serialThere);
  addLevels(columns_adu, parallel.level_adu, amp.rawData.x0 - box.x0);
  return { rows_adu, columns_adu, readNoise_electron };
}

function serialOptions(amp: Amplifier, box: Box, config: IsrConfig): OverscanOptions {
  return {
    fitType: config.overscanFitType as OverscanFit, order: config.overscanOrder, nSigma: config.overscanNumSigmaClip,
    maxDeviation_adu: config.overscanMaxDeviation_adu, skipLeading: config.overscanSkipLeading, skipTrailing: config.overscanSkipTrailing,
    jumpLine: config.overscanJumpRow, isBefore: box.x0 < amp.rawData.x0,
  };
}

function parallelOptions(amp: Amplifier, box: Box, config: IsrConfig): OverscanOptions {
  return {
    fitType: config.parallelOverscanFitType as OverscanFit, order: config.overscanOrder, nSigma: config.overscanNumSigmaClip,
    maxDeviation_adu: config.parallelOverscanMaxDeviation_adu,
    skipLeading: config.parallelOverscanSkipLeading, skipTrailing: config.parallelOverscanSkipTrailing,
    lines: 'columns', isBefore: box.y0 < amp.rawData.y0,
  };
}

function levelAt(levels: Float64Array, line: number): number {
  return levels[Math.min(Math.max(line, 0), levels.length - 1)]!;
}

/** Adds the level of the line `shift` further on; the first and last lines stand for those outside. */
function addLevels(out: Float64Array, levels: Float64Array, shift: number): void {
  for (let i = 0; i < out.length; i++) out[i]! += levelAt(levels, i + shift);
}

function record(context: TaskContext, prefix: string, amp: Amplifier, fit: OverscanModel): void {
  context.metadata[`${prefix}Mean_adu_${amp.name}`] = fit.mean_adu;
  context.metadata[`${prefix}Median_adu_${amp.name}`] = fit.median_adu;
  context.metadata[`${prefix}Sigma_adu_${amp.name}`] = fit.sigma_adu;
  context.metadata[`${prefix}ResidualSigma_adu_${amp.name}`] = fit.residualSigma_adu;
  context.metadata[`${prefix}NumRejected_${amp.name}`] = fit.nRejected;
}
