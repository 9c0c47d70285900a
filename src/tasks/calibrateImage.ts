/** Single-frame calibration: electrons to nanojansky, with background, PSF, WCS and a catalog of stars. */
import { idRange } from '../astro/association/sourceIds.ts';
import { referencesOfBand } from '../astro/calibration/referenceMatches.ts';
import { apertureCorrection } from '../astro/measurement/apertureCorrection.ts';
import { characterizeImage } from '../astro/psf/characterizeImage.ts';
import * as types from '../model/datasetTypes.ts';
import { copyMaskedImage } from '../model/image.ts';
import { connection, defineTask } from '../pipeline/task.ts';
import {
  CALIBRATE_FIELDS, CHARACTERIZE_FIELDS, MEASURE_FIELDS, calibratedOutputs, characterizeOptions, describeFrame, findSources,
  fitAstrometry, fitPhotometry, nearAny, scaleVariance,
} from './singleFrame.ts';
import type { Fitted } from './singleFrame.ts';

export const calibrateImage = defineTask({
  name: 'CalibrateImageTask',
  doc: 'Background, cosmic rays, PSF, detection, measurement, astrometry and photometry of one detector image.',
  dimensions: ['instrument', 'visit', 'detector'],
  inputs: {
    exposure: connection(types.postIsrImage, 'Detector image in electrons; exposure id equal to the visit id.'),
    refcat: connection(types.refcat, 'Shards of the reference catalog around the image.', {
      multiple: true, prerequisite: true, lookup: 'refcat',
    }),
  },
  outputs: {
    outputExposure: connection(types.visitImage, 'Background-subtracted image in nJy with PSF and fitted WCS.'),
    background: connection(types.visitImageBackground, 'Background that was subtracted, nJy.'),
    stars: connection(types.starCatalog, 'Sources of the image, calibrated.'),
    astrometryMatches: connection(types.astrometryMatch, 'Sources matched with the reference catalog; used: in the WCS fit.'),
    photometryMatches: connection(types.photometryMatch, 'Point sources matched with reference fluxes; used: in the zero point.'),
  },
  config: { ...CHARACTERIZE_FIELDS, ...MEASURE_FIELDS, ...CALIBRATE_FIELDS },
  run({ exposure, refcat }, config, context) {
    const references = referencesOfBand(refcat.map(shard => shard.value), exposure.band, exposure.visitInfo.mid_mjdTai);
    const mi = copyMaskedImage(exposure);
    const character = characterizeImage(mi, characterizeOptions(config));
    const varianceScale = config.doScaleVariance ? scaleVariance(mi) : 1;
    const sources = findSources(mi, character.psf, config.starThreshold_sigma, config);
    const psfUsed = nearAny(sources, character.psfStars);
    const apCorr = apertureCorrection(sources.filter((s, i) => psfUsed[i]! && s.nBadAperture === 0));
    const astrometry = fitAstrometry(exposure, sources, references, config, context);
    const photometry = fitPhotometry(sources, references, astrometry, apCorr.factor);
    const firstId = idRange({ visit: Number(context.dataId.visit), detector: exposure.detector }, context.instrument).first;
    const fitted: Fitted = { exposure, mi, character, sources, psfUsed, apCorr, astrometry, photometry, references, firstId };
    describeFrame(fitted, varianceScale, context);
    return calibratedOutputs(fitted, context);
  },
});
