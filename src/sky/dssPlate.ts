/** Plate solutions of the Digitized Sky Survey (headers of `getimage`; STScI GASP conventions). */
import type { GeneralWcs } from '../model/wcs.ts';
import type { WcsCards } from './wcsCardReader.ts';

const REQUIRED = ['PLTRAH', 'PLTDECD', 'PPO3', 'PPO6', 'XPIXELSZ', 'YPIXELSZ', 'CNPIX1', 'CNPIX2', 'AMDX1', 'AMDY1'];

/**
 * The WCS of a header that has a plate solution; undefined for any other. Plate coordinates are millimetres from the plate
 * centre; where a header has ordinary WCS cards too, they are an approximation and the plate solution is the better one.
 */
export function dssPlate(reader: WcsCards): GeneralWcs | undefined {
  if (REQUIRED.some(key => reader.text(key) === undefined)) return undefined;
  const number = (key: string): number => reader.number(key) ?? 0;
  const sexagesimal = (prefix: string, first: string): number =>
    number(`${prefix}${first}`) + number(`${prefix}M`) / 60 + number(`${prefix}S`) / 3600;
  const south = reader.text('PLTDECSN') === '-';
  const coefficients = (name: string): number[] => Array.from({ length: 13 }, (_, m) => number(`${name}${m + 1}`) / 3600);
  const [sizeX, sizeY] = [number('XPIXELSZ'), number('YPIXELSZ')];
  return {
    projection: 'TAN', pv: [], axes: ['RA', 'DEC'],
    crval_deg: [15 * sexagesimal('PLTRA', 'H'), (south ? -1 : 1) * sexagesimal('PLTDEC', 'D')],
    crpix: [number('PPO3') / sizeX - number('CNPIX1') - 0.5, number('PPO6') / sizeY - number('CNPIX2') - 0.5],
    cd: [-sizeX / 1000, 0, 0, sizeY / 1000],
    plane: { kind: 'PLATE', lon: coefficients('AMDX'), lat: coefficients('AMDY') },
  };
}
