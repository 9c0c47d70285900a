/** Measured detections as rows of the DIASource catalog. */
import { DIA_COLUMNS } from '../../model/catalogs.ts';
import type { Exposure } from '../../model/image.ts';
import { tableFromRows } from '../../model/table.ts';
import type { Table } from '../../model/table.ts';
import { localCd, pixelToSky, pixelsToSky } from '../../sky/wcs.ts';
import { positionAngle_deg, separation_arcsec } from '../../sky/sphere.ts';
import type { SkyWcs } from '../../model/wcs.ts';
import type { DipoleFit } from './fitDipole.ts';
import type { DiaMeasurement } from './measureDiaSources.ts';

/** Factors that bring PSF fluxes to the scale of the photometric calibration. */
export interface FluxScales {
  readonly difference: number;
  readonly science: number;
  readonly template: number;
}

export interface DiaCatalogInput {
  readonly difference: Exposure;
  readonly scales: FluxScales;
  /** Ids count up from this plus 1. */
  readonly firstId: bigint;
  /** By source. */
  readonly brightNeighbour: readonly boolean[];
}

/**
 * Catalog in the order given. Positions and their errors by the WCS of the difference, which it must have; moments are
 * turned onto the sky (x east, y north).
 */
export function diaCatalog(sources: readonly DiaMeasurement[], { difference, scales, firstId, brightNeighbour }: DiaCatalogInput): Table {
  const wcs = difference.wcs!;
  const sky = pixelsToSky(wcs, sources.map(s => s.x), sources.map(s => s.y));
  const rows = sources.map((s, i) => {
    const jacobian = localCd(wcs, s.x, s.y);
    return {
      id: firstId + BigInt(i + 1), visit: BigInt(difference.visitInfo.visit), detector: difference.detector,
      x: s.x, y: s.y, xErr: s.xErr, yErr: s.yErr, ra: sky.ra[i]!, dec: sky.dec[i]!, ...skyErrors(jacobian, s),
      ...fluxes(s, scales), snr: Math.abs(s.significance), ...skyMoments(jacobian, s), ...dipoleColumns(s.dipole, wcs, scales.difference),
      isNegative: s.significance < 0, isSky: s.isSky, flagEdge: s.flagEdge, flagSaturated: s.flagSaturated,
      flagInterpolated: s.flagInterpolated, flagBad: s.flagBad, flagCentroid: s.flagCentroid, flagShape: s.flagShape,
      flagBrightNeighbour: brightNeighbour[i]!, reliability: NaN,
    };
  });
  return tableFromRows(DIA_COLUMNS, rows);
}

type Jacobian = readonly [number, number, number, number];

/** Errors of right ascension (of the coordinate, not of the arc) and declination, degrees. */
function skyErrors([a, b, c, d]: Jacobian, { xErr, yErr }: DiaMeasurement): { raErr: number; decErr: number } {
  return { raErr: Math.hypot(a * xErr, b * yErr), decErr: Math.hypot(c * xErr, d * yErr) };
}

function fluxes(s: DiaMeasurement, scales: FluxScales): Record<string, number> {
  return {
    psfFlux: s.psf.flux * scales.difference, psfFluxErr: s.psf.fluxErr * scales.difference, psfChi2: s.psf.chi2, psfNdata: s.psf.nPixels,
    apFlux: s.apFlux, apFluxErr: s.apFluxErr,
    scienceFlux: s.science.flux * scales.science, scienceFluxErr: s.science.fluxErr * scales.science,
    templateFlux: s.template.flux * scales.template, templateFluxErr: s.template.fluxErr * scales.template,
  };
}

/** Second moments in arcsec^2 in the tangent plane: J M J^T. */
function skyMoments([a, b, c, d]: Jacobian, { ixx, iyy, ixy }: DiaMeasurement): { ixx: number; iyy: number; ixy: number } {
  const k = 3600 ** 2;
  return {
    ixx: k * (a * a * ixx + 2 * a * b * ixy + b * b * iyy),
    iyy: k * (c * c * ixx + 2 * c * d * ixy + d * d * iyy),
    ixy: k * (a * c * ixx + (a * d + b * c) * ixy + b * d * iyy),
  };
}

/** Length and position angle (east of north, from the negative to the positive lobe); NaN when no dipole was fitted. */
function dipoleColumns(fit: DipoleFit | null, wcs: SkyWcs, scale: number): Record<string, number | boolean> {
  if (fit === null) {
    return { isDipole: false, dipoleMeanFlux: NaN, dipoleFluxDiff: NaN, dipoleLength: NaN, dipoleAngle: NaN, dipoleChi2: NaN };
  }
  const { positive, negative } = fit;
  const [from, to] = [pixelToSky(wcs, negative.x, negative.y), pixelToSky(wcs, positive.x, positive.y)];
  return {
    isDipole: fit.isDipole, dipoleMeanFlux: (scale * (positive.flux + negative.flux)) / 2,
    dipoleFluxDiff: scale * (positive.flux - negative.flux),
    dipoleLength: separation_arcsec(...from, ...to), dipoleAngle: positionAngle_deg(...from, ...to), dipoleChi2: fit.chi2,
  };
}
