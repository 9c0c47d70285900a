/** An image that somebody has, as the exposure that difference imaging starts from. */
import { wcsFromPoints } from '../astro/calibration/wcsFromPoints.ts';
import { readAnyExposure } from '../butler/anyExposure.ts';
import { hasPixels, hduText, imageAsFloat32, imageAsInt32, imageSize, readFits, type FitsFile, type FitsHdu } from '../formats/fits/index.ts';
import { maskOfHdu, readMask } from '../formats/maskFits.ts';
import { isSdssMask } from '../formats/sdssMask.ts';
import { ApError } from '../model/errors.ts';
import { allocF32, allocI32, type Exposure } from '../model/image.ts';
import { MASK, MASK_BITS, type MaskPlane } from '../model/mask.ts';
import type { SkyWcs } from '../model/wcs.ts';
import { iqrSigma, median } from '../numeric/statistics.ts';
import { skyTransform } from '../sky/generalWcs.ts';
import { generalWcsFromCards, hasCelestialAxes } from '../sky/generalWcsHeader.ts';
import { readBytes } from './fitsFiles.ts';

export interface PairImageOptions {
  readonly mask?: string | undefined;
  readonly gain_electronPerAdu?: number | undefined;
  readonly readNoise_electron?: number | undefined;
  /** Planes by bit number of a mask without plane names. */
  readonly convention: ReadonlyMap<number, MaskPlane>;
}

export interface PairImage {
  readonly exposure: Exposure;
  /** The variance is measured on the sky: to be scaled after the sky is subtracted. */
  readonly isVarianceGuess: boolean;
  /** What was assumed, one sentence each. */
  readonly notes: readonly string[];
}

const VISIT: Exposure['visitInfo'] = {
  instrument: 'any', visit: 1, begin_taiNs: 0n, end_taiNs: 0n, mid_mjdTai: NaN, exposureTime_s: NaN, darkTime_s: NaN,
  boresightRa_deg: NaN, boresightDec_deg: NaN, rotation_deg: NaN, airmass: NaN,
};

/**
 * The first image with pixels of a FITS file, with its WCS if it has one. Mask and variance come from the file (HDUs MASK and
 * VARIANCE, exposures of this program or of the Rubin stack), from the mask file, and from gain and read noise (options, or the
 * cards GAIN and RDNOISE); without any of them the noise is that of the sky.
 * @throws ApError FILE_NOT_FOUND, BAD_FITS, BAD_FORMAT.
 */
export function readPairImage(file: string, options: PairImageOptions): PairImage {
  const bytes = readBytes(file);
  const fits = readFits(bytes);
  const stored = storedExposure(bytes, fits);
  if (stored !== null) {
    const exposure = { ...stored, visitInfo: { ...stored.visitInfo, visit: 1 }, detector: 0, band: '', mask: withMask(stored, options) };
    return { exposure, isVarianceGuess: false, notes: [] };
  }
  const hdu = fits.hdus.find(h => hasPixels(h) && h.name.toUpperCase() !== 'MASK');
  if (hdu === undefined) throw new ApError('BAD_FITS', { where: file, found: fits.hdus.map(hduText).join(', '), expected: 'an image' });
  const { width, height } = imageSize(hdu);
  const image = imageAsFloat32(hdu);
  const notes: string[] = [];
  const mask = ownMask(fits, hdu);
  markBadPixels(image, mask, hdu, notes);
  const { variance, isVarianceGuess } = varianceOf(fits, hdu, image, mask, options, notes);
  const wcs = wcsOf(fits, hdu, width, height, notes);
  const unit = String(hdu.header.BUNIT ?? 'adu').trim();
  const bare: Exposure = {
    width, height, image, variance, mask, wcs, psf: null, photoCalib: null, visitInfo: VISIT, detector: 0, band: '', physicalFilter: '',
    unit, metadata: {},
  };
  return { exposure: { ...bare, mask: withMask(bare, options) }, isVarianceGuess, notes: notes.map(note => `${file}: ${note}`) };
}

/** Exposures whose layout we know; null for any other file. */
function storedExposure(bytes: Uint8Array, { hdus }: FitsFile): Exposure | null {
  const names = hdus.map(h => h.name.toUpperCase());
  if (!['IMAGE', 'MASK', 'VARIANCE'].every(name => names.includes(name))) return null;
  try {
    return readAnyExposure(bytes);
  } catch (error) {
    if (error instanceof ApError && error.code === 'BAD_FORMAT') return null;
    throw error;
  }
}

function sameSize(hdu: FitsHdu | undefined, to: FitsHdu): hdu is FitsHdu {
  if (hdu === undefined || !hasPixels(hdu)) return false;
  const [a, b] = [imageSize(hdu), imageSize(to)];
  return a.width === b.width && a.height === b.height;
}

function ownMask({ hdus }: FitsFile, image: FitsHdu): Int32Array {
  const hdu = hdus.find(h => h.name.toUpperCase() === 'MASK');
  const { width, height } = imageSize(image);
  return hdu !== image && sameSize(hdu, image) ? maskOfHdu(hdu).data : allocI32(width * height);
}

/** NaN is no data; SATURATE is a card, or a value at the top at which many pixels stand. */
function markBadPixels(image: Float32Array, mask: Int32Array, hdu: FitsHdu, notes: string[]): void {
  const card = Number(hdu.header.SATURATE ?? NaN);
  let [top, nTop] = [-Infinity, 0];
  for (const v of image) {
    if (v > top) [top, nTop] = [v, 1];
    else if (v === top) nTop++;
  }
  const level = card > 0 ? card : nTop >= 10 ? top : Infinity;
  if (!(card > 0) && level < Infinity) notes.push(`${nTop} pixels stand at ${level}; they count as saturated`);
  for (let p = 0; p < image.length; p++) {
    const v = image[p]!;
    if (!Number.isFinite(v)) { image[p] = NaN; mask[p]! |= MASK.NO_DATA; }
    if (v >= level) mask[p]! |= MASK.SAT;
  }
}

function varianceOf(
  { hdus }: FitsFile, hdu: FitsHdu, image: Float32Array, mask: Int32Array, options: PairImageOptions, notes: string[],
): { variance: Float32Array; isVarianceGuess: boolean } {
  const stored = hdus.find(h => ['VARIANCE', 'VAR'].includes(h.name.toUpperCase()));
  if (sameSize(stored, hdu)) return { variance: imageAsFloat32(stored), isVarianceGuess: false };
  const gain = options.gain_electronPerAdu ?? Number(hdu.header.GAIN ?? NaN);
  const readNoise = options.readNoise_electron ?? Number(hdu.header.RDNOISE ?? 0);
  const sample = image.filter((v, p) => p % 37 === 0 && Number.isFinite(v) && mask[p] === 0);
  const [sky, noise] = [median(sample), iqrSigma(sample)];
  if (!(gain > 0)) notes.push('no gain is known; the noise of bright sources is underestimated (--gain)');
  const variance = allocF32(image.length);
  // When gain and read noise explain the noise of the sky, the counts are all photons; else a bias is left, or the sky was subtracted.
  const isPhotons = gain > 0 && Math.abs((sky / gain + (readNoise / gain) ** 2) / (noise * noise) - 1) < MAX_EXCESS;
  for (let p = 0; p < variance.length; p++) {
    const v = Number.isFinite(image[p]!) ? image[p]! : sky;
    variance[p] = isPhotons
      ? Math.max(0.1 * sky, v) / gain + (readNoise / gain) ** 2 : noise * noise + (gain > 0 ? Math.max(0, v - sky) / gain : 0);
  }
  return { variance, isVarianceGuess: !isPhotons };
}

/** Relative difference of expected and measured variance of the sky that faint sources may make. */
const MAX_EXCESS = 0.3;

/** Order of the SIP polynomial that stands for distortions of other kinds, and how well it must do. */
const SIP_ORDER = 5;
const MAX_MISFIT_PX = 0.02;

/** TAN and TAN-SIP as they are; others as the TAN-SIP that agrees with them on this image. */
function wcsOf({ hdus }: FitsFile, hdu: FitsHdu, width: number, height: number, notes: string[]): SkyWcs | null {
  const cards = hasCelestialAxes(hdu.cards) ? hdu.cards : hdus[0]!.cards;
  if (!hasCelestialAxes(cards)) return null;
  const transform = skyTransform(generalWcsFromCards(cards));
  const points = Array.from({ length: 17 * 17 }, (_, k) => [
    ((k % 17) / 16) * (width - 1), (Math.floor(k / 17) / 16) * (height - 1),
  ] as const);
  const sky = points.map(([x, y]) => transform.pixelToSky(x, y));
  const zero = new Float64Array(points.length);
  const fit = wcsFromPoints({
    x: Float64Array.from(points, p => p[0]), y: Float64Array.from(points, p => p[1]), xErr: zero, yErr: zero,
    ra: Float64Array.from(sky, p => p[0]), dec: Float64Array.from(sky, p => p[1]),
  }, { order: SIP_ORDER, crpix: [(width - 1) / 2, (height - 1) / 2], nSigma: 1e9 });
  const scale_arcsec = 3600 * Math.sqrt(Math.abs(fit.wcs.cd[0] * fit.wcs.cd[3] - fit.wcs.cd[1] * fit.wcs.cd[2]));
  const worst = Math.max(...Array.from(fit.east_arcsec, (e, k) => Math.hypot(e, fit.north_arcsec[k]!))) / scale_arcsec;
  if (!(worst < MAX_MISFIT_PX)) notes.push(`the WCS is followed to ${worst.toFixed(2)} pixels only`);
  return fit.wcs;
}

/** The mask of the image and that of the mask file together. */
function withMask({ width, height, mask }: Exposure, { mask: file, convention }: PairImageOptions): Int32Array {
  if (file === undefined) return mask;
  const other = maskFile(file, convention);
  if (other.width !== width || other.height !== height) {
    throw new ApError('BAD_FORMAT', { where: file, found: `${other.width} x ${other.height} pixels`, expected: `${width} x ${height}, as the image` });
  }
  const out = mask.slice();
  for (let p = 0; p < out.length; p++) out[p] = out[p]! | other.data[p]!;
  return out;
}

/** Planes by the convention, by the names in the file, or, without either, BAD for all that is not zero. */
function maskFile(file: string, convention: PairImageOptions['convention']): ReturnType<typeof readMask> {
  const bytes = readBytes(file);
  const fits = readFits(bytes);
  const hdu = fits.hdus.find(hasPixels);
  const isNamed = isSdssMask(fits) || fits.hdus.some(h => Object.keys(h.header).some(key => /^(MP_|MSKN)/.test(key)));
  if (hdu === undefined || (isNamed && convention.size === 0)) return readMask(bytes);
  const data = imageAsInt32(hdu);
  for (let p = 0; p < data.length; p++) {
    const bits = data[p]!;
    if (bits === 0) continue;
    let ours = convention.size === 0 ? MASK.BAD : 0;
    for (const [bit, plane] of convention) if ((bits & (1 << bit)) !== 0) ours |= MASK[plane];
    data[p] = ours;
  }
  return { ...imageSize(hdu), data };
}

/** `0=BAD,3=SAT` as a map. */
export function parseConvention(text: string): Map<number, MaskPlane> {
  return new Map(text.split(',').filter(part => part.trim() !== '').map(part => {
    const [, bit = '', plane = ''] = /^\s*(\d+)\s*=\s*(\w+)\s*$/.exec(part) ?? [];
    if (bit === '' || Number(bit) > 31 || !(plane in MASK_BITS)) {
      throw new ApError('USAGE', { where: '--convention', found: part, expected: `bit=PLANE with a plane of ${Object.keys(MASK_BITS).join(', ')}` });
    }
    return [Number(bit), plane as MaskPlane] as const;
  }));
}
