/** The template on the pixel grid of a science image. */
import { buildTemplate as combineTemplates, noiseMetadata } from '../astro/template/buildTemplate.ts';
import { psfFwhm_px } from '../astro/psf/renderPsf.ts';
import * as types from '../model/datasetTypes.ts';
import { NoWorkFound } from '../model/errors.ts';
import type { Exposure } from '../model/image.ts';
import { connection, defineTask } from '../pipeline/task.ts';
import type { InputItem } from '../pipeline/task.ts';

const CONFIG = {
  warpingOrder: { default: 5, doc: 'Order of the Lanczos kernel that interpolates the templates.', choices: [3, 4, 5] },
  interpLength_px: { default: 32, doc: 'Positions are computed exactly every so many pixels, linearly between.', min: 1, max: 200 },
  requiredTemplateFraction: { default: 0.1, doc: 'Less of the science image covered by the template: no work.', min: 0, max: 1 },
  psfGrid: { default: 5, doc: 'Positions along each axis at which the PSF of the template is computed.', min: 1, max: 20 },
  psfOrder: { default: 2, doc: 'Polynomial order of the PSF of the template over the image.', min: 0, max: 3 },
};

export const buildTemplate = defineTask({
  name: 'GetTemplateTask',
  doc: 'Warp all template exposures of the band to the grid of the science image and combine them.',
  dimensions: ['instrument', 'visit', 'detector'],
  inputs: {
    science: connection(types.visitImage, 'Science image: its grid, WCS and band.'),
    templates: connection(types.templateExposure, 'Exposures of the same band that overlap the science image, in nJy.', {
      multiple: true, lookup: 'overlapping',
    }),
  },
  outputs: {
    template: connection(types.templateDetector, 'Template on the grid of the science image, in nJy; NO_DATA where nothing covers it.'),
  },
  config: CONFIG,
  run({ science, templates }, config, { metadata, log }) {
    if (science.wcs === null) throw new NoWorkFound('the science image has no WCS', { hasWcs: false });
    const usable = templates.filter(item => isUsable(item, science));
    const { width, height, wcs } = science;
    const built = combineTemplates(usable.map(item => item.value), { width, height, wcs }, {
      order: config.warpingOrder, interpLength_px: config.interpLength_px, requiredFraction: config.requiredTemplateFraction,
      psfGrid: config.psfGrid, psfOrder: config.psfOrder,
    });
    const visits = usable.map(({ value }) => value.visitInfo.visit).sort((a, b) => a - b);
    metadata.templateCoverage = built.coverage;
    metadata.nTemplateInputs = built.nExposures;
    metadata.templatePsfFwhm_px = psfFwhm_px(built.psf, width / 2, height / 2);
    log.info(`template from visit ${visits.join(', ')} covers ${(100 * built.coverage).toFixed(1)} %`);
    const numbers = { ...metadata, apCorr: meanApCorr(usable), templateVisits: visits.join(','), ...noiseMetadata(built.noise) };
    return { template: templateExposure(built, science, usable[0]!.value, numbers) };
  },
});

/** Templates are combined without further calibration: another band, or other units, cannot be. */
function isUsable({ value }: InputItem<Exposure>, science: Exposure): boolean {
  return value.band === science.band && value.unit === 'nJy' && value.wcs !== null && value.psf !== null;
}

/** Mean aperture correction of the templates: the flux that lies beyond their PSF models. */
function meanApCorr(templates: readonly InputItem<Exposure>[]): number {
  const values = templates.map(({ value: { metadata: { apCorr } } }) => (typeof apCorr === 'number' && apCorr > 0 ? apCorr : 1));
  return values.reduce((sum, v) => sum + v, 0) / values.length;
}

/** Grid, WCS and detector of the science image; time and filter of the (first) template. */
function templateExposure(
  { image, psf }: ReturnType<typeof combineTemplates>, { wcs, detector }: Exposure, first: Exposure, metadata: Exposure['metadata'],
): Exposure {
  return {
    ...image, psf, wcs, detector, photoCalib: first.photoCalib, visitInfo: first.visitInfo, band: first.band,
    physicalFilter: first.physicalFilter, unit: 'nJy', metadata,
  };
}
