/** Known solar-system objects among the sources of an image: they are taken out before DIAObjects are associated. */
import { ApError } from '../../model/errors.ts';
import { column, numbers, withColumns } from '../../model/table.ts';
import type { Table } from '../../model/table.ts';
import { pairsOnSky } from '../../sky/skyMatch.ts';
import { directionOf, unitVector } from '../../sky/sphere.ts';
import type { Vector3 } from '../../sky/sphere.ts';
import { apparentDirection, perihelionOf } from '../../sky/twoBody.ts';
import type { OrbitalElements } from '../../sky/twoBody.ts';
import { optionalNumbers } from './sourceHistory.ts';
import { visitsOf } from './associateCatalog.ts';

/** Where known objects are at one time; objects that have no position then are left out. */
export type Ephemeris = (mjd: number) => SkyObjects;

export interface SkyObjects {
  readonly ids: readonly bigint[];
  readonly ra: readonly number[];
  readonly dec: readonly number[];
}

/**
 * Ephemeris of a table of positions: ssObjectId, midpointMjdTai (or mjd), ra, dec (degrees), several times an object.
 * Between times by a cubic through the four nearest (fewer when there are fewer); an object has no position outside of
 * its times, and one with a single time only within 30 s of it.
 */
export function tabulatedEphemeris(table: Table): Ephemeris {
  const times = numbers(table, 'midpointMjdTai' in table.columns ? 'midpointMjdTai' : 'mjd');
  const [ra, dec] = [numbers(table, 'ra'), numbers(table, 'dec')];
  const nodes = new Map<bigint, { time: number; at: Vector3 }[]>();
  column(table, 'ssObjectId', 'i64').forEach((id, i) => {
    const own = nodes.get(id) ?? [];
    nodes.set(id, own);
    if (Number.isFinite(times[i]! + ra[i]! + dec[i]!)) own.push({ time: times[i]!, at: unitVector(ra[i]!, dec[i]!) });
  });
  for (const own of nodes.values()) own.sort((a, b) => a.time - b.time);
  return mjd => objectsAt([...nodes].map(([id, own]) => [id, interpolated(own, mjd)]));
}

const SINGLE_TIME_D = 30 / 86_400;

function interpolated(nodes: readonly { readonly time: number; readonly at: Vector3 }[], mjd: number): [number, number] {
  const [first, last] = [nodes[0], nodes.at(-1)];
  const slack = nodes.length === 1 ? SINGLE_TIME_D : 1e-9;
  if (first === undefined || last === undefined || mjd < first.time - slack || mjd > last.time + slack) return [NaN, NaN];
  if (nodes.length === 1) return directionOf(first.at);
  const after = Math.max(1, nodes.findIndex(n => n.time >= mjd));
  const begin = Math.min(Math.max(0, after - 2), Math.max(0, nodes.length - 4));
  const used = nodes.slice(begin, begin + 4);
  const sum: [number, number, number] = [0, 0, 0];
  for (const node of used) {
    let weight = 1;
    for (const other of used) if (other !== node) weight *= (mjd - other.time) / (node.time - other.time);
    for (const k of [0, 1, 2] as const) sum[k] += weight * node.at[k];
  }
  return directionOf(sum);
}

/**
 * Ephemeris of orbital elements on two-body orbits, with the names of the table mpc_orbits: ssObjectId, e, i, node,
 * argperi, and q with peri_time, or a with mean_anomaly and epoch_mjd (degrees, au, MJD).
 * @param observer - heliocentric position of the observer on the axes of the ICRS, au, at a time; NaN where it is unknown.
 */
export function orbitalEphemeris(table: Table, observer: (mjd: number) => Vector3): Ephemeris {
  const read = (name: string): Float64Array => optionalNumbers(table, name);
  const [e, i, node, argPeri, q, perihelion] = ['e', 'i', 'node', 'argperi', 'q', 'peri_time'].map(read);
  const [a, anomaly, epoch] = ['a', 'mean_anomaly', 'epoch_mjd'].map(read);
  const orbits = Array.from(column(table, 'ssObjectId', 'i64'), (id, k): [bigint, OrbitalElements] => {
    const hasPerihelion = Number.isFinite(q![k]! + perihelion![k]!);
    const from = hasPerihelion ? { q_au: q![k]!, perihelionTime_mjd: perihelion![k]! }
      : perihelionOf({ a_au: a![k]!, e: e![k]!, meanAnomaly_deg: anomaly![k]!, epoch_mjd: epoch![k]! });
    return [id, { ...from, e: e![k]!, inclination_deg: i![k]!, node_deg: node![k]!, argPerihelion_deg: argPeri![k]! }];
  });
  return mjd => objectsAt(orbits.map(([id, elements]) => [id, apparentDirection(elements, observer(mjd), mjd)]));
}

/** Positions of an observer from a table mjd, x, y, z (au), by a cubic through the four nearest times; NaN outside of them. */
export function tabulatedObserver(table: Table): (mjd: number) => Vector3 {
  const [time, x, y, z] = ['mjd', 'x', 'y', 'z'].map(name => numbers(table, name));
  const order = Array.from(time!.keys()).sort((i, j) => time![i]! - time![j]!);
  return mjd => {
    const after = order.findIndex(k => time![k]! >= mjd);
    if (after < 0 || (after === 0 && time![order[0]!]! > mjd)) return [NaN, NaN, NaN];
    const begin = Math.min(Math.max(0, after - 2), Math.max(0, order.length - 4));
    const used = order.slice(begin, begin + 4);
    const at = (values: Float64Array): number => used.reduce((sum, k) => {
      const weight = used.reduce((w, other) => (other === k ? w : (w * (mjd - time![other]!)) / (time![k]! - time![other]!)), 1);
      return sum + weight * values[k]!;
    }, 0);
    return [at(x!), at(y!), at(z!)];
  };
}

function objectsAt(all: readonly (readonly [bigint, readonly [number, number]])[]): SkyObjects {
  const known = all.filter(([, [ra, dec]]) => Number.isFinite(ra + dec));
  return { ids: known.map(([id]) => id), ra: known.map(([, p]) => p[0]), dec: known.map(([, p]) => p[1]) };
}

/**
 * For each source the row of its solar-system object, or -1: all pairs within the radius, closest first, each source
 * and object once (SolarSystemAssociationTask). NaN matches nothing.
 */
export function matchSolarSystem(ra: ArrayLike<number>, dec: ArrayLike<number>, objects: SkyObjects, radius_arcsec: number): Int32Array {
  const pairs = pairsOnSky(ra, dec, objects.ra, objects.dec, radius_arcsec);
  const found = new Int32Array(ra.length).fill(-1);
  const taken = new Set<number>();
  const order = Array.from(pairs.first.keys()).sort((a, b) => pairs.separation_arcsec[a]! - pairs.separation_arcsec[b]! || a - b);
  for (const k of order) {
    const [i, j] = [pairs.first[k]!, pairs.second[k]!];
    if (found[i]! >= 0 || taken.has(j)) continue;
    found[i] = j;
    taken.add(j);
  }
  return found;
}

/**
 * The catalog with `ssObjectId` of the sources that are solar-system objects, visit by visit; sources that had one keep it.
 * @throws ApError BAD_FORMAT when an object has the identifier 0, which means "none".
 */
export function withSolarSystemObjects(
  catalog: Table, ephemeris: Ephemeris, radius_arcsec: number,
): { readonly catalog: Table; readonly nMatched: number } {
  const [ra, dec] = [numbers(catalog, 'ra'), numbers(catalog, 'dec')];
  const values = catalog.columns.ssObjectId?.type === 'i64' ? column(catalog, 'ssObjectId', 'i64').slice() : new BigInt64Array(catalog.nRows);
  const isNull = catalog.columns.ssObjectId_isNull?.values as Uint8Array | undefined;
  values.forEach((_, i) => { if (isNull?.[i] === 1) values[i] = 0n; });
  let nMatched = 0;
  for (const { rows, time_mjdTai } of visitsOf(catalog)) {
    const free = rows.filter(i => values[i] === 0n);
    const objects = ephemeris(time_mjdTai);
    if (objects.ids.includes(0n)) throw new ApError('BAD_FORMAT', { where: 'ssObjectId', found: '0', expected: 'identifiers other than 0' });
    const found = matchSolarSystem(Float64Array.from(free, i => ra[i]!), Float64Array.from(free, i => dec[i]!), objects, radius_arcsec);
    found.forEach((j, k) => {
      if (j < 0) return;
      values[free[k]!] = objects.ids[j]!;
      nMatched++;
    });
  }
  const { ssObjectId_isNull: _isNull, ...columns } = catalog.columns;
  const doc = 'solar-system object of the source; 0 for none';
  return { nMatched, catalog: withColumns({ nRows: catalog.nRows, columns }, { ssObjectId: { type: 'i64', unit: '', doc, values } }) };
}
