/** How many DIASources of a true object lie in which DIAObject. */
import type { TruthRecovery } from '../src/harness/digests/truthRecovery.ts';
import type { Item } from '../src/harness/resultSource.ts';
import { column } from '../src/model/table.ts';
import type { Table } from '../src/model/table.ts';

export interface AssociatedSource {
  readonly diaObjectId: bigint;
  readonly truthId: string;
  readonly kind: string;
}

/** The stored DIASources that lie on a true object. Those on nothing have no truth and are the matter of purity. */
export function associatedSources(sources: readonly Item<Table>[], recovery: readonly Item<TruthRecovery>[]): AssociatedSource[] {
  const truthOf = new Map(recovery.flatMap(({ value }) => value.changes.flatMap(c =>
    (c.match === null ? [] : [[c.match.diaSourceId, { truthId: c.id, kind: c.kind }] as const]))));
  return sources.flatMap(({ value }) => {
    const objects = column(value, 'diaObjectId', 'i64');
    return Array.from(column(value, 'diaSourceId', 'i64')).flatMap((id, row) => {
      const found = truthOf.get(String(id));
      return found === undefined ? [] : [{ diaObjectId: objects[row]!, ...found }];
    });
  });
}

/** Sum over groups of the size of the largest subgroup. */
export function majorityCount<G, S>(pairs: readonly { readonly group: G; readonly sub: S }[]): number {
  const groups = new Map<G, Map<S, number>>();
  for (const { group, sub } of pairs) {
    const counts = groups.get(group) ?? new Map<S, number>();
    groups.set(group, counts.set(sub, (counts.get(sub) ?? 0) + 1));
  }
  return [...groups.values()].reduce((sum, counts) => sum + Math.max(...counts.values()), 0);
}

/** Members and different subgroups of each group. */
export function partners<G, S>(pairs: readonly { readonly group: G; readonly sub: S }[]): { n: number; nSubs: number }[] {
  return [...Map.groupBy(pairs, p => p.group).values()]
    .map(members => ({ n: members.length, nSubs: new Set(members.map(m => m.sub)).size }));
}
