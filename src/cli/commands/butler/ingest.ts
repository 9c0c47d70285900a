/** `ap-verify butler create | register-instrument | ingest-raws | define-visits`. */
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { defineVisits, ingestRaws } from '../../../butler/ingestRaws.ts';
import { createRepository } from '../../../butler/repository.ts';
import type { TransferMode } from '../../../butler/repository.ts';
import { ApError } from '../../../model/errors.ts';
import { instrumentOf } from '../../repositoryOf.ts';
import { counter, knownInstrument, print, printSummary, transferOption, withRepository, withRun } from './common.ts';

const RAW_NAME = /\.(fits|fit|fits\.gz|fits\.fz|fz)$/i;

interface RawOptions {
  readonly instrument?: string;
  readonly outputRun?: string;
  readonly transfer: TransferMode;
  readonly failFast?: true;
}

export function addIngestCommands(butler: Command): void {
  butler.command('create <repo>').description('make an empty repository').action((repo: string) => {
    const repository = createRepository(repo);
    print(`made ${repository.root}`);
    repository.close();
  });

  butler.command('register-instrument <repo> <instrument...>').description('records of instruments, their filters and detectors')
    .action((repo: string, names: string[]) => withRepository(repo, repository => {
      for (const instrument of names.map(knownInstrument)) {
        repository.registerInstrument(instrument);
        print(`${instrument.name}: ${instrument.detectors.length} detectors, ${instrument.filters.length} filters`);
      }
    }));

  butler.command('ingest-raws <repo> <path...>').description('raw frames of files and folders (*.fits, *.fits.gz, *.fz)')
    .option('--instrument <name>', 'instrument (default: the only one of the repository)')
    .option('--output-run <name>', 'RUN collection (default: <instrument>/raw/all)')
    .addOption(transferOption('copy'))
    .option('--fail-fast', 'stop at the first file that cannot be read, and ingest nothing')
    .action(ingestCommand);

  butler.command('define-visits <repo> [instrument]').description('visits of exposures that see the sky, with their regions')
    .action((repo: string, named?: string) => withRepository(repo, repository => {
      const instrument = instrumentOf(repository, named);
      print(`${defineVisits(repository, instrument)} new visits of ${instrument.name}`);
    }));
}

async function ingestCommand(repo: string, paths: string[], options: RawOptions): Promise<void> {
  const files = paths.flatMap(rawFiles);
  let run = options.outputRun;
  await withRepository(repo, repository => { run ??= `${instrumentOf(repository, options.instrument).name}/raw/all`; }, { readonly: true });
  await withRun(repo, run!, repository => {
    const instrument = instrumentOf(repository, options.instrument);
    const { ingested, skipped } = ingestRaws(repository, instrument, files, {
      run: run!, mode: options.transfer, isTolerant: options.failFast !== true, onFile: counter('reading'),
    });
    printSummary(`${ingested.length} of ${files.length} files ingested into ${run!}`, skipped.map(({ path: what, reason }) => ({ what, reason })));
  });
}

/** The file itself, or the frames in a folder, sorted. */
function rawFiles(named: string): string[] {
  if (statSync(named, { throwIfNoEntry: false })?.isDirectory() !== true) return [named];
  const found = readdirSync(named, { recursive: true, encoding: 'utf8' }).filter(name => RAW_NAME.test(name)).sort();
  if (found.length === 0) throw new ApError('FILE_NOT_FOUND', { where: named, found: 'no raw frames', expected: '*.fits, *.fits.gz or *.fz' });
  return found.map(name => path.join(named, name));
}
