/** Nearest neighbours in the plane through a square grid. */

export interface PointGrid {
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly cell: number;
  readonly x0: number;
  readonly y0: number;
  readonly nx: number;
  readonly ny: number;
  /** Members of cell c are order[start[c]] .. order[start[c + 1] - 1]. */
  readonly start: Int32Array;
  readonly order: Int32Array;
}

/** Index of points for look-ups within about `cell`; points with NaN are left out. The arrays are copied. */
export function pointGrid(xs: ArrayLike<number>, ys: ArrayLike<number>, cell: number): PointGrid {
  const x = Float64Array.from(xs);
  const y = Float64Array.from(ys);
  let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < x.length; i++) {
    if (!Number.isFinite(x[i]! + y[i]!)) continue;
    [x0, x1] = [Math.min(x0, x[i]!), Math.max(x1, x[i]!)];
    [y0, y1] = [Math.min(y0, y[i]!), Math.max(y1, y[i]!)];
  }
  if (x1 < x0) [x0, y0, x1, y1] = [0, 0, 0, 0];
  const size = Math.max(cell, (x1 - x0) / 2000, (y1 - y0) / 2000);
  const nx = Math.floor((x1 - x0) / size) + 1;
  const ny = Math.floor((y1 - y0) / size) + 1;
  const start = new Int32Array(nx * ny + 1);
  const cellOf = (i: number): number => Math.floor((y[i]! - y0) / size) * nx + Math.floor((x[i]! - x0) / size);
  const finite = Array.from(x.keys()).filter(i => Number.isFinite(x[i]! + y[i]!));
  for (const i of finite) start[cellOf(i) + 1]! += 1;
  for (let c = 0; c < nx * ny; c++) start[c + 1]! += start[c]!;
  const fill = start.slice();
  const order = new Int32Array(finite.length);
  for (const i of finite) order[fill[cellOf(i)]!++] = i;
  return { x, y, cell: size, x0, y0, nx, ny, start, order };
}

/** Index of the nearest point within `radius` of (px, py), or -1. Ties go to the lower index. */
export function nearestPoint(grid: PointGrid, px: number, py: number, radius: number): number {
  let best = -1;
  let bestSquare = radius * radius;
  const { x, y } = grid;
  forEachCellMember(grid, px, py, radius, i => {
    const square = (x[i]! - px) ** 2 + (y[i]! - py) ** 2;
    if (square < bestSquare || (square === bestSquare && (best < 0 || i < best))) {
      best = i;
      bestSquare = square;
    }
  });
  return best;
}

/** Indices of all points within `radius` of (px, py), in no particular order. */
export function pointsWithin(grid: PointGrid, px: number, py: number, radius: number): number[] {
  const found: number[] = [];
  forEachCellMember(grid, px, py, radius, i => {
    if ((grid.x[i]! - px) ** 2 + (grid.y[i]! - py) ** 2 <= radius * radius) found.push(i);
  });
  return found;
}

/** Calls `visit` for the members of every cell that a circle of `radius` around (px, py) may touch. */
function forEachCellMember(grid: PointGrid, px: number, py: number, radius: number, visit: (i: number) => void): void {
  const { cell, x0, y0, nx, ny, start, order } = grid;
  if (!Number.isFinite(px + py)) return;
  const loX = Math.max(0, Math.floor((px - radius - x0) / cell));
  const hiX = Math.min(nx - 1, Math.floor((px + radius - x0) / cell));
  const loY = Math.max(0, Math.floor((py - radius - y0) / cell));
  const hiY = Math.min(ny - 1, Math.floor((py + radius - y0) / cell));
  for (let cy = loY; cy <= hiY; cy++) {
    for (let cx = loX; cx <= hiX; cx++) {
      const c = cy * nx + cx;
      for (let k = start[c]!; k < start[c + 1]!; k++) visit(order[k]!);
    }
  }
}

/** Pairs of two point sets that are each other's nearest within a radius, by rising first index. */
export function mutualNearest(
  xs: ArrayLike<number>, ys: ArrayLike<number>, other: PointGrid, radius: number,
): { first: Int32Array; second: Int32Array } {
  const own = pointGrid(xs, ys, Math.max(radius, 1e-9));
  const first: number[] = [];
  const second: number[] = [];
  for (let i = 0; i < own.x.length; i++) {
    const j = nearestPoint(other, own.x[i]!, own.y[i]!, radius);
    if (j < 0 || nearestPoint(own, other.x[j]!, other.y[j]!, radius) !== i) continue;
    first.push(i);
    second.push(j);
  }
  return { first: Int32Array.from(first), second: Int32Array.from(second) };
}
