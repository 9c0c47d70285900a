/** The first half of single-frame calibration as pipelines of 2021 had it: background, cosmic rays and PSF. */
import { idRange } from '../astro/association/sourceIds.ts';
import { apertureCorrection } from '../astro/measurement/apertureCorrection.ts';
import { starCatalog } from '../astro/measurement/starCatalog.ts';
import { characterizeImage as characterize } from '../astro/psf/characterizeImage.ts';
import type { Characterization } from '../astro/psf/characterizeImage.ts';
import type { DatasetType } from '../model/dataset.ts';
import * as types from '../model/datasetTypes.ts';
import { allocF32, allocI32, copyMaskedImage } from '../model/image.ts';
import type { Exposure, MaskedImage } from '../model/image.ts';
import type { Column, Table } from '../model/table.ts';
import { connection, defineTask } from '../pipeline/task.ts';
import type { TaskContext } from '../pipeline/task.ts';
import { CHARACTERIZE_FIELDS, MEASURE_FIELDS, characterizeOptions, findSources, nearAny, scaleVariance } from './singleFrame.ts';

const dimensions = ['instrument', 'visit', 'detector'] as const;
/** Background-subtracted image in electrons with a PSF; the WCS is that of the header. */
export const icExp: DatasetType<Exposure> = { name: 'icExp', dimensions, storageClass: 'Exposure', isCalibration: false };
export const icExpBackground: DatasetType<Exposure> = { name: 'icExpBackground', dimensions, storageClass: 'Exposure', isCalibration: false };
/** Bright sources in electrons; `psfUsed` marks the stars of the PSF. */
export const icSrc: DatasetType<Table> = { name: 'icSrc', dimensions, storageClass: 'Table', isCalibration: false };

const CONFIG = {
  ...CHARACTERIZE_FIELDS, ...MEASURE_FIELDS,
  detectionThreshold_sigma: { default: 10, doc: 'Detection threshold of the sources that the aperture correction is measured on.', min: 2 },
};

export const characterizeImage = defineTask({
  name: 'CharacterizeImageTask',
  doc: 'Background, cosmic rays, PSF and aperture correction of one detector image.',
  dimensions,
  inputs: { exposure: connection(types.postIsrImage, 'Detector image in electrons; exposure id equal to the visit id.') },
  outputs: {
    characterized: connection(icExp, 'Background-subtracted image in electrons with PSF; DETECTED marks what is not sky.'),
    backgroundModel: connection(icExpBackground, 'Background that was subtracted, electrons.'),
    sourceCat: connection(icSrc, 'Bright sources in electrons, with the stars of the PSF.'),
  },
  config: CONFIG,
  run({ exposure }, config, context) {
    const mi = copyMaskedImage(exposure);
    const character = characterize(mi, characterizeOptions(config));
    const varianceScale = config.doScaleVariance ? scaleVariance(mi) : 1;
    // The planes of the objects that the sky was measured around stay; those of this detection are another question.
    const sources = findSources({ ...mi, mask: mi.mask.slice() }, character.psf, config.detectionThreshold_sigma, config);
    const psfUsed = nearAny(sources, character.psfStars);
    const apCorr = apertureCorrection(sources.filter((s, i) => psfUsed[i]! && s.nBadAperture === 0));
    const numbers: Record<string, number> = {
      skyLevel_electron: character.skyLevel, skyRms_electron: character.skyRms, varianceScale,
      nPsfCandidates: character.nCandidates, psfResidual: character.psfResidual, psfFwhm_px: character.psf.fwhm_px,
      nCosmicRays: character.nCosmicRays, nCosmicRayPixels: character.nCosmicRayPixels,
      apCorr: apCorr.factor, apCorrErr: apCorr.error, nApCorrStars: apCorr.nStars,
    };
    for (const [name, value] of Object.entries(numbers)) if (Number.isFinite(value)) context.metadata[name] = value;
    return {
      characterized: { ...exposure, ...mi, psf: character.psf, metadata: { ...context.metadata } },
      backgroundModel: backgroundExposure(exposure, mi, character),
      sourceCat: electronCatalog(sources, psfUsed, exposure, context),
    };
  },
});

function backgroundExposure(exposure: Exposure, { width, height }: MaskedImage, { background }: Characterization): Exposure {
  const n = width * height;
  const image = allocF32(n);
  image.set(background);
  return { ...exposure, width, height, image, variance: allocF32(n), mask: allocI32(n), psf: null, metadata: {} };
}

/** The star catalog before calibration: positions of the header's WCS (NaN without one), fluxes in electrons. */
function electronCatalog(
  sources: Parameters<typeof starCatalog>[0], psfUsed: readonly boolean[], exposure: Exposure, context: TaskContext,
): Table {
  const unused = sources.map(() => false);
  const firstId = idRange({ visit: Number(context.dataId.visit), detector: exposure.detector }, context.instrument).first;
  const table = starCatalog(sources, {
    wcs: exposure.wcs, calibration_nJy: 1, apCorr: 1, firstId, psfUsed, astrometryUsed: unused, photometryUsed: unused,
  });
  const inElectrons = (column: Column): Column => (column.unit === 'nJy' ? { ...column, unit: 'electron' } : column);
  return { ...table, columns: Object.fromEntries(Object.entries(table.columns).map(([name, column]) => [name, inElectrons(column)])) };
}
