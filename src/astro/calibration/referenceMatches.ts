/** The reference catalog of an image, and tables of the sources matched with it. */
import { MATCH_COLUMNS } from '../../model/catalogs.ts';
import { ApError } from '../../model/errors.ts';
import { numbers, tableFromRows } from '../../model/table.ts';
import type { Table } from '../../model/table.ts';
import { offsetBy } from '../../sky/sphere.ts';

export interface References {
  readonly ra: Float64Array;
  readonly dec: Float64Array;
  /** nJy in the band; NaN when the catalog does not know it. */
  readonly flux: Float64Array;
  readonly fluxErr: Float64Array;
}

/**
 * Positions and fluxes of one band from reference catalog shards (columns ra, dec, <band>_flux, <band>_fluxErr). Stars with
 * a proper motion (pm_ra times cos dec and pm_dec, mas/yr, epoch, MJD) are moved to the epoch of the image on a straight line on
 * the sky; those without, and all when `epoch_mjd` is NaN, stay where they are.
 * @throws ApError BAD_FORMAT when no shard has the band.
 */
export function referencesOfBand(shards: readonly Table[], band: string, epoch_mjd: number): References {
  const name = `${band}_flux`;
  const has = shards.some(s => s.columns[name] !== undefined);
  if (!has) {
    throw new ApError('BAD_FORMAT', {
      where: 'reference catalog', found: Object.keys(shards[0]?.columns ?? {}).join(', ') || 'no catalog', expected: `a column ${name}`,
    });
  }
  const join = (column: string): Float64Array => Float64Array.from(shards.flatMap(s =>
    Array.from(s.columns[column] === undefined ? new Float64Array(s.nRows).fill(NaN) : numbers(s, column))));
  const moved = movedTo(epoch_mjd, { ra: join('ra'), dec: join('dec'), pmRa: join('pm_ra'), pmDec: join('pm_dec'), epoch: join('epoch') });
  return { ...moved, flux: join(name), fluxErr: join(`${name}Err`) };
}

interface Moving {
  readonly ra: Float64Array;
  readonly dec: Float64Array;
  readonly pmRa: Float64Array;
  readonly pmDec: Float64Array;
  readonly epoch: Float64Array;
}

const DAYS_PER_YEAR = 365.25;
const ARCSEC_PER_MAS = 1e-3;

function movedTo(epoch_mjd: number, { ra, dec, pmRa, pmDec, epoch }: Moving): Pick<References, 'ra' | 'dec'> {
  const out = { ra: ra.slice(), dec: dec.slice() };
  for (let i = 0; i < ra.length; i++) {
    const years = (epoch_mjd - epoch[i]!) / DAYS_PER_YEAR;
    const [east, north] = [pmRa[i]! * years * ARCSEC_PER_MAS, pmDec[i]! * years * ARCSEC_PER_MAS];
    if (!Number.isFinite(east + north)) continue;
    const angle_deg = (Math.atan2(east, north) * 180) / Math.PI;
    [out.ra[i], out.dec[i]] = offsetBy(ra[i]!, dec[i]!, angle_deg, Math.hypot(east, north));
  }
  return out;
}

/** One matched pair: rows of the sources and of the references. */
export interface MatchedPair {
  readonly sourceId: bigint;
  readonly x: number;
  readonly y: number;
  readonly ra: number;
  readonly dec: number;
  readonly instFlux: number;
  readonly instFluxErr: number;
  readonly reference: number;
  readonly used: boolean;
}

/** Table of matches (see MATCH_COLUMNS). */
export function matchTable(pairs: readonly MatchedPair[], references: References): Table {
  return tableFromRows(MATCH_COLUMNS, pairs.map(({ reference, ...pair }) => ({
    ...pair, refRa: references.ra[reference]!, refDec: references.dec[reference]!,
    refFlux: references.flux[reference]!, refFluxErr: references.fluxErr[reference]!, snr: pair.instFlux / pair.instFluxErr,
  })));
}
