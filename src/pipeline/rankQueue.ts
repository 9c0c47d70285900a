/** A queue of small integers that always gives the lowest first; O(log n) each way (binary heap). */
export interface RankQueue {
  readonly size: number;
  push(rank: number): void;
  /** The lowest rank, removed; -1 when the queue is empty. */
  pop(): number;
}

export function rankQueue(): RankQueue {
  const heap: number[] = [];
  return {
    get size() { return heap.length; },
    push(rank) {
      heap.push(rank);
      let at = heap.length - 1;
      while (at > 0) {
        const parent = (at - 1) >> 1;
        if (heap[parent]! <= heap[at]!) break;
        [heap[parent], heap[at]] = [heap[at]!, heap[parent]!];
        at = parent;
      }
    },
    pop() {
      const lowest = heap[0] ?? -1;
      const last = heap.pop();
      if (heap.length > 0) sink(heap, last!);
      return lowest;
    },
  };
}

function sink(heap: number[], value: number): void {
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child++;
    if (heap[child]! >= value) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = value;
}
