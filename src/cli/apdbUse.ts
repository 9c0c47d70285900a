/** Which association database a command works with, and what it may do to visits that are in it already. */
import type { Command } from 'commander';
import { labelledConfig, readApdbConfig } from '../apdb/apdbConfig.ts';
import { apdbExists, createApdb, openApdb } from '../apdb/openApdb.ts';
import type { OpenApdb } from '../apdb/openApdb.ts';
import type { HistoryDays } from '../apdb/reader.ts';
import type { Apdb } from '../model/apdb.ts';
import { ApError } from '../model/errors.ts';
import type { QuantumGraph } from '../pipeline/quantum.ts';
import { tasks } from '../tasks/index.ts';

/** Plain data: it goes to worker processes. */
export interface ApdbUse {
  readonly url: string;
  /** null: as long as the database has it by default. */
  readonly history: HistoryDays | null;
  /** Whether visits that another run has stored are taken back and stored anew. */
  readonly mayReplace: boolean;
}

/** Options of the command line. */
export interface ApdbOptions {
  readonly db?: string;
  readonly apdb?: string;
  readonly apdbConfig?: string;
  readonly replaceVisits?: true;
}

export function withApdbOptions(command: Command): Command {
  return command
    .option('--db <url>', 'association database: a file, sqlite:///FILE, or postgresql://USER@HOST/DATABASE?schema=NAME; made when it does not exist')
    .option('--apdb <url>', 'the same as --db')
    .option('--apdb-config <file>', 'configuration file of dax_apdb, or label:NAME, that names an existing database')
    .option('--replace-visits', 'visits that another run has stored in the database are taken back first');
}

/** The database that the options name; null: none. @throws ApError USAGE for several, BAD_CONFIG for a bad configuration. */
export function apdbOfOptions({ db, apdb, apdbConfig, replaceVisits }: ApdbOptions): ApdbUse | null {
  const given = [db, apdb, apdbConfig].filter(value => value !== undefined);
  if (given.length > 1) throw new ApError('USAGE', { found: given.join(', '), expected: 'one of --db, --apdb and --apdb-config' });
  const mayReplace = replaceVisits === true;
  const url = db ?? apdb;
  if (url !== undefined) return { url, history: null, mayReplace };
  return apdbConfig === undefined ? null : { ...readApdbConfig(configFile(apdbConfig)), mayReplace };
}

function configFile(name: string): string {
  const label = /^label:(.+)$/.exec(name)?.[1];
  if (label === undefined) return name;
  const index = process.env.DAX_APDB_INDEX_URI;
  if (index === undefined) throw new ApError('BAD_CONFIG', { where: name, found: 'no DAX_APDB_INDEX_URI in the environment', expected: 'the index of labels' });
  return labelledConfig(label, index);
}

/** The database for tasks of these names, made when --db or --apdb names one that does not exist; null: they need none. */
export function apdbForTasks(taskNames: readonly string[], use: ApdbUse | null): ApdbUse | null {
  if (!taskNames.some(name => tasks[name]?.usesApdb === true)) return null;
  if (use === null) {
    throw new ApError('USAGE', { found: 'a task that uses the association database', expected: '--db URL', todo: 'the database is made when it does not exist' });
  }
  if (use.history === null && !apdbExists(use.url)) createApdb(use.url);
  return use;
}

/** Opens the database under the name of a run of a repository. */
export function openForRun({ url, history }: ApdbUse, run: string): OpenApdb {
  return openApdb(url, { run, now_unix_s: () => Date.now() / 1000, ...(history === null ? {} : { history }) });
}

/** Name under which the visits of a run are stored. */
export function storingRun(repository: string, run: string): string {
  return `${run} of ${repository}`;
}

/**
 * Refuses a graph whose visits another run has stored, before anything is done. What this run itself has stored is no
 * obstacle: it was killed before its outputs were registered, or is to write them anew.
 */
export function checkVisits(use: ApdbUse, { quanta }: QuantumGraph, run: string): void {
  const visits = quanta.filter(({ taskName }) => tasks[taskName]?.usesApdb === true)
    .map(({ expandedDataId: { visit, detector } }) => ({ visit: Number(visit), detector: Number(detector) }));
  const apdb = openForRun(use, run);
  try {
    for (const { visit, detector } of visits) checkVisit(use, apdb, { visit, detector, run });
  } finally {
    apdb.close();
  }
}

interface VisitOfRun {
  readonly visit: number;
  readonly detector: number;
  readonly run: string;
}

/** Throws ApError APDB when the visit was stored by another run and may not be replaced; true when it is stored. */
function checkVisit({ mayReplace }: ApdbUse, apdb: OpenApdb, { visit, detector, run }: VisitOfRun): boolean {
  if (!apdb.containsVisitDetector(visit, detector)) return false;
  const other = apdb.runOf(visit, detector);
  if (mayReplace || other === run) return true;
  throw new ApError('APDB', {
    where: apdb.connection.where, found: `visit ${visit}, detector ${detector}, stored by ${other === null ? 'another program' : `run ${other}`}`,
    expected: 'a visit that is not in the database', todo: 'give --replace-visits to take it back and store it anew, or another --db',
  });
}

interface Guard {
  /** The run that stores. */
  readonly run: string;
  readonly beforeWrite: () => void;
}

/** The database as a task may use it: asked before every change, and with the visits of other runs out of reach. */
export function guardedApdb(use: ApdbUse, apdb: OpenApdb, { run, beforeWrite }: Guard): Apdb {
  return {
    ...apdb,
    containsVisitDetector: (visit, detector) => checkVisit(use, apdb, { visit, detector, run }),
    store: (...args) => {
      beforeWrite();
      apdb.store(...args);
    },
    forgetVisitDetector: visit => {
      beforeWrite();
      apdb.forgetVisitDetector(visit);
    },
  };
}
