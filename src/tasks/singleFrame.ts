/**
 * The steps of single-frame calibration, shared by the task that does everything at once (calibrateImage) and by the pair
 * that does it in two (characterizeImage, calibrate).
 */
import { fitZeroPoint } from '../astro/calibration/fitZeroPoint.ts';
import type { ZeroPoint } from '../astro/calibration/fitZeroPoint.ts';
import { matchAndFitWcs } from '../astro/calibration/matchAndFitWcs.ts';
import type { AstrometrySolution } from '../astro/calibration/matchAndFitWcs.ts';
import { matchTable } from '../astro/calibration/referenceMatches.ts';
import type { MatchedPair, References } from '../astro/calibration/referenceMatches.ts';
import { markFootprints } from '../astro/detection/detectFootprints.ts';
import { addHiddenPeaks } from '../astro/detection/addHiddenPeaks.ts';
import { detectSources } from '../astro/detection/detectSources.ts';
import type { ApertureCorrection } from '../astro/measurement/apertureCorrection.ts';
import { measureSubtracted, subtractSources } from '../astro/measurement/measureSources.ts';
import type { MeasuredSource } from '../astro/measurement/measureSources.ts';
import { isExtended, starCatalog } from '../astro/measurement/starCatalog.ts';
import { FIT_BAD, noiseOverVariance } from '../astro/psf/characterizeImage.ts';
import type { Characterization, CharacterizeOptions } from '../astro/psf/characterizeImage.ts';
import { psfMoments, psfSigma_px, renderPsf } from '../astro/psf/renderPsf.ts';
import { dataIdText } from '../model/dataset.ts';
import { AlgorithmError, ApError } from '../model/errors.ts';
import { allocF32, allocI32 } from '../model/image.ts';
import type { Exposure, MaskedImage } from '../model/image.ts';
import { MASK } from '../model/mask.ts';
import type { PsfModel } from '../model/psf.ts';
import { median } from '../numeric/statistics.ts';
import { nearestPoint, pointGrid } from '../numeric/pointGrid.ts';
import type { ConfigValues, TaskContext } from '../pipeline/task.ts';
import { pixelScale_arcsec, pixelsToSky } from '../sky/wcs.ts';

/** Config of background, cosmic rays and PSF. */
export const CHARACTERIZE_FIELDS = {
  backgroundCellSize_px: { default: 128, doc: 'Side of the cells of the background mesh (pixels).', min: 8 },
  initialFwhm_px: { default: 3.5, doc: 'First guess of the seeing (pixels).', min: 1, max: 50 },
  psfThreshold_sigma: { default: 10, doc: 'Significance of the detections among which PSF stars are looked for.', min: 3 },
  psfMinSnr: { default: 50, doc: 'Signal to noise of PSF stars; lowered to 20 and 10 when there are too few.', min: 5 },
  psfMinStars: { default: 5, doc: 'Fewest stars for a PSF model.', min: 3 },
  psfMaxStars: { default: 150, doc: 'Most stars for a PSF model.', min: 5 },
  psfMaxOrder: { default: 2, doc: 'Highest polynomial order of the PSF over the image; few stars lower it.', min: 0, max: 3 },
  doCosmicRays: { default: true, doc: 'Find cosmic rays, mask them and interpolate over them.' },
  doScaleVariance: { default: true, doc: 'Scale the variance plane to the noise that is measured on the sky.' },
};
/** Config of the measurement of sources. */
export const MEASURE_FIELDS = {
  minFitSnr: { default: 3, doc: 'Sources whose PSF flux is below this many errors are dropped (defects, halves of blends).', min: 0 },
  growFootprints_sigma: { default: 2.4, doc: 'Growth of footprints in units of the PSF sigma.', min: 0 },
  aperture_px: { default: 12, doc: 'Radius of the calibration aperture (pixels).', min: 1 },
};
/** Config of the star catalog and of its comparison with the reference catalog. */
export const CALIBRATE_FIELDS = {
  starThreshold_sigma: { default: 5, doc: 'Detection threshold of the star catalog.', min: 2 },
  minSnrCalibration: { default: 10, doc: 'Signal to noise of sources that are matched with the reference catalog.', min: 3 },
  astrometryMaxOffset_arcsec: { default: 150, doc: 'How wrong the first WCS may be (arcsec).', min: 0 },
  astrometryMatchRadius_arcsec: { default: 1, doc: 'Radius of the final match (arcsec).', min: 0.05 },
  astrometryMinMatches: { default: 6, doc: 'Fewest matches for a WCS.', min: 3 },
  astrometryMaxOrder: { default: 4, doc: 'Highest SIP order that the data may choose; 1 fits a plain TAN WCS.', min: 1, max: 5 },
};
type CharacterizeConfig = ConfigValues<typeof CHARACTERIZE_FIELDS>;
type MeasureConfig = ConfigValues<typeof MEASURE_FIELDS>;
type CalibrateConfig = ConfigValues<typeof CALIBRATE_FIELDS>;

/** Everything that has been measured, for the outputs and the metadata. */
export interface Fitted {
  readonly exposure: Exposure;
  /** Background-subtracted, electrons. */
  readonly mi: MaskedImage;
  readonly character: Characterization;
  readonly sources: readonly MeasuredSource[];
  readonly psfUsed: readonly boolean[];
  readonly apCorr: ApertureCorrection;
  readonly astrometry: Astrometry;
  readonly photometry: Photometry;
  readonly references: References;
  readonly firstId: bigint;
}

/** `rows` are the sources that took part; the solution's indices point into it. */
export interface Astrometry {
  readonly rows: readonly number[];
  readonly solution: AstrometrySolution;
}

/** Pairs (positions in the astrometric match list) that define the zero point. */
export interface Photometry {
  readonly pairs: readonly number[];
  readonly zeroPoint: ZeroPoint;
}

/** The options of `characterizeImage`. */
export function characterizeOptions(config: CharacterizeConfig): CharacterizeOptions {
  return {
    cellSize_px: config.backgroundCellSize_px, initialFwhm_px: config.initialFwhm_px, threshold: config.psfThreshold_sigma,
    minSnr: config.psfMinSnr, minStars: config.psfMinStars, maxStars: config.psfMaxStars, maxOrder: config.psfMaxOrder,
    doCosmicRays: config.doCosmicRays,
  };
}

/** Multiplies the variance plane so that it predicts the scatter of the sky; returns the factor. */
export function scaleVariance(mi: MaskedImage): number {
  const factor = noiseOverVariance(mi) ** 2;
  if (!(factor > 0)) return 1;
  for (let i = 0; i < mi.variance.length; i++) mi.variance[i] = mi.variance[i]! * factor;
  return factor;
}

/** Detection at a threshold in sigma, DETECTED in the mask (modified), and measurement of every peak. */
export function findSources(mi: MaskedImage, psf: PsfModel, threshold: number, config: MeasureConfig): MeasuredSource[] {
  const sigma = psfSigma_px(psf, mi.width / 2, mi.height / 2);
  const options = {
    threshold, growSigma: config.growFootprints_sigma, badBits: MASK.NO_DATA, skyBits: MASK.DETECTED,
  };
  const detected = detectSources(mi, Number.isFinite(sigma) ? sigma : psf.fwhm_px / 2.3548, options);
  const measure = { badBits: FIT_BAD, aperture_px: config.aperture_px, rounds: 3 };
  const visible = subtractSources(mi, psf, detected.footprints, measure);
  const field = addHiddenPeaks(mi, psf, detected, visible, { ...options, fitBadBits: FIT_BAD, rounds: measure.rounds });
  for (let i = 0; i < mi.mask.length; i++) mi.mask[i] = mi.mask[i]! & ~MASK.DETECTED;
  markFootprints(mi.mask, mi.width, detected.footprints, MASK.DETECTED);
  const { sources } = measureSubtracted(field, measure);
  return sources.filter(s => s.psfFlux > config.minFitSnr * s.psfFluxErr);
}

/** Whether each source is one of the stars, within 1.5 pixels. */
export function nearAny(sources: readonly MeasuredSource[], stars: Characterization['psfStars']): boolean[] {
  const grid = pointGrid(stars.map(s => s.x), stars.map(s => s.y), 30);
  return sources.map(s => nearestPoint(grid, s.x, s.y, 1.5) >= 0);
}

/** Match with the reference catalog and WCS. Throws BAD_WCS without a first guess, AlgorithmError without matches. */
export function fitAstrometry(
  exposure: Exposure, sources: readonly MeasuredSource[], references: References, config: CalibrateConfig, context: TaskContext,
): Astrometry {
  if (exposure.wcs === null) {
    throw new ApError('BAD_WCS', {
      where: `post_isr_image ${dataIdText(context.dataId)}`, found: 'no WCS', expected: 'a first guess from the header',
    });
  }
  const rows = sources.flatMap((s, i) =>
    (s.psfFlux / s.psfFluxErr >= config.minSnrCalibration && !(s.flagSaturated || s.flagCentroid || s.flagEdge) ? [i] : []));
  const take = (value: (s: MeasuredSource) => number): number[] => rows.map(i => value(sources[i]!));
  const solution = matchAndFitWcs(
    { x: take(s => s.x), y: take(s => s.y), xErr: take(s => s.xErr), yErr: take(s => s.yErr), flux: take(s => s.psfFlux) },
    references, exposure.wcs, {
      width: exposure.width, height: exposure.height, maxOffset_arcsec: config.astrometryMaxOffset_arcsec,
      matchRadius_arcsec: config.astrometryMatchRadius_arcsec, minMatches: config.astrometryMinMatches,
      maxOrder: config.astrometryMaxOrder,
    });
  return { rows, solution };
}

/** Zero point from matched point sources without damage; without the stellarity cut when it leaves too few. */
export function fitPhotometry(
  sources: readonly MeasuredSource[], references: References, { rows, solution }: Astrometry, apCorr: number,
): Photometry {
  const sourceOf = (k: number): MeasuredSource => sources[rows[solution.source[k]!]!]!;
  const valid = Array.from(solution.source.keys()).filter(k =>
    references.flux[solution.reference[k]!]! > 0 && sourceOf(k).psfFlux > 0 && !sourceOf(k).flagInterpolated);
  const points = valid.filter(k => !isExtended(sourceOf(k)));
  const pairs = points.length >= 5 ? points : valid;
  if (pairs.length === 0) {
    throw new AlgorithmError('no matches with reference fluxes in the band', { nMatched: solution.source.length });
  }
  const zeroPoint = fitZeroPoint({
    instFlux: pairs.map(k => sourceOf(k).psfFlux * apCorr), instFluxErr: pairs.map(k => sourceOf(k).psfFluxErr * apCorr),
    refFlux: pairs.map(k => references.flux[solution.reference[k]!]!),
    refFluxErr: pairs.map(k => references.fluxErr[solution.reference[k]!]!),
  });
  return { pairs, zeroPoint };
}

/** The products of a calibrated frame. Modifies the pixels of `fitted.mi` (electrons become nJy). */
export function calibratedOutputs(fitted: Fitted, context: TaskContext): {
  outputExposure: Exposure; background: Exposure; stars: ReturnType<typeof starCatalog>;
  astrometryMatches: ReturnType<typeof matchTable>; photometryMatches: ReturnType<typeof matchTable>;
} {
  const { sources, psfUsed, apCorr, firstId, astrometry: { rows, solution }, photometry: { pairs, zeroPoint } } = fitted;
  const astrometryUsed = sources.map(() => false);
  const photometryUsed = sources.map(() => false);
  solution.source.forEach((row, k) => { astrometryUsed[rows[row]!] = solution.used[k] === 1; });
  pairs.forEach((k, i) => { photometryUsed[rows[solution.source[k]!]!] = zeroPoint.used[i] === 1; });
  const pairOf = matchRow(fitted);
  return {
    ...exposures(fitted, { ...context.metadata }),
    stars: starCatalog(sources, {
      wcs: solution.wcs, calibration_nJy: zeroPoint.calibration_nJy, apCorr: apCorr.factor, firstId,
      psfUsed, astrometryUsed, photometryUsed,
    }),
    astrometryMatches: matchTable(Array.from(solution.source, (_, k) => pairOf(k, solution.used[k] === 1)), fitted.references),
    photometryMatches: matchTable(pairs.map((k, i) => pairOf(k, zeroPoint.used[i] === 1)), fitted.references),
  };
}

/** The k-th astrometric match as a row of a match table. */
function matchRow({ sources, apCorr, firstId, astrometry }: Fitted): (k: number, used: boolean) => MatchedPair {
  const { rows, solution } = astrometry;
  const matched = Array.from(solution.source, row => sources[rows[row]!]!);
  const sky = pixelsToSky(solution.wcs, matched.map(s => s.x), matched.map(s => s.y));
  return (k, used) => {
    const s = matched[k]!;
    return {
      sourceId: firstId + BigInt(rows[solution.source[k]!]! + 1), x: s.x, y: s.y, ra: sky.ra[k]!, dec: sky.dec[k]!,
      instFlux: s.psfFlux * apCorr.factor, instFluxErr: s.psfFluxErr * apCorr.factor, reference: solution.reference[k]!, used,
    };
  };
}

/** Pixels times calibration, variance times its square; the background on the same pixels and scale. */
function exposures(
  { exposure, mi, character, astrometry, photometry }: Fitted, metadata: Exposure['metadata'],
): { outputExposure: Exposure; background: Exposure } {
  const { calibration_nJy: scale, calibrationErr_nJy } = photometry.zeroPoint;
  const n = mi.image.length;
  const sky = allocF32(n);
  for (let i = 0; i < n; i++) {
    mi.image[i] = mi.image[i]! * scale;
    mi.variance[i] = mi.variance[i]! * scale * scale;
    sky[i] = character.background[i]! * scale;
  }
  const common = {
    wcs: astrometry.solution.wcs, photoCalib: { calibration_nJy: 1, calibrationErr_nJy: calibrationErr_nJy / scale },
    visitInfo: exposure.visitInfo, detector: exposure.detector, band: exposure.band, physicalFilter: exposure.physicalFilter, unit: 'nJy',
  };
  return {
    outputExposure: { ...mi, ...common, psf: character.psf, metadata },
    background: {
      ...common, width: mi.width, height: mi.height, image: sky, variance: allocF32(n), mask: allocI32(n), psf: null, metadata: {},
    },
  };
}

/** Summary numbers for the metadata of the task and of the exposure; numbers that are not finite are left out. */
export function describeFrame(fitted: Fitted, varianceScale: number, context: TaskContext): void {
  const { character, sources, psfUsed, apCorr, astrometry: { solution }, photometry: { zeroPoint, pairs } } = fitted;
  const { psf } = character;
  const scale = pixelScale_arcsec(solution.wcs);
  const { ixx, iyy, ixy } = psfMoments(psf, psf.x0 + psf.width / 2, psf.y0 + psf.height / 2);
  const values: Record<string, number> = {
    skyLevel_electron: character.skyLevel, skyRms_electron: character.skyRms, varianceScale,
    nCosmicRays: character.nCosmicRays, nCosmicRayPixels: character.nCosmicRayPixels,
    nSources: sources.length, nPsfStars: psf.nStars, nPsfCandidates: character.nCandidates, psfOrder: psf.order,
    psfFwhm_px: psf.fwhm_px, psfFwhm_arcsec: psf.fwhm_px * scale, psfResidual: character.psfResidual,
    psfE1: (ixx - iyy) / (ixx + iyy), psfE2: (2 * ixy) / (ixx + iyy),
    psfEllipticity: Math.hypot(ixx - iyy, 2 * ixy) / (ixx + iyy),
    starSizeResidual: sizeResidual(fitted), apCorr: apCorr.factor, apCorrErr: apCorr.error, nApCorrStars: apCorr.nStars,
    ...astrometryNumbers(solution), pixelScale_arcsec: scale,
    zeroPoint_mag: zeroPoint.zeroPoint_mag, zeroPointErr_mag: zeroPoint.zeroPointErr_mag, zeroPointScatter_mag: zeroPoint.scatter_mag,
    zeroPointIntrinsicScatter_mag: zeroPoint.intrinsicScatter_mag, nPhotometryMatches: pairs.length, nPhotometryUsed: zeroPoint.nUsed,
    calibration_nJy: zeroPoint.calibration_nJy, m5_mag: depth(fitted), nPsfStarsInCatalog: psfUsed.filter(Boolean).length,
  };
  for (const [name, value] of Object.entries(values)) if (Number.isFinite(value)) context.metadata[name] = value;
}

function astrometryNumbers(s: AstrometrySolution): Record<string, number> {
  return {
    nAstrometryMatches: s.nMatched, nAstrometryUsed: s.nUsed, wcsOrder: s.order, wcsPointingOffset_arcsec: s.pointingOffset_arcsec,
    astrometryScatterRa_mas: s.scatterEast_mas, astrometryScatterDec_mas: s.scatterNorth_mas,
    astrometryMeanRa_mas: s.meanEast_mas, astrometryMeanDec_mas: s.meanNorth_mas, astrometryIntrinsic_mas: s.intrinsic_mas,
  };
}

/** Median of (size of PSF star - size of the model there) over the size of the model. */
function sizeResidual({ sources, psfUsed, character: { psf } }: Fitted): number {
  return median(sources.filter((_, i) => psfUsed[i]!).map(s => {
    const size = (s.ixx * s.iyy - s.ixy * s.ixy) ** 0.25;
    return size / psfSigma_px(psf, s.x, s.y) - 1;
  }));
}

/** AB magnitude of a point source whose PSF flux on empty sky is 5 times its error. */
function depth({ mi, character: { psf }, photometry, apCorr }: Fitted): number {
  const sample: number[] = [];
  for (let i = 0; i < mi.variance.length; i += 101) if ((mi.mask[i]! & (FIT_BAD | MASK.DETECTED)) === 0) sample.push(mi.variance[i]!);
  const { data } = renderPsf(psf, Math.round(mi.width / 2), Math.round(mi.height / 2));
  const squares = data.reduce((sum, p) => sum + p * p, 0);
  const flux5 = 5 * Math.sqrt(median(sample) / squares) * apCorr.factor * photometry.zeroPoint.calibration_nJy;
  return 31.4 - 2.5 * Math.log10(flux5);
}

