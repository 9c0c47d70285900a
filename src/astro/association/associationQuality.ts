/** How well an association recovers the true objects of a generated catalog. */

export interface AssociationQuality {
  /** Of the sources whose true object was seen before: those that joined the DIAObject of its first source. */
  readonly completeness: number;
  readonly nSeenBefore: number;
  /** Of the sources that joined a DIAObject: those whose true object is that of most of its sources. */
  readonly purity: number;
  readonly nJoined: number;
}

/**
 * @param truth - true object of each row, in the order of time. @param found - DIAObject of each row.
 * @param counts - rows that count; all rows decide what the objects are.
 */
export function associationQuality(truth: Int32Array, found: BigInt64Array, counts: (row: number) => boolean): AssociationQuality {
  const firstOf = new Map<number, bigint>();
  const truthsOf = new Map<bigint, Map<number, number>>();
  let [nSeenBefore, nRecovered] = [0, 0];
  truth.forEach((t, row) => {
    const id = found[row]!;
    const first = firstOf.get(t);
    if (first === undefined) firstOf.set(t, id);
    else if (counts(row)) {
      nSeenBefore++;
      if (first === id) nRecovered++;
    }
    const truths = truthsOf.get(id) ?? new Map<number, number>();
    truthsOf.set(id, truths.set(t, (truths.get(t) ?? 0) + 1));
  });
  const mostly = new Map<bigint, number>();
  const size = new Map<bigint, number>();
  for (const [id, truths] of truthsOf) {
    let [best, n, total] = [-1, 0, 0];
    for (const [t, count] of truths) {
      total += count;
      if (count > n) [best, n] = [t, count];
    }
    mostly.set(id, best);
    size.set(id, total);
  }
  let [nJoined, nPure] = [0, 0];
  found.forEach((id, row) => {
    if (size.get(id)! < 2 || !counts(row)) return;
    nJoined++;
    if (mostly.get(id) === truth[row]) nPure++;
  });
  return { completeness: nRecovered / nSeenBefore, nSeenBefore, purity: nPure / nJoined, nJoined };
}
