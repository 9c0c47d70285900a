/** The second half of single-frame calibration as pipelines of 2021 had it: star catalog, astrometry and photometry. */
import { idRange } from '../astro/association/sourceIds.ts';
import { referencesOfBand } from '../astro/calibration/referenceMatches.ts';
import type { ApertureCorrection } from '../astro/measurement/apertureCorrection.ts';
import type { Characterization } from '../astro/psf/characterizeImage.ts';
import * as types from '../model/datasetTypes.ts';
import { AlgorithmError } from '../model/errors.ts';
import { copyMaskedImage } from '../model/image.ts';
import type { Exposure } from '../model/image.ts';
import { column, numbers } from '../model/table.ts';
import type { Table } from '../model/table.ts';
import { connection, defineTask } from '../pipeline/task.ts';
import { icExp, icExpBackground, icSrc } from './characterizeImage.ts';
import {
  CALIBRATE_FIELDS, MEASURE_FIELDS, calibratedOutputs, describeFrame, findSources, fitAstrometry, fitPhotometry, nearAny,
} from './singleFrame.ts';
import type { Fitted } from './singleFrame.ts';

export const calibrate = defineTask({
  name: 'CalibrateTask',
  doc: 'Detection, measurement, astrometry and photometry of a characterized image.',
  dimensions: ['instrument', 'visit', 'detector'],
  inputs: {
    exposure: connection(icExp, 'Background-subtracted image in electrons with PSF.'),
    background: connection(icExpBackground, 'Background that was subtracted, electrons.'),
    icSourceCat: connection(icSrc, 'Bright sources, with the stars of the PSF.'),
    refcat: connection(types.refcat, 'Shards of the reference catalog around the image.', {
      multiple: true, prerequisite: true, lookup: 'refcat',
    }),
  },
  outputs: {
    outputExposure: connection(types.visitImage, 'Background-subtracted image in nJy with PSF and fitted WCS.'),
    outputBackground: connection(types.visitImageBackground, 'Background that was subtracted, nJy.'),
    outputCat: connection(types.starCatalog, 'Sources of the image, calibrated.'),
    matches: connection(types.astrometryMatch, 'Sources matched with the reference catalog; used: in the WCS fit.'),
    photometryMatches: connection(types.photometryMatch, 'Point sources matched with reference fluxes; used: in the zero point.'),
  },
  config: { ...MEASURE_FIELDS, ...CALIBRATE_FIELDS },
  run({ exposure, background, icSourceCat, refcat }, config, context) {
    const references = referencesOfBand(refcat.map(shard => shard.value), exposure.band, exposure.visitInfo.mid_mjdTai);
    const character = characterizationOf(exposure, background, icSourceCat);
    const mi = copyMaskedImage(exposure);
    const sources = findSources(mi, character.psf, config.starThreshold_sigma, config);
    const psfUsed = nearAny(sources, character.psfStars);
    const apCorr = apertureCorrectionOf(exposure);
    const astrometry = fitAstrometry(exposure, sources, references, config, context);
    const photometry = fitPhotometry(sources, references, astrometry, apCorr.factor);
    const firstId = idRange({ visit: Number(context.dataId.visit), detector: exposure.detector }, context.instrument).first;
    const fitted: Fitted = { exposure, mi, character, sources, psfUsed, apCorr, astrometry, photometry, references, firstId };
    describeFrame(fitted, numberOf(exposure, 'varianceScale'), context);
    const made = calibratedOutputs(fitted, context);
    return {
      outputExposure: made.outputExposure, outputBackground: made.background, outputCat: made.stars,
      matches: made.astrometryMatches, photometryMatches: made.photometryMatches,
    };
  },
});

/** What characterizeImage found, from its datasets. */
function characterizationOf(exposure: Exposure, background: Exposure, sources: Table): Characterization {
  if (exposure.psf === null) throw new AlgorithmError('the characterized image has no PSF', { visit: exposure.visitInfo.visit });
  const [x, y] = [numbers(sources, 'x'), numbers(sources, 'y')];
  const isStar = column(sources, 'psfUsed', 'bool');
  const number = (name: string): number => numberOf(exposure, name);
  return {
    psf: exposure.psf, background: background.image,
    skyLevel: number('skyLevel_electron'), skyRms: number('skyRms_electron'),
    psfStars: Array.from(x.keys()).filter(i => isStar[i] === 1).map(i => ({ x: x[i]!, y: y[i]! })),
    nCandidates: number('nPsfCandidates'), psfResidual: number('psfResidual'),
    nCosmicRays: number('nCosmicRays'), nCosmicRayPixels: number('nCosmicRayPixels'),
  };
}

/** The aperture correction that characterizeImage measured; 1 when no star allowed a measurement. */
function apertureCorrectionOf(exposure: Exposure): ApertureCorrection {
  const factor = numberOf(exposure, 'apCorr');
  return { factor: factor > 0 ? factor : 1, error: numberOf(exposure, 'apCorrErr'), nStars: numberOf(exposure, 'nApCorrStars') };
}

/** NaN where the exposure does not say. */
function numberOf({ metadata }: Exposure, name: string): number {
  const value = metadata[name];
  return typeof value === 'number' ? value : NaN;
}
