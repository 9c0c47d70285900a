/** Summary statistics of DIAObjects from the history of their sources: the columns of the APDB, and those of 2021. */
import { APDB_BANDS, DIA_OBJECT_COLUMNS } from '../../model/apdbColumns.ts';
import { column, withColumns } from '../../model/table.ts';
import type { Column, ColumnType, Table } from '../../model/table.ts';
import { moments } from '../../numeric/statistics.ts';
import { htmIndex } from '../../sky/htm.ts';
import { directionOf, unitVector } from '../../sky/sphere.ts';
import {
  chi2, linearFit, maxSlope, medianAbsoluteDeviation, percentiles, skewness, stetsonJ, weightedMean,
} from './lightCurveStatistics.ts';
import type { LightCurve } from './lightCurveStatistics.ts';
import { rowsOfObjects } from './sourceHistory.ts';
import type { ObjectRows, SourceHistory } from './sourceHistory.ts';

export interface SummaryOptions {
  /**
   * 'weighted': by inverse variance of the positions, with the propagated errors. 'mean': as Rubin's ap_meanPosition, the
   * plain average of unit vectors; errors and covariance stay those of the source that gave the object its identifier.
   */
  readonly position: 'weighted' | 'mean';
  /** Smallest position error of a source, and the one taken when it is unknown (of 'weighted'). */
  readonly sigmaFloor_arcsec: number;
  readonly fallbackSigma_arcsec: number;
  /** 'apdb': the columns of schema 10.0.0; 'all': also those that the pipeline of 2021 had (`EXTRA_STATISTICS`). */
  readonly statistics: 'apdb' | 'all';
}

export const SUMMARY_DEFAULTS: SummaryOptions = {
  position: 'weighted', sigmaFloor_arcsec: 0.02, fallbackSigma_arcsec: 0.2, statistics: 'apdb',
};

const PERCENTS = [5, 25, 50, 75, 95];

/** Columns of each band beyond the schema, with their units. */
export const EXTRA_STATISTICS: Readonly<Record<string, string>> = {
  psfFluxChi2: '', psfFluxMAD: 'nJy', psfFluxSkew: '',
  ...Object.fromEntries(PERCENTS.map(p => [`psfFluxPercentile${String(p).padStart(2, '0')}`, 'nJy'])),
  psfFluxLinearSlope: 'nJy/d', psfFluxLinearIntercept: 'nJy', psfFluxStetsonJ: '', scienceFluxSigma: 'nJy',
};

/**
 * One row of DiaObject for each object, without the end of validity. Fluxes that are NaN do not count; a band without
 * sources has 0 in `psfFluxNdata` and NaN elsewhere. The means of forced fluxes are NaN (`withForcedMeans`). The result
 * does not depend on the order of the rows: sources count in the order of time, then identifier.
 * @param objects - the rows of each object; each has at least one. @param validityStart_mjdTai - written into every row.
 */
export function summarizeObjects(
  objects: ObjectRows, history: SourceHistory, validityStart_mjdTai: number, options: Partial<SummaryOptions> = {},
): Table {
  const o = { ...SUMMARY_DEFAULTS, ...options };
  const n = objects.ids.length;
  const columns = emptyColumns(n, o);
  column({ nRows: n, columns }, 'diaObjectId', 'i64').set(objects.ids);
  const write = writer(columns);
  const bands = APDB_BANDS.map(band => columnsOfBand(columns, band));
  for (let k = 0; k < n; k++) {
    const rows = timeOrdered(history, objects.rows.subarray(objects.start[k]!, objects.start[k + 1]!));
    const position = objectPosition(history, rows, objects.ids[k]!, o);
    for (const name of POSITION) write(name, k, position[name]);
    write('validityStartMjdTai', k, validityStart_mjdTai);
    write('firstDiaSourceMjdTai', k, rows.length > 0 ? history.time[rows[0]!]! : NaN);
    write('lastDiaSourceMjdTai', k, rows.length > 0 ? history.time[rows.at(-1)!]! : NaN);
    write('nDiaSources', k, rows.length);
    forEachBand(history, rows, (band, curves) => writeBand(bands[band]!, k, curves, o));
    if (o.statistics === 'all') {
      write('flags', k, rows.some(i => history.isFlagged[i] !== 0) ? 1 : 0);
      write('pixelId', k, htmIndex(20, position.ra, position.dec));
    }
  }
  return { nRows: n, columns };
}

/** `summarizeObjects` for the given objects, with all rows of the history that carry their identifiers. */
export function summarizeDiaObjects(
  ids: BigInt64Array, history: SourceHistory, validityStart_mjdTai: number, options: Partial<SummaryOptions> = {},
): Table {
  return summarizeObjects(rowsOfObjects(ids, history), history, validityStart_mjdTai, options);
}

/** The objects with `<band>_fpFluxMean` and its error from their forced sources. */
export function withForcedMeans(objects: Table, forced: SourceHistory): Table {
  const { start, rows } = rowsOfObjects(column(objects, 'diaObjectId', 'i64'), forced);
  const columns: Record<string, Column> = {};
  const floats = (unit: string): Column & { type: 'f32' } =>
    ({ type: 'f32', unit, doc: '', values: new Float32Array(objects.nRows).fill(NaN) });
  for (const band of APDB_BANDS) {
    columns[`${band}_fpFluxMean`] = floats('nJy');
    columns[`${band}_fpFluxMeanErr`] = floats('nJy');
  }
  const write = writer(columns);
  for (let k = 0; k < objects.nRows; k++) {
    const own = timeOrdered(forced, rows.subarray(start[k]!, start[k + 1]!));
    forEachBand(forced, own, (band, curves) => {
      const { mean, meanErr } = weightedMean(curves.psf);
      write(`${APDB_BANDS[band]!}_fpFluxMean`, k, mean);
      write(`${APDB_BANDS[band]!}_fpFluxMeanErr`, k, meanErr);
    });
  }
  return withColumns(objects, columns);
}

function emptyColumns(n: number, o: SummaryOptions): Record<string, Column> {
  const columns: Record<string, Column> = {};
  const add = (name: string, type: ColumnType, unit: string): void => {
    columns[name] = type === 'f64' ? { type, unit, doc: '', values: new Float64Array(n).fill(NaN) }
      : type === 'f32' ? { type, unit, doc: '', values: new Float32Array(n).fill(NaN) }
        : type === 'i64' ? { type, unit, doc: '', values: new BigInt64Array(n) }
          : { type: 'i32', unit, doc: '', values: new Int32Array(n) };
  };
  for (const c of DIA_OBJECT_COLUMNS) if (c.name !== 'validityEndMjdTai') add(c.name, c.type, c.unit);
  if (o.statistics === 'apdb') return columns;
  for (const band of APDB_BANDS) {
    // Raw MJD makes intercepts large: they would not survive single precision.
    for (const [name, unit] of Object.entries(EXTRA_STATISTICS)) add(`${band}_${name}`, /Linear/.test(name) ? 'f64' : 'f32', unit);
  }
  add('flags', 'i64', '');
  add('pixelId', 'i64', '');
  return columns;
}

type Write = (name: string, row: number, value: number) => void;

function writer(columns: Readonly<Record<string, Column>>): Write {
  return (name, row, value) => {
    const c = columns[name]!;
    if (c.type === 'i64') c.values[row] = BigInt(value);
    else (c.values as Float64Array)[row] = value;
  };
}

/** The rows in the order of time, then identifier; unknown times last. */
function timeOrdered({ time, id }: SourceHistory, rows: Int32Array): Int32Array {
  let isOrdered = true;
  for (let k = 1; k < rows.length && isOrdered; k++) isOrdered = time[rows[k]!]! > time[rows[k - 1]!]!;
  if (isOrdered) return rows;
  const key = (i: number): number => (Number.isNaN(time[i]!) ? Infinity : time[i]!);
  return rows.slice().sort((a, b) => {
    const [ta, tb] = [key(a), key(b)];
    if (ta !== tb) return ta < tb ? -1 : 1;
    return id[a]! < id[b]! ? -1 : id[a]! > id[b]! ? 1 : a - b;
  });
}

const POSITION = ['ra', 'dec', 'raErr', 'decErr', 'ra_dec_Cov'] as const;
export type ObjectPosition = Readonly<Record<(typeof POSITION)[number], number>>;

/** Position of one object from the given rows, with its errors; degrees. */
export function objectPosition(
  history: SourceHistory, rows: Int32Array, objectId: bigint, options: Partial<SummaryOptions> = {},
): ObjectPosition {
  const o = { ...SUMMARY_DEFAULTS, ...options };
  return o.position === 'mean' ? meanPosition(history, rows, objectId) : weightedPosition(history, rows, o);
}

function meanPosition(h: SourceHistory, rows: Int32Array, objectId: bigint): ObjectPosition {
  const sum: [number, number, number] = [0, 0, 0];
  for (const i of rows) addVector(sum, h.ra[i]!, h.dec[i]!, 1);
  const [ra, dec] = rows.length === 1 ? [h.ra[rows[0]!]!, h.dec[rows[0]!]!] : directionOf(sum);
  const first = rows.find(i => h.id[i] === objectId);
  if (first === undefined) return { ra, dec, raErr: NaN, decErr: NaN, ra_dec_Cov: NaN };
  return { ra, dec, raErr: h.raErr[first]!, decErr: h.decErr[first]!, ra_dec_Cov: h.raDecCov[first]! };
}

function weightedPosition(h: SourceHistory, rows: Int32Array, o: SummaryOptions): ObjectPosition {
  const sum: [number, number, number] = [0, 0, 0];
  let [weights, varRa, varDec, covariance] = [0, 0, 0, 0];
  const sigma = (error_deg: number): number =>
    Math.max(error_deg > 0 ? error_deg : o.fallbackSigma_arcsec / 3600, o.sigmaFloor_arcsec / 3600);
  for (const i of rows) {
    const [sRa, sDec] = [sigma(h.raErr[i]!), sigma(h.decErr[i]!)];
    const weight = 2 / (sRa * sRa + sDec * sDec);
    addVector(sum, h.ra[i]!, h.dec[i]!, weight);
    weights += weight;
    varRa += (weight * sRa) ** 2;
    varDec += (weight * sDec) ** 2;
    covariance += weight ** 2 * h.raDecCov[i]!;
  }
  const [ra, dec] = directionOf(sum);
  return {
    ra, dec, raErr: Math.sqrt(varRa) / weights, decErr: Math.sqrt(varDec) / weights, ra_dec_Cov: covariance / weights ** 2,
  };
}

function addVector(sum: [number, number, number], ra: number, dec: number, weight: number): void {
  const v = unitVector(ra, dec);
  for (const k of [0, 1, 2] as const) sum[k] += weight * v[k];
}

interface BandCurves {
  readonly psf: LightCurve;
  readonly science: LightCurve;
}

/** Light curves of the bands that occur, in rising order. */
function forEachBand(h: SourceHistory, rows: Int32Array, visit: (band: number, curves: BandCurves) => void): void {
  let present = 0;
  // A band that is unknown (-1) sets the bit that no band of the schema has.
  for (let k = 0; k < rows.length; k++) present |= 1 << (h.band[rows[k]!]! & 31);
  for (let band = 0; band < APDB_BANDS.length; band++) {
    if ((present & (1 << band)) === 0) continue;
    const own = present === 1 << band ? rows : rows.filter(i => h.band[i] === band);
    const time = gathered(h.time, own);
    visit(band, {
      psf: { time, flux: gathered(h.psfFlux, own), fluxErr: gathered(h.psfFluxErr, own) },
      science: { time, flux: gathered(h.scienceFlux, own), fluxErr: gathered(h.scienceFluxErr, own) },
    });
  }
}

function gathered(values: Float64Array, rows: Int32Array): Float64Array {
  const out = new Float64Array(rows.length);
  for (let k = 0; k < rows.length; k++) out[k] = values[rows[k]!]!;
  return out;
}

/** Values of the columns of one band by their names without the band. */
type BandColumns = Readonly<Record<string, { [row: number]: number }>>;

function columnsOfBand(columns: Readonly<Record<string, Column>>, band: string): BandColumns {
  return Object.fromEntries(Object.entries(columns).filter(([name]) => name.startsWith(`${band}_`))
    .map(([name, c]) => [name.slice(2), c.values as Float64Array]));
}

function writeBand(out: BandColumns, k: number, { psf, science }: BandCurves, o: SummaryOptions): void {
  const mean = weightedMean(psf);
  const scienceMean = weightedMean(science);
  out.psfFluxMean![k] = mean.mean;
  out.psfFluxMeanErr![k] = mean.meanErr;
  out.psfFluxNdata![k] = mean.n;
  out.psfFluxSigma![k] = Math.sqrt(moments(psf.flux).variance);
  [out.psfFluxMin![k], out.psfFluxMax![k]] = extremes(psf.flux);
  out.psfFluxMaxSlope![k] = maxSlope(psf);
  out.psfFluxErrMean![k] = moments(psf.fluxErr).mean;
  out.scienceFluxMean![k] = scienceMean.mean;
  out.scienceFluxMeanErr![k] = scienceMean.meanErr;
  if (o.statistics === 'apdb') return;
  out.psfFluxChi2![k] = chi2(psf, mean.mean);
  out.psfFluxMAD![k] = medianAbsoluteDeviation(psf.flux);
  out.psfFluxSkew![k] = skewness(psf.flux);
  percentiles(psf.flux, PERCENTS).forEach((value, i) => { out[`psfFluxPercentile${String(PERCENTS[i]).padStart(2, '0')}`]![k] = value; });
  [out.psfFluxLinearSlope![k], out.psfFluxLinearIntercept![k]] = linearFit(psf);
  out.psfFluxStetsonJ![k] = stetsonJ(psf);
  out.scienceFluxSigma![k] = Math.sqrt(moments(science.flux).variance);
}

/** Smallest and largest finite value; NaN for none. */
function extremes(values: Float64Array): [number, number] {
  let [lo, hi] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    const v = values[i]!;
    if (!Number.isFinite(v)) continue;
    if (v < lo) lo = v;
    if (v > hi) hi = v;
  }
  return hi >= lo ? [lo, hi] : [NaN, NaN];
}
