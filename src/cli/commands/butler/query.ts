/** `ap-verify butler query-collections | query-dataset-types | query-datasets | query-data-ids | query-dimension-records`. */
import type { Command } from 'commander';
import type { Repository } from '../../../butler/repository.ts';
import { dataIdText } from '../../../model/dataset.ts';
import type { DatasetRef, DimensionRecord, TimeSpan } from '../../../model/dataset.ts';
import { isoOfTaiNs } from '../../../sky/time.ts';
import { positiveInteger } from '../../optionValues.ts';
import { print, splitNames, withRepository } from './common.ts';

export interface DatasetSearch {
  readonly collections?: string;
  readonly where?: string;
}

interface DatasetFlags extends DatasetSearch {
  readonly paths?: true;
}

interface DataIdFlags extends DatasetSearch {
  readonly datasets?: string;
  readonly limit?: number;
}

export function addQueryCommands(butler: Command): void {
  const readonly = { readonly: true };
  butler.command('query-collections <repo> [glob]').description('collections, their types and the members of chains')
    .action((repo: string, glob?: string) => withRepository(repo, repository => {
      for (const { name, type, children } of repository.collections(glob)) print(`${name.padEnd(44)} ${type.padEnd(12)} ${children.join(', ')}`);
    }, readonly));

  butler.command('query-dataset-types <repo> [glob]').description('dataset types with their dimensions and storage classes')
    .action((repo: string, glob?: string) => withRepository(repo, repository => {
      for (const { name, dimensions, storageClass, isCalibration } of repository.datasetTypes(glob)) {
        print(`${name.padEnd(44)} ${storageClass.padEnd(18)} ${dimensions.join(', ')}${isCalibration ? ' (calibration)' : ''}`);
      }
    }, readonly));

  butler.command('query-datasets <repo> [glob]').description('datasets of the types that match, with data ID and RUN collection')
    .option('--collections <names>', 'collections to search, comma-separated, * and ? allowed (default: every RUN)')
    .option('-d, --where <expression>', "limit to data IDs, e.g. 'visit in (1..4) and visit.exposure_time > 20'")
    .option('--paths', 'print the path of the file, too')
    .action((repo: string, glob: string | undefined, options: DatasetFlags) => withRepository(repo, repository => {
      const refs = searchedDatasets(repository, glob, options);
      for (const ref of refs) {
        const file = options.paths === true ? ` ${repository.pathOf(ref)}` : '';
        print(`${ref.datasetType.padEnd(34)} ${dataIdText(ref.dataId).padEnd(64)} ${ref.run}${file}`);
      }
      process.stderr.write(`${refs.length} datasets\n`);
    }, readonly));

  dataIdCommands(butler);
}

function dataIdCommands(butler: Command): void {
  const withOptions = (command: Command): Command => command
    .option('--datasets <types>', 'only where these dataset types have a dataset, comma-separated')
    .option('--collections <names>', 'collections to search for them')
    .option('-d, --where <expression>', "limit, e.g. 'visit_detector_region.region overlaps POINT(53.1, -28.0)'")
    .option('--limit <n>', 'at most so many', positiveInteger);
  withOptions(butler.command('query-data-ids <repo> <dimension...>').description('data IDs that exist, with what they imply'))
    .action((repo: string, dimensions: string[], options: DataIdFlags) => withRepository(repo, repository => {
      const found = repository.queryDataIds(dimensions.flatMap(splitNames), queryOptions(options));
      printTable(found.map(dataId => Object.entries(dataId).map(([name, value]): [string, string] => [name, String(value)])));
      process.stderr.write(`${found.length} data IDs\n`);
    }, { readonly: true }));
  withOptions(butler.command('query-dimension-records <repo> <element>').description('records of a dimension, e.g. visit'))
    .action((repo: string, element: string, options: DataIdFlags) => withRepository(repo, repository => {
      const found = repository.queryDimensionRecords(element, queryOptions(options));
      printTable(found.map(record => Object.entries(record).map(([name, value]): [string, string] => [name, cellText(value)])));
      process.stderr.write(`${found.length} records\n`);
    }, { readonly: true }));
}

function queryOptions({ where, datasets, collections, limit }: DataIdFlags): Parameters<Repository['queryDataIds']>[1] {
  return {
    ...(where === undefined ? {} : { where }), ...(limit === undefined ? {} : { limit }),
    ...(datasets === undefined ? {} : { datasets: splitNames(datasets) }),
    ...(collections === undefined ? {} : { collections: splitNames(collections) }),
  };
}

function cellText(value: DimensionRecord[string]): string {
  if (value === null) return '-';
  if (value instanceof Uint8Array) return `(${value.length} bytes)`;
  if (typeof value !== 'object') return String(value);
  const { begin_ns, end_ns }: TimeSpan = value;
  return `[${begin_ns === null ? '...' : isoOfTaiNs(begin_ns)}, ${end_ns === null ? '...' : isoOfTaiNs(end_ns)})`;
}

/** Columns as wide as their widest cell; the names of the first row are the head. */
function printTable(rows: readonly (readonly (readonly [string, string])[])[]): void {
  if (rows.length === 0) return;
  const names = rows[0]!.map(([name]) => name);
  const widths = names.map((name, k) => rows.reduce((width, row) => Math.max(width, row[k]![1].length), name.length));
  const line = (cells: readonly string[]): void => { print(cells.map((cell, k) => cell.padEnd(widths[k]!)).join(' ').trimEnd()); };
  line(names);
  for (const row of rows) line(row.map(([, value]) => value));
}

/** Without collections every RUN is searched on its own; with them each data ID is found first. */
export function searchedDatasets(repository: Repository, glob: string | undefined, { collections, where }: DatasetSearch): DatasetRef[] {
  const options = where === undefined ? {} : { where };
  const search = collections === undefined
    ? repository.collections().filter(c => c.type === 'RUN').map(({ name }) => [name]) : [splitNames(collections)];
  return repository.datasetTypes(glob).flatMap(type => search.flatMap(chain => repository.query(type, chain, options)));
}
