/** Astrometric calibration: match sources with a reference catalog and fit the WCS. */
import { AlgorithmError } from '../../model/errors.ts';
import type { SipDistortion, SkyWcs } from '../../model/wcs.ts';
import { mutualNearest, pointGrid } from '../../numeric/pointGrid.ts';
import { madSigma, mean, median, standardDeviation } from '../../numeric/statistics.ts';
import { separation_arcsec } from '../../sky/sphere.ts';
import { pixelScale_arcsec, pixelToSky, rotation_deg, skyToPixels } from '../../sky/wcs.ts';
import { fitWcs, recentred } from './fitWcs.ts';
import type { WcsFit, WcsPairs } from './fitWcs.ts';
import { apply, voteAlignment } from './voteAlignment.ts';
import type { Alignment } from './voteAlignment.ts';

export interface AstrometrySources {
  /** Pixels (0-based) and 1-sigma errors (NaN: unknown); flux ranks the stars by brightness (any unit). */
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
  readonly xErr: ArrayLike<number>;
  readonly yErr: ArrayLike<number>;
  readonly flux: ArrayLike<number>;
}

export interface AstrometryReferences {
  readonly ra: ArrayLike<number>;
  readonly dec: ArrayLike<number>;
  /** Flux in the band of the image; NaN when unknown. */
  readonly flux: ArrayLike<number>;
}

export interface AstrometryOptions {
  /** Image size, px. */
  readonly width: number;
  readonly height: number;
  /** How wrong the first WCS may be: pointing (each axis), rotation, relative scale. */
  readonly maxOffset_arcsec: number;
  readonly maxRotation_deg: number;
  readonly maxScale: number;
  /** Radius of the final match. It shrinks to 6 times the scatter when that is smaller. */
  readonly matchRadius_arcsec: number;
  /** Stars used for the first alignment; more are tried when it fails. */
  readonly nBright: number;
  readonly minMatches: number;
  readonly nSigma: number;
  /** Highest SIP order that the data may choose (by the Bayesian information criterion); 1: TAN only. */
  readonly maxOrder: number;
  /** Scatter per coordinate above which the solution is refused. */
  readonly maxScatter_arcsec: number;
}

export const ASTROMETRY_DEFAULTS: Omit<AstrometryOptions, 'width' | 'height'> = {
  maxOffset_arcsec: 150, maxRotation_deg: 1.2, maxScale: 0.003, matchRadius_arcsec: 1, nBright: 150, minMatches: 6,
  nSigma: 3, maxOrder: 4, maxScatter_arcsec: 0.5,
};

export interface AstrometrySolution {
  readonly wcs: SkyWcs;
  /** Matched pairs: rows of the sources and of the references, and whether the fit used them. */
  readonly source: Int32Array;
  readonly reference: Int32Array;
  readonly used: Uint8Array;
  /** Source minus reference on the sky, mas, for every pair. */
  readonly east_mas: Float64Array;
  readonly north_mas: Float64Array;
  /** Mean and standard deviation of the used pairs, mas; robust scatter (MAD) of all pairs. */
  readonly meanEast_mas: number;
  readonly meanNorth_mas: number;
  readonly scatterEast_mas: number;
  readonly scatterNorth_mas: number;
  readonly robustEast_mas: number;
  readonly robustNorth_mas: number;
  /** Per coordinate, beyond the centroid errors. */
  readonly intrinsic_mas: number;
  readonly nMatched: number;
  readonly nUsed: number;
  /** Degree of the fitted polynomial (1: TAN). */
  readonly order: number;
  /** How far the first WCS was off at the image centre. */
  readonly pointingOffset_arcsec: number;
  readonly rotationOffset_deg: number;
  /** Matches that unrelated catalogs of the same density would have given to the first alignment. */
  readonly nByChance: number;
}

type Matched = Pick<AstrometrySolution, 'source' | 'reference'>;

/**
 * Finds the pointing by voting, matches one to one, and fits a TAN WCS with its tangent point at the image centre;
 * SIP terms are added while the Bayesian information criterion asks for them. A distortion of the first WCS is kept.
 * @throws AlgorithmError with the numbers found when nothing matches significantly, or the scatter is too large.
 */
export function matchAndFitWcs(
  sources: AstrometrySources, references: AstrometryReferences, wcs: SkyWcs,
  options: Partial<AstrometryOptions> & Pick<AstrometryOptions, 'width' | 'height'>,
): AstrometrySolution {
  const o: AstrometryOptions = { ...ASTROMETRY_DEFAULTS, ...options };
  const alignment = align(sources, references, wcs, o);
  const guess = recentred(wcs, (o.width - 1) / 2, (o.height - 1) / 2);
  let matched = matchAligned(sources, references, wcs, alignment);
  let fit = fitWcs(pairsOf(sources, references, matched), guess, 1, o.nSigma, wcs.sip ?? null);
  for (let pass = 0; pass < 4; pass++) {
    const scatter = madSigma([...fit.east_arcsec, ...fit.north_arcsec]);
    const radius = Math.min(Math.max(o.matchRadius_arcsec, 0), Math.max(6 * scatter, 0.3 * pixelScale_arcsec(wcs)));
    matched = withoutMagnitudeOutliers(sources, references, matchOnPixels(sources, references, fit.wcs, radius));
    if (matched.source.length < o.minMatches) break;
    fit = bestOrder(pairsOf(sources, references, matched), fit.wcs, wcs.sip ?? null, o);
  }
  return judged(describe(matched, fit, wcs, alignment, o), o, sources.x.length, references.ra.length);
}

/** Pointing, rotation and scale errors that are tried first, with the brightest stars only. */
const NEAR_ARCSEC = 20;
const NEAR_DEG = 0.1;
const NEAR_SCALE = 0.0005;
/** Stars of one list beyond which a search is given up. */
const DEEPEST = 2000;

function align(
  sources: AstrometrySources, references: AstrometryReferences, wcs: SkyWcs, o: AstrometryOptions,
): Alignment {
  const scale = pixelScale_arcsec(wcs);
  const { x, y } = skyToPixels(wcs, references.ra, references.dec);
  const margin = o.maxOffset_arcsec / scale + 0.02 * Math.hypot(o.width, o.height);
  for (let i = 0; i < x.length; i++) {
    const inside = x[i]! > -margin && x[i]! < o.width + margin && y[i]! > -margin && y[i]! < o.height + margin;
    if (!inside) x[i] = NaN;
  }
  const voted = (maxOffset_arcsec: number, maxRotation_deg: number, maxScale: number, deepest: number): Alignment | null =>
    voteAlignment(sources, { x, y, flux: references.flux }, {
      centre: [(o.width - 1) / 2, (o.height - 1) / 2], radius_px: Math.hypot(o.width, o.height) / 2,
      maxOffset_px: maxOffset_arcsec / scale, maxRotation_deg, maxScale, nBright: o.nBright, minMatches: o.minMatches, deepest,
    });
  // Most telescopes point well: a small search first makes the large one the exception.
  const isNear = o.maxOffset_arcsec > NEAR_ARCSEC;
  const found = (isNear ? voted(NEAR_ARCSEC, Math.min(o.maxRotation_deg, NEAR_DEG), Math.min(o.maxScale, NEAR_SCALE), o.nBright) : null)
    ?? voted(o.maxOffset_arcsec, o.maxRotation_deg, o.maxScale, DEEPEST);
  if (found === null) {
    throw new AlgorithmError('no significant match of the sources with the reference catalog', {
      nSources: sources.x.length, nReferences: x.filter(Number.isFinite).length, maxOffset_arcsec: o.maxOffset_arcsec,
      maxRotation_deg: o.maxRotation_deg, minMatches: o.minMatches,
    });
  }
  return found;
}

function matchAligned(
  sources: AstrometrySources, references: AstrometryReferences, wcs: SkyWcs, alignment: Alignment,
): Matched {
  const { x, y } = skyToPixels(wcs, references.ra, references.dec);
  for (let i = 0; i < x.length; i++) [x[i], y[i]] = apply(alignment.affine, x[i]!, y[i]!);
  const pairs = mutualNearest(sources.x, sources.y, pointGrid(x, y, 3), 3);
  return { source: pairs.first, reference: pairs.second };
}

function matchOnPixels(
  sources: AstrometrySources, references: AstrometryReferences, wcs: SkyWcs, radius_arcsec: number,
): Matched {
  const { x, y } = skyToPixels(wcs, references.ra, references.dec);
  const radius = radius_arcsec / pixelScale_arcsec(wcs);
  const pairs = mutualNearest(sources.x, sources.y, pointGrid(x, y, Math.max(radius, 1)), radius);
  return { source: pairs.first, reference: pairs.second };
}

/** Drops pairs whose flux ratio is absurd (beyond 3 sigma and 0.5 mag of the median): chance neighbours. */
function withoutMagnitudeOutliers(
  sources: AstrometrySources, references: AstrometryReferences, { source, reference }: Matched,
): Matched {
  const difference = Float64Array.from(source, (i, k) =>
    -2.5 * Math.log10(sources.flux[i]! / references.flux[reference[k]!]!));
  const centre = median(difference);
  const limit = Math.max(3 * madSigma(difference, centre), 0.5);
  const kept = Array.from(source.keys()).filter(k => !(Math.abs(difference[k]! - centre) > limit));
  return { source: Int32Array.from(kept, k => source[k]!), reference: Int32Array.from(kept, k => reference[k]!) };
}

/** The order whose clipped chi-square plus its price for parameters is least. */
function bestOrder(pairs: WcsPairs, start: SkyWcs, distortion: SipDistortion | null, o: AstrometryOptions): WcsFit {
  const n = pairs.x.length;
  const fits = [fitWcs(pairs, start, 1, o.nSigma, distortion)];
  if (distortion !== null) return fits[0]!;
  // Ten pairs a term keep a fit of high order from chasing its own noise.
  for (let order = 2; order <= o.maxOrder && n >= 5 * (order + 1) * (order + 2); order++) {
    fits.push(fitWcs(pairs, start, order, o.nSigma));
  }
  const scale = pixelScale_arcsec(start);
  const sigma = Float64Array.from(pairs.x, (_, i) =>
    Math.hypot(pairs.xErr[i]! > 0 ? pairs.xErr[i]! * scale : 0, fits.at(-1)!.intrinsic_arcsec, 1e-4));
  const price = (fit: WcsFit): number => {
    let sum = 0;
    for (let i = 0; i < n; i++) {
      const [east, north] = [fit.east_arcsec[i]! / sigma[i]!, fit.north_arcsec[i]! / sigma[i]!];
      sum += Math.min(east * east, 9) + Math.min(north * north, 9);
    }
    return sum + fit.nParameters * Math.log(2 * n);
  };
  return fits.reduce((best, fit) => (price(fit) < price(best) ? fit : best));
}

function pairsOf(
  sources: AstrometrySources, references: AstrometryReferences, { source, reference }: Matched,
): WcsPairs {
  const take = (values: ArrayLike<number>, rows: Int32Array): Float64Array => Float64Array.from(rows, i => values[i]!);
  return {
    x: take(sources.x, source), y: take(sources.y, source),
    xErr: take(sources.xErr, source), yErr: take(sources.yErr, source),
    ra: take(references.ra, reference), dec: take(references.dec, reference),
  };
}

function describe(
  matched: Matched, fit: WcsFit, guess: SkyWcs, alignment: Alignment, o: AstrometryOptions,
): AstrometrySolution {
  const east = fit.east_arcsec.map(v => 1000 * v);
  const north = fit.north_arcsec.map(v => 1000 * v);
  const used = (values: Float64Array): Float64Array => values.filter((_, i) => fit.used[i] === 1);
  const [cx, cy] = [(o.width - 1) / 2, (o.height - 1) / 2];
  const [before, after] = [pixelToSky(guess, cx, cy), pixelToSky(fit.wcs, cx, cy)];
  const turn = rotation_deg(fit.wcs, cx, cy) - rotation_deg(guess, cx, cy);
  return {
    wcs: fit.wcs, ...matched, used: fit.used, east_mas: east, north_mas: north,
    meanEast_mas: mean(used(east)), meanNorth_mas: mean(used(north)),
    scatterEast_mas: standardDeviation(used(east)), scatterNorth_mas: standardDeviation(used(north)),
    robustEast_mas: madSigma(east), robustNorth_mas: madSigma(north), intrinsic_mas: 1000 * fit.intrinsic_arcsec,
    nMatched: matched.source.length, nUsed: used(east).length, order: fit.order,
    pointingOffset_arcsec: separation_arcsec(...before, ...after),
    rotationOffset_deg: turn - 360 * Math.round(turn / 360), nByChance: alignment.nByChance,
  };
}

function judged(
  solution: AstrometrySolution, o: AstrometryOptions, nSources: number, nReferences: number,
): AstrometrySolution {
  const { nMatched, nUsed, scatterEast_mas, scatterNorth_mas } = solution;
  const scatter = Math.max(scatterEast_mas, scatterNorth_mas) / 1000;
  if (nUsed < o.minMatches || !(scatter <= o.maxScatter_arcsec)) {
    const why = nUsed < o.minMatches ? 'too few matches survive the WCS fit' : 'the WCS fit scatters too much';
    throw new AlgorithmError(why, {
      nSources, nReferences, nMatched, nUsed, scatter_arcsec: scatter,
      maxScatter_arcsec: o.maxScatter_arcsec, minMatches: o.minMatches,
    });
  }
  return solution;
}
