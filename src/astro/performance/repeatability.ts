/** Key performance metrics of LPM-17: photometric and astrometric repeatability of stars seen several times. */
import { median, quantile, standardDeviation } from '../../numeric/statistics.ts';
import { separation_arcsec } from '../../sky/sphere.ts';

export interface PhotometricRepeatability {
  /** Median over the stars of the scatter of their magnitudes, in the unit of the magnitudes. */
  readonly pa1: number;
  /** Share of the measurements that lie farther than `pa2Bound` from the mean of their star, percent. */
  readonly pf1: number;
  /** The deviation that `pf1Percent` of the measurements exceed. */
  readonly pa2: number;
  readonly nStars: number;
  readonly nMeasurements: number;
}

export interface PhotometricOptions {
  /** Outlier bound of PF1: 15 mmag in g, r, i (LPM-17). */
  readonly pa2Bound: number;
  /** Allowed share of PA2: 10 %. */
  readonly pf1Percent: number;
  /** Visits with a value that a star needs; faro asks for more than 2. */
  readonly minimumVisits: number;
}

/**
 * PA1, PF1 and PA2 as LPM-17 defines them: scatter with n - 1 (faro divides by n). One list of magnitudes a star. A magnitude that is not a
 * number is no observation: it neither counts as a visit nor as a measurement (faro counts it). null when no star has enough visits.
 */
export function photometricRepeatability(
  stars: readonly (readonly number[])[], { pa2Bound, pf1Percent, minimumVisits }: PhotometricOptions,
): PhotometricRepeatability | null {
  const usable = stars.map(mags => mags.filter(Number.isFinite)).filter(mags => mags.length >= minimumVisits);
  if (usable.length === 0) return null;
  const deviations = usable.flatMap(mags => {
    const centre = mags.reduce((sum, m) => sum + m, 0) / mags.length;
    return mags.map(m => Math.abs(m - centre));
  });
  return {
    pa1: median(usable.map(standardDeviation)), nStars: usable.length, nMeasurements: deviations.length,
    pf1: (100 * deviations.filter(d => d > pa2Bound).length) / deviations.length, pa2: quantile(deviations, 1 - pf1Percent / 100),
  };
}

/** One star with its position in each visit; NaN where it was not seen. */
export interface RepeatedStar {
  readonly ra_deg: readonly number[];
  readonly dec_deg: readonly number[];
}

export interface AstrometricRepeatability {
  /** Median over the pairs of the scatter of their separation, mas. */
  readonly am: number;
  /** 90th percentile of the deviations from the median separation, mas. */
  readonly ad: number;
  /** Share of the deviations above the bound, percent. */
  readonly af: number;
  readonly nPairs: number;
  readonly nDeviations: number;
}

export interface AstrometricOptions {
  /** Centre of the annulus: 5, 20 or 200 arcmin; it is 2 arcmin wide. */
  readonly distance_arcmin: number;
  /** Outlier bound of AF: 20 mas for 5 and 20 arcmin. */
  readonly adBound_mas: number;
  /** `srd`: deviations in absolute value. `faro`: as faro computes AD, the signed difference of the deviation from its own median. */
  readonly compat: 'srd' | 'faro';
  /** Pairs beyond it are drawn evenly from all of them. */
  readonly maxPairs: number;
}

const HALF_WIDTH_ARCMIN = 1;

/**
 * AM, AD and AF of LPM-17 from separations of pairs of stars: scatter needs 2 shared visits, deviations need 3. Pairs are chosen by the
 * median positions. null when there is no pair. Cost: quadratic in the number of stars before the pairs are drawn.
 */
export function astrometricRepeatability(stars: readonly RepeatedStar[], options: AstrometricOptions): AstrometricRepeatability | null {
  const pairs = pairsInAnnulus(stars, options);
  const scatters: number[] = [];
  const deviations: number[] = [];
  for (const [a, b] of pairs) {
    const distances = separations(stars[a]!, stars[b]!);
    if (distances.length >= 2) scatters.push(standardDeviation(distances));
    if (distances.length < 3) continue;
    const centre = median(distances);
    deviations.push(...distances.map(d => Math.abs(d - centre)));
  }
  if (scatters.length === 0) return null;
  const centre = options.compat === 'faro' ? median(deviations) : 0;
  const beyond = deviations.filter(d => Math.abs(d - centre) > options.adBound_mas).length;
  const isEmpty = deviations.length === 0;
  return {
    am: median(scatters), nPairs: scatters.length, nDeviations: deviations.length,
    ad: isEmpty ? NaN : quantile(deviations.map(d => d - centre), 0.9), af: isEmpty ? NaN : (100 * beyond) / deviations.length,
  };
}

function pairsInAnnulus(stars: readonly RepeatedStar[], { distance_arcmin, maxPairs }: AstrometricOptions): (readonly [number, number])[] {
  const ra = stars.map(s => median(s.ra_deg));
  const dec = stars.map(s => median(s.dec_deg));
  const [lo, hi] = [60 * (distance_arcmin - HALF_WIDTH_ARCMIN), 60 * (distance_arcmin + HALF_WIDTH_ARCMIN)];
  const pairs: (readonly [number, number])[] = [];
  for (let a = 0; a < stars.length; a++) {
    for (let b = a + 1; b < stars.length; b++) {
      if (Math.abs(dec[a]! - dec[b]!) * 3600 > hi) continue;
      const d = separation_arcsec(ra[a]!, dec[a]!, ra[b]!, dec[b]!);
      if (d >= lo && d < hi) pairs.push([a, b]);
    }
  }
  const step = Math.max(1, pairs.length / maxPairs);
  return Array.from({ length: Math.min(pairs.length, maxPairs) }, (_, k) => pairs[Math.floor(k * step)]!);
}

/** Separation in each visit that saw both, mas. */
function separations(a: RepeatedStar, b: RepeatedStar): number[] {
  return a.ra_deg.map((ra, k) => 1000 * separation_arcsec(ra, a.dec_deg[k]!, b.ra_deg[k]!, b.dec_deg[k]!)).filter(Number.isFinite);
}
