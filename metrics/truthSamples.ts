/** Samples of the truth that several measures share. */
import type { TrueChange, TruthRecovery } from '../src/harness/digests/truthRecovery.ts';
import type { Item } from '../src/harness/resultSource.ts';
import { abMag } from '../src/model/photoCalib.ts';

export interface BandChange extends TrueChange {
  readonly band: string;
  /** AB magnitude of the absolute change of flux. */
  readonly mag: number;
}

/** Changes where something can be measured, all images together. */
export function usableChanges(recovery: readonly Item<TruthRecovery>[]): BandChange[] {
  return recovery.flatMap(({ dataId, value }) => value.changes.filter(c => c.usable)
    .map(c => ({ ...c, band: String(dataId.band), mag: abMag(Math.abs(c.deltaFlux)) })));
}

export type FoundChange = BandChange & { readonly match: NonNullable<TrueChange['match']> };

/** Usable changes above the S/N that were found. */
export function foundChanges(recovery: readonly Item<TruthRecovery>[], snrMin: number): FoundChange[] {
  return usableChanges(recovery).filter((c): c is FoundChange => c.snr > snrMin && c.match !== null);
}
