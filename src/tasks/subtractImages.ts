/** Image subtraction after PSF matching (Alard & Lupton), with decorrelated noise. */
import { backgroundAt } from '../astro/difference/applyKernel.ts';
import { scaleToNoise, subtractExposures } from '../astro/difference/subtractExposures.ts';
import type { SubtractOptions, Subtraction } from '../astro/difference/subtractExposures.ts';
import { templateMargin, withoutMargin } from '../astro/difference/templateMargin.ts';
import { properDifference } from '../astro/difference/zogy.ts';
import { coveredFraction } from '../astro/template/buildTemplate.ts';
import * as types from '../model/datasetTypes.ts';
import { AlgorithmError, ApError, NoWorkFound } from '../model/errors.ts';
import { copyMaskedImage, type Exposure } from '../model/image.ts';
import type { Table } from '../model/table.ts';
import type { SkyWcs } from '../model/wcs.ts';
import { connection, defineTask } from '../pipeline/task.ts';
import type { ConfigValues } from '../pipeline/task.ts';
import { pixelToSky, skyToPixel } from '../sky/wcs.ts';

/** How two images are compared. */
export const SUBTRACTION_METHODS = ['al', 'zogy'] as const;

const CONFIG = {
  method: {
    default: 'al' as string, choices: SUBTRACTION_METHODS,
    doc: 'al: Alard-Lupton with decorrelation; zogy: proper image of Zackay, Ofek & Gal-Yam, with the flux scale of al.',
  },
  mode: {
    default: 'auto', doc: 'Which image is convolved; auto: the one with the sharper PSF.',
    choices: ['auto', 'convolveTemplate', 'convolveScience'],
  },
  requiredTemplateFraction: { default: 0.1, doc: 'Less of the science image covered by the template: no work.', min: 0, max: 1 },
  minTemplateFractionForExpectedSuccess: {
    default: 0.2, doc: 'A failure of the kernel fit below this coverage is no work, above it an error.', min: 0, max: 1,
  },
  kernelDegrees: { default: [4, 2, 2] as readonly number[], doc: 'Polynomial degree of each Gaussian of the kernel basis, narrowest first.' },
  kernelBeta: { default: 2, doc: 'Ratio of successive Gaussian widths.', min: 1.1, max: 5 },
  kernelMinSigma_px: { default: 0.7, doc: 'Smallest Gaussian of the kernel basis (pixels).', min: 0.3 },
  kernelSizeMin_px: { default: 15, doc: 'Smallest side of the kernel (pixels).', min: 5 },
  kernelSizeMax_px: { default: 33, doc: 'Largest side of the kernel (pixels).', min: 5 },
  kernelSourceMinSnr: { default: 20, doc: 'Signal to noise of the sources that the kernel is fitted to.', min: 3 },
  maxKernelSources: { default: 250, doc: 'Most sources for the kernel.', min: 3 },
  minKernelSources: { default: 3, doc: 'Fewest sources for a kernel.', min: 1 },
  kernelCell_px: { default: 128, doc: 'Sources are taken evenly from squares of this side (pixels).', min: 16 },
  kernelSourcesPerCell: { default: 5, doc: 'Brightest sources of each square that are used.', min: 1 },
  spatialKernelOrder: { default: 2, doc: 'Polynomial order of the kernel over the image; few sources lower it.', min: 0, max: 4 },
  spatialBackgroundOrder: { default: 2, doc: 'Polynomial order of the differential background; few sources lower it.', min: 0, max: 4 },
  kernelClip_sigma: { default: 3.5, doc: 'Sources whose residual stands out by this much are dropped from the fit.', min: 1 },
  maxIterations: { default: 5, doc: 'Most rounds of clipping.', min: 0, max: 20 },
  maxConditionNumber: { default: 1e10, doc: 'Combinations of coefficients that are worse determined than this are left out.', min: 10 },
  doDecorrelation: { default: true, doc: 'Make the noise of the difference white again.' },
  decorrelationCell_px: { default: 256, doc: 'Side of the squares with a decorrelation kernel of their own (pixels).', min: 32 },
};
type SubtractConfig = ConfigValues<typeof CONFIG>;

export const subtractImages = defineTask({
  name: 'AlardLuptonSubtractTask',
  doc: 'Match the PSF of template and science image, subtract, and decorrelate the noise.',
  dimensions: ['instrument', 'visit', 'detector'],
  inputs: {
    science: connection(types.visitImage, 'Science image in nJy.'),
    template: connection(types.templateDetector, 'Template on the grid of the science image.'),
    sources: connection(types.starCatalog, 'Sources of the science image; the kernel is fitted to some of them.'),
  },
  outputs: {
    difference: connection(types.differencePredetection, 'Science minus matched template, nJy, with its own PSF.'),
    matchedTemplate: connection(types.templateMatched, 'Template as it was subtracted.'),
    psfMatchingKernel: connection(types.differenceKernel, 'Matching kernel and differential background.'),
    kernelSources: connection(types.differenceKernelSources, 'Sources that the kernel was fitted to, with the quality of the match.'),
  },
  config: CONFIG,
  run({ science, template, sources }, config, { metadata, log }) {
    checkGrid(science, template);
    const coverage = Math.min(coveredFraction(template), coveredFraction(science));
    metadata.templateCoverage = coverage;
    if (coverage < config.requiredTemplateFraction) {
      throw new NoWorkFound(`template and science have data on ${(100 * coverage).toFixed(1)} % of the image`, {
        templateCoverage: coverage, requiredTemplateFraction: config.requiredTemplateFraction,
      });
    }
    const matched = subtract(science, template, sources, config, coverage);
    const result = config.method === 'zogy' ? asProper(science, template, matched, config) : matched;
    Object.assign(metadata, finite(result.numbers));
    log.info(`kernel from ${result.kernel.nStampsUsed} sources, sum ${result.kernel.kernelSum.toFixed(4)}`);
    // The difference has the PSF, and with it the aperture correction, of the image that was not convolved.
    const { apCorr = 1 } = (result.kernel.convolved === 'template' ? science : template).metadata;
    return outputs(science, template, result, { ...metadata, apCorr });
  },
});

function optionsOf(config: SubtractConfig): SubtractOptions {
  return {
    mode: config.mode as SubtractOptions['mode'],
    basis: {
      degrees: config.kernelDegrees, beta: config.kernelBeta, minSigma_px: config.kernelMinSigma_px,
      minSize: config.kernelSizeMin_px, maxSize: config.kernelSizeMax_px,
    },
    stamps: {
      minSnr: config.kernelSourceMinSnr, maxSources: config.maxKernelSources,
      cell_px: config.kernelCell_px, perCell: config.kernelSourcesPerCell,
    },
    fit: {
      spatialOrder: config.spatialKernelOrder, backgroundOrder: config.spatialBackgroundOrder, minStamps: config.minKernelSources,
      clipSigma: config.kernelClip_sigma, maxIterations: config.maxIterations, maxCondition: config.maxConditionNumber,
    },
    doDecorrelation: config.doDecorrelation, decorrelationCell_px: config.decorrelationCell_px,
  };
}

/** The pixels and the PSF of the proper difference in place of those of the match; its masks and all else stay. */
function asProper(science: Exposure, template: Exposure, matched: Subtraction, config: SubtractConfig): Subtraction {
  const { kernel, difference } = matched;
  const isTemplate = kernel.convolved === 'template';
  const flat = copyMaskedImage(science);
  for (let y = 0, p = 0; y < flat.height; y++) {
    for (let x = 0; x < flat.width; x++, p++) {
      const sky = backgroundAt(kernel, x, y);
      flat.image[p] = flat.image[p]! - (isTemplate ? sky : -sky / kernel.kernelSum);
    }
  }
  const inner = withoutMargin(template, templateMargin(science, template));
  const { image, psf } = properDifference({ ...science, ...flat }, inner, {
    cell_px: config.decorrelationCell_px, fluxScale: isTemplate ? kernel.kernelSum : 1 / kernel.kernelSum,
  });
  const mask = image.mask;
  for (let p = 0; p < mask.length; p++) mask[p] = mask[p]! | difference.mask[p]!;
  return { ...matched, difference: image, psf, numbers: { ...matched.numbers, residualWidth: scaleToNoise(image) } };
}

/** A failure where the template hardly covers the image is what was to be expected, and no error. */
function subtract(science: Exposure, template: Exposure, sources: Table, config: SubtractConfig, coverage: number): Subtraction {
  try {
    return subtractExposures(science, template, sources, optionsOf(config));
  } catch (error) {
    if (error instanceof AlgorithmError && coverage < config.minTemplateFractionForExpectedSuccess) {
      throw new NoWorkFound(`${error.message}; the template covers only ${(100 * coverage).toFixed(1)} %`, {
        ...error.metadata, templateCoverage: coverage,
      });
    }
    throw error;
  }
}

/** Pixels of the two images are compared one by one: they must be the same pixels of the same band. */
function checkGrid(science: Exposure, template: Exposure): void {
  const where = `template of visit ${science.visitInfo.visit}, detector ${science.detector}`;
  const margin = (template.width - science.width) / 2;
  if (!Number.isInteger(margin) || margin < 0 || template.height - science.height !== 2 * margin) {
    throw new ApError('BAD_FORMAT', {
      where, found: `${template.width} x ${template.height} pixels`, expected: `${science.width} x ${science.height}, or a margin around it`,
    });
  }
  if (science.band !== template.band) throw new ApError('BAD_FORMAT', { where, found: `band ${template.band}`, expected: science.band });
  if (science.wcs === null || template.wcs === null) {
    throw new AlgorithmError('science image or template without a WCS', { hasWcs: science.wcs !== null, templateHasWcs: template.wcs !== null });
  }
  if (science.psf === null || template.psf === null) {
    throw new AlgorithmError('science image or template without a PSF', { hasPsf: science.psf !== null, templateHasPsf: template.psf !== null });
  }
  const offset_px = gridOffset(science.wcs, template.wcs, science, margin);
  if (!(offset_px < 0.01)) {
    throw new ApError('BAD_WCS', { where, found: `a grid ${offset_px.toFixed(3)} pixels off`, expected: 'the WCS of the science image' });
  }
}

/** Largest distance of the two WCS at the corners, pixels. */
function gridOffset(science: SkyWcs, template: SkyWcs, { width, height }: Exposure, margin: number): number {
  return Math.max(...([[0, 0], [width - 1, 0], [0, height - 1], [width - 1, height - 1]] as const).map(([x, y]) => {
    const [u, v] = skyToPixel(science, ...pixelToSky(template, x + margin, y + margin));
    return Math.hypot(u - x, v - y);
  }));
}

function outputs(science: Exposure, template: Exposure, result: Subtraction, metadata: Exposure['metadata']): {
  difference: Exposure; matchedTemplate: Exposure; psfMatchingKernel: Subtraction['kernel']; kernelSources: Table;
} {
  const { wcs, photoCalib, visitInfo, detector, band, physicalFilter, unit } = science;
  const common = { wcs, photoCalib, detector, band, unit };
  return {
    difference: { ...common, ...result.difference, psf: result.psf, visitInfo, physicalFilter, metadata },
    matchedTemplate: {
      ...common, ...result.matched, psf: result.matchedPsf, visitInfo: template.visitInfo, physicalFilter: template.physicalFilter,
      metadata: {},
    },
    psfMatchingKernel: result.kernel,
    kernelSources: result.kernelSources,
  };
}

function finite(values: Readonly<Record<string, number | string>>): Record<string, number | string> {
  return Object.fromEntries(Object.entries(values).filter(([, v]) => typeof v === 'string' || Number.isFinite(v)));
}
