/** Detection and measurement on the difference image. */
import { idRange } from '../astro/association/sourceIds.ts';
import { estimateBackground } from '../astro/background/estimateBackground.ts';
import { detectDifference } from '../astro/difference/detectDifference.ts';
import type { DifferenceDetections } from '../astro/difference/detectDifference.ts';
import { diaCatalog } from '../astro/difference/diaCatalog.ts';
import type { FluxScales } from '../astro/difference/diaCatalog.ts';
import type { DifferenceTriple } from '../astro/difference/fitDipole.ts';
import { measureDiaSources, measureSkySource } from '../astro/difference/measureDiaSources.ts';
import type { DiaMeasurement, MeasureDiaOptions } from '../astro/difference/measureDiaSources.ts';
import { haloFlux, saturatedStars } from '../astro/difference/saturatedStars.ts';
import type { SaturatedStar } from '../astro/difference/saturatedStars.ts';
import { skyPositions } from '../astro/difference/skyPositions.ts';
import { residualFloor, residualFlux, staticLight } from '../astro/difference/staticLight.ts';
import type { ResidualFloor, StaticLight } from '../astro/difference/staticLight.ts';
import { findCosmicRays } from '../astro/detection/findCosmicRays.ts';
import { psfSigma_px } from '../astro/psf/renderPsf.ts';
import { psfFlux } from '../astro/measurement/psfFlux.ts';
import * as types from '../model/datasetTypes.ts';
import { AlgorithmError, ApError } from '../model/errors.ts';
import { copyMaskedImage } from '../model/image.ts';
import type { Exposure, MaskedImage } from '../model/image.ts';
import { MASK, maskOf } from '../model/mask.ts';
import type { PsfModel } from '../model/psf.ts';
import { column, numbers } from '../model/table.ts';
import type { Table } from '../model/table.ts';
import { random } from '../numeric/random.ts';
import { connection, defineTask } from '../pipeline/task.ts';
import type { ConfigValues, TaskContext } from '../pipeline/task.ts';

const CONFIG = {
  thresholdSigma: { default: 5, doc: 'Detection threshold of either polarity, in units of the noise that is measured on the difference.', min: 2 },
  doScoreImage: { default: false, doc: 'Detect with the PSF of the difference, which varies, instead of a round Gaussian of its size.' },
  growFootprints_sigma: { default: 2.4, doc: 'Growth of footprints in units of the PSF sigma.', min: 0 },
  doSubtractBackground: { default: true, doc: 'Subtract what large-scale background is left on the difference.' },
  backgroundCellSize_px: { default: 128, doc: 'Side of the cells of that background (pixels).', min: 8 },
  aperture_px: { default: 12, doc: 'Radius of the aperture flux (pixels).', min: 1 },
  flagRadius_px: { default: 3, doc: 'Mask planes inside this radius set the pixel flags (pixels).', min: 0 },
  doFindCosmicRays: { default: true, doc: 'Mark cosmic rays that the science image still had (plane CR); pixels stay as they are.' },
  doDipoleFitting: { default: true, doc: 'Fit pairs of a positive and a negative peak as dipoles.' },
  dipoleMaxSeparation_sigma: { default: 5, doc: 'Largest distance of the lobes, in units of the PSF sigma.', min: 0.5 },
  dipoleRelWeight: { default: 0.5, doc: 'Weight of science and template relative to the difference in the fit.', min: 0, max: 1 },
  dipoleMinSnr: { default: 7.07, doc: 'Signal to noise of both lobes together for a dipole.', min: 0 },
  dipoleMaxFluxRatio: { default: 0.65, doc: 'Largest share of one lobe in the flux of a dipole.', min: 0.5, max: 1 },
  doFlagBrightNeighbour: { default: true, doc: 'Flag detections that are no more than what the PSF match leaves of static sources.' },
  maxResidualFraction: { default: 0.05, doc: 'A worse PSF match than this fraction of a star is not excused.', min: 0, max: 1 },
  defaultResidualFraction: { default: 0.01, doc: 'Quality of the PSF match when too few bright stars measure it.', min: 0, max: 1 },
  doSkySources: { default: true, doc: 'Also measure at places on empty sky.' },
  nSkySources: { default: 100, doc: 'Number of those places.', min: 0, max: 10_000 },
  skySourceRadius_px: { default: 8, doc: 'Distance of those places from anything masked or detected (pixels).', min: 1 },
};
type DetectConfig = ConfigValues<typeof CONFIG>;

export const detectAndMeasureDiaSource = defineTask({
  name: 'DetectAndMeasureTask',
  doc: 'Find what became brighter or fainter on the difference image, and measure it.',
  dimensions: ['instrument', 'visit', 'detector'],
  inputs: {
    science: connection(types.visitImage, 'Science image in nJy.'),
    matchedTemplate: connection(types.templateMatched, 'Template as it was subtracted.'),
    difference: connection(types.differencePredetection, 'Science minus matched template.'),
    sources: connection(types.starCatalog, 'Sources of the science image: the bright ones measure the quality of the match.'),
  },
  outputs: {
    diaSources: connection(types.diaSourceUnfiltered, 'All detections with their flags, and sky sources.'),
    subtractedMeasuredExposure: connection(types.differenceImage, 'Difference image with the planes DETECTED and DETECTED_NEGATIVE.'),
  },
  config: CONFIG,
  run({ science, matchedTemplate, difference, sources }, config, context) {
    checkImages(science, matchedTemplate, difference);
    const output = prepared(difference, config);
    const images = { difference: output, science, template: matchedTemplate };
    const sigma_px = psfSigma_px(output.psf!, output.width / 2, output.height / 2);
    const detections = detectDifference(output, {
      threshold: config.thresholdSigma, growSigma: config.growFootprints_sigma, sigma_px,
      ...(config.doScoreImage ? { psf: output.psf! } : {}),
    });
    const light = staticLight(matchedTemplate, sigma_px);
    const floor = measuredFloor(images, detections, light, sources, config);
    const found = measureDiaSources(images, detections.footprints, measureOptions(config));
    const sky = config.doSkySources ? skySources(images, config, context) : [];
    const all = [...found, ...sky];
    const saturated = saturatedStars(output.mask, output.width, output.height, maskOf('SAT', 'SAT_TEMPLATE'));
    const statics = { light, floor, saturated };
    const brightNeighbour = all.map(s => !s.isSky && config.doFlagBrightNeighbour && isResidual(s, statics, config));
    const { first } = idRange({ visit: difference.visitInfo.visit, detector: difference.detector }, context.instrument);
    const diaSources = diaCatalog(all, { difference: output, scales: scalesOf(science, difference), firstId: first, brightNeighbour });
    describe({ detections, floor, found, sky, brightNeighbour, diaSources }, context);
    const metadata = { ...difference.metadata, noiseScale: detections.noiseScale };
    return { diaSources, subtractedMeasuredExposure: { ...output, metadata } };
  },
});

/** The three images are read pixel by pixel together, and each with its PSF. */
function checkImages(science: Exposure, template: Exposure, difference: Exposure): void {
  for (const [name, image] of Object.entries({ science, template, difference })) {
    if (image.psf === null || image.wcs === null) {
      throw new AlgorithmError(`the ${name} image has no PSF or no WCS`, { hasPsf: image.psf !== null, hasWcs: image.wcs !== null });
    }
    if (image.width !== difference.width || image.height !== difference.height) {
      throw new ApError('BAD_FORMAT', {
        where: `${name} image of visit ${difference.visitInfo.visit}, detector ${difference.detector}`,
        found: `${image.width} x ${image.height} pixels`, expected: `${difference.width} x ${difference.height}`,
      });
    }
  }
}

/** A copy of the difference without old detections and, if wanted, without what is left of the background. */
function prepared(difference: Exposure, config: DetectConfig): Exposure {
  const copy = copyMaskedImage(difference);
  const detected = maskOf('DETECTED', 'DETECTED_NEGATIVE', 'NOT_DEBLENDED');
  for (let p = 0; p < copy.mask.length; p++) copy.mask[p] = copy.mask[p]! & ~detected;
  if (config.doSubtractBackground) {
    const background = estimateBackground(copy, { cellSize_px: config.backgroundCellSize_px, ignoreBits: NOT_SKY, stride: 2 });
    if (!Number.isFinite(background.level)) throw new AlgorithmError('no good pixel is left on the difference', { nPixels: copy.mask.length });
    for (let p = 0; p < copy.image.length; p++) copy.image[p] = copy.image[p]! - background.image[p]!;
  }
  if (config.doFindCosmicRays) markCosmicRays(copy, difference.psf!);
  return { ...difference, ...copy };
}

/** Sharpness, in units of the sharpest PSF, of what is a cosmic ray beyond doubt: a bright transient must not be lost. */
const SURE_RAY = 2.2;

/** Sets CR on what is sharper than the PSF; nothing is interpolated, so that a mistake costs a flag and no flux. */
function markCosmicRays(mi: MaskedImage, psf: PsfModel): void {
  const trial = copyMaskedImage(mi);
  if (findCosmicRays(trial, psf, { sharpnessFactor: SURE_RAY }).tooMany) return;
  for (let p = 0; p < mi.mask.length; p++) mi.mask[p] = mi.mask[p]! | (trial.mask[p]! & MASK.CR);
}

/** Pixels that say nothing about the background. */
const NOT_SKY = maskOf('BAD', 'SAT', 'NO_DATA', 'EDGE', 'INTRP', 'CR', 'SAT_TEMPLATE');

function measureOptions(config: DetectConfig): MeasureDiaOptions {
  return {
    aperture_px: config.aperture_px, flagRadius_px: config.flagRadius_px, doDipoleFitting: config.doDipoleFitting,
    dipole: {
      maxSeparation_sigma: config.dipoleMaxSeparation_sigma, directWeight: config.dipoleRelWeight,
      minSnr: config.dipoleMinSnr, maxFluxRatio: config.dipoleMaxFluxRatio,
    },
  };
}

/** Quality of the PSF match from the stars of the image that are whole and isolated enough to be seen. */
function measuredFloor(
  { difference }: DifferenceTriple, { significance }: DifferenceDetections, light: StaticLight, stars: Table, config: DetectConfig,
): ResidualFloor {
  const [x, y] = [numbers(stars, 'x'), numbers(stars, 'y')];
  const flags = ['flagEdge', 'flagSaturated', 'flagInterpolated', 'flagCentroid'].map(name => column(stars, name, 'bool'));
  const used = Array.from(x.keys()).filter(i => flags.every(flag => flag[i] === 0) && isMeasured(difference, x[i]!, y[i]!))
    .map(i => ({ x: x[i]!, y: y[i]! }));
  const measured = residualFloor(significance, light, used, (px, py) => psfFlux(difference, difference.psf!, px, py, MASK.NO_DATA).fluxErr);
  const fractions = measured.fractions.map((f, ring) => {
    if (!Number.isFinite(f)) return ring === 0 ? config.defaultResidualFraction : 0;
    return Math.min(f, config.maxResidualFraction);
  });
  return { ...measured, fractions };
}

function isMeasured({ width, height, mask }: Exposure, x: number, y: number): boolean {
  const [i, j] = [Math.round(x), Math.round(y)];
  return i >= 0 && j >= 0 && i < width && j < height && (mask[j * width + i]! & NOT_SKY) === 0;
}

interface Static {
  readonly light: StaticLight;
  readonly floor: ResidualFloor;
  readonly saturated: readonly SaturatedStar[];
}

/** Whether a detection is none when the residuals of the light around it count as noise, or lies in a halo brighter than itself. */
function isResidual(s: DiaMeasurement, { light, floor, saturated }: Static, config: DetectConfig): boolean {
  const residual = residualFlux(light, floor.fractions, s.x, s.y);
  return Math.abs(s.significance) < config.thresholdSigma * Math.hypot(1, residual / s.psf.fluxErr)
    || Math.abs(s.psf.flux) < haloFlux(light, saturated, s.x, s.y);
}

function skySources(images: DifferenceTriple, config: DetectConfig, context: TaskContext): DiaMeasurement[] {
  const { difference, science, template } = images;
  const draw = random(context.seed, `sky sources ${difference.visitInfo.visit} ${difference.detector}`);
  const avoid = NOT_SKY | maskOf('DETECTED', 'DETECTED_NEGATIVE');
  const masks = [difference.mask, science.mask, template.mask];
  return skyPositions(difference, masks, avoid, config.nSkySources, config.skySourceRadius_px, draw)
    .map(({ x, y }) => measureSkySource(images, x, y, measureOptions(config)))
    .filter(s => s.psf.fluxErr > 0);
}

/** Aperture corrections that the calibration and the subtraction wrote into the exposures; 1 where there is none. */
function scalesOf(science: Exposure, difference: Exposure): FluxScales {
  const of = (value: unknown): number => (typeof value === 'number' && value > 0 ? value : 1);
  const own = of(difference.metadata.apCorr);
  return { difference: own, science: of(science.metadata.apCorr), template: own };
}

interface Result {
  readonly detections: DifferenceDetections;
  readonly floor: ResidualFloor;
  readonly found: readonly DiaMeasurement[];
  readonly sky: readonly DiaMeasurement[];
  readonly brightNeighbour: readonly boolean[];
  readonly diaSources: Table;
}

function describe({ detections, floor, found, sky, brightNeighbour, diaSources }: Result, { metadata, log }: TaskContext): void {
  metadata.nPositivePeaks = detections.nPositive;
  metadata.nNegativePeaks = detections.nNegative;
  metadata.nMergedFootprints = detections.footprints.length;
  metadata.nDiaSources = found.length;
  metadata.nDipoles = found.filter(s => s.dipole !== null).length;
  metadata.nSkySources = sky.length;
  metadata.nBrightNeighbour = brightNeighbour.filter(Boolean).length;
  metadata.noiseScale = detections.noiseScale;
  floor.fractions.forEach((f, ring) => { metadata[`residualFraction${ring}`] = f; });
  metadata.nResidualStars = floor.nStars;
  for (const name of ['flagEdge', 'flagSaturated', 'flagInterpolated', 'flagBad', 'flagCentroid', 'flagShape']) {
    metadata[`n_${name}`] = column(diaSources, name, 'bool').subarray(0, found.length).reduce((n, v) => n + v, 0);
  }
  log.info(`${found.length} sources, ${metadata.nBrightNeighbour} of them residuals of static light`);
}
