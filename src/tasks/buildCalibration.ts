/** Calibration frames of one detector from its raw frames: bias, dark, flat, fringe, defects. */
import { combineFrames, frameLevel } from '../astro/isr/combine.ts';
import { DEFECT_COLUMNS } from '../astro/isr/defects.ts';
import { badPixels, defectsOfPixels } from '../astro/isr/findDefects.ts';
import { AlgorithmError, ApError } from '../model/errors.ts';
import type { Exposure, MaskedImage } from '../model/image.ts';
import type { Instrument, RawFacts, RawFrame } from '../model/instrument.ts';
import { MASK, maskOf } from '../model/mask.ts';
import { tableFromRows } from '../model/table.ts';
import type { Table } from '../model/table.ts';
import { madSigma } from '../numeric/statistics.ts';
import type { Logger, TaskContext } from '../pipeline/task.ts';
import { isr } from './isr.ts';

export const CALIBRATION_KINDS = ['bias', 'dark', 'flat', 'fringe', 'defects'] as const;
export type CalibrationKind = (typeof CALIBRATION_KINDS)[number];

export type IsrInputs = Parameters<typeof isr.run>[0];
export type IsrValues = Parameters<typeof isr.run>[1];

export interface NamedRaw {
  readonly name: string;
  readonly raw: RawFrame;
}

export interface BuildOptions {
  readonly instrument: Instrument;
  /** Config of ISR with the overrides of the camera; steps without a frame in `calibrations` are switched off. */
  readonly config: IsrValues;
  readonly calibrations: Omit<IsrInputs, 'raw'>;
  /** Clipping of the combination. */
  readonly nSigma: number;
  /** Filter of the frames; null: the one that most frames have. */
  readonly filter: string | null;
  readonly log: Logger;
}

export interface BuiltCalibration {
  readonly product: Exposure | Table;
  readonly detector: number;
  /** '' for what does not depend on it. */
  readonly physicalFilter: string;
  readonly begin_taiNs: bigint;
  readonly used: readonly string[];
  readonly rejected: readonly { readonly name: string; readonly reason: string }[];
  readonly metadata: Readonly<Record<string, number | string>>;
}

interface Frame extends NamedRaw {
  readonly facts: RawFacts;
}

const UNUSABLE = maskOf('BAD', 'SAT', 'NO_DATA', 'UNMASKEDNAN');
/** A flat with more saturated pixels than this, or a level below so many sigma of the read noise, is no use. */
const MAX_SATURATED = 0.05;
const MIN_FLAT_LEVEL_ELECTRON = 500;

/**
 * Combines the raw frames of one detector. The frames must agree: bias, dark and fringe frames in exposure time (that of most
 * frames), flats and fringe frames in filter, all in detector and shape; what differs is left out with the reason. Units:
 * bias and dark in electrons (the dark with its dark time), the flat relative to its median, fringes as a fraction of the sky.
 * @throws AlgorithmError when fewer than two frames are left (one is enough for no kind: nothing could be clipped).
 */
export function buildCalibration(kind: CalibrationKind, raws: readonly NamedRaw[], options: BuildOptions): BuiltCalibration {
  const rejected: { name: string; reason: string }[] = [];
  const frames = agreeing(kind, translated(raws, options, rejected), options, rejected);
  const corrected = frames.flatMap(frame => {
    try {
      const exposure = correct(kind, frame, options);
      const reason = kind === 'flat' ? flatComplaint(exposure) : null;
      if (reason === null) return [{ frame, exposure }];
      rejected.push({ name: frame.name, reason });
    } catch (error) {
      if (!(error instanceof ApError && error.code === 'BAD_FORMAT') && !(error instanceof AlgorithmError)) throw error;
      rejected.push({ name: frame.name, reason: error.message });
    }
    return [];
  });
  const first = corrected[0];
  if (first === undefined || corrected.length < 2) {
    const reasons = rejected.map(({ name, reason }) => `${name}: ${reason}`).join('; ');

         throw new AlgorithmError(`${corrected.length} usable frames of ${raws.length} for a ${kind}; two are needed${reasons && ` (${reasons})`}`, {
      nUsed: corrected.length, nRejected: rejected.length,
    });
  }
  const exposures = corrected.map(c => c.exposure);
  const { product, metadata } = kind === 'defects' ? defectsFrom(corrected.map(c => ({ ...c,
    type: c.frame.facts.observationType })), options)
    : frameFrom(kind, exposures, options);
  return {
    product, metadata, rejected,
    detector: first.exposure.detector,
    physicalFilter: kind === 'flat' || kind === 'fringe' ? first.exposure.physicalFilter : '',
    begin_taiNs: exposures.map(e => e.visitInfo.begin_taiNs).reduce((a, b) => (b < a ? b : a)),
    used: corrected.map(c => c.frame.name),
  };
}

function translated(raws: readonly NamedRaw[], { instrument }: BuildOptions, rejected: { name: string; reason: string }[]): Frame[] {
  return raws.flatMap(({ name, raw }) => {
    try {
      return [{ name, raw, facts: instrument.translate(raw.header) }];
    } catch (error) {
      if (!(error instanceof ApError)) throw error;
      rejected.push({ name, reason: error.message });
      return [];
    }
  });
}

/** Frames that agree with most of them (or with the filter asked for) in what matters for the kind. */
function agreeing(
  kind: CalibrationKind, frames: readonly Frame[], { filter }: BuildOptions, rejected: { name: string; reason: string }[],
): Frame[] {
  const rules: { what: string; unit: string; of: (frame: Frame) => string | number; wanted?: string | null }[] = [
    { what: 'detector', unit: '', of: f => f.facts.detector },
    { what: 'shape', unit: ' pixels', of: f => `${f.raw.width} x ${f.raw.height}` },
  ];
  if (kind === 'flat' || kind === 'fringe') rules.push({ what: 'filter', unit: '', of: f => f.facts.physicalFilter, wanted: filter });
  if (kind === 'bias') rules.push({ what: 'exposure time', unit: ' s', of: f => f.facts.visitInfo.exposureTime_s, wanted: '0' });
  if (kind === 'dark' || kind === 'fringe') rules.push({ what: 'exposure time', unit: ' s', of: f => f.facts.visitInfo.exposureTime_s });
  let left = [...frames];
  for (const { what, unit, of, wanted } of rules) {
    const expected = wanted ?? mostCommon(left.map(of));
    for (const frame of left) {
      if (String(of(frame)) === expected) continue;
      rejected.push({ name: frame.name, reason: `${what} ${of(frame)}${unit}, the others have ${expected}${unit}` });
    }
    left = left.filter(frame => String(of(frame)) === expected);
  }
  return left;
}

function mostCommon(values: readonly (string | number)[]): string {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(String(value), (counts.get(String(value)) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? '';
}

/** What a frame of the kind needs of ISR. */
function correct(kind: CalibrationKind, { name, raw, facts }: Frame, options: BuildOptions): Exposure {
  const { calibrations, instrument } = options;
  const config: IsrValues = {
    ...options.config, doInterpolate: false, doFringe: false, doIlluminationCorrection: false, doVignette: false, doAmpOffset: false,
    // A bias frame may hold anything; only later is a pixel far below zero a bad one.
    maskNegativeVariance: kind !== 'bias' && options.config.maskNegativeVariance,
    doBias: kind !== 'bias' && calibrations.bias !== null,
    doDark: (kind === 'flat' || kind === 'fringe') && calibrations.dark !== null,
    doFlat: kind === 'fringe' && calibrations.flat !== null,
    doDefect: calibrations.defects !== null,
  };
  const context: TaskContext = {
    dataId: { instrument: instrument.name, exposure: facts.exposure, detector: facts.detector }, instrument, records: {},
      seed: 0, apdb: null,
    metadata: {}, log: { info: text => options.log.info(`${name}: ${text}`), warn: text => options.log.warn(`${name}: ${text}`) },
  };
  return isr.run({ ...calibrations, raw }, config, context).outputExposure;
}

function flatComplaint(exposure: Exposure): string | null {
  let nSaturated = 0;
  for (const bits of exposure.mask) if ((bits & MASK.SAT) !== 0) nSaturated++;
  const fraction = nSaturated / exposure.mask.length;
  if (fraction > MAX_SATURATED) return `${(100 * fraction).toFixed(1)} % of its pixels are saturated`;
  const level = frameLevel(exposure, UNUSABLE);
  return level > MIN_FLAT_LEVEL_ELECTRON ? null : `its level of ${level.toFixed(0)} electrons is below ${MIN_FLAT_LEVEL_ELECTRON}`;
}

interface Product {
  readonly product: Exposure | Table;
  readonly metadata: Readonly<Record<string, number | string>>;
}

function frameFrom(kind: Exclude<CalibrationKind, 'defects'>, exposures: readonly Exposure[], { nSigma }: BuildOptions): Product {
  const isRelative = kind === 'flat' || kind === 'fringe';
  const levels = exposures.map(e => (isRelative ? frameLevel(e, UNUSABLE) : 1));
  if (kind === 'fringe') exposures.forEach((e, k) => hideSources(e, levels[k]!));
  const { frame, nClipped, nEmpty } = combineFrames(exposures, levels.map(level => 1 / level), { nSigma,
    avoidBits: UNUSABLE | MASK.DETECTED });
  if (kind === 'flat') normalise(frame);
  const first = exposures[0]!;
  return {
    product: {
      ...frame, wcs: null, psf: null, photoCalib: null, visitInfo: first.visitInfo, detector: first.detector,
      band: isRelative ? first.band : '', physicalFilter: isRelative ? first.physicalFilter : '',
      unit: isRelative ? '' : 'electron', metadata: {},
    },
    metadata: {
      nFrames: exposures.length, nClipped, nEmpty, level: frameLevel(frame, UNUSABLE), scatter: madSigma(frame.image.filter((_,
        p) => p % 11 === 0)),
      ...(isRelative ? { levelMin_electron: Math.min(...levels), levelMax_electron: Math.max(...levels) } : {}),
    },
  };
}

function normalise(frame: MaskedImage): void {
  const level = frameLevel(frame, UNUSABLE);
  for (let p = 0; p < frame.image.length; p++) {
    frame.image[p]! /= level;
    frame.variance[p]! /= level * level;
  }
}

/** Takes the sky off and marks pixels above five times the scatter as sources. */
function hideSources({ image, mask }: Exposure, sky: number): void {
  const sigma = madSigma(image.filter((_, p) => p % 11 === 0));
  for (let p = 0; p < image.length; p++) {
    image[p]! -= sky;
    if (image[p]! > 5 * sigma) mask[p]! |= MASK.DETECTED;
  }
}

/** Flats show pixels of odd response, darks and biases those that are bright by themselves. */
function defectsFrom(frames: readonly { readonly exposure: Exposure; readonly type: string }[], options: BuildOptions): Product {
  const combined = (isFlat: boolean): Exposure | null => {
    const list = frames.filter(f => (f.type === 'flat') === isFlat).map(f => f.exposure);
    return list.length < 2 ? null : frameFrom(isFlat ? 'flat' : 'dark', list, options).product as Exposure;
  };
  const [flat, dark] = [combined(true), combined(false)];
  const shape = flat ?? dark;
  if (shape === null) throw new AlgorithmError('defects need two flats or two frames without light', { nFrames: frames.length });
  const bad = badPixels(flat, dark, { reach_px: 8, maxResponse: 0.2, nSigma: 10 });
  const defects = defectsOfPixels(bad, shape.width, shape.height, 20);
  return {
    product: tableFromRows(DEFECT_COLUMNS, defects.map(d => ({ ...d }))),
    metadata: { nFrames: frames.length, nBadPixels: bad.reduce((n, b) => n + b, 0), nRectangles: defects.length, nPixels: bad.length },
  };
}
