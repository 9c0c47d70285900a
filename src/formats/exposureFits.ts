/**
 * Exposures as FITS, in the container of `lsst.images` with a `masked_image` as its root: HDUs IMAGE, MASK, VARIANCE,
 * PSF (if there is one), JSON, INDEX. The planes carry standard WCS cards, so that any FITS viewer shows the sky, and
 * the mask names its planes in both ways of the Rubin software (MP_ and MSKN cards).
 *
 * What that format has no place for is one JSON object, kept as text in `metadata.ap_verify` of the root:
 * `{format: 'ap-verify-exposure/1', unit, detector, band, physicalFilter, photoCalib, visitInfo, wcs, psf}` with the
 * fields of src/model, nanoseconds as decimal text, and the PSF without its basis images (HDU PSF, float64, one plane a
 * polynomial term). `Exposure.metadata` makes up the other members of the root's metadata.
 */
import { ApError } from '../model/errors.ts';
import type { Exposure } from '../model/image.ts';
import { MASK_BITS } from '../model/mask.ts';
import { nPolynomialTerms, type PsfModel } from '../model/psf.ts';
import type { SkyWcs } from '../model/wcs.ts';
import { astTanText } from './astTan.ts';
import {
  card, hduNamed, hduText, imageAsFloat32, imageAsFloat64, imageSize, type Card, type FitsFile, type FitsHdu, type ImageHduInput,
} from './fits/index.ts';
import { arrayReference, readContainer, treeNode, writeContainer } from './imageContainer.ts';
import { maskOfHdu, maskPlaneCards } from './maskFits.ts';
import { parsePythonJson, pythonJsonText } from './pythonJson.ts';
import { headerOfWcs } from './wcsCards.ts';

const FORMAT = 'ap-verify-exposure/1';
const BLOCK_KEY = 'ap_verify';

/**
 * The exposure as bytes, planes uncompressed and bit for bit (NaN and infinities too). The same exposure gives the
 * same bytes.
 */
export function writeExposure(exposure: Exposure): Uint8Array {
  return writeContainer({ schema: 'masked_image', cards: primaryCards(exposure), arrays: arraysOf(exposure), tree: treeOf(exposure) });
}

function primaryCards({ visitInfo, detector, band, physicalFilter }: Exposure): Card[] {
  return [
    card('INSTRUME', visitInfo.instrument), card('VISIT', visitInfo.visit), card('DETECTOR', detector), card('BAND', band),
    card('FILTER', physicalFilter), card('TIMESYS', 'TAI'), card('MJD-AVG', visitInfo.mid_mjdTai, 'middle of the exposure'),
    card('EXPTIME', visitInfo.exposureTime_s, '[s]'), card('AIRMASS', visitInfo.airmass),
  ];
}

function arraysOf({ width, height, image, mask, variance, wcs, psf, unit }: Exposure): ImageHduInput[] {
  const shape = [width, height];
  const common = [...(wcs === null ? [] : headerOfWcs(wcs)), ...PARENT_PIXELS];
  const unitCard = (text: string): Card[] => (unit === '' ? [] : [card('BUNIT', text)]);
  const basis: ImageHduInput[] = psf === null ? [] : [{
    kind: 'image', name: 'PSF', shape: [psf.size, psf.size, nPolynomialTerms(psf.order)], data: psf.basis,
  }];
  return [
    { kind: 'image', name: 'IMAGE', shape, data: image, cards: [...unitCard(unit), ...common] },
    { kind: 'image', name: 'MASK', shape, data: mask, cards: [...maskPlaneCards(), ...numberedPlaneCards(), ...common] },
    { kind: 'image', name: 'VARIANCE', shape, data: variance, cards: [...unitCard(`${unit}2`), ...common] },
    ...basis,
  ];
}

/** Our exposures begin at pixel (0, 0) of the detector. */
const PARENT_PIXELS: readonly Card[] = [
  card('CTYPE1A', 'LINEAR'), card('CTYPE2A', 'LINEAR'), card('CRPIX1A', 1), card('CRPIX2A', 1), card('CRVAL1A', 0), card('CRVAL2A', 0),
  card('CUNIT1A', 'PIXEL'), card('CUNIT2A', 'PIXEL'),
];

function numberedPlaneCards(): Card[] {
  return Object.entries(MASK_BITS).flatMap(([plane, bit]) => {
    const number = String(bit).padStart(4, '0');
    return [card(`MSKN${number}`, plane), card(`MSKM${number}`, 2 ** bit)];
  });
}

function treeOf(exposure: Exposure): Record<string, unknown> {
  const { width, height, unit, wcs, metadata } = exposure;
  if (Object.hasOwn(metadata, BLOCK_KEY)) throw new TypeError(`the name '${BLOCK_KEY}' in the metadata of an exposure is taken`);
  const shape = [height, width];
  const yx0 = [0, 0];
  const plane = (name: string, unitText: string): Record<string, unknown> => {
    const reference = arrayReference(name, shape, 'float32');
    return treeNode('image', { data: unit === '' ? reference : { value: reference, unit: unitText }, yx0 });
  };
  return treeNode('masked_image', {
    metadata: { ...metadata, [BLOCK_KEY]: pythonJsonText(blockOf(exposure)) },
    image: plane('IMAGE', unit),
    mask: treeNode('mask', {
      // The type in the memory of the Rubin client, not that of the file.
      data: [arrayReference('MASK', shape, 'int32')], yx0, dtype: 'uint8',
      planes: Object.keys(MASK_BITS).map(name => ({ name, description: '' })),
    }),
    variance: plane('VARIANCE', `${unit}**2`),
    ...(wcs === null ? {} : { sky_projection: skyProjection(wcs) }),
  });
}

function skyProjection(wcs: SkyWcs): Record<string, unknown> {
  const frames = [{ unit: 'pixel', frame_type: 'GENERAL' }, 'ICRS'];
  return treeNode('sky_projection', {
    pixel_to_sky: treeNode('transform', { frames, bounds: [null, null], mappings: [{ ast: astTanText(wcs) }] }),
  });
}

/** `Exposure` without planes and metadata; numbers as they are, so that they come back exactly. */
interface Block {
  readonly format: string;
  readonly unit: string;
  readonly detector: number;
  readonly band: string;
  readonly physicalFilter: string;
  readonly photoCalib: Exposure['photoCalib'];
  readonly visitInfo: Omit<Exposure['visitInfo'], 'begin_taiNs' | 'end_taiNs'> & { readonly begin_taiNs: string; readonly end_taiNs: string };
  readonly wcs: (Omit<SkyWcs, 'sip'> & { readonly sip?: { readonly order: number; readonly a: number[]; readonly b: number[] } }) | null;
  readonly psf: Omit<PsfModel, 'basis'> | null;
}

function blockOf({ unit, detector, band, physicalFilter, photoCalib, visitInfo, wcs, psf }: Exposure): Block {
  const { sip, ...linear } = wcs ?? {};
  return {
    format: FORMAT, unit, detector, band, physicalFilter, photoCalib,
    visitInfo: { ...visitInfo, begin_taiNs: String(visitInfo.begin_taiNs), end_taiNs: String(visitInfo.end_taiNs) },
    wcs: wcs === null ? null : {
      ...(linear as Omit<SkyWcs, 'sip'>), ...(sip === undefined ? {} : { sip: { order: sip.order, a: [...sip.a], b: [...sip.b] } }),
    },
    psf: psf === null ? null : Object.fromEntries(Object.entries(psf).filter(([key]) => key !== 'basis')) as unknown as Omit<PsfModel, 'basis'>,
  };
}

/**
 * The exposure in a file that `writeExposure` made (possibly recompressed by other tools). Planes lie in shared memory.
 * @throws ApError BAD_FORMAT for a file of another kind or planes of different sizes; BAD_FITS, FILE_TRUNCATED.
 */
export function readExposure(bytes: Uint8Array): Exposure {
  const { file, tree } = readContainer(bytes);
  try {
    return exposureOf(file, tree);
  } catch (cause) {
    if (cause instanceof ApError) throw cause;
    throw new ApError('BAD_FORMAT', { where: `HDU JSON, metadata.${BLOCK_KEY}`, found: String((cause as Error).message), expected: FORMAT }, { cause });
  }
}

function exposureOf(file: FitsFile, tree: unknown): Exposure {
  const { block, metadata } = metadataOf(tree);
  const image = hduNamed(file, 'IMAGE');
  const size = imageSize(image);
  const plane = (name: string): FitsHdu => samePixels(hduNamed(file, name), size);
  return {
    ...size, image: imageAsFloat32(image), variance: imageAsFloat32(plane('VARIANCE')), mask: maskOfHdu(plane('MASK')).data,
    wcs: wcsOf(block), psf: psfOf(block, file), photoCalib: block.photoCalib,
    visitInfo: { ...block.visitInfo, begin_taiNs: BigInt(block.visitInfo.begin_taiNs), end_taiNs: BigInt(block.visitInfo.end_taiNs) },
    detector: block.detector, band: block.band, physicalFilter: block.physicalFilter, unit: block.unit, metadata,
  };
}

function metadataOf(tree: unknown): { block: Block; metadata: Exposure['metadata'] } {
  const all = (tree as { metadata?: Record<string, unknown> } | null)?.metadata ?? {};
  const { [BLOCK_KEY]: text, ...metadata } = all;
  const block = typeof text === 'string' ? (parsePythonJson(text) as Block) : null;
  if (block?.format !== FORMAT) {
    throw new ApError('BAD_FORMAT', { where: `HDU JSON, metadata.${BLOCK_KEY}`, found: block?.format ?? 'nothing', expected: FORMAT });
  }
  return { block, metadata: metadata as Exposure['metadata'] };
}

function samePixels(hdu: FitsHdu, size: { width: number; height: number }): FitsHdu {
  const { width, height } = imageSize(hdu);
  if (width === size.width && height === size.height) return hdu;
  throw new ApError('BAD_FORMAT', { where: hduText(hdu), found: `${width} x ${height}`, expected: `${size.width} x ${size.height} as IMAGE` });
}

function wcsOf({ wcs }: Block): SkyWcs | null {
  if (wcs === null) return null;
  const { sip, ...linear } = wcs;
  return sip === undefined ? linear : { ...linear, sip: { order: sip.order, a: Float64Array.from(sip.a), b: Float64Array.from(sip.b) } };
}

function psfOf({ psf }: Block, file: FitsFile): PsfModel | null {
  if (psf === null) return null;
  const hdu = hduNamed(file, 'PSF');
  const basis = imageAsFloat64(hdu);
  const expected = nPolynomialTerms(psf.order) * psf.size ** 2;
  if (basis.length !== expected) throw new ApError('BAD_FORMAT', { where: hduText(hdu), found: basis.length, expected: `${expected} values` });
  return { ...psf, basis };
}
