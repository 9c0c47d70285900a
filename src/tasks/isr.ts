/** Instrument signature removal: raw read-out to a calibrated image in electrons. */
import { dataIdText } from '../model/dataset.ts';
import * as types from '../model/datasetTypes.ts';
import { AlgorithmError, ApError } from '../model/errors.ts';
import type { Exposure, MaskedImage } from '../model/image.ts';
import type { Detector, Mask, RawFacts } from '../model/instrument.ts';
import { maskOf } from '../model/mask.ts';
import { amplifierLevels, planeCounts } from '../astro/isr/statistics.ts';
import { connection, defineTask } from '../pipeline/task.ts';
import type { TaskContext } from '../pipeline/task.ts';
import { assemble, detectorOf } from './isrAssembly.ts';
import { ISR_CONFIG, ISR_ORDERS } from './isrConfig.ts';
import { finish, STEPS } from './isrSteps.ts';
import type { StepState } from './isrSteps.ts';

const calibration = { optional: true, prerequisite: true, lookup: 'calibration' } as const;

export const isr = defineTask({
  name: 'IsrTask',
  doc: 'Remove the instrument signature: overscan, assembly, gain, bias, linearity, crosstalk, brighter-fatter, dark, flat, fringes; masks, variance, interpolation.',
  dimensions: ['instrument', 'exposure', 'detector'],
  inputs: {
    raw: connection(types.raw, 'Raw frame in ADU.'),
    rawMask: connection(types.rawMask, 'Mask delivered with the raw frame, detector pixels; ORed in.', { optional: true }),
    crosstalkSources: connection(types.raw, 'Raw frames of the other detectors of the exposure.', {
      multiple: true, optional: true, lookup: 'siblings', requiredWhen: 'doInterDetectorCrosstalk',
    }),
    bias: connection(types.bias, 'Bias frame, overscan-subtracted.', { ...calibration, requiredWhen: 'doBias' }),
    dark: connection(types.dark, 'Dark frame with its dark time.', { ...calibration, requiredWhen: 'doDark' }),
    flat: connection(types.flat, 'Flat of mean 1.', { ...calibration, requiredWhen: 'doFlat' }),
    defects: connection(types.defects, 'Known bad rectangles.', { ...calibration, requiredWhen: 'doDefect' }),
    linearizer: connection(types.linearizer, 'Departure from linearity by amplifier.', { ...calibration, requiredWhen: 'doLinearize' }),
    crosstalk: connection(types.crosstalk, 'Crosstalk coefficients.', { ...calibration, requiredWhen: 'doCrosstalk' }),
    bfKernel: connection(types.brighterFatterKernel, 'Brighter-fatter kernel.', { ...calibration, requiredWhen: 'doBrighterFatter' }),
    fringe: connection(types.fringe, 'Fringe frame of the filter.', { ...calibration, requiredWhen: 'doFringe' }),
    illumination: connection(types.illuminationCorrection, 'Illumination correction of the filter.', { ...calibration, requiredWhen: 'doIlluminationCorrection' }),
  },
  outputs: {
    outputExposure: connection(types.postIsrImage, 'Detector image in electrons with variance and mask.'),
  },
  config: ISR_CONFIG,
  run(inputs, config, context) {
    const facts = context.instrument.translate(inputs.raw.header);
    const filter = filterOf(facts, context);
    const detector = detectorOf(context, facts, inputs.raw, config);
    const { target, readNoise_electron } = assemble(inputs.raw, detector, config, context);
    detector.amplifiers.forEach((amp, i) => {
      context.metadata[`gain_${amp.name}`] = amp.gain_electronPerAdu;
      context.metadata[`readNoise_electron_${amp.name}`] = readNoise_electron[i]!;
    });
    if (inputs.rawMask !== null) orMask(inputs.rawMask, target);
    const state: StepState = { inputs, target, detector, facts, readNoise_electron, config, context, applied: [], hasVariance: false };
    for (const step of ISR_ORDERS[config.order as keyof typeof ISR_ORDERS]) STEPS[step](state);
    finish(state);
    summarise(target, detector, context);
    return {
      outputExposure: {
        ...target, wcs: facts.wcs, psf: null, photoCalib: null, visitInfo: facts.visitInfo,
        detector: facts.detector, band: filter.band, physicalFilter: filter.name, unit: 'electron', metadata: {},
      } satisfies Exposure,
    };
  },
});

function filterOf(facts: RawFacts, context: TaskContext): { name: string; band: string } {
  const filter = context.instrument.filters.find(f => f.name === facts.physicalFilter);
  if (filter !== undefined) return filter;
  throw new ApError('BAD_FORMAT', {
    where: `filter of the raw frame ${dataIdText(context.dataId)}`, found: facts.physicalFilter, expected: context.instrument.filters.map(f => f.name).join(', '),
  });
}

function orMask(rawMask: Mask, target: MaskedImage): void {
  if (rawMask.width !== target.width || rawMask.height !== target.height) {
    throw new ApError('BAD_FORMAT', {
      where: 'raw_mask', found: `${rawMask.width} x ${rawMask.height} pixels`, expected: `${target.width} x ${target.height}`,
    });
  }
  for (let p = 0; p < target.mask.length; p++) target.mask[p]! |= rawMask.data[p]!;
}

/** Level and scatter of every amplifier and counts of the mask planes; an image without a usable pixel is an outcome. */
function summarise(target: MaskedImage, detector: Detector, context: TaskContext): void {
  for (const { name, mean, sigma } of amplifierLevels(target, detector)) {
    context.metadata[`level_electron_${name}`] = mean;
    context.metadata[`levelSigma_electron_${name}`] = sigma;
  }
  const counts = planeCounts(target.mask);
  for (const plane of ['BAD', 'SAT', 'CR', 'INTRP', 'SUSPECT', 'NO_DATA', 'CROSSTALK', 'UNMASKEDNAN'] as const) {
    context.metadata[`nPixels_${plane}`] = counts[plane];
  }
  const unusable = maskOf('BAD', 'SAT', 'NO_DATA', 'UNMASKEDNAN');
  if (target.mask.every(bits => (bits & unusable) !== 0)) {
    throw new AlgorithmError('no pixel of the detector is usable', {
      nPixels: target.mask.length, nBad: counts.BAD, nSaturated: counts.SAT, nNoData: counts.NO_DATA, nNonFinite: counts.UNMASKEDNAN,
    });
  }
}
