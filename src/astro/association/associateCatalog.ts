/**
 * Association of whole catalogs: visit after visit as a pipeline would do it, with all objects and their history in
 * memory. Equal to `updateDiaObjects` on one image after the other, without reading anything back.
 */
import { column, numbers, selectRows, withColumns } from '../../model/table.ts';
import type { Table } from '../../model/table.ts';
import { associate } from './associate.ts';
import type { AssociationOptions } from './associate.ts';
import { optionalNumbers, sourceHistory } from './sourceHistory.ts';
import type { ObjectRows, SourceHistory } from './sourceHistory.ts';
import { objectPosition, summarizeObjects } from './summarizeDiaObjects.ts';
import type { SummaryOptions } from './summarizeDiaObjects.ts';
import { solarSystemTest } from './updateDiaObjects.ts';
import type { KnownSky } from './updateDiaObjects.ts';

export interface CatalogOptions {
  readonly association: Partial<AssociationOptions>;
  readonly summary: Partial<SummaryOptions>;
  /** Sources older than this before a visit do not count in its summaries: the read-back of the database. */
  readonly historyWindow_d: number;
}

/** Sources of one visit and detector, after their association. */
export interface AssociatedVisit {
  readonly visit: number;
  readonly detector: number;
  readonly time_mjdTai: number;
  /** Rows of the catalog. */
  readonly rows: Int32Array;
  readonly nUpdated: number;
  readonly nNew: number;
  /** Objects within reach of the sources that got none of them. */
  readonly nUnassociatedObjects: number;
  /** The sources with their `diaObjectId`, and the new versions of their objects. Made on request. */
  readonly sources: () => Table;
  readonly objects: () => Table;
}

export interface CatalogAssociation {
  /** Advances by one visit and detector; null after the last. */
  next(): AssociatedVisit | null;
  /** Object of each row of the catalog so far; 0 for none. */
  readonly diaObjectId: BigInt64Array;
  /** Summaries of all objects that have a source so far, in the order in which they came up. */
  objects(): Table;
}

/**
 * Visits are taken in the order of time, then visit and detector. Sources of a solar-system object (`ssObjectId`) and
 * those without a position belong to no object.
 * @param catalog - columns diaSourceId, visit, detector, midpointMjdTai, ra, dec, band, and what the summaries use.
 * @param known - objects and sources that were there before; the sources carry the `diaObjectId` of these objects.
 */
export function associateCatalog(catalog: Table, known: KnownSky, options: CatalogOptions): CatalogAssociation {
  const state = catalogState(catalog, known);
  const batches = visitsOf(catalog);
  let done = 0;
  return {
    next() {
      const batch = batches[done];
      if (batch === undefined) return null;
      done++;
      return associateVisit(state, batch, options);
    },
    diaObjectId: state.objectId,
    objects: () => {
      const all = Int32Array.from({ length: state.nObjects }, (_, j) => j).filter(j => state.latest[j]! >= 0);
      const table = summarizeObjects(objectRows(state, all, j => state.changed_mjdTai[j]!, options), state.history, NaN, options.summary);
      const values = Float64Array.from(all, j => state.changed_mjdTai[j]!);
      return withColumns(table, { validityStartMjdTai: { type: 'f64', unit: 'd', doc: '', values } });
    },
  };
}

interface Batch {
  readonly visit: number;
  readonly detector: number;
  readonly time_mjdTai: number;
  readonly rows: Int32Array;
}

/** Rows of each visit and detector, in the order in which they are associated. */
export function visitsOf(catalog: Table): Batch[] {
  const [visit, detector, time] = [numbers(catalog, 'visit'), numbers(catalog, 'detector'), numbers(catalog, 'midpointMjdTai')];
  const byVisit = new Map<string, number[]>();
  for (let i = 0; i < catalog.nRows; i++) {
    const key = `${visit[i]} ${detector[i]}`;
    const rows = byVisit.get(key);
    if (rows === undefined) byVisit.set(key, [i]);
    else rows.push(i);
  }
  return [...byVisit.values()].map(rows => ({
    visit: visit[rows[0]!]!, detector: detector[rows[0]!]!, rows: Int32Array.from(rows),
    time_mjdTai: rows.reduce((latest, i) => Math.max(latest, time[i]!), -Infinity),
  })).sort((a, b) => a.time_mjdTai - b.time_mjdTai || a.visit - b.visit || a.detector - b.detector);
}

/** Objects are found through zones of declination of this height. */
const ZONES_PER_DEGREE = 50;

interface State {
  readonly catalog: Table;
  readonly sourceId: BigInt64Array;
  readonly isSolarSystem: (row: number) => boolean;
  /** Object of each row of the catalog; 0 for none. */
  readonly objectId: BigInt64Array;
  /** The catalog, below it the known sources. */
  readonly history: SourceHistory;
  nObjects: number;
  readonly ids: BigInt64Array;
  /** Positions and errors of the objects as of now (degrees), and when they changed last. */
  readonly ra: Float64Array;
  readonly dec: Float64Array;
  readonly raErr: Float64Array;
  readonly decErr: Float64Array;
  readonly changed_mjdTai: Float64Array;
  /** Chains through the history: latest row of each object, and the one before each row; -1 ends a chain. */
  readonly latest: Int32Array;
  readonly previous: Int32Array;
  readonly zone: Int32Array;
  readonly objectsOfZone: Map<number, number[]>;
}

function catalogState(catalog: Table, known: KnownSky): State {
  const nKnown = known.objects.nRows;
  const capacity = nKnown + catalog.nRows;
  const history = sourceHistory([catalog, known.sources]);
  const floats = (): Float64Array => new Float64Array(capacity).fill(NaN);
  const state: State = {
    catalog, history, sourceId: column(catalog, 'diaSourceId', 'i64'), objectId: new BigInt64Array(catalog.nRows),
    isSolarSystem: solarSystemTest(catalog),
    nObjects: 0, ids: new BigInt64Array(capacity), ra: floats(), dec: floats(), raErr: floats(), decErr: floats(),
    changed_mjdTai: floats(), latest: new Int32Array(capacity).fill(-1), previous: new Int32Array(history.nRows).fill(-1),
    zone: new Int32Array(capacity).fill(-1), objectsOfZone: new Map(),
  };
  if (nKnown === 0) return state;
  const [ra, dec, raErr, decErr] = ['ra', 'dec', 'raErr', 'decErr'].map(name => optionalNumbers(known.objects, name));
  const start = optionalNumbers(known.objects, 'validityStartMjdTai');
  const numberOf = new Map<bigint, number>();
  column(known.objects, 'diaObjectId', 'i64').forEach((id, i) => {
    numberOf.set(id, addObject(state, id));
    place(state, i, { ra: ra![i]!, dec: dec![i]!, raErr: raErr![i]!, decErr: decErr![i]! }, start[i]!);
  });
  for (let row = catalog.nRows; row < history.nRows; row++) {
    const object = numberOf.get(history.objectId[row]!);
    if (object !== undefined) link(state, object, row);
  }
  return state;
}

function addObject(state: State, id: bigint): number {
  state.ids[state.nObjects] = id;
  return state.nObjects++;
}

function link(state: State, object: number, row: number): void {
  state.previous[row] = state.latest[object]!;
  state.latest[object] = row;
}

interface Place {
  readonly ra: number;
  readonly dec: number;
  readonly raErr: number;
  readonly decErr: number;
}

function place(state: State, object: number, { ra, dec, raErr, decErr }: Place, time_mjdTai: number): void {
  [state.ra[object], state.dec[object], state.raErr[object], state.decErr[object]] = [ra, dec, raErr, decErr];
  state.changed_mjdTai[object] = time_mjdTai;
  const zone = zoneOf(dec);
  if (state.zone[object] === zone) return;
  state.zone[object] = zone;
  const members = state.objectsOfZone.get(zone);
  if (members === undefined) state.objectsOfZone.set(zone, [object]);
  else members.push(object);
}

function zoneOf(dec: number): number {
  return Math.floor((dec + 90) * ZONES_PER_DEGREE);
}

function associateVisit(state: State, batch: Batch, options: CatalogOptions): AssociatedVisit {
  const { history } = state;
  const rows = batch.rows.filter(i => Number.isFinite(history.ra[i]! + history.dec[i]!) && !state.isSolarSystem(i));
  const around = objectsAround(state, rows, options.association.radius_arcsec ?? 1);
  const pick = (values: Float64Array, which: Int32Array): Float64Array => {
    const out = new Float64Array(which.length);
    for (let k = 0; k < out.length; k++) out[k] = values[which[k]!]!;
    return out;
  };
  const at = (p: Pick<State, 'ra' | 'dec' | 'raErr' | 'decErr'>, which: Int32Array): Record<keyof Place, Float64Array> => ({
    ra: pick(p.ra, which), dec: pick(p.dec, which), raErr: pick(p.raErr, which), decErr: pick(p.decErr, which),
  });
  const found = associate(at(history, rows), at(state, around), options.association);
  const touched = new Int32Array(rows.length);
  rows.forEach((row, k) => {
    const object = found.object[k]! >= 0 ? around[found.object[k]!]! : addObject(state, state.sourceId[row]!);
    touched[k] = object;
    state.objectId[row] = history.objectId[row] = state.ids[object]!;
    link(state, object, row);
  });
  const objects = objectRows(state, touched, () => batch.time_mjdTai, options);
  touched.forEach((object, k) => {
    const own = objects.rows.subarray(objects.start[k]!, objects.start[k + 1]!);
    place(state, object, objectPosition(history, own, objects.ids[k]!, options.summary), batch.time_mjdTai);
  });
  return {
    ...batch, nUpdated: found.nMatched, nNew: rows.length - found.nMatched, nUnassociatedObjects: found.nUnmatchedObjects,
    objects: () => summarizeObjects(objects, history, batch.time_mjdTai, options.summary),
    sources: () => withColumns(selectRows(state.catalog, batch.rows), {
      diaObjectId: { type: 'i64', unit: '', doc: 'DIAObject of the source', values: BigInt64Array.from(batch.rows, i => state.objectId[i]!) },
    }),
  };
}

/** Objects in the zones of the sources, in rising order. */
function objectsAround(state: State, rows: Int32Array, radius_arcsec: number): Int32Array {
  let [lo, hi] = [Infinity, -Infinity];
  for (const i of rows) [lo, hi] = [Math.min(lo, state.history.dec[i]!), Math.max(hi, state.history.dec[i]!)];
  const margin_deg = (radius_arcsec / 3600) * (1 + 1e-9);
  const found: number[] = [];
  for (let zone = zoneOf(lo - margin_deg); zone <= zoneOf(hi + margin_deg); zone++) {
    for (const object of state.objectsOfZone.get(zone) ?? []) if (state.zone[object] === zone) found.push(object);
  }
  // An object that came back to a zone is listed there twice.
  return Int32Array.from(found).sort().filter((object, k, all) => k === 0 || all[k - 1] !== object);
}

/** Rows of objects that are younger than the window before their time. */
function objectRows(state: State, which: Int32Array, timeOf: (object: number) => number, options: CatalogOptions): ObjectRows {
  const start = new Int32Array(which.length + 1);
  const rows: number[] = [];
  which.forEach((object, k) => {
    const since = timeOf(object) - options.historyWindow_d;
    const from = rows.length;
    for (let row = state.latest[object]!; row >= 0; row = state.previous[row]!) {
      if (!(state.history.time[row]! <= since)) rows.push(row);
    }
    // The chain goes back in time.
    for (let a = from, b = rows.length - 1; a < b; a++, b--) [rows[a], rows[b]] = [rows[b]!, rows[a]!];
    start[k + 1] = rows.length;
  });
  return { ids: BigInt64Array.from(which, j => state.ids[j]!), start, rows: Int32Array.from(rows) };
}
