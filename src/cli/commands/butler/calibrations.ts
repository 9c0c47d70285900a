/** `ap-verify butler certify-calibrations | write-curated-calibrations | collection-chain`. */
import { Option } from 'commander';
import type { Command } from 'commander';
import { curatedDefectsOf, readCuratedDefects } from '../../../butler/curatedCalibrations.ts';
import { stageDataset } from '../../../butler/staging.ts';
import type { Repository } from '../../../butler/repository.ts';
import type { TimeSpan } from '../../../model/dataset.ts';
import { defects } from '../../../model/datasetTypes.ts';
import { ApError } from '../../../model/errors.ts';
import { taiNsOfTaiIso } from '../../../sky/time.ts';
import { instrumentOf } from '../../repositoryOf.ts';
import { print, printSummary, splitNames, withRepository, withRun } from './common.ts';

interface CertifyOptions {
  readonly beginDate?: string;
  readonly endDate?: string;
  readonly where?: string;
}

interface CuratedOptions {
  readonly from?: string;
  readonly label?: string;
}

type ChainMode = 'redefine' | 'extend' | 'prepend' | 'remove' | 'pop';

export function addCalibrationCommands(butler: Command): void {
  butler.command('certify-calibrations <repo> <input> <output> <dataset-type>')
    .description('say for which time the datasets of a collection are to be used; <output> is a CALIBRATION collection')
    .option('--begin-date <time>', 'TAI, like 2026-01-12T03:00:00 (default: always)')
    .option('--end-date <time>', 'TAI; not included (default: for ever)')
    .option('-d, --where <expression>', 'limit to data IDs')
    .action(certifyCommand);

  butler.command('write-curated-calibrations <repo> [instrument]')
    .description('defects of a camera, its own or kept as <folder>/defects/<detector>/<begin of validity>.ecsv, into the repository')
    .option('--from <folder>', 'folder of the curated calibrations (default: what comes with the camera)')
    .option('--label <name>', 'extra part of the collection names')
    .action(curatedCommand);

  butler.command('collection-chain <repo> <parent> [children...]').description('make or change a chain of collections')
    .addOption(new Option('--mode <mode>', 'what to do with the children').choices(['redefine', 'extend', 'prepend', 'remove', 'pop']).default('redefine'))
    .action((repo: string, parent: string, children: string[], { mode }: { mode: ChainMode }) => withRepository(repo, repository => {
      const before = repository.collections().find(({ name }) => name === parent)?.children ?? [];
      const after = chained(before, children.flatMap(splitNames), mode);
      repository.registerChain(parent, after);
      print(`${parent}: ${after.join(', ') || '(empty)'}`);
    }));
}

async function certifyCommand(repo: string, input: string, output: string, typeName: string, options: CertifyOptions): Promise<void> {
  await withRepository(repo, repository => {
    const type = repository.datasetType(typeName);
    if (type === null) throw new ApError('DATASET_NOT_FOUND', { found: `no dataset type '${typeName}'`, expected: repository.datasetTypes().map(t => t.name).join(', ') });
    const timespan: TimeSpan = { begin_ns: timeOf(options.beginDate), end_ns: timeOf(options.endDate) };
    const refs = repository.query(type, [input], options.where === undefined ? {} : { where: options.where });
    if (refs.length === 0) throw new ApError('DATASET_NOT_FOUND', { where: input, found: `no ${typeName}`, expected: 'datasets to certify' });
    repository.transaction(() => {
      repository.registerCalibrationCollection(output);
      repository.certify(output, refs, timespan);
    });
    print(`${refs.length} datasets of ${typeName} certified in ${output}`);
  });
}

function timeOf(text: string | undefined): bigint | null {
  return text === undefined ? null : taiNsOfTaiIso(text);
}

/** Runs `<instrument>/calib[/label]/curated/<begin>`, certified in `<instrument>/calib[/label]` until the next one begins. */
async function curatedCommand(repo: string, named: string | undefined, { from, label }: CuratedOptions): Promise<void> {
  let calib = '';
  await withRepository(repo, repository => {
    calib = [instrumentOf(repository, named).name, 'calib', ...(label === undefined ? [] : [label])].join('/');
  }, { readonly: true });
  await withRun(repo, calib, async repository => {
    const instrument = instrumentOf(repository, named);
    const { found, skipped } = from === undefined ? { found: curatedDefectsOf(instrument), skipped: [] }
      : await readCuratedDefects(from, instrument);
    repository.registerDatasetType(defects);
    repository.registerCalibrationCollection(calib);
    for (const entry of found) writeDefects(repository, calib, { instrument: instrument.name, ...entry });
    printSummary(`${found.length} defect tables of ${instrument.name} certified in ${calib}`, skipped);
  });
}

type Entry = Awaited<ReturnType<typeof readCuratedDefects>>['found'][number] & { readonly instrument: string };

/** The file stays staged until the rows are there; what is certified already is left alone. */
function writeDefects(repository: Repository, calib: string, { instrument, detector, table, stamp, timespan }: Entry): void {
  const run = `${calib}/curated/${stamp}`;
  repository.registerRun(run);
  const [ref] = repository.commit([stageDataset(repository.root, { type: defects, dataId: { instrument, detector }, run }, table)]);
  repository.certify(calib, [ref!], timespan);
}

/** @throws ApError COLLECTION when there is nothing to take away. */
function chained(before: readonly string[], children: readonly string[], mode: ChainMode): string[] {
  if (mode === 'redefine') return [...new Set(children)];
  const rest = before.filter(name => !children.includes(name));
  if (mode === 'extend') return [...rest, ...new Set(children)];
  if (mode === 'prepend') return [...new Set(children), ...rest];
  if (mode === 'remove') {
    const missing = children.find(name => !before.includes(name));
    if (missing !== undefined) throw new ApError('COLLECTION', { found: missing, expected: before.join(', ') || 'a chain with members' });
    return rest;
  }
  const positions = children.length === 0 ? [0] : children.map(Number);
  const isGood = positions.every(k => Number.isInteger(k) && k < before.length && k >= -before.length);
  if (!isGood) throw new ApError('COLLECTION', { found: `position ${positions.join(', ')}`, expected: `0 to ${before.length - 1}` });
  const taken = new Set(positions.map(k => (k < 0 ? before.length + k : k)));
  return before.filter((_, k) => !taken.has(k));
}
