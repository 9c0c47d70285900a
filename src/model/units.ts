/** Units by their names in other programs. */
import { UNITS } from './verification.ts';
import type { Unit } from './verification.ts';

/** Names of astropy and lsst.verify for the units of this program. */
const ALIASES: Readonly<Record<string, Unit>> = {
  '%': 'percent', marcsec: 'mas', milliarcsecond: 'mas', count: 'ct', pix: 'pixel', dimensionless: '', none: '', B: 'byte', Mbyte: 'MB', second: 's',
  'ct / s': 'ct/s', '1 / deg2': 'deg-2', arcsecond: 'arcsec',
};

/** The unit of that name; null when there is none. No scaling: `marcsec` and `mas` are the same unit. */
export function unitNamed(name: string): Unit | null {
  return ALIASES[name] ?? ((UNITS as readonly string[]).includes(name) ? name as Unit : null);
}

/** The name that astropy understands. */
export function astropyUnit(unit: Unit): string {
  return { percent: '%', mas: 'marcsec', 'deg-2': '1 / deg2', pixel: 'pix', sigma: '', MB: 'Mbyte', 'ct/s': 'ct / s' }[unit as string] ?? unit;
}
