/**
 * Neighbours on the sky within a radius. The smaller catalog is entered into every cell that its circles touch, so that
 * each position of the larger one has to look into a single cell: the cost is linear in both, with a small constant for
 * the larger, and there is no tree to build.
 */
import { normalRa } from './angles.ts';
import { separation_arcsec } from './sphere.ts';

const RADIAN = Math.PI / 180;
/** Cells are as wide as a circle; never smaller than this, so that their numbers stay in 32 bits. */
const MIN_CELL_DEG = 0.01 / 3600;
/** Circles are entered a little larger than they are: the exact cut is by the separation. */
const GROWTH = 1 + 1e-9;
const GROWTH_DEG = 1e-11;

export interface SkyMatch {
  /** For each position of the first catalog: index in the second, -1 when none is within the radius. */
  readonly index: Int32Array;
  /** Distance to it; NaN when there is none. */
  readonly separation_arcsec: Float64Array;
}

/**
 * Nearest position of the second catalog within a radius, for each of the first (degrees). Of equal distances the lower
 * index counts. Positions with NaN never match. @throws RangeError for a radius that is not positive.
 */
export function nearestOnSky(
  ra1: ArrayLike<number>, dec1: ArrayLike<number>, ra2: ArrayLike<number>, dec2: ArrayLike<number>,
  radius_arcsec: number,
): SkyMatch {
  const index = new Int32Array(ra1.length).fill(-1);
  const separation = new Float64Array(ra1.length).fill(NaN);
  const visit = (i: number, j: number, distance: number): void => {
    const best = separation[i]!;
    if (distance > best || (distance === best && j > index[i]!)) return;
    index[i] = j;
    separation[i] = distance;
  };
  forEachPair(positions(ra1, dec1), positions(ra2, dec2), radius_arcsec, visit);
  return { index, separation_arcsec: separation };
}

export interface SkyPairs {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly separation_arcsec: Float64Array;
}

/** All pairs within a radius (degrees), ordered by first index, then second; otherwise as `nearestOnSky`. */
export function pairsOnSky(
  ra1: ArrayLike<number>, dec1: ArrayLike<number>, ra2: ArrayLike<number>, dec2: ArrayLike<number>,
  radius_arcsec: number,
): SkyPairs {
  let [first, second, separation] = [new Int32Array(1024), new Int32Array(1024), new Float64Array(1024)];
  let n = 0;
  forEachPair(positions(ra1, dec1), positions(ra2, dec2), radius_arcsec, (i, j, distance) => {
    if (n === first.length) [first, second, separation] = [grown(first), grown(second), grown(separation)];
    first[n] = i;
    second[n] = j;
    separation[n++] = distance;
  });
  return sortedByFirst({
    first: first.subarray(0, n), second: second.subarray(0, n), separation_arcsec: separation.subarray(0, n),
  }, ra1.length);
}

function grown<T extends Int32Array | Float64Array>(values: T): T {
  const out = new (values.constructor as new (n: number) => T)(2 * values.length);
  out.set(values);
  return out;
}

/** The pairs in the order of their first index; pairs of one first index keep their order. Counting sort. */
function sortedByFirst(pairs: SkyPairs, nFirst: number): SkyPairs {
  const n = pairs.first.length;
  const start = new Int32Array(nFirst + 1);
  let isSorted = true;
  for (let k = 0; k < n; k++) {
    start[pairs.first[k]! + 1]!++;
    if (k > 0 && pairs.first[k]! < pairs.first[k - 1]!) isSorted = false;
  }
  if (isSorted) return pairs;
  for (let i = 0; i < nFirst; i++) start[i + 1]! += start[i]!;
  const [first, second, separation] = [new Int32Array(n), new Int32Array(n), new Float64Array(n)];
  for (let k = 0; k < n; k++) {
    const at = start[pairs.first[k]!]!++;
    first[at] = pairs.first[k]!;
    second[at] = pairs.second[k]!;
    separation[at] = pairs.separation_arcsec[k]!;
  }
  return { first, second, separation_arcsec: separation };
}

interface Positions {
  readonly ra: Float64Array;
  readonly dec: Float64Array;
}

function positions(ra: ArrayLike<number>, dec: ArrayLike<number>): Positions {
  const typed = (values: ArrayLike<number>): Float64Array => (values instanceof Float64Array ? values : Float64Array.from(values));
  return { ra: typed(ra), dec: typed(dec) };
}

type Visit = (first: number, second: number, separation_arcsec: number) => void;

/** Visits every pair once; in rising order of the larger catalog, and for each of its rows of the smaller one. */
function forEachPair(a: Positions, b: Positions, radius_arcsec: number, visit: Visit): void {
  if (!(radius_arcsec > 0)) throw new RangeError(`the match radius must be positive, not ${radius_arcsec} arcsec`);
  if (a.ra.length <= b.ra.length) scan(skyCells(a, radius_arcsec), b, (j, i, distance) => visit(i, j, distance));
  else scan(skyCells(b, radius_arcsec), a, visit);
}

interface SkyCells {
  readonly entered: Positions;
  readonly radius_arcsec: number;
  /** Zones of declination, `zonesPerDegree` from -90, of which `cellsPerZone[zone - zoneMin]` cells are around. */
  readonly zonesPerDegree: number;
  readonly zoneMin: number;
  readonly cellsPerZone: Int32Array;
  /** One bit for each hash value that is in use: most positions of a large catalog are done with here. */
  readonly bitmap: Int32Array;
  /** Chains of entries by hash value, each in rising order of the row; -1 ends a chain. */
  readonly head: Int32Array;
  readonly next: Int32Array;
  readonly zone: Int32Array;
  readonly cell: Int32Array;
  readonly row: Int32Array;
}

/** Enters each position into all cells that the circle around it touches. NaN rows are left out. */
function skyCells(entered: Positions, radius_arcsec: number): SkyCells {
  const radius_deg = Math.min(radius_arcsec / 3600, 180) * GROWTH + GROWTH_DEG;
  const zonesPerDegree = 1 / Math.max(2 * radius_deg, MIN_CELL_DEG);
  const zoneOf = (dec: number): number => Math.floor((Math.min(Math.max(dec, -90), 90) + 90) * zonesPerDegree);
  const { ra, dec } = entered;
  let [decMin, decMax] = [Infinity, -Infinity];
  for (let i = 0; i < ra.length; i++) {
    if (Number.isNaN(ra[i]! + dec[i]!)) continue;
    [decMin, decMax] = [Math.min(decMin, dec[i]!), Math.max(decMax, dec[i]!)];
  }
  const isEmpty = decMax < decMin;
  const zoneMin = isEmpty ? 0 : zoneOf(decMin - radius_deg);
  const zoneMax = isEmpty ? -1 : zoneOf(decMax + radius_deg);
  const cellsPerZone = Int32Array.from({ length: zoneMax - zoneMin + 1 }, (_, k) => {
    const middle = (zoneMin + k + 0.5) / zonesPerDegree - 90;
    return Math.max(1, Math.floor(360 * zonesPerDegree * Math.cos(middle * RADIAN)));
  });
  const entries: number[] = [];
  for (let i = ra.length - 1; i >= 0; i--) {
    if (Number.isNaN(ra[i]! + dec[i]!)) continue;
    const [start, halfWidth] = [normalRa(ra[i]!), halfWidth_deg(dec[i]!, radius_deg)];
    for (let zone = zoneOf(dec[i]! - radius_deg); zone <= zoneOf(dec[i]! + radius_deg); zone++) {
      const n = cellsPerZone[zone - zoneMin]!;
      const lo = Math.floor((start - halfWidth) * (n / 360));
      const hi = Math.min(Math.floor((start + halfWidth) * (n / 360)), lo + n - 1);
      for (let cell = lo; cell <= hi; cell++) entries.push(i, zone, ((cell % n) + n) % n);
    }
  }
  return { entered, radius_arcsec, zonesPerDegree, zoneMin, cellsPerZone, ...chains(entries) };
}

/** Half of the range of right ascension that a circle covers; 180 when the pole is inside. */
function halfWidth_deg(dec: number, radius_deg: number): number {
  if (Math.abs(dec) + radius_deg >= 90) return 180;
  return Math.min(180, (Math.asin(Math.sin(radius_deg * RADIAN) / Math.cos(dec * RADIAN)) / RADIAN) * GROWTH + GROWTH_DEG);
}

/** @param entries - row, zone and cell of each entry, in falling order of the row. */
function chains(entries: readonly number[]): Pick<SkyCells, 'bitmap' | 'head' | 'next' | 'zone' | 'cell' | 'row'> {
  const n = entries.length / 3;
  const size = 1 << Math.min(26, Math.max(10, Math.ceil(Math.log2(16 * n + 1))));
  const [bitmap, head] = [new Int32Array(size >> 5), new Int32Array(size).fill(-1)];
  const [next, zone, cell, row] = [new Int32Array(n), new Int32Array(n), new Int32Array(n), new Int32Array(n)];
  for (let k = 0; k < n; k++) {
    [row[k], zone[k], cell[k]] = [entries[3 * k]!, entries[3 * k + 1]!, entries[3 * k + 2]!];
    const h = hash(zone[k]!, cell[k]!, size);
    bitmap[h >> 5]! |= 1 << (h & 31);
    next[k] = head[h]!;
    head[h] = k;
  }
  return { bitmap, head, next, zone, cell, row };
}

/** Visits (row of the scanned catalog, row of the entered one, separation) of all pairs within the radius. */
function scan(cells: SkyCells, scanned: Positions, visit: Visit): void {
  const { entered, radius_arcsec, zonesPerDegree, zoneMin, cellsPerZone, bitmap, head, next, zone, cell, row } = cells;
  const { ra, dec } = scanned;
  const [nZones, size, n] = [cellsPerZone.length, head.length, ra.length];
  for (let i = 0; i < n; i++) {
    // NaN fails every comparison.
    const z = Math.floor((dec[i]! + 90) * zonesPerDegree) - zoneMin;
    if (!(z >= 0 && z < nZones)) continue;
    let a = ra[i]!;
    if (!(a >= 0 && a < 360)) a = normalRa(a);
    const cellsAround = cellsPerZone[z]!;
    const c = Math.min(Math.floor(a * (cellsAround / 360)), cellsAround - 1);
    const h = hash(z + zoneMin, c, size);
    if ((bitmap[h >> 5]! & (1 << (h & 31))) === 0) continue;
    for (let k = head[h]!; k >= 0; k = next[k]!) {
      if (zone[k] !== z + zoneMin || cell[k] !== c) continue;
      const j = row[k]!;
      const separation = separation_arcsec(a, dec[i]!, entered.ra[j]!, entered.dec[j]!);
      if (separation <= radius_arcsec) visit(i, j, separation);
    }
  }
}

function hash(zone: number, cell: number, size: number): number {
  let h = Math.imul(zone, 73856093) ^ Math.imul(cell, 19349663);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return (h ^ (h >>> 13)) & (size - 1);
}
