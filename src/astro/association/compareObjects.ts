/** Agreement of two sets of DIAObjects that were made from the same DIASources, object by object and column by column. */
import { column, numbers } from '../../model/table.ts';
import type { Table } from '../../model/table.ts';
import { separation_arcsec } from '../../sky/sphere.ts';
import { rowsByObject } from './sourceHistory.ts';

export interface ColumnAgreement {
  readonly column: string;
  /** Objects of which both sides have a number. */
  readonly nBoth: number;
  /** Of these, beyond the tolerance. */
  readonly nBeyond: number;
  /** Of those, no more apart than the single precision of the fluxes that were summed: they nearly cancel. */
  readonly nRounding: number;
  /** Numbers that only one side has. */
  readonly nOnlyOurs: number;
  readonly nOnlyTheirs: number;
  /** Largest difference: arcsec for the position, else relative. */
  readonly largest: number;
  /** Object with the largest difference; 0n when there is none. */
  readonly worstId: bigint;
}

export interface Agreement {
  /** Objects of the reference, and those whose sources are the same ones here. */
  readonly nReference: number;
  readonly nSameGroup: number;
  /** Identifiers of reference objects that have other sources here. */
  readonly differentGroups: readonly bigint[];
  readonly columns: readonly ColumnAgreement[];
}

export interface AgreementTolerance {
  readonly position_arcsec: number;
  readonly relative: number;
}

/** An object on both sides: its rows. */
interface SharedObject {
  readonly ours: number;
  readonly theirs: number;
}

/**
 * @param sources - diaSourceId and the reference's diaObjectId of every source. @param ourObjectId - our object of each
 * of these rows. @param reference - objects of the other side; of several versions of one the latest counts (validityStartMjdTai).
 * @returns one entry for the position, and one for each number that both tables have. Columns are compared on the objects
 * with the same sources on both sides; counts must be equal.
 */
export function compareObjects(
  sources: Table, ourObjectId: BigInt64Array, ours: Table, reference: Table, tolerance: AgreementTolerance,
): Agreement {
  const latest = latestVersions(reference);
  const theirGroups = rowsByObject(sources);
  const ourRow = new Map(Array.from(column(ours, 'diaObjectId', 'i64'), (id, i) => [id, i]));
  const ourSize = new Map<bigint, number>();
  ourObjectId.forEach(id => ourSize.set(id, (ourSize.get(id) ?? 0) + 1));
  const shared: SharedObject[] = [];
  const differentGroups: bigint[] = [];
  for (const [id, row] of latest) {
    const members = theirGroups.get(id) ?? [];
    const here = ourObjectId[members[0] ?? -1];
    const isSame = here !== undefined && members.every(i => ourObjectId[i] === here) && ourSize.get(here) === members.length;
    const own = here === undefined ? undefined : ourRow.get(here);
    if (isSame && own !== undefined) shared.push({ ours: own, theirs: row });
    else differentGroups.push(id);
  }
  const ids = column(reference, 'diaObjectId', 'i64');
  const idOf = ({ theirs }: SharedObject): bigint => ids[theirs]!;
  return {
    nReference: latest.size, nSameGroup: shared.length, differentGroups,
    columns: [
      agreement('position', shared, idOf, positionDifference(ours, reference), tolerance.position_arcsec),
      ...comparableColumns(ours, reference).map(name =>
        agreement(name, shared, idOf, relativeDifference(ours, reference, name), tolerance.relative)),
    ],
  };
}

/** Row of the latest version of each object. */
function latestVersions(table: Table): Map<bigint, number> {
  const start = 'validityStartMjdTai' in table.columns ? numbers(table, 'validityStartMjdTai') : new Float64Array(table.nRows);
  const rows = new Map<bigint, number>();
  column(table, 'diaObjectId', 'i64').forEach((id, i) => {
    const before = rows.get(id);
    if (before === undefined || start[i]! > start[before]!) rows.set(id, i);
  });
  return rows;
}

/** Identifiers, and times at which somebody processed something, are no results. */
const NOT_COMPARED = /^(ra|dec|pixelId|diaObjectId|validity\w+)$|_isNull$/;

function comparableColumns(ours: Table, reference: Table): string[] {
  return Object.entries(ours.columns)
    .filter(([name, c]) => c.type !== 'string' && !NOT_COMPARED.test(name) && reference.columns[name] !== undefined
      && reference.columns[name].type !== 'string')
    .map(([name]) => name);
}

interface Compared {
  readonly ours: number;
  readonly theirs: number;
  readonly difference: number;
  readonly isRounding?: boolean;
}
type Difference = (pair: SharedObject) => Compared;

/** Sums of a few numbers in single precision are this good relative to the largest of them. */
const SINGLE_PRECISION = 2 ** -21;

function positionDifference(ours: Table, reference: Table): Difference {
  const [ra, dec, refRa, refDec] = [numbers(ours, 'ra'), numbers(ours, 'dec'), numbers(reference, 'ra'), numbers(reference, 'dec')];
  return ({ ours: i, theirs: j }) => ({
    ours: ra[i]! + dec[i]!, theirs: refRa[j]! + refDec[j]!, difference: separation_arcsec(ra[i]!, dec[i]!, refRa[j]!, refDec[j]!),
  });
}

function relativeDifference(ours: Table, reference: Table, name: string): Difference {
  const [a, b] = [numbers(ours, name), numbers(reference, name)];
  const band = /^([a-z])_psfFlux(Mean|Sigma)$/.exec(name)?.[1];
  const extremes = band === undefined ? [] : ['Min', 'Max'].map(which => numbers(ours, `${band}_psfFlux${which}`));
  return ({ ours: i, theirs: j }) => {
    const apart = Math.abs(a[i]! - b[j]!);
    return {
      ours: a[i]!, theirs: b[j]!, difference: a[i] === b[j] ? 0 : apart / Math.max(Math.abs(a[i]!), Math.abs(b[j]!)),
      isRounding: extremes.some(values => apart <= SINGLE_PRECISION * Math.abs(values[i]!)),
    };
  };
}

function agreement(
  name: string, shared: readonly SharedObject[], idOf: (pair: SharedObject) => bigint, difference: Difference, tolerance: number,
): ColumnAgreement {
  let [nBoth, nBeyond, nRounding, nOnlyOurs, nOnlyTheirs, largest, worstId] = [0, 0, 0, 0, 0, 0, 0n];
  for (const pair of shared) {
    const d = difference(pair);
    if (Number.isNaN(d.ours) || Number.isNaN(d.theirs)) {
      if (!Number.isNaN(d.ours)) nOnlyOurs++;
      if (!Number.isNaN(d.theirs)) nOnlyTheirs++;
      continue;
    }
    nBoth++;
    if (d.difference > tolerance) nBeyond++;
    if (d.difference > tolerance && d.isRounding === true) nRounding++;
    if (d.difference > largest) [largest, worstId] = [d.difference, idOf(pair)];
  }
  return { column: name, nBoth, nBeyond, nRounding, nOnlyOurs, nOnlyTheirs, largest, worstId };
}
