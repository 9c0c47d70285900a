/**
 * Statistics of the fluxes of one object in one band, as the `ap_...` plugins of Rubin's meas_base define them, in float64.
 * All take arrays of one light curve in order of time: times (TAI MJD), fluxes and their 1-sigma errors (one unit, nJy).
 */
import { quantileSorted, sortedFinite } from '../../numeric/statistics.ts';

export interface LightCurve {
  readonly time: Float64Array;
  readonly flux: Float64Array;
  readonly fluxErr: Float64Array;
}

export interface WeightedMean {
  readonly mean: number;
  readonly meanErr: number;
  /** Fluxes that count: those with a number for flux and error. */
  readonly n: number;
}

/**
 * Sum of f / e^2 over sum of 1 / e^2, and 1 / sqrt of the latter; NaN for none (ap_meanFlux, ap_meanTotFlux). An error
 * that is not positive has no weight: such a flux does not count.
 */
export function weightedMean({ flux, fluxErr }: LightCurve): WeightedMean {
  let [sum, weights, n] = [0, 0, 0];
  for (let i = 0; i < flux.length; i++) {
    if (!Number.isFinite(flux[i]!) || !(fluxErr[i]! > 0)) continue;
    const weight = 1 / (fluxErr[i]! * fluxErr[i]!);
    sum += weight * flux[i]!;
    weights += weight;
    n++;
  }
  return n > 0 ? { mean: sum / weights, meanErr: 1 / Math.sqrt(weights), n } : { mean: NaN, meanErr: NaN, n: 0 };
}

/** Largest rise of flux a day between consecutive times (it may be negative); NaN for fewer than two times (ap_maxSlopeFlux). */
export function maxSlope({ time, flux }: LightCurve): number {
  let [best, last] = [NaN, -1];
  for (let i = 0; i < flux.length; i++) {
    if (!Number.isFinite(flux[i]!) || !Number.isFinite(time[i]!)) continue;
    if (last >= 0 && time[i]! > time[last]!) {
      const slope = (flux[i]! - flux[last]!) / (time[i]! - time[last]!);
      if (!(slope <= best)) best = slope;
    }
    last = i;
  }
  return best;
}

/** Sum of ((f - mean) / e)^2 over the fluxes with a number and a positive error; NaN for none (ap_chi2Flux). */
export function chi2({ flux, fluxErr }: LightCurve, mean: number): number {
  let [sum, n] = [0, 0];
  for (let i = 0; i < flux.length; i++) {
    if (!Number.isFinite(flux[i]!) || !(fluxErr[i]! > 0)) continue;
    sum += ((flux[i]! - mean) / fluxErr[i]!) ** 2;
    n++;
  }
  return n > 0 ? sum : NaN;
}

/** Percentiles (0 to 100) by linear interpolation between ranks, as numpy's nanpercentile (ap_percentileFlux). */
export function percentiles(flux: Float64Array, percents: readonly number[]): number[] {
  const sorted = sortedFinite(flux);
  return percents.map(p => quantileSorted(sorted, p / 100));
}

/** Median of |f - median|, not scaled (ap_madFlux). */
export function medianAbsoluteDeviation(flux: Float64Array): number {
  const middle = quantileSorted(sortedFinite(flux), 0.5);
  return quantileSorted(sortedFinite(flux.map(f => Math.abs(f - middle))), 0.5);
}

/**
 * Adjusted Fisher-Pearson skewness G1 = sqrt(n (n - 1)) / (n - 2) * m3 / m2^1.5, as pandas; NaN for fewer than three
 * fluxes, 0 when all are equal (ap_skewFlux).
 */
export function skewness(flux: Float64Array): number {
  let [n, sum] = [0, 0];
  for (const f of flux) if (Number.isFinite(f)) [n, sum] = [n + 1, sum + f];
  if (n < 3) return NaN;
  const mean = sum / n;
  let [m2, m3] = [0, 0];
  for (const f of flux) {
    if (!Number.isFinite(f)) continue;
    m2 += (f - mean) ** 2;
    m3 += (f - mean) ** 3;
  }
  if (m2 <= n * (1e-14 * mean) ** 2) return 0;
  return (Math.sqrt(n * (n - 1)) / (n - 2)) * (m3 / n) / (m2 / n) ** 1.5;
}

/**
 * Straight line through flux against time, weighted by 1 / e^2: [slope in flux a day, intercept at MJD 0]. NaN for fewer
 * than two usable points; of points at one time the line of least length through their mean, as numpy's lstsq (ap_linearFit).
 */
export function linearFit({ time, flux, fluxErr }: LightCurve): [slope: number, intercept: number] {
  let [w, wt, wf, n] = [0, 0, 0, 0];
  const usable = (i: number): boolean => Number.isFinite(flux[i]! + time[i]!) && fluxErr[i]! > 0;
  for (let i = 0; i < flux.length; i++) {
    if (!usable(i)) continue;
    const weight = 1 / (fluxErr[i]! * fluxErr[i]!);
    [w, wt, wf, n] = [w + weight, wt + weight * time[i]!, wf + weight * flux[i]!, n + 1];
  }
  if (n < 2) return [NaN, NaN];
  const [meanTime, meanFlux] = [wt / w, wf / w];
  let [stt, stf] = [0, 0];
  for (let i = 0; i < flux.length; i++) {
    if (!usable(i)) continue;
    const weight = 1 / (fluxErr[i]! * fluxErr[i]!);
    stt += weight * (time[i]! - meanTime) ** 2;
    stf += weight * (time[i]! - meanTime) * (flux[i]! - meanFlux);
  }
  if (!(stt > 0)) return [(meanFlux * meanTime) / (meanTime ** 2 + 1), meanFlux / (meanTime ** 2 + 1)];
  const slope = stf / stt;
  return [slope, meanFlux - slope * meanTime];
}

/**
 * Stetson's J of a single band (Stetson 1996, PASP 108, 851): mean of sign(p) sqrt|p|, p = delta^2 - 1,
 * delta = sqrt(n / (n - 1)) (f - mean) / e about his robust mean; NaN for fewer than two usable fluxes (ap_stetsonJ).
 */
export function stetsonJ(curve: LightCurve): number {
  const usable = Array.from(curve.flux.keys()).filter(i => Number.isFinite(curve.flux[i]!) && curve.fluxErr[i]! > 0);
  if (usable.length < 2) return NaN;
  const [flux, error] = [usable.map(i => curve.flux[i]!), usable.map(i => curve.fluxErr[i]!)];
  const scale = Math.sqrt(flux.length / (flux.length - 1));
  const mean = stetsonMean(flux, error, weightedMean(curve).mean, scale);
  const terms = flux.map((f, i) => {
    const p = ((scale * (f - mean)) / error[i]!) ** 2 - 1;
    return Math.sign(p) * Math.sqrt(Math.abs(p));
  });
  return terms.reduce((sum, t) => sum + t, 0) / terms.length;
}

/**
 * Mean with weights 1 / e^2 / (1 + (chi / 2)^2), at most 20 passes, until the change is below 1e-6 both in the unit of
 * the flux and relative to the mean. The relative test uses |mean|, so that negative means do not end it at once.
 */
function stetsonMean(flux: readonly number[], error: readonly number[], start: number, scale: number): number {
  let mean = start;
  for (let pass = 0; pass < 20; pass++) {
    let [sum, weights] = [0, 0];
    for (let i = 0; i < flux.length; i++) {
      const chi = (scale * (flux[i]! - mean)) / error[i]!;
      const weight = 1 / (error[i]! * error[i]!) / (1 + (chi / 2) ** 2);
      sum += weight * flux[i]!;
      weights += weight;
    }
    const change = Math.abs(sum / weights - mean);
    mean = sum / weights;
    if (change < 1e-6 && change < 1e-6 * Math.abs(mean)) break;
  }
  return mean;
}
