/**
 * Exposures as Rubin's stack writes them (`lsst.afw.image.ExposureF`): planes known by EXTTYPE or name, mask planes by
 * their MP_ cards, the sky from the header of the image, the rest from cards of the primary header and from the
 * archive tables that hold the photometric calibration, the filter and the detector.
 */
import { ApError } from '../model/errors.ts';
import { allocF32, allocI32 } from '../model/image.ts';
import type { Exposure } from '../model/image.ts';
import type { HeaderMap, HeaderValue } from '../model/instrument.ts';
import type { PhotoCalib } from '../model/photoCalib.ts';
import type { VisitInfo } from '../model/visitInfo.ts';
import type { SkyWcs } from '../model/wcs.ts';
import {
  binTable, columnNumbers, columnStrings, hasPixels, hduText, imageAsFloat32, imageSize, readFits, type FitsFile, type FitsHdu,
} from './fits/index.ts';
import { maskOfHdu } from './maskFits.ts';

/** What a reader of bytes cannot know: coordinates and times. */
export interface SkyReaders {
  /** WCS of a header; null when it has none that can be used. */
  readonly wcs: (header: HeaderMap) => SkyWcs | null;
  /** TAI nanoseconds of an ISO time in the system of TIMESYS. */
  readonly taiNs: (text: string, system: string) => bigint;
  readonly mjdTai: (taiNs: bigint) => number;
}

/** Flux of AB magnitude 0, 10^(-48.6 / 2.5) erg/s/cm2/Hz, in nJy. */
const FLUX_OF_MAG0_nJy = 1e32 * 10 ** (-48.6 / 2.5);

/** True for a file with an image HDU that says EXTTYPE = 'IMAGE', or whose HDUs are IMAGE and MASK, and no JSON tree. */
export function isAfwExposure(file: FitsFile): boolean {
  return file.hdus[0]?.header.FMTVER === undefined && planeOf(file, 'IMAGE') !== undefined
    && (planeOf(file, 'MASK') !== undefined || file.hdus.some(hdu => hdu.header.EXTTYPE === 'IMAGE'));
}

/**
 * The exposure of such a file, planes in shared memory. Pixel (0, 0) is the first of the array; where the image is a part of
 * a detector or sky map, `x0` and `y0` of the metadata say where it begins. Missing variance is NaN, missing mask 0. The PSF
 * is not read. A PhotoCalib that varies over the image is represented by its mean (`photoCalibIsConstant` false). Without a
 * date the times are 0 and `mid_mjdTai` is NaN, as is every number of the observation that the file does not tell.
 * @throws ApError BAD_FORMAT for a file of another kind or planes of different sizes; BAD_FITS, FILE_TRUNCATED.
 */
export function readAfwExposure(bytes: Uint8Array, sky: SkyReaders): Exposure {
  return afwExposureOf(readFits(bytes), sky);
}

export function afwExposureOf(file: FitsFile, sky: SkyReaders): Exposure {
  if (!isAfwExposure(file)) {
    throw new ApError('BAD_FORMAT', { found: file.hdus.map(hduText).join(', '), expected: 'HDUs with EXTTYPE IMAGE, MASK and VARIANCE' });
  }
  const image = planeOf(file, 'IMAGE')!;
  const size = imageSize(image);
  const header = { ...file.hdus[0]!.header, ...image.header };
  const { band, physical } = filterOf(file, header);
  const photo = photoCalibOf(file, header);
  const visitInfo = visitInfoOf(header, sky);
  return {
    ...size, image: imageAsFloat32(image), mask: maskPlane(file, size), variance: variancePlane(file, size),
    wcs: sky.wcs(image.header), psf: null, photoCalib: photo?.calib ?? null, visitInfo, detector: detectorOf(file, header),
    band, physicalFilter: physical, unit: text(image.header.BUNIT) ?? '', metadata: metadataOf(image.header, photo?.isConstant),
  };
}

function planeOf(file: FitsFile, name: string): FitsHdu | undefined {
  return file.hdus.find(hdu => hasPixels(hdu) && (text(hdu.header.EXTTYPE) ?? hdu.name.toUpperCase()) === name);
}

interface Size { readonly width: number; readonly height: number }

function samePixels(hdu: FitsHdu, { width, height }: Size): FitsHdu {
  const found = imageSize(hdu);
  if (found.width === width && found.height === height) return hdu;
  throw new ApError('BAD_FORMAT', { where: hduText(hdu), found: `${found.width} x ${found.height}`, expected: `${width} x ${height} as the image` });
}

function maskPlane(file: FitsFile, size: Size): Int32Array {
  const hdu = planeOf(file, 'MASK');
  return hdu === undefined ? allocI32(size.width * size.height) : maskOfHdu(samePixels(hdu, size)).data;
}

function variancePlane(file: FitsFile, size: Size): Float32Array {
  const hdu = planeOf(file, 'VARIANCE');
  return hdu === undefined ? allocF32(size.width * size.height).fill(NaN) : imageAsFloat32(samePixels(hdu, size));
}

function text(value: HeaderValue | undefined): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}

function number(value: HeaderValue | undefined): number {
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : NaN;
}

/** The row of an archive table that a card of the primary header refers to. */
interface ArchiveRow {
  readonly hdu: FitsHdu;
  readonly row: number;
}

/** AR_HDU is the 1-based number of the index; its tables follow it, the first of each object comes first in the index. */
function archived(file: FitsFile, header: HeaderMap, ...cards: readonly string[]): ArchiveRow | null {
  const id = cards.map(card => number(header[card])).find(Number.isInteger);
  const index = number(header.AR_HDU) - 1;
  const indexHdu = file.hdus[index];
  if (id === undefined || indexHdu === undefined || indexHdu.kind !== 'bintable') return null;
  const table = binTable(indexHdu);
  const [ids, catalogs, parts, rows] = ['id', 'cat.archive', 'cat.persistable', 'row0'].map(name => columnNumbers(table, name));
  const entry = Array.from(ids!, Number).findIndex((other, k) => other === id && Number(parts![k]) === 0);
  const hdu = entry < 0 ? undefined : file.hdus[index + Number(catalogs![entry])];
  return hdu?.kind === 'bintable' ? { hdu, row: Number(rows![entry]) } : null;
}

/** Of the archive, or from FLUXMAG0 (counts of magnitude 0) as files before version 1 have it; 0 stands for none. */
function photoCalibOf(file: FitsFile, header: HeaderMap): { readonly calib: PhotoCalib; readonly isConstant: boolean } | null {
  const found = archived(file, header, 'ARCHIVE_ID_PHOTOCALIB', 'PHOTOCALIB_ID');
  if (found !== null) {
    const table = binTable(found.hdu);
    const value = (name: string): number => Number(columnNumbers(table, name)[found.row]);
    const { repeat } = table.columns.find(({ name }) => name === 'flags')!;
    const isConstant = Number(columnNumbers(table, 'flags')[found.row * repeat]) !== 0;
    return { calib: { calibration_nJy: value('calibrationMean'), calibrationErr_nJy: value('calibrationErr') }, isConstant };
  }
  const [counts, err] = [number(header.FLUXMAG0), number(header.FLUXMAG0ERR)];
  if (!(counts > 0)) return null;
  const calibration_nJy = FLUX_OF_MAG0_nJy / counts;
  return { calib: { calibration_nJy, calibrationErr_nJy: calibration_nJy * (err / counts) }, isConstant: true };
}

function filterOf(file: FitsFile, header: HeaderMap): { readonly band: string; readonly physical: string } {
  const found = archived(file, header, 'ARCHIVE_ID_FILTER', 'FILTER_ID');
  if (found === null) return { band: '', physical: text(header.FILTER) ?? '' };
  const table = binTable(found.hdu);
  return { band: columnStrings(table, 'band')[found.row]!, physical: columnStrings(table, 'physical')[found.row]! };
}

/** -1: the file does not say. */
function detectorOf(file: FitsFile, header: HeaderMap): number {
  const found = archived(file, header, 'ARCHIVE_ID_DETECTOR', 'DETECTOR_ID');
  const hdu = found?.hdu ?? file.hdus.find(h => h.kind === 'bintable' && h.header.AR_NAME === 'Detector');
  const table = hdu === undefined ? null : binTable(hdu);
  if (table?.columns.some(({ name }) => name === 'id') !== true) return -1;
  return Number(columnNumbers(table, 'id')[found?.row ?? 0]);
}

function visitInfoOf(header: HeaderMap, sky: SkyReaders): VisitInfo {
  const exposureTime_s = number(header.EXPTIME);
  const date = text(header['DATE-AVG']);
  const mid = date === undefined ? null : sky.taiNs(date, text(header.TIMESYS) ?? 'UTC');
  const half_ns = BigInt(Math.round((Number.isFinite(exposureTime_s) ? exposureTime_s : 0) * 5e8));
  const id = [header.IDNUM, header.EXPID].map(number).find(n => Number.isSafeInteger(n) && n > 0);
  return {
    instrument: text(header.INSTRUMENT) ?? text(header.INSTRUME) ?? '', visit: id ?? 0,
    begin_taiNs: mid === null ? 0n : mid - half_ns, end_taiNs: mid === null ? 0n : mid + half_ns,
    mid_mjdTai: mid === null ? NaN : sky.mjdTai(mid), exposureTime_s, darkTime_s: number(header.DARKTIME), boresightRa_deg: number(header['BORE-RA']), boresightDec_deg: number(header['BORE-DEC']),
    rotation_deg: number(header['BORE-ROTANG']), airmass: number(header['BORE-AIRMASS']),
  };
}

/** The parent pixel of the first one: the linear WCS "A", else LTV. */
function metadataOf(header: HeaderMap, isConstant: boolean | undefined): Exposure['metadata'] {
  const start = (axis: 1 | 2): number => {
    const a = number(header[`CRVAL${axis}A`]);
    return Number.isFinite(a) ? a : 0 - (number(header[`LTV${axis}`]) || 0);
  };
  return { x0: start(1), y0: start(2), ...(isConstant === undefined ? {} : { photoCalibIsConstant: isConstant }) };
}
