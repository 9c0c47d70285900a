/** Masks on their own: an int32 image whose `MP_<PLANE>` cards give the bit numbers, as the Rubin stack writes it. */
import { ApError } from '../model/errors.ts';
import type { Mask } from '../model/instrument.ts';
import { MASK_BITS } from '../model/mask.ts';
import { card, hasPixels, imageAsInt32, imageSize, readFits, writeFits, type Card, type FitsFile, type FitsHdu } from './fits/index.ts';
import { isSdssMask, sdssMaskOf } from './sdssMask.ts';

/** Plane names of newer software for planes that we name as the Rubin stack did. */
const SYNONYMS: Readonly<Record<string, string>> = {
  SATURATED: 'SAT', INTERPOLATED: 'INTRP', COSMIC_RAY: 'CR', DETECTION_EDGE: 'EDGE', UNMASKED_NAN: 'UNMASKEDNAN',
};

/** `MP_` cards of all planes. */
export function maskPlaneCards(): Card[] {
  return Object.entries(MASK_BITS).map(([plane, bit]) => card(`MP_${plane}`, bit));
}

export function writeMask(mask: Mask): Uint8Array {
  const { width, height, data } = mask;
  return writeFits([
    { kind: 'image', shape: [], data: null },
    { kind: 'image', name: 'MASK', shape: [width, height], data, cards: [card('EXTTYPE', 'MASK'), ...maskPlaneCards()] },
  ]);
}

/**
 * The mask of a file: the HDU named MASK, else the first image with pixels. Bits are renumbered by plane name
 * to those of `MASK_BITS`; planes that we do not know are dropped. The span tables of SDSS (fpM) are read as well.
 * @throws ApError FILE_TRUNCATED, BAD_FITS.
 */
export function readMask(bytes: Uint8Array): Mask {
  const file = readFits(bytes);
  return isSdssMask(file) ? sdssMaskOf(file) : maskOfHdu(maskHdu(file));
}

function maskHdu(file: FitsFile): FitsHdu {
  const hdu = file.hdus.find(h => h.name.toUpperCase() === 'MASK' && hasPixels(h)) ?? file.hdus.find(hasPixels);
  if (hdu === undefined) throw new ApError('BAD_FITS', { found: `${file.hdus.length} HDUs without pixels`, expected: 'a mask image' });
  return hdu;
}

/** The mask in an image HDU, bits renumbered by `MP_<PLANE>` or `MSKNnnnn` / `MSKMnnnn` cards; without such cards as is. */
export function maskOfHdu(hdu: FitsHdu): Mask {
  const { width, height } = imageSize(hdu);
  const data = imageAsInt32(hdu);
  const planes = filePlanes(hdu);
  if (planes.size === 0 || isOurs(planes)) return { width, height, data };
  renumber(data, planes);
  return { width, height, data };
}

/** Plane name -> bit number in the file. */
function filePlanes(hdu: FitsHdu): Map<string, number> {
  const planes = new Map<string, number>();
  for (const [key, value] of Object.entries(hdu.header)) {
    if (key.startsWith('MP_') && typeof value === 'number') planes.set(key.slice(3), value);
    const numbered = /^MSKN(\d{4})$/.exec(key);
    const bits = numbered === null ? undefined : hdu.header[`MSKM${numbered[1]}`];
    if (typeof value === 'string' && typeof bits === 'number' && bits > 0) planes.set(value.trim(), Math.log2(bits));
  }
  return planes;
}

function ourBit(plane: string): number | undefined {
  const name = SYNONYMS[plane] ?? plane;
  return name in MASK_BITS ? MASK_BITS[name as keyof typeof MASK_BITS] : undefined;
}

function isOurs(planes: ReadonlyMap<string, number>): boolean {
  return [...planes].every(([plane, bit]) => ourBit(plane) === bit);
}

function renumber(data: Int32Array, planes: ReadonlyMap<string, number>): void {
  const known = [...planes].flatMap(([plane, bit]) => {
    const ours = ourBit(plane);
    return ours === undefined ? [] : [{ from: 1 << bit, to: 1 << ours }];
  });
  const memory = new Map<number, number>([[0, 0]]);
  for (let i = 0; i < data.length; i++) {
    const bits = data[i]!;
    let ours = memory.get(bits);
    if (ours === undefined) {
      ours = known.reduce((sum, plane) => (bits & plane.from ? sum | plane.to : sum), 0);
      if (memory.size < 65536) memory.set(bits, ours);
    }
    data[i] = ours;
  }
}
