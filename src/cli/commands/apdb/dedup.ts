/** `ap-verify apdb dedup`: DIAObjects that are one are merged. */
import type { Command } from 'commander';
import { lastDedup_mjdTai, mergeObjects } from '../../../apdb/mergeObjects.ts';
import type { Merge } from '../../../apdb/mergeObjects.ts';
import { readMetadata } from '../../../apdb/metadata.ts';
import type { OpenApdb } from '../../../apdb/openApdb.ts';
import { queryRows } from '../../../apdb/query.ts';
import { duplicateGroups } from '../../../astro/association/duplicateObjects.ts';
import type { DuplicateGroup } from '../../../astro/association/duplicateObjects.ts';
import { sourceHistory } from '../../../astro/association/sourceHistory.ts';
import { summarizeDiaObjects, withForcedMeans } from '../../../astro/association/summarizeDiaObjects.ts';
import { column, numbers } from '../../../model/table.ts';
import { positiveNumber } from '../../optionValues.ts';
import { withApdb } from './common.ts';

interface Options {
  readonly radius: number;
  readonly all?: true;
  readonly dryRun?: true;
}

/** TAI - UTC since 2017. */
const LEAP_S = 37;

export function addApdbDedupCommand(apdb: Command): void {
  apdb.command('dedup <url>')
    .description('merge DIAObjects that are one: close to each other and never seen in the same image')
    .option('--radius <arcsec>', 'largest distance', positiveNumber, 1)
    .option('--all', 'look at all objects, not only at those that are new since the last time')
    .option('-n, --dry-run', 'print what would be merged and change nothing')
    .action((url: string, options: Options) => { withApdb(url, opened => { dedup(opened, options); }); });
}

function dedup(apdb: OpenApdb, { radius, all, dryRun }: Options): void {
  const { connection, form } = apdb;
  const since_mjdTai = all === true ? null : lastDedup_mjdTai(readMetadata(connection));
  const groups = findGroups(apdb, radius, since_mjdTai);
  for (const { kept, removed } of groups) process.stdout.write(`${kept} <- ${removed.join(', ')}\n`);
  const nRemoved = groups.reduce((n, { removed }) => n + removed.length, 0);
  if (dryRun !== true) {
    const unix_s = Date.now() / 1000;
    mergeObjects(connection, form, groups.map(group => mergeOf(apdb, group)), { unix_s, mjdTai: (unix_s + LEAP_S) / 86_400 + 40_587 });
  }
  process.stderr.write(`${nRemoved} objects ${dryRun === true ? 'would be' : 'were'} merged into ${groups.length}\n`);
}

function findGroups({ connection }: OpenApdb, radius_arcsec: number, since_mjdTai: number | null): DuplicateGroup[] {
  const objects = queryRows(connection, { table: 'objects' });
  if (objects.nRows === 0) return [];
  const start = numbers(objects, 'validityStartMjdTai');
  return duplicateGroups({
    diaObjectId: column(objects, 'diaObjectId', 'i64'), ra: numbers(objects, 'ra'), dec: numbers(objects, 'dec'),
    nDiaSources: numbers(objects, 'nDiaSources'), first_mjdTai: numbers(objects, 'firstDiaSourceMjdTai'),
    isCandidate: Array.from(start, time => since_mjdTai === null || time >= since_mjdTai),
  }, radius_arcsec, id => new Set(connection.all('SELECT DISTINCT visit, detector FROM "DiaSource" WHERE "diaObjectId" = ?', [id])
    .map(([visit, detector]) => `${visit} ${detector}`)));
}

/** The summary that the kept object has with all sources; forced fluxes remain those at its own position. */
function mergeOf({ connection }: OpenApdb, { kept, removed }: DuplicateGroup): Merge {
  const sources = queryRows(connection, { table: 'sources', diaObjectIds: [kept, ...removed] });
  const own = column(sources, 'diaObjectId', 'i64').slice().fill(kept);
  const merged = { ...sources, columns: { ...sources.columns, diaObjectId: { ...sources.columns.diaObjectId!, type: 'i64' as const, values: own } } };
  const summary = summarizeDiaObjects(BigInt64Array.of(kept), sourceHistory([merged]), 0);
  const forced = queryRows(connection, { table: 'forced', diaObjectIds: [kept] });
  return { kept, removed, object: forced.nRows === 0 ? summary : withForcedMeans(summary, sourceHistory([forced], 'diaForcedSourceId')) };
}
