/** Minimum-cost assignment on a sparse graph. */

/** Edges of row r are start[r] .. start[r + 1] - 1. */
export interface AssignmentGraph {
  readonly nCols: number;
  readonly start: Int32Array;
  /** Column and cost of each edge; costs are finite and of any sign. */
  readonly col: Int32Array;
  readonly cost: Float64Array;
  /** What it costs to leave each row without a column. */
  readonly alone: Float64Array;
}

/**
 * Edge of each row (or -1) such that the sum of costs is least and no column is used twice, by shortest augmenting paths
 * over reduced costs (Jonker & Volgenant 1987; every row has a column of its own that means "none"). Each path searches
 * only the surroundings of its row: the cost is about linear in the edges of a sparse graph, O(rows^2 edges) at worst.
 * @throws RangeError when a cost is not finite.
 */
export function minimumCostAssignment(graph: AssignmentGraph): Int32Array {
  const { nCols, start, cost, alone } = graph;
  if (!cost.every(Number.isFinite) || !alone.every(Number.isFinite)) throw new RangeError('a cost is not finite');
  const nRows = start.length - 1;
  const state: State = {
    edgeOfRow: new Int32Array(nRows).fill(-1), colOfRow: new Int32Array(nRows).fill(-1), rowOfCol: new Int32Array(nCols).fill(-1),
    rowPotential: new Float64Array(nRows), colPotential: new Float64Array(nCols),
    distance: new Float64Array(nCols).fill(Infinity), viaEdge: new Int32Array(nCols), viaRow: new Int32Array(nCols),
    isDone: new Uint8Array(nCols),
  };
  for (let row = 0; row < nRows; row++) augment(row, graph, state);
  return state.edgeOfRow;
}

interface State {
  readonly edgeOfRow: Int32Array;
  readonly colOfRow: Int32Array;
  readonly rowOfCol: Int32Array;
  readonly rowPotential: Float64Array;
  readonly colPotential: Float64Array;
  /** Of the present search: infinite, and not done, outside of it. */
  readonly distance: Float64Array;
  readonly viaEdge: Int32Array;
  readonly viaRow: Int32Array;
  readonly isDone: Uint8Array;
}

/**
 * Dijkstra from a row without a column to the cheapest end: a free column, or a row on the way that is left alone
 * instead. Then the path is flipped.
 */
function augment(first: number, graph: AssignmentGraph, s: State): void {
  const touched: number[] = [];
  let [row, reached] = [first, 0];
  let [lonely, lonelyAt] = [first, Infinity];
  let end = -1;
  for (;;) {
    const left = reached + graph.alone[row]! - s.rowPotential[row]!;
    if (left < lonelyAt) [lonely, lonelyAt] = [row, left];
    for (let edge = graph.start[row]!; edge < graph.start[row + 1]!; edge++) {
      const col = graph.col[edge]!;
      if (s.isDone[col] === 1) continue;
      const length = reached + graph.cost[edge]! - s.rowPotential[row]! - s.colPotential[col]!;
      if (length >= s.distance[col]!) continue;
      if (s.distance[col] === Infinity) touched.push(col);
      [s.distance[col], s.viaEdge[col], s.viaRow[col]] = [length, edge, row];
    }
    const next = nearest(touched, s);
    if (next < 0 || s.distance[next]! > lonelyAt) break;
    reached = s.distance[next]!;
    s.isDone[next] = 1;
    if (s.rowOfCol[next]! < 0) {
      end = next;
      break;
    }
    row = s.rowOfCol[next]!;
  }
  raisePotentials(first, touched, end >= 0 ? reached : lonelyAt, s);
  if (end < 0) {
    end = s.colOfRow[lonely]!;
    [s.edgeOfRow[lonely], s.colOfRow[lonely]] = [-1, -1];
  }
  flip(end, s);
  for (const col of touched) [s.distance[col], s.isDone[col]] = [Infinity, 0];
}

function nearest(touched: readonly number[], { distance, isDone }: State): number {
  let best = -1;
  for (const col of touched) if (isDone[col] === 0 && (best < 0 || distance[col]! < distance[best]!)) best = col;
  return best;
}

function raisePotentials(first: number, touched: readonly number[], total: number, s: State): void {
  s.rowPotential[first]! += total;
  for (const col of touched) {
    if (s.isDone[col] === 0) continue;
    const change = total - s.distance[col]!;
    s.colPotential[col]! -= change;
    if (s.rowOfCol[col]! >= 0) s.rowPotential[s.rowOfCol[col]!]! += change;
  }
}

/** Gives `end` to the row that the path came from, that row's column to the one before, and so on up to the first row. */
function flip(end: number, s: State): void {
  for (let col = end; col >= 0;) {
    const row = s.viaRow[col]!;
    const before = s.colOfRow[row]!;
    [s.edgeOfRow[row], s.colOfRow[row], s.rowOfCol[col]] = [s.viaEdge[col]!, col, row];
    col = before;
  }
}
