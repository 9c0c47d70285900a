/** What the summaries of DIAObjects need to know of their sources, in typed arrays, and which sources an object has. */
import { APDB_BANDS } from '../../model/apdbColumns.ts';
import { column, numbers } from '../../model/table.ts';
import type { Table } from '../../model/table.ts';

/** One entry a source (or forced source). What a table does not have is NaN, and an unknown band is -1. */
export interface SourceHistory {
  readonly nRows: number;
  readonly id: BigInt64Array;
  readonly objectId: BigInt64Array;
  /** TAI MJD. */
  readonly time: Float64Array;
  /** Number of the band in `APDB_BANDS`. */
  readonly band: Int8Array;
  /** Degrees; errors on the sky, covariance in square degrees. */
  readonly ra: Float64Array;
  readonly dec: Float64Array;
  readonly raErr: Float64Array;
  readonly decErr: Float64Array;
  readonly raDecCov: Float64Array;
  /** nJy. */
  readonly psfFlux: Float64Array;
  readonly psfFluxErr: Float64Array;
  readonly scienceFlux: Float64Array;
  readonly scienceFluxErr: Float64Array;
  /** 1 when any flag of the source is set. */
  readonly isFlagged: Uint8Array;
}

/**
 * The rows of several tables one below the other; tables without rows may be without columns. Columns diaObjectId and
 * band (text, or `filterName`) are needed. @param idName - column of the identifier; without it all are 0.
 */
export function sourceHistory(tables: readonly Table[], idName = 'diaSourceId'): SourceHistory {
  const filled = tables.filter(t => t.nRows > 0);
  const nRows = filled.reduce((n, t) => n + t.nRows, 0);
  const joined = <T extends { set(values: T, at: number): void }>(out: T, read: (table: Table) => T): T => {
    let at = 0;
    for (const table of filled) {
      out.set(read(table), at);
      at += table.nRows;
    }
    return out;
  };
  const floats = (name: string): Float64Array => joined(new Float64Array(nRows), table => optionalNumbers(table, name));
  const ids = (name: string): BigInt64Array => joined(new BigInt64Array(nRows), table =>
    (name in table.columns ? column(table, name, 'i64') : new BigInt64Array(table.nRows)));
  return {
    nRows, id: ids(idName), objectId: ids('diaObjectId'), time: floats('midpointMjdTai'),
    band: joined(new Int8Array(nRows), bandNumbers),
    ra: floats('ra'), dec: floats('dec'), raErr: floats('raErr'), decErr: floats('decErr'), raDecCov: floats('ra_dec_Cov'),
    psfFlux: floats('psfFlux'), psfFluxErr: floats('psfFluxErr'),
    scienceFlux: floats('scienceFlux'), scienceFluxErr: floats('scienceFluxErr'),
    isFlagged: joined(new Uint8Array(nRows), flagged),
  };
}

/** A column as numbers, NaN throughout when the table does not have it. */
export function optionalNumbers(table: Table, name: string): Float64Array {
  return name in table.columns ? numbers(table, name) : new Float64Array(table.nRows).fill(NaN);
}

function bandNumbers(table: Table): Int8Array {
  const number = new Map<string, number>(APDB_BANDS.map((band, k) => [band, k]));
  return Int8Array.from(column(table, 'band', 'string'), band => number.get(band) ?? -1);
}

/** Columns that are true or false without judging the source. */
const NOT_A_FLAG = /^(is[A-Z]|dipoleFitAttempted)|_isNull$/;

/** The packed `flags` of 2021, and the boolean flags of today. */
function flagged(table: Table): Uint8Array {
  const out = new Uint8Array(table.nRows);
  for (const [name, c] of Object.entries(table.columns)) {
    if (name === 'flags' && c.type !== 'string') {
      for (let i = 0; i < out.length; i++) if (Number(c.values[i]) !== 0) out[i] = 1;
    }
    if (c.type !== 'bool' || NOT_A_FLAG.test(name)) continue;
    for (let i = 0; i < out.length; i++) if (c.values[i] !== 0) out[i] = 1;
  }
  return out;
}

/** Rows of the k-th object: rows[start[k]] .. rows[start[k + 1] - 1]. */
export interface ObjectRows {
  readonly ids: BigInt64Array;
  readonly start: Int32Array;
  readonly rows: Int32Array;
}

/** The rows of each of the given objects, in table order. */
export function rowsOfObjects(ids: BigInt64Array, history: SourceHistory): ObjectRows {
  const number = new Map<bigint, number>();
  ids.forEach((id, k) => number.set(id, k));
  const object = Int32Array.from(history.objectId, id => number.get(id) ?? -1);
  const start = new Int32Array(ids.length + 1);
  for (const k of object) if (k >= 0) start[k + 1]!++;
  for (let k = 0; k < ids.length; k++) start[k + 1]! += start[k]!;
  const fill = start.slice();
  const rows = new Int32Array(start[ids.length]!);
  object.forEach((k, row) => { if (k >= 0) rows[fill[k]!++] = row; });
  return { ids, start, rows };
}

/** Rows of each DIAObject of a table, in table order. */
export function rowsByObject(table: Table): Map<bigint, number[]> {
  const byId = new Map<bigint, number[]>();
  column(table, 'diaObjectId', 'i64').forEach((id, i) => {
    const rows = byId.get(id);
    if (rows === undefined) byId.set(id, [i]);
    else rows.push(i);
  });
  return byId;
}
