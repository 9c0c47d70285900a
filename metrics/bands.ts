/** Bands of the images of a run. */
import type { RunFacts } from '../src/harness/measure.ts';
import type { Item } from '../src/harness/resultSource.ts';

/** The band of the visit that a dataset belongs to. */
export function bandOfRun({ images }: RunFacts): (item: Item<unknown>) => string {
  const bands = new Map(images.map(i => [i.visit, i.band]));
  return ({ dataId }) => bands.get(Number(dataId.visit)) ?? String(dataId.band ?? '');
}

/** True when some band was observed in at least two visits; `anyBand`: in two visits of whatever band. */
export function hasRepeatVisits({ images }: RunFacts, anyBand: boolean): boolean {
  const visits = new Set(images.map(i => i.visit));
  if (anyBand) return visits.size > 1;
  const bands = [...new Set(images.map(i => i.band))];
  return bands.some(band => new Set(images.filter(i => i.band === band).map(i => i.visit)).size > 1);
}
