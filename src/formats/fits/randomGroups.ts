/** Random groups, the old format of radio visibilities (FITS standard 4.0 section 6). */
import { ApError } from '../../model/errors.ts';
import { badCard, cardInteger, cardNumber, hduText, requireWholeData, type FitsHdu } from './hdu.ts';
import { decodePixels, type RawPixels } from './pixelBytes.ts';

export interface GroupParameter { readonly name: string; readonly scale: number; readonly zero: number }

export interface RandomGroups {
  readonly hdu: FitsHdu;
  readonly nGroups: number;
  readonly parameters: readonly GroupParameter[];
  /** Axis lengths of one group's array, fastest first (NAXIS2, NAXIS3 ...). */
  readonly shape: readonly number[];
  readonly stored: RawPixels;
}

/** Declarations and stored numbers. @throws ApError BAD_FITS when the HDU holds none, or its counts do not fit. */
export function randomGroups(hdu: FitsHdu): RandomGroups {
  if (hdu.kind !== 'randomGroups') throw new ApError('BAD_FITS', { where: hduText(hdu), found: hdu.kind, expected: 'random groups' });
  requireWholeData(hdu);
  const nAxes = cardInteger(hdu, 'NAXIS', { min: 1, max: 999 });
  const shape = Array.from({ length: nAxes - 1 }, (_, i) => cardInteger(hdu, `NAXIS${i + 2}`, { min: 0, max: 2 ** 40 }));
  const nParameters = cardInteger(hdu, 'PCOUNT', { min: 0, max: 2 ** 40, fallback: 0 });
  const nGroups = cardInteger(hdu, 'GCOUNT', { min: 0, max: 2 ** 40, fallback: 1 });
  const stored = decodePixels(hdu.data, cardInteger(hdu, 'BITPIX', { min: -64, max: 64 }));
  const perGroup = nParameters + shape.reduce((product, n) => product * n, 1);
  if (perGroup * nGroups !== stored.length || perGroup === 0 || (nGroups === 0 && nParameters > 999)) {
    throw badCard(hdu, 'GCOUNT', nGroups, `groups of ${perGroup} numbers in ${stored.length}`);
  }
  const parameters = Array.from({ length: nParameters }, (_, i) => ({
    name: String(hdu.header[`PTYPE${i + 1}`] ?? '').trim(),
    scale: cardNumber(hdu, `PSCAL${i + 1}`, 1), zero: cardNumber(hdu, `PZERO${i + 1}`, 0),
  }));
  return { hdu, nGroups, parameters, shape, stored };
}

/**
 * Values of a parameter, one a group, float64. Parameters of the same name are summed (the standard's way to give one
 * number in two parts of higher precision).
 * @throws ApError BAD_FITS listing the names.
 */
export function groupParameter({ hdu, nGroups, parameters, shape, stored }: RandomGroups, name: string): Float64Array {
  const parts = parameters.map((parameter, i) => ({ ...parameter, i })).filter(p => p.name.toUpperCase() === name.toUpperCase());
  if (parts.length === 0) {
    throw new ApError('BAD_FITS', { where: hduText(hdu), expected: `a parameter ${name}`, found: parameters.map(p => p.name).join(', ') });
  }
  const perGroup = parameters.length + shape.reduce((product, n) => product * n, 1);
  return Float64Array.from({ length: nGroups }, (_, group) => parts
    .reduce((sum, { i, scale, zero }) => sum + Number(stored[group * perGroup + i]!) * scale + zero, 0));
}

/** The arrays of all groups one behind the other, BSCALE and BZERO applied, float64. BLANK becomes NaN. */
export function groupArrays({ hdu, nGroups, parameters, shape, stored }: RandomGroups): Float64Array {
  const size = shape.reduce((product, n) => product * n, 1);
  const [scale, zero] = [cardNumber(hdu, 'BSCALE', 1), cardNumber(hdu, 'BZERO', 0)];
  const isFloat = stored instanceof Float32Array || stored instanceof Float64Array;
  const blank = !isFloat && hdu.header.BLANK !== undefined ? cardNumber(hdu, 'BLANK') : null;
  const out = new Float64Array(nGroups * size);
  for (let group = 0; group < nGroups; group++) {
    const from = group * (parameters.length + size) + parameters.length;
    for (let i = 0; i < size; i++) {
      const value = Number(stored[from + i]!);
      // Adding a zero offset would turn -0 into 0.
      out[group * size + i] = value === blank ? NaN : zero === 0 ? value * scale : value * scale + zero;
    }
  }
  return out;
}
