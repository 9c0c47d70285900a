/** Association of DIASources with DIAObjects: one to one, within a radius. */
import { minimumCostAssignment } from '../../numeric/assignment.ts';
import { pairsOnSky } from '../../sky/skyMatch.ts';
import type { SkyPairs } from '../../sky/skyMatch.ts';
import { tangentOffset_arcsec } from '../../sky/sphere.ts';

export interface SkyPositions {
  /** Degrees; errors are 1-sigma on the sky (raErr includes the cosine of the declination), NaN when unknown. */
  readonly ra: ArrayLike<number>;
  readonly dec: ArrayLike<number>;
  readonly raErr: ArrayLike<number>;
  readonly decErr: ArrayLike<number>;
}

export interface AssociationOptions {
  readonly radius_arcsec: number;
  /** 'optimal': likeliest set of pairs over each group of neighbours; 'nearest': closest pairs first. */
  readonly method: 'optimal' | 'nearest';
  /** Smallest position error of a source or an object, and the one taken for unknown errors. */
  readonly sigmaFloor_arcsec: number;
  readonly fallbackSigma_arcsec: number;
}

export const ASSOCIATION_DEFAULTS: AssociationOptions = {
  radius_arcsec: 1, method: 'optimal', sigmaFloor_arcsec: 0.05, fallbackSigma_arcsec: 0.2,
};

export interface Association {
  /** For each source the row of its object, or -1. */
  readonly object: Int32Array;
  readonly separation_arcsec: Float64Array;
  readonly nMatched: number;
  /** Objects without a source. */
  readonly nUnmatchedObjects: number;
}

/**
 * Pairs sources with objects. 'optimal' minimises the summed negative log likelihood
 * (chi^2 + ln(var_ra var_dec)) / 2 of the pairs inside every connected group, where leaving a source alone costs
 * more than any pair of its group; groups do not influence one another. Sources with NaN positions stay alone.
 */
export function associate(
  sources: SkyPositions, objects: SkyPositions, options: Partial<AssociationOptions> = {},
): Association {
  const o = { ...ASSOCIATION_DEFAULTS, ...options };
  const pairs = pairsOnSky(sources.ra, sources.dec, objects.ra, objects.dec, o.radius_arcsec);
  const object = new Int32Array(sources.ra.length).fill(-1);
  const accepted = o.method === 'nearest' ? nearestFirst(pairs) : likeliest(pairs, sources, objects, o);
  const separation = new Float64Array(object.length).fill(NaN);
  for (const k of accepted) {
    object[pairs.first[k]!] = pairs.second[k]!;
    separation[pairs.first[k]!] = pairs.separation_arcsec[k]!;
  }
  return {
    object, separation_arcsec: separation,
    nMatched: accepted.length, nUnmatchedObjects: objects.ra.length - accepted.length,
  };
}

/** Pairs by rising distance, each source and object once. Equal distances: lower source, then lower object first. */
function nearestFirst(pairs: SkyPairs): number[] {
  const order = Array.from(pairs.first.keys())
    .sort((a, b) => pairs.separation_arcsec[a]! - pairs.separation_arcsec[b]! || a - b);
  const takenSource = new Set<number>();
  const takenObject = new Set<number>();
  return order.filter(k => {
    if (takenSource.has(pairs.first[k]!) || takenObject.has(pairs.second[k]!)) return false;
    takenSource.add(pairs.first[k]!);
    takenObject.add(pairs.second[k]!);
    return true;
  });
}

function likeliest(pairs: SkyPairs, sources: SkyPositions, objects: SkyPositions, o: AssociationOptions): number[] {
  return groups(pairs).flatMap(group => {
    if (group.length === 1) return group;
    return assignGroup(group, pairs, group.map(k => pairCost(pairs, k, sources, objects, o)));
  });
}

/** Pair numbers by connected component of the source-object graph. */
function groups(pairs: SkyPairs): number[][] {
  const nSources = pairs.first.reduce((n, i) => Math.max(n, i + 1), 0);
  const nObjects = pairs.second.reduce((n, j) => Math.max(n, j + 1), 0);
  const parent = Int32Array.from({ length: nSources + nObjects }, (_, i) => i);
  const root = (i: number): number => {
    while (parent[i] !== i) {
      parent[i] = parent[parent[i]!]!;
      i = parent[i]!;
    }
    return i;
  };
  pairs.first.forEach((i, k) => { parent[root(i)] = root(nSources + pairs.second[k]!); });
  const byRoot = new Map<number, number[]>();
  pairs.first.forEach((i, k) => {
    const group = byRoot.get(root(i));
    if (group === undefined) byRoot.set(root(i), [k]);
    else group.push(k);
  });
  return [...byRoot.values()];
}

function pairCost(
  pairs: SkyPairs, k: number, sources: SkyPositions, objects: SkyPositions, o: AssociationOptions,
): number {
  const [i, j] = [pairs.first[k]!, pairs.second[k]!];
  const sigma = (error_deg: number): number =>
    Math.max(error_deg > 0 ? error_deg * 3600 : o.fallbackSigma_arcsec, o.sigmaFloor_arcsec);
  const varRa = sigma(sources.raErr[i]!) ** 2 + sigma(objects.raErr[j]!) ** 2;
  const varDec = sigma(sources.decErr[i]!) ** 2 + sigma(objects.decErr[j]!) ** 2;
  const [east, north] = tangentOffset_arcsec(sources.ra[i]!, sources.dec[i]!, objects.ra[j]!, objects.dec[j]!);
  return ((east * east) / varRa + (north * north) / varDec + Math.log(varRa * varDec)) / 2;
}

/** Optimal assignment of one group; every source has a column of its own that means "no object". */
function assignGroup(group: readonly number[], pairs: SkyPairs, costs: readonly number[]): number[] {
  const sourceRows = [...new Set(group.map(k => pairs.first[k]!))];
  const objectCols = [...new Set(group.map(k => pairs.second[k]!))];
  const [nRows, nCols] = [sourceRows.length, objectCols.length + sourceRows.length];
  const alone = Math.max(...costs) + 1;
  const cost = new Float64Array(nRows * nCols).fill(Infinity);
  const pairAt = new Int32Array(nRows * nCols).fill(-1);
  group.forEach((k, n) => {
    const at = sourceRows.indexOf(pairs.first[k]!) * nCols + objectCols.indexOf(pairs.second[k]!);
    cost[at] = costs[n]!;
    pairAt[at] = k;
  });
  for (let r = 0; r < nRows; r++) cost[r * nCols + objectCols.length + r] = alone;
  const chosen = minimumCostAssignment(cost, nRows, nCols);
  return Array.from(chosen, (col, r) => pairAt[r * nCols + col]!).filter(k => k >= 0);
}
