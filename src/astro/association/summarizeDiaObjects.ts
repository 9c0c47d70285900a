/** Summary statistics of DIAObjects from the history of their sources: all columns of the APDB schema 10.0.0. */
import { APDB_BANDS, DIA_OBJECT_COLUMNS } from '../../model/apdbColumns.ts';
import { column, numbers, tableFromRows, withColumns } from '../../model/table.ts';
import type { Column, ColumnSpec, Table } from '../../model/table.ts';
import { moments } from '../../numeric/statistics.ts';
import { directionOf, unitVector } from '../../sky/sphere.ts';

export interface SummaryOptions {
  /** 'weighted': by inverse variance of the positions; 'mean': the plain average of unit vectors. */
  readonly position: 'weighted' | 'mean';
  /** Smallest position error of a source, and the one taken when it is unknown. */
  readonly sigmaFloor_arcsec: number;
  readonly fallbackSigma_arcsec: number;
}

export const SUMMARY_DEFAULTS: SummaryOptions = {
  position: 'weighted', sigmaFloor_arcsec: 0.02, fallbackSigma_arcsec: 0.2,
};

const specs: readonly ColumnSpec[] = DIA_OBJECT_COLUMNS
  .filter(c => c.name !== 'validityEndMjdTai')
  .map(({ name, type, unit }) => ({ name, type, unit, doc: '' }));

/**
 * One row of DiaObject for each id, from all DIASources that carry it. Fluxes that are NaN do not count; a band
 * without sources has 0 in `psfFluxNdata` and NaN elsewhere. The means of forced fluxes are NaN (`withForcedMeans`).
 * @param sources - columns diaObjectId, midpointMjdTai, band, ra, dec, and as far as known raErr, decErr, psfFlux,
 * psfFluxErr, scienceFlux, scienceFluxErr. @param validityStart_mjdTai - written into every row.
 */
export function summarizeDiaObjects(
  ids: readonly bigint[], sources: Table, validityStart_mjdTai: number,
  options: Partial<SummaryOptions> = {},
): Table {
  const o = { ...SUMMARY_DEFAULTS, ...options };
  const history = readHistory(sources);
  const rowsById = rowsByObject(sources);
  const rows = ids.map(id => {
    const own = rowsById.get(id) ?? [];
    const times = own.map(i => history.time[i]!);
    return {
      diaObjectId: id, validityStartMjdTai: validityStart_mjdTai,
      ...meanPosition(history, own, o),
      ...Object.assign({}, ...APDB_BANDS.map(band => bandFluxes(history, own, band))) as Record<string, number>,
      firstDiaSourceMjdTai: Math.min(...times), lastDiaSourceMjdTai: Math.max(...times), nDiaSources: own.length,
    };
  });
  return tableFromRows(specs, rows);
}

/** The objects with `<band>_fpFluxMean` and its error from forced sources (diaObjectId, band, psfFlux, psfFluxErr). */
export function withForcedMeans(objects: Table, forced: Table): Table {
  const history = readHistory(forced);
  const byId = rowsByObject(forced);
  const ids = column(objects, 'diaObjectId', 'i64');
  const columns: Record<string, Column> = {};
  for (const band of APDB_BANDS) {
    const means = Array.from(ids, id => {
      const rows = (byId.get(id) ?? []).filter(i => history.band[i] === band);
      return weightedMean(history.psfFlux, history.psfFluxErr, rows);
    });
    const fluxColumn = (values: number[]): Column =>
      ({ type: 'f32', unit: 'nJy', doc: '', values: Float32Array.from(values) });
    columns[`${band}_fpFluxMean`] = fluxColumn(means.map(m => m.value));
    columns[`${band}_fpFluxMeanErr`] = fluxColumn(means.map(m => m.error));
  }
  return withColumns(objects, columns);
}

interface History {
  readonly time: Float64Array;
  readonly band: readonly string[];
  readonly ra: Float64Array;
  readonly dec: Float64Array;
  readonly raErr: Float64Array;
  readonly decErr: Float64Array;
  readonly psfFlux: Float64Array;
  readonly psfFluxErr: Float64Array;
  readonly scienceFlux: Float64Array;
  readonly scienceFluxErr: Float64Array;
}

function readHistory(table: Table): History {
  const read = (name: string): Float64Array =>
    name in table.columns ? numbers(table, name) : new Float64Array(table.nRows).fill(NaN);
  return {
    time: read('midpointMjdTai'), band: column(table, 'band', 'string'), ra: read('ra'), dec: read('dec'),
    raErr: read('raErr'), decErr: read('decErr'), psfFlux: read('psfFlux'), psfFluxErr: read('psfFluxErr'),
    scienceFlux: read('scienceFlux'), scienceFluxErr: read('scienceFluxErr'),
  };
}

/** Rows of each DIAObject, in table order. */
export function rowsByObject(table: Table): Map<bigint, number[]> {
  const byId = new Map<bigint, number[]>();
  column(table, 'diaObjectId', 'i64').forEach((id, i) => {
    const rows = byId.get(id);
    if (rows === undefined) byId.set(id, [i]);
    else rows.push(i);
  });
  return byId;
}

function meanPosition(h: History, rows: readonly number[], o: SummaryOptions): Record<string, number> {
  const sum: [number, number, number] = [0, 0, 0];
  let [weightRa, weightDec] = [0, 0];
  const sigma = (error_deg: number): number =>
    Math.max(error_deg > 0 ? error_deg : o.fallbackSigma_arcsec / 3600, o.sigmaFloor_arcsec / 3600);
  for (const i of rows) {
    const [sRa, sDec] = [sigma(h.raErr[i]!), sigma(h.decErr[i]!)];
    const weight = o.position === 'mean' ? 1 : 2 / (sRa * sRa + sDec * sDec);
    unitVector(h.ra[i]!, h.dec[i]!).forEach((value, k) => { sum[k as 0 | 1 | 2] += weight * value; });
    weightRa += 1 / (sRa * sRa);
    weightDec += 1 / (sDec * sDec);
  }
  const [ra, dec] = directionOf(sum);
  return { ra, dec, raErr: 1 / Math.sqrt(weightRa), decErr: 1 / Math.sqrt(weightDec), ra_dec_Cov: NaN };
}

function bandFluxes(h: History, own: readonly number[], band: string): Record<string, number> {
  const rows = own.filter(i => h.band[i] === band);
  const mean = weightedMean(h.psfFlux, h.psfFluxErr, rows);
  const science = weightedMean(h.scienceFlux, h.scienceFluxErr, rows);
  const fluxes = rows.map(i => h.psfFlux[i]!).filter(Number.isFinite);
  return {
    [`${band}_psfFluxMean`]: mean.value, [`${band}_psfFluxMeanErr`]: mean.error, [`${band}_psfFluxNdata`]: mean.n,
    [`${band}_psfFluxSigma`]: Math.sqrt(moments(fluxes).variance),
    [`${band}_psfFluxMin`]: fluxes.length > 0 ? Math.min(...fluxes) : NaN,
    [`${band}_psfFluxMax`]: fluxes.length > 0 ? Math.max(...fluxes) : NaN,
    [`${band}_psfFluxMaxSlope`]: maxSlope(h, rows),
    [`${band}_psfFluxErrMean`]: moments(rows.map(i => h.psfFluxErr[i]!)).mean,
    [`${band}_scienceFluxMean`]: science.value, [`${band}_scienceFluxMeanErr`]: science.error,
  };
}

/** Sum of f / e^2 over sum of 1 / e^2, and 1 / sqrt of the latter; NaN for none. */
function weightedMean(
  values: Float64Array, errors: Float64Array, rows: readonly number[],
): { value: number; error: number; n: number } {
  let [sum, weights, n] = [0, 0, 0];
  for (const i of rows) {
    if (!Number.isFinite(values[i]!) || !(errors[i]! > 0)) continue;
    const weight = 1 / (errors[i]! * errors[i]!);
    sum += weight * values[i]!;
    weights += weight;
    n++;
  }
  return n > 0 ? { value: sum / weights, error: 1 / Math.sqrt(weights), n } : { value: NaN, error: NaN, n: 0 };
}

/** Largest rise of flux a day between consecutive times (it may be negative); NaN for fewer than two times. */
function maxSlope(h: History, rows: readonly number[]): number {
  const known = rows
    .filter(i => Number.isFinite(h.psfFlux[i]!) && Number.isFinite(h.psfFluxErr[i]!) && Number.isFinite(h.time[i]!))
    .toSorted((a, b) => h.time[a]! - h.time[b]!);
  let best = NaN;
  for (let k = 1; k < known.length; k++) {
    const [before, after] = [known[k - 1]!, known[k]!];
    const days = h.time[after]! - h.time[before]!;
    if (!(days > 0)) continue;
    const slope = (h.psfFlux[after]! - h.psfFlux[before]!) / days;
    if (!(slope <= best)) best = slope;
  }
  return best;
}
