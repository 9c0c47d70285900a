/** Sources of one difference image against the database: association, new objects, summaries. */
import { ApError } from '../../model/errors.ts';
import { column, numbers, selectRows, withColumns } from '../../model/table.ts';
import type { Table } from '../../model/table.ts';
import { associate } from './associate.ts';
import type { AssociationOptions, SkyPositions } from './associate.ts';
import { optionalNumbers, sourceHistory } from './sourceHistory.ts';
import { summarizeDiaObjects } from './summarizeDiaObjects.ts';
import type { SummaryOptions } from './summarizeDiaObjects.ts';

export interface ObjectUpdate {
  /** Sources that belong to an object now, with `diaObjectId` (0: a solar-system object), in the order of the input. */
  readonly sources: Table;
  /** New versions of the objects that got a source, and the new objects. */
  readonly objects: Table;
  readonly nUpdated: number;
  readonly nNew: number;
  readonly nSolarSystem: number;
  readonly nUnassociatedObjects: number;
  /** Sources that matched nothing and may not become an object. */
  readonly nRejected: number;
}

export interface UpdateOptions {
  readonly association: Partial<AssociationOptions>;
  readonly summary: Partial<SummaryOptions>;
  /** An unassociated source with any of these flags does not become an object. */
  readonly newObjectBadFlags: readonly string[];
  /** Nor does one with |apFlux| / apFluxErr below this, or a reliability below that; 0 switches the test off. */
  readonly newObjectSnrMin: number;
  readonly newObjectReliabilityMin: number;
  /** Nor one with both of them below these; 0 switches the test off. */
  readonly newObjectSnrMinOfUnreliable: number;
  readonly newObjectReliabilityMinOfFaint: number;
  readonly validityStart_mjdTai: number;
}

export interface KnownSky {
  /** Latest versions of the objects around, and the sources of their history. */
  readonly objects: Table;
  readonly sources: Table;
}

/**
 * @param sources - standardised DiaSource rows; a source that starts a new object gives it its own id.
 * @throws ApError APDB when a source is in the history already: the same image was stored before.
 */
export function updateDiaObjects(sources: Table, known: KnownSky, options: UpdateOptions): ObjectUpdate {
  checkNotStored(sources, known.sources);
  const isSolarSystem = solarSystemTest(sources);
  const free = Array.from({ length: sources.nRows }, (_, i) => i).filter(i => !isSolarSystem(i));
  const result = associate(positionsOf(selectRows(sources, free)), positionsOf(known.objects), options.association);
  const objectOf = new Int32Array(sources.nRows).fill(-1);
  free.forEach((i, k) => { objectOf[i] = result.object[k]!; });
  const mayStart = newObjectTest(sources, options);
  const sourceIds = column(sources, 'diaSourceId', 'i64');
  const knownIds = known.objects.nRows > 0 ? column(known.objects, 'diaObjectId', 'i64') : new BigInt64Array(0);
  const rows = Array.from(objectOf.keys()).filter(i => isSolarSystem(i) || objectOf[i]! >= 0 || mayStart(i));
  const objectIds = BigInt64Array.from(rows, i =>
    (isSolarSystem(i) ? 0n : objectOf[i]! >= 0 ? knownIds[objectOf[i]!]! : sourceIds[i]!));
  const nSolarSystem = sources.nRows - free.length;
  const associated = withColumns(selectRows(sources, rows), {
    diaObjectId: { type: 'i64', unit: '', doc: 'DIAObject of the source', values: objectIds },
  });
  const objects = summarizeDiaObjects(
    objectIds.filter(id => id !== 0n), sourceHistory([known.sources, associated]), options.validityStart_mjdTai, options.summary,
  );
  return {
    sources: associated, objects: withWhatIsOlder(objects, known.objects),
    nUpdated: result.nMatched, nNew: rows.length - nSolarSystem - result.nMatched, nSolarSystem,
    nUnassociatedObjects: result.nUnmatchedObjects, nRejected: sources.nRows - rows.length,
  };
}

export function positionsOf(table: Table): SkyPositions {
  return {
    ra: optionalNumbers(table, 'ra'), dec: optionalNumbers(table, 'dec'),
    raErr: optionalNumbers(table, 'raErr'), decErr: optionalNumbers(table, 'decErr'),
  };
}

/** Sources with an `ssObjectId` belong to no DIAObject. */
export function solarSystemTest(sources: Table): (row: number) => boolean {
  if (sources.columns.ssObjectId?.type !== 'i64') return () => false;
  const ids = column(sources, 'ssObjectId', 'i64');
  const isNull = sources.columns.ssObjectId_isNull?.values as Uint8Array | undefined;
  return row => ids[row] !== 0n && isNull?.[row] !== 1;
}

function newObjectTest(sources: Table, options: UpdateOptions): (row: number) => boolean {
  const flags = options.newObjectBadFlags.map(name => {
    if (sources.columns[name]?.type !== 'bool') {
      throw new ApError('BAD_CONFIG', { where: 'newObjectBadFlags', found: name, expected: 'a flag of DiaSource' });
    }
    return column(sources, name, 'bool');
  });
  const { ra, dec } = positionsOf(sources);
  const flux = optionalNumbers(sources, 'apFlux');
  const error = optionalNumbers(sources, 'apFluxErr');
  const reliability = optionalNumbers(sources, 'reliability');
  const { newObjectSnrMin, newObjectReliabilityMin, newObjectSnrMinOfUnreliable, newObjectReliabilityMinOfFaint } = options;
  const tests = newObjectSnrMinOfUnreliable > 0 && newObjectReliabilityMinOfFaint > 0;
  return row => {
    if (!Number.isFinite(ra[row]! + dec[row]!) || flags.some(values => values[row] !== 0)) return false;
    const snr = Math.abs(flux[row]!) / error[row]!;
    // Neither an unknown S/N nor an unknown reliability is low; but a S/N that is asked for must be known.
    if (newObjectSnrMin > 0 && !(snr >= newObjectSnrMin)) return false;
    if (newObjectReliabilityMin > 0 && reliability[row]! < newObjectReliabilityMin) return false;
    return !(tests && snr < newObjectSnrMinOfUnreliable && reliability[row]! < newObjectReliabilityMinOfFaint);
  };
}

function checkNotStored(sources: Table, history: Table): void {
  if (history.nRows === 0) return;
  const stored = new Set(column(history, 'diaSourceId', 'i64'));
  const twice = column(sources, 'diaSourceId', 'i64').find(id => stored.has(id));
  if (twice !== undefined) {
    throw new ApError('APDB', { found: `DIASource ${twice} is stored already`, expected: 'an image that is new' });
  }
}

/**
 * What the window of the history cannot tell: the first detection may lie before it, and with it the errors of the
 * position where these are those of the first source.
 */
function withWhatIsOlder(objects: Table, known: Table): Table {
  if (known.nRows === 0 || !('firstDiaSourceMjdTai' in known.columns)) return objects;
  const rowOf = new Map(Array.from(column(known, 'diaObjectId', 'i64'), (id, i) => [id, i]));
  const before = Array.from(column(objects, 'diaObjectId', 'i64'), id => rowOf.get(id) ?? -1);
  const first = numbers(known, 'firstDiaSourceMjdTai');
  const values = numbers(objects, 'firstDiaSourceMjdTai').map((value, i) => {
    const earlier = before[i]! >= 0 ? first[before[i]!]! : NaN;
    return earlier < value ? earlier : value;
  });
  const errors = ['raErr', 'decErr', 'ra_dec_Cov'].map(name => {
    const old = optionalNumbers(known, name);
    const filled = numbers(objects, name).map((value, i) => (Number.isNaN(value) && before[i]! >= 0 ? old[before[i]!]! : value));
    const { unit } = objects.columns[name]!;
    return [name, { type: 'f32', unit, doc: '', values: Float32Array.from(filled) }] as const;
  });
  return withColumns(objects, {
    firstDiaSourceMjdTai: { type: 'f64', unit: '', doc: '', values }, ...Object.fromEntries(errors),
  });
}
