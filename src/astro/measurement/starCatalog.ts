/** Measured sources as rows of the star catalog. */
import { STAR_COLUMNS } from '../../model/catalogs.ts';
import { tableFromRows } from '../../model/table.ts';
import type { ColumnSpec, Table } from '../../model/table.ts';
import type { SkyWcs } from '../../model/wcs.ts';
import { pixelsToSky } from '../../sky/wcs.ts';
import type { MeasuredSource } from './measureSources.ts';

/** What calibration adds to the measurements. */
export interface CatalogCalibration {
  /** null: ra and dec are NaN. */
  readonly wcs: SkyWcs | null;
  /** nJy of one instrumental unit. */
  readonly calibration_nJy: number;
  /** PSF fluxes are multiplied by this (aperture correction). */
  readonly apCorr: number;
  readonly firstId: bigint;
  /** By source. */
  readonly psfUsed: readonly boolean[];
  readonly astrometryUsed: readonly boolean[];
  readonly photometryUsed: readonly boolean[];
}

/** Below this spread nothing is called extended, whatever its significance: the model of the PSF is not better. */
const MIN_SPREAD = 0.1;
const SPREAD_SIGMA = 3;

/** Whether a source is wider than the PSF beyond its error (see `spread`). */
export function isExtended({ spread, spreadErr }: Pick<MeasuredSource, 'spread' | 'spreadErr'>): boolean {
  return spread > Math.max(MIN_SPREAD, SPREAD_SIGMA * spreadErr);
}

/** Star catalog with fluxes in nJy and positions of the given WCS; ids count up from firstId + 1. */
export function starCatalog(sources: readonly MeasuredSource[], calibration: CatalogCalibration): Table {
  const { calibration_nJy: scale, apCorr } = calibration;
  const unknown = { ra: sources.map(() => NaN), dec: sources.map(() => NaN) };
  const { wcs } = calibration;
  const sky = wcs === null ? unknown : pixelsToSky(wcs, sources.map(s => s.x), sources.map(s => s.y));
  const rows = sources.map((s, i) => ({
    id: calibration.firstId + BigInt(i + 1), x: s.x, y: s.y, xErr: s.xErr, yErr: s.yErr, ra: sky.ra[i]!, dec: sky.dec[i]!,
    psfFlux: s.psfFlux * apCorr * scale, psfFluxErr: s.psfFluxErr * apCorr * scale,
    apFlux: s.apFlux * scale, apFluxErr: s.apFluxErr * scale, snr: s.psfFlux / s.psfFluxErr,
    ixx: s.ixx, iyy: s.iyy, ixy: s.ixy, chi2: s.chi2, extendedness: Number.isNaN(s.spread) ? NaN : isExtended(s) ? 1 : 0,
    peakValue: s.peakValue * scale, nPixels: s.nPixels, flagEdge: s.flagEdge, flagSaturated: s.flagSaturated,
    flagInterpolated: s.flagInterpolated, flagCentroid: s.flagCentroid, flagBlended: s.flagBlended,
    psfUsed: calibration.psfUsed[i]!, astrometryUsed: calibration.astrometryUsed[i]!, photometryUsed: calibration.photometryUsed[i]!,
  }));
  return tableFromRows(STAR_COLUMNS.map(inNanojansky), rows);
}

function inNanojansky(spec: ColumnSpec): ColumnSpec {
  return spec.unit === 'image unit' ? { ...spec, unit: 'nJy' } : spec;
}
