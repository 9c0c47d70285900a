/** Sources of one difference image against the database: association, new objects, summaries. */
import { ApError } from '../../model/errors.ts';
import { column, numbers, selectRows, tableFromRows, withColumns } from '../../model/table.ts';
import type { ColumnSpec, Table } from '../../model/table.ts';
import { associate } from './associate.ts';
import type { AssociationOptions, SkyPositions } from './associate.ts';
import { summarizeDiaObjects } from './summarizeDiaObjects.ts';
import type { SummaryOptions } from './summarizeDiaObjects.ts';

export interface ObjectUpdate {
  /** Sources that belong to an object now, with `diaObjectId`, in the order of the input. */
  readonly sources: Table;
  /** New versions of the objects that got a source, and the new objects. */
  readonly objects: Table;
  readonly nUpdated: number;
  readonly nNew: number;
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
  const result = associate(positionsOf(sources), positionsOf(known.objects), options.association);
  const mayStart = newObjectTest(sources, options);
  const sourceIds = column(sources, 'diaSourceId', 'i64');
  const knownIds = known.objects.nRows > 0 ? column(known.objects, 'diaObjectId', 'i64') : new BigInt64Array(0);
  const rows = Array.from(result.object.keys()).filter(i => result.object[i]! >= 0 || mayStart(i));
  const objectIds = BigInt64Array.from(rows, i =>
    (result.object[i]! >= 0 ? knownIds[result.object[i]!]! : sourceIds[i]!));
  const associated = withColumns(selectRows(sources, rows), {
    diaObjectId: { type: 'i64', unit: '', doc: 'DIAObject of the source', values: objectIds },
  });
  const objects = summarizeDiaObjects(
    [...objectIds], historyTable([known.sources, associated]), options.validityStart_mjdTai, options.summary,
  );
  return {
    sources: associated, objects: withEarliest(objects, known.objects),
    nUpdated: result.nMatched, nNew: rows.length - result.nMatched,
    nUnassociatedObjects: result.nUnmatchedObjects, nRejected: sources.nRows - rows.length,
  };
}

export function positionsOf(table: Table): SkyPositions {
  return {
    ra: optionalNumbers(table, 'ra'), dec: optionalNumbers(table, 'dec'),
    raErr: optionalNumbers(table, 'raErr'), decErr: optionalNumbers(table, 'decErr'),
  };
}

/** A column as numbers, NaN throughout when the table does not have it. */
export function optionalNumbers(table: Table, name: string): Float64Array {
  return name in table.columns ? numbers(table, name) : new Float64Array(table.nRows).fill(NaN);
}

const HISTORY: readonly ColumnSpec[] = [
  { name: 'diaObjectId', type: 'i64', unit: '', doc: '' }, { name: 'band', type: 'string', unit: '', doc: '' },
  ...['midpointMjdTai', 'ra', 'dec', 'raErr', 'decErr', 'psfFlux', 'psfFluxErr', 'scienceFlux', 'scienceFluxErr']
    .map((name): ColumnSpec => ({ name, type: 'f64', unit: '', doc: '' })),
];

/** The columns that summaries need, of several tables one below the other; absent ones are NaN. */
export function historyTable(tables: readonly Table[]): Table {
  const rows = tables.filter(t => t.nRows > 0).flatMap(table => {
    const ids = column(table, 'diaObjectId', 'i64');
    const bands = column(table, 'band', 'string');
    const values = HISTORY.slice(2).map(({ name }) => [name, optionalNumbers(table, name)] as const);
    return Array.from({ length: table.nRows }, (_, i) => ({
      diaObjectId: ids[i]!, band: bands[i]!, ...Object.fromEntries(values.map(([name, v]) => [name, v[i]!])),
    }));
  });
  return tableFromRows(HISTORY, rows);
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
  return row => Number.isFinite(ra[row]! + dec[row]!)
    && !flags.some(values => values[row] !== 0)
    && !(options.newObjectSnrMin > 0 && !(Math.abs(flux[row]!) / error[row]! >= options.newObjectSnrMin))
    && !(options.newObjectReliabilityMin > 0 && reliability[row]! < options.newObjectReliabilityMin);
}

function checkNotStored(sources: Table, history: Table): void {
  if (history.nRows === 0) return;
  const stored = new Set(column(history, 'diaSourceId', 'i64'));
  const twice = column(sources, 'diaSourceId', 'i64').find(id => stored.has(id));
  if (twice !== undefined) {
    throw new ApError('APDB', { found: `DIASource ${twice} is stored already`, expected: 'an image that is new' });
  }
}

/** The first detection may lie before the window of the history: the earlier of both counts. */
function withEarliest(objects: Table, known: Table): Table {
  if (known.nRows === 0 || !('firstDiaSourceMjdTai' in known.columns)) return objects;
  const first = numbers(known, 'firstDiaSourceMjdTai');
  const byId = new Map(Array.from(column(known, 'diaObjectId', 'i64'), (id, i) => [id, first[i]!]));
  const ids = column(objects, 'diaObjectId', 'i64');
  const values = numbers(objects, 'firstDiaSourceMjdTai').map((value, i) => {
    const earlier = byId.get(ids[i]!);
    return earlier !== undefined && earlier < value ? earlier : value;
  });
  return withColumns(objects, { firstDiaSourceMjdTai: { type: 'f64', unit: '', doc: '', values } });
}
