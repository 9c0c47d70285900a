/** Choice of the stars that define the PSF, from measured sources. */
import { leastSquares } from '../../numeric/linearAlgebra.ts';
import { madSigma, median } from '../../numeric/statistics.ts';

export interface StarCandidate {
  readonly x: number;
  readonly y: number;
  readonly flux: number;
  readonly snr: number;
  readonly ixx: number;
  readonly iyy: number;
  readonly ixy: number;
  /** False: saturated, interpolated, at the edge, or a failed measurement; it still counts as a neighbour. */
  readonly usable: boolean;
}

export interface StarSelectionOptions {
  readonly minSnr: number;
  /** A neighbour with more than `maxNeighbourFlux` of the star's flux must be farther than this. */
  readonly isolation_px: number;
  readonly maxNeighbourFlux: number;
  readonly maxStars: number;
}

export interface StarSelection {
  /** Indices into the candidates, brightest first. */
  readonly stars: number[];
  /** Centre of the locus: size sqrt(det)^(1/2) of the moments in pixels; NaN when no star was found. */
  readonly sigma_px: number;
  readonly locusWidth_px: number;
  readonly nCandidates: number;
}

/** Fewest candidates for which a locus is looked for. */
const MIN_CANDIDATES = 4;

/**
 * Stars lie at one size whatever their brightness: the densest place of log(size) among bright usable candidates
 * (each weighted with its S/N up to a cap, so that galaxies near the limit do not outvote stars), refined by
 * clipping about a plane in x and y. The S/N limit falls to 20 and then 10 when there are too few.
 */
export function selectPsfStars(candidates: readonly StarCandidate[], options: StarSelectionOptions): StarSelection {
  const sizes = candidates.map(c => (c.ixx * c.iyy - c.ixy * c.ixy) ** 0.25);
  const measured = sizes.flatMap((size, i) => (candidates[i]!.usable && size > 0.4 && Number.isFinite(size) ? [i] : []));
  const isolated = measured.filter(i => candidates[i]!.snr >= 10 && isIsolated(candidates, i, options));
  let chosen: number[] = [];
  for (const minSnr of [options.minSnr, 20, 10]) {
    chosen = isolated.filter(i => candidates[i]!.snr >= minSnr);
    if (chosen.length >= 20) break;
  }
  const none = { stars: [], sigma_px: NaN, locusWidth_px: NaN, nCandidates: chosen.length };
  if (chosen.length < MIN_CANDIDATES) return none;
  const mode = densestSize(chosen.map(i => sizes[i]!), chosen.map(i => Math.min(candidates[i]!.snr, 200)));
  const locus = clipToLocus(candidates, sizes, chosen, mode);
  const brightFirst = locus.members.sort((a, b) => candidates[b]!.snr - candidates[a]!.snr);
  return {
    stars: spread(candidates, brightFirst, options.maxStars),
    sigma_px: median(locus.members.map(i => sizes[i]!)), locusWidth_px: locus.width, nCandidates: chosen.length,
  };
}

function isIsolated(candidates: readonly StarCandidate[], i: number, { isolation_px, maxNeighbourFlux }: StarSelectionOptions): boolean {
  const star = candidates[i]!;
  for (let k = 0; k < candidates.length; k++) {
    const other = candidates[k]!;
    if (k === i || !(other.flux > maxNeighbourFlux * star.flux)) continue;
    if (Math.hypot(other.x - star.x, other.y - star.y) < isolation_px) return false;
  }
  return true;
}

/** Width of the window in log(size) that looks for the locus. */
const WINDOW = 0.08;

function densestSize(sizes: readonly number[], weights: readonly number[]): number {
  const logs = sizes.map(Math.log);
  let best = 0;
  let bestDensity = -1;
  for (let i = 0; i < logs.length; i++) {
    let density = 0;
    for (let k = 0; k < logs.length; k++) {
      const t = (logs[k]! - logs[i]!) / WINDOW;
      if (Math.abs(t) < 1) density += weights[k]! * (1 - t * t);
    }
    if (density > bestDensity) { bestDensity = density; best = i; }
  }
  return sizes[best]!;
}

function clipToLocus(
  candidates: readonly StarCandidate[], sizes: readonly number[], chosen: readonly number[], mode: number,
): { members: number[]; width: number } {
  let members = chosen.filter(i => Math.abs(sizes[i]! / mode - 1) < 0.15);
  let width = NaN;
  for (let pass = 0; pass < 5; pass++) {
    const at = sizePlane(candidates, sizes, members);
    const residuals = members.map(i => sizes[i]! - at(candidates[i]!));
    width = Math.max(madSigma(residuals, median(residuals)), 0.01 * mode);
    const limit = Math.min(3 * width, 0.15 * mode);
    const next = chosen.filter(i => Math.abs(sizes[i]! - at(candidates[i]!)) < limit);
    if (next.length < MIN_CANDIDATES || next.join() === members.join()) break;
    members = next;
  }
  return { members, width };
}

/** Size as a plane over the image when there are enough stars for one, else their median. */
function sizePlane(
  candidates: readonly StarCandidate[], sizes: readonly number[], members: readonly number[],
): (c: StarCandidate) => number {
  if (members.length < 12) {
    const level = median(members.map(i => sizes[i]!));
    return () => level;
  }
  const rows = Float64Array.from(members.flatMap(i => [1, candidates[i]!.x / 1000, candidates[i]!.y / 1000]));
  const { x } = leastSquares(rows, members.map(i => sizes[i]!), null, 3);
  return c => x[0]! + (x[1]! * c.x) / 1000 + (x[2]! * c.y) / 1000;
}

/** At most `maxStars`, taken in turn from the cells of a 4 x 4 mesh, so that all of the image is represented. */
function spread(candidates: readonly StarCandidate[], brightFirst: readonly number[], maxStars: number): number[] {
  if (brightFirst.length <= maxStars) return [...brightFirst];
  const xs = brightFirst.map(i => candidates[i]!.x), ys = brightFirst.map(i => candidates[i]!.y);
  const x0 = Math.min(...xs), y0 = Math.min(...ys);
  const cell = (t: number, t0: number, t1: number): number => Math.min(3, Math.floor((4 * (t - t0)) / (t1 - t0 + 1e-9)));
  const x1 = Math.max(...xs), y1 = Math.max(...ys);
  const rank = new Map<number, number>();
  const turns = brightFirst.map((star, k) => {
    const key = 4 * cell(ys[k]!, y0, y1) + cell(xs[k]!, x0, x1);
    const turn = rank.get(key) ?? 0;
    rank.set(key, turn + 1);
    return { star, turn, k };
  });
  return turns.sort((a, b) => a.turn - b.turn || a.k - b.k).slice(0, maxStars).sort((a, b) => a.k - b.k).map(t => t.star);
}
