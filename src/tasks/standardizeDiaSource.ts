/** The source catalog in the words of the association database. */
import { DIA_SOURCE_COLUMNS } from '../model/apdbColumns.ts';
import * as types from '../model/datasetTypes.ts';
import { AlgorithmError } from '../model/errors.ts';
import type { Exposure } from '../model/image.ts';
import type { ColumnSpec, Table } from '../model/table.ts';
import { rowsOf, tableFromRows } from '../model/table.ts';
import { psfMoments } from '../astro/psf/psfShape.ts';
import { pixelScale_arcsec } from '../sky/wcs.ts';
import { connection, defineTask } from '../pipeline/task.ts';

const DAYS_PER_SECOND = 1 / 86_400;

const CONFIG = {
  minBboxSize: { default: 30, doc: 'Smallest bboxSize, and the one of sources without a shape (pixels).', min: 1 },
  maxBboxSize: { default: 102, doc: 'Largest bboxSize (pixels).', min: 1 },
};

/** Columns of the schema that are filled; the others stay NULL. `diaObjectId` comes with the association. */
const FILLED = [
  'diaSourceId', 'visit', 'detector', 'midpointMjdTai', 'exposureTime', 'ra', 'raErr', 'dec', 'decErr',
  'x', 'xErr', 'y', 'yErr', 'centroid_flag', 'apFlux', 'apFluxErr', 'apFlux_flag', 'isNegative', 'snr',
  'psfFlux', 'psfFluxErr', 'psfChi2', 'psfNdata', 'psfFlux_flag', 'psfFlux_flag_edge', 'psfFlux_flag_noGoodPixels',
  'trailNdata', 'dipoleMeanFlux', 'dipoleFluxDiff', 'dipoleLength', 'dipoleAngle', 'dipoleChi2', 'dipoleNdata',
  'scienceFlux', 'scienceFluxErr', 'forced_PsfFlux_flag', 'templateFlux', 'templateFluxErr', 'ixx', 'iyy', 'ixy',
  'ixxPSF', 'iyyPSF', 'ixyPSF', 'shape_flag', 'reliability', 'band', 'isDipole', 'dipoleFitAttempted',
  'timeProcessedMjdTai', 'bboxSize', 'pixelFlags', 'pixelFlags_bad', 'pixelFlags_edge',
  'pixelFlags_interpolated', 'pixelFlags_interpolatedCenter', 'pixelFlags_saturated', 'pixelFlags_saturatedCenter',
  'glint_trail',
] as const;

const specs: readonly ColumnSpec[] = FILLED.map(name => {
  const { type, unit } = DIA_SOURCE_COLUMNS.find(c => c.name === name)!;
  return { name, type, unit, doc: '' };
});

export const standardizeDiaSource = defineTask({
  name: 'TransformDiaSourceCatalogTask',
  doc: 'Rename and convert the columns of the source catalog to those of the APDB table DiaSource, schema 10.0.0.',
  dimensions: ['instrument', 'visit', 'detector'],
  inputs: {
    diaSourceCat: connection(types.diaSourceUnstandardized, 'Sources that passed the filter.'),
    diffIm: connection(types.differenceImage, 'Difference image: time, band, PSF and pixel scale.'),
  },
  outputs: { diaSourceTable: connection(types.diaSourceDetector, 'DiaSource rows without association.') },
  config: CONFIG,
  run({ diaSourceCat, diffIm }, config, { metadata }) {
    metadata.numDiaSources = diaSourceCat.nRows;
    return { diaSourceTable: standardized(diaSourceCat, diffIm, config) };
  },
});

interface SizeLimits {
  readonly minBboxSize: number;
  readonly maxBboxSize: number;
}

function standardized(catalog: Table, difference: Exposure, limits: SizeLimits): Table {
  const { visitInfo, wcs, psf, band } = difference;
  if (wcs === null || psf === null) {
    throw new AlgorithmError('the difference image has no WCS or no PSF',
      { hasWcs: wcs !== null, hasPsf: psf !== null });
  }
  const scale = pixelScale_arcsec(wcs);
  const halfExposure_d = (visitInfo.exposureTime_s / 2) * DAYS_PER_SECOND;
  const rows = rowsOf(catalog).map(row => {
    const value = (name: string): number => Number(row[name]);
    const shape = psfMoments(psf, value('x'), value('y'));
    return {
      ...row, diaSourceId: row.id, midpointMjdTai: visitInfo.mid_mjdTai, exposureTime: visitInfo.exposureTime_s, band,
      // A task has no clock: the end of the exposure is the earliest time at which it can have been processed.
      timeProcessedMjdTai: visitInfo.mid_mjdTai + halfExposure_d,
      ixxPSF: shape.ixx * scale * scale, iyyPSF: shape.iyy * scale * scale, ixyPSF: shape.ixy * scale * scale,
      bboxSize: bboxSize(value('ixx'), value('iyy'), scale, limits),
      dipoleNdata: Number.isFinite(value('dipoleMeanFlux')) ? value('psfNdata') : 0,
      dipoleFitAttempted: Number.isFinite(value('dipoleMeanFlux')), trailNdata: 0, glint_trail: false,
      ...flagsOf(value),
    };
  });
  return tableFromRows(specs, rows);
}

/** Flags of the schema from ours; what we do not tell apart (whole footprint or its centre) is set alike. */
function flagsOf(value: (name: string) => number): Record<string, boolean> {
  const isSet = (name: string): boolean => value(name) !== 0;
  const noFlux = !Number.isFinite(value('psfFlux'));
  return {
    centroid_flag: isSet('flagCentroid'), shape_flag: isSet('flagShape'),
    apFlux_flag: !Number.isFinite(value('apFlux')),
    psfFlux_flag: noFlux, psfFlux_flag_noGoodPixels: noFlux, psfFlux_flag_edge: isSet('flagEdge'),
    forced_PsfFlux_flag: !Number.isFinite(value('scienceFlux')),
    pixelFlags: ['flagBad', 'flagEdge', 'flagInterpolated', 'flagSaturated'].some(isSet),
    pixelFlags_bad: isSet('flagBad'), pixelFlags_edge: isSet('flagEdge'),
    pixelFlags_interpolated: isSet('flagInterpolated'), pixelFlags_interpolatedCenter: isSet('flagInterpolated'),
    pixelFlags_saturated: isSet('flagSaturated'), pixelFlags_saturatedCenter: isSet('flagSaturated'),
  };
}

/** Twice four sigma of the larger moment, in whole pixels, between the limits. */
function bboxSize(ixx_arcsec2: number, iyy_arcsec2: number, scale: number, limits: SizeLimits): number {
  const sigma_px = Math.sqrt(Math.max(ixx_arcsec2, iyy_arcsec2)) / scale;
  if (!Number.isFinite(sigma_px)) return limits.minBboxSize;
  return Math.min(Math.max(Math.ceil(8 * sigma_px), limits.minBboxSize), limits.maxBboxSize);
}
