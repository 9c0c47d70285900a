/** Depth of a search: the magnitudes at which half and nine tenths of the objects are found. */
import { nelderMead } from '../../numeric/nelderMead.ts';

/** A magnitude with its 1-sigma profile-likelihood interval; a null end: the data do not bound it. */
export interface DepthLimit {
  readonly value: number;
  readonly interval: readonly [number, number] | null;
}

export interface Efficiency {
  /** Share of bright objects that are found, 0 to 1. */
  readonly plateau: number;
  /** Steepness, 1/mag. */
  readonly alpha: number;
  readonly m50: DepthLimit;
  /** null when the plateau is not above 90 %. */
  readonly m90: DepthLimit | null;
  readonly n: number;
}

/** Both found and missed objects are needed, or the curve is anywhere. */
const MINIMUM_OF_EACH = 5;

/**
 * Maximum likelihood of C(m) = C0/2 [1 - a (m - m50) / sqrt(1 + a^2 (m - m50)^2)] (Fleming et al. 1995, AJ 109, 1044, their eq. 1) for
 * single objects, found or not; no bins. Intervals: where the profile likelihood falls by 1/2. m50 is where half of the plateau is
 * lost; m90 is where C = 0.9. Not finite magnitudes are left out. null with fewer than 5 found or 5 missed objects.
 */
export function fitEfficiency(magnitudes: ArrayLike<number>, found: ArrayLike<number | boolean>): Efficiency | null {
  const objects = Array.from({ length: magnitudes.length }, (_, i) => ({ m: magnitudes[i]!, hit: Boolean(found[i]) }))
    .filter(o => Number.isFinite(o.m));
  const nFound = objects.filter(o => o.hit).length;
  if (nFound < MINIMUM_OF_EACH || objects.length - nFound < MINIMUM_OF_EACH) return null;
  const m = Float64Array.from(objects, o => o.m);
  const hit = Uint8Array.from(objects, o => (o.hit ? 1 : 0));
  const cost = (m50: number, alpha: number, plateau: number): number => {
    let sum = 0;
    for (let i = 0; i < m.length; i++) {
      const c = Math.min(1 - 1e-9, Math.max(1e-9, efficiencyAt(m[i]!, { m50, alpha, plateau })));
      sum -= Math.log(hit[i] === 1 ? c : 1 - c);
    }
    return sum;
  };
  const start = startOf(m, hit);
  const best = nelderMead(p => cost(p[0]!, Math.exp(p[1]!), logistic(p[2]!)), [start, Math.log(3), 3], [0.3, 0.5, 1]);
  const [alpha, plateau] = [Math.exp(best.x[1]!), logistic(best.x[2]!)];
  const nuisance = [best.x[1]!, best.x[2]!];
  const profile50 = (m50: number): number => nelderMead(p => cost(m50, Math.exp(p[0]!), logistic(p[1]!)), nuisance, [0.3, 0.5]).value;
  const profile90 = (m90: number): number => nelderMead(p => {
    const offset = offsetOf(0.9, Math.exp(p[0]!), logistic(p[1]!));
    return offset === null ? Infinity : cost(m90 - offset, Math.exp(p[0]!), logistic(p[1]!));
  }, nuisance, [0.3, 0.5]).value;
  const offset90 = offsetOf(0.9, alpha, plateau);
  return {
    plateau, alpha, n: m.length, m50: limitOf(best.x[0]!, best.value, profile50),
    m90: offset90 === null ? null : limitOf(best.x[0]! + offset90, best.value, profile90),
  };
}

interface Curve {
  readonly m50: number;
  readonly alpha: number;
  readonly plateau: number;
}

/** C(m), 0 to 1. */
export function efficiencyAt(m: number, { m50, alpha, plateau }: Curve): number {
  const x = alpha * (m - m50);
  return (plateau / 2) * (1 - x / Math.sqrt(1 + x * x));
}

/** m - m50 where the efficiency is c; null when it never is. */
function offsetOf(c: number, alpha: number, plateau: number): number | null {
  const u = 1 - (2 * c) / plateau;
  return Math.abs(u) < 1 ? u / (alpha * Math.sqrt(1 - u * u)) : null;
}

function logistic(t: number): number {
  return 1 / (1 + Math.exp(-t));
}

/** Where as many are found beyond as are missed before. */
function startOf(m: Float64Array, hit: Uint8Array): number {
  const order = Array.from(m.keys()).sort((a, b) => m[a]! - m[b]!);
  let mistakes = order.filter(i => hit[i] === 1).length;
  let [best, at] = [mistakes, m[order[0]!]!];
  for (const i of order) {
    mistakes += hit[i] === 1 ? -1 : 1;
    if (mistakes < best) [best, at] = [mistakes, m[i]!];
  }
  return at;
}

const FARTHEST_MAG = 4;

function limitOf(value: number, minimum: number, profile: (m: number) => number): DepthLimit {
  const [lower, upper] = [-1, 1].map(sign => {
    let [inside, outside] = [0, 0.02];
    while (profile(value + sign * outside) - minimum < 0.5) {
      inside = outside;
      outside *= 2;
      if (outside > FARTHEST_MAG) return null;
    }
    for (let k = 0; k < 12; k++) {
      const middle = (inside + outside) / 2;
      if (profile(value + sign * middle) - minimum < 0.5) inside = middle;
      else outside = middle;
    }
    return value + sign * (inside + outside) / 2;
  }) as [number | null, number | null];
  return { value, interval: lower === null || upper === null ? null : [lower, upper] };
}
