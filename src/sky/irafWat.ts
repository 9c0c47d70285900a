/** The WATi_nnn cards of IRAF's TNX and ZPX projections. */
import { ApError } from '../model/errors.ts';
import type { IrafSurface, PlaneDistortion } from '../model/wcs.ts';
import type { WcsCards } from './wcsCardReader.ts';

const BASES = ['chebyshev', 'legendre', 'polynomial'] as const;
const CROSS_TERMS = ['none', 'full', 'half'] as const;

/**
 * Surfaces `lngcor` and `latcor` (degrees, of plane coordinates in degrees) and the parameters `projp` of ZPX by m.
 * @throws ApError BAD_WCS for a surface that is cut short or of an unknown kind.
 */
export function irafSurfaces(
  reader: WcsCards, lon: number, lat: number,
): { surfaces: PlaneDistortion; projp: readonly (number | undefined)[] } {
  const texts = [reader.sequence(`WAT${lon}`), reader.sequence(`WAT${lat}`)] as const;
  const projp: (number | undefined)[] = [];
  for (const match of texts.join(' ').matchAll(/projp(\d+)\s*=\s*"?\s*([-+.\dEeDd]+)/g)) projp[Number(match[1])] = Number(match[2]);
  return {
    surfaces: {
      kind: 'IRAF', lon: surfaceOf(texts[0], 'lngcor', lon), lat: surfaceOf(texts[1], 'latcor', lat),
    },
    projp: Array.from(projp),
  };
}

function surfaceOf(text: string, name: string, axis: number): IrafSurface | undefined {
  const match = new RegExp(`${name}\\s*=\\s*"([^"]*)"?`).exec(text);
  if (match === null) return undefined;
  const numbers = match[1]!.trim().split(/\s+/).map(word => Number(word.replace(/[dD]/, 'E')));
  const [kind, xOrder, yOrder, cross] = numbers.slice(0, 4).map(Math.round);
  const basis = BASES[kind! - 1];
  const crossTerms = CROSS_TERMS[cross!];
  const fail = (found: string): never => {
    throw new ApError('BAD_WCS', { where: `WAT${axis}_nnn, ${name}`, found, expected: 'a surface of IRAF: kind, orders, cross terms, range, coefficients' });
  };
  if (basis === undefined || crossTerms === undefined || !(xOrder! >= 1) || !(yOrder! >= 1)) return fail(match[1]!.slice(0, 60));
  const coefficients = numbers.slice(8);
  const needed = coefficientCount(xOrder!, yOrder!, crossTerms);
  if (coefficients.length < needed || numbers.some(Number.isNaN)) return fail(`${coefficients.length} coefficients, ${needed} needed`);
  const range = [numbers[4]!, numbers[5]!, numbers[6]!, numbers[7]!] as const;
  return { basis, xOrder: xOrder!, yOrder: yOrder!, crossTerms, range, coefficients };
}

function coefficientCount(xOrder: number, yOrder: number, crossTerms: IrafSurface['crossTerms']): number {
  if (crossTerms === 'full') return xOrder * yOrder;
  if (crossTerms === 'none') return xOrder + yOrder - 1;
  const smaller = Math.min(xOrder, yOrder);
  return xOrder * yOrder - (smaller * (smaller - 1)) / 2;
}
