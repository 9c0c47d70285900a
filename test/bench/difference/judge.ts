/** What a difference image is worth, measured against the truth of a simulated pair. */
import type { Exposure } from '../../../src/model/image.ts';
import { MASK, maskOf } from '../../../src/model/mask.ts';
import { column, numbers } from '../../../src/model/table.ts';
import type { Table } from '../../../src/model/table.ts';
import { nearestPoint, pointGrid } from '../../../src/numeric/pointGrid.ts';
import { iqrSigma, mean, median } from '../../../src/numeric/statistics.ts';
import type { ImagePair } from '../../../src/simulate/pair/imagePair.ts';

export interface Verdict {
  readonly m50: number;
  readonly nFound: number;
  readonly nUsable: number;
  /** Transients (rows of truth) found without a bad flag, with their row in the catalog. */
  readonly found: ReadonlyMap<number, number>;
  readonly falsePositives: readonly { readonly x: number; readonly y: number; readonly snr: number; readonly kind: string }[];
  readonly nCosmic: number;
  readonly nFalse: number;
  readonly purity: number;
  readonly maskedFraction: number;
  readonly noiseWidth: number;
  readonly correlation: readonly number[];
  readonly starChi2: number;
  readonly fluxRatio: number;
  readonly fluxPullWidth: number;
  /** The same for S/N 10 to 20, 20 to 40, 40 to 80, and above. */
  readonly fluxPulls: readonly number[];
  readonly positionMean_px: number;
  readonly positionPullWidth: number;
}

const FLAGS = ['flagEdge', 'flagSaturated', 'flagBad', 'flagInterpolated', 'flagCentroid', 'flagBrightNeighbour'];
const MATCH_PX = 3;
/** A pixel of the difference with one of these is lost. */
const LOST = maskOf('NO_DATA', 'EDGE', 'BAD', 'SAT', 'INTRP', 'CR', 'SAT_TEMPLATE');

export function judge(pair: ImagePair, difference: Exposure, sources: Table, minReliability = 0): Verdict {
  const [x, y, snr, reliability] = columnsOf(sources, ['x', 'y', 'snr', 'reliability'] as const);
  const flags = [...FLAGS, 'isSky'].map(name => column(sources, name, 'bool'));
  const good = Array.from(x.keys()).filter(i => flags.every(f => f[i] === 0) && !(reliability[i]! < minReliability));
  const transients = pair.objects.filter(o => o.kind === 'transient');
  const usable = transients.map(t => !nearBad(pair, t.x, t.y));
  const grid = pointGrid(good.map(i => x[i]!), good.map(i => y[i]!), 20);
  const found = new Map<number, number>();
  transients.forEach((t, k) => {
    const near = nearestPoint(grid, t.x, t.y, MATCH_PX);
    if (usable[k]! && near >= 0) found.set(k, good[near]!);
  });
  const changing = pair.objects.filter(o => o.inScience !== o.inTemplate);
  const truth = pointGrid(changing.map(o => o.x), changing.map(o => o.y), 20);
  const rays = pointGrid(pair.cosmicRays.map(o => o.x), pair.cosmicRays.map(o => o.y), 20);
  const wrong = good.filter(i => nearestPoint(truth, x[i]!, y[i]!, MATCH_PX) < 0);
  const isRay = (i: number): boolean => nearestPoint(rays, x[i]!, y[i]!, 9) >= 0;
  const nCosmic = wrong.filter(isRay).length;
  return {
    m50: halfComplete(transients.flatMap((t, k) => (usable[k]! ? [[t.mag, found.has(k)] as const] : []))),
    nFound: found.size, nUsable: usable.filter(Boolean).length, found, nCosmic, nFalse: wrong.length - nCosmic,
    falsePositives: wrong.map(i => ({ x: x[i]!, y: y[i]!, snr: snr[i]!, kind: isRay(i) ? 'cosmic ray' : nearestObject(pair, x[i]!, y[i]!) })),
    purity: 1 - (wrong.length - nCosmic) / Math.max(1, good.length - nCosmic), ...pixels(pair, difference), ...fluxes(pair, sources, found),
  };
}

function columnsOf<const N extends readonly string[]>(table: Table, names: N): { [K in keyof N]: Float64Array } {
  return names.map(name => numbers(table, name)) as { [K in keyof N]: Float64Array };
}

/** What became of the detection nearest to a place: its flags, or that there is none. */
export function fateAt(sources: Table, x: number, y: number): string {
  const [xs, ys] = columnsOf(sources, ['x', 'y'] as const);
  const near = nearestPoint(pointGrid(xs, ys, 20), x, y, 2 * MATCH_PX);
  if (near < 0) return 'not detected';
  const flags = FLAGS.filter(name => column(sources, name, 'bool')[near] !== 0);
  return `${Math.hypot(xs[near]! - x, ys[near]! - y).toFixed(1)} px off, ${flags.join(', ') || 'no flag'}`;
}

/** Brightest static object within 15 px, for the list of false positives. */
function nearestObject(pair: ImagePair, x: number, y: number): string {
  const near = pair.objects.filter(o => Math.hypot(o.x - x, o.y - y) < 15).sort((a, b) => a.mag - b.mag)[0];
  return near === undefined ? 'sky' : `${near.kind} ${near.mag.toFixed(1)} at ${Math.hypot(near.x - x, near.y - y).toFixed(1)} px`;
}

function nearBad({ science: { mask, width, height } }: ImagePair, x: number, y: number): boolean {
  for (let v = Math.max(0, Math.ceil(y - 3)); v <= Math.min(height - 1, y + 3); v++) {
    for (let u = Math.max(0, Math.ceil(x - 3)); u <= Math.min(width - 1, x + 3); u++) if (mask[v * width + u] !== 0) return true;
  }
  return x < 3 || y < 3 || x > width - 4 || y > height - 4;
}

/** Magnitude of 50 % completeness: maximum likelihood of 1 / (1 + exp((m - m50) / w)). */
function halfComplete(trials: readonly (readonly [number, boolean])[]): number {
  let best = { m50: NaN, value: -Infinity };
  const middle = median(trials.map(t => t[0]));
  for (let m50 = middle - 3; m50 < middle + 4; m50 += 0.005) {
    for (const w of [0.08, 0.12, 0.16, 0.2, 0.25, 0.3]) {
      const chance = (m: number, hit: boolean): number => Math.max(1e-3, 1 / (1 + Math.exp(((hit ? 1 : -1) * (m - m50)) / w)));
      const value = trials.reduce((sum, [m, hit]) => sum + Math.log(chance(m, hit)), 0);
      if (value > best.value) best = { m50, value };
    }
  }
  return best.m50;
}

type PixelFigures = Pick<Verdict, 'maskedFraction' | 'noiseWidth' | 'correlation' | 'starChi2'>;

function pixels(pair: ImagePair, difference: Exposure): PixelFigures {
  const { image, variance, mask, width, height } = difference;
  let lost = 0;
  for (let p = 0; p < mask.length; p++) if ((mask[p]! & LOST & ~MASK.CR) !== 0 && pair.science.mask[p] === 0) lost++;
  const z = image.map((v, p) => ((mask[p]! & LOST) === 0 ? v / Math.sqrt(variance[p]!) : NaN));
  const at = (dx: number, dy: number): number => {
    let [sum, squares] = [0, 0];
    for (let y = 0; y < height - dy; y++) {
      for (let p = y * width; p < (y + 1) * width - dx; p++) {
        const [a, b] = [z[p]!, z[p + dy * width + dx]!];
        if (!(Math.abs(a) < 4 && Math.abs(b) < 4)) continue;
        sum += a * b;
        squares += (a * a + b * b) / 2;
      }
    }
    return sum / squares;
  };
  const bright = pair.objects.filter(o => o.kind === 'star' && o.mag > pair.m5 - 6.2 && o.mag < pair.m5 - 4.2);
  const chi2 = bright.flatMap(({ x, y }) => {
    const box: number[] = [];
    for (let v = Math.round(y) - 4; v <= Math.round(y) + 4; v++) {
      for (let u = Math.round(x) - 4; u <= Math.round(x) + 4; u++) {
        box.push(u >= 0 && v >= 0 && u < width && v < height ? z[v * width + u]! ** 2 : NaN);
      }
    }
    return box.every(Number.isFinite) ? [mean(box)] : [];
  });
  return {
    maskedFraction: lost / mask.length, noiseWidth: iqrSigma(z.filter((v, p) => p % 3 === 0 && Number.isFinite(v))),
    correlation: [at(1, 0), at(0, 1), at(1, 1), at(2, 0), at(0, 2)], starChi2: median(chi2),
  };
}

type FluxFigures = Pick<Verdict, 'fluxRatio' | 'fluxPullWidth' | 'fluxPulls' | 'positionMean_px' | 'positionPullWidth'>;

function fluxes(pair: ImagePair, sources: Table, found: ReadonlyMap<number, number>): FluxFigures {
  const transients = pair.objects.filter(o => o.kind === 'transient');
  const [x, y, xErr, yErr, flux, fluxErr] = columnsOf(sources, ['x', 'y', 'xErr', 'yErr', 'psfFlux', 'psfFluxErr'] as const);
  const rows = [...found].filter(([, i]) => flux[i]! > 10 * fluxErr[i]!)
    .map(([k, i]) => ({ t: transients[k]!, i, true: 10 ** (-0.4 * (transients[k]!.mag - pair.zeroPoint_mag)) }));
  const weight = rows.map(r => (r.true / fluxErr[r.i]!) ** 2);
  const clipped = rows.map((r, k) => ({ ratio: flux[r.i]! / r.true, weight: Math.min(weight[k]!, 1e4) }))
    .filter(r => Math.abs(r.ratio - 1) < 0.3);
  const fluxRatio = clipped.reduce((sum, r) => sum + r.weight * r.ratio, 0) / clipped.reduce((sum, r) => sum + r.weight, 0);
  const pulls = (lo: number, hi: number): number => iqrSigma(rows
    .filter(r => flux[r.i]! / fluxErr[r.i]! > lo && flux[r.i]! / fluxErr[r.i]! <= hi)
    .map(r => (flux[r.i]! - fluxRatio * r.true) / fluxErr[r.i]!));
  return {
    fluxPulls: [pulls(10, 20), pulls(20, 40), pulls(40, 80), pulls(80, 1e9)],
    fluxRatio, fluxPullWidth: iqrSigma(rows.map(r => (flux[r.i]! - fluxRatio * r.true) / fluxErr[r.i]!)),
    positionMean_px: Math.hypot(mean(rows.map(r => x[r.i]! - r.t.x)), mean(rows.map(r => y[r.i]! - r.t.y))),
    positionPullWidth: iqrSigma(rows.flatMap(r => [(x[r.i]! - r.t.x) / xErr[r.i]!, (y[r.i]! - r.t.y) / yErr[r.i]!])),
  };
}
