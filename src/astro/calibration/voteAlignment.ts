/**
 * First alignment of two star lists in the plane by voting: for each rotation and scale of a small grid the
 * displacements of all pairs are counted in bins, and true pairs agree on one bin. Tried from the brightest stars
 * down; each candidate must then survive a test against chance on the whole lists.
 */
import { leastSquares } from '../../numeric/linearAlgebra.ts';
import { argsort, median } from '../../numeric/statistics.ts';
import { mutualNearest, pointGrid } from '../../numeric/pointGrid.ts';
import type { PointGrid } from '../../numeric/pointGrid.ts';

/** Points with a brightness; NaN brightness means faintest. */
export interface StarList {
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
  readonly flux: ArrayLike<number>;
}

/** x' = a + b x + c y, y' = d + e x + f y about the centre used for voting (already folded in). */
export type Affine = readonly [number, number, number, number, number, number];

export interface Alignment {
  /** Maps reference points onto source points. */
  readonly affine: Affine;
  readonly nMatched: number;
  /** Matches that unrelated lists of this density would give. */
  readonly nByChance: number;
}

export interface AlignmentOptions {
  readonly centre: readonly [number, number];
  /** Half the diagonal of the image, px. */
  readonly radius_px: number;
  readonly maxOffset_px: number;
  readonly maxRotation_deg: number;
  readonly maxScale: number;
  /** Stars of each list in the first round; doubled in later rounds until a round succeeds. */
  readonly nBright: number;
  readonly minMatches: number;
  /** No further round once this many stars have been tried. */
  readonly deepest: number;
}

const BIN_PX = 3;
const MATCH_PX = 3;

/** The alignment with the most matches beyond chance; null when no candidate is significant. */
export function voteAlignment(sources: StarList, references: StarList, options: AlignmentOptions): Alignment | null {
  const bySource = brightest(sources);
  const byReference = brightest(references);
  const grid = pointGrid(sources.x, sources.y, 2 * MATCH_PX);
  const density = densityOf(sources, options);
  // References extend beyond the frame by the largest offset; the same depth needs that many more of them.
  const wider = Math.max(1, byReference.length / Math.max(1, countInside(references, options)));
  for (let n = options.nBright; ; n *= 2) {
    const some = bySource.slice(0, n);
    const others = byReference.slice(0, Math.ceil(1.3 * n * wider));
    const candidates = votePeaks(sources, some, references, others, options);
    const found = bestCandidate(candidates, references, grid, density, options);
    if (found !== null) return found;
    if (n >= options.deepest || (n >= bySource.length && 1.3 * n * wider >= byReference.length)) return null;
  }
}

interface Candidate {
  readonly affine: Affine;
  readonly votes: number;
}

/** The highest bin of each rotation and scale, best first. */
function votePeaks(
  sources: StarList, some: readonly number[], references: StarList, others: readonly number[],
  options: AlignmentOptions,
): Candidate[] {
  const { centre: [cx, cy], radius_px, maxOffset_px, maxRotation_deg, maxScale } = options;
  const steps = (limit: number): number => Math.ceil((limit * radius_px) / BIN_PX);
  const maxRotation = (maxRotation_deg * Math.PI) / 180;
  const [nRotation, nScale] = [steps(maxRotation), steps(maxScale)];
  const candidates: Candidate[] = [];
  const rx = new Float64Array(others.length);
  const ry = new Float64Array(others.length);
  for (let s = -nScale; s <= nScale; s++) {
    const scale = 1 + (nScale === 0 ? 0 : (s * maxScale) / nScale);
    for (let r = -nRotation; r <= nRotation; r++) {
      const angle = nRotation === 0 ? 0 : (r * maxRotation) / nRotation;
      const [c, d] = [scale * Math.cos(angle), scale * Math.sin(angle)];
      others.forEach((j, k) => {
        const [x, y] = [references.x[j]! - cx, references.y[j]! - cy];
        rx[k] = cx + c * x - d * y;
        ry[k] = cy + d * x + c * y;
      });
      const peak = votePeak(sources, some, rx, ry, maxOffset_px);
      const [a0, d0] = [cx + peak.dx - c * cx + d * cy, cy + peak.dy - d * cx - c * cy];
      candidates.push({ votes: peak.votes, affine: [a0, c, -d, d0, d, c] });
    }
  }
  return candidates.sort((a, b) => b.votes - a.votes);
}

function votePeak(
  sources: StarList, some: readonly number[], rx: Float64Array, ry: Float64Array, maxOffset_px: number,
): { dx: number; dy: number; votes: number } {
  const n = Math.ceil((2 * maxOffset_px) / BIN_PX) + 2;
  const origin = -(n * BIN_PX) / 2;
  const bins = new Uint16Array(n * n);
  for (const i of some) {
    const [sx, sy] = [sources.x[i]! - origin, sources.y[i]! - origin];
    for (let k = 0; k < rx.length; k++) {
      const bx = Math.floor((sx - rx[k]!) / BIN_PX);
      const by = Math.floor((sy - ry[k]!) / BIN_PX);
      if (bx >= 0 && bx < n && by >= 0 && by < n) bins[by * n + bx]!++;
    }
  }
  let best = -1;
  let at = 0;
  for (let by = 0; by + 1 < n; by++) {
    for (let bx = 0; bx + 1 < n; bx++) {
      const k = by * n + bx;
      const votes = bins[k]! + bins[k + 1]! + bins[k + n]! + bins[k + n + 1]!;
      if (votes > best) [best, at] = [votes, k];
    }
  }
  return { dx: origin + ((at % n) + 1) * BIN_PX, dy: origin + (Math.floor(at / n) + 1) * BIN_PX, votes: best };
}

/** The best of the strongest candidates after refinement, when it beats chance by 5 sigma. */
function bestCandidate(
  candidates: readonly Candidate[], references: StarList, grid: PointGrid, density: number, options: AlignmentOptions,
): Alignment | null {
  let best: Alignment | null = null;
  for (const { affine, votes } of candidates.slice(0, 12)) {
    if (votes < 3) break;
    const refined = refine(affine, references, grid, density, options);
    const isSignificant = refined.nMatched >= options.minMatches
      && refined.nMatched > refined.nByChance + 5 * Math.sqrt(refined.nByChance) + 2;
    if (isSignificant && (best === null || refined.nMatched > best.nMatched)) best = refined;
  }
  return best;
}

/** Alternates matching and an affine fit while the radius shrinks. */
function refine(
  start: Affine, references: StarList, grid: PointGrid, density: number, options: AlignmentOptions,
): Alignment {
  let affine = start;
  let nMatched = 0;
  let nInside = 0;
  for (const radius of [2 * MATCH_PX, 1.5 * MATCH_PX, MATCH_PX, MATCH_PX]) {
    const { x, y } = mapPoints(affine, references);
    nInside = countInside({ x, y, flux: references.flux }, options);
    const pairs = mutualNearest(x, y, grid, radius);
    nMatched = pairs.first.length;
    const next = fitAffine(references, grid, pairs.first, pairs.second, affine);
    if (next === null) break;
    affine = next;
  }
  const nByChance = nInside * (1 - Math.exp(-density * Math.PI * MATCH_PX ** 2));
  return { affine, nMatched, nByChance };
}

/** Least squares of source on reference positions after cutting pairs beyond 3 robust sigma; null below 4 pairs. */
function fitAffine(
  references: StarList, sources: PointGrid, first: Int32Array, second: Int32Array, start: Affine,
): Affine | null {
  if (first.length < 4) return null;
  const residual = Array.from(first, (j, k) => {
    const [x, y] = apply(start, references.x[j]!, references.y[j]!);
    return [sources.x[second[k]!]! - x, sources.y[second[k]!]! - y] as const;
  });
  const [mx, my] = [median(residual.map(r => r[0])), median(residual.map(r => r[1]))];
  const distance = residual.map(r => Math.hypot(r[0] - mx, r[1] - my));
  const limit = Math.max(0.5, 3 * median(distance));
  const kept = Array.from(first.keys()).filter(k => distance[k]! <= limit);
  if (kept.length < 4) return null;
  const rows = Float64Array.from(kept.flatMap(k => [1, references.x[first[k]!]!, references.y[first[k]!]!]));
  const x = leastSquares(rows, kept.map(k => sources.x[second[k]!]!), null, 3).x;
  const y = leastSquares(rows, kept.map(k => sources.y[second[k]!]!), null, 3).x;
  const det = x[1]! * y[2]! - x[2]! * y[1]!;
  // Few pairs may define a wild map; the alignment is known to be nearly a rotation.
  return Math.abs(det - 1) < 0.1 ? [x[0]!, x[1]!, x[2]!, y[0]!, y[1]!, y[2]!] : null;
}

export function apply(affine: Affine, x: number, y: number): [number, number] {
  return [affine[0] + affine[1] * x + affine[2] * y, affine[3] + affine[4] * x + affine[5] * y];
}

function mapPoints(affine: Affine, points: StarList): { x: Float64Array; y: Float64Array } {
  const x = new Float64Array(points.x.length);
  const y = new Float64Array(points.x.length);
  for (let i = 0; i < x.length; i++) [x[i], y[i]] = apply(affine, points.x[i]!, points.y[i]!);
  return { x, y };
}

/** Indices of points with finite positions, brightest first. */
function brightest(stars: StarList): number[] {
  const order = argsort(Float64Array.from(stars.flux, f => (Number.isFinite(f) ? -f : Infinity)));
  return Array.from(order).filter(i => Number.isFinite(stars.x[i]! + stars.y[i]!));
}

function countInside(stars: StarList, { centre, radius_px }: AlignmentOptions): number {
  let n = 0;
  for (let i = 0; i < stars.x.length; i++) {
    if (Math.hypot(stars.x[i]! - centre[0], stars.y[i]! - centre[1]) <= radius_px) n++;
  }
  return n;
}

/** Sources per square pixel in the box that they fill. */
function densityOf(sources: StarList, options: AlignmentOptions): number {
  const xs = Array.from(sources.x).filter(Number.isFinite);
  const ys = Array.from(sources.y).filter(Number.isFinite);
  const extent = (v: number[]): number => Math.max(...v) - Math.min(...v);
  const area = Math.max(extent(xs) * extent(ys), options.radius_px ** 2 / 4);
  return xs.length / area;
}
