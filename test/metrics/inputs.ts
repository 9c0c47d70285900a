/** What measures read, made by hand: digests and tables of a few rows, and a call of a measure by the name of its metric. */
import { expect } from 'chai';
import { measures } from '../../metrics/index.ts';
import { imageNumbers } from '../../src/harness/digests/imageNumbers.ts';
import type { ImageNumbers } from '../../src/harness/digests/imageNumbers.ts';
import { truthRecovery } from '../../src/harness/digests/truthRecovery.ts';
import type { TrueChange, TruthRecovery } from '../../src/harness/digests/truthRecovery.ts';
import type { Measure, Outcome, Requirement, RunFacts } from '../../src/harness/measure.ts';
import type { Item } from '../../src/harness/resultSource.ts';
import { DIA_FORCED_SOURCE_COLUMNS, DIA_OBJECT_COLUMNS, DIA_SOURCE_COLUMNS } from '../../src/model/apdbColumns.ts';
import { DIA_COLUMNS, MATCH_COLUMNS, STAR_COLUMNS } from '../../src/model/catalogs.ts';
import * as types from '../../src/model/datasetTypes.ts';
import { tableFromRows } from '../../src/model/table.ts';
import type { ColumnSpec, Table } from '../../src/model/table.ts';

export type Cells = Readonly<Record<string, number | bigint | string | boolean>>;

export const NO_NUMBERS: ImageNumbers = {
  nSciSources: 0, nDiaSourcesBeforeCuts: 0, nDiaSources: 0, nNegative: 0, nDipoles: 0, usableArea_deg2: 0, usableFraction: 0,
  differenceWidth: NaN, nWidthPixels: 0, scienceFwhm_arcsec: NaN, templateFwhm_arcsec: NaN, scienceDepth_mag: NaN,
  differenceDepth_mag: NaN, zeroPoint_mag: NaN,
};

export const runOf = (changes: Partial<RunFacts> = {}): RunFacts => ({
  hasTruth: true, quanta: [], images: [1, 2].map(visit => ({ visit, detector: 0, band: 'g' })), ...changes,
});

/** Values of the images of visit 1, 2, ... in the band g. */
export function itemsOf<T>(...values: readonly T[]): Item<T>[] {
  return values.map((value, k) => ({ dataId: { instrument: 'sim', visit: k + 1, detector: 0, band: 'g' }, value }));
}

export function changeOf(changes: Partial<TrueChange> = {}): TrueChange {
  return { id: '1', kind: 'transient', deltaFlux: 1000, snr: 20, usable: true, foundBeforeCuts: true, match: null, ...changes };
}

export function matchOf(changes: Partial<NonNullable<TrueChange['match']>> = {}): NonNullable<TrueChange['match']> {
  return { diaSourceId: '1', east_mas: 0, north_mas: 0, flux: 1000, fluxErr: 50, ...changes };
}

export function recoveryOf(changes: readonly TrueChange[], counts: Partial<TruthRecovery> = {}): TruthRecovery {
  const sourceIsTrue = changes.map(c => c.match !== null);
  return {
    changes, nSources: changes.length, nTrueSources: sourceIsTrue.filter(Boolean).length, sourceSnr: changes.map(c => c.snr),
    sourceIsTrue, ...counts,
  };
}

const COLUMNS: Readonly<Record<string, readonly ColumnSpec[]>> = {
  [types.starCatalog.name]: STAR_COLUMNS,
  [types.diaSourceDetector.name]: DIA_COLUMNS,
  [types.astrometryMatch.name]: MATCH_COLUMNS,
  [types.photometryMatch.name]: MATCH_COLUMNS,
  ...Object.fromEntries(([
    [types.diaSourceApdb, DIA_SOURCE_COLUMNS], [types.diaObjectApdb, DIA_OBJECT_COLUMNS],
    [types.diaForcedSourceApdb, DIA_FORCED_SOURCE_COLUMNS],
  ] as const).map(([type, columns]) => [type.name, columns.map(({ name, type: t, unit }) => ({ name, type: t, unit, doc: '' }))])),
};

/** Rows of a dataset type with all its columns; cells that are not given are 0, NaN, false or empty. */
export function tableOf(type: { readonly name: string }, rows: readonly Cells[]): Table {
  const specs = COLUMNS[type.name]!;
  const blank = Object.fromEntries(specs.map(s => [s.name, s.type === 'string' ? '' : s.type.startsWith('f') ? NaN : 0]));
  return tableFromRows(specs, rows.map(row => ({ ...blank, ...row })));
}

export function measureNamed(metric: string): Measure<never> {
  const found = measures.filter(m => m.metric === metric);
  expect(found, metric).to.have.length(1);
  return found[0]!;
}

/** Calls a measure of one outcome with values for its requirements. */
export function measure(metric: string, values: Readonly<Record<string, readonly Item<unknown>[]>>, run = runOf()): Outcome {
  const { requires, measure: call } = measureNamed(metric);
  expect(Object.keys(values).sort(), 'every requirement is given').to.deep.equal(Object.keys(requires as object).sort());
  const outcome = call(values as never, run);
  expect(outcome).not.to.be.an('array');
  return outcome as Outcome;
}

/** What a requirement gives when its datasets are there and have nothing in them. */
export function emptyItems(requirement: Requirement): Item<unknown>[] {
  if (!('compute' in requirement)) return itemsOf(tableOf(requirement, []), tableOf(requirement, []));
  if (requirement.digest === truthRecovery.digest) return itemsOf(recoveryOf([]), recoveryOf([]));
  expect(requirement.digest).to.equal(imageNumbers.digest);
  return itemsOf(NO_NUMBERS, NO_NUMBERS);
}
