/** Registration of a template on the stars of a science image: what absolute astrometry of two images leaves open. */
import { matchAndFitWcs } from '../astro/calibration/matchAndFitWcs.ts';
import { AlgorithmError } from '../model/errors.ts';
import { column, numbers, type Table } from '../model/table.ts';
import type { SkyWcs } from '../model/wcs.ts';
import { pixelScale_arcsec } from '../sky/wcs.ts';

export interface Registration {
  /** WCS of the template in the frame of the science image's WCS. */
  readonly wcs: SkyWcs;
  readonly nStars: number;
  /** How far the header was off, in pixels of the template. */
  readonly offset_px: number;
  readonly scatter_px: number;
}

/** How wrong the header may be, pixels. */
const MAX_OFFSET_PX = 100;
const MATCH_PX = 2;
const MIN_MATCHES = 8;

/**
 * Fits the template's WCS to the sky positions that the science image gives to its own stars.
 * @param template - star catalog of the template, with its size and first WCS. @param stars - star catalog of the science image.
 * @throws AlgorithmError when the two images do not show the same stars.
 */
export function alignTemplate(
  template: { readonly stars: Table; readonly wcs: SkyWcs; readonly width: number; readonly height: number }, stars: Table,
): Registration {
  const scale = pixelScale_arcsec(template.wcs);
  const rows = usable(template.stars);
  const take = (name: string): Float64Array => { const v = numbers(template.stars, name); return Float64Array.from(rows, i => v[i]!); };
  const references = usable(stars);
  const reference = (name: string): Float64Array => { const v = numbers(stars, name); return Float64Array.from(references, i => v[i]!); };
  if (rows.length < MIN_MATCHES || references.length < MIN_MATCHES) {
    throw new AlgorithmError(`${rows.length} and ${references.length} stars to register the images, at least ${MIN_MATCHES} are needed`, {
      nTemplateStars: rows.length, nScienceStars: references.length,
    });
  }
  const solution = matchAndFitWcs(
    { x: take('x'), y: take('y'), xErr: take('xErr'), yErr: take('yErr'), flux: take('psfFlux') },
    { ra: reference('ra'), dec: reference('dec'), flux: reference('psfFlux') }, template.wcs,
    {
      width: template.width, height: template.height, maxOffset_arcsec: MAX_OFFSET_PX * scale, matchRadius_arcsec: MATCH_PX * scale,
      minMatches: MIN_MATCHES, maxOrder: 3, maxScatter_arcsec: 0.7 * scale,
    });
  return {
    wcs: solution.wcs, nStars: solution.nUsed, offset_px: solution.pointingOffset_arcsec / scale,
    scatter_px: Math.hypot(solution.scatterEast_mas, solution.scatterNorth_mas) / 1000 / scale,
  };
}

function usable(stars: Table): number[] {
  const flags = ['flagEdge', 'flagSaturated', 'flagCentroid'].map(name => column(stars, name, 'bool'));
  const flux = numbers(stars, 'psfFlux');
  return Array.from(flux.keys()).filter(i => flux[i]! > 0 && flags.every(flag => flag[i] === 0));
}
