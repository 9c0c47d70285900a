/** `ap-verify butler import | export | get`. */
import { copyFileSync } from 'node:fs';
import { Option } from 'commander';
import type { Command } from 'commander';
import type { ExportMode } from '../../../butler/exportDatasets.ts';
import type { Repository, TransferMode } from '../../../butler/repository.ts';
import { isVerifyDataset, ingestVerifyDataset } from '../../../butler/verifyDataset.ts';
import { instruments } from '../../../instruments/index.ts';
import { dataIdText } from '../../../model/dataset.ts';
import type { DataId, DatasetRef } from '../../../model/dataset.ts';
import { ApError } from '../../../model/errors.ts';
import { severalNames } from '../../optionValues.ts';
import { counter, print, printSummary, splitNames, transferOption, withRepository } from './common.ts';
import { searchedDatasets } from './query.ts';

interface ImportFlags {
  readonly exportFile?: string;
  readonly transfer: TransferMode;
  readonly skipDimensions: readonly string[];
}

interface ExportFlags {
  readonly collections?: string;
  readonly where?: string;
  readonly transfer: ExportMode;
}

interface GetFlags {
  readonly collections: string;
  readonly output?: string;
}

export function addExchangeCommands(butler: Command): void {
  butler.command('import <repo> <folder>')
    .description("what another repository exported (export.yaml), or a dataset of ap_verify (preloaded/, config/export.yaml, raw/)")
    .option('--export-file <file>', 'the document (default: export.yaml in the folder)')
    .addOption(transferOption('copy'))
    .option('-s, --skip-dimensions <names>', 'records to leave out, comma-separated', severalNames, [])
    .action(importCommand);

  butler.command('export <repo> <folder> [glob]').description('datasets of the types that match, with all that another repository must know')
    .option('--collections <names>', 'collections to search and to export (default: every RUN)')
    .option('-d, --where <expression>', 'limit to data IDs')
    .addOption(new Option('-t, --transfer <mode>', 'how files go out').choices(['copy', 'link', 'direct', 'none']).default('copy'))
    .action((repo: string, folder: string, glob: string | undefined, options: ExportFlags) => withRepository(repo, repository => {
      const refs = searchedDatasets(repository, glob, options);
      const named = splitNames(options.collections ?? '').filter(name => !/[*?]/.test(name));
      const summary = repository.exportTo(refs, { directory: folder, mode: options.transfer, onFile: counter('exporting'), collections: named });
      print(`${summary.nDatasets} datasets, ${summary.nRecords} records and ${summary.nCollections} collections in ${summary.file}`);
    }, { readonly: true }));

  butler.command('get <repo> <dataset-type> [key=value...]').description('one dataset: its file, copied to --output or named')
    .requiredOption('--collections <names>', 'collections to search, comma-separated')
    .option('-o, --output <file>', 'copy the file there')
    .action((repo: string, type: string, words: string[], options: GetFlags) => withRepository(repo, repository => {
      const file = repository.pathOf(foundDataset(repository, type, words, splitNames(options.collections)));
      if (options.output !== undefined) copyFileSync(file, options.output);
      print(options.output ?? file);
    }, { readonly: true }));
}

async function importCommand(repo: string, folder: string, { exportFile, transfer, skipDimensions }: ImportFlags): Promise<void> {
  await withRepository(repo, repository => {
    if (exportFile === undefined && isVerifyDataset(folder)) {
      const { instrument, rawRun, imported, raws, nVisits } = ingestVerifyDataset(repository, folder, instruments, transfer);
      print(`${imported.ingested.length} preloaded datasets of ${instrument.name}`);
      printSummary(`${raws.ingested.length} raw frames in ${rawRun}, ${nVisits} new visits`,
        [...imported.skipped, ...raws.skipped.map(({ path: what, reason }) => ({ what, reason }))]);
      return;
    }
    const document = exportFile === undefined ? {} : { file: exportFile };
    const summary = repository.importFrom({ directory: folder, mode: transfer, skipDimensions, ...document });
    printSummary(`${summary.ingested.length} datasets, ${summary.nRecords} records, ${summary.nCollections} new collections, ${summary.nTypes} new types`, summary.skipped);
  });
}

function foundDataset(repository: Repository, typeName: string, words: readonly string[], collections: readonly string[]): DatasetRef {
  const type = repository.datasetType(typeName);
  const dataId: DataId = Object.fromEntries(words.map(word => {
    const [key = '', ...rest] = word.split('=');
    const value = rest.join('=');
    if (key === '' || value === '') throw new ApError('USAGE', { found: word, expected: 'key=value, like visit=1' });
    return [key, /^-?\d+$/.test(value) ? Number(value) : value];
  }));
  const ref = type === null ? null : repository.find(type, dataId, collections);
  if (ref !== null) return ref;
  throw new ApError('DATASET_NOT_FOUND', { found: `no ${typeName} ${dataIdText(dataId)}`, where: collections.join(', ') });
}
