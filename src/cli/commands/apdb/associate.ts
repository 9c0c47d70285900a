/** `ap-verify apdb associate`: association and summary statistics of DIASource catalogs, without pixels. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { apdbExists, createApdb, openApdb } from '../../../apdb/openApdb.ts';
import { associateCatalog, visitsOf } from '../../../astro/association/associateCatalog.ts';
import type { AssociatedVisit, CatalogAssociation, CatalogOptions } from '../../../astro/association/associateCatalog.ts';
import { compareObjects } from '../../../astro/association/compareObjects.ts';
import { joinedDiaSources, standardDiaSources, uniqueDiaSources } from '../../../astro/association/diaSourceColumns.ts';
import type { KnownSky } from '../../../astro/association/updateDiaObjects.ts';
import type { Apdb } from '../../../model/apdb.ts';
import { APDB_BANDS, DIA_SOURCE_COLUMNS } from '../../../model/apdbColumns.ts';
import { ApError } from '../../../model/errors.ts';
import { column, numbers, selectRows, withColumns } from '../../../model/table.ts';
import type { Table } from '../../../model/table.ts';
import { orbitalEphemeris, tabulatedEphemeris, tabulatedObserver, withSolarSystemObjects } from '../../../astro/association/solarSystem.ts';
import { agreementText } from '../../agreementText.ts';
import { historyAround } from '../../apdbHistory.ts';
import { positiveNumber, several } from '../../optionValues.ts';
import { ephemerisTable } from '../../ephemerisTable.ts';
import { readTable, writeTableAt } from '../../tableFiles.ts';
import type { Outcome } from '../../main.ts';

interface Options {
  readonly db?: string;
  readonly radius: number;
  readonly mode: 'optimal' | 'greedy';
  readonly position: 'mean' | 'weighted';
  readonly ephemerides?: string;
  readonly orbits?: string;
  readonly observer?: string;
  readonly existing: 'refuse' | 'skip' | 'replace';
  readonly historyDays: number;
  readonly statistics: 'apdb' | 'all';
  readonly objects?: string;
  readonly sources?: string;
  readonly compare: readonly string[];
}

const NOTHING: KnownSky = { objects: { nRows: 0, columns: {} }, sources: { nRows: 0, columns: {} } };
/** What a comparison calls equal. */
const TOLERANCE = { position_arcsec: 1e-6, relative: 1e-6 };

export function addApdbAssociateCommand(apdb: Command, outcome: Outcome): void {
  apdb.command('associate <diasources...>')
    .description('associate DIASource catalogs (Parquet, FITS, ECSV, CSV) into DIAObjects, visit after visit, and store them')
    .option('--db <url>', 'association database: goes on from what is in it, and stores; it is made when it is not there')
    .option('--radius <arcsec>', 'how far a source may be from its object', positiveNumber, 1)
    .addOption(new Option('--mode <mode>', 'optimal: likeliest pairs; greedy: to each source its nearest object, closest first, as in 2021')
      .choices(['optimal', 'greedy']).default('optimal'))
    .addOption(new Option('--position <how>', 'position of an object: plain mean, with the errors of its first source, as Rubin has it; or weighted')
      .choices(['mean', 'weighted']).default('mean'))
    .option('--ephemerides <file>', 'positions of solar-system objects: ssObjectId, midpointMjdTai, ra, dec; their sources belong to no DIAObject')
    .option('--orbits <file>', 'orbital elements instead, named as in mpc_orbits, with --observer')
    .option('--observer <file>', 'heliocentric positions of the observer: mjd, x, y, z (au, ICRS)')
    .addOption(new Option('--existing <what>', 'visits that the database has already').choices(['refuse', 'skip', 'replace']).default('refuse'))
    .option('--history-days <days>', 'older sources do not count in summaries', positiveNumber, 360)
    .addOption(new Option('--statistics <which>', 'of the exported objects: those of the database, or all').choices(['apdb', 'all']).default('apdb'))
    .option('--objects <file>', 'write the DIAObjects (.parquet, .fits, .ecsv or .csv)')
    .option('--sources <file>', 'write the DIASources with their diaObjectId')
    .option('--compare <file>', 'compare with these DIAObjects of the same sources (repeatable); exit code 1 when they differ', several, [])
    .action(async (files: readonly string[], options: Options) => {
      outcome.exitCode = await associateFiles(files, options);
    });
}

async function associateFiles(files: readonly string[], options: Options): Promise<number> {
  const read = await Promise.all(files.map(async file => ({ file, table: await readTable(file) })));
  const all = uniqueDiaSources(joinedDiaSources(read.filter(r => r.table.nRows > 0).map(r => standardDiaSources(r.table, r.file))));
  if (all.nRows === 0) throw new ApError('BAD_FORMAT', { where: files.join(', '), found: 'no DIASource', expected: 'at least one' });
  const sorted = await withoutSolarSystem(all, options);
  const reference = options.compare.length > 0 ? joinedDiaSources(await Promise.all(options.compare.map(readTable))) : null;
  const db = options.db === undefined ? null : openOrMake(options.db, sorted, options.historyDays);
  try {
    const catalog = db === null ? sorted : withoutStored(db, sorted, options.existing);
    const association = associateAll(catalog, db, options);
    await exportTables(catalog, association, options);
    return reference === null ? 0 : compared(catalog, association, reference);
  } finally {
    db?.close();
  }
}

/** Solar-system objects come first: their sources get `ssObjectId`, and no DIAObject. */
async function withoutSolarSystem(catalog: Table, { ephemerides, orbits, observer, radius }: Options): Promise<Table> {
  if ((orbits === undefined) !== (observer === undefined)) {
    throw new ApError('USAGE', { where: '--orbits, --observer', found: 'one of them', expected: 'both or none' });
  }
  let found = { catalog, nMatched: 0 };
  for (const ephemeris of [
    ...(ephemerides === undefined ? [] : [tabulatedEphemeris(await ephemerisTable(ephemerides, ['ra', 'dec']))]),
    ...(orbits === undefined ? [] : [orbitalEphemeris(
      await ephemerisTable(orbits, ['e', 'i', 'node', 'argperi']), tabulatedObserver(await ephemerisTable(observer!, ['mjd', 'x', 'y', 'z'], false)))]),
  ]) {
    const next = withSolarSystemObjects(found.catalog, ephemeris, radius);
    found = { catalog: next.catalog, nMatched: found.nMatched + next.nMatched };
  }
  if (ephemerides !== undefined || orbits !== undefined) process.stderr.write(`solar-system objects: ${found.nMatched} sources\n`);
  return found.catalog;
}

/** Before anything is made: the database demands columns that the association does not. */
function openOrMake(url: string, catalog: Table, historyDays: number): Apdb & { close(): void } {
  const missing = DIA_SOURCE_COLUMNS.filter(c => !c.nullable && catalog.columns[c.name] === undefined).map(c => c.name);
  if (missing.length > 0) {
    throw new ApError('BAD_FORMAT', {
      where: 'DIASources', found: `no column ${missing.join(', ')}`, expected: 'what the database demands', todo: 'leave out --db, and write --objects',
    });
  }
  if (!apdbExists(url)) createApdb(url);
  return openApdb(url, { history: { sources: historyDays, forcedSources: historyDays } });
}

/** The sources of visits that are not stored yet; by wish stored ones are forgotten, or an error. */
function withoutStored(db: Apdb, catalog: Table, existing: Options['existing']): Table {
  const visits = visitsOf(catalog);
  const stored = visits.filter(v => db.containsVisitDetector(v.visit, v.detector));
  if (stored.length === 0) return catalog;
  if (existing === 'refuse') {
    const { visit, detector } = stored[0]!;
    throw new ApError('APDB', {
      where: `visit ${visit}, detector ${detector}`, found: `${stored.length} of ${visits.length} visits are stored already`,
      expected: 'new visits', todo: '--existing skip goes on with the others, --existing replace does them again',
    });
  }
  if (existing === 'replace') {
    for (const visit of stored.toReversed()) db.forgetVisitDetector(visit);
    return catalog;
  }
  process.stderr.write(`${stored.length} of ${visits.length} visits are stored already\n`);
  const rows = visits.filter(v => !stored.includes(v)).flatMap(v => [...v.rows]);
  return selectRows(catalog, rows.sort((a, b) => a - b));
}

function associateAll(catalog: Table, db: Apdb | null, options: Options): CatalogAssociation {
  const known = db === null ? NOTHING : historyAround(db, catalog, options.radius);
  const how: CatalogOptions = {
    association: { method: options.mode, radius_arcsec: options.radius },
    summary: { position: options.position, statistics: options.statistics }, historyWindow_d: options.historyDays,
  };
  sayWhatIsOdd(catalog);
  const association = associateCatalog(catalog, known, how);
  const total = { nVisits: 0, nSources: 0, nNew: 0, nUpdated: 0 };
  for (let visit = association.next(); visit !== null; visit = association.next()) {
    if (db !== null) store(db, visit);
    total.nVisits++;
    total.nSources += visit.rows.length;
    total.nNew += visit.nNew;
    total.nUpdated += visit.nUpdated;
  }
  process.stderr.write(`${total.nVisits} visit-detectors, ${total.nSources} sources: ${total.nUpdated} joined an object, ${total.nNew} started one, `
    + `${total.nSources - total.nUpdated - total.nNew} belong to none (no position, or a solar-system object)\n`);
  return association;
}

function store(db: Apdb, visit: AssociatedVisit): void {
  const sources = visit.sources();
  const [ra, dec] = [numbers(sources, 'ra'), numbers(sources, 'dec')];
  const rows = Array.from({ length: sources.nRows }, (_, i) => i).filter(i => Number.isFinite(ra[i]! + dec[i]!));
  db.store(visit, visit.objects(), selectRows(sources, rows), { nRows: 0, columns: {} });
}

function sayWhatIsOdd(catalog: Table): void {
  const bands = new Set<string>(APDB_BANDS);
  const odd = [...new Set(column(catalog, 'band', 'string').filter(band => !bands.has(band)))];
  if (odd.length > 0) process.stderr.write(`no flux statistics for sources in ${odd.map(b => JSON.stringify(b)).join(', ')}: not a band of the schema\n`);
}

async function exportTables(catalog: Table, association: CatalogAssociation, options: Options): Promise<void> {
  if (options.objects !== undefined) writeTableAt(options.objects, association.objects());
  if (options.sources === undefined) return;
  const doc = 'DIAObject of the source; 0 for none';
  writeTableAt(options.sources, withColumns(catalog, { diaObjectId: { type: 'i64', unit: '', doc, values: association.diaObjectId } }));
}

function compared(catalog: Table, association: CatalogAssociation, reference: Table): number {
  if (catalog.columns.diaObjectId === undefined) {
    throw new ApError('BAD_FORMAT', { where: '--compare', found: 'DIASources without diaObjectId', expected: 'their objects in the other pipeline' });
  }
  const agreement = compareObjects(catalog, association.diaObjectId, association.objects(), reference, TOLERANCE);
  process.stdout.write(agreementText(agreement, TOLERANCE));
  const differs = agreement.differentGroups.length > 0 || agreement.columns.some(c => c.nBeyond > c.nRounding || c.nOnlyTheirs > 0);
  return differs ? 1 : 0;
}
