/** The reference catalog of an image, and tables of the sources matched with it. */
import { MATCH_COLUMNS } from '../../model/catalogs.ts';
import { ApError } from '../../model/errors.ts';
import { numbers, tableFromRows } from '../../model/table.ts';
import type { Table } from '../../model/table.ts';

export interface References {
  readonly ra: Float64Array;
  readonly dec: Float64Array;
  /** nJy in the band; NaN when the catalog does not know it. */
  readonly flux: Float64Array;
  readonly fluxErr: Float64Array;
}

/**
 * Positions and fluxes of one band from reference catalog shards (columns ra, dec, <band>_flux, <band>_fluxErr).
 * @throws ApError BAD_FORMAT when no shard has the band.
 */
export function referencesOfBand(shards: readonly Table[], band: string): References {
  const name = `${band}_flux`;
  const has = shards.some(s => s.columns[name] !== undefined);
  if (!has) {
    throw new ApError('BAD_FORMAT', {
      where: 'reference catalog', found: Object.keys(shards[0]?.columns ?? {}).join(', ') || 'no catalog', expected: `a column ${name}`,
    });
  }
  const join = (column: string): Float64Array => Float64Array.from(shards.flatMap(s =>
    Array.from(s.columns[column] === undefined ? new Float64Array(s.nRows).fill(NaN) : numbers(s, column))));
  return { ra: join('ra'), dec: join('dec'), flux: join(name), fluxErr: join(`${name}Err`) };
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
