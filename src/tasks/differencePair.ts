/**
 * Two images of the same sky and nothing else: the pipeline's own steps from raw counts to DIASources, without a
 * reference catalog. The flux scale is that of the science image.
 */
import { interpolateOver } from '../astro/isr/interpolate.ts';
import { apertureCorrection } from '../astro/measurement/apertureCorrection.ts';
import { starCatalog } from '../astro/measurement/starCatalog.ts';
import { characterizeImage } from '../astro/psf/characterizeImage.ts';
import { buildTemplate, noiseMetadata } from '../astro/template/buildTemplate.ts';
import type { Subtraction } from '../astro/difference/subtractExposures.ts';
import { AlgorithmError } from '../model/errors.ts';
import type { Exposure } from '../model/image.ts';
import { copyMaskedImage } from '../model/image.ts';
import { MASK } from '../model/mask.ts';
import type { Instrument } from '../model/instrument.ts';
import type { Table } from '../model/table.ts';
import type { ConfigFields, ConfigValues, Logger, TaskContext } from '../pipeline/task.ts';
import { alignTemplate } from './alignTemplate.ts';
import { detectAndMeasureDiaSource } from './detectAndMeasureDiaSource.ts';
import { CHARACTERIZE_FIELDS, MEASURE_FIELDS, characterizeOptions, findSources, nearAny, scaleVariance } from './singleFrame.ts';
import { subtractImages } from './subtractImages.ts';

/** Runs a step and remembers how long it took; the clock belongs to the caller. */
export type Timed = <T>(step: string, run: () => T) => T;

export interface PairConfig {
  /** Detection threshold of the stars of the science image. */
  readonly starThreshold_sigma: number;
  /** The variance planes are guesses: scale them to the noise of the sky. */
  readonly doScaleVariance: boolean;
  readonly lanczosOrder: number;
  /** 'stars': the template is registered on the stars of both images; 'header': as its WCS says. */
  readonly align: 'stars' | 'header';
  readonly characterize: Partial<ConfigValues<typeof CHARACTERIZE_FIELDS>>;
  readonly subtract: Partial<ConfigValues<typeof subtractImages.config>>;
  readonly detect: Partial<ConfigValues<typeof detectAndMeasureDiaSource.config>>;
}

export const PAIR_CONFIG: PairConfig = {
  starThreshold_sigma: 10, doScaleVariance: false, lanczosOrder: 4, align: 'stars', characterize: {}, subtract: {}, detect: {},
};

/** An image without its sky, with a PSF; sources for the matching kernel. */
export interface PreparedImage {
  readonly exposure: Exposure;
  readonly stars: Table;
}

export interface PairDifference {
  readonly science: Exposure;
  readonly difference: Exposure;
  readonly matchedTemplate: Exposure;
  /** null: the method needs none. */
  readonly kernel: Subtraction['kernel'] | null;
  readonly kernelSources: Table;
  readonly diaSources: Table;
  readonly metadata: TaskContext['metadata'];
}

/** The camera that nothing is known of; DIASource ids count up from 2^32 + 1. */
const ANY_CAMERA = {
  name: 'any', doc: 'any camera', className: '', detectorMax: 0, visitMax: 1, exposureMax: 1, filters: [], detectors: [], overrides: {},
  translate: () => { throw new TypeError('no header is translated here'); },
} satisfies Instrument;

const SILENT: Logger = { info: () => undefined, warn: () => undefined };

/** What the tasks know beside two images: a seed. */
export function pairContext(seed: number): TaskContext {
  return { dataId: { visit: 1, detector: 0 }, instrument: ANY_CAMERA, records: {}, log: SILENT, seed, apdb: null, metadata: {} };
}

/** Values of config fields: the defaults with changes. */
function configOf<F extends ConfigFields>(fields: F, changes: Partial<ConfigValues<F>>): ConfigValues<F> {
  return { ...Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.default])), ...changes } as ConfigValues<F>;
}

/** Width of the PSF for which defects are interpolated, before it is known. */
const DEFECT_SIGMA_PX = 1.3;

/**
 * Defects (interpolated), sky, cosmic rays, PSF and sources of one image (counts with sky, WCS, variance). The input is not modified.
 * @throws AlgorithmError without sky or stars; TypeError without a WCS.
 */
export function prepareImage(exposure: Exposure, config: PairConfig): PreparedImage {
  if (exposure.wcs === null) throw new TypeError('prepareImage: the exposure has no WCS');
  const fields = { ...configOf(CHARACTERIZE_FIELDS, config.characterize), ...configOf(MEASURE_FIELDS, {}) };
  const mi = copyMaskedImage(exposure);
  if (mi.mask.some(m => (m & MASK.BAD) !== 0)) interpolateOver(mi, MASK.BAD, DEFECT_SIGMA_PX);
  const character = characterizeImage(mi, characterizeOptions(fields));
  const varianceScale = config.doScaleVariance ? scaleVariance(mi) : 1;
  const sources = findSources(mi, character.psf, config.starThreshold_sigma, fields);
  const psfUsed = nearAny(sources, character.psfStars);
  const apCorr = apertureCorrection(sources.filter((s, i) => psfUsed[i]! && s.nBadAperture === 0));
  const unused = sources.map(() => false);
  const stars = starCatalog(sources, {
    wcs: exposure.wcs, calibration_nJy: 1, apCorr: apCorr.factor, firstId: 0n, psfUsed, astrometryUsed: unused, photometryUsed: unused,
  });
  const metadata = {
    skyLevel: character.skyLevel, skyRms: character.skyRms, psfFwhm_px: character.psf.fwhm_px, nPsfStars: character.psf.nStars,
    nSources: sources.length, nCosmicRays: character.nCosmicRays, apCorr: apCorr.factor, varianceScale,
  };
  return { exposure: { ...exposure, ...mi, psf: character.psf, metadata }, stars };
}

/** Pixels of template that are computed around the science image, so that convolution loses no border. */
const MARGIN_PX = 24;

/**
 * Registers and warps the template to the science image, matches, subtracts, detects and measures.
 * @throws NoWorkFound and AlgorithmError as the tasks do; AlgorithmError when the images do not show the same stars.
 */
export function differencePair(
  science: PreparedImage, template: PreparedImage, config: PairConfig, timed: Timed, seed = 1,
): PairDifference {
  const { exposure, stars } = science;
  const context = pairContext(seed);
  const registered = config.align === 'stars' ? timed('register', () => registeredTemplate(template, stars, context)) : template.exposure;
  const warped = timed('warp', () => warpToScience(exposure, registered, config));
  const subtraction = timed('subtract', () => subtractImages.run(
    { science: exposure, template: warped, sources: stars }, configOf(subtractImages.config, config.subtract), context));
  const detection = timed('detect and measure', () => detectAndMeasureDiaSource.run({
    science: exposure, matchedTemplate: subtraction.matchedTemplate, difference: subtraction.difference, sources: stars,
  }, configOf(detectAndMeasureDiaSource.config, config.detect), context));
  return {
    science: exposure, difference: detection.subtractedMeasuredExposure, matchedTemplate: subtraction.matchedTemplate,
    kernel: subtraction.psfMatchingKernel, kernelSources: subtraction.kernelSources,
    diaSources: inUnitOf(exposure, detection.diaSources), metadata: context.metadata,
  };
}

/** The template with a WCS that puts its stars on those of the science image. */
function registeredTemplate({ exposure, stars }: PreparedImage, scienceStars: Table, { metadata }: TaskContext): Exposure {
  const { width, height, wcs } = exposure;
  if (wcs === null) throw new TypeError('registeredTemplate: the exposure has no WCS');
  const found = alignTemplate({ stars, wcs, width, height }, scienceStars);
  metadata.registrationStars = found.nStars;
  metadata.registrationOffset_px = found.offset_px;
  metadata.registrationScatter_px = found.scatter_px;
  return { ...exposure, wcs: found.wcs };
}

/** Fluxes are in the unit of the science image. */
function inUnitOf({ unit }: Exposure, table: Table): Table {
  const columns = Object.entries(table.columns).map(([name, column]) => [name, column.unit === 'nJy' ? { ...column, unit } : column]);
  return { ...table, columns: Object.fromEntries(columns) as Table['columns'] };
}

/** The template on the grid of the science image and a margin around it. */
function warpToScience(science: Exposure, template: Exposure, { lanczosOrder }: PairConfig): Exposure {
  const wcs = science.wcs;
  if (wcs === null) throw new AlgorithmError('the science image has no WCS');
  const target = {
    wcs: { ...wcs, crpix: [wcs.crpix[0] + MARGIN_PX, wcs.crpix[1] + MARGIN_PX] as const },
    width: science.width + 2 * MARGIN_PX, height: science.height + 2 * MARGIN_PX,
  };
  const built = buildTemplate([template], target, {
    order: lanczosOrder, interpLength_px: 10, requiredFraction: 0, psfGrid: 6, psfOrder: 3,
  });
  return {
    ...template, ...built.image, wcs: target.wcs, psf: built.psf,
    metadata: { ...template.metadata, ...noiseMetadata(built.noise), templateCoverage: built.coverage },
  };
}
