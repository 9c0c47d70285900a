/** The dataset types of the pipeline, named as Rubin names them today (ap-pipeline 1.2). */
import type { AlertBatch } from './alert.ts';
import type { DatasetType, Dimension, StorageClass } from './dataset.ts';
import type { Exposure } from './image.ts';
import type { Mask, RawFrame } from './instrument.ts';
import type { MatchingKernel } from './kernel.ts';
import type { Table } from './table.ts';

function datasetType<T>(
  name: string, dimensions: readonly Dimension[], storageClass: StorageClass, isCalibration = false,
): DatasetType<T> {
  return { name, dimensions, storageClass, isCalibration };
}

const exposureDetector = ['instrument', 'exposure', 'detector'] as const;
const visitDetector = ['instrument', 'visit', 'detector'] as const;
const detectorOnly = ['instrument', 'detector'] as const;

export const raw = datasetType<RawFrame>('raw', exposureDetector, 'RawFits');
/** Mask delivered with the raw frame (SDSS fpM). */
export const rawMask = datasetType<Mask>('raw_mask', exposureDetector, 'Mask');
export const bias = datasetType<Exposure>('bias', detectorOnly, 'Exposure', true);
export const dark = datasetType<Exposure>('dark', detectorOnly, 'Exposure', true);
export const flat = datasetType<Exposure>('flat', ['instrument', 'detector', 'physical_filter'], 'Exposure', true);
/** Night-sky fringes of a filter, and what the flat leaves of the illumination. */
export const fringe = datasetType<Exposure>('fringe', ['instrument', 'detector', 'physical_filter'], 'Exposure', true);
export const illuminationCorrection = datasetType<Exposure>('illumMaskedImage', ['instrument', 'detector', 'physical_filter'], 'Exposure', true);
export const linearizer = datasetType<Table>('linearizer', detectorOnly, 'Table', true);
export const crosstalk = datasetType<Table>('crosstalk', detectorOnly, 'Table', true);
export const brighterFatterKernel = datasetType<Table>('bfk', detectorOnly, 'Table', true);
export const defects = datasetType<Table>('defects', detectorOnly, 'Table', true);
/** Reference catalog of the dataset: ra_deg, dec_deg, <band>_flux_nJy, <band>_fluxErr_nJy, per HTM level-7 trixel. */
export const refcat = datasetType<Table>('refcat', ['htm7'], 'Table');
export const templateExposure = datasetType<Exposure>('template_exposure', visitDetector, 'Exposure');

export const postIsrImage = datasetType<Exposure>('post_isr_image', exposureDetector, 'Exposure');
export const visitImage = datasetType<Exposure>('preliminary_visit_image', visitDetector, 'Exposure');
export const visitImageBackground = datasetType<Exposure>('preliminary_visit_image_background', visitDetector, 'Exposure');
export const starCatalog = datasetType<Table>('single_visit_star_unstandardized', visitDetector, 'Table');
export const astrometryMatch = datasetType<Table>('initial_astrometry_match_detector', visitDetector, 'Table');
export const photometryMatch = datasetType<Table>('initial_photometry_match_detector', visitDetector, 'Table');
export const templateDetector = datasetType<Exposure>('template_detector', visitDetector, 'Exposure');
export const differencePredetection = datasetType<Exposure>('difference_image_predetection', visitDetector, 'Exposure');
export const templateMatched = datasetType<Exposure>('template_matched', visitDetector, 'Exposure');
export const differenceKernel = datasetType<MatchingKernel>('difference_kernel', visitDetector, 'MatchingKernel');
export const differenceKernelSources = datasetType<Table>('difference_kernel_sources', visitDetector, 'Table');
export const differenceImage = datasetType<Exposure>('difference_image', visitDetector, 'Exposure');
export const diaSourceUnfiltered = datasetType<Table>('dia_source_unfiltered', visitDetector, 'Table');
export const diaSourceUnstandardized = datasetType<Table>('dia_source_unstandardized', visitDetector, 'Table');
export const rejectedDiaSource = datasetType<Table>('rejected_dia_source', visitDetector, 'Table');
export const diaSourceDetector = datasetType<Table>('dia_source_detector', visitDetector, 'Table');
export const preloadedSsObject = datasetType<Table>('preloaded_ss_object', visitDetector, 'Table');
export const diaSourceApdb = datasetType<Table>('dia_source_apdb', visitDetector, 'Table');
export const diaForcedSourceApdb = datasetType<Table>('dia_forced_source_apdb', visitDetector, 'Table');
export const diaObjectApdb = datasetType<Table>('dia_object_apdb', visitDetector, 'Table');
export const alerts = datasetType<AlertBatch>('alert_packets', visitDetector, 'AlertPackets');

/** Versions of the software that made a run, by name. */
export const packages = datasetType<Readonly<Record<string, string>>>('packages', [], 'Packages');

/** Truth of simulated or injected datasets: what is in the sky at each visit, one row an object a visit. */
export const truth = datasetType<Table>('truth', ['instrument', 'visit'], 'Table');
