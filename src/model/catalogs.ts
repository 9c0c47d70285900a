/**
 * Columns of the catalogs that tasks exchange. One place, so that producers and consumers agree.
 * Positions in pixels are 0-based; instrumental fluxes are in the unit of the exposure they were measured on.
 */
import type { ColumnSpec } from './table.ts';

const c = (name: string, type: ColumnSpec['type'], unit: string, doc: string): ColumnSpec => ({ name, type, unit, doc });

/** Sources of a single exposure. Before calibration ra/dec come from the first-guess WCS and fluxes are instrumental. */
export const STAR_COLUMNS: readonly ColumnSpec[] = [
  c('id', 'i64', '', 'source id'),
  c('x', 'f64', 'pixel', 'centroid'), c('y', 'f64', 'pixel', 'centroid'),
  c('xErr', 'f64', 'pixel', '1-sigma error'), c('yErr', 'f64', 'pixel', '1-sigma error'),
  c('ra', 'f64', 'deg', 'ICRS'), c('dec', 'f64', 'deg', 'ICRS'),
  c('psfFlux', 'f64', 'image unit', 'PSF flux'), c('psfFluxErr', 'f64', 'image unit', '1-sigma error'),
  c('apFlux', 'f64', 'image unit', 'aperture flux (12 px radius unless configured)'), c('apFluxErr', 'f64', 'image unit', '1-sigma error'),
  c('snr', 'f64', '', 'psfFlux / psfFluxErr'),
  c('ixx', 'f64', 'pixel2', 'adaptive second moment'), c('iyy', 'f64', 'pixel2', 'adaptive second moment'), c('ixy', 'f64', 'pixel2', 'adaptive second moment'),
  c('chi2', 'f64', '', 'reduced chi-square of the PSF fit'),
  c('extendedness', 'f64', '', '0 star, 1 extended'),
  c('peakValue', 'f64', 'image unit', 'highest pixel'),
  c('nPixels', 'i32', 'pixel', 'pixels above threshold'),
  c('flagEdge', 'bool', '', 'footprint touches EDGE or NO_DATA'),
  c('flagSaturated', 'bool', '', 'SAT inside 3 pixels of the centroid'),
  c('flagInterpolated', 'bool', '', 'INTRP, CR or BAD inside 3 pixels of the centroid'),
  c('flagCentroid', 'bool', '', 'centroid did not converge'),
  c('flagBlended', 'bool', '', 'neighbour closer than 3 FWHM'),
  c('psfUsed', 'bool', '', 'used for the PSF model'),
  c('astrometryUsed', 'bool', '', 'used for the WCS fit'),
  c('photometryUsed', 'bool', '', 'used for the zero point'),
];

/** Matches between sources and the reference catalog, after calibration. */
export const MATCH_COLUMNS: readonly ColumnSpec[] = [
  c('sourceId', 'i64', '', 'source id'),
  c('x', 'f64', 'pixel', 'centroid'), c('y', 'f64', 'pixel', 'centroid'),
  c('ra', 'f64', 'deg', 'source position with the fitted WCS'), c('dec', 'f64', 'deg', 'source position with the fitted WCS'),
  c('refRa', 'f64', 'deg', 'reference'), c('refDec', 'f64', 'deg', 'reference'),
  c('refFlux', 'f64', 'nJy', 'reference flux in the band'), c('refFluxErr', 'f64', 'nJy', 'NaN when unknown'),
  c('instFlux', 'f64', 'electron', 'flux before calibration'), c('instFluxErr', 'f64', 'electron', '1-sigma error'),
  c('snr', 'f64', '', 'signal to noise of the source'),
  c('used', 'bool', '', 'kept by the final clipping'),
];

/** Sources on a difference image. Fluxes in nJy; `isNegative` tells the polarity of the detection. */
export const DIA_COLUMNS: readonly ColumnSpec[] = [
  c('id', 'i64', '', 'DIASource id'),
  c('visit', 'i64', '', 'visit id'), c('detector', 'i32', '', 'detector id'),
  c('x', 'f64', 'pixel', 'centroid'), c('y', 'f64', 'pixel', 'centroid'),
  c('xErr', 'f64', 'pixel', '1-sigma error'), c('yErr', 'f64', 'pixel', '1-sigma error'),
  c('ra', 'f64', 'deg', 'ICRS'), c('dec', 'f64', 'deg', 'ICRS'), c('raErr', 'f64', 'deg', '1-sigma error'), c('decErr', 'f64', 'deg', '1-sigma error'),
  c('psfFlux', 'f64', 'nJy', 'PSF flux on the difference'), c('psfFluxErr', 'f64', 'nJy', '1-sigma error'), c('psfChi2', 'f64', '', 'chi-square of the PSF fit'), c('psfNdata', 'i32', 'pixel', 'pixels in the PSF fit'),
  c('apFlux', 'f64', 'nJy', 'aperture flux on the difference'), c('apFluxErr', 'f64', 'nJy', '1-sigma error'),
  c('scienceFlux', 'f64', 'nJy', 'forced PSF flux on the science image'), c('scienceFluxErr', 'f64', 'nJy', '1-sigma error'),
  c('templateFlux', 'f64', 'nJy', 'forced PSF flux on the matched template'), c('templateFluxErr', 'f64', 'nJy', '1-sigma error'),
  c('snr', 'f64', '', 'detection significance: |psfFlux| / psfFluxErr at the peak of the matched-filter image'),
  c('ixx', 'f64', 'arcsec2', 'adaptive second moment'), c('iyy', 'f64', 'arcsec2', 'adaptive second moment'), c('ixy', 'f64', 'arcsec2', 'adaptive second moment'),
  c('isDipole', 'bool', '', 'classified as a dipole'),
  c('dipoleMeanFlux', 'f64', 'nJy', 'mean of the lobes; NaN when not fitted'), c('dipoleFluxDiff', 'f64', 'nJy', 'difference of the lobes'),
  c('dipoleLength', 'f64', 'arcsec', 'distance of the lobes'), c('dipoleAngle', 'f64', 'deg', 'position angle of the lobes'), c('dipoleChi2', 'f64', '', 'chi-square of the dipole fit'),
  c('isNegative', 'bool', '', 'detected below zero'),
  c('isSky', 'bool', '', 'placed on empty sky, not detected'),
  c('flagEdge', 'bool', '', 'too near the edge or to missing data'),
  c('flagSaturated', 'bool', '', 'saturated pixel inside 3 pixels, science or template'),
  c('flagInterpolated', 'bool', '', 'interpolated or cosmic-ray pixel inside 3 pixels'),
  c('flagBad', 'bool', '', 'bad pixel inside 3 pixels'),
  c('flagCentroid', 'bool', '', 'centroid did not converge'),
  c('flagShape', 'bool', '', 'shape measurement failed or the shape is unlike the PSF'),
  c('flagBrightNeighbour', 'bool', '', 'residual next to a bright static source'),
  c('reliability', 'f64', '', 'score in 0..1; NaN when switched off'),
];
