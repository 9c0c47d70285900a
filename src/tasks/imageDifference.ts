/** Difference imaging in one task as pipelines of 2021 had it: template, subtraction, detection, filter, APDB columns. */
import * as types from '../model/datasetTypes.ts';
import type { Exposure } from '../model/image.ts';
import type { Table } from '../model/table.ts';
import { connection, defineTask } from '../pipeline/task.ts';
import type { ConfigFields, ConfigValues, TaskContext } from '../pipeline/task.ts';
import { buildTemplate } from './buildTemplate.ts';
import { detectAndMeasureDiaSource } from './detectAndMeasureDiaSource.ts';
import { filterDiaSource } from './filterDiaSource.ts';
import { standardizeDiaSource } from './standardizeDiaSource.ts';
import { subtractImages } from './subtractImages.ts';

/** The parts by the names that their config fields have here. */
const PARTS = {
  getTemplate: buildTemplate, subtract: subtractImages, detectAndMeasure: detectAndMeasureDiaSource, filter: filterDiaSource,
  standardize: standardizeDiaSource,
} as const;
type Part = keyof typeof PARTS;

const SWITCHES = {
  doMeasurement: { default: true, doc: 'Detect and measure sources on the difference image; without, no catalog is made.' },
  doWriteSources: { default: true, doc: 'Write all detections with their flags.' },
  doWriteSubtractedExp: { default: true, doc: 'Write the difference image.' },
  doWriteWarpedExp: { default: true, doc: 'Write the template on the grid of the science image.' },
  doWriteMatchedExp: { default: true, doc: 'Write the template as it was subtracted.' },
};

/** Fields of the parts under `<part>.<field>`. */
const PART_FIELDS: ConfigFields = Object.fromEntries(Object.entries(PARTS).flatMap(([part, task]) =>
  Object.entries<ConfigFields[string]>(task.config).map(([name, field]) => [`${part}.${name}`, field])));

type SwitchValues = ConfigValues<typeof SWITCHES>;

export const imageDifference = defineTask({
  name: 'ImageDifferenceTask',
  doc: 'Warp the template, subtract it after PSF matching, find and measure what is left.',
  dimensions: ['instrument', 'visit', 'detector'],
  inputs: {
    exposure: connection(types.visitImage, 'Science image in nJy.'),
    selectSources: connection(types.starCatalog, 'Sources of the science image; the kernel is fitted to some of them.'),
    templates: connection(types.templateExposure, 'Exposures of the same band that overlap the science image, in nJy.', {
      multiple: true, lookup: 'overlapping',
    }),
  },
  outputs: {
    warpedExposure: connection(types.templateDetector, 'Template on the grid of the science image.', { requiredWhen: 'doWriteWarpedExp' }),
    matchedExposure: connection(types.templateMatched, 'Template as it was subtracted.', { requiredWhen: 'doWriteMatchedExp' }),
    rawDifference: connection(types.differencePredetection, 'Science minus matched template, before detection.'),
    psfMatchingKernel: connection(types.differenceKernel, 'Matching kernel and differential background.'),
    kernelSources: connection(types.differenceKernelSources, 'Sources that the kernel was fitted to, with the quality of the match.'),
    subtractedExposure: connection(types.differenceImage, 'Difference image with the planes DETECTED and DETECTED_NEGATIVE.', {
      requiredWhen: 'doWriteSubtractedExp',
    }),
    diaSources: connection(types.diaSourceUnfiltered, 'All detections with their flags.', { optional: true, requiredWhen: 'doWriteSources' }),
    goodDiaSources: connection(types.diaSourceUnstandardized, 'Sources that are kept.', { optional: true, requiredWhen: 'doMeasurement' }),
    rejectedDiaSources: connection(types.rejectedDiaSource, 'Sources that are rejected.', { optional: true, requiredWhen: 'doMeasurement' }),
    diaSourceTable: connection(types.diaSourceDetector, 'DiaSource rows without association.', { optional: true, requiredWhen: 'doMeasurement' }),
  },
  config: { ...PART_FIELDS, ...SWITCHES } as typeof SWITCHES,
  run({ exposure: science, selectSources: sources, templates }, config, context) {
    const { template } = runPart('getTemplate', context, part =>
      buildTemplate.run({ science, templates }, configOf(buildTemplate.config, 'getTemplate', config), part));
    const subtracted = runPart('subtract', context, part =>
      subtractImages.run({ science, template, sources }, configOf(subtractImages.config, 'subtract', config), part));
    const images = { science, sources, matchedTemplate: subtracted.matchedTemplate, difference: subtracted.difference };
    return {
      warpedExposure: template, matchedExposure: subtracted.matchedTemplate, rawDifference: subtracted.difference,
      psfMatchingKernel: subtracted.psfMatchingKernel, kernelSources: subtracted.kernelSources,
      ...(config.doMeasurement ? measured(images, config, context) : unmeasured(subtracted.difference)),
    };
  },
});

interface Measured {
  readonly subtractedExposure: Exposure;
  readonly diaSources: Table | null;
  readonly goodDiaSources: Table | null;
  readonly rejectedDiaSources: Table | null;
  readonly diaSourceTable: Table | null;
}

function measured(
  images: Parameters<typeof detectAndMeasureDiaSource.run>[0], config: SwitchValues, context: TaskContext,
): Measured {
  const found = runPart('detectAndMeasure', context, part =>
    detectAndMeasureDiaSource.run(images, configOf(detectAndMeasureDiaSource.config, 'detectAndMeasure', config), part));
  const { diaSources, subtractedMeasuredExposure: subtractedExposure } = found;
  const filtered = runPart('filter', context, part =>
    filterDiaSource.run({ diaSourceCat: diaSources }, configOf(filterDiaSource.config, 'filter', config), part));
  const { diaSourceTable } = runPart('standardize', context, part => standardizeDiaSource.run(
    { diaSourceCat: filtered.filteredDiaSourceCat, diffIm: subtractedExposure }, configOf(standardizeDiaSource.config, 'standardize', config), part));
  return {
    subtractedExposure, diaSources, goodDiaSources: filtered.filteredDiaSourceCat, rejectedDiaSources: filtered.rejectedDiaSources,
    diaSourceTable,
  };
}

function unmeasured(difference: Exposure): Measured {
  return { subtractedExposure: difference, diaSources: null, goodDiaSources: null, rejectedDiaSources: null, diaSourceTable: null };
}

/** Runs a part with metadata of its own, which is added to the task's whatever becomes of the part. */
function runPart<T>(part: Part, context: TaskContext, run: (context: TaskContext) => T): T {
  const metadata: TaskContext['metadata'] = {};
  const log = {
    info: (message: string) => { context.log.info(`${part}: ${message}`); },
    warn: (message: string) => { context.log.warn(`${part}: ${message}`); },
  };
  try {
    return run({ ...context, metadata, log });
  } finally {
    Object.assign(context.metadata, metadata);
  }
}

/** The values of a part's fields. */
function configOf<const F extends ConfigFields>(fields: F, part: Part, config: object): ConfigValues<F> {
  const values = config as Readonly<Record<string, unknown>>;
  return Object.fromEntries(Object.keys(fields).map(name => [name, values[`${part}.${name}`]])) as ConfigValues<F>;
}
