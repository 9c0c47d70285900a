/** Neighbours on the sky through a hash grid of unit vectors: cost is linear in the catalogs plus the pairs found. */

const RADIAN = Math.PI / 180;
const ARCSEC_PER_RADIAN = 3600 / RADIAN;

export interface SkyMatch {
  /** For each position of the first catalog: index in the second, -1 when none is within the radius. */
  readonly index: Int32Array;
  /** Distance to it; NaN when there is none. */
  readonly separation_arcsec: Float64Array;
}

/** Nearest position of the second catalog within a radius, for each of the first. Positions with NaN never match. */
export function nearestOnSky(
  ra1: ArrayLike<number>, dec1: ArrayLike<number>, ra2: ArrayLike<number>, dec2: ArrayLike<number>,
  radius_arcsec: number,
): SkyMatch {
  const grid = skyGrid(ra2, dec2, radius_arcsec);
  const index = new Int32Array(ra1.length).fill(-1);
  const separation = new Float64Array(ra1.length).fill(NaN);
  for (let i = 0; i < ra1.length; i++) {
    let best = Infinity;
    forEachNear(grid, ra1[i]!, dec1[i]!, (j, distance) => {
      if (distance < best || (distance === best && j < index[i]!)) {
        best = distance;
        index[i] = j;
        separation[i] = distance;
      }
    });
  }
  return { index, separation_arcsec: separation };
}

export interface SkyPairs {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly separation_arcsec: Float64Array;
}

/** All pairs within a radius, ordered by first index, then second. */
export function pairsOnSky(
  ra1: ArrayLike<number>, dec1: ArrayLike<number>, ra2: ArrayLike<number>, dec2: ArrayLike<number>,
  radius_arcsec: number,
): SkyPairs {
  const grid = skyGrid(ra2, dec2, radius_arcsec);
  const rows: [number, number, number][] = [];
  for (let i = 0; i < ra1.length; i++) {
    forEachNear(grid, ra1[i]!, dec1[i]!, (j, distance) => rows.push([i, j, distance]));
  }
  rows.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  return {
    first: Int32Array.from(rows, r => r[0]),
    second: Int32Array.from(rows, r => r[1]),
    separation_arcsec: Float64Array.from(rows, r => r[2]),
  };
}

export interface SkyGrid {
  readonly radius_arcsec: number;
  readonly cell: number;
  readonly vectors: Float64Array;
  /** First member of each hash bucket and the next one of each member; -1 ends the chain. */
  readonly head: Int32Array;
  readonly next: Int32Array;
}

/** An index of positions (degrees) for look-ups within one fixed radius; rows with NaN are left out. */
export function skyGrid(ra: ArrayLike<number>, dec: ArrayLike<number>, radius_arcsec: number): SkyGrid {
  if (!(radius_arcsec > 0)) throw new RangeError(`the match radius must be positive, not ${radius_arcsec} arcsec`);
  const n = ra.length;
  const chord = 2 * Math.sin(Math.min(radius_arcsec / ARCSEC_PER_RADIAN, Math.PI) / 2);
  const cell = Math.max(chord * (1 + 1e-9), 1e-7);
  const vectors = new Float64Array(3 * n);
  const size = 1 << Math.max(4, Math.ceil(Math.log2(2 * n + 1)));
  const head = new Int32Array(size).fill(-1);
  const next = new Int32Array(n).fill(-1);
  for (let i = n - 1; i >= 0; i--) {
    setVector(vectors, 3 * i, ra[i]!, dec[i]!);
    if (Number.isNaN(vectors[3 * i]!)) continue;
    const bucket = hash(Math.floor(vectors[3 * i]! / cell), Math.floor(vectors[3 * i + 1]! / cell),
      Math.floor(vectors[3 * i + 2]! / cell), size);
    next[i] = head[bucket]!;
    head[bucket] = i;
  }
  return { radius_arcsec, cell, vectors, head, next };
}

/** Calls `visit(index, separation_arcsec)` for every position of the grid within its radius; in no particular order. */
export function forEachNear(
  grid: SkyGrid, ra: number, dec: number, visit: (index: number, separation_arcsec: number) => void,
): void {
  const { cell, vectors: v, head, next } = grid;
  const p = new Float64Array(3);
  setVector(p, 0, ra, dec);
  if (Number.isNaN(p[0]!)) return;
  const [cx, cy, cz] = [Math.floor(p[0]! / cell), Math.floor(p[1]! / cell), Math.floor(p[2]! / cell)];
  for (let k = 0; k < 27; k++) {
    const [ix, iy, iz] = [cx + (k % 3) - 1, cy + (Math.floor(k / 3) % 3) - 1, cz + Math.floor(k / 9) - 1];
    for (let i = head[hash(ix, iy, iz, head.length)]!; i >= 0; i = next[i]!) {
      const at = 3 * i;
      // Different cells may share a bucket: only members of the cell itself count, so that none is visited twice.
      if (Math.floor(v[at]! / cell) !== ix || Math.floor(v[at + 1]! / cell) !== iy
        || Math.floor(v[at + 2]! / cell) !== iz) continue;
      const chord = Math.hypot(v[at]! - p[0]!, v[at + 1]! - p[1]!, v[at + 2]! - p[2]!);
      const separation = 2 * Math.asin(Math.min(1, chord / 2)) * ARCSEC_PER_RADIAN;
      if (separation <= grid.radius_arcsec) visit(i, separation);
    }
  }
}

function setVector(out: Float64Array, at: number, ra: number, dec: number): void {
  const [a, d] = [ra * RADIAN, dec * RADIAN];
  out[at] = Math.cos(a) * Math.cos(d);
  out[at + 1] = Math.sin(a) * Math.cos(d);
  out[at + 2] = Math.sin(d);
}

function hash(x: number, y: number, z: number, size: number): number {
  const h = Math.imul(x, 73856093) ^ Math.imul(y, 19349663) ^ Math.imul(z, 83492791);
  return (h ^ (h >>> 15)) & (size - 1);
}
