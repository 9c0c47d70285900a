/** `ap-verify butler prune`: files that nobody names, whole runs, datasets. Says what it would do, and does it with `--yes`. */
import type { Command } from 'commander';
import type { Repository } from '../../../butler/repository.ts';
import { dataIdText } from '../../../model/dataset.ts';
import { ApError } from '../../../model/errors.ts';
import { severalNames } from '../../optionValues.ts';
import { lockRun } from '../../repositoryOf.ts';
import { print, withRepository } from './common.ts';
import { searchedDatasets } from './query.ts';

interface PruneFlags {
  readonly orphans?: true;
  readonly run: readonly string[];
  readonly datasetType?: string;
  readonly collections?: string;
  readonly where?: string;
  readonly yes?: true;
}

export function addPruneCommand(butler: Command): void {
  butler.command('prune <repo>').description('remove orphan files, runs or datasets; without --yes only say what would go')
    .option('--orphans', 'files that no dataset names (left by killed processes)')
    .option('--run <name>', 'RUN collections with all their datasets, * and ? allowed; repeatable', severalNames, [])
    .option('--dataset-type <glob>', 'datasets of the types that match')
    .option('--collections <names>', 'where to look for these datasets (default: every RUN)')
    .option('-d, --where <expression>', 'limit these datasets to data IDs')
    .option('--yes', 'do it')
    .action((repo: string, flags: PruneFlags) => {
      if (flags.orphans !== true && flags.run.length === 0 && flags.datasetType === undefined) {
        throw new ApError('USAGE', { found: 'nothing to prune', expected: '--orphans, --run or --dataset-type' });
      }
      return withRepository(repo, repository => {
        if (flags.run.length > 0) pruneRuns(repository, flags);
        if (flags.datasetType !== undefined) pruneDatasets(repository, flags.datasetType, flags);
        if (flags.orphans === true) pruneOrphans(repository, flags);
        if (flags.yes !== true) process.stderr.write('nothing was removed; give --yes to do it\n');
      }, { readonly: flags.yes !== true });
    });
}

function pruneRuns(repository: Repository, { run: patterns, yes }: PruneFlags): void {
  const names = patterns.flatMap(pattern => {
    const runs = repository.collections(pattern).filter(({ type }) => type === 'RUN').map(({ name }) => name);
    if (runs.length === 0) throw new ApError('COLLECTION', { found: `no run '${pattern}'`, expected: 'a RUN collection' });
    return runs;
  });
  for (const name of new Set(names)) {
    const n = repository.datasetTypes().reduce((sum, type) => sum + repository.query(type, [name]).length, 0);
    if (yes === true) {
      const release = lockRun(repository, name);
      try {
        repository.removeRun(name);
      } finally {
        release();
      }
    }
    print(`run ${name}: ${n} datasets`);
  }
}

function pruneDatasets(repository: Repository, glob: string, flags: PruneFlags): void {
  const refs = searchedDatasets(repository, glob, flags);
  for (const ref of refs) print(`${ref.datasetType} ${dataIdText(ref.dataId)} ${ref.run}`);
  if (flags.yes === true) repository.prune(refs);
  print(`${refs.length} datasets`);
}

function pruneOrphans(repository: Repository, { yes }: PruneFlags): void {
  const files = repository.orphans();
  for (const file of files) print(file);
  if (yes === true) repository.removeOrphans();
  print(`${files.length} orphan files`);
}
