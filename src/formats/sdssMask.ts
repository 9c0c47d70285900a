/** SDSS masks (fpM): one table of objects a mask plane, each object a list of pixel spans. */
import { ApError } from '../model/errors.ts';
import { allocI32 } from '../model/image.ts';
import type { Mask } from '../model/instrument.ts';
import { MASK } from '../model/mask.ts';
import { binTable, cardInteger, columnArrays, columnNumbers, columnStrings } from './fits/index.ts';
import type { FitsFile, FitsHdu } from './fits/index.ts';

/**
 * Planes of ours. Interpolated pixels of SDSS hold bad columns, cosmic rays and the bleed trails of saturated stars. The
 * other planes (not checked, object, bright object, subtracted, ghost ...) are states of the object finder.
 */
const PLANES: Readonly<Record<string, number>> = { S_MASK_INTERP: MASK.INTRP, S_MASK_SATUR: MASK.SAT, S_MASK_CR: MASK.CR };
/** Three big-endian int16: row, first and last column. */
const SPAN_BYTES = 6;
const MAX_SIDE = 65536;

/** True for an fpM file: no pixels, the size of the frame in cards of the primary header. */
export function isSdssMask({ hdus }: FitsFile): boolean {
  const header = hdus[0]?.header ?? {};
  return 'MASKROWS' in header && 'MASKCOLS' in header && 'NPLANE' in header;
}

/**
 * The mask as pixels. Spans are cut at the frame.
 * @throws ApError BAD_FITS when a table is missing or its spans are cut off.
 */
export function sdssMaskOf(file: FitsFile): Mask {
  const primary = file.hdus[0]!;
  const height = cardInteger(primary, 'MASKROWS', { min: 1, max: MAX_SIDE });
  const width = cardInteger(primary, 'MASKCOLS', { min: 1, max: MAX_SIDE });
  const nPlanes = cardInteger(primary, 'NPLANE', { min: 1, max: 64 });
  const mask: Mask = { width, height, data: allocI32(width * height) };
  for (const [plane, value] of planeNumbers(file)) {
    const bits = PLANES[plane];
    if (bits === undefined || value >= nPlanes) continue;
    const hdu = file.hdus[value + 1];
    if (hdu === undefined) throw new ApError('BAD_FITS', { found: `${file.hdus.length} HDUs`, expected: `HDU ${value + 1} with the spans of ${plane}` });
    paint(hdu, bits, mask);
  }
  return mask;
}

/** Numbers of the planes by name, from the table that closes the file. */
function planeNumbers({ hdus }: FitsFile): Map<string, number> {
  const types = hdus.find(hdu => hdu.header.TYPENAME === 'S_MASKTYPE');
  if (types === undefined) throw new ApError('BAD_FITS', { found: 'no table of mask types', expected: "TYPENAME = 'S_MASKTYPE'" });
  const table = binTable(types);
  const values = columnNumbers(table, 'Value');
  return new Map(columnStrings(table, 'attributeName').map((name, i) => [name, Number(values[i])]));
}

function paint(hdu: FitsHdu, bits: number, { width, height, data }: Mask): void {
  const table = binTable(hdu);
  if (table.nRows === 0) return;
  const nSpans = columnNumbers(table, 'nspan');
  columnArrays(table, 's').forEach((bytes, row) => {
    const n = Number(nSpans[row]);
    if (bytes.length < n * SPAN_BYTES) {
      throw new ApError('BAD_FITS', { where: `spans of object ${row}`, found: `${bytes.length} bytes`, expected: `${n} spans of ${SPAN_BYTES}` });
    }
    const word = (k: number): number => ((Number(bytes[2 * k]) << 24) >> 16) | Number(bytes[2 * k + 1]);
    for (let k = 0; k < n; k++) {
      const [y, x0, x1] = [word(3 * k), word(3 * k + 1), word(3 * k + 2)];
      if (y < 0 || y >= height) continue;
      for (let x = Math.max(0, x0); x <= Math.min(width - 1, x1); x++) data[y * width + x]! |= bits;
    }
  });
}
