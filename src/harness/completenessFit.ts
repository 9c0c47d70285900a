/** Where completeness falls to 50 and to 90 percent. */
import type { CurveBin } from '../model/plots.ts';
import { levenbergMarquardt } from '../numeric/levenbergMarquardt.ts';

export interface CompletenessFit {
  /** Place and its standard error where the curve is 50 percent, and where it is 90; null where it never is. */
  readonly x50: number;
  readonly x50Err: number;
  readonly x90: number | null;
}

const MIN_ITEMS = 20;

/**
 * C(x) = c0 / (1 + exp((x - x0) / w)) with c0 <= 1, fitted to shares in bins; each bin weighs with the variance of
 * (k + 1/2) / (n + 1). A falling curve has w > 0. null when there are fewer than 20 items, fewer than four bins, or
 * nothing that falls. Form: Fleming et al. 1995, AJ 109, 1044, equation 1, in its logistic variant.
 */
export function fitCompleteness(bins: readonly CurveBin[]): CompletenessFit | null {
  const used = bins.filter(b => b.n > 0 && b.value !== null)
    .map(b => ({ x: (b.lo + b.hi) / 2, p: ((b.value! / 100) * b.n + 0.5) / (b.n + 1), n: b.n }));
  const items = used.reduce((sum, b) => sum + b.n, 0);
  if (used.length < 4 || items < MIN_ITEMS || !used.some(b => b.p > 0.6) || !used.some(b => b.p < 0.4)) return null;
  const start = used.find((b, i) => b.p < 0.5 && i > 0)?.x ?? used[Math.floor(used.length / 2)]!.x;
  const fit = levenbergMarquardt(([c0, x0, w], residuals, jacobian) => {
    used.forEach(({ x, p, n }, i) => {
      const sigma = Math.sqrt((p * (1 - p)) / (n + 1));
      const e = Math.exp(Math.min(500, (x - x0!) / w!));
      const s = 1 / (1 + e);
      const slope = (c0! * s * (1 - s)) / w!;
      residuals[i] = (c0! * s - p) / sigma;
      jacobian.set([s / sigma, slope / sigma, (slope * (x - x0!)) / w! / sigma], 3 * i);
    });
  }, [0.98, start, 0.3], used.length, { lower: [0.5, used[0]!.x, 0.02], upper: [1, used.at(-1)!.x, 5] });
  const [c0, x0, w] = fit.parameters as unknown as [number, number, number];
  const at = (share: number): number | null => (c0 > share ? x0 + w * Math.log(c0 / share - 1) : null);
  const x50 = at(0.5);
  if (x50 === null || fit.covariance === null) return null;
  return { x50, x50Err: Math.sqrt(fit.covariance[4]!), x90: at(0.9) };
}
