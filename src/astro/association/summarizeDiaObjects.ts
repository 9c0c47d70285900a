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
  for (let k = 0; k < n; k++) {
    const rows = timeOrdered(history, objects.rows.subarray(objects.start[k]!, objects.start[k + 1]!));
    const position = o.position === 'mean' ? meanPosition(history, rows, objects.ids[k]!) : weightedPosition(history, rows, o);
    for (const name of POSITION) write(name, k, position[name]);
    write('validityStartMjdTai', k, validityStart_mjdTai);
    write('firstDiaSourceMjdTai', k, rows.length > 0 ? history.time[rows[0]!]! : NaN);
    write('lastDiaSourceMjdTai', k, rows.length > 0 ? history.time[rows.at(-1)!]! : NaN);
    write('nDiaSources', k, rows.length);
    for (const [band, curves] of byBand(history, rows)) writeBand(write, k, APDB_BANDS[band]!, curves, o);
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
    for (const [band, curves] of byBand(forced, own)) {
      const { mean, meanErr } = weightedMean(curves.psf);
      write(`${APDB_BANDS[band]!}_fpFluxMean`, k, mean);
      write(`${APDB_BANDS[band]!}_fpFluxMeanErr`, k, meanErr);
    }
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
  if (rows.length < 2) return rows;
  const key = (i: number): number => (Number.isNaN(time[i]!) ? Infinity : time[i]!);
  return rows.slice().sort((a, b) => {
    const [ta, tb] = [key(a), key(b)];
    if (ta !== tb) return ta < tb ? -1 : 1;
    return id[a]! < id[b]! ? -1 : id[a]! > id[b]! ? 1 : a - b;
  });
}

const POSITION = ['ra', 'dec', 'raErr', 'decErr', 'ra_dec_Cov'] as const;
type Position = Readonly<Record<(typeof POSITION)[number], number>>;

function meanPosition(h: SourceHistory, rows: Int32Array, objectId: bigint): Position {
  const sum: [number, number, number] = [0, 0, 0];
  for (const i of rows) addVector(sum, h.ra[i]!, h.dec[i]!, 1);
  const [ra, dec] = rows.length === 1 ? [h.ra[rows[0]!]!, h.dec[rows[0]!]!] : directionOf(sum);
  const first = rows.find(i => h.id[i] === objectId);
  if (first === undefined) return { ra, dec, raErr: NaN, decErr: NaN, ra_dec_Cov: NaN };
  return { ra, dec, raErr: h.raErr[first]!, decErr: h.decErr[first]!, ra_dec_Cov: h.raDecCov[first]! };
}

function weightedPosition(h: SourceHistory, rows: Int32Array, o: SummaryOptions): Position {
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

/** Light curves of the bands that occur. */
function byBand(h: SourceHistory, rows: Int32Array): Map<number, BandCurves> {
  const curves = new Map<number, BandCurves>();
  const bands = new Set<number>();
  for (const i of rows) if (h.band[i]! >= 0) bands.add(h.band[i]!);
  for (const band of bands) {
    const own = bands.size === 1 && rows.every(i => h.band[i] === band) ? rows : rows.filter(i => h.band[i] === band);
    const pick = (values: Float64Array): Float64Array => Float64Array.from(own, i => values[i]!);
    const time = pick(h.time);
    curves.set(band, {
      psf: { time, flux: pick(h.psfFlux), fluxErr: pick(h.psfFluxErr) },
      science: { time, flux: pick(h.scienceFlux), fluxErr: pick(h.scienceFluxErr) },
    });
  }
  return curves;
}

function writeBand(write: Write, k: number, band: string, { psf, science }: BandCurves, o: SummaryOptions): void {
  const put = (name: string, value: number): void => write(`${band}_${name}`, k, value);
  const mean = weightedMean(psf);
  const scienceMean = weightedMean(science);
  put('psfFluxMean', mean.mean);
  put('psfFluxMeanErr', mean.meanErr);
  put('psfFluxNdata', mean.n);
  put('psfFluxSigma', Math.sqrt(moments(psf.flux).variance));
  put('psfFluxMin', extreme(psf.flux, (a, b) => a < b));
  put('psfFluxMax', extreme(psf.flux, (a, b) => a > b));
  put('psfFluxMaxSlope', maxSlope(psf));
  put('psfFluxErrMean', moments(psf.fluxErr).mean);
  put('scienceFluxMean', scienceMean.mean);
  put('scienceFluxMeanErr', scienceMean.meanErr);
  if (o.statistics === 'apdb') return;
  put('psfFluxChi2', chi2(psf, mean.mean));
  put('psfFluxMAD', medianAbsoluteDeviation(psf.flux));
  put('psfFluxSkew', skewness(psf.flux));
  percentiles(psf.flux, PERCENTS).forEach((value, i) => put(`psfFluxPercentile${String(PERCENTS[i]).padStart(2, '0')}`, value));
  const [slope, intercept] = linearFit(psf);
  put('psfFluxLinearSlope', slope);
  put('psfFluxLinearIntercept', intercept);
  put('psfFluxStetsonJ', stetsonJ(psf));
  put('scienceFluxSigma', Math.sqrt(moments(science.flux).variance));
}

/** The finite value that comes before all others; NaN for none. */
function extreme(values: Float64Array, isBefore: (a: number, b: number) => boolean): number {
  let best = NaN;
  for (const v of values) if (Number.isFinite(v) && (Number.isNaN(best) || isBefore(v, best))) best = v;
  return best;
}
