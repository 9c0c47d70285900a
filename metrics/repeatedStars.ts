/** Bright stars that were seen in several visits, as the key performance metrics of LPM-17 take them. */
import type { RepeatedStar } from '../src/astro/performance/repeatability.ts';
import type { Item } from '../src/harness/resultSource.ts';
import { numbers } from '../src/model/table.ts';
import type { Table } from '../src/model/table.ts';
import type { StarMagnitude } from './starResiduals.ts';

/** Magnitudes of each star and band, mmag. */
export function magnitudesByStar(stars: readonly StarMagnitude[]): number[][] {
  const groups = Map.groupBy(stars, s => `${s.band} ${s.star}`);
  return [...groups.values()].map(members => members.map(s => 1000 * s.mag));
}

/** Positions of each reference star in each visit; NaN where it was not seen with the signal to noise. */
export function positionsByStar(matches: readonly Item<Table>[], snrMin: number): RepeatedStar[] {
  const visits = [...new Set(matches.map(({ dataId }) => Number(dataId.visit)))].sort((a, b) => a - b);
  const stars = new Map<string, { ra_deg: number[]; dec_deg: number[] }>();
  for (const { dataId, value } of matches) {
    const k = visits.indexOf(Number(dataId.visit));
    const [ra, dec, refRa, refDec, snr] = ['ra', 'dec', 'refRa', 'refDec', 'snr'].map(name => numbers(value, name)) as Float64Array[];
    for (let i = 0; i < value.nRows; i++) {
      if (!(snr![i]! > snrMin)) continue;
      const key = `${refRa![i]},${refDec![i]}`;
      const star = stars.get(key) ?? { ra_deg: visits.map(() => NaN), dec_deg: visits.map(() => NaN) };
      star.ra_deg[k] = ra![i]!;
      star.dec_deg[k] = dec![i]!;
      stars.set(key, star);
    }
  }
  return [...stars.values()];
}
