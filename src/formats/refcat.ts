/**
 * Reference catalogs of every origin as one type of table: `id`, `ra` and `dec` (deg, ICRS), and where the catalog knows them
 * `raErr`, `decErr` (mas), `epoch` (MJD), `pm_ra` (times cos dec), `pm_dec` and their errors (mas/yr), `parallax` and its error
 * (mas), and for each band `<band>_flux` and `<band>_fluxErr` (nJy, AB). What is missing is NaN.
 */
import { ApError } from '../model/errors.ts';
import { nJyOfAbMag } from '../model/photoCalib.ts';
import type { Column, Table } from '../model/table.ts';
import { GAIA_BANDS, gaiaOffset, gaiaZeroPoint, type GaiaBand, type GaiaRelease } from './gaiaZeroPoints.ts';
import { isNullName } from './tableNulls.ts';

export type RefcatKind = 'afw' | 'gaia' | 'gaiaLdac' | 'ps1' | 'sdss' | 'native' | 'positions';

const RADIAN = Math.PI / 180;
const MAS_PER_RADIAN = 3.6e6 / RADIAN;
const LN10_2_5 = Math.LN10 / 2.5;
const MJD_OF_1970 = 40587;
const MJD_OF_J2000 = 51544.5;
const ID_NAMES = ['id', 'source_id', 'objID', 'thingid', 'NUMBER'];
const SDSS_BANDS = ['u', 'g', 'r', 'i', 'z'];
const PS1_BANDS = ['g', 'r', 'i', 'z', 'y'];
/** Magnitudes beyond these are marks for "not measured" (-999, -9999, 99.9). */
const FAINTEST_MAG = 50;
const BRIGHTEST_MAG = -30;

/** What kind of catalog the columns show, or null. */
export function refcatKindOf(table: Table): RefcatKind | null {
  const has = (...names: string[]): boolean => names.every(name => find(table, name) !== undefined);
  if (has('coord_ra', 'coord_dec')) return 'afw';
  if (has('X_WORLD', 'Y_WORLD', 'MAG_G', 'MAG_BP', 'MAG_RP')) return 'gaiaLdac';
  if (has('raMean', 'decMean') && PS1_BANDS.some(band => has(`${band}MeanPSFMag`))) return 'ps1';
  if (has('ra', 'dec')) {
    if (has('phot_g_mean_mag') || has('phot_g_mean_flux_error') || has('source_id', 'phot_g_mean_flux')) return 'gaia';
    if (Object.keys(table.columns).some(name => name.endsWith('_flux'))) return 'native';
    if (SDSS_BANDS.some(band => sdssMagnitude(table, band) !== undefined)) return 'sdss';
    return 'positions';
  }
  return has('ra_deg', 'dec_deg') ? 'positions' : null;
}

/**
 * The reference catalog in a table of a known kind (recognised by its columns unless given):
 * - `afw`: a shard of the Rubin pipelines. Radians; fluxes in nJy, or Jy where no unit says so (format 0), `Sigma` or `Err`. A set
 *   `pm_flag` or `parallax_flag`, or 0 with an error of 0, means that there is none. Proper motions without a unit are left out. Integer epochs are
 *   seconds since 1970, others MJD.
 * - `gaia`: columns of the archive. Fluxes by the AB zero points of DR2 (reference epoch 2015.5) or DR3, from `phot_*_mean_flux` (e-/s)
 *   or from the Vega magnitudes. `gaiaLdac`: the same as FITS_LDAC, where MAGERR holds flux over error when above 1.
 * - `ps1`: mean objects of MAST. `sdss`: psfMag_g or modelMag_g or g; magnitudes are taken as AB on the Pogson scale, as the Rubin shards
 *   made of them do.
 * - `native`: this type already (angles in deg unless a unit says rad). `positions`: no fluxes known.
 * Columns of other meaning are dropped.
 * @throws ApError BAD_FORMAT when the columns show no known kind, or a column that the kind needs is missing.
 */
export function referenceCatalogOf(table: Table, kind: RefcatKind | null = refcatKindOf(table)): Table {
  switch (kind) {
    case 'afw': return assembled(table, afwParts(table));
    case 'gaia': return assembled(table, gaiaParts(table));
    case 'gaiaLdac': return assembled(table, ldacParts(table));
    case 'ps1': return assembled(table, ps1Parts(table));
    case 'sdss': return assembled(table, { ra: degrees(table, 'ra'), dec: degrees(table, 'dec'), bands: sdssBands(table) });
    case 'native': return assembled(table, nativeParts(table));
    case 'positions': {
      const suffix = find(table, 'ra') === undefined ? '_deg' : '';
      return assembled(table, { ra: degrees(table, `ra${suffix}`), dec: degrees(table, `dec${suffix}`), bands: [] });
    }
    default: {
      const found = Object.keys(table.columns).slice(0, 12).join(', ');
      throw new ApError('BAD_FORMAT', { where: 'reference catalog', found, expected: 'columns of afw, Gaia, PS1, SDSS, or ra and dec' });
    }
  }
}

interface BandFlux { readonly band: string; readonly flux: Float64Array; readonly fluxErr: Float64Array }

interface Parts {
  readonly ra: Float64Array;
  readonly dec: Float64Array;
  readonly bands: readonly BandFlux[];
  /** Optional columns by name, in their units; null where the catalog has none. */
  readonly more?: Readonly<Record<string, Float64Array | null>>;
}

/** Unit and meaning of the optional columns, in their order. */
const MORE: Readonly<Record<string, readonly [string, string]>> = {
  raErr: ['mas', '1-sigma error of ra times cos dec'], decErr: ['mas', '1-sigma error of dec'],
  epoch: ['d', 'MJD of the position'],
  pm_ra: ['mas/yr', 'proper motion in ra times cos dec'], pm_dec: ['mas/yr', 'proper motion in dec'],
  pm_raErr: ['mas/yr', '1-sigma error'], pm_decErr: ['mas/yr', '1-sigma error'],
  parallax: ['mas', 'parallax'], parallaxErr: ['mas', '1-sigma error'],
};

function assembled(table: Table, { ra, dec, bands, more = {} }: Parts): Table {
  const f64 = (values: Float64Array, unit: string, doc: string): Column => ({ type: 'f64', unit, doc, values });
  const columns: Record<string, Column> = {
    id: { type: 'i64', unit: '', doc: 'object id', values: idsOf(table) },
    ra: f64(ra.map(normalDegrees), 'deg', 'ICRS'), dec: f64(dec, 'deg', 'ICRS'),
  };
  for (const [name, [unit, doc]] of Object.entries(MORE)) {
    const values = more[name];
    if (values !== null && values !== undefined) columns[name] = f64(values, unit, doc);
  }
  for (const { band, flux, fluxErr } of bands) {
    columns[`${band}_flux`] = f64(flux, 'nJy', `AB flux in ${band}`);
    columns[`${band}_fluxErr`] = f64(fluxErr, 'nJy', '1-sigma error');
  }
  return { nRows: table.nRows, columns };
}

/** The ids of the catalog, or the number of the row from 1 where it has none. */
function idsOf(table: Table): BigInt64Array {
  for (const name of ID_NAMES) {
    const found = find(table, name);
    if (found?.type === 'i64') return found.values;
    if (found?.type === 'i32') return BigInt64Array.from(found.values, BigInt);
  }
  return BigInt64Array.from({ length: table.nRows }, (_, row) => BigInt(row + 1));
}

function normalDegrees(ra: number): number {
  return ra >= 0 && ra < 360 ? ra : ((ra % 360) + 360) % 360;
}

/** The column of the name; without regard to case when there is no exact one and the name is longer than a letter. */
function find(table: Table, name: string): Column | undefined {
  const exact = table.columns[name];
  if (exact !== undefined || name.length < 2) return exact;
  const other = Object.keys(table.columns).find(key => key.toLowerCase() === name.toLowerCase());
  return other === undefined ? undefined : table.columns[other];
}

/** Numbers of a column times a factor, nulls as NaN; null when there is no such column of numbers. */
function valuesOf(table: Table, name: string, factor = 1): Float64Array | null {
  const found = find(table, name);
  if (found === undefined || found.type === 'string') return null;
  const isNull = find(table, isNullName(name));
  const nulls = isNull?.type === 'bool' ? isNull.values : null;
  const out = new Float64Array(table.nRows);
  for (let row = 0; row < out.length; row++) out[row] = nulls?.[row] ? NaN : Number(found.values[row]) * factor;
  return out;
}

/** As `valuesOf` for a column that must be there. */
function needed(table: Table, name: string, factor = 1): Float64Array {
  const values = valuesOf(table, name, factor);
  if (values !== null) return values;
  const found = Object.keys(table.columns).slice(0, 12).join(', ');
  throw new ApError('BAD_FORMAT', { where: 'reference catalog', found, expected: `numbers ${name}` });
}

/** Angles of a column in degrees; a unit that begins with rad is converted. */
function degrees(table: Table, name: string): Float64Array {
  return needed(table, name, isRadian(table, name) ? 1 / RADIAN : 1);
}

function isRadian(table: Table, name: string): boolean {
  return /^rad/.test(find(table, name)?.unit ?? '');
}

/** Two columns combined row by row; NaN for all rows when one is missing. */
function combined(a: Float64Array | null, b: Float64Array | null, nRows: number, f: (a: number, b: number) => number): Float64Array {
  if (a === null || b === null) return new Float64Array(nRows).fill(NaN);
  return a.map((value, row) => f(value, b[row]!));
}

function afwParts(table: Table): Parts {
  // Small angles only where their unit is known: format 0 gave none, and nobody can tell what they are.
  const angle = (name: string): Float64Array | null => (isRadian(table, name) ? valuesOf(table, name, MAS_PER_RADIAN) : null);
  const known = (name: string, error: string, flag: string): Record<string, Float64Array | null> => {
    const [values, errors, flags] = [angle(name), angle(error), find(table, flag)];
    const isNone = (row: number): boolean =>
      (flags?.type === 'bool' && flags.values[row] === 1) || (values?.[row] === 0 && errors?.[row] === 0);
    const masked = (list: Float64Array | null): Float64Array | null => list?.map((v, row) => (isNone(row) ? NaN : v)) ?? null;
    return { [name]: masked(values), [error]: masked(errors) };
  };
  const bands = Object.entries(table.columns).filter(([name]) => name.endsWith('_flux')).map(([name, { unit }]): BandFlux => {
    const factor = unit === 'nJy' ? 1 : 1e9;
    const fluxErr = valuesOf(table, `${name}Err`, factor) ?? valuesOf(table, `${name}Sigma`, factor);
    return {
      band: name.slice(0, -'_flux'.length).replace(/_mag$/, ''), flux: needed(table, name, factor),
      fluxErr: fluxErr ?? new Float64Array(table.nRows).fill(NaN),
    };
  });
  const [ra, dec] = [needed(table, 'coord_ra', 1 / RADIAN), needed(table, 'coord_dec', 1 / RADIAN)];
  return {
    ra, dec, bands,
    more: {
      raErr: angle('coord_raErr'), decErr: angle('coord_decErr'), epoch: afwEpoch(table),
      ...known('pm_ra', 'pm_raErr', 'pm_flag'), ...known('pm_dec', 'pm_decErr', 'pm_flag'),
      ...known('parallax', 'parallaxErr', 'parallax_flag'),
    },
  };
}

function afwEpoch(table: Table): Float64Array | null {
  const isSeconds = find(table, 'epoch')?.type === 'i64';
  return valuesOf(table, 'epoch')?.map(v => (v === 0 ? NaN : isSeconds ? MJD_OF_1970 + v / 86400 : v)) ?? null;
}

function gaiaParts(table: Table): Parts {
  const years = valuesOf(table, 'ref_epoch');
  const release: GaiaRelease = years !== null && years.some(y => y === 2015.5) ? 'DR2' : 'DR3';
  const bands = GAIA_BANDS.map(band => gaiaBand(table, band, release)).filter(b => b !== null);
  const more: Parts['more'] = {
    raErr: valuesOf(table, 'ra_error'), decErr: valuesOf(table, 'dec_error'),
    epoch: years?.map(y => MJD_OF_J2000 + (y - 2000) * 365.25) ?? null,
    pm_ra: valuesOf(table, 'pmra'), pm_dec: valuesOf(table, 'pmdec'), pm_raErr: valuesOf(table, 'pmra_error'),
    pm_decErr: valuesOf(table, 'pmdec_error'), parallax: valuesOf(table, 'parallax'), parallaxErr: valuesOf(table, 'parallax_error'),
  };
  return { ra: degrees(table, 'ra'), dec: degrees(table, 'dec'), bands, more };
}

function gaiaBand(table: Table, band: GaiaBand, release: GaiaRelease): BandFlux | null {
  const stem = `phot_${band}_mean`;
  const magnitudes = valuesOf(table, `${stem}_mag`);
  const factor = 10 ** ((31.4 - gaiaZeroPoint(release, band)) / 2.5);
  const flux = valuesOf(table, `${stem}_flux`, factor) ?? magnitudes?.map(m => fluxOfMag(m + gaiaOffset(release, band))) ?? null;
  if (flux === null) return null;
  const fluxErr = valuesOf(table, `${stem}_flux_error`, factor)
    ?? combined(flux, valuesOf(table, `${stem}_flux_over_error`), table.nRows, (f, ratio) => (ratio > 0 ? f / ratio : NaN));
  return { band: stem, flux, fluxErr };
}

function ldacParts(table: Table): Parts {
  const bands = GAIA_BANDS.map((band): BandFlux => {
    const flux = needed(table, `MAG_${band.toUpperCase()}`).map(m => fluxOfMag(m + gaiaOffset('DR3', band)));
    const error = valuesOf(table, `MAGERR_${band.toUpperCase()}`);
    return {
      band: `phot_${band}_mean`, flux,
      fluxErr: combined(flux, error, table.nRows, (f, e) => (e > 1 ? f / e : e > 0 ? f * e * LN10_2_5 : NaN)),
    };
  });
  const more: Parts['more'] = { pm_ra: valuesOf(table, 'PMRA'), pm_dec: valuesOf(table, 'PMDEC') };
  return { ra: degrees(table, 'X_WORLD'), dec: degrees(table, 'Y_WORLD'), bands, more };
}

function ps1Parts(table: Table): Parts {
  const bands = PS1_BANDS.map(band => magnitudeBand(table, band, `${band}MeanPSFMag`, [`${band}MeanPSFMagErr`])).filter(b => b !== null);
  const known = (values: Float64Array | null): Float64Array | null => values?.map(v => (v > 0 ? v : NaN)) ?? null;
  const more: Parts['more'] = {
    raErr: known(valuesOf(table, 'raMeanErr', 1000)), decErr: known(valuesOf(table, 'decMeanErr', 1000)), epoch: known(valuesOf(table, 'epochMean')),
  };
  return { ra: degrees(table, 'raMean'), dec: degrees(table, 'decMean'), bands, more };
}

function sdssBands(table: Table): BandFlux[] {
  return SDSS_BANDS.map(band => {
    const name = sdssMagnitude(table, band);
    if (name === undefined) return null;
    const errors = [name.replace(/mag_/i, text => `${text.slice(0, -1)}Err_`), `${band}_err`, `err_${band}`, `Err_${band}`, `magErr_${band}`];
    return magnitudeBand(table, band, name, errors.filter(error => error !== name));
  }).filter(b => b !== null);
}

function sdssMagnitude(table: Table, band: string): string | undefined {
  return [`psfMag_${band}`, `modelMag_${band}`, band].find(name => find(table, name) !== undefined);
}

function magnitudeBand(table: Table, band: string, name: string, errorNames: readonly string[]): BandFlux | null {
  const flux = valuesOf(table, name)?.map(fluxOfMag) ?? null;
  if (flux === null) return null;
  const errors = errorNames.map(error => valuesOf(table, error)).find(values => values !== null) ?? null;
  return { band, flux, fluxErr: combined(flux, errors, table.nRows, (f, e) => (e > 0 ? f * e * LN10_2_5 : NaN)) };
}

function fluxOfMag(mag: number): number {
  return mag > BRIGHTEST_MAG && mag < FAINTEST_MAG ? nJyOfAbMag(mag) : NaN;
}

function nativeParts(table: Table): Parts {
  const bands = Object.keys(table.columns).filter(name => name.endsWith('_flux')).map((name): BandFlux => ({
    band: name.slice(0, -'_flux'.length), flux: needed(table, name),
    fluxErr: valuesOf(table, `${name}Err`) ?? new Float64Array(table.nRows).fill(NaN),
  }));
  const more = Object.fromEntries(Object.keys(MORE).map(name => [name, valuesOf(table, name)]));
  return { ra: degrees(table, 'ra'), dec: degrees(table, 'dec'), bands, more };
}
