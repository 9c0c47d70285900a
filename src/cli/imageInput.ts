/** A FITS image of any origin as an exposure in electrons, for commands that need no repository. */
import { readAnyExposure } from '../butler/anyExposure.ts';
import { isAfwExposure } from '../formats/afwExposure.ts';
import { hasPixels, imageAsFloat32, imageSize, readFits, type FitsHdu } from '../formats/fits/index.ts';
import { ApError } from '../model/errors.ts';
import { allocMaskedImage } from '../model/image.ts';
import type { Exposure } from '../model/image.ts';
import { MASK } from '../model/mask.ts';
import type { SkyWcs } from '../model/wcs.ts';
import { wcsFromHeader } from '../sky/wcsHeader.ts';
import { readBytes } from './fitsFiles.ts';

export interface ImageInputOptions {
  /** Electrons of one pixel unit; default: card GAIN, else 1. */
  readonly gain?: number;
  /** Default: card RDNOISE, else 0. */
  readonly readNoise?: number;
  /** Pixel value from which a pixel is saturated; default: card SATURATE, else none. */
  readonly saturation?: number;
  readonly band?: string;
}

/**
 * Exposures of this program and of the Rubin stack keep their variance, mask and facts. Any other file: the first image with two
 * axes, whose variance is that of its photons (above 0) and read noise; NaN pixels are NO_DATA, those at `saturation` SAT.
 * @throws ApError FILE_NOT_FOUND, BAD_FITS, FILE_TRUNCATED, BAD_FORMAT.
 */
export function readImage(file: string, options: ImageInputOptions): Exposure {
  const bytes = readBytes(file);
  const fits = readFits(bytes);
  if (isAfwExposure(fits) || fits.hdus[0]?.header.FMTVER !== undefined) {
    const exposure = readAnyExposure(bytes);
    if (exposure.unit === 'nJy') {
      throw new ApError('BAD_FORMAT', { where: file, found: 'an image in nJy: it is calibrated already', expected: 'an image in electrons or ADU' });
    }
    return options.band === undefined ? exposure : { ...exposure, band: options.band };
  }
  const hdu = fits.hdus.find(h => h.kind === 'image' && hasPixels(h) && Number(h.header.NAXIS ?? h.header.ZNAXIS) === 2);
  if (hdu === undefined) throw new ApError('BAD_FORMAT', { where: file, found: 'no image', expected: 'an image with two axes' });
  return plainExposure(hdu, options);
}

function plainExposure(hdu: FitsHdu, options: ImageInputOptions): Exposure {
  const { width, height } = imageSize(hdu);
  const pixels = imageAsFloat32(hdu);
  const gain = options.gain ?? numberOf(hdu, 'GAIN', 1);
  const readNoise = options.readNoise ?? numberOf(hdu, 'RDNOISE', 0);
  const saturation = options.saturation ?? numberOf(hdu, 'SATURATE', Infinity);
  const mi = allocMaskedImage(width, height);
  for (let i = 0; i < pixels.length; i++) {
    const value = pixels[i]! * gain;
    const isData = Number.isFinite(value);
    mi.image[i] = isData ? value : NaN;
    mi.variance[i] = isData ? Math.max(1, value) + readNoise * readNoise : Infinity;
    mi.mask[i] = !isData ? MASK.NO_DATA : pixels[i]! >= saturation ? MASK.SAT : 0;
  }
  const text = (key: string): string => String(hdu.header[key] ?? '').trim();
  const band = options.band ?? (text('BAND') || text('FILTER'));
  const visitInfo = {
    instrument: text('INSTRUME') || 'file', visit: 0, begin_taiNs: 0n, end_taiNs: 0n, mid_mjdTai: NaN,
    exposureTime_s: numberOf(hdu, 'EXPTIME', NaN), darkTime_s: numberOf(hdu, 'EXPTIME', NaN), boresightRa_deg: NaN, boresightDec_deg: NaN,
    rotation_deg: NaN, airmass: numberOf(hdu, 'AIRMASS', NaN),
  };
  return {
    ...mi, wcs: wcsOf(hdu), psf: null, photoCalib: null, visitInfo, detector: 0, band, physicalFilter: band, unit: 'electron', metadata: {},
  };
}

function numberOf(hdu: FitsHdu, key: string, missing: number): number {
  const value = hdu.header[key];
  return typeof value === 'number' && Number.isFinite(value) ? value : missing;
}

function wcsOf(hdu: FitsHdu): SkyWcs | null {
  try {
    return wcsFromHeader(hdu.header);
  } catch (error) {
    if (error instanceof ApError) return null;
    throw error;
  }
}
