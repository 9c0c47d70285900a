/**
 * Rubin's task classes in terms of ours: the one table that lets a pipeline file of ap_pipe load. A class, field or
 * connection that has the same name and meaning here is not listed.
 */
import type { FieldAlias, TaskAliases } from '../pipeline/taskAliases.ts';

const only = (reason: string, ...values: readonly unknown[]): FieldAlias => ({ only: values, reason });
const ignored = (reason: string): FieldAlias => ({ ignored: reason });
const left = (reason: string): { readonly task: null; readonly reason: string } => ({ task: null, reason });

const IDS = ignored('ids follow from the visit and the detector');
const TEMPLATES = { coaddName: 'goodSeeing', fakesType: '', warpTypeSuffix: '' };
const SATTLE = only('there is no satellite catalog service here', false);

const isr = {
  task: 'IsrTask',
  fields: {
    doWrite: only('the result is always written', true),
    doAssembleCcd: only('amplifiers are always assembled', true),
    doSaturationInterpolation: ignored('interpolatePlanes says what is interpolated'),
    doAttachTransmissionCurve: ignored('no transmission curves are attached'),
    doEmpiricalReadNoise: 'doEmpiricalReadNoise',
    'overscan.fitType': 'overscanFitType',
    'overscan.order': 'overscanOrder',
    'overscan.numSigmaClip': 'overscanNumSigmaClip',
  },
  connections: { ccdExposure: 'raw' },
} as const;

const calibrateImage = {
  task: 'CalibrateImageTask',
  fields: {
    do_downsample_footprints: ignored('footprints are not stored'),
    downsample_max_footprints: ignored('footprints are not stored'),
    do_adaptive_threshold_detection: ignored('the threshold follows the measured noise'),
    do_remeasure_star_background: only('the background is measured around masked objects at once', false),
    do_calibrate_pixels: only('the image is always in nJy', true),
    run_sattle: SATTLE,
    optional_outputs: ignored('all outputs are written'),
    'id_generator.release_id': IDS,
    'star_detection.thresholdValue': 'starThreshold_sigma',
    'psf_detection.thresholdValue': 'psfThreshold_sigma',
  },
  connections: {
    exposures: 'exposure', exposure: 'outputExposure', stars_footprints: 'stars', photometry_matches: 'photometryMatches',
    astrometry_matches: 'astrometryMatches', astrometry_ref_cat: 'refcat',
  },
  ignoredConnections: ['psf_stars', 'psf_stars_footprints', 'applied_photo_calib', 'initial_stars_schema', 'photometry_ref_cat'],
} as const;

export const taskAliases: TaskAliases = {
  IsrTask: isr,
  IsrTaskLSST: isr,
  CalibrateImageTask: calibrateImage,
  GetTemplateTask: {
    task: 'GetTemplateTask',
    templates: TEMPLATES,
    connections: { coaddExposures: 'templates', calibratedExposure: 'science' },
    ignoredConnections: ['skyMap', 'wcs', 'bbox'],
  },
  AlardLuptonSubtractTask: {
    task: 'AlardLuptonSubtractTask',
    templates: TEMPLATES,
    fields: {
      doApplyExternalCalibrations: only('the calibration of the image is the one that is used', false),
      'makeKernel.kernel.active.spatialKernelOrder': 'spatialKernelOrder',
      'makeKernel.kernel.active.spatialBgOrder': 'spatialBackgroundOrder',
    },
    ignoredConnections: ['visitSummary', 'finalizedPsfApCorrCatalog'],
  },
  DetectAndMeasureTask: {
    task: 'DetectAndMeasureTask',
    templates: TEMPLATES,
    fields: {
      'detection.thresholdValue': 'thresholdSigma',
      run_sattle: SATTLE,
      'idGenerator.release_id': IDS,
      doMaskStreaks: only('streaks are not masked', false),
    },
    connections: { kernelSources: 'sources' },
    ignoredConnections: ['outputSchema', 'maskedStreaks'],
  },
  FilterDiaSourceCatalogTask: {
    task: 'FilterDiaSourceCatalogTask',
    templates: TEMPLATES,
    fields: {
      doWriteRejectedSkySources: ignored('rejected sources of every kind are written'),
      doTrailedSourceFilter: only('trails are not told apart', false),
    },
    ignoredConnections: ['longTrailedSources'],
  },
  TransformDiaSourceCatalogTask: {
    task: 'TransformDiaSourceCatalogTask',
    templates: TEMPLATES,
    fields: {
      doRemoveSkySources: ignored('the filter has removed them'),
      doUseSchema: only('the columns are always those of the schema', true),
      doUseApdbSchema: only('the columns are always those of the schema', true),
      schemaFile: ignored('the schema is that of the association database'),
      functorFile: ignored('the columns are those of the schema'),
      doIncludeReliability: ignored('the reliability is taken along when there is one'),
      'idGenerator.release_id': IDS,
    },
    ignoredConnections: ['diaSourceSchema', 'reliability'],
  },
  DiaPipelineTask: {
    task: 'DiaPipelineTask',
    templates: TEMPLATES,
    fields: {
      apdb_config_url: ignored('the database is given on the command line: --apdb-config FILE, or --db URL'),
      'alertPackager.useAveragePsf': ignored('the PSF of a cutout is that at its centre'),
      'alertPackager.doWriteAlerts': ignored('alerts are a dataset'),
      'associator.maxDistArcSeconds': 'maxDistArcSeconds',
      'idGenerator.release_id': IDS,
      doConfigureApdb: only('the database is given on the command line', false),
    },
    ignoredConnections: [
      'preloadedDiaObjects', 'preloadedDiaSources', 'preloadedDiaForcedSources', 'solarSystemObjectTable', 'apdbMarker',
      'associatedSsSources', 'unassociatedSsObjects', 'newDiaSources', 'marginalDiaSources',
    ],
  },
  CharacterizeImageTask: {
    task: 'CharacterizeImageTask',
    fields: {
      doDeblend: ignored('neighbours are measured together'),
      doApCorr: only('the aperture correction is always measured', true),
      doWriteExposure: only('the result is always written', true),
      'detection.thresholdValue': 'detectionThreshold_sigma',
      requireCrForPsf: ignored('too many cosmic rays are a failure'),
    },
    ignoredConnections: ['outputSchema'],
  },
  CalibrateTask: {
    task: 'CalibrateTask',
    fields: {
      doAstrometry: only('the WCS is always fitted', true),
      requireAstrometry: only('without a WCS the image is a failure', true),
      doPhotoCal: only('the zero point is always measured', true),
      requirePhotoCal: only('without a zero point the image is a failure', true),
      doWrite: only('the result is always written', true),
      doWriteExposure: only('the result is always written', true),
      doDeblend: ignored('neighbours are measured together'),
      'detection.thresholdValue': 'starThreshold_sigma',
    },
    connections: { astromRefCat: 'refcat' },
    ignoredConnections: ['photoRefCat', 'outputSchema', 'matchesDenormalized'],
  },
  ImageDifferenceTask: {
    task: 'ImageDifferenceTask',
    templates: { ...TEMPLATES, skyMapName: 'deep' },
    fields: {
      doDecorrelation: 'subtract.doDecorrelation',
      doSelectSources: ignored('the kernel is fitted to sources of the science image'),
      'detection.thresholdValue': 'detectAndMeasure.thresholdSigma',
    },
    connections: { coaddExposures: 'templates' },
    ignoredConnections: ['skyMap', 'dcrCoadds', 'finalizedPsfApCorrCatalog', 'outputSchema', 'scoreExposure'],
  },
  LoadDiaCatalogsTask: left('DiaPipelineTask reads the history from the database itself'),
  MPSkyEphemerisQueryTask: left('there is no ephemeris service here'),
  GetRegionTimeFromVisitTask: left('the history is read for the region of the image itself'),
  ConsolidateVisitSummaryTask: left('the summary of an image is in its metadata'),
  RBTransiNetTask: left('there is no trained network here; sources keep an unknown reliability'),
  FilterDiaSourceReliabilityTask: left('without scores nothing can be chosen by them'),
  ConsolidateSourceTableTask: left('catalogs are kept by detector'),
  SpatiallySampledMetricsTask: left('metrics are measured by the harness'),
  DetectAndMeasureScoreTask: left('there is no preconvolution here'),
  AlardLuptonPreconvolveSubtractTask: left('there is no preconvolution here'),
};
