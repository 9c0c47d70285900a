/** Removal of sources that must not reach the association. */
import * as types from '../model/datasetTypes.ts';
import { ApError } from '../model/errors.ts';
import { column, numbers, selectRows } from '../model/table.ts';
import type { Table } from '../model/table.ts';
import { connection, defineTask } from '../pipeline/task.ts';

const CONFIG = {
  doRemoveSkySources: { default: true, doc: 'Reject sources that were placed on empty sky.' },
  badFlagList: {
    default: [
      'flagEdge', 'flagSaturated', 'flagBad', 'flagInterpolated', 'flagCentroid', 'flagBrightNeighbour',
    ] as readonly string[],
    doc: 'Reject sources with any of these flags (columns of dia_source_unfiltered).',
  },
  doRemoveDipoles: { default: false, doc: 'Reject sources that are classified as dipoles.' },
  doRemoveNegativeDirectImageSources: {
    default: true, doc: 'Reject sources whose forced flux on the science image is significantly negative.',
  },
  minAllowedDirectSnr: { default: -2, doc: 'Lowest scienceFlux / scienceFluxErr that is kept.' },
  minReliability: { default: 0, doc: 'Reject sources with a lower reliability; 0 switches this off.', min: 0, max: 1 },
};

/** Why a source is rejected: one set of rows for each reason. */
type Reasons = Readonly<Record<string, (row: number) => boolean>>;

export const filterDiaSource = defineTask({
  name: 'FilterDiaSourceCatalogTask',
  doc: 'Remove sky sources and sources with bad flags; the rejected ones are kept in a catalog of their own.',
  dimensions: ['instrument', 'visit', 'detector'],
  inputs: { diaSourceCat: connection(types.diaSourceUnfiltered, 'All sources of the difference image.') },
  outputs: {
    filteredDiaSourceCat: connection(types.diaSourceUnstandardized, 'Sources that are kept.'),
    rejectedDiaSources: connection(types.rejectedDiaSource, 'Sources that are rejected.'),
  },
  config: CONFIG,
  run({ diaSourceCat }, config, { metadata, log }) {
    const reasons: Reasons = {
      ...(config.doRemoveSkySources ? { isSky: flagged(diaSourceCat, 'isSky') } : {}),
      ...Object.fromEntries(config.badFlagList.map(name => [name, flagged(diaSourceCat, name)])),
      ...(config.doRemoveDipoles ? { isDipole: flagged(diaSourceCat, 'isDipole') } : {}),
      ...(config.doRemoveNegativeDirectImageSources
        ? { negativeDirect: negativeDirect(diaSourceCat, config.minAllowedDirectSnr) } : {}),
      ...(config.minReliability > 0 ? { unreliable: unreliable(diaSourceCat, config.minReliability) } : {}),
    };
    const tests = Object.values(reasons);
    const rows = Array.from({ length: diaSourceCat.nRows }, (_, i) => i);
    const kept = rows.filter(i => !tests.some(test => test(i)));
    const rejected = rows.filter(i => tests.some(test => test(i)));
    const isSky = flagged(diaSourceCat, 'isSky');
    metadata.numUnfilteredDiaSources = rows.length;
    metadata.numSkySources = rows.filter(isSky).length;
    metadata.numDetectedDiaSources = rows.length - rows.filter(isSky).length;
    metadata.numGoodDiaSources = kept.length;
    metadata.numRejectedDiaSources = rejected.length;
    for (const [name, test] of Object.entries(reasons)) metadata[`numRejected_${name}`] = rows.filter(test).length;
    log.info(`kept ${kept.length} of ${rows.length} sources`);
    return {
      filteredDiaSourceCat: selectRows(diaSourceCat, kept),
      rejectedDiaSources: selectRows(diaSourceCat, rejected),
    };
  },
});

function flagged(table: Table, name: string): (row: number) => boolean {
  if (table.columns[name]?.type !== 'bool') {
    const flags = Object.entries(table.columns).filter(([, c]) => c.type === 'bool').map(([key]) => key);
    throw new ApError('BAD_CONFIG', { where: 'badFlagList', found: name, expected: flags.join(', ') });
  }
  const values = column(table, name, 'bool');
  return row => values[row] !== 0;
}

function negativeDirect(table: Table, minSnr: number): (row: number) => boolean {
  const flux = numbers(table, 'scienceFlux');
  const error = numbers(table, 'scienceFluxErr');
  return row => flux[row]! / error[row]! < minSnr;
}

/** A source without a score is kept: switching the scorer off must not empty the catalog. */
function unreliable(table: Table, minReliability: number): (row: number) => boolean {
  const reliability = numbers(table, 'reliability');
  return row => reliability[row]! < minReliability;
}
