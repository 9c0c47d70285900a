/** Light curves worth a look: the most variable and the best measured DIAObjects. */
import type { LightCurve, LightPoint } from '../model/reportData.ts';
import type { ApdbRows } from './digests/apdbRows.ts';
import type { Item } from './resultSource.ts';

const MIN_POINTS = 2;

interface Gathered {
  readonly id: bigint;
  readonly points: LightPoint[];
  ra: number;
  dec: number;
  nDetections: number;
}

export interface ChosenLightCurves {
  readonly lightCurves: readonly LightCurve[];
  readonly nDiaObjects: number;
}

/**
 * Of the objects with two measurements of one band at least: the `n` with the largest reduced chi square about the
 * weighted mean of each band, then the `n` others with the most measurements and, among these, the smallest error.
 * Forced measurements at the time of a detection of the same object are left out. Cost: linear in the measurements.
 */
export function chooseLightCurves(images: readonly Item<ApdbRows>[], n: number): ChosenLightCurves {
  const all = [...gather(images).values()];
  const curves = all.flatMap(({ id, points, ra, dec, nDetections }) => {
    const own = withoutForcedTwins(points);
    const chi2 = reducedChi2(own);
    if (chi2 === null || nDetections === 0) return [];
    return [{ diaObjectId: String(id), kind: 'variable' as const, ra_deg: Number(ra.toFixed(6)), dec_deg: Number(dec.toFixed(6)), reducedChi2: Number(chi2.toPrecision(4)), points: own }];
  });
  const byId = (a: LightCurve, b: LightCurve): number => (a.diaObjectId < b.diaObjectId ? -1 : 1);
  const variable = [...curves].sort((a, b) => b.reducedChi2 - a.reducedChi2 || byId(a, b)).slice(0, n);
  const rest = curves.filter(c => !variable.includes(c)).map(c => ({ ...c, kind: 'measured' as const }));
  rest.sort((a, b) => b.points.length - a.points.length || meanError(a.points) - meanError(b.points) || byId(a, b));
  return { lightCurves: [...variable, ...rest.slice(0, n)], nDiaObjects: all.length };
}

function gather(images: readonly Item<ApdbRows>[]): Map<bigint, Gathered> {
  const objects = new Map<bigint, Gathered>();
  for (const { dataId, value } of images) {
    value.diaObjectId.forEach((id, i) => {
      const isForced = value.isForced[i] !== 0;
      if (!Number.isFinite(value.flux[i]!) || !(value.fluxErr[i]! > 0)) return;
      const own = objects.get(id) ?? { id, points: [], ra: NaN, dec: NaN, nDetections: 0 };
      objects.set(id, own);
      own.points.push({
        mjd: Number(value.mjd[i]!.toFixed(6)), band: String(dataId.band), flux_nJy: Number(value.flux[i]!.toPrecision(6)),
        fluxErr_nJy: Number(value.fluxErr[i]!.toPrecision(4)), isForced,
      });
      if (isForced) return;
      own.nDetections++;
      [own.ra, own.dec] = [value.ra[i]!, value.dec[i]!];
    });
  }
  return objects;
}

function withoutForcedTwins(points: readonly LightPoint[]): LightPoint[] {
  const detected = new Set(points.filter(p => !p.isForced).map(p => p.mjd));
  return points.filter(p => !p.isForced || !detected.has(p.mjd)).sort((a, b) => a.mjd - b.mjd);
}

/** Over all bands with two points at least, degrees of freedom = points less bands; null when there is no such band. */
export function reducedChi2(points: readonly LightPoint[]): number | null {
  let chi2 = 0;
  let freedom = 0;
  for (const band of new Set(points.map(p => p.band))) {
    const own = points.filter(p => p.band === band);
    if (own.length < MIN_POINTS) continue;
    const weights = own.map(p => p.fluxErr_nJy ** -2);
    const mean = own.reduce((sum, p, i) => sum + weights[i]! * p.flux_nJy, 0) / weights.reduce((a, b) => a + b, 0);
    chi2 += own.reduce((sum, p, i) => sum + weights[i]! * (p.flux_nJy - mean) ** 2, 0);
    freedom += own.length - 1;
  }
  return freedom === 0 ? null : chi2 / freedom;
}

function meanError(points: readonly LightPoint[]): number {
  return points.reduce((sum, p) => sum + p.fluxErr_nJy, 0) / points.length;
}
