/** Cutouts in alerts of any survey: FITS, perhaps gzipped, with variance and PSF when they come from Rubin. */
import { gunzipSync } from 'node:zlib';
import type { AlertStamp } from '../model/alertView.ts';
import { ApError } from '../model/errors.ts';
import { findHdu, imageAsFloat32, imageAsFloat64, imageShape, isGzipped, readFits, type FitsFile, type FitsHdu } from './fits/index.ts';

/** Larger stamps are refused: they are no cutouts, and a few bytes of gzip can make any number of pixels. */
const MAX_SIDE_PX = 2048;
const MAX_BYTES = 2 ** 26;

/**
 * The stamp in the bytes of a cutout. The variance is the HDU UNCERT (of `UTYPE` StdDevUncertainty it is squared), the
 * PSF the HDU PSFIMAGE; the source stands at CRPIX when there are CRVAL and no celestial CTYPE (Rubin), else in the middle.
 * @throws ApError BAD_FITS, FILE_TRUNCATED, BAD_FORMAT.
 */
export function readStamp(label: AlertStamp['label'], bytes: Uint8Array): AlertStamp {
  const file = readFits(gunzipped(label, bytes));
  const primary = file.hdus.find(hdu => hdu.kind === 'image' && imageShape(hdu).length === 2);
  if (primary === undefined) throw new ApError('BAD_FITS', { where: `cutout ${label}`, found: 'no image of two axes', expected: 'one' });
  const [width, height] = sides(primary, label);
  const { header } = primary;
  const number = (key: string): number => (typeof header[key] === 'number' ? header[key] : NaN);
  const isPlaced = header.CTYPE1 === undefined && Number.isFinite(number('CRPIX1')) && Number.isFinite(number('CRPIX2'));
  return {
    label, width, height, image: imageAsFloat32(primary), variance: varianceOf(file, width, height),
    x: isPlaced ? number('CRPIX1') - 1 : (width - 1) / 2, y: isPlaced ? number('CRPIX2') - 1 : (height - 1) / 2,
    unit: typeof header.BUNIT === 'string' ? header.BUNIT : '', psf: psfOf(file),
    pixelScale_arcsec: pixelScale_arcsec(header), rotation_deg: number('ROTPA'),
  };
}

function gunzipped(label: string, bytes: Uint8Array): Uint8Array {
  if (!isGzipped(bytes)) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_BYTES });
  } catch (cause) {
    throw new ApError('BAD_FORMAT', { where: `cutout ${label}`, found: (cause as Error).message, expected: 'a whole gzip stream of at most 64 MiB' }, { cause });
  }
}

function sides(hdu: FitsHdu, label: string): [width: number, height: number] {
  const [width = 0, height = 0] = imageShape(hdu);
  if (width >= 1 && height >= 1 && width <= MAX_SIDE_PX && height <= MAX_SIDE_PX) return [width, height];
  throw new ApError('BAD_FORMAT', { where: `cutout ${label}`, found: `${width} x ${height} pixels`, expected: `at most ${MAX_SIDE_PX} a side` });
}

function varianceOf(file: FitsFile, width: number, height: number): Float32Array | null {
  const hdu = findHdu(file, 'UNCERT');
  if (hdu === undefined || hdu.kind !== 'image') return null;
  const [w, h] = imageShape(hdu);
  if (w !== width || h !== height) return null;
  const values = imageAsFloat32(hdu);
  return hdu.header.UTYPE === 'StdDevUncertainty' ? values.map(sigma => sigma * sigma) : values;
}

function psfOf(file: FitsFile): AlertStamp['psf'] {
  const hdu = findHdu(file, 'PSFIMAGE');
  if (hdu === undefined || hdu.kind !== 'image' || imageShape(hdu).length !== 2) return null;
  const [width, height] = sides(hdu, 'PSF');
  return { width, height, data: imageAsFloat64(hdu) };
}

/** From the matrix, CD or PC with CDELT; the geometric mean of both axes. */
function pixelScale_arcsec(header: FitsHdu['header']): number {
  const number = (key: string, missing: number): number => (typeof header[key] === 'number' ? header[key] : missing);
  const matrix = (i: number, j: number): number => {
    const cd = header[`CD${i}_${j}`];
    if (typeof cd === 'number') return cd;
    return number(`PC${i}_${j}`, i === j ? 1 : 0) * number(`CDELT${i}`, NaN);
  };
  const hasCd = typeof header.CD1_1 === 'number';
  const at = (i: number, j: number): number => (hasCd ? number(`CD${i}_${j}`, 0) : matrix(i, j));
  return Math.sqrt(Math.abs(at(1, 1) * at(2, 2) - at(1, 2) * at(2, 1))) * 3600;
}
