/** Minimum-cost assignment. */

/**
 * Column of each row such that the sum of costs is least and no column is used twice, by shortest augmenting paths
 * (Jonker & Volgenant 1987, in the form with row and column potentials). O(nRows^2 nCols).
 * @param cost - row-major nRows x nCols, nRows <= nCols; +Infinity forbids a pair. Not modified.
 * @throws RangeError when there are fewer columns than rows, or no complete assignment exists.
 */
export function minimumCostAssignment(cost: Float64Array, nRows: number, nCols: number): Int32Array {
  if (nRows > nCols) throw new RangeError(`${nRows} rows cannot be assigned to ${nCols} columns`);
  const rowPotential = new Float64Array(nRows);
  const colPotential = new Float64Array(nCols);
  const rowOf = new Int32Array(nCols).fill(-1);
  for (let row = 0; row < nRows; row++) augment(row, { cost, nCols, rowPotential, colPotential, rowOf });
  const colOf = new Int32Array(nRows);
  for (let col = 0; col < nCols; col++) if (rowOf[col]! >= 0) colOf[rowOf[col]!] = col;
  return colOf;
}

interface State {
  readonly cost: Float64Array;
  readonly nCols: number;
  readonly rowPotential: Float64Array;
  readonly colPotential: Float64Array;
  readonly rowOf: Int32Array;
}

/** Dijkstra over reduced costs from a free row to the nearest free column, then the path is flipped. */
function augment(start: number, { cost, nCols, rowPotential, colPotential, rowOf }: State): void {
  const distance = new Float64Array(nCols).fill(Infinity);
  const from = new Int32Array(nCols).fill(-1);
  const done = new Uint8Array(nCols);
  const visited: number[] = [];
  let row = start;
  let via = -1;
  let reached = 0;
  for (;;) {
    let next = -1;
    for (let col = 0; col < nCols; col++) {
      if (done[col] === 1) continue;
      const length = reached + cost[row * nCols + col]! - rowPotential[row]! - colPotential[col]!;
      if (length < distance[col]!) {
        distance[col] = length;
        from[col] = via;
      }
      if (next < 0 || distance[col]! < distance[next]!) next = col;
    }
    if (next < 0 || distance[next] === Infinity) throw new RangeError('no complete assignment exists');
    reached = distance[next]!;
    done[next] = 1;
    visited.push(next);
    via = next;
    if (rowOf[next]! < 0) break;
    row = rowOf[next]!;
  }
  rowPotential[start]! += reached;
  for (const col of visited) {
    if (rowOf[col]! >= 0) rowPotential[rowOf[col]!]! += reached - distance[col]!;
    colPotential[col]! -= reached - distance[col]!;
  }
  for (let col = via; col >= 0; col = from[col]!) rowOf[col] = from[col]! >= 0 ? rowOf[from[col]!]! : start;
}
