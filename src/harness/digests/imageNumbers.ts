/** Numbers of one processed image: counts, area, noise, seeing. */
import { psfFwhm_px } from '../../astro/psf/psfShape.ts';
import { renderPsf } from '../../astro/psf/renderPsf.ts';
import * as types from '../../model/datasetTypes.ts';
import type { Exposure } from '../../model/image.ts';
import { maskOf } from '../../model/mask.ts';
import { abMag } from '../../model/photoCalib.ts';
import { numbers } from '../../model/table.ts';
import type { Table } from '../../model/table.ts';
import { iqrSigma, median } from '../../numeric/statistics.ts';
import { pixelScale_arcsec } from '../../sky/wcs.ts';
import { defineDigest } from '../measure.ts';

export interface ImageNumbers {
  /** Sources of the science image. */
  readonly nSciSources: number;
  /** Detected on the difference (sky sources left out), before and after the flag cuts. */
  readonly nDiaSourcesBeforeCuts: number;
  readonly nDiaSources: number;
  /** Of those after the cuts. */
  readonly nNegative: number;
  /** Of those before the cuts, which may remove dipoles. */
  readonly nDipoles: number;
  /** Pixels on which a difference can be measured. */
  readonly usableArea_deg2: number;
  readonly usableFraction: number;
  /** Width of difference / sqrt(variance) over usable pixels (0.7413 IQR): 1 when the noise is right. */
  readonly differenceWidth: number;
  readonly nWidthPixels: number;
  readonly scienceFwhm_arcsec: number;
  readonly templateFwhm_arcsec: number;
  /** AB magnitude of a point source of S/N 5, from the median variance and the PSF. */
  readonly scienceDepth_mag: number;
  readonly differenceDepth_mag: number;
  /** AB magnitude of one electron; NaN when the calibration did not say. */
  readonly zeroPoint_mag: number;
}

const BAD = maskOf('BAD', 'SAT', 'NO_DATA', 'EDGE', 'INTRP', 'CR', 'SAT_TEMPLATE');
const UNUSABLE = maskOf('BAD', 'SAT', 'NO_DATA', 'EDGE', 'SAT_TEMPLATE');
/** Pixels that the width is taken from; every k-th of the image, k odd so that no column repeats. */
const WIDTH_SAMPLE = 200_000;

export const imageNumbers = defineDigest({
  digest: 'imageNumbers',
  inputs: {
    science: types.visitImage, difference: types.differenceImage, template: types.templateDetector,
    stars: types.starCatalog, unfiltered: types.diaSourceUnfiltered, filtered: types.diaSourceDetector,
  },
  compute({ science, difference, template, stars, unfiltered, filtered }): ImageNumbers {
    const nUsable = countUsable(difference);
    const scale = difference.wcs === null ? NaN : pixelScale_arcsec(difference.wcs);
    const templateScale = template.wcs === null ? NaN : pixelScale_arcsec(template.wcs);
    return {
      nSciSources: stars.nRows,
      nDiaSourcesBeforeCuts: unfiltered.nRows - countTrue(unfiltered, 'isSky'),
      nDiaSources: filtered.nRows,
      nNegative: countTrue(filtered, 'isNegative'),
      nDipoles: countTrue(unfiltered, 'isDipole'),
      usableArea_deg2: nUsable * (scale / 3600) ** 2,
      usableFraction: nUsable / difference.mask.length,
      ...widthOf(difference),
      scienceFwhm_arcsec: fwhm(science) * scale,
      templateFwhm_arcsec: fwhm(template) * templateScale,
      scienceDepth_mag: depth(science),
      differenceDepth_mag: depth(difference),
      zeroPoint_mag: Number(science.metadata.zeroPoint_mag ?? NaN),
    };
  },
});

function countTrue(table: Table, name: string): number {
  return numbers(table, name).reduce((n, flag) => n + (flag !== 0 ? 1 : 0), 0);
}

function countUsable({ mask }: Exposure): number {
  let n = 0;
  for (let p = 0; p < mask.length; p++) if ((mask[p]! & UNUSABLE) === 0) n++;
  return n;
}

function step(n: number): number {
  return 2 * Math.floor(n / WIDTH_SAMPLE / 2) + 1;
}

function widthOf({ image, variance, mask }: Exposure): { differenceWidth: number; nWidthPixels: number } {
  const values: number[] = [];
  for (let p = 0; p < mask.length; p += step(mask.length)) {
    if ((mask[p]! & BAD) !== 0) continue;
    const z = image[p]! / Math.sqrt(variance[p]!);
    if (Number.isFinite(z)) values.push(z);
  }
  return { differenceWidth: iqrSigma(values), nWidthPixels: values.length };
}

function fwhm({ psf, width, height }: Exposure): number {
  return psf === null ? NaN : psfFwhm_px(psf, width / 2, height / 2);
}

function depth({ psf, width, height, variance, mask }: Exposure): number {
  if (psf === null) return NaN;
  const sample: number[] = [];
  for (let p = 0; p < mask.length; p += step(mask.length)) if ((mask[p]! & BAD) === 0) sample.push(variance[p]!);
  const squares = renderPsf(psf, width / 2, height / 2).data.reduce((sum, v) => sum + v * v, 0);
  return abMag(5 * Math.sqrt(median(sample) / squares));
}
