/** What the report draws of one image: detections, PSF, kernel, noise, star residuals and the difference image in blocks. */
import { kernelAt } from '../../astro/difference/applyKernel.ts';
import { psfFwhm_px, psfMoments } from '../../astro/psf/psfShape.ts';
import * as types from '../../model/datasetTypes.ts';
import type { Exposure } from '../../model/image.ts';
import type { MatchingKernel } from '../../model/kernel.ts';
import { abMag } from '../../model/photoCalib.ts';
import type { DetectorView, KernelStamps, PsfGrid, SourceColumns, StarResiduals } from '../../model/reportData.ts';
import { numbers } from '../../model/table.ts';
import type { Table } from '../../model/table.ts';
import { tangentOffset_arcsec } from '../../sky/sphere.ts';
import { localCd, pixelScale_arcsec, pixelToSky } from '../../sky/wcs.ts';
import { defineDigest } from '../measure.ts';
import { detectorPicture } from './detectorPicture.ts';
import { noiseSummary } from './noiseSummary.ts';

const PSF_STEPS = 5;
const MAX_STARS = 250;
const MIN_STAR_SNR = 50;

export const detectorView = defineDigest({
  digest: 'detectorView',
  inputs: {
    science: types.visitImage, difference: types.differenceImage, kernel: types.differenceKernel,
    sources: types.diaSourceDetector, matches: types.astrometryMatch,
  },
  compute({ science, difference, kernel, sources, matches }, { visit, detector, band }): DetectorView {
    const { width, height } = difference;
    return {
      visit, detector, band, width, height, ...onSky(difference), sources: sourceColumns(sources), psf: psfGrid(science),
      kernel: kernelStamps(kernel), noise: noiseSummary(difference), residuals: starResiduals(matches),
      picture: detectorPicture(difference),
    };
  },
});

/** Outline, and the directions of north and east in pixels an arcsecond; zeros and no corners without a WCS. */
function onSky({ wcs, width, height }: Exposure): Pick<DetectorView, 'corners_deg' | 'north_px' | 'east_px'> {
  if (wcs === null) return { corners_deg: [], north_px: [0, 0], east_px: [0, 0] };
  const corners = ([[-0.5, -0.5], [width - 0.5, -0.5], [width - 0.5, height - 0.5], [-0.5, height - 0.5]] as const)
    .map(([x, y]) => pixelToSky(wcs, x, y).map(v => rounded(v, 6)) as [number, number]);
  const [a, b, c, d] = localCd(wcs, width / 2, height / 2);
  const det = 3600 * (a * d - b * c);
  return {
    corners_deg: corners, north_px: [rounded(-b / det, 5), rounded(a / det, 5)], east_px: [rounded(d / det, 5), rounded(-c / det, 5)],
  };
}

function sourceColumns(table: Table): SourceColumns {
  const column = (name: string, decimals: number): number[] => Array.from(numbers(table, name), v => rounded(v, decimals));
  const isNegative = numbers(table, 'isNegative');
  const isDipole = numbers(table, 'isDipole');
  return {
    x: column('x', 1), y: column('y', 1), ra_deg: column('ra', 6), dec_deg: column('dec', 6), snr: column('snr', 1), flux_nJy: column('psfFlux', 0),
    fluxErr_nJy: column('psfFluxErr', 0), flags: Array.from(isNegative, (v, i) => (v === 0 ? 0 : 1) + (isDipole[i] === 0 ? 0 : 2)),
  };
}

/** A number that is not finite becomes 0: JSON has no other, and a place for it in a column must be kept. */
function rounded(value: number, decimals: number): number {
  return Number.isFinite(value) ? Number(value.toFixed(decimals)) : 0;
}

function psfGrid({ psf, wcs, width, height }: Exposure): PsfGrid | null {
  if (psf === null || wcs === null) return null;
  const scale = pixelScale_arcsec(wcs);
  const places = Array.from({ length: PSF_STEPS * PSF_STEPS }, (_, k) => [
    Math.round(((k % PSF_STEPS) + 0.5) * width / PSF_STEPS), Math.round((Math.floor(k / PSF_STEPS) + 0.5) * height / PSF_STEPS)] as const);
  const shapes = places.map(([x, y]) => ({ x, y, fwhm: scale * psfFwhm_px(psf, x, y), ...psfMoments(psf, x, y) }))
    .filter(s => Number.isFinite(s.fwhm + s.ixx + s.iyy + s.ixy) && s.ixx + s.iyy > 0);
  return {
    x: shapes.map(s => s.x), y: shapes.map(s => s.y), fwhm_arcsec: shapes.map(s => rounded(s.fwhm, 4)),
    e1: shapes.map(s => rounded((s.ixx - s.iyy) / (s.ixx + s.iyy), 4)), e2: shapes.map(s => rounded((2 * s.ixy) / (s.ixx + s.iyy), 4)),
  };
}

/** The kernel at the centres of nine equal parts of the image. */
function kernelStamps(kernel: MatchingKernel): KernelStamps {
  const stamps = Array.from({ length: 9 }, (_, k) =>
    kernelAt(kernel, (((k % 3) + 0.5) * kernel.width) / 3, ((Math.floor(k / 3) + 0.5) * kernel.height) / 3));
  return {
    size: kernel.size, convolved: kernel.convolved, sums: stamps.map(s => rounded(s.reduce((a, b) => a + b, 0), 4)),
    stamps: stamps.map(s => Array.from(s, v => Number(v.toPrecision(3)))),
  };
}

/** Stars of S/N > 50 less their reference, at most 250 evenly over the catalog. */
function starResiduals(matches: Table): StarResiduals | null {
  const [x, y, snr, ra, dec, refRa, refDec, refFlux] = ['x', 'y', 'snr', 'ra', 'dec', 'refRa', 'refDec', 'refFlux'].map(name => numbers(matches, name)) as Float64Array[];
  const bright = Array.from(snr!.keys()).filter(i => snr![i]! > MIN_STAR_SNR && refFlux![i]! > 0);
  if (bright.length === 0) return null;
  const step = Math.max(1, bright.length / MAX_STARS);
  const rows = Array.from({ length: Math.min(bright.length, MAX_STARS) }, (_, k) => bright[Math.floor(k * step)]!);
  const offsets = rows.map(i => tangentOffset_arcsec(ra![i]!, dec![i]!, refRa![i]!, refDec![i]!));
  return {
    x: rows.map(i => rounded(x![i]!, 0)), y: rows.map(i => rounded(y![i]!, 0)), east_mas: offsets.map(o => rounded(1000 * o[0], 1)),
    north_mas: offsets.map(o => rounded(1000 * o[1], 1)), mag: rows.map(i => rounded(abMag(refFlux![i]!), 3)), total: bright.length,
  };
}
