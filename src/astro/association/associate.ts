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
  /** 'optimal': likeliest set of pairs over each group of neighbours; 'greedy': each source its nearest object, closest first. */
  readonly method: 'optimal' | 'greedy';
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
 * Pairs sources with objects, one to one.
 *
 * 'optimal' minimises the summed negative log likelihood (chi^2 + ln(var_ra var_dec)) / 2 of the pairs inside every
 * connected group, where leaving a source alone costs more than any pair of its group; groups do not influence one
 * another. As `AssociationTask` of Rubin's ap_association (2026), but offsets in right ascension are on the sky, and
 * "more than any pair" is taken in the group, not over the whole image.
 *
 * 'greedy' is the form of 2021: a source may only have the object nearest to it; of several the closest gets it, and
 * the others stay alone even when another object is within the radius.
 *
 * Sources with NaN positions stay alone. Cost: linear in both catalogs and in the pairs within the radius.
 */
export function associate(
  sources: SkyPositions, objects: SkyPositions, options: Partial<AssociationOptions> = {},
): Association {
  const o = { ...ASSOCIATION_DEFAULTS, ...options };
  const pairs = pairsOnSky(sources.ra, sources.dec, objects.ra, objects.dec, o.radius_arcsec);
  const nSources = sources.ra.length;
  const accepted = o.method === 'greedy' ? nearestObjects(pairs, nSources) : likeliest(pairs, nSources, sources, objects, o);
  const object = new Int32Array(nSources).fill(-1);
  const separation = new Float64Array(nSources).fill(NaN);
  for (const k of accepted) {
    object[pairs.first[k]!] = pairs.second[k]!;
    separation[pairs.first[k]!] = pairs.separation_arcsec[k]!;
  }
  return {
    object, separation_arcsec: separation,
    nMatched: accepted.length, nUnmatchedObjects: objects.ra.length - accepted.length,
  };
}

/** The nearest object of each source, by rising distance, each object once. Equal distances: the lower source first. */
function nearestObjects(pairs: SkyPairs, nSources: number): number[] {
  const nearest = new Int32Array(nSources).fill(-1);
  pairs.first.forEach((i, k) => {
    if (nearest[i]! < 0 || pairs.separation_arcsec[k]! < pairs.separation_arcsec[nearest[i]!]!) nearest[i] = k;
  });
  const order = Array.from(nearest).filter(k => k >= 0)
    .sort((a, b) => pairs.separation_arcsec[a]! - pairs.separation_arcsec[b]! || a - b);
  const taken = new Set<number>();
  return order.filter(k => !taken.has(pairs.second[k]!) && taken.add(pairs.second[k]!));
}

function likeliest(
  pairs: SkyPairs, nSources: number, sources: SkyPositions, objects: SkyPositions, o: AssociationOptions,
): number[] {
  const cost = Float64Array.from(pairs.first, (_, k) => pairCost(pairs, k, sources, objects, o));
  const start = new Int32Array(nSources + 1);
  for (const i of pairs.first) start[i + 1]!++;
  for (let i = 0; i < nSources; i++) start[i + 1]! += start[i]!;
  const { col, nCols } = compactColumns(pairs.second);
  const alone = aloneCosts(start, col, nCols, cost);
  return Array.from(minimumCostAssignment({ nCols, start, col, cost, alone })).filter(k => k >= 0);
}

/** The objects that occur, numbered from 0 in the order in which they occur. */
function compactColumns(second: Int32Array): { readonly col: Int32Array; readonly nCols: number } {
  const number = new Map<number, number>();
  const col = second.map(j => {
    const known = number.get(j);
    if (known !== undefined) return known;
    number.set(j, number.size);
    return number.size - 1;
  });
  return { col, nCols: number.size };
}

/** For each source one more than the highest cost of a pair in its connected group; 0 for sources without a pair. */
function aloneCosts(start: Int32Array, col: Int32Array, nCols: number, cost: Float64Array): Float64Array {
  const nSources = start.length - 1;
  const parent = new Int32Array(nCols).map((_, j) => j);
  const root = (j: number): number => {
    while (parent[j] !== j) j = parent[j] = parent[parent[j]!]!;
    return j;
  };
  for (let i = 0; i < nSources; i++) {
    for (let k = start[i]! + 1; k < start[i + 1]!; k++) parent[root(col[k]!)] = root(col[start[i]!]!);
  }
  const highest = new Float64Array(nCols).fill(-Infinity);
  cost.forEach((value, k) => {
    const group = root(col[k]!);
    highest[group] = Math.max(highest[group]!, value);
  });
  return new Float64Array(nSources).map((_, i) => (start[i]! < start[i + 1]! ? highest[root(col[start[i]!]!)]! + 1 : 0));
}

/** Negative log likelihood of a pair up to a constant, with the floor under every error. */
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
