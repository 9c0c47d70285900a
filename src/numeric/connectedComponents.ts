/** Connected regions of a binary image as runs of pixels. */

export interface Components {
  /** Triples y, x0, x1 (x1 inclusive) in raster order. */
  readonly runs: Int32Array;
  /** Component of each run, numbered 0, 1, ... by the first run in raster order. */
  readonly label: Int32Array;
  readonly count: number;
}

/**
 * Regions of non-zero pixels that touch over a side or a corner (8 neighbours).
 * @param on - row-major width * height, not modified. O(pixels + runs); union-find over runs of a row.
 */
export function connectedComponents(on: Uint8Array, width: number, height: number): Components {
  const runs = runsOf(on, width, height);
  const nRuns = runs.length / 3;
  const parent = Int32Array.from({ length: nRuns }, (_, i) => i);
  joinRows(runs, parent);
  const label = new Int32Array(nRuns);
  let count = 0;
  for (let r = 0; r < nRuns; r++) {
    const root = find(parent, r);
    label[r] = root === r ? count++ : label[root]!;
  }
  return { runs, label, count };
}

function runsOf(on: Uint8Array, width: number, height: number): Int32Array {
  let runs = new Int32Array(3 * 1024);
  let n = 0;
  for (let y = 0; y < height; y++) {
    const end = (y + 1) * width;
    for (let at = y * width; at < end;) {
      if (on[at] === 0) { at++; continue; }
      const start = at;
      while (at < end && on[at] !== 0) at++;
      if (n + 3 > runs.length) {
        const larger = new Int32Array(2 * runs.length);
        larger.set(runs);
        runs = larger;
      }
      runs[n++] = y;
      runs[n++] = start - y * width;
      runs[n++] = at - 1 - y * width;
    }
  }
  return runs.slice(0, n);
}

/** Joins each run with the touching runs of the row above; a root is always the smallest run of its component. */
function joinRows(runs: Int32Array, parent: Int32Array): void {
  let above = 0;
  for (let r = 0; r < parent.length; r++) {
    const y = runs[3 * r]!;
    const x0 = runs[3 * r + 1]! - 1;
    const x1 = runs[3 * r + 2]! + 1;
    while (above < r && (runs[3 * above]! < y - 1 || (runs[3 * above]! === y - 1 && runs[3 * above + 2]! < x0))) above++;
    for (let a = above; a < r && runs[3 * a]! === y - 1 && runs[3 * a + 1]! <= x1; a++) {
      const p = find(parent, a);
      const q = find(parent, r);
      if (p < q) parent[q] = p;
      else parent[p] = q;
    }
  }
}

function find(parent: Int32Array, i: number): number {
  let root = i;
  while (parent[root] !== root) root = parent[root]!;
  while (parent[i] !== root) {
    const next = parent[i]!;
    parent[i] = root;
    i = next;
  }
  return root;
}
