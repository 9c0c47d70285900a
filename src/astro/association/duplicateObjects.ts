/** DIAObjects that are one: two detectors of a visit have each made a new object of the same star, as neither saw the other's. */
import { pairsOnSky } from '../../sky/skyMatch.ts';

export interface ObjectPlaces {
  readonly diaObjectId: BigInt64Array;
  /** Degrees. */
  readonly ra: Float64Array;
  readonly dec: Float64Array;
  readonly nDiaSources: ArrayLike<number>;
  readonly first_mjdTai: Float64Array;
  /** False: only a partner for others. */
  readonly isCandidate: ArrayLike<boolean>;
}

export interface DuplicateGroup {
  /** The object with the most sources; of equal ones the one seen first, then the lower identifier. */
  readonly kept: bigint;
  readonly removed: readonly bigint[];
}

/**
 * Groups of objects closer than the radius, closest pairs first, of which at least one is a candidate. Two objects that were
 * both seen in one image are two: `images` tells in which images (visit and detector) an object has sources. A group
 * never holds two objects of one image. Cost: that of finding the pairs, n log n.
 * @param images - called for objects that have a neighbour, once each.
 */
export function duplicateGroups(
  objects: ObjectPlaces, radius_arcsec: number, images: (diaObjectId: bigint) => ReadonlySet<string>,
): DuplicateGroup[] {
  const { ra, dec, isCandidate } = objects;
  const found = pairsOnSky(ra, dec, ra, dec, radius_arcsec);
  const pairs = Array.from(found.first, (a, k) => ({ a, b: found.second[k]!, distance: found.separation_arcsec[k]! }))
    .filter(({ a, b }) => a < b && (isCandidate[a]! || isCandidate[b]!))
    .sort((p, q) => p.distance - q.distance || p.a - q.a || p.b - q.b);
  const groups = new Map<number, { members: number[]; images: Set<string> }>();
  const groupOf = (i: number): { members: number[]; images: Set<string> } => {
    let group = groups.get(i);
    if (group === undefined) groups.set(i, group = { members: [i], images: new Set(images(objects.diaObjectId[i]!)) });
    return group;
  };
  for (const { a, b } of pairs) {
    const [one, other] = [groupOf(a), groupOf(b)];
    if (one === other || [...other.images].some(image => one.images.has(image))) continue;
    one.members.push(...other.members);
    for (const image of other.images) one.images.add(image);
    for (const member of other.members) groups.set(member, one);
  }
  return [...new Set(groups.values())].filter(({ members }) => members.length > 1).map(({ members }) => ordered(objects, members));
}

function ordered({ diaObjectId, nDiaSources, first_mjdTai }: ObjectPlaces, members: readonly number[]): DuplicateGroup {
  const [kept, ...removed] = members.toSorted((a, b) =>
    nDiaSources[b]! - nDiaSources[a]! || first_mjdTai[a]! - first_mjdTai[b]! || (diaObjectId[a]! < diaObjectId[b]! ? -1 : 1));
  return { kept: diaObjectId[kept!]!, removed: removed.map(i => diaObjectId[i]!) };
}
