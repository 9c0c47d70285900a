/** `ap-verify apdb query` and `export`: rows of the association database as tables. */
import path from 'node:path';
import { Argument, InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { QUERY_TABLES, queryRows, tableParts } from '../../../apdb/query.ts';
import type { ApdbQuery, Cone, QueryTable } from '../../../apdb/query.ts';
import { writeTableFile } from '../../../formats/tableFile.ts';
import { writeFileAtomic } from '../../../harness/workspace.ts';
import { ApError } from '../../../model/errors.ts';
import { selectRows } from '../../../model/table.ts';
import { positiveInteger } from '../../optionValues.ts';
import { putTable, withApdb } from './common.ts';

const TABLES = Object.keys(QUERY_TABLES) as QueryTable[];
const MAX_RADIUS_ARCSEC = 36_000;
/** Rows in one file: about 100 MB. */
const ROWS_PER_FILE = 500_000;

interface QueryOptions {
  readonly cone?: Cone;
  readonly object: readonly bigint[];
  readonly visit?: number;
  readonly detector?: number;
  readonly since?: number;
  readonly until?: number;
  readonly allVersions?: true;
  readonly limit?: number;
  readonly output?: string;
}

export function addApdbQueryCommands(apdb: Command): void {
  apdb.command('query <url>')
    .description('rows by position, object, visit and time, as CSV or into a file')
    .addArgument(new Argument('<table>', 'what to look for').choices(TABLES))
    .option('--cone <ra,dec,radius>', 'circle on the sky: degrees, degrees, arcseconds', cone)
    .option('--object <id>', 'identifier of a DIAObject (repeatable)', identifiers, [])
    .option('--visit <n>', 'of this visit', wholeNumber)
    .option('--detector <n>', 'of this detector', wholeNumber)
    .option('--since <mjd>', 'from this time on (MJD, TAI): begin of validity of objects, time of sources', number)
    .option('--until <mjd>', 'before this time', number)
    .option('--all-versions', 'closed versions of objects, too')
    .option('-n, --limit <n>', 'rows at most', positiveInteger)
    .option('-o, --output <file>', '.parquet, .fits, .ecsv, .csv or .tsv')
    .action((url: string, table: QueryTable, options: QueryOptions) => { query(url, table, options); });
  apdb.command('export <url>')
    .description('whole tables as files; a table of many rows in numbered parts')
    .requiredOption('-o, --output <folder>', 'folder of the files')
    .addOption(new Option('--format <format>', 'format of the files').choices(['parquet', 'fits', 'ecsv', 'csv']).default('parquet'))
    .action((url: string, options: { output: string; format: string }) => { exportTables(url, options); });
}

function query(url: string, table: QueryTable, o: QueryOptions): void {
  if (table === 'objects' && (o.visit !== undefined || o.detector !== undefined)) {
    throw new ApError('USAGE', { found: 'objects of a visit', expected: '--visit and --detector with sources or forced' });
  }
  const asked: ApdbQuery = {
    table, ...(o.cone === undefined ? {} : { cone: o.cone }), ...(o.object.length === 0 ? {} : { diaObjectIds: o.object }),
    ...(o.visit === undefined ? {} : { visit: o.visit }), ...(o.detector === undefined ? {} : { detector: o.detector }),
    ...(o.since === undefined ? {} : { since_mjdTai: o.since }), ...(o.until === undefined ? {} : { until_mjdTai: o.until }),
    hasAllVersions: o.allVersions === true,
  };
  const found = withApdb(url, ({ connection }) => queryRows(connection, asked));
  const n = Math.min(found.nRows, o.limit ?? Infinity);
  putTable(n < found.nRows ? selectRows(found, Array.from({ length: n }, (_, i) => i)) : found, o.output);
  process.stderr.write(`${found.nRows} rows${n < found.nRows ? `, ${n} given` : ''}\n`);
}

function exportTables(url: string, { output, format }: { readonly output: string; readonly format: string }): void {
  withApdb(url, ({ connection, form }) => {
    for (const table of TABLES) {
      let [part, nRows] = [0, 0];
      for (const rows of tableParts(connection, form, table, ROWS_PER_FILE)) {
        part++;
        nRows += rows.nRows;
        const file = `${QUERY_TABLES[table].name}${part === 1 ? '' : `-${part}`}.${format}`;
        writeFileAtomic(path.join(output, file), writeTableFile(file, rows));
      }
      process.stderr.write(`${QUERY_TABLES[table].name}: ${nRows} rows in ${part} ${part === 1 ? 'file' : 'files'}\n`);
    }
  });
}

function cone(text: string): Cone {
  const [ra_deg = NaN, dec_deg = NaN, radius_arcsec = NaN, ...more] = text.split(/[,\s]+/).map(Number);
  const isGood = more.length === 0 && Number.isFinite(ra_deg) && Math.abs(dec_deg) <= 90
    && radius_arcsec > 0 && radius_arcsec <= MAX_RADIUS_ARCSEC;
  if (!isGood) throw new InvalidArgumentError(`RA,DEC,RADIUS is expected: degrees, degrees, arcseconds up to ${MAX_RADIUS_ARCSEC}.`);
  return { ra_deg, dec_deg, radius_arcsec };
}

function identifiers(text: string, before: readonly bigint[]): readonly bigint[] {
  return [...before, ...text.split(',').map(part => {
    if (!/^-?\d{1,19}$/.test(part.trim())) throw new InvalidArgumentError('an integer is expected.');
    return BigInt(part.trim());
  })];
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('a number is expected.');
  return value;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('an integer of at least 0 is expected.');
  return value;
}
